/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU threads: creation, pause and resume, reset, shutdown. Interface: sysemu/cpus.h. What they run is cpu-exec.c, how
 * they wait cpu-wait.c, how they are made to look up cpu-kick.c.
 *
 * Owns cpu_states[]. pause_lock guards CPUState.stopped and the pause protocol; CPU threads take it out of E only.
 * pause_count belongs to the I/O thread.
 */
#define _GNU_SOURCE     /* pthread_setname_np */
#include <assert.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <glib.h>
#include "accel/tcg/barrier.h"
#include "accel/tcg/cache.h"
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/options.h"
#include "accel/tcg/page-owner.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"

CPUState *cpu_states[ARM_MAX_CPUS];
int cpu_count;

static pthread_mutex_t pause_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pause_parked = PTHREAD_COND_INITIALIZER;      /* a CPU parked itself */
static pthread_cond_t pause_over = PTHREAD_COND_INITIALIZER;
static int pause_count = 1;         /* I/O thread; CPUs wait for the first cpus_resume() */
static uint32_t paused = 1;         /* pause_count != 0; atomic, for other threads */
static uint32_t quitting;           /* atomic */
static bool started;                /* I/O thread */
static sem_t begun;                 /* posted by each thread when it has its number */

CPUARMState *cpu_create(int index, int num_cpus)
{
    size_t bytes = (sizeof(CPUStorage) + 4095) & ~(size_t)4095;
    CPUStorage *storage = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CPUState *cpu = g_aligned_alloc0(1, (sizeof(CPUState) + 63) & ~(size_t)63, 64);
    CPUARMState *env;

    assert(index >= 0 && index < ARM_MAX_CPUS && num_cpus <= ARM_MAX_CPUS && !cpu_states[index]);
    if (storage == MAP_FAILED) {
        error_exit("cannot map the state of CPU %d", index);
    }
    env = &storage->env;
    if (!cpu_count) {
        mpd_init();
    }
    env->cpu_index = index;
    env->num_cpus = num_cpus;
    env->exception = EXCP_NONE;
    storage->jit.cpu = cpu;
    cpu->env = env;
    cpu->index = index;
    cpu->stop = 1;
    cpu_states[index] = cpu;
    cpu_count = MAX(cpu_count, index + 1);
    tlb_cpu_init(env);
    excl_cpu_init(env);
    arm_cpu_reset(env);
    return env;
}

void cpu_reset_to(int n, uint32_t pc, bool be8, const uint32_t *args, unsigned count)
{
    CPUARMState *env = cpu_states[n]->env;

    arm_cpu_reset(env);
    if (be8) {
        arm_cpu_start_be8(env);
    }
    env->regs[15] = pc;
    memcpy(env->regs, args, count * sizeof(*args));
}

bool cpu_is_halted(int n)
{
    return __atomic_load_n(&cpu_states[n]->halted, __ATOMIC_RELAXED);
}

bool cpus_are_idle(void)
{
    for (int i = 0; i < cpu_count; i++) {
        const CPUState *cpu = cpu_states[i];
        const bool waits = __atomic_load_n(&cpu->halted, __ATOMIC_RELAXED) ||
                           __atomic_load_n(&cpu->event_wait, __ATOMIC_RELAXED);

        if (!waits || __atomic_load_n(&cpu->env->irq_lines, __ATOMIC_RELAXED)) {
            return false;
        }
    }
    return true;
}

bool cpus_quitting(void)
{
    return __atomic_load_n(&quitting, __ATOMIC_SEQ_CST);
}

int cpu_current_index(void)
{
    return current_cpu ? current_cpu->index : -1;
}

/* ---- threads ---- */

static bool must_park(int first, int n)
{
    for (int i = first; i < first + n; i++) {
        if (__atomic_load_n(&cpu_states[i]->stop, __ATOMIC_SEQ_CST)) {
            return !cpus_quitting();
        }
    }
    return false;
}

static void set_stopped(int first, int n, uint32_t stopped)
{
    for (int i = first; i < first + n; i++) {
        cpu_states[i]->stopped = stopped;
    }
}

void cpus_park(int first, int n)
{
    if (!must_park(first, n)) {
        return;
    }
    pthread_mutex_lock(&pause_lock);
    while (must_park(first, n)) {
        set_stopped(first, n, 1);
        pthread_cond_broadcast(&pause_parked);
        pthread_cond_wait(&pause_over, &pause_lock);
    }
    set_stopped(first, n, 0);
    pthread_mutex_unlock(&pause_lock);
}

int cpu_thread_id(int cpu)
{
    return __atomic_load_n(&cpu_states[accel_options.thread_single ? 0 : cpu]->tid, __ATOMIC_RELAXED);
}

static void *cpu_thread(void *opaque)
{
    CPUState *cpu = opaque;

    plugin_cpu_event(cpu->index, PLUGIN_CPU_INIT);
    while (!cpus_quitting()) {
        cpus_park(cpu->index, 1);
        if (cpus_quitting()) {
            break;
        }
        switch (cpu_exec(cpu)) {
        case CPU_EXIT_IDLE:
            cpus_sleep(cpu->index, 1);
            break;
        case CPU_EXIT_SPINS:
            cpu_rest(cpu);
            break;
        case CPU_EXIT_REQUEST:
            break;
        }
    }
    plugin_cpu_event(cpu->index, PLUGIN_CPU_EXIT);
    return NULL;
}

static void *begin_thread(void *opaque)
{
    CPUState *cpu = opaque;

    __atomic_store_n(&cpu->tid, gettid(), __ATOMIC_RELAXED);
    sem_post(&begun);
    return cpu->run(cpu);
}

