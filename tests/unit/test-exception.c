/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exception entry and return, interrupts, reset (ARM DDI 0100I A2.6). */
#include "tests/unit/arm-env.h"
#include "tcg/helper.h"

/* The raise functions in the shape of helpers. */
static uint32_t data_abort(CPUARMState *e, uint32_t a, uint32_t b, uint32_t c)
{
    arm_raise_data_abort(e, a, b);
}

static uint32_t prefetch_abort(CPUARMState *e, uint32_t a, uint32_t b, uint32_t c)
{
    arm_raise_prefetch_abort(e, a, b);
}

static void test_entry(void)
{
    /* LR offsets from the instruction (aborts, UNDEF, SWI) or from the next instruction (interrupts); A2.6.2. */
    static const struct {
        int excp;
        uint32_t mode, arm, thumb, masks;
    } rows[] = {
        { EXCP_UNDEF, ARM_MODE_UND, 4, 2, CPSR_I },
        { EXCP_SWI, ARM_MODE_SVC, 4, 2, CPSR_I },
        { EXCP_PREFETCH_ABORT, ARM_MODE_ABT, 4, 4, CPSR_I | CPSR_A },
        { EXCP_DATA_ABORT, ARM_MODE_ABT, 8, 8, CPSR_I | CPSR_A },
        { EXCP_IRQ, ARM_MODE_IRQ, 4, 4, CPSR_I | CPSR_A },
        { EXCP_FIQ, ARM_MODE_FIQ, 4, 4, CPSR_I | CPSR_A | CPSR_F },
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint32_t variant = 0; variant < 16; variant++) {
            bool thumb = variant & 1, high = variant & 2, ee = variant & 4, user = variant & 8;
            uint32_t before = CPSR_N | CPSR_C | CPSR_Q | CPSR_J | 5u << 16 | (thumb ? CPSR_T : 0) |
                              (ee ? 0 : CPSR_E) | (user ? ARM_MODE_USR : ARM_MODE_SYS);
            uint32_t kept = CPSR_N | CPSR_C | CPSR_Q | 5u << 16;

            env_reset();
            env->cp15.sctlr |= (high ? SCTLR_V : 0) | (ee ? SCTLR_EE : 0) | SCTLR_VE;
            env->regs[15] = 0x8000;
            cpsr_write(env, before, ~0u);
            env->regs[14] = 0x1234;
            env->exception = rows[i].excp;
            arm_do_exception(env);
            CHECK_EQ(env->regs[15], (high ? 0xffff0000u : 0) + (uint32_t)rows[i].excp * 4);
            CHECK_EQ(env->regs[14], 0x8000 + (thumb ? rows[i].thumb : rows[i].arm));
            CHECK_EQ(env->spsr, before);
            CHECK_EQ(cpsr_read(env), kept | rows[i].masks | rows[i].mode | (ee ? CPSR_E : 0));
            CHECK_EQ(env->exception, EXCP_NONE);
            CHECK_EQ(helper_user_reg_read(env, 14, 0, 0), 0x1234);

            /* And back, with MOVS pc, lr. */
            CHECK(!raises(helper_exception_return, env->regs[14], 0));
            CHECK_EQ(cpsr_read(env), before);
            CHECK_EQ(env->regs[14], 0x1234);
            CHECK_EQ(env->regs[15], (0x8000 + (thumb ? rows[i].thumb : rows[i].arm)) | thumb);
        }
    }
    test_done("entry and return in every variant");

    /* A and F that were set stay set. */
    env_reset();
    env->exception = EXCP_SWI;
    arm_do_exception(env);
    CHECK_EQ(env->cpsr & (CPSR_A | CPSR_I | CPSR_F), CPSR_A | CPSR_I | CPSR_F);
    /* No such exception: nothing happens. */
    env->exception = 5;
    env->regs[15] = 0x100;
    arm_do_exception(env);
    CHECK_EQ(env->regs[15], 0x100);
    env->exception = 1000;
    arm_do_exception(env);
    CHECK_EQ(env->regs[15], 0x100);
    test_done("masks and unknown exceptions");
}

