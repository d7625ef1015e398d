/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that go from one emulator to another with the machine (migration). Two users would destroy an image, so
 * whoever has the machine has the images that it writes to, and their locks: the sender lets go of them when its CPUs
 * stand still and all is written, before the receiver gets to hear of the end; the receiver takes them then. Until then
 * the one, and after it the other has them *inactive*: open for reading, without a lock, so that sizes and formats can
 * be asked for. Who takes an image opens it anew, for nothing that was read of it before is true.
 *
 * A disk with a job stays as it is: its copies are what the other side gets. I/O thread; the CPUs stand still.
 */
#include <errno.h>
#include <string.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "block/job.h"
#include "block/nbd-server.h"

enum { CLOSE_PATIENCE_S = 10 };

static bool begin_inactive;     /* until the images are ours */

void blk_begin_inactive(void)
{
    begin_inactive = true;
}

/* A server has no locks, and a raw disk nothing that is kept of it: it can have two users of whom one stands still. */
static bool is_shared_anyway(const BlockOptions *o)
{
    const bool server = o->nbd_host || o->nbd_socket || g_str_has_prefix(o->file, "nbd");

    return server && o->format && !strcmp(o->format, "raw");
}

static bool goes_along(const BlockOptions *o)
{
    return o->file && !o->readonly && !o->snapshot && !is_shared_anyway(o);
}

static Image *open_inactive(const BlockOptions *o, char **error)
{
    BlockOptions how = *o;

    how.readonly = how.no_lock = true;
    return blk_open_image(&how, error);
}

Image *blk_open_first(const BlockOptions *o, bool *inactive, char **error)
{
    *inactive = begin_inactive && goes_along(o);
    return *inactive ? open_inactive(o, error) : blk_open_image(o, error);
}

void blk_set_inactive(BlockBackend *blk)
{
    blk->inactive = true;
    __atomic_store_n(&blk->readonly, false, __ATOMIC_RELAXED);       /* the guest's view of it */
}

/* The disk's image from now on; the old one is closed. */
static void exchange(BlockBackend *blk, Image *image, bool inactive)
{
    Image *old = blk_replace_image(blk, image, &blk->options);

    if (inactive) {
        blk_set_inactive(blk);
    }
    image_close_within(old, false, CLOSE_PATIENCE_S);
}

static char *let_go(BlockBackend *blk)
{
    Image *image;
    char *error = NULL;
    int ret = 0;

    if (!blk_hold(blk)) {
        return g_strdup_printf("'%s': the host does not answer", blk->path);
    }
    if (!blk->options.no_flush) {
        ret = image_flush(blk->image);
    }
    image = ret ? NULL : open_inactive(&blk->options, &error);
    if (image) {
        block_bitmap_keep(blk);
        exchange(blk, image, true);
    } else if (!error) {
        error = g_strdup_printf("'%s': what was written cannot be flushed: %s", blk->path, strerror(-ret));
    }
    blk_release(blk);
    return error;
}

static char *take(BlockBackend *blk)
{
    char *error = NULL;
    Image *image;

    nbd_export_forget_bitmaps(blk);     /* those that the image keeps will be others */
    if (!blk_hold(blk)) {
        return g_strdup_printf("'%s': the host does not answer", blk->path);
    }
    image = blk_open_image(&blk->options, &error);
    if (image) {
        exchange(blk, image, false);
        block_bitmap_note(blk, 0, blk_bytes(blk));      /* somebody else may have written to it */
        block_bitmap_load(blk);                         /* and knows where, of those that the image keeps */
    }
    blk_release(blk);
    return error;
}

bool blk_waits_for_machine(const BlockBackend *blk)
{
    return begin_inactive && blk->image && goes_along(&blk->options);
}

char *blk_take(BlockBackend *blk)
{
    return blk->inactive ? take(blk) : NULL;
}

char *blk_let_go_all(void)
{
    char *error = NULL;

    for (BlockBackend *blk = blk_backends; blk && !error; blk = blk->next) {
        if (blk->image && !blk->inactive && !blk->image->readonly && !blk->job && goes_along(&blk->options)) {
            error = let_go(blk);
        }
    }
    if (!error) {
        block_nodes_let_go();
    }
    return error;
}

char *blk_take_all(void)
{
    char *error = NULL;

    if (begin_inactive) {
        begin_inactive = false;
        nbd_export_end_writing();
    }
    for (BlockBackend *blk = blk_backends; blk && !error; blk = blk->next) {
        if (blk->inactive) {
            error = take(blk);
        }
    }
    return error;
}
