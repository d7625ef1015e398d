/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building, verifying and printing of IR blocks. */
#include <stdlib.h>
#include <string.h>
#include "tcg/helper.h"
#include "tcg/ir-info.h"
#include "tests/unit/ir-env.h"

static IRBlock *b;

static IROp *emit(IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm)
{
    return ir_emit(b, opc, d, a, b2, imm);
}

static void start(void)
{
    ir_reset(b, 0x8000, TBF_PRIV);
    emit(IR_insn_start, REF_NONE, REF_NONE, REF_NONE, 0x8000);
}

/* End the block and expect the verifier's verdict to contain `error` (NULL: none). */
static void verdict(const char *error, const char *name)
{
    const char *found;
    int at;

    emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8004);
    found = ir_verify(b, &at);
    if (error ? !found || !strstr(found, error) : found != NULL) {
        printf("# verifier says: %s at %d\n", found ? found : "(nothing)", at);
        test_ok(false, name);
    } else {
        test_ok(true, name);
    }
}

static void test_building(void)
{
    IRRef k;

    start();
    k = ir_const(b, 5);
    test_ok(ir_const(b, 6) != k && ir_const(b, 5) == k && ir_const_value(b, k) == 5, "constants are shared");
    test_ok(b->flags_in == F_NZCV, "a new block may need all flags");
    test_ok(emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0)->setf == F_NZCV, "a jump's target may read all flags");
    test_ok(emit(IR_nz64, REF_NONE, REF_R(0), REF_R(1), 0)->setf == F_NZ, "nz64 sets N and Z");
    test_ok(emit(IR_add, REF_R(0), REF_R(0), REF_R(1), 0)->setf == 0, "add sets no flags unless told");
    start();
    while (!ir_nearly_full(b)) {
        emit(IR_mov, REF_R(0), REF_R(1), REF_NONE, 0);
    }
    test_ok(!b->overflow && b->nops < IR_MAX_OPS - 64, "nearly full comes with room to spare");
    for (int i = 0; i < IR_MAX_OPS; i++) {
        emit(IR_mov, REF_R(0), REF_R(1), REF_NONE, 0);
    }
    test_ok(b->overflow && b->nops < IR_MAX_OPS, "running over is noticed and stays inside the arrays");
    verdict("limit", "an overflown block is rejected");
    start();
    for (int i = 0; i < IR_MAX_CONSTS + 1; i++) {
        ir_const(b, i);
    }
    test_ok(b->overflow && b->nconsts == IR_MAX_CONSTS, "running out of constants is noticed");
}

static void test_good(void)
{
    IRRef t, f;
    uint32_t l;
    IROp *op;

    start();
    t = ir_temp(b);
    emit(IR_add, t, REF_R(1), ir_const(b, 4), 0);
    emit(IR_ld, REF_R(0), t, REF_NONE, 0)->mem = 2;
    emit(IR_sub, REF_NONE, REF_R(0), ir_const(b, 0), 0)->setf = F_NZCV;
    l = ir_label(b);
    emit(IR_br_if, REF_NONE, REF_NONE, REF_NONE, l)->cc = CC_EQ;
    emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8010);
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    verdict(NULL, "an ordinary block passes");

    start();
    f = ir_ftemp(b);
    emit(IR_fmul, f, REF_D(1), REF_D(2), 0)->n = 3;
    emit(IR_fadd, REF_D(0), REF_D(0), f, 0)->n = 3;
    emit(IR_fcvt, REF_S(4), REF_D(0), REF_NONE, 0)->n = 3;
    emit(IR_fcmp, REF_NONE, REF_S(4), REF_NONE, 1)->n = 2;
    emit(IR_fmstat, REF_NONE, REF_NONE, REF_NONE, 0);
    op = emit(IR_ldm, REF_NONE, REF_R(13), REF_NONE, 0);
    op->mem = 3 | MEM_ALIGN;
    op->n = 2;
    op->arg = b->nargs;
    b->args[b->nargs++] = REF_D(3);
    b->args[b->nargs++] = REF_D(4);
    verdict(NULL, "a floating-point block passes");
}

