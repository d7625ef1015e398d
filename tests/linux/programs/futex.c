/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Futexes by their system call: waiting, waking, timeouts, bit sets, requeueing, WAKE_OP, several words at once, shared
 * ones between processes, and locks made of them. The kernel does its part of these with LDREX and STREX on user
 * memory, interrupts between CPUs and timers. See check.h for how it is used.
 */
#define _GNU_SOURCE
#include "check.h"
#include "futex.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static uint32_t word, word2;

/* A thread that waits once; its result and error are for whoever started it. */
typedef struct Waiter {
    pthread_t thread;
    uint32_t *at;
    uint32_t bits;
    pid_t tid;
    int error;                  /* 0: woken */
    int done;
} Waiter;

static void *waiter_main(void *argument)
{
    Waiter *w = argument;

    WRITE(w->tid, thread_id());
    w->error = futex(w->at, FUTEX_WAIT_BITSET, 0, NULL, NULL, w->bits) ? errno : 0;
    WRITE(w->done, 1);
    return NULL;
}

static void start_waiters(Waiter *waiters, unsigned count, uint32_t *at)
{
    for (unsigned i = 0; i < count; i++) {
        waiters[i].at = at;
        waiters[i].bits = waiters[i].bits ? waiters[i].bits : ~0u;
        waiters[i].thread = start(waiter_main, &waiters[i]);
        WAIT_UNTIL(READ(waiters[i].tid) && thread_state(READ(waiters[i].tid)) == 'S');
    }
}

static unsigned done_waiters(Waiter *waiters, unsigned count)
{
    unsigned done = 0;

    for (unsigned i = 0; i < count; i++) {
        done += (unsigned)READ(waiters[i].done);
    }
    return done;
}

static void join_waiters(Waiter *waiters, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQ(pthread_join(waiters[i].thread, NULL), 0);
        CHECK_EQ(waiters[i].error, 0);
    }
}

static void refusals(void)
{
    static char bytes[8];
    uint32_t value = 5;

    CHECK_EQ(futex(&value, FUTEX_WAIT, 4, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(futex((uint32_t *)(void *)(bytes + 1), FUTEX_WAIT, 0, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(futex((uint32_t *)64, FUTEX_WAIT, 0, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(futex(&value, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(futex(&value, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(futex(&value, 99, 0, NULL, NULL, 0), -1);
    CHECK_EQ(errno, ENOSYS);
    CHECK_EQ(futex(&value, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

static void timeouts(void)
{
    static const int ops[] = { FUTEX_WAIT, FUTEX_WAIT_PRIVATE };
    struct timespec bad = { .tv_nsec = 1000000000 }, at, ms20 = { .tv_nsec = 20000000 };
    long long begin;

    for (unsigned i = 0; i < 2; i++) {
        begin = now_ns(CLOCK_MONOTONIC);
        CHECK_EQ(futex(&word, ops[i], 0, &ms20, NULL, 0), -1);
        CHECK_EQ(errno, ETIMEDOUT);
        CHECK(now_ns(CLOCK_MONOTONIC) - begin >= 20000000);
    }
    at = after_ms(CLOCK_MONOTONIC, 20);
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET, 0, &at, NULL, ~0u), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK(now_ns(CLOCK_MONOTONIC) >= at.tv_sec * 1000000000LL + at.tv_nsec);
    at = after_ms(CLOCK_REALTIME, 20);
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &at, NULL, ~0u), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= at.tv_sec * 1000000000LL + at.tv_nsec);
    /* A time that is over already. */
    at = (struct timespec){ .tv_sec = 1 };
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET, 0, &at, NULL, ~0u), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK_EQ(futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0), -1);
    CHECK_EQ(errno, EINVAL);
}

static void wakes_as_many_as_asked(void)
{
    Waiter waiters[6] = { 0 };

    start_waiters(waiters, 6, &word);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    WAIT_UNTIL(done_waiters(waiters, 6) == 1);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
    WAIT_UNTIL(done_waiters(waiters, 6) == 3);
    sleep_ms(20);
    CHECK_EQ(done_waiters(waiters, 6), 3);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 100, NULL, NULL, 0), 3);
    join_waiters(waiters, 6);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

static void bit_sets(void)
{
    Waiter waiters[4] = { { .bits = 1 }, { .bits = 2 }, { .bits = 3 }, { .bits = 0x80000000 } };

    start_waiters(waiters, 4, &word);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 100, NULL, NULL, 4), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 100, NULL, NULL, 2), 2);
    WAIT_UNTIL(done_waiters(waiters, 4) == 2);
    CHECK(!READ(waiters[0].done) && READ(waiters[1].done) && READ(waiters[2].done) && !READ(waiters[3].done));
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, ~0u), 1);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 100, NULL, NULL, 0), 1);
    join_waiters(waiters, 4);
}

