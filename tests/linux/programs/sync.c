/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX condition variables, barriers, semaphores, once: their rules, and that no wake-up is lost. See check.h. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <semaphore.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, cond2 = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t sem, sem2;
static unsigned waiting, woken, allowed;

static void *cond_sleeper(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&mutex);
    waiting++;
    while (!allowed) {
        CHECK_EQ(pthread_cond_wait(&cond, &mutex), 0);
    }
    allowed--;
    woken++;
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static unsigned guarded_read(unsigned *value)
{
    unsigned seen;

    pthread_mutex_lock(&mutex);
    seen = *value;
    pthread_mutex_unlock(&mutex);
    return seen;
}

static void signal_and_broadcast(void)
{
    enum { SLEEPERS = 6 };
    pthread_t threads[SLEEPERS];

    for (unsigned i = 0; i < SLEEPERS; i++) {
        threads[i] = start(cond_sleeper, NULL);
    }
    WAIT_UNTIL(guarded_read(&waiting) == SLEEPERS);
    for (unsigned i = 1; i <= 2; i++) {
        pthread_mutex_lock(&mutex);
        allowed = 1;
        CHECK_EQ(pthread_cond_signal(&cond), 0);
        pthread_mutex_unlock(&mutex);
        WAIT_UNTIL(guarded_read(&woken) == i);
    }
    sleep_ms(10);
    CHECK_EQ(guarded_read(&woken), 2);
    pthread_mutex_lock(&mutex);
    allowed = SLEEPERS - 2;
    CHECK_EQ(pthread_cond_broadcast(&cond), 0);
    pthread_mutex_unlock(&mutex);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    CHECK_EQ(woken, SLEEPERS);
}

static void timed_waits(void)
{
    static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC };

    for (unsigned i = 0; i < 2; i++) {
        pthread_condattr_t attr;
        pthread_cond_t timed;
        struct timespec at;
        int error;

        CHECK_EQ(pthread_condattr_init(&attr), 0);
        CHECK_EQ(pthread_condattr_setclock(&attr, clocks[i]), 0);
        CHECK_EQ(pthread_cond_init(&timed, &attr), 0);
        pthread_mutex_lock(&mutex);
        at = after_ms(clocks[i], 30);
        while ((error = pthread_cond_timedwait(&timed, &mutex, &at)) == 0) {
        }
        CHECK_EQ(error, ETIMEDOUT);
        CHECK(now_ns(clocks[i]) >= at.tv_sec * 1000000000LL + at.tv_nsec);
        /* The mutex is ours again. */
        CHECK_EQ(pthread_mutex_trylock(&mutex), EBUSY);
        pthread_mutex_unlock(&mutex);
        CHECK_EQ(pthread_cond_destroy(&timed), 0);
    }
}

static unsigned ball;

