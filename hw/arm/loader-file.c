/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host files for the boot loader: reading them whole, and gzip.
 *
 * Called by hw/arm/boot-plan.c and hw/arm/loader-device.c on the main thread; no state, no locks. Sizes are bounded: a
 * file may be a pipe or a device that never ends, and a small gzip file may hold gigabytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "hw/arm/boot-image.h"

enum { FILE_CHUNK = 64 << 10, GZIP_MIN = 18 };

uint8_t *boot_file_read(const char *file, uint32_t *size, char **err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    GByteArray *buf;
    bool ok = true;

    if (fd < 0) {
        *err = g_strdup(g_strerror(errno));
        return NULL;
    }
    /* All of its size at once: growing by and by costs milliseconds. A pipe has none. */
    buf = g_byte_array_sized_new(FILE_CHUNK + (!fstat(fd, &st) && st.st_size < BOOT_FILE_MAX ? (guint)st.st_size : 0));
    for (;;) {
        guint have = buf->len;
        ssize_t n;

        if (have >= BOOT_FILE_MAX) {
            *err = g_strdup_printf("larger than %d MiB", BOOT_FILE_MAX >> 20);
            ok = false;
            break;
        }
        g_byte_array_set_size(buf, have + FILE_CHUNK);
        n = read(fd, buf->data + have, FILE_CHUNK);
        g_byte_array_set_size(buf, have + (n > 0 ? (guint)n : 0));
        if (n == 0) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            *err = g_strdup(g_strerror(errno));
            ok = false;
            break;
        }
    }
    close(fd);
    if (ok && buf->len == 0) {
        *err = g_strdup("the file is empty");
        ok = false;
    }
    *size = buf->len;
    return g_byte_array_free(buf, !ok);
}

bool boot_is_gzip(const uint8_t *data, uint32_t size)
{
    return size >= GZIP_MIN && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8;
}

uint8_t *boot_gunzip(const uint8_t *data, uint32_t size, uint32_t limit, uint32_t *out_size, char **err)
{
    z_stream z = { .next_in = (Bytef *)data, .avail_in = size };
    GByteArray *out;
    int ret;

    /* 15 bits of window, + 16: a gzip header and trailer, whose CRC zlib checks. */
    if (inflateInit2(&z, 15 + 16) != Z_OK) {
        *err = g_strdup("gzip: no memory");
        return NULL;
    }
    out = g_byte_array_new();
    do {
        guint have = out->len;

        if (have > limit) {
            *err = g_strdup_printf("gzip: uncompressed data is larger than 0x%x bytes", limit);
            break;
        }
        /* Room for one byte more than allowed tells "too much" from "just fits". */
        g_byte_array_set_size(out, have + MIN((guint)FILE_CHUNK, limit - have + 1));
        z.next_out = out->data + have;
        z.avail_out = out->len - have;
        ret = inflate(&z, Z_NO_FLUSH);
        g_byte_array_set_size(out, out->len - z.avail_out);
        if (ret == Z_BUF_ERROR || (ret == Z_OK && z.avail_in == 0 && z.avail_out != 0)) {
            *err = g_strdup("gzip: the data is truncated");
        } else if (ret != Z_OK && ret != Z_STREAM_END) {
            *err = g_strdup_printf("gzip: %s", z.msg ? z.msg : "corrupt data");
        }
    } while (!*err && (ret != Z_STREAM_END || out->len > limit));
    inflateEnd(&z);
    if (!*err && out->len == 0) {
        *err = g_strdup("gzip: nothing inside");
    }
    *out_size = out->len;
    return g_byte_array_free(out, *err != NULL);
}
