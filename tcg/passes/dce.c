/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dead code elimination: one backward walk that removes ops whose only result is a temporary nobody reads, and that
 * lets an op write a guest register directly where the translator computed into a temporary and moved it. Works on the
 * caller's block only; no locks. May run after the flag pass: it only removes ops, and what it removes neither defines
 * flags nor would have kept more of the host's.
 *
 * FP arithmetic stays even if its result is dead, since it accumulates exception flags. Temporaries do not live
 * across labels, so a set of those live now is all the walk needs.
 */
#include <string.h>
#include "tcg/ir-info.h"

/* How far above a mov its operand's definition is looked for. */
enum { SINK_DISTANCE = 6 };

typedef struct Liveness {
    uint64_t temp[(REF_T_END - REF_T0) / 64 + 1];
    uint64_t ftemp[(REF_F_END - REF_F0) / 64 + 1];
} Liveness;

static bool test(const uint64_t *set, unsigned i)
{
    return set[i / 64] >> (i % 64) & 1;
}

static void mark_use(Liveness *l, IRRef r)
{
    if (ref_is_temp(r)) {
        l->temp[(r - REF_T0) / 64] |= 1ull << ((r - REF_T0) % 64);
    } else if (ref_is_ftemp(r)) {
        l->ftemp[(r - REF_F0) / 64] |= 1ull << ((r - REF_F0) % 64);
    }
}

static void mark_def(Liveness *l, IRRef r)
{
    if (ref_is_temp(r)) {
        l->temp[(r - REF_T0) / 64] &= ~(1ull << ((r - REF_T0) % 64));
    } else if (ref_is_ftemp(r)) {
        l->ftemp[(r - REF_F0) / 64] &= ~(1ull << ((r - REF_F0) % 64));
    }
}

/* The result in r is needed: a guest register, or a temporary that is read later. */
static bool needed(const Liveness *l, IRRef r)
{
    if (ref_is_temp(r)) {
        return test(l->temp, r - REF_T0);
    }
    return !ref_is_ftemp(r) || test(l->ftemp, r - REF_F0);
}

/* True if nothing but its results shows that the op ran, and nobody reads them. */
static bool is_dead(const Liveness *l, const IRBlock *b, const IROp *op)
{
    IROperands it = ir_operands(b, op, IR_DEFS);
    bool computes = false;

    if (op->setf || (ir_info(op)->effects & ~(uint32_t)FX_REMOVABLE)) {
        return false;
    }
    while (ir_next_operand(&it)) {
        if (needed(l, *it.ref)) {
            return false;
        }
        computes = true;
    }
    return computes;
}

/* Control may leave here, arrive here, or the guest's registers be looked at as a whole. */
enum { FX_BOUNDARY = FX_MARK | FX_BRANCH | FX_JOIN | FX_EXIT | FX_RAISE | FX_HELPER };

/* If op defines temp and can define reg instead, let it. */
static bool redirect(const IRBlock *b, IROp *op, IRRef temp, IRRef reg)
{
    IROperands it = ir_operands(b, op, IR_DEFS);

    if (ir_op_has_list(op) || (ir_op_effects(op) & FX_REGS) || ir_op_has_operand(b, op, IR_DEFS, reg)) {
        return false;
    }
    while (ir_next_operand(&it)) {
        if (*it.ref == temp) {
            *it.ref = reg;
            return true;
        }
    }
    return false;
}

/* ops[i] is `mov reg, temp` and the temporary dies there: let its definition write reg instead. */
static bool sink_definition(IRBlock *b, unsigned i)
{
    IRRef reg = b->ops[i].d, temp = b->ops[i].a;

    for (unsigned j = i; j-- > 0 && i - j <= SINK_DISTANCE;) {
        IROp *op = &b->ops[j];

        if (op->opc == IR_DELETED) {
            continue;
        }
        if (redirect(b, op, temp, reg)) {
            return true;
        }
        if ((ir_info(op)->effects & FX_BOUNDARY) || ir_op_has_operand(b, op, IR_ALL, reg) ||
            ir_op_has_operand(b, op, IR_ALL, temp)) {
            return false;
        }
    }
    return false;
}

static void mark_operands(Liveness *l, const IRBlock *b, const IROp *op)
{
    IROperands defs = ir_operands(b, op, IR_DEFS), uses = ir_operands(b, op, IR_USES);

    while (ir_next_operand(&defs)) {
        mark_def(l, *defs.ref);
    }
    while (ir_next_operand(&uses)) {
        mark_use(l, *uses.ref);
    }
}

void ir_pass_dce(IRBlock *b)
{
    Liveness l;

    memset(l.temp, 0, (b->ntemps / 64 + 1) * sizeof(l.temp[0]));
    memset(l.ftemp, 0, (b->nftemps / 64 + 1) * sizeof(l.ftemp[0]));
    for (unsigned i = b->nops; i-- > 0;) {
        IROp *op = &b->ops[i];

        if (ir_op_is_mark(op)) {
            continue;
        }
        if (is_dead(&l, b, op)) {
            op->opc = IR_DELETED;
            continue;
        }
        if (op->opc == IR_mov && !op->setf && (op->d == op->a || (ref_is_reg(op->d) && ref_is_temp(op->a) &&
                                                                  !needed(&l, op->a) && sink_definition(b, i)))) {
            op->opc = IR_DELETED;
            continue;
        }
        mark_operands(&l, b, op);
    }
    ir_drop_deleted(b);
}
