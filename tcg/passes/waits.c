/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds loops of one block that wait: `while (!flag) cpu_relax();`, Linux's pen, `for (;;);`. Whoever runs such a loop
 * does the same turn after turn until something else changes memory or interrupts it, so its host core is of more use
 * to others (accel/tcg/cpu-wait.c). Only time depends on the answer. Reads the caller's block; no locks.
 *
 * A turn loads, compares, orders, if that, and writes no register or flag that it reads before it writes it; so a delay
 * loop, which counts, does not wait, nor does a search.
 */
#include "tcg/ir-info.h"

enum { MAY_DO = FX_MARK | FX_BRANCH | FX_JOIN | FX_EXIT | FX_RAISE | FX_LOAD | FX_FENCE };

/* Sets of registers, and of flags above them. */
enum { FLAGS_SHIFT = 16 };

static bool note(uint32_t *set, IRRef r)
{
    if (ref_is_reg(r)) {
        *set |= 1u << (r - REF_R0);
    }
    return r == REF_NONE || ref_is_reg(r) || ref_is_temp(r) || ref_is_const(r) || ref_is_page(r);
}

/* False: there is an operand that is none of a loop that waits. */
static bool collect(const IRBlock *b, const IROp *op, int roles, uint32_t *set)
{
    IROperands it = ir_operands(b, op, roles);

    while (ir_next_operand(&it)) {
        if (!note(set, *it.ref)) {
            return false;
        }
    }
    return true;
}

static int find_label(const IRBlock *b, int from, uint32_t label)
{
    while (from < b->nops && (b->ops[from].opc != IR_label || b->ops[from].imm != label)) {
        from++;
    }
    return from;
}

bool ir_waits(const IRBlock *b)
{
    int end = ir_jump_back(b), certain_from = 0;
    uint32_t before = 0, written = 0, certain = 0;     /* read before it is certainly written; written at all */

    for (int i = 0; i < end; i++) {
        const IROp *op = &b->ops[i];
        uint32_t fx = ir_op_effects(op), uses = 0, defs = (uint32_t)op->setf << FLAGS_SHIFT;

        if ((fx & ~(uint32_t)MAY_DO) || op->opc == IR_budget || !collect(b, op, IR_USES, &uses) ||
            !collect(b, op, IR_DEFS, &defs)) {
            return false;
        }
        uses |= (uint32_t)ir_op_reads_flags(op) << FLAGS_SHIFT;
        before |= uses & ~certain;
        written |= defs;
        if (fx & FX_BRANCH) {
            int label = find_label(b, i, op->imm);

            /* What comes up to a label on the way back is not always executed. */
            certain_from = label < end && label > certain_from ? label : certain_from;
        }
        if (i >= certain_from) {
            certain |= defs;
        }
    }
    return end >= 0 && !(before & written);
}
