/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start of jobs on disks: what can be asked of which disk, targets, and which images of a chain are concerned. A
 * commit of images in the middle of a chain copies beside the guest's requests, which do not change these; all other
 * jobs have their copy in front of the disk's image. I/O thread.
 */
#include <errno.h>
#include <string.h>
#include "block/bitmap.h"
#include "block/fleece.h"
#include "block/job-internal.h"
#include "qemu/identifier.h"

static CopyMode mode_of(BlockJobKind kind)
{
    return kind == BLOCK_JOB_BACKUP ? COPY_BACKUP : kind == BLOCK_JOB_STREAM ? COPY_STREAM : COPY_MIRROR;
}

static CopyWhat what_of(const BlockJobOptions *o)
{
    if (o->kind == BLOCK_JOB_COMMIT) {
        return COPY_TOP;
    }
    return o->sync == BLOCK_SYNC_TOP ? COPY_TOP : o->sync == BLOCK_SYNC_NONE ? COPY_NEW : COPY_ALL;
}

/* Open, or make, what a mirror or a backup goes to; false: *error. */
static bool open_target(BlockJob *job, const BlockJobTarget *t, BlockJobSync sync, char **error)
{
    BlockOptions *o = &job->target_options;
    Image *behind = image_backing(job->source);
    const char *format = t->format ? t->format : job->source->ops->format;
    bool cow = sync == BLOCK_SYNC_TOP && behind;

    if (t->node) {
        job->target_is_node = true;
        job->target = block_node_take(t->node, job->id, o, error);
        return job->target;
    }
    if (t->create) {
        *error = block_create_file(t->file, &(BlockNewImage) {
            .format = format, .bytes = job->length, .backing = cow ? behind->path : NULL,
            .backing_format = cow ? behind->ops->format : NULL });
        if (*error) {
            return false;
        }
    }
    *o = (BlockOptions) { .file = g_strdup(t->file), .format = g_strdup(format) };
    job->target = blk_open_image(o, error);
    return job->target;
}

/* Names of the nodes of images first to last - 1 of the chain, which go. */
static void note_nodes(BlockJob *job, unsigned first, unsigned last)
{
    for (unsigned n = first; n < last; n++) {
        const BlockOptions *o = blk_chain_options(job->blk, n);

        if (o && o->node) {
            g_ptr_array_add(job->gone, g_strdup(o->node));
        }
    }
}

static unsigned chain_length(const BlockBackend *blk)
{
    unsigned n = 0;

    while (blk_chain_image(blk, n)) {
        n++;
    }
    return n;
}

/* Number n of the chain by its node's name or path; `missing` if neither is given. False: *error. */
static bool find_in_chain(const BlockBackend *blk, const char *node, const char *path, unsigned missing, unsigned *n,
                          char **error)
{
    int found = node || path ? blk_chain_find(blk, node, path) : (int)missing;

    if (found < 0) {
        *error = g_strdup_printf("'%s' is not in the backing chain of '%s'", node ? node : path, blk->id);
        return false;
    }
    *n = (unsigned)found;
    return true;
}

/* What `over` is to say of the image behind it, which is number n of the chain. */
static void note_name(BlockJob *job, const BlockJobOptions *o, unsigned n)
{
    const Image *behind = blk_chain_image(job->blk, n);

    job->backing_file = o->backing_file ? g_strdup(o->backing_file)
                        : strstr(behind->path, "://") ? g_strdup(behind->path)
                        : g_canonicalize_filename(behind->path, NULL);
    job->backing_format = g_strdup(behind->ops->format);
}

/* The image in front of the committed ones, number n, whose file will name another one. False: *error. */
static bool open_over(BlockJob *job, const BlockJobOptions *o, unsigned n, unsigned base, char **error)
{
    job->over = blk_chain_image(job->blk, n);
    if (!job->over->ops->name_backing) {
        *error = g_strdup_printf("'%s' cannot name another image behind it", job->over->path);
        return false;
    }
    note_name(job, o, base);
    if (n) {
        job->over = blk_reopen_backing(blk_chain_image(job->blk, n - 1), error);
    }
    return job->over;
}

