/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kicks: making a CPU leave translated code or its sleep, and the interrupt inputs that do so. Any thread. A requester
 * writes what it wants, then raises exit_request, then bumps `waker`; the CPU clears exit_request, then looks. All
 * atomic.
 */
#include "accel/tcg/cpus-internal.h"
#include "qemu/futex.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/options.h"
#include "qemu/observe.h"
#include "sysemu/cpus.h"

void cpu_end_sleep(CPUState *cpu)
{
    __atomic_add_fetch(&cpu->waker, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->sleeping, __ATOMIC_SEQ_CST)) {
        futex_wake_all(&cpu->waker);
    }
}

/* Make the CPU leave translated code, and its sleep. */
static void wake(CPUState *cpu)
{
    env_request_exit(cpu->env);
    if (accel_options.thread_single) {
        (icount_on ? icount_kick : cpus_single_kick)(cpu->index);
        cpu = cpu_states[0];
    }
    cpu_end_sleep(cpu);
}

void cpu_kick(int n)
{
    if (n >= 0 && n < cpu_count) {
        wake(cpu_states[n]);
    }
}

void cpu_interrupt(int n, int line, int level)
{
    uint32_t bit = 1u << line;
    uint32_t old;

    /* Controllers are built for the hardware's CPUs, of which the user may have asked for fewer. */
    if (n < 0 || n >= cpu_count) {
        return;
    }
    if (level) {
        old = __atomic_fetch_or(&cpu_states[n]->env->irq_lines, bit, __ATOMIC_SEQ_CST);
        if (!(old & bit)) {
            observe_irq_raised(n);
            wake(cpu_states[n]);
        }
    } else {
        __atomic_fetch_and(&cpu_states[n]->env->irq_lines, ~bit, __ATOMIC_SEQ_CST);
    }
}

void arm_interrupts_changed(CPUARMState *env)
{
    int excp;

    if (__atomic_load_n(&env->irq_lines, __ATOMIC_RELAXED) && arm_interrupt_pending(env, &excp)) {
        env_request_exit(env);
    }
}
