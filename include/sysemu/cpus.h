/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU threads as the rest of the system sees them. Implemented in accel/tcg/cpu*.c. */
#ifndef SYSEMU_CPUS_H
#define SYSEMU_CPUS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "exec/cpu-type.h"

/* Allocate CPU n's state (zeroed, own mapping); before machine init. */
CPUARMState *cpu_create(int index, int num_cpus);
/*
 * Reset CPU n, as the architecture has it; it begins at pc (bit 0: Thumb) with args[0..count) in r0 and the next; be8:
 * with big-endian data, at exceptions too. CPUs are paused.
 */
void cpu_reset_to(int cpu, uint32_t pc, bool be8, const uint32_t *args, unsigned count);
/* Start the CPU threads (they wait until vm_start()). */
void cpus_start(void);
/* Stop all CPUs and wait until they are out of guest code; nestable with vm_start from the I/O thread only. */
void cpus_pause(void);
void cpus_resume(void);
bool cpus_paused(void);
/* Reset all CPUs' accelerator state (TLBs, exclusives, halted); CPUs are paused. */
void cpus_reset(void);
/* Throw all translated code away; when it returns no CPU runs any of it. I/O thread. */
void cpus_flush_code(void);
/*
 * Log what `mask` says (LOG_*) from now on, on all CPUs. Code that runs was translated without what the log wants to
 * see, and its blocks lead to each other past the main loop, so all of it is thrown away if the mask asks for more. I/O
 * thread.
 */
void cpus_set_log(int mask);
/* Translate each instruction by itself, or not, from now on (one-insn-per-tb); I/O thread. And whether it is so. */
void cpus_set_one_insn(bool on);
bool cpus_one_insn(void);
int cpu_thread_id(int cpu);             /* the host's number of its thread; 0: before cpus_start(). Any thread */
/* Stop the threads for good and join them. */
void cpus_shutdown(void);
/* Drive CPU n's interrupt input: line 0 IRQ, 1 FIQ. Any thread. Wakes or kicks the CPU when it rises. */
void cpu_interrupt(int cpu, int line, int level);
/* Make CPU n leave translated code soon. Any thread. */
void cpu_kick(int cpu);
/*
 * Around whatever makes a register access wait for another thread (docs/locking.md): the CPU that the calling thread
 * runs counts as stopped meanwhile. Hold no lock at cpu_wait_end() that a register access may ask for without waiting
 * in this way: it may have to wait for threads that stop the CPUs. Give it what cpu_wait_begin() returned. On other
 * threads nothing happens.
 */
bool cpu_wait_begin(void);
void cpu_wait_end(bool token);
/* Index of the CPU run by this thread now, or -1. */
int cpu_current_index(void);
/* Do all CPUs wait in WFI or WFE now, with no interrupt to wake them? A hint. Any thread. */
bool cpus_are_idle(void);
/* Does CPU n wait in WFI? The CPUs are paused. */
bool cpu_is_halted(int cpu);
/*
 * What the architecture has of a CPU outside of its registers: it waits in WFI; its event register is set. The CPUs are
 * paused. A CPU in WFE executes that again after it was loaded, as does one that was held in the middle of an
 * instruction.
 */
typedef struct CPUWait {
    bool halted, event;
} CPUWait;
CPUWait cpu_get_wait(int cpu);
void cpu_set_wait(int cpu, CPUWait wait);
/*
 * The registers of all CPUs and memory are other ones than before: forget all that was made of the old ones. The CPUs
 * are paused.
 */
void cpus_loaded(void);
/*
 * The filled entries of its memory tables: virtual -> physical, rights by what was used so far, neighbours in one line.
 * The CPUs are paused.
 */
void cpu_print_tlb(int cpu, FILE *f);
#endif
