/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of what guest CPUs do (qemu/observe.h): stacks of open spans, times by kind, the rings of the timeline.
 *
 * Owns observe_tracks[]. A track's fields are its thread's, save where observe-internal.h says atomic; readers of times
 * get relaxed values. sgi_sent[] belongs to the lock of the target's interface in the interrupt controller. No lock is
 * taken here, so any place may be observed, the inside of locks included.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "util/observe-internal.h"

enum { SGIS = 16 };

uint32_t observe_flags;
ObserveTrack observe_tracks[OBSERVE_TRACKS];
uint64_t observe_origin;

static _Thread_local ObserveTrack *own;

/* Under way from one CPU to another; time 0: none. lock: the target's interface. */
static struct {
    uint64_t time;
    uint32_t flow;
} sgi_sent[OBSERVE_CPUS][OBSERVE_CPUS][SGIS];       /* [to][from][id] */
static uint32_t last_flow;                          /* atomic */

uint64_t observe_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void observe_set_track(int track)
{
    own = track < 0 || track >= OBSERVE_TRACKS ? NULL : &observe_tracks[track];
}

/* ---- recording ---- */

static void put(uint64_t *field, uint64_t value)
{
    __atomic_store_n(field, value, __ATOMIC_RELAXED);
}

static void add_time(ObserveTime *t, uint64_t ns)
{
    put(&t->timed, t->timed + 1);
    put(&t->total, t->total + ns);
    if (ns > t->max) {
        put(&t->max, ns);
    }
}

static void add_record(ObserveTrack *t, ObserveRecord r)
{
    uint64_t n = t->count;

    if (t->ring && (__atomic_load_n(&observe_flags, __ATOMIC_RELAXED) & OBSERVE_TRACE)) {
        t->ring[n % t->size] = r;
        __atomic_store_n(&t->count, n + 1, __ATOMIC_RELEASE);
    }
}

static void close_span(ObserveTrack *t, ObserveKind kind, uint32_t arg, uint64_t begin, uint64_t end)
{
    add_time(&t->time[kind], end - begin);
    /* A span of no length would be an instant. */
    add_record(t, (ObserveRecord) { .begin = begin, .end = end > begin ? end : begin + 1, .kind = kind, .arg = arg });
}

void observe_begin_slow(ObserveKind kind)
{
    ObserveTrack *t = own;

    if (t && t->depth < OBSERVE_DEPTH) {
        t->open[t->depth].kind = kind;
        t->open[t->depth].begin = observe_now();
        t->depth++;
    }
}

void observe_end_slow(ObserveKind kind)
{
    ObserveTrack *t = own;
    unsigned i = t ? t->depth : 0;
    uint64_t now;

    while (i && t->open[i - 1].kind != kind) {
        i--;
    }
    if (!i) {
        return;
    }
    now = observe_now();
    while (t->depth >= i) {
        t->depth--;
        if (t->open[t->depth].begin) {
            close_span(t, t->open[t->depth].kind, 0, t->open[t->depth].begin, now);
        }
    }
}

void observe_suspend_slow(void)
{
    ObserveTrack *t = own;
    uint64_t now = t ? observe_now() : 0;

    for (unsigned i = t ? t->depth : 0; i-- > 0;) {
        if (t->open[i].begin) {
            close_span(t, t->open[i].kind, 0, t->open[i].begin, now);
            t->open[i].begin = 0;
        }
    }
}

void observe_resume_slow(void)
{
    ObserveTrack *t = own;
    uint64_t now = t ? observe_now() : 0;

    for (unsigned i = 0; t && i < t->depth; i++) {
        if (!t->open[i].begin) {
            t->open[i].begin = now;
        }
    }
}

void observe_span(ObserveKind kind, uint32_t arg, uint64_t begin, uint64_t end)
{
    if (own) {
        close_span(own, kind, arg, begin, end);
    }
}

void observe_instant_slow(ObserveKind kind)
{
    if (own) {
        uint64_t now = observe_now();

        add_record(own, (ObserveRecord) { .begin = now, .end = now, .kind = kind });
    }
}

/* ---- interrupts ---- */

void observe_sgi_sent(unsigned from, unsigned to, unsigned id)
{
    uint64_t now;

    if (from >= OBSERVE_CPUS || to >= OBSERVE_CPUS || id >= SGIS) {
        return;
    }
    __atomic_add_fetch(&observe_tracks[from].sgis_sent, 1, __ATOMIC_RELAXED);
    if (!observe_on()) {
        return;
    }
    /* One that is pending already stays the one request it was. */
    if (!sgi_sent[to][from][id].time) {
        now = observe_now();
        sgi_sent[to][from][id].time = now;
        sgi_sent[to][from][id].flow = __atomic_add_fetch(&last_flow, 1, __ATOMIC_RELAXED);
        if (own) {
            add_record(own, (ObserveRecord) { .begin = now, .end = now, .kind = OBS_SGI_SENT, .peer = (uint8_t)to,
                                              .id = (uint16_t)id, .arg = sgi_sent[to][from][id].flow });
        }
    }
}

