/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accelerator's side of a CPU: thread, run state, caches, counters. */
#ifndef ACCEL_TCG_CPU_STATE_H
#define ACCEL_TCG_CPU_STATE_H
#include <pthread.h>
#include <setjmp.h>
#include "accel/tcg/jit-state.h"
#include "accel/tcg/tb.h"
#include "sysemu/cpus.h"
#include "sysemu/debug.h"

struct TLBContexts;             /* accel/tcg/softtlb.c */
struct CodeCache;               /* accel/tcg/cache.h */
struct CacheBuilder;

/* X(field): counters of one CPU; written by its thread only, read by anyone (relaxed). */
#define CPU_COUNTERS(X) \
    X(find_fast) X(find_fast_hit) X(find_slow) X(find_slow_hit) X(build) X(chain) X(execute) X(unchain) X(restore) \
    X(flush) X(invalidate) X(idle) X(idle_awake) X(rest) X(build_insns) X(build_guest_bytes) X(build_host_bytes) \
    X(exceptions) X(interrupts) \
    X(tlb_fill) X(tlb_flush_all) X(tlb_flush_asid) X(tlb_flush_mva) X(ctx_switch) X(ctx_recycle) \
    X(slow_load) X(slow_store) X(mmio) \
    X(e_read) X(e_read_contended) X(exclusive_sections) X(e_write_contended) X(page_lock) X(page_lock_contended) \
    X(watch_pages) X(watched_stores)
/* Y(name, field of JITState.count): those that translated code increments by itself. */
#define CPU_CODE_COUNTERS(Y) \
    Y(barrier_dmb, barrier[BARRIER_DMB]) Y(barrier_dsb, barrier[BARRIER_DSB]) \
    Y(barrier_prefetch, barrier[BARRIER_PREFETCH]) Y(ldrex, ldrex) Y(strex_ok, strex_ok) Y(strex_none, strex_none) \
    Y(strex_address, strex_address) Y(strex_size, strex_size) Y(strex_stored, strex_stored) \
    Y(strex_differs, strex_differs)

typedef struct CPUCounters {
#define X(f) uint64_t f;
    CPU_COUNTERS(X)
#undef X
} CPUCounters;

/* Why a CPU left an instruction that it has to execute later: for a page of another CPU, or to be alone. */
typedef enum CPULeave { CPU_LEAVE_NONE, CPU_LEAVE_PAGE, CPU_LEAVE_ALONE } CPULeave;

typedef struct CPUState {
    CPUARMState *env;
    int index;
    pthread_t thread;
    void *(*run)(void *cpu);    /* what the thread does; constant when it has begun */
    int tid;                    /* the thread's number on the host; 0: it has not begun; atomic */
    uint32_t reading;           /* E: ELOCK_* of elock.h; atomic: written by the CPU thread, watched by writers */
    uint32_t in_exec;           /* inside tcg_backend->exec(); own thread */
    sigjmp_buf main_loop;       /* where cpu_loop_exit() goes outside exec(); own thread */
    uint32_t halted;            /* WFI; own thread writes; atomic */
    uint64_t wfe_stored;        /* STREX that succeeded until the last WFE; own thread */
    uint32_t wfe_vain;          /* WFEs since; own thread */
    uint32_t wfe_later;         /* how much later it comes back for the next event; own thread */
    uint32_t spin_pc;           /* loop that waits; this and the next two: own thread, see cpu-wait.c */
    uint64_t spin_begin;        /* since when, and when it was seen last */
    uint64_t spin_seen;
    uint32_t patience;          /* ns that it looks for work before it sleeps, see patience.h; own thread */
    uint32_t holds;             /* things outside that it waits for, see sysemu/cpu-hold.h; atomic */
    bool access_waits;          /* the register access under way is to be done again, later; own thread */
    struct CPUHold *access_hold;    /* the last thing that one waited for, or NULL; own thread */
    void (*finish)(CPUARMState *env);       /* the rest of the instruction that is held, or NULL; own thread */
    void (*interrupt)(CPUARMState *env);    /* asks for the end of that hold, or NULL; own thread */
    uint32_t waker;             /* futex word: bumped by cpu_kick; atomic */
    uint32_t sleeping;          /* on the futex, or about to; atomic */
    uint32_t stop;              /* pause request; atomic */
    uint32_t stopped;           /* parked for a pause.          lock: pause_lock in cpus.c */
    /* A debugger's, see accel/tcg/debug.c: own thread; the I/O thread while the CPU is paused. */
    bool step, step_irqs;       /* execute one instruction and stop; take interrupts meanwhile */
    bool step_ran;              /* it has been executed, or has raised something */
    bool unheard;               /* it runs since a recording wants it so: points do not stop it */
    DebugStop debug_stop;       /* why it stopped */
    struct CodeCache *cache;    /* unified: the same for all */
    struct CacheBuilder *builder;
    struct TLBContexts *tlb;
    TranslationBlock *fast[2 * JUMP_CACHE_SIZE];    /* block of the same index of JITState.jump_cache[]; same rules */
    bool alone;                 /* -icount: the instruction at PC is to be a block of its own; own thread */
    bool told;                  /* and plugins have been told of it already; own thread */
    /* -icount with CPUs side by side (page-owner.h): own thread, and the thread that runs all while it does. */
    bool beside;                /* in a chunk: others may be in theirs */
    CPULeave leave;
    CPUCounters n;
    /* Alone in their cache line: every unlock of another CPU looks there. */
    uint32_t event __attribute__((aligned(64)));    /* the event register: set by SEV, cleared by WFE; atomic */
    uint32_t event_wait;        /* WFE found no event: to sleep at the main loop; written by own thread; atomic */
} CPUState;
extern CPUState *cpu_states[ARM_MAX_CPUS];      /* accel/tcg/cpus.c; filled before the threads start */
extern int cpu_count;
extern _Thread_local CPUState *current_cpu;     /* accel/tcg/elock.c: the CPU this thread runs now, or NULL */

/* accel/tcg/cpu-exec.c: run guest code until somebody wants the CPU to stop or it has nothing to do. CPU thread. */
typedef enum { CPU_EXIT_REQUEST, CPU_EXIT_IDLE, CPU_EXIT_SPINS } CPUExit;
CPUExit cpu_exec(CPUState *cpu);

extern CPUCounters other_counters;  /* accel/tcg/elock.c: of threads that run no CPU (devices' DMA); atomic */

/* accel/tcg/cpu-wait.c: the WFE that the CPU is in shall not wait any more. CPU thread. */
void cpu_end_wfe(CPUState *cpu);

/* Count an event of the CPU; `cpu` may be NULL (a thread that runs none). */
#define cpu_count_event(cpu, field) \
    do { \
        CPUState *cs_ = (cpu); \
        if (cs_) { \
            __atomic_store_n(&cs_->n.field, cs_->n.field + 1, __ATOMIC_RELAXED); \
        } else { \
            __atomic_fetch_add(&other_counters.field, 1, __ATOMIC_RELAXED); \
        } \
    } while (0)
#endif
