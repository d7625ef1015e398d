/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic of a down-counter, see the header. Values over time for count 3, reload 4:
 *
 *      tick            0 1 2 3 4 5 6 7 8 9
 *      zero lasts      3 2 1 0 4 3 2 1 0 4     expiries at ticks 3, 8, 13: when 0 is reached
 *      otherwise       3 2 1 4 3 2 1 4 3 2     expiries at ticks 3, 7, 11
 *      one-shot        3 2 1 0 0 0 0 0 0 0     expiry at tick 3
 */
#include <sched.h>
#include "hw/timer/downcounter.h"

/*
 * Field access that a reader and the writer may overlap. Releasing stores stay after the store that makes seq odd,
 * acquiring loads before the load that checks it; both are plain moves on x86.
 */
#define FIELD_GET(f)    __atomic_load_n(&(f), __ATOMIC_ACQUIRE)
#define FIELD_SET(f, v) __atomic_store_n(&(f), (v), __ATOMIC_RELEASE)

void downcounter_set(DownCounter *d, const DownCounterSetup *setup, int64_t now_ns)
{
    uint32_t seq = FIELD_GET(d->seq);

    FIELD_SET(d->seq, seq + 1);
    FIELD_SET(d->setup.mode, setup->mode);
    FIELD_SET(d->setup.count, setup->count);
    FIELD_SET(d->setup.reload, setup->reload);
    FIELD_SET(d->setup.zero_lasts, setup->zero_lasts);
    FIELD_SET(d->setup.zero_fires, setup->zero_fires);
    FIELD_SET(d->setup.tick_ns, setup->tick_ns ? setup->tick_ns : 1);
    FIELD_SET(d->start_ns, now_ns);
    FIELD_SET(d->seq, seq + 2);
}

void downcounter_post_load(DownCounter *d)
{
    const int64_t far = INT64_C(1) << 60;       /* sums with it stay in range */
    DownCounterSetup setup = d->setup;
    int64_t start = d->start_ns < -far ? -far : d->start_ns > far ? far : d->start_ns;

    if ((unsigned)setup.mode > DOWNCOUNTER_PERIODIC) {
        setup.mode = DOWNCOUNTER_STOPPED;
    }
    setup.tick_ns = setup.tick_ns > DOWNCOUNTER_TICK_MAX ? DOWNCOUNTER_TICK_MAX : setup.tick_ns;
    downcounter_set(d, &setup, start);
}

/* A consistent copy. */
static int64_t downcounter_snapshot(const DownCounter *d, DownCounterSetup *s)
{
    for (unsigned tries = 0;; tries++) {
        uint32_t seq = FIELD_GET(d->seq);

        if (!(seq & 1)) {
            s->mode = FIELD_GET(d->setup.mode);
            s->count = FIELD_GET(d->setup.count);
            s->reload = FIELD_GET(d->setup.reload);
            s->zero_lasts = FIELD_GET(d->setup.zero_lasts);
            s->zero_fires = FIELD_GET(d->setup.zero_fires);
            s->tick_ns = FIELD_GET(d->setup.tick_ns);
            int64_t start_ns = FIELD_GET(d->start_ns);

            if (FIELD_GET(d->seq) == seq) {
                return start_ns;
            }
        }
        if (tries >= 100) {
            sched_yield();      /* the writer was preempted in its few stores */
        }
    }
}

static uint64_t downcounter_period(const DownCounterSetup *s)
{
    uint64_t period = (uint64_t)s->reload + s->zero_lasts;

    return period ? period : 1;
}

uint32_t downcounter_value(const DownCounter *d, int64_t now_ns)
{
    DownCounterSetup s;
    int64_t start_ns = downcounter_snapshot(d, &s);

    if (s.mode == DOWNCOUNTER_STOPPED || now_ns <= start_ns) {
        return s.count;
    }
    uint64_t ticks = (uint64_t)(now_ns - start_ns) / s.tick_ns;
    uint64_t first_reload = (uint64_t)s.count + s.zero_lasts;

    if (s.mode == DOWNCOUNTER_ONE_SHOT) {
        return ticks >= s.count ? 0 : s.count - (uint32_t)ticks;
    }
    if (ticks < first_reload) {
        return s.count - (uint32_t)ticks;
    }
    return s.reload - (uint32_t)((ticks - first_reload) % downcounter_period(&s));
}

int64_t downcounter_next_expiry(const DownCounter *d, int64_t after_ns)
{
    DownCounterSetup s;
    int64_t start_ns = downcounter_snapshot(d, &s);
    uint64_t first, ticks, period = downcounter_period(&s);

    if (s.mode == DOWNCOUNTER_STOPPED) {
        return DOWNCOUNTER_NEVER;
    }
    first = s.count;
    if (!s.count && !s.zero_fires) {
        if (s.mode == DOWNCOUNTER_ONE_SHOT) {
            return DOWNCOUNTER_NEVER;
        }
        first = period;
    }
    if (after_ns < start_ns) {
        return start_ns + (int64_t)(first * s.tick_ns);
    }
    ticks = (uint64_t)(after_ns - start_ns) / s.tick_ns;
    if (ticks < first) {
        return start_ns + (int64_t)(first * s.tick_ns);
    }
    if (s.mode == DOWNCOUNTER_ONE_SHOT) {
        return DOWNCOUNTER_NEVER;
    }
    first += ((ticks - first) / period + 1) * period;
    return start_ns + (int64_t)(first * s.tick_ns);
}
