/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The passes: what each one is for, on small blocks; then random blocks, which must do the same before and after, and
 * whose flags must be where the contract of flags.c says on every path.
 */
#include <stdlib.h>
#include <string.h>
#include "tcg/helper.h"
#include "tcg/ir-info.h"
#include "tcg/x86_64/op-flags.h"
#include "tests/unit/ir-env.h"
#include "tests/unit/ir-random.h"

static IRBlock *b, *copy;

static IROp *emit(IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm)
{
    return ir_emit(b, opc, d, a, b2, imm);
}

static void exit_jmp(void)
{
    emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8004);
}

static IROp *branch(uint8_t cc, uint32_t label)
{
    IROp *op = emit(IR_br_if, REF_NONE, REF_NONE, REF_NONE, label);

    op->cc = cc;
    return op;
}

static bool same(const IROp *op, IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm)
{
    return op->opc == opc && op->d == d && op->a == a && op->b == b2 && op->imm == imm;
}

static IRRef k(uint32_t v)
{
    return ir_const(b, v);
}

static void test_fold(void)
{
    IRRef t0, t1, t2;

    ir_reset(b, 0x8000, 0);
    t0 = ir_temp(b);
    t1 = ir_temp(b);
    t2 = ir_temp(b);
    emit(IR_mov, t0, k(3), REF_NONE, 0);
    emit(IR_add, t1, t0, k(4), 0);
    emit(IR_shlv, t2, REF_R(2), t1, 0);
    emit(IR_mov, REF_R(0), t2, REF_NONE, 0);
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(b->nops == 2 && same(&b->ops[0], IR_shl, REF_R(0), REF_R(2), REF_NONE, 7),
            "constants fold into an immediate shift that writes its register");

    ir_reset(b, 0x8000, 0);
    t0 = ir_temp(b);
    emit(IR_add, t0, REF_R(1), k(8), 0);
    emit(IR_ld, REF_R(0), t0, REF_NONE, 4)->mem = 2;
    emit(IR_mov, REF_R(1), t0, REF_NONE, 0);
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(same(&b->ops[1], IR_ld, REF_R(0), REF_R(1), REF_NONE, 12), "an address folds into the load's offset");

    ir_reset(b, 0x8000, 0);
    t0 = ir_temp(b);
    emit(IR_mov, t0, REF_R(1), REF_NONE, 0);
    emit(IR_add, REF_R(1), REF_R(1), k(4), 0);
    emit(IR_st, REF_NONE, REF_R(3), t0, 0)->mem = 2;
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(b->ops[2].opc == IR_st && b->ops[2].b == t0, "a copy is not used once its register has changed");

    ir_reset(b, 0x8000, 0);
    emit(IR_mov, REF_R(0), k(0x12000000), REF_NONE, 0);
    emit(IR_or, REF_R(0), REF_R(0), k(0x34), 0);
    emit(IR_ld, REF_R(1), REF_R(0), REF_NONE, 4)->mem = 2;
    exit_jmp();
    ir_pass_fold(b);
    test_ok(same(&b->ops[1], IR_mov, REF_R(0), k(0x12000034), REF_NONE, 0) &&
            b->ops[2].a == k(0x12000038) && !b->ops[2].imm,
            "a constant built in a register becomes an address");

    ir_reset(b, 0x8000, 0);
    emit(IR_add, REF_R(0), k(1), k(2), 0)->setf = F_NZCV;
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(b->ops[0].opc == IR_add && b->ops[0].setf == F_NZCV, "an op that sets flags stays");

    ir_reset(b, 0x8000, 0);
    t0 = ir_temp(b);
    t1 = ir_temp(b);
    emit(IR_umull, t0, REF_R(0), REF_R(1), 0)->c = t1;
    emit(IR_mov, REF_R(4), t0, REF_NONE, 0);
    emit(IR_mov, REF_R(5), t1, REF_NONE, 0);
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(b->nops == 2 && b->ops[0].d == REF_R(4) && b->ops[0].c == REF_R(5), "a long multiply writes its registers");
}

