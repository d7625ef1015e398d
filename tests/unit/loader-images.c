/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See loader-images.h. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "loader-images.h"

void put_le32(uint8_t *p, uint32_t v)
{
    v = GUINT32_TO_LE(v);
    memcpy(p, &v, 4);
}

void put_be32(uint8_t *p, uint32_t v)
{
    v = GUINT32_TO_BE(v);
    memcpy(p, &v, 4);
}

uint8_t *make_gzip(const void *data, uint32_t size, int level, uint32_t *out_size)
{
    uint8_t *out = g_malloc(size + 1024);
    z_stream z = { .next_in = (Bytef *)data, .avail_in = size, .next_out = out, .avail_out = size + 1024 };

    if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END) {
        abort();
    }
    *out_size = (uint32_t)z.total_out;
    deflateEnd(&z);
    return out;
}

void uimage_sum_header(uint8_t *image)
{
    put_be32(image + 4, 0);
    put_be32(image + 4, (uint32_t)crc32(0, image, UIMAGE_HEADER));
}

uint8_t *make_uimage(const UImageFields *f, const void *payload, uint32_t size)
{
    uint8_t *u = g_malloc0(UIMAGE_HEADER + size);

    put_be32(u, 0x27051956);
    put_be32(u + 12, size);
    put_be32(u + 16, f->load);
    put_be32(u + 20, f->entry);
    put_be32(u + 24, (uint32_t)crc32(0, payload, size));
    u[28] = f->os;
    u[29] = 2;
    u[30] = f->type;
    u[31] = f->comp;
    memcpy(u + UIMAGE_HEADER, payload, size);
    uimage_sum_header(u);
    return u;
}
