/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: whether the counts agree with what the header and the tables refer to, and making them agree. An image that
 * was not closed is repaired so before it is written to. Nobody else uses the image meanwhile, so no lock is taken.
 */
#include <errno.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

enum { MAX_SNAPSHOTS = 65536, SNAPSHOT_FIXED = 40 };

typedef struct Usage {
    Qcow2 *q;
    uint32_t *used;             /* references to each cluster of the file */
    uint64_t clusters;
    uint64_t errors;            /* references to what is behind the file's end or not a cluster's beginning */
} Usage;

static void use(Usage *u, uint64_t offset, uint64_t bytes)
{
    uint64_t first = offset >> u->q->cluster_bits, last = (offset + bytes - 1) >> u->q->cluster_bits;

    for (uint64_t c = first; bytes && c <= last; c++) {
        if (c < u->clusters) {
            u->used[c]++;
        } else {
            u->errors++;
            break;
        }
    }
}

static void use_entry(Usage *u, uint64_t entry)
{
    uint64_t offset, bytes;

    if (entry & QCOW2_COMPRESSED) {
        qcow2_compressed_range(u->q, entry, &offset, &bytes);
        /* The last sector may be cut off by the file's end. */
        if (offset >> u->q->cluster_bits < u->clusters) {
            uint64_t end = u->clusters << u->q->cluster_bits;

            use(u, offset, offset + bytes > end ? end - offset : bytes);
        } else {
            u->errors++;
        }
    } else if (entry & QCOW2_OFFSET) {
        u->errors += qcow2_within(u->q, entry & QCOW2_OFFSET) != 0;
        use(u, entry & QCOW2_OFFSET, u->q->cluster_size);
    }
}

static int use_l2(Usage *u, uint64_t offset)
{
    uint8_t *table;
    int ret = qcow2_table(u->q, &u->q->l2, offset, &table);

    for (uint64_t i = 0; !ret && i < u->q->cluster_size / 8; i++) {
        use_entry(u, read_be64(table + i * 8));
    }
    return ret;
}

static int use_l1(Usage *u, uint64_t offset, uint64_t entries)
{
    uint64_t end = u->clusters << u->q->cluster_bits, there = offset < end ? (end - offset) / 8 : 0;
    int ret = 0;

    use(u, offset, entries * 8);
    /* What lies behind the file's end reads as zeroes: a damaged image is not to cost hours. */
    entries = entries < there ? entries : there;
    for (uint64_t i = 0; !ret && i < entries; i++) {
        uint8_t raw[8];
        uint64_t l2;

        ret = host_file_read(u->q->file, offset + i * 8, raw, 8);
        l2 = read_be64(raw) & QCOW2_OFFSET;
        if (!ret && l2) {
            use(u, l2, u->q->cluster_size);
            ret = use_l2(u, l2);
        }
    }
    return ret;
}

static int use_snapshots(Usage *u)
{
    uint64_t at = u->q->snapshot_offset;
    int ret = 0;

    if (u->q->snapshots > MAX_SNAPSHOTS) {
        return -EIO;
    }
    for (uint32_t i = 0; !ret && i < u->q->snapshots; i++) {
        uint8_t s[SNAPSHOT_FIXED];

        ret = host_file_read(u->q->file, at, s, sizeof(s));
        if (!ret) {
            uint64_t bytes = SNAPSHOT_FIXED + (uint64_t)read_be32(s + 36) + read_be16(s + 12) + read_be16(s + 14);

            if (read_be32(s + 8) > (32 << 20) / 8) {
                return -EIO;
            }
            ret = use_l1(u, read_be64(s), read_be32(s + 8));
            at += (bytes + 7) & ~7ull;
        }
    }
    use(u, u->q->snapshot_offset, at - u->q->snapshot_offset);
    return ret;
}

static void use_run(void *opaque, uint64_t offset, uint64_t bytes)
{
    use(opaque, offset, bytes);
}

static int use_all(Usage *u)
{
    Qcow2 *q = u->q;
    int ret;

    use(u, 0, q->cluster_size);
    use(u, q->reftable_offset, q->reftable_entries * 8ull);
    for (uint32_t i = 0; i < q->reftable_entries; i++) {
        if (q->reftable[i]) {
            use(u, q->reftable[i], q->cluster_size);
        }
    }
    ret = use_l1(u, q->l1_offset, q->l1_entries);
    ret = ret ? ret : qcow2_each_bitmap_run(q, use_run, u);
    return ret ? ret : use_snapshots(u);
}

int qcow2_mend_copied(Qcow2 *q)
{
    int ret = 0;

    for (uint32_t i = 0; !ret && i < q->l1_entries; i++) {
        uint64_t l2 = q->l1[i] & QCOW2_OFFSET, count;
        uint8_t *table;
        bool changed = false;

        if (!l2) {
            continue;
        }
        ret = qcow2_refcount(q, l2 >> q->cluster_bits, &count);
        if (!ret && (count == 1) != !!(q->l1[i] & QCOW2_COPIED)) {
            uint8_t raw[8];

            q->l1[i] = l2 | (count == 1 ? QCOW2_COPIED : 0);
            write_be64(raw, q->l1[i]);
            ret = host_file_write(q->file, q->l1_offset + i * 8ull, raw, 8);
        }
        if (!ret) {
            ret = qcow2_table(q, &q->l2, l2, &table);
        }
        for (uint64_t n = 0; !ret && n < q->cluster_size / 8; n++) {
            uint64_t entry = read_be64(table + n * 8), right = entry & ~QCOW2_COPIED;

            if (!(entry & QCOW2_COMPRESSED) && (entry & QCOW2_OFFSET)) {
                ret = qcow2_refcount(q, (entry & QCOW2_OFFSET) >> q->cluster_bits, &count);
                right |= count == 1 ? QCOW2_COPIED : 0;
                if (!ret && right != entry) {
                    write_be64(table + n * 8, right);
                    changed = true;
                }
            }
        }
        if (!ret && changed) {
            ret = host_file_write(q->file, l2, table, q->cluster_size);
        }
    }
    return ret;
}

static int compare(Usage *u, bool repair, Qcow2Check *result)
{
    int ret = 0;

    for (uint64_t c = 0; !ret && c < u->clusters; c++) {
        uint64_t count;

        ret = qcow2_refcount(u->q, c, &count);
        if (ret || count == u->used[c]) {
            continue;
        }
        *(count > u->used[c] ? &result->leaks : &result->errors) += 1;
        if (repair) {
            ret = qcow2_set_refcount(u->q, c, u->used[c]);
            result->repaired++;
        }
    }
    return ret;
}

int qcow2_check(Qcow2 *q, bool repair, Qcow2Check *result)
{
    int64_t size = host_file_size(q->file);
    Usage u = { .q = q };
    int ret;

    memset(result, 0, sizeof(*result));
    if (size < 0) {
        return (int)size;
    }
    u.clusters = ((uint64_t)size + q->cluster_size - 1) >> q->cluster_bits;
    if (u.clusters > UINT32_MAX) {
        return -EFBIG;
    }
    u.used = g_try_new0(uint32_t, u.clusters);
    if (!u.used) {
        return -ENOMEM;
    }
    ret = use_all(&u);
    if (!ret) {
        ret = compare(&u, repair, result);
    }
    if (!ret && repair) {
        ret = qcow2_mend_copied(q);
    }
    if (!ret && repair) {
        ret = host_file_flush(q->file);
    }
    result->errors += u.errors;
    g_free(u.used);
    return ret;
}
