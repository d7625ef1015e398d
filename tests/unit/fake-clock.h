/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time that stands still unless a test moves it, and the timers on it: in place of util/timer.c.
 * One thread moves it; others may read it. */
#ifndef TESTS_UNIT_FAKE_CLOCK_H
#define TESTS_UNIT_FAKE_CLOCK_H
#include <stdint.h>

/* Move time; timers fire on the way, each at its moment, those after the first `max_fires` not any more. */
void fake_clock_advance(int64_t ns, unsigned max_fires);
void fake_clock_set(int64_t ns);                /* to a time, from one before; as above */
/* Call `hook` once, when the next timer is about to be armed: inside the device, with what locks it holds then. */
void fake_clock_before_arming(void (*hook)(void));
int fake_clock_armed(void);                     /* how many timers are */
/* As at the start: time is short after 0, no timer is armed. */
void fake_clock_reset(void);
#endif
