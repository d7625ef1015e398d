/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers: a thread per descriptor that may block (qemu/writer.h).
 *
 * writer_put() appends to `queue`; the thread exchanges it for its own empty buffer and writes that without the lock.
 * So the lock is never held while waiting. The thread is made by the first output. All state is guarded by
 * Writer.lock, but `left`, which is also read without it, and the list, which only grows (atomic).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "qemu/log.h"
#include "qemu/writer.h"
#include "sysemu/cpu-hold.h"

enum {
    WRITER_LIMIT = 256 * 1024,          /* a CPU that leaves more behind is held */
    WRITER_MAX = 16 * 1024 * 1024,      /* threads that cannot be held lose what is beyond */
    WRITER_GIVE_UP_MS = 1000,
    WRITER_CRASH_MS = 200,
    WRITER_CHUNK = 4096,                /* at a time: progress shows, and a pipe takes lines whole */
};

/* Of writer_full(). */
typedef struct RoomWanted {
    void (*room)(void *opaque);
    void *opaque;
} RoomWanted;

struct Writer {
    int fd;                             /* constant, like the label */
    char *label;
    pthread_mutex_t lock;
    pthread_cond_t more;                /* the queue is not empty */
    bool started;
    bool closing;                       /* the thread closes the descriptor when the queue is empty, and ends */
    bool no_thread;                     /* there could be none: who prints writes, and waits */
    bool failed;                        /* the reader is gone, the disk is full: drop everything */
    GByteArray *queue;
    size_t left;                        /* bytes in the queue or being written; atomic */
    CPUHold hold;
    GArray *waiting;                    /* of RoomWanted: who else is told when there is room; NULL: nobody */
    Writer *next;
};

static Writer *all_writers;             /* atomic */
static bool ended;                      /* writers_end() has waited enough; atomic */
static pthread_mutex_t standard_lock = PTHREAD_MUTEX_INITIALIZER;
static Writer *standard[STDERR_FILENO + 1];     /* lock: standard_lock */

/* Whole lines, if any: other processes may write to the same file. */
static size_t chunk(const uint8_t *buf, size_t len)
{
    size_t n = MIN(len, WRITER_CHUNK);
    const uint8_t *line = n < len ? memrchr(buf, '\n', n) : NULL;

    return line ? (size_t)(line - buf) + 1 : n;
}

/* False if it failed for good. */
static bool write_some(Writer *w, const uint8_t *buf, size_t len, size_t *done)
{
    ssize_t n = write(w->fd, buf, chunk(buf, len));

    *done = n > 0 ? (size_t)n : 0;
    if (n >= 0 || errno == EINTR) {
        return true;
    }
    if (errno == EAGAIN) {
        struct pollfd p = { .fd = w->fd, .events = POLLOUT };

        poll(&p, 1, -1);
        return true;
    }
    if (w->label && errno != EPIPE && errno != ECONNRESET && errno != EIO) {
        warn_report("%s: %s: output stops here", w->label, strerror(errno));
    }
    return false;
}

/* Caller holds w->lock. */
static void account(Writer *w, size_t done)
{
    size_t left = w->left - done;

    __atomic_store_n(&w->left, left, __ATOMIC_RELAXED);
    if (left < WRITER_LIMIT) {
        cpu_hold_end(&w->hold);
        for (guint i = 0; w->waiting && i < w->waiting->len; i++) {
            const RoomWanted *r = &g_array_index(w->waiting, RoomWanted, i);

            r->room(r->opaque);
        }
        g_clear_pointer(&w->waiting, g_array_unref);
    }
}

static void write_all(Writer *w, const GByteArray *buf)
{
    size_t at = 0, done;
    bool good = true;

    while (at < buf->len) {
        good = good && write_some(w, buf->data + at, buf->len - at, &done);
        if (!good) {
            done = buf->len - at;
        }
        pthread_mutex_lock(&w->lock);
        w->failed |= !good;
        account(w, done);
        pthread_mutex_unlock(&w->lock);
        at += done;
    }
}

static void *writer_thread(void *opaque)
{
    Writer *w = opaque;
    GByteArray *mine = g_byte_array_new();

    for (;;) {
        GByteArray *full;

        pthread_mutex_lock(&w->lock);
        while (!w->queue->len && !w->closing) {
            pthread_cond_wait(&w->more, &w->lock);
        }
        if (!w->queue->len) {
            pthread_mutex_unlock(&w->lock);
            break;
        }
        full = w->queue;
        w->queue = mine;
        pthread_mutex_unlock(&w->lock);
        write_all(w, full);
        g_byte_array_set_size(full, 0);
        mine = full;
    }
    close(w->fd);
    g_byte_array_unref(mine);
    return NULL;
}

/* Caller holds w->lock. */
static void start(Writer *w)
{
    sigset_t all, old;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    w->no_thread = pthread_create(&thread, NULL, writer_thread, w) != 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!w->no_thread) {
        pthread_detach(thread);
    }
    w->started = true;
}

/* Write the queue's first bytes in the place of the thread. Caller holds w->lock. */
static void write_front(Writer *w)
{
    size_t done;

    w->failed = !write_some(w, w->queue->data, w->queue->len, &done);
    if (w->failed) {
        done = w->queue->len;
    }
    g_byte_array_remove_range(w->queue, 0, (guint)done);
    account(w, done);
}

/*
 * On an overloaded host the thread may not get to run before the program has ended: write what it has not taken, as
 * long as the reader takes it.
 */
