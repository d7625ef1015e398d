/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block back ends: requests of devices, carried out by the kernel (block/aio.h) or by threads.
 *
 * A plain transfer is carried out by the submitter itself if the host need not wait for its disk, or by the engine if
 * there is one. All else goes to a thread of the back end's pool, which calls the image and waits for the host. Then,
 * on the I/O thread, done() is called.
 * `lock` guards what is counted and what waits; it is never held while an image or done() is called.
 *
 * A request that failed under the policy "stop" waits in `stalled`, with the machine stopped, and is carried out again
 * when the machine goes on: nothing that the guest wrote is lost because a disk was full. A reset drops it.
 *
 * The host may not answer for any time. Nobody but the pool's threads waits for it without a limit: who drains gives up
 * when nothing has ended for a while.
 */
#define _GNU_SOURCE             /* preadv2, pwritev2 */
#include <errno.h>
#include <glib-unix.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "sysemu/runstate.h"

enum { THREADS = 4, LOOK_MS = 20, AT_ONCE_BYTES = 128 << 10 };

static void (*error_listener)(const BlockError *error);         /* constant once the main loop runs */

static bool in_order;                   /* constant once there are back ends */
static uint32_t under_way;              /* requests whose done() has not been called, the stalled aside; atomic */

/* By BlockOp. */
static const char *const verbs[] = { "read", "write", "write", "discard", "flush", "commit", "resize", "extent" };

/* ---- on the pool's threads ---- */

/* It is carried out; `due`: somebody has to call finish(). */
static void count_ending(BlockBackend *blk, BlockRequest *r, bool due)
{
    trace(BLK_DONE, "drive=%s operation=%s offset=%llu bytes=%llu error=%d", blk->id, verbs[r->op],
          (unsigned long long)r->offset, (unsigned long long)r->bytes, -r->error);
    pthread_mutex_lock(&blk->lock);
    if (due) {
        g_queue_push_tail(&blk->finished, r);
    }
    blk->in_work--;
    blk->endings++;
    pthread_cond_signal(&blk->ended);
    pthread_mutex_unlock(&blk->lock);
}

