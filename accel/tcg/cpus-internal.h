/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that run CPUs: cpus.c, cpus-single.c, cpu-exec.c, cpu-wait.c, cpu-kick.c, cpu-hold.c. */
#ifndef ACCEL_TCG_CPUS_INTERNAL_H
#define ACCEL_TCG_CPUS_INTERNAL_H
#include "accel/tcg/cpu-state.h"

/* Threads shall end; atomic. */
bool cpus_quitting(void);
/* If a pause is asked for, park CPUs [first, first + n), which this thread runs, until it is over. Out of E. */
void cpus_park(int first, int n);
/* cpu-kick.c: end the CPU's sleep alone. Any thread. */
void cpu_end_sleep(CPUState *cpu);
/* cpu-wait.c: before the threads start. */
void cpu_wait_init(void);
/*
 * cpu-wait.c: does something end the wait of the CPU, which is in WFI, in WFE or held: an event, an interrupt, a kick,
 * a pause? A masked interrupt ends WFI and not WFE. The CPU's own thread.
 */
bool cpu_must_wake(CPUState *cpu);
/*
 * All of CPUs [first, first + n), which this thread runs, are in WFI, in WFE or held: sleep on first's `waker` until
 * the wait of one ends. If one is in WFE, sleep for a bounded time; all are out of WFE then. Out of E.
 */
void cpus_sleep(int first, int n);

/*
 * cpu-wait.c: the CPU has run as many turns of a loop that waits as it may without asking. True: it shall rest. CPU
 * thread, before it executes another block.
 */
bool cpu_spins(CPUState *cpu);
/* cpu-wait.c: a sleep that is short against the wait so far. CPU thread, out of E. */
void cpu_rest(CPUState *cpu);

/*
 * cpu-hold.c: must the CPU stay where it is? Asks for the end of the hold if it may be interrupted. The CPU's own
 * thread.
 */
bool cpu_held(CPUState *cpu);
/* cpu-hold.c: the hold is over: do what the instruction left to be done. The CPU's own thread, reading E. */
void cpu_finish_instruction(CPUState *cpu);
/* cpu-hold.c: a reset; the CPUs are paused. */
void cpus_end_holds(void);

/* cpus-single.c: thread=single */
void *cpus_single_thread(void *opaque);
/* The CPU n has work: make the thread come to it soon. Any thread. */
void cpus_single_kick(int n);
#endif
