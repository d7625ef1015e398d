/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX mutexes, spin locks and read-write locks: every kind's rules, and each under contention. See check.h. */
#define _GNU_SOURCE
#include "check.h"

static pthread_mutex_t mutex;
static pthread_rwlock_t rwlock;
static pthread_spinlock_t spin;
static unsigned long guarded, other;
static int inside;

static void new_mutex(pthread_mutex_t *m, int kind, int protocol, int shared)
{
    pthread_mutexattr_t attr;
    int got;

    CHECK_EQ(pthread_mutexattr_init(&attr), 0);
    CHECK_EQ(pthread_mutexattr_settype(&attr, kind), 0);
    CHECK_EQ(pthread_mutexattr_gettype(&attr, &got), 0);
    CHECK_EQ(got, kind);
    CHECK_EQ(pthread_mutexattr_setprotocol(&attr, protocol), 0);
    CHECK_EQ(pthread_mutexattr_setpshared(&attr, shared), 0);
    CHECK_EQ(pthread_mutex_init(m, &attr), 0);
    CHECK_EQ(pthread_mutexattr_destroy(&attr), 0);
}

/* Run fn in another thread and wait for it. */
static void elsewhere(void *(*fn)(void *))
{
    CHECK_EQ(pthread_join(start(fn, NULL), NULL), 0);
}

static void *try_busy(void *argument)
{
    (void)argument;
    CHECK_EQ(pthread_mutex_trylock(&mutex), EBUSY);
    return NULL;
}

static void *unlock_foreign(void *argument)
{
    (void)argument;
    CHECK_EQ(pthread_mutex_unlock(&mutex), EPERM);
    return NULL;
}

static void *timed_out(void *argument)
{
    struct timespec at = after_ms(CLOCK_REALTIME, 20);

    (void)argument;
    CHECK_EQ(pthread_mutex_timedlock(&mutex, &at), ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= at.tv_sec * 1000000000LL + at.tv_nsec);
    return NULL;
}

static void kinds(void)
{
    static const int kind[] = { PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK };
    static const int protocol[] = { PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT };

    for (unsigned k = 0; k < 3; k++) {
        for (unsigned p = 0; p < 2; p++) {
            bool recursive = kind[k] == PTHREAD_MUTEX_RECURSIVE;

            new_mutex(&mutex, kind[k], protocol[p], PTHREAD_PROCESS_PRIVATE);
            CHECK_EQ(pthread_mutex_lock(&mutex), 0);
            if (recursive) {
                CHECK_EQ(pthread_mutex_lock(&mutex), 0);
                CHECK_EQ(pthread_mutex_trylock(&mutex), 0);
            } else {
                int error = pthread_mutex_trylock(&mutex);

                /* POSIX wants EBUSY; glibc's inheriting, error checking ones find the deadlock first. */
                CHECK(error == EBUSY || (error == EDEADLK && p == 1 && kind[k] == PTHREAD_MUTEX_ERRORCHECK));
            }
            if (kind[k] == PTHREAD_MUTEX_ERRORCHECK) {
                CHECK_EQ(pthread_mutex_lock(&mutex), EDEADLK);
            }
            elsewhere(try_busy);
            elsewhere(timed_out);
            if (kind[k] != PTHREAD_MUTEX_NORMAL) {
                elsewhere(unlock_foreign);
            }
            for (unsigned depth = recursive ? 3 : 1; depth; depth--) {
                elsewhere(try_busy);
                CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
            }
            if (kind[k] != PTHREAD_MUTEX_NORMAL) {
                CHECK_EQ(pthread_mutex_unlock(&mutex), EPERM);
            }
            CHECK_EQ(pthread_mutex_trylock(&mutex), 0);
            CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
            CHECK_EQ(pthread_mutex_destroy(&mutex), 0);
        }
    }
}

