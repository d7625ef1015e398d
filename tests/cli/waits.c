/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-waits.py: waits for something outside, in the way that the command line says. Each start prints R to UART1.
 *
 *   uart, write0, writec, tt, stderr    prints without end
 *   write NAME, read NAME               writes to the file, or reads it, without end
 *   open NAME, remove NAME, rename NAME, close NAME   once, then D to UART1
 *   readc                               reads characters; each goes to UART1
 *   interrupts                          the same, while a timer interrupts; T to UART1 for each 100th interrupt
 *   lines                               99999 numbered lines to standard output in pieces of many sizes, then the end
 *   mixed                               numbered lines by UART0, SYS_WRITE0, SYS_WRITEC and to standard error by turns
 *   undefined                           operations that do not exist, without end
 */
#include "runtime.h"
#include "semihosting.h"

enum { SYS_OPEN = 1, SYS_CLOSE, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ, SYS_READC, SYS_REMOVE = 14, SYS_RENAME,
       SYS_GET_CMDLINE = 0x15, OPEN_R = 0, OPEN_W = 4, OPEN_A = 8, LINES = 99999, LINE = 6, BUF = 64 << 10 };

static char line[512], text[BUF + 1];
static volatile uint32_t ticks;

static int32_t open_file(const char *name, uint32_t mode)
{
    return call_args(SYS_OPEN, (uint32_t)name, mode, (uint32_t)strlen(name), 0);
}

static void say(char c)
{
    wr32(UART1_BASE + UART_DR, (uint32_t)c);
}

static bool word_is(const char *word)
{
    size_t len = strlen(word);

    return !memcmp(line, word, len) && (line[len] == ' ' || !line[len]);
}

static void on_timer(uint32_t iar)
{
    if ((iar & 0x3ff) == IRQ_TWD) {
        wr32(TWD_BASE + TWD_STATUS, 1);
        if (++ticks % 100 == 0) {
            say('T');
        }
    }
}

static void start_timer(void)
{
    gic_init();
    gic_init_cpu();
    irq_handle(on_timer);
    gic_enable(IRQ_TWD, 0xa0, 1);
    wr32(TWD_BASE + TWD_LOAD, 100000);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    irq_enable();
}

static void numbered_lines(void)
{
    int32_t out = open_file(":tt", OPEN_W);
    uint32_t n = 0;

    for (uint32_t piece = 1; n < LINES; piece = piece % 10000 + 777) {
        uint32_t len = 0;

        for (uint32_t i = 0; i < piece && n < LINES; i++, n++, len += LINE) {
            for (uint32_t k = 0, v = n; k < LINE - 1; k++, v /= 10) {
                text[len + LINE - 2 - k] = (char)('0' + v % 10);
            }
            text[len + LINE - 1] = '\n';
        }
        text[len] = 0;
        if (piece % 2) {
            call(SYS_WRITE0, (uint32_t)text);
        } else {
            call_args(SYS_WRITE, (uint32_t)out, (uint32_t)text, len, 0);
        }
    }
}

static void number(char *to, char kind, uint32_t n)
{
    char digits[12];
    uint32_t len = 0;

    do {
        digits[len++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    *to++ = kind;
    while (len) {
        *to++ = digits[--len];
    }
    *to++ = '\n';
    *to = 0;
}

static void mixed_lines(void)
{
    int32_t err = open_file(":tt", OPEN_A);

    for (uint32_t n = 0; n < 2000; n++) {
        char kind = "usze"[n % 4];

        number(text, kind, n);
        if (kind == 's') {
            call(SYS_WRITE0, (uint32_t)text);
        } else if (kind == 'e') {
            call_args(SYS_WRITE, (uint32_t)err, (uint32_t)text, (uint32_t)strlen(text), 0);
        } else {
            for (const char *c = text; *c; c++) {
                if (kind == 'u') {
                    wr32(UART0_BASE + UART_DR, (uint32_t)*c);
                } else {
                    call(SYS_WRITEC, (uint32_t)c);
                }
            }
        }
    }
}

int test_main(void)
{
    const char *name = line;
    int32_t file;

    call_args(SYS_GET_CMDLINE, (uint32_t)line, sizeof(line), 0, 0);
    while (*name && *name++ != ' ') {
    }
    wr32(UART1_BASE + UART_CR, 0x301);
    say('R');
    memset(text, 'x', BUF);
    if (word_is("lines")) {
        numbered_lines();
        semihosting_exit(true);
    }
    if (word_is("mixed")) {
        mixed_lines();
        semihosting_exit(true);
    }
    if (word_is("interrupts")) {
        start_timer();
    }
    for (;;) {
        if (word_is("uart")) {
            wr32(UART0_BASE + UART_DR, 'x');
        } else if (word_is("write0")) {
            call(SYS_WRITE0, (uint32_t)text);
        } else if (word_is("writec")) {
            call(SYS_WRITEC, (uint32_t)text);
        } else if (word_is("undefined")) {
            call(0x77, 0);
        } else if (word_is("readc") || word_is("interrupts")) {
            say((char)call(SYS_READC, 0));
        } else if (word_is("remove")) {
            call_args(SYS_REMOVE, (uint32_t)name, (uint32_t)strlen(name), 0, 0);
            say('D');
        } else if (word_is("rename")) {
            call_args(SYS_RENAME, (uint32_t)name, (uint32_t)strlen(name), (uint32_t)name, (uint32_t)strlen(name));
            say('D');
        } else {
            file = word_is("tt") ? open_file(":tt", OPEN_W) : word_is("stderr") ? open_file(":tt", OPEN_A)
                 : open_file(name, word_is("write") || word_is("close") ? OPEN_W : OPEN_R);
            if (word_is("open")) {
                say('D');
            } else if (word_is("close")) {
                call_args(SYS_CLOSE, (uint32_t)file, 0, 0, 0);
                say('D');
            } else {
                while (!call_args(word_is("read") ? SYS_READ : SYS_WRITE, (uint32_t)file, (uint32_t)text, BUF, 0)) {
                }
                say('E');
            }
        }
    }
}
