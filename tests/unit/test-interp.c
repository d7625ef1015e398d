/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IR interpreter: results and flags of every kind of op, memory through the fast table and the slow path, faults,
 * exits.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/softtlb.h"
#include "tcg/helper.h"
#include "tcg/ir-info.h"
#include "tests/unit/ir-env.h"

enum { PAGE = 0x5000 };

static IRBlock *b;
static CPUARMState *env;
static uint8_t *page;

static IROp *emit(IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm)
{
    return ir_emit(b, opc, d, a, b2, imm);
}

static IRRef k(uint32_t v)
{
    return ir_const(b, v);
}

static void start(void)
{
    machine_reset(0);
    env->nzcv = (ARMFlags){ 0 };
    ir_reset(b, 0x8000, TBF_PRIV);
    emit(IR_insn_start, REF_NONE, REF_NONE, REF_NONE, 0x8000);
}

static void run(void)
{
    emit(IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x9000);
    machine_run(b);
}

static unsigned flags(void)
{
    return (env->nzcv.nz & 0x80 ? F_N : 0) | (env->nzcv.nz & 0x40 ? F_Z : 0) | (env->nzcv.c ? F_C : 0) |
           (env->nzcv.v ? F_V : 0);
}

typedef struct AluCase {
    uint8_t opc;
    uint32_t a, b, imm, result;
    uint8_t before, setf, after;    /* flags */
} AluCase;

static const AluCase alu[] = {
    { IR_add, 0x7fffffff, 1, 0, 0x80000000, 0, F_NZCV, F_N | F_V },
    { IR_add, 0xffffffff, 1, 0, 0, 0, F_NZCV, F_Z | F_C },
    { IR_sub, 5, 5, 0, 0, 0, F_NZCV, F_Z | F_C },
    { IR_sub, 4, 5, 0, 0xffffffff, F_C, F_NZCV, F_N },
    { IR_sub, 0x80000000, 1, 0, 0x7fffffff, 0, F_NZCV, F_C | F_V },
    { IR_adc, 0xffffffff, 0, 0, 0, F_C, F_NZCV, F_Z | F_C },
    { IR_adc, 1, 1, 0, 2, 0, F_NZCV, 0 },
    { IR_sbc, 5, 5, 0, 0xffffffff, 0, F_NZCV, F_N },
    { IR_sbc, 5, 5, 0, 0, F_C, F_NZCV, F_Z | F_C },
    { IR_and, 0xf0, 0x0f, 0, 0, F_C | F_V | F_N, F_NZ, F_Z | F_C | F_V },
    { IR_bic, 0xff, 0x0f, 0, 0xf0, F_Z, F_NZ, 0 },
    { IR_mvn, 0, 0, 0, 0xffffffff, F_C, F_NZ, F_N | F_C },
    { IR_shl, 0x80000001, 0, 1, 2, 0, F_NZC, F_C },
    { IR_shr, 3, 0, 1, 1, F_V, F_NZC, F_C | F_V },
    { IR_sar, 0x80000000, 0, 31, 0xffffffff, F_C, F_NZC, F_N },
    { IR_ror, 1, 0, 1, 0x80000000, 0, F_NZC, F_N | F_C },
    { IR_rrx, 2, 0, 0, 0x80000001, F_C, F_NZC, F_N },
    { IR_shlv, 1, 32, 0, 0, F_V, 0, F_V },
    { IR_shrv, 0x80000000, 0x101, 0, 0x40000000, 0, 0, 0 },
    { IR_sarv, 0x80000000, 200, 0, 0xffffffff, 0, 0, 0 },
    { IR_rorv, 0x12345678, 36, 0, 0x81234567, 0, 0, 0 },
    { IR_mul, 0x10001, 0x10001, 0, 0x20001, F_C, F_NZ, F_C },
    { IR_clz, 0, 0, 0, 32, 0, 0, 0 },
    { IR_clz, 0x00010000, 0, 0, 15, 0, 0, 0 },
    { IR_rev, 0x11223344, 0, 0, 0x44332211, 0, 0, 0 },
    { IR_rev16, 0x11223344, 0, 0, 0x22114433, 0, 0, 0 },
    { IR_revsh, 0x11223384, 0, 0, 0xffff8433, 0, 0, 0 },
    { IR_sxtb, 0x180, 0, 0, 0xffffff80, 0, 0, 0 },
    { IR_uxth, 0x12345678, 0, 0, 0x5678, 0, 0, 0 },
};

