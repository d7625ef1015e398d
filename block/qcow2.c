/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: reading and writing guest data, flush and close. qcow2.h tells the format and the locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "block/qcow2.h"
#include "qemu/log.h"

static Qcow2 *qcow2_of(Image *image)
{
    return (Qcow2 *)image;
}

/* ---- reading ---- */

/* Bytes of a cluster that is not in this image: those of the image behind it, or zeroes. */
static int read_backing(Qcow2 *q, uint64_t offset, uint8_t *buffer, size_t bytes)
{
    size_t there = 0;

    if (q->backing && offset < q->backing->bytes) {
        there = q->backing->bytes - offset < bytes ? (size_t)(q->backing->bytes - offset) : bytes;
    }
    memset(buffer + there, 0, bytes - there);
    return there ? image_read(q->backing, offset, buffer, there) : 0;
}

static int inflate_cluster(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes)
{
    z_stream z = { .next_in = (uint8_t *)(uintptr_t)in, .avail_in = (uInt)in_bytes, .next_out = out,
                   .avail_out = (uInt)out_bytes };
    int ret;

    if (inflateInit2(&z, -12) != Z_OK) {
        return -ENOMEM;
    }
    ret = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return (ret == Z_STREAM_END || ret == Z_BUF_ERROR) && z.avail_out == 0 ? 0 : -EIO;
}

/* A whole compressed cluster into `cluster`. */
static int read_compressed(Qcow2 *q, uint64_t entry, uint8_t *cluster)
{
    uint64_t offset, bytes;
    uint8_t *packed;
    int ret;

    qcow2_compressed_range(q, entry, &offset, &bytes);
    packed = g_try_malloc(bytes);
    if (!packed) {
        return -ENOMEM;
    }
    ret = host_file_read(q->file, offset, packed, bytes);
    if (!ret) {
        ret = inflate_cluster(packed, bytes, cluster, q->cluster_size);
    }
    g_free(packed);
    return ret;
}

/* [offset, offset + bytes) of one cluster or, for data, of a run that m describes. lock: data, for reading */
static int read_mapped(Qcow2 *q, const Mapping *m, uint64_t offset, uint8_t *buffer, size_t bytes)
{
    uint8_t *cluster;
    int ret;

    switch (m->kind) {
    case CLUSTER_DATA:
        return host_file_read(q->file, m->host, buffer, bytes);
    case CLUSTER_ZERO:
        memset(buffer, 0, bytes);
        return 0;
    case CLUSTER_UNALLOCATED:
        return read_backing(q, offset, buffer, bytes);
    case CLUSTER_COMPRESSED:
        break;
    }
    cluster = g_try_malloc(q->cluster_size);
    if (!cluster) {
        return -ENOMEM;
    }
    ret = read_compressed(q, m->entry, cluster);
    if (!ret) {
        memcpy(buffer, cluster + qcow2_within(q, offset), bytes);
    }
    g_free(cluster);
    return ret;
}

static int qcow2_read_plain(Image *image, uint64_t offset, void *buffer, size_t bytes)
{
    Qcow2 *q = qcow2_of(image);
    uint8_t *to = buffer;
    int ret = 0;

    pthread_rwlock_rdlock(&q->data);
    while (bytes && !ret) {
        Mapping m;

        pthread_mutex_lock(&q->map);
        ret = qcow2_map(q, offset, bytes, &m);
        pthread_mutex_unlock(&q->map);
        if (!ret) {
            ret = read_mapped(q, &m, offset, to, (size_t)m.bytes);
            to += m.bytes;
            offset += m.bytes;
            bytes -= (size_t)m.bytes;
        }
    }
    pthread_rwlock_unlock(&q->data);
    return ret;
}

/* ---- writing ---- */

/*
 * Give the guest's cluster a place of its own in the file, with `bytes` of new data at `offset` and the rest as it was;
 * then drop what it referred to. locks: data for reading, map
 */
static int write_new_cluster(Qcow2 *q, const Mapping *m, uint64_t offset, const uint8_t *data, size_t bytes)
{
    uint64_t begin = offset & ~(q->cluster_size - 1), host, within = offset - begin;
    Mapping old = *m;
    uint8_t *cluster;
    int ret;

    if (posix_memalign((void **)&cluster, HOST_FILE_ALIGN, q->cluster_size)) {
        return -ENOMEM;
    }
    old.host -= old.kind == CLUSTER_DATA ? within : 0;
    ret = bytes == q->cluster_size ? 0 : read_mapped(q, &old, begin, cluster, q->cluster_size);
    memcpy(cluster + within, data, bytes);
    if (!ret) {
        ret = qcow2_alloc(q, &host);
    }
    if (!ret) {
        ret = host_file_write(q->file, host, cluster, q->cluster_size);
    }
    if (!ret) {
        ret = qcow2_set_entry(q, begin, host | QCOW2_COPIED);
    }
    if (!ret) {
        ret = qcow2_release_entry(q, m->entry);
    }
    free(cluster);
    return ret;
}

