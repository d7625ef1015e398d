/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs on disks that are in use. While a job goes on, the disk's requests go through its copy (block/copy.h), which is
 * put in front of the disk's image, and taken away again, while nothing is under way (blk_hold()).
 */
#include <errno.h>
#include <string.h>
#include "block/backend-internal.h"
#include "block/copy.h"
#include "block/job.h"

enum { CLOSE_PATIENCE_S = 10 };

struct BlockJob {
    char *id;                   /* constant, like all up to `lock` */
    BlockJobKind kind;
    BlockBackend *blk;
    CopyImage *copy;            /* NULL: the job has ended */
    Image *source, *target;     /* target NULL: the source */
    BlockOptions target_options;
    bool target_is_node;
    bool keep;
    uint64_t length;
    GThread *thread;            /* NULL: it has ended. I/O thread */
    BlockJobStatus status;      /* I/O thread */
    char *problem;              /* I/O thread */
    bool cancelled;             /* I/O thread */
    IOWork work;                /* the thread has ended, or the copy met an error */
    BlockJob *next;             /* I/O thread */
    GMutex lock;
    GCond changed;
    bool stop, paused, ended;   /* lock */
    uint64_t speed, offset;     /* lock */
    int error;                  /* lock */
};

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
                             .length = job->length, .cancelled = job->cancelled, .keep = job->keep };
    g_mutex_lock(&job->lock);
    info->offset = job->offset;
    info->speed = job->speed;
    g_mutex_unlock(&job->lock);
}

/* ---- the thread ---- */

/* Wait while the job is paused or ahead of its speed. False: it is to stop. */
static bool may_go_on(BlockJob *job, ThrottleState *limit)
{
    bool stop;

    g_mutex_lock(&job->lock);
    for (;;) {
        int64_t now = g_get_monotonic_time(), wait;

        limit->config.limit[THROTTLE_BPS].rate = job->speed;
        wait = throttle_wait_us(limit, true, now);
        if (job->stop || (!job->paused && !wait)) {
            break;
        }
        if (job->paused) {
            g_cond_wait(&job->changed, &job->lock);
        } else {
            g_cond_wait_until(&job->changed, &job->lock, now + wait);
        }
    }
    stop = job->stop;
    g_mutex_unlock(&job->lock);
    throttle_account(limit, true, COPY_PIECE);
    return !stop;
}

static gpointer run(gpointer opaque)
{
    BlockJob *job = opaque;
    ThrottleState limit = { .leaked_us = g_get_monotonic_time() };
    int ret = 0;

    throttle_config_init(&limit.config);
    for (uint64_t offset = 0; offset < job->length && !ret && may_go_on(job, &limit); offset += COPY_PIECE) {
        ret = copy_piece(job->copy, offset);
        ret = ret ? ret : copy_error(job->copy);
        g_mutex_lock(&job->lock);
        job->offset = MIN(offset + COPY_PIECE, job->length);
        g_mutex_unlock(&job->lock);
    }
    ret = ret ? ret : image_flush(job->target ? job->target : job->source);
    g_mutex_lock(&job->lock);
    job->error = ret;
    job->ended = true;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    io_post(&job->work);
    return NULL;
}

/* ---- the end ---- */

static void free_job(BlockJob *job)
{
    BlockJob **p = &jobs;

    while (*p != job) {
        p = &(*p)->next;
    }
    *p = job->next;
    /* The structure stays: `work` may still be posted. */
}

/* The target is nobody's any more. */
static void let_target_go(BlockJob *job)
{
    if (!job->target || job->kind == BLOCK_JOB_COMMIT) {
        return;                 /* the source has it */
    }
    if (job->target_is_node) {
        block_node_give_back(job->target_options.node, job->target);
    } else {
        image_close_within(job->target, true, CLOSE_PATIENCE_S);
    }
}

