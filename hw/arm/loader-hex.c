/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel HEX files (records 00 data, 01 end, 02/04 upper address, 03/05 start address).
 *
 * Called by hw/arm/loader-device.c on the main thread; no state, no locks. Neighbouring records become one piece: a
 * file of 16-byte records would otherwise make a piece of each.
 */
#include <glib.h>
#include <string.h>

#include "hw/arm/boot-image.h"

enum { HEX_DATA, HEX_END, HEX_SEGMENT, HEX_START_SEGMENT, HEX_LINEAR, HEX_START_LINEAR };
enum { HEX_RECORD_MAX = 5 + 255 };

typedef struct HexRun {
    BootBlobs *blobs;
    const char *name;
    GByteArray *bytes;          /* collected, to go to addr */
    uint32_t addr;
} HexRun;

static bool hex_flush(HexRun *run, char **err)
{
    bool ok = boot_blob_add(run->blobs, run->name, run->addr, run->bytes->data, run->bytes->len, err);

    g_byte_array_set_size(run->bytes, 0);
    return ok;
}

/* Decode the record at data[*pos]; its bytes (length, address, type, data, checksum) go to rec. */
static const char *hex_record(const uint8_t *data, uint32_t size, uint32_t *pos, uint8_t *rec)
{
    uint32_t p = *pos + 1;
    unsigned want = 5;
    unsigned n;
    uint8_t sum = 0;

    if (data[*pos] != ':') {
        return "a record does not start with ':'";
    }
    for (n = 0; n < want; n++, p += 2) {
        int hi, lo;

        if (size - p < 2) {
            return "the file is truncated";
        }
        hi = g_ascii_xdigit_value((char)data[p]);
        lo = g_ascii_xdigit_value((char)data[p + 1]);
        if (hi < 0 || lo < 0) {
            return "not a hexadecimal digit";
        }
        rec[n] = (uint8_t)(hi << 4 | lo);
        sum = (uint8_t)(sum + rec[n]);
        if (n == 0) {
            want += rec[0];
        }
    }
    *pos = p;
    return sum ? "checksum error" : NULL;
}

bool boot_is_hex(const uint8_t *data, uint32_t size)
{
    uint8_t rec[HEX_RECORD_MAX];
    uint32_t pos = 0;

    return size >= 11 && hex_record(data, size, &pos, rec) == NULL && rec[3] <= HEX_START_LINEAR;
}

/* One record; *upper is what records 02 and 04 add to addresses, *done is set by record 01. */
static bool hex_take(HexRun *run, const uint8_t *rec, uint32_t *upper, uint32_t *entry, bool *done, char **err)
{
    unsigned len = rec[0];
    const uint8_t *d = rec + 4;
    unsigned want[] = { len, 0, 2, 4, 2, 4 };

    if (rec[3] > HEX_START_LINEAR || len != want[rec[3]]) {
        *err = g_strdup_printf("Intel HEX: bad record of type %u", rec[3]);
        return false;
    }
    switch (rec[3]) {
    case HEX_DATA: {
        uint32_t addr = *upper + ((uint32_t)rec[1] << 8 | rec[2]);

        if (run->bytes->len && addr != run->addr + run->bytes->len && !hex_flush(run, err)) {
            return false;
        }
        if (run->bytes->len == 0) {
            run->addr = addr;
        }
        g_byte_array_append(run->bytes, d, len);
        break;
    }
    case HEX_END:
        *done = true;
        break;
    case HEX_SEGMENT:
        *upper = ((uint32_t)d[0] << 8 | d[1]) << 4;
        break;
    case HEX_LINEAR:
        *upper = ((uint32_t)d[0] << 8 | d[1]) << 16;
        break;
    case HEX_START_LINEAR:
        *entry = (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
        break;
    case HEX_START_SEGMENT:     /* CS:IP of another processor */
        break;
    }
    return true;
}

bool boot_load_hex(BootBlobs *blobs, const char *name, const uint8_t *data, uint32_t size, uint32_t *entry, char **err)
{
    HexRun run = { .blobs = blobs, .name = name, .bytes = g_byte_array_new() };
    uint8_t rec[HEX_RECORD_MAX];
    uint32_t pos = 0, upper = 0;
    bool done = false;
    bool ok = true;

    while (ok && !done && pos < size) {
        const char *why;

        if (g_ascii_isspace((char)data[pos])) {
            pos++;
            continue;
        }
        why = hex_record(data, size, &pos, rec);
        if (why) {
            *err = g_strdup_printf("Intel HEX: %s", why);
            ok = false;
        } else {
            ok = hex_take(&run, rec, &upper, entry, &done, err);
        }
    }
    if (ok && !done) {
        *err = g_strdup("Intel HEX: no end record");
        ok = false;
    }
    ok = ok && hex_flush(&run, err);
    g_byte_array_free(run.bytes, TRUE);
    return ok;
}
