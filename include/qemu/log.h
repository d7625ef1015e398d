/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -d / -D / -dfilter logging and error messages. Implemented in util/log.c. Thread-safe. */
#ifndef QEMU_LOG_H
#define QEMU_LOG_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
enum {
    LOG_IN_ASM = 1 << 0, LOG_OP = 1 << 1, LOG_OP_OPT = 1 << 2, LOG_OUT_ASM = 1 << 3, LOG_INT = 1 << 4,
    LOG_EXEC = 1 << 5, LOG_CPU = 1 << 6, LOG_MMU = 1 << 7, LOG_GUEST_ERROR = 1 << 8, LOG_UNIMP = 1 << 9,
    LOG_RESET = 1 << 10, LOG_NOCHAIN = 1 << 11, LOG_STATS = 1 << 12, LOG_PAGE = 1 << 13, LOG_MMIO = 1 << 14,
    LOG_PLUGIN = 1 << 15, LOG_FPU = 1 << 16, LOG_TID = 1 << 17,
};
/* Atomic. Before the CPUs start, anybody may set it; then only cpus_set_log(), for code that runs depends on it. */
extern int qemu_loglevel;
#define qemu_log_enabled(mask) \
    (__builtin_expect((__atomic_load_n(&qemu_loglevel, __ATOMIC_RELAXED) & (mask)) != 0, 0))
void qemu_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define qemu_log_mask(mask, ...) do { if (qemu_log_enabled(mask)) qemu_log(__VA_ARGS__); } while (0)
FILE *qemu_log_lock(void);                  /* for multi-line output; pair with unlock */
void qemu_log_unlock(FILE *f);
bool qemu_log_in_addr_range(uint32_t addr); /* -dfilter */
/* -msg: begin messages with the time, with the guest's name (NULL: without). Before there are other threads. */
void error_set_prefix(bool timestamp, const char *guest_name);
/* "qemu-system-arm: message\n" on stderr. */
void error_report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn_report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void error_exit(const char *fmt, ...) __attribute__((format(printf, 1, 2)));  /* error_report + exit(1) */

/* Configuration; main thread or monitor. A parser that returns false leaves the offending part in bad[]. */
/* -d: "int,mmu" -> LOG_*; "trace:PATTERN": trace_option() */
bool log_parse_items(const char *items, int *mask, char *bad, size_t bad_size);
bool log_set_ranges(const char *ranges, char *bad, size_t bad_size);            /* -dfilter */
/*
 * -D, also later; "%d" becomes the process id, with LOG_TID each thread's id in a file of its own. False: errno tells.
 */
bool log_set_file(const char *path);
bool log_has_thread_files(void);            /* the file's name is one that LOG_TID can do with */
void log_print_items(FILE *out);            /* -d help */
void log_flush(void);                       /* what has been logged is in the file, unless its reader does not read */
#endif
