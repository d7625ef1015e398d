/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A32 data processing: the sixteen operations with an immediate, a register shifted by a constant, or a register
 * shifted by a register (ARM DDI 0100I A3.4, A5.1), and the shifter that Thumb shares. Thread-private, see
 * translate-internal.h.
 *
 * The carry of the shifter is an op of its own in front of the operation: `ands r0, r1, r2, lsl #3` is
 * `shl t, r2, 3 [C]; and r0, r1, t [NZ]`.
 */
#include "target/arm/translate-internal.h"

enum { LSL, LSR, ASR, ROR };

static bool op_is_logical(unsigned op)
{
    return op <= OP_EOR || op == OP_TST || op == OP_TEQ || op >= OP_ORR;
}

static bool op_is_compare(unsigned op)
{
    return op >= OP_TST && op <= OP_CMN;
}

/* ---- the shifter ---- */

IRRef gen_shift_imm(DisasContext *s, unsigned type, IRRef a, unsigned amount, bool carry)
{
    static const IROpcode opcs[4] = { IR_shl, IR_shr, IR_sar, IR_ror };
    IRRef t;

    if (amount == 0) {
        switch (type) {
        case LSL:
            return a;
        case LSR:   /* by 32 */
            if (carry) {
                t = gen_shift(s, IR_shr, gen_temp(s), a, 31);
                gen_op1f(s, IR_setc, REF_NONE, t, F_C);
            }
            return gen_const(s, 0);
        case ASR:   /* by 32 */
            t = gen_shift(s, IR_sar, gen_temp(s), a, 31);
            if (carry) {
                gen_op1f(s, IR_setc, REF_NONE, t, F_C);
            }
            return t;
        default:
            t = gen_temp(s);
            gen_op1f(s, IR_rrx, t, a, carry ? F_C : 0);
            return t;
        }
    }
    t = gen_shift(s, opcs[type], gen_temp(s), a, amount);
    if (carry) {
        s->b->ops[s->b->nops - 1].setf = F_C;
    }
    return t;
}

void gen_shift_reg(DisasContext *s, unsigned type, IRRef d, IRRef a, IRRef b, bool carry)
{
    static const IROpcode opcs[4] = { IR_shlv, IR_shrv, IR_sarv, IR_rorv };
    static const HelperId helpers[4] = { HELPER_lsl_c, HELPER_lsr_c, HELPER_asr_c, HELPER_ror_c };

    /* The carry needs a helper; where nobody reads it the flag pass does without. */
    if (carry) {
        gen_call(s, d, helpers[type], a, b, REF_NONE);
    } else {
        gen_op2(s, opcs[type], d, a, b);
    }
}

/* ---- the operations ---- */

/* d = op(n, m); the second operand's carry is already in C. */
static void gen_dp(DisasContext *s, unsigned op, IRRef d, IRRef n, IRRef m, bool setf)
{
    uint8_t nz = setf ? F_NZ : 0, nzcv = setf ? F_NZCV : 0;

    switch (op) {
    case OP_AND: gen_op2f(s, IR_and, d, n, m, nz); break;
    case OP_EOR: gen_op2f(s, IR_xor, d, n, m, nz); break;
    case OP_SUB: gen_op2f(s, IR_sub, d, n, m, nzcv); break;
    case OP_RSB: gen_op2f(s, IR_sub, d, m, n, nzcv); break;
    case OP_ADD: gen_op2f(s, IR_add, d, n, m, nzcv); break;
    case OP_ADC: gen_op2f(s, IR_adc, d, n, m, nzcv); break;
    case OP_SBC: gen_op2f(s, IR_sbc, d, n, m, nzcv); break;
    case OP_RSC: gen_op2f(s, IR_sbc, d, m, n, nzcv); break;
    case OP_TST: gen_op2f(s, IR_and, REF_NONE, n, m, nz); break;
    case OP_TEQ: gen_op2f(s, IR_xor, REF_NONE, n, m, nz); break;
    case OP_CMP: gen_op2f(s, IR_sub, REF_NONE, n, m, nzcv); break;
    case OP_CMN: gen_op2f(s, IR_add, REF_NONE, n, m, nzcv); break;
    case OP_ORR: gen_op2f(s, IR_or, d, n, m, nz); break;
    case OP_MOV: gen_op1f(s, IR_mov, d, m, nz); break;
    case OP_BIC: gen_op2f(s, IR_bic, d, n, m, nz); break;
    default:     gen_op1f(s, IR_mvn, d, m, nz); break;
    }
}

/* <op>{S} Rd, Rn, m: with Rd = PC a branch, and with S also the return from an exception. */
static void gen_dp_to_reg(DisasContext *s, unsigned op, bool setf, unsigned rd, IRRef n, IRRef m)
{
    IRRef t;

    if (op_is_compare(op)) {
        gen_dp(s, op, REF_NONE, n, m, true);
    } else if (rd != 15) {
        gen_dp(s, op, REF_R(rd), n, m, setf);
    } else {
        t = m;
        if (op != OP_MOV) {
            t = gen_temp(s);
            gen_dp(s, op, t, n, m, false);
        }
        if (setf) {
            gen_call(s, REF_NONE, HELPER_exception_return, t, REF_NONE, REF_NONE);
            gen_exit_main(s);
        } else {
            gen_write_pc(s, t);
        }
    }
}

/* S with Rd = PC copies SPSR, which user mode does not have. */
static bool dp_is_allowed(DisasContext *s, unsigned op, bool setf, unsigned rd)
{
    return !(setf && rd == 15 && !op_is_compare(op) && !s_priv(s));
}

