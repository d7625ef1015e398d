/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPSR and SPSR, register banks, translation flags (ARM DDI 0100I A2.4, A2.5, A4.1.38, A4.1.39). */
#include "target/arm/cpu.h"
#include "tests/unit/arm-env.h"
#include "tcg/helper.h"

static const uint32_t modes[] = {
    ARM_MODE_USR, ARM_MODE_FIQ, ARM_MODE_IRQ, ARM_MODE_SVC, ARM_MODE_ABT, ARM_MODE_UND, ARM_MODE_SYS,
};
enum { NB_MODES = sizeof(modes) / sizeof(modes[0]) };

static void test_read_write(void)
{
    static const uint32_t bits[] = {
        CPSR_N, CPSR_Z, CPSR_C, CPSR_V, CPSR_Q, CPSR_J, CPSR_E, CPSR_A, CPSR_I, CPSR_F, CPSR_T,
        1u << 16, 1u << 17, 1u << 18, 1u << 19,
    };

    env_reset();
    CHECK_EQ(cpsr_read(env), 0x1d3);
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        uint32_t all = CPSR_WRITABLE & ~CPSR_M;

        cpsr_write(env, 0, all);
        cpsr_write(env, bits[i], bits[i]);
        CHECK_EQ(cpsr_read(env), bits[i] | ARM_MODE_SVC);
        cpsr_write(env, ~0u, all);
        cpsr_write(env, 0, bits[i]);
        CHECK_EQ(cpsr_read(env), (all & ~bits[i]) | ARM_MODE_SVC);
        /* A clear mask writes nothing. */
        cpsr_write(env, ~0u, 0);
        CHECK_EQ(cpsr_read(env), (all & ~bits[i]) | ARM_MODE_SVC);
    }
    cpsr_write(env, 0, CPSR_WRITABLE & ~CPSR_M);
    cpsr_write(env, ~(uint32_t)CPSR_M, ~0u & ~CPSR_M);
    CHECK_EQ(cpsr_read(env), 0xf90f03e0 | ARM_MODE_SVC);
    /* Garbage that translated code leaves beside N and Z must not show. */
    env->nzcv.nz = 0x3f;
    env->nzcv.c = env->nzcv.v = 0;
    CHECK_EQ(cpsr_read(env) & CPSR_NZCV, 0);
    /* T is bit 0 of the PC. */
    env->regs[15] = 0x1000;
    cpsr_write(env, CPSR_T, CPSR_T);
    CHECK_EQ(env->regs[15], 0x1001);
    test_done("CPSR bits read back where they were written");
}

static void test_modes(void)
{
    int valid = 0;

    for (uint32_t m = 0; m < 64; m++) {
        valid += arm_mode_valid(m);
    }
    CHECK_EQ(valid, NB_MODES);
    for (int i = 0; i < NB_MODES; i++) {
        CHECK(arm_mode_valid(modes[i]));
    }
    env_reset();
    for (uint32_t m = 0; m < 32; m++) {
        cpsr_write(env, ARM_MODE_SVC, CPSR_M);
        cpsr_write(env, m | CPSR_Q, CPSR_M | CPSR_Q);
        CHECK_EQ(env->cpsr & CPSR_M, arm_mode_valid(m) ? m : ARM_MODE_SVC);
        CHECK_EQ(env->q, 1);    /* the rest of the write still happens */
    }
    test_done("illegal modes leave the mode alone");
}

/* A value that names a register of a mode; User and System share one, and FIQ alone has its own r8-r12. */
static uint32_t cookie(uint32_t mode, int reg)
{
    uint32_t owner = reg < 13 ? (mode == ARM_MODE_FIQ ? 1u : 0u) : (uint32_t)arm_bank(mode);

    return 0xa0000000 | owner << 8 | (uint32_t)reg;
}

static void test_banks(void)
{
    env_reset();
    for (int i = 0; i < NB_MODES; i++) {
        cpsr_write(env, modes[i], CPSR_M);
        for (int r = 8; r < 15; r++) {
            env->regs[r] = cookie(modes[i], r);
        }
        env->spsr = 0x5000 | (uint32_t)arm_bank(modes[i]);
    }
    env->regs[7] = 7;
    for (int i = 0; i < NB_MODES; i++) {
        for (int j = 0; j < NB_MODES; j++) {
            cpsr_write(env, modes[i], CPSR_M);
            cpsr_write(env, modes[j], CPSR_M);
            for (int r = 8; r < 15; r++) {
                CHECK_EQ(env->regs[r], cookie(modes[j], r));
                CHECK_EQ(helper_user_reg_read(env, (uint32_t)r, 0, 0), cookie(ARM_MODE_USR, r));
            }
            CHECK_EQ(env->regs[7], 7);
            if (arm_bank(modes[j])) {
                CHECK_EQ(env->spsr, 0x5000 | (uint32_t)arm_bank(modes[j]));
            }
            for (int k = 0; k < NB_MODES; k++) {
                CHECK_EQ(helper_banked_r13_read(env, modes[k], 0, 0), cookie(modes[k], 13));
            }
        }
    }
    for (int i = 0; i < NB_MODES; i++) {
        cpsr_write(env, modes[i], CPSR_M);
        for (uint32_t r = 8; r < 15; r++) {
            helper_user_reg_write(env, r, 0xb0000000 | r, 0);
        }
        cpsr_write(env, ARM_MODE_USR, CPSR_M);
        for (uint32_t r = 8; r < 15; r++) {
            CHECK_EQ(env->regs[r], 0xb0000000 | r);
            env->regs[r] = 0;
        }
        cpsr_write(env, modes[i], CPSR_M);
        helper_banked_r13_write(env, ARM_MODE_IRQ, 0xc000 + (uint32_t)i, 0);
        cpsr_write(env, ARM_MODE_IRQ, CPSR_M);
        CHECK_EQ(env->regs[13], 0xc000 + (uint32_t)i);
    }
    test_done("banked registers follow the mode");
}

