/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block back ends: opening and closing their images, and changing the medium while the machine runs. I/O thread.
 *
 * The host may not answer. What is given up because of that keeps its threads, its image and its structure.
 */
#include <errno.h>
#include <string.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "block/fleece.h"
#include "block/host-file.h"
#include "block/nbd-server.h"
#include "qemu/log.h"

enum { CLOSE_PATIENCE_S = 10 };

BlockBackend *blk_backends;

const BlockOptions *blk_options(const BlockBackend *blk) { return &blk->options; }
const char *blk_id(const BlockBackend *blk) { return blk->id; }
const char *blk_node(const BlockBackend *blk) { return blk->options.node; }
const char *blk_said(const BlockBackend *blk) { return blk->options.said; }
const char *blk_path(const BlockBackend *blk) { return blk->path; }
const char *blk_format(const BlockBackend *blk) { return blk->image ? blk->image->ops->format : "raw"; }
uint64_t blk_bytes(const BlockBackend *blk) { return __atomic_load_n(&blk->bytes, __ATOMIC_RELAXED); }
bool blk_readonly(const BlockBackend *blk) { return __atomic_load_n(&blk->readonly, __ATOMIC_RELAXED); }
bool blk_has_medium(const BlockBackend *blk) { return blk->image; }
const char *blk_aio(const BlockBackend *blk) { return blk->engine ? blk->engine->ops->name : "threads"; }
bool blk_removable(const BlockBackend *blk) { return blk->user.changed; }
bool blk_can_grow(const BlockBackend *blk) { return blk->image && blk->user.resized; }
bool blk_for_export(const BlockBackend *blk) { return blk->for_export; }
bool blk_has_backing(const BlockBackend *blk) { return blk->image && image_has_backing(blk->image); }

Image *blk_chain_image(const BlockBackend *blk, unsigned n)
{
    Image *image = blk->image;

    while (image && n--) {
        image = image_backing(image);
    }
    return image;
}

BlockOptions *blk_chain_options(BlockBackend *blk, unsigned n)
{
    BlockOptions *o = &blk->options;

    while (o && n--) {
        o = o->backing;
    }
    return o;
}

bool blk_chain(const BlockBackend *blk, unsigned n, BlockChainInfo *info)
{
    const Image *image = blk_chain_image(blk, n);
    const BlockOptions *o = blk_chain_options((BlockBackend *)(uintptr_t)blk, n);

    if (image) {
        *info = (BlockChainInfo) { .path = image->path, .format = image->ops->format, .bytes = image_bytes(image),
                                   .node = o ? o->node : NULL, .file_node = o ? o->file_node : NULL };
    }
    return image;
}

static bool same_path(const char *a, const char *b)
{
    g_autofree char *whole_a = g_canonicalize_filename(a, NULL), *whole_b = g_canonicalize_filename(b, NULL);

    return !strcmp(whole_a, whole_b);
}

int blk_chain_find(const BlockBackend *blk, const char *node, const char *path)
{
    BlockChainInfo info;

    for (unsigned n = 0; blk_chain(blk, n, &info); n++) {
        if (node ? !g_strcmp0(info.node, node) : path && same_path(info.path, path)) {
            return (int)n;
        }
    }
    return -1;
}

const BlockOptions *blk_find_behind(const char *node)
{
    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        const int n = blk_chain_find(blk, node, NULL);

        if (n > 0) {
            return blk_chain_options(blk, (unsigned)n);
        }
    }
    return NULL;
}

BlockBackend *blk_next(const BlockBackend *blk)
{
    return blk ? blk->next : blk_backends;
}

BlockBackend *blk_find(const char *name)
{
    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        if (!strcmp(blk->id, name) || (blk->options.node && !strcmp(blk->options.node, name))) {
            return blk;
        }
    }
    return NULL;
}

void blk_set_medium_user(BlockBackend *blk, const BlockMediumUser *user)
{
    blk->user = *user;
}

const char *blk_throttle(const BlockBackend *blk, ThrottleConfig *config, unsigned *waiting)
{
    return throttle_group_of(&blk->throttle, config, waiting);
}

