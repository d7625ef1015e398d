/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFP inline with SSE2 or AVX. MXCSR holds the guest's rounding mode and cumulative flags, so results and flags are the
 * host's, with two exceptions that go out of line, where vfp_op_s/d computes again from the operands: NaNs (x86 picks
 * another operand and another default NaN), and inexact products and quotients of exactly the least normal magnitude
 * (ARM detects underflow before rounding, x86 after it). Which registers hold what, when results are tested for NaNs,
 * and what FPSCR.FZ adds: emit-xmm.c.
 */
#include "target/arm/vfp-helper.h"
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"

enum { XMM_SCRATCH = 0 };

/*
 * The result may be a NaN, which is tested for later, or, of operations that can underflow, plus or minus the least
 * normal number, which is looked for at once. UCOMIS sets ZF for equal and for unordered, so that is the test for NaNs
 * as well.
 */
static void fp_check(Emitter *e, const IROp *op, unsigned vfp_op, bool d, bool source_d, int xa, int xb, int xd)
{
    Asm *as = &e->as;
    bool may_underflow = op->opc == IR_fmul || op->opc == IR_fnmul || op->opc == IR_fdiv || (op->opc == IR_fcvt && !d);

    emit_xmm_unsure(e, op, vfp_op | (source_d ? FP_OF_DOUBLES : 0), d, xa, xb, xd);
    if (may_underflow) {
        RM abs = rm_rip(e->buf_base + (d ? x86_layout.abs_d : x86_layout.abs_s));

        x_vector_op(as, x86_avx, VECTOR_AND, XMM_SCRATCH, xd, abs);
        x_ucomis(as, d, XMM_SCRATCH, rm_rip(e->buf_base + (d ? x86_layout.min_d : x86_layout.min_s)));
        emit_xmm_sure(e, X_E);
    }
}

static void put_move(Emitter *e, unsigned opc, bool d, int xa, int xd)
{
    const BufferLayout *l = &x86_layout;

    if (opc == IR_fneg) {
        x_vector_op(&e->as, x86_avx, VECTOR_XOR, xd, xa, rm_rip(e->buf_base + (d ? l->sign_d : l->sign_s)));
    } else if (opc == IR_fabs) {
        x_vector_op(&e->as, x86_avx, VECTOR_AND, xd, xa, rm_rip(e->buf_base + (d ? l->abs_d : l->abs_s)));
    } else {
        x_movaps(&e->as, xd, xa);
    }
}

/*
 * Products of single numbers. The host takes some 50 ns for a multiplication with a subnormal operand or result, and
 * programs whose numbers fade away do little else. So where a product is subnormal, this one and those that come
 * (JITState.small_products) are computed as doubles, where such numbers are normal: the product of two singles is exact
 * there, and what is left is to round it, once. The host converts, adds and compares subnormal numbers at full speed.
 *
 * A product of exactly the least normal number comes along: it may have been rounded up to it (fp_check()).
 */
enum { SMALL_PRODUCTS = 16, DOUBLE_FRAC_BITS = 52, SINGLE_FRAC_BITS = 23, SINGLE_TINY = 1023 - 126 };

static bool may_be_small(const Emitter *e, const IROp *op, bool d)
{
    return (op->opc == IR_fmul || op->opc == IR_fnmul) && !d && !emit_fz(e);
}

static void small_product_check(Emitter *e, const IROp *op, unsigned vfp_op, SlowPath *s, int xa, int xb, int xd)
{
    Asm *as = &e->as;

    /* 0 < magnitude <= least normal; twice of it, so that the sign is gone, and one less. NaNs are none of these. */
    x_movd_r_x(as, false, RCX, xd);
    x_lea(as, false, RCX, rm_sib(RCX, RCX, 0, -2));
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), SINGLE_FRAC_BITS + 1);
    s->fields[s->nfields++] = x_jcc_fwd(as, X_E);
    s->back = as->p;
    s->xa = xa;
    s->xb = xb;
    s->xd = xd;
    emit_xmm_unsure(e, op, vfp_op, false, xa, xb, xd);
}

