/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time and the timers that fire by it.
 *
 * The clock: virtual = CLOCK_MONOTONIC - clk.offset while the VM runs and clk.offset itself while it stands still.
 * Guests read counters all the time, so readers take no lock: clk is a sequence lock with one writer (the I/O
 * thread), and the host clock is read inside the section, so that no reader sees time beyond the moment of a pause
 * or before it.
 *
 * The timers: binary heaps ordered by expiry and, among equals, by arming order, one of plain timers and one of line
 * timers. `heap_lock` guards the heaps and every QTimer field. One timerfd, a source of the I/O thread's main loop, is
 * armed for the earliest timer; arming a later one, or deleting one, costs no system call: if the timerfd wakes early,
 * the dispatcher finds nothing due and arms it again. Callbacks of plain timers run on the I/O thread with no lock
 * held.
 *
 * Line timers and clock_shown_ns(): the I/O thread gets to run some time after a timer is due, and a guest that reads
 * a counter meanwhile would see the next period begin before the interrupt of the last one is pending. So whoever shows
 * the time to a guest fires what is due first. `line_due` is the earliest expiry of a line timer whose callback has not
 * returned; time before that may be shown without a lock. `settle_lock` is held while line timers fire: a second reader
 * of the clock waits until the lines are up.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <glib.h>
#include <glib-unix.h>
#include "host/relax.h"
#include "qemu/log.h"
#include "qemu/timer.h"

struct QTimer {
    QTimerCB cb;
    void *opaque;
    int64_t expire;             /* virtual ns.                                  lock: heap_lock */
    uint64_t order;             /* arming order.                                lock: heap_lock */
    size_t slot;                /* index in its heap + 1; 0: not armed.         lock: heap_lock */
    struct TimerHeap *heap;     /* constant */
};

typedef struct TimerHeap {
    QTimer **v;
    size_t n, size;
} TimerHeap;                    /* lock: heap_lock */

static struct {
    uint32_t seq;               /* odd while the writer is inside */
    uint32_t paused;
    int64_t offset;             /* ns, see above */
} clk = { .paused = 1 };

static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t settle_lock = PTHREAD_MUTEX_INITIALIZER;     /* above the devices' locks and heap_lock */
static TimerHeap plain_heap, line_heap;
static struct {
    uint64_t order;
    int64_t armed;              /* virtual time the timerfd will wake at; INT64_MAX: not armed */
    int64_t firing;             /* expiry of the line timer whose callback runs; INT64_MAX: none */
    int fd;                     /* -1 before the first timer_new() */
    bool dispatching;           /* the dispatcher will arm the timerfd when it is through */
} timers = { .fd = -1, .armed = INT64_MAX, .firing = INT64_MAX };   /* lock: heap_lock */
static int64_t line_due = INT64_MAX;            /* lock: heap_lock to write; atomic */

static const ClockKeeper *keeper;               /* NULL: the host's clock; constant once there are timers */

_Thread_local bool clock_was_shown;

static int64_t host_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int64_t clock_virtual_ns(void)
{
    if (keeper) {
        return keeper->now();
    }
    for (;;) {
        uint32_t seq = __atomic_load_n(&clk.seq, __ATOMIC_ACQUIRE);
        bool paused = __atomic_load_n(&clk.paused, __ATOMIC_ACQUIRE);
        int64_t offset = __atomic_load_n(&clk.offset, __ATOMIC_ACQUIRE);
        int64_t now = paused ? offset : host_ns() - offset;

        if (!(seq & 1) && seq == __atomic_load_n(&clk.seq, __ATOMIC_RELAXED)) {
            return now;
        }
        cpu_relax();
    }
}

static int64_t heap_first(const TimerHeap *h)
{
    return h->n ? h->v[0]->expire : INT64_MAX;
}

/* Caller holds heap_lock. */
static void line_due_update(void)
{
    int64_t first = heap_first(&line_heap);

    __atomic_store_n(&line_due, first < timers.firing ? first : timers.firing, __ATOMIC_RELEASE);
}

