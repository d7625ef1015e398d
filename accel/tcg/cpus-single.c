/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thread=single: all guest CPUs share one host thread and run by turns, as QEMU did before PQEMU. A turn ends when the
 * CPU idles, when its time slice is over, or when another CPU gets an interrupt (a CPU that waits for the other's
 * answer would only burn the rest of its slice). A CPU in WFE without an event gets its turns all the same while
 * another CPU runs, which may change what it waits for without SEV; when all CPUs are in WFI or WFE, the thread sleeps.
 *
 * `running` is atomic. The slice clock is a thread of its own that sleeps unless CPUs have to take turns. All CPUs
 * sleep on the waker of CPU 0.
 */
#include <time.h>
#include <unistd.h>
#include "accel/tcg/cpus-internal.h"
#include "qemu/futex.h"
#include "accel/tcg/instrument.h"
#include "qemu/log.h"

enum { SLICE_NS = 2 * 1000 * 1000 };

static CPUState *running;           /* whose turn it is, or NULL; atomic */
static uint32_t busy;               /* futex: more than one CPU has work, so slices are needed; atomic */

static void *slice_thread(void *opaque)
{
    const struct timespec slice = { 0, SLICE_NS };

    while (!cpus_quitting()) {
        CPUState *cpu;

        if (!__atomic_load_n(&busy, __ATOMIC_SEQ_CST)) {
            futex_wait(&busy, 0);
            continue;
        }
        nanosleep(&slice, NULL);
        cpu = __atomic_load_n(&running, __ATOMIC_SEQ_CST);
        if (cpu) {
            env_request_exit(cpu->env);
        }
    }
    return NULL;
}

void cpus_single_kick(int n)
{
    CPUState *cpu = __atomic_load_n(&running, __ATOMIC_SEQ_CST);

    if (cpu && cpu->index != n) {
        env_request_exit(cpu->env);
    }
}

static void set_busy(uint32_t value)
{
    if (__atomic_exchange_n(&busy, value, __ATOMIC_SEQ_CST) != value && value) {
        futex_wake_all(&busy);
    }
}

/* A CPU in WFE counts. Called on the thread that runs all CPUs. */
static bool has_work(CPUState *cpu)
{
    return !cpu_held(cpu) && (!cpu->halted || __atomic_load_n(&cpu->env->irq_lines, __ATOMIC_SEQ_CST));
}

/* Does a CPU besides this one wait for its turn? If one gets work later, cpus_single_kick() ends the turn. */
static bool others_wait(const CPUState *cpu)
{
    for (int i = 0; i < cpu_count; i++) {
        if (cpu_states[i] != cpu && has_work(cpu_states[i])) {
            return true;
        }
    }
    return false;
}

/* Is there something for a CPU in WFE to look at: the end of its wait, or what another CPU did that does not wait? */
static bool wfe_is_over(CPUState *cpu)
{
    if (cpu_must_wake(cpu)) {
        return true;
    }
    for (int i = 0; i < cpu_count; i++) {
        if (has_work(cpu_states[i]) && !cpu_states[i]->event_wait) {
            return true;
        }
    }
    return false;
}

void *cpus_single_thread(void *opaque)
{
    pthread_t slices;

    if (cpu_count > 1 && pthread_create(&slices, NULL, slice_thread, NULL)) {
        error_exit("cannot create the time slice thread");
    }
    plugin_cpus_event(PLUGIN_CPU_INIT);
    while (!cpus_quitting()) {
        bool ran = false;

        for (int i = 0; i < cpu_count && !cpus_quitting(); i++) {
            CPUState *cpu = cpu_states[i];

            cpus_park(0, cpu_count);
            if (!has_work(cpu)) {
                /* Whatever woke us is looked at: it must not keep the thread from sleeping. */
                __atomic_store_n(&env_jit(cpu->env)->exit_request, 0, __ATOMIC_SEQ_CST);
                if (!has_work(cpu)) {
                    continue;
                }
            }
            if (cpu->event_wait) {
                if (!wfe_is_over(cpu)) {
                    continue;
                }
                cpu_end_wfe(cpu);
            }
            ran = true;
            __atomic_store_n(&running, cpu, __ATOMIC_SEQ_CST);
            set_busy(others_wait(cpu));
            cpu_exec(cpu);
            __atomic_store_n(&running, NULL, __ATOMIC_SEQ_CST);
        }
        if (!ran && !cpus_quitting()) {
            set_busy(0);
            cpus_sleep(0, cpu_count);
        }
    }
    plugin_cpus_event(PLUGIN_CPU_EXIT);
    set_busy(1);
    if (cpu_count > 1) {
        pthread_join(slices, NULL);
    }
    return NULL;
}
