/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting: WFI, WFE with the event register, SEV, and the sleep at the main loop of a CPU that has nothing to do or is
 * held (cpu-hold.c). On the CPU's own thread, but for SEV, which sets the events of others. The fields are atomic.
 */
#define _GNU_SOURCE     /* CPU_COUNT */
#include <sched.h>
#include "accel/tcg/cpus-internal.h"
#include "qemu/futex.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/options.h"
#include "accel/tcg/patience.h"
#include "host/relax.h"
#include "qemu/observe.h"
#include "qemu/replay.h"

enum {
    /*
     * WFE looks for an event in translated code first, for some microseconds, pausing between the looks. Who looks
     * often takes the cache line from those that send events, an unlock each; and who comes back at once tries to get
     * the lock's line as well. So a CPU whose last waits brought it nothing, no STREX of its own, comes back later.
     */
    EVENT_LOOKS = 40, EVENT_PAUSE_NS = 50,
    EVENT_VAIN = 4,             /* more than the CPUs in front of it in a queue for a lock */
    EVENT_LATER_NS = 250,       /* twice as long with each level */
    EVENT_LATER_LEVELS = 5,
    EVENT_SLEEP_NS = 1000 * 1000,
    /* Loops that wait. A turn takes some ns: so many turns in so short a time were one wait. */
    SPIN_TURNS = 1000, SPIN_TURNS_NS = 20 * 1000,
    SPIN_TURNS_RESTED = 64,     /* behind a rest: is it over? */
    SPIN_PATIENCE_NS = 50 * 1000,
    /* A rest is so much shorter than the wait before it: who measures time by such loops is not far out. */
    REST_SHARE = 32, REST_LEAST_NS = 50 * 1000, REST_MOST_NS = 500 * 1000,
};

static uint32_t sleepers;       /* guest CPUs that sleep; atomic */
static uint32_t host_cores;     /* constant once the threads run */

static uint32_t pauses_per_us;  /* the same */

void cpu_wait_init(void)
{
    enum { PAUSES = 500 };
    cpu_set_t set;
    uint64_t begin = observe_now();

    host_cores = sched_getaffinity(0, sizeof(set), &set) ? 1 : (uint32_t)CPU_COUNT(&set);
    for (int i = 0; i < PAUSES; i++) {
        cpu_relax();
    }
    pauses_per_us = (uint32_t)(PAUSES * 1000 / (observe_now() - begin + 1)) + 1;
    for (int i = 0; i < cpu_count; i++) {
        env_jit(cpu_states[i]->env)->spins = SPIN_TURNS;
    }
}

static void pause_ns(uint32_t ns)
{
    for (uint32_t n = ns * pauses_per_us / 1000 + 1; n; n--) {
        cpu_relax();
    }
}

void arm_cpu_wfi(CPUARMState *env)
{
    __atomic_store_n(&env_cpu(env)->halted, 1, __ATOMIC_RELAXED);
    env_request_exit(env);
}

/* ---- the event register ---- */

static bool take_event(CPUState *cpu)
{
    /* A full barrier if there was one: what its sender wrote before SEV is read after WFE. */
    return __atomic_load_n(&cpu->event, __ATOMIC_RELAXED) && __atomic_exchange_n(&cpu->event, 0, __ATOMIC_SEQ_CST);
}

/* A CPU that waits several times and stores nothing that others could have been in the way of comes back later. */
static void come_back_later(CPUState *cpu)
{
    uint64_t stored = env_jit(cpu->env)->count.strex_ok;

    if (stored != cpu->wfe_stored) {
        cpu->wfe_stored = stored;
        cpu->wfe_vain = 0;
        cpu->wfe_later -= cpu->wfe_later > 0;
    } else if (++cpu->wfe_vain >= EVENT_VAIN || cpu->wfe_later) {
        cpu->wfe_later = cpu->wfe_later + 2 < EVENT_LATER_LEVELS ? cpu->wfe_later + 2 : EVENT_LATER_LEVELS;
    }
    if (cpu->wfe_later) {
        pause_ns(EVENT_LATER_NS << (cpu->wfe_later - 1));
    }
}

