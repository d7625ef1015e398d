/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of a machine's state, and their way into a stream and back (stream.h). No locks; any thread. */
#include <errno.h>
#include <string.h>
#include <zlib.h>
#include "migration/stream.h"

static const uint8_t magic[8] = { 'P', 'Q', 'E', 'M', 'U', 'V', 'M', '\n' };

enum { CRC_BYTES = 4 };

static void set_int(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint64_t int_at(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)p[i] << 8 * i;
    }
    return value;
}

/* ---- out ---- */

void section_put(GByteArray *s, const void *data, size_t bytes)
{
    g_byte_array_append(s, data, (guint)bytes);
}

void section_put_int(GByteArray *s, uint64_t value, unsigned bytes)
{
    uint8_t raw[8];

    set_int(raw, value, bytes);
    section_put(s, raw, bytes);
}

void section_put_name(GByteArray *s, const char *text)
{
    size_t n = strlen(text);

    g_assert(n <= 255);
    section_put_int(s, n, 1);
    section_put(s, text, n);
}

/* The head: length of the name, name, version, bytes of the payload. */
static size_t head_bytes(const uint8_t *s)
{
    return 1 + s[0] + 8;
}

GByteArray *section_new(const char *name, uint32_t version)
{
    GByteArray *s = g_byte_array_new();

    g_assert(strlen(name) <= STATE_NAME_MAX);
    section_put_name(s, name);
    section_put_int(s, version, 4);
    section_put_int(s, 0, 4);
    return s;
}

void section_end(GByteArray *s)
{
    size_t head = head_bytes(s->data);

    g_assert(s->len - head <= STATE_PAYLOAD_MAX);
    set_int(s->data + head - 4, s->len - head, 4);
}

int stream_write_header(StateWrite *write, void *opaque)
{
    uint8_t head[sizeof(magic) + 4];

    memcpy(head, magic, sizeof(magic));
    set_int(head + sizeof(magic), STATE_VERSION, 4);
    return write(opaque, head, sizeof(head));
}

int stream_write_section(const GByteArray *s, StateWrite *write, void *opaque)
{
    uint8_t crc[CRC_BYTES];
    int ret = write(opaque, s->data, s->len);

    set_int(crc, crc32_z(0, s->data, s->len), CRC_BYTES);
    return ret ? ret : write(opaque, crc, CRC_BYTES);
}

uint64_t stream_header_bytes(void)
{
    return sizeof(magic) + 4;
}

uint64_t stream_section_bytes(const GByteArray *s)
{
    return s->len + CRC_BYTES;
}

/* ---- in ---- */

static char *read_problem(int ret)
{
    return ret == 1 || ret == -EPIPE ? g_strdup("the state ends too early")
                                     : g_strdup_printf("the state cannot be read: %s", g_strerror(-ret));
}

bool stream_read_header(StateRead *read, void *opaque, char **err)
{
    uint8_t head[sizeof(magic) + 4];
    int ret = read(opaque, head, sizeof(head));

    if (ret) {
        *err = ret == 1 ? g_strdup("there is no state: the file, or what the command printed, is empty")
                        : read_problem(ret);
    } else if (memcmp(head, magic, sizeof(magic))) {
        *err = g_strdup("this is not the state of a machine of PQEMU");
    } else if (int_at(head + sizeof(magic), 4) != STATE_VERSION) {
        *err = g_strdup_printf("the state has format %llu, and only %d can be read here",
                               (unsigned long long)int_at(head + sizeof(magic), 4), STATE_VERSION);
        ret = 1;
    }
    return !*err;
}

static bool name_is_good(const uint8_t *name, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (!g_ascii_isalnum(name[i]) && name[i] != '-') {
            return false;
        }
    }
    return bytes > 0;
}

/* The head into `head`; its length is in *bytes. */
static bool read_head(StateRead *read, void *opaque, uint8_t *head, size_t *bytes, char **err)
{
    int ret = read(opaque, head, 1);

    if (!ret && (head[0] > STATE_NAME_MAX || !head[0])) {
        *err = g_strdup("the state is damaged: a section has no sensible name");
        return false;
    }
    if (!ret) {
        *bytes = head_bytes(head);
        ret = read(opaque, head + 1, *bytes - 1);
    }
    if (ret) {
        *err = read_problem(ret);
    } else if (!name_is_good(head + 1, head[0])) {
        *err = g_strdup("the state is damaged: a section has no sensible name");
    } else if (int_at(head + *bytes - 4, 4) > STATE_PAYLOAD_MAX) {
        *err = g_strdup_printf("the state is damaged: section '%.*s' is too long", head[0], (char *)head + 1);
    }
    return !*err;
}

Section *stream_read_section(StateRead *read, void *opaque, char **err)
{
    uint8_t head[1 + STATE_NAME_MAX + 8], crc[CRC_BYTES];
    size_t bytes = 0;
    Section *s;
    int ret;

    if (!read_head(read, opaque, head, &bytes, err)) {
        return NULL;
    }
    s = g_new0(Section, 1);
    memcpy(s->name, head + 1, head[0]);
    s->version = (uint32_t)int_at(head + bytes - 8, 4);
    s->bytes = int_at(head + bytes - 4, 4);
    s->payload = g_malloc(s->bytes + 1);
    ret = s->bytes ? read(opaque, s->payload, s->bytes) : 0;
    ret = ret ? ret : read(opaque, crc, CRC_BYTES);
    if (ret) {
        *err = read_problem(ret);
    } else if (crc32_z(crc32_z(0, head, bytes), s->payload, s->bytes) != int_at(crc, CRC_BYTES)) {
        *err = g_strdup_printf("the state is damaged: section '%s' has another checksum", s->name);
    }
    if (*err) {
        section_free(s);
        return NULL;
    }
    return s;
}

void section_free(Section *s)
{
    if (s) {
        g_free(s->payload);
        g_free(s);
    }
}

const uint8_t *section_take(Section *s, size_t bytes)
{
    const uint8_t *p = s->payload + s->at;

    if (bytes > s->bytes - s->at) {
        return NULL;
    }
    s->at += bytes;
    return p;
}

bool section_get(Section *s, void *data, size_t bytes)
{
    const uint8_t *p = section_take(s, bytes);

    if (p) {
        memcpy(data, p, bytes);
    }
    return p != NULL;
}

bool section_get_int(Section *s, uint64_t *value, unsigned bytes)
{
    const uint8_t *p = section_take(s, bytes);

    *value = p ? int_at(p, bytes) : 0;
    return p != NULL;
}

bool section_get_name(Section *s, char name[256])
{
    uint64_t n;

    if (!section_get_int(s, &n, 1) || !section_get(s, name, n)) {
        return false;
    }
    name[n] = '\0';
    for (uint64_t i = 0; i < n; i++) {
        name[i] = g_ascii_isprint(name[i]) ? name[i] : '?';     /* it is shown, and equal to no name then */
    }
    return true;
}
