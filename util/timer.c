/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time and the timers that fire by it.
 *
 * The clock: virtual = CLOCK_MONOTONIC - clk.offset while the VM runs and clk.offset itself while it stands still.
 * Guests read counters all the time, so readers take no lock: clk is a sequence lock with one writer (the I/O
 * thread), and the host clock is read inside the section, so that no reader sees time beyond the moment of a pause
 * or before it.
 *
 * The timers: a binary heap ordered by expiry and, among equals, by arming order. `heap_lock` guards the heap and
 * every QTimer field. One timerfd, a source of the I/O thread's main loop, is armed for the earliest timer; arming
 * a later one, or deleting one, costs no system call: if the timerfd wakes early, the dispatcher finds nothing due
 * and arms it again. Callbacks run on the I/O thread with no lock held.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <glib.h>
#include <glib-unix.h>
#include "qemu/log.h"
#include "qemu/timer.h"

struct QTimer {
    QTimerCB cb;
    void *opaque;
    int64_t expire;             /* virtual ns.                                  lock: heap_lock */
    uint64_t order;             /* arming order.                                lock: heap_lock */
    size_t slot;                /* index in heap.v + 1; 0: not armed.           lock: heap_lock */
};

static struct {
    uint32_t seq;               /* odd while the writer is inside */
    uint32_t paused;
    int64_t offset;             /* ns, see above */
} clk = { .paused = 1 };

static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    QTimer **v;
    size_t n, size;
    uint64_t order;
    int64_t armed;              /* virtual time the timerfd will wake at; INT64_MAX: not armed */
    int fd;                     /* -1 before the first timer_new() */
    bool dispatching;           /* the dispatcher will arm the timerfd when it is through */
} heap = { .fd = -1, .armed = INT64_MAX };      /* lock: heap_lock */

static int64_t host_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int64_t clock_virtual_ns(void)
{
    for (;;) {
        uint32_t seq = __atomic_load_n(&clk.seq, __ATOMIC_ACQUIRE);
        bool paused = __atomic_load_n(&clk.paused, __ATOMIC_ACQUIRE);
        int64_t offset = __atomic_load_n(&clk.offset, __ATOMIC_ACQUIRE);
        int64_t now = paused ? offset : host_ns() - offset;

        if (!(seq & 1) && seq == __atomic_load_n(&clk.seq, __ATOMIC_RELAXED)) {
            return now;
        }
        __builtin_ia32_pause();
    }
}

/* Make the timerfd wake for the earliest timer, if it would not yet. Caller holds heap_lock. */
static void timerfd_arm(void)
{
    struct itimerspec its;
    int64_t when = heap.n ? heap.v[0]->expire : INT64_MAX, host;

    if (when >= heap.armed || heap.dispatching || __atomic_load_n(&clk.paused, __ATOMIC_RELAXED)) {
        return;
    }
    heap.armed = when;
    if (__builtin_add_overflow(when, __atomic_load_n(&clk.offset, __ATOMIC_RELAXED), &host)) {
        host = INT64_MAX;
    }
    if (host <= 0) {
        host = 1;               /* zero would disarm */
    }
    memset(&its, 0, sizeof(its));
    its.it_value.tv_sec = host / 1000000000;
    its.it_value.tv_nsec = host % 1000000000;
    timerfd_settime(heap.fd, TFD_TIMER_ABSTIME, &its, NULL);
}

void clock_virtual_pause(bool paused)
{
    pthread_mutex_lock(&heap_lock);
    if (paused != (bool)clk.paused) {
        /* Both directions: what was "now minus offset" becomes the offset and the other way round. */
        __atomic_store_n(&clk.seq, clk.seq + 1, __ATOMIC_RELAXED);
        __atomic_store_n(&clk.offset, host_ns() - clk.offset, __ATOMIC_RELEASE);
        __atomic_store_n(&clk.paused, paused, __ATOMIC_RELEASE);
        __atomic_store_n(&clk.seq, clk.seq + 1, __ATOMIC_RELEASE);
        heap.armed = INT64_MAX;
        if (heap.fd >= 0) {
            timerfd_arm();
        }
    }
    pthread_mutex_unlock(&heap_lock);
}

