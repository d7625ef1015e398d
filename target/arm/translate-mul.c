/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A32 multiplications: 32 x 32, long, halfword, dual and most-significant-word forms (ARM DDI 0100I A3.5, A4).
 * Thread-private, see translate-internal.h. PC as an operand is UNPREDICTABLE everywhere and treated as UNDEFINED.
 */
#include "target/arm/translate-internal.h"

static bool any_pc(unsigned d, unsigned a, unsigned s, unsigned m)
{
    return d == 15 || a == 15 || s == 15 || m == 15;
}

/* The long forms need two different destinations. */
static bool long_regs_ok(unsigned hi, unsigned lo, unsigned s, unsigned m)
{
    return !any_pc(hi, lo, s, m) && hi != lo;
}

/* The signed half of register n that a bit of the instruction selects, sign-extended. */
static IRRef gen_half(DisasContext *s, unsigned n, bool top)
{
    IRRef t = gen_temp(s);

    return top ? gen_shift(s, IR_sar, t, REF_R(n), 16) : gen_op1(s, IR_sxth, t, REF_R(n));
}

/*
 * hi:lo += b_hi:b_lo without the flags, which are the guest's: the carry out of x + y = z is bit 31 of (x & y) |
 * ((x | y) & ~z).
 */
static void gen_add64(DisasContext *s, IRRef lo, IRRef hi, IRRef b_lo, IRRef b_hi)
{
    IRRef sum = gen_op2(s, IR_add, gen_temp(s), lo, b_lo);
    IRRef both = gen_op2(s, IR_and, gen_temp(s), lo, b_lo);
    IRRef carry = gen_op2(s, IR_or, gen_temp(s), lo, b_lo);

    gen_op2(s, IR_bic, carry, carry, sum);
    gen_op2(s, IR_or, carry, carry, both);
    gen_shift(s, IR_shr, carry, carry, 31);
    gen_op2(s, IR_add, hi, hi, b_hi);
    gen_op2(s, IR_add, hi, hi, carry);
    gen_op1(s, IR_mov, lo, sum);
}

/* MUL{S}<c> Rd, Rm, Rs */
bool trans_mul(DisasContext *s, const args_mul *f)
{
    if (any_pc(f->d, f->d, f->s, f->m)) {
        return false;
    }
    gen_op2f(s, IR_mul, REF_R(f->d), REF_R(f->m), REF_R(f->s), f->S ? F_NZ : 0);
    return true;
}

/* MLA{S}<c> Rd, Rm, Rs, Rn */
bool trans_mla(DisasContext *s, const args_mla *f)
{
    IRRef t;

    if (any_pc(f->d, f->a, f->s, f->m)) {
        return false;
    }
    t = gen_op2(s, IR_mul, gen_temp(s), REF_R(f->m), REF_R(f->s));
    gen_op2(s, IR_add, REF_R(f->d), t, REF_R(f->a));
    if (f->S) {
        /* C and V stay, so the addition cannot set the flags. */
        gen_op2f(s, IR_and, REF_NONE, REF_R(f->d), REF_R(f->d), F_NZ);
    }
    return true;
}

static void gen_umull(DisasContext *s, IROpcode opc, IRRef lo, IRRef hi, IRRef a, IRRef b)
{
    ir_emit(s->b, opc, lo, a, b, 0)->c = hi;
}

/* UMULL{S}<c> RdLo, RdHi, Rm, Rs; SMULL */
bool trans_mull(DisasContext *s, const args_mull *f)
{
    if (!long_regs_ok(f->h, f->l, f->s, f->m)) {
        return false;
    }
    gen_umull(s, f->op, REF_R(f->l), REF_R(f->h), REF_R(f->m), REF_R(f->s));
    if (f->S) {
        gen_op2f(s, IR_nz64, REF_NONE, REF_R(f->l), REF_R(f->h), F_NZ);
    }
    return true;
}

