/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a block well formed? Run on every block in debug builds (after the translator and after every pass) and by the
 * tests, so that wrong IR is caught where it is made. Reads a block; takes no locks; safe on any contents.
 *
 * Rules: operands as in ir-ops.def; a temporary is defined before its use, with no label in between; every label
 * that is jumped to is placed exactly once, after its jumps; constants and immediates are in range; setf is possible
 * for the op; the last op leaves the block.
 */
#include <string.h>
#include "target/arm/cpu.h"
#include "tcg/ir-info.h"
#include "tcg/helper.h"

typedef struct Verifier {
    const IRBlock *b;
    unsigned segment;               /* labels passed + 1 */
    unsigned compared;              /* segment in which fp_nzcv is what an fcmp left, 0: none */
    uint16_t temp[REF_T_END - REF_T0];      /* segment of the last definition, 0: none */
    uint16_t ftemp[REF_F_END - REF_F0];
    uint8_t ftemp_width[REF_F_END - REF_F0];
    unsigned page_segment;          /* a page is known until a label, a call or an exit */
    struct { uint16_t segment, bytes; bool store; } page[REF_P_END - REF_P0];
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

static const char *check_int(Verifier *v, IRRef r, bool def)
{
    return def ? def_int(v, r) : use_int(v, r);
}

static const char *check_fp(Verifier *v, IRRef r, unsigned width, bool def)
{
    return def ? def_fp(v, r, width) : use_fp(v, r, width);
}

static const char *check_page(Verifier *v, const IROp *op, IRRef r, bool def)
{
    unsigned n = r - REF_P0, bytes = ir_op_has_list(op) ? op->n : 1;

    if (!ref_is_page(r) || n >= v->b->npages) {
        return "page out of range";
    }
    if (def) {
        v->page[n].segment = (uint16_t)v->page_segment;
        v->page[n].bytes = op->near;
        v->page[n].store = op->n;
        return op->near && op->near <= 4096 ? NULL : "page of no or too many bytes";
    }
    if (v->page[n].segment != v->page_segment) {
        return "page is not known here";
    }
    if (op->near + (bytes << (op->mem & MEM_SIZE)) > v->page[n].bytes) {
        return "access outside its page";
    }
    if (op->near & ((1u << ir_op_alignment(op)) - 1)) {
        return "access at a distance that is not aligned";
    }
    if (op->mem & MEM_USER) {
        return "access with user rights has a page";
    }
    return (ir_op_effects(op) & FX_STORE) && !v->page[n].store ? "store to a page for loads" : NULL;
}

/* What is loaded or stored. */
static const char *check_data(Verifier *v, IRRef r, unsigned size, bool def)
{
    if (is_fp_ref(r)) {
        return size < 2 ? "FP access of less than a word" : check_fp(v, r, size, def);
    }
    return size > 2 ? "access of a doubleword by an integer" : check_int(v, r, def);
}

static const char *check_operand(Verifier *v, const IROp *op, const IROperand *o, IRRef r, bool def)
{
    if (o->role == IR_ALL && !ref_is_reg(r)) {
        return "a destination that is read is no guest register";
    }

    if (r == REF_NONE && o->optional) {
        return def && ir_info(op)->sets && !op->setf ? "op has neither destination nor flags" : NULL;
    }
    switch ((IRKind)o->kind) {
    case KIND_INT:
        return check_int(v, r, def);
    case KIND_FP:
        return check_fp(v, r, op->n, def);
    case KIND_FP_OTHER:
        return check_fp(v, r, 5 - op->n, def);
    case KIND_SINGLE:
        return check_fp(v, r, 2, def);
    case KIND_CONST:
        return ref_is_const(r) ? check_int(v, r, def) : "operand is not a constant";
    case KIND_PAGE:
        return check_page(v, op, r, def);
    case KIND_DATA:
        return check_data(v, r, op->mem & MEM_SIZE, def);
    }
    return "unknown kind of operand";
}

static const char *check_operands(Verifier *v, const IROp *op, unsigned roles)
{
    IROperands it = ir_operands(v->b, op, roles);
    const char *err = NULL;

    while (!err && ir_next_operand(&it)) {
        err = check_operand(v, op, ir_operand_info(op, it.slot), *it.ref, roles == IR_DEFS);
    }
    return err;
}

/* A pass looks at the operands in the row; another one would be overlooked. */
static const char *check_slots(const IROp *op)
{
    const IROpInfo *info = ir_info(op);
    unsigned known = 0;

    for (unsigned i = 0; i < info->noperands; i++) {
        const IROperand *o = &info->operand[i];

        if (o->slot == SLOT_LIST) {
            continue;
        }
        known |= 1u << o->slot;
        for (unsigned k = 0; k < i; k++) {
            const IROperand *p = &info->operand[k];

            if ((o->role & p->role & IR_DEFS) && op->slot[o->slot] == op->slot[p->slot]) {
                return "both destinations are the same";
            }
        }
    }
    for (unsigned slot = 0; slot < 4; slot++) {
        if (!(known >> slot & 1) && op->slot[slot] != REF_NONE) {
            return "an operand that the op does not have";
        }
    }
    return NULL;
}

/* A comparison that an access shows, or the jump back. */
static const char *check_late(const Verifier *v, unsigned number)
{
    const IRLate *l = &v->b->late[number - 1];

    if (number > v->b->nlate || (l->opc != IR_sub && l->opc != IR_and)) {
        return "late comparison out of range";
    }
    return ref_is_temp(l->a) || ref_is_temp(l->b) || use_int(v, l->a) || use_int(v, l->b)
           ? "operand of a late comparison is neither a guest register nor a constant" : NULL;
}

static const char *check_memory(const Verifier *v, const IROp *op)
{
    unsigned size = op->mem & MEM_SIZE;

    if (op->mem & 0x80) {
        return "unknown MEM_* bit";
    }
    if ((op->mem & MEM_SIGNED) && (op->opc != IR_ld || size > 1)) {
        return "MEM_SIGNED on a store, a word or a multiple transfer";
    }
    if (op->opc == IR_page) {
        return op->mem > 3 ? "a page has no MEM_* bit" : NULL;
    }
    if (op->cc && check_late(v, op->cc)) {
        return check_late(v, op->cc);
    }
    if (!ir_op_has_list(op)) {
        return NULL;
    }
    if (size < 2) {
        return "multiple transfer of less than words";
    }
    if (op->n == 0 || op->n > 32 || op->arg + op->n > v->b->nargs) {
        return "element list of a multiple transfer out of range";
    }
    return NULL;
}

static const char *check_helper(const IROp *op)
{
    unsigned nargs = ir_helper_nargs(op->imm);

    if (op->imm >= NB_HELPERS) {
        return "no such helper";
    }
    for (unsigned i = 0; i < nargs; i++) {
        if (op->slot[1 + i] == REF_NONE) {
            return "argument of a helper is missing";
        }
    }
    return NULL;
}

static const char *check_label(Verifier *v, const IROp *op)
{
    uint8_t *label;

    if (op->imm >= v->b->nlabels || op->imm >= IR_MAX_LABELS) {
        return "label out of range";
    }
    label = &v->label[op->imm];
    if (ir_info(op)->effects & FX_BRANCH) {
        *label |= 1;
        return *label & 2 ? "backward jump" : NULL;
    }
    if (*label & 2) {
        return "label placed twice";
    }
    *label |= 2;
    v->segment++;
    return NULL;
}

static const char *check_field(int32_t offset)
{
    bool good = offset == IR_ENV_EXIT_REQUEST || offset == IR_ENV_PAIR || offset == IR_ENV_PAIR + 4 ||
                (offset >= 0 && offset <= (int32_t)sizeof(CPUARMState) - 4 && !(offset & 3));

    return good ? NULL : "offset is outside the CPU state";
}

static const char *check_counter(const Verifier *v, const IROp *op)
{
    uint32_t offset;

    if (op->b != REF_NONE || !ref_is_const(op->a)) {
        return NULL;
    }
    offset = ir_const_value(v->b, op->a);
    return offset <= sizeof(CPUARMState) - 8 && !(offset & 7) ? NULL : "counter is outside the CPU state";
}

static const char *check_imm(Verifier *v, const IROp *op)
{
    switch ((IRImm)ir_info(op)->imm) {
    case IMM_SHIFT:
        return op->imm >= 1 && op->imm <= 31 ? NULL : "shift amount is not 1..31";
    case IMM_FIELD:
        return check_field((int32_t)op->imm);
    case IMM_LABEL:
        return check_label(v, op);
    case IMM_OFFSET:
        return check_memory(v, op);
    case IMM_HELPER:
        return check_helper(op);
    case IMM_NONE: case IMM_NUMBER: case IMM_PC:
        return NULL;
    }
    return "unknown kind of immediate";
}

static const char *check_op(Verifier *v, const IROp *op)
{
    const char *err;

    if (op->opc >= IR_NB_OPS) {
        return "unknown opcode";
    }
    if (op->setf & ~(op->opc == IR_exit_jmp ? F_NZCV : ir_info(op)->sets)) {
        return "op cannot set these flags";
    }
    if (ir_info(op)->reads == F_BY_CC && op->cc >= CC_AL) {
        return "condition is not one of EQ..LE";
    }
    if (ir_op_has_width(op) && op->n != 2 && op->n != 3) {
        return "FP width is neither single nor double";
    }
    if ((ir_info(op)->effects & FX_FPCC_READ) && v->compared != v->segment) {
        return "flags of a comparison that is not before";
    }
    if (ir_op_effects(op) & FX_FPCC_WRITE) {
        v->compared = op->opc == IR_fcmp ? v->segment : 0;
    }
    err = check_imm(v, op);
    err = err ? err : check_slots(op);
    err = err ? err : check_operands(v, op, IR_USES);
    err = err || op->opc != IR_count ? err : check_counter(v, op);
    err = err ? err : check_operands(v, op, IR_DEFS);
    v->page_segment += (ir_op_effects(op) & (FX_JOIN | FX_HELPER | FX_EXIT)) != 0;
    return err;
}

const char *ir_verify(const IRBlock *b, int *at)
{
    Verifier v;

    *at = b->nops;
    if (b->overflow) {
        return "a limit of the block was exceeded";
    }
    if (b->nops == 0 || b->nops > IR_MAX_OPS || b->nconsts > IR_MAX_CONSTS || b->nargs > IR_MAX_ARGS ||
        b->nlabels > IR_MAX_LABELS || b->ntemps > REF_T_END - REF_T0 || b->nftemps > REF_F_END - REF_F0 ||
        b->npages > REF_P_END - REF_P0 || b->nlate > IR_MAX_LATE) {
        return "counts out of range";
    }
    v.b = b;
    if (b->loop_late && check_late(&v, b->loop_late)) {
        return check_late(&v, b->loop_late);
    }
    v.segment = 1;
    v.compared = 0;
    v.page_segment = 1;
    memset(v.page, 0, sizeof(v.page));
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
    return ir_op_is_exit(&b->ops[b->nops - 1]) ? NULL : "block does not end in an exit";
}
