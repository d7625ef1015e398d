/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator's side of a CPU: thread, run state, caches, counters. */
#ifndef ACCEL_TCG_CPU_STATE_H
#define ACCEL_TCG_CPU_STATE_H
#include <pthread.h>
#include "target/arm/cpu.h"
#include "accel/tcg/tb.h"

struct TLBContexts;             /* accel/tcg/softtlb.c */
struct CodeCache;               /* accel/tcg/cache.h */

/* X(field): counters of one CPU; written by its thread only, read by anyone (relaxed). */
#define CPU_COUNTERS(X) \
    X(find_fast) X(find_fast_hit) X(find_slow) X(find_slow_hit) X(build) X(chain) X(execute) X(unchain) X(restore) \
    X(flush) X(invalidate) X(idle) X(exceptions) X(interrupts) X(tlb_fill) X(tlb_flush_all) X(tlb_flush_asid) \
    X(tlb_flush_mva) X(ctx_switch) X(ctx_recycle) X(slow_load) X(slow_store) X(mmio) X(exclusive_sections) X(ldrex) X(strex_ok) X(strex_fail) \
    X(watch_pages) X(watched_stores)

typedef struct CPUState {
    CPUARMState *env;
    int index;
    pthread_t thread;
    uint32_t reading;           /* E read right held; atomic: written by the CPU thread, read by writers */
    uint32_t halted;            /* WFI; own thread */
    uint32_t waker;             /* futex word: bumped by cpu_kick; atomic */
    uint32_t stop;              /* pause request; atomic */
    struct CodeCache *cache;    /* unified: the same for all */
    struct TLBContexts *tlb;
    struct {
#define X(f) uint64_t f;
        CPU_COUNTERS(X)
#undef X
    } n;
} CPUState;
extern CPUState *cpu_states[ARM_MAX_CPUS];
extern int cpu_count;
#endif
