/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which loops wait (tcg/passes/waits.c): small blocks, each a turn of one. */
#include <stdlib.h>
#include "tcg/helper.h"
#include "tcg/ir-info.h"
#include "tcg/x86_64/op-flags.h"
#include "tests/unit/ir-env.h"

static IRBlock *b;

static IROp *emit(IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm)
{
    return ir_emit(b, opc, d, a, b2, imm);
}

static void exit_jmp(void)
{
    emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8004);
}

static void branch(uint8_t cc, uint32_t label)
{
    emit(IR_br_if, REF_NONE, REF_NONE, REF_NONE, label)->cc = cc;
}

/* `back` to the block if cc, else out; in between what the caller emits. */
static bool waits_with(void (*turn)(void), uint8_t cc)
{
    uint32_t out;

    ir_reset(b, 0x8000, 0);
    out = ir_label(b);
    turn();
    if (cc != CC_AL) {
        branch(cc ^ 1, out);
    }
    emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8000)->n = 1;
    if (cc != CC_AL) {
        emit(IR_label, REF_NONE, REF_NONE, REF_NONE, out);
        exit_jmp();
    }
    ir_optimize(b, x86_host_flags);
    return b->waits;
}

static void load_and_compare(void)
{
    emit(IR_ld, REF_R(1), REF_R(2), REF_NONE, 0)->mem = 2;
    emit(IR_sub, REF_NONE, REF_R(1), ir_const(b, 1), 0)->setf = F_NZCV;
}

static void turn_nothing(void)
{
}

static void turn_pen(void)
{
    load_and_compare();
}

/* LDR, TST, DMB as cpu_relax() has it. */
static void turn_relax(void)
{
    emit(IR_barrier, REF_NONE, REF_NONE, REF_NONE, BARRIER_DMB);
    load_and_compare();
}

static void turn_delay(void)
{
    emit(IR_sub, REF_R(0), REF_R(0), ir_const(b, 1), 0)->setf = F_NZCV;
}

static void turn_search(void)
{
    load_and_compare();
    emit(IR_add, REF_R(2), REF_R(2), ir_const(b, 4), 0);
}

static void turn_store(void)
{
    emit(IR_st, REF_NONE, REF_R(2), REF_R(3), 0)->mem = 2;
    load_and_compare();
}

/* r1 is loaded in some turns only, so what is compared may be another turn's. */
static void turn_sometimes(void)
{
    uint32_t skip = ir_label(b);

    emit(IR_sub, REF_NONE, REF_R(5), ir_const(b, 1), 0)->setf = F_NZCV;
    branch(CC_EQ, skip);
    emit(IR_ld, REF_R(1), REF_R(2), REF_NONE, 0)->mem = 2;
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, skip);
    emit(IR_sub, REF_NONE, REF_R(1), ir_const(b, 1), 0)->setf = F_NZCV;
}

/* ADC reads the carry of the turn before. */
static void turn_carry(void)
{
    emit(IR_adc, REF_R(1), REF_R(2), ir_const(b, 0), 0)->setf = F_NZCV;
}

static void test_waits(void)
{
    test_ok(waits_with(turn_nothing, CC_AL) && waits_with(turn_pen, CC_NE) && waits_with(turn_relax, CC_NE),
            "loops that only look wait");
    test_ok(!waits_with(turn_delay, CC_NE), "one that counts does not");
    test_ok(!waits_with(turn_search, CC_NE), "nor one that looks elsewhere each turn");
    test_ok(!waits_with(turn_store, CC_NE), "nor one that stores");
    test_ok(!waits_with(turn_sometimes, CC_NE) && !waits_with(turn_carry, CC_NE),
            "nor one that takes a value from the turn before");
    ir_reset(b, 0x8000, 0);
    turn_pen();
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(!b->waits, "nor a block that does not jump back to itself");
}

int main(void)
{
    b = malloc(sizeof(*b));
    test_waits();
    free(b);
    return test_done();
}
