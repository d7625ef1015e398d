/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: internal snapshots. Each has a first-level table of its own, and what that refers to is counted for it. The
 * machine's state is kept like data of the disk, behind its end: in entries of the first-level table that the disk does
 * not use.
 *
 * A kill leaves the old table of snapshots or the new one: the header is switched in one write, when everything that it
 * refers to is in place; before, clusters are counted once too often, after, too. COPIED bits are taken away before
 * counts grow. What is left over, the dirty bit has made right when the image is opened again (version 2: it stays
 * unused). Locks: `data` (for writing) and `map`; nobody uses the disk meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

enum { FIXED = 40, EXTRA = 16, MAX_SNAPSHOTS = 65536, MAX_EXTRA = 1024, MAX_TABLE_BYTES = 64 << 20 };

/* One of the image, besides what others are told. */
typedef struct Snapshot {
    BlockSnapshot public;
    uint64_t l1_offset;
    uint32_t l1_entries;
    uint64_t disk_bytes;        /* 0: not said, it is the image's */
    uint8_t *extra;             /* as it is in the file */
    uint32_t extra_bytes;
} Snapshot;

static void snapshots_free(Snapshot *s, uint32_t count)
{
    for (uint32_t i = 0; s && i < count; i++) {
        g_free(s[i].public.id);
        g_free(s[i].public.name);
        g_free(s[i].extra);
    }
    g_free(s);
}

static uint64_t padded(uint64_t bytes)
{
    return (bytes + 7) & ~7ull;
}

/* ---- the table in the file ---- */

static int read_snapshot(Qcow2 *q, uint64_t *at, Snapshot *s)
{
    uint8_t f[FIXED], *rest;
    uint16_t id_bytes, name_bytes;
    int ret = host_file_read(q->file, *at, f, sizeof(f));

    if (ret) {
        return ret;
    }
    s->l1_offset = read_be64(f);
    s->l1_entries = read_be32(f + 8);
    id_bytes = read_be16(f + 12);
    name_bytes = read_be16(f + 14);
    s->public.date_s = read_be32(f + 16);
    s->public.date_ns = read_be32(f + 20);
    s->public.clock_ns = read_be64(f + 24);
    s->public.state_bytes = read_be32(f + 32);
    s->extra_bytes = read_be32(f + 36);
    if (s->extra_bytes > MAX_EXTRA) {
        return -EIO;
    }
    rest = g_malloc0((size_t)s->extra_bytes + id_bytes + name_bytes + 1);
    ret = host_file_read(q->file, *at + FIXED, rest, (size_t)s->extra_bytes + id_bytes + name_bytes);
    s->extra = g_memdup2(rest, s->extra_bytes);
    s->public.id = g_strndup((char *)rest + s->extra_bytes, id_bytes);
    s->public.name = g_strndup((char *)rest + s->extra_bytes + id_bytes, name_bytes);
    if (s->extra_bytes >= 8) {
        s->public.state_bytes = read_be64(rest);
    }
    if (s->extra_bytes >= 16) {
        s->disk_bytes = read_be64(rest + 8);
    }
    g_free(rest);
    *at += padded(FIXED + (uint64_t)s->extra_bytes + id_bytes + name_bytes);
    return ret;
}

static int read_snapshots(Qcow2 *q, Snapshot **list, uint64_t *bytes)
{
    uint64_t at = q->snapshot_offset;
    int ret = 0;

    if (q->snapshots > MAX_SNAPSHOTS) {
        return -EIO;
    }
    *list = g_new0(Snapshot, q->snapshots + 1);
    for (uint32_t i = 0; !ret && i < q->snapshots; i++) {
        ret = read_snapshot(q, &at, &(*list)[i]);
    }
    *bytes = at - q->snapshot_offset;
    if (!ret && *bytes > MAX_TABLE_BYTES) {
        ret = -EIO;
    }
    if (ret) {
        snapshots_free(*list, q->snapshots);
        *list = NULL;
    }
    return ret;
}

