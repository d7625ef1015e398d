/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: opening an image: its header, its tables, the image behind it. qcow2.h tells the format. */
#include <errno.h>
#include <string.h>
#include "block/bytes.h"
#include "block/json-name.h"
#include "block/qcow2.h"

enum { MAX_L1_BYTES = 32 << 20, MAX_REFTABLE_BYTES = 8 << 20, MAX_NAME = 1023 };

/* NULL: the header is sound and holds nothing that we cannot handle. Else what is wrong. */
static const char *header_problem(Qcow2 *q, const uint8_t *h)
{
    uint64_t incompatible = q->version >= 3 ? read_be64(h + QH_INCOMPATIBLE) : 0, per_l1;

    if (q->version != 2 && q->version != 3) {
        return "its version is neither 2 nor 3";
    }
    if (q->cluster_bits < 9 || q->cluster_bits > 21) {
        return "its cluster size is not between 512 bytes and 2 MiB";
    }
    if (read_be32(h + QH_CRYPT)) {
        return "it is encrypted (qemu-img convert makes a plain one)";
    }
    if (incompatible & QI_DATA_FILE) {
        return "its data is in another file (qemu-img convert makes one file)";
    }
    if (incompatible & QI_COMPRESSION) {
        return "it is compressed by another method than zlib (qemu-img convert -o compression_type=zlib)";
    }
    if (incompatible & QI_EXTENDED_L2) {
        return "it has extended L2 entries (qemu-img convert -o extended_l2=off)";
    }
    if ((incompatible & QI_CORRUPT) && !q->image.readonly) {
        return "it is marked as corrupt (readonly=on reads it, qemu-img check -r all may mend it)";
    }
    if (incompatible & ~(uint64_t)(QI_DIRTY | QI_CORRUPT)) {
        return "it needs a feature that is not known here";
    }
    if (q->refcount_order > 6) {
        return "its reference counts have more than 64 bits";
    }
    if (q->image.bytes > 1ull << 56) {
        return "its size is beyond 64 PiB";
    }
    per_l1 = 1ull << (2 * q->cluster_bits - 3);
    if (q->l1_entries > MAX_L1_BYTES / 8 || q->l1_entries < (q->image.bytes + per_l1 - 1) / per_l1) {
        return "its L1 table does not fit its size";
    }
    if (qcow2_within(q, q->l1_offset) || qcow2_within(q, q->reftable_offset) || !q->reftable_offset) {
        return "a table is not at a cluster's beginning";
    }
    if (q->reftable_entries > MAX_REFTABLE_BYTES / 8 || !q->reftable_entries) {
        return "its table of reference counts has no sensible size";
    }
    return NULL;
}

static int read_table(Qcow2 *q, uint64_t offset, uint32_t entries, uint64_t mask, uint64_t **table)
{
    size_t bytes = (size_t)entries * 8;
    uint8_t *raw = g_try_malloc(bytes + 8);
    int ret = raw ? 0 : -ENOMEM;

    *table = g_try_malloc0(bytes + 8);
    if (!*table) {
        ret = -ENOMEM;
    }
    if (!ret && bytes) {
        ret = host_file_read(q->file, offset, raw, bytes);
    }
    for (uint32_t i = 0; !ret && i < entries; i++) {
        (*table)[i] = read_be64(raw + (size_t)i * 8) & mask;
        if (qcow2_within(q, (*table)[i] & QCOW2_OFFSET)) {
            ret = -EIO;
        }
    }
    g_free(raw);
    return ret;
}

/* The name's format, from the header's extensions; NULL: not given. */
static char *backing_format(Qcow2 *q, const uint8_t *h, uint64_t at, uint64_t end)
{
    while (at + 8 <= end && end <= q->cluster_size) {
        uint32_t type = read_be32(h + at), bytes = read_be32(h + at + 4);

        at += 8;
        if (type == QCOW2_EXT_END || bytes > end - at) {
            break;
        }
        if (type == QCOW2_EXT_BACKING_FORMAT) {
            return g_strndup((const char *)h + at, bytes);
        }
        at += (bytes + 7) & ~7u;
    }
    return NULL;
}

/* Open the image behind this one, if there is one; false: *error. `h`: the file's first cluster. */
static bool open_backing(Qcow2 *q, const uint8_t *h, const ImageOptions *options, unsigned depth, char **error)
{
    uint64_t offset = read_be64(h + QH_BACKING_OFFSET);
    uint32_t bytes = read_be32(h + QH_BACKING_SIZE);
    uint64_t extensions = q->version >= 3 ? read_be32(h + QH_LENGTH) : QH_V2_LENGTH;
    ImageOptions behind = { .readonly = true, .direct = options->direct, .no_lock = options->no_lock };
    char *name, *path, *format = NULL;
    bool is_json;

    if (!offset || !bytes || options->no_backing) {
        return true;
    }
    if (bytes > MAX_NAME || offset > q->cluster_size - bytes || extensions > offset) {
        *error = g_strdup_printf("'%s': the name of its backing file is damaged", q->file->path);
        return false;
    }
    name = g_strndup((const char *)h + offset, bytes);
    is_json = g_str_has_prefix(name, "json:");
    path = is_json ? json_name_path(name, &format) : NULL;
    if ((is_json && !path) || (!is_json && strstr(name, "://") && !g_str_has_prefix(name, "file:"))) {
        *error = g_strdup_printf("'%s': its backing file '%s' is not a local file (qemu-img rebase changes it)",
                                 q->file->path, name);
        g_free(name);
        return false;
    }
    if (!is_json && g_path_is_absolute(name)) {
        path = g_strdup(name);
    } else if (!is_json) {
        char *directory = g_path_get_dirname(q->file->path);

        path = g_build_filename(directory, name, NULL);
        g_free(directory);
    }
    format = format ? format : backing_format(q, h, extensions, offset);
    behind.format = format;
    q->backing = image_open_chain(path, &behind, depth + 1, error);
    if (!q->backing) {
        char *why = *error;

        *error = g_strdup_printf("'%s': its backing file: %s", q->file->path, why);
        g_free(why);
    }
    g_free(format);
    g_free(path);
    g_free(name);
    return q->backing != NULL;
}

