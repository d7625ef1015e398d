/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs as text, a record to a line: Intel HEX (00 data, 01 end, 02/04 upper address, 03/05 start address) and
 * Motorola S-records (S0 header, S1-S3 data, S5/S6 count, S7-S9 end and start address).
 *
 * Called by hw/arm/loader-device.c and loader-kernel.c on the main thread; no state, no locks. Neighbouring records
 * become one piece: a file of 16-byte records would otherwise make a piece of each.
 */
#include <glib.h>
#include <string.h>

#include "hw/arm/boot-image.h"

enum { HEX_DATA, HEX_END, HEX_SEGMENT, HEX_START_SEGMENT, HEX_LINEAR, HEX_START_LINEAR };
enum { RECORD_MAX = 5 + 255 };

typedef struct Loading {
    BootBlobs *blobs;
    const char *name;
    GByteArray *bytes;          /* collected, to go to addr */
    uint32_t addr;
    uint32_t upper;             /* what records 02 and 04 add to addresses */
    uint32_t lowest;            /* address that was loaded; UINT32_MAX: none */
    uint32_t start;             /* that the file names, or 0 */
    bool done;                  /* the record that ends the file was there */
} Loading;

/* A format: its name, the record at data[*pos], whose bytes go to rec and their number to *n, and what it says. */
typedef struct Format {
    const char *name;
    const char *(*read)(const uint8_t *data, uint32_t size, uint32_t *pos, uint8_t *rec, unsigned *n);
    bool (*take)(Loading *l, const uint8_t *rec, unsigned n, char **err);
} Format;

static uint32_t big_endian(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;

    while (n--) {
        v = v << 8 | *p++;
    }
    return v;
}

/* Bytes in hexadecimal from data[*pos] on, which becomes what follows: their number is the first one plus `more`. */
static const char *read_bytes(const uint8_t *data, uint32_t size, uint32_t *pos, unsigned more, uint8_t *rec,
                              unsigned *n, uint8_t *sum)
{
    unsigned want = 1;
    uint32_t p = *pos;

    *sum = 0;
    for (*n = 0; *n < want; ++*n, p += 2) {
        if (size - p < 2) {
            return "the file is truncated";
        }
        const int hi = g_ascii_xdigit_value((char)data[p]), lo = g_ascii_xdigit_value((char)data[p + 1]);

        if (hi < 0 || lo < 0) {
            return "not a hexadecimal digit";
        }
        rec[*n] = (uint8_t)(hi << 4 | lo);
        *sum = (uint8_t)(*sum + rec[*n]);
        if (*n == 0) {
            want += rec[0] + more;
        }
    }
    *pos = p;
    return NULL;
}

static bool flush(Loading *l, char **err)
{
    const bool ok = boot_blob_add(l->blobs, l->name, l->addr, l->bytes->data, l->bytes->len, err);

    g_byte_array_set_size(l->bytes, 0);
    return ok;
}

static bool take_data(Loading *l, uint32_t addr, const uint8_t *data, unsigned len, char **err)
{
    if (l->bytes->len && addr != l->addr + l->bytes->len && !flush(l, err)) {
        return false;
    }
    if (l->bytes->len == 0) {
        l->addr = addr;
    }
    if (len) {
        l->lowest = MIN(l->lowest, addr);
    }
    g_byte_array_append(l->bytes, data, len);
    return true;
}

/* ---- Intel HEX: rec is length, address (2), type, data, checksum ---- */

static const char *hex_read(const uint8_t *data, uint32_t size, uint32_t *pos, uint8_t *rec, unsigned *n)
{
    uint32_t p = *pos + 1;
    uint8_t sum;
    const char *why;

    if (data[*pos] != ':') {
        return "a record does not start with ':'";
    }
    why = read_bytes(data, size, &p, 4, rec, n, &sum);
    *pos = p;
    return why ? why : sum ? "checksum error" : NULL;
}

