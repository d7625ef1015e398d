/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM SP804 dual timer, ARM DDI 0271. */
#ifndef HW_TIMER_SP804_H
#define HW_TIMER_SP804_H
#include <stdint.h>
#include "hw/irq.h"
/* Map one block of two timers at BASE; both share the line. clock_hz divides 1 GHz. Lives as long as the machine. */
void sp804_create(uint32_t base, const char *name, uint32_t clock_hz, const IRQLine *irq);
#endif
