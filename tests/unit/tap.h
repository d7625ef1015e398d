/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How tests in C print their cases (TAP). One file of each program includes this; the counters are that file's. Main
 * thread.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_cases, tap_failures;
static FILE *tap_out;                   /* NULL: standard output */

static inline void tap_vcase(bool good, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static inline void tap_case(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A case. What explains a failure is a line of its own that begins with '#'. */
static inline void tap_vcase(bool good, const char *fmt, va_list ap)
{
    FILE *out = tap_out ? tap_out : stdout;

    fprintf(out, "%sok %d - ", good ? "" : "not ", ++tap_cases);
    vfprintf(out, fmt, ap);
    fprintf(out, "\n");
    fflush(out);
    tap_failures += !good;
}

static inline void tap_case(bool good, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tap_vcase(good, fmt, ap);
    va_end(ap);
}

/* Print the plan; the program's exit code. */
static inline int tap_done(void)
{
    fprintf(tap_out ? tap_out : stdout, "1..%d\n", tap_cases);
    return tap_failures != 0;
}
#endif