/* Data that are to be written where the header, or a table of the image's own, is: what refers to them is wrong. */
static int spare_tables(Qcow2 *q, const Mapping *m)
{
    const struct { const char *name; uint64_t offset, bytes; } tables[] = {
        { "qcow2 header", 0, q->cluster_size }, { "active L1 table", q->l1_offset, q->l1_entries * 8ull },
        { "refcount table", q->reftable_offset, q->reftable_entries * 8ull },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (m->host < tables[i].offset + tables[i].bytes && tables[i].offset < m->host + m->bytes) {
            return qcow2_corrupted(q, m->host, m->bytes, "Preventing invalid write on metadata (overlaps with %s)",
                                   tables[i].name);
        }
    }
    return 0;
}

static int qcow2_write(Image *image, uint64_t offset, const void *buffer, size_t bytes)
{
    Qcow2 *q = qcow2_of(image);
    const uint8_t *from = buffer;
    int ret = 0;

    pthread_rwlock_rdlock(&q->data);
    while (bytes && !ret) {
        Mapping m;

        pthread_mutex_lock(&q->map);
        ret = q->corrupt ? -EIO : q->bitmaps_fresh ? qcow2_spoil_bitmaps(q) : 0;
        ret = ret ? ret : qcow2_map(q, offset, bytes, &m);
        ret = ret || !m.in_place ? ret : spare_tables(q, &m);
        if (!ret && !m.in_place) {
            uint64_t rest = q->cluster_size - qcow2_within(q, offset);

            m.bytes = rest < bytes ? rest : bytes;
            ret = write_new_cluster(q, &m, offset, from, (size_t)m.bytes);
        }
        for (uint64_t at = 0; !ret && q->changed && at < qcow2_within(q, offset) + m.bytes; at += q->cluster_size) {
            qcow2_mark_changed(q, offset + at);
        }
        pthread_mutex_unlock(&q->map);
        if (!ret && m.in_place) {
            ret = host_file_write(q->file, m.host, from, (size_t)m.bytes);
        }
        from += m.bytes;
        offset += m.bytes;
        bytes -= (size_t)m.bytes;
    }
    pthread_rwlock_unlock(&q->data);
    return ret;
}

/* ---- copy on read ---- */

/*
 * The cluster becomes this image's own if it is only behind it. What is behind does not change; whoever writes to the
 * cluster meanwhile gives it its place first, under the same lock.
 */
static int copy_up(Qcow2 *q, uint64_t begin, uint8_t *cluster)
{
    const size_t bytes = (size_t)MIN(q->cluster_size, q->image.bytes - begin);
    int ret;

    pthread_rwlock_rdlock(&q->data);
    ret = read_backing(q, begin, cluster, bytes);
    pthread_mutex_lock(&q->map);
    if (!ret) {
        Mapping m;

        ret = qcow2_map(q, begin, bytes, &m);
        if (!ret && m.kind == CLUSTER_UNALLOCATED) {
            ret = write_new_cluster(q, &m, begin, cluster, bytes);
            qcow2_mark_changed(q, begin);
        }
    }
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    return ret;
}

static int qcow2_read(Image *image, uint64_t offset, void *buffer, size_t bytes)
{
    Qcow2 *q = qcow2_of(image);
    uint8_t *cluster;
    int ret = 0;

    if (!q->copy_on_read || !q->backing || qcow2_allocation(image, offset, bytes) == IMAGE_HAS) {
        return qcow2_read_plain(image, offset, buffer, bytes);
    }
    if (posix_memalign((void **)&cluster, HOST_FILE_ALIGN, q->cluster_size)) {
        return -ENOMEM;
    }
    for (uint64_t at = offset - qcow2_within(q, offset); !ret && at < offset + bytes; at += q->cluster_size) {
        if (qcow2_allocation(image, at, MIN(q->cluster_size, image->bytes - at)) == IMAGE_HAS_NOT) {
            ret = copy_up(q, at, cluster);
        }
    }
    free(cluster);
    /* A copy that fails, for want of space, is not the reader's misfortune. */
    return qcow2_read_plain(image, offset, buffer, bytes);
}

/* ---- zeroes ---- */

/* A whole cluster becomes zeroes without data. locks: data for writing, map */
static int drop_cluster(Qcow2 *q, uint64_t offset)
{
    Mapping m;
    int ret = qcow2_map(q, offset, q->cluster_size, &m);

    if (ret || (m.kind == CLUSTER_ZERO && !(m.entry & QCOW2_OFFSET)) ||
        (m.kind == CLUSTER_UNALLOCATED && !q->backing)) {
        return ret;
    }
    ret = qcow2_set_entry(q, offset, q->version >= 3 ? QCOW2_ZERO : 0);
    return ret ? ret : qcow2_release_entry(q, m.entry);
}

static int write_zero_data(Image *image, uint64_t offset, size_t bytes)
{
    void *zeroes = g_try_malloc0(bytes);
    int ret = zeroes ? qcow2_write(image, offset, zeroes, bytes) : -ENOMEM;

    g_free(zeroes);
    return ret;
}

