/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the timeline in the trace event format that Chrome and Perfetto read: a JSON array of objects. Spans are
 * complete events ("X"), interrupts are instants ("i"), and a flow ("s", "f") leads from an SGI to its taking.
 *
 * Runs once: on the main thread when the others have ended, or in a signal handler of a crash, while they still run.
 * Hence no allocation, no stdio, one static buffer, and records that are being overwritten are left out: their times
 * make no sense.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "qemu/write-all.h"
#include "util/observe-internal.h"

static int trace_fd = -1;
static const char *(*lock_name)(uint32_t number);
static char buffer[64 * 1024];
static size_t used;
static bool failed;
static bool (*may_give_up)(int stalled_ms);

void observe_set_lock_names(const char *(*name)(uint32_t number))
{
    lock_name = name;
}

bool observe_trace_open(const char *path)
{
    trace_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    write_all_prepare(trace_fd);
    return trace_fd >= 0;
}

static void flush(void)
{
    failed = failed || !write_all(trace_fd, buffer, used, may_give_up);
    used = 0;
}

static void text(const char *s)
{
    size_t n = strlen(s);

    if (n > sizeof(buffer) - used) {
        flush();
    }
    memcpy(buffer + used, s, n);
    used += n;
}

static void number(uint64_t v)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    text(digits + at);
}

/* The format's unit is the microsecond; three decimals keep the nanoseconds. */
static void microseconds(uint64_t ns)
{
    char fraction[5] = { '.', (char)('0' + ns / 100 % 10), (char)('0' + ns / 10 % 10), (char)('0' + ns % 10), 0 };

    number(ns / 1000);
    text(fraction);
}

static void head(const char *phase, const char *category, int track, uint64_t time)
{
    text(",\n{\"ph\":\"");
    text(phase);
    text("\",\"cat\":\"");
    text(category);
    text("\",\"pid\":1,\"tid\":");
    number((uint64_t)track + 1);
    text(",\"ts\":");
    microseconds(time - observe_origin);
    text(",\"name\":\"");
}

static void write_span(int track, ObserveKind kind, uint32_t arg, uint64_t begin, uint64_t end)
{
    const char *lock = kind == OBS_LOCK || kind == OBS_LOCK_WAIT ? lock_name ? lock_name(arg) : NULL : NULL;

    head("X", kind < OBS_NB_EVENTS ? "event" : kind == OBS_EXCLUSIVE ? "exclusive" : "lock", track, begin);
    text(observe_name(kind));
    if (lock) {
        text(" ");
        text(lock);
    }
    text("\",\"dur\":");
    microseconds(end - begin);
    text("}");
}

static void write_instant(int track, const ObserveRecord *r)
{
    bool sent = r->kind == OBS_SGI_SENT;

    head("i", "interrupt", track, r->begin);
    text(observe_name(r->kind));
    if (!sent && r->kind != OBS_SGI_TAKEN) {
        text("\",\"s\":\"t\"}");
        return;
    }
    text("\",\"s\":\"t\",\"args\":{\"sgi\":");
    number(r->id);
    text(sent ? ",\"to\":" : ",\"from\":");
    number(r->peer);
    text("}}");
    head(sent ? "s" : "f", "sgi", track, r->begin);
    text(sent ? "SGI\",\"id\":" : "SGI\",\"bp\":\"e\",\"id\":");
    number(r->arg);
    text("}");
}

static void write_track(int track, uint64_t now)
{
    const ObserveTrack *t = &observe_tracks[track];
    uint64_t count = __atomic_load_n(&t->count, __ATOMIC_ACQUIRE), lost = count > t->size ? count - t->size : 0;

    for (uint64_t n = lost; n < count; n++) {
        ObserveRecord r = t->ring[n % t->size];

        if (r.kind >= OBS_NB_KINDS || r.begin < observe_origin || r.end < r.begin) {
            continue;
        }
        if (r.kind < OBS_NB_SPANS) {
            write_span(track, r.kind, r.arg, r.begin, r.end);
        } else {
            write_instant(track, &r);
        }
    }
    for (unsigned i = 0; now && i < t->depth && i < OBSERVE_DEPTH; i++) {
        uint64_t begin = t->open[i].begin;

        if (begin >= observe_origin && begin < now && t->open[i].kind < OBS_NB_SPANS) {
            write_span(track, t->open[i].kind, 0, begin, now);
        }
    }
}

static void write_names(int track)
{
    char name[] = "CPU 0";

    name[4] = (char)('0' + track);
    text(",\n{\"ph\":\"M\",\"pid\":1,\"tid\":");
    number((uint64_t)track + 1);
    text(",\"name\":\"thread_name\",\"args\":{\"name\":\"");
    text(track == OBSERVE_IO ? "I/O thread" : name);
    text("\"}}");
}

bool observe_trace_write(uint64_t now, bool (*give_up)(int stalled_ms))
{
    if (trace_fd < 0) {
        return true;
    }
    may_give_up = give_up;
    text("[\n{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"PQEMU\"}}");
    for (int i = 0; i < OBSERVE_TRACKS; i++) {
        if (observe_tracks[i].ring) {
            write_names(i);
            write_track(i, now);
        }
    }
    text("\n]\n");
    flush();
    failed = failed || close(trace_fd) < 0;
    trace_fd = -1;
    return !failed;
}
