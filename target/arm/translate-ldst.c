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

/* Addressing bits of an instruction; `f` is the arguments of any handler that has them. */
typedef struct Mode {
    bool pre, up, w;
    unsigned rn;
} Mode;
#define MODE(f) ((Mode){ .pre = (f)->p, .up = (f)->u, .w = (f)->w, .rn = (f)->n })

/* Offset by a constant. False: UNPREDICTABLE. */
static bool addr_imm(DisasContext *s, Mode mode, uint32_t offset, Address *a)
{
    if (!mode.up) {
        offset = -offset;
    }
    *a = (Address){ .rn = mode.rn, .writeback = !mode.pre || mode.w };
    if (a->writeback && a->rn == 15) {
        return false;
    }
    a->base = gen_reg(s, a->rn);
    a->imm = mode.pre ? offset : 0;
    a->wb_base = a->base;
    a->wb_imm = offset;
    return true;
}

/*
 * Offset by a register that is shifted by a constant. The new base is computed before the access, since that may
 * overwrite the offset register, and moved into place behind it.
 */
static bool addr_reg(DisasContext *s, Mode mode, unsigned rm, unsigned type, unsigned amount, Address *a)
{
    IRRef base, offset;

    *a = (Address){ .rn = mode.rn, .writeback = !mode.pre || mode.w };
    if (rm == 15 || (a->writeback && a->rn == 15)) {
        return false;
    }
    base = gen_reg(s, a->rn);
    offset = gen_shift_imm(s, type, REF_R(rm), amount, false);
    a->wb_base = gen_op2(s, mode.up ? IR_add : IR_sub, gen_temp(s), base, offset);
    a->base = mode.pre ? a->wb_base : base;
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
static bool is_user_access(Mode mode)
{
    return !mode.pre && mode.w;
}

/* MEM_* of LDR, LDRB, STR, STRB and their T forms. */
static uint8_t word_byte_mem(const DisasContext *s, Mode mode, bool byte)
{
    return gen_mem(s, byte ? 0 : 2) | (is_user_access(mode) ? MEM_USER : 0);
}

/* Only plain word accesses may name PC. */
static bool word_byte_reg_ok(Mode mode, bool byte, unsigned rd)
{
    return rd != 15 || !(byte || is_user_access(mode));
}

/* LDR{B}{T}<c> Rd, [Rn, #imm]{!}; [Rn], #imm */
bool trans_ldr_imm(DisasContext *s, const args_ldr_imm *f)
{
    Address a;

    if (!word_byte_reg_ok(MODE(f), f->b, f->d) || !addr_imm(s, MODE(f), f->i, &a)) {
        return false;
    }
    gen_load(s, f->d, &a, word_byte_mem(s, MODE(f), f->b));
    return true;
}

/* STR{B}{T}<c> Rd, [Rn, #imm]{!}; [Rn], #imm */
bool trans_str_imm(DisasContext *s, const args_str_imm *f)
{
    Address a;

    if (!word_byte_reg_ok(MODE(f), f->b, f->d) || !addr_imm(s, MODE(f), f->i, &a)) {
        return false;
    }
    gen_store(s, f->d, &a, word_byte_mem(s, MODE(f), f->b));
    return true;
}

/* LDR{B}{T}<c> Rd, [Rn, Rm, <shift> #n]{!}; [Rn], Rm, <shift> #n */
bool trans_ldr_reg(DisasContext *s, const args_ldr_reg *f)
{
    Address a;

    if (!word_byte_reg_ok(MODE(f), f->b, f->d) || !addr_reg(s, MODE(f), f->m, f->t, f->i, &a)) {
        return false;
    }
    gen_load(s, f->d, &a, word_byte_mem(s, MODE(f), f->b));
    return true;
}

/* STR{B}{T}<c> Rd, [Rn, Rm, <shift> #n]{!}; [Rn], Rm, <shift> #n */
bool trans_str_reg(DisasContext *s, const args_str_reg *f)
{
    Address a;

    if (!word_byte_reg_ok(MODE(f), f->b, f->d) || !addr_reg(s, MODE(f), f->m, f->t, f->i, &a)) {
        return false;
    }
    gen_store(s, f->d, &a, word_byte_mem(s, MODE(f), f->b));
    return true;
}

/* ---- halfwords, signed bytes ---- */

/* P = 0, W = 1 belongs to ARMv6T2 (LDRHT). */
static bool extra_form_ok(Mode mode, unsigned rd)
{
    return rd != 15 && !is_user_access(mode);
}

static uint8_t extra_mem(const DisasContext *s, unsigned size, bool sign)
{
    return gen_mem(s, size) | (sign ? MEM_SIGNED : 0);
}

/* LDRH<c> Rd, [Rn, #imm]{!}; [Rn], #imm; LDRSB, LDRSH likewise */
bool trans_ldrx_imm(DisasContext *s, const args_ldrx_imm *f)
{
    Address a;

    if (!extra_form_ok(MODE(f), f->d) || !addr_imm(s, MODE(f), f->i, &a)) {
        return false;
    }
    gen_load(s, f->d, &a, extra_mem(s, f->size, f->sign));
    return true;
}

/* LDRH<c> Rd, [Rn, Rm]{!}; [Rn], Rm; LDRSB, LDRSH likewise */
bool trans_ldrx_reg(DisasContext *s, const args_ldrx_reg *f)
{
    Address a;

    if (!extra_form_ok(MODE(f), f->d) || !addr_reg(s, MODE(f), f->m, 0, 0, &a)) {
        return false;
    }
    gen_load(s, f->d, &a, extra_mem(s, f->size, f->sign));
    return true;
}

/* STRH<c> Rd, [Rn, #imm]{!}; [Rn], #imm */
bool trans_strh_imm(DisasContext *s, const args_strh_imm *f)
{
    Address a;

    if (!extra_form_ok(MODE(f), f->d) || !addr_imm(s, MODE(f), f->i, &a)) {
        return false;
    }
    gen_store(s, f->d, &a, gen_mem(s, 1));
    return true;
}

/* STRH<c> Rd, [Rn, Rm]{!}; [Rn], Rm */
bool trans_strh_reg(DisasContext *s, const args_strh_reg *f)
{
    Address a;

    if (!extra_form_ok(MODE(f), f->d) || !addr_reg(s, MODE(f), f->m, 0, 0, &a)) {
        return false;
    }
    gen_store(s, f->d, &a, gen_mem(s, 1));
    return true;
}

/* ---- doublewords: two words, of which the base needs word alignment ---- */

static bool double_form_ok(Mode mode, unsigned rd)
{
    return !(rd & 1) && rd != 14 && !is_user_access(mode);
}

static void gen_double(DisasContext *s, unsigned rd, bool store, const Address *a)
{
    IRRef refs[2] = { REF_R(rd), REF_R(rd + 1) };
    uint8_t mem = gen_mem_aligned(s, 2);

    if ((s->flags & (TBF_ALIGN | TBF_NO_UNALIGN)) == (TBF_ALIGN | TBF_NO_UNALIGN)) {
        IRRef address = gen_temp(s);

        gen_addi(s, address, a->base, a->imm);
        gen_call(s, REF_NONE, HELPER_align_doubleword, address, gen_const(s, store), REF_NONE);
    }
    if (store) {
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
bool trans_ldrd_imm(DisasContext *s, const args_ldrd_imm *f)
{
    Address a;

    if (!double_form_ok(MODE(f), f->d) || !addr_imm(s, MODE(f), f->i, &a)) {
        return false;
    }
    gen_double(s, f->d, f->store, &a);
    return true;
}

/* LDRD<c> Rd, [Rn, Rm]{!}; [Rn], Rm; STRD */
bool trans_ldrd_reg(DisasContext *s, const args_ldrd_reg *f)
{
    Address a;

    if (!double_form_ok(MODE(f), f->d) || !addr_reg(s, MODE(f), f->m, 0, 0, &a)) {
        return false;
    }
    gen_double(s, f->d, f->store, &a);
    return true;
}

/* ---- exclusives and swaps: helpers, see accel/tcg ---- */

/* LDREX{B,H}<c> Rd, [Rn] */
bool trans_ldrex(DisasContext *s, const args_ldrex *f)
{
    uint8_t mem = gen_mem_aligned(s, f->size);
    IRRef va;

    if (f->n == 15 || f->d == 15) {
        return false;
    }
    va = gen_access_begin(s, REF_R(f->n), 0, mem, false);
    gen_call(s, REF_R(f->d), HELPER_ldrex, REF_R(f->n), gen_const(s, mem), REF_NONE);
    gen_access_end(s, va, mem, false, 1);
    return true;
}

/* LDREXD<c> Rd, [Rn]: the helper leaves the words at IR_ENV_PAIR */
bool trans_ldrexd(DisasContext *s, const args_ldrexd *f)
{
    uint8_t mem = gen_mem_aligned(s, 3);
    IRRef va;

    if (f->n == 15 || f->d >= 14 || (f->d & 1)) {
        return false;
    }
    va = gen_access_begin(s, REF_R(f->n), 0, mem, false);
    gen_call(s, REF_NONE, HELPER_ldrex, REF_R(f->n), gen_const(s, mem), REF_NONE);
    ir_emit(s->b, IR_ldenv, REF_R(f->d), REF_NONE, REF_NONE, (uint32_t)IR_ENV_PAIR);
    ir_emit(s->b, IR_ldenv, REF_R(f->d + 1), REF_NONE, REF_NONE, (uint32_t)IR_ENV_PAIR + 4);
    gen_access_end(s, va, mem, false, 1);
    return true;
}

/* STREX{B,H}<c> Rd, Rm, [Rn] */
bool trans_strex(DisasContext *s, const args_strex *f)
{
    uint8_t mem = gen_mem_aligned(s, f->size);
    IRRef va;

    if (f->n == 15 || f->d == 15 || f->m == 15 || f->d == f->n || f->d == f->m) {
        return false;
    }
    va = gen_access_begin(s, REF_R(f->n), 0, mem, true);
    gen_call(s, REF_R(f->d), HELPER_strex, REF_R(f->n), REF_R(f->m), gen_const(s, mem));
    gen_access_end_if(s, va, mem, true, 1, REF_R(f->d));
    return true;
}

/* STREXD<c> Rd, Rm, [Rn] */
bool trans_strexd(DisasContext *s, const args_strexd *f)
{
    uint8_t mem = gen_mem_aligned(s, 3);
    IRRef va;

    if (f->n == 15 || f->d == 15 || f->m >= 14 || (f->m & 1) || f->d == f->n || f->d == f->m || f->d == f->m + 1) {
        return false;
    }
    ir_emit(s->b, IR_stenv, REF_NONE, REF_R(f->m), REF_NONE, (uint32_t)IR_ENV_PAIR);
    ir_emit(s->b, IR_stenv, REF_NONE, REF_R(f->m + 1), REF_NONE, (uint32_t)IR_ENV_PAIR + 4);
    va = gen_access_begin(s, REF_R(f->n), 0, mem, true);
    gen_call(s, REF_R(f->d), HELPER_strex, REF_R(f->n), gen_const(s, 0), gen_const(s, mem));
    gen_access_end_if(s, va, mem, true, 1, REF_R(f->d));
    return true;
}

/* CLREX */
bool trans_clrex(DisasContext *s)
{
    gen_call(s, REF_NONE, HELPER_clrex, REF_NONE, REF_NONE, REF_NONE);
    return true;
}

/* SWP{B}<c> Rd, Rm, [Rn] */
bool trans_swp(DisasContext *s, const args_swp *f)
{
    uint8_t mem = gen_mem_aligned(s, f->b ? 0 : 2);
    IRRef load, store;

    if (f->n == 15 || f->d == 15 || f->m == 15 || f->n == f->d || f->n == f->m) {
        return false;
    }
    if (!f->b && (s->flags & (TBF_ALIGN | TBF_NO_UNALIGN)) == TBF_NO_UNALIGN) {
        mem = (mem & ~MEM_ALIGN) | MEM_ROTATE;
    }
    load = gen_access_begin(s, REF_R(f->n), 0, mem, false);
    store = gen_access_begin(s, REF_R(f->n), 0, mem, true);
    gen_call(s, REF_R(f->d), HELPER_swp, REF_R(f->n), REF_R(f->m), gen_const(s, mem));
    gen_access_end(s, load, mem, false, 1);
    gen_access_end(s, store, mem, true, 1);
    return true;
}
