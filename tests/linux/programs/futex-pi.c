/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Futexes that know their owner: priority inheritance, and robust lists, by which the kernel frees the locks of a
 * thread that died. See check.h for how it is used.
 */
#define _GNU_SOURCE
#include "check.h"
#include "futex.h"

#include <sched.h>
#include <stddef.h>

static uint32_t pi_word;
static unsigned long guarded;

static void pi_lock(uint32_t *word)
{
    uint32_t seen = 0;

    if (!__atomic_compare_exchange_n(word, &seen, (uint32_t)thread_id(), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        CHECK_EQ(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
    }
}

static void pi_unlock(uint32_t *word)
{
    uint32_t seen = (uint32_t)thread_id();

    if (!__atomic_compare_exchange_n(word, &seen, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        CHECK_EQ(futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
    }
}

static void *foreign_main(void *argument)
{
    struct timespec at = after_ms(CLOCK_REALTIME, 20);

    (void)argument;
    CHECK_EQ(futex(&pi_word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(futex(&pi_word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EPERM);
    CHECK_EQ(futex(&pi_word, FUTEX_LOCK_PI, 0, &at, NULL, 0), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= at.tv_sec * 1000000000LL + at.tv_nsec);
    return NULL;
}

static void rules(void)
{
    uint32_t me = (uint32_t)thread_id(), stranger = 0x3ffffff0;

    CHECK_EQ(futex(&pi_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
    CHECK_EQ(pi_word, me);
    CHECK_EQ(futex(&pi_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EDEADLK);
    CHECK_EQ(pthread_join(start(foreign_main, NULL), NULL), 0);
    CHECK_EQ(futex(&pi_word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
    CHECK_EQ(pi_word, 0);
    CHECK_EQ(futex(&pi_word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), 0);
    CHECK_EQ(pi_word, me);
    pi_unlock(&pi_word);
    CHECK_EQ(pi_word, 0);
    /* Owned by a thread that does not exist. */
    CHECK_EQ(futex(&stranger, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -1);
    CHECK_EQ(errno, ESRCH);
}

static void *pi_locker(void *argument)
{
    (void)argument;
    for (unsigned i = rounds(5000); i; i--) {
        pi_lock(&pi_word);
        CHECK_EQ(READ(pi_word) & FUTEX_TID_MASK, thread_id());
        guarded++;
        pi_unlock(&pi_word);
    }
    return NULL;
}

static void contended(void)
{
    in_threads(THREADS, pi_locker);
    CHECK_EQ(guarded, THREADS * rounds(5000));
    CHECK_EQ(pi_word, 0);
}

static uint32_t condition, requeued;
static int sleeping, through;

static void *pi_sleeper(void *argument)
{
    (void)argument;
    ADD(sleeping, 1);
    CHECK_EQ(futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &pi_word, 0), 0);
    /* Woken means owner. */
    CHECK_EQ(READ(pi_word) & FUTEX_TID_MASK, thread_id());
    ADD(through, 1);
    pi_unlock(&pi_word);
    return NULL;
}

/* What a condition variable does: wake one waiter, queue the others at the lock. */
static void requeue_to_lock(void)
{
    pthread_t threads[THREADS];
    long moved = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = start(pi_sleeper, NULL);
    }
    WAIT_UNTIL(READ(sleeping) == THREADS);
    pi_lock(&pi_word);
    while (moved < THREADS) {
        long got = futex_two(&condition, FUTEX_CMP_REQUEUE_PI, 1, THREADS, &pi_word, 0);

        CHECK(got >= 0);
        moved += got;
        requeued += (uint32_t)got;
    }
    sleep_ms(10);
    CHECK_EQ(READ(through), 0);
    pi_unlock(&pi_word);
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    CHECK_EQ(through, THREADS);
    CHECK_EQ(requeued, THREADS);
}

static int low_has_it, high_has_it;
static bool gave_up;

/* This thread on CPU 0 with a fixed priority. */
static void become(int priority)
{
    struct sched_param param = { .sched_priority = priority };
    cpu_set_t cpu;

    CPU_ZERO(&cpu);
    CPU_SET(0, &cpu);
    CHECK_EQ(sched_setaffinity(0, sizeof cpu, &cpu), 0);
    CHECK_EQ(sched_setscheduler(0, SCHED_FIFO, &param), 0);
}

static void *low_main(void *argument)
{
    (void)argument;
    become(1);
    pi_lock(&pi_word);
    WRITE(low_has_it, 1);
    /* Work that takes a while; the others come in between. */
    for (volatile unsigned i = 0; i < 2000000; i++) {
    }
    pi_unlock(&pi_word);
    return NULL;
}

static void *middle_main(void *argument)
{
    long long begin = now_ns(CLOCK_MONOTONIC);

    (void)argument;
    become(2);
    while (!READ(high_has_it)) {
        if (now_ns(CLOCK_MONOTONIC) - begin > 20000000000LL) {
            WRITE(gave_up, true);
            break;
        }
    }
    return NULL;
}

static void *high_main(void *argument)
{
    (void)argument;
    become(3);
    pi_lock(&pi_word);
    WRITE(high_has_it, 1);
    pi_unlock(&pi_word);
    return NULL;
}

/* A thread that never sleeps must not keep the owner of a lock from its CPU while a more important one waits. */
static void inheritance(void)
{
    struct sched_param param = { .sched_priority = 10 };
    pthread_t low, middle, high;

    if (sched_setscheduler(0, SCHED_FIFO, &param)) {
        skip_case("no right to set priorities");
    }
    low = start(low_main, NULL);
    WAIT_UNTIL(READ(low_has_it));
    high = start(high_main, NULL);
    middle = start(middle_main, NULL);
    CHECK_EQ(pthread_join(high, NULL), 0);
    CHECK_EQ(pthread_join(middle, NULL), 0);
    CHECK_EQ(pthread_join(low, NULL), 0);
    CHECK(!gave_up);
}

/* A lock as the robust list wants it. */
typedef struct RobustLock {
    struct robust_list node;
    uint32_t word;
} RobustLock;

static void set_robust_list(struct robust_list_head *head)
{
    head->list.next = &head->list;
    head->futex_offset = (long)(offsetof(RobustLock, word) - offsetof(RobustLock, node));
    head->list_op_pending = NULL;
    CHECK_EQ(syscall(SYS_set_robust_list, head, sizeof *head), 0);
}

static RobustLock robust[3];

static void *die_with_locks(void *argument)
{
    struct robust_list_head head;

    (void)argument;
    set_robust_list(&head);
    robust[0].word = robust[1].word = (uint32_t)thread_id();
    head.list.next = &robust[0].node;
    robust[0].node.next = &robust[1].node;
    robust[1].node.next = &head.list;
    /* A third one it was about to enter. */
    robust[2].word = (uint32_t)thread_id();
    head.list_op_pending = &robust[2].node;
    WAIT_UNTIL(READ(robust[0].word) & FUTEX_WAITERS);
    /* Not pthread_exit(): glibc would take its own list first. */
    syscall(SYS_exit, 0);
    return NULL;
}

static void owner_dies(void)
{
    pthread_t thread = start(die_with_locks, NULL);
    uint32_t seen;

    WAIT_UNTIL(READ(robust[2].word));
    seen = __atomic_or_fetch(&robust[0].word, FUTEX_WAITERS, __ATOMIC_SEQ_CST);
    while (!(READ(robust[0].word) & FUTEX_OWNER_DIED)) {
        futex(&robust[0].word, FUTEX_WAIT, seen, NULL, NULL, 0);
    }
    pthread_detach(thread);
    for (unsigned i = 0; i < 3; i++) {
        WAIT_UNTIL(READ(robust[i].word) & FUTEX_OWNER_DIED);
        CHECK_EQ(READ(robust[i].word) & FUTEX_TID_MASK, 0);
    }
}

static void endless_list(void)
{
    struct robust_list_head head;
    pid_t child = fork();

    if (child == 0) {
        /* A ring that never comes back to its head: the kernel must give up. */
        set_robust_list(&head);
        head.list.next = &robust[0].node;
        robust[0].node.next = &robust[1].node;
        robust[1].node.next = &robust[0].node;
        syscall(SYS_exit, 0);
    }
    CHECK_EQ(child_status(child), 0);
}

static pthread_mutex_t *robust_mutex;

static void *die_with_mutex(void *argument)
{
    CHECK_EQ(pthread_mutex_lock(argument), 0);
    return NULL;
}

static void new_robust_mutex(int protocol)
{
    pthread_mutexattr_t attr;

    CHECK_EQ(pthread_mutexattr_init(&attr), 0);
    CHECK_EQ(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
    CHECK_EQ(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_mutexattr_setprotocol(&attr, protocol), 0);
    robust_mutex = shared_memory(4096);
    CHECK_EQ(pthread_mutex_init(robust_mutex, &attr), 0);
}

static void robust_mutexes(void)
{
    static const int protocols[] = { PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT };

    for (unsigned i = 0; i < 2; i++) {
        pid_t child;

        new_robust_mutex(protocols[i]);
        CHECK_EQ(pthread_join(start(die_with_mutex, robust_mutex), NULL), 0);
        CHECK_EQ(pthread_mutex_lock(robust_mutex), EOWNERDEAD);
        CHECK_EQ(pthread_mutex_consistent(robust_mutex), 0);
        CHECK_EQ(pthread_mutex_unlock(robust_mutex), 0);
        /* A process that is killed. */
        child = fork();
        if (child == 0) {
            CHECK_EQ(pthread_mutex_lock(robust_mutex), 0);
            raise(SIGKILL);
        }
        CHECK_EQ(child_status(child), -SIGKILL);
        CHECK_EQ(pthread_mutex_trylock(robust_mutex), EOWNERDEAD);
        /* Given back without being made consistent, it is of no use any more. */
        CHECK_EQ(pthread_mutex_unlock(robust_mutex), 0);
        CHECK_EQ(pthread_mutex_lock(robust_mutex), ENOTRECOVERABLE);
    }
}

static void *shared_count;

static void child_loop(void)
{
    for (;;) {
        int error = pthread_mutex_lock(robust_mutex);

        CHECK(error == 0 || error == EOWNERDEAD);
        if (error) {
            CHECK_EQ(pthread_mutex_consistent(robust_mutex), 0);
        }
        ADD(*(unsigned *)shared_count, 1);
        CHECK_EQ(pthread_mutex_unlock(robust_mutex), 0);
    }
}

/* Processes that fight for a lock are killed at any moment: the others go on. */
static void killed_anywhere(void)
{
    pid_t children[THREADS];

    new_robust_mutex(PTHREAD_PRIO_NONE);
    shared_count = shared_memory(4096);
    for (unsigned i = 0; i < THREADS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            child_loop();
        }
    }
    for (unsigned turn = 0; turn < rounds(40); turn++) {
        unsigned victim = turn % THREADS, before = READ(*(unsigned *)shared_count);

        WAIT_UNTIL(READ(*(unsigned *)shared_count) > before + 10);
        kill(children[victim], SIGKILL);
        CHECK_EQ(child_status(children[victim]), -SIGKILL);
        children[victim] = fork();
        if (children[victim] == 0) {
            child_loop();
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        kill(children[i], SIGKILL);
        CHECK_EQ(child_status(children[i]), -SIGKILL);
    }
}

static const Case cases[] = {
    { "rules: owner, deadlock, timeout, strangers", rules },
    { "contended", contended },
    { "requeued from a condition to a lock", requeue_to_lock },
    { "priority is inherited", inheritance },
    { "the owner dies: its robust list", owner_dies },
    { "a robust list without end", endless_list },
    { "robust mutexes of threads and processes that died", robust_mutexes },
    { "processes killed at any moment", killed_anywhere },
};

CHECK_MAIN("futex-pi", cases)
