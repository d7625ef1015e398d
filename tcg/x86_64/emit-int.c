/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer IR ops -> x86-64. Two-address forms on the pinned registers wherever the operands allow it. */
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"

/* reg op= operand. */
static void alu_reg_ref(Emitter *e, ALUOp alu, int reg, IRRef r)
{
    Loc l = emit_loc(e, r);

    if (l.kind == LOC_IMM) {
        x_alu_rm_i(&e->as, alu, false, rm_reg(reg), (int32_t)l.imm);
    } else {
        x_alu_r_rm(&e->as, alu, false, reg, emit_rm(l));
    }
}

static bool same_reg(Loc l, int reg)
{
    return l.kind == LOC_REG && l.reg == reg;
}

static bool same_loc(Loc a, Loc b)
{
    return a.kind == b.kind && a.kind != LOC_IMM && (a.kind == LOC_REG ? a.reg == b.reg : a.disp == b.disp);
}

/* A register operands can be compared from: their own, or rcx after a load. */
static int in_reg(Emitter *e, IRRef r)
{
    Loc l = emit_loc(e, r);

    if (l.kind == LOC_REG) {
        return l.reg;
    }
    emit_load_ref(e, RCX, r);
    return RCX;
}

/*
 * d = a op b for every two-operand ALU op; leaves x86 flags of the operation. Moves keep EFLAGS (adc, sbb rely on it).
 */
static void emit_alu(Emitter *e, ALUOp alu, const IROp *op, bool commutative)
{
    Asm *as = &e->as;
    Loc a = emit_loc(e, op->a), b = emit_loc(e, op->b), d;

    if (op->d == REF_NONE) {
        if (alu == ALU_SUB) {
            if (b.kind == LOC_IMM && a.kind != LOC_IMM) {
                x_alu_rm_i(as, ALU_CMP, false, emit_rm(a), (int32_t)b.imm);
            } else {
                alu_reg_ref(e, ALU_CMP, in_reg(e, op->a), op->b);
            }
        } else if (alu == ALU_AND && b.kind == LOC_IMM && a.kind == LOC_REG) {
            x_test_rm_i(as, rm_reg(a.reg), b.imm);
        } else if (alu == ALU_AND && b.kind != LOC_IMM && a.kind == LOC_REG) {
            x_test_rm_r(as, false, emit_rm(b), a.reg);
        } else {
            emit_load_ref(e, RCX, op->a);
            alu_reg_ref(e, alu, RCX, op->b);
        }
        return;
    }
    d = emit_loc(e, op->d);
    if (same_loc(d, a)) {
        if (d.kind == LOC_REG) {
            alu_reg_ref(e, alu, d.reg, op->b);
            return;
        }
        if (b.kind == LOC_IMM) {
            x_alu_rm_i(as, alu, false, emit_rm(d), (int32_t)b.imm);
        } else {
            int r = b.kind == LOC_REG ? b.reg : RCX;
            emit_load_ref(e, r, op->b);
            x_alu_rm_r(as, alu, false, emit_rm(d), r);
        }
        return;
    }
    if (d.kind == LOC_REG && !same_reg(b, d.reg)) {
        emit_load_ref(e, d.reg, op->a);
        alu_reg_ref(e, alu, d.reg, op->b);
        return;
    }
    if (d.kind == LOC_REG && commutative) {
        alu_reg_ref(e, alu, d.reg, op->a);
        return;
    }
    emit_load_ref(e, RCX, op->a);
    alu_reg_ref(e, alu, RCX, op->b);
    emit_store_ref(e, op->d, RCX);
}

/* Additions without flags: LEA. */
static bool emit_lea_add(Emitter *e, const IROp *op)
{
    Loc d = emit_loc(e, op->d), a = emit_loc(e, op->a), b = emit_loc(e, op->b);
    int32_t disp;

    if (op->setf || d.kind != LOC_REG || a.kind != LOC_REG || same_loc(d, a) ||
        (op->opc == IR_sub && b.kind != LOC_IMM)) {
        return false;
    }
    if (b.kind == LOC_REG && !same_loc(d, b)) {
        x_lea(&e->as, false, d.reg, rm_sib(a.reg, b.reg, 0, 0));
        return true;
    }
    if (b.kind == LOC_IMM) {
        disp = (int32_t)(op->opc == IR_sub ? 0u - b.imm : b.imm);
        x_lea(&e->as, false, d.reg, rm_mem(a.reg, disp));
        return true;
    }
    return false;
}