static void put_snapshot(GByteArray *out, const Snapshot *s)
{
    uint16_t id_bytes = (uint16_t)strlen(s->public.id), name_bytes = (uint16_t)strlen(s->public.name);
    static const uint8_t zeroes[8];
    uint8_t f[FIXED];
    guint begin = out->len;

    write_be64(f, s->l1_offset);
    write_be32(f + 8, s->l1_entries);
    write_be16(f + 12, id_bytes);
    write_be16(f + 14, name_bytes);
    write_be32(f + 16, (uint32_t)s->public.date_s);
    write_be32(f + 20, s->public.date_ns);
    write_be64(f + 24, s->public.clock_ns);
    write_be32(f + 32, s->public.state_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)s->public.state_bytes);
    write_be32(f + 36, s->extra_bytes);
    g_byte_array_append(out, f, sizeof(f));
    g_byte_array_append(out, s->extra, s->extra_bytes);
    g_byte_array_append(out, (const uint8_t *)s->public.id, id_bytes);
    g_byte_array_append(out, (const uint8_t *)s->public.name, name_bytes);
    g_byte_array_append(out, zeroes, (guint)(padded(out->len - begin) - (out->len - begin)));
}

/* The header refers to a new table of these from now on; the old one, of old_bytes, is given back. */
static int write_snapshots(Qcow2 *q, const Snapshot *list, uint32_t count, uint64_t old_bytes)
{
    uint64_t offset = 0, old_offset = q->snapshot_offset;
    GByteArray *table = g_byte_array_new();
    uint8_t header[12];
    int ret = 0;

    for (uint32_t i = 0; i < count; i++) {
        put_snapshot(table, &list[i]);
    }
    if (table->len) {
        ret = qcow2_alloc_run(q, table->len, &offset);
        if (!ret) {
            ret = host_file_write(q->file, offset, table->data, table->len);
        }
    }
    g_byte_array_unref(table);
    if (!ret) {
        ret = host_file_flush(q->file);
    }
    if (!ret) {
        write_be32(header, count);
        write_be64(header + 4, offset);
        ret = host_file_write(q->file, QH_SNAPSHOTS, header, sizeof(header));
    }
    if (ret) {
        return ret;
    }
    q->snapshots = count;
    q->snapshot_offset = offset;
    return old_bytes ? qcow2_release_run(q, old_offset, old_bytes) : 0;
}

static Snapshot *find(Snapshot *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!strcmp(list[i].public.name, name)) {
            return &list[i];
        }
    }
    return NULL;
}

/* ---- the machine's state, behind the disk's end ---- */

/* Entries of the first-level table for a disk of so many bytes. */
static uint32_t l1_entries_for(const Qcow2 *q, uint64_t disk_bytes)
{
    unsigned bits = q->cluster_bits + q->cluster_bits - 3;

    return (uint32_t)((disk_bytes + (1ull << bits) - 1) >> bits);
}

static uint32_t disk_l1_entries(const Qcow2 *q)
{
    return l1_entries_for(q, q->image.bytes);
}

static uint64_t state_offset(const Qcow2 *q, uint64_t disk_bytes)
{
    return (uint64_t)l1_entries_for(q, disk_bytes) << (q->cluster_bits + q->cluster_bits - 3);
}

/* The active table has entries up to that offset. */
static int grow_l1(Qcow2 *q, uint64_t offset)
{
    uint32_t entries = (uint32_t)((offset >> (q->cluster_bits + q->cluster_bits - 3)) + 1);
    uint64_t *l1;

    if (entries <= q->l1_entries) {
        return 0;
    }
    entries += entries / 8;
    l1 = g_new0(uint64_t, entries);
    memcpy(l1, q->l1, q->l1_entries * 8ull);
    return qcow2_replace_l1(q, l1, entries);
}

/* The active table does not refer to a state any more. */
static int drop_state(Qcow2 *q)
{
    uint32_t first = disk_l1_entries(q), count = q->l1_entries - first;
    uint64_t *old;
    int ret;

    if (q->l1_entries <= first) {
        return 0;
    }
    old = g_memdup2(q->l1 + first, count * 8ull);
    memset(q->l1 + first, 0, count * 8ull);
    ret = qcow2_write_l1(q, q->l1_offset, q->l1, q->l1_entries);
    ret = ret ? ret : qcow2_count_l1(q, old, count, false);
    g_free(old);
    return ret;
}