/* Make the timerfd wake for the earliest timer, if it would not yet. Caller holds heap_lock. */
static void timerfd_arm(void)
{
    struct itimerspec its;
    int64_t when = heap_first(&plain_heap), line = heap_first(&line_heap), host;

    when = line < when ? line : when;
    if (keeper) {
        if (when < timers.armed) {
            timers.armed = when;
            keeper->deadline_moved();
        }
        return;
    }
    if (when >= timers.armed || timers.dispatching || __atomic_load_n(&clk.paused, __ATOMIC_RELAXED)) {
        return;
    }
    timers.armed = when;
    if (__builtin_add_overflow(when, __atomic_load_n(&clk.offset, __ATOMIC_RELAXED), &host)) {
        host = INT64_MAX;
    }
    if (host <= 0) {
        host = 1;               /* zero would disarm */
    }
    memset(&its, 0, sizeof(its));
    its.it_value.tv_sec = host / 1000000000;
    its.it_value.tv_nsec = host % 1000000000;
    timerfd_settime(timers.fd, TFD_TIMER_ABSTIME, &its, NULL);
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
        timers.armed = INT64_MAX;
        if (timers.fd >= 0) {
            timerfd_arm();
        }
    }
    pthread_mutex_unlock(&heap_lock);
}

void clock_virtual_set(int64_t ns)
{
    if (keeper) {
        keeper->set(ns);
        return;
    }
    pthread_mutex_lock(&heap_lock);
    g_assert(clk.paused);
    __atomic_store_n(&clk.seq, clk.seq + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&clk.offset, ns, __ATOMIC_RELEASE);
    __atomic_store_n(&clk.seq, clk.seq + 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&heap_lock);
}

static bool timer_before(const QTimer *a, const QTimer *b)
{
    return a->expire != b->expire ? a->expire < b->expire : a->order < b->order;
}

static void heap_put(TimerHeap *h, size_t i, QTimer *t)
{
    h->v[i] = t;
    t->slot = i + 1;
}

static void heap_sift_up(TimerHeap *h, size_t i)
{
    QTimer *t = h->v[i];

    while (i && timer_before(t, h->v[(i - 1) / 2])) {
        heap_put(h, i, h->v[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(h, i, t);
}

static void heap_sift_down(TimerHeap *h, size_t i)
{
    QTimer *t = h->v[i];

    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < h->n && timer_before(h->v[child + 1], h->v[child])) {
            child++;
        }
        if (child >= h->n || !timer_before(h->v[child], t)) {
            break;
        }
        heap_put(h, i, h->v[child]);
        i = child;
    }
    heap_put(h, i, t);
}

static void heap_remove(QTimer *t)
{
    TimerHeap *h = t->heap;
    size_t i = t->slot - 1;
    QTimer *last = h->v[--h->n];

    t->slot = 0;
    if (last != t) {
        heap_put(h, i, last);
        heap_sift_up(h, i);
        heap_sift_down(h, last->slot - 1);
    }
}

/*
 * The first timer that is due at NOW and was armed before this round, of which LAST_ORDER is the last arming. One that
 * a callback of the round has armed for the past may be in front: it waits for the next round, and nobody for it.
 * Caller holds heap_lock.
 */
static QTimer *heap_due(const TimerHeap *h, int64_t now, uint64_t last_order)
{
    QTimer *first = NULL;

    if (heap_first(h) > now || h->v[0]->order <= last_order) {
        return heap_first(h) > now ? NULL : h->v[0];
    }
    for (size_t i = 0; i < h->n; i++) {
        QTimer *t = h->v[i];

        if (t->expire <= now && t->order <= last_order && (!first || timer_before(t, first))) {
            first = t;
        }
    }
    return first;
}

/*
 * Fire the line timers that are due at NOW. A timer that its own callback arms for the past waits for the next round.
 * Any thread, without the lock of a device.
 */
static void settle(int64_t now)
{
    pthread_mutex_lock(&settle_lock);
    pthread_mutex_lock(&heap_lock);
    uint64_t last_order = timers.order;
    QTimer *t;
    while ((t = heap_due(&line_heap, now, last_order))) {
        timers.firing = t->expire;
        heap_remove(t);
        pthread_mutex_unlock(&heap_lock);
        t->cb(t->opaque);
        pthread_mutex_lock(&heap_lock);
    }
    timers.firing = INT64_MAX;
    line_due_update();
    pthread_mutex_unlock(&heap_lock);
    pthread_mutex_unlock(&settle_lock);
}

int64_t clock_shown_ns(void)
{
    int64_t now = clock_virtual_ns();

    if (now >= __atomic_load_n(&line_due, __ATOMIC_ACQUIRE)) {
        settle(now);
    }
    clock_was_shown = true;
    return now;
}

/*
 * Fire the plain timers that are due at NOW and were armed by LAST_ORDER; a machine that is stopped meanwhile keeps the
 * others. I/O thread; caller holds heap_lock.
 */
static void fire_plain(int64_t now, uint64_t last_order)
{
    QTimer *t;

    while (!__atomic_load_n(&clk.paused, __ATOMIC_RELAXED) && (t = heap_due(&plain_heap, now, last_order))) {
        heap_remove(t);
        pthread_mutex_unlock(&heap_lock);
        t->cb(t->opaque);
        pthread_mutex_lock(&heap_lock);
    }
}

/* I/O thread: fire what is due; as for line timers, one that is armed for the past waits for the next round. */
static gboolean timerfd_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    uint64_t count;
    int64_t now = clock_virtual_ns();

    if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN) {
        warn_report("timer: %s", strerror(errno));
    }
    pthread_mutex_lock(&heap_lock);
    timers.dispatching = true;
    uint64_t last_order = timers.order;
    pthread_mutex_unlock(&heap_lock);
    if (!__atomic_load_n(&clk.paused, __ATOMIC_RELAXED)) {
        settle(now);
    }
    pthread_mutex_lock(&heap_lock);
    fire_plain(now, last_order);
    timers.dispatching = false;
    timers.armed = INT64_MAX;
    timerfd_arm();
    pthread_mutex_unlock(&heap_lock);
    return G_SOURCE_CONTINUE;
}

