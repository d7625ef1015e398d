/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where IR temporaries live: rax, rdx or a spill slot of env->tmp. Guest registers need no allocation (they are pinned), so
 * temporaries are few and short-lived, and one forward scan does.
 *
 * A temporary may sit in rax or rdx only if no op between its definition and its last use needs that register as
 * scratch. It may also be an operand of an op that needs the register, if that op reads it first (operand_is_safe).
 */
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"

enum { USE_RAX = 1, USE_RDX = 2 };
enum { SPILL_FIRST = 2 };       /* env->tmp[0..1] belong to the LDREXD/STREXD helpers */


/* Scratch registers the emitted code of an op may destroy. */
static int op_clobbers(const IROp *op)
{
    int c = op->savef ? USE_RAX : 0;

    switch (op->opc) {
    case IR_call: case IR_ldm: case IR_stm: case IR_shlv: case IR_shrv: case IR_sarv: case IR_rorv:
    case IR_exit_ind: case IR_exit_jmp: case IR_exit_main: case IR_fcmp:
        return USE_RAX | USE_RDX;
    case IR_st:
        return USE_RAX | USE_RDX;
    case IR_ld: case IR_umull: case IR_smull: case IR_nz64: case IR_fneg: case IR_fabs: case IR_fuito: case IR_ftosi:
    case IR_ftoui: case IR_br_if: case IR_csel: case IR_adc: case IR_sbc: case IR_rrx: case IR_getc: case IR_fmstat:
    case IR_fgetw: case IR_fputw: case IR_fmov: case IR_fsito:
        return c | USE_RAX;
    default:
        return c;
    }
}

/* The op reads operand r before it destroys its scratch registers. */
static bool operand_is_safe(const IROp *op, IRRef r)
{
    switch (op->opc) {
    case IR_ld: case IR_ldm:
        return op->a == r;
    case IR_exit_ind:
        return true;
    default:
        return false;
    }
}

/* The op writes its destination after its last use of scratch registers. */
static int def_clobbers(const IROp *op)
{
    if (op->opc == IR_ldm) {
        return USE_RDX;
    }
    return op->savef ? USE_RAX : 0;
}

static void note(uint16_t *first, uint16_t *last, IRRef r, int i)
{
    if (ref_is_temp(r)) {
        int t = r - REF_T0;
        if (first[t] == 0xffff) {
            first[t] = (uint16_t)i;
        }
        last[t] = (uint16_t)i;
    }
}

static void note_op(Emitter *e, uint16_t *first, const IROp *op, int i)
{
    const IRRef refs[4] = { op->d, op->a, op->b, op->c };
    for (int k = 0; k < 4; k++) {
        note(first, e->temp_last, refs[k], i);
        if (ref_is_ftemp(refs[k])) {
            e->ftemp_last[refs[k] - REF_F0] = (uint16_t)i;
        }
    }
    if (op->opc == IR_ldm || op->opc == IR_stm) {
        for (int k = 0; k < op->n; k++) {
            note(first, e->temp_last, e->b->args[op->arg + k], i);
        }
    }
}

static bool reads(const IROp *op, IRRef r)
{
    return op->a == r || op->b == r || (op->c == r && op->opc != IR_umull && op->opc != IR_smull);
}

/* Registers that temporary t must not use, for its life [first, last]. */
static int forbidden(const Emitter *e, int t, int first, int last)
{
    IRRef r = (IRRef)(REF_T0 + t);
    int bad = def_clobbers(&e->b->ops[first]);

    for (int i = first + 1; i <= last && bad != (USE_RAX | USE_RDX); i++) {
        const IROp *op = &e->b->ops[i];
        if (i == last && reads(op, r) && operand_is_safe(op, r)) {
            continue;
        }
        bad |= op_clobbers(op);
    }
    return bad;
}

void emit_assign_temps(Emitter *e)
{
    const IRBlock *b = e->b;
    uint16_t first[NB_TEMPS];
    int rax_until = -1, rdx_until = -1;
    int slot_until[32];

    memset(first, 0xff, sizeof(first[0]) * b->ntemps);
    for (int k = 0; k < 32; k++) {
        slot_until[k] = -1;
    }
    for (int i = 0; i < b->nops; i++) {
        note_op(e, first, &b->ops[i], i);
    }
    /* Temporaries are numbered in order of creation, not of definition: go by op. */
    for (int i = 0; i < b->nops; i++) {
        const IROp *op = &b->ops[i];
        IRRef defs[2 + 32];
        int n = 0;
        defs[n++] = op->d;
        if (op->opc == IR_umull || op->opc == IR_smull) {
            defs[n++] = op->c;
        }
        if (op->opc == IR_ldm) {
            for (int k = 0; k < op->n; k++) {
                defs[n++] = b->args[op->arg + k];
            }
        }
        for (int k = 0; k < n; k++) {
            if (!ref_is_temp(defs[k]) || first[defs[k] - REF_T0] != i) {
                continue;
            }
            int t = defs[k] - REF_T0, last = e->temp_last[t];
            bool done = false;
            for (int m = 0; m < k; m++) {
                done |= defs[m] == defs[k];
            }
            if (done) {
                continue;
            }
            int bad = forbidden(e, t, i, last);
            if (rdx_until <= i && !(bad & USE_RDX)) {
                e->temp_reg[t] = RDX;
                rdx_until = last > i ? last : i + 1;
            } else if (rax_until <= i && !(bad & USE_RAX)) {
                e->temp_reg[t] = RAX;
                rax_until = last > i ? last : i + 1;
            } else {
                int s = SPILL_FIRST;
                while (s < 32 && slot_until[s] >= i) {
                    s++;
                }
                if (s == 32) {
                    e->failed = true;
                    return;
                }
                e->temp_reg[t] = (int8_t)(-1 - s);
                slot_until[s] = last;
            }
        }
    }
}
