/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU as a device: its architectural state under names and in forms that depend on no host and no accelerator. The
 * fields are a copy that is filled before it is saved and distributed after it was loaded.
 *
 * Not saved: interrupt inputs, which the interrupt controllers drive; the number of the CPU; the host's own MXCSR; how
 * many instructions were counted, which the performance monitor's counters have; and reservations of exclusive
 * accesses, since a STREX may always fail.
 */
#include <glib.h>
#include <string.h>
#include "hw/device.h"
#include "sysemu/cpus.h"
#include "target/arm/cpu.h"
#include "target/arm/vfp-helper.h"

typedef __typeof__(((CPUARMState *)0)->cp15) CP15State;

/* I/O thread; the CPUs are paused. */
typedef struct ARMCPUDevice {
    Device dev;
    CPUARMState *env;               /* constant */
    int number;                     /* constant */
    uint32_t r[16], cpsr, spsr, fpscr, fpexc, fpinst, fpinst2;
    uint64_t d[16];
    uint32_t banked_spsr[6], banked_r13[6], banked_r14[6], usr_r8_12[5], fiq_r8_12[5];
    int exception;
    uint32_t exception_fsr, exception_far;
    CP15State cp15;
    bool halted, event;
} ARMCPUDevice;

/* Whoever adds to the state decides whether it is saved, then mends these numbers. */
_Static_assert(sizeof(CP15State) == 24 * 4 + 8, "all of CP15 is in arm_cpu_fields");
_Static_assert(sizeof(CPUARMState) == 560, "all of the state is in arm_cpu_fields, or named above");

static void arm_cpu_pre_save(void *opaque)
{
    ARMCPUDevice *s = opaque;
    CPUARMState *env = s->env;
    CPUWait wait = cpu_get_wait(s->number);

    arm_pmu_pre_save(env);
    memcpy(s->r, env->regs, sizeof(s->r));
    s->r[15] &= ~1u;                /* T is in the CPSR */
    s->cpsr = cpsr_read(env);
    s->spsr = env->spsr;
    s->fpscr = vfp_fpscr_stopped(env);
    s->fpexc = env->fpexc;
    s->fpinst = env->fpinst;
    s->fpinst2 = env->fpinst2;
    memcpy(s->d, env->vfp.d, sizeof(s->d));
    memcpy(s->banked_spsr, env->banked_spsr, sizeof(s->banked_spsr));
    memcpy(s->banked_r13, env->banked_r13, sizeof(s->banked_r13));
    memcpy(s->banked_r14, env->banked_r14, sizeof(s->banked_r14));
    memcpy(s->usr_r8_12, env->usr_r8_12, sizeof(s->usr_r8_12));
    memcpy(s->fiq_r8_12, env->fiq_r8_12, sizeof(s->fiq_r8_12));
    s->exception = env->exception;
    s->exception_fsr = env->exception_fsr;
    s->exception_far = env->exception_far;
    s->cp15 = env->cp15;
    s->halted = wait.halted;
    s->event = wait.event;
}

/* The current mode's registers are in place already, so the mode is not switched to. */
static void load_cpsr(CPUARMState *env, uint32_t cpsr)
{
    uint32_t mode = cpsr & CPSR_M;

    env->cpsr = (cpsr & (CPSR_J | CPSR_E | CPSR_A | CPSR_I | CPSR_F)) | (arm_mode_valid(mode) ? mode : ARM_MODE_SVC);
    cpsr_write(env, cpsr, CPSR_NZCV | CPSR_Q | CPSR_GE | CPSR_T);
}

static void arm_cpu_post_load(void *opaque)
{
    ARMCPUDevice *s = opaque;
    CPUARMState *env = s->env;
    bool raised = s->exception >= EXCP_RESET && s->exception <= EXCP_FIQ && s->exception != EXCP_DATA_ABORT + 1;

    memcpy(env->regs, s->r, sizeof(s->r));
    env->regs[15] &= ~1u;
    load_cpsr(env, s->cpsr);
    env->spsr = s->spsr;
    vfp_set_fpscr_stopped(env, s->fpscr);
    env->fpexc = s->fpexc;
    env->fpinst = s->fpinst;
    env->fpinst2 = s->fpinst2;
    memcpy(env->vfp.d, s->d, sizeof(s->d));
    memcpy(env->banked_spsr, s->banked_spsr, sizeof(s->banked_spsr));
    memcpy(env->banked_r13, s->banked_r13, sizeof(s->banked_r13));
    memcpy(env->banked_r14, s->banked_r14, sizeof(s->banked_r14));
    memcpy(env->usr_r8_12, s->usr_r8_12, sizeof(s->usr_r8_12));
    memcpy(env->fiq_r8_12, s->fiq_r8_12, sizeof(s->fiq_r8_12));
    env->exception = raised ? s->exception : EXCP_NONE;
    env->exception_fsr = s->exception_fsr;
    env->exception_far = s->exception_far;
    env->cp15 = s->cp15;
    arm_pmu_post_load(env);
    cpu_set_wait(s->number, (CPUWait) { s->halted, s->event });
}

#define FIELD(f) DEVICE_FIELD(ARMCPUDevice, f)
#define ARRAY(f) DEVICE_ARRAY(ARMCPUDevice, f)

static const DeviceField arm_cpu_fields[] = {
    ARRAY(r), FIELD(cpsr), FIELD(spsr), FIELD(fpscr), FIELD(fpexc), FIELD(fpinst), FIELD(fpinst2), ARRAY(d),
    ARRAY(banked_spsr), ARRAY(banked_r13), ARRAY(banked_r14), ARRAY(usr_r8_12), ARRAY(fiq_r8_12), FIELD(exception),
    FIELD(exception_fsr), FIELD(exception_far), FIELD(cp15.sctlr), FIELD(cp15.actlr), FIELD(cp15.cpacr),
    FIELD(cp15.ttbr0), FIELD(cp15.ttbr1), FIELD(cp15.ttbcr), FIELD(cp15.dacr), FIELD(cp15.dfsr), FIELD(cp15.ifsr),
    FIELD(cp15.dfar), FIELD(cp15.ifar), FIELD(cp15.wfar), FIELD(cp15.par), FIELD(cp15.fcse), FIELD(cp15.contextidr),
    FIELD(cp15.tpidrurw), FIELD(cp15.tpidruro), FIELD(cp15.tpidrprw), FIELD(cp15.dlockdown), FIELD(cp15.ilockdown),
    FIELD(cp15.pmcr), FIELD(cp15.pmccntr_base), FIELD(cp15.pmn0), FIELD(cp15.pmn1), FIELD(cp15.pmccntr_start_ns),
    FIELD(halted), FIELD(event),
    { 0 },
};

static const DeviceClass arm_cpu_class = {
    .name = "arm11mpcore-cpu",
    .state_size = sizeof(ARMCPUDevice),
    .version = 1,
    .fields = arm_cpu_fields,
    .pre_save = arm_cpu_pre_save,
    .post_load = arm_cpu_post_load,
};

void arm_cpu_device_create(CPUARMState *env, unsigned n)
{
    ARMCPUDevice *s = device_new(&arm_cpu_class, g_strdup_printf("cpu%u", n));

    s->env = env;
    s->number = (int)n;
    device_add(&s->dev);
}
