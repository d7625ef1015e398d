/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A32 loads and stores of one register, doublewords, exclusives and swaps (ARM DDI 0100I A3.11, A5.2, A5.3; exclusives:
 * ARM DDI 0360 for the v6K sizes). Thread-private, see translate-internal.h.
 *
 * A fault leaves the base register as it was, so writeback comes after the access. When a load's destination is its
 * base as well, the loaded value stays (UNPREDICTABLE).
 */
#include "target/arm/translate-internal.h"

/*
 * An addressing mode, resolved by addr_*(): the access goes to [base + imm]; writeback sets register rn to
 * [wb_base + wb_imm].
 */
typedef struct Address {
    IRRef base;
    uint32_t imm;
    bool writeback;
    unsigned rn;
    IRRef wb_base;
    uint32_t wb_imm;
} Address;

/* Offset by a constant. False: UNPREDICTABLE. */
static bool addr_imm(DisasContext *s, uint32_t insn, uint32_t offset, Address *a)
{
    bool pre = bit(insn, 24);

    if (!bit(insn, 23)) {
        offset = -offset;
    }
    *a = (Address){ .rn = field(insn, 16, 4), .writeback = !pre || bit(insn, 21) };
    if (a->writeback && a->rn == 15) {
        return false;
    }
    a->base = gen_reg(s, a->rn);
    a->imm = pre ? offset : 0;
    a->wb_base = a->base;
    a->wb_imm = offset;
    return true;
}

/*
 * Offset by a register that is shifted by a constant. The new base is computed before the access, since that may
 * overwrite the offset register, and moved into place behind it.
 */
static bool addr_reg(DisasContext *s, uint32_t insn, unsigned type, unsigned amount, Address *a)
{
    bool pre = bit(insn, 24);
    unsigned rm = field(insn, 0, 4);
    IROpcode opc = bit(insn, 23) ? IR_add : IR_sub;
    IRRef base, offset;

    *a = (Address){ .rn = field(insn, 16, 4), .writeback = !pre || bit(insn, 21) };
    if (rm == 15 || (a->writeback && a->rn == 15)) {
        return false;
    }
    base = gen_reg(s, a->rn);
    offset = gen_shift_imm(s, type, REF_R(rm), amount, false);
    a->wb_base = gen_op2(s, opc, gen_temp(s), base, offset);
    a->base = pre ? a->wb_base : base;
    return true;
}

static void gen_writeback(DisasContext *s, const Address *a)
{
    if (a->writeback) {
        gen_addi(s, REF_R(a->rn), a->wb_base, a->wb_imm);
    }
}

/* Load into rd (PC: interworking branch) and write back. */
static void gen_load(DisasContext *s, unsigned rd, const Address *a, uint8_t mem)
{
    bool direct = rd != 15 && !(a->writeback && rd == a->rn);
    IRRef d = direct ? REF_R(rd) : gen_temp(s);

    gen_ld(s, d, a->base, a->imm, mem);
    gen_writeback(s, a);
    if (rd == 15) {
        gen_exit_ind(s, d);
    } else if (!direct) {
        gen_op1(s, IR_mov, REF_R(rd), d);
    }
}

static void gen_store(DisasContext *s, unsigned rd, const Address *a, uint8_t mem)
{
    gen_st(s, gen_reg(s, rd), a->base, a->imm, mem);
    gen_writeback(s, a);
}

/* ---- words and bytes ---- */

/* LDRT and its like: P = 0, W = 1. */
static bool is_user_access(uint32_t insn)
{
    return !bit(insn, 24) && bit(insn, 21);
}

/* MEM_* of LDR, LDRB, STR, STRB and their T forms. */
static uint8_t word_byte_mem(const DisasContext *s, uint32_t insn)
{
    return gen_mem(s, bit(insn, 22) ? 0 : 2) | (is_user_access(insn) ? MEM_USER : 0);
}

/* Only plain word accesses may name PC. */
static bool word_byte_reg_ok(uint32_t insn)
{
    return field(insn, 12, 4) != 15 || !(bit(insn, 22) || is_user_access(insn));
}

/* LDR{B}{T}<c> Rd, [Rn, #imm]{!}; [Rn], #imm */
bool trans_ldr_imm(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!word_byte_reg_ok(insn) || !addr_imm(s, insn, field(insn, 0, 12), &a)) {
        return false;
    }
    gen_load(s, field(insn, 12, 4), &a, word_byte_mem(s, insn));
    return true;
}

/* STR{B}{T}<c> Rd, [Rn, #imm]{!}; [Rn], #imm */
bool trans_str_imm(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!word_byte_reg_ok(insn) || !addr_imm(s, insn, field(insn, 0, 12), &a)) {
        return false;
    }
    gen_store(s, field(insn, 12, 4), &a, word_byte_mem(s, insn));
    return true;
}