static void requeue(void)
{
    Waiter waiters[5] = { 0 };

    start_waiters(waiters, 5, &word);
    /* One wakes, three move on, one stays. */
    CHECK_EQ(futex_two(&word, FUTEX_REQUEUE, 1, 3, &word2, 0), 4);
    WAIT_UNTIL(done_waiters(waiters, 5) == 1);
    CHECK_EQ(futex(&word2, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 100, NULL, NULL, 0), 1);
    CHECK_EQ(futex(&word2, FUTEX_WAKE, 100, NULL, NULL, 0), 1);
    join_waiters(waiters, 5);
}

static void cmp_requeue(void)
{
    Waiter waiters[5] = { 0 };

    start_waiters(waiters, 5, &word);
    CHECK_EQ(futex_two(&word, FUTEX_CMP_REQUEUE, 1, 3, &word2, 1), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(done_waiters(waiters, 5), 0);
    CHECK_EQ(futex_two(&word, FUTEX_CMP_REQUEUE, 1, 3, &word2, 0), 4);
    WAIT_UNTIL(done_waiters(waiters, 5) == 1);
    CHECK_EQ(futex(&word2, FUTEX_WAKE, 100, NULL, NULL, 0), 3);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 100, NULL, NULL, 0), 1);
    join_waiters(waiters, 5);
}

