/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SP805 watchdog module, ARM DDI 0270. */
#ifndef HW_WATCHDOG_SP805_H
#define HW_WATCHDOG_SP805_H
#include <stdint.h>
#include "hw/irq.h"

/* clock_hz: a multiple of 1 MHz, at most 1 GHz. Lives as long as the machine. */
void sp805_create(uint32_t base, const char *name, uint32_t clock_hz, const IRQLine *irq);
#endif
