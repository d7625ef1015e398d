/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's terminal: prompt, a line editor with history, and the character device front end. Commands are in
 * hmp.c. Everything runs on the I/O thread; there is one Monitor per device.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "monitor/monitor-internal.h"
#include "qemu/log.h"

#ifndef PQEMU_VERSION
#define PQEMU_VERSION "0.1.0"
#endif

static const char prompt[] = "(qemu) ";

void monitor_puts(Monitor *mon, const char *text)
{
    if (!mon->chr) {
        g_string_append(mon->collected, text);
        return;
    }
    while (*text) {
        size_t n = strcspn(text, "\n");

        chardev_write(mon->chr, (const uint8_t *)text, (int)n);
        text += n;
        if (*text == '\n') {
            chardev_write(mon->chr, (const uint8_t *)"\r\n", 2);
            text++;
        }
    }
}

void monitor_printf(Monitor *mon, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    monitor_puts(mon, text);
    g_free(text);
}

static void show_prompt(Monitor *mon)
{
    g_string_truncate(mon->line, 0);
    mon->cursor = 0;
    mon->too_long = false;
    mon->escape = 0;
    mon->history_at = -1;
    monitor_puts(mon, prompt);
}

static void redraw(Monitor *mon)
{
    monitor_printf(mon, "\r%s%s\033[K", prompt, mon->line->str);
    if (mon->cursor < mon->line->len) {
        monitor_printf(mon, "\033[%zuD", mon->line->len - mon->cursor);
    }
}

static void insert(Monitor *mon, char c)
{
    if (mon->line->len == MON_LINE_MAX) {
        mon->too_long = true;
        return;
    }
    g_string_insert_c(mon->line, (gssize)mon->cursor++, c);
    if (mon->cursor == mon->line->len) {
        monitor_printf(mon, "%c", c);
    } else {
        redraw(mon);
    }
}

static void delete_at(Monitor *mon, size_t at)
{
    if (at < mon->line->len) {
        g_string_erase(mon->line, (gssize)at, 1);
        mon->cursor = at;
        redraw(mon);
    }
}

static void history_add(Monitor *mon)
{
    if (!mon->line->len || (mon->history[0] && !strcmp(mon->history[0], mon->line->str))) {
        return;
    }
    g_free(mon->history[MON_HISTORY - 1]);
    memmove(mon->history + 1, mon->history, (MON_HISTORY - 1) * sizeof(mon->history[0]));
    mon->history[0] = g_strdup(mon->line->str);
}

static void history_show(Monitor *mon, int at)
{
    if (at < -1 || at >= MON_HISTORY || (at >= 0 && !mon->history[at])) {
        return;
    }
    mon->history_at = at;
    g_string_assign(mon->line, at < 0 ? "" : mon->history[at]);
    mon->cursor = mon->line->len;
    redraw(mon);
}

static void enter(Monitor *mon)
{
    monitor_puts(mon, "\n");
    if (mon->too_long) {
        monitor_printf(mon, "the line is longer than %d characters: not executed\n", MON_LINE_MAX);
    } else {
        history_add(mon);
        hmp_execute(mon, mon->line->str);
    }
    if (!mon->suspended) {
        show_prompt(mon);
    }
}

/* What all have in common behind the first `n` characters. */
static size_t common_length(const GPtrArray *words, size_t n)
{
    const char *first = g_ptr_array_index(words, 0);

    for (; first[n]; n++) {
        for (guint i = 1; i < words->len; i++) {
            if (((const char *)g_ptr_array_index(words, i))[n] != first[n]) {
                return n;
            }
        }
    }
    return n;
}

static void list_words(Monitor *mon, const GPtrArray *words)
{
    for (guint i = 0; i < words->len; i++) {
        monitor_printf(mon, "%s%s", i ? "  " : "\n", (const char *)g_ptr_array_index(words, i));
    }
    monitor_puts(mon, "\n");
    redraw(mon);
}

/* The last word grows as far as it can in one way only; if it cannot, the ways are listed. */
static void complete(Monitor *mon)
{
    GPtrArray *words;
    const char *word;
    size_t typed, end;

    if (mon->cursor != mon->line->len) {
        return;
    }
    words = hmp_completions(mon->line->str, &word);
    if (words->len) {
        const char *first = g_ptr_array_index(words, 0);

        typed = strlen(word);
        end = common_length(words, typed);
        for (size_t i = typed; i < end; i++) {
            insert(mon, first[i]);
        }
        if (words->len == 1) {
            insert(mon, ' ');
        } else if (end == typed) {
            list_words(mon, words);
        }
    }
    g_ptr_array_unref(words);
}

/* From the cursor back over the word before it. */
static void delete_word(Monitor *mon)
{
    size_t from = mon->cursor;

    while (from && mon->line->str[from - 1] == ' ') {
        from--;
    }
    while (from && mon->line->str[from - 1] != ' ') {
        from--;
    }
    g_string_erase(mon->line, (gssize)from, (gssize)(mon->cursor - from));
    mon->cursor = from;
    redraw(mon);
}

/* The last byte of ESC [ x. */
static void cursor_key(Monitor *mon, uint8_t key)
{
    switch (key) {
    case 'A':
        history_show(mon, mon->history_at + 1);
        break;
    case 'B':
        history_show(mon, mon->history_at - 1);
        break;
    case 'C':
        if (mon->cursor < mon->line->len) {
            mon->cursor++;
            redraw(mon);
        }
        break;
    case 'D':
        if (mon->cursor) {
            mon->cursor--;
            redraw(mon);
        }
        break;
    case 'H':
        mon->cursor = 0;
        redraw(mon);
        break;
    case 'F':
        mon->cursor = mon->line->len;
        redraw(mon);
        break;
    default:
        break;
    }
}

