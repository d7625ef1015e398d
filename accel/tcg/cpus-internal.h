/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by cpus.c and cpus-single.c only. */
#ifndef ACCEL_TCG_CPUS_INTERNAL_H
#define ACCEL_TCG_CPUS_INTERNAL_H
#include "accel/tcg/cpu-state.h"

/* Threads shall end; atomic. */
bool cpus_quitting(void);
/* If a pause is asked for, park CPUs [first, first + n), which this thread runs, until it is over. Out of E. */
void cpus_park(int first, int n);
/*
 * Does something end the wait of the CPU, which is in WFI or WFE: an event, an interrupt, a kick, a pause? A masked
 * interrupt ends WFI and not WFE. The CPU's own thread.
 */
bool cpu_must_wake(CPUState *cpu);
/*
 * All of CPUs [first, first + n), which this thread runs, are in WFI or WFE: sleep on first's `waker` until the wait of
 * one ends. If one is in WFE, sleep for a bounded time; all are out of WFE then. Out of E.
 */
void cpus_sleep(int first, int n);

/* cpus-single.c: thread=single */
void *cpus_single_thread(void *opaque);
/* The CPU n has work: make the thread come to it soon. Any thread. */
void cpus_single_kick(int n);
#endif
