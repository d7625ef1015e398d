/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU threads: creation, interrupts, sleep in WFI and WFE, pause and resume, reset, shutdown. Interface: sysemu/cpus.h.
 *
 * Owns cpu_states[]. pause_lock guards CPUState.stopped and the pause protocol; CPU threads take it out of E only.
 * pause_count belongs to the I/O thread. Everything else that threads share is atomic:
 * a requester writes what it wants, then raises exit_request, then bumps `waker`; the CPU clears exit_request, then
 * looks.
 */
#define _GNU_SOURCE     /* pthread_setname_np */
#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <glib.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/futex.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "qemu/observe.h"
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

CPUARMState *cpu_create(int index, int num_cpus)
{
    size_t bytes = (sizeof(CPUARMState) + 4095) & ~(size_t)4095;
    CPUARMState *env = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CPUState *cpu = g_aligned_alloc0(1, (sizeof(CPUState) + 63) & ~(size_t)63, 64);

    assert(index >= 0 && index < ARM_MAX_CPUS && num_cpus <= ARM_MAX_CPUS && !cpu_states[index]);
    if (env == MAP_FAILED) {
        error_exit("cannot map the state of CPU %d", index);
    }
    if (!tcg_backend) {
        tcg_backend = accel_options.backend_interp ? &tcg_backend_interp : &tcg_backend_x86_64;
        mpd_init();
    }
    env->cpu_index = index;
    env->num_cpus = num_cpus;
    env->exception = EXCP_NONE;
    env->cpu = cpu;
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

bool cpus_quitting(void)
{
    return __atomic_load_n(&quitting, __ATOMIC_SEQ_CST);
}

int cpu_current_index(void)
{
    return current_cpu ? current_cpu->index : -1;
}

/* ---- kicks and interrupts ---- */

static void end_sleep(CPUState *cpu)
{
    __atomic_add_fetch(&cpu->waker, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->sleeping, __ATOMIC_SEQ_CST)) {
        futex_wake_all(&cpu->waker);
    }
}

/* Make the CPU leave translated code, and its sleep. */
static void wake(CPUState *cpu)
{
    __atomic_store_n(&cpu->env->exit_request, 1, __ATOMIC_SEQ_CST);
    if (accel_options.thread_single) {
        cpus_single_kick(cpu->index);
        cpu = cpu_states[0];
    }
    end_sleep(cpu);
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
        __atomic_store_n(&env->exit_request, 1, __ATOMIC_RELAXED);
    }
}

void arm_cpu_wfi(CPUARMState *env)
{
    env->cpu->halted = 1;
    __atomic_store_n(&env->exit_request, 1, __ATOMIC_RELAXED);
}

/* ---- the event register ---- */

static bool take_event(CPUState *cpu)
{
    /* A full barrier if there was one: what its sender wrote before SEV is read after WFE. */
    return __atomic_load_n(&cpu->event, __ATOMIC_RELAXED) && __atomic_exchange_n(&cpu->event, 0, __ATOMIC_SEQ_CST);
}

void arm_cpu_wfe(CPUARMState *env)
{
    CPUState *cpu = env->cpu;

    if (take_event(cpu)) {
        return;
    }
    if (!accel_options.thread_single) {
        for (int i = 0; i < EVENT_SPINS; i++) {
            /* Who looks too often takes the cache line from those that send events: an unlock each. */
            for (int k = 0; k < EVENT_PAUSES; k++) {
                cpu_relax();
            }
            if (take_event(cpu) || __atomic_load_n(&env->exit_request, __ATOMIC_RELAXED)) {
                return;
            }
        }
    }
    __atomic_store_n(&cpu->event_wait, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&env->exit_request, 1, __ATOMIC_RELAXED);
    cpu_loop_exit(env);
}

/*
 * No event is lost. A CPU that gets ready to sleep publishes `sleeping` and reads `event` after that; this reads
 * `event` or writes it first, and reads `sleeping` after that. An event that is set already is enough: its CPU will
 * take it by an exchange, and see then what this one wrote before SEV.
 */
void arm_cpu_sev(CPUARMState *env)
{
    for (int i = 0; i < cpu_count; i++) {
        CPUState *cpu = cpu_states[i];

        if (!__atomic_load_n(&cpu->event, __ATOMIC_SEQ_CST)) {
            __atomic_store_n(&cpu->event, 1, __ATOMIC_SEQ_CST);
            if (__atomic_load_n(&cpu->event_wait, __ATOMIC_SEQ_CST)) {
                end_sleep(cpu);
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

    if (__atomic_load_n(&cpu->env->exit_request, __ATOMIC_SEQ_CST) || __atomic_load_n(&cpu->stop, __ATOMIC_SEQ_CST) ||
        cpus_quitting()) {
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

/*
 * The architecture lets a WFE end at any time. The sleep of a CPU in WFE is bounded, so that a guest which waits for
 * memory to change and gets no SEV is slow but not dead.
 */
void cpus_sleep(int first, int n)
{
    CPUState *cpu = cpu_states[first];
    bool wfe = in_wfe(first, n);

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

static void *cpu_thread(void *opaque)
{
    CPUState *cpu = opaque;

    while (!cpus_quitting()) {
        cpus_park(cpu->index, 1);
        if (!cpus_quitting() && cpu_exec(cpu) == CPU_EXIT_IDLE) {
            cpus_sleep(cpu->index, 1);
        }
    }
    return NULL;
}

static void start_thread(CPUState *cpu, void *(*fn)(void *), const char *name)
{
    if (pthread_create(&cpu->thread, NULL, fn, cpu)) {
        error_exit("cannot create the thread of CPU %d", cpu->index);
    }
    pthread_setname_np(cpu->thread, name);
}

void cpus_start(void)
{
    sigset_t all, old;
    char name[32];

    assert(!started && cpu_count);
    cache_init();
    started = true;
    /* Signals are the main thread's, save those that report our own mistakes. */
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGFPE);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (accel_options.thread_single) {
        start_thread(cpu_states[0], cpus_single_thread, "ALL CPUs/TCG");
    } else {
        for (int i = 0; i < cpu_count; i++) {
            snprintf(name, sizeof(name), "CPU %d/TCG", i);
            start_thread(cpu_states[i], cpu_thread, name);
        }
    }
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
        wake(cpu_states[i]);
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
        wake(cpu_states[i]);
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

void cpus_reset(void)
{
    assert(pause_count > 0);
    cpus_end_holds();
    for (int i = 0; i < cpu_count; i++) {
        CPUState *cpu = cpu_states[i];

        cpu->halted = 0;
        cpu->event = 0;
        cpu->event_wait = 0;
        cpu->env->exception = EXCP_NONE;
        excl_clear(cpu->env);
        tlb_cpu_reset(cpu->env);
    }
    /* Images may have been put in place behind MPD's back. */
    if (cache_ops) {
        cache_ops->flush_all();
    }
}

void cpus_set_log(int mask)
{
    /* What is said while blocks are made, and what only blocks say that pass the main loop one by one. */
    const int of_blocks = LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM | LOG_EXEC | LOG_CPU | LOG_NOCHAIN;
    int old;

    cpus_pause();
    old = __atomic_exchange_n(&qemu_loglevel, mask, __ATOMIC_RELAXED);
    if (mask & ~old & of_blocks && cache_ops) {
        cache_ops->flush_all();
    }
    cpus_resume();
}
