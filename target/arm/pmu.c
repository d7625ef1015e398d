/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The performance monitor in CP15 c15,c12 (ARM DDI 0360 3.4): control, cycle counter and two event counters.
 *
 * Cycles are virtual time at a nominal 400 MHz, two per 5 ns. The event counters count cycles (event 0xff),
 * instructions, branches, loads and stores (counted_by()); every other event stays at what software wrote: no cache
 * and no pipeline is modelled.
 *
 * The latter are counted by the translated code: while a counter wants one of them, blocks are those of TBF_COUNT,
 * which count all of them in env->counted[]. At other times nothing is paid.
 *
 * Counters are brought up to date when somebody looks. A line timer runs while an overflow would interrupt; of what
 * code counts nobody knows when it comes, so it looks every quarter of a millisecond. Cycles are added in whole steps,
 * so that no fraction is lost: 5 ns, or 160 ns while the cycle counter counts every 64th cycle.
 *
 * Lock: each CPU's own, for all of the registers and the line. The control register's event and enable bits are changed
 * by the CPU's thread alone, which reads them without.
 */
#include <string.h>
#include "hw/irq.h"
#include "target/arm/cp15.h"
#include "qemu/lock.h"
#include "qemu/timer.h"

#define PMNC_ENABLE         (1u << 0)
#define PMNC_RESET_COUNTS   (1u << 1)
#define PMNC_RESET_CYCLES   (1u << 2)
#define PMNC_DIVIDE         (1u << 3)
#define PMNC_FLAGS          (7u << 8)
#define PMNC_EVENT0(c)      (((c) >> 20) & 0xff)
#define PMNC_EVENT1(c)      (((c) >> 12) & 0xff)
/* Stored: enable, divide, interrupt enables, flags, export, events. */
#define PMNC_STORED         0x0ffffff9u
#define PMNC_PLAIN          (PMNC_STORED & ~PMNC_FLAGS & ~(1u << 7))

enum { COUNT0, COUNT1, CYCLES, COUNTERS };      /* in the order of their bits */
enum { INT_ENABLE_SHIFT = 4, FLAG_SHIFT = 8 };
/* ARM11 MPCore's numbers. A PC that software changed and misses are left out. */
enum {
    EVENT_BRANCHES = 0x05, EVENT_INSTRUCTIONS = 0x08, EVENT_LOADS = 0x0a, EVENT_STORES = 0x0c, EVENT_ACCESSES = 0x11,
    EVENT_CYCLES = 0xff,
};
enum { LOOK_NS = 250 * 1000, NEVER_ARMED = 0 };

typedef struct PMU {
    CountedLock lock;
    CPUARMState *env;           /* constant, like irq and timer */
    const IRQLine *irq;
    QTimer *timer;              /* NULL: the board has no line for it */
    bool level;                 /* of the line.                         lock */
    int64_t armed_ns;           /* or NEVER_ARMED.                      lock */
} PMU;

static PMU pmus[ARM_MAX_CPUS];

static PMU *pmu_of(const CPUARMState *env)
{
    return &pmus[env->cpu_index];
}

static uint32_t *counter(CPUARMState *env, unsigned n)
{
    uint32_t *const counters[COUNTERS] = { &env->cp15.pmn0, &env->cp15.pmn1, &env->cp15.pmccntr_base };

    return counters[n];
}

/* What the counter counts. */
static unsigned event(uint32_t control, unsigned n)
{
    return n == COUNT0 ? PMNC_EVENT0(control) : n == COUNT1 ? PMNC_EVENT1(control) : EVENT_CYCLES;
}

/* Of which of env->counted[] the event is the sum, a bit each. */
static unsigned counted_by(unsigned event)
{
    switch (event) {
    case EVENT_BRANCHES:
        return 1 << COUNTED_BRANCHES;
    case EVENT_INSTRUCTIONS:
        return 1 << COUNTED_INSNS;
    case EVENT_LOADS:
        return 1 << COUNTED_LOADS;
    case EVENT_STORES:
        return 1 << COUNTED_STORES;
    case EVENT_ACCESSES:
        return 1 << COUNTED_LOADS | 1 << COUNTED_STORES;
    default:
        return 0;
    }
}

