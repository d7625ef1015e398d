/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU's state as that of a device: every byte of it is random, then saved, changed and loaded, and as it was, but for
 * what is not state. The forms that the host has of flags do not show.
 */
#define _GNU_SOURCE             /* memmem */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "hw/device.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "target/arm/cpu.h"
#include "target/arm/vfp-helper.h"
#include "tests/unit/arm-env.h"

static CPUWait waits;
static uint32_t seed = 1;

CPUWait cpu_get_wait(int cpu)
{
    return waits;
}

void cpu_set_wait(int cpu, CPUWait wait)
{
    waits = wait;
}

MemoryRegion *memory_add_mmio(uint32_t base, uint32_t size, const MMIOOps *ops, void *opaque, const char *name)
{
    abort();                    /* CPUs have no registers in memory */
}

void error_exit(const char *fmt, ...)
{
    abort();
}

static uint32_t random32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static void fill_bytes(void *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)p)[i] = (uint8_t)random32();
    }
}

#define FILL(f) fill_bytes(&env->f, sizeof(env->f))

/* A state that can be: registers are anything, what has forms of its own goes through its functions. */
static void fill(void)
{
    static const uint32_t modes[] = { 0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f };
    uint32_t psr = random32();

    FILL(regs);
    FILL(vfp);
    FILL(fpexc);
    FILL(spsr);
    FILL(banked_spsr);
    FILL(banked_r13);
    FILL(banked_r14);
    FILL(usr_r8_12);
    FILL(fiq_r8_12);
    FILL(exception_fsr);
    FILL(exception_far);
    FILL(cp15);
    FILL(fpinst);
    FILL(fpinst2);
    env->exception = (int32_t)(random32() % 6) - 1;
    env->fp_nzcv = env->nzcv = (ARMFlags) { 0 };
    vfp_set_fpscr_stopped(env, random32());
    env->cpsr = modes[random32() % 7] | (psr & (CPSR_J | CPSR_E | CPSR_A | CPSR_I | CPSR_F));
    cpsr_write(env, psr, CPSR_NZCV | CPSR_Q | CPSR_GE | CPSR_T);
    waits = (CPUWait) { random32() & 1, random32() & 1 };
}

static void test_round_trips(void)
{
    CPUARMState was;
    CPUWait wait;
    unsigned wrong = 0;

    for (unsigned i = 0; i < 1000; i++) {
        char *text = NULL, *err = NULL;
        size_t bytes = 0;
        FILE *f = open_memstream(&text, &bytes);

        fill();
        was = *env;
        wait = waits;
        wrong += !device_save(device_find("cpu0"), f);
        fclose(f);
        fill();
        f = fmemopen(text, bytes, "rb");
        wrong += !device_load(device_find("cpu0"), f, &err);
        fclose(f);
        free(text);
        g_free(err);
        wrong += memcmp(&was, env, sizeof(was)) != 0 || wait.halted != waits.halted || wait.event != waits.event;
    }
    CHECK(!wrong);
    test_done("a thousand states are as they were");
}

/* Flags as a comparison in translated code leaves them. */
static void test_raw_flags(void)
{
    char *text = NULL, *err = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    uint32_t fpscr;

    fill();
    env->fp_nzcv.nz = VFP_RAW | VFP_RAW_LESS;
    env->nzcv.nz |= 0x3f;
    fpscr = vfp_fpscr_stopped(env);
    device_save(device_find("cpu0"), f);
    fclose(f);
    CHECK(fpscr >> 28 == 8);
    test_done("a comparison's result is less");
    memset(&env->fp_nzcv, 0, sizeof(env->fp_nzcv));
    f = fmemopen(text, bytes, "rb");
    device_load(device_find("cpu0"), f, &err);
    fclose(f);
    free(text);
    CHECK(vfp_fpscr_stopped(env) == fpscr && !(env->fp_nzcv.nz & 0x3f) && !(env->nzcv.nz & 0x3f));
    test_done("the host's form of flags is not saved");
}

/* What nobody has saved: a mode that there is not, an exception that there is not. */
static void test_nonsense(void)
{
    char *text = NULL, *err = NULL, *at;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);

    fill();
    device_save(device_find("cpu0"), f);
    fclose(f);
    at = memmem(text, bytes, "\4cpsr", 5);
    at[5 + 1 + 4] = 0x05;
    at = memmem(text, bytes, "\11exception", 10);
    at[10 + 1 + 4] = 77;
    f = fmemopen(text, bytes, "rb");
    CHECK(device_load(device_find("cpu0"), f, &err));
    CHECK(arm_mode_valid(env->cpsr & CPSR_M) && env->exception == EXCP_NONE);
    test_done("a mode and an exception that there are not become ones that there are");
    fclose(f);
    free(text);
}

int main(void)
{
    env_reset();
    arm_cpu_device_create(env, 0);
    test_round_trips();
    test_raw_flags();
    test_nonsense();
    return test_finish();
}
