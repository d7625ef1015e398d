/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * E, the read/write lock over the code caches, TLBs and MPD (see elock.h and docs/locking.md).
 *
 * Owns CPUState.reading, `blocked` and the writers' turn. The state of one CPU is one word, so that a writer sees
 * "reads", "is at its main loop" and "is suspended inside a helper" in one load:
 *
 *   OUT        main loop, holds nothing            writers and Flush may go on
 *   READING    between elock_read_enter and exit   everybody waits, after raising exit_request
 *   SUSPENDED  exclusive section begun in exec()   writers may go on, Flush may not: code memory will be returned to
 *   | WAITED   somebody sleeps on the word         whoever changes the word wakes the sleepers
 *
 * `blocked` counts writers (low half) and flushes (high half) that wait or run. A reader first publishes READING and
 * then looks at `blocked`; a writer first publishes `blocked` and then looks at the words: with sequentially
 * consistent accesses at least one of the two sees the other. A CPU that returns into exec() is stopped by writers
 * only, a CPU at its main loop by flushes too: so Flush never waits for a CPU that waits for Flush.
 *
 * Writers go first, and on an overloaded host the next one may come before the reader that the last one woke gets to
 * run. So a reader that was woken OVERTAKEN times in vain counts itself in `starving`, and then goes before whoever has
 * not asked yet: a writer that finds readers there gives its own read right up and waits until they are in. Not while
 * a flush waits, for that waits for the writer, and a reader may wait for the flush.
 *
 * Locks: `turn` serialises writers; it is taken with the own read right given up, and no other lock may be held.
 */
#include <assert.h>
#include <stddef.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "qemu/futex.h"
#include "host/relax.h"
#include "sysemu/cpus.h"
#include "accel/tcg/leave-out.h"
#include "qemu/observe.h"

enum {
    BLOCKED_WRITER = 1,
    BLOCKED_WRITERS = 0xffff,
    BLOCKED_FLUSH = 0x10000,
    SPINS = 64,                 /* about the time of a short block; longer waits sleep */
    OVERTAKEN = 8,              /* more than the writers of one round: each CPU and the I/O thread */
    STARVING_READERS = 0xffff,
    STARVING_NEWS = 0x10000,    /* added so that sleepers look again */
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static uint32_t blocked;        /* atomic, futex */
static uint32_t blocked_sleepers;   /* atomic: CPUs that sleep on `blocked` */
static uint32_t starving;       /* atomic, futex: readers, and a number of news */

_Thread_local CPUState *current_cpu;
CPUCounters other_counters;
static _Thread_local unsigned exclusive_depth;
static _Thread_local CPUState *exclusive_cpu;   /* whose read right exclusive_end() takes back */
static _Thread_local uint32_t exclusive_state;  /* that CPU's state meanwhile */

static uint32_t set_state(CPUState *cpu, uint32_t state)
{
    uint32_t old = __atomic_exchange_n(&cpu->reading, state, __ATOMIC_SEQ_CST);

    if (old & ELOCK_WAITED) {
        futex_wake_all(&cpu->reading);
    }
    return old;
}

/* A reader's attempts to get in. */
typedef struct Patience {
    unsigned in_vain;
    bool starves;
} Patience;

static void overtaken(Patience *p)
{
    if (++p->in_vain >= OVERTAKEN && !p->starves) {
        p->starves = true;
        __atomic_add_fetch(&starving, 1, __ATOMIC_SEQ_CST);
    }
}

static void got_in(const Patience *p)
{
    if (p->starves) {
        __atomic_sub_fetch(&starving, 1, __ATOMIC_SEQ_CST);
        futex_wake_all(&starving);
    }
}

unsigned elock_starving(void)
{
    return __atomic_load_n(&starving, __ATOMIC_SEQ_CST) & STARVING_READERS;
}

/* Before a section or a flush is asked for, with the own read right given up. */
static void give_way(bool flush)
{
    for (;;) {
        uint32_t s = __atomic_load_n(&starving, __ATOMIC_SEQ_CST);

        if (!(s & STARVING_READERS) ||
            (!flush && (__atomic_load_n(&blocked, __ATOMIC_SEQ_CST) & ~(uint32_t)BLOCKED_WRITERS))) {
            return;
        }
        futex_wait(&starving, s);
    }
}

/* A flush has been asked for: writers that give way must not wait any more. */
static void flush_is_news(void)
{
    if (elock_starving()) {
        __atomic_add_fetch(&starving, STARVING_NEWS, __ATOMIC_SEQ_CST);
        futex_wake_all(&starving);
    }
}

static void wait_unblocked(uint32_t mask, Patience *p)
{
    for (int i = 0; i < SPINS; i++) {
        if (!(__atomic_load_n(&blocked, __ATOMIC_SEQ_CST) & mask)) {
            return;
        }
        cpu_relax();
    }
    __atomic_add_fetch(&blocked_sleepers, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        uint32_t b = __atomic_load_n(&blocked, __ATOMIC_SEQ_CST);

        if (!(b & mask)) {
            break;
        }
        futex_wait(&blocked, b);
        overtaken(p);
    }
    __atomic_sub_fetch(&blocked_sleepers, 1, __ATOMIC_SEQ_CST);
}

/* Become READING; meanwhile `away` is shown whenever somebody in `mask` has precedence. */
static void enter(CPUState *cpu, uint32_t away, uint32_t mask)
{
    Patience patience = { 0 };
    bool waited = false;

    for (;;) {
        if (__atomic_load_n(&blocked, __ATOMIC_SEQ_CST) & mask) {
            if (!waited) {
                waited = true;
                observe_begin(OBS_E_READ_WAIT);
            }
            wait_unblocked(mask, &patience);
        }
        set_state(cpu, ELOCK_READING);
        if (!(__atomic_load_n(&blocked, __ATOMIC_SEQ_CST) & mask)) {
            break;
        }
        set_state(cpu, away);
        overtaken(&patience);
    }
    got_in(&patience);
    cpu_count_event(cpu, e_read);
    if (waited) {
        cpu_count_event(cpu, e_read_contended);
        observe_end(OBS_E_READ_WAIT);
    }
}

static void unblock(uint32_t amount)
{
    __atomic_sub_fetch(&blocked, amount, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&blocked_sleepers, __ATOMIC_SEQ_CST)) {
        futex_wake_all(&blocked);
    }
}

