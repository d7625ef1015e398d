/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: from a guest's offset to the file's, and back into the L2 tables. All with the lock `map` held. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "block/block.h"
#include "block/bytes.h"
#include "block/qcow2.h"

void qcow2_cache_free(TableCache *cache)
{
    for (int i = 0; i < QCOW2_CACHED_TABLES; i++) {
        free(cache->table[i].data);
    }
    memset(cache, 0, sizeof(*cache));
}

/* The slot of the table at `offset`, or the one used longest ago, to be filled (*hit false). NULL: no memory. */
static uint8_t *cache_slot(Qcow2 *q, TableCache *cache, uint64_t offset, bool *hit, int *slot)
{
    int oldest = 0;

    for (int i = 0; i < QCOW2_CACHED_TABLES; i++) {
        if (cache->table[i].data && cache->table[i].offset == offset) {
            oldest = i;
            break;
        }
        if (cache->table[i].used < cache->table[oldest].used) {
            oldest = i;
        }
    }
    *hit = cache->table[oldest].data && cache->table[oldest].offset == offset;
    if (!cache->table[oldest].data &&
        posix_memalign((void **)&cache->table[oldest].data, HOST_FILE_ALIGN, q->cluster_size)) {
        cache->table[oldest].data = NULL;
        return NULL;
    }
    cache->table[oldest].used = ++cache->clock;
    *slot = oldest;
    return cache->table[oldest].data;
}

int qcow2_table(Qcow2 *q, TableCache *cache, uint64_t offset, uint8_t **table)
{
    bool hit;
    int slot, ret;

    if (!offset || qcow2_within(q, offset)) {
        return -EIO;
    }
    *table = cache_slot(q, cache, offset, &hit, &slot);
    if (!*table) {
        return -ENOMEM;
    }
    if (!hit) {
        cache->table[slot].offset = 0;
        ret = host_file_read(q->file, offset, *table, q->cluster_size);
        if (ret) {
            return ret;
        }
        cache->table[slot].offset = offset;
    }
    return 0;
}

int qcow2_table_new(Qcow2 *q, TableCache *cache, uint64_t offset)
{
    bool hit;
    int slot, ret;
    uint8_t *table = cache_slot(q, cache, offset, &hit, &slot);

    if (!table) {
        return -ENOMEM;
    }
    memset(table, 0, q->cluster_size);
    cache->table[slot].offset = 0;
    ret = host_file_write(q->file, offset, table, q->cluster_size);
    if (!ret) {
        cache->table[slot].offset = offset;
    }
    return ret;
}

int qcow2_table_write(Qcow2 *q, uint64_t offset, const uint8_t *table, uint64_t at, unsigned bytes)
{
    if (q->file->direct && q->cluster_size >= HOST_FILE_ALIGN) {
        at &= ~(uint64_t)(HOST_FILE_ALIGN - 1);
        bytes = HOST_FILE_ALIGN;
    }
    return host_file_write(q->file, offset + at, table + at, bytes);
}

static unsigned l2_bits(const Qcow2 *q)
{
    return q->cluster_bits - 3;
}

static uint64_t l1_index(const Qcow2 *q, uint64_t offset)
{
    return offset >> (q->cluster_bits + l2_bits(q));
}

static uint64_t l2_index(const Qcow2 *q, uint64_t offset)
{
    return offset >> q->cluster_bits & ((1ull << l2_bits(q)) - 1);
}

static ClusterKind kind_of(uint64_t entry)
{
    if (entry & QCOW2_COMPRESSED) {
        return CLUSTER_COMPRESSED;
    }
    if (entry & QCOW2_ZERO) {
        return CLUSTER_ZERO;
    }
    return entry & QCOW2_OFFSET ? CLUSTER_DATA : CLUSTER_UNALLOCATED;
}

void qcow2_compressed_range(const Qcow2 *q, uint64_t entry, uint64_t *offset, uint64_t *bytes)
{
    unsigned shift = 62 - (q->cluster_bits - 8);
    uint64_t sectors = (entry >> shift & ((1ull << (q->cluster_bits - 8)) - 1)) + 1;

    *offset = entry & ((1ull << shift) - 1);
    *bytes = sectors * 512 - (*offset & 511);
}

