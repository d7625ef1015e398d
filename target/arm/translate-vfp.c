/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFPv2 instructions -> IR: the cp10 and cp11 encodings of the A32 coprocessor space (ARM DDI 0100I C3-C5). Called by
 * the translator's rows for coprocessors; works on the caller's context only.
 *
 * LEN and STRIDE of FPSCR are part of the block key, so short vectors (C5) are expanded here, element by element.
 * With FZ set (TBF_VFP_SLOW) arithmetic goes through helper_vfp_slow(), since the host's flush-to-zero is not ARM's.
 */
#include "target/arm/translate-internal.h"
#include "target/arm/vfp-helper.h"

enum { VFP_FPSID = 0, VFP_FPSCR = 1, VFP_FPINST2 = 10 };

/* An arithmetic instruction as its vector form sees it. */
typedef enum ArithKind {
    ARITH_MAC, ARITH_NMAC, ARITH_MSC, ARITH_NMSC, ARITH_MUL, ARITH_NMUL, ARITH_ADD, ARITH_SUB, ARITH_DIV,
    ARITH_CPY, ARITH_ABS, ARITH_NEG, ARITH_SQRT,
} ArithKind;

static bool is_slow(const DisasContext *s)
{
    return s->flags & TBF_VFP_SLOW;
}

static IRRef reg_ref(bool dbl, unsigned n)
{
    return dbl ? REF_D(n) : REF_S(n);
}

/*
 * Register numbers: a single register's low bit is the extra bit; a double's extra bit must be clear (16 double
 * registers). False: no such register.
 */
static bool decode_reg(bool dbl, unsigned four, unsigned extra, unsigned *n)
{
    *n = dbl ? four : four << 1 | extra;
    return !dbl || !extra;
}

static bool decode_d(uint32_t insn, bool dbl, unsigned *n)
{
    return decode_reg(dbl, field(insn, 12, 4), bit(insn, 22), n);
}

static bool decode_n(uint32_t insn, bool dbl, unsigned *n)
{
    return decode_reg(dbl, field(insn, 16, 4), bit(insn, 7), n);
}

static bool decode_m(uint32_t insn, bool dbl, unsigned *n)
{
    return decode_reg(dbl, field(insn, 0, 4), bit(insn, 5), n);
}

static void gen_fp(DisasContext *s, IROpcode opc, bool dbl, IRRef d, IRRef a, IRRef b)
{
    ir_emit(s->b, opc, d, a, b, 0)->n = dbl ? 3 : 2;
}

static void gen_slow(DisasContext *s, unsigned op, bool dbl, unsigned d, unsigned n, unsigned m)
{
    gen_call(s, REF_NONE, HELPER_vfp_slow, gen_const(s, op | (dbl ? VFP_SLOW_DOUBLE : 0)),
             gen_const(s, d | n << 8 | m << 16), REF_NONE);
}

/* ---- arithmetic ---- */

static void gen_element_slow(DisasContext *s, ArithKind kind, bool dbl, unsigned d, unsigned n, unsigned m)
{
    static const uint8_t slow_op[] = {
        [ARITH_MAC] = VFP_SLOW_MAC, [ARITH_NMAC] = VFP_SLOW_NMAC,
        [ARITH_MSC] = VFP_SLOW_MSC, [ARITH_NMSC] = VFP_SLOW_NMSC,
        [ARITH_MUL] = VFP_MUL, [ARITH_NMUL] = VFP_NMUL, [ARITH_ADD] = VFP_ADD, [ARITH_SUB] = VFP_SUB,
        [ARITH_DIV] = VFP_DIV, [ARITH_SQRT] = VFP_SQRT,
    };

    gen_slow(s, slow_op[kind], dbl, d, n, m);
}

/*
 * Multiply-accumulate rounds twice, and a negation flips the sign of a NaN too: so FMSC is the sum of -d and the
 * product and not a difference, whose NaNs would have other signs.
 */
static void gen_mac(DisasContext *s, ArithKind kind, bool dbl, IRRef d, IRRef n, IRRef m)
{
    IRRef product = ir_ftemp(s->b), acc = d;

    gen_fp(s, kind == ARITH_NMAC || kind == ARITH_NMSC ? IR_fnmul : IR_fmul, dbl, product, n, m);
    if (kind == ARITH_MSC || kind == ARITH_NMSC) {
        acc = ir_ftemp(s->b);
        gen_fp(s, IR_fneg, dbl, acc, d, REF_NONE);
    }
    gen_fp(s, IR_fadd, dbl, d, acc, product);
}