/* Kick the CPU and wait until its state has no bit of `busy`. True if it took waiting. */
static bool wait_cpu(CPUState *cpu, uint32_t busy)
{
    uint32_t kicked = ELOCK_OUT;
    int spins = 0;

    for (;;) {
        uint32_t state = __atomic_load_n(&cpu->reading, __ATOMIC_SEQ_CST);

        if (!(state & busy)) {
            return kicked != ELOCK_OUT;
        }
        /* Once per state: a CPU that takes the request looks at `blocked` next, which is raised already. */
        if (state != kicked) {
            env_request_exit(cpu->env);
            kicked = state;
        }
        if (spins++ < SPINS) {
            cpu_relax();
            continue;
        }
        uint32_t waited = state | ELOCK_WAITED;
        if (state == waited || __atomic_compare_exchange_n(&cpu->reading, &state, waited, false, __ATOMIC_SEQ_CST,
                                                           __ATOMIC_SEQ_CST)) {
            futex_wait(&cpu->reading, waited);
        }
    }
}

/* True if it took waiting. */
static bool wait_all(uint32_t busy)
{
    bool waited = false;

    for (int i = 0; i < cpu_count; i++) {
        CPUState *cpu = cpu_states[i];

        if (cpu && cpu != exclusive_cpu) {
            waited |= wait_cpu(cpu, busy);
        }
    }
    return waited;
}

void elock_read_enter(CPUARMState *env)
{
    enter(env_cpu(env), ELOCK_OUT, ~0u);
    observe_begin(OBS_E_READ);
}

void elock_read_exit(CPUARMState *env)
{
    observe_end(OBS_E_READ);
    set_state(env_cpu(env), ELOCK_OUT);
}

bool elock_wanted(void)
{
    return __atomic_load_n(&blocked, __ATOMIC_SEQ_CST) != 0;
}

void elock_suspend(CPUARMState *env)
{
    if (!exclusive_depth) {
        observe_suspend();
        set_state(env_cpu(env), env_cpu(env)->in_exec ? ELOCK_SUSPENDED : ELOCK_OUT);
    }
}

void elock_resume(CPUARMState *env)
{
    bool in_exec = env_cpu(env)->in_exec;

    if (!exclusive_depth) {
        enter(env_cpu(env), in_exec ? ELOCK_SUSPENDED : ELOCK_OUT, in_exec ? BLOCKED_WRITERS : ~0u);
        observe_resume();
    }
}