/*
 * `shl t, b, 1..3; add d, a, t`, t not used again: one LEA. Register-offset addressing and multiplications by 3, 5, 9
 * look like that.
 */
bool emit_shifted_add(Emitter *e, const IROp *op)
{
    const IROp *add = op + 1;
    Loc a, b, d;
    IRRef other;

    if (op->opc != IR_shl || op->imm > 3 || op->setf || !ref_is_temp(op->d) || e->index + 1 >= e->b->nops ||
        add->opc != IR_add || add->setf || e->temp_last[op->d - REF_T0] != e->index + 1) {
        return false;
    }
    other = add->b == op->d ? add->a : add->a == op->d ? add->b : REF_NONE;
    if (other == REF_NONE || other == op->d) {
        return false;
    }
    a = emit_loc(e, other);
    b = emit_loc(e, op->a);
    d = emit_loc(e, add->d);
    if (a.kind != LOC_REG || b.kind != LOC_REG || d.kind != LOC_REG) {
        return false;
    }
    x_lea(&e->as, false, d.reg, rm_sib(a.reg, b.reg, (int)op->imm, 0));
    return true;
}

void emit_add_sub(Emitter *e, const IROp *op)
{
    bool add = op->opc == IR_add;

    if (op->d != REF_NONE && emit_lea_add(e, op)) {
        return;
    }
    emit_alu(e, add ? ALU_ADD : ALU_SUB, op, add);
    emit_flags_defined(e, add ? EF_ADD : EF_SUB);
}

void emit_adc_sbc(Emitter *e, const IROp *op)
{
    bool adc = op->opc == IR_adc;

    emit_carry_in(e, !adc);
    emit_alu(e, adc ? ALU_ADC : ALU_SBB, op, adc);
    emit_flags_defined(e, adc ? EF_ADD : EF_SUB);
}

/* Set N and Z from a location without changing it. */
static void test_ref(Emitter *e, IRRef r)
{
    Loc l = emit_loc(e, r);

    if (l.kind == LOC_REG) {
        x_test_rm_r(&e->as, false, rm_reg(l.reg), l.reg);
    } else if (l.kind == LOC_MEM) {
        x_alu_rm_i(&e->as, ALU_CMP, false, emit_rm(l), 0);
    } else {
        x_mov_r_i(&e->as, RCX, l.imm);
        x_test_rm_r(&e->as, false, rm_reg(RCX), RCX);
    }
}

void emit_logic(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc a = emit_loc(e, op->a), b = emit_loc(e, op->b);

    if (op->d == REF_NONE && op->opc == IR_and && a.kind != LOC_IMM) {
        if (b.kind == LOC_IMM) {
            x_test_rm_i(as, emit_rm(a), b.imm);
        } else if (b.kind == LOC_REG) {
            x_test_rm_r(as, false, emit_rm(a), b.reg);
        } else {
            x_test_rm_r(as, false, emit_rm(b), in_reg(e, op->a));
        }
    } else {
        emit_alu(e, op->opc == IR_and ? ALU_AND : op->opc == IR_or ? ALU_OR : ALU_XOR, op, true);
    }
    emit_flags_defined(e, EF_LOGIC);
}

void emit_bic(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc b = emit_loc(e, op->b), d = emit_loc(e, op->d);

    if (b.kind == LOC_IMM) {
        if (d.kind == LOC_REG) {
            emit_load_ref(e, d.reg, op->a);
            x_alu_rm_i(as, ALU_AND, false, rm_reg(d.reg), (int32_t)~b.imm);
        } else {
            emit_load_ref(e, RCX, op->a);
            x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), (int32_t)~b.imm);
            emit_store_ref(e, op->d, RCX);
        }
    } else {
        emit_load_ref(e, RCX, op->b);
        x_unary(as, UN_NOT, false, rm_reg(RCX));
        alu_reg_ref(e, ALU_AND, RCX, op->a);
        emit_store_ref(e, op->d, RCX);
    }
    emit_flags_defined(e, EF_LOGIC);
}

