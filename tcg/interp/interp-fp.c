/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's VFP ops: everything arithmetic is done by vfp_op_s() and vfp_op_d(), under the guest's MXCSR.
 * Runs on the CPU's thread.
 */
#include "target/arm/vfp-helper.h"
#include "tcg/interp/interp.h"

/* s[2n] is the low half of d[n]: the union of CPUARMState on a little-endian host. */
uint64_t interp_get_fp(const InterpRun *r, IRRef ref)
{
    if (ref_is_s(ref)) {
        return r->env->vfp.s[ref - REF_S0];
    }
    if (ref_is_d(ref)) {
        return r->env->vfp.d[ref - REF_D0];
    }
    return ref_is_ftemp(ref) ? r->ftemps[ref - REF_F0] : 0;
}

void interp_set_fp(const InterpRun *r, IRRef ref, uint64_t value)
{
    if (ref_is_s(ref)) {
        r->env->vfp.s[ref - REF_S0] = value;
    } else if (ref_is_d(ref)) {
        r->env->vfp.d[ref - REF_D0] = value;
    } else if (ref_is_ftemp(ref)) {
        r->ftemps[ref - REF_F0] = value;
    }
}

/* By the exact functions, in the op's width. */
static uint64_t exact(const InterpRun *r, const IROp *op, int vfp_op)
{
    uint64_t a = interp_get_fp(r, op->a), b = interp_get_fp(r, op->b);

    return op->n == 3 ? vfp_op_d(r->env, vfp_op, a, b) : vfp_op_s(r->env, vfp_op, a, b);
}

static uint64_t sign_bit(const IROp *op)
{
    return op->n == 3 ? 1ull << 63 : 1ull << 31;
}

#define EXACT(name, vfp_op) \
    void interp_##name(InterpRun *r, const IROp *op) \
    { \
        interp_set_fp(r, op->d, exact(r, op, vfp_op)); \
    }

EXACT(fadd, VFP_ADD)
EXACT(fsub, VFP_SUB)
EXACT(fmul, VFP_MUL)
EXACT(fnmul, VFP_NMUL)
EXACT(fdiv, VFP_DIV)
EXACT(fsqrt, VFP_SQRT)
EXACT(fsito, VFP_SITO)
EXACT(fuito, VFP_UITO)
EXACT(ftosi, op->imm ? VFP_TOSIZ : VFP_TOSI)
EXACT(ftoui, op->imm ? VFP_TOUIZ : VFP_TOUI)

void interp_fcmp(InterpRun *r, const IROp *op)
{
    exact(r, op, op->imm ? VFP_CMPE : VFP_CMP);
}

void interp_fmstat(InterpRun *r, const IROp *op)
{
    r->env->nzcv = vfp_flags(r->env);
}

void interp_fcvt(InterpRun *r, const IROp *op)
{
    int vfp_op = op->n == 2 ? VFP_CVT_SD : VFP_CVT_DS;

    interp_set_fp(r, op->d, vfp_op_d(r->env, vfp_op, interp_get_fp(r, op->a), 0));
}

void interp_fmov(InterpRun *r, const IROp *op)
{
    interp_set_fp(r, op->d, interp_get_fp(r, op->a));
}

void interp_fneg(InterpRun *r, const IROp *op)
{
    interp_set_fp(r, op->d, interp_get_fp(r, op->a) ^ sign_bit(op));
}

void interp_fabs(InterpRun *r, const IROp *op)
{
    interp_set_fp(r, op->d, interp_get_fp(r, op->a) & ~sign_bit(op));
}

void interp_fgetw(InterpRun *r, const IROp *op)
{
    interp_set(r, op->d, interp_get_fp(r, op->a));
}

void interp_fputw(InterpRun *r, const IROp *op)
{
    interp_set_fp(r, op->d, interp_get(r, op->a));
}