static int qcow2_write_zeroes(Image *image, uint64_t offset, uint64_t bytes, bool unmap)
{
    Qcow2 *q = qcow2_of(image);
    bool can_drop = q->version >= 3 || !q->backing;
    int ret = 0;

    while (bytes && !ret) {
        uint64_t rest = q->cluster_size - qcow2_within(q, offset), n = rest < bytes ? rest : bytes;

        /* The last cluster may be cut off by the image's end. */
        if (can_drop && !qcow2_within(q, offset) && (n == q->cluster_size || offset + n == image->bytes)) {
            pthread_rwlock_wrlock(&q->data);
            pthread_mutex_lock(&q->map);
            ret = q->corrupt ? -EIO : q->bitmaps_fresh ? qcow2_spoil_bitmaps(q) : 0;
            ret = ret ? ret : drop_cluster(q, offset);
            qcow2_mark_changed(q, offset);
            pthread_mutex_unlock(&q->map);
            pthread_rwlock_unlock(&q->data);
        } else {
            ret = write_zero_data(image, offset, (size_t)n);
        }
        offset += n;
        bytes -= n;
    }
    return ret;
}

/* ---- flush, close ---- */

static int qcow2_flush(Image *image)
{
    Qcow2 *q = qcow2_of(image);
    GHashTableIter iter;
    gpointer key;
    int ret;

    /* What is freed from here on waits for the next flush. */
    pthread_mutex_lock(&q->map);
    ret = host_file_flush(q->file);
    if (!ret) {
        g_hash_table_iter_init(&iter, q->unsynced);
        while (g_hash_table_iter_next(&iter, &key, NULL)) {
            if (*(uint64_t *)key < q->next_free) {
                q->next_free = *(uint64_t *)key;
            }
        }
        g_hash_table_remove_all(q->unsynced);
    }
    pthread_mutex_unlock(&q->map);
    return ret;
}

void qcow2_free(Qcow2 *q)
{
    image_close(q->backing);
    image_close(q->backing_for_reading);
    g_clear_pointer(&q->kept, g_ptr_array_unref);
    qcow2_cache_free(&q->l2);
    qcow2_cache_free(&q->counts);
    g_hash_table_destroy(q->unsynced);
    pthread_rwlock_destroy(&q->data);
    pthread_mutex_destroy(&q->map);
    g_free(q->l1);
    g_free(q->reftable);
    g_free(q->image.path);
    g_free(q);
}

static void qcow2_close(Image *image)
{
    Qcow2 *q = qcow2_of(image);
    HostFile *file = q->file;
    int ret = q->kept && !q->corrupt ? qcow2_store_bitmaps(q, q->kept) : 0;

    if (ret) {
        error_report("'%s': its bitmaps cannot be kept: %s", image->path, strerror(-ret));
    }
    /* The bit stays if the data cannot be written: the next user then looks at the counts. */
    if (q->dirty && !host_file_flush(file)) {
        qcow2_set_dirty(q, false);
    }
    qcow2_free(q);
    host_file_close(file);
}

static bool qcow2_has_backing(const Image *image)
{
    return __atomic_load_n(&((const Qcow2 *)image)->backing, __ATOMIC_RELAXED);
}

static int qcow2_lock(Image *image, HostFileLock lock)
{
    return host_file_lock(qcow2_of(image)->file, lock);
}

static void qcow2_interrupt(Image *image)
{
    Image *backing = __atomic_load_n(&qcow2_of(image)->backing, __ATOMIC_ACQUIRE);

    host_file_interrupt(qcow2_of(image)->file);
    if (backing) {
        image_interrupt(backing);
    }
}

static HostFile *qcow2_file(Image *image)
{
    return ((Qcow2 *)image)->file;
}

static void qcow2_facts(const Image *image, ImageFacts *facts)
{
    Qcow2 *q = (Qcow2 *)(uintptr_t)image;

    facts->cluster_bytes = q->cluster_size;
    facts->version = q->version;
    facts->refcount_bits = 1u << q->refcount_order;
    facts->lazy_counts = q->lazy_counts;
    pthread_mutex_lock(&q->map);
    facts->dirty = q->dirty;
    facts->corrupt = q->corrupt;
    pthread_mutex_unlock(&q->map);
}

const ImageOps qcow2_ops = {
    .format = "qcow2", .read = qcow2_read, .write = qcow2_write, .write_zeroes = qcow2_write_zeroes,
    .flush = qcow2_flush, .close = qcow2_close, .snapshots = &qcow2_snapshot_ops,
    .bitmaps = &qcow2_bitmap_ops, .interrupt = qcow2_interrupt,
    .has_backing = qcow2_has_backing, .commit = qcow2_commit, .resize = qcow2_resize, .lock = qcow2_lock,
    .file = qcow2_file,
    .backing = qcow2_backing, .swap_backing = qcow2_swap_backing, .forget_backing = qcow2_forget_backing,
    .name_backing = qcow2_name_backing, .allocation = qcow2_allocation, .extent = qcow2_extent,
    .facts = qcow2_facts,
};
