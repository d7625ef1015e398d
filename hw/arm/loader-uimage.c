/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The legacy U-Boot image format: a 64-byte big-endian header with two CRC-32 checksums, then the payload.
 *
 * Called by hw/arm/loader-kernel.c, hw/arm/loader-device.c and hw/arm/boot.c (ramdisks) on the main thread; no state,
 * no locks.
 */
#include <glib.h>
#include <string.h>
#include <zlib.h>

#include "hw/arm/boot-image.h"

#define UIMAGE_MAGIC 0x27051956u

/* Byte offsets in the header. */
enum {
    UIMAGE_HCRC = 4, UIMAGE_SIZE = 12, UIMAGE_LOAD = 16, UIMAGE_ENTRY = 20, UIMAGE_DCRC = 24,
    UIMAGE_OS = 28, UIMAGE_ARCH = 29, UIMAGE_TYPE = 30, UIMAGE_COMP = 31, UIMAGE_HEADER = 64,
};
enum { UIMAGE_ARCH_ARM = 2 };

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool boot_is_uimage(const uint8_t *data, uint32_t size)
{
    return size >= 4 && be32(data) == UIMAGE_MAGIC;
}

bool boot_parse_uimage(const uint8_t *data, uint32_t size, UImage *u, char **err)
{
    uint8_t header[UIMAGE_HEADER];
    uint32_t len;

    if (size < UIMAGE_HEADER) {
        *err = g_strdup("uImage: the header is truncated");
        return false;
    }
    /* The header's checksum is computed with its own field zero. */
    memcpy(header, data, sizeof(header));
    memset(header + UIMAGE_HCRC, 0, 4);
    if (crc32(0, header, sizeof(header)) != be32(data + UIMAGE_HCRC)) {
        *err = g_strdup("uImage: header checksum error");
        return false;
    }
    if (data[UIMAGE_ARCH] != UIMAGE_ARCH_ARM) {
        *err = g_strdup_printf("uImage: made for architecture %u, not for ARM", data[UIMAGE_ARCH]);
        return false;
    }
    len = be32(data + UIMAGE_SIZE);
    if (len == 0 || len > size - UIMAGE_HEADER) {
        *err = g_strdup_printf("uImage: truncated: %u of %u bytes are there", size - UIMAGE_HEADER, len);
        return false;
    }
    if (crc32(0, data + UIMAGE_HEADER, len) != be32(data + UIMAGE_DCRC)) {
        *err = g_strdup("uImage: data checksum error");
        return false;
    }
    *u = (UImage) {
        .load = be32(data + UIMAGE_LOAD),
        .entry = be32(data + UIMAGE_ENTRY),
        .type = data[UIMAGE_TYPE],
        .comp = data[UIMAGE_COMP],
        .os = data[UIMAGE_OS],
        .payload = data + UIMAGE_HEADER,
        .payload_size = len,
    };
    return true;
}
