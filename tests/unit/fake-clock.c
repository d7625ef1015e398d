/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fake-clock.h. */
#include <limits.h>
#include <stdlib.h>
#include "fake-clock.h"
#include "qemu/timer.h"

enum { MAX_TIMERS = 256, START_NS = 1000 };

struct QTimer {
    QTimerCB cb;
    void *opaque;
    int64_t when;               /* INT64_MAX: not armed */
    bool line;
};
static struct QTimer timers[MAX_TIMERS];
static unsigned num_timers;
static int64_t now_ns = START_NS;      /* atomic, as are the timers' times: a test may read beside its device */
static void (*before_arming)(void);

#define GET(x)      __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define SET(x, v)   __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

int64_t clock_virtual_ns(void)
{
    return GET(now_ns);
}

_Thread_local bool clock_was_shown;

/* The timer that is due first, if one is due by `end`. */
static QTimer *first_due(int64_t end, bool lines_only)
{
    QTimer *first = NULL;

    for (unsigned i = 0; i < num_timers; i++) {
        int64_t when = GET(timers[i].when);

        if (when <= end && (timers[i].line || !lines_only) && (!first || when < GET(first->when))) {
            first = &timers[i];
        }
    }
    return first;
}

static void fire(QTimer *t)
{
    SET(t->when, INT64_MAX);
    t->cb(t->opaque);
}

int64_t clock_shown_ns(void)
{
    QTimer *t;

    while ((t = first_due(GET(now_ns), true))) {
        fire(t);
    }
    clock_was_shown = true;
    return GET(now_ns);
}

static QTimer *new_timer(QTimerCB cb, void *opaque, bool line)
{
    for (unsigned i = 0; i < num_timers; i++) {
        if (!timers[i].cb) {
            timers[i] = (struct QTimer) { cb, opaque, INT64_MAX, line };
            return &timers[i];
        }
    }
    if (num_timers == MAX_TIMERS) {
        abort();
    }
    timers[num_timers] = (struct QTimer) { cb, opaque, INT64_MAX, line };
    return &timers[num_timers++];
}

QTimer *timer_new(QTimerCB cb, void *opaque)
{
    return new_timer(cb, opaque, false);
}

QTimer *timer_new_line(QTimerCB cb, void *opaque)
{
    return new_timer(cb, opaque, true);
}

void timer_mod(QTimer *t, int64_t expire_ns)
{
    if (before_arming) {
        void (*hook)(void) = before_arming;

        before_arming = NULL;
        hook();
    }
    SET(t->when, expire_ns);
}

void timer_del(QTimer *t)
{
    SET(t->when, INT64_MAX);
}

void timer_free(QTimer *t)
{
    timer_del(t);
    t->cb = NULL;
}

void fake_clock_before_arming(void (*hook)(void))
{
    before_arming = hook;
}

void fake_clock_advance(int64_t ns, unsigned max_fires)
{
    int64_t end = GET(now_ns) + ns;
    QTimer *t;

    for (unsigned fires = 0; fires < max_fires && (t = first_due(end, false)); fires++) {
        SET(now_ns, GET(t->when) > GET(now_ns) ? GET(t->when) : GET(now_ns));
        fire(t);
    }
    SET(now_ns, end);
}

void fake_clock_set(int64_t ns)
{
    fake_clock_advance(ns - GET(now_ns), UINT_MAX);
}

void clock_virtual_set(int64_t ns)
{
    SET(now_ns, ns);
}

int fake_clock_armed(void)
{
    int n = 0;

    for (unsigned i = 0; i < num_timers; i++) {
        n += GET(timers[i].when) != INT64_MAX;
    }
    return n;
}

void fake_clock_reset(void)
{
    for (unsigned i = 0; i < num_timers; i++) {
        SET(timers[i].when, INT64_MAX);
    }
    SET(now_ns, START_NS);
}
