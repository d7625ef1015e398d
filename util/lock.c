/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted locks (qemu/lock.h): the list of them, and the paths that are not taken every time. The list is built before
 * the threads start; a lock's statistics belong to its holder.
 */
#include "qemu/futex.h"
#include "qemu/lock.h"

static CountedLock *all;        /* constant once the threads run */
static uint32_t count;

static const char *name_of(uint32_t number)
{
    for (const CountedLock *l = all; l; l = l->next) {
        if (l->number == number) {
            return l->name;
        }
    }
    return NULL;
}

void counted_lock_init(CountedLock *l, const char *name, bool traced)
{
    l->state = LOCK_FREE;
    l->name = name;
    l->number = count++;
    l->traced = traced;
    l->next = all;
    all = l;
    observe_set_lock_names(name_of);
}

const CountedLock *counted_lock_next(const CountedLock *l)
{
    return l ? l->next : all;
}

static void add_time(ObserveTime *t, uint64_t ns)
{
    __atomic_store_n(&t->timed, t->timed + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&t->total, t->total + ns, __ATOMIC_RELAXED);
    if (ns > t->max) {
        __atomic_store_n(&t->max, ns, __ATOMIC_RELAXED);
    }
}

void counted_lock_wait(CountedLock *l)
{
    uint64_t begin = observe_on() ? observe_now() : 0, end;

    /* Whoever slept does not know whether others do, so it takes the lock as one that is waited for. */
    while (__atomic_exchange_n(&l->state, LOCK_WAITED, __ATOMIC_ACQUIRE) != LOCK_FREE) {
        futex_wait(&l->state, LOCK_WAITED);
    }
    __atomic_store_n(&l->contended, l->contended + 1, __ATOMIC_RELAXED);
    if (begin) {
        end = observe_now();
        add_time(&l->wait, end - begin);
        observe_span(OBS_LOCK_WAIT, l->number, begin, end);
    }
}

void counted_lock_wake(CountedLock *l)
{
    futex_wake_one(&l->state);
}

void counted_lock_got(CountedLock *l)
{
    l->since = observe_now();
}

void counted_lock_done(CountedLock *l)
{
    uint64_t now = observe_now();

    if (l->since) {
        add_time(&l->hold, now - l->since);
        if (l->traced) {
            observe_span(OBS_LOCK, l->number, l->since, now);
        }
        l->since = 0;
    }
}

void counted_cond_wait(CountedCond *c, CountedLock *l)
{
    uint32_t signals = __atomic_load_n(&c->signals, __ATOMIC_RELAXED);

    c->waiting++;
    counted_unlock(l);
    futex_wait(&c->signals, signals);
    counted_lock(l);
    c->waiting--;
}

void counted_cond_broadcast(CountedCond *c)
{
    if (c->waiting) {
        __atomic_store_n(&c->signals, c->signals + 1, __ATOMIC_RELAXED);
        futex_wake_all(&c->signals);
    }
}