void blk_set_throttle(BlockBackend *blk, const char *group, const ThrottleConfig *config)
{
    ThrottleConfig old;
    unsigned waiting;
    const char *present = blk_throttle(blk, &old, &waiting);

    if (!throttle_config_limits(config)) {
        throttle_join(&blk->throttle, NULL);
        return;
    }
    group = group ? group : present ? present : blk->id;
    if (!present || strcmp(present, group)) {
        throttle_join(&blk->throttle, group);
    }
    throttle_group_set(group, config);
}

/* ---- opening ---- */

void blk_options_name(BlockOptions *o)
{
    if (o->file || !o->driver) {
        return;
    }
    if (!strcmp(o->driver, "null-co") || !strcmp(o->driver, "null-aio")) {
        o->file = !strcmp(o->driver, "null-co") ? "null-co://" : "null-aio://";
    } else if (!strcmp(o->driver, "nbd") && (o->nbd_host || o->nbd_socket)) {
        o->file = g_strdup_printf("nbd://%s%s%s/%s", o->nbd_socket ? o->nbd_socket : o->nbd_host,
                                  o->nbd_port ? ":" : "", o->nbd_port ? o->nbd_port : "",
                                  o->nbd_export ? o->nbd_export : "");
    }
}

Image *blk_open_image(const BlockOptions *o, char **error)
{
    Image *image, *front, *backing = NULL;
    ImageOptions how = {
        .driver = o->driver, .format = o->format, .readonly = o->readonly, .direct = o->direct, .no_lock = o->no_lock,
        .no_backing = o->no_backing, .null_bytes = o->null_bytes, .null_latency_ns = o->null_latency_ns,
        .raw_offset = o->raw_offset, .raw_bytes = o->raw_bytes, .copy_on_read = o->copy_on_read && !o->readonly,
        .nbd = { .host = o->nbd_host, .port = o->nbd_port, .socket = o->nbd_socket, .export = o->nbd_export,
                 .reconnect_s = o->nbd_reconnect_s },
    };

    if (o->disk_behind) {
        backing = fleece_disk_new(o->disk_behind);
        how.no_backing = true;
    } else if (o->backing) {
        BlockOptions behind = *o->backing;

        behind.readonly = how.no_backing = true;
        backing = blk_open_image(&behind, error);
        if (!backing) {
            return NULL;
        }
    }
    image = o->snapshot ? image_open_temporary(o->file, &how, error) : image_open(o->file, &how, error);
    if (image && backing) {
        front = o->snapshot ? image_backing(image) : image;
        if (front->ops->swap_backing) {
            front->ops->swap_backing(front, backing);
            return image;
        }
        *error = g_strdup_printf("'%s' is no qcow2 image, which can have one behind it", o->file);
        image_close(image);
        image = NULL;
    }
    image_close(backing);
    return image;
}

void blk_take_medium(BlockBackend *blk, Image *image, const BlockOptions *options)
{
    blk->image = image;
    __atomic_store_n(&blk->bytes, image ? image_bytes(image) : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&blk->readonly, image && image->readonly, __ATOMIC_RELAXED);
    blk->inactive = false;
    blk->options = *options;
    blk->never_at_once[0] = blk->never_at_once[1] = blk->in_memory = false;
    g_free(blk->path);
    blk->path = g_strdup(image ? options->file : "");
    if (image) {
        blk_start_engine(blk);
    }
}

static BlockBackend *new_drive(const char *id, Image *image, const BlockOptions *options)
{
    BlockBackend *blk = g_new0(BlockBackend, 1), **end;

    blk->id = g_strdup(id);
    blk_init_requests(blk);
    blk_take_medium(blk, image, options);
    if (throttle_config_limits(&options->throttle)) {
        blk_set_throttle(blk, options->throttle_group, &options->throttle);
    } else {
        throttle_join(&blk->throttle, options->throttle_group);
    }
    for (end = &blk_backends; *end; end = &(*end)->next) {
    }
    *end = blk;
    block_bitmap_load(blk);
    return blk;
}

BlockBackend *blk_open(const BlockOptions *options, char **error)
{
    bool inactive = false;
    Image *image = options->file ? blk_open_first(options, &inactive, error) : NULL;
    BlockBackend *blk;

    if (options->file && !image) {
        return NULL;
    }
    blk = new_drive(options->id ? options->id : "drive", image, options);
    if (inactive) {
        blk_set_inactive(blk);
    }
    return blk;
}