bool cpu_wait_begin(void)
{
    CPUState *cpu = current_cpu;

    if (!cpu || exclusive_depth || !(__atomic_load_n(&cpu->reading, __ATOMIC_RELAXED) & ELOCK_READING)) {
        return false;
    }
    elock_suspend(cpu->env);
    return true;
}

void cpu_wait_end(bool token)
{
    if (token) {
        elock_resume(current_cpu->env);
    }
}

/* Give up the read right of the thread's CPU, if it has one. */
static void suspend_own(CPUARMState *env)
{
    CPUState *cpu = env ? env_cpu(env) : current_cpu;

    exclusive_cpu = NULL;
    if (cpu && (__atomic_load_n(&cpu->reading, __ATOMIC_RELAXED) & ELOCK_READING)) {
        exclusive_cpu = cpu;
        exclusive_state = cpu->in_exec ? ELOCK_SUSPENDED : ELOCK_OUT;
        observe_suspend();
        set_state(cpu, exclusive_state);
    }
}

static void resume_own(void)
{
    CPUState *cpu = exclusive_cpu;

    exclusive_cpu = NULL;
    if (cpu) {
        enter(cpu, exclusive_state, exclusive_state == ELOCK_SUSPENDED ? BLOCKED_WRITERS : ~0u);
        observe_resume();
    }
}

/* The writers' turn. True if it took waiting. */
static bool take_turn(void)
{
    if (pthread_mutex_trylock(&turn) == 0) {
        return false;
    }
    pthread_mutex_lock(&turn);
    return true;
}

static void count_section(bool waited)
{
    cpu_count_event(exclusive_cpu, exclusive_sections);
    if (waited) {
        cpu_count_event(exclusive_cpu, e_write_contended);
    }
}

void exclusive_begin(CPUARMState *env)
{
    bool waited;

    if (exclusive_depth++) {
        return;
    }
    suspend_own(env);
    observe_begin(OBS_E_WRITE_WAIT);
    give_way(false);
    __atomic_add_fetch(&blocked, BLOCKED_WRITER, __ATOMIC_SEQ_CST);
    waited = take_turn();
    if (CONFIG_LEAVE_OUT != LEAVE_OUT_EXCLUSIVE) {
        waited |= wait_all(ELOCK_READING);
    }
    observe_end(OBS_E_WRITE_WAIT);
    count_section(waited);
    observe_begin(OBS_EXCLUSIVE);
}

void exclusive_end(void)
{
    assert(exclusive_depth);
    if (--exclusive_depth) {
        return;
    }
    observe_end(OBS_EXCLUSIVE);
    pthread_mutex_unlock(&turn);
    unblock(BLOCKED_WRITER);
    resume_own();
}

void elock_flush_begin(CPUARMState *env)
{
    bool waited;

    assert(exclusive_depth == 0);
    suspend_own(env);
    assert(!exclusive_cpu || exclusive_state == ELOCK_OUT);
    give_way(true);
    __atomic_add_fetch(&blocked, BLOCKED_FLUSH, __ATOMIC_SEQ_CST);
    flush_is_news();
    /* First let every CPU finish what it does inside exec(), exclusive sections included: our turn is not taken yet. */
    observe_begin(OBS_E_WRITE_WAIT);
    waited = CONFIG_LEAVE_OUT != LEAVE_OUT_FLUSH && wait_all(ELOCK_READING | ELOCK_SUSPENDED);
    __atomic_add_fetch(&blocked, BLOCKED_WRITER, __ATOMIC_SEQ_CST);
    waited |= take_turn();
    if (CONFIG_LEAVE_OUT != LEAVE_OUT_FLUSH) {
        waited |= wait_all(ELOCK_READING | ELOCK_SUSPENDED);
    }
    observe_end(OBS_E_WRITE_WAIT);
    exclusive_depth = 1;
    count_section(waited);
    observe_begin(OBS_EXCLUSIVE);
}

void elock_flush_end(void)
{
    assert(exclusive_depth == 1);
    exclusive_depth = 0;
    observe_end(OBS_EXCLUSIVE);
    pthread_mutex_unlock(&turn);
    unblock(BLOCKED_FLUSH + BLOCKED_WRITER);
    resume_own();
}
