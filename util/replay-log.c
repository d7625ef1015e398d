/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a recording. All numbers are little-endian.
 *
 *   magic "PQEMURR\n", version (4 bytes)
 *   chunks: bytes of the payload (4), CRC-32 of the payload (4), payload
 *
 * The first chunk is the header: seed (8), start of the time of day (8), which machine it is (text). The others are
 * events, whole ones, one behind the other:
 *
 *   kind and, in bit 7, whether timers had fired (1 byte)
 *   instructions since the last event, nanoseconds since then (numbers of 7 bits each, the lowest first, bit 7: more)
 *   an input's source (such a number)
 *   number of bytes (such a number), bytes
 *
 * A parallel run has events (kind 6) whose bytes are turns, one number each: its instructions times 16, plus 8 if all
 * CPUs slept before it, plus 4 if it ends within its next instruction, plus the CPU. They come before the first event
 * that happened when they were over.
 *
 * The last event is the end, with a byte that is 1 if the guest wanted it: a file without it was cut off. A file is
 * read and checked as a whole before anything of it is used. Recording: any one thread at a time; replaying: the same.
 */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include "qemu/log.h"
#include "util/replay-log.h"

enum { VERSION = 2, CHUNK = 64 << 10, HEAD_BYTES = 12, CHUNK_HEAD = 8, FIRED = 0x80 };
static const char magic[8] = { 'P', 'Q', 'E', 'M', 'U', 'R', 'R', '\n' };

static struct {
    char *name;
    FILE *file;                 /* recording */
    GByteArray *chunk;          /* recording: not written yet; replaying: all events */
    GByteArray *turns;          /* recording: not in a chunk yet; replaying: all */
    ReplayPlace last;           /* recording: of the last event */
    uint64_t bytes, events;
    uint64_t last_icount;       /* replaying: of the whole file */
    bool failed;
} rr;

/* ---- writing ---- */

static void put_int(GByteArray *a, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t b = (uint8_t)(v >> 8 * i);

        g_byte_array_append(a, &b, 1);
    }
}

static void put_number(GByteArray *a, uint64_t v)
{
    do {
        uint8_t b = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));

        g_byte_array_append(a, &b, 1);
        v >>= 7;
    } while (v);
}

static void write_bytes(const void *data, size_t bytes)
{
    if (!rr.failed && fwrite(data, 1, bytes, rr.file) != bytes) {
        error_report("rrfile=%s: cannot write: %s", rr.name, strerror(errno));
        rr.failed = true;
    }
    rr.bytes += bytes;
}

static void write_chunk(void)
{
    GByteArray *head = g_byte_array_new();

    put_int(head, rr.chunk->len, 4);
    put_int(head, crc32_z(0, rr.chunk->data, rr.chunk->len), 4);
    write_bytes(head->data, head->len);
    write_bytes(rr.chunk->data, rr.chunk->len);
    g_byte_array_unref(head);
    g_byte_array_set_size(rr.chunk, 0);
}

char *replay_log_create(const char *file, const ReplayHeader *h)
{
    GByteArray *head = g_byte_array_new();

    rr.name = g_strdup(file);
    rr.file = fopen(file, "wbe");
    if (!rr.file) {
        g_byte_array_unref(head);
        return g_strdup_printf("rrfile=%s: cannot write: %s", file, strerror(errno));
    }
    g_byte_array_append(head, (const guint8 *)magic, sizeof(magic));
    put_int(head, VERSION, 4);
    write_bytes(head->data, head->len);
    g_byte_array_unref(head);
    rr.chunk = g_byte_array_new();
    rr.turns = g_byte_array_new();
    put_int(rr.chunk, h->seed, 8);
    put_int(rr.chunk, (uint64_t)h->start_s, 8);
    g_byte_array_append(rr.chunk, (const guint8 *)h->machine, (guint)strlen(h->machine));
    write_chunk();
    return NULL;
}

