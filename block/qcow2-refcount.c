/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: how often each cluster of the file is used, and finding one that is not. All with the lock `map` held.
 *
 * A table of counts is itself a cluster that is counted; a new one is put into the range of clusters that it counts,
 * so that it can count itself.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "block/bytes.h"
#include "block/corruption.h"
#include "block/qcow2.h"

enum { MAX_REFTABLE_BYTES = 8 << 20 };

static unsigned counts_per_table_bits(const Qcow2 *q)
{
    return q->cluster_bits + 3 - q->refcount_order;
}

static uint64_t count_get(const Qcow2 *q, const uint8_t *table, uint64_t i)
{
    switch (q->refcount_order) {
    case 6:
        return read_be64(table + i * 8);
    case 5:
        return read_be32(table + i * 4);
    case 4:
        return read_be16(table + i * 2);
    case 3:
        return table[i];
    default: {                  /* 1, 2 or 4 bits, the first in the lowest */
        unsigned width = 1u << q->refcount_order, shift = (unsigned)(i * width & 7);

        return table[i * width >> 3] >> shift & ((1u << width) - 1);
    }
    }
}

/* Returns the offset of the first byte changed. */
static uint64_t count_put(const Qcow2 *q, uint8_t *table, uint64_t i, uint64_t value)
{
    switch (q->refcount_order) {
    case 6:
        write_be64(table + i * 8, value);
        return i * 8;
    case 5:
        write_be32(table + i * 4, (uint32_t)value);
        return i * 4;
    case 4:
        write_be16(table + i * 2, (uint16_t)value);
        return i * 2;
    case 3:
        table[i] = (uint8_t)value;
        return i;
    default: {
        unsigned width = 1u << q->refcount_order, shift = (unsigned)(i * width & 7);
        uint64_t at = i * width >> 3;
        unsigned mask = ((1u << width) - 1) << shift;

        table[at] = (uint8_t)((table[at] & ~mask) | (unsigned)value << shift);
        return at;
    }
    }
}

static uint64_t count_max(const Qcow2 *q)
{
    return q->refcount_order == 6 ? UINT64_MAX : (1ull << (1u << q->refcount_order)) - 1;
}

int qcow2_refcount(Qcow2 *q, uint64_t cluster, uint64_t *count)
{
    uint64_t index = cluster >> counts_per_table_bits(q);
    uint8_t *table;
    int ret;

    *count = 0;
    if (index >= q->reftable_entries || !q->reftable[index]) {
        return 0;
    }
    ret = qcow2_table(q, &q->counts, q->reftable[index], &table);
    if (!ret) {
        *count = count_get(q, table, cluster & ((1ull << counts_per_table_bits(q)) - 1));
    }
    return ret;
}

static int write_reftable_entry(Qcow2 *q, uint64_t index, uint64_t offset)
{
    uint8_t raw[8];
    int ret;

    write_be64(raw, offset);
    ret = host_file_write(q->file, q->reftable_offset + index * 8, raw, 8);
    if (!ret) {
        q->reftable[index] = offset;
    }
    return ret;
}

static uint64_t first_counted_by(const Qcow2 *q, uint64_t index)
{
    return index << counts_per_table_bits(q);
}

/* Put a table of counts at `cluster`, which it counts itself, as number `index`. */
static int add_counts(Qcow2 *q, uint64_t index, uint64_t cluster)
{
    uint64_t offset = cluster << q->cluster_bits;
    uint8_t *table;
    int ret = qcow2_table_new(q, &q->counts, offset);

    if (!ret) {
        ret = qcow2_table(q, &q->counts, offset, &table);
    }
    if (!ret) {
        uint64_t at = count_put(q, table, cluster - first_counted_by(q, index), 1);

        ret = qcow2_table_write(q, offset, table, at, 8 <= q->cluster_size - at ? 8 : 1);
    }
    return ret ? ret : write_reftable_entry(q, index, offset);
}

/* Tables of counts that it takes to count `clusters` clusters from `first` on, and themselves behind these. */
static uint64_t tables_for(const Qcow2 *q, uint64_t clusters)
{
    uint64_t tables = 1, per_table = 1ull << counts_per_table_bits(q);

    while (tables * per_table < clusters + tables) {
        tables++;
    }
    return tables;
}