/* LDR{B}{T}<c> Rd, [Rn, Rm, <shift> #n]{!}; [Rn], Rm, <shift> #n */
bool trans_ldr_reg(DisasContext *s, uint32_t insn)
{
    unsigned rd = field(insn, 12, 4);
    Address a;

    if (!word_byte_reg_ok(insn) || !addr_reg(s, insn, field(insn, 5, 2), field(insn, 7, 5), &a)) {
        return false;
    }
    gen_load(s, rd, &a, word_byte_mem(s, insn));
    return true;
}

/* STR{B}{T}<c> Rd, [Rn, Rm, <shift> #n]{!}; [Rn], Rm, <shift> #n */
bool trans_str_reg(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!word_byte_reg_ok(insn) || !addr_reg(s, insn, field(insn, 5, 2), field(insn, 7, 5), &a)) {
        return false;
    }
    gen_store(s, field(insn, 12, 4), &a, word_byte_mem(s, insn));
    return true;
}

/* ---- halfwords, signed bytes ---- */

/* P = 0, W = 1 belongs to ARMv6T2 (LDRHT). */
static bool extra_form_ok(uint32_t insn)
{
    return field(insn, 12, 4) != 15 && !is_user_access(insn);
}

static uint32_t split_imm8(uint32_t insn)
{
    return field(insn, 8, 4) << 4 | field(insn, 0, 4);
}

/* MEM_* of LDRH, LDRSB, LDRSH by bits 6:5. */
static uint8_t extra_mem(const DisasContext *s, uint32_t insn)
{
    return gen_mem(s, bit(insn, 5)) | (bit(insn, 6) ? MEM_SIGNED : 0);
}

/* LDRH<c> Rd, [Rn, #imm]{!}; [Rn], #imm; LDRSB, LDRSH likewise */
bool trans_ldrx_imm(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!extra_form_ok(insn) || !addr_imm(s, insn, split_imm8(insn), &a)) {
        return false;
    }
    gen_load(s, field(insn, 12, 4), &a, extra_mem(s, insn));
    return true;
}

/* LDRH<c> Rd, [Rn, Rm]{!}; [Rn], Rm; LDRSB, LDRSH likewise */
bool trans_ldrx_reg(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!extra_form_ok(insn) || !addr_reg(s, insn, 0, 0, &a)) {
        return false;
    }
    gen_load(s, field(insn, 12, 4), &a, extra_mem(s, insn));
    return true;
}

/* STRH<c> Rd, [Rn, #imm]{!}; [Rn], #imm */
bool trans_strh_imm(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!extra_form_ok(insn) || !addr_imm(s, insn, split_imm8(insn), &a)) {
        return false;
    }
    gen_store(s, field(insn, 12, 4), &a, gen_mem(s, 1));
    return true;
}

/* STRH<c> Rd, [Rn, Rm]{!}; [Rn], Rm */
bool trans_strh_reg(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!extra_form_ok(insn) || !addr_reg(s, insn, 0, 0, &a)) {
        return false;
    }
    gen_store(s, field(insn, 12, 4), &a, gen_mem(s, 1));
    return true;
}

/* ---- doublewords: two words, of which the base needs word alignment ---- */

static bool double_form_ok(uint32_t insn)
{
    unsigned rd = field(insn, 12, 4);

    return !(rd & 1) && rd != 14 && !is_user_access(insn);
}

/* Bit 5 clear: LDRD, set: STRD. */
static void gen_double(DisasContext *s, uint32_t insn, const Address *a)
{
    unsigned rd = field(insn, 12, 4);
    IRRef refs[2] = { REF_R(rd), REF_R(rd + 1) };
    uint8_t mem = gen_mem_aligned(s, 2);

    if ((s->flags & (TBF_ALIGN | TBF_NO_UNALIGN)) == (TBF_ALIGN | TBF_NO_UNALIGN)) {
        IRRef address = gen_temp(s);

        gen_addi(s, address, a->base, a->imm);
        gen_call(s, REF_NONE, HELPER_align_doubleword, address, gen_const(s, bit(insn, 5)), REF_NONE);
    }
    if (bit(insn, 5)) {
        gen_stm(s, refs, 2, a->base, a->imm, mem);
        gen_writeback(s, a);
    } else if (a->writeback && (a->rn & ~1u) == rd) {
        refs[a->rn & 1] = gen_temp(s);
        gen_ldm(s, refs, 2, a->base, a->imm, mem);
        gen_writeback(s, a);
        gen_op1(s, IR_mov, REF_R(a->rn), refs[a->rn & 1]);
    } else {
        gen_ldm(s, refs, 2, a->base, a->imm, mem);
        gen_writeback(s, a);
    }
}

