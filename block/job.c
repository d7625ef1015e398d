/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs on disks that are in use. While a job goes on, the disk's requests go through its copy (block/copy.h), which is
 * put in front of the disk's image, and taken away again, while nothing is under way (blk_hold()).
 */
#include <errno.h>
#include <string.h>
#include "block/bitmap.h"
#include "block/fleece.h"
#include "block/job-internal.h"
#include "block/nbd-server.h"

static BlockJob *jobs;          /* in their order */
static void (*listener)(BlockJob *job, BlockJobEvent event);

static const char *const types[] = {
    [BLOCK_JOB_MIRROR] = "mirror", [BLOCK_JOB_BACKUP] = "backup", [BLOCK_JOB_STREAM] = "stream",
    [BLOCK_JOB_COMMIT] = "commit",
};

void block_job_set_listener(void (*fn)(BlockJob *job, BlockJobEvent event))
{
    listener = fn;
}

static void tell(BlockJob *job, BlockJobEvent event)
{
    if (listener) {
        listener(job, event);
    }
}

static void set_status(BlockJob *job, BlockJobStatus status)
{
    job->status = status;
    tell(job, BLOCK_JOB_EVENT_STATUS);
}

BlockJob *block_job_next(const BlockJob *job)
{
    return job ? job->next : jobs;
}

BlockJob *block_job_find(const char *id)
{
    BlockJob *job = jobs;

    while (job && strcmp(job->id, id)) {
        job = job->next;
    }
    return job;
}

void block_job_info(BlockJob *job, BlockJobInfo *info)
{
    *info = (BlockJobInfo) { .id = job->id, .type = types[job->kind], .status = job->status, .error = job->problem,
                             .length = job->length, .cancelled = job->cancelled, .keep = job->keep,
                             .ask = job->ask, .io_error = job->io_error, .error_of_target = job->error_of_target,
                             .action = job->action };
    g_mutex_lock(&job->lock);
    info->offset = job->offset;
    info->speed = job->speed;
    g_mutex_unlock(&job->lock);
}

/* ---- the end ---- */

static void leave_list(BlockJob *job)
{
    BlockJob **p = &jobs;

    while (*p != job) {
        p = &(*p)->next;
    }
    *p = job->next;
    /* The structure stays: `work` may still be posted. */
}

void block_job_free(BlockJob *job)
{
    g_free(job->id);
    g_free(job->backing_file);
    g_free(job->backing_format);
    g_ptr_array_unref(job->gone);
    g_free(job);
}

void block_job_let_target_go(BlockJob *job)
{
    if (!job->target) {
        return;
    }
    if (job->kind == BLOCK_JOB_COMMIT) {
        if (!job->target->opened.no_lock) {
            image_lock(job->target, HOST_FILE_LOCKED_SHARED);   /* the source has it, and reads */
        }
    } else if (job->target_is_node) {
        block_node_give_back(job->target_options.node, job->target);
    } else {
        image_close_within(job->target, true, JOB_CLOSE_PATIENCE_S);
    }
}

static void free_nodes(BlockJob *job)
{
    for (guint i = 0; i < job->gone->len; i++) {
        block_node_free(g_ptr_array_index(job->gone, i));
    }
}

/* The chain no longer has the images from `first`, which `over` has, to job->last; `behind` is next. */
static void cut_out(BlockJob *job, Image *over, Image *behind)
{
    BlockOptions *o = blk_chain_options(job->blk, job->over_at);

    if (o) {
        o->backing = blk_chain_options(job->blk, job->base_at);
    }
    job->last->ops->swap_backing(job->last, NULL);
    image_close_within(over->ops->swap_backing(over, behind), false, JOB_CLOSE_PATIENCE_S);
    free_nodes(job);
}

/* The image's file names another one behind it from now on; false: that went wrong. */
static bool name_behind(BlockJob *job, Image *image)
{
    int ret = image->ops->name_backing(image, job->backing_file, job->backing_format);

    if (ret) {
        job->problem = g_strdup(strerror(-ret));
    }
    return !ret;
}

