/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events of include/qemu/trace.h: which are on, and where their lines go: to the log, or to a file of their own.
 * A line is the seconds since the start of the emulator, the event's name, and what the place of the event says.
 *
 * Options and the monitor choose on the main thread; events come on any thread. The stream's own lock keeps lines
 * whole.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <glib.h>
#include "qemu/fdset.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "qemu/writer.h"

enum { MAX_SOURCES = 4 };

uint8_t trace_on[TRACE_NB_EVENTS];

static const struct {
    const char *name, *help;
} events[TRACE_NB_EVENTS] = {
#define X(id, name, help) { name, help },
    TRACE_EVENTS(X)
#undef X
};

typedef struct Pattern {
    char *text;                 /* without the dash */
    bool on;
} Pattern;

static void (*sources[MAX_SOURCES])(TraceVisit *visit, void *opaque);   /* main thread */
static unsigned source_count;
static GArray *patterns;                /* of Pattern: those of options. Main thread */
static FILE *trace_file;                /* NULL: the log. Constant once the CPUs run */
static int64_t start_us;                /* the same; 0: nothing was asked for yet */

/* ---- lines ---- */

static void print_line(const char *name, const char *fmt, va_list ap)
{
    int64_t us = g_get_monotonic_time() - __atomic_load_n(&start_us, __ATOMIC_RELAXED);
    FILE *f = trace_file;

    if (f) {
        flockfile(f);
    } else {
        f = qemu_log_lock();
    }
    fprintf(f, "%lld.%06lld %s ", (long long)(us / 1000000), (long long)(us % 1000000), name);
    vfprintf(f, fmt, ap);
    fputc('\n', f);
    funlockfile(f);
}

void trace_event(TraceEvent event, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_line(events[event].name, fmt, ap);
    va_end(ap);
}

void trace_named(const char *name, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_line(name, fmt, ap);
    va_end(ap);
}

/* ---- choosing ---- */

void trace_add_source(void (*each)(TraceVisit *visit, void *opaque))
{
    g_assert(source_count < MAX_SOURCES);
    sources[source_count++] = each;
}

void trace_each(TraceVisit *visit, void *opaque)
{
    for (unsigned i = 0; i < TRACE_NB_EVENTS; i++) {
        bool on = visit(opaque, events[i].name, events[i].help, __atomic_load_n(&trace_on[i], __ATOMIC_RELAXED));

        __atomic_store_n(&trace_on[i], on, __ATOMIC_RELAXED);
    }
    for (unsigned i = 0; i < source_count; i++) {
        sources[i](visit, opaque);
    }
}

typedef struct Choice {
    const char *pattern;
    bool on;
    unsigned found;
} Choice;

static bool choose(void *opaque, const char *name, const char *help, bool on)
{
    Choice *c = opaque;

    if (!g_pattern_match_simple(c->pattern, name)) {
        return on;
    }
    c->found++;
    return c->on;
}

unsigned trace_set(const char *pattern, bool on)
{
    Choice c = { pattern, on, 0 };

    if (!__atomic_load_n(&start_us, __ATOMIC_RELAXED)) {
        __atomic_store_n(&start_us, g_get_monotonic_time(), __ATOMIC_RELAXED);
    }
    trace_each(choose, &c);
    return c.found;
}

void trace_option(const char *pattern)
{
    Pattern p = { g_strdup(pattern + (pattern[0] == '-')), pattern[0] != '-' };

    if (!patterns) {
        patterns = g_array_new(FALSE, FALSE, sizeof(Pattern));
    }
    g_array_append_val(patterns, p);
    trace_set(p.text, p.on);            /* what there is already happens before the machine stands, too */
}

void trace_machine_ready(void)
{
    for (unsigned i = 0; patterns && i < patterns->len; i++) {
        const Pattern *p = &g_array_index(patterns, Pattern, i);

        if (!trace_set(p->text, p->on)) {
            warn_report("-trace: no event is called '%s' (info trace-events lists them)", p->text);
        }
    }
}

bool trace_option_file(const char *path)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;

    if (!f) {
        return false;
    }
    while (errno = 0, getline(&line, &room, f) >= 0) {
        const char *pattern = g_strstrip(line);

        if (*pattern && *pattern != '#') {
            trace_option(pattern);
        }
    }
    int error = ferror(f) ? errno : 0;  /* a directory can be opened */

    free(line);
    fclose(f);
    errno = error;
    return !error;
}

bool trace_set_file(const char *path)
{
    int fd = fdset_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0) {
        return false;
    }
    trace_file = writer_stream(writer_new(fd, "-trace file"));
    return true;
}

void trace_print_events(FILE *out)
{
    for (unsigned i = 0; i < TRACE_NB_EVENTS; i++) {
        fprintf(out, "%-20s %s\n", events[i].name, events[i].help);
    }
    fprintf(out, "%-20s %s\n", "DEVICE.REGISTER.read", "a CPU reads a register: CPU, offset, size, value");
    fprintf(out, "%-20s %s\n", "DEVICE.REGISTER.write", "a CPU writes it: the same");
}
