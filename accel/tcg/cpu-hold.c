/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holding CPUs at their main loop (sysemu/cpu-hold.h).
 *
 * Owns CPUState.holds, finish and interrupt, and the list of all holds. Each CPUHold counts once in `holds` of the CPUs
 * whose bits it has: who sets or clears a bit by an atomic operation also counts. The list only grows; atomic.
 */
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/icount.h"
#include "sysemu/cpu-hold.h"
#include "sysemu/cpus.h"

static CPUHold *all_holds;      /* atomic */

static void enlist(CPUHold *h)
{
    if (!__atomic_exchange_n(&h->listed, 1, __ATOMIC_SEQ_CST)) {
        h->next = __atomic_load_n(&all_holds, __ATOMIC_SEQ_CST);
        while (!__atomic_compare_exchange_n(&all_holds, &h->next, h, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        }
    }
}

static void hold(CPUHold *h, CPUState *cpu)
{
    uint32_t bit = 1u << cpu->index;

    enlist(h);
    if (__atomic_fetch_or(&h->cpus, bit, __ATOMIC_SEQ_CST) & bit) {
        return;
    }
    __atomic_add_fetch(&cpu->holds, 1, __ATOMIC_SEQ_CST);
    env_request_exit(cpu->env);
}

void cpu_hold(CPUHold *h)
{
    if (current_cpu) {
        hold(h, current_cpu);
    }
}

bool cpu_hold_access(CPUHold *h)
{
    if (!current_cpu || icount_on) {
        return false;
    }
    hold(h, current_cpu);
    current_cpu->access_waits = true;
    current_cpu->access_hold = h;
    return true;
}

/* The access is done again behind the interrupt, and may wait again. No effect if that hold is over. */
static void let_access_go(CPUState *cpu)
{
    uint32_t bit = 1u << cpu->index;

    if (cpu->access_hold && __atomic_fetch_and(&cpu->access_hold->cpus, ~bit, __ATOMIC_SEQ_CST) & bit) {
        __atomic_sub_fetch(&cpu->holds, 1, __ATOMIC_SEQ_CST);
    }
    cpu->access_hold = NULL;
}

void cpu_hold_other(CPUHold *h, int n)
{
    hold(h, cpu_states[n]);
}

void cpu_hold_end(CPUHold *h)
{
    uint32_t cpus = __atomic_exchange_n(&h->cpus, 0, __ATOMIC_SEQ_CST);

    /* A thread that writes may come here while CPUs are still being made: it looks at those only that are held. */
    for (; cpus; cpus &= cpus - 1) {
        int i = __builtin_ctz(cpus);

        __atomic_sub_fetch(&cpu_states[i]->holds, 1, __ATOMIC_SEQ_CST);
        cpu_kick(i);
    }
}

bool cpu_is_held(CPUARMState *env)
{
    return __atomic_load_n(&env_cpu(env)->holds, __ATOMIC_SEQ_CST) != 0;
}

void cpu_leave_instruction(CPUARMState *env, void (*finish)(CPUARMState *env), void (*interrupt)(CPUARMState *env))
{
    env_cpu(env)->finish = finish;
    env_cpu(env)->interrupt = interrupt;
    cpu_loop_exit(env);
}

bool cpu_held(CPUState *cpu)
{
    void (*interrupt)(CPUARMState *env) = cpu->interrupt;
    int excp;

    if (!__atomic_load_n(&cpu->holds, __ATOMIC_SEQ_CST)) {
        return false;
    }
    if ((interrupt || cpu->access_hold) && arm_interrupt_pending(cpu->env, &excp)) {
        cpu->interrupt = NULL;
        if (interrupt) {
            interrupt(cpu->env);
        }
        let_access_go(cpu);
    }
    return __atomic_load_n(&cpu->holds, __ATOMIC_SEQ_CST) != 0;
}

void cpu_finish_instruction(CPUState *cpu)
{
    void (*finish)(CPUARMState *env) = cpu->finish;

    cpu->finish = cpu->interrupt = NULL;
    if (finish) {
        finish(cpu->env);
    }
}

void cpus_end_holds(void)
{
    for (CPUHold *h = __atomic_load_n(&all_holds, __ATOMIC_SEQ_CST); h; h = h->next) {
        cpu_hold_end(h);
    }
    for (int i = 0; i < cpu_count; i++) {
        cpu_states[i]->finish = cpu_states[i]->interrupt = NULL;
    }
}