static void wake_op(void)
{
    static const struct {
        int op, argument, compare, with;
        uint32_t before, after;
        bool wakes;
    } rows[] = {
        { FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 3, 3, 7, true },
        { FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 3, 4, 7, false },
        { FUTEX_OP_ADD, 5, FUTEX_OP_CMP_NE, 3, 4, 9, true },
        { FUTEX_OP_ADD, -5, FUTEX_OP_CMP_LT, -1, (uint32_t)-2, (uint32_t)-7, true },
        { FUTEX_OP_OR, 0xf0, FUTEX_OP_CMP_LE, 0x0f, 0x0f, 0xff, true },
        { FUTEX_OP_ANDN, 0x0c, FUTEX_OP_CMP_GT, 0x0f, 0x0f, 0x03, false },
        { FUTEX_OP_XOR, 0xff, FUTEX_OP_CMP_GE, 0x0f, 0x0f, 0xf0, true },
        { FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 9, FUTEX_OP_CMP_EQ, 0, 0, 512, true },
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Waiter one[1] = { 0 };
        long woken;

        word2 = 0;
        start_waiters(one, 1, &word2);
        WRITE(word2, rows[i].before);
        woken = futex_two(&word, FUTEX_WAKE_OP, 1, 1, &word2,
                          (uint32_t)FUTEX_OP(rows[i].op, rows[i].argument, rows[i].compare, rows[i].with));
        CHECK_EQ(woken, rows[i].wakes);
        CHECK_EQ(word2, rows[i].after);
        if (!rows[i].wakes) {
            CHECK_EQ(futex(&word2, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
        }
        join_waiters(one, 1);
    }
}

static void *adder(void *argument)
{
    (void)argument;
    for (unsigned i = rounds(20000); i; i--) {
        CHECK_EQ(futex_two(&word, FUTEX_WAKE_OP, 0, 0, &word2, (uint32_t)FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)),
                 0);
    }
    return NULL;
}

/* The kernel's read-modify-write of user memory must be atomic against itself on other CPUs. */
static void wake_op_is_atomic(void)
{
    in_threads(THREADS, adder);
    CHECK_EQ(word2, THREADS * rounds(20000));
}

static void *half_adder(void *argument)
{
    if ((size_t)argument % 2) {
        return adder(argument);
    }
    for (unsigned i = rounds(20000); i; i--) {
        for (unsigned n = 0; n < 20; n++) {
            ADD(word2, 1);
        }
    }
    return NULL;
}

/* And against the user's own LDREX and STREX. */
static void wake_op_beside_user_code(void)
{
    in_threads(THREADS, half_adder);
    CHECK_EQ(word2, THREADS / 2 * 21 * rounds(20000));
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

static void *signalled_main(void *argument)
{
    Waiter *w = argument;
    struct timespec long_time = { .tv_sec = 100 };

    WRITE(w->tid, thread_id());
    w->error = futex(&word, FUTEX_WAIT, 0, w->bits ? &long_time : NULL, NULL, 0) ? errno : 0;
    WRITE(w->done, 1);
    return NULL;
}

static void signals_interrupt(void)
{
    static const int flags[] = { 0, SA_RESTART };

    for (unsigned restart = 0; restart < 2; restart++) {
        for (unsigned timed = 0; timed < 2; timed++) {
            struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags[restart] };
            Waiter w = { .bits = timed };

            signals = 0;
            CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
            w.thread = start(signalled_main, &w);
            WAIT_UNTIL(READ(w.tid) && thread_state(w.tid) == 'S');
            CHECK_EQ(pthread_kill(w.thread, SIGUSR1), 0);
            WAIT_UNTIL(signals == 1);
            if (restart && !READ(w.done)) {
                WAIT_UNTIL(READ(w.done) || thread_state(w.tid) == 'S');
                futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0);
            }
            CHECK_EQ(pthread_join(w.thread, NULL), 0);
            /* With a timeout it would be continued by restart_syscall, which a handler prevents whatever its flags. */
            CHECK_EQ(w.error, restart && !timed ? 0 : EINTR);
        }
    }
}

