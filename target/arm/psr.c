/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program status registers and the register banks behind them (ARM DDI 0100I A2.4, A2.5), and the state bits
 * that select a translation.
 *
 * The CPSR is spread over the CPU state so that translated code can keep each part where it needs it: N Z C V in
 * env->nzcv, Q in env->q, GE in env->ge, T in bit 0 of env->regs[15] and the rest in env->cpsr. This file alone knows
 * how the parts make a register. Called by the CPU's own thread (or with the CPU stopped); no locks.
 */
#include <string.h>
#include "target/arm/cpu.h"
#include "qemu/log.h"

/* By mode: 0 for User and System mode, whose registers nobody banks, and for numbers of no mode. */
static const uint8_t banks[CPSR_M + 1] = {
    [ARM_MODE_FIQ] = 1, [ARM_MODE_IRQ] = 2, [ARM_MODE_SVC] = 3, [ARM_MODE_ABT] = 4, [ARM_MODE_UND] = 5,
};

/* These three without a call for the functions below, which are on the way of every exception. */
static inline int bank_of(uint32_t mode)
{
    return banks[mode & CPSR_M];
}

static inline bool mode_exists(uint32_t mode)
{
    return mode == ARM_MODE_USR || mode == ARM_MODE_SYS || (mode <= CPSR_M && bank_of(mode) != 0);
}

static inline uint32_t gather(const CPUARMState *env)
{
    return env->cpsr | (uint32_t)(env->nzcv.nz & 0xc0) << 24 | (uint32_t)env->nzcv.c << 29 |
           (uint32_t)env->nzcv.v << 28 | env->q << 27 | env->ge << 16 | (env->regs[15] & 1) << 5;
}

int arm_bank(uint32_t mode)
{
    return bank_of(mode);
}

bool arm_mode_valid(uint32_t mode)
{
    return mode_exists(mode);
}

uint32_t cpsr_read(const CPUARMState *env)
{
    return gather(env);
}

/* Save what the old mode banks, bring in the new mode's copies. */
static void switch_mode(CPUARMState *env, uint32_t mode)
{
    int from = bank_of(env->cpsr), to = bank_of(mode);

    env->cpsr = (env->cpsr & ~CPSR_M) | mode;
    if (from == to) {
        return;
    }
    env->banked_r13[from] = env->regs[13];
    env->banked_r14[from] = env->regs[14];
    env->banked_spsr[from] = env->spsr;
    if (from == 1) {
        memcpy(env->fiq_r8_12, &env->regs[8], sizeof(env->fiq_r8_12));
        memcpy(&env->regs[8], env->usr_r8_12, sizeof(env->usr_r8_12));
    } else if (to == 1) {
        memcpy(env->usr_r8_12, &env->regs[8], sizeof(env->usr_r8_12));
        memcpy(&env->regs[8], env->fiq_r8_12, sizeof(env->fiq_r8_12));
    }
    env->regs[13] = env->banked_r13[to];
    env->regs[14] = env->banked_r14[to];
    env->spsr = env->banked_spsr[to];
}

/* N Z C V, Q and GE; entry to an exception has none of them. */
static void write_results(CPUARMState *env, uint32_t val, uint32_t mask)
{
    if (mask & CPSR_NZCV) {
        uint32_t m = mask & CPSR_NZCV, f = m == CPSR_NZCV ? val : (gather(env) & ~m) | (val & m);

        env->nzcv.nz = (f >> 24) & 0xc0;
        env->nzcv.c = (f >> 29) & 1;
        env->nzcv.v = (f >> 28) & 1;
    }
    if (mask & CPSR_Q) {
        env->q = (val >> 27) & 1;
    }
    if (mask & CPSR_GE) {
        uint32_t m = (mask & CPSR_GE) >> 16;

        env->ge = (env->ge & ~m) | ((val >> 16) & m);
    }
}

void cpsr_write(CPUARMState *env, uint32_t val, uint32_t mask)
{
    uint32_t old = env->cpsr;
    uint32_t plain;

    mask &= CPSR_WRITABLE | CPSR_T;
    if (mask & (CPSR_NZCV | CPSR_Q | CPSR_GE)) {
        write_results(env, val, mask);
    }
    if (mask & CPSR_T) {
        env->regs[15] = (env->regs[15] & ~1u) | ((val & CPSR_T) ? 1 : 0);
    }
    plain = mask & (CPSR_J | CPSR_E | CPSR_A | CPSR_I | CPSR_F);
    env->cpsr = (env->cpsr & ~plain) | (val & plain);

    if (mask & CPSR_M) {
        uint32_t mode = (val & mask & CPSR_M) | (env->cpsr & ~mask & CPSR_M);

        if (!mode_exists(mode)) {
            qemu_log_mask(LOG_GUEST_ERROR, "CPU%u: illegal mode 0x%02x written to the CPSR at 0x%08x, mode kept\n",
                          env->cpu_index, mode, env->regs[15]);
        } else if (mode != (env->cpsr & CPSR_M)) {
            switch_mode(env, mode);
        }
    }

    /* All privileged modes share their translations and tables; only these two bits tell them apart. */
    if (((old ^ env->cpsr) & CPSR_E) ||
        ((old & CPSR_M) == ARM_MODE_USR) != ((env->cpsr & CPSR_M) == ARM_MODE_USR)) {
        arm_context_changed(env);
    }
    if (old & ~env->cpsr & (CPSR_I | CPSR_F)) {
        arm_interrupts_changed(env);
    }
}

uint32_t arm_tb_flags(const CPUARMState *env)
{
    uint32_t flags = 0;
    /* cp10 and cp11 must agree (else UNPREDICTABLE); the weaker of the two rights counts. */
    uint32_t vfp_access = (env->cp15.cpacr >> 20) & (env->cp15.cpacr >> 22) & 3;

    if (arm_privileged(env)) {
        flags |= TBF_PRIV;
    }
    if (env->cpsr & CPSR_E) {
        flags |= TBF_E;
    }
    /* LEN, STRIDE and FZ do not matter while VFP instructions are undefined; leave them out to share blocks. */
    if ((env->fpexc & FPEXC_EN) && (vfp_access == 3 || (vfp_access == 1 && (flags & TBF_PRIV)))) {
        flags |= TBF_VFP_EN;
        flags |= ((env->fpscr >> 16) & 7) << TBF_VFP_LEN_SHIFT;
        if (env->fpscr & FPSCR_FZ) {
            flags |= TBF_VFP_FZ;
        }
        if (((env->fpscr >> 20) & 3) == 3) {
            flags |= TBF_VFP_STRIDE;
        }
    }
    /* On the way of every exception: mostly the monitor is off, and a look tells. */
    if (__atomic_load_n(&env->cp15.pmcr, __ATOMIC_RELAXED) && pmu_counts_code(env)) {
        flags |= TBF_COUNT;
    }
    if (env->cp15.sctlr & SCTLR_A) {
        flags |= TBF_ALIGN;
    }
    if (!(env->cp15.sctlr & SCTLR_U)) {
        flags |= TBF_NO_UNALIGN;
    }
    return flags;
}
