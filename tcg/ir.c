/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building of IR blocks: references, constants, labels, ops, and the facts about opcodes and helpers that the passes,
 * the verifier and the back ends share.
 *
 * A block belongs to the thread that builds it; nothing here takes a lock. The limits of a block are hard: once one
 * is hit `overflow` is set, further ops go to a slot that is never executed, and the verifier rejects the block. The
 * translator never gets there because it asks ir_nearly_full() before every guest instruction.
 */
#include <string.h>
#include "tcg/ir.h"
#include "tcg/helper.h"

/*
 * What one guest instruction may need at most: a short-vector multiply-accumulate or a 16-register transfer, and the
 * exits.
 */
enum { ROOM_OPS = 128, ROOM_CONSTS = 64, ROOM_ARGS = 64, ROOM_LABELS = 16, ROOM_TEMPS = 128 };

static const struct {
    const char *name, *operands;
} op_info[IR_NB_OPS] = {
#define X(name, operands) [IR_##name] = { #name, operands },
    IR_OPS(X)
#undef X
};

static const struct {
    const char *name;
    uint8_t nargs, flags;
} helper_info[NB_HELPERS] = {
#define H(name, nargs, flags) [HELPER_##name] = { #name, nargs, flags },
#include "target/arm/helper-table.def"
#undef H
};

const char *ir_op_name(IROpcode opc)
{
    return (unsigned)opc < IR_NB_OPS ? op_info[opc].name : "?";
}

const char *ir_op_operands(IROpcode opc)
{
    return (unsigned)opc < IR_NB_OPS ? op_info[opc].operands : "";
}

const char *ir_helper_name(uint32_t id)
{
    return id < NB_HELPERS ? helper_info[id].name : "?";
}

uint8_t ir_helper_flags(uint32_t id)
{
    return id < NB_HELPERS ? helper_info[id].flags : 0;
}

uint8_t ir_helper_nargs(uint32_t id)
{
    return id < NB_HELPERS ? helper_info[id].nargs : 0;
}

uint8_t ir_op_may_set(IROpcode opc)
{
    switch (opc) {
    case IR_mov: case IR_mvn: case IR_and: case IR_or: case IR_xor: case IR_bic: case IR_mul: case IR_nz64:
        return F_NZ;
    case IR_add: case IR_sub: case IR_adc: case IR_sbc: case IR_fmstat:
        return F_NZCV;
    case IR_shl: case IR_shr: case IR_sar: case IR_ror: case IR_rrx:
        return F_NZC;
    case IR_setc:
        return F_C;
    default:
        return 0;
    }
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

uint8_t ir_op_reads_flags(const IROp *op)
{
    switch (op->opc) {
    case IR_br_if: case IR_csel:
        return ir_cc_flags(op->cc);
    case IR_adc: case IR_sbc: case IR_rrx: case IR_getc:
        return F_C;
    default:
        return 0;
    }
}

bool ir_op_is_exit(IROpcode opc)
{
    return opc == IR_exit_jmp || opc == IR_exit_ind || opc == IR_exit_main;
}

void ir_reset(IRBlock *b, uint32_t pc, uint32_t flags)
{
    /* Only the header: the arrays are valid up to their counts. */
    memset(b, 0, offsetof(IRBlock, ops));
    b->pc = pc;
    b->flags = flags;
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

IROp *ir_emit(IRBlock *b, IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm)
{
    IROp *op;

    /* The last slot is the one that takes ops after an overflow. */
    if (b->nops == IR_MAX_OPS - 1) {
        b->overflow = true;
        op = &b->ops[IR_MAX_OPS - 1];
    } else {
        op = &b->ops[b->nops++];
    }
    *op = (IROp){ .opc = opc, .cc = CC_AL, .d = d, .a = a, .b = b2, .imm = imm };
    switch (opc) {
    case IR_setc: case IR_nz64: case IR_fmstat:
        op->setf = ir_op_may_set(opc);
        break;
    case IR_exit_jmp:
        op->setf = F_NZCV;
        op->savef = F_NZCV;
        break;
    case IR_exit_ind: case IR_exit_main:
        op->savef = F_NZCV;
        break;
    default:
        break;
    }
    return op;
}

bool ir_nearly_full(const IRBlock *b)
{
    return b->overflow || b->nops + ROOM_OPS > IR_MAX_OPS || b->nconsts + ROOM_CONSTS > IR_MAX_CONSTS ||
           b->nargs + ROOM_ARGS > IR_MAX_ARGS || b->nlabels + ROOM_LABELS > IR_MAX_LABELS ||
           b->ntemps + ROOM_TEMPS > REF_T_END - REF_T0 || b->nftemps + ROOM_TEMPS > REF_F_END - REF_F0;
}