/* Number `base` of the chain becomes the target: it is opened for writing. The disk is held. False: *error. */
static bool open_commit_target(BlockJob *job, const BlockJobOptions *o, char **error)
{
    const unsigned length = chain_length(job->blk);
    BlockOptions *t = &job->target_options;
    const BlockOptions *said;
    unsigned top, base;
    Image *behind;

    if (length < 2) {
        *error = g_strdup_printf("'%s': there is no image behind it", job->source->path);
        return false;
    }
    if (!find_in_chain(job->blk, o->top_node, o->top, 0, &top, error) ||
        !find_in_chain(job->blk, o->base_node, o->base, length - 1, &base, error)) {
        return false;
    }
    if (top >= base) {
        *error = g_strdup_printf("'%s' is not behind '%s'", blk_chain_image(job->blk, base)->path,
                                 blk_chain_image(job->blk, top)->path);
        return false;
    }
    if (!top && blk_readonly(job->blk)) {
        *error = g_strdup_printf("'%s': it is open for reading only", job->blk->id);
        return false;
    }
    job->source = blk_chain_image(job->blk, top);
    job->length = image_bytes(job->source);
    job->in_front = !top;
    job->last = blk_chain_image(job->blk, base - 1);
    behind = blk_chain_image(job->blk, base);
    if (image_bytes(behind) < job->length) {
        *error = g_strdup_printf("'%s' is shorter than the disk (qemu-img resize)", behind->path);
        return false;
    }
    said = blk_chain_options(job->blk, base);
    *t = said ? *said : (BlockOptions) { .file = g_strdup(behind->path), .format = g_strdup(behind->ops->format) };
    note_nodes(job, top, base);
    job->over_at = top ? top - 1 : 0;
    job->base_at = base;
    if (top && !open_over(job, o, top - 1, base, error)) {
        return false;
    }
    /* What was opened again for its name has the same images behind it. */
    job->target = blk_reopen_backing(job->last, error);
    return job->target;
}

/* A stream leaves the base, and what is behind it, where they are. False: *error. */
static bool find_stream_base(BlockJob *job, const BlockJobOptions *o, char **error)
{
    const unsigned length = chain_length(job->blk);
    unsigned base;

    if (o->bottom) {
        if (!find_in_chain(job->blk, o->bottom, NULL, 0, &base, error)) {
            return false;
        }
        base++;
    } else if (!find_in_chain(job->blk, o->base_node, o->base, length, &base, error)) {
        return false;
    }
    if (base == length) {
        note_nodes(job, 1, length);
        return true;
    }
    if (base < 2) {
        *error = o->bottom ? g_strdup_printf("'%s' is the disk's image: nothing is behind it to take", o->bottom)
                 : g_strdup_printf("'%s': nothing is between it and the disk's image",
                                   o->base ? o->base : o->base_node);
        return false;
    }
    job->last = blk_chain_image(job->blk, base - 1);
    note_nodes(job, 1, base);
    job->base_at = base;
    note_name(job, o, base);
    return true;
}

static const char *refused(BlockBackend *blk, const BlockJobOptions *o)
{
    if (!blk->image) {
        return "there is no medium";
    }
    if (blk->job) {
        return "another job is at work on it";
    }
    if (blk->inactive) {
        return "its image is another emulator's";
    }
    if (blk->options.snapshot && o->kind != BLOCK_JOB_BACKUP && o->kind != BLOCK_JOB_MIRROR) {
        return "its image is a temporary one (snapshot=on)";
    }
    if (blk_readonly(blk) && o->kind == BLOCK_JOB_STREAM) {
        return "it is open for reading only";
    }
    if (o->kind == BLOCK_JOB_STREAM && !blk->image->ops->forget_backing) {
        return "its format has no images behind it";
    }
    return NULL;
}

/* Of a backup by a bitmap: pieces without anything that is dirty are not copied. False: *error. */
static bool leave_clean_out(BlockJob *job, const BlockJobOptions *o, char **error)
{
    *error = block_bitmap_begin(job->blk, o->bitmap, !o->bitmap_stays, &job->bitmap);
    for (uint64_t offset = 0; !*error && offset < job->length; offset += COPY_PIECE) {
        if (!block_bitmap_was_dirty(job->bitmap, offset, MIN(COPY_PIECE, job->length - offset))) {
            copy_leave_out(job->copy, offset);
        }
    }
    return !*error;
}