int qcow2_map(Qcow2 *q, uint64_t offset, uint64_t bytes, Mapping *m)
{
    uint64_t within = qcow2_within(q, offset), run = q->cluster_size - within;
    uint64_t index = l2_index(q, offset), entry;
    uint8_t *table;
    const uint64_t l2 = q->l1[l1_index(q, offset)] & QCOW2_OFFSET;
    int ret;

    *m = (Mapping) { .kind = CLUSTER_UNALLOCATED, .bytes = run < bytes ? run : bytes };
    if (!l2) {
        return 0;
    }
    if (qcow2_within(q, l2)) {
        return qcow2_corrupted(q, l2, q->cluster_size, "L2 table offset %#llx unaligned (L1 index: %#llx)",
                               (unsigned long long)l2, (unsigned long long)l1_index(q, offset));
    }
    ret = qcow2_table(q, &q->l2, l2, &table);
    if (ret) {
        return ret;
    }
    entry = read_be64(table + index * 8);
    m->entry = entry;
    m->kind = kind_of(entry);
    if (m->kind != CLUSTER_DATA) {
        return 0;
    }
    if (qcow2_within(q, entry & QCOW2_OFFSET)) {
        return qcow2_corrupted(q, entry & QCOW2_OFFSET, q->cluster_size,
                               "Cluster allocation offset %#llx unaligned (L2 offset: %#llx, L2 index: %#llx)",
                               (unsigned long long)(entry & QCOW2_OFFSET), (unsigned long long)l2,
                               (unsigned long long)index);
    }
    m->host = (entry & QCOW2_OFFSET) + within;
    m->in_place = entry & QCOW2_COPIED;
    for (index++; index < 1ull << l2_bits(q) && run < bytes; index++, run += q->cluster_size) {
        entry += q->cluster_size;
        if (read_be64(table + index * 8) != entry) {
            break;
        }
    }
    m->bytes = run < bytes ? run : bytes;
    return 0;
}

static int set_l1(Qcow2 *q, uint64_t index, uint64_t entry)
{
    uint8_t raw[8];
    int ret;

    write_be64(raw, entry);
    ret = host_file_write(q->file, q->l1_offset + index * 8, raw, 8);
    if (!ret) {
        q->l1[index] = entry;
    }
    return ret;
}

/* An L2 table for `index` of L1 that is ours alone: a new one, or a copy of one that a snapshot uses too. */
static int own_l2(Qcow2 *q, uint64_t index)
{
    uint64_t old = q->l1[index] & QCOW2_OFFSET, offset;
    uint8_t *from, *to;
    int ret;

    if (old && (q->l1[index] & QCOW2_COPIED)) {
        return 0;
    }
    ret = qcow2_alloc(q, &offset);
    if (!ret) {
        ret = qcow2_table_new(q, &q->l2, offset);
    }
    if (!ret && old) {
        ret = qcow2_table(q, &q->l2, old, &from);
        if (!ret) {
            ret = qcow2_table(q, &q->l2, offset, &to);      /* two tables fit: the first stays in the cache */
        }
        if (!ret) {
            memcpy(to, from, q->cluster_size);
            ret = host_file_write(q->file, offset, to, q->cluster_size);
        }
    }
    if (!ret) {
        ret = set_l1(q, index, offset | QCOW2_COPIED);
    }
    if (!ret && old) {
        ret = qcow2_release(q, old);
    }
    return ret;
}

int qcow2_set_entry(Qcow2 *q, uint64_t offset, uint64_t entry)
{
    uint64_t l1 = l1_index(q, offset), at = l2_index(q, offset) * 8, table_offset;
    uint8_t *table;
    int ret = own_l2(q, l1);

    if (ret) {
        return ret;
    }
    table_offset = q->l1[l1] & QCOW2_OFFSET;
    ret = qcow2_table(q, &q->l2, table_offset, &table);
    if (ret) {
        return ret;
    }
    write_be64(table + at, entry);
    return qcow2_table_write(q, table_offset, table, at, 8);
}

/* ---- what is where ---- */

/* Of the image itself; -ENODATA: the image behind says. The lock `map` is held. */
static int own_extent(Qcow2 *q, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    const uint64_t table = q->cluster_size << l2_bits(q);
    Mapping m;
    int ret;

    if (!(q->l1[l1_index(q, offset)] & QCOW2_OFFSET)) {
        *run = MIN(table - offset % table, bytes);
        return -ENODATA;
    }
    ret = qcow2_map(q, offset, bytes, &m);
    *run = m.bytes;
    if (ret || m.kind == CLUSTER_UNALLOCATED) {
        return ret ? ret : -ENODATA;
    }
    return m.kind != CLUSTER_ZERO ? 0
           : BLOCK_EXTENT_ZERO | (m.entry & QCOW2_OFFSET ? 0 : BLOCK_EXTENT_HOLE);
}

/* Of the images behind; behind the end of the first one there are zeroes. */
static int extent_behind(Image *behind, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    if (!behind || offset >= image_bytes(behind)) {
        *run = bytes;
        return BLOCK_EXTENT_ZERO | BLOCK_EXTENT_HOLE;
    }
    return image_extent(behind, offset, MIN(bytes, image_bytes(behind) - offset), run);
}

int qcow2_extent(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    Qcow2 *q = (Qcow2 *)image;
    int kind = -ENODATA, next;
    uint64_t part;

    for (*run = 0; *run < bytes; *run += part) {
        pthread_mutex_lock(&q->map);
        next = own_extent(q, offset + *run, bytes - *run, &part);
        pthread_mutex_unlock(&q->map);
        if (next == -ENODATA) {
            next = extent_behind(image_backing(image), offset + *run, part, &part);
        }
        if (*run && next != kind) {
            break;
        }
        kind = next;
        if (kind < 0) {
            break;
        }
    }
    return kind;
}
