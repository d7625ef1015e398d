/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mutex that counts: how often it was taken and how often somebody had to wait; with -accel tcg,stats= or trace= also
 * for how long it was waited for and held. Implemented in util/lock.c.
 *
 * Each access to a device takes one, so that it is one locked instruction here, and one to give it up: pthread's costs
 * twice as much. Not recursive; who gets it next is up to the host.
 */
#ifndef QEMU_LOCK_H
#define QEMU_LOCK_H
#include <stdint.h>
#include "qemu/observe.h"

/* LOCK_WAITED: held, and whoever gives it up wakes one of those who sleep, if any. */
enum { LOCK_FREE, LOCK_HELD, LOCK_WAITED };

typedef struct CountedLock {
    uint32_t state;             /* atomic; LOCK_*. A lock of zeroes is one that is free and in no list */
    const char *name;           /* constant */
    uint32_t number;            /* constant; among all counted locks */
    bool traced;                /* constant: its holding is part of the timeline, not its waits alone */
    struct CountedLock *next;   /* list of all; constant once the threads run */
    /* Written by the holder, read by anyone (relaxed). */
    uint64_t acquired, contended;
    ObserveTime wait, hold;
    uint64_t since;             /* when it was taken, ns; 0: not timed. The holder's */
} CountedLock;

/* A signal for who waits under a lock; zeroes at first. Both fields: the lock. */
typedef struct CountedCond {
    uint32_t signals, waiting;  /* signals: read by who is about to sleep, atomic */
} CountedCond;

/* Before the threads start. `name` lives for ever. */
void counted_lock_init(CountedLock *l, const char *name, bool traced);
/* The locks there are, latest first; NULL at the end. */
const CountedLock *counted_lock_next(const CountedLock *l);
void counted_lock_wait(CountedLock *l);
void counted_lock_wake(CountedLock *l);
void counted_lock_got(CountedLock *l);
void counted_lock_done(CountedLock *l);

static inline void counted_lock(CountedLock *l)
{
    uint32_t free = LOCK_FREE;

    if (__builtin_expect(!__atomic_compare_exchange_n(&l->state, &free, LOCK_HELD, false, __ATOMIC_ACQUIRE,
                                                      __ATOMIC_RELAXED), 0)) {
        counted_lock_wait(l);
    }
    __atomic_store_n(&l->acquired, l->acquired + 1, __ATOMIC_RELAXED);
    if (observe_on()) {
        counted_lock_got(l);
    }
}

static inline void counted_unlock(CountedLock *l)
{
    if (observe_on()) {
        counted_lock_done(l);
    }
    if (__builtin_expect(__atomic_exchange_n(&l->state, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_WAITED, 0)) {
        counted_lock_wake(l);
    }
}

/* Wait for a signal on `c`, which may come for nothing; the lock is held. */
void counted_cond_wait(CountedCond *c, CountedLock *l);
/* To all who wait; the lock is held. */
void counted_cond_broadcast(CountedCond *c);
#endif