static void test_bad(void)
{
    IRRef t;
    uint32_t l;

    start();
    t = ir_temp(b);
    emit(IR_add, REF_R(0), t, REF_R(1), 0);
    verdict("before it is defined", "an undefined temporary is found");

    start();
    t = ir_temp(b);
    emit(IR_mov, t, REF_R(0), REF_NONE, 0);
    l = ir_label(b);
    emit(IR_br_if, REF_NONE, REF_NONE, REF_NONE, l)->cc = CC_NE;
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    emit(IR_mov, REF_R(1), t, REF_NONE, 0);
    verdict("lives across a label", "a temporary across a label is found");

    start();
    l = ir_label(b);
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    emit(IR_br_if, REF_NONE, REF_NONE, REF_NONE, l)->cc = CC_NE;
    verdict("backward", "a backward jump is found");

    start();
    emit(IR_br_if, REF_NONE, REF_NONE, REF_NONE, ir_label(b))->cc = CC_NE;
    verdict("never placed", "a missing label is found");

    start();
    l = ir_label(b);
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    verdict("placed twice", "a label placed twice is found");

    start();
    emit(IR_count, REF_NONE, REF_R(0), REF_NONE, 1);
    verdict("not a constant", "a counter at an address that is not known is found");

    start();
    emit(IR_count, REF_NONE, ir_const(b, sizeof(CPUARMState)), REF_NONE, 1);
    verdict("outside the CPU state", "a counter behind the CPU's state is found");

    start();
    emit(IR_shl, REF_R(0), REF_R(1), REF_NONE, 32);
    verdict("1..31", "a shift by 32 is found");

    start();
    emit(IR_and, REF_R(0), REF_R(1), REF_R(2), 0)->setf = F_NZCV;
    verdict("cannot set", "flags that an op cannot set are found");

    start();
    emit(IR_add, REF_NONE, REF_R(1), REF_R(2), 0);
    verdict("destination", "an op without any result is found");

    start();
    emit(IR_add, REF_D(0), REF_R(1), REF_R(2), 0);
    verdict("destination", "an integer op into a VFP register is found");

    start();
    emit(IR_fadd, REF_S(0), REF_D(1), REF_S(2), 0)->n = 2;
    verdict("FP operand", "mixed widths are found");

    start();
    t = ir_ftemp(b);
    emit(IR_fmov, t, REF_S(0), REF_NONE, 0)->n = 2;
    emit(IR_fmov, REF_D(0), t, REF_NONE, 0)->n = 3;
    verdict("another width", "an FP temporary of another width is found");

    start();
    emit(IR_fadd, REF_S(0), REF_S(1), REF_S(2), 0);
    verdict("width", "a missing width is found");

    start();
    emit(IR_fcmp, REF_NONE, REF_S(4), REF_NONE, 0)->n = 2;
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, ir_label(b));
    emit(IR_fmstat, REF_NONE, REF_NONE, REF_NONE, 0)->setf = F_NZCV;
    verdict("comparison", "flags of a comparison before a label are found");

    start();
    emit(IR_ld, REF_R(0), REF_R(1), REF_NONE, 0)->mem = 3;
    verdict("doubleword", "a doubleword load to an integer is found");

    start();
    emit(IR_call, REF_R(0), REF_NONE, REF_NONE, HELPER_usad8);
    verdict("argument", "a missing helper argument is found");

    start();
    emit(IR_call, REF_R(0), REF_NONE, REF_NONE, NB_HELPERS);
    verdict("no such helper", "an unknown helper is found");

    start();
    emit(IR_stenv, REF_NONE, REF_R(0), REF_NONE, sizeof(CPUARMState));
    verdict("outside", "a field outside the state is found");

    start();
    emit(IR_csel, REF_R(0), REF_R(1), REF_R(2), 0);
    verdict("condition", "a select without condition is found");

    start();
    emit(IR_umull, REF_R(0), REF_R(1), REF_R(2), 0)->c = REF_R(0);
    verdict("same", "equal destinations of a long multiply are found");

    start();
    emit(IR_umlal, ir_temp(b), REF_R(1), REF_R(2), 0)->c = REF_R(0);
    verdict("no guest register", "a sum of a long multiply-accumulate that is no register is found");

    start();
    emit(IR_ldm, REF_NONE, REF_R(0), REF_NONE, 0)->mem = 2;
    verdict("element list", "an empty element list is found");

    start();
    emit(IR_mov, REF_R(0), REF_R(1), REF_R(2), 0);
    verdict("does not have", "an operand that no pass would look at is found");

    start();
    emit(IR_mov, REF_R(0), REF_R(1), REF_NONE, 0)->opc = IR_NB_OPS;
    verdict("unknown opcode", "an unknown op is found");

    start();
    emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0);
    emit(IR_mov, REF_R(0), REF_R(1), REF_NONE, 0);
    {
        int at;
        const char *err = ir_verify(b, &at);

        test_ok(err && strstr(err, "exit"), "a block that runs off its end is found");
    }
}