static void pool_run(gpointer item, gpointer opaque)
{
    BlockRequest *r = item;
    BlockBackend *blk = r->blk;

    r->error = blk_carry_out(blk, r);
    count_ending(blk, r, true);
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

    if (!__atomic_load_n(&blk->said, __ATOMIC_RELAXED) && action != BLOCK_ACTION_IGNORE) {
        error_report("%s '%s': %s at byte %llu failed: %s%s", blk->id, blk->path, verbs[r->op],
                     (unsigned long long)r->offset, strerror(-r->error),
                     action == BLOCK_ACTION_STOP ? " (the machine stops; mend it, then 'cont' tries again)" : "");
        __atomic_store_n(&blk->said, true, __ATOMIC_RELAXED);
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
    const int64_t now = g_get_monotonic_time();

    stats->requests++;
    stats->failed += r->error != 0;
    stats->bytes += r->error ? 0 : r->bytes;
    stats->ns += (uint64_t)(now - r->begin) * 1000;
    if (!r->error) {
        blk_note_latency(blk, r->op, (uint64_t)(now - r->begin) * 1000);
    }
    __atomic_store_n(&blk->last_end_us, now, __ATOMIC_RELAXED);
}

static void finish(BlockBackend *blk, BlockRequest *r)
{
    count(blk, r);
    if (r->outside) {
        /* Who asked hears of it. */
    } else if (r->op > BLOCK_FLUSH) {
        /* The user hears of it. */
        if (r->op == BLOCK_RESIZE && !r->error) {
            blk->user.resized(blk->user.opaque);
        }
    } else if (!r->error) {
        __atomic_store_n(&blk->said, false, __ATOMIC_RELAXED);
    } else if (r->error != -ENOMEDIUM) {        /* the device knows by itself that there is none */
        BlockErrorAction action = action_for(blk, r);

        report(blk, r, action);
        if (action == BLOCK_ACTION_STOP) {
            blk->stalled_for = -r->error;
            g_queue_push_tail(&blk->stalled, r);
            __atomic_sub_fetch(&under_way, 1, __ATOMIC_SEQ_CST);
            vm_stop_for_io_error();
            return;
        }
        if (action == BLOCK_ACTION_IGNORE) {
            r->error = 0;
        }
    }
    r->done(r, r->error);
    __atomic_sub_fetch(&under_way, 1, __ATOMIC_SEQ_CST);
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

/* ---- the engine: I/O thread ---- */

static void transfer_ended(void *opaque, ssize_t result)
{
    BlockRequest *r = opaque;
    BlockBackend *blk = __atomic_load_n(&r->blk, __ATOMIC_ACQUIRE);

    if (result != (ssize_t)r->bytes && (result >= 0 || result == -EAGAIN || result == -EINVAL || result == -EINTR)) {
        /* Cut off at the file's end, or not for the kernel: as a whole by the pool. */
        g_thread_pool_push(blk->pool, r, NULL);
        return;
    }
    r->error = result < 0 ? (int)result : 0;
    count_ending(blk, r, false);
    finish(blk, r);
}

static void reap(BlockBackend *blk)
{
    uint64_t count;
    ssize_t ignored = read(blk->engine->event_fd, &count, sizeof(count));

    (void)ignored;
    blk->engine->ops->reap(blk->engine, transfer_ended);
}

static gboolean engine_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    reap(opaque);
    return G_SOURCE_CONTINUE;
}

void blk_start_engine(BlockBackend *blk)
{
    char *error = NULL;

    if (in_order || blk->options.aio == BLOCK_AIO_THREADS || !blk->image->ops->transfer_fd) {
        return;
    }
    blk->engine = blk->options.aio == BLOCK_AIO_NATIVE ? aio_native_new(&error) : aio_uring_new(&error);
    if (blk->engine) {
        blk->engine_source = g_unix_fd_add(blk->engine->event_fd, G_IO_IN, engine_ready, blk);
    } else {
        error_report("%s '%s': %s; threads do it", blk->id, blk->path, error);
        g_free(error);
    }
}

void blk_stop_engine(BlockBackend *blk)
{
    if (blk->engine) {
        g_source_remove(blk->engine_source);
        blk->engine->ops->free(blk->engine);
        blk->engine = NULL;
    }
}

/* A file system that is in memory knows of no transfers that do not wait, for it has no others. */
static bool is_in_memory(BlockBackend *blk, int fd)
{
    struct statfs fs;

    if (__atomic_load_n(&blk->in_memory, __ATOMIC_RELAXED) || fstatfs(fd, &fs) ||
        (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)) {
        return false;
    }
    __atomic_store_n(&blk->in_memory, true, __ATOMIC_RELAXED);
    return true;
}

/* The host has the pages in its cache: no thread is needed to wait. False: it would take waiting, or something else. */
static bool move_now(BlockBackend *blk, const BlockRequest *r, int fd)
{
    const bool write = r->op == BLOCK_WRITE;
    struct iovec v = { .iov_base = r->buffer, .iov_len = r->bytes };
    ssize_t n;

    if (in_order || r->bytes > AT_ONCE_BYTES || blk->options.direct ||
        __atomic_load_n(&blk->never_at_once[write], __ATOMIC_RELAXED)) {
        return false;
    }
    do {
        const int flags = __atomic_load_n(&blk->in_memory, __ATOMIC_RELAXED) ? 0 : RWF_NOWAIT;

        n = write ? pwritev2(fd, &v, 1, (off_t)r->offset, flags) : preadv2(fd, &v, 1, (off_t)r->offset, flags);
    } while (n < 0 && errno == EOPNOTSUPP && is_in_memory(blk, fd));
    if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)) {
        /* This file system cannot; many read without waiting but do not write so. */
        __atomic_store_n(&blk->never_at_once[write], true, __ATOMIC_RELAXED);
    }
    return n == (ssize_t)r->bytes;
}

/* Whoever wants to know what is written to. The image stays meanwhile. */
static void note_write(BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
    block_bitmap_note(blk, offset, bytes);
    if (blk->image) {
        write_threshold_note(&blk->image->threshold, offset + bytes);
    }
}

/* The descriptor by which the kernel carries it out; -1: it has to be looked at. */
static int transfer_fd(BlockBackend *blk, const BlockRequest *r)
{
    const bool write = r->op == BLOCK_WRITE;

    if (!blk->image || !blk->image->ops->transfer_fd || !r->bytes || !(r->op == BLOCK_READ || write) ||
        (write && (blk->options.write_through || blk->options.detect_zeroes != DETECT_ZEROES_OFF))) {
        return -1;
    }
    return blk->image->ops->transfer_fd(blk->image, write, r->offset, r->buffer, r->bytes);
}

