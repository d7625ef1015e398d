/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time and timers: order, re-arming, deletion, pause, arming from other threads. TAP output. */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "qemu/timer.h"
#include "tests/unit/tap.h"

enum { MS = 1000000, THREADS = 4, ROUNDS = 500, MANY = 1000 };

QTimer *test_timers[2 * MANY];          /* timers are never freed; keep them in sight of leak checkers */

static QTimer *new_timer(QTimerCB cb, void *opaque)
{
    static uint32_t count;
    QTimer *t = timer_new(cb, opaque);

    test_timers[__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED)] = t;
    return t;
}

/*
 * Nothing here is true only if the host is fast: what has to happen is waited for, for so long, and what must not is
 * not due in the time of a test.
 */
enum { PATIENCE_MS = 60000, NEVER_MS = 3600000 };

static void run_loop_ms(int ms)
{
    int64_t end = g_get_monotonic_time() + ms * 1000;

    while (g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(NULL, FALSE)) {
            usleep(200);
        }
    }
}

static int fired[MANY], fired_count;
static int64_t fired_at;

static int fired_so_far(void)
{
    return fired_count;
}

/* Run the main loop until COUNT() is at least LEAST, and once more: for what must not come as well. */
static void run_loop_until(int (*count)(void), int least)
{
    int64_t end = g_get_monotonic_time() + PATIENCE_MS * 1000ll;

    while (count() < least && g_get_monotonic_time() < end) {
        run_loop_ms(1);
    }
    run_loop_ms(1);
}

static void record(void *opaque)
{
    fired_at = clock_virtual_ns();
    if (fired_count < MANY) {
        fired[fired_count] = (int)(intptr_t)opaque;
    }
    fired_count++;
}

static void test_clock(void)
{
    int64_t a = clock_virtual_ns(), b, c;

    tap_case(a == 0, "the clock stands at 0 before the machine starts");
    clock_virtual_pause(false);
    int64_t host = g_get_monotonic_time();
    a = clock_virtual_ns();
    usleep(20000);
    b = clock_virtual_ns();
    host = (g_get_monotonic_time() - host) * 1000;
    tap_case(b - a >= 20 * MS && b - a <= host + MS, "the clock runs with the host's");
    clock_virtual_pause(true);
    b = clock_virtual_ns();
    usleep(20000);
    tap_case(clock_virtual_ns() == b, "it stands still while paused");
    clock_virtual_pause(true);
    tap_case(clock_virtual_ns() == b, "pausing twice changes nothing");
    usleep(20000);
    host = g_get_monotonic_time();
    clock_virtual_pause(false);
    c = clock_virtual_ns();
    host = (g_get_monotonic_time() - host) * 1000;
    tap_case(c >= b && c - b <= host + MS, "it goes on where it stopped");
}

static void test_order(void)
{
    QTimer *t[5];
    int64_t now = clock_virtual_ns();
    static const int delay[5] = { 30, 10, 20, 10, 5 };

    fired_count = 0;
    for (int i = 0; i < 5; i++) {
        t[i] = new_timer(record, (void *)(intptr_t)i);
        timer_mod(t[i], now + delay[i] * (int64_t)MS);
    }
    timer_del(t[4]);
    run_loop_until(fired_so_far, 4);
    tap_case(fired_count == 4 && fired[0] == 1 && fired[1] == 3 && fired[2] == 2 && fired[3] == 0,
             "timers fire by time, then by arming order; a deleted one does not");
    fired_count = 0;
    timer_mod(t[0], clock_virtual_ns() + NEVER_MS * (int64_t)MS);
    timer_mod(t[0], clock_virtual_ns() + 5 * MS);
    run_loop_until(fired_so_far, 1);
    tap_case(fired_count == 1, "re-arming for an earlier time counts");
    fired_count = 0;
    timer_mod(t[0], clock_virtual_ns() + 5 * MS);
    timer_mod(t[0], clock_virtual_ns() + NEVER_MS * (int64_t)MS);
    run_loop_ms(20);
    tap_case(fired_count == 0, "re-arming for a later time counts");
    timer_del(t[0]);
    timer_mod(t[1], -5);
    run_loop_until(fired_so_far, 1);
    tap_case(fired_count == 1, "a time that has passed fires at once");
    timer_mod(t[2], INT64_MAX);
    run_loop_ms(5);
    tap_case(fired_count == 1, "the end of time does not come");
    timer_del(t[2]);
    timer_del(t[2]);
    now = clock_virtual_ns();
    timer_mod(t[3], now + 10 * MS);
    run_loop_until(fired_so_far, 2);
    tap_case(fired_count == 2 && fired_at >= now + 10 * MS, "no timer fires early");
}

static void test_pause(void)
{
    QTimer *t = new_timer(record, NULL);

    fired_count = 0;
    timer_mod(t, clock_virtual_ns() + 10 * MS);
    clock_virtual_pause(true);
    run_loop_ms(30);
    tap_case(fired_count == 0, "no timer fires while paused");
    timer_mod(t, clock_virtual_ns() + 2 * MS);
    clock_virtual_pause(false);
    run_loop_until(fired_so_far, 1);
    tap_case(fired_count == 1, "a timer armed while paused fires after the pause");
}

static QTimer *again;
static int again_count;
static int64_t again_when;

static void rearm(void *opaque)
{
    again_count++;
    timer_mod(again, again_when < 0 ? clock_virtual_ns() - 1 : again_when);
}

static int again_so_far(void)
{
    return again_count;
}

static void test_starvation(int64_t when, const char *name)
{
    QTimer *other = new_timer(record, NULL);

    again = new_timer(rearm, NULL);
    again_when = when;
    fired_count = again_count = 0;
    timer_mod(again, 0);
    timer_mod(other, clock_virtual_ns() + 2 * MS);
    run_loop_until(fired_so_far, 1);
    run_loop_until(again_so_far, 2);
    timer_del(again);
    tap_case(again_count > 1 && fired_count == 1, "%s", name);
}