static void put_event(const ReplayEvent *e)
{
    uint8_t kind = (uint8_t)(e->kind | (e->at.fired ? FIRED : 0));

    g_byte_array_append(rr.chunk, &kind, 1);
    put_number(rr.chunk, e->at.icount - rr.last.icount);
    put_number(rr.chunk, (uint64_t)(e->at.ns - rr.last.ns));
    if (e->kind == EVENT_INPUT) {
        put_number(rr.chunk, e->source);
    }
    put_number(rr.chunk, e->bytes);
    g_byte_array_append(rr.chunk, e->data, (guint)e->bytes);
    rr.last = e->at;
    rr.events++;
    if (rr.chunk->len >= CHUNK) {
        write_chunk();
    }
}

static void put_turns(void)
{
    if (rr.turns->len) {
        put_event(&(ReplayEvent) { .kind = EVENT_TURNS, .at = rr.last, .data = rr.turns->data,
                                   .bytes = rr.turns->len });
        g_byte_array_set_size(rr.turns, 0);
    }
}

void replay_log_put(const ReplayEvent *e)
{
    put_turns();
    put_event(e);
}

void replay_log_put_turn(const ReplayTurn *t)
{
    put_number(rr.turns, (uint64_t)t->insns << 4 | (t->slept ? 8u : 0) | (t->unfinished ? 4u : 0) | (unsigned)t->cpu);
    if (rr.turns->len >= CHUNK) {
        put_turns();
    }
}

uint64_t replay_log_bytes(void)
{
    return rr.bytes + (rr.file ? rr.chunk->len + rr.turns->len : 0);
}

bool replay_log_finish(void)
{
    if (rr.chunk->len) {
        write_chunk();
    }
    if (fclose(rr.file) && !rr.failed) {
        error_report("rrfile=%s: cannot write: %s", rr.name, strerror(errno));
        rr.failed = true;
    }
    rr.file = NULL;
    return !rr.failed;
}

/* ---- reading ---- */

static uint64_t int_at(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint64_t)p[i] << 8 * i;
    }
    return v;
}

static bool number_of(const GByteArray *a, size_t *next, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && *next < a->len; shift += 7) {
        uint8_t b = a->data[(*next)++];

        *v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            return true;
        }
    }
    return false;
}

static bool get_number(size_t *next, uint64_t *v)
{
    return number_of(rr.chunk, next, v);
}

bool replay_log_get_turn(size_t *next, ReplayTurn *t)
{
    uint64_t v;

    if (!number_of(rr.turns, next, &v)) {
        return false;
    }
    *t = (ReplayTurn) { .cpu = v & 3, .insns = (uint32_t)(v >> 4), .unfinished = v & 4, .slept = v & 8 };
    return true;
}

static bool get_event(size_t *next, ReplayPlace *last, ReplayEvent *e)
{
    uint64_t icount, ns, source = 0, bytes;
    uint8_t kind;

    if (*next >= rr.chunk->len) {
        return false;
    }
    kind = rr.chunk->data[(*next)++];
    if (!get_number(next, &icount) || !get_number(next, &ns) ||
        ((kind & ~FIRED) == EVENT_INPUT && !get_number(next, &source)) || !get_number(next, &bytes) ||
        bytes > rr.chunk->len - *next || bytes > EVENT_MAX_BYTES) {
        return false;
    }
    last->icount += icount;
    last->ns += (int64_t)ns;
    last->fired = kind & FIRED;
    *e = (ReplayEvent) { .kind = (ReplayKind)(kind & ~FIRED), .at = *last, .source = (unsigned)source,
                         .data = rr.chunk->data + *next, .bytes = bytes };
    *next += bytes;
    return e->kind >= EVENT_INPUT && e->kind <= EVENT_TURNS;
}

bool replay_log_get(size_t *next, ReplayPlace *last, ReplayEvent *e)
{
    bool got;

    while ((got = get_event(next, last, e)) && e->kind == EVENT_TURNS) {
    }
    return got;
}