static void *mutex_loop(void *argument)
{
    unsigned number = (unsigned)(size_t)argument;

    for (unsigned i = 0; i < rounds(30000); i++) {
        if ((i + number) % 8 == 0) {
            while (pthread_mutex_trylock(&mutex)) {
                sched_yield();
            }
        } else {
            CHECK_EQ(pthread_mutex_lock(&mutex), 0);
        }
        guarded++;
        CHECK_EQ(guarded, other + 1);
        other = guarded;
        CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
    }
    return NULL;
}

static void contended(void)
{
    static const int kind[] = { PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
                                PTHREAD_MUTEX_ADAPTIVE_NP };

    for (unsigned k = 0; k < 4; k++) {
        new_mutex(&mutex, kind[k], PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE);
        guarded = other = 0;
        in_threads(THREADS, mutex_loop);
        CHECK_EQ(guarded, THREADS * rounds(30000));
        CHECK_EQ(pthread_mutex_destroy(&mutex), 0);
    }
}

static void contended_inheriting(void)
{
    new_mutex(&mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, PTHREAD_PROCESS_PRIVATE);
    check_percent = check_percent / 4 + 1;
    in_threads(THREADS, mutex_loop);
    CHECK_EQ(guarded, THREADS * rounds(30000));
}

typedef struct Shared {
    pthread_mutex_t mutex;
    pthread_spinlock_t spin;
    unsigned long by_mutex, by_spin;
} Shared;

static void between_processes(void)
{
    Shared *shared = shared_memory(sizeof *shared);
    pid_t children[THREADS];

    new_mutex(&shared->mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_SHARED);
    CHECK_EQ(pthread_spin_init(&shared->spin, PTHREAD_PROCESS_SHARED), 0);
    for (unsigned n = 0; n < THREADS; n++) {
        children[n] = fork();
        if (children[n] == 0) {
            for (unsigned i = rounds(20000); i; i--) {
                CHECK_EQ(pthread_mutex_lock(&shared->mutex), 0);
                shared->by_mutex++;
                CHECK_EQ(pthread_mutex_unlock(&shared->mutex), 0);
                CHECK_EQ(pthread_spin_lock(&shared->spin), 0);
                shared->by_spin++;
                CHECK_EQ(pthread_spin_unlock(&shared->spin), 0);
            }
            _exit(0);
        }
    }
    for (unsigned n = 0; n < THREADS; n++) {
        CHECK_EQ(child_status(children[n]), 0);
    }
    CHECK_EQ(shared->by_mutex, THREADS * rounds(20000));
    CHECK_EQ(shared->by_spin, THREADS * rounds(20000));
}

static void *spin_loop(void *argument)
{
    (void)argument;
    for (unsigned i = rounds(30000); i; i--) {
        CHECK_EQ(pthread_spin_lock(&spin), 0);
        guarded++;
        CHECK_EQ(pthread_spin_unlock(&spin), 0);
    }
    return NULL;
}

static void spin_locks(void)
{
    CHECK_EQ(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0);
    CHECK_EQ(pthread_spin_trylock(&spin), 0);
    CHECK_EQ(pthread_spin_trylock(&spin), EBUSY);
    CHECK_EQ(pthread_spin_unlock(&spin), 0);
    in_threads(THREADS, spin_loop);
    CHECK_EQ(guarded, THREADS * rounds(30000));
    CHECK_EQ(pthread_spin_destroy(&spin), 0);
}

static void *reader_may(void *argument)
{
    (void)argument;
    CHECK_EQ(pthread_rwlock_tryrdlock(&rwlock), 0);
    CHECK_EQ(pthread_rwlock_unlock(&rwlock), 0);
    CHECK_EQ(pthread_rwlock_trywrlock(&rwlock), EBUSY);
    return NULL;
}