/* Two processes that see one page at different addresses. */
static void shared_between_processes(void)
{
    int fd = memfd_create("futex", 0);
    uint32_t *mine, *other;
    pid_t child;

    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, 8192), 0);
    mine = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(mine != MAP_FAILED);
    child = fork();
    if (child == 0) {
        other = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK(other != MAP_FAILED && other != mine);
        for (unsigned turn = 0; turn < rounds(2000); turn++) {
            while (READ(other[0]) != 2 * turn + 1) {
                futex(other, FUTEX_WAIT, 2 * turn, NULL, NULL, 0);
            }
            WRITE(other[0], 2 * turn + 2);
            CHECK(futex(other, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0);
        }
        _exit(0);
    }
    for (unsigned turn = 0; turn < rounds(2000); turn++) {
        WRITE(mine[0], 2 * turn + 1);
        CHECK(futex(mine, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0);
        while (READ(mine[0]) != 2 * turn + 2) {
            futex(mine, FUTEX_WAIT, 2 * turn + 1, NULL, NULL, 0);
        }
    }
    CHECK_EQ(child_status(child), 0);
}

/* A private futex of one process is not that of another at the same address. */
static void private_is_private(void)
{
    uint32_t *at = shared_memory(4096);
    struct timespec ms300 = { .tv_nsec = 300000000 };
    pid_t child = fork();

    if (child == 0) {
        long got = futex(at, FUTEX_WAIT_PRIVATE, 0, &ms300, NULL, 0);

        _exit(got == -1 && errno == ETIMEDOUT ? 0 : 1);
    }
    WAIT_UNTIL(thread_state(child) == 'S');
    CHECK_EQ(futex(at, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(at, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(child_status(child), 0);
}

/* 0: free, 1: taken, 2: taken and somebody may wait. */
static uint32_t lock_word;
static unsigned long guarded;

static void lock_take(void)
{
    uint32_t seen = 0;

    if (__atomic_compare_exchange_n(&lock_word, &seen, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return;
    }
    while (__atomic_exchange_n(&lock_word, 2, __ATOMIC_ACQUIRE)) {
        futex(&lock_word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    }
}

static void lock_give(void)
{
    if (__atomic_exchange_n(&lock_word, 0, __ATOMIC_RELEASE) == 2) {
        futex(&lock_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static void *locker(void *argument)
{
    (void)argument;
    for (unsigned i = rounds(50000); i; i--) {
        lock_take();
        guarded++;
        lock_give();
    }
    return NULL;
}

static void lock_of_futexes(void)
{
    in_threads(THREADS, locker);
    CHECK_EQ(guarded, THREADS * rounds(50000));
    CHECK_EQ(lock_word, 0);
    in_threads(4 * THREADS, locker);
    CHECK_EQ(guarded, 5 * THREADS * rounds(50000));
}

static uint32_t turn_word;

/* Thread n runs when the word is n modulo the number of threads: no wake-up may be lost. */
static void *ring_main(void *argument)
{
    uint32_t me = (uint32_t)(size_t)argument;

    for (uint32_t i = 0; i < rounds(3000); i++) {
        uint32_t want = i * THREADS + me, seen;

        while ((seen = READ(turn_word)) != want) {
            futex(&turn_word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        }
        WRITE(turn_word, want + 1);
        futex(&turn_word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0);
    }
    return NULL;
}

static void ring(void)
{
    in_threads(THREADS, ring_main);
    CHECK_EQ(turn_word, THREADS * rounds(3000));
}

/* The kernel's struct futex_waitv. */
typedef struct WaitOne {
    uint64_t value, address;
    uint32_t flags, reserved;
} WaitOne;

static uint32_t many[3];

static void *wake_second(void *argument)
{
    pid_t *sleeper = argument;

    WAIT_UNTIL(READ(*sleeper) && thread_state(READ(*sleeper)) == 'S');
    CHECK_EQ(futex(&many[1], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    return NULL;
}

static void several_at_once(void)
{
    enum { SIZE_U32 = 2 };
    WaitOne list[3];
    pthread_t thread;
    pid_t me = 0;
    long got;

    for (unsigned i = 0; i < 3; i++) {
        list[i] = (WaitOne){ .address = (uintptr_t)&many[i], .flags = SIZE_U32 | FUTEX_PRIVATE_FLAG };
    }
    list[2].value = 1;
    got = syscall(SYS_futex_waitv, list, 3, 0, NULL, 0);
    if (got == -1 && errno == ENOSYS) {
        skip_case("the kernel has no futex_waitv");
    }
    CHECK_EQ(got, -1);
    CHECK_EQ(errno, EAGAIN);
    list[2].value = 0;
    thread = start(wake_second, &me);
    WRITE(me, thread_id());
    CHECK_EQ(syscall(SYS_futex_waitv, list, 3, 0, NULL, 0), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static const Case cases[] = {
    { "what is refused", refusals },
    { "timeouts: relative, absolute, both clocks, never early", timeouts },
    { "as many are woken as asked for", wakes_as_many_as_asked },
    { "bit sets", bit_sets },
    { "requeue", requeue },
    { "requeue after comparison", cmp_requeue },
    { "WAKE_OP: operations and comparisons", wake_op },
    { "WAKE_OP is atomic between CPUs", wake_op_is_atomic },
    { "WAKE_OP is atomic beside user code", wake_op_beside_user_code },
    { "signals interrupt a wait or let it go on", signals_interrupt },
    { "processes meet in a shared page at different addresses", shared_between_processes },
    { "private futexes are private", private_is_private },
    { "a lock made of a futex, 4 and 16 threads", lock_of_futexes },
    { "a ring of threads", ring },
    { "waiting for several at once", several_at_once },
};

CHECK_MAIN("futex", cases)