/* ESC [ digit ~ */
static void editing_key(Monitor *mon, uint8_t digit)
{
    switch (digit) {
    case '1': case '7':
        cursor_key(mon, 'H');
        break;
    case '3':
        delete_at(mon, mon->cursor);
        break;
    case '4': case '8':
        cursor_key(mon, 'F');
        break;
    default:
        break;
    }
}

static void key(Monitor *mon, uint8_t c)
{
    if (c < ' ') {
        mon->escape = 0;                /* it means what it always does: the sequence was cut off */
    }
    if (mon->escape == 1) {
        mon->escape = c == '[' || c == 'O' ? 2 : 0;
        return;
    }
    if (mon->escape) {
        if (c >= '@' && c <= '~') {
            if (mon->escape == 2) {
                cursor_key(mon, c);
            } else if (c == '~') {
                editing_key(mon, mon->parameter);
            }
            mon->escape = 0;
        } else {                        /* one digit makes a key that we may know, more do not */
            mon->parameter = mon->escape == 2 ? c : 0;
            mon->escape = 3;
        }
        return;
    }
    switch (c) {
    case '\r':
    case '\n':
        enter(mon);
        break;
    case 0x1b:
        mon->escape = 1;
        break;
    case '\b':
    case 0x7f:
        if (mon->cursor) {
            delete_at(mon, mon->cursor - 1);
        }
        break;
    case 0x04:                          /* Ctrl-d */
        delete_at(mon, mon->cursor);
        break;
    case 0x01:                          /* Ctrl-a */
        cursor_key(mon, 'H');
        break;
    case 0x05:                          /* Ctrl-e */
        cursor_key(mon, 'F');
        break;
    case 0x10:                          /* Ctrl-p, Ctrl-n, Ctrl-f, Ctrl-b: the arrows */
        cursor_key(mon, 'A');
        break;
    case 0x0e:
        cursor_key(mon, 'B');
        break;
    case 0x06:
        cursor_key(mon, 'C');
        break;
    case 0x02:
        cursor_key(mon, 'D');
        break;
    case 0x0b:                          /* Ctrl-k: to the end */
        g_string_truncate(mon->line, mon->cursor);
        redraw(mon);
        break;
    case 0x17:                          /* Ctrl-w */
        delete_word(mon);
        break;
    case 0x03:                          /* Ctrl-c, Ctrl-u: forget the line */
    case 0x15:
        g_string_truncate(mon->line, 0);
        mon->cursor = 0;
        mon->too_long = false;
        redraw(mon);
        break;
    case '\t':
        complete(mon);
        break;
    default:
        if (c >= ' ') {
            insert(mon, (char)c);
        }
        break;
    }
}

static int monitor_receive(void *opaque, const uint8_t *buf, int len)
{
    Monitor *mon = opaque;
    int i;

    for (i = 0; i < len && !mon->suspended; i++) {
        key(mon, buf[i]);
    }
    return i;
}

static void show(Monitor *mon)
{
    if (!mon->shown) {
        mon->shown = true;
        monitor_printf(mon, "PQEMU " PQEMU_VERSION " monitor - type 'help' for more information\n");
    }
    if (!mon->suspended) {
        show_prompt(mon);
    }
}

static bool monitor_event(void *opaque, int event)
{
    Monitor *mon = opaque;

    switch (event) {
    case CHR_EVENT_MUX_IN:
        monitor_puts(mon, "\n");
        show(mon);
        break;
    case CHR_EVENT_MUX_OUT:
        monitor_puts(mon, "\n");
        break;
    case CHR_EVENT_OPENED:
        if (!chardev_is_mux(mon->chr)) {
            mon->shown = false;         /* every new connection is greeted */
            show(mon);
        }
        break;
    default:
        break;
    }
    return true;
}

void monitor_attach(Chardev *chr, MachineState *machine)
{
    Monitor *mon = g_new0(Monitor, 1);
    CharFrontend fe = { .receive = monitor_receive, .event = monitor_event, .opaque = mon };

    mon->chr = chr;
    mon->machine = machine;
    mon->line = g_string_new(NULL);
    mon->history_at = -1;
    chardev_attach(chr, &fe);
}

char *monitor_order_text(MachineState *machine, const char *line)
{
    static Monitor order;

    order.machine = machine;
    order.collected = g_string_new(NULL);
    hmp_execute(&order, line);
    return g_string_free(order.collected, FALSE);
}

/* ---- commands that end later ---- */

/* Of a line that a program gave; its end. */
static void line_ended(Monitor *mon)
{
    mon->line_done(mon->opaque, mon->collected->str);
    g_string_free(mon->collected, TRUE);
    g_free(mon);
}

void monitor_line(MachineState *machine, int cpu, const char *line, void (*done)(void *opaque, const char *text),
                  void *opaque)
{
    Monitor *mon = g_new0(Monitor, 1);

    mon->cpu = cpu;
    mon->machine = machine;
    mon->collected = g_string_new(NULL);
    mon->line_done = done;
    mon->opaque = opaque;
    hmp_execute(mon, line);
    if (!mon->suspended) {
        line_ended(mon);
    }
}

bool monitor_can_wait(Monitor *mon)
{
    const bool can = mon->chr || mon->line_done;

    if (!can) {
        monitor_puts(mon, "this takes its time: give the order in a monitor, not in the debugger\n");
    }
    return can;
}

void monitor_suspend(Monitor *mon)
{
    mon->suspended = true;
}

void monitor_resume(Monitor *mon)
{
    mon->suspended = false;
    if (mon->chr) {
        show_prompt(mon);
        chardev_accept_input(mon->chr);
    } else {
        line_ended(mon);
    }
}
