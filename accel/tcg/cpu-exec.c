/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop of one guest CPU: PQEMU's state machine of events. Find Fast, Find Slow and Build are tb-lookup.c and
 * build.c, Chain is chain.c, Execute is the back end; Idle is the caller's business.
 *
 * Runs on the CPU's thread (thread=single: the one thread, CPUs by turns). The loop reads E except while it is left, so
 * everything it looked up stays true until it gives E up: there, and in exclusive sections, which count flushes in
 * CodeCache.generation.
 */
#include <sched.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/options.h"
#include "accel/tcg/page-owner.h"
#include "accel/tcg/softtlb-internal.h"
#include "qemu/log.h"
#include "qemu/observe.h"

/* What an instruction raised. */
static void enter_exception(CPUState *cpu)
{
    CPUARMState *env = cpu->env;

    cpu_count_event(cpu, exceptions);
    __atomic_store_n(&cpu->halted, 0, __ATOMIC_RELAXED);
    arm_do_exception(env);
    env->exception = EXCP_NONE;
}

/* Exceptions and interrupts: what exec() left behind, then what the devices want. */
static void take_exceptions(CPUState *cpu)
{
    CPUARMState *env = cpu->env;
    int excp;

    if (env->exception != EXCP_NONE) {
        enter_exception(cpu);
        if (icount_on) {
            /* It takes the time of its instruction, so that time goes on where each raises another one. */
            env_jit(env)->budget--;
        }
    }
    if (__atomic_load_n(&env->irq_lines, __ATOMIC_ACQUIRE) && (!cpu->step || cpu->step_irqs)) {
        __atomic_store_n(&cpu->halted, 0, __ATOMIC_RELAXED);
        if (arm_interrupt_pending(env, &excp)) {
            if (cpu->event_wait) {
                cpu_end_wfe(cpu);
            }
            cpu_count_event(cpu, interrupts);
            observe_irq_taken(cpu->index, excp == EXCP_FIQ);
            cpu->told = false;
            env->exception = excp;
            arm_do_exception(env);
            env->exception = EXCP_NONE;
            env_recall_anew(env);
        }
    }
}

static void log_block(const CPUState *cpu, const TranslationBlock *tb)
{
    const CPUARMState *env = cpu->env;
    FILE *f;

    if (!qemu_log_in_addr_range(tb->pc)) {
        return;
    }
    f = qemu_log_lock();
    if (qemu_log_enabled(LOG_EXEC)) {
        fprintf(f, "Trace %d: %p [%08x/%08x/%03x]\n", cpu->index, (const void *)tb, tb->pc, tb->phys_pc, tb->flags);
    }
    if (qemu_log_enabled(LOG_CPU)) {
        for (int i = 0; i < 16; i++) {
            fprintf(f, "R%02d=%08x%c", i, i == 15 ? env->regs[i] & ~1u : env->regs[i], i % 4 == 3 ? '\n' : ' ');
        }
        fprintf(f, "PSR=%08x\n", cpsr_read(env));
        if (qemu_log_enabled(LOG_FPU)) {
            arm_cpu_dump_vfp(env, f);
        }
    }
    qemu_log_unlock(f);
}

/*
 * The block of a debugger's step: one instruction. It cannot lead to another one past the main loop: it is not chained,
 * and exit_request sends the rest here. With -icount a budget of this one does; blocks do not begin with a request.
 */
static TranslationBlock *find_step(CPUState *cpu)
{
    cpu->step_ran = true;
    if (!icount_on) {
        env_request_exit(cpu->env);
    }
    return tb_find_step(cpu);
}

/* -icount: a block that the budget, which is not used up, is enough for. */
static TranslationBlock *find_counted(CPUState *cpu)
{
    JITState *jit = env_jit(cpu->env);
    TranslationBlock *tb;

    if (cpu->step && jit->budget > 1) {
        return find_step(cpu);          /* two instructions at most */
    }
    tb = tb_find(cpu);
    if (tb && (tb->guest_insns > jit->budget || cpu->step)) {
        cpu->alone = true;
        tb = tb_find(cpu);
        cpu->step_ran = true;
    }
    return tb;
}

static TranslationBlock *find_block(CPUState *cpu)
{
    return icount_on ? find_counted(cpu) : cpu->step ? find_step(cpu) : tb_find(cpu);
}