/* The pages of the block's accesses: a digit for each op that has one, - without. */
static const char *page_digits(void)
{
    static char text[32];
    unsigned n = 0;

    for (int i = 0; i < b->nops && n + 1 < sizeof(text); i++) {
        const IROp *op = &b->ops[i];

        if (op->opc == IR_page) {
            text[n++] = 'P';
        } else if (op->opc == IR_ld || op->opc == IR_st || op->opc == IR_ldm) {
            text[n++] = op->c == REF_NONE ? '-' : (char)('0' + op->c - REF_P0);
        }
    }
    text[n] = 0;
    return text;
}

static void load(IRRef d, IRRef base, uint32_t offset)
{
    emit(IR_ld, d, base, REF_NONE, offset)->mem = 2;
}

static void test_pages(void)
{
    uint32_t l;
    int at;

    ir_reset(b, 0x8000, 0);
    load(REF_R(1), REF_R(0), 8);
    emit(IR_add, REF_R(0), REF_R(0), k(16), 0);
    emit(IR_ld, REF_R(2), REF_R(0), REF_NONE, -16)->mem = 0;
    emit(IR_st, REF_NONE, REF_R(0), REF_R(2), 4)->mem = 2;
    load(REF_R(3), REF_R(2), 0);
    exit_jmp();
    ir_pass_pages(b);
    test_ok(!strcmp(page_digits(), "P000-") && b->ops[0].near == 24 && b->ops[0].n == 1 && b->ops[0].mem == 0 &&
            b->ops[0].imm == 0 && b->ops[1].near == 8 && b->ops[3].near == 0 && b->ops[4].near == 20 &&
            !ir_verify(b, &at), "accesses off one value share a look at the tables");

    for (unsigned how = 0; how < 2; how++) {
        ir_reset(b, 0x8000, 0);
        emit(IR_ld, REF_R(4), REF_R(0), REF_NONE, 1)->mem = 0;
        for (unsigned i = 2; i < 5; i++) {
            emit(IR_ld, REF_R(i), REF_R(0), REF_NONE, i == 4 ? 8 : i * 4 - 6)->mem = 2 | (how ? MEM_ALIGN : 0);
        }
        exit_jmp();
        ir_pass_pages(b);
        if (how) {
            test_ok(!strcmp(page_digits(), "P000-") && b->ops[0].imm == (uint32_t)-2 && b->ops[0].near == 12 &&
                    b->ops[1].near == 3 && !ir_verify(b, &at), "a look at the alignment is one for all");
        } else {
            test_ok(!strcmp(page_digits(), "P0000") && b->ops[0].imm == 1 && b->ops[0].near == 11 &&
                    b->ops[0].mem == 0 && !ir_verify(b, &at), "words that need no alignment share a look all the same");
        }
    }

    ir_reset(b, 0x8000, 0);
    load(REF_R(1), REF_R(0), 0);
    load(REF_R(2), REF_R(0), 4);
    load(REF_R(0), REF_R(0), 8);
    load(REF_R(3), REF_R(0), 0);
    load(REF_R(4), REF_R(0), 4096);
    exit_jmp();
    ir_pass_pages(b);
    test_ok(!strcmp(page_digits(), "P000--"), "not with another value, nor far away");

    for (unsigned how = 0; how < 2; how++) {
        ir_reset(b, 0x8000, 0);
        for (unsigned i = 0; i < 6; i++) {
            load(REF_R(i), REF_R(13), i * 4);
            if (i == 2 && how) {
                l = ir_label(b);
                branch(CC_EQ, l);
                emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
            } else if (i == 2) {
                emit(IR_call, REF_R(7), REF_R(1), REF_R(2), HELPER_usad8);
            }
        }
        exit_jmp();
        ir_pass_pages(b);
        test_ok(!strcmp(page_digits(), "P000P111"), how ? "a join point asks again" : "who calls a helper asks again");
    }

    ir_reset(b, 0x8000, 0);
    l = ir_label(b);
    emit(IR_mov, REF_R(1), REF_R(2), REF_NONE, 0);
    branch(CC_EQ, l);
    emit(IR_add, REF_R(1), REF_R(13), k(8), 0);
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    for (unsigned i = 0; i < 3; i++) {
        load(REF_R(i + 3), REF_R(i == 2 ? 1 : 13), i * 4);
    }
    exit_jmp();
    ir_pass_pages(b);
    test_ok(!strcmp(page_digits(), "---"), "a register that one way has changed is a new value behind the join point");

    ir_reset(b, 0x8000, 0);
    l = ir_label(b);
    for (unsigned i = 0; i < 3; i++) {
        load(REF_R(i), REF_R(13), i * 4);
    }
    branch(CC_EQ, l);
    emit(IR_st, REF_NONE, REF_R(13), REF_R(2), 4)->mem = 2;
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    exit_jmp();
    ir_pass_pages(b);
    test_ok(!strcmp(page_digits(), "P000-") && !b->ops[0].n, "loads do not rely on a store that may not be done");

    ir_reset(b, 0x8000, 0);
    for (unsigned i = 0; i < 4; i++) {
        emit(IR_ld, REF_R(i), REF_R(13), REF_NONE, i * 4)->mem = 2 | MEM_USER;
    }
    exit_jmp();
    ir_pass_pages(b);
    test_ok(!strcmp(page_digits(), "----"), "accesses with user rights are not of the tables at hand");
}