static void gen_element(DisasContext *s, ArithKind kind, bool dbl, unsigned dn, unsigned nn, unsigned mn)
{
    IRRef d = reg_ref(dbl, dn), n = reg_ref(dbl, nn), m = reg_ref(dbl, mn);

    switch (kind) {
    case ARITH_CPY:
        gen_fp(s, IR_fmov, dbl, d, m, REF_NONE);
        return;
    case ARITH_ABS:
        gen_fp(s, IR_fabs, dbl, d, m, REF_NONE);
        return;
    case ARITH_NEG:
        gen_fp(s, IR_fneg, dbl, d, m, REF_NONE);
        return;
    default:
        break;
    }
    if (is_slow(s)) {
        gen_element_slow(s, kind, dbl, dn, nn, mn);
        return;
    }
    switch (kind) {
    case ARITH_MUL:
        gen_fp(s, IR_fmul, dbl, d, n, m);
        break;
    case ARITH_NMUL:
        gen_fp(s, IR_fnmul, dbl, d, n, m);
        break;
    case ARITH_ADD:
        gen_fp(s, IR_fadd, dbl, d, n, m);
        break;
    case ARITH_SUB:
        gen_fp(s, IR_fsub, dbl, d, n, m);
        break;
    case ARITH_DIV:
        gen_fp(s, IR_fdiv, dbl, d, n, m);
        break;
    case ARITH_SQRT:
        gen_fp(s, IR_fsqrt, dbl, d, m, REF_NONE);
        break;
    default:
        gen_mac(s, kind, dbl, d, n, m);
        break;
    }
}

/* Next element: within the bank of 8 single or 4 double registers, round and round. */
static unsigned next_element(unsigned reg, unsigned bank, unsigned stride)
{
    return (reg & ~(bank - 1)) | ((reg + stride) & (bank - 1));
}

/*
 * C5.1: a destination in the first bank makes the operation scalar; else it works on LEN + 1 elements, where a second
 * operand (m) in the first bank is a scalar used for each of them.
 */
static void gen_vector(DisasContext *s, ArithKind kind, bool dbl, unsigned d, unsigned n, unsigned m)
{
    unsigned bank = dbl ? 4 : 8, stride = s->flags & TBF_VFP_STRIDE ? 2 : 1;
    unsigned count = d < bank ? 1 : (s->flags >> TBF_VFP_LEN_SHIFT & 7) + 1;
    bool scalar_m = m < bank;

    for (unsigned i = 0; i < count; i++) {
        gen_element(s, kind, dbl, d, n, m);
        d = next_element(d, bank, stride);
        n = next_element(n, bank, stride);
        m = scalar_m ? m : next_element(m, bank, stride);
    }
}

static bool trans_arith(DisasContext *s, uint32_t insn, ArithKind kind, bool dbl)
{
    unsigned d, n = 0, m;

    if (!decode_d(insn, dbl, &d) || !decode_m(insn, dbl, &m) || (kind < ARITH_CPY && !decode_n(insn, dbl, &n))) {
        return false;
    }
    gen_vector(s, kind, dbl, d, n, m);
    return true;
}

/* FCMP, FCMPE, FCMPZ, FCMPEZ: always scalar. */
static bool trans_compare(DisasContext *s, uint32_t insn, bool dbl, bool signalling, bool zero)
{
    unsigned d, m;
    IROp *op;

    if (!decode_d(insn, dbl, &d) || !decode_m(insn, dbl, &m) || (zero && (m || bit(insn, 5)))) {
        return false;
    }
    if (is_slow(s)) {
        unsigned with_reg = signalling ? VFP_CMPE : VFP_CMP, with_zero = signalling ? VFP_SLOW_CMPEZ : VFP_SLOW_CMPZ;

        gen_slow(s, zero ? with_zero : with_reg, dbl, d, 0, m);
        return true;
    }
    op = ir_emit(s->b, IR_fcmp, REF_NONE, reg_ref(dbl, d), zero ? REF_NONE : reg_ref(dbl, m), signalling);
    op->n = dbl ? 3 : 2;
    return true;
}

/* FCVTDS (dbl = false: from single), FCVTSD. */
static bool trans_convert(DisasContext *s, uint32_t insn, bool dbl)
{
    unsigned d, m;

    if (!decode_d(insn, !dbl, &d) || !decode_m(insn, dbl, &m)) {
        return false;
    }
    if (is_slow(s)) {
        gen_slow(s, dbl ? VFP_CVT_DS : VFP_CVT_SD, dbl, d, 0, m);
    } else {
        gen_fp(s, IR_fcvt, dbl, reg_ref(!dbl, d), reg_ref(dbl, m), REF_NONE);
    }
    return true;
}