/* UMLAL{S}<c> RdLo, RdHi, Rm, Rs; SMLAL */
bool trans_mlal(DisasContext *s, const args_mlal *f)
{
    if (!long_regs_ok(f->h, f->l, f->s, f->m)) {
        return false;
    }
    gen_umull(s, f->op, REF_R(f->l), REF_R(f->h), REF_R(f->m), REF_R(f->s));
    if (f->S) {
        gen_op2f(s, IR_nz64, REF_NONE, REF_R(f->l), REF_R(f->h), F_NZ);
    }
    return true;
}

/* UMAAL<c> RdLo, RdHi, Rm, Rs: RdHi:RdLo = Rm * Rs + RdLo + RdHi */
bool trans_umaal(DisasContext *s, const args_umaal *f)
{
    IRRef lo, hi, zero;

    if (!long_regs_ok(f->h, f->l, f->s, f->m)) {
        return false;
    }
    lo = gen_temp(s);
    hi = gen_temp(s);
    zero = gen_const(s, 0);
    gen_umull(s, IR_umull, lo, hi, REF_R(f->m), REF_R(f->s));
    gen_add64(s, lo, hi, REF_R(f->l), zero);
    gen_add64(s, lo, hi, REF_R(f->h), zero);
    gen_op1(s, IR_mov, REF_R(f->l), lo);
    gen_op1(s, IR_mov, REF_R(f->h), hi);
    return true;
}

/* ---- halfwords ---- */

/* SMUL<x><y><c> Rd, Rm, Rs */
bool trans_smulxy(DisasContext *s, const args_smulxy *f)
{
    if (any_pc(f->d, f->d, f->s, f->m)) {
        return false;
    }
    gen_op2(s, IR_mul, REF_R(f->d), gen_half(s, f->m, f->x), gen_half(s, f->s, f->y));
    return true;
}

/* SMLA<x><y><c> Rd, Rm, Rs, Rn */
bool trans_smlaxy(DisasContext *s, const args_smlaxy *f)
{
    IRRef t;

    if (any_pc(f->d, f->a, f->s, f->m)) {
        return false;
    }
    t = gen_op2(s, IR_mul, gen_temp(s), gen_half(s, f->m, f->x), gen_half(s, f->s, f->y));
    gen_call(s, REF_R(f->d), HELPER_add_setq, t, REF_R(f->a), REF_NONE);
    return true;
}

/* SMLAL<x><y><c> RdLo, RdHi, Rm, Rs */
bool trans_smlalxy(DisasContext *s, const args_smlalxy *f)
{
    if (!long_regs_ok(f->h, f->l, f->s, f->m)) {
        return false;
    }
    gen_umull(s, IR_smlal, REF_R(f->l), REF_R(f->h), gen_half(s, f->m, f->x), gen_half(s, f->s, f->y));
    return true;
}

/* d = (Rm * half of Rs) >> 16: with the half moved to the top of a word that is the high word of the product. */
static void gen_smulw(DisasContext *s, IRRef d, unsigned rm, unsigned rs, bool top)
{
    IRRef half = gen_temp(s);

    if (top) {
        gen_op2(s, IR_and, half, REF_R(rs), gen_const(s, 0xffff0000));
    } else {
        gen_shift(s, IR_shl, half, REF_R(rs), 16);
    }
    gen_umull(s, IR_smull, gen_temp(s), d, REF_R(rm), half);
}

/* SMULW<y><c> Rd, Rm, Rs */
bool trans_smulwy(DisasContext *s, const args_smulwy *f)
{
    if (any_pc(f->d, f->d, f->s, f->m)) {
        return false;
    }
    gen_smulw(s, REF_R(f->d), f->m, f->s, f->y);
    return true;
}

/* SMLAW<y><c> Rd, Rm, Rs, Rn */
bool trans_smlawy(DisasContext *s, const args_smlawy *f)
{
    IRRef t;

    if (any_pc(f->d, f->a, f->s, f->m)) {
        return false;
    }
    t = gen_temp(s);
    gen_smulw(s, t, f->m, f->s, f->y);
    gen_call(s, REF_R(f->d), HELPER_add_setq, t, REF_R(f->a), REF_NONE);
    return true;
}

/* ---- dual ---- */

