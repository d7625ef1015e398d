/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting: WFI, WFE with the event register, SEV, and the sleep at the main loop of a CPU that has nothing to do or is
 * held (cpu-hold.c). On the CPU's own thread, but for SEV, which sets the events of others. The fields are atomic.
 */
#include <sched.h>
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/futex.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/options.h"
#include "host/relax.h"
#include "qemu/observe.h"
#include "qemu/replay.h"

enum {
    /*
     * WFE looks for an event for some 3 us, pausing between the looks, in translated code, then for some 50 us at the
     * main loop while it offers its host CPU to others, and then sleeps: to wake up a host CPU of a virtual machine
     * costs about as much.
     */
    EVENT_SPINS = 10,
    EVENT_PAUSES = 20,
    EVENT_YIELDS = 100,
    EVENT_SLEEP_NS = 1000 * 1000,
};

void arm_cpu_wfi(CPUARMState *env)
{
    env_cpu(env)->halted = 1;
    __atomic_store_n(&env_jit(env)->exit_request, 1, __ATOMIC_RELAXED);
}

/* ---- the event register ---- */

static bool take_event(CPUState *cpu)
{
    /* A full barrier if there was one: what its sender wrote before SEV is read after WFE. */
    return __atomic_load_n(&cpu->event, __ATOMIC_RELAXED) && __atomic_exchange_n(&cpu->event, 0, __ATOMIC_SEQ_CST);
}

void arm_cpu_wfe(CPUARMState *env)
{
    CPUState *cpu = env_cpu(env);

    /* A step through WFE does not wait, unless it is one through what was recorded. */
    if (take_event(cpu) || (cpu->step && replay_mode != REPLAY_PLAY)) {
        return;
    }
    if (!accel_options.thread_single) {
        for (int i = 0; i < EVENT_SPINS; i++) {
            /* Who looks too often takes the cache line from those that send events: an unlock each. */
            for (int k = 0; k < EVENT_PAUSES; k++) {
                cpu_relax();
            }
            if (take_event(cpu) || __atomic_load_n(&env_jit(env)->exit_request, __ATOMIC_RELAXED)) {
                return;
            }
        }
    }
    __atomic_store_n(&cpu->event_wait, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&env_jit(env)->exit_request, 1, __ATOMIC_RELAXED);
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

/*
 * The architecture lets a WFE end at any time. The sleep of a CPU in WFE is bounded, so that a guest which waits for
 * memory to change and gets no SEV is slow but not dead.
 */
void cpus_sleep(int first, int n)
{
    CPUState *cpu = cpu_states[first];
    bool wfe = in_wfe(first, n);
    uint32_t idle = tell_idle(first, n);

    cpu_count_event(cpu, idle);
    observe_set_track(first);
    observe_begin(OBS_IDLE);
    /* No other thread sends events if this one runs all CPUs. */
    for (int i = 0; wfe && n < cpu_count && i < EVENT_YIELDS && !must_wake(first, n); i++) {
        sched_yield();
    }
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
    for (int i = first; i < first + n; i++) {
        if (cpu_states[i]->event_wait) {
            cpu_end_wfe(cpu_states[i]);
        }
    }
    observe_end(OBS_IDLE);
    tell_resumed(idle);
}
