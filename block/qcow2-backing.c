/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: which image is behind this one, and what it has itself. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

enum { MAX_NAME = 1023 };

Image *qcow2_backing(Image *image)
{
    return __atomic_load_n(&((Qcow2 *)image)->backing, __ATOMIC_ACQUIRE);
}

Image *qcow2_swap_backing(Image *image, Image *behind)
{
    Qcow2 *q = (Qcow2 *)image;
    Image *old = q->backing;

    __atomic_store_n(&q->backing, behind, __ATOMIC_RELEASE);
    return old;
}

int qcow2_forget_backing(Image *image)
{
    Qcow2 *q = (Qcow2 *)image;
    uint8_t none[QH_CLUSTER_BITS - QH_BACKING_OFFSET] = { 0 };
    int ret;

    /* What the tables say must be there before the name goes. */
    ret = image_flush(image);
    ret = ret ? ret : host_file_write(q->file, QH_BACKING_OFFSET, none, sizeof(none));
    return ret ? ret : host_file_flush(q->file);
}

size_t qcow2_copy_extensions(const uint8_t *from, size_t at, size_t end, uint8_t *to, uint32_t without)
{
    size_t n = at;

    while (at + 8 <= end && read_be32(from + at)) {
        const size_t bytes = 8 + ((read_be32(from + at + 4) + (size_t)7) & ~(size_t)7);

        if (bytes > end - at) {
            return 0;
        }
        if (read_be32(from + at) != without) {
            memcpy(to + n, from + at, bytes);
            n += bytes;
        }
        at += bytes;
    }
    return n;
}

/* Header, extensions, their end, the name, all in the first cluster. False: there is no room. */
static bool write_names(const Qcow2 *q, const uint8_t *old, uint8_t *h, const char *path, const char *format)
{
    const size_t begin = q->version >= 3 ? read_be32(old + QH_LENGTH) : QH_V2_LENGTH, n = strlen(format);
    const uint64_t name = read_be64(old + QH_BACKING_OFFSET);
    size_t at;

    if (begin > q->cluster_size) {
        return false;
    }
    memcpy(h, old, begin);
    at = qcow2_copy_extensions(old, begin, name && name < q->cluster_size ? (size_t)name : q->cluster_size, h,
                               QCOW2_EXT_BACKING_FORMAT);
    if (!at || at + 8 + n + 8 + 8 + strlen(path) > q->cluster_size) {
        return false;
    }
    write_be32(h + at, QCOW2_EXT_BACKING_FORMAT);
    write_be32(h + at + 4, (uint32_t)n);
    memcpy(h + at + 8, format, n);
    at += 8 + ((n + 7) & ~(size_t)7) + 8;
    memcpy(h + at, path, strlen(path));
    write_be64(h + QH_BACKING_OFFSET, at);
    write_be32(h + QH_BACKING_SIZE, (uint32_t)strlen(path));
    return true;
}

int qcow2_name_backing(Image *image, const char *path, const char *format)
{
    Qcow2 *q = (Qcow2 *)image;
    uint8_t *old = g_malloc0(q->cluster_size), *h = g_malloc0(q->cluster_size);
    int ret = image_flush(image);

    pthread_mutex_lock(&q->map);
    ret = ret ? ret : host_file_read(q->file, 0, old, q->cluster_size);
    if (!ret) {
        ret = strlen(path) <= MAX_NAME && write_names(q, old, h, path, format)
              ? host_file_write(q->file, 0, h, q->cluster_size) : -ENAMETOOLONG;
    }
    ret = ret ? ret : host_file_flush(q->file);
    pthread_mutex_unlock(&q->map);
    g_free(old);
    g_free(h);
    return ret;
}

int qcow2_allocation(Image *image, uint64_t offset, uint64_t bytes)
{
    Qcow2 *q = (Qcow2 *)image;
    int kinds = 0, ret = 0;

    pthread_mutex_lock(&q->map);
    while (bytes && !ret) {
        uint64_t rest = q->cluster_size - qcow2_within(q, offset), n = rest < bytes ? rest : bytes;
        Mapping m;

        ret = qcow2_map(q, offset, n, &m);
        kinds |= !ret && m.kind == CLUSTER_UNALLOCATED ? IMAGE_HAS_NOT : IMAGE_HAS;
        offset += n;
        bytes -= n;
    }
    pthread_mutex_unlock(&q->map);
    return ret ? ret : kinds;
}