static void start_thread(CPUState *cpu, void *(*run)(void *), const char *name)
{
    cpu->run = run;
    if (pthread_create(&cpu->thread, NULL, begin_thread, cpu)) {
        error_exit("cannot create the thread of CPU %d", cpu->index);
    }
    pthread_setname_np(cpu->thread, name);
}

/* With the signals blocked: nothing interrupts it. */
static void wait_until_begun(int threads)
{
    while (threads--) {
        sem_wait(&begun);
    }
}

void cpus_start(void)
{
    int threads = accel_options.thread_single ? 1 : cpu_count;
    sigset_t all, old;
    char name[32];

    assert(!started && cpu_count);
    cpu_wait_init();
    barrier_init(cpu_count == 1 || accel_options.thread_single);
    cache_init();
    started = true;
    sem_init(&begun, 0, 0);
    /* Signals are the main thread's, save those that report our own mistakes. */
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGFPE);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (accel_options.thread_single) {
        start_thread(cpu_states[0], icount_on ? cpus_icount_thread : cpus_single_thread, "ALL CPUs/TCG");
    } else {
        for (int i = 0; i < cpu_count; i++) {
            snprintf(name, sizeof(name), "CPU %d/TCG", i);
            start_thread(cpu_states[i], cpu_thread, name);
        }
    }
    wait_until_begun(threads);          /* the monitor's first question may be for their numbers */
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void cpus_shutdown(void)
{
    if (!started) {
        return;
    }
    pthread_mutex_lock(&pause_lock);
    __atomic_store_n(&quitting, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < cpu_count; i++) {
        __atomic_store_n(&cpu_states[i]->stop, 1, __ATOMIC_SEQ_CST);
        cpu_kick(i);
    }
    pthread_cond_broadcast(&pause_over);
    pthread_mutex_unlock(&pause_lock);
    for (int i = 0; i < (accel_options.thread_single ? 1 : cpu_count); i++) {
        pthread_join(cpu_states[i]->thread, NULL);
    }
    started = false;
}

/* ---- pause and reset ---- */

static bool all_parked(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (!cpu_states[i]->stopped) {
            return false;
        }
    }
    return true;
}

void cpus_pause(void)
{
    assert(!current_cpu);
    if (pause_count++) {
        return;
    }
    __atomic_store_n(&paused, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < cpu_count; i++) {
        __atomic_store_n(&cpu_states[i]->stop, 1, __ATOMIC_SEQ_CST);
        cpu_kick(i);
    }
    if (started) {
        pthread_mutex_lock(&pause_lock);
        while (!all_parked()) {
            pthread_cond_wait(&pause_parked, &pause_lock);
        }
        pthread_mutex_unlock(&pause_lock);
    }
}

void cpus_resume(void)
{
    assert(pause_count > 0);
    if (--pause_count) {
        return;
    }
    pthread_mutex_lock(&pause_lock);
    __atomic_store_n(&paused, 0, __ATOMIC_SEQ_CST);
    for (int i = 0; i < cpu_count; i++) {
        __atomic_store_n(&cpu_states[i]->stop, 0, __ATOMIC_SEQ_CST);
    }
    pthread_cond_broadcast(&pause_over);
    pthread_mutex_unlock(&pause_lock);
}

bool cpus_paused(void)
{
    return __atomic_load_n(&paused, __ATOMIC_SEQ_CST);
}

CPUWait cpu_get_wait(int n)
{
    return (CPUWait) { cpu_states[n]->halted, __atomic_load_n(&cpu_states[n]->event, __ATOMIC_SEQ_CST) };
}

void cpu_set_wait(int n, CPUWait wait)
{
    __atomic_store_n(&cpu_states[n]->halted, wait.halted, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu_states[n]->event, wait.event, __ATOMIC_SEQ_CST);
}

void cpus_loaded(void)
{
    assert(pause_count > 0);
    cpus_end_holds();
    page_owner_reset();
    for (int i = 0; i < cpu_count; i++) {
        CPUState *cpu = cpu_states[i];

        cpu->event_wait = 0;
        cpu->debug_stop.reason = DEBUG_NONE;
        excl_clear(cpu->env);
        tlb_cpu_reset(cpu->env);
    }
    /* Memory was written behind MPD's back, by whoever loads images or a state. */
    cache_ops->flush_all();
}

void cpus_reset(void)
{
    for (int i = 0; i < cpu_count; i++) {
        cpu_set_wait(i, (CPUWait) { false, false });
        cpu_states[i]->env->exception = EXCP_NONE;
    }
    cpus_loaded();
}

void cpus_flush_code(void)
{
    cpus_pause();
    cache_ops->flush_all();
    cpus_resume();
}

void cpus_set_log(int mask)
{
    /* What is said while blocks are made, and what only blocks say that pass the main loop one by one. */
    const int of_blocks = LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM | LOG_EXEC | LOG_CPU | LOG_NOCHAIN;
    int old;

    cpus_pause();
    old = __atomic_exchange_n(&qemu_loglevel, mask, __ATOMIC_RELAXED);
    if (mask & ~old & of_blocks) {
        cache_ops->flush_all();
    }
    cpus_resume();
}

void cpus_set_one_insn(bool on)
{
    cpus_pause();
    if (accel_options.one_insn != on) {
        accel_options.one_insn = on;
        cache_ops->flush_all();
    }
    cpus_resume();
}

bool cpus_one_insn(void)
{
    return accel_options.one_insn;
}
