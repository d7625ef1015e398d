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
    bool exclusive_snapshot;    /* exclusive=snapshot: PQEMU's rule (ABA hole); default monitor */
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
/* Stop the threads for good and join them. */
void cpus_shutdown(void);
/* Drive CPU n's interrupt input: line 0 IRQ, 1 FIQ. Any thread. Wakes or kicks the CPU when it rises. */
void cpu_interrupt(int cpu, int line, int level);
/* Make CPU n leave translated code soon. Any thread. */
void cpu_kick(int cpu);
/* Index of the CPU run by this thread now, or -1. */
int cpu_current_index(void);
/* -d stats and exit summary. */
void cpus_print_stats(void);
/* The same as text (free()), for the monitor. Any thread. */
char *cpus_stats_text(void);
#endif
