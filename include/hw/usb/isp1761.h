/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ISP1761 USB host and peripheral controller (NXP data sheet ISP1761). Implemented in hw/usb/isp1761.c. */
#ifndef HW_USB_ISP1761_H
#define HW_USB_ISP1761_H
#include <stdint.h>
#include "hw/irq.h"
#include "hw/usb/usb.h"

/* Lives as long as the machine, like the bus that is returned. Main thread. */
USBBus *isp1761_create(uint32_t base, uint32_t size, const char *name, const IRQLine *irq);
#endif