static void test_alu(void)
{
    bool ok = true;

    for (unsigned i = 0; i < sizeof(alu) / sizeof(alu[0]); i++) {
        const AluCase *c = &alu[i];
        bool two;

        start();
        env->nzcv = (ARMFlags){ .nz = (c->before & F_N ? 0x80 : 0) | (c->before & F_Z ? 0x40 : 0),
                                .c = !!(c->before & F_C), .v = c->before & F_V };
        env->regs[1] = c->a;
        env->regs[2] = c->b;
        two = ir_op_uses_slot(&(IROp) { .opc = c->opc }, 2);
        emit(c->opc, REF_R(0), REF_R(1), two ? REF_R(2) : REF_NONE, c->imm)->setf = c->setf;
        run();
        if (env->regs[0] != c->result || flags() != c->after || env->regs[15] != 0x9000) {
            printf("# %s: %#x, flags %x\n", ir_op_info[c->opc].name, env->regs[0], flags());
            ok = false;
        }
    }
    test_ok(ok, "integer ops and their flags");

    start();
    env->regs[0] = 0xffffffff;
    emit(IR_smull, REF_R(1), REF_R(0), k(2), 0)->c = REF_R(2);
    emit(IR_umull, REF_R(0), REF_R(0), REF_R(0), 0)->c = REF_R(3);
    emit(IR_nz64, REF_NONE, REF_R(1), REF_R(2), 0);
    run();
    test_ok(env->regs[1] == 0xfffffffe && env->regs[2] == 0xffffffff && env->regs[0] == 1 &&
            env->regs[3] == 0xfffffffe && flags() == F_N, "long multiplies");

    start();
    env->regs[0] = 0xffffffff;
    env->regs[1] = 2;
    emit(IR_smlal, REF_R(0), REF_R(0), k(3), 0)->c = REF_R(1);      /* 0x2ffffffff - 3 */
    emit(IR_umlal, REF_R(0), REF_R(0), REF_R(1), 0)->c = REF_R(1);  /* + 0xfffffffc * 2 */
    run();
    test_ok(env->regs[0] == 0xfffffff4 && env->regs[1] == 4, "long multiply-accumulates");
}

static void test_conditions(void)
{
    bool ok = true;

    for (unsigned f = 0; f < 16; f++) {
        bool n = f & F_N, z = f & F_Z, c = f & F_C, v = f & F_V;
        bool holds[CC_AL] = { z, !z, c, !c, n, !n, v, !v, c && !z, !c || z, n == v, n != v, !z && n == v, z || n != v };

        for (unsigned cc = 0; cc < CC_AL; cc++) {
            uint32_t l;

            start();
            env->nzcv = (ARMFlags){ .nz = n << 7 | z << 6, .c = c, .v = v };
            l = ir_label(b);
            emit(IR_csel, REF_R(0), k(1), k(0), 0)->cc = cc;
            emit(IR_br_if, REF_NONE, REF_NONE, REF_NONE, l)->cc = cc;
            emit(IR_mov, REF_R(1), k(7), REF_NONE, 0);
            emit(IR_label, REF_NONE, REF_NONE, REF_NONE, l);
            run();
            ok &= env->regs[0] == holds[cc] && env->regs[1] == (holds[cc] ? 0 : 7);
        }
    }
    test_ok(ok, "all conditions on all flags");
}

static void test_flags_as_number(void)
{
    bool ok = true;

    for (uint32_t f = 0; f < 16; f++) {
        start();
        env->regs[1] = f << 28 | 0x0badcafe;
        emit(IR_setflags, REF_NONE, REF_R(1), REF_NONE, 0)->setf = F_NZCV;
        emit(IR_getflags, REF_R(0), REF_NONE, REF_NONE, 0);
        run();
        ok &= env->regs[0] == f << 28 && env->nzcv.nz == (f >> 2) << 6 && env->nzcv.c == (f >> 1 & 1) &&
              env->nzcv.v == (f & 1);
    }
    test_ok(ok, "flags from a number and back");
}

