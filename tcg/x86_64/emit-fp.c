/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFP inline with SSE2. MXCSR holds the guest's rounding mode and cumulative flags, so results and flags are the
 * host's, with two exceptions that go out of line, where vfp_op_s/d computes again from the operands: NaNs (x86 picks
 * another operand and another default NaN), and inexact products and quotients of exactly the least normal magnitude
 * (ARM detects underflow before rounding, x86 after it). Blocks translated with FZ set use helpers.
 *
 * The xmm cache: xmm_ref[x] is the VFP register (or FP temporary) that xmm x equals. Writes go to memory at once, so
 * forgetting an entry costs nothing; temporaries exist in xmm registers only and are never forgotten before their last
 * use.
 */
#include "target/arm/vfp-helper.h"
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"

enum { XMM_SCRATCH = 0, XMM_FIRST = 1 };

int32_t emit_vfp_disp(IRRef r)
{
    return ref_is_d(r) ? ENV_OFFSET(vfp) + 8 * (r - REF_D0) : ENV_OFFSET(vfp) + 4 * (r - REF_S0);
}

static bool refs_overlap(IRRef a, IRRef b)
{
    if (a == b) {
        return true;
    }
    if (ref_is_s(a) && ref_is_d(b)) {
        return (a - REF_S0) / 2 == b - REF_D0;
    }
    return ref_is_d(a) && ref_is_s(b) && (b - REF_S0) / 2 == a - REF_D0;
}

static bool temp_alive(const Emitter *e, IRRef r)
{
    return ref_is_ftemp(r) && e->ftemp_last[r - REF_F0] >= e->index;
}

int emit_xmm_find(Emitter *e, IRRef r)
{
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (e->xmm_ref[x] == r) {
            return x;
        }
    }
    return -1;
}

void emit_xmm_forget(Emitter *e, IRRef r)
{
    if (!ref_is_s(r) && !ref_is_d(r) && !ref_is_ftemp(r)) {
        return;
    }
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (refs_overlap(e->xmm_ref[x], r)) {
            e->xmm_ref[x] = REF_NONE;
        }
    }
}

void emit_xmm_forget_all(Emitter *e)
{
    memset(e->xmm_ref, 0, sizeof(e->xmm_ref));
}

bool emit_xmm_live(const Emitter *e)
{
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (e->xmm_ref[x] != REF_NONE) {
            return true;
        }
    }
    return false;
}

int emit_xmm_new(Emitter *e, IRRef r)
{
    int pick = -1;

    emit_xmm_forget(e, r);
    for (int x = XMM_FIRST; x < XMM_COUNT && pick < 0; x++) {
        if (e->xmm_ref[x] == REF_NONE && !e->xmm_busy[x]) {
            pick = x;
        }
    }
    for (int k = 0; k < XMM_COUNT && pick < 0; k++) {
        int x = XMM_FIRST + (e->xmm_next++ % (XMM_COUNT - XMM_FIRST));
        if (!e->xmm_busy[x] && !temp_alive(e, e->xmm_ref[x])) {
            pick = x;
        }
    }
    if (pick < 0) {
        e->failed = true;
        pick = XMM_FIRST;
    }
    e->xmm_ref[pick] = r;
    e->xmm_busy[pick] = true;
    return pick;
}

/* The xmm register that holds an operand, loaded if need be. */
static int fp_source(Emitter *e, IRRef r, bool d)
{
    int x = emit_xmm_find(e, r);

    if (x < 0) {
        x = emit_xmm_new(e, r);
        x_movs_x_m(&e->as, d, x, emit_env(emit_vfp_disp(r)));
    }
    e->xmm_busy[x] = true;
    return x;
}

/* xmm x is the new value of r. */
static void fp_result(Emitter *e, IRRef r, bool d, int x)
{
    if (!ref_is_ftemp(r)) {
        x_movs_m_x(&e->as, d, emit_env(emit_vfp_disp(r)), x);
    }
}

/*
 * A destination register for an op whose operands stay intact until the slow path may need them. It must not be
 * known as r before the operands have been read, so take it anonymously.
 */
