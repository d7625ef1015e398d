/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building of IR blocks: references, constants, labels, ops, and the facts about opcodes and helpers that the passes,
 * the verifier and the back ends share.
 *
 * A block belongs to the thread that builds it; nothing here takes a lock. The limits of a block are hard: once one
 * is hit `overflow` is set, further ops go to a slot that is never executed, and the verifier rejects the block. The
 * translator never gets there because it asks ir_nearly_full() before every guest instruction.
 */
#include <stddef.h>
#include <string.h>
#include "tcg/ir-info.h"
#include "tcg/helper.h"

/*
 * What one guest instruction may need at most: a short-vector multiply-accumulate or a 16-register transfer, and the
 * exits.
 */
enum { ROOM_OPS = 128, ROOM_CONSTS = 64, ROOM_ARGS = 64, ROOM_LABELS = 16, ROOM_TEMPS = 128 };

/* The columns of ir-ops.def. */
#define OPERAND(slot, role, kind, optional) { slot, role, KIND_##kind, optional }
#define D(kind)         OPERAND(0, IR_DEFS, kind, false)
#define D_OPT(kind)     OPERAND(0, IR_DEFS, kind, true)
#define D_TIED(kind)    OPERAND(0, IR_ALL, kind, false)
#define E_TIED(kind)    OPERAND(3, IR_ALL, kind, false)
#define E(kind)         OPERAND(3, IR_DEFS, kind, false)
#define A(kind)         OPERAND(1, IR_USES, kind, false)
#define A_OPT(kind)     OPERAND(1, IR_USES, kind, true)
#define B(kind)         OPERAND(2, IR_USES, kind, false)
#define B_OPT(kind)     OPERAND(2, IR_USES, kind, true)
#define C_OPT(kind)     OPERAND(3, IR_USES, kind, true)
#define LIST_DEF(kind)  OPERAND(SLOT_LIST, IR_DEFS, kind, false)
#define LIST_USE(kind)  OPERAND(SLOT_LIST, IR_USES, kind, false)
#define COUNT(...)      (sizeof((IROperand[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(IROperand) - 1)

