/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU threads as the rest of the system sees them. Implemented in accel/tcg/cpus.c. */
#ifndef SYSEMU_CPUS_H
#define SYSEMU_CPUS_H
#include <stdbool.h>
#include <stdint.h>
#include "target/arm/cpu.h"

typedef struct AccelOptions {
    bool thread_single;         /* thread=single|multi */
    bool ccache_separate;       /* ccache=separate|unified */
    bool backend_interp;        /* backend=interp|x86_64 */
    uint32_t tb_size_mib;       /* code memory of each cache; 0: default */
    uint32_t tb_size_kib;       /* if not 0, instead of tb_size_mib: caches below 1 MiB, for tests */
    unsigned tb_regions;        /* parts of a cache that are evicted one at a time; 0: the design's own choice */
    bool exclusive_snapshot;    /* exclusive=snapshot: PQEMU's rule (ABA hole); default monitor */
    bool stats;                 /* stats=on or FILE: times, and a summary at exit */
    const char *stats_file;     /* as JSON; NULL: as text, to the log */
    const char *trace_file;     /* timeline; NULL: none */
    uint32_t trace_mib;         /* memory for it; 0: default */
} AccelOptions;
extern AccelOptions accel_options;

/* Allocate CPU n's state (zeroed, own mapping); before machine init. */
CPUARMState *cpu_create(int index, int num_cpus);
/* Start the CPU threads (they wait until vm_start()). */
void cpus_start(void);
/* Stop all CPUs and wait until they are out of guest code; nestable with vm_start from the I/O thread only. */
void cpus_pause(void);
void cpus_resume(void);
bool cpus_paused(void);
/* Reset all CPUs' accelerator state (TLBs, exclusives, halted); CPUs are paused. */
void cpus_reset(void);
/*
 * Log what `mask` says (LOG_*) from now on, on all CPUs. Code that runs was translated without what the log wants to
 * see, and its blocks lead to each other past the main loop, so all of it is thrown away if the mask asks for more. I/O
 * thread.
 */
void cpus_set_log(int mask);
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
/* Before other threads start: open the files that stats= and trace= name (error_exit if that fails). */
void cpus_observe(int cpus);
/*
 * After cpus_shutdown(): what -d stats, stats= and trace= asked for. False: a file could not be written (reported).
 * give_up() says whether to stop waiting for a pipe's reader after so long without progress.
 */
bool cpus_report(bool (*give_up)(int stalled_ms));
/* The summary as text (free()), for the monitor. Any thread; with the CPUs paused the blocks are counted as well. */
char *cpus_stats_text(void);
#endif