/* Streamed: nothing is behind the image any more, or the base alone. The disk is held. */
static void forget_backing(BlockJob *job)
{
    int ret;

    if (!image_backing(job->source)) {
        return;
    }
    if (job->last) {
        if (name_behind(job, job->source)) {
            cut_out(job, job->source, image_backing(job->last));
        }
        return;
    }
    ret = job->source->ops->forget_backing(job->source);
    job->blk->options.backing = NULL;
    if (ret) {
        job->problem = g_strdup(strerror(-ret));
    } else {
        image_close_within(job->source->ops->swap_backing(job->source, NULL), false, JOB_CLOSE_PATIENCE_S);
        free_nodes(job);
    }
}

/* Committed in the middle of the chain: the images between go. The disk is held. */
static void shorten_chain(BlockJob *job)
{
    if (name_behind(job, job->over)) {
        cut_out(job, job->over, job->target);
    }
    if (!job->over->opened.no_lock && job->over != job->blk->image) {
        image_lock(job->over, HOST_FILE_LOCKED_SHARED);         /* it was opened for its new name */
    }
}

/* ---- a target that others read ---- */

static BlockJob *job_of_target(const char *node)
{
    BlockJob *job = jobs;

    while (job && !(job->copy && job->disk_behind && job->target_is_node &&
                    !strcmp(job->target_options.node, node))) {
        job = job->next;
    }
    return job;
}

Image *block_job_show_target(const char *node, BlockOptions *options)
{
    BlockJob *job = job_of_target(node);

    if (!job || job->shown) {
        return NULL;
    }
    job->shown = true;
    *options = job->target_options;
    options->readonly = true;
    return fleece_target_new(job->copy, job->target);
}

bool block_job_hide_target(const char *node)
{
    BlockJob *job = job_of_target(node);
    const bool was = job && job->shown;

    if (was) {
        job->shown = false;
    }
    return was;
}

/* Without the copy the target is no longer what the disk was: nobody may read it as that. The disk is held. */
static void let_readers_go(BlockJob *job)
{
    if (job->shown) {
        nbd_export_forget_node(job->target_options.node);
    }
    if (job->disk_behind) {
        fleece_disk_set(job->disk_behind, NULL);
    }
}

/* The copy goes; the disk has its image, or with `pivot` the target. The disk is held. */
static void take_copy_away(BlockJob *job, bool pivot)
{
    const bool good = !job->cancelled && !job->problem;
    Image *old = NULL;

    let_readers_go(job);
    if (job->in_front) {
        job->blk->image = job->source;
    }
    job->blk->job = NULL;
    copy_free(job->copy);
    job->copy = NULL;
    if (pivot) {
        if (job->kind == BLOCK_JOB_COMMIT) {
            job->last->ops->swap_backing(job->last, NULL);
        }
        old = blk_replace_image(job->blk, job->target, &job->target_options);
        if (job->target_is_node) {
            block_node_move_bitmaps(job->target_options.node, job->blk);
        }
    } else if (job->kind == BLOCK_JOB_STREAM && good) {
        forget_backing(job);
    } else if (job->over && good) {
        shorten_chain(job);
    }
    blk_release(job->blk);
    if (old) {
        image_close_within(old, !old->readonly, JOB_CLOSE_PATIENCE_S);
        free_nodes(job);
    } else {
        block_job_let_target_go(job);
    }
}

void block_job_wait_for_others(BlockJob *job)
{
    if (job->status != BLOCK_JOB_WAITING) {
        set_status(job, BLOCK_JOB_WAITING);
    }
}

static void conclude(BlockJob *job)
{
    if (job->bitmap) {
        block_bitmap_end(job->bitmap, !job->problem && !job->cancelled);
        job->bitmap = NULL;
    }
    if (job->problem || job->cancelled) {
        set_status(job, BLOCK_JOB_ABORTING);
    } else if (job->status != BLOCK_JOB_PENDING) {
        block_job_wait_for_others(job);
        set_status(job, BLOCK_JOB_PENDING);
    }
    tell(job, BLOCK_JOB_EVENT_ENDED);
    set_status(job, BLOCK_JOB_CONCLUDED);
    if (!job->keep) {
        set_status(job, BLOCK_JOB_NULL);
        leave_list(job);
    }
}

/* All is copied, and somebody is to say when it takes effect. */
static void wait_for_word(BlockJob *job, bool pivot)
{
    job->pivot = pivot;
    block_job_wait_for_others(job);
    set_status(job, BLOCK_JOB_PENDING);
    tell(job, BLOCK_JOB_EVENT_PENDING);
}

