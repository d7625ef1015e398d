/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions: how they are raised, when an interrupt is taken, entry, and reset (ARM DDI 0100I A2.6).
 *
 * Raising and entering are apart: a helper deep inside translated code records the exception and unwinds; the
 * accelerator, outside of any block, then enters it. Everything here runs on the CPU's own thread, except
 * arm_cpu_reset(), which runs with the CPU stopped. env->irq_lines is the one field that other threads write; it is
 * read atomically.
 */
#include <string.h>
#include "target/arm/cpu.h"
#include "target/arm/cp15.h"
#include "qemu/log.h"

enum { IRQ_LINE_IRQ = 1, IRQ_LINE_FIQ = 2 };

/* FSR bits that exist: ExT, write, status and domain. */
#define FSR_MASK    0x1cffu
#define FSR_WRITE   0x800u
#define FSR_STATUS  0x40fu

/* What entry does, in vector order; A2.6.1 to A2.6.9. */
static const struct {
    const char *name;
    uint8_t mode;
    uint8_t lr_arm, lr_thumb;   /* added to the PC */
    uint16_t set;               /* CPSR bits to set; I always */
} exceptions[] = {
    [EXCP_RESET]          = { "reset", ARM_MODE_SVC, 0, 0, CPSR_A | CPSR_I | CPSR_F },
    [EXCP_UNDEF]          = { "undefined instruction", ARM_MODE_UND, 4, 2, CPSR_I },
    [EXCP_SWI]            = { "SWI", ARM_MODE_SVC, 4, 2, CPSR_I },
    [EXCP_PREFETCH_ABORT] = { "prefetch abort", ARM_MODE_ABT, 4, 4, CPSR_A | CPSR_I },
    [EXCP_DATA_ABORT]     = { "data abort", ARM_MODE_ABT, 8, 8, CPSR_A | CPSR_I },
    [EXCP_IRQ]            = { "IRQ", ARM_MODE_IRQ, 4, 4, CPSR_A | CPSR_I },
    [EXCP_FIQ]            = { "FIQ", ARM_MODE_FIQ, 4, 4, CPSR_A | CPSR_I | CPSR_F },
};

static bool exception_exists(int excp)
{
    return excp >= 0 && excp <= EXCP_FIQ && exceptions[excp].name;
}

const char *arm_exception_name(int excp)
{
    return exception_exists(excp) ? exceptions[excp].name : "none";
}

_Noreturn void arm_raise_exception(CPUARMState *env, int excp)
{
    env->exception = excp;
    cpu_loop_exit(env);
}

/* The fault address registers hold modified virtual addresses; arm_mva() leaves one that is modified already alone. */
_Noreturn void arm_raise_data_abort(CPUARMState *env, uint32_t far, uint32_t fsr)
{
    env->exception_fsr = fsr & FSR_MASK;
    env->exception_far = arm_mva(env, far);
    qemu_log_mask(LOG_MMU, "CPU %u: data fault at 0x%08x, status 0x%03x\n", env->cpu_index, env->exception_far,
                  env->exception_fsr);
    arm_raise_exception(env, EXCP_DATA_ABORT);
}

_Noreturn void arm_raise_prefetch_abort(CPUARMState *env, uint32_t far, uint32_t fsr)
{
    env->exception_fsr = fsr & FSR_MASK & ~FSR_WRITE;
    env->exception_far = arm_mva(env, far);
    qemu_log_mask(LOG_MMU, "CPU %u: fetch fault at 0x%08x, status 0x%03x\n", env->cpu_index, env->exception_far,
                  env->exception_fsr);
    arm_raise_exception(env, EXCP_PREFETCH_ABORT);
}

