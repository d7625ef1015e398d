/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to the user on stderr. Any thread may call these; lines of several threads do not mix, and nobody waits for
 * whoever reads them. What is printed last still comes out, for exit() waits a little.
 */
#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "qemu/log.h"
#include "qemu/writer.h"

#define PROGRAM_PREFIX "qemu-system-arm: "

static void message_write(const char *severity, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static bool with_time;                  /* main thread, while it reads the command line */
static const char *guest_name;

void error_set_prefix(bool timestamp, const char *name)
{
    with_time = timestamp;
    guest_name = name;
}

static void append_prefix(GString *line)
{
    struct timespec ts;
    struct tm tm;
    char text[40];

    if (with_time) {
        clock_gettime(CLOCK_REALTIME, &ts);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&ts.tv_sec, &tm));
        g_string_append_printf(line, "%s.%06ldZ ", text, ts.tv_nsec / 1000);
    }
    if (guest_name) {
        g_string_append_printf(line, "%s ", guest_name);
    }
    g_string_append(line, PROGRAM_PREFIX);
}

static void message_write(const char *severity, const char *fmt, va_list ap)
{
    GString *line = g_string_new(NULL);

    append_prefix(line);
    g_string_append(line, severity);
    g_string_append_vprintf(line, fmt, ap);
    if (line->str[line->len - 1] != '\n') {
        g_string_append_c(line, '\n');
    }
    writer_put(writer_standard(STDERR_FILENO), line->str, line->len);
    g_string_free(line, TRUE);
}

void error_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message_write("", fmt, ap);
    va_end(ap);
}

void warn_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message_write("warning: ", fmt, ap);
    va_end(ap);
}

void error_exit(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message_write("", fmt, ap);
    va_end(ap);
    exit(1);
}