static void test_many(void)
{
    static QTimer *t[MANY];
    static int64_t when[MANY];
    int64_t now = clock_virtual_ns();
    bool sorted = true;

    srand(1);
    fired_count = 0;
    for (int i = 0; i < MANY; i++) {
        t[i] = new_timer(record, (void *)(intptr_t)i);
    }
    for (int i = 0; i < 3 * MANY; i++) {
        int k = rand() % MANY;

        when[k] = now + rand() % (20 * MS);
        timer_mod(t[k], when[k]);
        if (rand() % 4 == 0) {
            k = rand() % MANY;
            timer_del(t[k]);
            when[k] = 0;
        }
    }
    int armed = 0;
    for (int i = 0; i < MANY; i++) {
        armed += when[i] != 0;
    }
    usleep(25000);
    run_loop_until(fired_so_far, armed);
    for (int i = 1; i < fired_count; i++) {
        sorted &= when[fired[i - 1]] <= when[fired[i]];
    }
    tap_case(fired_count == armed && sorted, "many timers, armed and deleted at random, fire once each and in order");
}

static int thread_fired;

static void thread_cb(void *opaque)
{
    __atomic_add_fetch(&thread_fired, 1, __ATOMIC_RELAXED);
}

static int threads_fired_so_far(void)
{
    return __atomic_load_n(&thread_fired, __ATOMIC_RELAXED);
}

static bool clock_went_back;

static void *arm_thread(void *opaque)
{
    QTimer *t = new_timer(thread_cb, NULL);
    int64_t last = 0;

    for (int i = 0; i < ROUNDS; i++) {
        int64_t now = clock_virtual_ns();

        if (now < last) {
            __atomic_store_n(&clock_went_back, true, __ATOMIC_RELAXED);
        }
        last = now;
        timer_mod(t, now + (i % 3) * 10000);
        if (i % 7 == 0) {
            timer_del(t);
        }
    }
    timer_mod(t, clock_virtual_ns() + MS);
    return NULL;
}

static void test_threads(void)
{
    pthread_t th[THREADS];
    int before;

    for (int i = 0; i < THREADS; i++) {
        pthread_create(&th[i], NULL, arm_thread, NULL);
    }
    for (int i = 0; i < 20; i++) {
        clock_virtual_pause(true);
        run_loop_ms(1);
        clock_virtual_pause(false);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(th[i], NULL);
    }
    before = threads_fired_so_far();
    run_loop_until(threads_fired_so_far, THREADS);
    tap_case(threads_fired_so_far() >= THREADS && threads_fired_so_far() >= before,
             "timers armed by other threads fire");
    tap_case(!clock_went_back, "no thread sees the clock go back, with pauses in between");
}

/* Nothing below runs the main loop: what fires does so because somebody was shown the time. */
static QTimer *line_timer;
static uint32_t line_fired, late_line;

static void raise_slowly(void *opaque)
{
    usleep(2000);
    __atomic_fetch_add(&line_fired, 1, __ATOMIC_SEQ_CST);
}

static void *show_clock(void *opaque)
{
    int64_t due = *(int64_t *)opaque;

    while (clock_shown_ns() < due) {
    }
    if (!__atomic_load_n(&line_fired, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&late_line, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void test_shown(void)
{
    pthread_t th[THREADS];

    line_timer = timer_new_line(raise_slowly, NULL);
    for (int round = 0; round < 20; round++) {
        int64_t due = clock_virtual_ns() + MS;

        line_fired = 0;
        timer_mod(line_timer, due);
        for (int i = 0; i < THREADS; i++) {
            pthread_create(&th[i], NULL, show_clock, &due);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(th[i], NULL);
        }
        if (line_fired != 1) {
            late_line = 1;
        }
    }
    tap_case(!late_line, "no thread is shown a time before its line timers have fired, each once");
    clock_was_shown = false;
    clock_virtual_ns();
    tap_case(!clock_was_shown, "time for the emulator's own use");
    clock_shown_ns();
    tap_case(clock_was_shown, "time for the guest is marked");
    line_fired = 0;
    timer_mod(line_timer, clock_virtual_ns() + MS);
    timer_del(line_timer);
    usleep(3000);
    clock_shown_ns();
    tap_case(line_fired == 0, "a line timer that was deleted does not fire");
    timer_mod(line_timer, clock_virtual_ns() + MS);
    for (int i = 0; i < 2000 && !line_fired; i++) {
        run_loop_ms(2);
    }
    tap_case(line_fired == 1, "without a reader the main loop fires it");
}

/* A line that its own callback arms again for the past, before all others, does not keep them from being raised. */
static QTimer *early_line;

static void rearm_for_the_past(void *opaque)
{
    timer_mod(early_line, 0);
}

static void test_shown_behind_the_past(void)
{
    int64_t due = clock_virtual_ns() + MS;

    early_line = timer_new_line(rearm_for_the_past, NULL);
    line_fired = 0;
    timer_mod(early_line, 0);
    timer_mod(line_timer, due);
    while (clock_shown_ns() < due) {
    }
    tap_case(line_fired == 1, "armed-for-the-past-in-front: a line behind it is raised before the time is shown");
    timer_del(early_line);
}

int main(void)
{
    test_clock();
    test_order();
    test_pause();
    test_starvation(-1, "a timer that is always due does not starve others");
    test_starvation(0, "armed-for-the-past-in-front: nor one that was always due before them");
    test_many();
    test_threads();
    test_shown();
    test_shown_behind_the_past();
    return tap_done();
}