const IROpInfo ir_op_info[IR_NB_OPS] = {
#define OP(name, imm, sets, reads, effects, ...) \
    [IR_##name] = { #name, imm, sets, reads, COUNT(__VA_ARGS__), effects, { __VA_ARGS__ } },
#include "tcg/ir-ops.def"
#undef OP
};

/* The operands' columns again, as bits. */
#undef OPERAND
#define OPERAND(slot, roles, kind, optional) \
    (((roles) & IR_DEFS ? 1u << (slot) : 0) | ((roles) & IR_USES ? 1u << (SLOTS_USES + (slot)) : 0))
#define ANY_OF(none, a, b, c, d, ...) ((a) | (b) | (c) | (d))

const uint16_t ir_op_slots[IR_NB_OPS] = {
#define OP(name, imm, sets, reads, effects, ...) [IR_##name] = ANY_OF(0, ##__VA_ARGS__, 0, 0, 0, 0, 0),
#include "tcg/ir-ops.def"
#undef OP
};

/* What a helper's promises leave it to do. */
#define HELPER_EFFECTS(flags) \
    (FX_ENV_READ | FX_ENV_WRITE | ((flags) & HF_PURE ? 0 : FX_LOAD | FX_STORE) | \
     ((flags) & HF_RAISE ? FX_RAISE : 0) | ((flags) & HF_REGS ? FX_REGS : 0) | \
     ((flags) & HF_RFLAGS ? FX_FLAGS_READ : 0) | ((flags) & HF_WFLAGS ? FX_FLAGS_WRITE : 0) | \
     ((flags) & HF_CTX ? FX_CONTEXT : 0) | ((flags) & HF_FP ? FX_VFP | FX_FPSCR | FX_FPCC_READ | FX_FPCC_WRITE : 0))

static const struct {
    const char *name;
    uint8_t nargs, flags;
    uint32_t effects;
} helper_info[NB_HELPERS] = {
#define H(name, nargs, flags) [HELPER_##name] = { #name, nargs, flags, HELPER_EFFECTS(flags) },
#include "target/arm/helper-table.def"
#undef H
};

bool ir_op_has_width(const IROp *op)
{
    const IROpInfo *info = ir_info(op);

    for (unsigned i = 0; i < info->noperands; i++) {
        if (info->operand[i].kind == KIND_FP || info->operand[i].kind == KIND_FP_OTHER) {
            return true;
        }
    }
    return false;
}

const char *ir_helper_name(uint32_t id)
{
    return id < NB_HELPERS ? helper_info[id].name : "?";
}

uint8_t ir_helper_flags(uint32_t id)
{
    return id < NB_HELPERS ? helper_info[id].flags : 0;
}

uint32_t ir_helper_effects(uint32_t id)
{
    return id < NB_HELPERS ? helper_info[id].effects : 0;
}

uint8_t ir_helper_nargs(uint32_t id)
{
    return id < NB_HELPERS ? helper_info[id].nargs : 0;
}

uint8_t ir_cc_flags(uint8_t cc)
{
    switch (cc) {
    case CC_EQ: case CC_NE:
        return F_Z;
    case CC_CS: case CC_CC:
        return F_C;
    case CC_MI: case CC_PL:
        return F_N;
    case CC_VS: case CC_VC:
        return F_V;
    case CC_HI: case CC_LS:
        return F_C | F_Z;
    case CC_GE: case CC_LT:
        return F_N | F_V;
    case CC_GT: case CC_LE:
        return F_N | F_Z | F_V;
    default:
        return 0;
    }
}

void ir_reset(IRBlock *b, uint32_t pc, uint32_t flags)
{
    /* Only the header: the arrays are valid up to their counts. */
    memset(b, 0, offsetof(IRBlock, ops));
    b->pc = pc;
    b->flags = flags;
    b->flags_in = F_NZCV;
}

IRRef ir_temp(IRBlock *b)
{
    if (b->ntemps >= REF_T_END - REF_T0) {
        b->overflow = true;
        return REF_T0;
    }
    return REF_T0 + b->ntemps++;
}

IRRef ir_ftemp(IRBlock *b)
{
    if (b->nftemps >= REF_F_END - REF_F0) {
        b->overflow = true;
        return REF_F0;
    }
    return REF_F0 + b->nftemps++;
}

IRRef ir_const(IRBlock *b, uint32_t value)
{
    for (unsigned i = b->nconsts; i-- > 0;) {
        if (b->consts[i] == value) {
            return REF_K0 + i;
        }
    }
    if (b->nconsts == IR_MAX_CONSTS) {
        b->overflow = true;
        return REF_K0;
    }
    b->consts[b->nconsts] = value;
    return REF_K0 + b->nconsts++;
}

uint32_t ir_label(IRBlock *b)
{
    if (b->nlabels == IR_MAX_LABELS) {
        b->overflow = true;
        return 0;
    }
    return b->nlabels++;
}

/* Destinations come first. */
static bool has_destination(const IROpInfo *info)
{
    return info->noperands && info->operand[0].role == IR_DEFS;
}

IROp *ir_emit(IRBlock *b, IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm)
{
    const IROpInfo *info;
    IROp *op;

    /* The last slot is the one that takes ops after an overflow. */
    if (b->nops == IR_MAX_OPS - 1) {
        b->overflow = true;
        op = &b->ops[IR_MAX_OPS - 1];
    } else {
        op = &b->ops[b->nops++];
    }
    *op = (IROp){ .opc = opc, .d = d, .a = a, .b = b2, .imm = imm };
    op->cc = ir_op_is_access(op) ? 0 : CC_AL;
    info = ir_info(op);
    if (opc == IR_exit_jmp) {
        op->setf = F_NZCV;
    } else if (info->sets && !has_destination(info)) {
        op->setf = info->sets;
    }
    return op;
}

bool ir_nearly_full(const IRBlock *b)
{
    return b->overflow || b->nops + ROOM_OPS > IR_MAX_OPS || b->nconsts + ROOM_CONSTS > IR_MAX_CONSTS ||
           b->nargs + ROOM_ARGS > IR_MAX_ARGS || b->nlabels + ROOM_LABELS > IR_MAX_LABELS ||
           b->ntemps + ROOM_TEMPS > REF_T_END - REF_T0 || b->nftemps + ROOM_TEMPS > REF_F_END - REF_F0;
}

void ir_drop_deleted(IRBlock *b)
{
    unsigned kept = 0;

    while (kept < b->nops && b->ops[kept].opc != IR_DELETED) {
        kept++;
    }
    for (unsigned i = kept; i < b->nops; i++) {
        if (b->ops[i].opc != IR_DELETED) {
            b->ops[kept++] = b->ops[i];
        }
    }
    b->nops = (uint16_t)kept;
}

int ir_jump_back(const IRBlock *b)
{
    for (int i = 0; i < b->nops; i++) {
        if (b->ops[i].opc == IR_exit_jmp && b->ops[i].n && b->ops[i].imm == b->pc) {
            return i;
        }
    }
    return -1;
}
