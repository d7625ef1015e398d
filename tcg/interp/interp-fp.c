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

/* The op of the exact functions; -1: a bit operation or a transfer. */
static int exact_op(const IROp *op)
{
    switch (op->opc) {
    case IR_fadd:   return VFP_ADD;
    case IR_fsub:   return VFP_SUB;
    case IR_fmul:   return VFP_MUL;
    case IR_fnmul:  return VFP_NMUL;
    case IR_fdiv:   return VFP_DIV;
    case IR_fsqrt:  return VFP_SQRT;
    case IR_fcmp:   return op->imm ? VFP_CMPE : VFP_CMP;
    case IR_fsito:  return VFP_SITO;
    case IR_fuito:  return VFP_UITO;
    case IR_ftosi:  return op->imm ? VFP_TOSIZ : VFP_TOSI;
    case IR_ftoui:  return op->imm ? VFP_TOUIZ : VFP_TOUI;
    default:        return -1;
    }
}

void interp_fp_op(const InterpRun *r, const IROp *op)
{
    uint64_t a, b, sign = op->n == 3 ? 1ull << 63 : 1ull << 31;
    int exact = exact_op(op);

    if (op->opc == IR_fmstat) {
        r->env->nzcv = r->env->fp_nzcv;
        return;
    }
    if (op->opc == IR_fputw) {
        interp_set_fp(r, op->d, interp_get(r, op->a));
        return;
    }
    a = interp_get_fp(r, op->a);
    b = interp_get_fp(r, op->b);
    if (exact >= 0) {
        uint64_t result = op->n == 3 ? vfp_op_d(r->env, exact, a, b) : vfp_op_s(r->env, exact, a, b);

        if (op->opc != IR_fcmp) {
            interp_set_fp(r, op->d, result);
        }
        return;
    }
    switch (op->opc) {
    case IR_fgetw:
        interp_set(r, op->d, a);
        break;
    case IR_fneg:
        interp_set_fp(r, op->d, a ^ sign);
        break;
    case IR_fabs:
        interp_set_fp(r, op->d, a & ~sign);
        break;
    case IR_fcvt:
        interp_set_fp(r, op->d, vfp_op_d(r->env, op->n == 2 ? VFP_CVT_SD : VFP_CVT_DS, a, 0));
        break;
    default:
        interp_set_fp(r, op->d, a);
        break;
    }
}