static void *cond_player(void *argument)
{
    unsigned me = (unsigned)(size_t)argument;

    pthread_mutex_lock(&mutex);
    for (unsigned i = rounds(5000); i; i--) {
        while (ball != me) {
            pthread_cond_wait(me ? &cond : &cond2, &mutex);
        }
        ball = !me;
        pthread_cond_signal(me ? &cond2 : &cond);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void ping_pong(void)
{
    in_threads(2, cond_player);
    CHECK_EQ(ball, 0);
}

enum { QUEUE = 8, PRODUCERS = 2 };

static unsigned queue[QUEUE], head, tail, finished;
static unsigned long long sum;

static void *queue_main(void *argument)
{
    unsigned number = (unsigned)(size_t)argument;
    unsigned count = rounds(20000);

    if (number < PRODUCERS) {
        for (unsigned i = 1; i <= count; i++) {
            pthread_mutex_lock(&mutex);
            while (head - tail == QUEUE) {
                pthread_cond_wait(&cond, &mutex);
            }
            queue[head++ % QUEUE] = i;
            pthread_cond_signal(&cond2);
            pthread_mutex_unlock(&mutex);
        }
        pthread_mutex_lock(&mutex);
        finished++;
        pthread_cond_broadcast(&cond2);
        pthread_mutex_unlock(&mutex);
        return NULL;
    }
    pthread_mutex_lock(&mutex);
    for (;;) {
        while (head == tail && finished < PRODUCERS) {
            pthread_cond_wait(&cond2, &mutex);
        }
        if (head == tail) {
            break;
        }
        sum += queue[tail++ % QUEUE];
        pthread_cond_signal(&cond);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void bounded_queue(void)
{
    unsigned long long count = rounds(20000);

    in_threads(THREADS, queue_main);
    CHECK(sum == PRODUCERS * (count * (count + 1) / 2));
    CHECK_EQ(head, PRODUCERS * rounds(20000));
}

typedef struct Shared {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    pthread_barrier_t barrier;
    sem_t sem;
    unsigned turn, serial, counts[THREADS];
} Shared;

static void between_processes(void)
{
    Shared *shared = shared_memory(sizeof *shared);
    pthread_mutexattr_t mattr;
    pthread_condattr_t cattr;
    pthread_barrierattr_t battr;
    pid_t children[THREADS];

    pthread_mutexattr_init(&mattr);
    pthread_condattr_init(&cattr);
    pthread_barrierattr_init(&battr);
    CHECK_EQ(pthread_mutexattr_setpshared(&mattr, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_condattr_setpshared(&cattr, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_barrierattr_setpshared(&battr, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_mutex_init(&shared->mutex, &mattr), 0);
    CHECK_EQ(pthread_cond_init(&shared->cond, &cattr), 0);
    CHECK_EQ(pthread_barrier_init(&shared->barrier, &battr, THREADS), 0);
    CHECK_EQ(sem_init(&shared->sem, 1, 1), 0);
    for (unsigned n = 0; n < THREADS; n++) {
        children[n] = fork();
        if (children[n] == 0) {
            for (unsigned i = 0; i < rounds(1000); i++) {
                int got;

                pthread_mutex_lock(&shared->mutex);
                while (shared->turn % THREADS != n) {
                    pthread_cond_wait(&shared->cond, &shared->mutex);
                }
                shared->turn++;
                pthread_cond_broadcast(&shared->cond);
                pthread_mutex_unlock(&shared->mutex);
                got = pthread_barrier_wait(&shared->barrier);
                CHECK(got == 0 || got == PTHREAD_BARRIER_SERIAL_THREAD);
                CHECK_EQ(sem_wait(&shared->sem), 0);
                shared->serial += got != 0;
                shared->counts[n]++;
                CHECK_EQ(sem_post(&shared->sem), 0);
            }
            _exit(0);
        }
    }
    for (unsigned n = 0; n < THREADS; n++) {
        CHECK_EQ(child_status(children[n]), 0);
        CHECK_EQ(shared->counts[n], rounds(1000));
    }
    CHECK_EQ(shared->turn, THREADS * rounds(1000));
    CHECK_EQ(shared->serial, rounds(1000));
}

static unsigned stage[THREADS], serial;

static void *barrier_loop(void *argument)
{
    unsigned me = (unsigned)(size_t)argument;

    for (unsigned i = 1; i <= rounds(3000); i++) {
        int got;

        WRITE(stage[me], i);
        got = pthread_barrier_wait(&barrier);
        CHECK(got == 0 || got == PTHREAD_BARRIER_SERIAL_THREAD);
        if (got) {
            ADD(serial, 1);
        }
        for (unsigned n = 0; n < THREADS; n++) {
            CHECK_EQ(READ(stage[n]), i);
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void barriers(void)
{
    CHECK_EQ(pthread_barrier_init(&barrier, NULL, 0), EINVAL);
    CHECK_EQ(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    in_threads(THREADS, barrier_loop);
    CHECK_EQ(serial, rounds(3000));
    CHECK_EQ(pthread_barrier_destroy(&barrier), 0);
}

static unsigned times_run;

static void run_once(void)
{
    sleep_ms(20);
    ADD(times_run, 1);
}

static void *once_main(void *argument)
{
    (void)argument;
    CHECK_EQ(pthread_once(&once, run_once), 0);
    CHECK_EQ(READ(times_run), 1);
    return NULL;
}

static void once_only(void)
{
    in_threads(4 * THREADS, once_main);
    CHECK_EQ(times_run, 1);
}

static void *sem_loop(void *argument)
{
    bool taker = (size_t)argument % 2;

    for (unsigned i = rounds(20000); i; i--) {
        CHECK_EQ(taker ? sem_wait(&sem) : sem_post(&sem), 0);
    }
    return NULL;
}

static void *sem_player(void *argument)
{
    bool first = (size_t)argument == 0;

    for (unsigned i = rounds(5000); i; i--) {
        CHECK_EQ(sem_wait(first ? &sem : &sem2), 0);
        CHECK_EQ(sem_post(first ? &sem2 : &sem), 0);
    }
    return NULL;
}

static void semaphores(void)
{
    struct timespec at;
    sem_t *named;
    int value;

    CHECK_EQ(sem_init(&sem, 0, 1), 0);
    CHECK_EQ(sem_trywait(&sem), 0);
    CHECK_EQ(sem_trywait(&sem), -1);
    CHECK_EQ(errno, EAGAIN);
    at = after_ms(CLOCK_REALTIME, 20);
    CHECK_EQ(sem_timedwait(&sem, &at), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= at.tv_sec * 1000000000LL + at.tv_nsec);
    in_threads(THREADS, sem_loop);
    CHECK_EQ(sem_getvalue(&sem, &value), 0);
    CHECK_EQ(value, 0);
    CHECK_EQ(sem_init(&sem2, 0, 0), 0);
    CHECK_EQ(sem_post(&sem), 0);
    in_threads(2, sem_player);
    CHECK_EQ(sem_getvalue(&sem, &value), 0);
    CHECK_EQ(value, 1);

    named = sem_open("/check-sync", O_CREAT | O_EXCL, 0600, 2);
    CHECK(named != SEM_FAILED);
    CHECK_EQ(sem_unlink("/check-sync"), 0);
    CHECK_EQ(sem_wait(named), 0);
    CHECK_EQ(sem_getvalue(named, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(sem_close(named), 0);
}

static const Case cases[] = {
    { "condition: signal wakes one, broadcast all", signal_and_broadcast },
    { "condition: timed waits on both clocks, never early", timed_waits },
    { "condition: to and fro", ping_pong },
    { "condition: bounded queue", bounded_queue },
    { "condition, barrier, semaphore between processes", between_processes },
    { "barrier: nobody is ahead, one is special", barriers },
    { "once", once_only },
    { "semaphores: values, timeouts, contended, named", semaphores },
};

CHECK_MAIN("sync", cases)
