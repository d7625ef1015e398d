/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A32 multiplications: 32 x 32, long, halfword, dual and most-significant-word forms (ARM DDI 0100I A3.5, A4).
 * Thread-private, see translate-internal.h. PC as an operand is UNPREDICTABLE everywhere and treated as UNDEFINED.
 */
#include "target/arm/translate-internal.h"

/* Register fields where multiplications have them. */
typedef struct MulRegs {
    unsigned rd;    /* 19:16; RdHi of long forms */
    unsigned ra;    /* 15:12; the addend, RdLo of long forms */
    unsigned rs, rm;
} MulRegs;

static MulRegs mul_regs(uint32_t insn)
{
    return (MulRegs){ field(insn, 16, 4), field(insn, 12, 4), field(insn, 8, 4), field(insn, 0, 4) };
}

static bool any_pc(const MulRegs *r)
{
    return r->rd == 15 || r->ra == 15 || r->rs == 15 || r->rm == 15;
}

/* The long forms need two different destinations. */
static bool long_regs_ok(const MulRegs *r)
{
    return !any_pc(r) && r->rd != r->ra;
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
bool trans_mul(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);

    if (any_pc(&r)) {
        return false;
    }
    gen_op2f(s, IR_mul, REF_R(r.rd), REF_R(r.rm), REF_R(r.rs), bit(insn, 20) ? F_NZ : 0);
    return true;
}

/* MLA{S}<c> Rd, Rm, Rs, Rn */
bool trans_mla(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef t;

    if (any_pc(&r)) {
        return false;
    }
    t = gen_op2(s, IR_mul, gen_temp(s), REF_R(r.rm), REF_R(r.rs));
    gen_op2(s, IR_add, REF_R(r.rd), t, REF_R(r.ra));
    if (bit(insn, 20)) {
        /* C and V stay, so the addition cannot set the flags. */
        gen_op2f(s, IR_and, REF_NONE, REF_R(r.rd), REF_R(r.rd), F_NZ);
    }
    return true;
}

static void gen_umull(DisasContext *s, IROpcode opc, IRRef lo, IRRef hi, IRRef a, IRRef b)
{
    ir_emit(s->b, opc, lo, a, b, 0)->c = hi;
}

/* UMULL{S}<c> RdLo, RdHi, Rm, Rs; SMULL */
bool trans_mull(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);

    if (!long_regs_ok(&r)) {
        return false;
    }
    gen_umull(s, bit(insn, 22) ? IR_smull : IR_umull, REF_R(r.ra), REF_R(r.rd), REF_R(r.rm), REF_R(r.rs));
    if (bit(insn, 20)) {
        gen_op2f(s, IR_nz64, REF_NONE, REF_R(r.ra), REF_R(r.rd), F_NZ);
    }
    return true;
}

/* UMLAL{S}<c> RdLo, RdHi, Rm, Rs; SMLAL */
bool trans_mlal(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef lo, hi;

    if (!long_regs_ok(&r)) {
        return false;
    }
    lo = gen_temp(s);
    hi = gen_temp(s);
    gen_umull(s, bit(insn, 22) ? IR_smull : IR_umull, lo, hi, REF_R(r.rm), REF_R(r.rs));
    gen_add64(s, REF_R(r.ra), REF_R(r.rd), lo, hi);
    if (bit(insn, 20)) {
        gen_op2f(s, IR_nz64, REF_NONE, REF_R(r.ra), REF_R(r.rd), F_NZ);
    }
    return true;
}

/* UMAAL<c> RdLo, RdHi, Rm, Rs: RdHi:RdLo = Rm * Rs + RdLo + RdHi */
bool trans_umaal(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef lo, hi, zero;

    if (!long_regs_ok(&r)) {
        return false;
    }
    lo = gen_temp(s);
    hi = gen_temp(s);
    zero = gen_const(s, 0);
    gen_umull(s, IR_umull, lo, hi, REF_R(r.rm), REF_R(r.rs));
    gen_add64(s, lo, hi, REF_R(r.ra), zero);
    gen_add64(s, lo, hi, REF_R(r.rd), zero);
    gen_op1(s, IR_mov, REF_R(r.ra), lo);
    gen_op1(s, IR_mov, REF_R(r.rd), hi);
    return true;
}

/* ---- halfwords ---- */

/* SMUL<x><y><c> Rd, Rm, Rs */
bool trans_smulxy(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);

    if (any_pc(&r)) {
        return false;
    }
    gen_op2(s, IR_mul, REF_R(r.rd), gen_half(s, r.rm, bit(insn, 5)), gen_half(s, r.rs, bit(insn, 6)));
    return true;
}

/* SMLA<x><y><c> Rd, Rm, Rs, Rn */
bool trans_smlaxy(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef t;

    if (any_pc(&r)) {
        return false;
    }
    t = gen_op2(s, IR_mul, gen_temp(s), gen_half(s, r.rm, bit(insn, 5)), gen_half(s, r.rs, bit(insn, 6)));
    gen_call(s, REF_R(r.rd), HELPER_add_setq, t, REF_R(r.ra), REF_NONE);
    return true;
}

/* SMLAL<x><y><c> RdLo, RdHi, Rm, Rs */
bool trans_smlalxy(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef lo, hi;

    if (!long_regs_ok(&r)) {
        return false;
    }
    lo = gen_op2(s, IR_mul, gen_temp(s), gen_half(s, r.rm, bit(insn, 5)), gen_half(s, r.rs, bit(insn, 6)));
    hi = gen_shift(s, IR_sar, gen_temp(s), lo, 31);
    gen_add64(s, REF_R(r.ra), REF_R(r.rd), lo, hi);
    return true;
}