void observe_sgi_taken(unsigned from, unsigned to, unsigned id)
{
    uint64_t now;

    if (from >= OBSERVE_CPUS || to >= OBSERVE_CPUS || id >= SGIS) {
        return;
    }
    __atomic_add_fetch(&observe_tracks[to].sgis_taken, 1, __ATOMIC_RELAXED);
    if (!sgi_sent[to][from][id].time) {
        return;
    }
    now = observe_now();
    add_time(&observe_tracks[to].sgi, now - sgi_sent[to][from][id].time);
    if (own) {
        add_record(own, (ObserveRecord) { .begin = now, .end = now, .kind = OBS_SGI_TAKEN, .peer = (uint8_t)from,
                                          .id = (uint16_t)id, .arg = sgi_sent[to][from][id].flow });
    }
    sgi_sent[to][from][id].time = 0;
}

void observe_irq_raised(int cpu)
{
    if (observe_on() && cpu >= 0 && cpu < OBSERVE_CPUS) {
        __atomic_store_n(&observe_tracks[cpu].irq_raised, observe_now(), __ATOMIC_RELAXED);
    }
}

void observe_irq_taken(int cpu, bool fiq)
{
    if (observe_on() && cpu >= 0 && cpu < OBSERVE_CPUS) {
        ObserveTrack *t = &observe_tracks[cpu];
        uint64_t now = observe_now(), raised = __atomic_exchange_n(&t->irq_raised, 0, __ATOMIC_RELAXED);

        if (raised && now >= raised) {
            add_time(&t->irq, now - raised);
        }
        add_record(t, (ObserveRecord) { .begin = now, .end = now, .kind = fiq ? OBS_FIQ : OBS_IRQ });
    }
}

/* ---- results ---- */

static ObserveTime read_time(const ObserveTime *t)
{
    return (ObserveTime) {
        .timed = __atomic_load_n(&t->timed, __ATOMIC_RELAXED),
        .total = __atomic_load_n(&t->total, __ATOMIC_RELAXED),
        .max = __atomic_load_n(&t->max, __ATOMIC_RELAXED),
    };
}

ObserveTime observe_time(int track, ObserveKind kind)
{
    return read_time(&observe_tracks[track].time[kind]);
}

ObserveTime observe_sgi_latency(int cpu)
{
    return read_time(&observe_tracks[cpu].sgi);
}

uint64_t observe_sgi_count(int cpu, bool sent)
{
    const ObserveTrack *t = &observe_tracks[cpu];

    return __atomic_load_n(sent ? &t->sgis_sent : &t->sgis_taken, __ATOMIC_RELAXED);
}

ObserveTime observe_irq_latency(int cpu)
{
    return read_time(&observe_tracks[cpu].irq);
}

uint64_t observe_elapsed(void)
{
    return observe_now() - observe_origin;
}

const char *observe_name(ObserveKind kind)
{
    static const char *const names[OBS_NB_KINDS] = {
#define X(id, name) [OBS_##id] = name,
        OBSERVE_EVENTS(X) OBSERVE_SPANS(X) OBSERVE_INSTANTS(X)
#undef X
    };

    return names[kind];
}

/* ---- set-up ---- */

bool observe_start(bool times, const char *trace, unsigned trace_mib, int cpus)
{
    observe_origin = observe_now();
    observe_set_track(OBSERVE_IO);
    if (trace) {
        size_t bytes = ((size_t)trace_mib << 20) / (size_t)(cpus + 1);

        if (!observe_trace_open(trace)) {
            return false;
        }
        for (int i = 0; i < OBSERVE_TRACKS; i++) {
            ObserveTrack *t = &observe_tracks[i];

            if (i >= cpus && i != OBSERVE_IO) {
                continue;
            }
            t->size = bytes / sizeof(ObserveRecord);
            t->ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (t->ring == MAP_FAILED) {
                t->ring = NULL;
                return false;
            }
        }
        atexit(observe_crash);          /* an error_exit() on any thread */
    }
    __atomic_store_n(&observe_flags, (times ? OBSERVE_TIMES : 0) | (trace ? OBSERVE_TRACE : 0), __ATOMIC_RELAXED);
    return true;
}

bool observe_finish(bool (*give_up)(int stalled_ms))
{
    uint32_t flags = __atomic_exchange_n(&observe_flags, 0, __ATOMIC_SEQ_CST);

    return !(flags & OBSERVE_TRACE) || observe_trace_write(0, give_up);
}

static bool give_up_crash(int stalled_ms)
{
    return stalled_ms >= 1000;
}

void observe_crash(void)
{
    int saved_errno = errno;
    uint32_t flags = __atomic_exchange_n(&observe_flags, 0, __ATOMIC_SEQ_CST);

    /* Only the first thread that comes here finds the flag. */
    if (flags & OBSERVE_TRACE) {
        observe_trace_write(observe_now(), give_up_crash);
    }
    errno = saved_errno;
}