void emit_mov(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc d = emit_loc(e, op->d), a = emit_loc(e, op->a);

    if (op->opc == IR_mvn && a.kind == LOC_IMM) {
        a.imm = ~a.imm;
    }
    if (a.kind == LOC_IMM) {
        if (d.kind == LOC_REG) {
            x_mov_r_i(as, d.reg, a.imm);
        } else {
            x_mov_rm_i(as, emit_rm(d), a.imm);
        }
    } else if (op->opc == IR_mvn) {
        if (same_loc(d, a)) {
            x_unary(as, UN_NOT, false, emit_rm(d));
        } else if (d.kind == LOC_REG) {
            emit_load_ref(e, d.reg, op->a);
            x_unary(as, UN_NOT, false, rm_reg(d.reg));
        } else {
            emit_load_ref(e, RCX, op->a);
            x_unary(as, UN_NOT, false, rm_reg(RCX));
            emit_store_ref(e, op->d, RCX);
        }
    } else if (d.kind == LOC_REG) {
        emit_load_ref(e, d.reg, op->a);
    } else if (!same_loc(d, a)) {
        emit_store_ref(e, op->d, in_reg(e, op->a));
    }
    if (op->setf) {
        test_ref(e, op->d);
        emit_flags_defined(e, EF_LOGIC);
    }
}

void emit_shift_imm(Emitter *e, const IROp *op)
{
    static const ShiftOp sh[] = { [IR_shl] = SH_SHL, [IR_shr] = SH_SHR, [IR_sar] = SH_SAR, [IR_ror] = SH_ROR };
    Asm *as = &e->as;
    Loc d = emit_loc(e, op->d), a = emit_loc(e, op->a);
    int reg = d.kind == LOC_REG ? d.reg : RCX;

    if (!op->setf && op->opc == IR_shl && op->imm == 1 && a.kind == LOC_REG && d.kind == LOC_REG && !same_loc(a, d)) {
        x_lea(as, false, d.reg, rm_sib(a.reg, a.reg, 0, 0));
        return;
    }
    if (x86_bmi2 && op->opc == IR_ror && !op->setf) {
        if (a.kind == LOC_IMM) {
            x_mov_r_i(as, reg, a.imm);
            a = (Loc) { .kind = LOC_REG, .reg = reg };
        }
        x_rorx_i(as, reg, emit_rm(a), (int)op->imm);
        emit_store_ref(e, op->d, reg);
        return;
    }
    emit_load_ref(e, reg, op->a);
    x_shift_i(as, sh[op->opc], false, rm_reg(reg), (int)op->imm);
    if (d.kind != LOC_REG) {
        emit_store_ref(e, op->d, reg);
    }
    if (op->opc != IR_ror) {
        emit_flags_defined(e, EF_SHIFT);
        return;
    }
    /* Host rotates leave SF and ZF alone: C first, then N and Z from the result. */
    emit_flags_clobber(e);
    if (op->setf & F_C) {
        x_setcc(as, X_B, emit_env(ENV_OFFSET(nzcv.c)));
    }
    if (op->setf & F_NZ) {
        test_ref(e, op->d);
        e->ef = (EFlagsState) { EF_LOGIC, F_NZ, F_NZ };
        emit_flags_save(e, op->savef);
    }
}

void emit_rrx(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    emit_carry_in(e, false);
    emit_load_ref(e, RCX, op->a);
    x_shift_i(as, SH_RCR, false, rm_reg(RCX), 1);
    if (op->setf & F_C) {
        x_setcc(as, X_B, emit_env(ENV_OFFSET(nzcv.c)));
    }
    emit_store_ref(e, op->d, RCX);
    if (op->setf & F_NZ) {
        x_test_rm_r(as, false, rm_reg(RCX), RCX);
        e->ef = (EFlagsState) { EF_LOGIC, F_NZ, F_NZ };
        emit_flags_save(e, op->savef);
    }
}

static void load_ref_64(Emitter *e, int reg, IRRef r, bool is_signed)
{
    Loc l = emit_loc(e, r);

    if (!is_signed) {
        emit_load_ref(e, reg, r);
    } else if (l.kind == LOC_IMM) {
        x_mov_r_i64(&e->as, reg, (uint64_t)(int64_t)(int32_t)l.imm);
    } else {
        x_movsxd(&e->as, reg, emit_rm(l));
    }
}