/* Does the shifter have to define C? */
static bool dp_wants_carry(unsigned op, bool setf, unsigned rd)
{
    return setf && op_is_logical(op) && (rd != 15 || op_is_compare(op));
}

/* The immediate operand, rotated; defines C if the rotation does and `carry` asks for it. */
static IRRef gen_imm_operand(DisasContext *s, unsigned r, uint32_t v, bool carry)
{
    unsigned rot = r * 2;

    if (rot) {
        v = v >> rot | v << (32 - rot);
        if (carry) {
            gen_op1f(s, IR_setc, REF_NONE, gen_const(s, v >> 31), F_C);
        }
    }
    return gen_const(s, v);
}

/* <op>{S}<c> Rd, Rn, #imm */
bool trans_dp_imm(DisasContext *s, const args_dp_imm *f)
{
    IRRef m;

    if (!dp_is_allowed(s, f->op, f->S, f->d)) {
        return false;
    }
    m = gen_imm_operand(s, f->r, f->i, dp_wants_carry(f->op, f->S, f->d));
    gen_dp_to_reg(s, f->op, f->S, f->d, gen_reg(s, f->n), m);
    return true;
}

/* <op>{S}<c> Rd, Rn, Rm, <shift> #amount */
bool trans_dp_reg(DisasContext *s, const args_dp_reg *f)
{
    IRRef m;

    if (!dp_is_allowed(s, f->op, f->S, f->d)) {
        return false;
    }
    m = gen_shift_imm(s, f->t, gen_reg(s, f->m), f->i, dp_wants_carry(f->op, f->S, f->d));
    gen_dp_to_reg(s, f->op, f->S, f->d, gen_reg(s, f->n), m);
    return true;
}

/* <op>{S}<c> Rd, Rn, Rm, <shift> Rs */
bool trans_dp_rsr(DisasContext *s, const args_dp_rsr *f)
{
    bool unary = f->op == OP_MOV || f->op == OP_MVN;
    IRRef t;

    /* PC in any place is UNPREDICTABLE. */
    if (f->n == 15 || (f->d == 15 && !op_is_compare(f->op)) || f->s == 15 || f->m == 15) {
        return false;
    }
    t = f->op == OP_MOV && !f->S ? REF_R(f->d) : gen_temp(s);
    gen_shift_reg(s, f->t, t, REF_R(f->m), REF_R(f->s), dp_wants_carry(f->op, f->S, f->d));
    if (t != REF_R(f->d)) {
        gen_dp_to_reg(s, f->op, f->S, f->d, unary ? REF_NONE : REF_R(f->n), t);
    }
    return true;
}

/* ---- MOV and MVN: they deal with their condition themselves, because a conditional move needs no jump ---- */

static bool can_use_csel(const DisasContext *s, bool setf, unsigned rd)
{
    return s->cond != CC_AL && s->skip_cond != s->cond && !setf && rd != 15;
}

static void gen_csel(DisasContext *s, unsigned rd, IRRef value)
{
    ir_emit(s->b, IR_csel, REF_R(rd), value, REF_R(rd), 0)->cc = s->cond;
}

/* MOV{S}<c> Rd, #imm; MVN{S}<c> Rd, #imm */
bool trans_mov_imm(DisasContext *s, const args_mov_imm *f)
{
    bool csel = can_use_csel(s, f->S, f->d);
    IRRef m;

    if (!dp_is_allowed(s, OP_MOV, f->S, f->d)) {
        return false;
    }
    if (!csel) {
        gen_skip_unless(s, s->cond);
    }
    m = gen_imm_operand(s, f->r, f->i, dp_wants_carry(OP_MOV, f->S, f->d));
    if (f->mvn) {
        m = gen_const(s, ~ir_const_value(s->b, m));
    }
    if (csel) {
        gen_csel(s, f->d, m);
    } else {
        gen_dp_to_reg(s, OP_MOV, f->S, f->d, REF_NONE, m);
    }
    return true;
}

/* MOV{S}<c> Rd, Rm, <shift> #amount; MVN{S}<c> likewise */
bool trans_mov_reg(DisasContext *s, const args_mov_reg *f)
{
    static const IROpcode opcs[4] = { IR_shl, IR_shr, IR_sar, IR_ror };
    bool shifted = f->t != LSL || f->i != 0;
    IRRef m = gen_reg(s, f->m), d = REF_R(f->d);

    if (!dp_is_allowed(s, OP_MOV, f->S, f->d)) {
        return false;
    }
    if (!shifted && can_use_csel(s, f->S, f->d)) {
        if (f->mvn) {
            m = gen_op1(s, IR_mvn, gen_temp(s), m);
        }
        if (m != d) {
            gen_csel(s, f->d, m);
        }
        return true;
    }
    gen_skip_unless(s, s->cond);
    if (!f->mvn && f->i != 0 && f->d != 15) {
        /* LSL, LSR, ASR, ROR by 1..31: one op. */
        gen_shift(s, opcs[f->t], d, m, f->i);
        if (f->S) {
            s->b->ops[s->b->nops - 1].setf = F_NZC;
        }
        return true;
    }
    if (!f->mvn && f->t == ROR && f->d != 15) {
        gen_op1f(s, IR_rrx, d, m, f->S ? F_NZC : 0);
        return true;
    }
    m = gen_shift_imm(s, f->t, m, f->i, dp_wants_carry(OP_MOV, f->S, f->d));
    if (f->mvn || f->S || f->d == 15 || m != d) {
        gen_dp_to_reg(s, f->mvn ? OP_MVN : OP_MOV, f->S, f->d, REF_NONE, m);
    }
    return true;
}