static int write_state(Image *image, uint64_t offset, const void *buffer, size_t bytes)
{
    Qcow2 *q = (Qcow2 *)image;
    int ret;

    pthread_rwlock_wrlock(&q->data);
    pthread_mutex_lock(&q->map);
    ret = qcow2_set_dirty(q, true);
    if (!ret && !offset) {
        ret = drop_state(q);            /* what one has left who did not come to its end */
    }
    if (!ret) {
        ret = grow_l1(q, state_offset(q, image->bytes) + offset + bytes);
    }
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    return ret ? ret : image->ops->write(image, state_offset(q, image->bytes) + offset, buffer, bytes);
}

static int read_state(Image *image, const char *name, uint64_t offset, void *buffer, size_t bytes)
{
    Qcow2 *q = (Qcow2 *)image;
    uint64_t table_bytes, *l1 = NULL;
    Snapshot *list, *s;
    int ret;

    pthread_rwlock_wrlock(&q->data);
    pthread_mutex_lock(&q->map);
    ret = read_snapshots(q, &list, &table_bytes);
    s = ret ? NULL : find(list, q->snapshots, name);
    if (!ret && (!s || offset > s->public.state_bytes || bytes > s->public.state_bytes - offset)) {
        ret = -EIO;
    }
    if (!ret) {
        ret = qcow2_read_l1(q, s->l1_offset, s->l1_entries, &l1);
    }
    if (!ret) {
        uint64_t at = state_offset(q, s->disk_bytes ? s->disk_bytes : image->bytes);

        ret = qcow2_read_by_l1(q, l1, s->l1_entries, at + offset, buffer, bytes);
    }
    g_free(l1);
    snapshots_free(list, q->snapshots);
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    return ret;
}

/* ---- what is done to them; `data` (writing) and `map` are held ---- */

static int create(Qcow2 *q, const void *opaque, Snapshot *list, uint64_t old_bytes)
{
    const BlockSnapshot *what = opaque;
    Snapshot *s = &list[q->snapshots];
    unsigned long id = 1;
    int ret;

    for (uint32_t i = 0; i < q->snapshots; i++) {
        id = MAX(id, strtoul(list[i].public.id, NULL, 10) + 1);
    }
    s->public = *what;
    s->public.id = g_strdup_printf("%lu", id);
    s->public.name = g_strdup(what->name);
    s->extra_bytes = EXTRA;
    s->extra = g_malloc0(EXTRA);
    write_be64(s->extra, what->state_bytes);
    write_be64(s->extra + 8, q->image.bytes);
    s->l1_entries = q->l1_entries;
    ret = qcow2_alloc_run(q, q->l1_entries * 8ull, &s->l1_offset);
    ret = ret ? ret : qcow2_clear_copied(q);
    ret = ret ? ret : qcow2_count_l1(q, q->l1, q->l1_entries, true);
    ret = ret ? ret : qcow2_write_l1(q, s->l1_offset, q->l1, q->l1_entries);
    ret = ret ? ret : write_snapshots(q, list, q->snapshots + 1, old_bytes);
    ret = ret ? ret : drop_state(q);
    return ret;
}

static int delete(Qcow2 *q, const void *name, Snapshot *list, uint64_t old_bytes)
{
    Snapshot *s = find(list, q->snapshots, name), gone;
    uint32_t count = q->snapshots;
    uint64_t *l1 = NULL;
    int ret;

    if (!s) {
        return -ENOENT;
    }
    ret = qcow2_read_l1(q, s->l1_offset, s->l1_entries, &l1);
    gone = *s;
    if (!ret) {
        memmove(s, s + 1, (size_t)(list + count - s - 1) * sizeof(*s));
        list[count - 1] = gone;
        ret = write_snapshots(q, list, count - 1, old_bytes);
    }
    ret = ret ? ret : qcow2_count_l1(q, l1, gone.l1_entries, false);
    ret = ret ? ret : qcow2_release_run(q, gone.l1_offset, gone.l1_entries * 8ull);
    ret = ret ? ret : qcow2_mend_copied(q);
    g_free(l1);
    return ret;
}

