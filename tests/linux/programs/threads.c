/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of threads: creation, end, cancellation, their own data, signals to them, stacks, fork; and that what a
 * thread has in its registers, those of the VFP too, survives every switch and every signal handler. See check.h.
 */
#define _GNU_SOURCE
#include "check.h"

#include <limits.h>
#include <sys/time.h>

static void *give_back(void *argument)
{
    return argument;
}

static void *exit_with(void *argument)
{
    pthread_exit((char *)argument + 1);
}

static void *sleeps(void *argument)
{
    sleep(100);
    return argument;
}

static void ends(void)
{
    struct timespec at = after_ms(CLOCK_REALTIME, 20);
    pthread_t thread;
    pthread_attr_t attr;
    void *result;
    int flag = 0;

    CHECK_EQ(pthread_join(start(give_back, (void *)5), &result), 0);
    CHECK_EQ((long)result, 5);
    CHECK_EQ(pthread_join(start(exit_with, (void *)5), &result), 0);
    CHECK_EQ((long)result, 6);
    CHECK_EQ(pthread_join(pthread_self(), NULL), EDEADLK);
    thread = start(sleeps, NULL);
    CHECK_EQ(pthread_tryjoin_np(thread, NULL), EBUSY);
    CHECK_EQ(pthread_timedjoin_np(thread, NULL, &at), ETIMEDOUT);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), 0);
    CHECK_EQ(pthread_create(&thread, &attr, give_back, &flag), 0);
    CHECK_EQ(pthread_attr_destroy(&attr), 0);
}

static void *count_up(void *argument)
{
    ADD(*(unsigned *)argument, 1);
    return NULL;
}

/* Created detached: glibc's pthread_detach() reads a thread that may have ended and been freed meanwhile. */
static void many(void)
{
    unsigned count = 0, wanted = rounds(1000);
    pthread_attr_t detached;
    pthread_t thread;

    CHECK_EQ(pthread_attr_init(&detached), 0);
    CHECK_EQ(pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED), 0);
    for (unsigned i = 0; i < wanted; i++) {
        CHECK_EQ(pthread_join(start(count_up, &count), NULL), 0);
    }
    CHECK_EQ(count, wanted);
    for (unsigned i = 0; i < wanted; i++) {
        CHECK_EQ(pthread_create(&thread, &detached, count_up, &count), 0);
        while (i > READ(count) - wanted + 50) {
            sched_yield();
        }
    }
    WAIT_UNTIL(READ(count) == 2 * wanted);
}

static __thread unsigned own = 7;
static __thread unsigned char own_block[5000];
static pthread_key_t key, key_again;
static unsigned destroyed, destroyed_again;

static void destroy(void *value)
{
    CHECK((size_t)value >= 100);
    ADD(destroyed, 1);
}

/* Sets the value anew: it is called again, at least as often as the standard promises. */
static void destroy_again(void *value)
{
    ADD(destroyed_again, 1);
    CHECK_EQ(pthread_setspecific(key_again, value), 0);
}

static void *own_data(void *argument)
{
    size_t me = (size_t)argument;

    CHECK_EQ(own, 7);
    CHECK(!pthread_getspecific(key));
    CHECK_EQ(pthread_setspecific(key, (void *)(100 + me)), 0);
    CHECK_EQ(pthread_setspecific(key_again, (void *)(1 + me)), 0);
    memset(own_block, (int)me, sizeof own_block);
    for (unsigned i = 0; i < rounds(2000); i++) {
        own += (unsigned)me;
        if (i % 16 == 0) {
            sched_yield();
        }
        CHECK_EQ(own, 7 + (i + 1) * me);
        CHECK_EQ(own_block[i % sizeof own_block], me);
        CHECK_EQ((size_t)pthread_getspecific(key), 100 + me);
    }
    return NULL;
}