static int fp_dest(Emitter *e, IRRef r)
{
    int x = -1;

    for (int k = XMM_FIRST; k < XMM_COUNT; k++) {
        if (!e->xmm_busy[k] && (e->xmm_ref[k] == REF_NONE || refs_overlap(e->xmm_ref[k], r))) {
            x = k;
            break;
        }
    }
    for (int k = 0; k < XMM_COUNT && x < 0; k++) {
        int c = XMM_FIRST + (e->xmm_next++ % (XMM_COUNT - XMM_FIRST));
        if (!e->xmm_busy[c] && !temp_alive(e, e->xmm_ref[c])) {
            x = c;
        }
    }
    if (x < 0) {
        e->failed = true;
        x = XMM_FIRST;
    }
    emit_xmm_forget(e, r);
    e->xmm_ref[x] = r;
    e->xmm_busy[x] = true;
    return x;
}

/* Leave for the slow path on condition cc; it resumes here with the corrected result in xd. */
static void fp_fix_up(Emitter *e, X86CC cc, unsigned vfp_op, bool d, int xa, int xb, int xd)
{
    SlowPath *s = emit_slow(e, SLOW_FP);

    s->fields[s->nfields++] = x_jcc_fwd(&e->as, cc);
    s->back = e->as.p;
    s->xa = xa;
    s->xb = xb;
    s->xd = xd;
    s->fp_op = vfp_op | (d ? VFP_SLOW_DOUBLE : 0);
    s->save_xmm = true;
}

/*
 * Leave if xd is a NaN or, for operations that can underflow, plus or minus the least normal number. UCOMIS sets ZF for
 * equal and for unordered.
 */
static void fp_check(Emitter *e, const IROp *op, unsigned vfp_op, bool d, bool source_d, int xa, int xb, int xd)
{
    Asm *as = &e->as;
    bool may_underflow = op->opc == IR_fmul || op->opc == IR_fnmul || op->opc == IR_fdiv || (op->opc == IR_fcvt && !d);

    if (may_underflow) {
        x_ucomis(as, d, xd, rm_rip(e->buf_base + (d ? x86_layout.min_d : x86_layout.min_s)));
        fp_fix_up(e, X_E, vfp_op, source_d, xa, xb, xd);
        x_ucomis(as, d, xd, rm_rip(e->buf_base + (d ? x86_layout.neg_min_d : x86_layout.neg_min_s)));
        e->slow[e->nslow - 1].fields[e->slow[e->nslow - 1].nfields++] = x_jcc_fwd(as, X_E);
        e->slow[e->nslow - 1].back = as->p;
    } else {
        x_ucomis(as, d, xd, rm_reg(xd));
        fp_fix_up(e, X_P, vfp_op, source_d, xa, xb, xd);
    }
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

    while (table[k].opc != op->opc) {
        k++;
    }
    xa = fp_source(e, op->a, d);
    xb = fp_source(e, op->b, d);
    xd = fp_dest(e, op->d);
    x_movaps(as, xd, xa);
    x_sse_op(as, (SSEOp)table[k].sse, d, xd, rm_reg(xb));
    if (op->opc == IR_fnmul) {
        /* the slow path's result has its sign changed already */
        x_xorps_m(as, xd, rm_rip(e->buf_base + (d ? x86_layout.sign_d : x86_layout.sign_s)));
    }
    fp_check(e, op, table[k].vfp, d, d, xa, xb, xd);
    fp_result(e, op->d, d, xd);
    emit_flags_clobber(e);
}

void emit_sqrt(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3;
    int xa = fp_source(e, op->a, d), xd = fp_dest(e, op->d);

    x_xorps(as, xd, xd);        /* no dependency on its old value */
    x_sse_op(as, SSE_SQRT, d, xd, rm_reg(xa));
    fp_check(e, op, VFP_SQRT, d, d, xa, xa, xd);
    fp_result(e, op->d, d, xd);
    emit_flags_clobber(e);
}

void emit_move(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3;
    int xa = fp_source(e, op->a, d), xd = fp_dest(e, op->d);

    x_movaps(as, xd, xa);
    if (op->opc == IR_fneg) {
        x_xorps_m(as, xd, rm_rip(e->buf_base + (d ? x86_layout.sign_d : x86_layout.sign_s)));
    } else if (op->opc == IR_fabs) {
        x_andps_m(as, xd, rm_rip(e->buf_base + (d ? x86_layout.abs_d : x86_layout.abs_s)));
    }
    fp_result(e, op->d, d, xd);
}

