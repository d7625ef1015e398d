/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM PL031 real-time clock, ARM DDI 0224. */
#ifndef HW_RTC_PL031_H
#define HW_RTC_PL031_H
#include <stdint.h>
#include "hw/irq.h"
/* How many seconds clocks that are created from now on are ahead of UTC (-rtc base=...). */
void pl031_set_start(int64_t offset);
/* Map at BASE. Lives as long as the machine. */
void pl031_create(uint32_t base, const char *name, const IRQLine *irq);
/*
 * Whom to tell, on the I/O thread, that a guest has set its clock: how far it is ahead of the host's UTC now, in
 * seconds, and the device's name. Before the CPUs run.
 */
void pl031_set_listener(void (*fn)(int64_t ahead, const char *device));
#endif