/* Fill the new table of tables and the tables of counts that it and they need; `first` is counted by number `index`. */
static int build_reftable(Qcow2 *q, uint64_t index, uint64_t first, uint64_t clusters)
{
    uint64_t tables = tables_for(q, clusters), bytes = clusters << q->cluster_bits;
    uint8_t *raw;
    int ret = 0;

    for (uint64_t i = 0; !ret && i < tables; i++) {
        q->reftable[index + i] = (first + clusters + i) << q->cluster_bits;
        ret = qcow2_table_new(q, &q->counts, q->reftable[index + i]);
    }
    for (uint64_t i = 0; !ret && i < clusters + tables; i++) {
        ret = qcow2_set_refcount(q, first + i, 1);
    }
    raw = ret ? NULL : g_try_malloc0(bytes);
    if (!raw) {
        return ret ? ret : -ENOMEM;
    }
    for (uint64_t i = 0; i < q->reftable_entries; i++) {
        write_be64(raw + i * 8, q->reftable[i]);
    }
    ret = host_file_write(q->file, q->reftable_offset, raw, bytes);
    g_free(raw);
    return ret ? ret : host_file_flush(q->file);
}

/*
 * Make the table of tables long enough for number `index`: a longer copy behind all clusters that are counted now,
 * together with the tables that count it, then the header refers to it.
 */
static int grow_reftable(Qcow2 *q, uint64_t index)
{
    uint64_t bytes = ((index + 2) * 3 / 2 * 8 + q->cluster_size - 1) & ~(q->cluster_size - 1);
    uint64_t clusters = bytes >> q->cluster_bits, first = first_counted_by(q, q->reftable_entries);
    uint64_t *table, *old = q->reftable, old_offset = q->reftable_offset;
    uint32_t old_entries = q->reftable_entries;
    uint8_t header[12];
    int ret;

    if (bytes > MAX_REFTABLE_BYTES || tables_for(q, clusters) + old_entries > bytes / 8) {
        return -EFBIG;
    }
    table = g_try_malloc0(bytes);
    if (!table) {
        return -ENOMEM;
    }
    memcpy(table, old, old_entries * 8ull);
    q->reftable = table;
    q->reftable_entries = (uint32_t)(bytes / 8);
    q->reftable_offset = first << q->cluster_bits;
    ret = build_reftable(q, old_entries, first, clusters);
    write_be64(header, q->reftable_offset);
    write_be32(header + 8, (uint32_t)clusters);
    if (!ret) {
        ret = host_file_write(q->file, QH_REFTABLE_OFFSET, header, sizeof(header));
    }
    if (ret) {
        q->reftable = old;
        q->reftable_entries = old_entries;
        q->reftable_offset = old_offset;
        g_free(table);
        return ret;
    }
    g_free(old);
    for (uint64_t at = 0; !ret && at < old_entries * 8ull; at += q->cluster_size) {
        ret = qcow2_release(q, old_offset + at);
    }
    return ret;
}

int qcow2_set_refcount(Qcow2 *q, uint64_t cluster, uint64_t count)
{
    uint64_t index = cluster >> counts_per_table_bits(q), at;
    unsigned bytes = q->refcount_order > 3 ? 1u << (q->refcount_order - 3) : 1;
    uint8_t *table;
    int ret;

    if (count > count_max(q) || index >= q->reftable_entries || !q->reftable[index]) {
        return -EIO;
    }
    ret = qcow2_table(q, &q->counts, q->reftable[index], &table);
    if (ret) {
        return ret;
    }
    at = count_put(q, table, cluster & ((1ull << counts_per_table_bits(q)) - 1), count);
    return qcow2_table_write(q, q->reftable[index], table, at, bytes);
}

static int write_feature_bits(Qcow2 *q, uint64_t clear, uint64_t set)
{
    uint8_t raw[8];
    int ret = host_file_read(q->file, QH_INCOMPATIBLE, raw, 8);

    if (!ret) {
        write_be64(raw, (read_be64(raw) & ~clear) | set);
        ret = host_file_write(q->file, QH_INCOMPATIBLE, raw, 8);
    }
    return ret ? ret : host_file_flush(q->file);
}

