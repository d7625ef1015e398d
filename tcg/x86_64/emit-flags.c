/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest condition flags in EFLAGS and in env->nzcv.
 *
 * N Z V are SF ZF OF. C is CF after additions and shifts, NOT CF after subtractions: EFKind tells. Saving all four
 * is LAHF; SETO AL; MOV [v..nz], AX; SETcc [c]: none of them changes EFLAGS, so a conditional jump may follow.
 */
#include "tcg/x86_64/emit.h"

#define NZCV_V   emit_env(ENV_OFFSET(nzcv.v))
#define NZCV_NZ  emit_env(ENV_OFFSET(nzcv.nz))
#define NZCV_C   emit_env(ENV_OFFSET(nzcv.c))

_Static_assert(offsetof(ARMFlags, nz) == offsetof(ARMFlags, v) + 1, "AX is stored to v and nz at once");

/* Flags a kind of result leaves in EFLAGS. */
static uint8_t kind_flags(EFKind k)
{
    switch (k) {
    case EF_SUB: case EF_ADD:
        return F_NZCV;
    case EF_SHIFT:
        return F_NZC;
    case EF_LOGIC:
        return F_NZ;
    default:
        return 0;
    }
}

void emit_flags_clobber(Emitter *e)
{
    e->ef = (EFlagsState) { EF_NONE, 0, 0 };
}

void emit_flags_save(Emitter *e, uint8_t mask)
{
    Asm *as = &e->as;

    mask &= e->ef.mask;
    if (!mask) {
        return;
    }
    if (mask & F_NZ) {
        x_lahf(as);
        if (mask & F_V) {
            x_setcc(as, X_O, rm_reg(RAX));
            x_mov16_rm_r(as, NZCV_V, RAX);
        } else {
            x_mov8_mem_ah(as, NZCV_NZ);
        }
    } else if (mask & F_V) {
        x_setcc(as, X_O, NZCV_V);
    }
    if (mask & F_C) {
        x_setcc(as, e->ef.kind == EF_SUB ? X_AE : X_B, NZCV_C);
    }
    e->ef.unsaved &= (uint8_t)~mask;
}

void emit_flags_defined(Emitter *e, EFKind kind)
{
    const IROp *op = e->op;
    uint8_t have = kind_flags(kind);

    e->ef = (EFlagsState) { kind, have & op->setf, have & op->setf };
    if (kind == EF_LOGIC || kind == EF_SHIFT) {
        /* N and Z are there even when only C was asked for; what was not asked for is not the guest's. */
        e->ef.mask = have & op->setf;
    }
    /* N and Z are saved together: an op that defines one of them defines both. */
    emit_flags_save(e, op->savef);
    if (!op->setf) {
        emit_flags_clobber(e);
    }
}

/* The condition from EFLAGS that hold its flags. */
static X86CC cond_from_eflags(Emitter *e, int cc)
{
    bool sub = e->ef.kind == EF_SUB;
    static const X86CC signed_cc[] = {
        [CC_EQ] = X_E, [CC_NE] = X_NE, [CC_MI] = X_S, [CC_PL] = X_NS, [CC_VS] = X_O, [CC_VC] = X_NO,
        [CC_GE] = X_GE, [CC_LT] = X_L, [CC_GT] = X_G, [CC_LE] = X_LE,
    };

    switch (cc) {
    case CC_CS:
        return sub ? X_AE : X_B;
    case CC_CC:
        return sub ? X_B : X_AE;
    case CC_HI: case CC_LS:
        if (!sub) {
            x_cmc(&e->as);
            e->ef.kind = EF_SUB;
        }
        return cc == CC_HI ? X_A : X_BE;
    default:
        return signed_cc[cc];
    }
}

/* The condition from env->nzcv. Clobbers EFLAGS and, for two-flag conditions, rax. */
static X86CC cond_from_memory(Emitter *e, int cc)
{
    Asm *as = &e->as;

    emit_flags_clobber(e);
    switch (cc) {
    case CC_EQ: case CC_NE:
        x_test8_rm_i(as, NZCV_NZ, 0x40);
        return cc == CC_EQ ? X_NE : X_E;
    case CC_MI: case CC_PL:
        x_test8_rm_i(as, NZCV_NZ, 0x80);
        return cc == CC_MI ? X_NE : X_E;
    case CC_CS: case CC_CC:
        x_cmp8_rm_i(as, NZCV_C, 0);
        return cc == CC_CS ? X_NE : X_E;
    case CC_VS: case CC_VC:
        x_cmp8_rm_i(as, NZCV_V, 0);
        return cc == CC_VS ? X_NE : X_E;
    case CC_HI: case CC_LS:
        /* (!Z & C) in bit 0 */
        x_movzx8(as, RAX, NZCV_NZ);
        x_shift_i(as, SH_SHR, false, rm_reg(RAX), 6);
        x_unary(as, UN_NOT, false, rm_reg(RAX));
        x_movzx8(as, RCX, NZCV_C);
        x_alu_r_rm(as, ALU_AND, false, RAX, rm_reg(RCX));
        x_test8_rm_i(as, rm_reg(RAX), 1);
        return cc == CC_HI ? X_NE : X_E;
    default:
        /* OF from V by an addition that overflows iff V = 1; SAHF leaves OF alone. */
        x_movzx8(as, RAX, NZCV_V);
        x_mov8_ah_mem(as, NZCV_NZ);
        x_movzx8(as, RCX, rm_reg(RAX));
        x_shift_i(as, SH_SHL, false, rm_reg(RCX), 30);
        x_alu_r_rm(as, ALU_ADD, false, RCX, rm_reg(RCX));
        x_sahf(as);
        return cond_from_eflags(e, cc);
    }
}

X86CC emit_cond(Emitter *e, int cc)
{
    uint8_t need = ir_cc_flags((uint8_t)cc);
    return (need & ~e->ef.mask) ? cond_from_memory(e, cc) : cond_from_eflags(e, cc);
}

void emit_carry_in(Emitter *e, bool inverted)
{
    bool cf_is_inverted = false;

    if (e->ef.mask & F_C) {
        cf_is_inverted = e->ef.kind == EF_SUB;
    } else {
        /* Read in the size it is written: what was stored as a byte and is read as a word waits for the cache. */
        x_cmp8_rm_i(&e->as, NZCV_C, 1);
        cf_is_inverted = true;
    }
    if (cf_is_inverted != inverted) {
        x_cmc(&e->as);
    }
    emit_flags_clobber(e);
}

void emit_setc(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc a = emit_loc(e, op->a);

    if (a.kind == LOC_IMM) {
        x_mov8_rm_i(as, NZCV_C, a.imm & 1);
    } else {
        emit_load_ref(e, RCX, op->a);
        x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), 1);
        x_mov8_rm_r(as, NZCV_C, RCX);
    }
    emit_flags_clobber(e);
}

void emit_getc(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    if (e->ef.mask & F_C) {
        x_setcc(as, e->ef.kind == EF_SUB ? X_AE : X_B, rm_reg(RCX));
        x_movzx8(as, RCX, rm_reg(RCX));
    } else {
        x_movzx8(as, RCX, NZCV_C);
    }
    emit_store_ref(e, op->d, RCX);
}