/* The host's flags as they are, VFP_RAW: whoever looks at FPSCR makes ARM's of them. LAHF sets bit 1. */
void emit_cmp(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3;
    int xa = fp_source(e, op->a, d), xb = XMM_SCRATCH;

    if (op->b == REF_NONE) {
        x_xorps(as, XMM_SCRATCH, XMM_SCRATCH);
    } else {
        xb = fp_source(e, op->b, d);
    }
    (op->imm ? x_comis : x_ucomis)(as, d, xa, rm_reg(xb));
    x_lahf(as);
    x_mov8_mem_ah(as, emit_env(ENV_OFFSET(fp_nzcv.nz)));
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
    int xa = fp_source(e, op->a, from_d), xd = fp_dest(e, op->d);

    x_xorps(as, xd, xd);
    x_cvt_sd_ss(as, from_d, xd, rm_reg(xa));
    fp_check(e, op, from_d ? VFP_CVT_DS : VFP_CVT_SD, !from_d, true, xa, xa, xd);
    fp_result(e, op->d, !from_d, xd);
    emit_flags_clobber(e);
}

/* Integer operand in an S register or FP temporary -> rax. */
static void load_int_operand(Emitter *e, IRRef r)
{
    int x = emit_xmm_find(e, r);

    if (x >= 0) {
        e->xmm_busy[x] = true;
        x_movd_r_x(&e->as, false, RAX, x);
    } else {
        x_mov_r_rm(&e->as, false, RAX, emit_env(emit_vfp_disp(r)));
    }
}

void emit_from_int(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3, is_unsigned = op->opc == IR_fuito;
    int xd;

    load_int_operand(e, op->a);
    xd = fp_dest(e, op->d);
    x_xorps(as, xd, xd);
    /* 32-bit unsigned values are non-negative 64-bit ones; the result is rounded once either way. */
    x_cvtsi2s(as, d, is_unsigned, xd, rm_reg(RAX));
    fp_result(e, op->d, d, xd);
}

/* Saturation, NaN and anything near the limits go out of line. */
void emit_to_int(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    bool d = op->n == 3, truncate = op->imm & 1, is_unsigned = op->opc == IR_ftoui;
    int xa = fp_source(e, op->a, d), xd;
    SlowPath *s = emit_slow(e, SLOW_FTOI);

    xd = fp_dest(e, op->d);
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
    s->xa = s->xb = xa;
    s->xd = xd;
    s->fp_op = (is_unsigned ? (truncate ? VFP_TOUIZ : VFP_TOUI) : (truncate ? VFP_TOSIZ : VFP_TOSI)) |
               (d ? VFP_SLOW_DOUBLE : 0);
    s->save_xmm = true;
    fp_result(e, op->d, false, xd);
    emit_flags_clobber(e);
}

void emit_getw(Emitter *e, const IROp *op)
{
    load_int_operand(e, op->a);
    emit_store_ref(e, op->d, RAX);
}

void emit_putw(Emitter *e, const IROp *op)
{
    emit_load_ref(e, RAX, op->a);
    emit_xmm_forget(e, op->d);
    x_mov_rm_r(&e->as, false, emit_env(emit_vfp_disp(op->d)), RAX);
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
    emit_load_ref(e, RAX, high->a);
    emit_load_ref(e, RCX, op->a);
    x_shift_i(as, SH_SHL, true, rm_reg(RAX), 32);
    x_alu_r_rm(as, ALU_OR, true, RAX, rm_reg(RCX));
    x_mov_rm_r(as, true, emit_env(emit_vfp_disp(d)), RAX);
    memset(e->xmm_busy, 0, sizeof(e->xmm_busy));
    x = emit_xmm_new(e, d);
    x_movd_x_r(as, true, x, RAX);
    emit_flags_clobber(e);
    return true;
}

void emit_slow_fp(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;

    x_movs_m_x(as, true, emit_env(JIT_OFFSET(slow_val)), s->xa);
    x_movs_m_x(as, true, emit_env(JIT_OFFSET(slow_val2)), s->xb);
    x_mov_rm_i(as, emit_env(JIT_OFFSET(slow_mem)), s->fp_op);
    x_call(as, emit_thunk(e, x86_layout.fp[1]));
    x_movd_x_r(as, true, s->xd, RCX);
    x_jmp(as, s->back);
}
