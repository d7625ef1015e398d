/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: a new image in an empty file: header, table of tables of counts, one table of counts, L1, each at its
 * cluster. The name of the image behind it follows the header.
 */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

enum { CLUSTER_BITS = 16, CLUSTER = 1 << CLUSTER_BITS, COUNT_BYTES = 2, REFTABLE_AT = 1, COUNTS_AT = 2, L1_AT = 3 };
enum { MAX_NAME = 1023 };

static void write_backing_name(uint8_t *header, const char *name, const char *format)
{
    size_t at = QH_V3_LENGTH, n = strlen(format);

    write_be32(header + at, QCOW2_EXT_BACKING_FORMAT);
    write_be32(header + at + 4, (uint32_t)n);
    memcpy(header + at + 8, format, n);
    at += 8 + ((n + 7) & ~(size_t)7) + 8;       /* behind it: the extensions' end, of zeroes */
    memcpy(header + at, name, strlen(name));
    write_be64(header + QH_BACKING_OFFSET, at);
    write_be32(header + QH_BACKING_SIZE, (uint32_t)strlen(name));
}

int qcow2_format(HostFile *file, uint64_t bytes, const char *backing, const char *backing_format)
{
    uint64_t per_l1 = (uint64_t)CLUSTER * (CLUSTER / 8), l1_entries = (bytes + per_l1 - 1) / per_l1;
    uint64_t clusters = L1_AT + (l1_entries * 8 + CLUSTER - 1) / CLUSTER;
    uint8_t *p;
    int ret;

    if (clusters > CLUSTER / COUNT_BYTES) {
        return -EFBIG;
    }
    if (backing && strlen(backing) > MAX_NAME) {
        return -ENAMETOOLONG;
    }
    p = g_try_malloc0(clusters << CLUSTER_BITS);
    if (!p) {
        return -ENOMEM;
    }
    write_be32(p, QCOW2_MAGIC);
    write_be32(p + QH_VERSION, 3);
    write_be32(p + QH_CLUSTER_BITS, CLUSTER_BITS);
    write_be64(p + QH_SIZE, bytes);
    write_be32(p + QH_L1_SIZE, (uint32_t)l1_entries);
    write_be64(p + QH_L1_OFFSET, (uint64_t)L1_AT << CLUSTER_BITS);
    write_be64(p + QH_REFTABLE_OFFSET, (uint64_t)REFTABLE_AT << CLUSTER_BITS);
    write_be32(p + QH_REFTABLE_CLUSTERS, 1);
    write_be32(p + QH_REFCOUNT_ORDER, 4);
    write_be32(p + QH_LENGTH, QH_V3_LENGTH);
    if (backing) {
        write_backing_name(p, backing, backing_format);
    }
    write_be64(p + REFTABLE_AT * CLUSTER, (uint64_t)COUNTS_AT << CLUSTER_BITS);
    for (uint64_t c = 0; c < clusters; c++) {
        write_be16(p + COUNTS_AT * CLUSTER + c * COUNT_BYTES, 1);
    }
    ret = host_file_write(file, 0, p, clusters << CLUSTER_BITS);
    g_free(p);
    return ret;
}

Image *qcow2_create(HostFile *file, Image *backing, uint64_t bytes, char **error)
{
    ImageOptions options = { 0 };
    int ret = qcow2_format(file, bytes, NULL, NULL);
    Image *image;

    if (ret) {
        *error = g_strdup_printf("'%s': %s", file->path, strerror(-ret));
        return NULL;
    }
    image = qcow2_open(file, &options, 0, error);
    if (image) {
        ((Qcow2 *)image)->backing = backing;
    }
    return image;
}