static void own_data_of_threads(void)
{
    CHECK_EQ(pthread_key_create(&key, destroy), 0);
    CHECK_EQ(pthread_key_create(&key_again, destroy_again), 0);
    in_threads(2 * THREADS, own_data);
    CHECK_EQ(destroyed, 2 * THREADS);
    CHECK_EQ(destroyed_again, 2 * THREADS * PTHREAD_DESTRUCTOR_ITERATIONS);
    CHECK_EQ(own, 7);
    CHECK_EQ(pthread_key_delete(key), 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ready, pipe_ends[2];
static char order[8];

static void note(void *letter)
{
    size_t n = strlen(order);

    order[n] = *(char *)letter;
}

static void unlock(void *m)
{
    /* A cancelled wait has taken the mutex again. */
    CHECK_EQ(pthread_mutex_trylock(m), EBUSY);
    CHECK_EQ(pthread_mutex_unlock(m), 0);
}

static void *in_sleep(void *argument)
{
    pthread_cleanup_push(note, "a");
    pthread_cleanup_push(note, "b");
    WRITE(ready, 1);
    sleep(100);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return argument;
}

static void *in_read(void *argument)
{
    char byte;

    WRITE(ready, 1);
    CHECK(read(pipe_ends[0], &byte, 1) < 0);
    return argument;
}

static void *in_cond(void *argument)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    WRITE(ready, 1);
    for (;;) {
        pthread_cond_wait(&cond, &mutex);
    }
    pthread_cleanup_pop(0);
    return argument;
}

static void *in_loop(void *argument)
{
    (void)argument;
    CHECK_EQ(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL), 0);
    WRITE(ready, 1);
    for (volatile bool go = true; go;) {
    }
    return NULL;
}

static void *refusing(void *argument)
{
    CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL), 0);
    WRITE(ready, 1);
    sleep_ms(50);
    pthread_testcancel();
    WRITE(ready, 2);
    CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL), 0);
    pthread_testcancel();
    WRITE(ready, 3);
    return argument;
}

static void cancellation(void)
{
    static void *(*const fns[])(void *) = { in_sleep, in_read, in_cond, in_loop, refusing };

    CHECK_EQ(pipe(pipe_ends), 0);
    for (unsigned turn = 0; turn < 5; turn++) {
        for (unsigned i = 0; i < sizeof fns / sizeof fns[0]; i++) {
            pthread_t thread;
            void *result;

            ready = 0;
            thread = start(fns[i], NULL);
            WAIT_UNTIL(READ(ready));
            if (turn % 2) {
                sleep_ms(5);
            }
            CHECK_EQ(pthread_cancel(thread), 0);
            CHECK_EQ(pthread_join(thread, &result), 0);
            CHECK(result == PTHREAD_CANCELED);
            if (fns[i] == refusing) {
                CHECK_EQ(ready, 2);
            }
            if (fns[i] == in_sleep) {
                CHECK(strcmp(order, "ba") == 0);
                memset(order, 0, sizeof order);
            }
        }
    }
    CHECK_EQ(pthread_mutex_trylock(&mutex), 0);
}

static __thread volatile sig_atomic_t got;
static __thread unsigned expected;

static void on_signal(int number)
{
    (void)number;
    got++;
}

static pthread_t targets[THREADS];
static unsigned acknowledged[THREADS], stop;

static void *signalled(void *argument)
{
    size_t me = (size_t)argument;

    WRITE(acknowledged[me], 1);
    while (!READ(stop)) {
        WRITE(acknowledged[me], 1 + (unsigned)got);
    }
    return (void *)(size_t)got;
}

static void signals_to_threads(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        targets[i] = start(signalled, (void *)i);
        WAIT_UNTIL(READ(acknowledged[i]));
    }
    for (unsigned n = 1; n <= rounds(50); n++) {
        for (size_t i = 0; i < THREADS; i++) {
            CHECK_EQ(pthread_kill(targets[i], SIGUSR1), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            while (READ(acknowledged[i]) != 1 + n) {
                sched_yield();
            }
        }
    }
    WRITE(stop, 1);
    for (size_t i = 0; i < THREADS; i++) {
        void *result;

        CHECK_EQ(pthread_join(targets[i], &result), 0);
        CHECK_EQ((size_t)result, rounds(50));
    }
    CHECK_EQ(got, 0);
}