/* LDRD<c> Rd, [Rn, #imm]{!}; [Rn], #imm; STRD */
bool trans_ldrd_imm(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!double_form_ok(insn) || !addr_imm(s, insn, split_imm8(insn), &a)) {
        return false;
    }
    gen_double(s, insn, &a);
    return true;
}

/* LDRD<c> Rd, [Rn, Rm]{!}; [Rn], Rm; STRD */
bool trans_ldrd_reg(DisasContext *s, uint32_t insn)
{
    Address a;

    if (!double_form_ok(insn) || !addr_reg(s, insn, 0, 0, &a)) {
        return false;
    }
    gen_double(s, insn, &a);
    return true;
}

/* ---- exclusives and swaps: helpers, see accel/tcg ---- */

/* Bits 22:21 of LDREX and STREX: word, doubleword, byte, halfword. */
static unsigned exclusive_size(uint32_t insn)
{
    static const uint8_t sizes[4] = { 2, 3, 0, 1 };

    return sizes[field(insn, 21, 2)];
}

/* LDREX{B,H}<c> Rd, [Rn] */
bool trans_ldrex(DisasContext *s, uint32_t insn)
{
    unsigned rn = field(insn, 16, 4), rd = field(insn, 12, 4);

    if (rn == 15 || rd == 15) {
        return false;
    }
    gen_call(s, REF_R(rd), HELPER_ldrex, REF_R(rn), gen_const(s, gen_mem_aligned(s, exclusive_size(insn))), REF_NONE);
    return true;
}

/* LDREXD<c> Rd, [Rn]: the helper leaves the words in env->tmp */
bool trans_ldrexd(DisasContext *s, uint32_t insn)
{
    unsigned rn = field(insn, 16, 4), rd = field(insn, 12, 4);

    if (rn == 15 || rd >= 14 || (rd & 1)) {
        return false;
    }
    gen_call(s, REF_NONE, HELPER_ldrex, REF_R(rn), gen_const(s, gen_mem_aligned(s, 3)), REF_NONE);
    ir_emit(s->b, IR_ldenv, REF_R(rd), REF_NONE, REF_NONE, ENV_OFFSET(tmp[0]));
    ir_emit(s->b, IR_ldenv, REF_R(rd + 1), REF_NONE, REF_NONE, ENV_OFFSET(tmp[1]));
    return true;
}

/* STREX{B,H}<c> Rd, Rm, [Rn] */
bool trans_strex(DisasContext *s, uint32_t insn)
{
    unsigned rn = field(insn, 16, 4), rd = field(insn, 12, 4), rm = field(insn, 0, 4);

    if (rn == 15 || rd == 15 || rm == 15 || rd == rn || rd == rm) {
        return false;
    }
    gen_call(s, REF_R(rd), HELPER_strex, REF_R(rn), REF_R(rm), gen_const(s, gen_mem_aligned(s, exclusive_size(insn))));
    return true;
}

/* STREXD<c> Rd, Rm, [Rn] */
bool trans_strexd(DisasContext *s, uint32_t insn)
{
    unsigned rn = field(insn, 16, 4), rd = field(insn, 12, 4), rm = field(insn, 0, 4);

    if (rn == 15 || rd == 15 || rm >= 14 || (rm & 1) || rd == rn || rd == rm || rd == rm + 1) {
        return false;
    }
    ir_emit(s->b, IR_stenv, REF_NONE, REF_R(rm), REF_NONE, ENV_OFFSET(tmp[0]));
    ir_emit(s->b, IR_stenv, REF_NONE, REF_R(rm + 1), REF_NONE, ENV_OFFSET(tmp[1]));
    gen_call(s, REF_R(rd), HELPER_strex, REF_R(rn), gen_const(s, 0), gen_const(s, gen_mem_aligned(s, 3)));
    return true;
}

/* CLREX */
bool trans_clrex(DisasContext *s, uint32_t insn)
{
    gen_call(s, REF_NONE, HELPER_clrex, REF_NONE, REF_NONE, REF_NONE);
    return true;
}

/* SWP{B}<c> Rd, Rm, [Rn] */
bool trans_swp(DisasContext *s, uint32_t insn)
{
    unsigned rn = field(insn, 16, 4), rd = field(insn, 12, 4), rm = field(insn, 0, 4);
    uint8_t mem = gen_mem_aligned(s, bit(insn, 22) ? 0 : 2);

    if (rn == 15 || rd == 15 || rm == 15 || rn == rd || rn == rm) {
        return false;
    }
    if (!bit(insn, 22) && (s->flags & (TBF_ALIGN | TBF_NO_UNALIGN)) == TBF_NO_UNALIGN) {
        mem = (mem & ~MEM_ALIGN) | MEM_ROTATE;
    }
    gen_call(s, REF_R(rd), HELPER_swp, REF_R(rn), REF_R(rm), gen_const(s, mem));
    return true;
}
