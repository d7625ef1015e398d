/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator's part of a CPU's state: what translated code needs besides the architecture's, CPUARMState. It is
 * made new wherever the CPU starts, never saved and never shown.
 *
 * Both parts are one piece of memory, this one in front, so that one pointer (CPUARMState *, ENV_REG in translated
 * code) reaches both: the architecture's fields by positive displacements, these by negative ones. The last 128 bytes
 * are within a displacement of one byte; they come at the end, where the assertions below keep them. The state belongs
 * to the thread that runs the CPU; fields that others touch say so.
 */
#ifndef ACCEL_TCG_JIT_STATE_H
#define ACCEL_TCG_JIT_STATE_H
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include "target/arm/cpu.h"
#include "tcg/ir.h"

/*
 * Jump cache: guest PC|T and CPU context key -> host code. One per CPU, used inline by translated code. Of two
 * addresses with the same low bits only one has an entry: the table must span the hot code of large programs
 * (compilers, virtual machines), which is some hundred KiB.
 *
 * It has two halves, without and with VFP. Linux takes VFP from a process when it goes to another thread, if only to
 * one of its own; both execute the same functions of the kernel, by blocks that differ in this flag.
 */
enum { JUMP_CACHE_BITS = 15, JUMP_CACHE_SIZE = 1 << JUMP_CACHE_BITS };  /* of a half */
typedef struct JumpCacheEntry {
    uint32_t pc;        /* PC | T */
    uint32_t ctxkey;    /* JITState.ctxkey when it was filled; 0 = empty */
    void *code;         /* x86_64: host entry; interp: the TranslationBlock */
} JumpCacheEntry;

/* Where the entry of an address is; flags: TBF_*, as a context key has them. */
static inline uint32_t jump_cache_index(uint32_t pc, uint32_t flags)
{
    return (pc >> 2 & (JUMP_CACHE_SIZE - 1)) + (flags & TBF_VFP_EN ? JUMP_CACHE_SIZE : 0);
}

/* A watched page as an inline LDREX finds it. */
enum { EXCL_WATCH_SIZE = 16 };
typedef struct ExclusiveWatch {
    uint64_t host_page;             /* host address >> 12; 0 = empty */
    uint16_t *stores;               /* counter to reset at an LDREX */
} ExclusiveWatch;

/*
 * What translated code counts. Written by the CPU's thread, read by anyone (relaxed). A STREX fails because there was
 * no reservation, because it was for another address or size, because somebody stored there (or drew the same slot of
 * the snapshot table), or because memory differed from the value read (exclusive=snapshot).
 */
typedef struct ARMCounters {
    uint64_t barrier[NB_BARRIERS];
    uint64_t ldrex, strex_ok, strex_none, strex_address, strex_size, strex_stored, strex_differs;
} ARMCounters;

/*
 * Does the copy of a loop pay (emit-loop.c)? Blocks share these. `debt` grows by what it costs to enter a copy, in
 * turns, and falls by turns that were taken in it; `left` are those that may still be taken.
 */
enum { JIT_LOOPS = 64 };
typedef struct LoopRecord {
    int32_t debt;
    uint32_t left;
} LoopRecord;

/* Table entries that loads found last (emit-recall.c), or numbers that no entry is. Blocks share these, too. */
enum { JIT_RECALLS = 64, JIT_RECALL_TRIES = 64, JIT_RECALL_NOTHING = 1 };

enum { JIT_SPILLS = 59 };           /* slots for IR temporaries without a register */
enum { JIT_PAGES = 6 };             /* and for pages */

