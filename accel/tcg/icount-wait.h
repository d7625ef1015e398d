/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the thread of -icount looks for, and how it sleeps; see icount-wait.c. All by that thread only. */
#ifndef ACCEL_TCG_ICOUNT_WAIT_H
#define ACCEL_TCG_ICOUNT_WAIT_H
#include "accel/tcg/cpu-state.h"

/* Something of the machine goes on on other threads, or a CPU is held. */
bool icount_under_way(void);
/* Does the CPU have something to execute, WFE aside? */
bool icount_awake(const CPUState *cpu);
/* It is not in WFE, or what ends that has come. */
bool icount_wfe_is_over(const CPUState *cpu);
bool icount_any_awake(void);
bool icount_any_in_wfe(void);
/* A debugger steps a CPU. */
bool icount_any_steps(void);
/* Sleep until done(), or somebody wakes the thread, for `ns` at most (INT64_MAX: for ever). True: the time is over. */
bool icount_sleep_until(bool (*done)(void), int64_t ns);
#endif
