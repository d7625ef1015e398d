/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for the stages of many small things: barnes and fmm keep one counter per node of their trees, and a thread
 * that needs another's node waits until the counter has come far enough. A pause flag for each would be too big; here
 * the sleepers of all share a few buckets.
 *
 * done_set() passes all that its thread wrote before on to whoever returns from done_wait(). The usual case, nobody
 * sleeping, takes no lock on either side.
 */
#ifndef SPLASH_DONE_H
#define SPLASH_DONE_H

#include "anl.h"

#define DONE_BUCKETS 64

typedef struct DoneBucket {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int sleepers;           /* written under lock, read atomically without */
} __attribute__((aligned(ANL_LINE))) DoneBucket;

static DoneBucket done_buckets[DONE_BUCKETS];

/* Once, before the threads start. */
static inline void done_init(void)
{
    for (int i = 0; i < DONE_BUCKETS; i++) {
        pthread_mutex_init(&done_buckets[i].lock, NULL);
        pthread_cond_init(&done_buckets[i].changed, NULL);
    }
}

static inline DoneBucket *done_bucket(const int *stage)
{
    return &done_buckets[((uintptr_t)stage >> 6) * 0x9e3779b1u % DONE_BUCKETS];
}

/* Only one thread at a time may set a given counter. */
static inline void done_set(int *stage, int value)
{
    DoneBucket *bucket = done_bucket(stage);

    /*
     * Either this thread sees the sleeper, or the sleeper, who announces itself first, sees the new value: both use
     * sequentially consistent accesses.
     */
    __atomic_store_n(stage, value, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&bucket->sleepers, __ATOMIC_SEQ_CST)) {
        pthread_mutex_lock(&bucket->lock);
        pthread_cond_broadcast(&bucket->changed);
        pthread_mutex_unlock(&bucket->lock);
    }
}

/* Returns once the counter is at least value. */
static inline void done_wait(int *stage, int value)
{
    DoneBucket *bucket = done_bucket(stage);

    if (__atomic_load_n(stage, __ATOMIC_ACQUIRE) >= value) {
        return;
    }
    pthread_mutex_lock(&bucket->lock);
    __atomic_fetch_add(&bucket->sleepers, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(stage, __ATOMIC_SEQ_CST) < value) {
        pthread_cond_wait(&bucket->changed, &bucket->lock);
    }
    __atomic_fetch_sub(&bucket->sleepers, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&bucket->lock);
}

#endif