void arm_cpu_wfe(CPUARMState *env)
{
    CPUState *cpu = env_cpu(env);

    arm_cpu_alone(env);         /* which of the others' SEVs came before it is known then */
    if (!accel_options.thread_single) {
        come_back_later(cpu);
    }
    /* A step through WFE does not wait, unless it is one through what was recorded. */
    if (take_event(cpu) || (cpu->step && replay_mode != REPLAY_PLAY)) {
        return;
    }
    for (int i = 0; !accel_options.thread_single && i < EVENT_LOOKS; i++) {
        pause_ns(EVENT_PAUSE_NS);
        if (take_event(cpu) || __atomic_load_n(&env_jit(env)->exit_request, __ATOMIC_RELAXED)) {
            return;
        }
    }
    __atomic_store_n(&cpu->event_wait, 1, __ATOMIC_SEQ_CST);
    env_request_exit(env);
    cpu_loop_exit(env);
}

/*
 * No event is lost. A CPU that gets ready to sleep publishes `sleeping` and reads `event` after that; this reads
 * `event` or writes it first, and reads `sleeping` after that. An event that is set already is enough: its CPU will
 * take it by an exchange, and see then what this one wrote before SEV.
 */
void arm_cpu_sev(void)
{
    for (int i = 0; i < cpu_count; i++) {
        CPUState *cpu = cpu_states[i];

        if (!__atomic_load_n(&cpu->event, __ATOMIC_SEQ_CST)) {
            __atomic_store_n(&cpu->event, 1, __ATOMIC_SEQ_CST);
            if (__atomic_load_n(&cpu->event_wait, __ATOMIC_SEQ_CST)) {
                cpu_end_sleep(cpu);
            }
        }
    }
}

void cpu_end_wfe(CPUState *cpu)
{
    /* It waited long: it is in nobody's way. */
    cpu->wfe_vain = cpu->wfe_later = 0;
    __atomic_store_n(&cpu->event_wait, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->event, 1, __ATOMIC_SEQ_CST);
}

bool cpu_must_wake(CPUState *cpu)
{
    int excp;

    if (__atomic_load_n(&env_jit(cpu->env)->exit_request, __ATOMIC_SEQ_CST) ||
        __atomic_load_n(&cpu->stop, __ATOMIC_SEQ_CST) || cpus_quitting()) {
        return true;
    }
    if (cpu_held(cpu)) {
        return false;
    }
    if (!cpu->halted && !cpu->event_wait) {
        return true;            /* it was held */
    }
    if (cpu->event_wait) {
        return __atomic_load_n(&cpu->event, __ATOMIC_SEQ_CST) || arm_interrupt_pending(cpu->env, &excp);
    }
    return __atomic_load_n(&cpu->env->irq_lines, __ATOMIC_SEQ_CST);
}

static bool must_wake(int first, int n)
{
    for (int i = first; i < first + n; i++) {
        if (cpu_must_wake(cpu_states[i])) {
            return true;
        }
    }
    return false;
}

static bool in_wfe(int first, int n)
{
    for (int i = first; i < first + n; i++) {
        if (cpu_states[i]->event_wait) {
            return true;
        }
    }
    return false;
}

/* Tell plugins of CPUs that wait for an interrupt or an event; which they are. */
static uint32_t tell_idle(int first, int n)
{
    uint32_t idle = 0;

    for (int i = first; i < first + n && plugin_hooks; i++) {
        if (cpu_states[i]->halted || cpu_states[i]->event_wait) {
            idle |= 1u << i;
            plugin_cpu_event(i, PLUGIN_CPU_IDLE);
        }
    }
    return idle;
}

static void tell_resumed(uint32_t idle)
{
    for (; idle; idle &= idle - 1) {
        plugin_cpu_event(__builtin_ctz(idle), PLUGIN_CPU_RESUME);
    }
}

static bool cores_suffice(int n)
{
    uint32_t awake = (uint32_t)cpu_count - __atomic_load_n(&sleepers, __ATOMIC_RELAXED);

    return n == cpu_count || awake <= host_cores;
}

/* ---- loops that wait ---- */

/*
 * The guest does not say that it waits, as WFE does, but its loop does nothing else (tcg/passes/waits.c). As long as
 * there are cores it gets one: nobody tells it when memory changes. Else it takes one from CPUs that have work, perhaps
 * from the one that it waits for, so it sleeps for moments. Interrupts and requests end that.
 */
