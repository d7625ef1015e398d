/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block back ends: requests of devices, carried out by threads.
 *
 * A request goes from its submitter to a thread of the back end's pool, which calls the image and waits for the host;
 * then, on the I/O thread, its done() is called. `lock` guards what is counted and what waits; it is never held while
 * an image or done() is called.
 *
 * A request that failed under the policy "stop" waits in `stalled`, with the machine stopped, and is carried out again
 * when the machine goes on: nothing that the guest wrote is lost because a disk was full. A reset drops it.
 *
 * The host may not answer for any time. Nobody but the pool's threads waits for it without a limit: who drains or
 * closes gives up when nothing has ended for a while. What was given up keeps its threads, its image and its structure.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "block/block.h"
#include "block/image.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "sysemu/runstate.h"

enum { THREADS = 4, DRAIN_PATIENCE_S = 5, CLOSE_PATIENCE_S = 10 };

struct BlockBackend {
    Image *image;               /* constant */
    BlockOptions options;       /* constant */
    char *id, *path;            /* constant */
    GThreadPool *pool;          /* constant */
    pthread_mutex_t lock;
    pthread_cond_t ended;       /* a request was carried out; times of CLOCK_MONOTONIC */
    unsigned in_work;           /* requests that the pool has. lock: lock */
    uint64_t endings;           /* requests that were carried out. lock: lock */
    GQueue finished;            /* whose done() is due.        lock: lock */
    IOWork work;                /* calls them */
    GQueue stalled;             /* that wait for vm_start().   I/O thread */
    BlockStats stats[BLOCK_FLUSH + 1];      /* I/O thread */
    bool said;                  /* an error was reported since the last success. I/O thread */
    BlockBackend *next;         /* I/O thread */
};

static BlockBackend *backends;  /* I/O thread */
static void (*error_listener)(const BlockError *error);         /* constant once the main loop runs */

/* By BlockOp. */
static const char *const verbs[] = { "read", "write", "write", "discard", "flush" };

/* ---- on the pool's threads ---- */

static int carry_out(BlockBackend *blk, const BlockRequest *r)
{
    int ret = 0;

    switch (r->op) {
    case BLOCK_READ:
        return image_read(blk->image, r->offset, r->buffer, r->bytes);
    case BLOCK_WRITE:
        ret = image_write(blk->image, r->offset, r->buffer, r->bytes);
        break;
    case BLOCK_WRITE_ZEROES:
        ret = image_write_zeroes(blk->image, r->offset, r->bytes, blk->options.discard);
        break;
    case BLOCK_DISCARD:
        return blk->options.discard ? image_write_zeroes(blk->image, r->offset, r->bytes, true) : 0;
    case BLOCK_FLUSH:
        return blk->options.no_flush || blk_readonly(blk) ? 0 : image_flush(blk->image);
    }
    return ret || !blk->options.write_through ? ret : image_flush(blk->image);
}

static void pool_run(gpointer item, gpointer opaque)
{
    BlockRequest *r = item;
    BlockBackend *blk = opaque;

    r->error = carry_out(blk, r);
    trace(BLK_DONE, "drive=%s operation=%s offset=%llu bytes=%llu error=%d", blk->id, verbs[r->op],
          (unsigned long long)r->offset, (unsigned long long)r->bytes, -r->error);
    pthread_mutex_lock(&blk->lock);
    g_queue_push_tail(&blk->finished, r);
    blk->in_work--;
    blk->endings++;
    pthread_cond_signal(&blk->ended);
    pthread_mutex_unlock(&blk->lock);
    io_post(&blk->work);
}

/* ---- on the I/O thread ---- */

void blk_set_error_listener(void (*fn)(const BlockError *error))
{
    error_listener = fn;
}