/* d = (Rm * half of Rs) >> 16: with the half moved to the top of a word that is the high word of the product. */
static void gen_smulw(DisasContext *s, IRRef d, const MulRegs *r, bool top)
{
    IRRef half = gen_temp(s);

    if (top) {
        gen_op2(s, IR_and, half, REF_R(r->rs), gen_const(s, 0xffff0000));
    } else {
        gen_shift(s, IR_shl, half, REF_R(r->rs), 16);
    }
    gen_umull(s, IR_smull, gen_temp(s), d, REF_R(r->rm), half);
}

/* SMULW<y><c> Rd, Rm, Rs */
bool trans_smulwy(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);

    if (any_pc(&r)) {
        return false;
    }
    gen_smulw(s, REF_R(r.rd), &r, bit(insn, 6));
    return true;
}

/* SMLAW<y><c> Rd, Rm, Rs, Rn */
bool trans_smlawy(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef t;

    if (any_pc(&r)) {
        return false;
    }
    t = gen_temp(s);
    gen_smulw(s, t, &r, bit(insn, 6));
    gen_call(s, REF_R(r.rd), HELPER_add_setq, t, REF_R(r.ra), REF_NONE);
    return true;
}

/* ---- dual ---- */

/* Rs, its halves exchanged for the X forms. */
static IRRef gen_dual_operand(DisasContext *s, const MulRegs *r, bool exchange)
{
    return exchange ? gen_shift(s, IR_ror, gen_temp(s), REF_R(r->rs), 16) : REF_R(r->rs);
}

static bool gen_dual(DisasContext *s, uint32_t insn, HelperId helper, bool accumulate)
{
    MulRegs r = mul_regs(insn);
    IRRef m;

    if (r.rd == 15 || r.rs == 15 || r.rm == 15) {
        return false;
    }
    m = gen_dual_operand(s, &r, bit(insn, 5));
    gen_call(s, REF_R(r.rd), helper, REF_R(r.rm), m, accumulate ? REF_R(r.ra) : REF_NONE);
    return true;
}

/* SMUAD{X}<c> Rd, Rm, Rs */
bool trans_smuad(DisasContext *s, uint32_t insn)
{
    return gen_dual(s, insn, HELPER_smuad, false);
}

/* SMUSD{X}<c> Rd, Rm, Rs */
bool trans_smusd(DisasContext *s, uint32_t insn)
{
    return gen_dual(s, insn, HELPER_smusd, false);
}

/* SMLAD{X}<c> Rd, Rm, Rs, Rn */
bool trans_smlad(DisasContext *s, uint32_t insn)
{
    return gen_dual(s, insn, HELPER_smlad, true);
}

/* SMLSD{X}<c> Rd, Rm, Rs, Rn */
bool trans_smlsd(DisasContext *s, uint32_t insn)
{
    return gen_dual(s, insn, HELPER_smlsd, true);
}

/* SMLALD{X}<c> RdLo, RdHi, Rm, Rs; SMLSLD{X} */
bool trans_smlald(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef m;

    if (!long_regs_ok(&r)) {
        return false;
    }
    m = gen_dual_operand(s, &r, bit(insn, 5));
    gen_call(s, REF_NONE, HELPER_smlald, REF_R(r.rm), m, gen_const(s, r.ra | r.rd << 4 | (uint32_t)bit(insn, 6) << 8));
    return true;
}

/* ---- most significant word ---- */

/* d = high word of Rm * Rs, rounded by R. */
static void gen_smmul(DisasContext *s, IRRef d, const MulRegs *r, bool round)
{
    IRRef lo = gen_temp(s), hi = round ? gen_temp(s) : d;

    gen_umull(s, IR_smull, lo, hi, REF_R(r->rm), REF_R(r->rs));
    if (round) {
        /* Adding 0x80000000 to the low word carries into the high one if its bit 31 is set. */
        gen_shift(s, IR_shr, lo, lo, 31);
        gen_op2(s, IR_add, d, hi, lo);
    }
}

/* SMMUL{R}<c> Rd, Rm, Rs */
bool trans_smmul(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);

    if (r.rd == 15 || r.rs == 15 || r.rm == 15) {
        return false;
    }
    gen_smmul(s, REF_R(r.rd), &r, bit(insn, 5));
    return true;
}

/* SMMLA{R}<c> Rd, Rm, Rs, Rn: the low word of the addend is 0, so only high words meet. */
bool trans_smmla(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);
    IRRef t;

    if (any_pc(&r)) {
        return false;
    }
    t = gen_temp(s);
    gen_smmul(s, t, &r, bit(insn, 5));
    gen_op2(s, IR_add, REF_R(r.rd), t, REF_R(r.ra));
    return true;
}

/* SMMLS{R}<c> Rd, Rm, Rs, Rn */
bool trans_smmls(DisasContext *s, uint32_t insn)
{
    MulRegs r = mul_regs(insn);

    if (any_pc(&r)) {
        return false;
    }
    gen_call(s, REF_R(r.rd), bit(insn, 5) ? HELPER_smmlsr : HELPER_smmls, REF_R(r.rm), REF_R(r.rs), REF_R(r.ra));
    return true;
}