void arm_do_exception(CPUARMState *env)
{
    int excp = env->exception;
    uint32_t pc = env->regs[15] & ~1u, old_cpsr, lr;

    env->exception = EXCP_NONE;
    if (excp == EXCP_RESET || !exception_exists(excp)) {
        /* Reset comes from the board, never through here. */
        qemu_log_mask(LOG_GUEST_ERROR, "CPU%u: no exception %d to enter\n", env->cpu_index, excp);
        return;
    }

    old_cpsr = cpsr_read(env);
    lr = pc + (old_cpsr & CPSR_T ? exceptions[excp].lr_thumb : exceptions[excp].lr_arm);

    if (excp == EXCP_DATA_ABORT) {
        env->cp15.dfsr = env->exception_fsr;
        env->cp15.dfar = env->exception_far;
    } else if (excp == EXCP_PREFETCH_ABORT) {
        env->cp15.ifsr = env->exception_fsr;
        /* BKPT leaves the address register alone: the debug event has no fault address. */
        if ((env->exception_fsr & FSR_STATUS) != FAULT_DEBUG) {
            env->cp15.ifar = env->exception_far;
        }
    }
    if (qemu_log_enabled(LOG_INT)) {
        if (excp == EXCP_DATA_ABORT || excp == EXCP_PREFETCH_ABORT) {
            qemu_log("CPU%u: taking exception %d [%s] at 0x%08x, cpsr 0x%08x, FSR 0x%03x FAR 0x%08x\n",
                     env->cpu_index, excp, arm_exception_name(excp), pc, old_cpsr, env->exception_fsr,
                     env->exception_far);
        } else {
            qemu_log("CPU%u: taking exception %d [%s] at 0x%08x, cpsr 0x%08x\n", env->cpu_index, excp,
                     arm_exception_name(excp), pc, old_cpsr);
        }
    }

    cpsr_write(env, exceptions[excp].mode | exceptions[excp].set | (env->cp15.sctlr & SCTLR_EE ? CPSR_E : 0),
               CPSR_M | CPSR_E | CPSR_J | CPSR_T | exceptions[excp].set);
    env->spsr = old_cpsr;
    env->regs[14] = lr;
    env->regs[15] = (env->cp15.sctlr & SCTLR_V ? 0xffff0000u : 0) + (uint32_t)excp * 4;
}

bool arm_interrupt_pending(CPUARMState *env, int *excp)
{
    uint32_t lines = __atomic_load_n(&env->irq_lines, __ATOMIC_ACQUIRE);

    if (__builtin_expect(lines == 0, 1)) {
        return false;
    }
    if ((lines & IRQ_LINE_FIQ) && !(env->cpsr & CPSR_F)) {
        *excp = EXCP_FIQ;
        return true;
    }
    if ((lines & IRQ_LINE_IRQ) && !(env->cpsr & CPSR_I)) {
        *excp = EXCP_IRQ;
        return true;
    }
    return false;
}

/*
 * Everything but what belongs to the wires (irq_lines), to the accelerator (exit_request, tables, host registers,
 * unwind) and to the CPU's identity. General registers are UNPREDICTABLE after reset; zero makes runs repeatable.
 */
void arm_cpu_reset(CPUARMState *env)
{
    memset(env->regs, 0, sizeof(env->regs));
    memset(&env->nzcv, 0, sizeof(env->nzcv));
    env->q = 0;
    env->ge = 0;
    env->cpsr = ARM_MODE_SVC | CPSR_A | CPSR_I | CPSR_F;
    env->spsr = 0;
    memset(env->banked_spsr, 0, sizeof(env->banked_spsr));
    memset(env->banked_r13, 0, sizeof(env->banked_r13));
    memset(env->banked_r14, 0, sizeof(env->banked_r14));
    memset(env->usr_r8_12, 0, sizeof(env->usr_r8_12));
    memset(env->fiq_r8_12, 0, sizeof(env->fiq_r8_12));

    /* VFP off, round to nearest, no sticky flags; MXCSR with every exception masked. */
    memset(&env->vfp, 0, sizeof(env->vfp));
    memset(&env->fp_nzcv, 0, sizeof(env->fp_nzcv));
    env->fpscr = 0;
    env->fpscr_cum = 0;
    env->fpexc = 0;
    env->fpinst = 0;
    env->fpinst2 = 0;
    env->mxcsr = 0x1f80;
    env->host_mxcsr = 0x1f80;

    env->exception = EXCP_NONE;
    env->exception_fsr = 0;
    env->exception_far = 0;

    cp15_reset(env);
    env->regs[15] = env->cp15.sctlr & SCTLR_V ? 0xffff0000u : 0;
    tlb_flush_all(env);
    arm_context_changed(env);
}