static void test_msr(void)
{
    env_reset();
    helper_cpsr_write(env, 0xffffffff & ~CPSR_M, ~0u & ~CPSR_M, 0);
    CHECK_EQ(cpsr_read(env), CPSR_NZCV | CPSR_Q | CPSR_GE | CPSR_E | CPSR_A | CPSR_I | CPSR_F | ARM_MODE_SVC);
    /* User mode: flags, GE and E only. */
    cpsr_write(env, ARM_MODE_USR | CPSR_I, ~0u);
    helper_cpsr_write(env, 0xffffffff, ~0u, 0);
    CHECK_EQ(cpsr_read(env), CPSR_NZCV | CPSR_Q | CPSR_GE | CPSR_E | CPSR_I | ARM_MODE_USR);
    helper_cpsr_write(env, 0, ~0u, 0);
    CHECK_EQ(cpsr_read(env), CPSR_I | ARM_MODE_USR);
    test_done("MSR and CPS");

    env_reset();
    helper_spsr_write(env, ~0u, ~0u, 0);
    CHECK_EQ(helper_spsr_read(env, 0, 0, 0), 0xf90f03ff);
    helper_spsr_write(env, 0, 0xff, 0);
    CHECK_EQ(helper_spsr_read(env, 0, 0, 0), 0xf90f0300);
    cpsr_write(env, ARM_MODE_SYS, CPSR_M);
    helper_spsr_write(env, 0x12, ~0u, 0);
    CHECK_EQ(helper_spsr_read(env, 0, 0, 0), 0);
    cpsr_write(env, ARM_MODE_SVC, CPSR_M);
    CHECK_EQ(helper_spsr_read(env, 0, 0, 0), 0xf90f0300);
    test_done("SPSR access");
}

static void test_notify(void)
{
    env_reset();
    cpsr_write(env, ARM_MODE_IRQ, CPSR_M);
    CHECK_EQ(env_calls.context_changed, 0);
    cpsr_write(env, ARM_MODE_USR, CPSR_M);
    CHECK_EQ(env_calls.context_changed, 1);
    cpsr_write(env, ARM_MODE_SYS, CPSR_M);
    CHECK_EQ(env_calls.context_changed, 2);
    cpsr_write(env, CPSR_E, CPSR_E);
    CHECK_EQ(env_calls.context_changed, 3);
    CHECK_EQ(env_calls.interrupts_changed, 0);
    cpsr_write(env, 0, CPSR_I);
    CHECK_EQ(env_calls.interrupts_changed, 1);
    cpsr_write(env, 0, CPSR_F);
    CHECK_EQ(env_calls.interrupts_changed, 2);
    cpsr_write(env, CPSR_I | CPSR_F, CPSR_I | CPSR_F);
    CHECK_EQ(env_calls.interrupts_changed, 2);
    test_done("the accelerator hears of what concerns it");
}

static void test_tb_flags(void)
{
    env_reset();
    CHECK_EQ(arm_tb_flags(env), TBF_PRIV);
    env->cp15.sctlr &= ~SCTLR_U;
    CHECK_EQ(arm_tb_flags(env), TBF_PRIV | TBF_NO_UNALIGN);
    env->cp15.sctlr |= SCTLR_U | SCTLR_A;
    cpsr_write(env, CPSR_E, CPSR_E);
    CHECK_EQ(arm_tb_flags(env), TBF_PRIV | TBF_E | TBF_ALIGN);
    cpsr_write(env, 0, CPSR_E);
    env->cp15.sctlr &= ~SCTLR_A;
    env->fpscr = 7 << 16 | 3 << 20 | FPSCR_FZ;
    env->fpexc = FPEXC_EN;
    CHECK_EQ(arm_tb_flags(env), TBF_PRIV);
    for (uint32_t cp10 = 0; cp10 < 4; cp10++) {
        for (uint32_t cp11 = 0; cp11 < 4; cp11++) {
            uint32_t vfp = TBF_VFP_EN | TBF_VFP_FZ | TBF_VFP_STRIDE | 7 << TBF_VFP_LEN_SHIFT;
            bool user = cp10 == 3 && cp11 == 3, priv = (cp10 & 1) && (cp11 & 1);

            env->cp15.cpacr = cp10 << 20 | cp11 << 22;
            cpsr_write(env, ARM_MODE_SVC, CPSR_M);
            CHECK_EQ(arm_tb_flags(env), TBF_PRIV | (priv ? vfp : 0));
            cpsr_write(env, ARM_MODE_USR, CPSR_M);
            CHECK_EQ(arm_tb_flags(env), user ? vfp : 0);
        }
    }
    env->fpexc = 0;
    CHECK_EQ(arm_tb_flags(env), 0);
    test_done("translation flags");
}

int main(void)
{
    test_read_write();
    test_modes();
    test_banks();
    test_msr();
    test_notify();
    test_tb_flags();
    return test_finish();
}