/* xmm0 = a product, exactly. Rounded to a multiple of the least subnormal number. */
static void emit_tiny_product(Emitter *e, int xd)
{
    Asm *as = &e->as;
    uint8_t *exact, *positive, *negative, *done;

    x_sse_op(as, SSE_MUL, true, XMM_SCRATCH, rm_rip(e->buf_base + x86_layout.small));
    x_cvts2si(as, true, true, false, RCX, XMM_SCRATCH);         /* by the guest's rounding mode; says if inexact */
    x_xorps(as, xd, xd);
    x_cvtsi2s(as, true, true, xd, rm_reg(RCX));
    x_ucomis(as, true, xd, rm_reg(XMM_SCRATCH));
    exact = x_jcc_short_fwd(as, X_E);
    x_alu_rm_i(as, ALU_OR, false, emit_env(ENV_OFFSET(fpscr_cum)), FPSCR_UFC);
    x_patch8(exact, as->p);
    x_test_rm_r(as, false, rm_reg(RCX), RCX);
    positive = x_jcc_short_fwd(as, X_G);
    negative = x_jcc_short_fwd(as, X_L);
    x_movmskps(as, true, RCX, XMM_SCRATCH);                     /* a zero has the product's sign */
    x_shift_i(as, SH_SHL, false, rm_reg(RCX), 31);
    done = x_jmp_fwd(as);
    x_patch8(negative, as->p);
    x_unary(as, UN_NEG, false, rm_reg(RCX));
    x_alu_rm_i(as, ALU_OR, false, rm_reg(RCX), INT32_MIN);
    x_patch(done, as->p);
    x_patch8(positive, as->p);
    x_movd_x_r(as, false, xd, RCX);
    x_mov_rm_i(as, emit_env(JIT_OFFSET(small_products)), SMALL_PRODUCTS);
}

void emit_slow_product(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;
    uint8_t *zero, *tiny, *done;

    x_xorps(as, XMM_SCRATCH, XMM_SCRATCH);
    x_xorps(as, s->xd, s->xd);
    x_cvt_sd_ss(as, false, XMM_SCRATCH, rm_reg(s->xa));
    x_cvt_sd_ss(as, false, s->xd, rm_reg(s->xb));
    x_sse_op(as, SSE_MUL, true, XMM_SCRATCH, rm_reg(s->xd));
    x_movd_r_x(as, true, RCX, XMM_SCRATCH);
    x_shift_i(as, SH_SHL, true, rm_reg(RCX), 1);
    zero = x_jcc_short_fwd(as, X_E);
    x_shift_i(as, SH_SHR, true, rm_reg(RCX), DOUBLE_FRAC_BITS + 1);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RCX), SINGLE_TINY);
    tiny = x_jcc_fwd(as, X_B);
    x_patch8(zero, as->p);
    x_cvt_sd_ss(as, true, s->xd, rm_reg(XMM_SCRATCH));
    x_alu_rm_i(as, ALU_SUB, false, emit_env(JIT_OFFSET(small_products)), 1);
    x_alu_rm_i(as, ALU_ADC, false, emit_env(JIT_OFFSET(small_products)), 0);    /* not below 0 */
    done = x_jmp_fwd(as);
    x_patch(tiny, as->p);
    emit_tiny_product(e, s->xd);
    x_patch(done, as->p);
    if (s->op->opc == IR_fnmul) {
        put_move(e, IR_fneg, false, s->xd, s->xd);
    }
    x_jmp(as, s->back);
}

