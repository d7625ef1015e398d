/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task queues, one per thread, with stealing: for raytrace, volrend and radiosity.
 *
 * A thread takes the newest task of its own queue or, if that is empty, the oldest of another's. A task may push
 * further ones. task_take() returns false, to all threads, once every task has been taken and ended with task_done();
 * while there is nothing to take but others still work, it sleeps. After a barrier the pool can be filled again.
 */
#ifndef SPLASH_TASKS_H
#define SPLASH_TASKS_H

#include "anl.h"

typedef struct Task {
    void *item;
    long number;
} Task;

typedef struct TaskQueue {
    AnlLock lock;
    Task *ring;             /* lock, as all below; size is 0 or a power of two */
    unsigned first, count, size;
} __attribute__((aligned(ANL_LINE))) TaskQueue;

typedef struct TaskPool {
    int nproc;
    TaskQueue queue[ANL_MAX_PROC];
    AnlLock lock;           /* for sleeping */
    pthread_cond_t changed;
    int sleepers;           /* written under lock, read atomically without */
    long queued;            /* atomic: tasks in queues; never less than there are */
    long open;              /* atomic: tasks pushed and not done */
} TaskPool;

static inline void task_pool_init(TaskPool *pool, int nproc)
{
    memset(pool, 0, sizeof(*pool));
    pool->nproc = nproc;
    for (int p = 0; p < nproc; p++) {
        LOCKINIT(pool->queue[p].lock);
    }
    LOCKINIT(pool->lock);
    pthread_cond_init(&pool->changed, NULL);
}

static inline void task_grow(TaskQueue *queue)
{
    unsigned size = queue->size ? 2 * queue->size : 64;
    Task *ring = anl_alloc(size, sizeof(*ring));

    for (unsigned i = 0; i < queue->count; i++) {
        ring[i] = queue->ring[(queue->first + i) & (queue->size - 1)];
    }
    free(queue->ring);
    queue->ring = ring;
    queue->first = 0;
    queue->size = size;
}

/* Puts a task into the queue of thread proc; any thread may do so. */
static inline void task_push(TaskPool *pool, int proc, Task task)
{
    TaskQueue *queue = &pool->queue[proc];

    __atomic_fetch_add(&pool->open, 1, __ATOMIC_SEQ_CST);
    LOCK(queue->lock);
    if (queue->count == queue->size) {
        task_grow(queue);
    }
    queue->ring[(queue->first + queue->count++) & (queue->size - 1)] = task;
    __atomic_fetch_add(&pool->queued, 1, __ATOMIC_SEQ_CST);
    UNLOCK(queue->lock);
    /* A thread about to sleep counts itself first and then looks at queued: one of the two sees the other. */
    if (__atomic_load_n(&pool->sleepers, __ATOMIC_SEQ_CST)) {
        LOCK(pool->lock);
        pthread_cond_signal(&pool->changed);
        UNLOCK(pool->lock);
    }
}

/* Takes a task of one queue without waiting. */
static inline bool task_take_from(TaskPool *pool, TaskQueue *queue, bool newest, Task *task)
{
    bool found;

    LOCK(queue->lock);
    found = queue->count > 0;
    if (found) {
        queue->count--;
        *task = queue->ring[(queue->first + (newest ? queue->count : 0)) & (queue->size - 1)];
        queue->first += !newest;
        __atomic_fetch_sub(&pool->queued, 1, __ATOMIC_SEQ_CST);
    }
    UNLOCK(queue->lock);
    return found;
}

/* The next task for thread proc; false when all are done. */
static inline bool task_take(TaskPool *pool, int proc, Task *task)
{
    while (true) {
        bool all_done;

        for (int k = 0; k < pool->nproc; k++) {
            if (task_take_from(pool, &pool->queue[(proc + k) % pool->nproc], k == 0, task)) {
                return true;
            }
        }
        LOCK(pool->lock);
        __atomic_fetch_add(&pool->sleepers, 1, __ATOMIC_SEQ_CST);
        while (!__atomic_load_n(&pool->queued, __ATOMIC_SEQ_CST) && __atomic_load_n(&pool->open, __ATOMIC_SEQ_CST)) {
            pthread_cond_wait(&pool->changed, &pool->lock);
        }
        __atomic_fetch_sub(&pool->sleepers, 1, __ATOMIC_SEQ_CST);
        UNLOCK(pool->lock);
        all_done = !__atomic_load_n(&pool->open, __ATOMIC_SEQ_CST);
        if (all_done) {
            return false;
        }
    }
}

/* The task a thread took has come to its end; what it wrote is there for all who see task_take() return false. */
static inline void task_done(TaskPool *pool)
{
    if (__atomic_fetch_sub(&pool->open, 1, __ATOMIC_SEQ_CST) == 1) {
        LOCK(pool->lock);
        pthread_cond_broadcast(&pool->changed);
        UNLOCK(pool->lock);
    }
}

#endif
