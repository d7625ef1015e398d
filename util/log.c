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
    { LOG_FPU, "fpu", "with cpu: the VFP's registers too" },
    { LOG_MMU, "mmu", "memory management: faults and TLB operations" },
    { LOG_RESET, "cpu_reset", "CPU state at reset" },
    { LOG_UNIMP, "unimp", "use of what the emulator does not implement" },
    { LOG_GUEST_ERROR, "guest_errors", "mistakes of the guest, such as access to a register that does not exist" },
    { LOG_PAGE, "page", "pages of guest RAM as they come to hold translated code" },
    { LOG_MMIO, "mmio", "accesses to the devices' registers" },
    { LOG_NOCHAIN, "nochain", "do not chain blocks, so that exec and cpu show all of them" },
    { LOG_PLUGIN, "plugin", "what plugins have to say" },
    { LOG_STATS, "stats", "summary of the CPUs' events at exit" },
    { LOG_TID, "tid", "a file for each thread; -D FILE has %d in its name" },
    { 0, "op_ind", "nothing: intermediate code has no such stage" },
    { 0, "pcall", "nothing: it is for guests of x86" },
    { 0, "strace", "nothing: it is for programs without a machine" },
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

/*
 * A file of each thread (LOG_TID). What is open belongs to the thread that logs there; files are closed when the log
 * goes elsewhere and their thread logs again, and by the end of the program.
 */
typedef struct ThreadLog {
    FILE *stream;
    Writer *writer;
    unsigned turn;              /* of `log_turn`, when it was opened */
    struct ThreadLog *next;     /* in thread_logs */
} ThreadLog;

static const char *log_pattern; /* of -D, with %d; NULL: there is none. Atomic, as is the next */
static unsigned log_turn;       /* how often it was set */
static ThreadLog *thread_logs;  /* of all threads, for log_flush(); atomic, it only grows */
static __thread ThreadLog *thread_log;

static int open_pattern(const char *pattern, pid_t id)
{
    const char *pct = strstr(pattern, "%d");
    g_autofree char *name = g_strdup_printf("%.*s%d%s", (int)(pct - pattern), pattern, (int)id, pct + 2);

    return fdset_open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

static ssize_t thread_log_write(void *cookie, const char *buf, size_t len)
{
    writer_put(((ThreadLog *)cookie)->writer, buf, len);
    return (ssize_t)len;
}

/* The main thread's is the file that -D has opened, and so is that of a thread whose file cannot be opened. */
static FILE *stream_of_thread(const char *pattern)
{
    const unsigned turn = __atomic_load_n(&log_turn, __ATOMIC_ACQUIRE);
    ThreadLog *t = thread_log;
    int fd;

    if (gettid() == getpid()) {
        return log_file;
    }
    if (t && t->turn == turn) {
        return t->stream ? t->stream : log_file;
    }
    fd = open_pattern(pattern, gettid());
    if (!t) {
        t = thread_log = g_new0(ThreadLog, 1);
        t->next = __atomic_load_n(&thread_logs, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&thread_logs, &t->next, t, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        }
    }
    t->turn = turn;
    if (fd < 0) {
        return log_file;
    }
    if (t->stream) {
        flockfile(t->stream);
        fflush(t->stream);
        writer_close(t->writer);
        t->writer = writer_new(fd, "-D");
        funlockfile(t->stream);
    } else {
        t->writer = writer_new(fd, "-D");
        __atomic_store_n(&t->stream, writer_lines(t, thread_log_write), __ATOMIC_RELEASE);
    }
    return t->stream;
}

bool log_has_thread_files(void)
{
    return __atomic_load_n(&log_pattern, __ATOMIC_ACQUIRE);
}

static FILE *log_stream(void)
{
    const char *pattern = qemu_log_enabled(LOG_TID) ? __atomic_load_n(&log_pattern, __ATOMIC_ACQUIRE) : NULL;

    if (pattern) {
        return stream_of_thread(pattern);
    }
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
    fprintf(out, "%-15s %s\n", "all", "everything above but tid");
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
                *mask |= log_items[k].mask & ~LOG_TID;
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
    const bool pattern = strstr(path, "%d");
    const int fd = pattern ? open_pattern(path, getpid())
                           : fdset_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0) {
        return false;
    }
    log_go_to(writer_new(fd, "-D"));
    __atomic_store_n(&log_pattern, pattern ? g_strdup(path) : NULL, __ATOMIC_RELEASE);   /* others read the old one */
    __atomic_fetch_add(&log_turn, 1, __ATOMIC_ACQ_REL);
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
    for (ThreadLog *t = __atomic_load_n(&thread_logs, __ATOMIC_ACQUIRE); t; t = t->next) {
        FILE *stream = __atomic_load_n(&t->stream, __ATOMIC_ACQUIRE);

        if (stream) {
            flockfile(stream);
            fflush(stream);
            writer_flush(t->writer, writers_give_up_soon);
            funlockfile(stream);
        }
    }
    pthread_once(&log_once, log_open_stderr);
    fflush(log_file);
    writer_flush(log_writer, writers_give_up_soon);
}