void emit_arith(Emitter *e, const IROp *op)
{
    static const struct { uint8_t opc, sse, vfp; } table[] = {
        { IR_fadd, SSE_ADD, VFP_ADD }, { IR_fsub, SSE_SUB, VFP_SUB }, { IR_fmul, SSE_MUL, VFP_MUL },
        { IR_fnmul, SSE_MUL, VFP_NMUL }, { IR_fdiv, SSE_DIV, VFP_DIV },
    };
    Asm *as = &e->as;
    bool d = op->n == 3;
    int k = 0, xa, xb, xd;
    SlowPath *small;

    while (table[k].opc != op->opc) {
        k++;
    }
    xa = emit_xmm_source(e, op->a, d);
    xb = emit_xmm_source(e, op->b, d);
    xd = emit_xmm_new(e, op->d);
    small = may_be_small(e, op, d) ? emit_slow(e, SLOW_FMUL) : NULL;
    if (small) {
        x_alu_rm_i(as, ALU_CMP, false, emit_env(JIT_OFFSET(small_products)), 0);
        small->fields[small->nfields++] = x_jcc_fwd(as, X_NE);
    }
    x_sse_op3(as, x86_avx, (SSEOp)table[k].sse, d, xd, xa, xb);
    if (op->opc == IR_fnmul) {
        /* VFP_NMUL is the whole of it */
        put_move(e, IR_fneg, d, xd, xd);
    }
    if (small) {
        small_product_check(e, op, table[k].vfp, small, xa, xb, xd);
    } else {
        fp_check(e, op, table[k].vfp, d, d, xa, xb, xd);
    }
    emit_flags_clobber(e);
}

void emit_sqrt(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3;
    int xa = emit_xmm_source(e, op->a, d), xd = emit_xmm_new(e, op->d);

    x_sse_op3(as, x86_avx, SSE_SQRT, d, xd, xa, xa);
    fp_check(e, op, VFP_SQRT, d, d, xa, xa, xd);
    emit_flags_clobber(e);
}

void emit_move(Emitter *e, const IROp *op)
{
    bool d = op->n == 3;
    int xa = emit_xmm_source(e, op->a, d), xd = emit_xmm_new(e, op->d);

    put_move(e, op->opc, d, xa, xd);
    if (emit_xmm_is_unsure(e, xa)) {
        emit_xmm_unsure(e, op, 0, d, xa, xa, xd);
    }
}

/*
 * The comparison just made went by what flush-to-zero leaves alone, or it is made again. A NaN hides that the other one
 * is subnormal. AH is VFP_RAW, EFLAGS are what they are, before and after.
 */
static void fz_compare_check(Emitter *e, const IROp *op, int xa, int xb)
{
    Asm *as = &e->as;
    SlowPath *s = emit_slow(e, SLOW_FCMP);

    s->fields[s->nfields++] = x_jcc_fwd(as, X_P);
    emit_fz_test(e);
    s->fields[s->nfields++] = x_jcc_fwd(as, X_NE);
    s->back = as->p;
    s->xa = xa;
    s->xb = xb;
    s->fp_op = (op->imm ? VFP_CMPE : VFP_CMP) | (op->n == 3 ? FP_OF_DOUBLES : 0);
    s->save_xmm = true;
    x_sahf(as);
    emit_fz_good(e);
}

/* The host's flags as they are, VFP_RAW: whoever looks at FPSCR makes ARM's of them. LAHF sets bit 1. */
void emit_cmp(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3;
    int xa = emit_xmm_source(e, op->a, d), xb = XMM_SCRATCH;

    if (op->b == REF_NONE) {
        x_xorps(as, XMM_SCRATCH, XMM_SCRATCH);
    } else {
        xb = emit_xmm_source(e, op->b, d);
    }
    (op->imm ? x_comis : x_ucomis)(as, d, xa, rm_reg(xb));
    x_lahf(as);
    x_mov8_mem_ah(as, emit_env(ENV_OFFSET(fp_nzcv.nz)));
    if (emit_fz(e)) {
        fz_compare_check(e, op, xa, xb);
    }
    emit_flags_clobber(e);
    e->compared = true;
}

