/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block back ends: requests of devices, carried out by threads.
 *
 * A request goes from its submitter to a thread of the back end's pool, which calls the image and waits for the host;
 * then, on the I/O thread, its done() is called. `lock` guards what is counted and what waits; it is never held while
 * an image or done() is called.
 *
 * A request that failed under the policy "stop" waits in `stalled`, with the machine stopped, and is carried out again
 * when the machine goes on: nothing that the guest wrote is lost because a disk was full.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "block/block.h"
#include "block/image.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "sysemu/runstate.h"

enum { THREADS = 4 };

struct BlockBackend {
    Image *image;               /* constant */
    BlockOptions options;       /* constant */
    char *id, *path;            /* constant */
    GThreadPool *pool;          /* constant */
    pthread_mutex_t lock;
    pthread_cond_t idle;        /* a request was carried out */
    unsigned in_work;           /* requests that the pool has. lock: lock */
    GQueue finished;            /* whose done() is due.        lock: lock */
    IOWork work;                /* calls them */
    GQueue stalled;             /* that wait for vm_start().   I/O thread */
    bool said;                  /* an error was reported since the last success. I/O thread */
    BlockBackend *next;         /* I/O thread */
};

static BlockBackend *backends;  /* I/O thread */

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
    pthread_mutex_lock(&blk->lock);
    g_queue_push_tail(&blk->finished, r);
    blk->in_work--;
    pthread_cond_signal(&blk->idle);
    pthread_mutex_unlock(&blk->lock);
    io_post(&blk->work);
}

/* ---- on the I/O thread ---- */

/* Whether the machine stops for this error, by the policy for reads or writes. */
static bool stops_machine(const BlockBackend *blk, const BlockRequest *r)
{
    BlockErrorPolicy policy = r->op == BLOCK_READ ? blk->options.on_read_error : blk->options.on_write_error;

    return policy == BLOCK_ERROR_STOP || (policy == BLOCK_ERROR_ENOSPC && r->error == -ENOSPC);
}

static void report(BlockBackend *blk, const BlockRequest *r, bool stops)
{
    static const char *const verbs[] = { "read", "write", "write", "discard", "flush" };

    if (!blk->said) {
        error_report("%s '%s': %s at byte %llu failed: %s%s", blk->id, blk->path, verbs[r->op],
                     (unsigned long long)r->offset, strerror(-r->error),
                     stops ? " (the machine stops; mend it, then 'cont' tries again)" : "");
    }
    blk->said = true;
}

static void finish(BlockBackend *blk, BlockRequest *r)
{
    BlockErrorPolicy policy = r->op == BLOCK_READ ? blk->options.on_read_error : blk->options.on_write_error;

    if (!r->error) {
        blk->said = false;
    } else if (policy == BLOCK_ERROR_IGNORE) {
        r->error = 0;
    } else {
        bool stops = stops_machine(blk, r);

        report(blk, r, stops);
        if (stops) {
            g_queue_push_tail(&blk->stalled, r);
            vm_stop();
            return;
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

void blk_drain(BlockBackend *blk)
{
    for (;;) {
        bool none;

        pthread_mutex_lock(&blk->lock);
        while (blk->in_work) {
            pthread_cond_wait(&blk->idle, &blk->lock);
        }
        none = g_queue_is_empty(&blk->finished);
        pthread_mutex_unlock(&blk->lock);
        if (none) {
            return;
        }
        call_done(blk);
    }
}

void blk_drain_all(void)
{
    for (BlockBackend *blk = backends; blk; blk = blk->next) {
        blk_drain(blk);
    }
}

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

    if (!image) {
        return NULL;
    }
    blk = g_new0(BlockBackend, 1);
    blk->image = image;
    blk->options = *options;
    blk->id = g_strdup(options->id ? options->id : "drive");
    blk->path = g_strdup(options->file);
    pthread_mutex_init(&blk->lock, NULL);
    pthread_cond_init(&blk->idle, NULL);
    blk->work = (IOWork) { .fn = call_done, .opaque = blk };
    g_queue_init(&blk->finished);
    g_queue_init(&blk->stalled);
    blk->pool = g_thread_pool_new(pool_run, blk, THREADS, FALSE, NULL);
    for (end = &backends; *end; end = &(*end)->next) {
    }
    *end = blk;
    return blk;
}

void blk_close(BlockBackend *blk)
{
    BlockBackend **p = &backends;

    blk_drain(blk);
    while (*p != blk) {
        p = &(*p)->next;
    }
    *p = blk->next;
    g_thread_pool_free(blk->pool, FALSE, TRUE);
    if (!blk_readonly(blk) && !blk->options.no_flush) {
        int ret = image_flush(blk->image);

        if (ret) {
            error_report("%s '%s': the last flush failed: %s", blk->id, blk->path, strerror(-ret));
        }
    }
    image_close(blk->image);
    pthread_cond_destroy(&blk->idle);
    pthread_mutex_destroy(&blk->lock);
    g_free(blk->id);
    g_free(blk->path);
    /* The structure stays: `work` may still be posted. */
}

void blk_close_all(void)
{
    while (backends) {
        blk_close(backends);
    }
}
