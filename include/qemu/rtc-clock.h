/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time of day that the board's clocks go by (-rtc clock=): the host's, which may be set; the host's at the start
 * and the time since then; or the same with virtual time, which stops with the machine. Implemented in
 * util/rtc-clock.c.
 */
#ifndef QEMU_RTC_CLOCK_H
#define QEMU_RTC_CLOCK_H
#include <stdint.h>

typedef enum RtcClock { RTC_CLOCK_HOST, RTC_CLOCK_RT, RTC_CLOCK_VM } RtcClock;

/* Main thread, before there are clocks. */
void rtc_clock_choose(RtcClock kind);
/* The host's UTC when this was first called, in seconds since 1970. Main thread. */
int64_t rtc_clock_start(void);
/* It was this time, in the machine, when it began: a recording's. Before the machine is made. */
void rtc_clock_set_start(int64_t seconds);
/* Nanoseconds since 1970. Any thread. */
int64_t rtc_clock_ns(void);
#endif