static void *waits_for_signal(void *argument)
{
    int number;

    CHECK_EQ(sigwait(argument, &number), 0);
    return (void *)(size_t)number;
}

static void blocked_signals(void)
{
    struct timespec none = { 0 };
    sigset_t set, pending;
    pthread_t thread;
    siginfo_t info;
    void *result;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGRTMIN);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    thread = start(waits_for_signal, &set);
    CHECK_EQ(pthread_kill(thread, SIGUSR2), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((long)result, SIGUSR2);
    /* Real-time signals queue, with a value each. */
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }), 0);
    }
    CHECK_EQ(sigpending(&pending), 0);
    CHECK(sigismember(&pending, SIGRTMIN));
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(sigtimedwait(&set, &info, &none), SIGRTMIN);
        CHECK_EQ(info.si_value.sival_int, i);
    }
    CHECK_EQ(sigtimedwait(&set, &info, &none), -1);
}

/* Sixteen numbers that the compiler keeps in VFP registers over the loop; false if one changed. */
static bool numbers_stay(double start_value, unsigned turns)
{
    double a[16], b[16];

    for (unsigned i = 0; i < 16; i++) {
        a[i] = b[i] = start_value + i;
    }
    for (unsigned t = 0; t < turns; t++) {
        for (unsigned i = 0; i < 16; i++) {
            a[i] = a[i] * 1.0625 - start_value;
            b[i] = b[i] * 1.0625 - start_value;
        }
    }
    return memcmp(a, b, sizeof a) == 0 && a[15] != a[0];
}

static double once_alone[2 * THREADS];

static double series(unsigned seed)
{
    double sum = 0, x = 1.0 + seed / 16.0;

    for (unsigned i = 1; i < 4000; i++) {
        x = x * 1.0009765625 + 0.125 / i;
        sum += x / (i + seed);
        if (x > 1000) {
            x -= 999.5;
        }
    }
    return sum;
}

static void disturb(int number)
{
    double mine = 1e6 + number;

    /* Less than the timer's interval, in an interpreter, too: else the next signal is there when the handler ends. */
    for (unsigned i = 0; i < 2; i++) {
        mine = mine / 3 + series(i % 2);
    }
    CHECK(mine > 0);
    got++;
}

