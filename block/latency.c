/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the requests of a disk take, as histograms that a manager asks for. Without one it costs a look. */
#include <string.h>
#include "block/backend-internal.h"

static BlockLatencyKind kind_of(BlockOp op)
{
    return op == BLOCK_READ ? BLOCK_LATENCY_READ : op == BLOCK_WRITE || op == BLOCK_WRITE_ZEROES ? BLOCK_LATENCY_WRITE
           : op == BLOCK_FLUSH ? BLOCK_LATENCY_FLUSH : BLOCK_LATENCIES;
}

void blk_note_latency(BlockBackend *blk, BlockOp op, uint64_t ns)
{
    const BlockLatencyKind kind = kind_of(op);
    BlockHistogram *h;
    unsigned bin = 0;

    if (kind == BLOCK_LATENCIES || !__atomic_load_n(&blk->histogram[kind], __ATOMIC_RELAXED)) {
        return;
    }
    pthread_mutex_lock(&blk->lock);
    h = blk->histogram[kind];
    while (h && bin < h->count && ns >= h->boundaries[bin]) {
        bin++;
    }
    if (h) {
        h->bins[bin]++;
    }
    pthread_mutex_unlock(&blk->lock);
}

static BlockHistogram *histogram_new(const uint64_t *boundaries, unsigned count)
{
    BlockHistogram *h = g_new0(BlockHistogram, 1);

    h->count = count;
    h->boundaries = g_memdup2(boundaries, count * sizeof(*boundaries));
    h->bins = g_new0(uint64_t, count + 1);
    return h;
}

void blk_histogram_free(BlockHistogram *h)
{
    if (h) {
        g_free(h->boundaries);
        g_free(h->bins);
        g_free(h);
    }
}

void blk_set_histogram(BlockBackend *blk, BlockLatencyKind kind, const uint64_t *boundaries, unsigned count)
{
    BlockHistogram *h = count ? histogram_new(boundaries, count) : NULL, *old;

    pthread_mutex_lock(&blk->lock);
    old = blk->histogram[kind];
    __atomic_store_n(&blk->histogram[kind], h, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&blk->lock);
    blk_histogram_free(old);
}

BlockHistogram *blk_histogram(BlockBackend *blk, BlockLatencyKind kind)
{
    BlockHistogram *copy = NULL;
    const BlockHistogram *h;

    pthread_mutex_lock(&blk->lock);
    h = blk->histogram[kind];
    if (h) {
        copy = histogram_new(h->boundaries, h->count);
        memcpy(copy->bins, h->bins, (h->count + 1) * sizeof(*h->bins));
    }
    pthread_mutex_unlock(&blk->lock);
    return copy;
}