typedef struct JITState {
    JumpCacheEntry jump_cache[2 * JUMP_CACHE_SIZE] __attribute__((aligned(64)));
    ARMCounters count;
    /* exclusive monitor, see accel/tcg/excl-monitor.h; own thread, others inside exclusive sections */
    uint64_t excl_host;             /* host address of the reserved location, or EXCL_DEVICE; 0 = open. Others look at
                                       it at any time, and end it (excl_reserve()): atomic */
    uint64_t *excl_slot;            /* its slot and */
    uint64_t excl_version;          /* the slot's version at the LDREX */
    uint64_t excl_value;            /* exclusive=snapshot: the value read, little-endian as in memory */
    uint32_t excl_size;             /* bytes: 1, 2, 4, 8; | EXCL_UNSLOTTED */
    uint32_t watch_budget;          /* stores to watched pages until one is counted against its page */
    uint64_t *excl_slots;           /* the slot table */
    uint32_t excl_shared;           /* EXCL_*, see accel/tcg/excl-alone.h; atomic, any thread */
    int32_t excl_patience;          /* STREXes that still go by the slots before excl_unshare() */
    ExclusiveWatch excl_watch[EXCL_WATCH_SIZE];     /* watched pages used lately; index: host page number */
    uint64_t ldm_before[16];        /* 128 bytes that are written with those of ldm_buf (emit-border.c) */
    uint64_t ldm_buf[40];           /* slow path of multiple transfers */
    struct CPUState *cpu;           /* thread, caches, counters */
    sigjmp_buf *unwind;             /* where the interpreter's exec() is left to (x86_64: with the thread sanitizer) */
    /* Counted instructions (IR op `budget`, sysemu/icount.h); own thread. */
    uint32_t small_products;        /* products of singles that are still computed as doubles (emit-fp.c) */
    int32_t budget;                 /* that may be executed; those of a block are taken off at its start */
    uint32_t block_end;             /* guest address behind the block that runs */
    int32_t spins;                  /* turns of loops that wait (IRBlock.waits) until the CPU asks itself to leave */
    LoopRecord loop[JIT_LOOPS];
    uint64_t recalled[JIT_RECALLS];
    uint32_t recall_tries[JIT_RECALLS];             /* how often it may still be replaced */
    uint32_t spill[JIT_SPILLS];     /* the last are used first */
    /* 108 bytes, with 5 spill slots in front of them, are the 128 that are near */
    uint32_t looped;                /* the block was come to by its own jump, which saves no flags (IRLate.looped) */
    uint64_t page[JIT_PAGES];       /* host addresses, 0: none (IR op `page`) */
    void *host_rsp;                 /* stack pointer to unwind to (x86_64 back end) */
    uint64_t slow_val2;             /* operand b of an FP fix-up */
    uint64_t slow_val;              /* slow path: value to store; operand a of an FP fix-up */
    uint32_t slow_n;                /* elements of a multiple transfer */
    uint32_t slow_mem;              /* MEM_*; FP operation */
    uint64_t *tlb_read;             /* the current table for loads; stores: + TLB_WRITE_OFFSET */
    uint32_t pair[2];               /* IR_ENV_PAIR: the words of LDREXD and STREXD */
    /*
     * With a PC in place of 0 these two are the first 8 bytes of that PC's jump-cache entry, so translated code adds
     * the PC to both and looks with one comparison whether the entry is valid and nobody asks the CPU to leave.
     */
    uint32_t exit_request;          /* IR_ENV_EXIT_REQUEST; atomic: 0 or EXIT_REQUESTED, by any thread (cpu_kick) */
    uint32_t ctxkey;                /* translation context, see accel/tcg/softtlb.h */
} JITState;

typedef struct CPUStorage {
    JITState jit;
    CPUARMState env;
} CPUStorage;

/* Byte offset of a field from the CPUARMState; negative. */
#define JIT_OFFSET(f) ((int)offsetof(CPUStorage, jit.f) - (int)offsetof(CPUStorage, env))

_Static_assert(sizeof(JITState) == offsetof(CPUStorage, env), "nothing between the parts");
_Static_assert(JIT_OFFSET(host_rsp) >= -128, "hot fields have short offsets");
_Static_assert(JIT_OFFSET(ctxkey) == JIT_OFFSET(exit_request) + 4 && JIT_OFFSET(exit_request) % 8 == 0 &&
               offsetof(JumpCacheEntry, ctxkey) == 4, "compared as 8 bytes");
_Static_assert(EXIT_REQUESTED >> 2 & (JUMP_CACHE_SIZE - 1), "it makes another entry's PC of one's");
_Static_assert(JIT_OFFSET(exit_request) == IR_ENV_EXIT_REQUEST && JIT_OFFSET(pair) == IR_ENV_PAIR,
               "the translator's idea of these fields");

static inline JITState *env_jit(const CPUARMState *env)
{
    return &((CPUStorage *)(void *)((char *)(uintptr_t)env - offsetof(CPUStorage, env)))->jit;
}

/* Guesses are free again that were wrong too often. Before the CPU runs, then now and then; own CPU. */
static inline void env_recall_anew(CPUARMState *env)
{
    JITState *jit = env_jit(env);

    for (int n = 0; n < JIT_RECALLS; n++) {
        jit->recalled[n] |= JIT_RECALL_NOTHING;
        jit->recall_tries[n] = JIT_RECALL_TRIES;
    }
}

/* The CPU leaves translated code soon, and looks why. Any thread; what it is to see is written before. */
static inline void env_request_exit(const CPUARMState *env)
{
    __atomic_store_n(&env_jit(env)->exit_request, EXIT_REQUESTED, __ATOMIC_SEQ_CST);
}

static inline struct CPUState *env_cpu(const CPUARMState *env)
{
    return env_jit(env)->cpu;
}
#endif
