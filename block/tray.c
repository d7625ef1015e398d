/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trays of drives: who moves them, who hears of it; nodes as media. I/O thread unless noted. */
#include <glib.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "block/job.h"

static void (*listener)(const BlockBackend *blk, bool open);    /* constant once the main loop runs */

void blk_set_tray_listener(void (*fn)(const BlockBackend *blk, bool open))
{
    listener = fn;
}

bool blk_tray(const BlockBackend *blk, bool *open, bool *locked)
{
    *open = *locked = false;
    if (blk->user.tray) {
        blk->user.tray(blk->user.opaque, open, locked);
    }
    return blk->user.tray;
}

typedef struct Move {
    IOWork work;
    BlockBackend *blk;          /* whose structure stays, unless it was a free node's */
    bool open;
} Move;

static bool is_there(const BlockBackend *wanted)
{
    BlockBackend *blk = blk_backends;

    while (blk && blk != wanted) {
        blk = blk->next;
    }
    return blk;
}

static void tell(void *opaque)
{
    Move *move = opaque;

    if (listener && is_there(move->blk)) {
        listener(move->blk, move->open);
    }
    g_free(move);
}

void blk_tray_moved(BlockBackend *blk, bool open)
{
    Move *move = g_new0(Move, 1);

    move->work = (IOWork) { .fn = tell, .opaque = move, .outside = true };
    move->blk = blk;
    move->open = open;
    io_post(&move->work);
}

static char *not_removable(const BlockBackend *blk)
{
    return blk_removable(blk) ? NULL : g_strdup_printf("Device '%s' is not removable", blk->id);
}

char *blk_move_tray(BlockBackend *blk, bool open, bool force)
{
    char *problem = not_removable(blk);
    bool is_open, locked;

    if (problem || !blk_tray(blk, &is_open, &locked) || is_open == open) {
        return problem;
    }
    if (open && locked && !force) {
        return g_strdup_printf("Device '%s' is locked and force was not specified, wait for tray to open and try "
                               "again", blk->id);
    }
    blk->user.move_tray(blk->user.opaque, open);
    if (listener) {
        listener(blk, open);
    }
    return NULL;
}

char *blk_tray_in_the_way(const BlockBackend *blk)
{
    bool open, locked;

    return blk_tray(blk, &open, &locked) && !open ? g_strdup_printf("Tray of device '%s' is not open", blk->id)
                                                   : NULL;
}

char *blk_insert_node(BlockBackend *blk, const char *node)
{
    char *problem = not_removable(blk);
    BlockOptions options;
    Image *image;

    problem = problem ? problem : blk_tray_in_the_way(blk);
    if (!problem && blk->image) {
        problem = g_strdup_printf("There already is a medium in device '%s'", blk->id);
    }
    image = problem ? NULL : block_node_take(node, blk->id, &options, &problem);
    if (!image) {
        return problem;
    }
    if (blk->user.problem) {
        problem = blk->user.problem(blk->user.opaque, image->path, image->ops->format, image_bytes(image));
    }
    if (problem) {
        block_node_give_back(node, image);
        return problem;
    }
    options.id = blk->options.id;
    options.on_write_error = blk->options.on_write_error;
    options.on_read_error = blk->options.on_read_error;
    blk_take_medium(blk, image, &options);
    block_bitmap_load(blk);
    blk->user.changed(blk->user.opaque, true);
    return NULL;
}