int qcow2_set_dirty(Qcow2 *q, bool dirty)
{
    int ret = dirty && q->corrupt ? -EIO : 0;

    if (!ret && q->version >= 3 && q->dirty != dirty) {
        ret = write_feature_bits(q, QI_DIRTY, dirty ? QI_DIRTY : 0);
        if (!ret) {
            q->dirty = dirty;
        }
    }
    return ret;
}

int qcow2_corrupted(Qcow2 *q, uint64_t offset, uint64_t bytes, const char *fmt, ...)
{
    const bool fatal = !q->image.readonly, again = fatal ? q->corrupt : q->said_corrupt;
    char *message;
    va_list args;

    if (again) {
        return -EIO;
    }
    va_start(args, fmt);
    message = g_strdup_vprintf(fmt, args);
    va_end(args);
    corruption_report(&q->image, fatal, offset, bytes, message);
    g_free(message);
    if (fatal) {
        q->corrupt = true;
        if (q->version >= 3) {
            write_feature_bits(q, 0, QI_CORRUPT);
        }
    } else {
        q->said_corrupt = true;
    }
    return -EIO;
}

/* The next cluster from `next_free` on that nobody uses and that was not freed since the last flush. */
static int find_free(Qcow2 *q, uint64_t *cluster)
{
    for (uint64_t c = q->next_free;; c++) {
        uint64_t index = c >> counts_per_table_bits(q), count;
        int ret;

        if (index >= q->reftable_entries) {
            ret = grow_reftable(q, index);
            if (ret) {
                return ret;
            }
        }
        if (!q->reftable[index]) {
            ret = add_counts(q, index, c);
            if (ret) {
                return ret;
            }
            continue;
        }
        ret = qcow2_refcount(q, c, &count);
        if (ret) {
            return ret;
        }
        if (!count && !g_hash_table_contains(q->unsynced, &c)) {
            *cluster = c;
            return 0;
        }
    }
}

int qcow2_alloc(Qcow2 *q, uint64_t *offset)
{
    uint64_t cluster;
    int ret = qcow2_set_dirty(q, true);

    if (!ret) {
        ret = find_free(q, &cluster);
    }
    if (ret) {
        return ret;
    }
    if (!cluster) {
        return qcow2_corrupted(q, 0, 0, "the header's own cluster counts as free");
    }
    ret = qcow2_set_refcount(q, cluster, 1);
    if (!ret && q->version < 3) {
        ret = host_file_flush(q->file);
    }
    if (!ret) {
        q->next_free = cluster + 1;
        *offset = cluster << q->cluster_bits;
    }
    return ret;
}

static int release_cluster(Qcow2 *q, uint64_t cluster)
{
    uint64_t count;
    int ret = qcow2_refcount(q, cluster, &count);

    if (ret) {
        return ret;
    }
    if (!count) {
        return qcow2_corrupted(q, cluster << q->cluster_bits, q->cluster_size, "a cluster is in use and not counted");
    }
    ret = qcow2_set_refcount(q, cluster, count - 1);
    if (!ret && count == 1) {
        uint64_t *key = g_new(uint64_t, 1);

        *key = cluster;
        g_hash_table_add(q->unsynced, key);
    }
    return ret;
}

int qcow2_release(Qcow2 *q, uint64_t offset)
{
    int ret = qcow2_set_dirty(q, true);

    return ret ? ret : release_cluster(q, offset >> q->cluster_bits);
}

int qcow2_release_entry(Qcow2 *q, uint64_t entry)
{
    uint64_t offset, bytes;
    int ret = 0;

    if (entry & QCOW2_COMPRESSED) {
        qcow2_compressed_range(q, entry, &offset, &bytes);
        for (uint64_t c = offset >> q->cluster_bits; !ret && c <= (offset + bytes - 1) >> q->cluster_bits; c++) {
            ret = qcow2_release(q, c << q->cluster_bits);
        }
        return ret;
    }
    return entry & QCOW2_OFFSET ? qcow2_release(q, entry & QCOW2_OFFSET) : 0;
}
