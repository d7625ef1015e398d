/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request of a block back end, carried out on its image: by a thread of the back end's pool (backend.c), which waits
 * for the host meanwhile. Takes no lock: the image stays while a request is under way.
 */
#include <errno.h>
#include <string.h>
#include "block/backend-internal.h"

static bool is_zero(const uint8_t *p, uint64_t bytes)
{
    return !p[0] && !memcmp(p, p + 1, bytes - 1);
}

static int write_data(BlockBackend *blk, const BlockRequest *r)
{
    BlockDetectZeroes detect = blk->options.detect_zeroes;

    if (detect != DETECT_ZEROES_OFF && r->bytes && is_zero(r->buffer, r->bytes)) {
        return image_write_zeroes(blk->image, r->offset, r->bytes, detect == DETECT_ZEROES_UNMAP);
    }
    return image_write(blk->image, r->offset, r->buffer, r->bytes);
}

static int commit(BlockBackend *blk, BlockRequest *r)
{
    if (!blk->image->ops->commit) {
        r->problem = g_strdup_printf("'%s': a %s image has none behind it", blk->path, blk_format(blk));
        return -ENOTSUP;
    }
    return blk->image->ops->commit(blk->image, &r->problem);
}

static int resize(BlockBackend *blk, BlockRequest *r)
{
    int ret = r->bytes < blk_bytes(blk) ? -EINVAL : image_resize(blk->image, r->bytes);

    if (ret) {
        r->problem = g_strdup_printf("'%s': %s (qemu-img resize works on an image that nobody uses)", blk->path,
                                     ret == -EINVAL ? "a shorter disk would lose data" : strerror(-ret));
    } else {
        __atomic_store_n(&blk->bytes, image_bytes(blk->image), __ATOMIC_RELAXED);
    }
    return ret;
}

int blk_carry_out(BlockBackend *blk, BlockRequest *r)
{
    int ret = 0;

    if (!blk->image) {
        return -ENOMEDIUM;
    }
    if (blk->inactive && (r->op == BLOCK_COMMIT || r->op == BLOCK_RESIZE)) {
        r->problem = g_strdup_printf("'%s' is another emulator's ('cont' takes it back)", blk->path);
        return -EBUSY;
    }
    switch (r->op) {
    case BLOCK_READ:
        return image_read(blk->image, r->offset, r->buffer, r->bytes);
    case BLOCK_WRITE:
        ret = write_data(blk, r);
        break;
    case BLOCK_WRITE_ZEROES:
        ret = image_write_zeroes(blk->image, r->offset, r->bytes, blk->options.discard);
        break;
    case BLOCK_DISCARD:
        return blk->options.discard ? image_write_zeroes(blk->image, r->offset, r->bytes, true) : 0;
    case BLOCK_FLUSH:
        return blk->options.no_flush || blk_readonly(blk) ? 0 : image_flush(blk->image);
    case BLOCK_COMMIT:
        return commit(blk, r);
    case BLOCK_RESIZE:
        return resize(blk, r);
    case BLOCK_EXTENT:
        ret = image_extent(blk->image, r->offset, r->bytes, &r->extent_bytes);
        r->extent = ret > 0 ? (unsigned)ret : 0;
        return ret < 0 ? ret : 0;
    }
    return ret || !blk->options.write_through ? ret : image_flush(blk->image);
}
