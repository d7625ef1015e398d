/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots of block back ends: those of their images. */
#include <glib.h>
#include <string.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "qemu/timer.h"

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

/* ---- of one disk, while the machine runs ---- */

/* NULL: it has, or can get, snapshots now; its requests are held. */
static char *hold_for_snapshot(BlockBackend *blk)
{
    char *problem = !blk_has_medium(blk) ? g_strdup_printf("Device '%s' has no medium", blk->id)
                    : blk->inactive ? g_strdup_printf("'%s': its image is another emulator's", blk->id)
                    : blk->job ? g_strdup_printf("'%s': a job is at work on it", blk->id)
                    : !ops(blk) ? g_strdup_printf("Block format '%s' used by device '%s' does not support internal "
                                                  "snapshots", blk_format(blk), blk->id)
                    : blk_readonly(blk) ? g_strdup_printf("Device '%s' is read only", blk->id) : NULL;

    if (!problem && !blk_hold(blk)) {
        problem = g_strdup_printf("'%s': the host does not answer", blk->path);
    }
    return problem;
}

/* By its id, its name, or both, as a copy (g_free() of id and name); false: there is none. */
static bool find(BlockBackend *blk, const char *id, const char *name, BlockSnapshot *found)
{
    BlockSnapshot *list;
    unsigned count;
    bool there = false;

    if (blk_snapshot_list(blk, &list, &count)) {
        return false;
    }
    for (unsigned i = 0; i < count && !there; i++) {
        there = (!id || !strcmp(list[i].id, id)) && (!name || !strcmp(list[i].name, name));
        if (there) {
            *found = list[i];
            found->id = g_strdup(list[i].id);
            found->name = g_strdup(list[i].name);
        }
    }
    blk_snapshot_list_free(list, count);
    return there;
}

static void forget(BlockSnapshot *s)
{
    g_clear_pointer(&s->id, g_free);
    g_clear_pointer(&s->name, g_free);
}

static char *failed(const BlockBackend *blk, const char *what, int ret)
{
    return ret ? g_strdup_printf("%s '%s': %s: %s", blk->id, blk->path, what, strerror(-ret)) : NULL;
}

char *blk_snapshot_inside(BlockBackend *blk, const char *name)
{
    const gint64 now = g_get_real_time();
    const BlockSnapshot what = {
        .name = (char *)(uintptr_t)name, .date_s = now / G_USEC_PER_SEC,
        .date_ns = (uint32_t)(now % G_USEC_PER_SEC) * 1000, .clock_ns = (uint64_t)clock_virtual_ns(),
    };
    BlockSnapshot old;
    char *problem = *name ? hold_for_snapshot(blk) : g_strdup("Name is empty");

    if (problem) {
        return problem;
    }
    if (find(blk, NULL, name, &old)) {
        forget(&old);
        problem = g_strdup_printf("Snapshot with name '%s' already exists on device '%s'", name, blk->id);
    } else {
        int ret = image_flush(blk->image);

        ret = ret ? ret : blk_snapshot_write_state(blk, 0, NULL, 0);
        problem = failed(blk, "a snapshot cannot be made", ret ? ret : blk_snapshot_create(blk, &what));
    }
    blk_release(blk);
    return problem;
}

/* Formats know the first one of a name. */
static char *delete_found(BlockBackend *blk, const BlockSnapshot *wanted)
{
    BlockSnapshot first;
    bool same = find(blk, NULL, wanted->name, &first);

    if (same) {
        same = !strcmp(first.id, wanted->id);
        forget(&first);
    }
    return same ? failed(blk, "the snapshot cannot be deleted", blk_snapshot_delete(blk, wanted->name))
                : g_strdup_printf("Device '%s' has an older snapshot '%s', which has to go first", blk->id,
                                  wanted->name);
}

char *blk_snapshot_inside_delete(BlockBackend *blk, const char *id, const char *name, BlockSnapshot *gone)
{
    char *problem = hold_for_snapshot(blk);

    if (problem) {
        return problem;
    }
    if (!find(blk, id, name, gone)) {
        problem = g_strdup_printf("Snapshot with id '%s' and name '%s' does not exist on device '%s'",
                                  id ? id : "(null)", name ? name : "(null)", blk->id);
    } else {
        problem = delete_found(blk, gone);
        if (problem) {
            forget(gone);
        }
    }
    blk_release(blk);
    return problem;
}
