/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of -icount: which time it is after so many instructions (sysemu/icount.h).
 *
 * Belongs to the thread that runs the CPUs, and to the I/O thread while that one waits for it or is parked. Other
 * threads see the time of the last slice's end (`shown`, `executed`: atomic).
 */
#define _GNU_SOURCE
#include <time.h>
#include "accel/tcg/cpus-beside.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/options.h"
#include "block/block.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/replay.h"
#include "qemu/timer.h"
#include "sysemu/cpus.h"
#include "target/arm/translate.h"

enum {
    AUTO_EVERY_NS = 100 * 1000 * 1000,      /* virtual time between two looks at the host's clock */
    ALIGN_SLACK_NS = 1000 * 1000,           /* not worth a sleep */
    LATE_WARN_NS = 1000 * 1000 * 1000,
    MAX_LATE_WARNINGS = 20,
};

bool icount_on;

static struct {
    IcountOptions o;
    unsigned shift;
    uint64_t executed;          /* before the slice that runs; atomic */
    uint64_t base;              /* `executed` when it was base_ns */
    int64_t base_ns;
    int64_t shown;              /* at `executed`; atomic */
    int32_t slice;              /* of the CPU that runs, in instructions */
    int32_t step, spare;        /* while it steps: the budget, and what was left aside */
    int64_t warped_ns;          /* time that CPUs slept, of all */
    /* pace */
    int64_t paced_ns, paced_host_ns;        /* both clocks at the last look */
    int64_t host_offset;                    /* align: host's clock - virtual time at the start */
    bool host_offset_known;
    unsigned warnings;
    int64_t late_ns;            /* align: how far the guest is behind */
} count;

int64_t icount_host_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int64_t ns_at(uint64_t executed)
{
    return count.base_ns + (int64_t)((executed - count.base) << count.shift);
}

static void show(void)
{
    __atomic_store_n(&count.shown, ns_at(count.executed), __ATOMIC_RELAXED);
}

/* From now on it is `ns`, and an instruction takes 1 << shift. */
static void rebase(int64_t ns, unsigned shift)
{
    count.base = count.executed;
    count.base_ns = ns;
    count.shift = shift;
    show();
}

/* Of the slice, what was executed up to and including the instruction that asks; 0 outside of one. */
static uint64_t executed_in_slice(void)
{
    const CPUState *cpu = current_cpu;
    uint32_t behind;

    if (!cpu || cpu->beside) {
        return 0;
    }
    behind = cpu->in_exec ? icount_behind(cpu->env) : 0;
    /* Before the first instruction of a block nothing was taken off for it. */
    return (uint64_t)(count.slice - env_jit(cpu->env)->budget) - (behind ? behind - 1 : 0);
}

uint64_t icount_executed(void)
{
    return __atomic_load_n(&count.executed, __ATOMIC_RELAXED) + executed_in_slice();
}

int64_t icount_ns(void)
{
    return current_cpu ? ns_at(icount_executed()) : __atomic_load_n(&count.shown, __ATOMIC_RELAXED);
}

void icount_warp(int64_t ns)
{
    count.warped_ns += ns - count.shown;
    rebase(ns, count.shift);
}

int64_t icount_until(int64_t ns)
{
    int64_t now = ns_at(count.executed), left;

    if (ns <= now) {
        return 1;
    }
    left = ns - now;
    return (int64_t)(((uint64_t)left + (1ull << count.shift) - 1) >> count.shift);
}

void icount_begin_slice(CPUState *cpu, int32_t budget)
{
    count.slice = budget;
    env_jit(cpu->env)->budget = budget;
}

void icount_add(uint64_t executed)
{
    __atomic_store_n(&count.executed, count.executed + executed, __ATOMIC_RELAXED);
    show();
}

int32_t icount_end_slice(CPUState *cpu)
{
    int32_t executed = count.slice - env_jit(cpu->env)->budget;

    icount_add((uint64_t)executed);
    return executed;
}

void icount_step(CPUState *cpu, int32_t insns)
{
    count.spare = env_jit(cpu->env)->budget - insns;
    count.slice -= count.spare;
    env_jit(cpu->env)->budget = insns;
    count.step = insns;
}

bool icount_step_end(CPUState *cpu)
{
    bool executed = env_jit(cpu->env)->budget != count.step;

    count.slice += count.spare;
    env_jit(cpu->env)->budget += count.spare;
    return executed;
}

void icount_leave_told(CPUState *cpu)
{
    if (plugin_hooks && cpu->in_exec) {
        cpu->alone = cpu->told = true;
    }
}