/* ---- for the clock's keeper ---- */

void timers_fire_plain(void)
{
    pthread_mutex_lock(&heap_lock);
    fire_plain(clock_virtual_ns(), timers.order);
    pthread_mutex_unlock(&heap_lock);
}

void clock_keep(const ClockKeeper *k)
{
    keeper = k;
}

int64_t timers_deadline(void)
{
    int64_t plain, line;

    pthread_mutex_lock(&heap_lock);
    plain = heap_first(&plain_heap);
    line = heap_first(&line_heap);
    timers.armed = line < plain ? line : plain;
    pthread_mutex_unlock(&heap_lock);
    return line < plain ? line : plain;
}

bool timers_fire(int64_t now)
{
    bool plain;

    pthread_mutex_lock(&heap_lock);
    plain = heap_first(&plain_heap) <= now;
    pthread_mutex_unlock(&heap_lock);
    settle(now);
    return plain;
}

static QTimer *timer_new_in(TimerHeap *h, QTimerCB cb, void *opaque)
{
    QTimer *t = g_new0(QTimer, 1);

    t->cb = cb;
    t->opaque = opaque;
    t->heap = h;
    pthread_mutex_lock(&heap_lock);
    if (timers.fd < 0) {
        GSource *source;

        timers.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (timers.fd < 0) {
            error_exit("timer: cannot create a timerfd: %s", strerror(errno));
        }
        /* Default priority: a guest that keeps a timer expiring for ever must not starve the monitor and signals. */
        source = g_unix_fd_source_new(timers.fd, G_IO_IN);
        g_source_set_callback(source, G_SOURCE_FUNC(timerfd_ready), NULL, NULL);
        g_source_attach(source, NULL);
        g_source_unref(source);
    }
    pthread_mutex_unlock(&heap_lock);
    return t;
}

QTimer *timer_new(QTimerCB cb, void *opaque)
{
    return timer_new_in(&plain_heap, cb, opaque);
}

QTimer *timer_new_line(QTimerCB cb, void *opaque)
{
    return timer_new_in(&line_heap, cb, opaque);
}

void timer_mod(QTimer *t, int64_t expire_ns)
{
    TimerHeap *h = t->heap;

    pthread_mutex_lock(&heap_lock);
    if (t->slot) {
        heap_remove(t);
    }
    if (h->n == h->size) {
        h->size = h->size ? h->size * 2 : 32;
        h->v = g_renew(QTimer *, h->v, h->size);
    }
    t->expire = expire_ns;
    t->order = ++timers.order;
    heap_put(h, h->n++, t);
    heap_sift_up(h, h->n - 1);
    line_due_update();
    timerfd_arm();
    pthread_mutex_unlock(&heap_lock);
}

void timer_del(QTimer *t)
{
    pthread_mutex_lock(&heap_lock);
    if (t->slot) {
        heap_remove(t);
        line_due_update();
    }
    pthread_mutex_unlock(&heap_lock);
}

void timer_free(QTimer *t)
{
    timer_del(t);
    g_free(t);
}