static int revert(Qcow2 *q, const void *name, Snapshot *list, uint64_t old_bytes)
{
    Snapshot *s = find(list, q->snapshots, name);
    uint32_t entries = q->l1_entries;
    uint64_t *l1 = NULL, *new, *old;
    int ret;

    if (!s) {
        return -ENOENT;
    }
    if (s->disk_bytes && s->disk_bytes != q->image.bytes) {
        return -EINVAL;
    }
    ret = qcow2_read_l1(q, s->l1_offset, s->l1_entries, &l1);
    if (ret) {
        return ret;
    }
    new = g_new0(uint64_t, entries);
    memcpy(new, l1, MIN(MIN(entries, s->l1_entries), disk_l1_entries(q)) * 8ull);
    g_free(l1);
    old = g_memdup2(q->l1, entries * 8ull);
    ret = qcow2_count_l1(q, new, entries, true);
    if (!ret) {
        ret = qcow2_replace_l1(q, new, entries);
    } else {
        g_free(new);
    }
    ret = ret ? ret : qcow2_count_l1(q, old, entries, false);
    ret = ret ? ret : qcow2_mend_copied(q);
    g_free(old);
    return ret;
}

/* ---- the face ---- */

typedef int Change(Qcow2 *q, const void *what, Snapshot *list, uint64_t old_bytes);

/* With all snapshots read, and room for one more. What has failed half way leaves counts that are made right. */
static int change(Qcow2 *q, Change *fn, const void *what)
{
    uint64_t bytes;
    Snapshot *list;
    uint32_t count;
    int ret;

    if (q->image.readonly) {
        return -EROFS;
    }
    pthread_rwlock_wrlock(&q->data);
    pthread_mutex_lock(&q->map);
    count = q->snapshots;
    ret = read_snapshots(q, &list, &bytes);
    if (!ret) {
        Qcow2Check check;

        ret = fn(q, what, list, bytes);
        if (ret && ret != -ENOENT && ret != -EINVAL) {
            drop_state(q);
            qcow2_check(q, true, &check);
        }
        if (!ret) {
            ret = host_file_flush(q->file);
        }
        snapshots_free(list, count + 1);
    }
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    return ret;
}

static int snapshot_create(Image *image, const BlockSnapshot *what)
{
    /* Counts of one bit: nothing can be used twice. */
    return ((Qcow2 *)image)->refcount_order ? change((Qcow2 *)image, create, what) : -ENOTSUP;
}

static int snapshot_delete(Image *image, const char *name)
{
    return change((Qcow2 *)image, delete, name);
}

static int snapshot_revert(Image *image, const char *name)
{
    return change((Qcow2 *)image, revert, name);
}

static int snapshot_list(Image *image, BlockSnapshot **list, unsigned *count)
{
    Qcow2 *q = (Qcow2 *)image;
    Snapshot *all;
    uint64_t bytes;
    int ret;

    pthread_mutex_lock(&q->map);
    ret = read_snapshots(q, &all, &bytes);
    if (!ret) {
        *count = q->snapshots;
        *list = g_new0(BlockSnapshot, *count + 1);
        for (unsigned i = 0; i < *count; i++) {
            (*list)[i] = all[i].public;
            (*list)[i].id = g_strdup(all[i].public.id);
            (*list)[i].name = g_strdup(all[i].public.name);
        }
        snapshots_free(all, q->snapshots);
    }
    pthread_mutex_unlock(&q->map);
    return ret;
}

const ImageSnapshotOps qcow2_snapshot_ops = {
    .list = snapshot_list, .create = snapshot_create, .delete = snapshot_delete,
    .revert = snapshot_revert, .write_state = write_state, .read_state = read_state,
};