/*
 * Shifts by a register with BMI2: ARM uses 8 bits of the amount, 64-bit shifts six, and 63 does what more would do.
 * EFLAGS stay.
 */
static void emit_shift_bmi2(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc a = emit_loc(e, op->a), b = emit_loc(e, op->b);
    ShiftOp shift = op->opc == IR_shlv ? SH_SHL : op->opc == IR_shrv ? SH_SHR : SH_SAR;
    uint8_t *small;
    int value = RCX;

    if (b.kind == LOC_IMM) {
        x_mov_r_i(as, RAX, b.imm & 0xff);
    } else {
        x_movzx8(as, RAX, emit_rm(b));
    }
    x_rorx_i(as, RCX, rm_reg(RAX), 6);
    x_movzx8(as, RCX, rm_reg(RCX));
    small = x_jecxz_short_fwd(as);
    x_mov_r_i(as, RAX, 63);
    x_patch8(small, as->p);
    if (shift == SH_SAR) {
        load_ref_64(e, RCX, op->a, true);
    } else if (a.kind == LOC_REG) {
        value = a.reg;
    } else {
        emit_load_ref(e, RCX, op->a);
    }
    x_shiftx(as, shift, true, RCX, value, RAX);
    emit_store_ref(e, op->d, RCX);
}

/* Shifts by a register: ARM uses 8 bits of the amount, x86 five. */
void emit_shift_var(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    if (x86_bmi2 && op->opc != IR_rorv) {
        emit_shift_bmi2(e, op);
        return;
    }
    emit_load_ref(e, RCX, op->b);
    emit_load_ref(e, RAX, op->a);
    x_movzx8(as, RCX, rm_reg(RCX));
    switch (op->opc) {
    case IR_shlv: case IR_shrv:
        x_alu_rm_i(as, ALU_CMP, false, rm_reg(RCX), 32);
        x_alu_r_rm(as, ALU_SBB, false, RDX, rm_reg(RDX));
        x_shift_cl(as, op->opc == IR_shlv ? SH_SHL : SH_SHR, false, rm_reg(RAX));
        x_alu_r_rm(as, ALU_AND, false, RAX, rm_reg(RDX));
        break;
    case IR_sarv:
        x_mov_r_i(as, RDX, 31);
        x_alu_r_rm(as, ALU_CMP, false, RCX, rm_reg(RDX));
        x_cmov(as, X_A, false, RCX, rm_reg(RDX));
        x_shift_cl(as, SH_SAR, false, rm_reg(RAX));
        break;
    default:
        x_shift_cl(as, SH_ROR, false, rm_reg(RAX));
        break;
    }
    emit_store_ref(e, op->d, RAX);
    emit_flags_clobber(e);
}

void emit_mul(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc d = emit_loc(e, op->d), b = emit_loc(e, op->b);
    int reg = d.kind == LOC_REG && !same_loc(d, b) ? d.reg : RCX;

    if (b.kind == LOC_IMM) {
        emit_load_ref(e, RCX, op->b);
        Loc a = emit_loc(e, op->a);
        if (a.kind == LOC_IMM) {
            x_mov_r_i(as, RCX, a.imm * b.imm);
        } else {
            x_imul_r_rm(as, false, RCX, emit_rm(a));
        }
        reg = RCX;
    } else {
        emit_load_ref(e, reg, op->a);
        x_imul_r_rm(as, false, reg, emit_rm(b));
    }
    if (!same_reg(d, reg)) {
        emit_store_ref(e, op->d, reg);
    }
    emit_flags_clobber(e);
    if (op->setf) {
        x_test_rm_r(as, false, rm_reg(reg), reg);
        emit_flags_defined(e, EF_LOGIC);
    }
}

/*
 * reg = a * b, 64 bits; a guest register's upper half is zero, so as an unsigned factor it is used where it is. reg may
 * hold a factor.
 */
static void emit_product(Emitter *e, const IROp *op, bool is_signed, int reg)
{
    Loc b = emit_loc(e, op->b);
    bool swap = b.kind == LOC_REG && b.reg == reg;
    IRRef first = swap ? op->b : op->a, second = swap ? op->a : op->b;

    b = emit_loc(e, second);
    if (is_signed || b.kind != LOC_REG) {
        load_ref_64(e, RAX, second, is_signed);
        b.reg = RAX;
    }
    load_ref_64(e, reg, first, is_signed);
    x_imul_r_rm(&e->as, true, reg, rm_reg(b.reg));
}

