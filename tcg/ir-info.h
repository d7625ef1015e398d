/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of each IR op, as data: the rows of ir-ops.def, and one way to walk an op's operands. Passes, verifier,
 * printer and back ends ask here, so that a new op is one row and not a case in each of them.
 *
 *      IROperands it = ir_operands(b, op, IR_USES);
 *
 *      while (ir_next_operand(&it)) {
 *          look at *it.ref, or replace it
 *      }
 *
 * Constant tables; no locks.
 */
#ifndef TCG_IR_INFO_H
#define TCG_IR_INFO_H
#include "tcg/ir.h"

/* What an operand may be. FP temporaries have the width that their definition gave them. */
typedef enum IRKind {
    KIND_INT,           /* guest register, temporary; as a source also a constant */
    KIND_FP,            /* VFP register or FP temporary of the width in IROp.n */
    KIND_FP_OTHER,      /* of the other width */
    KIND_SINGLE,        /* of 32 bits */
    KIND_CONST,
    KIND_PAGE,
    KIND_DATA,          /* what memory holds: VFP or FP temporary of the size in IROp.mem, integer up to a word */
} IRKind;

/* What IROp.imm is. */
typedef enum IRImm {
    IMM_NONE, IMM_NUMBER, IMM_PC, IMM_SHIFT, IMM_LABEL,
    IMM_OFFSET,         /* added to operand a: an address, described by IROp.mem */
    IMM_FIELD,          /* offset from the CPUARMState, see IR_ENV_* */
    IMM_HELPER,
} IRImm;

/* What else shows that an op ran, or keeps it where it is. What a call does is in its helper's flags (tcg/helper.h). */
enum {
    FX_MARK        = 1 << 0,    /* a guest instruction begins */
    FX_BRANCH      = 1 << 1,    /* control may go on elsewhere in the block */
    FX_JOIN        = 1 << 2,    /* control may arrive here */
    FX_EXIT        = 1 << 3,    /* leaves the block */
    FX_RAISE       = 1 << 4,    /* may leave by an exception, which sees the guest's state as it is here */
    FX_LOAD        = 1 << 5,    /* guest memory */
    FX_STORE       = 1 << 6,
    FX_FENCE       = 1 << 7,
    FX_ENV_READ    = 1 << 8,    /* CPUARMState outside registers and flags */
    FX_ENV_WRITE   = 1 << 9,
    FX_FPSCR       = 1 << 10,   /* adds to the cumulative exception bits */
    FX_FPCC_READ   = 1 << 11,   /* env->fp_nzcv */
    FX_FPCC_WRITE  = 1 << 12,
    FX_HELPER      = 1 << 13,   /* calls a helper: these, and what follows */
    FX_REGS        = 1 << 14,   /* reads or writes any guest register */
    FX_FLAGS_READ  = 1 << 15,   /* reads env->nzcv */
    FX_FLAGS_WRITE = 1 << 16,
    FX_CONTEXT     = 1 << 17,   /* may change mode, translation tables, ctxkey */
    FX_VFP         = 1 << 18,   /* reads or writes VFP registers, FPSCR */
    /* With no more than these an op whose results nobody reads may go. */
    FX_REMOVABLE   = FX_ENV_READ | FX_FPCC_READ,
};

enum { F_BY_CC = 0x80 };                            /* IROpInfo.reads */
enum { IR_DEFS = 1, IR_USES = 2, IR_ALL = 3 };      /* roles */
enum { SLOT_LIST = 4, IR_MAX_OPERANDS = 4 };

typedef struct IROperand {
    uint8_t slot;               /* index of IROp.slot, or SLOT_LIST: `n` operands from IRBlock.args[arg] on */
    uint8_t role, kind;
    bool optional;
} IROperand;

typedef struct IROpInfo {
    const char *name;
    uint8_t imm, sets, reads;
    uint8_t noperands;
    uint32_t effects;
    IROperand operand[IR_MAX_OPERANDS];     /* destinations first */
} IROpInfo;

extern const IROpInfo ir_op_info[IR_NB_OPS];

/*
 * The same operands for who only walks them: bit n of ir_op_slots[opcode] if slot n is written, bit SLOTS_USES + n if
 * it is read. Two bytes for each op, where passes go a dozen times over each block.
 */
enum { SLOTS_USES = 8 };
extern const uint16_t ir_op_slots[IR_NB_OPS];

static inline const IROpInfo *ir_info(const IROp *op)
{
    return &ir_op_info[op->opc];
}

/* More than a third of all ops are these, which no pass has anything to do with. */
static inline bool ir_op_is_mark(const IROp *op)
{
    return op->opc == IR_insn_start;
}