static void test_flags(void)
{
    uint32_t l;

    ir_reset(b, 0x8000, 0);
    emit(IR_add, REF_R(0), REF_R(0), k(1), 0)->setf = F_NZCV;
    emit(IR_sub, REF_NONE, REF_R(0), k(5), 0)->setf = F_NZCV;
    l = ir_label(b);
    branch(CC_EQ, l);
    exit_jmp();
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->ops[0].setf == 0 && b->ops[1].setf == F_NZCV && b->ops[1].savef == 0 && b->ops[4].arg == F_NZCV,
            "a compare feeds its branch and the exit behind it from the host's flags");
    test_ok(b->flags_in == 0, "a block that defines all flags first needs none");

    ir_reset(b, 0x8000, 0);
    emit(IR_sub, REF_NONE, REF_R(0), k(5), 0)->setf = F_NZCV;
    emit(IR_add, REF_R(0), REF_R(0), k(5), 0)->setf = F_NZCV;
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->nops == 2 && b->ops[0].opc == IR_add, "a compare that nobody reads disappears");

    ir_reset(b, 0x8000, 0);
    emit(IR_and, REF_R(1), REF_R(1), k(7), 0)->setf = F_NZ;
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->flags_in == (F_C | F_V), "a block needs the flags that it leaves alone");

    ir_reset(b, 0x8000, 0);
    l = ir_label(b);
    branch(CC_CS, l);
    emit(IR_sub, REF_NONE, REF_R(0), k(5), 0)->setf = F_NZCV;
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    emit(IR_and, REF_R(1), REF_R(1), k(7), 0)->setf = F_NZ;
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->flags_in == (F_C | F_V), "a block needs the flags that it leaves alone on one of its ways");

    ir_reset(b, 0x8000, 0);
    emit(IR_sub, REF_NONE, REF_R(0), k(5), 0)->setf = F_NZCV;
    emit(IR_ld, REF_R(1), REF_R(2), REF_NONE, 0)->mem = 2;
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->ops[0].savef == F_NZCV, "flags are in memory where a load may fault");

    ir_reset(b, 0x8000, 0);
    emit(IR_sub, REF_R(0), REF_R(0), k(5), 0)->setf = F_NZCV;
    emit(IR_and, REF_R(1), REF_R(1), k(7), 0)->setf = F_NZ;
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->ops[0].setf == (F_C | F_V) && b->ops[0].savef == (F_C | F_V) && b->ops[1].savef == 0,
            "C and V of an older op are saved there");

    ir_reset(b, 0x8000, 0);
    emit(IR_setc, REF_NONE, REF_R(3), REF_NONE, 0);
    emit(IR_and, REF_R(1), REF_R(1), k(7), 0)->setf = F_NZ;
    emit(IR_csel, REF_R(2), REF_R(3), REF_R(4), 0)->cc = CC_HI;
    emit(IR_csel, REF_R(5), REF_R(3), REF_R(4), 0)->cc = CC_EQ;
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->ops[1].savef == F_NZ && b->ops[3].arg == 0,
            "a condition on flags of two ops comes from memory, and takes the host's");

    ir_reset(b, 0x8000, 0);
    emit(IR_ror, REF_R(1), REF_R(1), REF_NONE, 3)->setf = F_NZC;
    emit(IR_csel, REF_R(2), REF_R(3), REF_R(4), 0)->cc = CC_CS;
    emit(IR_sub, REF_NONE, REF_R(0), k(5), 0)->setf = F_NZCV;
    exit_jmp();
    ir_pass_flags(b, x86_host_flags);
    test_ok(b->ops[0].setf == F_C && b->ops[0].savef == F_C, "a rotate's flags go to memory");

    for (unsigned dead = 0; dead < 2; dead++) {
        ir_reset(b, 0x8000, 0);
        emit(IR_call, REF_R(0), REF_R(1), REF_R(2), HELPER_lsr_c);
        if (dead) {
            emit(IR_sub, REF_NONE, REF_R(0), k(5), 0)->setf = F_NZCV;
        }
        exit_jmp();
        ir_pass_flags(b, x86_host_flags);
        test_ok(b->ops[0].opc == (dead ? IR_shrv : IR_call) && b->flags_in == (dead ? 0 : F_NZCV),
                dead ? "a shift whose carry is overwritten needs no helper" : "a carry that an exit shows is computed");
    }

    /* Where two ways meet. */
    static const struct { uint8_t first, between, setf, cc, saved, saved_between; const char *what; } joins[] = {
        { IR_sub, IR_mov, 0, CC_AL, 0, 0, "flags that both ways bring along stay where they are" },
        { IR_add, IR_mov, 0, CC_AL, 0, 0, "likewise those of an addition" },
        { IR_sub, IR_sub, F_NZCV, CC_AL, 0, 0, "those of a comparison on each way, too" },
        { IR_add, IR_sub, F_NZCV, CC_AL, F_N, F_N, "flags of two forms meet in memory" },
        { IR_sub, IR_mul, 0, CC_AL, F_N, 0, "flags that one way loses are saved before" },
        { IR_sub, IR_csel, 0, CC_LS, 0, 0, "who reads a comparison leaves its form alone" },
        { IR_add, IR_csel, 0, CC_LS, F_N, 0, "who reads an addition may change its form" },
    };
    for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
        IROp *between;

        ir_reset(b, 0x8000, 0);
        emit((IROpcode)joins[i].first, REF_R(5), REF_R(0), k(5), 0)->setf = F_NZCV;
        l = ir_label(b);
        branch(CC_NE, l);
        between = emit((IROpcode)joins[i].between, REF_R(1), REF_R(6), joins[i].between == IR_mov ? REF_NONE : REF_R(7),
                       0);
        between->setf = joins[i].setf;
        between->cc = joins[i].cc;
        emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
        emit(IR_csel, REF_R(2), REF_R(3), REF_R(4), 0)->cc = CC_MI;
        emit(IR_sub, REF_NONE, REF_R(0), k(5), 0)->setf = F_NZCV;
        exit_jmp();
        ir_pass_flags(b, x86_host_flags);
        test_ok(b->ops[0].savef == joins[i].saved && b->ops[2].savef == joins[i].saved_between, joins[i].what);
    }
}

