/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A32 media and saturating instructions of ARMv5TE and ARMv6 other than multiplications (ARM DDI 0100I A3.2, A3.6, A4).
 * Thread-private, see translate-internal.h. PC as an operand is UNPREDICTABLE everywhere and treated as UNDEFINED.
 */
#include "target/arm/translate-internal.h"

static bool any_pc(unsigned a, unsigned b, unsigned c)
{
    return a == 15 || b == 15 || c == 15;
}

/* CLZ<c> Rd, Rm */
bool trans_clz(DisasContext *s, const args_clz *f)
{
    if (f->d == 15 || f->m == 15) {
        return false;
    }
    gen_op1(s, IR_clz, REF_R(f->d), REF_R(f->m));
    return true;
}

/* QADD<c> Rd, Rm, Rn; QSUB; QDADD and QDSUB double Rn first, saturating */
bool trans_qadd(DisasContext *s, const args_qadd *f)
{
    IRRef n;

    if (any_pc(f->n, f->d, f->m)) {
        return false;
    }
    n = REF_R(f->n);
    if (f->twice) {
        n = gen_temp(s);
        gen_call(s, n, HELPER_qdouble, REF_R(f->n), REF_NONE, REF_NONE);
    }
    gen_call(s, REF_R(f->d), f->sub ? HELPER_qsub : HELPER_qadd, REF_R(f->m), n, REF_NONE);
    return true;
}

/* {S,Q,SH,U,UQ,UH}{ADD16,ADDSUBX,SUBADDX,SUB16,ADD8,SUB8}<c> Rd, Rn, Rm */
bool trans_parallel(DisasContext *s, const args_parallel *f)
{
    if (any_pc(f->n, f->d, f->m)) {
        return false;
    }
    gen_call(s, REF_R(f->d), HELPER_parallel_add, REF_R(f->n), REF_R(f->m), gen_const(s, f->kind << 20 | f->op << 5));
    return true;
}

/* PKHBT<c> Rd, Rn, Rm, LSL #n; PKHTB<c> Rd, Rn, Rm, ASR #n */
bool trans_pkh(DisasContext *s, const args_pkh *f)
{
    IRRef low, high;

    if (any_pc(f->n, f->d, f->m)) {
        return false;
    }
    low = high = gen_shift_imm(s, f->tb ? 2 : 0, REF_R(f->m), f->i, false);
    if (f->tb) {
        high = REF_R(f->n);
    } else {
        low = REF_R(f->n);
    }
    low = gen_op1(s, IR_uxth, gen_temp(s), low);
    high = gen_op2(s, IR_and, gen_temp(s), high, gen_const(s, 0xffff0000));
    gen_op2(s, IR_or, REF_R(f->d), low, high);
    return true;
}

/* SEL<c> Rd, Rn, Rm */
bool trans_sel(DisasContext *s, const args_sel *f)
{
    if (any_pc(f->n, f->d, f->m)) {
        return false;
    }
    gen_call(s, REF_R(f->d), HELPER_sel, REF_R(f->n), REF_R(f->m), REF_NONE);
    return true;
}

/* SSAT<c> Rd, #sat, Rm, <shift>; USAT */
bool trans_sat(DisasContext *s, const args_sat *f)
{
    IRRef t;

    if (f->d == 15 || f->m == 15) {
        return false;
    }
    t = gen_shift_imm(s, f->t ? 2 : 0, REF_R(f->m), f->i, false);
    gen_call(s, REF_R(f->d), f->uns ? HELPER_usat : HELPER_ssat, t, gen_const(s, f->uns ? f->v : f->v + 1), REF_NONE);
    return true;
}

/* SSAT16<c> Rd, #sat, Rm; USAT16 */
bool trans_sat16(DisasContext *s, const args_sat16 *f)
{
    if (f->d == 15 || f->m == 15) {
        return false;
    }
    gen_call(s, REF_R(f->d), f->uns ? HELPER_usat16 : HELPER_ssat16, REF_R(f->m),
             gen_const(s, f->uns ? f->v : f->v + 1), REF_NONE);
    return true;
}

/* REV<c> Rd, Rm; REV16; REVSH */
bool trans_rev(DisasContext *s, const args_rev *f)
{
    if (f->d == 15 || f->m == 15) {
        return false;
    }
    gen_op1(s, f->op, REF_R(f->d), REF_R(f->m));
    return true;
}

/* Rm rotated right by r bytes. */
static IRRef gen_rotated(DisasContext *s, unsigned rm, unsigned r)
{
    return r ? gen_shift(s, IR_ror, gen_temp(s), REF_R(rm), r * 8) : REF_R(rm);
}

/* SXTB<c> Rd, Rm, ROR #n; SXTAB<c> Rd, Rn, Rm, ROR #n; SXTH, UXTB, UXTH likewise */
bool trans_xt(DisasContext *s, const args_xt *f)
{
    IRRef m;

    if (f->d == 15 || f->m == 15) {
        return false;
    }
    m = gen_rotated(s, f->m, f->r);
    if (f->n == 15) {
        gen_op1(s, f->op, REF_R(f->d), m);
    } else {
        gen_op2(s, IR_add, REF_R(f->d), REF_R(f->n), gen_op1(s, f->op, gen_temp(s), m));
    }
    return true;
}

/* SXTB16<c> Rd, Rm, ROR #n; SXTAB16<c> Rd, Rn, Rm, ROR #n; UXTB16, UXTAB16 */
bool trans_xt16(DisasContext *s, const args_xt16 *f)
{
    IRRef m, low, high;

    if (f->d == 15 || f->m == 15) {
        return false;
    }
    m = gen_rotated(s, f->m, f->r);
    if (f->n == 15 && f->op == IR_uxtb) {
        gen_op2(s, IR_and, REF_R(f->d), m, gen_const(s, 0x00ff00ff));
        return true;
    }
    /* The lanes do not carry into each other. */
    low = gen_op1(s, f->op, gen_temp(s), m);
    high = gen_shift(s, IR_shr, gen_temp(s), m, 16);
    gen_op1(s, f->op, high, high);
    gen_shift(s, IR_shl, high, high, 16);
    if (f->n != 15) {
        gen_op2(s, IR_add, low, low, REF_R(f->n));
        gen_op2(s, IR_add, high, high, gen_op2(s, IR_and, gen_temp(s), REF_R(f->n), gen_const(s, 0xffff0000)));
    }
    gen_op1(s, IR_uxth, low, low);
    gen_op2(s, IR_or, REF_R(f->d), low, high);
    return true;
}

/* USAD8<c> Rd, Rm, Rs; USADA8<c> Rd, Rm, Rs, Rn */
bool trans_usad8(DisasContext *s, const args_usad8 *f)
{
    IRRef t;

    if (any_pc(f->d, f->s, f->m)) {
        return false;
    }
    t = f->a == 15 ? REF_R(f->d) : gen_temp(s);
    gen_call(s, t, HELPER_usad8, REF_R(f->m), REF_R(f->s), REF_NONE);
    if (f->a != 15) {
        gen_op2(s, IR_add, REF_R(f->d), t, REF_R(f->a));
    }
    return true;
}