/* What a walk over the operands of these roles finds, in its order. */
static bool finds(const IROp *op, unsigned roles, unsigned n, const IRRef *refs)
{
    IROperands it = ir_operands(b, op, roles);
    unsigned i = 0;

    while (ir_next_operand(&it)) {
        if (i == n || *it.ref != refs[i++]) {
            return false;
        }
    }
    return i == n;
}

static void test_operands(void)
{
    IROp *op;

    start();
    op = emit(IR_umull, REF_R(0), REF_R(1), REF_R(2), 0);
    op->c = REF_R(3);
    test_ok(finds(op, IR_DEFS, 2, (IRRef[]) { REF_R(0), REF_R(3) }) &&
            finds(op, IR_USES, 2, (IRRef[]) { REF_R(1), REF_R(2) }), "a long multiply has two results");
    op = emit(IR_call, REF_R(0), REF_R(1), REF_R(2), HELPER_strex);
    op->c = REF_R(3);
    test_ok(finds(op, IR_ALL, 4, (IRRef[]) { REF_R(0), REF_R(1), REF_R(2), REF_R(3) }) &&
            finds(op, IR_DEFS, 1, (IRRef[]) { REF_R(0) }), "a call has three arguments");
    op = emit(IR_ldm, REF_NONE, REF_R(13), REF_NONE, 0);
    op->n = 2;
    op->arg = b->nargs;
    b->args[b->nargs++] = REF_R(4);
    b->args[b->nargs++] = REF_R(5);
    test_ok(finds(op, IR_DEFS, 2, (IRRef[]) { REF_R(4), REF_R(5) }) &&
            finds(op, IR_USES, 2, (IRRef[]) { REF_R(13), REF_NONE }),
            "what LDM loads is defined");
    op->opc = IR_stm;
    test_ok(finds(op, IR_DEFS, 0, NULL) && finds(op, IR_USES, 4, (IRRef[]) { REF_R(13), REF_NONE, REF_R(4), REF_R(5) }),
            "what STM stores is used");
    test_ok(ir_op_effects(&(IROp) { .opc = IR_call, .imm = HELPER_usad8 }) ==
            (FX_HELPER | FX_ENV_READ | FX_ENV_WRITE) &&
            (ir_op_effects(&(IROp) { .opc = IR_call, .imm = HELPER_cpsr_write }) &
             (FX_REGS | FX_FLAGS_READ | FX_FLAGS_WRITE | FX_CONTEXT | FX_RAISE)) ==
            (FX_REGS | FX_FLAGS_READ | FX_FLAGS_WRITE | FX_CONTEXT), "a call does what its helper does");
}

static void test_print(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    start();
    emit(IR_sub, REF_NONE, REF_R(0), ir_const(b, 16), 0)->setf = F_NZCV;
    emit(IR_ld, REF_R(3), REF_R(13), REF_NONE, -4)->mem = MEM_SIGNED | 1;
    emit(IR_call, REF_R(1), REF_R(2), REF_R(3), HELPER_usad8);
    emit(IR_exit_main, REF_NONE, REF_NONE, REF_NONE, 0);
    ir_print(f, b);
    fclose(f);
    test_ok(strstr(text, "sub -, r0, $0x10  set:NZCV") && strstr(text, "ld r3, [r13 + -4] sh") &&
            strstr(text, "call usad8 r1, r2, r3, -") && strstr(text, "exit_main"), "blocks print readably");
    free(text);
}

int main(void)
{
    b = malloc(sizeof(*b));
    test_building();
    test_good();
    test_bad();
    test_operands();
    test_print();
    free(b);
    return test_done();
}
