/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text form of IR blocks for `-d op` and for failing tests. Reads a block; takes no locks. Robust against malformed
 * blocks, since it is what shows them.
 */
#include <inttypes.h>
#include "tcg/ir-info.h"

static const char *const cc_names[16] = {
    "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "??",
};

static void print_ref(FILE *f, const IRBlock *b, IRRef r)
{
    if (r == REF_NONE) {
        fputc('-', f);
    } else if (ref_is_reg(r)) {
        fprintf(f, "r%d", r - REF_R0);
    } else if (ref_is_temp(r)) {
        fprintf(f, "t%d", r - REF_T0);
    } else if (ref_is_page(r)) {
        fprintf(f, "p%d", r - REF_P0);
    } else if (ref_is_s(r)) {
        fprintf(f, "s%d", r - REF_S0);
    } else if (ref_is_d(r)) {
        fprintf(f, "d%d", r - REF_D0);
    } else if (ref_is_ftemp(r)) {
        fprintf(f, "f%d", r - REF_F0);
    } else if (ref_is_const(r) && r - REF_K0 < b->nconsts) {
        fprintf(f, "$0x%" PRIx32, ir_const_value(b, r));
    } else {
        fprintf(f, "<bad ref %#x>", r);
    }
}

static void print_flags(FILE *f, uint8_t flags)
{
    for (int i = 3; i >= 0; i--) {
        if (flags & (1 << i)) {
            fputc("VCZN"[i], f);
        }
    }
}

static void print_mem(FILE *f, uint8_t mem)
{
    static const char *const kinds[4] = { "b", "h", "w", "d" };

    fprintf(f, " %s%s%s%s%s%s", mem & MEM_SIGNED ? "s" : "", kinds[mem & MEM_SIZE], mem & MEM_BE ? ".be" : "",
            mem & MEM_ALIGN ? ".align" : "", mem & MEM_USER ? ".user" : "", mem & MEM_ROTATE ? ".rotate" : "");
}

static void print_imm(FILE *f, const IROp *op, const char *sep)
{
    switch ((IRImm)ir_info(op)->imm) {
    case IMM_NUMBER: case IMM_PC: case IMM_SHIFT:
        fprintf(f, "%s#0x%" PRIx32, sep, op->imm);
        break;
    case IMM_FIELD:
        fprintf(f, (int32_t)op->imm < 0 ? "%s#%" PRId32 : "%s#0x%" PRIx32, sep, op->imm);
        break;
    case IMM_LABEL:
        fprintf(f, "%sL%" PRIu32, sep, op->imm);
        break;
    case IMM_NONE: case IMM_OFFSET: case IMM_HELPER:
        break;
    }
}

static void print_late(FILE *f, const IRBlock *b, unsigned number)
{
    const IRLate *l = &b->late[number - 1];

    if (number > b->nlate) {
        fprintf(f, "<bad comparison %u>", number);
        return;
    }
    fprintf(f, "%s", l->opc == IR_sub ? "cmp(" : "tst(");
    print_ref(f, b, l->a);
    fprintf(f, l->ka ? "%+" PRId32 ", " : ", ", (int32_t)l->ka);
    print_ref(f, b, l->b);
    fprintf(f, l->kb ? "%+" PRId32 ")" : ")", (int32_t)l->kb);
    fputs(l->looped ? " if looped" : "", f);
}

static void print_operands(FILE *f, const IRBlock *b, const IROp *op)
{
    bool memory = ir_info(op)->imm == IMM_OFFSET, in_list = false;
    IROperands it = ir_operands(b, op, IR_ALL);
    const char *sep = " ";

    while (ir_next_operand(&it)) {
        bool list = it.slot == SLOT_LIST;

        if (ir_operand_info(op, it.slot)->kind == KIND_PAGE && *it.ref == REF_NONE) {
            continue;
        }
        if (list && it.ref >= b->args + b->nargs) {
            break;
        }
        fprintf(f, "%s%s", sep, list && !in_list ? "{" : "");
        sep = ", ";
        in_list = list;
        if (memory && it.ref == &op->a) {
            fputc('[', f);
            print_ref(f, b, *it.ref);
            fprintf(f, op->imm ? " + %" PRId32 "]" : "]", (int32_t)op->imm);
        } else {
            print_ref(f, b, *it.ref);
        }
    }
    fputs(in_list ? "}" : "", f);
    print_imm(f, op, sep);
    if (memory) {
        print_mem(f, op->mem);
    }
    if (op->opc == IR_page) {
        fprintf(f, " %u bytes%s", (unsigned)op->near, op->n ? ", stores" : "");
    } else if (memory && op->c != REF_NONE) {
        fprintf(f, " at +%u", (unsigned)op->near);
    }
    if (ir_op_is_access(op) && op->cc) {
        fputs("  shows ", f);
        print_late(f, b, op->cc);
    }
}

static void print_op(FILE *f, const IRBlock *b, const IROp *op)
{
    if (op->opc >= IR_NB_OPS) {
        fprintf(f, "  <bad op %d>\n", op->opc);
        return;
    }
    if (op->opc == IR_insn_start) {
        fprintf(f, " ---- %08" PRIx32 "\n", op->imm);
        return;
    }
    fprintf(f, "  %s", ir_info(op)->name);
    if (ir_info(op)->imm == IMM_HELPER) {
        fprintf(f, " %s", ir_helper_name(op->imm));
    }
    if (ir_info(op)->reads == F_BY_CC) {
        fprintf(f, ".%s", cc_names[op->cc & 15]);
    }
    if (ir_op_has_width(op)) {
        fputs(op->n == 3 ? ".d" : ".s", f);
    }
    print_operands(f, b, op);
    if (op->opc == IR_exit_jmp && op->n) {
        fputs(" (back edge)", f);
    }
    if (op->setf) {
        fputs(op->opc == IR_exit_jmp ? "  read:" : "  set:", f);
        print_flags(f, op->setf);
    }
    if (op->opc == IR_exit_jmp && op->n && op->imm == b->pc && b->loop_late) {
        fputs("  shows ", f);
        print_late(f, b, b->loop_late);
    }
    if (op->savef) {
        fputs(" save:", f);
        print_flags(f, op->savef);
    }
    fputc('\n', f);
}

void ir_print(FILE *f, const IRBlock *b)
{
    fprintf(f, "IR %08" PRIx32 " flags %#" PRIx32 ": %u guest instructions, %u ops, %u temps, %u labels%s\n", b->pc,
            b->flags, (unsigned)b->guest_insns, (unsigned)b->nops, (unsigned)b->ntemps, (unsigned)b->nlabels,
            b->overflow ? ", OVERFLOW" : "");
    for (int i = 0; i < b->nops; i++) {
        print_op(f, b, &b->ops[i]);
    }
}
