/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMSC LAN91C111 Ethernet controller with its PHY (SMSC data sheet, revision 1.92). */
#ifndef HW_NET_LAN91C111_H
#define HW_NET_LAN91C111_H
#include <stdint.h>
#include "hw/irq.h"
#include "net/net.h"

/* Map SIZE bytes at BASE, of which the first 16 are registers. Lives as long as the machine. net: its cable. */
void lan91c111_create(uint32_t base, uint32_t size, const char *name, NetBackend *net, const uint8_t mac[6],
                      const IRQLine *irq);
#endif