static void *nobody_may(void *argument)
{
    struct timespec at = after_ms(CLOCK_REALTIME, 20);

    (void)argument;
    CHECK_EQ(pthread_rwlock_tryrdlock(&rwlock), EBUSY);
    CHECK_EQ(pthread_rwlock_trywrlock(&rwlock), EBUSY);
    CHECK_EQ(pthread_rwlock_timedrdlock(&rwlock, &at), ETIMEDOUT);
    CHECK_EQ(pthread_rwlock_timedwrlock(&rwlock, &at), ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= at.tv_sec * 1000000000LL + at.tv_nsec);
    return NULL;
}

static void rwlock_rules(void)
{
    CHECK_EQ(pthread_rwlock_init(&rwlock, NULL), 0);
    CHECK_EQ(pthread_rwlock_rdlock(&rwlock), 0);
    elsewhere(reader_may);
    CHECK_EQ(pthread_rwlock_unlock(&rwlock), 0);
    CHECK_EQ(pthread_rwlock_wrlock(&rwlock), 0);
    elsewhere(nobody_may);
    CHECK_EQ(pthread_rwlock_wrlock(&rwlock), EDEADLK);
    CHECK_EQ(pthread_rwlock_rdlock(&rwlock), EDEADLK);
    CHECK_EQ(pthread_rwlock_unlock(&rwlock), 0);
    CHECK_EQ(pthread_rwlock_destroy(&rwlock), 0);
}

static void *meet_inside(void *argument)
{
    (void)argument;
    CHECK_EQ(pthread_rwlock_rdlock(&rwlock), 0);
    ADD(inside, 1);
    /* All readers are inside together, or this never ends. */
    WAIT_UNTIL(READ(inside) == THREADS);
    CHECK_EQ(pthread_rwlock_unlock(&rwlock), 0);
    return NULL;
}

static void readers_together(void)
{
    CHECK_EQ(pthread_rwlock_init(&rwlock, NULL), 0);
    in_threads(THREADS, meet_inside);
}

static void *rw_loop(void *argument)
{
    unsigned number = (unsigned)(size_t)argument;

    for (unsigned i = 0; i < rounds(20000); i++) {
        if ((i + number) % 4 == 0) {
            CHECK_EQ(pthread_rwlock_wrlock(&rwlock), 0);
            CHECK_EQ(ADD(inside, 1), 1);
            guarded++;
            other++;
            ADD(inside, -1);
        } else {
            CHECK_EQ(pthread_rwlock_rdlock(&rwlock), 0);
            CHECK_EQ(guarded, other);
            CHECK_EQ(READ(inside), 0);
        }
        CHECK_EQ(pthread_rwlock_unlock(&rwlock), 0);
    }
    return NULL;
}

static void rwlock_contended(void)
{
    static const int kinds[] = { PTHREAD_RWLOCK_PREFER_READER_NP, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP };

    for (unsigned k = 0; k < 2; k++) {
        pthread_rwlockattr_t attr;

        CHECK_EQ(pthread_rwlockattr_init(&attr), 0);
        CHECK_EQ(pthread_rwlockattr_setkind_np(&attr, kinds[k]), 0);
        CHECK_EQ(pthread_rwlock_init(&rwlock, &attr), 0);
        guarded = other = 0;
        in_threads(THREADS, rw_loop);
        /* In each turn one of the four threads writes. */
        CHECK_EQ(guarded, rounds(20000));
        CHECK_EQ(pthread_rwlock_destroy(&rwlock), 0);
    }
}

static const Case cases[] = {
    { "kinds: normal, recursive, error checking, each with and without inheritance", kinds },
    { "contended, every kind", contended },
    { "contended, with priority inheritance", contended_inheriting },
    { "mutexes and spin locks between processes", between_processes },
    { "spin locks", spin_locks },
    { "read-write locks: rules", rwlock_rules },
    { "read-write locks: readers are inside together", readers_together },
    { "read-write locks: contended, both preferences", rwlock_contended },
};

CHECK_MAIN("mutex", cases)