/* FX_* of a helper; of one that does not exist 0. */
uint32_t ir_helper_effects(uint32_t id);

static inline uint32_t ir_op_effects(const IROp *op)
{
    uint32_t fx = ir_info(op)->effects;

    return fx & FX_HELPER ? fx | ir_helper_effects(op->imm) : fx;
}

/* Flags an op reads that it may take from the host's flags. */
static inline uint8_t ir_op_reads_flags(const IROp *op)
{
    uint8_t reads = ir_info(op)->reads;

    return reads == F_BY_CC ? ir_cc_flags(op->cc) : reads;
}

static inline bool ir_op_is_access(const IROp *op)
{
    return ir_info(op)->effects & (FX_LOAD | FX_STORE);
}

/* Flags (F_*) that an access knows without env->nzcv. */
static inline uint8_t ir_op_late_flags(const IRBlock *b, const IROp *op)
{
    const IRLate *l = ir_op_is_access(op) && op->cc ? &b->late[op->cc - 1] : NULL;

    return !l || l->looped ? 0 : l->opc == IR_sub ? F_NZCV : F_NZ;
}

/* Flags that must be in env->nzcv when the op starts: an exception handler or a helper sees them. */
static inline uint8_t ir_op_shows_flags(const IRBlock *b, const IROp *op)
{
    return ir_op_effects(op) & (FX_RAISE | FX_FLAGS_READ) ? F_NZCV & ~ir_op_late_flags(b, op) : 0;
}

static inline bool ir_op_is_exit(const IROp *op)
{
    return ir_info(op)->effects & FX_EXIT;
}

static inline bool ir_op_has_list(const IROp *op)
{
    return ir_op_slots[op->opc] & (1u << SLOT_LIST | 1u << (SLOTS_USES + SLOT_LIST));
}

/*
 * log2 of the alignment that an access needs to be nothing but a load or store of the host's. Words and halfwords of
 * ARMv6 need none (SCTLR.U) if there is nothing else about them; words of a list, and doublewords as the translator
 * makes them, do.
 */
static inline unsigned ir_op_alignment(const IROp *op)
{
    unsigned size = op->mem & MEM_SIZE;

    return ir_op_has_list(op) ? 2 : size == 3 || (op->mem & ~(MEM_SIZE | MEM_SIGNED)) ? size : 0;
}

bool ir_op_has_width(const IROp *op);       /* IROp.n is 2 (single) or 3 (double) */

/* ---- walking operands ---- */
typedef struct IROperands {
    IRRef *ref;                 /* the operand; REF_NONE where an optional one is not there */
    IRRef *slots, *args;
    uint8_t left;               /* bit n: slot n is to come */
    uint8_t slot;               /* that of *ref */
    uint8_t n, list;            /* elements of the op's list; those that are to come */
} IROperands;

/* A walk may change what it finds; a caller whose block is const does not. In the order of the slots. */
static inline IROperands ir_operands(const IRBlock *b, const IROp *op, unsigned roles)
{
    unsigned slots = ir_op_slots[op->opc];

    return (IROperands) {
        .slots = (IRRef *)op->slot, .args = (IRRef *)b->args + op->arg, .n = op->n,
        .left = (uint8_t)((roles & IR_DEFS ? slots : 0) | (roles & IR_USES ? slots >> SLOTS_USES : 0)),
    };
}

static inline bool ir_next_operand(IROperands *it)
{
    if (it->list) {
        it->list--;
        it->ref++;
        return true;
    }
    if (!it->left) {
        return false;
    }
    it->slot = (uint8_t)__builtin_ctz(it->left);
    it->left &= (uint8_t)(it->left - 1);
    if (it->slot != SLOT_LIST) {
        it->ref = &it->slots[it->slot];
        return true;
    }
    /* The list is the last. */
    it->ref = it->args;
    it->list = it->n ? it->n - 1 : 0;
    return it->n;
}

/* What is known of the operand in a slot that the op has. */
static inline const IROperand *ir_operand_info(const IROp *op, unsigned slot)
{
    const IROperand *o = ir_info(op)->operand;

    while (o->slot != slot) {
        o++;
    }
    return o;
}

/* Is r among the operands of these roles? */
static inline bool ir_op_has_operand(const IRBlock *b, const IROp *op, unsigned roles, IRRef r)
{
    IROperands it = ir_operands(b, op, roles);

    while (ir_next_operand(&it)) {
        if (*it.ref == r) {
            return true;
        }
    }
    return false;
}

/* Does the op read slot 0..3 (d a b c)? */
static inline bool ir_op_uses_slot(const IROp *op, unsigned slot)
{
    return ir_op_slots[op->opc] >> (SLOTS_USES + slot) & 1;
}

#endif