static bool timer_before(const QTimer *a, const QTimer *b)
{
    return a->expire != b->expire ? a->expire < b->expire : a->order < b->order;
}

static void heap_put(size_t i, QTimer *t)
{
    heap.v[i] = t;
    t->slot = i + 1;
}

static void heap_sift_up(size_t i)
{
    QTimer *t = heap.v[i];

    while (i && timer_before(t, heap.v[(i - 1) / 2])) {
        heap_put(i, heap.v[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(i, t);
}

static void heap_sift_down(size_t i)
{
    QTimer *t = heap.v[i];

    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < heap.n && timer_before(heap.v[child + 1], heap.v[child])) {
            child++;
        }
        if (child >= heap.n || !timer_before(heap.v[child], t)) {
            break;
        }
        heap_put(i, heap.v[child]);
        i = child;
    }
    heap_put(i, t);
}

static void heap_remove(QTimer *t)
{
    size_t i = t->slot - 1;
    QTimer *last = heap.v[--heap.n];

    t->slot = 0;
    if (last != t) {
        heap_put(i, last);
        heap_sift_up(i);
        heap_sift_down(last->slot - 1);
    }
}

/*
 * I/O thread: fire what is due. A timer that its own callback arms for the past waits for the next round of the
 * loop.
 */
static gboolean timerfd_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    uint64_t count;
    int64_t now = clock_virtual_ns();

    if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN) {
        warn_report("timer: %s", strerror(errno));
    }
    pthread_mutex_lock(&heap_lock);
    heap.dispatching = true;
    uint64_t last_order = heap.order;
    while (heap.n && heap.v[0]->expire <= now && heap.v[0]->order <= last_order &&
           !__atomic_load_n(&clk.paused, __ATOMIC_RELAXED)) {
        QTimer *t = heap.v[0];

        heap_remove(t);
        pthread_mutex_unlock(&heap_lock);
        t->cb(t->opaque);
        pthread_mutex_lock(&heap_lock);
    }
    heap.dispatching = false;
    heap.armed = INT64_MAX;
    timerfd_arm();
    pthread_mutex_unlock(&heap_lock);
    return G_SOURCE_CONTINUE;
}

QTimer *timer_new(QTimerCB cb, void *opaque)
{
    QTimer *t = g_new0(QTimer, 1);

    t->cb = cb;
    t->opaque = opaque;
    pthread_mutex_lock(&heap_lock);
    if (heap.fd < 0) {
        GSource *source;

        heap.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (heap.fd < 0) {
            error_exit("timer: cannot create a timerfd: %s", strerror(errno));
        }
        /* Default priority: a guest that keeps a timer expiring for ever must not starve the monitor and signals. */
        source = g_unix_fd_source_new(heap.fd, G_IO_IN);
        g_source_set_callback(source, G_SOURCE_FUNC(timerfd_ready), NULL, NULL);
        g_source_attach(source, NULL);
        g_source_unref(source);
    }
    pthread_mutex_unlock(&heap_lock);
    return t;
}

void timer_mod(QTimer *t, int64_t expire_ns)
{
    pthread_mutex_lock(&heap_lock);
    if (t->slot) {
        heap_remove(t);
    }
    if (heap.n == heap.size) {
        heap.size = heap.size ? heap.size * 2 : 32;
        heap.v = g_renew(QTimer *, heap.v, heap.size);
    }
    t->expire = expire_ns;
    t->order = ++heap.order;
    heap_put(heap.n++, t);
    heap_sift_up(heap.n - 1);
    timerfd_arm();
    pthread_mutex_unlock(&heap_lock);
}

void timer_del(QTimer *t)
{
    pthread_mutex_lock(&heap_lock);
    if (t->slot) {
        heap_remove(t);
    }
    pthread_mutex_unlock(&heap_lock);
}
