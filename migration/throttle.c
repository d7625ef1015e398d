/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUs that store faster than the state goes out are held for a part of the time (capability auto-converge): they run
 * for RUN_MS, and stand still for as long as the percentage says. Time in the machine goes on, as when the host is
 * busy. I/O thread.
 */
#include <glib.h>
#include "migration/internal.h"
#include "sysemu/cpus.h"

enum { RUN_MS = 10, HIGH_ROUNDS = 2 };

static struct {
    unsigned percent;           /* 0: off */
    unsigned high;              /* rounds since the last change in which more was stored to than is wanted */
    guint timer;                /* GLib's source that ends what is now; 0: none */
    bool held;                  /* the CPUs stand still because of this */
} throttle;

static gboolean turn(gpointer opaque)
{
    throttle.held = !throttle.held;
    if (throttle.held) {
        cpus_pause();
    } else {
        cpus_resume();
    }
    throttle.timer = g_timeout_add(throttle.held ? RUN_MS * throttle.percent / (100 - throttle.percent) : RUN_MS, turn,
                                   NULL);
    return G_SOURCE_REMOVE;
}

unsigned throttle_percent(void)
{
    return throttle.percent;
}

void throttle_off(void)
{
    if (throttle.timer) {
        g_source_remove(throttle.timer);
        throttle.timer = 0;
    }
    if (throttle.held) {
        throttle.held = false;
        cpus_resume();
    }
    throttle.percent = throttle.high = 0;
}

void throttle_round(uint64_t dirty_bytes, uint64_t sent_bytes)
{
    const MigrationParameters *p = &migration_parameters;

    if (!p->auto_converge || dirty_bytes * 100 <= sent_bytes * (uint64_t)p->throttle_trigger) {
        return;
    }
    if (++throttle.high < HIGH_ROUNDS) {
        return;
    }
    throttle.high = 0;
    throttle.percent = (unsigned)MIN(throttle.percent ? throttle.percent + p->throttle_increment : p->throttle_initial,
                                     p->throttle_max);
    if (!throttle.timer) {
        throttle.timer = g_timeout_add(RUN_MS, turn, NULL);
    }
}
