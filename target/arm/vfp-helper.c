/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FPSCR and the other VFP system registers, the switch between the guest's and the host's MXCSR, and the helpers that
 * translated code calls for VFP instructions. On the CPU's thread; *_stopped() while that CPU does not run guest code.
 *
 * ARM DDI 0100I C1-C5.
 */
#include "host/hostfp.h"
#include "qemu/log.h"
#include "target/arm/cpu-model.h"
#include "target/arm/vfp-helper.h"
#include "tcg/helper.h"

enum { REG_FPSID = 0, REG_FPSCR = 1, REG_MVFR1 = 6, REG_MVFR0 = 7, REG_FPEXC = 8, REG_FPINST = 9, REG_FPINST2 = 10 };

/* FPSCR bits that live in env->fpscr: 26, DN, FZ, rounding mode, STRIDE, LEN. */
#define FPSCR_STORED    0x07f70000u
#define FPSCR_KEY       (FPSCR_FZ | 0x00370000u)    /* what translations depend on */

/*
 * Rounding mode between its two encodings: towards plus infinity is 1 in FPSCR, 2 in MXCSR; minus the other way
 * round.
 */
static uint32_t swap_rounding(uint32_t mode)
{
    return (mode & 1) << 1 | mode >> 1;
}

static uint32_t mxcsr_from_fpscr(uint32_t fpscr)
{
    return HOSTFP_MASKED | swap_rounding(fpscr >> 22 & 3) << HOSTFP_ROUNDING_SHIFT;
}

static uint32_t cumulative(uint32_t mxcsr)
{
    /* IE -> IOC; ZE OE UE PE -> DZC OFC UFC IXC; the host's denormal flag means nothing here */
    return (mxcsr & 1) | (mxcsr >> 1 & 0x1e);
}

/* Less 1000, equal 0110, greater 0010, unordered 0011 (ARM DDI 0100I C2.7). */
ARMFlags vfp_flags(const CPUARMState *env)
{
    uint8_t raw = env->fp_nzcv.nz;

    if (!(raw & VFP_RAW)) {
        return env->fp_nzcv;
    }
    if (raw & VFP_RAW_UNORDERED) {
        return (ARMFlags){ .c = 1, .v = 1 };
    }
    if (raw & VFP_RAW_LESS) {
        return (ARMFlags){ .nz = 0x80 };
    }
    return (ARMFlags){ .nz = raw & VFP_RAW_EQUAL, .c = 1 };
}

static uint32_t gather_fpscr(const CPUARMState *env, uint32_t mxcsr)
{
    ARMFlags f = vfp_flags(env);
    uint32_t nzcv = (uint32_t)(f.nz & 0xc0) << 24 | (uint32_t)(f.c & 1) << 29 | (uint32_t)(f.v & 1) << 28;

    return nzcv | env->fpscr | env->fpscr_cum | cumulative(mxcsr);
}

/* Spread a new FPSCR over its places; returns the MXCSR for it. */
static uint32_t spread_fpscr(CPUARMState *env, uint32_t value)
{
    uint32_t changed = env->fpscr ^ value;

    env->fp_nzcv = (ARMFlags){ .nz = value >> 24 & 0xc0, .c = value >> 29 & 1, .v = value >> 28 & 1 };
    env->fpscr = value & FPSCR_STORED;
    env->fpscr_cum = value & FPSCR_CUMULATIVE;
    if (changed & FPSCR_KEY) {
        arm_context_changed(env);
    }
    return mxcsr_from_fpscr(value);
}

uint32_t vfp_fpscr_stopped(const CPUARMState *env)
{
    return gather_fpscr(env, env->mxcsr);
}

void vfp_set_fpscr_stopped(CPUARMState *env, uint32_t value)
{
    env->mxcsr = spread_fpscr(env, value);
}

void vfp_enter_guest(CPUARMState *env)
{
    env->host_mxcsr = hostfp_get();
    hostfp_set((env->mxcsr & (HOSTFP_ROUNDING | HOSTFP_FLAGS)) | HOSTFP_MASKED);
}

void vfp_leave_guest(CPUARMState *env)
{
    env->mxcsr = hostfp_get();
    hostfp_set(env->host_mxcsr);
}

uint32_t helper_vfp_get_fpscr(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return gather_fpscr(env, hostfp_get());
}

uint32_t helper_vfp_fmstat(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    env->nzcv = vfp_flags(env);
    return 0;
}

/* Guest code is running. Blocks translated with FZ begin with the same in env->mxcsr as in MXCSR. */
static void set_fpscr(CPUARMState *env, uint32_t value)
{
    env->mxcsr = spread_fpscr(env, value);
    hostfp_set(env->mxcsr);
}

uint32_t helper_vfp_set_fpscr(CPUARMState *env, uint32_t value, uint32_t b, uint32_t c)
{
    set_fpscr(env, value);
    return 0;
}

/* May the current mode use cp10 and cp11 at all? The lesser right of the two counts, as in arm_tb_flags(). */
static bool coprocessor_access(const CPUARMState *env)
{
    uint32_t right = env->cp15.cpacr >> 20 & env->cp15.cpacr >> 22 & 3;

    return right == 3 || (right == 1 && arm_privileged(env));
}

/*
 * Rights to a system register. With FPEXC.EN clear, privileged code still reaches the ID registers and FPEXC; user
 * code never reaches more than FPSID and FPSCR.
 */
static void check_register_access(CPUARMState *env, uint32_t reg, bool write)
{
    bool enabled = env->fpexc & FPEXC_EN, privileged = arm_privileged(env), allowed;

    switch (reg) {
    case REG_FPSID:
        allowed = enabled || privileged;
        break;
    case REG_FPSCR:
        allowed = enabled;
        break;
    case REG_MVFR0: case REG_MVFR1:
        allowed = privileged && !write;
        break;
    case REG_FPEXC:
        allowed = privileged;
        break;
    case REG_FPINST: case REG_FPINST2:
        allowed = privileged && enabled;
        break;
    default:
        allowed = false;
        break;
    }
    if (!allowed || !coprocessor_access(env)) {
        arm_raise_exception(env, EXCP_UNDEF);
    }
}

uint32_t helper_vmrs(CPUARMState *env, uint32_t reg, uint32_t b, uint32_t c)
{
    check_register_access(env, reg, false);
    switch (reg) {
    case REG_FPSID:
        return arm_cpu_model->fpsid;
    case REG_FPSCR:
        return gather_fpscr(env, hostfp_get());
    case REG_MVFR0:
        return arm_cpu_model->mvfr0;
    case REG_MVFR1:
        return arm_cpu_model->mvfr1;
    case REG_FPEXC:
        return env->fpexc;
    case REG_FPINST:
        return env->fpinst;
    default:
        return env->fpinst2;
    }
}

uint32_t helper_vmsr(CPUARMState *env, uint32_t reg, uint32_t value, uint32_t c)
{
    check_register_access(env, reg, true);
    switch (reg) {
    case REG_FPSID:
        qemu_log_mask(LOG_GUEST_ERROR, "vfp: write of %#x to read-only FPSID\n", value);
        break;
    case REG_FPSCR:
        set_fpscr(env, value);
        break;
    case REG_FPEXC:
        if ((env->fpexc ^ value) & FPEXC_EN) {
            env->fpexc = value & FPEXC_EN;
            arm_context_changed(env);
        }
        break;
    case REG_FPINST:
        env->fpinst = value;
        break;
    default:
        env->fpinst2 = value;
        break;
    }
    return 0;
}
