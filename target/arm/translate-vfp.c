/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFPv2 instructions -> IR: the cp10 and cp11 encodings of the A32 coprocessor space (ARM DDI 0100I C3-C5). Works on
 * the caller's context only. `z` of the rows: doubles.
 *
 * LEN and STRIDE of FPSCR are part of the block key, so short vectors (C5) are expanded here, element by element.
 * FZ (TBF_VFP_FZ) matters to the back end alone.
 */
#include "target/arm/cpu-model.h"
#include "target/arm/translate-internal.h"
#include "target/arm/vfp-helper.h"
#include "tcg/ir-info.h"

enum { VFP_FPSID = 0, VFP_FPSCR = 1, VFP_FPINST2 = 10 };

static IRRef reg_ref(bool dbl, unsigned n)
{
    return dbl ? REF_D(n) : REF_S(n);
}

/*
 * Register numbers: a single register's low bit is the extra bit (D, N, M); a double's extra bit is its high one.
 * False: the CPU has no such register.
 */
static bool decode_reg(bool dbl, unsigned four, bool extra, unsigned *n)
{
    *n = dbl ? extra << 4 | four : four << 1 | extra;
    return !dbl || *n < arm_cpu_model->vfp_doubles;
}

static bool is_enabled(const DisasContext *s)
{
    return s->flags & TBF_VFP_EN;
}

static void gen_fp(DisasContext *s, IROpcode opc, bool dbl, IRRef d, IRRef a, IRRef b)
{
    ir_emit(s->b, opc, d, a, b, 0)->n = dbl ? 3 : 2;
}

/* ---- arithmetic ---- */

/*
 * Multiply-accumulate rounds twice, and a negation flips the sign of a NaN too: so FMSC is the sum of -d and the
 * product and not a difference, whose NaNs would have other signs.
 */
static void gen_mac(DisasContext *s, VFPArith kind, bool dbl, IRRef d, IRRef n, IRRef m)
{
    IRRef product = ir_ftemp(s->b), acc = d;

    gen_fp(s, kind == VFP_ARITH_NMAC || kind == VFP_ARITH_NMSC ? IR_fnmul : IR_fmul, dbl, product, n, m);
    if (kind == VFP_ARITH_MSC || kind == VFP_ARITH_NMSC) {
        acc = ir_ftemp(s->b);
        gen_fp(s, IR_fneg, dbl, acc, d, REF_NONE);
    }
    gen_fp(s, IR_fadd, dbl, d, acc, product);
}

