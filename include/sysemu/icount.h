/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -icount: virtual time is the number of guest instructions that were executed, times a power of two of nanoseconds,
 * plus the time that all CPUs slept (docs/replay.md). One thread runs all CPUs by turns of so many instructions, timers
 * fire at exact instructions, and the I/O thread does what devices ask of it while that thread waits; so a machine
 * without input does the same at every start. Implemented in accel/tcg/icount.c and cpus-icount.c.
 */
#ifndef SYSEMU_ICOUNT_H
#define SYSEMU_ICOUNT_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { ICOUNT_MAX_SHIFT = 10 };

typedef struct IcountOptions {
    bool on;
    bool automatic;             /* the shift follows the host's speed */
    unsigned shift;             /* an instruction takes 1 << shift ns; automatic: at the start */
    bool sleep;                 /* idle CPUs wait for as long as the guest thinks */
    bool align;                 /* a guest that is faster than the host's clock waits for it */
    bool parallel;              /* CPUs run side by side, and in which order is recorded */
} IcountOptions;

/* Constant from accel_init() on. */
extern bool icount_on;

/* Instructions executed so far. Any thread; of a turn that another thread runs, what was executed before it. */
uint64_t icount_executed(void);
/* The CPU whose turn it is. The CPUs are paused. */
int icount_cpu(void);
/* How many instructions had been executed behind the last one of that CPU; 0: it has executed none. */
uint64_t icount_last_of(int cpu);
/*
 * All that the accelerator has of the machine besides devices and memory: counters, turns, waits, reservations of
 * LDREX. A copy (g_free()), and back to it. The CPUs are paused; a state was loaded already.
 */
void *icount_capture(void);
void icount_restore(const void *captured);
/* What the monitor shows. The CPUs are paused. */
void icount_print(FILE *f);
#endif
