/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU's registers as text, for the monitor's "info registers" (-d cpu has lines of its own, in accel/tcg, for all
 * but the VFP). Called with the CPU stopped, or by its thread; reads only.
 */
#include "target/arm/cpu.h"
#include "target/arm/cpu-model.h"
#include "target/arm/vfp-helper.h"

static const char *mode_name(uint32_t mode)
{
    switch (mode & CPSR_M) {
    case ARM_MODE_USR:
        return "usr";
    case ARM_MODE_FIQ:
        return "fiq";
    case ARM_MODE_IRQ:
        return "irq";
    case ARM_MODE_SVC:
        return "svc";
    case ARM_MODE_ABT:
        return "abt";
    case ARM_MODE_UND:
        return "und";
    case ARM_MODE_SYS:
        return "sys";
    default:
        return "???";
    }
}

void arm_cpu_dump(const CPUARMState *env, FILE *f, bool fpu)
{
    uint32_t psr = cpsr_read(env);

    for (int i = 0; i < 16; i++) {
        fprintf(f, "R%02d=%08x%c", i, i == 15 ? env->regs[15] & ~1u : env->regs[i], (i & 3) == 3 ? '\n' : ' ');
    }
    fprintf(f, "PSR=%08x %c%c%c%c %c%c%c%c %c %s32\n", psr, psr & CPSR_N ? 'N' : '-', psr & CPSR_Z ? 'Z' : '-',
            psr & CPSR_C ? 'C' : '-', psr & CPSR_V ? 'V' : '-', psr & CPSR_E ? 'E' : '-', psr & CPSR_A ? 'A' : '-',
            psr & CPSR_I ? 'I' : '-', psr & CPSR_F ? 'F' : '-', psr & CPSR_T ? 'T' : 'A', mode_name(psr));
    if (arm_bank(env->cpsr) != 0) {
        fprintf(f, "SPSR=%08x\n", env->spsr);
    }
    if (fpu) {
        arm_cpu_dump_vfp(env, f);
    }
}

void arm_cpu_dump_vfp(const CPUARMState *env, FILE *f)
{
    for (unsigned i = 0; i < arm_cpu_model->vfp_doubles; i++) {
        fprintf(f, "s%02u=%08x s%02u=%08x d%02u=%016llx\n", i * 2, env->vfp.s[i * 2], i * 2 + 1,
                env->vfp.s[i * 2 + 1], i, (unsigned long long)env->vfp.d[i]);
    }
    fprintf(f, "FPSCR: %08x FPEXC: %08x\n", vfp_fpscr_stopped(env), env->fpexc);
}