bool pmu_counts_code(const CPUARMState *env)
{
    uint32_t control = __atomic_load_n(&env->cp15.pmcr, __ATOMIC_RELAXED);

    return (control & PMNC_ENABLE) && (counted_by(PMNC_EVENT0(control)) | counted_by(PMNC_EVENT1(control)));
}

/* ---- all with the lock held ---- */

static void set_control(CPUARMState *env, uint32_t control)
{
    __atomic_store_n(&env->cp15.pmcr, control, __ATOMIC_RELAXED);
}

static void add(CPUARMState *env, unsigned n, uint64_t much)
{
    uint64_t sum = *counter(env, n) + much;

    if (sum >> 32) {
        set_control(env, env->cp15.pmcr | 1u << (FLAG_SHIFT + n));
    }
    *counter(env, n) = (uint32_t)sum;
}

static void sync_counted(CPUARMState *env)
{
    uint32_t control = env->cp15.pmcr;

    for (unsigned what = 0; what < NB_COUNTED; what++) {
        uint64_t now = __atomic_load_n(&env->counted[what], __ATOMIC_RELAXED), new = now - env->counted_seen[what];

        env->counted_seen[what] = now;
        for (unsigned n = COUNT0; (control & PMNC_ENABLE) && n <= COUNT1; n++) {
            if (counted_by(event(control, n)) >> what & 1) {
                add(env, n, new);
            }
        }
    }
}

/* Bring the counters up to now. */
static void pmu_sync(CPUARMState *env, uint64_t now)
{
    uint32_t control = env->cp15.pmcr;
    bool divide = control & PMNC_DIVIDE;
    uint64_t step = divide ? 160 : 5, steps;

    sync_counted(env);
    if (!(control & PMNC_ENABLE) || now < env->cp15.pmccntr_start_ns) {
        env->cp15.pmccntr_start_ns = now;
        return;
    }
    steps = (now - env->cp15.pmccntr_start_ns) / step;
    env->cp15.pmccntr_start_ns += steps * step;
    add(env, CYCLES, divide ? steps : steps * 2);
    for (unsigned n = COUNT0; n <= COUNT1; n++) {
        if (event(control, n) == EVENT_CYCLES) {
            add(env, n, divide ? steps * 64 : steps * 2);
        }
    }
}

/* When the counter of cycles is at 0 again. */
static int64_t overflow_ns(CPUARMState *env, unsigned n)
{
    bool divide = env->cp15.pmcr & PMNC_DIVIDE;
    uint64_t left = (UINT64_C(1) << 32) - *counter(env, n), per_step = !divide ? 2 : n == CYCLES ? 1 : 64;

    return (int64_t)(env->cp15.pmccntr_start_ns + (left + per_step - 1) / per_step * (divide ? 160 : 5));
}

/* When to look next; NEVER_ARMED: nothing will change by itself. */
static int64_t next_look(CPUARMState *env, int64_t now)
{
    uint32_t control = env->cp15.pmcr;
    int64_t next = INT64_MAX;

    for (unsigned n = 0; (control & PMNC_ENABLE) && n < COUNTERS; n++) {
        bool interrupts = (control & 1u << (INT_ENABLE_SHIFT + n)) && !(control & 1u << (FLAG_SHIFT + n));
        int64_t when = INT64_MAX;

        if (counted_by(event(control, n)) && interrupts) {
            when = now + LOOK_NS;
        } else if (event(control, n) == EVENT_CYCLES && interrupts) {
            when = overflow_ns(env, n);
        }
        next = when < next ? when : next;
    }
    return next == INT64_MAX ? NEVER_ARMED : next;
}

/* Line and timer. The only caller of irq_set(). */
static void pmu_update(CPUARMState *env, int64_t now)
{
    PMU *p = pmu_of(env);
    uint32_t control = env->cp15.pmcr;
    bool level = control >> FLAG_SHIFT & control >> INT_ENABLE_SHIFT & 7;
    int64_t next;

    if (!p->timer) {
        return;
    }
    next = next_look(env, now);
    if (next != p->armed_ns) {
        p->armed_ns = next;
        if (next == NEVER_ARMED) {
            timer_del(p->timer);
        } else {
            timer_mod(p->timer, next);
        }
    }
    if (level != p->level) {
        p->level = level;
        irq_set(p->irq, level);
    }
}