static void test_fast_memory(void)
{
    uint64_t *table = env_jit(env)->tlb_read;
    uint8_t *entry = page - PAGE;
    IROp *op;

    table[PAGE >> TLB_PAGE_BITS] = (uintptr_t)entry;
    table[(PAGE >> TLB_PAGE_BITS) + TLB_WRITE_OFFSET / sizeof(*table)] = (uintptr_t)entry;
    start();
    memcpy(page + 8, "\x81\x82\x83\x84\x85\x86\x87\x88", 8);
    env->regs[1] = PAGE;
    emit(IR_ld, REF_R(2), REF_R(1), REF_NONE, 8)->mem = 0 | MEM_SIGNED;
    emit(IR_ld, REF_R(3), REF_R(1), REF_NONE, 8)->mem = 1 | MEM_BE;
    emit(IR_ld, REF_R(4), REF_R(1), REF_NONE, 8)->mem = 1 | MEM_BE | MEM_SIGNED;
    emit(IR_ld, REF_R(5), REF_R(1), REF_NONE, 8)->mem = 2 | MEM_BE;
    emit(IR_ld, REF_D(3), REF_R(1), REF_NONE, 8)->mem = 3 | MEM_BE;
    emit(IR_st, REF_NONE, REF_R(1), k(0x11223344), 16)->mem = 2 | MEM_BE;
    emit(IR_st, REF_NONE, REF_R(1), REF_D(3), 24)->mem = 3;
    run();
    test_ok(env->regs[2] == 0xffffff81 && env->regs[3] == 0x8182 && env->regs[4] == 0xffff8182 &&
            env->regs[5] == 0x81828384 && env->vfp.d[3] == 0x8182838485868788ull &&
            !memcmp(page + 16, "\x11\x22\x33\x44", 4) &&
            !memcmp(page + 24, "\x88\x87\x86\x85\x84\x83\x82\x81", 8) && !machine.trace,
            "loads and stores by the fast table");

    start();
    env->regs[1] = PAGE + 32;
    env->regs[2] = 22;
    op = emit(IR_stm, REF_NONE, REF_R(1), REF_NONE, 0);
    op->mem = 2 | MEM_ALIGN;
    op->n = 3;
    op->arg = b->nargs;
    b->args[b->nargs++] = REF_R(1);
    b->args[b->nargs++] = REF_R(2);
    b->args[b->nargs++] = k(33);
    op = emit(IR_ldm, REF_NONE, REF_R(1), REF_NONE, 4);
    op->mem = 2 | MEM_ALIGN;
    op->n = 2;
    op->arg = b->nargs;
    b->args[b->nargs++] = REF_R(1);
    b->args[b->nargs++] = REF_S(9);
    run();
    test_ok(env->regs[1] == 22 && env->vfp.s[9] == 33 && !machine.trace,
            "multiple transfers, the base among the loaded");
    table[PAGE >> TLB_PAGE_BITS] = table[(PAGE >> TLB_PAGE_BITS) + TLB_ENTRIES] = 0;
}

static void test_slow_memory(void)
{
    IROp *op;

    start();
    machine.mem[4] = 0x77;
    env->regs[1] = 4;
    emit(IR_ld, REF_R(2), REF_R(1), REF_NONE, 0)->mem = 2;
    run();
    test_ok(env->regs[2] == 0x77 && machine.trace, "an unknown page takes the slow path");

    start();
    machine.fault = true;
    env->regs[0] = 1;
    emit(IR_mov, REF_R(0), k(2), REF_NONE, 0);
    emit(IR_insn_start, REF_NONE, REF_NONE, REF_NONE, 0x8004);
    op = emit(IR_ldm, REF_NONE, REF_R(1), REF_NONE, 0);
    op->mem = 2 | MEM_ALIGN;
    op->n = 1;
    op->arg = b->nargs;
    b->args[b->nargs++] = REF_R(0);
    emit(IR_mov, REF_R(3), k(9), REF_NONE, 0);
    run();
    test_ok(machine.excp == EXCP_DATA_ABORT && env->regs[15] == 0x8004 && env->regs[0] == 2 && env->regs[3] == 0,
            "a fault leaves with the state of its instruction");
    test_ok(env_jit(env)->unwind == NULL, "nothing is left to unwind to");
}