static BlockBackend *new_node_drive(const char *name, Image *image, const BlockOptions *options)
{
    BlockBackend *blk = new_drive(name, image, options);

    block_node_move_bitmaps(name, blk);
    return blk;
}

BlockBackend *blk_open_node(const char *name, char **error)
{
    BlockOptions options;
    Image *image = block_node_take(name, name, &options, error);

    if (image && fleece_find_disk(image)) {
        *error = g_strdup_printf("'%s' has the disk '%s' behind it: it can be read while a backup of that goes to it",
                                 name, options.disk_behind->id);
        block_node_give_back(name, image);
        return NULL;
    }
    return image ? new_node_drive(name, image, &options) : NULL;
}

BlockBackend *blk_open_export(const char *name, char **error)
{
    BlockOptions options;
    Image *target = block_job_show_target(name, &options);
    BlockBackend *blk = target ? new_node_drive(name, target, &options) : blk_open_node(name, error);

    if (blk) {
        blk->for_export = true;
    }
    return blk;
}

/* ---- closing ---- */

/* The image, to which nothing is under way. False: that went wrong, and a line says so. */
static bool close_image(BlockBackend *blk, bool answers)
{
    int ret;

    blk_stop_engine(blk);
    ret = image_close_within(blk->image, !blk->image->readonly && !blk->options.no_flush, CLOSE_PATIENCE_S);
    blk->image = NULL;
    if (!answers) {
        error_report("%s '%s': the server does not answer; what it was asked is lost", blk->id, blk->path);
    } else if (ret) {
        error_report("%s '%s': the last flush failed: %s", blk->id, blk->path,
                     ret == -ETIMEDOUT ? "the host does not answer" : strerror(-ret));
    }
    return !ret && answers;
}

bool blk_close(BlockBackend *blk)
{
    nbd_export_forget(blk);
    nbd_export_forget_bitmaps(blk);

    BlockBackend **p = &blk_backends;
    bool ended = !blk->job || block_job_end_now(blk->job);
    bool lost = !g_queue_is_empty(&blk->stalled), answers = (blk_drain(blk) || lost) && ended, idle = answers;

    if (!answers && blk->image) {
        /* A server's silence can be ended. */
        image_interrupt(blk->image);
        ended = !blk->job || block_job_end_now(blk->job);
        idle = (blk_drain(blk) || !g_queue_is_empty(&blk->stalled)) && ended;
    }
    while (*p != blk) {
        p = &(*p)->next;
    }
    *p = blk->next;
    throttle_join(&blk->throttle, NULL);
    g_thread_pool_free(blk->pool, TRUE, FALSE);
    if (lost) {
        error_report("%s '%s': what waited for an error to be mended is not carried out", blk->id, blk->path);
    }
    if (!idle) {
        error_report("%s '%s': the host does not answer; a request is left behind, and the image is not closed",
                     blk->id, blk->path);
        return false;
    }
    block_bitmap_keep(blk);
    block_bitmap_drop_all(blk);
    /* The structure stays: `work` may still be posted. */
    return !blk->image || close_image(blk, answers);
}

void blk_close_node(BlockBackend *blk)
{
    g_autofree char *name = g_strdup(blk_node(blk));
    const bool is_target = block_job_hide_target(name);

    block_node_take_bitmaps(name, blk, is_target);
    blk_close(blk);
    if (!is_target) {
        block_node_give_back(name, NULL);
    }
}

bool blk_close_all(void)
{
    bool all = true;

    while (blk_backends) {
        all = blk_close(blk_backends) && all;
    }
    block_nodes_close_all();
    return all;
}

/* ---- changing the medium ---- */

