/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets (packet.h). Whatever comes in, nothing grows beyond a packet's limit, and the next good packet is found. */
#include <string.h>
#include "gdbstub/packet.h"

enum { ESCAPE = '}', ESCAPE_XOR = 0x20 };

void gdb_link_init(GdbLink *l, Chardev *chr)
{
    l->chr = chr;
    l->data = g_string_new(NULL);
    l->last = g_string_new(NULL);
    gdb_link_reset(l);
}

void gdb_link_reset(GdbLink *l)
{
    l->state = LINK_IDLE;
    l->no_ack = false;
    g_string_truncate(l->data, 0);
    g_string_truncate(l->last, 0);
}

static void put(GdbLink *l, const char *bytes, size_t len)
{
    chardev_write(l->chr, (const uint8_t *)bytes, (int)len);
}

static void begin(GdbLink *l)
{
    l->state = LINK_DATA;
    l->too_long = false;
    l->sum = 0;
    g_string_truncate(l->data, 0);
}

static GdbInput idle_byte(GdbLink *l, uint8_t byte)
{
    switch (byte) {
    case '$':
        begin(l);
        return GDB_NOTHING;
    case 0x03:
        return GDB_INTERRUPT;
    case '-':
        if (!l->no_ack) {
            put(l, l->last->str, l->last->len);
        }
        return GDB_NOTHING;
    default:                            /* "+", or noise */
        return GDB_NOTHING;
    }
}

static void data_byte(GdbLink *l, uint8_t byte)
{
    if (byte == '#') {
        l->state = LINK_SUM_HIGH;
    } else if (byte == '$') {
        begin(l);                       /* the end of the one before was lost */
    } else {
        l->sum += byte;
        if (l->data->len == GDB_PACKET_MAX) {
            l->too_long = true;
        } else {
            g_string_append_c(l->data, (char)byte);
        }
    }
}

static GdbInput end(GdbLink *l, int low)
{
    bool good = l->sum_high >= 0 && low >= 0 && (l->sum_high << 4 | low) == l->sum;

    l->state = LINK_IDLE;
    if (l->no_ack) {
        return l->too_long ? GDB_TOO_LONG : GDB_PACKET;     /* the line is said to be reliable */
    }
    put(l, good ? "+" : "-", 1);
    return !good ? GDB_NOTHING : l->too_long ? GDB_TOO_LONG : GDB_PACKET;
}

GdbInput gdb_link_byte(GdbLink *l, uint8_t byte)
{
    switch (l->state) {
    case LINK_IDLE:
        return idle_byte(l, byte);
    case LINK_DATA:
        data_byte(l, byte);
        return GDB_NOTHING;
    case LINK_SUM_HIGH:
        l->sum_high = g_ascii_xdigit_value((char)byte);
        l->state = LINK_SUM_LOW;
        return GDB_NOTHING;
    case LINK_SUM_LOW:
        return end(l, g_ascii_xdigit_value((char)byte));
    }
    return GDB_NOTHING;
}

void gdb_send(GdbLink *l, const char *data, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum += (uint8_t)data[i];
    }
    g_string_assign(l->last, "$");
    g_string_append_len(l->last, data, (gssize)len);
    g_string_append_printf(l->last, "#%02x", sum);
    put(l, l->last->str, l->last->len);
}

void gdb_send_text(GdbLink *l, const char *text)
{
    gdb_send(l, text, strlen(text));
}

void gdb_append_hex(GString *s, const void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(s, "%02x", ((const uint8_t *)buf)[i]);
    }
}

void gdb_append_binary(GString *s, const char *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr("#$*}", buf[i]) && buf[i]) {
            g_string_append_c(s, ESCAPE);
            g_string_append_c(s, buf[i] ^ ESCAPE_XOR);
        } else {
            g_string_append_c(s, buf[i]);
        }
    }
}

bool gdb_number(const char **p, uint32_t *value)
{
    const char *begin = *p;
    uint64_t v = 0;

    for (; g_ascii_isxdigit(**p); (*p)++) {
        v = v << 4 | (uint64_t)g_ascii_xdigit_value(**p);
        if (v > UINT32_MAX) {
            return false;
        }
    }
    *value = (uint32_t)v;
    return *p != begin;
}

bool gdb_number_before(const char **p, char next, uint32_t *value)
{
    if (!gdb_number(p, value) || **p != next) {
        return false;
    }
    *p += next != '\0';
    return true;
}

bool gdb_from_hex(const char *digits, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = g_ascii_xdigit_value(digits[2 * i]), low = high < 0 ? -1 : g_ascii_xdigit_value(digits[2 * i + 1]);

        if (low < 0) {
            return false;
        }
        buf[i] = (uint8_t)(high << 4 | low);
    }
    return !digits[2 * len];
}

bool gdb_from_binary(const char *from, size_t len, uint8_t *buf, size_t want)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = from[i];

        if (c == ESCAPE) {
            if (++i == len) {
                return false;
            }
            c = from[i] ^ ESCAPE_XOR;
        }
        if (n == want) {
            return false;
        }
        buf[n++] = (uint8_t)c;
    }
    return n == want;
}