/* Past the pool: by the kernel at once, or by the engine. False: it is for the pool. */
static bool submit_transfer(BlockBackend *blk, BlockRequest *r)
{
    const int fd = transfer_fd(blk, r);

    if (fd < 0) {
        return false;
    }
    if (blk->engine) {
        /* The kernel, which has it from here on, orders it by nothing that C knows. */
        __atomic_store_n(&r->blk, blk, __ATOMIC_RELEASE);
        return blk->engine->ops->submit(blk->engine, fd, r->op == BLOCK_WRITE, r->offset, r->buffer, r->bytes, r);
    }
    if (!move_now(blk, r, fd)) {
        return false;
    }
    count_ending(blk, r, true);
    io_post(&blk->work);
    return true;
}

/* ---- what devices and the machine ask ---- */

void blk_keep_order(void)
{
    in_order = true;
}

bool blk_any_under_way(void)
{
    return __atomic_load_n(&under_way, __ATOMIC_SEQ_CST);
}

void blk_start(BlockRequest *r)
{
    BlockBackend *blk = r->blk;
    bool held;

    pthread_mutex_lock(&blk->lock);
    held = blk->held || (r->outside && blk->draining);
    if (held) {
        g_queue_push_tail(&blk->waiting, r);
    } else {
        blk->in_work++;
    }
    pthread_mutex_unlock(&blk->lock);
    if (held) {
        return;
    }
    if (r->op == BLOCK_WRITE || r->op == BLOCK_WRITE_ZEROES || r->op == BLOCK_DISCARD) {
        note_write(blk, r->offset, r->bytes);
    }
    if (!submit_transfer(blk, r)) {
        g_thread_pool_push(blk->pool, r, NULL);
    }
}

void blk_submit(BlockBackend *blk, BlockRequest *r)
{
    r->blk = blk;
    r->error = 0;
    r->problem = NULL;
    trace(BLK_SUBMIT, "drive=%s operation=%s offset=%llu bytes=%llu", blk->id, verbs[r->op],
          (unsigned long long)r->offset, (unsigned long long)r->bytes);
    r->begin = g_get_monotonic_time();
    __atomic_add_fetch(&under_way, 1, __ATOMIC_SEQ_CST);
    if (r->outside || !throttle_delay(&blk->throttle, r)) {
        blk_start(r);
    }
}

bool blk_try(BlockBackend *blk, bool write, uint64_t offset, void *buffer, uint32_t bytes)
{
    BlockRequest r = { .op = write ? BLOCK_WRITE : BLOCK_READ, .offset = offset, .buffer = buffer, .bytes = bytes };
    const gint64 begin = g_get_monotonic_time();
    bool go, done = false;
    int fd;

    if (__atomic_load_n(&blk->throttle.group, __ATOMIC_RELAXED)) {
        return false;
    }
    pthread_mutex_lock(&blk->lock);
    go = !blk->held && !blk->engine;
    blk->in_work += go;                 /* the image stays */
    pthread_mutex_unlock(&blk->lock);
    if (!go) {
        return false;
    }
    if (write) {
        note_write(blk, offset, bytes);
    }
    fd = transfer_fd(blk, &r);
    done = fd >= 0 && move_now(blk, &r, fd);
    pthread_mutex_lock(&blk->lock);
    blk->in_work--;
    if (done) {
        BlockStats *stats = &blk->tried[r.op];
        const int64_t now = g_get_monotonic_time();

        blk->endings++;
        stats->requests++;
        stats->bytes += bytes;
        stats->ns += (uint64_t)(now - begin) * 1000;
        __atomic_store_n(&blk->last_end_us, now, __ATOMIC_RELAXED);
    }
    pthread_cond_signal(&blk->ended);
    pthread_mutex_unlock(&blk->lock);
    if (done) {
        blk_note_latency(blk, r.op, (uint64_t)(g_get_monotonic_time() - begin) * 1000);
        if (__atomic_load_n(&blk->said, __ATOMIC_RELAXED)) {
            __atomic_store_n(&blk->said, false, __ATOMIC_RELAXED);
        }
        trace(BLK_SUBMIT, "drive=%s operation=%s offset=%llu bytes=%u", blk->id, verbs[r.op],
              (unsigned long long)offset, bytes);
        trace(BLK_DONE, "drive=%s operation=%s offset=%llu bytes=%u error=0", blk->id, verbs[r.op],
              (unsigned long long)offset, bytes);
    }
    return done;
}

BlockStats blk_stats(const BlockBackend *blk, BlockOp op)
{
    BlockBackend *lockable = (BlockBackend *)(uintptr_t)blk;
    BlockStats sum = blk->stats[op];

    if (op <= BLOCK_WRITE) {
        pthread_mutex_lock(&lockable->lock);
        sum.requests += blk->tried[op].requests;
        sum.bytes += blk->tried[op].bytes;
        sum.ns += blk->tried[op].ns;
        pthread_mutex_unlock(&lockable->lock);
    }
    return sum;
}