static void report(BlockBackend *blk, const BlockRequest *r, BlockErrorAction action)
{
    BlockError e = { .blk = blk, .write = r->op != BLOCK_READ, .action = action, .error = -r->error };

    if (!blk->said && action != BLOCK_ACTION_IGNORE) {
        error_report("%s '%s': %s at byte %llu failed: %s%s", blk->id, blk->path, verbs[r->op],
                     (unsigned long long)r->offset, strerror(-r->error),
                     action == BLOCK_ACTION_STOP ? " (the machine stops; mend it, then 'cont' tries again)" : "");
        blk->said = true;
    }
    if (error_listener) {
        error_listener(&e);
    }
}

/* What the policy for reads or writes makes of this error. */
static BlockErrorAction action_for(const BlockBackend *blk, const BlockRequest *r)
{
    switch (r->op == BLOCK_READ ? blk->options.on_read_error : blk->options.on_write_error) {
    case BLOCK_ERROR_IGNORE:
        return BLOCK_ACTION_IGNORE;
    case BLOCK_ERROR_STOP:
        return BLOCK_ACTION_STOP;
    case BLOCK_ERROR_ENOSPC:
        return r->error == -ENOSPC ? BLOCK_ACTION_STOP : BLOCK_ACTION_REPORT;
    case BLOCK_ERROR_REPORT:
        break;
    }
    return BLOCK_ACTION_REPORT;
}

static void count(BlockBackend *blk, const BlockRequest *r)
{
    BlockStats *stats = &blk->stats[r->op];

    stats->requests++;
    stats->failed += r->error != 0;
    stats->bytes += r->error ? 0 : r->bytes;
    stats->ns += (uint64_t)(g_get_monotonic_time() - r->begin) * 1000;
}

static void finish(BlockBackend *blk, BlockRequest *r)
{
    count(blk, r);
    if (!r->error) {
        blk->said = false;
    } else {
        BlockErrorAction action = action_for(blk, r);

        report(blk, r, action);
        if (action == BLOCK_ACTION_STOP) {
            g_queue_push_tail(&blk->stalled, r);
            vm_stop_for_io_error();
            return;
        }
        if (action == BLOCK_ACTION_IGNORE) {
            r->error = 0;
        }
    }
    r->done(r, r->error);
}

static void call_done(void *opaque)
{
    BlockBackend *blk = opaque;

    for (;;) {
        BlockRequest *r;

        pthread_mutex_lock(&blk->lock);
        r = g_queue_pop_head(&blk->finished);
        pthread_mutex_unlock(&blk->lock);
        if (!r) {
            return;
        }
        finish(blk, r);
    }
}

void blk_submit(BlockBackend *blk, BlockRequest *r)
{
    r->blk = blk;
    r->error = 0;
    trace(BLK_SUBMIT, "drive=%s operation=%s offset=%llu bytes=%llu", blk->id, verbs[r->op],
          (unsigned long long)r->offset, (unsigned long long)r->bytes);
    r->begin = g_get_monotonic_time();
    pthread_mutex_lock(&blk->lock);
    blk->in_work++;
    pthread_mutex_unlock(&blk->lock);
    g_thread_pool_push(blk->pool, r, NULL);
}

void blk_resume_all(void)
{
    for (BlockBackend *blk = backends; blk; blk = blk->next) {
        BlockRequest *r;

        blk->said = false;
        while ((r = g_queue_pop_head(&blk->stalled)) != NULL) {
            blk_submit(blk, r);
        }
    }
}

const BlockBackend *blk_stalled(void)
{
    const BlockBackend *blk = backends;

    while (blk && g_queue_is_empty((GQueue *)(uintptr_t)&blk->stalled)) {
        blk = blk->next;
    }
    return blk;
}

void blk_forget_stalled(void)
{
    for (BlockBackend *blk = backends; blk; blk = blk->next) {
        BlockRequest *r;

        while ((r = g_queue_pop_head(&blk->stalled)) != NULL) {
            r->done(r, r->error);
        }
    }
}

/* Wait until the pool has nothing more to do. False: for so many seconds nothing has ended. The lock is held. */
static bool wait_for_pool(BlockBackend *blk, unsigned patience)
{
    while (blk->in_work) {
        uint64_t before = blk->endings;
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += patience;
        while (blk->in_work && blk->endings == before) {
            if (pthread_cond_timedwait(&blk->ended, &blk->lock, &until) == ETIMEDOUT && blk->endings == before) {
                return !blk->in_work;
            }
        }
    }
    return true;
}

