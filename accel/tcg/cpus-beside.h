/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUs side by side while a parallel run is recorded (docs/replay.md): *rounds*, in which each CPU that has something
 * to do executes chunks (page-owner.h) on a host thread of its own. Between rounds all is as with one thread, the one
 * of cpus-icount.c, which calls all of this.
 */
#ifndef ACCEL_TCG_CPUS_BESIDE_H
#define ACCEL_TCG_CPUS_BESIDE_H
#include <stdio.h>
#include "accel/tcg/cpu-state.h"

extern bool beside_on;          /* this run is recorded so; constant once the CPUs run */
void beside_start(void);        /* the threads */
void beside_end(void);
/*
 * The CPUs of the mask execute `budget` instructions each, or fewer. Returns how many they were in all; *waits: how
 * often one had to wait for another one.
 */
uint64_t beside_round(uint32_t cpus, int32_t budget, unsigned *waits);
/* What came of it, for the monitor. The CPUs are paused. */
void beside_print(FILE *f);
/* A CPU that left its round because it has to be alone; NULL: none. Asked once for each. */
CPUState *beside_next_alone(void);
/* A slice of cpus-icount.c is to begin, has ended: for the recording. */
void beside_slice_begin(CPUState *cpu);
void beside_slice_end(CPUState *cpu, uint32_t executed);
#endif