static bool trans_from_integer(DisasContext *s, uint32_t insn, bool dbl, bool is_signed)
{
    unsigned d, m;

    if (!decode_d(insn, dbl, &d) || !decode_m(insn, false, &m)) {
        return false;
    }
    gen_fp(s, is_signed ? IR_fsito : IR_fuito, dbl, reg_ref(dbl, d), REF_S(m), REF_NONE);
    return true;
}

static bool trans_to_integer(DisasContext *s, uint32_t insn, bool dbl, bool is_signed, bool to_zero)
{
    unsigned d, m;

    if (!decode_d(insn, false, &d) || !decode_m(insn, dbl, &m)) {
        return false;
    }
    if (is_slow(s)) {
        unsigned op = is_signed ? (to_zero ? VFP_TOSIZ : VFP_TOSI) : (to_zero ? VFP_TOUIZ : VFP_TOUI);

        gen_slow(s, op, dbl, d, 0, m);
    } else {
        IROp *op = ir_emit(s->b, is_signed ? IR_ftosi : IR_ftoui, REF_S(d), reg_ref(dbl, m), REF_NONE, to_zero);

        op->n = dbl ? 3 : 2;
    }
    return true;
}

/* Opcode 0b1111: the first operand's field says what. */
static bool trans_extension(DisasContext *s, uint32_t insn, bool dbl)
{
    unsigned what = field(insn, 16, 4) << 1 | bit(insn, 7);

    switch (what) {
    case 0x00: case 0x01: case 0x02: case 0x03:
        return trans_arith(s, insn, ARITH_CPY + what, dbl);
    case 0x08: case 0x09: case 0x0a: case 0x0b:
        return trans_compare(s, insn, dbl, what & 1, what & 2);
    case 0x0f:
        return trans_convert(s, insn, dbl);
    case 0x10: case 0x11:
        return trans_from_integer(s, insn, dbl, what & 1);
    case 0x18: case 0x19: case 0x1a: case 0x1b:
        return trans_to_integer(s, insn, dbl, what & 2, what & 1);
    default:
        return false;
    }
}

static bool trans_data_processing(DisasContext *s, uint32_t insn)
{
    bool dbl = bit(insn, 8);
    unsigned opcode = bit(insn, 23) << 3 | field(insn, 20, 2) << 1 | bit(insn, 6);

    if (opcode <= 8) {
        return trans_arith(s, insn, ARITH_MAC + opcode, dbl);
    }
    return opcode == 15 && trans_extension(s, insn, dbl);
}

/* ---- register transfers ---- */

/* FMRX, FMXR. Rights that the block key does not decide are checked by helper_vmrs() and helper_vmsr(). */
static bool trans_system_register(DisasContext *s, uint32_t insn, bool read, unsigned rd)
{
    unsigned reg = field(insn, 16, 4);
    bool enabled = s->flags & TBF_VFP_EN;

    if (bit(insn, 7) || (!enabled && !s_priv(s))) {
        return false;
    }
    if (reg == VFP_FPSCR && enabled) {
        if (read && rd == 15) {
            ir_emit(s->b, IR_fmstat, REF_NONE, REF_NONE, REF_NONE, 0);
        } else if (rd == 15) {
            return false;
        } else if (read) {
            gen_call(s, REF_R(rd), HELPER_vfp_get_fpscr, REF_NONE, REF_NONE, REF_NONE);
        } else {
            gen_call(s, REF_NONE, HELPER_vfp_set_fpscr, gen_reg(s, rd), REF_NONE, REF_NONE);
            gen_exit_main_next(s);
        }
        return true;
    }
    if (reg > VFP_FPINST2 || reg == VFP_FPSCR || rd == 15) {
        return false;
    }
    if (read) {
        gen_call(s, REF_R(rd), HELPER_vmrs, gen_const(s, reg), REF_NONE, REF_NONE);
    } else {
        gen_call(s, REF_NONE, HELPER_vmsr, gen_const(s, reg), gen_reg(s, rd), REF_NONE);
        gen_exit_main_next(s);
    }
    return true;
}

