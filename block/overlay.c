/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's image is exchanged for another one that stands in front of it, or stood behind it, while the machine runs.
 * Whoever calls holds the disk. I/O thread.
 */
#include <errno.h>
#include <string.h>
#include "block/backend-internal.h"
#include "block/job.h"

enum { CLOSE_PATIENCE_S = 10 };

/*
 * The same image, opened once more with other rights and without a lock, and with the images behind the old one, which
 * the old one loses. Nothing is under way. NULL: *error, and nothing has changed.
 */
static Image *open_again(Image *old, bool readonly, char **error)
{
    ImageOptions options = old->opened;
    Image *image;

    options.format = old->ops->format;
    options.readonly = readonly;
    options.no_lock = options.no_backing = true;
    image = image_open(old->path, &options, error);
    if (image && old->ops->swap_backing) {
        image->ops->swap_backing(image, old->ops->swap_backing(old, NULL));
    }
    if (image) {
        image->opened.no_lock = old->opened.no_lock;
    }
    return image;
}

Image *blk_reopen_backing(Image *front, char **error)
{
    Image *old = image_backing(front), *behind;

    if (!old->readonly) {
        return old;
    }
    if (!old->opened.no_lock) {
        image_lock(old, HOST_FILE_UNLOCKED);
    }
    behind = open_again(old, false, error);
    if (behind && !old->opened.no_lock && image_lock(behind, HOST_FILE_LOCKED_ALONE)) {
        *error = g_strdup_printf("'%s' is in use, by another process or another drive", old->path);
        if (old->ops->swap_backing) {
            old->ops->swap_backing(old, behind->ops->swap_backing(behind, NULL));
        }
        image_close(behind);
        behind = NULL;
    }
    if (!behind) {
        if (!old->opened.no_lock) {
            image_lock(old, HOST_FILE_LOCKED_SHARED);
        }
        return NULL;
    }
    image_close_within(front->ops->swap_backing(front, behind), false, CLOSE_PATIENCE_S);
    return behind;
}

Image *blk_replace_image(BlockBackend *blk, Image *image, const BlockOptions *options)
{
    const BlockOptions *o = &blk->options;
    BlockOptions next = *o;
    Image *old = blk->image;

    next.file = options->file;
    next.format = options->format;
    next.driver = options->driver;
    next.node = options->node;
    next.nbd_host = options->nbd_host;
    next.nbd_port = options->nbd_port;
    next.nbd_socket = options->nbd_socket;
    next.nbd_export = options->nbd_export;
    next.backing = options->backing;
    next.no_backing = options->no_backing;
    next.snapshot = false;
    blk_stop_engine(blk);
    blk_take_medium(blk, image, &next);
    return old;
}

/* The disk's image goes behind `front`; NULL: it has, and `front` is the disk's. */
static char *put_in_front(BlockBackend *blk, Image *front, const BlockOptions *options)
{
    Image *old = blk->image, *behind;
    BlockOptions next = *options;
    char *problem = NULL;
    int ret;

    if (!blk_hold(blk)) {
        return g_strdup_printf("'%s': the host does not answer", blk->path);
    }
    ret = blk_readonly(blk) ? 0 : image_flush(old);
    behind = ret ? NULL : open_again(old, true, &problem);
    if (behind) {
        Image *had = front->ops->swap_backing(front, behind);

        image_close(had);
        next.backing = g_memdup2(&blk->options, sizeof(blk->options));  /* it keeps the names of what is behind it */
        blk_replace_image(blk, front, &next);
        image_close_within(old, false, CLOSE_PATIENCE_S);
        if (!behind->opened.no_lock) {
            image_lock(behind, HOST_FILE_LOCKED_SHARED);
        }
    }
    blk_release(blk);
    return ret ? g_strdup_printf("'%s': %s", old->path, strerror(-ret)) : problem;
}

static char *refused(const BlockBackend *blk)
{
    return !blk_has_medium(blk) ? g_strdup_printf("Device '%s' has no medium", blk->id)
           : blk->job ? g_strdup_printf("'%s': a job is at work on it", blk->id)
           : blk->inactive ? g_strdup_printf("'%s': its image is another emulator's", blk->id)
           : blk->options.snapshot ? g_strdup_printf("'%s': its image is a temporary one (snapshot=on)", blk->id)
           : NULL;
}

