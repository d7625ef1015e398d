/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread of a job on a disk: it copies piece by piece, and does what was asked for if one fails. */
#include <errno.h>
#include "block/job-internal.h"

enum { RETRY_MS = 100 };

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

BlockErrorAction block_job_action(const BlockJob *job, bool target, int error)
{
    switch (target ? job->on_target_error : job->on_source_error) {
    case BLOCK_ERROR_IGNORE:
        return BLOCK_ACTION_IGNORE;
    case BLOCK_ERROR_STOP:
        return BLOCK_ACTION_STOP;
    case BLOCK_ERROR_ENOSPC:
        return error == -ENOSPC ? BLOCK_ACTION_STOP : BLOCK_ACTION_REPORT;
    default:
        return BLOCK_ACTION_REPORT;
    }
}

typedef struct Failure {
    IOWork work;
    BlockJob *job;              /* whose structure stays */
    bool target;
    int error;
} Failure;

static void tell(void *opaque)
{
    Failure *f = opaque;

    block_job_failed(f->job, f->target, f->error);
    g_free(f);
}

/* A piece failed. What comes of it; who wants to know hears of it. */
static BlockErrorAction meet_error(BlockJob *job, bool target, int error)
{
    const BlockErrorAction action = block_job_action(job, target, error);
    Failure *f = g_new0(Failure, 1);

    if (action == BLOCK_ACTION_STOP) {
        g_mutex_lock(&job->lock);
        job->paused = true;     /* before anybody can say that it is to go on */
        g_mutex_unlock(&job->lock);
    }
    f->work = (IOWork) { .fn = tell, .opaque = f, .outside = true };
    f->job = job;
    f->target = target;
    f->error = error;
    io_post(&f->work);
    return action;
}

/* What failed and is ignored is tried again, and not in a hurry. */
static void rest(BlockJob *job)
{
    const int64_t until = g_get_monotonic_time() + RETRY_MS * 1000;

    g_mutex_lock(&job->lock);
    while (!job->stop && g_cond_wait_until(&job->changed, &job->lock, until)) {
    }
    g_mutex_unlock(&job->lock);
}

/* Over the whole disk once. *later: what a stream fails with at its end. 0, or the error that ends the job. */
static int first_round(BlockJob *job, ThrottleState *limit, int *later)
{
    uint64_t offset = 0;

    while (offset < job->length && may_go_on(job, limit)) {
        bool target = false;
        const int ret = copy_piece(job->copy, offset, &target);
        const BlockErrorAction action = ret ? meet_error(job, target, ret) : BLOCK_ACTION_IGNORE;

        if (action == BLOCK_ACTION_REPORT || copy_error(job->copy)) {
            return ret ? ret : copy_error(job->copy);
        }
        if (action == BLOCK_ACTION_STOP) {
            continue;           /* the same piece, when it goes on */
        }
        if (ret && job->kind == BLOCK_JOB_STREAM) {
            *later = *later ? *later : ret;
        } else if (ret) {
            copy_miss(job->copy, offset);
        }
        offset += COPY_PIECE;
        g_mutex_lock(&job->lock);
        job->offset = MIN(offset, job->length);
        g_mutex_unlock(&job->lock);
    }
    return 0;
}

/* What failed before, here or for the guest. */
static int more_rounds(BlockJob *job, ThrottleState *limit)
{
    uint64_t offset;

    while (copy_misses(job->copy, &offset) && may_go_on(job, limit)) {
        bool target = false;
        const int ret = copy_again(job->copy, offset, &target);

        if (ret) {
            copy_miss(job->copy, offset);
            switch (meet_error(job, target, ret)) {
            case BLOCK_ACTION_REPORT:
                return ret;
            case BLOCK_ACTION_IGNORE:
                rest(job);
                break;
            case BLOCK_ACTION_STOP:
                break;
            }
        }
    }
    return copy_error(job->copy);
}

static bool stops(BlockJob *job)
{
    bool stop;

    g_mutex_lock(&job->lock);
    stop = job->stop;
    g_mutex_unlock(&job->lock);
    return stop;
}

static int last_flush(BlockJob *job, ThrottleState *limit)
{
    int ret;

    while ((ret = image_flush(job->target ? job->target : job->source)) != 0
           && meet_error(job, job->target != NULL, ret) != BLOCK_ACTION_REPORT && may_go_on(job, limit)) {
        rest(job);
    }
    return stops(job) ? 0 : ret;
}

/* A backup of what is about to be overwritten has no end of its own. */
static void wait_for_end(BlockJob *job)
{
    g_mutex_lock(&job->lock);
    while (!job->stop && !job->failed) {
        g_cond_wait(&job->changed, &job->lock);
    }
    g_mutex_unlock(&job->lock);
}

static gpointer run(gpointer opaque)
{
    BlockJob *job = opaque;
    ThrottleState limit = { .leaked_us = g_get_monotonic_time() };
    int ret, later = 0;

    throttle_config_init(&limit.config);
    ret = job->round_done ? 0 : first_round(job, &limit, &later);
    ret = ret ? ret : more_rounds(job, &limit);
    if (!ret && job->endless) {
        wait_for_end(job);
        ret = copy_error(job->copy);
    }
    ret = ret ? ret : last_flush(job, &limit);
    g_mutex_lock(&job->lock);
    job->error = ret ? ret : later;
    job->ended = true;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    io_post(&job->work);
    return NULL;
}

void block_job_thread(BlockJob *job)
{
    g_mutex_lock(&job->lock);
    job->ended = false;
    g_mutex_unlock(&job->lock);
    job->thread = g_thread_new("block-job", run, job);
}
