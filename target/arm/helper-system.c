/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers for instructions that raise exceptions or touch the status registers and register banks. Called from
 * translated code or the interpreter on the CPU's own thread; see tcg/helper.h for what is synchronised around a
 * call.
 */
#include "target/arm/cpu.h"
#include "tcg/helper.h"
#include "qemu/log.h"

/* What MSR and CPS may change: the execution state bits T and J change by branches and returns only (A4.1.39). */
#define MSR_USER_MASK   (CPSR_NZCV | CPSR_Q | CPSR_GE | CPSR_E)
#define MSR_PRIV_MASK   (MSR_USER_MASK | CPSR_A | CPSR_I | CPSR_F | CPSR_M)

enum { DFSR_WRITE = 1u << 11 };

uint32_t helper_raise(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    if (a == EXCP_PREFETCH_ABORT) {
        arm_raise_prefetch_abort(env, env->regs[15] & ~1u, b);
    }
    if (a == EXCP_DATA_ABORT) {
        arm_raise_data_abort(env, env->regs[15] & ~1u, b);
    }
    arm_raise_exception(env, (int)a);
}

uint32_t helper_cpsr_read(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return cpsr_read(env);
}

uint32_t helper_cpsr_write(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    cpsr_write(env, a, b & (arm_privileged(env) ? MSR_PRIV_MASK : MSR_USER_MASK));
    return 0;
}

/* User and System mode have no SPSR: accesses are UNPREDICTABLE. */
static bool has_spsr(const CPUARMState *env, const char *what)
{
    if (arm_bank(env->cpsr) != 0) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "CPU%u: %s in mode 0x%02x, which has no SPSR\n", env->cpu_index, what,
                  env->cpsr & CPSR_M);
    return false;
}

uint32_t helper_spsr_read(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return has_spsr(env, "SPSR read") ? env->spsr : 0;
}

uint32_t helper_spsr_write(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    if (has_spsr(env, "SPSR write")) {
        uint32_t mask = b & CPSR_WRITABLE;

        env->spsr = (env->spsr & ~mask) | (a & mask);
    }
    return 0;
}

/* Load CPSR and PC together; the new T decides how the PC is aligned. */
static void return_to(CPUARMState *env, uint32_t pc, uint32_t cpsr)
{
    cpsr_write(env, cpsr, CPSR_WRITABLE);
    env->regs[15] = cpsr & CPSR_T ? pc | 1 : pc & ~3u;
}

uint32_t helper_exception_return(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    if (!has_spsr(env, "exception return")) {
        arm_raise_exception(env, EXCP_UNDEF);
    }
    return_to(env, a, env->spsr);
    return 0;
}

uint32_t helper_rfe(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    if (!arm_privileged(env)) {
        arm_raise_exception(env, EXCP_UNDEF);
    }
    return_to(env, a, b);
    return 0;
}

/* Where register n (8-14) of User mode is now. */
static uint32_t *user_reg(CPUARMState *env, uint32_t n)
{
    int bank = arm_bank(env->cpsr);

    if (n < 13) {
        return bank == 1 && n >= 8 ? &env->usr_r8_12[n - 8] : &env->regs[n];
    }
    if (bank == 0 || n > 14) {
        return &env->regs[n & 15];
    }
    return n == 13 ? &env->banked_r13[0] : &env->banked_r14[0];
}

uint32_t helper_user_reg_read(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return *user_reg(env, a);
}

uint32_t helper_user_reg_write(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    *user_reg(env, a) = b;
    return 0;
}

/* r13 of a mode, for SRS. An illegal mode number is UNPREDICTABLE: use the current stack. */
static uint32_t *mode_r13(CPUARMState *env, uint32_t mode)
{
    int bank = arm_bank(mode);

    if (!arm_mode_valid(mode)) {
        qemu_log_mask(LOG_GUEST_ERROR, "CPU%u: SRS names illegal mode 0x%02x\n", env->cpu_index, mode);
        return &env->regs[13];
    }
    return bank == arm_bank(env->cpsr) ? &env->regs[13] : &env->banked_r13[bank];
}

uint32_t helper_banked_r13_read(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return *mode_r13(env, a);
}

uint32_t helper_banked_r13_write(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    *mode_r13(env, a) = b;
    return 0;
}

/* ARMv5's way of alignment checking: doublewords are aligned to eight bytes. */
uint32_t helper_align_doubleword(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    if (a & 7) {
        arm_raise_data_abort(env, a, FAULT_ALIGNMENT | (b ? DFSR_WRITE : 0));
    }
    return 0;
}

uint32_t helper_wfi(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    arm_cpu_wfi(env);
    return 0;
}

uint32_t helper_wfe(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    arm_cpu_wfe(env);
    return 0;
}

uint32_t helper_sev(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    arm_cpu_sev();
    return 0;
}
