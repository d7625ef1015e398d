/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: a new image in an empty file: header, table of tables of counts, tables of counts, L1, each at its
 * cluster. The name of the image behind it follows the header.
 */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "block/bytes.h"
#include "block/job.h"
#include "block/qcow2.h"

enum { CLUSTER_BITS = 16, COUNT_BYTES = 2, REFTABLE_AT = 1, COUNTS_AT = 2, MAX_NAME = 1023 };

/* In clusters. */
typedef struct Layout {
    unsigned bits, version;     /* 1 << bits: bytes of a cluster */
    uint64_t l1_entries, counts, l1_at, clusters;
} Layout;

/* False: it would need more tables of counts than one cluster can name. */
static bool lay_out(Layout *l, const BlockNewImage *what)
{
    const uint64_t cluster = 1ull << (what->cluster_bits ? what->cluster_bits : CLUSTER_BITS);
    const uint64_t per_l1 = cluster * (cluster / 8), per_table = cluster / COUNT_BYTES;
    uint64_t l1;

    l->bits = what->cluster_bits ? what->cluster_bits : CLUSTER_BITS;
    l->version = what->version ? what->version : 3;
    l->l1_entries = (what->bytes + per_l1 - 1) / per_l1;
    l1 = (l->l1_entries * 8 + cluster - 1) / cluster;
    l->counts = (COUNTS_AT + l1 + per_table - 2) / (per_table - 1);     /* a table counts itself, too */
    l->l1_at = COUNTS_AT + l->counts;
    l->clusters = l->l1_at + l1;
    return l->counts <= cluster / 8;
}

/* Behind the header; false: the first cluster has no room for it. */
static bool write_backing_name(uint8_t *header, const Layout *l, const char *name, const char *format)
{
    const size_t n = strlen(format);
    size_t at = l->version >= 3 ? QH_V3_LENGTH : QH_V2_LENGTH;
    const size_t name_at = at + 8 + ((n + 7) & ~(size_t)7) + 8;         /* before it: the extensions' end, of zeroes */

    if (strlen(name) > MAX_NAME || name_at + strlen(name) > 1ull << l->bits) {
        return false;
    }
    write_be32(header + at, QCOW2_EXT_BACKING_FORMAT);
    write_be32(header + at + 4, (uint32_t)n);
    memcpy(header + at + 8, format, n);
    memcpy(header + name_at, name, strlen(name));
    write_be64(header + QH_BACKING_OFFSET, name_at);
    write_be32(header + QH_BACKING_SIZE, (uint32_t)strlen(name));
    return true;
}

static void write_header(uint8_t *p, const Layout *l, const BlockNewImage *what)
{
    write_be32(p, QCOW2_MAGIC);
    write_be32(p + QH_VERSION, l->version);
    write_be32(p + QH_CLUSTER_BITS, l->bits);
    write_be64(p + QH_SIZE, what->bytes);
    write_be32(p + QH_L1_SIZE, (uint32_t)l->l1_entries);
    write_be64(p + QH_L1_OFFSET, l->l1_at << l->bits);
    write_be64(p + QH_REFTABLE_OFFSET, (uint64_t)REFTABLE_AT << l->bits);
    write_be32(p + QH_REFTABLE_CLUSTERS, 1);
    if (l->version >= 3) {
        write_be64(p + QH_COMPATIBLE, what->lazy_counts ? QC_LAZY_COUNTS : 0);
        write_be32(p + QH_REFCOUNT_ORDER, 4);
        write_be32(p + QH_LENGTH, QH_V3_LENGTH);
    }
}

int qcow2_format(HostFile *file, const BlockNewImage *what)
{
    Layout l;
    uint8_t *p;
    int ret = 0;

    if (!lay_out(&l, what)) {
        return -EFBIG;
    }
    p = g_try_malloc0(l.clusters << l.bits);
    if (!p) {
        return -ENOMEM;
    }
    write_header(p, &l, what);
    if (what->backing && !write_backing_name(p, &l, what->backing, what->backing_format)) {
        ret = -ENAMETOOLONG;
    }
    for (uint64_t i = 0; i < l.counts; i++) {
        write_be64(p + ((uint64_t)REFTABLE_AT << l.bits) + i * 8, (COUNTS_AT + i) << l.bits);
    }
    for (uint64_t c = 0; c < l.clusters; c++) {
        write_be16(p + ((uint64_t)COUNTS_AT << l.bits) + c * COUNT_BYTES, 1);
    }
    ret = ret ? ret : host_file_write(file, 0, p, l.clusters << l.bits);
    g_free(p);
    return ret;
}

Image *qcow2_create(HostFile *file, Image *backing, uint64_t bytes, char **error)
{
    ImageOptions options = { 0 };
    int ret = qcow2_format(file, &(BlockNewImage) { .bytes = bytes });
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