static void *computes(void *argument)
{
    size_t me = (size_t)argument;

    for (unsigned i = rounds(100); i; i--) {
        double again = series((unsigned)me);

        CHECK(memcmp(&again, &once_alone[me], sizeof again) == 0);
        CHECK(numbers_stay(3.0 + (double)me, 200));
        if (i % 4 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* More threads than CPUs, a timer's signal whose handler computes, too: every result as if alone. */
static void floating_point(void)
{
    struct sigaction action = { .sa_handler = disturb, .sa_flags = SA_RESTART };
    struct itimerval timer = { .it_interval.tv_usec = 10000, .it_value.tv_usec = 10000 };

    for (unsigned i = 0; i < 2 * THREADS; i++) {
        once_alone[i] = series(i);
    }
    CHECK_EQ(sigaction(SIGVTALRM, &action, NULL), 0);
    CHECK_EQ(setitimer(ITIMER_VIRTUAL, &timer, NULL), 0);
    in_threads(2 * THREADS, computes);
}

static unsigned counted;

static void count_in_handler(int number)
{
    (void)number;
    ADD(counted, 1);
    ADD(expected, 1);
}

static void *counts(void *argument)
{
    sigset_t signals;

    (void)argument;
    for (unsigned i = rounds(100000); i; i--) {
        ADD(counted, 1);
    }
    /* What comes from here on must not count. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return (void *)(size_t)expected;
}

/* A handler between LDREX and STREX does an exclusive of its own: neither addition is lost. */
static void exclusives_and_signals(void)
{
    struct sigaction action = { .sa_handler = count_in_handler, .sa_flags = SA_RESTART };
    pthread_t threads[THREADS];
    unsigned by_handler = 0;

    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = start(counts, NULL);
    }
    for (unsigned n = 0; n < rounds(300); n++) {
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_kill(threads[i], SIGUSR1);
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *result;

        CHECK_EQ(pthread_join(threads[i], &result), 0);
        by_handler += (unsigned)(size_t)result;
    }
    CHECK_EQ(counted, THREADS * rounds(100000) + by_handler);
}

static unsigned dive(unsigned depth)
{
    volatile char block[1024];

    block[depth % sizeof block] = 1;
    return depth ? dive(depth - 1) + (unsigned)block[depth % sizeof block] : 0;
}

static void *overflows(void *argument)
{
    (void)argument;
    dive(1000000);
    return NULL;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    _exit(info->si_code == SEGV_ACCERR || info->si_code == SEGV_MAPERR ? 42 : 43);
}

static void *small_stack(void *argument)
{
    (void)argument;
    CHECK_EQ(dive(100), 100);
    return NULL;
}

static void stacks(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    pthread_attr_t attr;
    pthread_t thread;
    pid_t child;

    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setstacksize(&attr, 256 * 1024), 0);
    CHECK_EQ(pthread_create(&thread, &attr, small_stack, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    /* Beyond the guard page is a fault, on another stack a handler can run. */
    child = fork();
    if (child == 0) {
        static char other[65536];
        stack_t alternate = { .ss_sp = other, .ss_size = sizeof other };

        CHECK_EQ(sigaltstack(&alternate, NULL), 0);
        CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
        overflows(NULL);
    }
    CHECK_EQ(child_status(child), 42);
    child = fork();
    if (child == 0) {
        in_threads(1, overflows);
        _exit(0);
    }
    CHECK_EQ(child_status(child), -SIGSEGV);
}

static unsigned prepared, in_parent, in_child;

static void prepare(void)
{
    pthread_mutex_lock(&mutex);
    prepared++;
}

static void parent(void)
{
    in_parent++;
    pthread_mutex_unlock(&mutex);
}

static void child_handler(void)
{
    in_child++;
    pthread_mutex_unlock(&mutex);
}

static void *busy_with_mutex(void *argument)
{
    (void)argument;
    while (!READ(stop)) {
        pthread_mutex_lock(&mutex);
        free(malloc(100));
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void forks(void)
{
    pthread_t threads[2];

    CHECK_EQ(pthread_atfork(prepare, parent, child_handler), 0);
    for (unsigned i = 0; i < 2; i++) {
        threads[i] = start(busy_with_mutex, NULL);
    }
    for (unsigned i = 0; i < rounds(100); i++) {
        pid_t child = fork();

        if (child == 0) {
            /* Alone, and with a mutex that works. */
            pthread_mutex_lock(&mutex);
            free(malloc(1000));
            _exit(in_child == 1 ? 0 : 1);
        }
        CHECK_EQ(child_status(child), 0);
    }
    WRITE(stop, 1);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    CHECK_EQ(prepared, rounds(100));
    CHECK_EQ(in_parent, rounds(100));
}

static const Case cases[] = {
    { "ends: results, detached, joined in time or not", ends },
    { "a thousand threads, joined and detached", many },
    { "data of their own, destructors", own_data_of_threads },
    { "cancellation: deferred, asynchronous, refused; clean-up", cancellation },
    { "signals to threads", signals_to_threads },
    { "blocked and queued signals", blocked_signals },
    { "floating point across switches and signals", floating_point },
    { "exclusives across signals", exclusives_and_signals },
    { "stacks and their guard", stacks },
    { "fork with threads", forks },
};

CHECK_MAIN("threads", cases)
