/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ARM11 MPCore's private timers and watchdogs, one of each per CPU, ARM DDI 0360 chapter 11. */
#ifndef HW_TIMER_MPTIMER_H
#define HW_TIMER_MPTIMER_H
#include <stdint.h>
#include "hw/irq.h"
/*
 * Map the frames (the accessing CPU's, then those of CPU 0..3; 256 bytes each) at BASE. timer_irq[n] and
 * watchdog_irq[n] are CPU n's lines. clock_hz divides 1 GHz. Lives as long as the machine.
 */
void mptimer_create(uint32_t base, uint32_t size, const char *name, unsigned num_cpus, uint32_t clock_hz,
                    const IRQLine *timer_irq, const IRQLine *watchdog_irq);
#endif