/* False: the host does not answer, so that the copy cannot be taken away now. */
static bool end_job(BlockJob *job, bool pivot)
{
    if (!blk_hold(job->blk)) {
        return false;
    }
    take_copy_away(job, pivot);
    conclude(job);
    return true;
}

static gboolean end_again(gpointer opaque)
{
    BlockJob *job = opaque;

    return job->copy && !end_job(job, false) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void block_job_settle(BlockJob *job)
{
    if (job->group && !job->problem && !job->cancelled) {
        block_job_join_group(job);
        return;
    }
    if (job->group) {
        block_job_cancel_group(job);
    }
    if (job->ask && !job->problem && !job->cancelled && job->status != BLOCK_JOB_PENDING) {
        wait_for_word(job, false);
    } else if (!end_job(job, false)) {
        g_timeout_add_seconds(1, end_again, job);
    }
}

static void fail(BlockJob *job, int error)
{
    job->problem = job->problem ? job->problem : g_strdup(strerror(-error));
    block_job_settle(job);
}

/* Does the job go on, copying what the guest writes, until somebody ends it? */
static bool gets_ready(const BlockJob *job)
{
    return job->kind == BLOCK_JOB_MIRROR || (job->kind == BLOCK_JOB_COMMIT && !job->over);
}

void block_job_failed(BlockJob *job, bool target, int error)
{
    job->error_of_target = target;
    job->action = block_job_action(job, target, error);
    tell(job, BLOCK_JOB_EVENT_ERROR);
    if (job->action != BLOCK_ACTION_STOP) {
        return;
    }
    job->io_error = -error;
    g_mutex_lock(&job->lock);
    job->paused = true;
    g_mutex_unlock(&job->lock);
    if (job->status == BLOCK_JOB_RUNNING || job->status == BLOCK_JOB_READY) {
        set_status(job, job->status == BLOCK_JOB_READY ? BLOCK_JOB_STANDBY : BLOCK_JOB_PAUSED);
    }
}

static bool target_misses(BlockJob *job)
{
    uint64_t offset;
    const bool misses = copy_misses(job->copy, &offset);

    if (misses) {
        copy_miss(job->copy, offset);
    }
    return misses;
}

/* Some of the guest's writes have not come to the target of a mirror: tell, and have the thread look after them. */
static void look_at_missed(BlockJob *job)
{
    const int error = copy_take_missed_error(job->copy);

    if (error) {
        block_job_failed(job, true, error);
        if (!job->thread && job->was_ready && target_misses(job)) {
            block_job_thread(job);
        }
    }
}

/* The thread has been over all: the mirror goes on until somebody ends it, if its target lacks nothing. */
static void become_ready(BlockJob *job)
{
    job->round_done = true;
    if (target_misses(job)) {
        block_job_thread(job);
    } else if (!job->was_ready) {
        job->was_ready = true;
        set_status(job, BLOCK_JOB_READY);
        tell(job, BLOCK_JOB_EVENT_READY);
    }
}

/* The thread has ended, or a write of the guest met an error of the target. */
void block_job_look(void *opaque)
{
    BlockJob *job = opaque;
    bool ended, stop;
    int error;

    if (!job->copy) {
        return;
    }
    look_at_missed(job);
    g_mutex_lock(&job->lock);
    ended = job->ended;
    stop = job->stop;
    error = job->error;
    g_mutex_unlock(&job->lock);
    error = error ? error : copy_error(job->copy);
    if (!ended) {
        g_mutex_lock(&job->lock);
        job->failed = error;    /* the thread ends */
        g_cond_broadcast(&job->changed);
        g_mutex_unlock(&job->lock);
        return;
    }
    if (job->thread) {
        g_thread_join(job->thread);
        job->thread = NULL;
        if (stop) {
            job->cancelled = true;
            block_job_settle(job);
        } else if (!error && gets_ready(job)) {
            become_ready(job);
        } else if (!error) {
            block_job_settle(job);
        }
    }
    if (error && job->copy && !stop) {
        fail(job, error);
    }
}

/* ---- orders ---- */

void block_job_set_speed(BlockJob *job, uint64_t speed)
{
    g_mutex_lock(&job->lock);
    job->speed = speed;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
}

static char *wrong_status(const BlockJob *job, const char *verb)
{
    return g_strdup_printf("Job '%s' is not in a state for '%s'", job->id, verb);
}

char *block_job_pause(BlockJob *job, bool pause)
{
    const BlockJobStatus now = job->status;
    const bool ready = now == BLOCK_JOB_READY || now == BLOCK_JOB_STANDBY;

    if (now != (pause ? BLOCK_JOB_RUNNING : BLOCK_JOB_PAUSED) && now != (pause ? BLOCK_JOB_READY : BLOCK_JOB_STANDBY)) {
        return wrong_status(job, pause ? "pause" : "resume");
    }
    job->io_error = 0;
    g_mutex_lock(&job->lock);
    job->paused = pause;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    if (ready) {
        set_status(job, pause ? BLOCK_JOB_STANDBY : BLOCK_JOB_READY);
    } else {
        set_status(job, pause ? BLOCK_JOB_PAUSED : BLOCK_JOB_RUNNING);
    }
    return NULL;
}

char *block_job_cancel(BlockJob *job, bool force)
{
    if (!job->copy) {
        return wrong_status(job, "cancel");
    }
    if (!job->thread) {
        job->cancelled = force || job->kind != BLOCK_JOB_MIRROR;
        block_job_settle(job);
        return NULL;
    }
    g_mutex_lock(&job->lock);
    job->stop = true;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    return NULL;
}

/* The target becomes the disk's image. */
static char *move_to_target(BlockJob *job)
{
    int ret;

    if (!blk_hold(job->blk)) {
        return g_strdup_printf("'%s': the host does not answer", job->source->path);
    }
    if (target_misses(job)) {
        blk_release(job->blk);
        return g_strdup_printf("The active block job '%s' cannot be completed: what failed is tried again", job->id);
    }
    ret = copy_error(job->copy);
    ret = ret ? ret : image_flush(job->target);
    if (ret) {
        job->problem = g_strdup(strerror(-ret));
    }
    take_copy_away(job, !ret);
    conclude(job);
    return NULL;
}

char *block_job_complete(BlockJob *job)
{
    if (job->status != BLOCK_JOB_READY) {
        return g_strdup_printf("The active block job '%s' cannot be completed", job->id);
    }
    if (job->thread) {
        return g_strdup_printf("The active block job '%s' cannot be completed: what failed is tried again", job->id);
    }
    if (job->ask) {
        wait_for_word(job, true);
        return NULL;
    }
    return move_to_target(job);
}

char *block_job_finalize(BlockJob *job)
{
    if (job->status != BLOCK_JOB_PENDING) {
        return wrong_status(job, "finalize");
    }
    if (job->pivot) {
        return move_to_target(job);
    }
    block_job_settle(job);
    return NULL;
}

char *block_job_dismiss(BlockJob *job)
{
    if (job->status != BLOCK_JOB_CONCLUDED) {
        return wrong_status(job, "dismiss");
    }
    set_status(job, BLOCK_JOB_NULL);
    leave_list(job);
    return NULL;
}

void block_job_abort(BlockJob *job)
{
    job->keep = false;
    job->group = 0;
    if (!block_job_end_now(job)) {
        block_job_cancel(job, true);
    }
}

bool block_job_end_now(BlockJob *job)
{
    int64_t until = g_get_monotonic_time() + JOB_CLOSE_PATIENCE_S * G_USEC_PER_SEC;
    bool ended;

    block_job_cancel(job, true);
    if (!job->thread) {
        return !job->copy;
    }
    g_mutex_lock(&job->lock);
    while (!job->ended && g_cond_wait_until(&job->changed, &job->lock, until)) {
    }
    ended = job->ended;
    g_mutex_unlock(&job->lock);
    if (ended) {
        block_job_look(job);
    }
    return !job->copy;
}

void block_job_run(BlockJob *job)
{
    BlockJob **end = &jobs;

    while (*end) {
        end = &(*end)->next;
    }
    *end = job;
    set_status(job, BLOCK_JOB_CREATED);
    set_status(job, BLOCK_JOB_RUNNING);
    block_job_thread(job);
}
