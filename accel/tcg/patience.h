/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a CPU that has nothing to do looks for work before it sleeps. To sleep and to be woken costs some 50 us in a
 * virtual machine; looking costs a host core. So a CPU looks for about the time that a sleep costs if its last wait was
 * short, and less and less after long ones: then it saves nothing.
 *
 * It does not look at all if guest CPUs that are awake outnumber the host's cores, for the one it waits for may need
 * this core; and if the host gave the core to somebody else meanwhile, it is not idle.
 */
#ifndef ACCEL_TCG_PATIENCE_H
#define ACCEL_TCG_PATIENCE_H
#include <stdbool.h>
#include <stdint.h>

enum {
    PATIENCE_MOST_NS = 50 * 1000,
    PATIENCE_LEAST_NS = 2 * 1000,       /* less is not worth the look at the clock */
    PATIENCE_SHORT_NS = 100 * 1000,     /* waits up to here: a sleep makes one of nothing so long */
    PATIENCE_LOST_NS = 20 * 1000,       /* a yield that takes longer gave the core to somebody */
};

/* After a wait of that many ns, sleep included; `lost`: the host's core was wanted by others. */
static inline uint32_t patience_after(uint32_t patience, uint64_t waited, bool lost)
{
    if (lost) {
        return 0;
    }
    if (waited <= PATIENCE_SHORT_NS) {
        return PATIENCE_MOST_NS;
    }
    return patience / 2 < PATIENCE_LEAST_NS ? 0 : patience / 2;
}
#endif
