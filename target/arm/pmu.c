/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The performance monitor in CP15 c15,c12 (ARM DDI 0360 3.4): control, cycle counter and two event counters.
 *
 * Cycles are virtual time at a nominal 400 MHz, two per 5 ns. The event counters count cycles when set to event 0xff;
 * every other event stays at what software wrote, for counting instructions or cache misses would cost each block and
 * no cache is modelled. Overflow flags are kept; the counters' interrupt is not wired.
 *
 * Time is added in whole steps whenever a register is touched, so that no fraction is lost: 5 ns, or 160 ns while the
 * cycle counter counts every 64th cycle. Owner: the CPU's thread.
 */
#include "target/arm/cp15.h"
#include "qemu/timer.h"

#define PMNC_ENABLE         (1u << 0)
#define PMNC_RESET_COUNTS   (1u << 1)
#define PMNC_RESET_CYCLES   (1u << 2)
#define PMNC_DIVIDE         (1u << 3)
#define PMNC_FLAG_COUNT0    (1u << 8)
#define PMNC_FLAG_COUNT1    (1u << 9)
#define PMNC_FLAG_CYCLES    (1u << 10)
#define PMNC_FLAGS          (PMNC_FLAG_COUNT0 | PMNC_FLAG_COUNT1 | PMNC_FLAG_CYCLES)
#define PMNC_EVENT0(c)      (((c) >> 20) & 0xff)
#define PMNC_EVENT1(c)      (((c) >> 12) & 0xff)
/* Stored: enable, divide, interrupt enables, flags, export, events. */
#define PMNC_STORED         0x0ffffff9u
#define PMNC_PLAIN          (PMNC_STORED & ~PMNC_FLAGS & ~(1u << 7))

enum { EVENT_CYCLES = 0xff };

static void count(CPUARMState *env, uint32_t *counter, uint64_t n, uint32_t overflow_flag)
{
    uint64_t sum = *counter + n;

    if (sum >> 32) {
        env->cp15.pmcr |= overflow_flag;
    }
    *counter = (uint32_t)sum;
}

/* Bring the counters up to now. */
static void pmu_sync(CPUARMState *env)
{
    uint64_t now = (uint64_t)clock_shown_ns();
    uint32_t control = env->cp15.pmcr;
    bool divide = control & PMNC_DIVIDE;
    uint64_t step = divide ? 160 : 5, steps;

    if (!(control & PMNC_ENABLE) || now < env->cp15.pmccntr_start_ns) {
        env->cp15.pmccntr_start_ns = now;
        return;
    }
    steps = (now - env->cp15.pmccntr_start_ns) / step;
    env->cp15.pmccntr_start_ns += steps * step;
    count(env, &env->cp15.pmccntr_base, divide ? steps : steps * 2, PMNC_FLAG_CYCLES);
    if (PMNC_EVENT0(control) == EVENT_CYCLES) {
        count(env, &env->cp15.pmn0, divide ? steps * 64 : steps * 2, PMNC_FLAG_COUNT0);
    }
    if (PMNC_EVENT1(control) == EVENT_CYCLES) {
        count(env, &env->cp15.pmn1, divide ? steps * 64 : steps * 2, PMNC_FLAG_COUNT1);
    }
}

uint32_t pmu_control_read(CPUARMState *env)
{
    pmu_sync(env);
    return env->cp15.pmcr;
}

void pmu_control_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    pmu_sync(env);
    /* Flags are cleared by writing ones. */
    env->cp15.pmcr = (val & PMNC_PLAIN) | (env->cp15.pmcr & PMNC_FLAGS & ~val);
    if (val & PMNC_RESET_COUNTS) {
        env->cp15.pmn0 = 0;
        env->cp15.pmn1 = 0;
    }
    if (val & PMNC_RESET_CYCLES) {
        env->cp15.pmccntr_base = 0;
    }
}

uint32_t pmu_cycles_read(CPUARMState *env)
{
    pmu_sync(env);
    return env->cp15.pmccntr_base;
}

void pmu_cycles_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    pmu_sync(env);
    env->cp15.pmccntr_base = val;
}

uint32_t pmu_count0_read(CPUARMState *env)
{
    pmu_sync(env);
    return env->cp15.pmn0;
}

void pmu_count0_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    pmu_sync(env);
    env->cp15.pmn0 = val;
}

uint32_t pmu_count1_read(CPUARMState *env)
{
    pmu_sync(env);
    return env->cp15.pmn1;
}

void pmu_count1_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    pmu_sync(env);
    env->cp15.pmn1 = val;
}

void pmu_reset(CPUARMState *env)
{
    env->cp15.pmcr = 0;
    env->cp15.pmccntr_base = 0;
    env->cp15.pmccntr_start_ns = 0;
    env->cp15.pmn0 = 0;
    env->cp15.pmn1 = 0;
}