static bool hex_take(Loading *l, const uint8_t *rec, unsigned n, char **err)
{
    const unsigned len = rec[0], type = rec[3], want[] = { len, 0, 2, 4, 2, 4 };
    const uint8_t *d = rec + 4;

    if (type > HEX_START_LINEAR || len != want[type]) {
        *err = g_strdup_printf("Intel HEX: bad record of type %u", type);
        return false;
    }
    switch (type) {
    case HEX_DATA:
        return take_data(l, l->upper + big_endian(rec + 1, 2), d, len, err);
    case HEX_END:
        l->done = true;
        break;
    case HEX_SEGMENT:
        l->upper = big_endian(d, 2) << 4;
        break;
    case HEX_LINEAR:
        l->upper = big_endian(d, 2) << 16;
        break;
    case HEX_START_LINEAR:
        l->start = big_endian(d, 4);
        break;
    case HEX_START_SEGMENT:     /* CS:IP of another processor */
        break;
    }
    return true;
}

/* ---- S-records: rec is type (a digit), length of what follows, address (2 to 4), data, checksum ---- */

static const char *srec_read(const uint8_t *data, uint32_t size, uint32_t *pos, uint8_t *rec, unsigned *n)
{
    uint32_t p = *pos + 2;
    uint8_t sum;
    const char *why;

    if (data[*pos] != 'S' || size - *pos < 2 || !g_ascii_isdigit(data[*pos + 1])) {
        return "a record does not start with 'S' and a digit";
    }
    rec[0] = (uint8_t)(data[*pos + 1] - '0');
    why = read_bytes(data, size, &p, 0, rec + 1, n, &sum);
    ++*n;
    *pos = p;
    return why ? why : sum != 0xff ? "checksum error" : NULL;
}

static bool srec_take(Loading *l, const uint8_t *rec, unsigned n, char **err)
{
    /* Bytes of an address, by type; 0: there is no such type. */
    static const uint8_t address_bytes[10] = { 2, 2, 3, 4, 0, 2, 3, 4, 3, 2 };
    const unsigned type = rec[0], bytes = address_bytes[type];
    uint32_t addr;

    if (!bytes || rec[1] < bytes + 1) {
        *err = g_strdup_printf("S-records: bad record of type S%u", type);
        return false;
    }
    addr = big_endian(rec + 2, bytes);
    if (type >= 1 && type <= 3) {
        return take_data(l, addr, rec + 2 + bytes, rec[1] - bytes - 1, err);
    }
    if (type >= 7) {
        l->start = addr;
        l->done = true;
    }
    return true;
}

/* ---- both ---- */

static const Format formats[] = { { "Intel HEX", hex_read, hex_take }, { "S-records", srec_read, srec_take } };

/* The format of which the first record is good. */
static const Format *format_of(const uint8_t *data, uint32_t size)
{
    uint8_t rec[RECORD_MAX];

    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        uint32_t pos = 0;
        unsigned n;

        if (size >= 10 && !formats[i].read(data, size, &pos, rec, &n) && (i || rec[3] <= HEX_START_LINEAR)) {
            return &formats[i];
        }
    }
    return NULL;
}

bool boot_is_records(const uint8_t *data, uint32_t size)
{
    return format_of(data, size) != NULL;
}

static bool load_record(Loading *l, const Format *f, const uint8_t *data, uint32_t size, uint32_t *pos, char **err)
{
    uint8_t rec[RECORD_MAX];
    unsigned n;
    const char *why = f->read(data, size, pos, rec, &n);

    if (why) {
        *err = g_strdup_printf("%s: %s", f->name, why);
        return false;
    }
    return f->take(l, rec, n, err);
}

bool boot_load_records(BootBlobs *blobs, const char *name, const uint8_t *data, uint32_t size, uint32_t *entry,
                       char **err)
{
    const Format *f = format_of(data, size);
    Loading l = { .blobs = blobs, .name = name, .bytes = g_byte_array_new(), .lowest = UINT32_MAX };
    uint32_t pos = 0;
    bool ok = f != NULL;

    if (!ok) {
        *err = g_strdup("neither Intel HEX nor S-records");
    }
    while (ok && !l.done && pos < size) {
        if (g_ascii_isspace((char)data[pos])) {
            pos++;
        } else {
            ok = load_record(&l, f, data, size, &pos, err);
        }
    }
    if (ok && !l.done) {
        *err = g_strdup_printf("%s: no end record", f->name);
        ok = false;
    }
    ok = ok && flush(&l, err);
    g_byte_array_free(l.bytes, TRUE);
    *entry = l.start || l.lowest == UINT32_MAX ? l.start : l.lowest;
    return ok;
}