/* Streamed: nothing is behind the image any more. The disk is held. */
static void forget_backing(BlockJob *job)
{
    int ret = image_backing(job->source) ? job->source->ops->forget_backing(job->source) : 0;

    if (ret) {
        job->problem = g_strdup(strerror(-ret));
    } else if (image_backing(job->source)) {
        image_close_within(job->source->ops->swap_backing(job->source, NULL), false, CLOSE_PATIENCE_S);
    }
}

/* The copy goes; the disk has its image, or with `pivot` the target. The disk is held. */
static void take_copy_away(BlockJob *job, bool pivot)
{
    Image *old = NULL;

    job->blk->image = job->source;
    job->blk->job = NULL;
    copy_free(job->copy);
    job->copy = NULL;
    if (pivot) {
        if (job->kind == BLOCK_JOB_COMMIT) {
            job->source->ops->swap_backing(job->source, NULL);
        }
        old = blk_replace_image(job->blk, job->target, &job->target_options);
    } else if (job->kind == BLOCK_JOB_STREAM && !job->cancelled && !job->problem) {
        forget_backing(job);
    }
    blk_release(job->blk);
    if (old) {
        image_close_within(old, !old->readonly, CLOSE_PATIENCE_S);
    } else {
        let_target_go(job);
    }
}