/* Does access i show this comparison? */
static bool shows(unsigned i, uint8_t opc, IRRef a, int ka, IRRef b2, int kb, bool looped)
{
    const IRLate *l = &b->late[b->ops[i].cc - 1];

    return b->ops[i].cc && b->ops[i].cc <= b->nlate && l->opc == opc && l->a == a && l->ka == (uint32_t)ka &&
           l->b == b2 && l->kb == (uint32_t)kb && l->looped == looped;
}

static void test_late(void)
{
    uint32_t l;

    ir_reset(b, 0x8000, 0);
    emit(IR_sub, REF_NONE, REF_R(2), REF_R(3), 0)->setf = F_NZCV;
    emit(IR_st, REF_NONE, REF_R(12), REF_R(7), 0)->mem = 2;
    emit(IR_add, REF_R(2), REF_R(2), k(8), 0);
    emit(IR_ld, REF_R(1), REF_R(0), REF_NONE, 0)->mem = 2;
    l = ir_label(b);
    branch(CC_NE, l);
    exit_jmp();
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(b->ops[0].opc == IR_st && shows(0, IR_sub, REF_R(2), 0, REF_R(3), 0, false) &&
            shows(2, IR_sub, REF_R(2), -8, REF_R(3), 0, false) && b->ops[4].opc == IR_sub && !b->ops[4].savef &&
            b->ops[4].setf == F_NZCV && b->flags_in == 0,
            "a comparison goes behind accesses, its operands up to a constant");

    ir_reset(b, 0x8000, 0);
    emit(IR_sub, REF_R(3), REF_R(3), k(1), 0)->setf = F_NZCV;
    emit(IR_ld, REF_R(1), REF_R(3), REF_NONE, 0)->mem = 2;
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(!b->ops[0].setf && shows(1, IR_sub, REF_R(3), 1, k(1), 0, false) && b->ops[3].opc == IR_sub,
            "a subtraction's flags are those of a comparison with its result");

    ir_reset(b, 0x8000, 0);
    emit(IR_sub, REF_NONE, REF_R(1), k(1), 0)->setf = F_NZCV;
    emit(IR_ld, REF_R(1), REF_R(3), REF_NONE, 0)->mem = 2;
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(b->ops[0].opc == IR_sub && b->ops[0].savef == F_NZCV && !b->ops[1].cc,
            "a comparison stays where its operand is lost");

    ir_reset(b, 0x8000, 0);
    emit(IR_mov, REF_R(4), REF_R(5), REF_NONE, 0)->setf = F_NZ;
    emit(IR_st, REF_NONE, REF_R(12), REF_R(7), 0)->mem = 2;
    emit(IR_csel, REF_R(0), REF_R(1), REF_R(2), 0)->cc = CC_EQ;
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(shows(1, IR_and, REF_R(4), 0, REF_R(4), 0, false) && b->ops[2].opc == IR_and && b->flags_in == (F_C | F_V),
            "N and Z of a result are computed late, C and V are in memory");

    ir_reset(b, 0x8000, 0);
    emit(IR_sub, REF_NONE, REF_R(2), REF_R(3), 0)->setf = F_NZCV;
    emit(IR_fmul, REF_D(0), REF_D(1), REF_D(2), 0)->n = 3;
    l = ir_label(b);
    branch(CC_NE, l);
    exit_jmp();
    emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
    exit_jmp();
    ir_optimize(b, x86_host_flags);
    test_ok(b->ops[0].opc == IR_fmul && b->ops[1].opc == IR_sub && !b->ops[1].savef,
            "a comparison goes behind arithmetic of floating-point numbers");

    for (unsigned read = 0; read < 2; read++) {
        ir_reset(b, 0x8000, 0);
        emit(IR_sub, REF_NONE, REF_R(2), REF_R(3), 0)->setf = F_NZCV;
        l = ir_label(b);
        branch(CC_NE, l);
        exit_jmp();
        emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
        emit(IR_ld, REF_R(2), REF_R(0), REF_NONE, 0)->mem = 2;
        if (read) {
            emit(IR_csel, REF_R(4), REF_R(5), REF_R(6), 0)->cc = CC_EQ;
        }
        emit(IR_sub, REF_NONE, REF_R(2), REF_R(4), 0)->setf = F_NZCV;
        exit_jmp();
        ir_optimize(b, x86_host_flags);
        test_ok(read ? b->ops[0].savef == F_NZCV && !b->ops[4].cc
                     : !b->ops[0].savef && shows(4, IR_sub, REF_R(2), 0, REF_R(3), 0, false) && b->flags_in == 0,
                read ? "a comparison is saved for who reads it behind an access behind a side exit"
                     : "an access behind a side exit shows the comparison before it");
    }

    for (unsigned partial = 0; partial < 2; partial++) {
        ir_reset(b, 0x8000, 0);
        emit(IR_ld, REF_R(1), REF_R(0), REF_NONE, 0)->mem = 2;
        emit(IR_add, REF_R(0), REF_R(0), k(4), 0);
        emit(IR_st, REF_NONE, REF_R(12), REF_R(1), 0)->mem = 2;
        if (partial) {
            emit(IR_and, REF_NONE, REF_R(0), REF_R(6), 0)->setf = F_NZ;
        } else {
            emit(IR_sub, REF_NONE, REF_R(0), REF_R(6), 0)->setf = F_NZCV;
        }
        l = ir_label(b);
        branch(CC_EQ, l);
        emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8000)->n = 1;
        emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
        exit_jmp();
        ir_optimize(b, x86_host_flags);
        test_ok(partial ? !b->loop_late && !b->ops[0].cc
                        : b->loop_late && shows(0, IR_sub, REF_R(0), 0, REF_R(6), 0, true) &&
                          shows(2, IR_sub, REF_R(0), -4, REF_R(6), 0, true) && b->flags_in == F_NZCV,
                partial ? "a loop that leaves C and V alone saves them"
                        : "a loop's accesses know the comparison of the turn before");
    }
}

