/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a block well formed? Run on every block in debug builds (after the translator and after every pass) and by the
 * tests, so that wrong IR is caught where it is made. Reads a block; takes no locks; safe on any contents.
 *
 * Rules: operand kinds as in tcg/ir.h; a temporary is defined before its use, with no label in between; every label
 * that is jumped to is placed exactly once, after its jumps; constants and immediates are in range; setf is possible
 * for the op; the last op leaves the block.
 */
#include <string.h>
#include "tcg/ir.h"
#include "tcg/helper.h"

typedef struct Verifier {
    const IRBlock *b;
    unsigned segment;               /* labels passed + 1 */
    uint16_t temp[REF_T_END - REF_T0];      /* segment of the last definition, 0: none */
    uint16_t ftemp[REF_F_END - REF_F0];
    uint8_t ftemp_width[REF_F_END - REF_F0];
    uint8_t label[IR_MAX_LABELS];   /* bit 0: jumped to, bit 1: placed */
} Verifier;

static const char *use_int(const Verifier *v, IRRef r)
{
    if (ref_is_reg(r)) {
        return NULL;
    }
    if (ref_is_const(r)) {
        return r - REF_K0 < v->b->nconsts ? NULL : "constant out of range";
    }
    if (!ref_is_temp(r)) {
        return "source is not an integer operand";
    }
    if (r - REF_T0 >= v->b->ntemps) {
        return "temporary out of range";
    }
    if (!v->temp[r - REF_T0]) {
        return "temporary used before it is defined";
    }
    return v->temp[r - REF_T0] == v->segment ? NULL : "temporary lives across a label";
}

static const char *def_int(Verifier *v, IRRef r)
{
    if (ref_is_reg(r)) {
        return NULL;
    }
    if (!ref_is_temp(r)) {
        return "destination is not a register or temporary";
    }
    if (r - REF_T0 >= v->b->ntemps) {
        return "temporary out of range";
    }
    v->temp[r - REF_T0] = v->segment;
    return NULL;
}

/* width: 2 single, 3 double */
static const char *use_fp(const Verifier *v, IRRef r, unsigned width)
{
    if (width == 2 ? ref_is_s(r) : ref_is_d(r)) {
        return NULL;
    }
    if (!ref_is_ftemp(r)) {
        return "source is not an FP operand of the op's width";
    }
    if (r - REF_F0 >= v->b->nftemps) {
        return "FP temporary out of range";
    }
    if (!v->ftemp[r - REF_F0]) {
        return "FP temporary used before it is defined";
    }
    if (v->ftemp[r - REF_F0] != v->segment) {
        return "FP temporary lives across a label";
    }
    return v->ftemp_width[r - REF_F0] == width ? NULL : "FP temporary used with another width";
}

static const char *def_fp(Verifier *v, IRRef r, unsigned width)
{
    if (width == 2 ? ref_is_s(r) : ref_is_d(r)) {
        return NULL;
    }
    if (!ref_is_ftemp(r)) {
        return "destination is not an FP operand of the op's width";
    }
    if (r - REF_F0 >= v->b->nftemps) {
        return "FP temporary out of range";
    }
    v->ftemp[r - REF_F0] = v->segment;
    v->ftemp_width[r - REF_F0] = width;
    return NULL;
}

static bool is_fp_ref(IRRef r)
{
    return ref_is_s(r) || ref_is_d(r) || ref_is_ftemp(r);
}

static const char *check_memory(Verifier *v, const IROp *op)
{
    unsigned size = op->mem & MEM_SIZE;
    const char *err = use_int(v, op->a);

    if (err) {
        return err;
    }
    if (op->mem & 0x80) {
        return "unknown MEM_* bit";
    }
    if ((op->mem & MEM_SIGNED) && (op->opc != IR_ld || size > 1)) {
        return "MEM_SIGNED on a store, a word or a multiple transfer";
    }
    if (op->opc == IR_ld) {
        if (is_fp_ref(op->d)) {
            return size < 2 ? "FP load of less than a word" : def_fp(v, op->d, size);
        }
        return size > 2 ? "doubleword load to an integer" : def_int(v, op->d);
    }
    if (op->opc == IR_st) {
        if (is_fp_ref(op->b)) {
            return size < 2 ? "FP store of less than a word" : use_fp(v, op->b, size);
        }
        return size > 2 ? "doubleword store of an integer" : use_int(v, op->b);
    }
    if (size < 2) {
        return "multiple transfer of less than words";
    }
    if (op->n == 0 || op->n > 32 || op->arg + op->n > v->b->nargs) {
        return "element list of a multiple transfer out of range";
    }
    for (unsigned i = 0; i < op->n; i++) {
        IRRef r = v->b->args[op->arg + i];

        if (op->opc == IR_stm) {
            err = size == 2 && !is_fp_ref(r) ? use_int(v, r) : use_fp(v, r, size);
        } else {
            err = size == 2 && !is_fp_ref(r) ? def_int(v, r) : def_fp(v, r, size);
        }
        if (err) {
            return err;
        }
    }
    return NULL;
}

