/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work posted to the I/O thread: from other threads, from signal handlers, from its own calls, before the loop. TAP. */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "qemu/io-loop.h"
#include "tests/unit/tap.h"

enum { WORKS = 8, THREADS = 3, ROUNDS = 100000 };

typedef struct Counter {
    IOWork work;
    uint64_t asked;             /* atomic: written before io_post() */
    uint64_t seen;              /* I/O thread */
    uint64_t calls;             /* I/O thread */
} Counter;

static Counter counters[THREADS + 1];
static int order[2 * WORKS], ordered;
static IOWork in_order[WORKS];
static int again;
static int stop_signals;        /* atomic */
static pthread_t io_thread;
static bool wrong_thread;

static void iterate_while(bool (*wanted)(void))
{
    gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    while (wanted() && g_get_monotonic_time() < end) {
        g_main_context_iteration(NULL, FALSE);
    }
}

static void note_order(void *opaque)
{
    order[ordered++ % (2 * WORKS)] = (int)((IOWork *)opaque - in_order);
}

static bool order_wanted(void)
{
    return ordered < WORKS;
}

static bool in_posted_order(void)
{
    bool good = ordered == WORKS;

    for (int i = 0; i < WORKS; i++) {
        good &= order[i] == i;
    }
    ordered = 0;
    return good;
}

static void post_in_order(void)
{
    for (int i = 0; i < WORKS; i++) {
        in_order[i].fn = note_order;
        in_order[i].opaque = &in_order[i];
        io_post(&in_order[i]);
        io_post(&in_order[0]);
    }
}

static void post_again(void *opaque)
{
    if (++again < 5) {
        io_post(opaque);
    }
}

static bool again_wanted(void)
{
    return again < 5;
}

static void count(void *opaque)
{
    Counter *c = opaque;

    wrong_thread |= !pthread_equal(pthread_self(), io_thread);
    c->seen = __atomic_load_n(&c->asked, __ATOMIC_SEQ_CST);
    c->calls++;
}

static void *post_often(void *opaque)
{
    Counter *c = opaque;

    for (int i = 0; i < ROUNDS; i++) {
        __atomic_add_fetch(&c->asked, 1, __ATOMIC_SEQ_CST);
        io_post(&c->work);
    }
    return NULL;
}

static void on_signal(int signo)
{
    Counter *c = &counters[THREADS];

    int saved_errno = errno;
    uint64_t asked = __atomic_add_fetch(&c->asked, 1, __ATOMIC_SEQ_CST);

    io_post(&c->work);
    errno = saved_errno;
    if (asked >= 200) {
        __atomic_store_n(&stop_signals, 1, __ATOMIC_SEQ_CST);
    }
}

static bool all_wanted(void)
{
    for (int i = 0; i < THREADS; i++) {
        if (counters[i].seen < ROUNDS) {
            return true;
        }
    }
    return counters[THREADS].seen < 200;
}

static void *send_signals(void *opaque)
{
    while (!__atomic_load_n(&stop_signals, __ATOMIC_SEQ_CST)) {
        pthread_kill(io_thread, SIGUSR1);
        g_usleep(100);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t t[THREADS + 1];
    bool good = true;

    signal(SIGUSR1, on_signal);
    for (int i = 0; i <= THREADS; i++) {
        counters[i].work = (IOWork) { .fn = count, .opaque = &counters[i] };
    }
    for (int i = 0; i <= THREADS; i++) {
        if (pthread_create(&t[i], NULL, i < THREADS ? post_often : send_signals, &counters[i])) {
            abort();
        }
    }
    iterate_while(all_wanted);
    __atomic_store_n(&stop_signals, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i <= THREADS; i++) {
        pthread_join(t[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        good &= counters[i].seen == ROUNDS && counters[i].calls <= ROUNDS;
    }
    tap_case(good, "what threads wrote before they posted is seen, in no more calls than posts");
    tap_case(counters[THREADS].seen >= 200, "the same from a signal handler that interrupts the I/O thread");
    tap_case(!wrong_thread, "all calls are made on the I/O thread");
}

static void quit(void *opaque)
{
    io_loop_quit();
}

int main(void)
{
    IOWork repeated = { .fn = post_again, .opaque = &repeated }, last = { .fn = quit };

    io_thread = pthread_self();
    post_in_order();
    io_loop_init();
    iterate_while(order_wanted);
    tap_case(in_posted_order(), "what was posted before the loop runs, in order, once");
    post_in_order();
    iterate_while(order_wanted);
    tap_case(in_posted_order(), "work runs in the order in which it was posted, once");
    io_post(&repeated);
    iterate_while(again_wanted);
    tap_case(again == 5, "work that posts itself runs again");
    test_threads();
    io_post(&last);
    io_loop_run();
    tap_case(true, "the loop runs until it is told to end");
    return tap_done();
}
