/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the thread that runs CPUs by counted instructions (cpus-icount.c) waits for: CPUs with something to do, and the
 * end of what is under way in the machine. Belongs to that thread, which sleeps on the waker of CPU 0; it changes
 * nothing of the guest.
 */
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/icount-wait.h"
#include "block/block.h"
#include "qemu/futex.h"
#include "qemu/io-loop.h"
#include "qemu/observe.h"

static bool must_park(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (__atomic_load_n(&cpu_states[i]->stop, __ATOMIC_SEQ_CST)) {
            return true;
        }
    }
    return false;
}

static bool any_held(void)
{
    for (int i = 0; i < cpu_count; i++) {
        /* A CPU that a debugger does not let go does not keep the others. */
        if (cpu_held(cpu_states[i]) && !debug_stays(cpu_states[i])) {
            return true;
        }
    }
    return false;
}

bool icount_under_way(void)
{
    return !io_is_quiet() || blk_any_under_way() || any_held();
}

bool icount_awake(const CPUState *cpu)
{
    return !debug_stays(cpu) && (!cpu->halted || __atomic_load_n(&cpu->env->irq_lines, __ATOMIC_SEQ_CST));
}

bool icount_wfe_is_over(const CPUState *cpu)
{
    int excp;

    return !cpu->event_wait || __atomic_load_n(&cpu->event, __ATOMIC_SEQ_CST) ||
           arm_interrupt_pending(cpu->env, &excp);
}

bool icount_any_awake(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (icount_awake(cpu_states[i]) && icount_wfe_is_over(cpu_states[i])) {
            return true;
        }
    }
    return false;
}

/* done() is looked at once the thread is known as sleeping, so no wake-up is missed. */
bool icount_sleep_until(bool (*done)(void), int64_t ns)
{
    CPUState *cpu = cpu_states[0];
    uint32_t w = __atomic_load_n(&cpu->waker, __ATOMIC_SEQ_CST);
    bool over = false;

    cpu_count_event(cpu, idle);
    observe_begin(OBS_IDLE);
    __atomic_store_n(&cpu->sleeping, 1, __ATOMIC_SEQ_CST);
    if (!done() && !must_park() && !cpus_quitting()) {
        if (ns == INT64_MAX) {
            futex_wait(&cpu->waker, w);
        } else {
            over = futex_wait_ns(&cpu->waker, w, ns);
        }
    }
    __atomic_store_n(&cpu->sleeping, 0, __ATOMIC_SEQ_CST);
    observe_end(OBS_IDLE);
    return over;
}

bool icount_any_in_wfe(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (cpu_states[i]->event_wait) {
            return true;
        }
    }
    return false;
}

bool icount_any_steps(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (cpu_states[i]->step) {
            return true;
        }
    }
    return false;
}