/* MCR and MRC: FMSR FMRS, FMDLR FMRDL FMDHR FMRDH, FMXR FMRX. */
static bool trans_transfer(DisasContext *s, uint32_t insn)
{
    bool dbl = bit(insn, 8), read = bit(insn, 20);
    unsigned opcode = field(insn, 21, 3), rd = field(insn, 12, 4), n;

    if (field(insn, 5, 2) || field(insn, 0, 4)) {
        return false;
    }
    if (!dbl && opcode == 7) {
        return trans_system_register(s, insn, read, rd);
    }
    if (!(s->flags & TBF_VFP_EN) || rd == 15 || opcode > (dbl ? 1 : 0) || !decode_n(insn, dbl, &n)) {
        return false;
    }
    if (dbl) {
        n = n * 2 + opcode;
    }
    if (read) {
        gen_op1(s, IR_fgetw, REF_R(rd), REF_S(n));
    } else {
        gen_op1(s, IR_fputw, REF_S(n), gen_reg(s, rd));
    }
    return true;
}

/* MCRR and MRRC: FMSRR FMRRS, FMDRR FMRRD. */
static bool trans_transfer_pair(DisasContext *s, uint32_t insn)
{
    bool dbl = bit(insn, 8), read = bit(insn, 20);
    unsigned rd = field(insn, 12, 4), rn = field(insn, 16, 4), m;

    if (field(insn, 6, 2) || !bit(insn, 4) || rd == 15 || rn == 15 || !decode_m(insn, dbl, &m) || (!dbl && m == 31)) {
        return false;
    }
    if (dbl) {
        m *= 2;
    }
    if (read) {
        gen_op1(s, IR_fgetw, REF_R(rd), REF_S(m));
        gen_op1(s, IR_fgetw, REF_R(rn), REF_S(m + 1));
    } else {
        gen_op1(s, IR_fputw, REF_S(m), gen_reg(s, rd));
        gen_op1(s, IR_fputw, REF_S(m + 1), gen_reg(s, rn));
    }
    return true;
}

/* ---- loads and stores ---- */

static void gen_transfer(DisasContext *s, bool load, const IRRef *refs, unsigned n, IRRef base, uint32_t imm, bool dbl)
{
    uint8_t mem = gen_mem_aligned(s, dbl ? 3 : 2);

    if (load) {
        gen_ldm(s, refs, n, base, imm, mem);
    } else {
        gen_stm(s, refs, n, base, imm, mem);
    }
}

/* FLDS FLDD FSTS FSTD */
static bool trans_load_store(DisasContext *s, uint32_t insn)
{
    bool dbl = bit(insn, 8);
    uint32_t offset = field(insn, 0, 8) * 4;
    unsigned d;
    IRRef ref;

    if (!decode_d(insn, dbl, &d)) {
        return false;
    }
    ref = reg_ref(dbl, d);
    gen_transfer(s, bit(insn, 20), &ref, 1, gen_reg(s, field(insn, 16, 4)), bit(insn, 23) ? offset : -offset, dbl);
    return true;
}

/*
 * FLDM and FSTM, increment after or decrement before. An odd word count on doubles is the X form: the same registers
 * in the same layout here, and one more word that is only counted in the written-back address.
 */
static bool trans_multiple(DisasContext *s, uint32_t insn)
{
    bool dbl = bit(insn, 8), before = bit(insn, 24), writeback = bit(insn, 21);
    uint32_t words = field(insn, 0, 8), down = before ? -words * 4 : 0;
    unsigned d, rn = field(insn, 16, 4), n = dbl ? words / 2 : words;
    IRRef refs[32], base = gen_reg(s, rn);

    if (!decode_d(insn, dbl, &d) || n == 0 || d + n > (dbl ? 16 : 32) || (rn == 15 && writeback)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        refs[i] = reg_ref(dbl, d + i);
    }
    gen_transfer(s, bit(insn, 20), refs, n, base, down, dbl);
    if (writeback) {
        gen_addi(s, base, base, before ? down : words * 4);
    }
    return true;
}

static bool trans_memory(DisasContext *s, uint32_t insn)
{
    unsigned puw = bit(insn, 24) << 2 | bit(insn, 23) << 1 | bit(insn, 21);

    switch (puw) {
    case 4: case 6:     /* offset */
        return trans_load_store(s, insn);
    case 2: case 3:     /* increment after, without and with writeback */
    case 5:             /* decrement before with writeback */
        return trans_multiple(s, insn);
    case 0:
        return bit(insn, 22) && trans_transfer_pair(s, insn);
    default:
        return false;
    }
}

bool translate_vfp(DisasContext *s, uint32_t insn)
{
    bool enabled = s->flags & TBF_VFP_EN;

    if (field(insn, 9, 3) != 5 || insn >> 28 == 15) {
        return false;
    }
    switch (field(insn, 24, 4)) {
    case 12: case 13:
        return enabled && trans_memory(s, insn);
    case 14:
        if (bit(insn, 4)) {
            return trans_transfer(s, insn);
        }
        return enabled && trans_data_processing(s, insn);
    default:
        return false;
    }
}