static void gen_element(DisasContext *s, VFPArith kind, bool dbl, unsigned dn, unsigned nn, unsigned mn)
{
    IRRef d = reg_ref(dbl, dn), n = reg_ref(dbl, nn), m = reg_ref(dbl, mn);

    switch (kind) {
    case VFP_ARITH_CPY:
        gen_fp(s, IR_fmov, dbl, d, m, REF_NONE);
        return;
    case VFP_ARITH_ABS:
        gen_fp(s, IR_fabs, dbl, d, m, REF_NONE);
        return;
    case VFP_ARITH_NEG:
        gen_fp(s, IR_fneg, dbl, d, m, REF_NONE);
        return;
    default:
        break;
    }
    switch (kind) {
    case VFP_ARITH_MUL:
        gen_fp(s, IR_fmul, dbl, d, n, m);
        break;
    case VFP_ARITH_NMUL:
        gen_fp(s, IR_fnmul, dbl, d, n, m);
        break;
    case VFP_ARITH_ADD:
        gen_fp(s, IR_fadd, dbl, d, n, m);
        break;
    case VFP_ARITH_SUB:
        gen_fp(s, IR_fsub, dbl, d, n, m);
        break;
    case VFP_ARITH_DIV:
        gen_fp(s, IR_fdiv, dbl, d, n, m);
        break;
    case VFP_ARITH_SQRT:
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
static void gen_vector(DisasContext *s, VFPArith kind, bool dbl, unsigned d, unsigned n, unsigned m)
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

/* FMACS FMACD FNMAC FMSC FNMSC FMUL FNMUL FADD FSUB FDIV */
bool trans_vfp_arith(DisasContext *s, const args_vfp_arith *f)
{
    unsigned d, n, m;

    if (!is_enabled(s) || !decode_reg(f->z, f->d, f->D, &d) || !decode_reg(f->z, f->m, f->M, &m) ||
        !decode_reg(f->z, f->n, f->N, &n)) {
        return false;
    }
    gen_vector(s, f->kind, f->z, d, n, m);
    return true;
}

/* FCPYS FCPYD FABS FNEG FSQRT */
bool trans_vfp_unary(DisasContext *s, const args_vfp_unary *f)
{
    unsigned d, m;

    if (!is_enabled(s) || !decode_reg(f->z, f->d, f->D, &d) || !decode_reg(f->z, f->m, f->M, &m)) {
        return false;
    }
    gen_vector(s, f->kind, f->z, d, 0, m);
    return true;
}

/* Always scalar. */
static void gen_compare(DisasContext *s, bool dbl, bool signalling, unsigned d, IRRef with)
{
    ir_emit(s->b, IR_fcmp, REF_NONE, reg_ref(dbl, d), with, signalling)->n = dbl ? 3 : 2;
}

/* FCMPS FCMPD FCMPE */
bool trans_vfp_cmp(DisasContext *s, const args_vfp_cmp *f)
{
    unsigned d, m;

    if (!is_enabled(s) || !decode_reg(f->z, f->d, f->D, &d) || !decode_reg(f->z, f->m, f->M, &m)) {
        return false;
    }
    gen_compare(s, f->z, f->e, d, reg_ref(f->z, m));
    return true;
}

/* FCMPZS FCMPZD FCMPEZ */
bool trans_vfp_cmpz(DisasContext *s, const args_vfp_cmpz *f)
{
    unsigned d;

    if (!is_enabled(s) || !decode_reg(f->z, f->d, f->D, &d)) {
        return false;
    }
    gen_compare(s, f->z, f->e, d, REF_NONE);
    return true;
}

/* FCVTDS (z = 0: from single), FCVTSD */
bool trans_vfp_cvt(DisasContext *s, const args_vfp_cvt *f)
{
    unsigned d, m;

    if (!is_enabled(s) || !decode_reg(!f->z, f->d, f->D, &d) || !decode_reg(f->z, f->m, f->M, &m)) {
        return false;
    }
    gen_fp(s, IR_fcvt, f->z, reg_ref(!f->z, d), reg_ref(f->z, m), REF_NONE);
    return true;
}

/* FSITOS FSITOD FUITOS FUITOD */
bool trans_vfp_ito(DisasContext *s, const args_vfp_ito *f)
{
    unsigned d, m;

    if (!is_enabled(s) || !decode_reg(f->z, f->d, f->D, &d) || !decode_reg(false, f->m, f->M, &m)) {
        return false;
    }
    gen_fp(s, f->sign ? IR_fsito : IR_fuito, f->z, reg_ref(f->z, d), REF_S(m), REF_NONE);
    return true;
}

/* FTOSIS FTOSID FTOSIZ FTOUI FTOUIZ */
bool trans_vfp_toi(DisasContext *s, const args_vfp_toi *f)
{
    unsigned d, m;

    if (!is_enabled(s) || !decode_reg(false, f->d, f->D, &d) || !decode_reg(f->z, f->m, f->M, &m)) {
        return false;
    }
    ir_emit(s->b, f->sign ? IR_ftosi : IR_ftoui, REF_S(d), reg_ref(f->z, m), REF_NONE, f->zero)->n = f->z ? 3 : 2;
    return true;
}

/* ---- register transfers ---- */

/* The flags of FPSCR are those of a comparison in this block, whichever way led here. */
static bool is_compared(const IRBlock *b)
{
    for (int i = b->nops - 1; i >= 0; i--) {
        const IROp *op = &b->ops[i];

        if (ir_op_effects(op) & (FX_JOIN | FX_FPCC_WRITE)) {
            return op->opc == IR_fcmp;
        }
    }
    return false;
}

/* Bit n: S<n> is in r. */
static uint32_t singles(IRRef r)
{
    return ref_is_d(r) ? 3u << 2 * (r - REF_D0) : ref_is_s(r) ? 1u << (r - REF_S0) : 0;
}

static bool overwrites(const IRBlock *b, const IROp *op, uint32_t registers)
{
    IROperands it = ir_operands(b, op, IR_DEFS);

    while (ir_next_operand(&it)) {
        if (singles(*it.ref) & registers) {
            return true;
        }
    }
    return false;
}

/*
 * A comparison goes to its FMSTAT, past arithmetic and past moves that depend on the comparison before: compilers mix
 * them. Then these find their flags in the host's, where the comparison would have replaced them, and no label stands
 * between it and FMSTAT. It may pass a conditional piece as a whole, and nothing that an exception can come from.
 */
static void bring_comparison(IRBlock *b)
{
    bool passed[IR_MAX_LABELS] = { false };
    uint32_t registers;
    int at = b->nops;
    IROp compare;

    while (at-- > 0 && !(ir_op_effects(&b->ops[at]) & FX_FPCC_WRITE)) {
        const IROp *op = &b->ops[at];

        if (ir_op_effects(op) & ~(FX_MARK | FX_BRANCH | FX_JOIN | FX_FPSCR)) {
            return;
        }
        if (op->opc == IR_label) {
            passed[op->imm] = true;
        } else if (op->opc == IR_br_if && !passed[op->imm]) {
            return;
        }
    }
    if (at < 0 || b->ops[at].opc != IR_fcmp) {
        return;
    }
    compare = b->ops[at];
    registers = singles(compare.a) | singles(compare.b);
    for (int i = 0; i < b->nops; i++) {
        const IROp *op = &b->ops[i];

        if (i < at ? op->opc == IR_br_if && passed[op->imm] : overwrites(b, op, registers)) {
            return;
        }
    }
    for (int i = at; i < b->nops - 1; i++) {
        b->ops[i] = b->ops[i + 1];
    }
    b->ops[b->nops - 1] = compare;
}

/* FMSTAT */
static void gen_fmstat(DisasContext *s)
{
    bring_comparison(s->b);
    if (is_compared(s->b)) {
        ir_emit(s->b, IR_fmstat, REF_NONE, REF_NONE, REF_NONE, 0)->setf = F_NZCV;
    } else {
        gen_call(s, REF_NONE, HELPER_vfp_fmstat, REF_NONE, REF_NONE, REF_NONE);
    }
}

/* FMRX, FMXR. Rights that the block key does not decide are checked by helper_vmrs() and helper_vmsr(). */
bool trans_vfp_system(DisasContext *s, const args_vfp_system *f)
{
    if (!is_enabled(s) && !s_priv(s)) {
        return false;
    }
    if (f->n == VFP_FPSCR && is_enabled(s)) {
        if (f->load && f->d == 15) {
            gen_fmstat(s);
        } else if (f->d == 15) {
            return false;
        } else if (f->load) {
            gen_call(s, REF_R(f->d), HELPER_vfp_get_fpscr, REF_NONE, REF_NONE, REF_NONE);
        } else {
            gen_call(s, REF_NONE, HELPER_vfp_set_fpscr, gen_reg(s, f->d), REF_NONE, REF_NONE);
            gen_exit_main_next(s);
        }
        return true;
    }
    if (f->n > VFP_FPINST2 || f->n == VFP_FPSCR || f->d == 15) {
        return false;
    }
    if (f->load) {
        gen_call(s, REF_R(f->d), HELPER_vmrs, gen_const(s, f->n), REF_NONE, REF_NONE);
    } else {
        gen_call(s, REF_NONE, HELPER_vmsr, gen_const(s, f->n), gen_reg(s, f->d), REF_NONE);
        gen_exit_main_next(s);
    }
    return true;
}

/* One word between rd and a single register or half of a double one. */
static bool gen_word(DisasContext *s, bool load, unsigned rd, unsigned single)
{
    if (!is_enabled(s) || rd == 15) {
        return false;
    }
    if (load) {
        gen_op1(s, IR_fgetw, REF_R(rd), REF_S(single));
    } else {
        gen_op1(s, IR_fputw, REF_S(single), gen_reg(s, rd));
    }
    return true;
}

/* FMSR, FMRS */
bool trans_vfp_word(DisasContext *s, const args_vfp_word *f)
{
    return gen_word(s, f->load, f->d, f->n << 1 | f->N);
}

/* FMDLR, FMRDL, FMDHR, FMRDH */
bool trans_vfp_half(DisasContext *s, const args_vfp_half *f)
{
    return gen_word(s, f->load, f->d, f->n << 1 | f->high);
}

/* FMSRR, FMRRS, FMDRR, FMRRD */
bool trans_vfp_pair(DisasContext *s, const args_vfp_pair *f)
{
    unsigned m;

    if (!is_enabled(s) || f->d == 15 || f->n == 15 || !decode_reg(f->z, f->m, f->M, &m) || (!f->z && m == 31)) {
        return false;
    }
    if (f->z) {
        m *= 2;
    }
    if (f->load) {
        gen_op1(s, IR_fgetw, REF_R(f->d), REF_S(m));
        gen_op1(s, IR_fgetw, REF_R(f->n), REF_S(m + 1));
    } else {
        gen_op1(s, IR_fputw, REF_S(m), gen_reg(s, f->d));
        gen_op1(s, IR_fputw, REF_S(m + 1), gen_reg(s, f->n));
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
bool trans_vfp_ldst(DisasContext *s, const args_vfp_ldst *f)
{
    uint32_t offset = f->i * 4;
    unsigned d;
    IRRef ref, base;

    if (!is_enabled(s) || !decode_reg(f->z, f->d, f->D, &d)) {
        return false;
    }
    ref = reg_ref(f->z, d);
    base = gen_reg(s, f->n);
    offset = f->u ? offset : -offset;
    if (!f->load || !gen_vfp_literal(s, f->z ? REF_S(2 * d) : ref, f->z ? 2 : 1, base, offset)) {
        gen_transfer(s, f->load, &ref, 1, base, offset, f->z);
    }
    return true;
}

/*
 * FLDM and FSTM, increment after or decrement before. An odd word count on doubles is the X form: the same registers
 * in the same layout here, and one more word that is only counted in the written-back address.
 */
bool trans_vfp_ldm(DisasContext *s, const args_vfp_ldm *f)
{
    uint32_t words = f->i, down = f->before ? -words * 4 : 0;
    unsigned d, n = f->z ? words / 2 : words;
    IRRef refs[32], base;

    if (!is_enabled(s) || !decode_reg(f->z, f->d, f->D, &d) || n == 0 ||
        d + n > (f->z ? arm_cpu_model->vfp_doubles : 32) || (f->n == 15 && f->w)) {
        return false;
    }
    base = gen_reg(s, f->n);
    for (unsigned i = 0; i < n; i++) {
        refs[i] = reg_ref(f->z, d + i);
    }
    gen_transfer(s, f->load, refs, n, base, down, f->z);
    if (f->w) {
        gen_addi(s, base, base, f->before ? down : words * 4);
    }
    return true;
}
