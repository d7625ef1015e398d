/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A32 media and saturating instructions of ARMv5TE and ARMv6 other than multiplications (ARM DDI 0100I A3.2, A3.6, A4).
 * Thread-private, see translate-internal.h. PC as an operand is UNPREDICTABLE everywhere and treated as UNDEFINED.
 */
#include "target/arm/translate-internal.h"

/* Where most of them have their registers. */
typedef struct MediaRegs {
    unsigned rn, rd, rm;
} MediaRegs;

static MediaRegs media_regs(uint32_t insn)
{
    return (MediaRegs){ field(insn, 16, 4), field(insn, 12, 4), field(insn, 0, 4) };
}

static bool any_pc(const MediaRegs *r)
{
    return r->rn == 15 || r->rd == 15 || r->rm == 15;
}

/* CLZ<c> Rd, Rm */
bool trans_clz(DisasContext *s, uint32_t insn)
{
    MediaRegs r = media_regs(insn);

    if (r.rd == 15 || r.rm == 15) {
        return false;
    }
    gen_op1(s, IR_clz, REF_R(r.rd), REF_R(r.rm));
    return true;
}

/* QADD<c> Rd, Rm, Rn; QSUB; QDADD and QDSUB double Rn first, saturating */
bool trans_qadd(DisasContext *s, uint32_t insn)
{
    MediaRegs r = media_regs(insn);
    IRRef n;

    if (any_pc(&r)) {
        return false;
    }
    n = REF_R(r.rn);
    if (bit(insn, 22)) {
        n = gen_temp(s);
        gen_call(s, n, HELPER_qdouble, REF_R(r.rn), REF_NONE, REF_NONE);
    }
    gen_call(s, REF_R(r.rd), bit(insn, 21) ? HELPER_qsub : HELPER_qadd, REF_R(r.rm), n, REF_NONE);
    return true;
}

/* {S,Q,SH,U,UQ,UH}{ADD16,ADDSUBX,SUBADDX,SUB16,ADD8,SUB8}<c> Rd, Rn, Rm */
bool trans_parallel(DisasContext *s, uint32_t insn)
{
    MediaRegs r = media_regs(insn);

    if (any_pc(&r)) {
        return false;
    }
    gen_call(s, REF_R(r.rd), HELPER_parallel_add, REF_R(r.rn), REF_R(r.rm), gen_const(s, insn & 0x007000e0));
    return true;
}

/* PKHBT<c> Rd, Rn, Rm, LSL #n; PKHTB<c> Rd, Rn, Rm, ASR #n */
bool trans_pkh(DisasContext *s, uint32_t insn)
{
    MediaRegs r = media_regs(insn);
    bool tb = bit(insn, 6);
    IRRef low, high;

    if (any_pc(&r)) {
        return false;
    }
    low = high = gen_shift_imm(s, tb ? 2 : 0, REF_R(r.rm), field(insn, 7, 5), false);
    if (tb) {
        high = REF_R(r.rn);
    } else {
        low = REF_R(r.rn);
    }
    low = gen_op1(s, IR_uxth, gen_temp(s), low);
    high = gen_op2(s, IR_and, gen_temp(s), high, gen_const(s, 0xffff0000));
    gen_op2(s, IR_or, REF_R(r.rd), low, high);
    return true;
}

/* SEL<c> Rd, Rn, Rm */
bool trans_sel(DisasContext *s, uint32_t insn)
{
    MediaRegs r = media_regs(insn);

    if (any_pc(&r)) {
        return false;
    }
    gen_call(s, REF_R(r.rd), HELPER_sel, REF_R(r.rn), REF_R(r.rm), REF_NONE);
    return true;
}

/* SSAT<c> Rd, #sat, Rm, <shift>; USAT */
bool trans_sat(DisasContext *s, uint32_t insn)
{
    unsigned rd = field(insn, 12, 4), rm = field(insn, 0, 4), sat = field(insn, 16, 5);
    bool is_unsigned = bit(insn, 22);
    IRRef t;

    if (rd == 15 || rm == 15) {
        return false;
    }
    t = gen_shift_imm(s, bit(insn, 6) ? 2 : 0, REF_R(rm), field(insn, 7, 5), false);
    gen_call(s, REF_R(rd), is_unsigned ? HELPER_usat : HELPER_ssat, t, gen_const(s, is_unsigned ? sat : sat + 1),
             REF_NONE);
    return true;
}