static void test_aborts(void)
{
    env_reset();
    env->regs[15] = 0x8000;
    CHECK(raises(data_abort, 0xdeadbee1, 0x800 | 5 << 4 | FAULT_PERMISSION_PAGE));
    CHECK_EQ(env->exception, EXCP_DATA_ABORT);
    CHECK_EQ(env->cp15.dfsr, 0);
    arm_do_exception(env);
    CHECK_EQ(env->cp15.dfsr, 0x85f);
    CHECK_EQ(env->cp15.dfar, 0xdeadbee1);
    CHECK_EQ(env->cp15.ifsr, 0);

    env_reset();
    env->regs[15] = 0x8000;
    CHECK(raises(prefetch_abort, 0x8000, 0x800 | 3 << 4 | FAULT_DOMAIN_SECTION));
    arm_do_exception(env);
    CHECK_EQ(env->cp15.ifsr, 0x39);
    CHECK_EQ(env->cp15.ifar, 0x8000);
    CHECK_EQ(env->cp15.dfsr, 0);
    CHECK_EQ(env->regs[14], 0x8004);

    /* BKPT in Thumb state: status only. */
    env_reset();
    env->cp15.ifar = 0x77;
    env->regs[15] = 0x8003;
    CHECK(raises(helper_raise, EXCP_PREFETCH_ABORT, FAULT_DEBUG));
    arm_do_exception(env);
    CHECK_EQ(env->cp15.ifsr, 2);
    CHECK_EQ(env->cp15.ifar, 0x77);
    CHECK_EQ(env->regs[14], 0x8006);
    CHECK(env->spsr & CPSR_T);

    /* Addresses are reported modified by the process ID, once. */
    env_reset();
    env->cp15.fcse = 0x06000000;
    CHECK(raises(data_abort, 0x1000, 5));
    CHECK_EQ(env->exception_far, 0x06001000);
    CHECK(raises(data_abort, 0x06001000, 5));
    CHECK_EQ(env->exception_far, 0x06001000);
    test_done("fault status and address");
}

static void test_returns(void)
{
    env_reset();
    env->spsr = ARM_MODE_USR | CPSR_T;
    helper_exception_return(env, 0x1003, 0, 0);
    CHECK_EQ(env->regs[15], 0x1003);
    env_reset();
    env->spsr = ARM_MODE_USR;
    helper_exception_return(env, 0x1003, 0, 0);
    CHECK_EQ(env->regs[15], 0x1000);
    /* User and System mode have nothing to return to. */
    env->regs[15] = 0x2000;
    CHECK(raises(helper_exception_return, 0x1003, 0));
    CHECK_EQ(env->exception, EXCP_UNDEF);
    CHECK_EQ(env->regs[15], 0x2000);
    CHECK(raises(helper_rfe, 0x1003, ARM_MODE_SVC));
    CHECK_EQ(env->cpsr & CPSR_M, ARM_MODE_USR);

    env_reset();
    env->regs[13] = 0x111;
    helper_rfe(env, 0x4000, ARM_MODE_IRQ | CPSR_Z | CPSR_E, 0);
    CHECK_EQ(cpsr_read(env), ARM_MODE_IRQ | CPSR_Z | CPSR_E);
    CHECK_EQ(env->regs[15], 0x4000);
    CHECK_EQ(helper_banked_r13_read(env, ARM_MODE_SVC, 0, 0), 0x111);
    /* A damaged SPSR: the mode stays, the rest loads. */
    helper_rfe(env, 0x4000, 0x00 | CPSR_C, 0);
    CHECK_EQ(cpsr_read(env), ARM_MODE_IRQ | CPSR_C);
    test_done("exception return and RFE");
}

static void test_interrupts(void)
{
    for (uint32_t v = 0; v < 16; v++) {
        uint32_t lines = v & 3;
        bool i = v & 4, f = v & 8;
        int excp = EXCP_NONE;
        int want = (lines & 2) && !f ? EXCP_FIQ : (lines & 1) && !i ? EXCP_IRQ : EXCP_NONE;

        env_reset();
        env->irq_lines = lines;
        cpsr_write(env, (i ? CPSR_I : 0) | (f ? CPSR_F : 0), CPSR_I | CPSR_F);
        CHECK_EQ(arm_interrupt_pending(env, &excp), want != EXCP_NONE);
        CHECK_EQ(excp, want);
    }
    test_done("interrupt masks and priority");
}

static void test_reset(void)
{
    env_reset();
    env->irq_lines = 1;
    env->cpu_index = 3;
    env->regs[4] = 4;
    env->cp15.dacr = 9;
    env->fpexc = FPEXC_EN;
    arm_cpu_reset(env);
    CHECK_EQ(cpsr_read(env), 0x1d3);
    CHECK_EQ(env->regs[15], 0);
    CHECK_EQ(env->regs[4], 0);
    CHECK_EQ(env->cp15.dacr, 0);
    CHECK_EQ(env->cp15.sctlr, 0x454078);
    CHECK_EQ(env->fpexc, 0);
    CHECK_EQ(env->mxcsr, 0x1f80);
    CHECK_EQ(env->exception, EXCP_NONE);
    /* Not ours to reset. */
    CHECK_EQ(env->irq_lines, 1);
    CHECK_EQ(env->cpu_index, 3);
    CHECK_EQ(env_calls.context_changed, 1);
    test_done("reset");
}

int main(void)
{
    test_entry();
    test_aborts();
    test_returns();
    test_interrupts();
    test_reset();
    return test_finish();
}