static void test_calls_and_exits(void)
{
    uint64_t counter = 1;

    start();
    env->regs[1] = 10;
    emit(IR_insn_start, REF_NONE, REF_NONE, REF_NONE, 0x8008);
    emit(IR_call, REF_R(0), REF_R(1), k(2), HELPER_usad8);
    emit(IR_call, REF_R(2), k(1), k(0), HELPER_ldrex);
    emit(IR_exit_main, REF_NONE, REF_NONE, REF_NONE, 0);
    run();
    test_ok(env->regs[0] == 40 && env->regs[2] == 3 && env->regs[15] == 0x8008, "helpers get arguments and the PC");

    start();
    env->counted[COUNTED_INSNS] = 0xffffffff;
    emit(IR_count, REF_NONE, k(ENV_OFFSET(counted[COUNTED_INSNS])), REF_NONE, 2);
    emit(IR_count, REF_NONE, k((uint32_t)(uintptr_t)&counter), k((uint32_t)((uintptr_t)&counter >> 32)), (uint32_t)-3);
    emit(IR_exit_main, REF_NONE, REF_NONE, REF_NONE, 0);
    run();
    test_ok(env->counted[COUNTED_INSNS] == 0x100000001 && counter == -2ull, "counters of 64 bits");

    start();
    env->regs[3] = 0x1235;
    emit(IR_stenv, REF_NONE, k(77), REF_NONE, ENV_OFFSET(ge));
    emit(IR_ldenv, REF_R(4), REF_NONE, REF_NONE, ENV_OFFSET(ge));
    emit(IR_barrier, REF_NONE, REF_NONE, REF_NONE, 0);
    emit(IR_exit_ind, REF_NONE, REF_R(3), REF_NONE, 0);
    run();
    test_ok(env->ge == 77 && env->regs[4] == 77 && env->regs[15] == 0x1235, "state fields and indirect exits");
}

static void test_fp(void)
{
    start();
    env->vfp.s[2] = 0x3f800000;
    env->vfp.s[3] = 0x40400000;
    emit(IR_fdiv, REF_S(4), REF_S(2), REF_S(3), 0)->n = 2;
    emit(IR_fcvt, REF_D(4), REF_S(4), REF_NONE, 0)->n = 2;
    emit(IR_fcmp, REF_NONE, REF_S(2), REF_S(3), 0)->n = 2;
    emit(IR_fmstat, REF_NONE, REF_NONE, REF_NONE, 0);
    emit(IR_ftosi, REF_S(20), REF_S(3), REF_NONE, 1)->n = 2;
    emit(IR_fgetw, REF_R(0), REF_S(20), REF_NONE, 0);
    emit(IR_fneg, REF_D(5), REF_D(4), REF_NONE, 0)->n = 3;
    emit(IR_fputw, REF_S(31), k(0x1234), REF_NONE, 0);
    run();
    test_ok(env->vfp.s[4] == 0x3eaaaaab && env->vfp.d[4] == 0x3fd5555560000000ull && flags() == F_N &&
            env->regs[0] == 3 && env->vfp.d[5] == 0xbfd5555560000000ull && env->vfp.d[15] >> 32 == 0x1234, "VFP ops");
    test_ok((env->mxcsr | env->fpscr_cum) != 0x1f80, "exception flags accumulate");
}

int main(void)
{
    b = malloc(sizeof(*b));
    machine_init();
    env = machine.env;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    test_alu();
    test_conditions();
    test_flags_as_number();
    test_fast_memory();
    test_slow_memory();
    test_calls_and_exits();
    test_fp();
    free(b);
    return test_done();
}