void emit_mull(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc high = emit_loc(e, op->c);
    int reg = high.kind == LOC_REG && high.reg != RAX && op->d != op->c ? high.reg : RCX;

    emit_product(e, op, op->opc == IR_smull, reg);
    emit_store_ref(e, op->d, reg);
    x_shift_i(as, SH_SHR, true, rm_reg(reg), 32);
    if (reg == RCX) {
        emit_store_ref(e, op->c, RCX);
    }
    emit_flags_clobber(e);
}

void emit_mlal(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    emit_product(e, op, op->opc == IR_smlal, RCX);
    x_mov_r_rm(as, false, RAX, rm_reg(RCX));
    x_shift_i(as, SH_SHR, true, rm_reg(RCX), 32);
    x_alu_rm_r(as, ALU_ADD, false, emit_rm(emit_loc(e, op->d)), RAX);
    x_alu_rm_r(as, ALU_ADC, false, emit_rm(emit_loc(e, op->c)), RCX);
    emit_flags_clobber(e);
}

void emit_nz64(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    emit_load_ref(e, RCX, op->b);
    x_shift_i(as, SH_SHL, true, rm_reg(RCX), 32);
    emit_load_ref(e, RAX, op->a);
    x_alu_r_rm(as, ALU_OR, true, RCX, rm_reg(RAX));
    emit_flags_defined(e, EF_LOGIC);
}

void emit_unary(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc d = emit_loc(e, op->d), a = emit_loc(e, op->a);
    int reg = d.kind == LOC_REG ? d.reg : RCX;
    RM src;

    if (a.kind == LOC_IMM) {
        x_mov_r_i(as, RCX, a.imm);
        src = rm_reg(RCX);
    } else {
        src = emit_rm(a);
    }
    switch (op->opc) {
    case IR_sxtb:
        x_movsx8(as, reg, src);
        break;
    case IR_sxth:
        x_movsx16(as, reg, src);
        break;
    case IR_uxtb:
        x_movzx8(as, reg, src);
        break;
    case IR_uxth:
        x_movzx16(as, reg, src);
        break;
    case IR_clz:
        /* bit number of the highest one of 2a+1 (64 bits) = 32 - clz(a) */
        x_mov_r_rm(as, false, RCX, src);
        x_lea(as, true, RCX, rm_sib(RCX, RCX, 0, 1));
        x_bsr(as, true, RCX, rm_reg(RCX));
        x_unary(as, UN_NEG, false, rm_reg(RCX));
        x_alu_rm_i(as, ALU_ADD, false, rm_reg(RCX), 32);
        reg = RCX;
        emit_flags_clobber(e);
        break;
    default:
        if (src.reg != reg) {
            x_mov_r_rm(as, false, reg, src);
        }
        if (op->opc == IR_revsh) {
            x_shift16_i(as, SH_ROL, reg, 8);
            x_movsx16(as, reg, rm_reg(reg));
            emit_flags_clobber(e);
        } else {
            x_bswap(as, false, reg);
            if (op->opc == IR_rev16) {
                x_shift_i(as, SH_ROL, false, rm_reg(reg), 16);
                emit_flags_clobber(e);
            }
        }
        break;
    }
    if (!same_reg(d, reg)) {
        emit_store_ref(e, op->d, reg);
    }
}

void emit_csel(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc d = emit_loc(e, op->d), a = emit_loc(e, op->a), b = emit_loc(e, op->b);
    X86CC cc = emit_cond(e, op->cc);
    RM src;

    if (d.kind == LOC_REG && same_loc(d, b)) {
        if (a.kind == LOC_IMM) {
            x_mov_r_i(as, RCX, a.imm);
            src = rm_reg(RCX);
        } else {
            src = emit_rm(a);
        }
        x_cmov(as, cc, false, d.reg, src);
        return;
    }
    emit_load_ref(e, RCX, op->b);
    if (a.kind == LOC_IMM) {
        x_mov_r_i(as, RAX, a.imm);
        src = rm_reg(RAX);
    } else {
        src = emit_rm(a);
    }
    x_cmov(as, cc, false, RCX, src);
    emit_store_ref(e, op->d, RCX);
}

