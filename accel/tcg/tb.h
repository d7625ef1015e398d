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
/*
 * A block in half of a pointer: its distance from tb_origin in units of 4 bytes; 0: none. Blocks are 16-byte aligned,
 * so two bits are free for a tag. A running Linux has 50000 blocks, and each is in four lists.
 */
typedef uint32_t TBRef;

typedef struct TBJump {
    TBRef to;                   /* chained to, or 0.                  lock: C (unified) / owner CPU (separate) */
    TBRef next_in;              /* next in to->incoming; low bits = which jump of that block.  lock: same */
    uint16_t target;            /* bits 11-0 of the PC|T this exit goes to, in the block's page; valid if used */
    uint16_t patch;             /* from tb->code in units of 4 bytes: the aligned rel32 field; 0: exit unused */
    uint16_t saved_patch;       /* the same of a second jump, behind the code that saves `unsaved`; none: patch */
    uint8_t unsaved;            /* F_*: not in env->nzcv yet where the first jump stands */
} TBJump;
enum { TB_JUMPS = 4 };          /* chained; further direct exits ask the jump cache */
enum { TB_MAX_CODE = 4 << 16 }; /* bytes: a block's jumps are within TBJump.patch */

struct TranslationBlock {
    uint32_t pc, flags, phys_pc;
    uint16_t guest_bytes;       /* that it depends on: its code, literals; at most a page */
    uint8_t guest_insns;
    uint8_t flags_in;           /* F_*: what it needs in env->nzcv at its start */
    uint8_t invalid;            /* set in an exclusive section, cleared by publishing; so it is in no table any more */
    uint8_t evicted;            /* being evicted: still in its page's list.             lock: as for Flush */
    uint8_t owner;              /* separate caches: CPU index */
    uint8_t loop_late;          /* x86_64: it needs none of them where its own jump to itself goes */
    TBRef incoming;             /* list of blocks chained to this one, tagged like next_in.  lock: as TBJump.to */
    TBRef hash_next;            /* lock: B for writing; readers are lock-free or hold B */
    TBRef page_next;            /* list of the page's blocks.                                lock: MPD page lock */
    uint32_t code_size;         /* bytes; interp: 0 */
    uint32_t loop_offset;       /* x86_64: from code: where its own jump to itself goes; 0: to the start. Atomic: code
                                   in the block changes it */
    union {                     /* NULL: nothing was emitted */
        uint8_t *code;          /* x86_64: entry point */
        IRBlock *ir;            /* interp: compact copy */
    };
    TBJump jmp[TB_JUMPS];
} __attribute__((aligned(16)));
_Static_assert(sizeof(TranslationBlock) <= 128, "much memory is made of these");

/* Below all blocks that are referred to, by 16 GiB at most. Set by tb_set_origin() before there are any. */
extern uintptr_t tb_origin;
void tb_set_origin(const TranslationBlock *lowest);
static inline TBRef tb_ref(const TranslationBlock *tb)
{
    return tb ? (TBRef)(((uintptr_t)tb - tb_origin) / 4) : 0;
}
static inline TranslationBlock *tb_deref(TBRef ref)
{
    return ref ? (TranslationBlock *)(tb_origin + (uintptr_t)ref * 4) : NULL;
}
/* PC|T where exit n goes, which is used. */
static inline uint32_t tb_jump_target(const TranslationBlock *tb, int n)
{
    return (tb->pc & ~0xfffu) | tb->jmp[n].target;
}

/* A piece of executable memory that one builder fills. Owned by whoever holds B (unified) or by the CPU (separate). */
typedef struct CodeBuffer {
    uint8_t *base, *ptr, *end;
    bool tier2;                 /* not -accel tcg,tier=1 */
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
     * Returns (uintptr_t)tb2 | n when block tb2 left by its unchained jump n, else 0. Whatever it returns, all
     * guest state is in env: it is an exact boundary between two instructions.
     */
    uintptr_t (*exec)(CPUARMState *env, TranslationBlock *tb);
    /*
     * Point jump n of tb at `to`: one aligned 4-byte atomic store; others may execute it. Flags that `to` needs are
     * saved on the way. Undo it: nobody executes it.
     */
    void (*set_jump)(TranslationBlock *tb, int n, TranslationBlock *to);
    void (*clear_jump)(TranslationBlock *tb, int n);
    /* Free what emit() allocated for the block; NULL: nothing. Nobody executes it. */
    void (*drop)(TranslationBlock *tb);
    /* Unwind to the exec() that runs env (stack or sigjmp); exec then returns 0. */
    void (*unwind)(CPUARMState *env) __attribute__((noreturn));
    /*
     * From C that translated code of env has called: go on with the block at regs[15] if the jump cache has it and
     * nobody asks the CPU to leave, else return from exec(). All guest state is in env, and may be that of another
     * context. NULL: the back end cannot.
     */
    void (*go_on)(CPUARMState *env) __attribute__((noreturn));
} TCGBackend;
extern const TCGBackend tcg_backend_x86_64, tcg_backend_interp;
extern const TCGBackend *tcg_backend;       /* chosen at start-up */
#endif
