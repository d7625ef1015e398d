/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest condition flags in EFLAGS and in env->nzcv.
 *
 * N Z V are SF ZF OF. C is CF after additions and shifts, NOT CF after subtractions: EFKind tells. Saving all four is
 * LAHF; MOV [nz], AH; SETO [v]; SETcc [c]: none of them changes EFLAGS, so a conditional jump may follow. To store AX
 * with V in AL would be one store less, but slower: the processor puts AH and AL together first.
 */
#include "target/arm/vfp-helper.h"
#include "tcg/x86_64/emit.h"

#define NZCV_V   emit_env(ENV_OFFSET(nzcv.v))
#define NZCV_NZ  emit_env(ENV_OFFSET(nzcv.nz))
#define NZCV_C   emit_env(ENV_OFFSET(nzcv.c))

/* Flags a kind of result leaves in EFLAGS. */
static uint8_t kind_flags(EFKind k)
{
    switch (k) {
    case EF_SUB: case EF_ADD: case EF_COMPARED:
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

/*
 * COMIS leaves CF for less, ZF for equal, and both with PF for unordered. Some of ARM's conditions are one of x86's
 * then; for the others and for memory two tables, indexed by these flags as LAHF shows them, have ARM's flags: as
 * env->nzcv holds them, and as a number that compares with 1 that way.
 */
static const struct { uint8_t raw; uint32_t less_one; ARMFlags nzcv; } compared[] = {
    { VFP_RAW, 2, { .c = 1 } },
    { VFP_RAW | VFP_RAW_LESS, 0, { .nz = 0x80 } },
    { VFP_RAW | VFP_RAW_EQUAL, 1, { .nz = 0x40, .c = 1 } },
    { VFP_RAW | VFP_RAW_LESS | VFP_RAW_EQUAL | VFP_RAW_UNORDERED, 0x80000000, { .c = 1, .v = 1 } },
};
enum { COMPARED_VALUES = (VFP_RAW | VFP_RAW_LESS | VFP_RAW_EQUAL | VFP_RAW_UNORDERED) + 1 };

void emit_put_compared(Asm *as, const uint8_t *base)
{
    uint32_t less_one[COMPARED_VALUES] = { 0 };
    ARMFlags nzcv[COMPARED_VALUES] = { { 0 } };

    for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
        less_one[compared[i].raw] = compared[i].less_one;
        nzcv[compared[i].raw] = compared[i].nzcv;
    }
    as->p = (uint8_t *)(((uintptr_t)as->p + 63) & ~(uintptr_t)63);
    x86_layout.compared_nzcv = (uint32_t)(as->p - base);
    memcpy(as->p, nzcv, sizeof(nzcv));
    as->p += sizeof(nzcv);
    x86_layout.compared_less_one = (uint32_t)(as->p - base);
    memcpy(as->p, less_one, sizeof(less_one));
    as->p += sizeof(less_one);
}

/* The entry of one of the tables for the flags at hand; clobbers rax and rcx, keeps EFLAGS. */
static RM compared_entry(Emitter *e, uint32_t table)
{
    x_lahf(&e->as);
    x_movzx8_ah(&e->as, RCX);
    x_lea(&e->as, true, RAX, rm_rip(e->buf_base + table));
    return rm_sib(RAX, RCX, 2, 0);
}

/* Turn EF_COMPARED into flags that are ARM's. */
static void make_plain(Emitter *e)
{
    if (e->ef.kind == EF_COMPARED) {
        x_alu_rm_i(&e->as, ALU_CMP, false, compared_entry(e, x86_layout.compared_less_one), 1);
        e->ef.kind = EF_SUB;
    }
}

static void save_compared(Emitter *e)
{
    x_mov_r_rm(&e->as, false, RAX, compared_entry(e, x86_layout.compared_nzcv));
    x_mov_rm_r(&e->as, false, emit_env(ENV_OFFSET(nzcv)), RAX);
}

void emit_flags_save(Emitter *e, uint8_t mask)
{
    Asm *as = &e->as;

    mask &= e->ef.mask;
    if (!mask) {
        return;
    }
    if (e->ef.kind == EF_COMPARED) {
        save_compared(e);
        e->ef.unsaved = 0;
        return;
    }
    if (mask & F_NZ) {
        x_lahf(as);
        x_mov8_mem_ah(as, NZCV_NZ);
    }
    if (mask & F_V) {
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

static void load_late(Emitter *e, int reg, IRRef r, uint32_t k)
{
    if (ref_is_const(r)) {
        x_mov_r_i(&e->as, reg, ir_const_value(e->b, r) + k);
        return;
    }
    emit_load_ref(e, reg, r);
    if (k) {
        x_lea(&e->as, false, reg, rm_mem(reg, (int32_t)k));
    }
}

void emit_flags_late(Emitter *e, const IRLate *l)
{
    bool sub = l->opc == IR_sub;

    load_late(e, RCX, l->a, l->ka);
    load_late(e, RAX, l->b, l->kb);
    if (sub) {
        x_alu_r_rm(&e->as, ALU_CMP, false, RCX, rm_reg(RAX));
    } else {
        x_test_rm_r(&e->as, false, rm_reg(RCX), RAX);
    }
    e->ef = (EFlagsState) { sub ? EF_SUB : EF_LOGIC, sub ? F_NZCV : F_NZ, sub ? F_NZCV : F_NZ };
    emit_flags_save(e, e->ef.mask);
    emit_flags_clobber(e);
}

/* The x86 condition behind COMIS that is ARM's, or -1. */
static int compared_cc(int cc)
{
    switch (cc) {
    case CC_GT:
        return X_A;
    case CC_LE:
        return X_BE;
    case CC_GE:
        return X_AE;
    case CC_LT:
        return X_B;
    case CC_VS:
        return X_P;
    case CC_VC:
        return X_NP;
    default:
        return -1;
    }
}

/* The condition from EFLAGS that hold its flags. */
static X86CC cond_from_eflags(Emitter *e, int cc)
{
    bool sub;
    static const X86CC signed_cc[] = {
        [CC_EQ] = X_E, [CC_NE] = X_NE, [CC_MI] = X_S, [CC_PL] = X_NS, [CC_VS] = X_O, [CC_VC] = X_NO,
        [CC_GE] = X_GE, [CC_LT] = X_L, [CC_GT] = X_G, [CC_LE] = X_LE,
    };

    if (e->ef.kind == EF_COMPARED && compared_cc(cc) >= 0) {
        return (X86CC)compared_cc(cc);
    }
    make_plain(e);
    sub = e->ef.kind == EF_SUB;
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
        /* bit 7: N != V; bit 6: Z */
        x_movzx8(as, RCX, NZCV_V);
        x_movzx8(as, RAX, NZCV_NZ);
        x_shift_i(as, SH_SHL, false, rm_reg(RCX), 7);
        x_alu_r_rm(as, ALU_XOR, false, RAX, rm_reg(RCX));
        x_test8_rm_i(as, rm_reg(RAX), cc == CC_GE || cc == CC_LT ? 0x80 : 0xc0);
        return cc == CC_GE || cc == CC_GT ? X_E : X_NE;
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
        make_plain(e);
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
        make_plain(e);
        x_setcc(as, e->ef.kind == EF_SUB ? X_AE : X_B, rm_reg(RCX));
        x_movzx8(as, RCX, rm_reg(RCX));
    } else {
        x_movzx8(as, RCX, NZCV_C);
    }
    emit_store_ref(e, op->d, RCX);
}

/* All of them, those that nobody reads included. What nzcv.nz has besides N and Z does not matter. */
void emit_setflags(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    emit_load_ref(e, RCX, op->a);
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), 24);
    x_mov8_rm_r(as, NZCV_NZ, RCX);
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), 4);
    x_mov_r_rm(as, false, RAX, rm_reg(RCX));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), 1);
    x_mov8_rm_r(as, NZCV_V, RCX);
    x_shift_i(as, SH_SHR, false, rm_reg(RAX), 1);
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), 1);
    x_mov8_rm_r(as, NZCV_C, RAX);
    emit_flags_clobber(e);
}

void emit_getflags(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    x_movzx8(as, RCX, NZCV_NZ);
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), 0xc0);
    x_shift_i(as, SH_SHL, false, rm_reg(RCX), 24);
    x_movzx8(as, RAX, NZCV_C);
    x_shift_i(as, SH_SHL, false, rm_reg(RAX), 29);
    x_alu_r_rm(as, ALU_OR, false, RCX, rm_reg(RAX));
    x_movzx8(as, RAX, NZCV_V);
    x_shift_i(as, SH_SHL, false, rm_reg(RAX), 28);
    x_alu_r_rm(as, ALU_OR, false, RCX, rm_reg(RAX));
    emit_flags_clobber(e);
    emit_store_ref(e, op->d, RCX);
}
