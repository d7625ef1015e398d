/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block back ends: waiting until nothing is under way, for as long as whoever asks can wait. */
#include <glib.h>
#include "block/backend-internal.h"

/* Without any ending in between: for what has to be sure; for a user who waits for an answer. */
enum { DRAIN_PATIENCE_MS = 5000, STOP_PATIENCE_MS = 500 };

bool blk_drain(BlockBackend *blk)
{
    return blk_drain_within(blk, DRAIN_PATIENCE_MS);
}

bool blk_drain_all(void)
{
    bool all = true;

    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        all = blk_drain(blk) && all;
    }
    return all;
}

static void flush_done(BlockRequest *flush, int error)
{
    g_free(flush);              /* an error comes again at the guest's next flush, or at the closing of the image */
}

void blk_settle_all(void)
{
    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        if (blk_drain_within(blk, STOP_PATIENCE_MS) && blk->image && !blk->image->readonly) {
            BlockRequest *flush = g_new0(BlockRequest, 1);

            *flush = (BlockRequest) { .op = BLOCK_FLUSH, .outside = true, .done = flush_done };
            blk_submit(blk, flush);
            blk_drain_within(blk, STOP_PATIENCE_MS);
        }
    }
}