static const char *check_fp(Verifier *v, const IROp *op)
{
    const char *err;

    if (op->opc == IR_fmstat) {
        return NULL;
    }
    if (op->opc == IR_fgetw) {
        err = use_fp(v, op->a, 2);
        return err ? err : def_int(v, op->d);
    }
    if (op->opc == IR_fputw) {
        err = use_int(v, op->a);
        return err ? err : def_fp(v, op->d, 2);
    }
    if (op->n != 2 && op->n != 3) {
        return "FP width is neither single nor double";
    }
    switch (op->opc) {
    case IR_fcmp:
        err = use_fp(v, op->a, op->n);
        return err || op->b == REF_NONE ? err : use_fp(v, op->b, op->n);
    case IR_fcvt:
        err = use_fp(v, op->a, op->n);
        return err ? err : def_fp(v, op->d, 5 - op->n);
    case IR_fsito: case IR_fuito:
        err = use_fp(v, op->a, 2);
        return err ? err : def_fp(v, op->d, op->n);
    case IR_ftosi: case IR_ftoui:
        err = use_fp(v, op->a, op->n);
        return err ? err : def_fp(v, op->d, 2);
    default:
        err = use_fp(v, op->a, op->n);
        if (!err && strchr(ir_op_operands(op->opc), 'b')) {
            err = use_fp(v, op->b, op->n);
        }
        return err ? err : def_fp(v, op->d, op->n);
    }
}

static const char *check_call(Verifier *v, const IROp *op)
{
    const IRRef src[3] = { op->a, op->b, op->c };
    unsigned nargs = ir_helper_nargs(op->imm);

    if (op->imm >= NB_HELPERS) {
        return "no such helper";
    }
    for (unsigned i = 0; i < 3; i++) {
        const char *err = NULL;

        if (src[i] != REF_NONE) {
            err = use_int(v, src[i]);
        } else if (i < nargs) {
            err = "argument of a helper is missing";
        }
        if (err) {
            return err;
        }
    }
    return op->d == REF_NONE ? NULL : def_int(v, op->d);
}

/* CMP, CMN, TST, TEQ: flags alone. */
static bool may_lack_result(IROpcode opc)
{
    return opc == IR_sub || opc == IR_add || opc == IR_and || opc == IR_xor || opc == IR_sbc || opc == IR_adc;
}

/* Ops whose operands are plain integers as their operand letters say. */
static const char *check_int(Verifier *v, const IROp *op)
{
    const char *operands = ir_op_operands(op->opc), *err = NULL;

    if (strchr(operands, 'a')) {
        err = use_int(v, op->a);
    }
    if (!err && strchr(operands, 'b')) {
        err = use_int(v, op->b);
    }
    if (!err && strchr(operands, 'e')) {
        err = op->c == op->d ? "both destinations are the same" : def_int(v, op->c);
    }
    if (!err && strchr(operands, 'd') && !(op->d == REF_NONE && op->setf && may_lack_result(op->opc))) {
        err = def_int(v, op->d);
    }
    return err;
}

static const char *check_imm(Verifier *v, const IROp *op)
{
    switch (op->opc) {
    case IR_shl: case IR_shr: case IR_sar: case IR_ror:
        return op->imm >= 1 && op->imm <= 31 ? NULL : "shift amount is not 1..31";
    case IR_ldenv: case IR_stenv:
        return op->imm <= sizeof(CPUARMState) - 4 && !(op->imm & 3) ? NULL : "offset is outside the CPU state";
    case IR_br_if:
        if (op->imm >= v->b->nlabels || op->imm >= IR_MAX_LABELS) {
            return "label out of range";
        }
        v->label[op->imm] |= 1;
        return v->label[op->imm] & 2 ? "backward jump" : NULL;
    case IR_label:
        if (op->imm >= v->b->nlabels || op->imm >= IR_MAX_LABELS) {
            return "label out of range";
        }
        if (v->label[op->imm] & 2) {
            return "label placed twice";
        }
        v->label[op->imm] |= 2;
        v->segment++;
        return NULL;
    default:
        return NULL;
    }
}

static const char *check_op(Verifier *v, const IROp *op)
{
    const char *err;

    if (op->opc >= IR_NB_OPS) {
        return "unknown opcode";
    }
    if (op->opc == IR_exit_jmp ? op->setf & ~op->savef : op->setf & ~ir_op_may_set(op->opc)) {
        return "op cannot set these flags";
    }
    if ((op->opc == IR_br_if || op->opc == IR_csel) && op->cc >= CC_AL) {
        return "condition is not one of EQ..LE";
    }
    err = check_imm(v, op);
    if (err) {
        return err;
    }
    if (op->opc >= IR_fadd) {
        return check_fp(v, op);
    }
    switch (op->opc) {
    case IR_ld: case IR_st: case IR_ldm: case IR_stm:
        return check_memory(v, op);
    case IR_call:
        return check_call(v, op);
    default:
        return check_int(v, op);
    }
}

const char *ir_verify(const IRBlock *b, int *at)
{
    Verifier v;

    *at = b->nops;
    if (b->overflow) {
        return "a limit of the block was exceeded";
    }
    if (b->nops == 0 || b->nops > IR_MAX_OPS || b->nconsts > IR_MAX_CONSTS || b->nargs > IR_MAX_ARGS ||
        b->nlabels > IR_MAX_LABELS || b->ntemps > REF_T_END - REF_T0 || b->nftemps > REF_F_END - REF_F0) {
        return "counts out of range";
    }
    v.b = b;
    v.segment = 1;
    memset(v.temp, 0, b->ntemps * sizeof(v.temp[0]));
    memset(v.ftemp, 0, b->nftemps * sizeof(v.ftemp[0]));
    memset(v.label, 0, b->nlabels);
    for (int i = 0; i < b->nops; i++) {
        const char *err = check_op(&v, &b->ops[i]);

        if (err) {
            *at = i;
            return err;
        }
    }
    for (unsigned i = 0; i < b->nlabels; i++) {
        if (v.label[i] == 1) {
            return "label is jumped to but never placed";
        }
    }
    *at = b->nops - 1;
    return ir_op_is_exit(b->ops[b->nops - 1].opc) ? NULL : "block does not end in an exit";
}