/* ---- the CPU's side, and the timer's ---- */

static void pmu_look(void *opaque)
{
    PMU *p = opaque;
    int64_t now;

    counted_lock(&p->lock);
    now = clock_virtual_ns();
    p->armed_ns = NEVER_ARMED;
    pmu_sync(p->env, (uint64_t)now);
    pmu_update(p->env, now);
    counted_unlock(&p->lock);
}

static uint32_t pmu_read(CPUARMState *env, const uint32_t *reg)
{
    PMU *p = pmu_of(env);
    int64_t now;
    uint32_t v;

    arm_cpu_alone(env);
    now = clock_shown_ns();
    counted_lock(&p->lock);
    pmu_sync(env, (uint64_t)now);
    v = *reg;
    pmu_update(env, now);
    counted_unlock(&p->lock);
    return v;
}

static void pmu_write(CPUARMState *env, uint32_t *reg, uint32_t val)
{
    PMU *p = pmu_of(env);
    int64_t now;

    arm_cpu_alone(env);
    counted_lock(&p->lock);
    now = clock_virtual_ns();
    pmu_sync(env, (uint64_t)now);
    *reg = val;
    pmu_update(env, now);
    counted_unlock(&p->lock);
}

uint32_t pmu_control_read(CPUARMState *env)
{
    return pmu_read(env, &env->cp15.pmcr);
}

void pmu_control_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    PMU *p = pmu_of(env);
    bool counted = pmu_counts_code(env);
    int64_t now;

    arm_cpu_alone(env);
    counted_lock(&p->lock);
    now = clock_virtual_ns();
    pmu_sync(env, (uint64_t)now);
    /* Flags are cleared by writing ones. */
    set_control(env, (val & PMNC_PLAIN) | (env->cp15.pmcr & PMNC_FLAGS & ~val));
    if (val & PMNC_RESET_COUNTS) {
        env->cp15.pmn0 = 0;
        env->cp15.pmn1 = 0;
    }
    if (val & PMNC_RESET_CYCLES) {
        env->cp15.pmccntr_base = 0;
    }
    pmu_update(env, now);
    counted_unlock(&p->lock);
    if (counted != pmu_counts_code(env)) {
        arm_context_changed(env);
    }
}

uint32_t pmu_cycles_read(CPUARMState *env)
{
    return pmu_read(env, &env->cp15.pmccntr_base);
}

void pmu_cycles_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    pmu_write(env, &env->cp15.pmccntr_base, val);
}

uint32_t pmu_count0_read(CPUARMState *env)
{
    return pmu_read(env, &env->cp15.pmn0);
}

void pmu_count0_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    pmu_write(env, &env->cp15.pmn0, val);
}

uint32_t pmu_count1_read(CPUARMState *env)
{
    return pmu_read(env, &env->cp15.pmn1);
}

void pmu_count1_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    pmu_write(env, &env->cp15.pmn1, val);
}

void pmu_reset(CPUARMState *env)
{
    PMU *p = pmu_of(env);

    counted_lock(&p->lock);
    set_control(env, 0);
    env->cp15.pmccntr_base = 0;
    env->cp15.pmccntr_start_ns = 0;
    env->cp15.pmn0 = 0;
    env->cp15.pmn1 = 0;
    memset(env->counted, 0, sizeof(env->counted));
    memset(env->counted_seen, 0, sizeof(env->counted_seen));
    pmu_update(env, 0);
    counted_unlock(&p->lock);
}

void arm_pmu_pre_save(CPUARMState *env)
{
    PMU *p = pmu_of(env);

    counted_lock(&p->lock);
    sync_counted(env);
    counted_unlock(&p->lock);
}

void arm_pmu_post_load(CPUARMState *env)
{
    PMU *p = pmu_of(env);
    int64_t now = clock_virtual_ns();

    counted_lock(&p->lock);
    memcpy(env->counted_seen, env->counted, sizeof(env->counted));
    pmu_update(env, now);
    counted_unlock(&p->lock);
}

void arm_pmu_connect(CPUARMState *env, const IRQLine *irq)
{
    PMU *p = pmu_of(env);

    counted_lock_init(&p->lock, "pmu", false);
    p->env = env;
    p->irq = irq;
    p->timer = timer_new_line(pmu_look, p);
}