/* Until the CPU should leave E. Exceptions raised outside exec() jump out of here. */
static CPUExit run(CPUState *cpu)
{
    CPUARMState *env = cpu->env;
    uint32_t generation = cpu->cache->generation;
    uintptr_t left = 0;         /* block and exit that were left last; 0: none to chain */

    for (;;) {
        TranslationBlock *tb;
        bool waits = false, rests = false;      /* in a loop without WFE */

        if (__atomic_load_n(&cpu->holds, __ATOMIC_SEQ_CST)) {
            /*
             * Requests that matter to a CPU that sleeps are looked for by cpu_must_wake(), the others when the hold is
             * over.
             */
            __atomic_exchange_n(&env_jit(env)->exit_request, 0, __ATOMIC_SEQ_CST);
            if (cpu_held(cpu)) {
                return CPU_EXIT_IDLE;
            }
            env_request_exit(env);
        }
        if (cpu->finish) {
            cpu_finish_instruction(cpu);
            if (icount_on) {
                env_jit(env)->budget--;
            }
            continue;
        }
        if (__atomic_load_n(&env_jit(env)->exit_request, __ATOMIC_RELAXED)) {
            /* Full barrier: what the requester wrote before it raised the request is visible below. */
            __atomic_exchange_n(&env_jit(env)->exit_request, 0, __ATOMIC_SEQ_CST);
            waits = env_jit(env)->spins <= 0;
            rests = waits && cpu_spins(cpu);
            if (accel_options.thread_single || elock_wanted() || __atomic_load_n(&cpu->stop, __ATOMIC_SEQ_CST)) {
                take_exceptions(cpu);
                return CPU_EXIT_REQUEST;
            }
            if (!waits && !__atomic_load_n(&env->irq_lines, __ATOMIC_RELAXED) && !cpu->event_wait) {
                /* YIELD: the guest waits for another CPU, which may wait for a host CPU. */
                sched_yield();
            }
        }
        take_exceptions(cpu);
        if (rests) {
            return CPU_EXIT_SPINS;
        }
        if (cpu->step && !cpu->event_wait && debug_step_done(cpu)) {
            return CPU_EXIT_IDLE;
        }
        if (cpu->halted || cpu->event_wait) {
            return CPU_EXIT_IDLE;
        }
        if (icount_on && (env_jit(env)->budget <= 0 || cpu->leave != CPU_LEAVE_NONE)) {
            return CPU_EXIT_REQUEST;
        }
        if (__atomic_load_n(&debug_breakpoints, __ATOMIC_RELAXED) && debug_stop_at_pc(cpu)) {
            return CPU_EXIT_IDLE;
        }

        tb = find_block(cpu);
        if (!tb) {
            left = 0;
            continue;
        }
        /* A flush since then, by this CPU or while it was suspended in Build, leaves no blocks to chain from. */
        if (left && !cpu->step && generation == cpu->cache->generation) {
            tb_chain(cpu, (TranslationBlock *)(left & ~(uintptr_t)(TB_JUMPS - 1)), left & (TB_JUMPS - 1), tb);
        }
        generation = cpu->cache->generation;
        if (qemu_log_enabled(LOG_EXEC | LOG_CPU)) {
            log_block(cpu, tb);
        }
        cpu->alone = cpu->told = false;
        if (icount_on && cpu->step) {
            icount_step(cpu, tb->guest_insns);
        }
        cpu_count_event(cpu, execute);
        cpu->in_exec = 1;
        observe_begin(OBS_EXECUTE);
        left = tcg_backend->exec(env, tb);
        observe_end(OBS_EXECUTE);
        observe_end(OBS_RESTORE);
        cpu->in_exec = 0;
        if (cpu->step) {
            left = 0;
            if (icount_on && !icount_step_end(cpu) && env->exception == EXCP_NONE) {
                cpu->step_ran = false;          /* it was asked to leave before the instruction */
            }
        }
    }
}

CPUExit cpu_exec(CPUState *cpu)
{
    CPUExit reason;

    current_cpu = cpu;
    observe_set_track(cpu->index);
    elock_read_enter(cpu->env);
    if (tlb_owner) {
        page_owner_enter(cpu);
    }
    /* Raised outside exec(), by an instruction fetch: env->exception is set, and the loop starts again. */
    if (sigsetjmp(cpu->main_loop, 0)) {
        observe_end(OBS_FIND_SLOW);
    }
    reason = run(cpu);
    elock_read_exit(cpu->env);
    current_cpu = NULL;
    return reason;
}

/*
 * An exception that translated code raised is entered here, and its handler's block found as any other. The main loop
 * would do no more: whatever it looks for has raised exit_request, which that look-up heeds. With -icount it has to
 * count the exception.
 */
static void go_on_with_handler(CPUState *cpu)
{
    enter_exception(cpu);
    observe_end(OBS_RESTORE);
    cpu_count_event(cpu, execute);
    observe_begin(OBS_EXECUTE);
    tcg_backend->go_on(cpu->env);
}

void cpu_loop_exit(CPUARMState *env)
{
    CPUState *cpu = env_cpu(env);

    if (cpu->in_exec) {
        cpu_count_event(cpu, restore);
        observe_end(OBS_EXECUTE);
        observe_begin(OBS_RESTORE);
        if (env->exception != EXCP_NONE && tcg_backend->go_on && !icount_on) {
            go_on_with_handler(cpu);
        }
        if (icount_on) {
            env_jit(env)->budget += (int32_t)icount_behind(env);
        }
        tcg_backend->unwind(env);
    }
    siglongjmp(cpu->main_loop, 1);
}