static void conclude(BlockJob *job)
{
    if (job->problem || job->cancelled) {
        set_status(job, BLOCK_JOB_ABORTING);
    } else {
        set_status(job, BLOCK_JOB_WAITING);
        set_status(job, BLOCK_JOB_PENDING);
    }
    tell(job, BLOCK_JOB_EVENT_ENDED);
    set_status(job, BLOCK_JOB_CONCLUDED);
    if (!job->keep) {
        set_status(job, BLOCK_JOB_NULL);
        free_job(job);
    }
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

static void end_or_try_again(BlockJob *job)
{
    if (!end_job(job, false)) {
        g_timeout_add_seconds(1, end_again, job);
    }
}

static void fail(BlockJob *job, int error)
{
    job->problem = job->problem ? job->problem : g_strdup(strerror(-error));
    end_or_try_again(job);
}

/* The thread has ended, or a write of the guest met an error of the target. */
static void look(void *opaque)
{
    BlockJob *job = opaque;
    bool ended, stop;
    int error;

    if (!job->copy) {
        return;
    }
    g_mutex_lock(&job->lock);
    ended = job->ended;
    stop = job->stop;
    error = job->error;
    g_mutex_unlock(&job->lock);
    error = error ? error : copy_error(job->copy);
    if (!ended) {
        return;                 /* the thread sees the error, too */
    }
    if (job->thread) {
        g_thread_join(job->thread);
        job->thread = NULL;
        if (stop) {
            job->cancelled = true;
            end_or_try_again(job);
        } else if (!error && (job->kind == BLOCK_JOB_MIRROR || job->kind == BLOCK_JOB_COMMIT)) {
            set_status(job, BLOCK_JOB_READY);
            tell(job, BLOCK_JOB_EVENT_READY);
        } else if (!error) {
            end_or_try_again(job);
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
    if (job->status != (pause ? BLOCK_JOB_RUNNING : BLOCK_JOB_PAUSED)) {
        return wrong_status(job, pause ? "pause" : "resume");
    }
    g_mutex_lock(&job->lock);
    job->paused = pause;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    set_status(job, pause ? BLOCK_JOB_PAUSED : BLOCK_JOB_RUNNING);
    return NULL;
}

char *block_job_cancel(BlockJob *job, bool force)
{
    if (!job->copy) {
        return wrong_status(job, "cancel");
    }
    if (!job->thread) {
        job->cancelled = force || job->kind != BLOCK_JOB_MIRROR;
        end_or_try_again(job);
        return NULL;
    }
    g_mutex_lock(&job->lock);
    job->stop = true;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    return NULL;
}

char *block_job_complete(BlockJob *job)
{
    int ret;

    if (job->status != BLOCK_JOB_READY) {
        return g_strdup_printf("The active block job '%s' cannot be completed", job->id);
    }
    if (!blk_hold(job->blk)) {
        return g_strdup_printf("'%s': the host does not answer", job->source->path);
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

char *block_job_dismiss(BlockJob *job)
{
    if (job->status != BLOCK_JOB_CONCLUDED) {
        return wrong_status(job, "dismiss");
    }
    set_status(job, BLOCK_JOB_NULL);
    free_job(job);
    return NULL;
}

bool block_job_end_now(BlockJob *job)
{
    int64_t until = g_get_monotonic_time() + CLOSE_PATIENCE_S * G_USEC_PER_SEC;
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
        look(job);
    }
    return !job->copy;
}

/* ---- the start ---- */

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
        *error = block_create_file(t->file, format, job->length, cow ? behind->path : NULL,
                                   cow ? behind->ops->format : NULL);
        if (*error) {
            return false;
        }
    }
    *o = (BlockOptions) { .file = g_strdup(t->file), .format = g_strdup(format) };
    job->target = blk_open_image(o, error);
    return job->target;
}

/* The image behind becomes the target: it is opened for writing. The disk is held. */
static bool open_commit_target(BlockJob *job, char **error)
{
    Image *behind = image_backing(job->source);
    BlockOptions *o = &job->target_options;

    if (!behind || !job->source->ops->swap_backing) {
        *error = g_strdup_printf("'%s': there is no image behind it", job->source->path);
        return false;
    }
    if (image_bytes(behind) < job->length) {
        *error = g_strdup_printf("'%s' is shorter than the disk (qemu-img resize)", behind->path);
        return false;
    }
    *o = (BlockOptions) { .file = g_strdup(behind->path), .format = g_strdup(behind->ops->format) };
    job->target = blk_reopen_backing(job->source, error);
    return job->target;
}

static const char *refused(BlockBackend *blk, const BlockJobOptions *o)
{
    if (!blk->image) {
        return "there is no medium";
    }
    if (blk->job) {
        return "another job is at work on it";
    }
    if (blk->options.snapshot && o->kind != BLOCK_JOB_BACKUP && o->kind != BLOCK_JOB_MIRROR) {
        return "its image is a temporary one (snapshot=on)";
    }
    if (blk_readonly(blk) && (o->kind == BLOCK_JOB_STREAM || o->kind == BLOCK_JOB_COMMIT)) {
        return "it is open for reading only";
    }
    if (o->kind == BLOCK_JOB_STREAM && !blk->image->ops->forget_backing) {
        return "its format has no images behind it";
    }
    return NULL;
}

/* The job is ready to begin; the disk is held. */
static char *begin(BlockJob *job, const BlockJobOptions *o)
{
    char *error = NULL;

    if (job->kind == BLOCK_JOB_COMMIT && !open_commit_target(job, &error)) {
        return error;
    }
    if (job->target && image_bytes(job->target) < job->length) {
        return g_strdup_printf("'%s' is shorter than the disk", job->target->path);
    }
    job->copy = copy_new(job->source, job->target, mode_of(job->kind), what_of(o), &job->work);
    if (!job->copy) {
        return g_strdup(strerror(ENOMEM));
    }
    job->blk->image = copy_image(job->copy);
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
    job->work = (IOWork) { .fn = look, .opaque = job };
    g_mutex_init(&job->lock);
    g_cond_init(&job->changed);
    return job;
}

char *block_job_start(BlockBackend *blk, const BlockJobOptions *o, const BlockJobTarget *target)
{
    const char *no = refused(blk, o);
    char *problem = NULL;
    BlockJob *job, **end;

    if (no) {
        return g_strdup_printf("'%s': %s", blk->id, no);
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
        let_target_go(job);
        g_free(job->id);
        g_free(job);
        return problem;
    }
    for (end = &jobs; *end; end = &(*end)->next) {
    }
    *end = job;
    set_status(job, BLOCK_JOB_CREATED);
    set_status(job, BLOCK_JOB_RUNNING);
    job->thread = g_thread_new("block-job", run, job);
    return NULL;
}
