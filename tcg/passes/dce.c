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
#include "tcg/ir.h"
#include "tcg/helper.h"

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

static bool second_destination(const IROp *op)
{
    return op->opc == IR_umull || op->opc == IR_smull;
}

/* True if nothing but the destinations shows that the op ran. */
static bool only_computes(const IROp *op)
{
    if (op->setf) {
        return false;
    }
    switch (op->opc) {
    case IR_mov: case IR_mvn: case IR_and: case IR_or: case IR_xor: case IR_bic: case IR_add: case IR_sub: case IR_adc:
    case IR_sbc: case IR_shl: case IR_shr: case IR_sar: case IR_ror: case IR_rrx: case IR_shlv: case IR_shrv:
    case IR_sarv: case IR_rorv: case IR_getc: case IR_mul: case IR_umull: case IR_smull: case IR_clz: case IR_rev:
    case IR_rev16: case IR_revsh: case IR_sxtb: case IR_sxth: case IR_uxtb: case IR_uxth: case IR_csel: case IR_ldenv:
    case IR_fmov: case IR_fneg: case IR_fabs: case IR_fgetw: case IR_fputw:
        return op->d != REF_NONE;
    default:
        return false;
    }
}

/* Control may leave here, arrive here, or the guest's registers be looked at as a whole. */
static bool is_boundary(const IROp *op)
{
    switch (op->opc) {
    case IR_insn_start: case IR_label: case IR_br_if: case IR_ld: case IR_st: case IR_ldm: case IR_stm: case IR_call:
    case IR_exit_jmp: case IR_exit_ind: case IR_exit_main:
        return true;
    default:
        return false;
    }
}

static bool touches(const IROp *op, IRRef r)
{
    return op->d == r || op->a == r || op->b == r || op->c == r;
}

/* ops[i] is `mov reg, temp` and the temporary dies there: let its definition write reg instead. */
static bool sink_definition(IRBlock *b, unsigned i)
{
    IRRef reg = b->ops[i].d, temp = b->ops[i].a;

    for (unsigned j = i; j-- > 0 && i - j <= SINK_DISTANCE;) {
        IROp *op = &b->ops[j];

        if (op->opc == IR_NB_OPS) {
            continue;
        }
        if (op->opc != IR_ldm && op->opc != IR_stm) {
            bool in_place = op->opc != IR_call || !(ir_helper_flags(op->imm) & HF_REGS);

            if (op->d == temp && in_place && !(second_destination(op) && op->c == reg)) {
                op->d = reg;
                return true;
            }
            if (second_destination(op) && op->c == temp && op->d != reg) {
                op->c = reg;
                return true;
            }
        }
        if (is_boundary(op) || touches(op, reg) || touches(op, temp)) {
            return false;
        }
    }
    return false;
}

static void mark_sources(Liveness *l, const IRBlock *b, const IROp *op)
{
    mark_use(l, op->a);
    mark_use(l, op->b);
    if (!second_destination(op)) {
        mark_use(l, op->c);
    }
    if (op->opc == IR_stm) {
        for (unsigned k = 0; k < op->n; k++) {
            mark_use(l, b->args[op->arg + k]);
        }
    }
}

static void mark_destinations(Liveness *l, const IRBlock *b, const IROp *op)
{
    mark_def(l, op->d);
    if (second_destination(op)) {
        mark_def(l, op->c);
    }
    if (op->opc == IR_ldm) {
        for (unsigned k = 0; k < op->n; k++) {
            mark_def(l, b->args[op->arg + k]);
        }
    }
}

void ir_pass_dce(IRBlock *b)
{
    Liveness l;
    unsigned kept = 0;

    memset(l.temp, 0, (b->ntemps / 64 + 1) * sizeof(l.temp[0]));
    memset(l.ftemp, 0, (b->nftemps / 64 + 1) * sizeof(l.ftemp[0]));
    for (unsigned i = b->nops; i-- > 0;) {
        IROp *op = &b->ops[i];

        if (op->opc == IR_label) {
            continue;
        }
        if (only_computes(op) && !needed(&l, op->d) && !(second_destination(op) && needed(&l, op->c))) {
            op->opc = IR_NB_OPS;
            continue;
        }
        if (op->opc == IR_mov && !op->setf && (op->d == op->a || (ref_is_reg(op->d) && ref_is_temp(op->a) &&
                                                                  !needed(&l, op->a) && sink_definition(b, i)))) {
            op->opc = IR_NB_OPS;
            continue;
        }
        mark_destinations(&l, b, op);
        mark_sources(&l, b, op);
    }
    for (unsigned i = 0; i < b->nops; i++) {
        if (b->ops[i].opc != IR_NB_OPS) {
            b->ops[kept++] = b->ops[i];
        }
    }
    b->nops = kept;
}
