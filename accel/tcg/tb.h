/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translated blocks, the code buffer and what a back end offers.
 *
 * A block's key is (pc, flags, phys_pc): guest virtual PC|T, TBF_* bits, RAM address of the first byte (exec/memory.h),
 * so it is the same wherever the page is seen. (Outside RAM the physical address; such a block is in no table.) A block
 * never crosses a 4 KiB page, so a jump inside the page (same virtual and physical page) may be chained.
 */
#ifndef ACCEL_TCG_TB_H
#define ACCEL_TCG_TB_H
#include <stdint.h>
#include <stdbool.h>
#include "tcg/ir.h"
#include "target/arm/cpu.h"

typedef struct TranslationBlock TranslationBlock;
typedef struct TBJump {
    uint32_t target_pc;         /* PC|T this exit goes to; valid if used */
    uint32_t patch_offset;      /* from tb->code: the 4-byte-aligned rel32 field; 0: exit unused */
    /* The same of a second jump, behind the code that saves `unsaved`; if there is none: patch_offset. */
    uint32_t saved_patch_offset;
    uint8_t unsaved;            /* F_*: not in env->nzcv yet where the first jump stands */
    TranslationBlock *to;       /* chained to, or NULL.               lock: C (unified) / owner CPU (separate) */
    TranslationBlock *next_in;  /* next in to->incoming; low bit = which jump of that block.   lock: same */
} TBJump;

struct TranslationBlock {
    uint32_t pc, flags, phys_pc;
    uint32_t guest_bytes;       /* that it depends on: its code, literals */
    uint16_t guest_insns;
    uint8_t invalid;            /* set in an exclusive section, cleared by publishing; so it is in no table any more */
    uint8_t evicted;            /* being evicted: still in its page's list.             lock: as for Flush */
    uint8_t owner;              /* separate caches: CPU index */
    uint8_t flags_in;           /* F_*: what it needs in env->nzcv at its start */
    uint8_t *code;              /* x86_64: entry point */
    uint32_t code_size;         /* bytes */
    uint32_t loop_offset;       /* x86_64: from code: where its own jump to itself goes; 0: to the start */
    TBJump jmp[2];
    TranslationBlock *incoming; /* list of blocks chained to this one, tagged like next_in.  lock: as TBJump.to */
    TranslationBlock *hash_next;/* lock: B for writing; readers are lock-free or hold B */
    TranslationBlock *page_next;/* list of the page's blocks.                                lock: MPD page lock */
    IRBlock *ir;                /* interp: compact copy; NULL otherwise */
};

/* A piece of executable memory that one builder fills. Owned by whoever holds B (unified) or by the CPU (separate). */
typedef struct CodeBuffer {
    uint8_t *base, *ptr, *end;
    bool tier2;                 /* -accel tcg,tier=2 */
    bool too_complex;           /* emit() failed by a limit of the back end: fewer instructions will help, not room */
} CodeBuffer;

typedef struct TCGBackend {
    const char *name;
    const uint8_t *host_flags;  /* for ir_optimize() */
    /* Once, before any CPU runs: emit the shared prologue and thunks at the start of each buffer. False: no room. */
    bool (*init_buffer)(CodeBuffer *buf);
    /*
     * Emit b into buf; fills tb->code, code_size, jmp[].*. False: the buffer is full
     * or the block too complex (see there); ptr is unchanged.
     */
    bool (*emit)(const IRBlock *b, TranslationBlock *tb, CodeBuffer *buf);
    /*
     * Run from tb until something leaves translated code. env->regs[15] is then the next PC|T.
     * Returns (uintptr_t)tb2 | n when block tb2 left by its unchained jump n (0 or 1), else 0. Whatever it returns, all
     * guest state is in env: it is an exact boundary between two instructions.
     */
    uintptr_t (*exec)(CPUARMState *env, TranslationBlock *tb);
    /*
     * Point jump n of tb at `to`: one aligned 4-byte atomic store; others may execute it. Flags that `to` needs are
     * saved on the way. Undo it: nobody executes it.
     */
    void (*set_jump)(TranslationBlock *tb, int n, TranslationBlock *to);
    void (*clear_jump)(TranslationBlock *tb, int n);
    /* Unwind to the exec() that runs env (stack or sigjmp); exec then returns 0. */
    void (*unwind)(CPUARMState *env) __attribute__((noreturn));
} TCGBackend;
extern const TCGBackend tcg_backend_x86_64, tcg_backend_interp;
extern const TCGBackend *tcg_backend;       /* chosen at start-up */
#endif
