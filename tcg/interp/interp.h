/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the IR interpreter: the compact form of a block and the machine that runs it. Private to
 * tcg/interp/ and its unit test. A compact block never changes after emit(), so any CPU thread may run it.
 */
#ifndef TCG_INTERP_INTERP_H
#define TCG_INTERP_INTERP_H
#include "tcg/ir-info.h"
#include "accel/tcg/jit-state.h"

/*
 * A compact block is the front part of an IRBlock, as one piece from malloc(): the header, nops ops, then the
 * constants, the late comparisons, the element lists. The imm of br_if is the index of the op to go on with.
 */
static inline const uint32_t *interp_consts(const IRBlock *b)
{
    return (const uint32_t *)(const void *)&b->ops[b->nops];
}
static inline const IRLate *interp_late(const IRBlock *b)
{
    return (const IRLate *)(const void *)(interp_consts(b) + b->nconsts);
}
static inline const IRRef *interp_args(const IRBlock *b)
{
    return (const IRRef *)(const void *)(interp_late(b) + b->nlate);
}

/* One run of a block on one CPU. */
typedef struct InterpRun {
    CPUARMState *env;
    const IRBlock *b;
    const uint32_t *consts;
    const IRRef *args;
    uint32_t pc;            /* PC|T of the guest instruction being executed */
    uint32_t *temps;        /* b->ntemps */
    uint64_t *ftemps;       /* b->nftemps */
    const IROp *next;       /* the op to go on with; NULL: the block has been left */
} InterpRun;

static inline uint32_t interp_get(const InterpRun *r, IRRef ref)
{
    if (ref_is_const(ref)) {
        return r->consts[ref - REF_K0];
    }
    if (ref_is_reg(ref)) {
        return r->env->regs[ref - REF_R0];
    }
    return ref_is_temp(ref) ? r->temps[ref - REF_T0] : 0;
}

static inline void interp_set(const InterpRun *r, IRRef ref, uint32_t value)
{
    if (ref_is_reg(ref)) {
        r->env->regs[ref - REF_R0] = value;
    } else if (ref_is_temp(ref)) {
        r->temps[ref - REF_T0] = value;
    }
}

/* FP operands as bit patterns; single ones in the low half. */
uint64_t interp_get_fp(const InterpRun *r, IRRef ref);
void interp_set_fp(const InterpRun *r, IRRef ref, uint64_t value);

/* A compact copy of b (free() it), or NULL without memory. */
IRBlock *interp_compact(const IRBlock *b);
/* Run the compact block until one of its exits; leaves env->regs[15] = next PC|T. */
void interp_run(CPUARMState *env, const IRBlock *b);

/* env->nzcv = what the access shows of a comparison behind it (IRLate). */
void interp_show_late(InterpRun *r, const IROp *op);

/* Does the condition hold on the flags in env->nzcv? */
bool interp_condition(const CPUARMState *env, uint8_t cc);

/*
 * One function per op, in interp-int.c, interp-mem.c, interp-fp.c or interp-run.c; one that is missing does not link.
 */
#define OP(name, ...) void interp_##name(InterpRun *r, const IROp *op);
#include "tcg/ir-ops.def"
#undef OP

#endif