/* Rs, its halves exchanged for the X forms. */
static IRRef gen_dual_operand(DisasContext *s, unsigned rs, bool exchange)
{
    return exchange ? gen_shift(s, IR_ror, gen_temp(s), REF_R(rs), 16) : REF_R(rs);
}

/* addend: REF_NONE for the forms without. */
static bool gen_dual(DisasContext *s, HelperId helper, unsigned rd, unsigned rm, unsigned rs, bool exchange,
                     IRRef addend)
{
    IRRef m;

    if (any_pc(rd, rd, rs, rm)) {
        return false;
    }
    m = gen_dual_operand(s, rs, exchange);
    gen_call(s, REF_R(rd), helper, REF_R(rm), m, addend);
    return true;
}

/* SMUAD{X}<c> Rd, Rm, Rs */
bool trans_smuad(DisasContext *s, const args_smuad *f)
{
    return gen_dual(s, HELPER_smuad, f->d, f->m, f->s, f->x, REF_NONE);
}

/* SMUSD{X}<c> Rd, Rm, Rs */
bool trans_smusd(DisasContext *s, const args_smusd *f)
{
    return gen_dual(s, HELPER_smusd, f->d, f->m, f->s, f->x, REF_NONE);
}

/* SMLAD{X}<c> Rd, Rm, Rs, Rn */
bool trans_smlad(DisasContext *s, const args_smlad *f)
{
    return gen_dual(s, HELPER_smlad, f->d, f->m, f->s, f->x, REF_R(f->a));
}

/* SMLSD{X}<c> Rd, Rm, Rs, Rn */
bool trans_smlsd(DisasContext *s, const args_smlsd *f)
{
    return gen_dual(s, HELPER_smlsd, f->d, f->m, f->s, f->x, REF_R(f->a));
}

/* SMLALD{X}<c> RdLo, RdHi, Rm, Rs; SMLSLD{X} */
bool trans_smlald(DisasContext *s, const args_smlald *f)
{
    IRRef m;

    if (!long_regs_ok(f->h, f->l, f->s, f->m)) {
        return false;
    }
    m = gen_dual_operand(s, f->s, f->x);
    gen_call(s, REF_NONE, HELPER_smlald, REF_R(f->m), m, gen_const(s, f->l | f->h << 4 | f->sub << 8));
    return true;
}

/* ---- most significant word ---- */

/* d = high word of Rm * Rs, rounded by R. */
static void gen_smmul(DisasContext *s, IRRef d, unsigned rm, unsigned rs, bool round)
{
    IRRef lo = gen_temp(s), hi = round ? gen_temp(s) : d;

    gen_umull(s, IR_smull, lo, hi, REF_R(rm), REF_R(rs));
    if (round) {
        /* Adding 0x80000000 to the low word carries into the high one if its bit 31 is set. */
        gen_shift(s, IR_shr, lo, lo, 31);
        gen_op2(s, IR_add, d, hi, lo);
    }
}

/* SMMUL{R}<c> Rd, Rm, Rs */
bool trans_smmul(DisasContext *s, const args_smmul *f)
{
    if (any_pc(f->d, f->d, f->s, f->m)) {
        return false;
    }
    gen_smmul(s, REF_R(f->d), f->m, f->s, f->r);
    return true;
}

/* SMMLA{R}<c> Rd, Rm, Rs, Rn: the low word of the addend is 0, so only high words meet. */
bool trans_smmla(DisasContext *s, const args_smmla *f)
{
    IRRef t;

    if (any_pc(f->d, f->a, f->s, f->m)) {
        return false;
    }
    t = gen_temp(s);
    gen_smmul(s, t, f->m, f->s, f->r);
    gen_op2(s, IR_add, REF_R(f->d), t, REF_R(f->a));
    return true;
}

/* SMMLS{R}<c> Rd, Rm, Rs, Rn */
bool trans_smmls(DisasContext *s, const args_smmls *f)
{
    if (any_pc(f->d, f->a, f->s, f->m)) {
        return false;
    }
    gen_call(s, REF_R(f->d), f->r ? HELPER_smmlsr : HELPER_smmls, REF_R(f->m), REF_R(f->s), REF_R(f->a));
    return true;
}