/* Whoever writes to the image has its bitmaps in memory; false: *error, there are too many. */
static bool can_keep_bitmaps(Qcow2 *q, char **error)
{
    const uint64_t bytes = q->image.readonly ? 0 : qcow2_bitmaps_memory(q);

    if (bytes > IMAGE_BITMAPS_BYTES) {
        *error = g_strdup_printf("'%s': its %u bitmaps need %" G_GUINT64_FORMAT " MiB of memory, more than %d "
                                 "(qemu-img bitmap --remove)", q->image.path, q->bitmaps, bytes >> 20,
                                 IMAGE_BITMAPS_BYTES >> 20);
    }
    return bytes <= IMAGE_BITMAPS_BYTES;
}

static void no_run(void *opaque, uint64_t offset, uint64_t bytes)
{
}

/*
 * What must be so before the first write: right counts, no features that a writer who does not know them would break.
 */
static int prepare_to_write(Qcow2 *q)
{
    Qcow2Check check;
    uint8_t raw[8];
    uint64_t known;
    int ret = 0;

    if (q->version < 3) {
        return 0;
    }
    if (q->bitmaps && qcow2_each_bitmap_run(q, no_run, NULL)) {
        q->bitmaps = 0;         /* they are damaged */
        q->bitmaps_fresh = false;
    }
    known = q->bitmaps ? QA_BITMAPS : 0;
    if (q->dirty) {
        ret = qcow2_check(q, true, &check);
        if (!ret) {
            ret = qcow2_set_dirty(q, false);
        }
    }
    if (!ret) {
        ret = host_file_read(q->file, QH_AUTOCLEAR, raw, 8);
    }
    if (!ret && read_be64(raw) != known) {
        write_be64(raw, known);
        ret = host_file_write(q->file, QH_AUTOCLEAR, raw, 8);
    }
    return ret;
}

static void parse_header(Qcow2 *q, const uint8_t *h)
{
    q->version = read_be32(h + QH_VERSION);
    q->cluster_bits = read_be32(h + QH_CLUSTER_BITS);
    q->cluster_size = 1ull << (q->cluster_bits & 63);
    q->image.bytes = read_be64(h + QH_SIZE);
    q->l1_entries = read_be32(h + QH_L1_SIZE);
    q->l1_offset = read_be64(h + QH_L1_OFFSET);
    q->reftable_offset = read_be64(h + QH_REFTABLE_OFFSET);
    q->reftable_entries = q->cluster_bits <= 21 && read_be32(h + QH_REFTABLE_CLUSTERS) <= MAX_REFTABLE_BYTES / 512
                          ? (uint32_t)(read_be32(h + QH_REFTABLE_CLUSTERS) << q->cluster_bits >> 3) : UINT32_MAX;
    q->snapshots = read_be32(h + QH_SNAPSHOTS);
    q->snapshot_offset = read_be64(h + QH_SNAPSHOT_OFFSET);
    q->lazy_counts = q->version >= 3 && (read_be64(h + QH_COMPATIBLE) & QC_LAZY_COUNTS);
    q->refcount_order = q->version >= 3 ? read_be32(h + QH_REFCOUNT_ORDER) : 4;
    q->dirty = q->version >= 3 && (read_be64(h + QH_INCOMPATIBLE) & QI_DIRTY);
}

Image *qcow2_open(HostFile *file, const ImageOptions *options, unsigned depth, char **error)
{
    uint8_t head[QH_V3_LENGTH], *cluster = NULL;
    Qcow2 *q = g_new0(Qcow2, 1);
    const char *problem;
    int ret;

    q->image = (Image) { .ops = &qcow2_ops, .path = g_strdup(file->path), .readonly = file->readonly };
    q->file = file;
    q->copy_on_read = options->copy_on_read && !file->readonly;
    pthread_rwlock_init(&q->data, NULL);
    pthread_mutex_init(&q->map, NULL);
    q->unsynced = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    ret = host_file_read(file, 0, head, sizeof(head));
    parse_header(q, head);
    problem = ret ? strerror(-ret) : read_be32(head) != QCOW2_MAGIC ? "it does not begin as a qcow2 image does"
                                                                     : header_problem(q, head);
    if (problem) {
        *error = g_strdup_printf("'%s': %s", file->path, problem);
        qcow2_free(q);
        return NULL;
    }
    cluster = g_malloc(q->cluster_size);
    ret = host_file_read(file, 0, cluster, q->cluster_size);
    if (!ret) {
        ret = read_table(q, q->l1_offset, q->l1_entries, QCOW2_OFFSET | QCOW2_COPIED, &q->l1);
    }
    if (!ret) {
        ret = read_table(q, q->reftable_offset, q->reftable_entries, ~511ull, &q->reftable);
    }
    if (!ret) {
        qcow2_find_bitmaps(q, cluster);
    }
    if (!ret && !file->readonly) {
        ret = prepare_to_write(q);
    }
    if (ret) {
        *error = g_strdup_printf("'%s': its tables cannot be used: %s", file->path, strerror(-ret));
    }
    if (ret || !can_keep_bitmaps(q, error) || !open_backing(q, cluster, options, depth, error)) {
        g_free(cluster);
        qcow2_free(q);
        return NULL;
    }
    g_free(cluster);
    return &q->image;
}
