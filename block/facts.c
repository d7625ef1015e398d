/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitor tells of a disk and its images besides their size: space on the host, the format's details, errors
 * that the machine waits for. I/O thread.
 */
#include <glib.h>
#include <sys/stat.h>
#include "block/backend-internal.h"
#include "block/host-file.h"
#include "block/job.h"

static void find_facts(const Image *image, ImageFacts *facts)
{
    struct stat st;

    *facts = (ImageFacts) { .host_bytes = -1 };
    if (!stat(image->path, &st)) {
        facts->host_bytes = (int64_t)st.st_blocks * 512;
    }
    if (image->ops->facts) {
        image->ops->facts(image, facts);
    }
}

bool blk_image_facts(const BlockBackend *blk, unsigned n, ImageFacts *facts)
{
    const Image *image = blk_chain_image(blk, n);

    if (image) {
        find_facts(image, facts);
    }
    return image;
}

bool block_node_chain(const char *name, unsigned n, BlockChainInfo *info, ImageFacts *facts)
{
    Image *image = block_node_image(name);

    while (image && n--) {
        image = image_backing(image);
    }
    if (image) {
        *info = (BlockChainInfo) { .path = image->path, .format = image->ops->format, .bytes = image_bytes(image) };
        find_facts(image, facts);
    }
    return image;
}

uint64_t blk_highest_write(const BlockBackend *blk, unsigned n, bool file)
{
    Image *image = blk_chain_image(blk, n);

    return !image ? 0 : write_threshold_highest(file ? &image->ops->file(image)->threshold : &image->threshold);
}

int64_t blk_idle_ns(const BlockBackend *blk)
{
    const int64_t last = __atomic_load_n(&blk->last_end_us, __ATOMIC_RELAXED);

    return last ? MAX(g_get_monotonic_time() - last, 0) * 1000 : -1;
}

static bool may_stop(BlockErrorPolicy policy)
{
    return policy == BLOCK_ERROR_STOP || policy == BLOCK_ERROR_ENOSPC;
}

bool blk_io_status(const BlockBackend *blk, int *error)
{
    *error = blk->stalled_for;
    return may_stop(blk->options.on_write_error) || may_stop(blk->options.on_read_error);
}