static uint8_t host_after(const IROp *op, uint8_t before)
{
    switch (op->opc) {
    case IR_insn_start: case IR_ldenv: case IR_stenv: case IR_count: case IR_label: case IR_rev: case IR_sxtb:
    case IR_sxth: case IR_uxtb: case IR_uxth: case IR_fmov: case IR_fneg: case IR_fabs: case IR_fsito: case IR_fuito:
    case IR_fgetw:
        return before;
    case IR_mov: case IR_mvn:
        return op->setf ? op->setf : before;
    case IR_br_if: case IR_csel:
        return ir_cc_flags(op->cc) & ~before ? 0 : before;
    case IR_ror: case IR_rrx: case IR_setc: case IR_setflags:
        return 0;
    default:
        return op->setf;
    }
}

static bool current(const unsigned *truth, const unsigned *memory, uint8_t flags)
{
    for (int f = 0; f < 4; f++) {
        if ((flags >> f & 1) && truth[f] != memory[f]) {
            return false;
        }
    }
    return true;
}

/* Follow one random path and check that every reader finds its flags; versions stand for values. */
static const char *walk_flags(const IRBlock *blk, uint64_t *state)
{
    unsigned truth[4] = { 0 }, memory[4] = { 0 }, version = 0;
    uint8_t host = 0, late = 0;         /* late: an access has shown what a comparison behind it defines */

    for (unsigned i = 0; i < blk->nops; i++) {
        const IROp *op = &blk->ops[i];
        uint8_t reads = ir_op_reads_flags(op), hf = op->opc == IR_call ? ir_helper_flags(op->imm) : 0;
        bool all = (op->opc >= IR_ld && op->opc <= IR_stm) || op->opc == IR_getflags || (hf & (HF_RAISE | HF_RFLAGS));
        bool direct = op->opc == IR_setc || op->opc == IR_setflags;

        if (op->opc != IR_ldm && op->opc != IR_stm && (op->arg & ~host)) {
            return "arg names flags that the host does not hold";
        }
        if (all && !current(truth, memory, F_NZCV & ~ir_op_late_flags(blk, op))) {
            return "memory is stale where all flags may be seen";
        }
        if (late & (reads | (all ? F_NZCV & ~ir_op_late_flags(blk, op) : 0) | (ir_op_is_exit(op) ? F_NZCV : 0))) {
            return "a comparison comes behind who reads it";
        }
        late = (late | ir_op_late_flags(blk, op)) & ~op->setf;
        if ((reads & ~op->arg) && !current(truth, memory, reads)) {
            return "a reader finds stale flags in memory";
        }
        if (ir_op_is_exit(op)) {
            return current(truth, memory, F_NZCV & ~op->arg) ? NULL : "an exit leaves stale flags behind";
        }
        for (int f = 0; f < 4; f++) {
            if ((op->setf >> f & 1) || (hf & HF_WFLAGS)) {
                truth[f] = ++version;
                if ((op->savef >> f & 1) || (hf & HF_WFLAGS) || direct) {
                    memory[f] = version;
                }
            }
        }
        host = host_after(op, host);
        if (op->opc == IR_br_if && test_random(state) & 1) {
            while (blk->ops[i].opc != IR_label || blk->ops[i].imm != op->imm) {
                i++;
            }
        }
    }
    return "runs off the end";
}