void icount_before_mmio(CPUARMState *env)
{
    arm_cpu_alone(env);
    if (icount_behind(env) > 1) {
        icount_leave_told(env_cpu(env));
        env_cpu(env)->alone = true;
        cpu_loop_exit(env);
    }
}

void icount_after_mmio(CPUARMState *env)
{
    if (!io_is_quiet() || blk_any_under_way()) {
        env_request_exit(env);
    }
}

void icount_set_shift(unsigned shift)
{
    rebase(count.shown, shift);
}

IcountClock icount_get_clock(void)
{
    return (IcountClock) { count.executed, count.shown, count.warped_ns, count.shift };
}

void icount_set_clock(const IcountClock *c)
{
    __atomic_store_n(&count.executed, c->executed, __ATOMIC_RELAXED);
    count.warped_ns = c->warped_ns;
    rebase(c->ns, c->shift);
}

/* ---- the host's clock ---- */

/* The guest's clock should go as fast as the host's: an instruction takes longer if it does not. */
static void follow_host(int64_t now, int64_t host)
{
    int64_t guest = now - count.paced_ns, real = host - count.paced_host_ns;
    unsigned shift = count.shift;

    if (guest < real - real / 4 && shift < ICOUNT_MAX_SHIFT) {
        shift++;
    } else if (guest > real + real / 2 && shift > 0) {
        shift--;
    }
    if (shift != count.shift) {
        icount_set_shift(shift);
        replay_shift_changed(&(ReplayPlace) { count.executed, now, false }, shift);
    }
}

static void wait_for_host(int64_t now, int64_t host)
{
    int64_t ahead;

    if (!count.host_offset_known) {
        count.host_offset = host - now;
        count.host_offset_known = true;
    }
    ahead = now + count.host_offset - host;
    count.late_ns = ahead < 0 ? -ahead : 0;
    if (ahead > ALIGN_SLACK_NS) {
        struct timespec ts = { ahead / 1000000000, ahead % 1000000000 };

        nanosleep(&ts, NULL);
    } else if (-ahead > LATE_WARN_NS && count.warnings < MAX_LATE_WARNINGS) {
        count.warnings++;
        warn_report("-icount align=on: the guest is %.1f seconds late (a smaller shift makes less of its time)",
                    (double)-ahead / 1e9);
        count.host_offset -= ahead;         /* from here on */
    }
}

void icount_pace(void)
{
    int64_t now = count.shown, host;

    if (replay_mode == REPLAY_PLAY || (!count.o.automatic && !count.o.align) ||
        now - count.paced_ns < (count.o.align ? ALIGN_SLACK_NS : AUTO_EVERY_NS)) {
        return;
    }
    host = icount_host_ns();
    if (count.o.automatic && count.paced_host_ns) {
        follow_host(now, host);
    }
    if (count.o.align) {
        wait_for_host(now, host);
    }
    count.paced_ns = now;
    count.paced_host_ns = host;
}

/* ---- beginning, monitor ---- */

/* A timer is to fire earlier than any before: the CPU that runs has fewer instructions than it thinks. */
static void deadline_moved(void)
{
    cpu_kick(current_cpu ? current_cpu->index : 0);
}

/* A state was loaded. */
static void set_clock(int64_t ns)
{
    rebase(ns, count.shift);
}

static const ClockKeeper keeper = { icount_ns, set_clock, deadline_moved };

void icount_init(const IcountOptions *o)
{
    if (!o->on) {
        return;
    }
    icount_on = true;
    arm_count_blocks = true;
    count.o = *o;
    count.shift = o->shift;
    clock_keep(&keeper);
    cpus_icount_init(o->parallel);
}

void icount_print(FILE *f)
{
    fprintf(f, "instructions: %llu\n", (unsigned long long)count.executed);
    fprintf(f, "virtual time: %lld ns, %lld ns of it asleep\n", (long long)count.shown, (long long)count.warped_ns);
    fprintf(f, "shift: %u (an instruction takes %u ns)%s\n", count.shift, 1u << count.shift,
            count.o.automatic ? ", automatic" : "");
    fprintf(f, "sleep: %s\n", count.o.sleep ? "on" : "off");
    fprintf(f, "align: %s\n", count.o.align ? "on" : "off");
    if (count.o.align) {
        fprintf(f, "late: %lld ns\n", (long long)count.late_ns);
    }
    if (beside_on) {
        beside_print(f);
    }
}
