/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: whole first-level tables, as snapshots need them: made longer, copied, put in the place of the active one, and
 * with what they refer to counted once more or once less. All with the locks `data` (for writing) and `map` held.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

enum { MAX_L1_BYTES = 32 << 20 };

static uint64_t clusters_of(const Qcow2 *q, uint64_t bytes)
{
    return (bytes + q->cluster_size - 1) >> q->cluster_bits;
}

int qcow2_alloc_run(Qcow2 *q, uint64_t bytes, uint64_t *offset)
{
    uint64_t wanted = clusters_of(q, bytes), have = 0, next;
    GArray *apart = g_array_new(FALSE, FALSE, sizeof(uint64_t));    /* those before the run */
    int ret = 0;

    while (!ret && have < wanted) {
        ret = qcow2_alloc(q, &next);
        if (!ret && have && next != *offset + (have << q->cluster_bits)) {
            for (uint64_t i = 0; i < have; i++) {
                uint64_t at = *offset + (i << q->cluster_bits);

                g_array_append_val(apart, at);
            }
            have = 0;
        }
        if (!ret) {
            *offset = have ? *offset : next;
            have++;
        }
    }
    for (guint i = 0; i < apart->len; i++) {
        int error = qcow2_release(q, g_array_index(apart, uint64_t, i));

        ret = ret ? ret : error;
    }
    g_array_free(apart, TRUE);
    return ret;
}

int qcow2_release_run(Qcow2 *q, uint64_t offset, uint64_t bytes)
{
    int ret = 0;

    for (uint64_t i = 0; !ret && i < clusters_of(q, bytes); i++) {
        ret = qcow2_release(q, offset + (i << q->cluster_bits));
    }
    return ret;
}

static int add_reference(Qcow2 *q, uint64_t offset)
{
    uint64_t count;
    int ret = qcow2_refcount(q, offset >> q->cluster_bits, &count);

    if (!ret && !count) {
        return -EIO;
    }
    return ret ? ret : qcow2_set_refcount(q, offset >> q->cluster_bits, count + 1);
}

/* What an L2 entry refers to. */
static int add_entry_reference(Qcow2 *q, uint64_t entry)
{
    uint64_t offset, bytes;
    int ret = 0;

    if (entry & QCOW2_COMPRESSED) {
        qcow2_compressed_range(q, entry, &offset, &bytes);
        for (uint64_t c = offset >> q->cluster_bits; !ret && c <= (offset + bytes - 1) >> q->cluster_bits; c++) {
            ret = add_reference(q, c << q->cluster_bits);
        }
        return ret;
    }
    return entry & QCOW2_OFFSET ? add_reference(q, entry & QCOW2_OFFSET) : 0;
}

int qcow2_count_l1(Qcow2 *q, const uint64_t *l1, uint32_t entries, bool more)
{
    int ret = qcow2_set_dirty(q, true);

    for (uint32_t i = 0; !ret && i < entries; i++) {
        uint64_t l2 = l1[i] & QCOW2_OFFSET;
        uint8_t *table;

        if (!l2) {
            continue;
        }
        ret = qcow2_table(q, &q->l2, l2, &table);
        for (uint64_t n = 0; !ret && n < q->cluster_size / 8; n++) {
            uint64_t entry = read_be64(table + n * 8);

            ret = more ? add_entry_reference(q, entry) : qcow2_release_entry(q, entry);
        }
        if (!ret) {
            ret = more ? add_reference(q, l2) : qcow2_release(q, l2);
        }
    }
    return ret;
}

int qcow2_write_l1(Qcow2 *q, uint64_t offset, const uint64_t *l1, uint32_t entries)
{
    size_t bytes = (size_t)(clusters_of(q, entries * 8ull) << q->cluster_bits);
    uint8_t *raw = g_try_malloc0(bytes);
    int ret;

    if (!raw) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < entries; i++) {
        write_be64(raw + i * 8ull, l1[i]);
    }
    ret = host_file_write(q->file, offset, raw, bytes);
    g_free(raw);
    return ret;
}