/* Behind its comparison it costs nothing; else the flags come back from FPSCR, where that comparison left them. */
void emit_fmstat(Emitter *e, const IROp *op)
{
    if (!e->compared) {
        x_mov8_ah_mem(&e->as, emit_env(ENV_OFFSET(fp_nzcv.nz)));
        x_sahf(&e->as);
    }
    emit_flags_defined(e, EF_COMPARED);
}

void emit_fcvt(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool from_d = op->n == 3;
    int xa = emit_xmm_source(e, op->a, from_d), xd = emit_xmm_new(e, op->d);

    x_xorps(as, xd, xd);        /* no dependency on its old value */
    x_cvt_sd_ss(as, from_d, xd, rm_reg(xa));
    fp_check(e, op, from_d ? VFP_CVT_DS : VFP_CVT_SD, !from_d, true, xa, xa, xd);
    emit_flags_clobber(e);
}

/* Integer operand in an S register or FP temporary -> rax. */
static void load_int_operand(Emitter *e, IRRef r)
{
    int x = emit_xmm_find(e, r);

    if (x >= 0) {
        emit_xmm_check(e, x);
        e->xmm_busy[x] = true;
        x_movd_r_x(&e->as, false, RAX, x);
    } else {
        emit_xmm_sync(e, r);
        x_mov_r_rm(&e->as, false, RAX, emit_env(emit_vfp_disp(r)));
    }
}

void emit_from_int(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3, is_unsigned = op->opc == IR_fuito;
    bool fz = !d && emit_fz(e);         /* it may be inexact, which must not be undone with something else */
    int xd;

    if (fz) {
        emit_xmm_check_all(e);
    }
    load_int_operand(e, op->a);
    xd = emit_xmm_new(e, op->d);
    x_xorps(as, xd, xd);
    /* 32-bit unsigned values are non-negative 64-bit ones; the result is rounded once either way. */
    x_cvtsi2s(as, d, is_unsigned, xd, rm_reg(RAX));
    if (fz) {
        emit_fz_good(e);
    }
}

/* Saturation, NaN and anything near the limits go out of line. */
void emit_to_int(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3, truncate = op->imm & 1, is_unsigned = op->opc == IR_ftoui;
    int xa = emit_xmm_source(e, op->a, d), xd;
    SlowPath *s = emit_slow(e, SLOW_FTOI);

    if (emit_fz(e)) {
        emit_xmm_check_all(e);
    }
    xd = emit_xmm_new(e, op->d);
    if (emit_fz(e)) {
        x_ucomis(as, d, xa, rm_reg(xa));        /* the conversion itself does not tell of a subnormal number */
        emit_fz_test(e);
        s->fields[s->nfields++] = x_jcc_fwd(as, X_NE);
    }
    if (is_unsigned) {
        x_movmskps(as, d, RAX, xa);
        x_test8_rm_i(as, rm_reg(RAX), 1);
        s->fields[s->nfields++] = x_jcc_fwd(as, X_NE);
        /* Above the greatest integer that fits rounding could overflow, and would leave the inexact flag behind. */
        x_ucomis(as, d, xa, rm_rip(e->buf_base + (d ? x86_layout.max_u32_d : x86_layout.max_u32_s)));
        s->fields[s->nfields++] = x_jcc_fwd(as, X_A);
        s->fields[s->nfields++] = x_jcc_fwd(as, X_P);
        x_cvts2si(as, d, true, truncate, RAX, xa);
    } else {
        x_cvts2si(as, d, false, truncate, RAX, xa);
        x_alu_rm_i(as, ALU_CMP, false, rm_reg(RAX), INT32_MIN);
        s->fields[s->nfields++] = x_jcc_fwd(as, X_E);
    }
    x_movd_x_r(as, false, xd, RAX);
    s->back = as->p;
    s->xa = xa;
    s->xd = xd;
    s->fp_op = (is_unsigned ? (truncate ? VFP_TOUIZ : VFP_TOUI) : (truncate ? VFP_TOSIZ : VFP_TOSI)) |
               (d ? FP_OF_DOUBLES : 0);
    s->save_xmm = true;
    if (emit_fz(e)) {
        emit_fz_good(e);
    }
    emit_flags_clobber(e);
}

