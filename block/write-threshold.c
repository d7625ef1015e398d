/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Borders of writing: how it is told that one was crossed. */
#include <glib.h>
#include "block/block.h"
#include "block/write-threshold.h"
#include "qemu/io-loop.h"

static BlockThresholdListener listener;         /* constant once the main loop runs */

void blk_set_threshold_listener(BlockThresholdListener fn)
{
    listener = fn;
}

void write_threshold_set(WriteThreshold *t, const char *node, uint64_t limit)
{
    t->node = g_intern_string(node);
    __atomic_store_n(&t->limit, limit, __ATOMIC_RELEASE);
}

uint64_t write_threshold_limit(const WriteThreshold *t)
{
    return __atomic_load_n(&t->limit, __ATOMIC_RELAXED);
}

uint64_t write_threshold_highest(const WriteThreshold *t)
{
    return __atomic_load_n(&t->highest, __ATOMIC_RELAXED);
}

typedef struct Crossing {
    IOWork work;
    const char *node;
    uint64_t limit, exceeded;
} Crossing;

static void tell(void *opaque)
{
    Crossing *c = opaque;

    if (listener) {
        listener(c->node, c->limit, c->exceeded);
    }
    g_free(c);
}

void write_threshold_crossed(WriteThreshold *t, uint64_t limit, uint64_t end)
{
    const char *node = t->node;
    Crossing *c;

    /* Writers race to be the one that tells. */
    if (__atomic_compare_exchange_n(&t->limit, &limit, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        c = g_new0(Crossing, 1);
        c->work = (IOWork) { .fn = tell, .opaque = c, .outside = true };
        c->node = node;
        c->limit = limit;
        c->exceeded = end - limit;
        io_post(&c->work);
    }
}