static char *front_problem(const BlockBackend *blk, const Image *front)
{
    if (!front->ops->swap_backing) {
        return g_strdup_printf("'%s' is no qcow2 image, which can have one behind it", front->path);
    }
    if (image_bytes(front) != blk_bytes(blk)) {
        return g_strdup_printf("'%s' has another size than the disk", front->path);
    }
    return NULL;
}

char *blk_snapshot_to_file(BlockBackend *blk, const char *file, const char *node, bool create)
{
    BlockOptions o = { .file = g_strdup(file), .format = "qcow2", .node = g_strdup(node), .no_backing = true,
                       .direct = blk->options.direct, .no_lock = blk->options.no_lock };
    BlockNewImage new_image = { .format = "qcow2", .bytes = blk_bytes(blk), .backing_format = blk_format(blk) };
    char *problem = refused(blk), *behind;
    Image *front;

    if (problem) {
        return problem;
    }
    behind = strstr(blk->path, "://") ? g_strdup(blk->path) : g_canonicalize_filename(blk->path, NULL);
    new_image.backing = behind;
    problem = create ? block_create_file(file, &new_image) : NULL;
    g_free(behind);
    if (problem) {
        return problem;
    }
    front = blk_open_image(&o, &problem);
    if (!front) {
        return problem;
    }
    problem = front_problem(blk, front);
    problem = problem ? problem : put_in_front(blk, front, &o);
    if (problem) {
        image_close(front);
    }
    return problem;
}

char *blk_snapshot_to_node(BlockBackend *blk, const char *node)
{
    BlockOptions o;
    char *problem = refused(blk);
    Image *front;

    if (problem) {
        return problem;
    }
    front = block_node_take(node, blk->id, &o, &problem);
    if (!front) {
        return problem;
    }
    problem = front_problem(blk, front);
    problem = problem ? problem : put_in_front(blk, front, &o);
    if (problem) {
        block_node_give_back(node, front);
    } else {
        block_node_move_bitmaps(node, blk);
    }
    return problem;
}

/* ---- what an image's file says of the one behind it ---- */

/* Number n of the chain, whose file is written to. The disk is held. */
static char *name_in_chain(BlockBackend *blk, unsigned n, const char *file)
{
    Image *image = blk_chain_image(blk, n), *behind = image_backing(image);
    char *problem = NULL;
    int ret;

    if (n) {
        image = blk_reopen_backing(blk_chain_image(blk, n - 1), &problem);
    }
    if (!image) {
        return problem;
    }
    ret = image->ops->name_backing(image, file, behind->ops->format);
    if (n && !image->opened.no_lock) {
        image_lock(image, HOST_FILE_LOCKED_SHARED);
    }
    return ret ? g_strdup_printf("Could not change the backing file to '%s': %s", file, strerror(-ret)) : NULL;
}

char *blk_name_backing(BlockBackend *blk, const char *node, const char *file)
{
    char *problem = refused(blk);
    const Image *image;
    BlockChainInfo info;
    int n;

    if (problem) {
        return problem;
    }
    n = blk_chain_find(blk, node, NULL);
    if (n < 0 && blk_chain(blk, 0, &info) && !info.node && !strcmp(blk->id, node)) {
        n = 0;
    }
    if (n < 0) {
        return g_strdup_printf("'%s' is not in the backing chain of '%s'", node, blk->id);
    }
    image = blk_chain_image(blk, (unsigned)n);
    if (!image->ops->name_backing || !image_has_backing(image)) {
        return g_strdup_printf("'%s' has no image behind it", node);
    }
    if (!n && blk_readonly(blk)) {
        return g_strdup_printf("'%s': it is open for reading only", blk->id);
    }
    if (!blk_hold(blk)) {
        return g_strdup_printf("'%s': the host does not answer", blk->path);
    }
    problem = name_in_chain(blk, (unsigned)n, file);
    blk_release(blk);
    return problem;
}