static void help(Writer *w)
{
    struct pollfd p = { .fd = w->fd, .events = POLLOUT };

    pthread_mutex_lock(&w->lock);
    while (!w->failed && w->queue->len && w->queue->len == w->left && poll(&p, 1, 0) == 1) {
        write_front(w);
    }
    pthread_mutex_unlock(&w->lock);
}

static void help_all(void)
{
    for (Writer *w = __atomic_load_n(&all_writers, __ATOMIC_SEQ_CST); w; w = w->next) {
        help(w);
    }
}

static void flush_at_exit(void)
{
    if (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
        help_all();
        writer_flush(NULL, writers_give_up_soon);
    }
}

static void register_flush(void)
{
    atexit(flush_at_exit);
}

Writer *writer_new(int fd, const char *label)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    Writer *w = g_new0(Writer, 1);

    pthread_once(&once, register_flush);
    w->fd = fd;
    w->label = g_strdup(label);
    w->queue = g_byte_array_new();
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    w->next = __atomic_load_n(&all_writers, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(&all_writers, &w->next, w, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return w;
}

/* The structure stays in the list, which only grows. */
void writer_close(Writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    if (!w->started || w->no_thread) {
        close(w->fd);
    } else {
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
}

static bool same_file(int a, int b)
{
    struct stat sa, sb;

    return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

Writer *writer_standard(int fd)
{
    Writer *w;

    pthread_mutex_lock(&standard_lock);
    if (!standard[fd]) {
        int other = STDOUT_FILENO + STDERR_FILENO - fd;

        standard[fd] = standard[other] && same_file(fd, other) ? standard[other]
                     : writer_new(fd, fd == STDOUT_FILENO ? "standard output" : NULL);
    }
    w = standard[fd];
    pthread_mutex_unlock(&standard_lock);
    return w;
}

void writer_put(Writer *w, const void *buf, size_t len)
{
    pthread_mutex_lock(&w->lock);
    if (!w->started) {
        start(w);
    }
    if (!w->failed && w->left < WRITER_MAX) {
        g_byte_array_append(w->queue, buf, (guint)len);
        __atomic_store_n(&w->left, w->left + len, __ATOMIC_RELAXED);
        if (w->left >= WRITER_LIMIT) {
            cpu_hold(&w->hold);
        }
        pthread_cond_signal(&w->more);
    }
    while (w->no_thread && !w->failed && w->left) {
        write_front(w);
    }
    pthread_mutex_unlock(&w->lock);
}

bool writer_full(Writer *w, void (*room)(void *opaque), void *opaque)
{
    RoomWanted wanted = { room, opaque };
    bool full;

    pthread_mutex_lock(&w->lock);
    full = !w->failed && w->left >= WRITER_LIMIT;
    if (full && !w->waiting) {
        w->waiting = g_array_new(FALSE, FALSE, sizeof(RoomWanted));
    }
    for (guint i = 0; full && i < w->waiting->len; i++) {
        if (g_array_index(w->waiting, RoomWanted, i).opaque == opaque) {
            opaque = NULL;      /* is told anyhow */
        }
    }
    if (full && opaque) {
        g_array_append_val(w->waiting, wanted);
    }
    pthread_mutex_unlock(&w->lock);
    return full;
}

static ssize_t stream_write(void *cookie, const char *buf, size_t len)
{
    writer_put(cookie, buf, len);
    return (ssize_t)len;
}

FILE *writer_lines(void *cookie, ssize_t (*write)(void *cookie, const char *buf, size_t len))
{
    FILE *f = fopencookie(cookie, "w", (cookie_io_functions_t) { .write = write });

    /* Whole lines, so that a file can be followed and survives a crash of the guest's making. */
    if (!f || setvbuf(f, NULL, _IOLBF, 64 * 1024)) {
        error_exit("cannot make a stream for lines");
    }
    return f;
}

FILE *writer_stream(Writer *w)
{
    return writer_lines(w, stream_write);
}

/* Of one writer, or of all (NULL). */
static size_t bytes_left(const Writer *w)
{
    size_t left = 0;

    if (w) {
        return __atomic_load_n(&w->left, __ATOMIC_RELAXED);
    }
    for (w = __atomic_load_n(&all_writers, __ATOMIC_SEQ_CST); w; w = w->next) {
        left += __atomic_load_n(&w->left, __ATOMIC_RELAXED);
    }
    return left;
}

bool writers_give_up_soon(int stalled_ms)
{
    return stalled_ms >= WRITER_GIVE_UP_MS;
}

void writer_flush(const Writer *w, bool (*give_up)(int stalled_ms))
{
    const struct timespec millisecond = { 0, 1000000 };
    size_t left = bytes_left(w);

    for (int stalled_ms = 0; left && !give_up(stalled_ms); stalled_ms++) {
        size_t before = left;

        nanosleep(&millisecond, NULL);
        left = bytes_left(w);
        if (left < before) {
            stalled_ms = 0;
        }
    }
}

void writers_end(bool (*give_up)(int stalled_ms))
{
    help_all();
    writer_flush(NULL, give_up);
    __atomic_store_n(&ended, true, __ATOMIC_RELAXED);
}

static bool give_up_crash(int stalled_ms)
{
    return stalled_ms >= WRITER_CRASH_MS;
}

void writers_flush_crash(void)
{
    writer_flush(NULL, give_up_crash);
}