typedef struct Outcome {
    uint32_t regs[16];
    uint64_t d[16], trace;
    uint8_t mem[TEST_MEM_BYTES];
    uint8_t flags;
} Outcome;

static void run(const IRBlock *blk, uint64_t seed, Outcome *o)
{
    CPUARMState *env = machine.env;

    machine_reset(seed);
    machine_run(blk);
    memset(o, 0, sizeof(*o));
    memcpy(o->regs, env->regs, sizeof(o->regs));
    memcpy(o->d, env->vfp.d, sizeof(o->d));
    memcpy(o->mem, machine.mem, TEST_MEM_BYTES);
    o->trace = machine.trace;
    o->flags = (env->nzcv.nz & 0xc0) | (env->nzcv.c & 1) << 1 | (env->nzcv.v & 1);
}

/* One random block through all passes. */
static bool random_round(uint64_t seed)
{
    uint64_t state = seed;
    Outcome before, after;
    const char *err;
    int at;

    ir_random_block(b, &state, 20 + seed % 60, seed & 1);
    err = ir_verify(b, &at);
    *copy = *b;
    ir_optimize(b, x86_host_flags);
    if (!err) {
        err = ir_verify(b, &at);
    }
    for (int i = 0; i < 8 && !err; i++) {
        err = walk_flags(b, &state);
    }
    for (uint64_t s = 1; s < 4 && !err; s++) {
        run(copy, seed * 8 + s, &before);
        run(b, seed * 8 + s, &after);
        if (memcmp(&before, &after, sizeof(before))) {
            err = "the optimised block does something else";
        }
    }
    if (err) {
        printf("# seed %llu: %s (op %d)\n", (unsigned long long)seed, err, at);
        ir_print(stderr, copy);
        ir_print(stderr, b);
    }
    return !err;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? atoi(argv[1]) : 4000;
    bool ok = true;

    b = malloc(sizeof(*b));
    copy = malloc(sizeof(*copy));
    machine_init();
    test_fold();
    test_pages();
    test_flags();
    test_late();
    for (unsigned seed = 1; seed <= rounds && ok; seed++) {
        ok = random_round(seed);
    }
    test_ok(ok, "random blocks do the same after all passes");
    free(b);
    free(copy);
    return test_done();
}