/* The next chunk's payload, which is good; NULL: *problem says why not, or there is none. */
static const uint8_t *next_chunk(const uint8_t *file, size_t size, size_t *at, size_t *bytes, const char **problem)
{
    const uint8_t *p = file + *at;

    if (*at == size) {
        return NULL;
    }
    if (size - *at < CHUNK_HEAD || size - *at - CHUNK_HEAD < int_at(p, 4)) {
        *problem = "the recording is cut off";
        return NULL;
    }
    *bytes = int_at(p, 4);
    if (crc32_z(0, p + CHUNK_HEAD, *bytes) != int_at(p + 4, 4)) {
        *problem = "the recording is damaged";
        return NULL;
    }
    *at += CHUNK_HEAD + *bytes;
    return p + CHUNK_HEAD;
}

static const char *read_header(const uint8_t *file, size_t size, size_t *at, ReplayHeader *h)
{
    const uint8_t *p;
    const char *problem = "the recording is cut off";
    size_t bytes;

    if (size < HEAD_BYTES || memcmp(file, magic, sizeof(magic))) {
        return "this is no recording";
    }
    if (int_at(file + sizeof(magic), 4) != VERSION) {
        return "the recording has another version than 2, which is all that can be replayed here";
    }
    *at = HEAD_BYTES;
    p = next_chunk(file, size, at, &bytes, &problem);
    if (!p || bytes < 16) {
        return problem;
    }
    *h = (ReplayHeader) { .machine = g_strndup((const char *)p + 16, bytes - 16), .seed = int_at(p, 8),
                          .start_s = (int64_t)int_at(p + 8, 8) };
    return NULL;
}

/* INT32_MAX instructions are more than any turn has. */
static bool turns_are_good(void)
{
    size_t next = 0;
    uint64_t v;

    while (number_of(rr.turns, &next, &v)) {
        if (v >> 4 >= INT32_MAX) {
            return false;
        }
    }
    return next == rr.turns->len;
}

static const char *read_events(const uint8_t *file, size_t size, size_t at)
{
    const char *problem = NULL;
    const uint8_t *p;
    size_t bytes, next = 0;
    ReplayPlace last = { 0 };
    ReplayEvent e = { 0 };

    rr.chunk = g_byte_array_new();
    rr.turns = g_byte_array_new();
    while ((p = next_chunk(file, size, &at, &bytes, &problem)) != NULL) {
        g_byte_array_append(rr.chunk, p, (guint)bytes);
    }
    if (problem) {
        return problem;
    }
    while (get_event(&next, &last, &e)) {
        rr.events++;
        rr.last_icount = e.at.icount;
        if (e.kind == EVENT_TURNS) {
            g_byte_array_append(rr.turns, e.data, (guint)e.bytes);
        }
    }
    if (next < rr.chunk->len || !turns_are_good()) {
        return "the recording is damaged";
    }
    return e.kind == EVENT_END ? NULL : "the recording is cut off: it has no end";
}

char *replay_log_open(const char *file, ReplayHeader *h)
{
    GError *error = NULL;
    const char *problem;
    gchar *text;
    gsize size;
    size_t at;
    char *message = NULL;

    if (!g_file_get_contents(file, &text, &size, &error)) {
        message = g_strdup_printf("rrfile=%s: %s", file, error->message);
        g_error_free(error);
        return message;
    }
    problem = read_header((const uint8_t *)text, size, &at, h);
    if (!problem) {
        problem = read_events((const uint8_t *)text, size, at);
    }
    if (problem) {
        message = g_strdup_printf("rrfile=%s: %s", file, problem);
    }
    rr.bytes = size;
    g_free(text);
    return message;
}

uint64_t replay_log_events(void)
{
    return rr.events;
}

uint64_t replay_log_last(void)
{
    return rr.last_icount;
}