/* Why the image cannot be taken out; NULL: it is out. */
static char *take_out(BlockBackend *blk)
{
    BlockOptions none = { .said = blk->options.said, .id = blk->options.id,
                          .on_write_error = blk->options.on_write_error,
                          .on_read_error = blk->options.on_read_error };
    const char *node;

    if (!blk->image) {
        return NULL;
    }
    blk->user.changed(blk->user.opaque, false);
    blk_drop_stalled(blk);
    if (!blk_drain(blk)) {
        blk_drop_stalled(blk);
        if (!blk_drain(blk)) {
            /* It is out of the slot all the same; when the host answers, the next attempt closes it. */
            return g_strdup_printf("'%s': the host does not answer; it is out of the slot, and not closed yet",
                                   blk->path);
        }
    }
    nbd_export_forget_bitmaps(blk);
    block_bitmap_keep(blk);
    close_image(blk, true);
    block_bitmap_drop_all(blk);
    node = blk->options.node;
    blk_take_medium(blk, NULL, &none);
    block_node_free(node);
    return NULL;
}

/* NULL: the medium may be changed now. */
static char *not_removable(const BlockBackend *blk)
{
    return !blk_removable(blk) ? g_strdup_printf("Device '%s' is not removable", blk->id)
           : blk->job ? g_strdup_printf("Device '%s': a job is at work on it", blk->id) : NULL;
}

char *blk_remove_medium(BlockBackend *blk)
{
    char *problem = not_removable(blk);

    problem = problem ? problem : blk_tray_in_the_way(blk);
    return problem ? problem : take_out(blk);
}

char *blk_eject(BlockBackend *blk, bool force)
{
    char *problem = not_removable(blk);

    problem = problem ? problem : blk_move_tray(blk, true, force);
    return problem ? problem : take_out(blk);
}

char *blk_change_medium(BlockBackend *blk, const char *file, const char *format, BlockReadonly readonly, bool force)
{
    BlockOptions next = blk->options;
    Image *image;
    char *problem = not_removable(blk);

    if (problem) {
        return problem;
    }
    next.file = file;
    next.format = format;
    next.driver = next.node = next.nbd_host = next.nbd_socket = NULL;
    next.no_backing = false;
    next.backing = NULL;
    next.readonly = readonly == BLOCK_READONLY_KEEP ? blk_readonly(blk) : readonly == BLOCK_READONLY_ON;
    image = blk_open_image(&next, &problem);
    if (!image && !strcmp(file, blk->path)) {
        /* The lock of the old one may be what keeps it from being opened again. */
        g_free(problem);
        problem = blk_move_tray(blk, true, force);
        problem = problem ? problem : take_out(blk);
        image = problem ? NULL : blk_open_image(&next, &problem);
    }
    if (!image) {
        return problem;
    }
    if (blk->user.problem) {
        problem = blk->user.problem(blk->user.opaque, image->path, image->ops->format, image->bytes);
    }
    problem = problem ? problem : blk_move_tray(blk, true, force);
    problem = problem ? problem : take_out(blk);
    if (problem) {
        image_close(image);
        return problem;
    }
    next.file = g_strdup(file);         /* options live as long as the program */
    next.format = g_strdup(format);
    blk_take_medium(blk, image, &next);
    block_bitmap_load(blk);
    blk->user.changed(blk->user.opaque, true);
    return blk_move_tray(blk, false, true);
}

/* ---- borders of writing ---- */

static WriteThreshold *of_file(const Image *image)
{
    return &image->ops->file((Image *)(uintptr_t)image)->threshold;
}

uint64_t blk_write_threshold(const BlockBackend *blk, unsigned n, bool file)
{
    const Image *image = blk_chain_image(blk, n);

    return !image ? 0 : write_threshold_limit(file ? of_file(image) : &image->threshold);
}

static bool set_in_chain(BlockBackend *blk, const char *node, uint64_t limit)
{
    BlockChainInfo info;

    for (unsigned n = 0; blk_chain(blk, n, &info); n++) {
        Image *image = blk_chain_image(blk, n);
        /* A drive that has no node's name is known by its own. */
        const char *name = n || info.node ? info.node : blk->id;

        if (!g_strcmp0(name, node) || !g_strcmp0(info.file_node, node)) {
            write_threshold_set(g_strcmp0(name, node) ? of_file(image) : &image->threshold, node, limit);
            return true;
        }
    }
    return false;
}

bool blk_set_write_threshold(const char *node, uint64_t limit)
{
    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        if (set_in_chain(blk, node, limit)) {
            return true;
        }
    }
    return false;
}
