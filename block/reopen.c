/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's image is opened again with other options while the machine runs: another image behind it, other caches. No
 * two of us may have the file for writing, so the old one is closed first; if the new one cannot be, it comes back.
 * I/O thread.
 */
#include <string.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "block/job.h"
#include "block/nbd-server.h"
#include "qemu/log.h"

enum { CLOSE_PATIENCE_S = 10 };

static char *refused(const BlockBackend *blk, const BlockOptions *o)
{
    const char *why = !blk->image ? "there is no medium" : blk->job ? "a job is at work on it"
                      : blk->for_export ? "an export has it" : blk->inactive ? "its image is another emulator's"
                      : blk->options.snapshot ? "its image is a temporary one (snapshot=on)"
                      : o->readonly == blk->options.readonly ? NULL
                      : "whether its device may write is decided when the device takes it (read-only)";

    return why ? g_strdup_printf("'%s': %s", blk_node(blk) ? blk_node(blk) : blk->id, why) : NULL;
}

/* The disk is held. NULL: it has a new image; else what the old one's place has is for reading. */
static char *open_with(BlockBackend *blk, const BlockOptions *o)
{
    char *error = NULL;
    Image *image = blk_open_image(o, &error);

    if (image) {
        blk->options = *o;
        image_close_within(blk_replace_image(blk, image, o), false, CLOSE_PATIENCE_S);
    }
    return error;
}

/*
 * The image's file is nobody's, and its bitmaps are in it. The disk has a look at it meanwhile; its device, that may
 * ask whether it can be written to, gets to know nothing of that.
 */
static char *set_aside(BlockBackend *blk)
{
    BlockOptions look = blk->options;
    const int ret = blk_readonly(blk) || look.no_flush ? 0 : image_flush(blk->image);
    char *error = NULL;
    Image *image;

    if (ret) {
        return g_strdup_printf("'%s': what was written cannot be flushed: %s", blk->path, strerror(-ret));
    }
    look.readonly = look.no_lock = true;
    image = blk_open_image(&look, &error);
    if (image) {
        Image *old = blk->image;

        block_bitmap_keep(blk);
        blk_stop_engine(blk);
        blk->image = image;
        image_close_within(old, false, CLOSE_PATIENCE_S);
    }
    return error;
}

char *blk_reopen(BlockBackend *blk, const BlockOptions *options)
{
    const BlockOptions old = blk->options;
    char *error = refused(blk, options), *lost;

    if (error) {
        return error;
    }
    nbd_export_forget_bitmaps(blk);
    if (!blk_hold(blk)) {
        return g_strdup_printf("'%s': the host does not answer", blk->path);
    }
    error = set_aside(blk);
    if (!error) {
        error = open_with(blk, options);
        lost = error ? open_with(blk, &old) : NULL;
        if (lost) {
            error_report("%s: it can only be read from now on: %s", blk->id, lost);
            g_free(lost);
        }
        block_bitmap_load(blk);
    }
    blk_release(blk);
    return error;
}