bool cpu_spins(CPUState *cpu)
{
    uint64_t now = observe_now();
    uint32_t pc = cpu->env->regs[15];

    env_jit(cpu->env)->spins = SPIN_TURNS;
    if (pc != cpu->spin_pc || now - cpu->spin_seen > SPIN_TURNS_NS) {
        cpu->spin_pc = pc;
        cpu->spin_begin = now;
    }
    cpu->spin_seen = now;
    return now - cpu->spin_begin >= SPIN_PATIENCE_NS && !cores_suffice(1);
}

static bool rest_is_over(CPUState *cpu)
{
    int excp;

    return __atomic_load_n(&env_jit(cpu->env)->exit_request, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&cpu->stop, __ATOMIC_SEQ_CST) || cpus_quitting() || arm_interrupt_pending(cpu->env, &excp);
}

void cpu_rest(CPUState *cpu)
{
    uint64_t ns = (observe_now() - cpu->spin_begin) / REST_SHARE;
    uint32_t w;

    ns = ns < REST_LEAST_NS ? REST_LEAST_NS : ns > REST_MOST_NS ? REST_MOST_NS : ns;
    cpu_count_event(cpu, rest);
    observe_set_track(cpu->index);
    observe_begin(OBS_IDLE);
    __atomic_add_fetch(&sleepers, 1, __ATOMIC_RELAXED);
    /* As in sleep_on_waker(). */
    __atomic_store_n(&cpu->sleeping, 1, __ATOMIC_SEQ_CST);
    w = __atomic_load_n(&cpu->waker, __ATOMIC_SEQ_CST);
    if (!rest_is_over(cpu)) {
        futex_wait_ns(&cpu->waker, w, (int64_t)ns);
    }
    __atomic_store_n(&cpu->sleeping, 0, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&sleepers, 1, __ATOMIC_RELAXED);
    env_jit(cpu->env)->spins = SPIN_TURNS_RESTED;
    cpu->spin_seen = observe_now();
    observe_end(OBS_IDLE);
}

/* ---- sleep ---- */

/*
 * Look for the end of the wait as long as the CPU's patience lasts. Whoever ends it makes no system call meanwhile:
 * `sleeping` is not set. True: it has ended. *lost: somebody else wants the host's core.
 */
static bool ends_soon(int first, int n, uint64_t begin, bool *lost)
{
    uint32_t patience = cpu_states[first]->patience;
    uint64_t now = begin;

    while (now - begin < patience && cores_suffice(n)) {
        uint64_t before = now;

        if (must_wake(first, n)) {
            return true;
        }
        sched_yield();
        now = observe_now();
        if (now - before > PATIENCE_LOST_NS) {
            *lost = true;
            break;
        }
    }
    return must_wake(first, n);
}

/*
 * The architecture lets a WFE end at any time. The sleep of a CPU in WFE is bounded, so that a guest which waits for
 * memory to change and gets no SEV is slow but not dead.
 */
static void sleep_on_waker(int first, int n, bool wfe)
{
    CPUState *cpu = cpu_states[first];

    __atomic_add_fetch(&sleepers, (uint32_t)n, __ATOMIC_RELAXED);
    /* Either a waker sees `sleeping`, or we see what it wrote before: both sides use full barriers. */
    __atomic_store_n(&cpu->sleeping, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        uint32_t w = __atomic_load_n(&cpu->waker, __ATOMIC_SEQ_CST);

        if (must_wake(first, n)) {
            break;
        }
        if (wfe) {
            futex_wait_ns(&cpu->waker, w, EVENT_SLEEP_NS);
            break;
        }
        futex_wait(&cpu->waker, w);
    }
    __atomic_store_n(&cpu->sleeping, 0, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&sleepers, (uint32_t)n, __ATOMIC_RELAXED);
}

void cpus_sleep(int first, int n)
{
    CPUState *cpu = cpu_states[first];
    uint64_t begin = observe_now();
    bool wfe = in_wfe(first, n), lost = false;
    uint32_t idle = tell_idle(first, n);

    cpu_count_event(cpu, idle);
    observe_set_track(first);
    observe_begin(OBS_IDLE);
    if (ends_soon(first, n, begin, &lost)) {
        cpu_count_event(cpu, idle_awake);
    } else {
        sleep_on_waker(first, n, wfe);
    }
    cpu->patience = patience_after(cpu->patience, observe_now() - begin, lost);
    for (int i = first; i < first + n; i++) {
        if (cpu_states[i]->event_wait) {
            cpu_end_wfe(cpu_states[i]);
        }
    }
    observe_end(OBS_IDLE);
    tell_resumed(idle);
}