/* SSAT16<c> Rd, #sat, Rm; USAT16 */
bool trans_sat16(DisasContext *s, uint32_t insn)
{
    unsigned rd = field(insn, 12, 4), rm = field(insn, 0, 4), sat = field(insn, 16, 4);
    bool is_unsigned = bit(insn, 22);

    if (rd == 15 || rm == 15) {
        return false;
    }
    gen_call(s, REF_R(rd), is_unsigned ? HELPER_usat16 : HELPER_ssat16, REF_R(rm),
             gen_const(s, is_unsigned ? sat : sat + 1), REF_NONE);
    return true;
}

/* REV<c> Rd, Rm; REV16; REVSH */
bool trans_rev(DisasContext *s, uint32_t insn)
{
    unsigned rd = field(insn, 12, 4), rm = field(insn, 0, 4);

    if (rd == 15 || rm == 15) {
        return false;
    }
    gen_op1(s, bit(insn, 22) ? IR_revsh : bit(insn, 7) ? IR_rev16 : IR_rev, REF_R(rd), REF_R(rm));
    return true;
}

static IRRef gen_rotated(DisasContext *s, uint32_t insn)
{
    unsigned rot = field(insn, 10, 2) * 8;
    IRRef m = REF_R(field(insn, 0, 4));

    return rot ? gen_shift(s, IR_ror, gen_temp(s), m, rot) : m;
}

/* SXTB<c> Rd, Rm, ROR #n; SXTAB<c> Rd, Rn, Rm, ROR #n; SXTH, UXTB, UXTH likewise */
bool trans_xt(DisasContext *s, uint32_t insn)
{
    MediaRegs r = media_regs(insn);
    IROpcode opc = bit(insn, 22) ? (bit(insn, 20) ? IR_uxth : IR_uxtb) : (bit(insn, 20) ? IR_sxth : IR_sxtb);
    IRRef m;

    if (r.rd == 15 || r.rm == 15) {
        return false;
    }
    m = gen_rotated(s, insn);
    if (r.rn == 15) {
        gen_op1(s, opc, REF_R(r.rd), m);
    } else {
        gen_op2(s, IR_add, REF_R(r.rd), REF_R(r.rn), gen_op1(s, opc, gen_temp(s), m));
    }
    return true;
}

/* SXTB16<c> Rd, Rm, ROR #n; SXTAB16<c> Rd, Rn, Rm, ROR #n; UXTB16, UXTAB16 */
bool trans_xt16(DisasContext *s, uint32_t insn)
{
    MediaRegs r = media_regs(insn);
    IROpcode ext = bit(insn, 22) ? IR_uxtb : IR_sxtb;
    IRRef m, low, high;

    if (r.rd == 15 || r.rm == 15) {
        return false;
    }
    m = gen_rotated(s, insn);
    if (r.rn == 15 && ext == IR_uxtb) {
        gen_op2(s, IR_and, REF_R(r.rd), m, gen_const(s, 0x00ff00ff));
        return true;
    }
    /* The lanes do not carry into each other. */
    low = gen_op1(s, ext, gen_temp(s), m);
    high = gen_shift(s, IR_shr, gen_temp(s), m, 16);
    gen_op1(s, ext, high, high);
    gen_shift(s, IR_shl, high, high, 16);
    if (r.rn != 15) {
        gen_op2(s, IR_add, low, low, REF_R(r.rn));
        gen_op2(s, IR_add, high, high, gen_op2(s, IR_and, gen_temp(s), REF_R(r.rn), gen_const(s, 0xffff0000)));
    }
    gen_op1(s, IR_uxth, low, low);
    gen_op2(s, IR_or, REF_R(r.rd), low, high);
    return true;
}

/* USAD8<c> Rd, Rm, Rs; USADA8<c> Rd, Rm, Rs, Rn */
bool trans_usad8(DisasContext *s, uint32_t insn)
{
    unsigned rd = field(insn, 16, 4), ra = field(insn, 12, 4), rs = field(insn, 8, 4), rm = field(insn, 0, 4);
    IRRef t;

    if (rd == 15 || rs == 15 || rm == 15) {
        return false;
    }
    t = ra == 15 ? REF_R(rd) : gen_temp(s);
    gen_call(s, t, HELPER_usad8, REF_R(rm), REF_R(rs), REF_NONE);
    if (ra != 15) {
        gen_op2(s, IR_add, REF_R(rd), t, REF_R(ra));
    }
    return true;
}
