/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM PL181 multimedia card interface, ARM DDI 0205, with an empty slot. */
#ifndef HW_SD_PL181_H
#define HW_SD_PL181_H
#include <stdint.h>
#include "hw/irq.h"
/* Map it at BASE; clock_hz: MCLK, divides 1 GHz or nearly. irq[0]: MASK0's line, irq[1]: MASK1's. Lives for ever. */
void pl181_create(uint32_t base, const char *name, uint32_t clock_hz, const IRQLine *const irq[2]);
#endif
