/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 32-bit down-counter on virtual time, the heart of the SP804 and of the MPCore's private timers.
 *
 * The counter is not stepped: its value follows from a starting point and the time since then. Its owner changes it
 * under the device's lock; anyone may read its value without one (a sequence count protects the fields), because guests
 * read counters as clocks from all CPUs at once.
 */
#ifndef HW_TIMER_DOWNCOUNTER_H
#define HW_TIMER_DOWNCOUNTER_H
#include <stdbool.h>
#include <stdint.h>

#define DOWNCOUNTER_NEVER INT64_MAX
enum { DOWNCOUNTER_TICK_MAX = 2560000 };

typedef enum DownCounterMode {
    DOWNCOUNTER_STOPPED,
    DOWNCOUNTER_ONE_SHOT,       /* stays at 0 */
    DOWNCOUNTER_PERIODIC,       /* restarts from `reload` */
} DownCounterMode;

/* What the counter does from now on. */
typedef struct DownCounterSetup {
    DownCounterMode mode;
    uint32_t count;             /* value now */
    uint32_t reload;
    /*
     * Is 0 a state of its own, so that a period is reload + 1 ticks (private timers, free-running SP804)? Otherwise the
     * period is reload ticks (periodic SP804).
     */
    bool zero_lasts;
    bool zero_fires;            /* starting at 0 is itself an expiry */
    uint32_t tick_ns;           /* length of a tick, 1..DOWNCOUNTER_TICK_MAX */
} DownCounterSetup;

typedef struct DownCounter {
    uint32_t seq;               /* odd while the fields change; atomic */
    DownCounterSetup setup;     /* lock: the owner's to write; fields are atomic */
    int64_t start_ns;           /* virtual time at which it had setup.count; same */
} DownCounter;

/* Fields of a counter called `counter` in each struct of an array, for the owner's list (hw/device.h). */
#define DOWNCOUNTER_FIELDS(type, a) \
    DEVICE_EACH(type, a, counter.setup.mode), DEVICE_EACH(type, a, counter.setup.count), \
    DEVICE_EACH(type, a, counter.setup.reload), DEVICE_EACH(type, a, counter.setup.zero_lasts), \
    DEVICE_EACH(type, a, counter.setup.zero_fires), DEVICE_EACH(type, a, counter.setup.tick_ns), \
    DEVICE_EACH(type, a, counter.start_ns)
/* Owner: the fields were loaded, with all CPUs stopped. */
void downcounter_post_load(DownCounter *d);
/* Owner, with its lock held: (re)start from SETUP at virtual time NOW_NS. */
void downcounter_set(DownCounter *d, const DownCounterSetup *setup, int64_t now_ns);
/* Any thread, no lock. */
uint32_t downcounter_value(const DownCounter *d, int64_t now_ns);
/* Owner, with its lock held: the first expiry later than AFTER_NS, or DOWNCOUNTER_NEVER. */
int64_t downcounter_next_expiry(const DownCounter *d, int64_t after_ns);
#endif
