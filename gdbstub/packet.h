/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb's remote serial protocol below its commands: bytes to packets and back, acknowledgements, checksums, escapes,
 * hexadecimal digits. I/O thread.
 */
#ifndef GDBSTUB_PACKET_H
#define GDBSTUB_PACKET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "chardev/char.h"

enum { GDB_PACKET_MAX = 0x4000 };       /* bytes between $ and #; both sides */

typedef struct GdbLink {
    Chardev *chr;
    enum { LINK_IDLE, LINK_DATA, LINK_SUM_HIGH, LINK_SUM_LOW } state;
    GString *data;                      /* of the packet that is coming */
    bool too_long;
    uint8_t sum;                        /* of its bytes so far */
    int sum_high;                       /* value of the first digit, or -1: none */
    bool no_ack;
    GString *last;                      /* what was sent last, for a "-" */
} GdbLink;

typedef enum GdbInput { GDB_NOTHING, GDB_PACKET, GDB_TOO_LONG, GDB_INTERRUPT } GdbInput;

void gdb_link_init(GdbLink *l, Chardev *chr);
/* A new peer. */
void gdb_link_reset(GdbLink *l);
/* Take a byte. GDB_PACKET: a good packet is in l->data until the next call. */
GdbInput gdb_link_byte(GdbLink *l, uint8_t byte);
void gdb_send(GdbLink *l, const char *data, size_t len);
void gdb_send_text(GdbLink *l, const char *text);

/* Append bytes as digits, or escaped. */
void gdb_append_hex(GString *s, const void *buf, size_t len);
void gdb_append_binary(GString *s, const char *buf, size_t len);
/* Number in hexadecimal digits at *p, which moves behind it; false: there is none, or it is above 32 bits. */
bool gdb_number(const char **p, uint32_t *value);
/* The same, and behind it must be `next` ('\0': the end), which is skipped. */
bool gdb_number_before(const char **p, char next, uint32_t *value);
/* len bytes from 2 * len digits; false: there are not exactly so many. */
bool gdb_from_hex(const char *digits, uint8_t *buf, size_t len);
/* Undo the escapes of len bytes; false: there are not exactly `want` then. */
bool gdb_from_binary(const char *from, size_t len, uint8_t *buf, size_t want);
#endif