void emit_getw(Emitter *e, const IROp *op)
{
    load_int_operand(e, op->a);
    emit_store_ref(e, op->d, RAX);
}

/* A constant is for arithmetic; another word may well be one half of two, or an integer to be converted. */
void emit_putw(Emitter *e, const IROp *op)
{
    emit_load_ref(e, RAX, op->a);
    if (ref_is_const(op->a)) {
        x_movd_x_r(&e->as, false, emit_xmm_new(e, op->d), RAX);
    } else {
        emit_xmm_forget(e, op->d);
        x_mov_rm_r(&e->as, false, emit_env(emit_vfp_disp(op->d)), RAX);
    }
}

/*
 * `fputw s2n, a; fputw s2n+1, b`, FMDRR: the double is written at once, for it is read as a double soon, and what was
 * stored in halves and is read whole waits for the cache.
 */
bool emit_put_double(Emitter *e, const IROp *op)
{
    const IROp *high = op + 1;
    Asm *as = &e->as;
    IRRef d;
    int x;

    if (op->opc != IR_fputw || e->index + 1 >= e->b->nops || high->opc != IR_fputw || !ref_is_s(op->d) ||
        ((op->d - REF_S0) & 1) || high->d != op->d + 1) {
        return false;
    }
    d = REF_D((op->d - REF_S0) / 2);
    if (ref_is_const(op->a) && ref_is_const(high->a)) {
        x_mov_r_i64(as, RAX, (uint64_t)ir_const_value(e->b, high->a) << 32 | ir_const_value(e->b, op->a));
    } else {
        emit_load_ref(e, RAX, high->a);
        emit_load_ref(e, RCX, op->a);
        x_shift_i(as, SH_SHL, true, rm_reg(RAX), 32);
        x_alu_r_rm(as, ALU_OR, true, RAX, rm_reg(RCX));
    }
    memset(e->xmm_busy, 0, sizeof(e->xmm_busy));
    x = emit_xmm_new(e, d);
    x_movd_x_r(as, true, x, RAX);
    emit_flags_clobber(e);
    return true;
}

/* xmm xd = the operation on xmm xa and xb, by vfp_op_s() or vfp_op_d(). */
static void call_exact(Emitter *e, uint32_t vfp_op, int xa, int xb, int xd)
{
    Asm *as = &e->as;

    x_movs_m_x(as, true, emit_env(JIT_OFFSET(slow_val)), xa);
    x_movs_m_x(as, true, emit_env(JIT_OFFSET(slow_val2)), xb);
    x_mov_rm_i(as, emit_env(JIT_OFFSET(slow_mem)), vfp_op);
    x_call(as, emit_thunk(e, x86_layout.fp[1]));
    x_movd_x_r(as, true, xd, RCX);
}

void emit_fp_again(Emitter *e, const FPOp *f)
{
    if (f->opc == IR_fmov || f->opc == IR_fneg || f->opc == IR_fabs) {
        put_move(e, f->opc, f->d, f->xa, f->xd);
    } else {
        call_exact(e, f->vfp_op, f->xa, f->xb, f->xd);
    }
}

void emit_slow_compare(Emitter *e, SlowPath *s)
{
    emit_fz_undo(e);
    call_exact(e, s->fp_op, s->xa, s->xb, XMM_SCRATCH);
    x_mov8_ah_mem(&e->as, emit_env(ENV_OFFSET(fp_nzcv.nz)));
    x_jmp(&e->as, s->back);
}

void emit_slow_to_int(Emitter *e, SlowPath *s)
{
    if (emit_fz(e)) {
        emit_fz_undo(e);
    }
    call_exact(e, s->fp_op, s->xa, s->xa, s->xd);
    x_jmp(&e->as, s->back);
}