bool blk_drain(BlockBackend *blk)
{
    for (;;) {
        bool idle, none;

        pthread_mutex_lock(&blk->lock);
        idle = wait_for_pool(blk, DRAIN_PATIENCE_S);
        none = g_queue_is_empty(&blk->finished);
        pthread_mutex_unlock(&blk->lock);
        if (none) {
            return idle && g_queue_is_empty(&blk->stalled);
        }
        call_done(blk);
    }
}

bool blk_drain_all(void)
{
    bool all = true;

    for (BlockBackend *blk = backends; blk; blk = blk->next) {
        all = blk_drain(blk) && all;
    }
    return all;
}

BlockStats blk_stats(const BlockBackend *blk, BlockOp op) { return blk->stats[op]; }
const BlockOptions *blk_options(const BlockBackend *blk) { return &blk->options; }
const char *blk_id(const BlockBackend *blk) { return blk->id; }
const char *blk_said(const BlockBackend *blk) { return blk->options.said; }
const char *blk_path(const BlockBackend *blk) { return blk->path; }
const char *blk_format(const BlockBackend *blk) { return blk->image->ops->format; }
uint64_t blk_bytes(const BlockBackend *blk) { return blk->image->bytes; }
bool blk_readonly(const BlockBackend *blk) { return blk->image->readonly; }

BlockBackend *blk_next(const BlockBackend *blk)
{
    return blk ? blk->next : backends;
}

/* ---- opening ---- */

BlockBackend *blk_open(const BlockOptions *options, char **error)
{
    ImageOptions how = { .format = options->format, .readonly = options->readonly, .direct = options->direct,
                         .no_lock = options->no_lock };
    Image *image = options->snapshot ? image_open_temporary(options->file, &how, error)
                                     : image_open(options->file, &how, error);
    BlockBackend *blk, **end;
    pthread_condattr_t attr;

    if (!image) {
        return NULL;
    }
    blk = g_new0(BlockBackend, 1);
    blk->image = image;
    blk->options = *options;
    blk->id = g_strdup(options->id ? options->id : "drive");
    blk->path = g_strdup(options->file);
    pthread_mutex_init(&blk->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&blk->ended, &attr);
    pthread_condattr_destroy(&attr);
    blk->work = (IOWork) { .fn = call_done, .opaque = blk };
    g_queue_init(&blk->finished);
    g_queue_init(&blk->stalled);
    blk->pool = g_thread_pool_new(pool_run, blk, THREADS, FALSE, NULL);
    for (end = &backends; *end; end = &(*end)->next) {
    }
    *end = blk;
    return blk;
}

bool blk_close(BlockBackend *blk)
{
    BlockBackend **p = &backends;
    bool lost = !g_queue_is_empty(&blk->stalled), idle = blk_drain(blk) || lost;
    int ret;

    while (*p != blk) {
        p = &(*p)->next;
    }
    *p = blk->next;
    g_thread_pool_free(blk->pool, TRUE, FALSE);
    if (lost) {
        error_report("%s '%s': what waited for an error to be mended is not carried out", blk->id, blk->path);
    }
    if (!idle) {
        error_report("%s '%s': the host does not answer; a request is left behind, and the image is not closed",
                     blk->id, blk->path);
        return false;
    }
    ret = image_close_within(blk->image, !blk_readonly(blk) && !blk->options.no_flush, CLOSE_PATIENCE_S);
    if (ret) {
        error_report("%s '%s': the last flush failed: %s", blk->id, blk->path,
                     ret == -ETIMEDOUT ? "the host does not answer" : strerror(-ret));
    }
    /* The structure stays: `work` may still be posted. */
    return !ret;
}

bool blk_close_all(void)
{
    bool all = true;

    while (backends) {
        all = blk_close(backends) && all;
    }
    return all;
}