/* The target may have the disk behind it, if this is a backup of that. False: *error. */
static bool find_disk_behind(BlockJob *job, char **error)
{
    Image *behind = job->target ? fleece_find_disk(job->target) : NULL;

    if (behind && (job->kind != BLOCK_JOB_BACKUP || fleece_disk_of(behind) != job->blk)) {
        *error = g_strdup_printf("'%s' has the disk '%s' behind it: it can be the target of a backup of that one alone",
                                 job->target->path, fleece_disk_of(behind)->id);
        return false;
    }
    job->disk_behind = behind;
    return true;
}

/* The job is ready to begin; the disk is held. */
static char *begin(BlockJob *job, const BlockJobOptions *o)
{
    Image *floor;
    char *error = NULL;

    if (job->kind == BLOCK_JOB_COMMIT && !open_commit_target(job, o, &error)) {
        return error;
    }
    if (job->kind == BLOCK_JOB_STREAM && !find_stream_base(job, o, &error)) {
        return error;
    }
    if (job->kind == BLOCK_JOB_MIRROR) {
        note_nodes(job, 0, chain_length(job->blk));
    }
    if (job->target && image_bytes(job->target) < job->length) {
        return g_strdup_printf("'%s' is shorter than the disk", job->target->path);
    }
    if (!find_disk_behind(job, &error)) {
        return error;
    }
    floor = job->last ? image_backing(job->last) : o->sync == BLOCK_SYNC_TOP ? image_backing(job->source) : NULL;
    job->copy = copy_new(job->source, job->target, mode_of(job->kind), what_of(o), floor, &job->work);
    if (!job->copy) {
        return g_strdup(strerror(ENOMEM));
    }
    if (job->on_target_error != BLOCK_ERROR_REPORT || job->on_source_error != BLOCK_ERROR_REPORT) {
        copy_tolerate(job->copy, job->on_target_error);
    }
    if (o->bitmap && !leave_clean_out(job, o, &error)) {
        copy_free(job->copy);
        job->copy = NULL;
        return error;
    }
    if (job->disk_behind) {
        fleece_disk_set(job->disk_behind, job->source);
    }
    if (job->in_front) {
        job->blk->image = copy_image(job->copy);
    }
    job->blk->job = job;
    return NULL;
}

static BlockJob *new_job(BlockBackend *blk, const BlockJobOptions *o)
{
    BlockJob *job = g_new0(BlockJob, 1);

    job->id = g_strdup(o->id ? o->id : blk->id);
    job->kind = o->kind;
    job->blk = blk;
    job->source = blk->image;
    job->length = image_bytes(blk->image);
    job->speed = o->speed;
    job->keep = o->keep;
    job->ask = o->ask;
    job->on_source_error = o->on_source_error;
    job->on_target_error = o->on_target_error;
    job->group = o->group;
    job->in_front = true;
    job->endless = o->kind == BLOCK_JOB_BACKUP && o->sync == BLOCK_SYNC_NONE && !o->bitmap;
    job->gone = g_ptr_array_new_with_free_func(g_free);
    job->work = (IOWork) { .fn = block_job_look, .opaque = job };
    g_mutex_init(&job->lock);
    g_cond_init(&job->changed);
    return job;
}

char *block_job_start(BlockBackend *blk, const BlockJobOptions *o, const BlockJobTarget *target)
{
    const char *no = refused(blk, o);
    char *problem = NULL;
    BlockJob *job;

    if (no) {
        return g_strdup_printf("'%s': %s", blk->id, no);
    }
    if (o->id && !identifier_good(o->id)) {
        return g_strdup_printf("Invalid job ID '%s'", o->id);
    }
    if (block_job_find(o->id ? o->id : blk->id)) {
        return g_strdup_printf("Job ID '%s' already in use", o->id ? o->id : blk->id);
    }
    job = new_job(blk, o);
    if (target && !open_target(job, target, o->sync, &problem)) {
    } else if (!blk_hold(blk)) {
        problem = g_strdup_printf("'%s': the host does not answer", blk->path);
    } else {
        problem = begin(job, o);
        blk_release(blk);
    }
    if (problem) {
        block_job_let_target_go(job);
        block_job_free(job);
        return problem;
    }
    block_job_run(job);
    return NULL;
}
