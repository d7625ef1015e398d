/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mutex that counts: how often it was taken and how often somebody had to wait; with -accel tcg,stats= or trace= also
 * for how long it was waited for and held. Implemented in util/lock.c.
 */
#ifndef QEMU_LOCK_H
#define QEMU_LOCK_H
#include <pthread.h>
#include <stdint.h>
#include "qemu/observe.h"

typedef struct CountedLock {
    pthread_mutex_t mutex;
    const char *name;           /* constant */
    uint32_t number;            /* constant; among all counted locks */
    bool traced;                /* constant: its holding is part of the timeline, not its waits alone */
    struct CountedLock *next;   /* list of all; constant once the threads run */
    /* Written by the holder, read by anyone (relaxed). */
    uint64_t acquired, contended;
    ObserveTime wait, hold;
    uint64_t since;             /* when it was taken, ns; 0: not timed. lock: mutex */
} CountedLock;

/* Before the threads start. `name` lives for ever. */
void counted_lock_init(CountedLock *l, const char *name, bool traced);
/* The locks there are, latest first; NULL at the end. */
const CountedLock *counted_lock_next(const CountedLock *l);
void counted_lock_wait(CountedLock *l);
void counted_lock_got(CountedLock *l);
void counted_lock_done(CountedLock *l);

static inline void counted_lock(CountedLock *l)
{
    if (__builtin_expect(pthread_mutex_trylock(&l->mutex) != 0, 0)) {
        counted_lock_wait(l);
    }
    __atomic_store_n(&l->acquired, l->acquired + 1, __ATOMIC_RELAXED);
    if (observe_on()) {
        counted_lock_got(l);
    }
}

/* Wait for a signal on `c`, which may come for nothing; the lock is held. */
static inline void counted_cond_wait(pthread_cond_t *c, CountedLock *l)
{
    if (observe_on()) {
        counted_lock_done(l);
    }
    pthread_cond_wait(c, &l->mutex);
    if (observe_on()) {
        counted_lock_got(l);
    }
}

static inline void counted_unlock(CountedLock *l)
{
    if (observe_on()) {
        counted_lock_done(l);
    }
    pthread_mutex_unlock(&l->mutex);
}
#endif
