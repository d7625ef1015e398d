/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots of block back ends: those of their images. */
#include <glib.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"

static const ImageSnapshotOps *ops(const BlockBackend *blk)
{
    return blk->image->ops->snapshots;
}

bool blk_has_snapshots(const BlockBackend *blk)
{
    return blk->image && ops(blk);
}

int blk_snapshot_list(BlockBackend *blk, BlockSnapshot **list, unsigned *count)
{
    return ops(blk)->list(blk->image, list, count);
}

void blk_snapshot_list_free(BlockSnapshot *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_free(list[i].id);
        g_free(list[i].name);
    }
    g_free(list);
}

int blk_snapshot_write_state(BlockBackend *blk, uint64_t offset, const void *buffer, size_t bytes)
{
    return ops(blk)->write_state(blk->image, offset, buffer, bytes);
}

int blk_snapshot_create(BlockBackend *blk, const BlockSnapshot *what)
{
    return ops(blk)->create(blk->image, what);
}

int blk_snapshot_read_state(BlockBackend *blk, const char *name, uint64_t offset, void *buffer, size_t bytes)
{
    return ops(blk)->read_state(blk->image, name, offset, buffer, bytes);
}

int blk_snapshot_revert(BlockBackend *blk, const char *name)
{
    block_bitmap_note(blk, 0, blk_bytes(blk));  /* all may be another's now */
    return ops(blk)->revert(blk->image, name);
}

int blk_snapshot_delete(BlockBackend *blk, const char *name)
{
    return ops(blk)->delete(blk->image, name);
}
