/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log behind -d, -D and -dfilter: which items are on, where lines go, which guest addresses count. The stream
 * passes what it gets to a writer (qemu/writer.h), so that no thread waits for whoever reads the log.
 *
 * The configuration calls (log_set_*) run on the main thread before the CPUs start, or from the monitor. Logging itself
 * runs on any thread: stdio's own lock on the stream keeps lines, and what is written between qemu_log_lock() and
 * qemu_log_unlock(), whole. The range list is fixed once CPUs run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "qemu/fdset.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "qemu/writer.h"

int qemu_loglevel;

typedef struct LogItem {
    int mask;
    const char *name, *help;
} LogItem;

static const LogItem log_items[] = {
    { LOG_OUT_ASM, "out_asm", "host code of every translated block" },
    { LOG_IN_ASM, "in_asm", "guest code of every translated block" },
    { LOG_OP, "op", "intermediate code of every block before optimisation" },
    { LOG_OP_OPT, "op_opt", "intermediate code of every block after optimisation" },
    { LOG_INT, "int", "interrupts and exceptions" },
    { LOG_EXEC, "exec", "every block executed (much output; turns chaining off)" },
    { LOG_CPU, "cpu", "CPU registers before every block (much output)" },
    { LOG_MMU, "mmu", "memory management: faults and TLB operations" },
    { LOG_RESET, "cpu_reset", "CPU state at reset" },
    { LOG_UNIMP, "unimp", "use of what the emulator does not implement" },
    { LOG_GUEST_ERROR, "guest_errors", "mistakes of the guest, such as access to a register that does not exist" },
    { LOG_PAGE, "page", "pages of guest RAM as they come to hold translated code" },
    { LOG_MMIO, "mmio", "accesses to the devices' registers" },
    { LOG_NOCHAIN, "nochain", "do not chain blocks, so that exec and cpu show all of them" },
    { LOG_PLUGIN, "plugin", "what plugins have to say" },
    { LOG_STATS, "stats", "summary of the CPUs' events at exit" },
};

typedef struct LogRange {
    uint32_t first, last;       /* both inside */
} LogRange;

static FILE *log_file;          /* set before the CPUs start, or by log_open_stderr() */
static Writer *log_writer;      /* where its lines go; lock: the stream's own */
static pthread_once_t log_once = PTHREAD_ONCE_INIT;
static LogRange *log_ranges;
static unsigned log_range_count;

/* The stream stays for ever, for anybody may hold it; logfile exchanges what is behind it. */
static ssize_t log_write(void *cookie, const char *buf, size_t len)
{
    writer_put(log_writer, buf, len);
    return (ssize_t)len;
}

static FILE *log_open(Writer *w)
{
    log_writer = w;
    return writer_lines(NULL, log_write);
}

static void log_open_stderr(void)
{
    if (!log_file) {
        log_file = log_open(writer_standard(STDERR_FILENO));
    }
}

static FILE *log_stream(void)
{
    pthread_once(&log_once, log_open_stderr);
    return log_file;
}

void qemu_log(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(log_stream(), fmt, ap);
    va_end(ap);
}

FILE *qemu_log_lock(void)
{
    FILE *f = log_stream();

    flockfile(f);
    return f;
}

void qemu_log_unlock(FILE *f)
{
    funlockfile(f);
}

bool qemu_log_in_addr_range(uint32_t addr)
{
    if (!log_range_count) {
        return true;
    }
    for (unsigned i = 0; i < log_range_count; i++) {
        if (addr >= log_ranges[i].first && addr <= log_ranges[i].last) {
            return true;
        }
    }
    return false;
}

void log_print_items(FILE *out)
{
    fprintf(out, "Log items (comma separated):\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(log_items); i++) {
        fprintf(out, "%-15s %s\n", log_items[i].name, log_items[i].help);
    }
    fprintf(out, "%-15s %s\n", "all", "everything above");
    fprintf(out, "%-15s %s\n", "trace:PATTERN", "events whose names fit (-trace help); 'trace:-PATTERN': these not");
}