int qcow2_read_l1(Qcow2 *q, uint64_t offset, uint32_t entries, uint64_t **l1)
{
    size_t bytes = entries * 8ull;
    uint8_t *raw;
    int ret;

    if (bytes > MAX_L1_BYTES || qcow2_within(q, offset)) {
        return -EIO;
    }
    raw = g_try_malloc(bytes + 8);
    *l1 = g_try_malloc0(bytes + 8);
    ret = raw && *l1 ? host_file_read(q->file, offset, raw, bytes) : -ENOMEM;
    for (uint32_t i = 0; !ret && i < entries; i++) {
        (*l1)[i] = read_be64(raw + i * 8ull) & QCOW2_OFFSET;
        ret = qcow2_within(q, (*l1)[i]) ? -EIO : 0;
    }
    g_free(raw);
    if (ret) {
        g_clear_pointer(l1, g_free);
    }
    return ret;
}

int qcow2_replace_l1(Qcow2 *q, uint64_t *l1, uint32_t entries)
{
    uint64_t offset, old_offset = q->l1_offset, old_bytes = q->l1_entries * 8ull;
    uint8_t header[12];
    int ret;

    if (entries * 8ull > MAX_L1_BYTES) {
        return -EFBIG;
    }
    ret = qcow2_alloc_run(q, entries * 8ull, &offset);
    if (!ret) {
        ret = qcow2_write_l1(q, offset, l1, entries);
    }
    if (!ret) {
        ret = host_file_flush(q->file);
    }
    if (!ret) {
        write_be32(header, entries);
        write_be64(header + 4, offset);
        ret = host_file_write(q->file, QH_L1_SIZE, header, sizeof(header));
    }
    if (ret) {
        return ret;
    }
    g_free(q->l1);
    q->l1 = l1;
    q->l1_entries = entries;
    q->l1_offset = offset;
    return qcow2_release_run(q, old_offset, old_bytes);
}

int qcow2_clear_copied(Qcow2 *q)
{
    int ret = qcow2_set_dirty(q, true);

    for (uint32_t i = 0; !ret && i < q->l1_entries; i++) {
        uint64_t l2 = q->l1[i] & QCOW2_OFFSET;
        bool changed = false;
        uint8_t *table;

        if (!(q->l1[i] & QCOW2_COPIED)) {
            continue;           /* it is shared: so is all that it refers to */
        }
        ret = qcow2_table(q, &q->l2, l2, &table);
        for (uint64_t n = 0; !ret && n < q->cluster_size / 8; n++) {
            uint64_t entry = read_be64(table + n * 8);

            if (!(entry & QCOW2_COMPRESSED) && (entry & QCOW2_COPIED)) {
                write_be64(table + n * 8, entry & ~QCOW2_COPIED);
                changed = true;
            }
        }
        if (!ret && changed) {
            ret = host_file_write(q->file, l2, table, q->cluster_size);
        }
        q->l1[i] = l2;
    }
    return ret ? ret : qcow2_write_l1(q, q->l1_offset, q->l1, q->l1_entries);
}

int qcow2_read_by_l1(Qcow2 *q, const uint64_t *l1, uint32_t entries, uint64_t offset, uint8_t *buffer, size_t bytes)
{
    int ret = 0;

    while (bytes && !ret) {
        uint64_t within = qcow2_within(q, offset), index = offset >> q->cluster_bits;
        uint64_t l1_index = index >> (q->cluster_bits - 3), entry = 0;
        size_t n = q->cluster_size - within < bytes ? (size_t)(q->cluster_size - within) : bytes;
        uint8_t *table;

        if (l1_index >= entries) {
            return -EIO;
        }
        if (l1[l1_index]) {
            ret = qcow2_table(q, &q->l2, l1[l1_index] & QCOW2_OFFSET, &table);
            entry = ret ? 0 : read_be64(table + (index & ((1ull << (q->cluster_bits - 3)) - 1)) * 8);
        }
        if (entry & QCOW2_COMPRESSED) {
            return -ENOTSUP;
        }
        if (!ret && (entry & QCOW2_OFFSET) && !(entry & QCOW2_ZERO)) {
            ret = host_file_read(q->file, (entry & QCOW2_OFFSET) + within, buffer, n);
        } else {
            memset(buffer, 0, n);
        }
        buffer += n;
        offset += n;
        bytes -= n;
    }
    return ret;
}
