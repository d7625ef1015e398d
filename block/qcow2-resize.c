/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: a longer disk. The first-level table grows within the clusters that it has, or moves to others. */
#include <errno.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

enum { MAX_L1_BYTES = 32 << 20 };

/* Size of the disk and length of the table, which stand together. Lock: map. */
static int write_header(Qcow2 *q, uint64_t bytes, uint32_t entries)
{
    uint8_t raw[QH_L1_SIZE + 4 - QH_SIZE];
    int ret = host_file_read(q->file, QH_SIZE, raw, sizeof(raw));

    if (!ret) {
        write_be64(raw, bytes);
        write_be32(raw + (QH_L1_SIZE - QH_SIZE), entries);
        ret = host_file_write(q->file, QH_SIZE, raw, sizeof(raw));
    }
    return ret;
}

/* A longer table at another place; longer than the disk needs it until the header says so. */
static int move_and_grow(Qcow2 *q, uint64_t bytes, uint32_t entries)
{
    uint64_t *l1 = g_try_malloc0(entries * 8ull);
    int ret = l1 ? 0 : -ENOMEM;

    if (!ret) {
        memcpy(l1, q->l1, q->l1_entries * 8ull);
        ret = qcow2_replace_l1(q, l1, entries);
        if (ret && q->l1 != l1) {       /* it may be in use already, and the old one not given back */
            g_free(l1);
        }
    }
    return ret ? ret : write_header(q, bytes, entries);
}

/* Locks: data for writing, map. */
static int grow(Qcow2 *q, uint64_t bytes)
{
    uint64_t per_entry = 1ull << (2 * q->cluster_bits - 3), needed = (bytes + per_entry - 1) / per_entry;
    uint64_t room = ((q->l1_entries * 8ull + q->cluster_size - 1) & ~(q->cluster_size - 1)) / 8;
    uint64_t more = needed > q->l1_entries ? needed - q->l1_entries : 0;
    uint64_t *l1;
    int ret;

    if (needed > MAX_L1_BYTES / 8 || bytes > 1ull << 56) {
        return -EFBIG;
    }
    if (needed > room) {
        return move_and_grow(q, bytes, (uint32_t)needed);
    }
    l1 = g_try_malloc0(needed * 8 + 8);
    if (!l1) {
        return -ENOMEM;
    }
    memcpy(l1, q->l1, (more ? q->l1_entries : needed) * 8);
    ret = more ? host_file_write(q->file, q->l1_offset + q->l1_entries * 8ull, l1 + q->l1_entries, more * 8) : 0;
    ret = ret ? ret : write_header(q, bytes, more ? (uint32_t)needed : q->l1_entries);
    if (ret || !more) {
        g_free(l1);
    } else {
        g_free(q->l1);
        q->l1 = l1;
        q->l1_entries = (uint32_t)needed;
    }
    return ret;
}

int qcow2_resize(Image *image, uint64_t bytes)
{
    Qcow2 *q = (Qcow2 *)image;
    uint64_t before = image->bytes, shown = q->backing ? q->backing->bytes : 0;
    int ret;

    pthread_rwlock_wrlock(&q->data);
    pthread_mutex_lock(&q->map);
    ret = bytes < before ? -ENOTSUP : grow(q, bytes);
    if (!ret) {
        __atomic_store_n(&image->bytes, bytes, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    /* What is new is zeroes, also where the image behind has had more all the time. */
    if (!ret && shown > before) {
        ret = image_write_zeroes(image, before, (shown < bytes ? shown : bytes) - before, false);
    }
    return ret ? ret : image_flush(image);
}