bool blk_hold(BlockBackend *blk)
{
    bool idle;

    pthread_mutex_lock(&blk->lock);
    blk->held = true;
    pthread_mutex_unlock(&blk->lock);
    blk_drain(blk);
    pthread_mutex_lock(&blk->lock);
    idle = !blk->in_work;
    pthread_mutex_unlock(&blk->lock);
    if (!idle) {
        blk_release(blk);
    }
    return idle;
}

void blk_release(BlockBackend *blk)
{
    BlockRequest *r;

    do {
        pthread_mutex_lock(&blk->lock);
        blk->held = false;
        r = g_queue_pop_head(&blk->waiting);
        pthread_mutex_unlock(&blk->lock);
        if (r) {
            blk_start(r);
        }
    } while (r);
}

void blk_resume_all(void)
{
    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        BlockRequest *r;

        __atomic_store_n(&blk->said, false, __ATOMIC_RELAXED);
        blk->stalled_for = 0;
        while ((r = g_queue_pop_head(&blk->stalled)) != NULL) {
            blk_submit(blk, r);
        }
    }
}

const BlockBackend *blk_stalled(void)
{
    const BlockBackend *blk = blk_backends;

    while (blk && g_queue_is_empty((GQueue *)(uintptr_t)&blk->stalled)) {
        blk = blk->next;
    }
    return blk;
}

void blk_drop_stalled(BlockBackend *blk)
{
    BlockRequest *r;

    blk->stalled_for = 0;
    while ((r = g_queue_pop_head(&blk->stalled)) != NULL) {
        r->done(r, r->error);
    }
}

void blk_forget_stalled(void)
{
    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        blk_drop_stalled(blk);
    }
}

/* Wait for an ending, or until so much time is over that one should look again. The lock is held. */
static void wait_for_ending(BlockBackend *blk, const struct timespec *until)
{
    if (blk->engine) {
        struct pollfd fd = { .fd = blk->engine->event_fd, .events = POLLIN };

        /* The I/O thread is here, so nobody else looks after the engine. */
        pthread_mutex_unlock(&blk->lock);
        if (poll(&fd, 1, LOOK_MS) > 0) {
            reap(blk);
        }
        pthread_mutex_lock(&blk->lock);
    } else {
        pthread_cond_timedwait(&blk->ended, &blk->lock, until);
    }
}

/* Wait until nothing is under way. False: for so long nothing has ended. The lock is held. */
static bool wait_until_idle(BlockBackend *blk, unsigned patience_ms)
{
    while (blk->in_work) {
        uint64_t before = blk->endings;
        struct timespec until, now;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
        until.tv_sec += patience_ms / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        do {
            wait_for_ending(blk, &until);
            clock_gettime(CLOCK_MONOTONIC, &now);
            if (blk->in_work && blk->endings == before &&
                (now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec))) {
                return false;
            }
        } while (blk->in_work && blk->endings == before);
    }
    return true;
}

bool blk_drain_within(BlockBackend *blk, unsigned patience_ms)
{
    bool idle, none, held;

    throttle_set_free(&blk->throttle, true);
    pthread_mutex_lock(&blk->lock);
    blk->draining = true;
    pthread_mutex_unlock(&blk->lock);
    for (;;) {
        pthread_mutex_lock(&blk->lock);
        idle = wait_until_idle(blk, patience_ms);
        none = g_queue_is_empty(&blk->finished);
        pthread_mutex_unlock(&blk->lock);
        if (none) {
            break;
        }
        call_done(blk);
    }
    throttle_set_free(&blk->throttle, false);
    pthread_mutex_lock(&blk->lock);
    blk->draining = false;
    held = blk->held;
    pthread_mutex_unlock(&blk->lock);
    if (!held) {
        blk_release(blk);
    }
    return idle && g_queue_is_empty(&blk->stalled);
}

void blk_init_requests(BlockBackend *blk)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&blk->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&blk->ended, &attr);
    pthread_condattr_destroy(&attr);
    blk->work = (IOWork) { .fn = call_done, .opaque = blk };
    g_queue_init(&blk->finished);
    g_queue_init(&blk->stalled);
    g_queue_init(&blk->waiting);
    blk->pool = g_thread_pool_new(pool_run, blk, in_order ? 1 : THREADS, FALSE, NULL);
}
