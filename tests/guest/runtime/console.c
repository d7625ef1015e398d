/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console on UART0, TAP, exit by semihosting. CPU 0 only, except fail_hard(). */
#include <stdarg.h>
#include "runtime.h"

static unsigned cases, failed;

void put_char(char c)
{
    if (c == '\n') {
        put_char('\r');
    }
    while (rd32(UART0_BASE + UART_FR) & UART_FR_TXFF) {
    }
    wr32(UART0_BASE + UART_DR, (uint8_t)c);
}

static void put_number(uint32_t v, unsigned base, unsigned width, char pad)
{
    char buffer[12];
    unsigned n = 0;

    do {
        buffer[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    while (width > n) {
        put_char(pad);
        width--;
    }
    while (n) {
        put_char(buffer[--n]);
    }
}

static void vprint(const char *f, va_list ap)
{
    for (; *f; f++) {
        unsigned width = 0;
        char pad = ' ';

        if (*f != '%') {
            put_char(*f);
            continue;
        }
        f++;
        if (*f == '0') {
            pad = '0';
        }
        while (*f >= '0' && *f <= '9') {
            width = width * 10 + (unsigned)(*f++ - '0');
        }
        switch (*f) {
        case 's':
            for (const char *s = va_arg(ap, const char *); *s; s++) {
                put_char(*s);
            }
            break;
        case 'c':
            put_char((char)va_arg(ap, int));
            break;
        case 'd': {
            int v = va_arg(ap, int);

            if (v < 0) {
                put_char('-');
                v = -v;
            }
            put_number((uint32_t)v, 10, width, pad);
            break;
        }
        case 'u':
            put_number(va_arg(ap, unsigned), 10, width, pad);
            break;
        case 'x':
            put_number(va_arg(ap, unsigned), 16, width, pad);
            break;
        default:
            put_char(*f);
            break;
        }
    }
}

void print(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vprint(format, ap);
    va_end(ap);
}

static void report(bool good, bool ours, const char *name)
{
    failed += !good;
    print("%sok %u - %s%s\n", good ? "" : "not ", ++cases, name, ours ? " (ours)" : "");
}

void ok(bool good, const char *name)
{
    report(good, false, name);
}

void ok_ours(bool good, const char *name)
{
    report(good, true, name);
}

static void report_eq(uint32_t got, uint32_t want, bool ours, const char *name)
{
    if (got != want) {
        print("# %s: got 0x%x, expected 0x%x\n", name, (unsigned)got, (unsigned)want);
    }
    report(got == want, ours, name);
}

void ok_eq(uint32_t got, uint32_t want, const char *name)
{
    report_eq(got, want, false, name);
}

void ok_eq_ours(uint32_t got, uint32_t want, const char *name)
{
    report_eq(got, want, true, name);
}

void skip(const char *name, const char *why)
{
    print("ok %u - %s # SKIP %s\n", ++cases, name, why);
}

_Noreturn void semihosting_exit(bool good)
{
    register uint32_t r0 __asm__("r0") = 0x18;                      /* SYS_EXIT */
    register uint32_t r1 __asm__("r1") = good ? 0x20026 : 0x20023;  /* application exit; run-time error */

    /* The exit must be asked for by a privileged mode, and answers are not expected. */
    __asm__ volatile("svc 0x123456" : : "r"(r0), "r"(r1) : "memory");
    while (true) {
        wfi();
    }
}

_Noreturn void done(void)
{
    print("1..%u\n", cases);
    semihosting_exit(failed == 0);
}

_Noreturn void fail_hard(const char *why)
{
    print("\nBail out! CPU%u: %s\n", (unsigned)cpu_id(), why);
    semihosting_exit(false);
}
