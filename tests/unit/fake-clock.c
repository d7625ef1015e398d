/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fake-clock.h. */
#include <stdlib.h>
#include "fake-clock.h"
#include "qemu/timer.h"

enum { MAX_TIMERS = 256, START_NS = 1000 };

struct QTimer {
    QTimerCB cb;
    void *opaque;
    int64_t when;               /* INT64_MAX: not armed */
};
static struct QTimer timers[MAX_TIMERS];
static unsigned num_timers;
static int64_t now_ns = START_NS;

int64_t clock_virtual_ns(void)
{
    return now_ns;
}

QTimer *timer_new(QTimerCB cb, void *opaque)
{
    if (num_timers == MAX_TIMERS) {
        abort();
    }
    timers[num_timers] = (struct QTimer) { cb, opaque, INT64_MAX };
    return &timers[num_timers++];
}

void timer_mod(QTimer *t, int64_t expire_ns)
{
    t->when = expire_ns;
}

void timer_del(QTimer *t)
{
    t->when = INT64_MAX;
}

/* The timer that is due first, if one is due by `end`. */
static QTimer *first_due(int64_t end)
{
    QTimer *first = NULL;

    for (unsigned i = 0; i < num_timers; i++) {
        if (timers[i].when <= end && (!first || timers[i].when < first->when)) {
            first = &timers[i];
        }
    }
    return first;
}

void fake_clock_advance(int64_t ns, unsigned max_fires)
{
    int64_t end = now_ns + ns;
    QTimer *t;

    for (unsigned fires = 0; fires < max_fires && (t = first_due(end)); fires++) {
        now_ns = t->when > now_ns ? t->when : now_ns;
        t->when = INT64_MAX;
        t->cb(t->opaque);
    }
    now_ns = end;
}

int fake_clock_armed(void)
{
    int n = 0;

    for (unsigned i = 0; i < num_timers; i++) {
        n += timers[i].when != INT64_MAX;
    }
    return n;
}

void fake_clock_reset(void)
{
    for (unsigned i = 0; i < num_timers; i++) {
        timers[i].when = INT64_MAX;
    }
    now_ns = START_NS;
}