bool log_parse_items(const char *items, int *mask, char *bad, size_t bad_size)
{
    char **names = g_strsplit(items, ",", -1);
    bool ok = names[0] != NULL;

    *mask = 0;
    if (!ok) {
        g_strlcpy(bad, "", bad_size);
    }
    for (char **n = names; *n && ok; n++) {
        unsigned i = 0;

        if (g_str_has_prefix(*n, "trace:") && (*n)[6]) {
            trace_option(*n + 6);
            continue;
        }
        if (!strcmp(*n, "all")) {
            for (unsigned k = 0; k < G_N_ELEMENTS(log_items); k++) {
                *mask |= log_items[k].mask;
            }
            continue;
        }
        while (i < G_N_ELEMENTS(log_items) && strcmp(*n, log_items[i].name)) {
            i++;
        }
        if (i < G_N_ELEMENTS(log_items)) {
            *mask |= log_items[i].mask;
        } else {
            g_strlcpy(bad, *n, bad_size);
            ok = false;
        }
    }
    g_strfreev(names);
    return ok;
}

/* Takes the writer. The standard error output stays open, others are closed when all is written. */
static void log_go_to(Writer *w)
{
    Writer *old;

    if (!log_file) {
        log_file = log_open(w);
        return;
    }
    flockfile(log_file);
    fflush(log_file);
    old = log_writer;
    log_writer = w;
    funlockfile(log_file);
    if (old != writer_standard(STDERR_FILENO)) {
        writer_close(old);
    }
}

bool log_set_file(const char *path)
{
    char *name = NULL;
    const char *pct = strstr(path, "%d");
    int fd;

    if (pct) {
        name = g_strdup_printf("%.*s%d%s", (int)(pct - path), path, (int)getpid(), pct + 2);
    }
    fd = fdset_open(name ? name : path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    g_free(name);
    if (fd < 0) {
        return false;
    }
    log_go_to(writer_new(fd, "-D"));
    return true;
}

static bool number_parse(const char *s, const char *end, uint64_t *value)
{
    char *stop, *copy = g_strndup(s, (size_t)(end - s));
    bool ok;

    errno = 0;
    *value = g_ascii_strtoull(copy, &stop, 0);
    ok = g_ascii_isdigit(copy[0]) && !*stop && !errno && *value <= UINT32_MAX;
    g_free(copy);
    return ok;
}

/* "first..last", "first+length" or "last-length", as QEMU's -dfilter. */
static bool range_parse(const char *text, LogRange *r)
{
    const char *op = strpbrk(text, ".+-"), *second;
    uint64_t a, b;

    if (!op || !number_parse(text, op, &a)) {
        return false;
    }
    second = op + 1;
    if (*op == '.') {
        if (*second++ != '.') {
            return false;
        }
    }
    if (!number_parse(second, second + strlen(second), &b)) {
        return false;
    }
    switch (*op) {
    case '.':
        break;
    case '+':
        if (!b || a + b - 1 > UINT32_MAX) {
            return false;
        }
        b = a + b - 1;
        break;
    default:
        if (!b || b > a + 1) {
            return false;
        }
        a = a - (b - 1);
        b = a + (b - 1);
        break;
    }
    if (a > b) {
        return false;
    }
    r->first = (uint32_t)a;
    r->last = (uint32_t)b;
    return true;
}

bool log_set_ranges(const char *ranges, char *bad, size_t bad_size)
{
    char **parts = g_strsplit(ranges, ",", -1);
    bool ok = parts[0] != NULL;

    if (!ok) {
        g_strlcpy(bad, "", bad_size);
    }
    for (char **p = parts; *p && ok; p++) {
        LogRange r;

        ok = range_parse(*p, &r);
        if (!ok) {
            g_strlcpy(bad, *p, bad_size);
            break;
        }
        log_ranges = g_renew(LogRange, log_ranges, log_range_count + 1);
        log_ranges[log_range_count++] = r;
    }
    g_strfreev(parts);
    return ok;
}

void log_flush(void)
{
    fflush(log_stream());
    writer_flush(log_writer, writers_give_up_soon);
}
