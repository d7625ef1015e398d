/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: dirty bitmaps that are kept in the image (the published format's bitmaps extension, version 3). A directory
 * names them; each has a table of clusters with its bits. An autoclear bit says that whoever wrote last knew of them.
 *
 * While somebody keeps them in memory they are marked as in use, and what the file says of them is not true: after a
 * kill they stay so, and can only be removed. They are written anew when the image is closed: everything at new places,
 * then the header in one write, then the old clusters are free. Locks: `data` (for writing) and `map`.
 */
#include <errno.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

enum { IN_USE = 1, AUTO = 2, EXTRA_COMPATIBLE = 4 };            /* flags of an entry */
enum { TYPE_DIRTY = 1, BITS_MIN = 9, BITS_MAX = 31, NAME_MAX_BYTES = 1023 };
enum { FIXED = 24, MAX_BITMAPS = 65535, MAX_DIRECTORY = 64 << 20, MAX_BYTES = 64 << 20 };
enum { EXTENSION_BYTES = 24 };
#define TABLE_OFFSET 0x00fffffffffffe00ull
#define TABLE_ONES   1ull

/* An entry of the directory. */
typedef struct Entry {
    uint64_t table;
    uint32_t clusters;          /* entries of its table */
    uint8_t *flags;             /* in the directory's bytes */
    unsigned type, granularity_bits;
    uint32_t extra_bytes;
    const char *name;           /* not ended */
    unsigned name_bytes;
} Entry;

static bool is_sound(const Qcow2 *q, uint32_t count, uint64_t bytes, uint64_t offset)
{
    return count && count <= MAX_BITMAPS && bytes >= count * (uint64_t)FIXED && bytes <= MAX_DIRECTORY && offset &&
           !qcow2_within(q, offset) && offset < 1ull << 56;
}

void qcow2_find_bitmaps(Qcow2 *q, const uint8_t *h)
{
    const uint64_t name = read_be64(h + QH_BACKING_OFFSET);
    const uint64_t end = name && name < q->cluster_size ? name : q->cluster_size;
    uint64_t at = q->version >= 3 ? read_be32(h + QH_LENGTH) : end;

    if (q->version < 3 || !(read_be64(h + QH_AUTOCLEAR) & QA_BITMAPS)) {
        return;                 /* somebody has written without them */
    }
    while (at + 8 <= end && read_be32(h + at)) {
        const uint32_t bytes = read_be32(h + at + 4);

        if (bytes > end - at - 8) {
            return;
        }
        if (read_be32(h + at) == QCOW2_EXT_BITMAPS && bytes >= EXTENSION_BYTES &&
            is_sound(q, read_be32(h + at + 8), read_be64(h + at + 16), read_be64(h + at + 24))) {
            q->bitmaps = read_be32(h + at + 8);
            q->bitmaps_bytes = read_be64(h + at + 16);
            q->bitmaps_offset = read_be64(h + at + 24);
            q->bitmaps_fresh = !q->image.readonly;
        }
        at += 8 + ((bytes + 7ull) & ~7ull);
    }
}

/* ---- the directory in the file ---- */

/* Its bytes; g_free(). */
static int read_directory(Qcow2 *q, uint8_t **directory)
{
    *directory = g_try_malloc(q->bitmaps_bytes);
    return *directory ? host_file_read(q->file, q->bitmaps_offset, *directory, q->bitmaps_bytes) : -ENOMEM;
}

/* The entry at *at, which goes on to the next one. */
static int next_entry(const Qcow2 *q, uint8_t *directory, uint64_t *at, Entry *e)
{
    uint8_t *f = directory + *at;
    const uint64_t left = q->bitmaps_bytes - *at;
    uint64_t bytes;

    if (left < FIXED) {
        return -EIO;
    }
    *e = (Entry) { .table = read_be64(f), .clusters = read_be32(f + 8), .flags = f + 12, .type = f[16],
                   .granularity_bits = f[17], .name_bytes = read_be16(f + 18), .extra_bytes = read_be32(f + 20) };
    bytes = FIXED + (uint64_t)e->extra_bytes + e->name_bytes;
    if (bytes > left || !e->name_bytes || e->name_bytes > NAME_MAX_BYTES || qcow2_within(q, e->table) ||
        e->clusters > MAX_BYTES / 512 || e->table >= 1ull << 56 ||
        (e->clusters && e->table + e->clusters * 8ull > (uint64_t)host_file_size(q->file))) {
        return -EIO;
    }
    e->name = (const char *)f + FIXED + e->extra_bytes;
    *at = MIN(*at + ((bytes + 7) & ~7ull), q->bitmaps_bytes);
    return 0;
}

static int read_table(Qcow2 *q, const Entry *e, uint64_t **table)
{
    const size_t bytes = (size_t)e->clusters * 8;
    int ret;

    *table = g_try_malloc(bytes + 8);
    ret = !*table ? -ENOMEM : bytes ? host_file_read(q->file, e->table, *table, bytes) : 0;
    for (uint32_t i = 0; !ret && i < e->clusters; i++) {
        (*table)[i] = read_be64((const uint8_t *)(*table + i));
        ret = qcow2_within(q, (*table)[i] & TABLE_OFFSET) ? -EIO : 0;
    }
    return ret;
}

int qcow2_each_bitmap_run(Qcow2 *q, void (*fn)(void *opaque, uint64_t offset, uint64_t bytes), void *opaque)
{
    uint8_t *directory = NULL;
    uint64_t at = 0;
    int ret = q->bitmaps ? read_directory(q, &directory) : 0;

    if (q->bitmaps && !ret) {
        fn(opaque, q->bitmaps_offset, q->bitmaps_bytes);
    }
    for (uint32_t i = 0; !ret && i < q->bitmaps; i++) {
        uint64_t *table = NULL;
        Entry e;

        ret = next_entry(q, directory, &at, &e);
        ret = ret ? ret : read_table(q, &e, &table);
        if (!ret && e.clusters) {
            fn(opaque, e.table, e.clusters * 8ull);
        }
        for (uint32_t c = 0; !ret && c < e.clusters; c++) {
            if (table[c] & TABLE_OFFSET) {
                fn(opaque, table[c] & TABLE_OFFSET, q->cluster_size);
            }
        }
        g_free(table);
    }
    g_free(directory);
    return ret;
}

/* What the file says of them is no longer true. */
int qcow2_spoil_bitmaps(Qcow2 *q)
{
    uint8_t *directory = NULL;
    uint64_t at = 0;
    int ret = read_directory(q, &directory);

    for (uint32_t i = 0; !ret && i < q->bitmaps; i++) {
        Entry e;

        ret = next_entry(q, directory, &at, &e);
        if (!ret) {
            write_be32(e.flags, read_be32(e.flags) | IN_USE);
        }
    }
    ret = ret ? ret : host_file_write(q->file, q->bitmaps_offset, directory, q->bitmaps_bytes);
    ret = ret ? ret : host_file_flush(q->file);
    if (!ret) {
        q->bitmaps_fresh = false;
    }
    g_free(directory);
    return ret;
}

/* ---- into memory ---- */

/* How many bytes of bits the disk has. */
static uint64_t bytes_of_bits(const Qcow2 *q, unsigned granularity_bits)
{
    return (((q->image.bytes + (1ull << granularity_bits) - 1) >> granularity_bits) + 7) / 8;
}

static uint64_t clusters_of(const Qcow2 *q, uint64_t bytes)
{
    return (bytes + q->cluster_size - 1) >> q->cluster_bits;
}

uint64_t qcow2_bitmaps_memory(Qcow2 *q)
{
    uint8_t *directory = NULL;
    uint64_t at = 0, bytes = 0;
    int ret = q->bitmaps ? read_directory(q, &directory) : 0;

    for (uint32_t i = 0; !ret && i < q->bitmaps; i++) {
        Entry e;

        ret = next_entry(q, directory, &at, &e);
        if (!ret && !(read_be32(e.flags) & IN_USE) && e.granularity_bits >= BITS_MIN &&
            e.granularity_bits <= BITS_MAX) {
            bytes += bytes_of_bits(q, e.granularity_bits);
        }
    }
    g_free(directory);
    return ret ? 0 : bytes;
}

static int read_bits(Qcow2 *q, const Entry *e, GByteArray *bits)
{
    const uint64_t bytes = bytes_of_bits(q, e->granularity_bits);
    uint64_t *table = NULL;
    int ret = bytes > MAX_BYTES || clusters_of(q, bytes) != e->clusters ? -EIO : read_table(q, e, &table);

    if (!ret) {
        g_byte_array_set_size(bits, (guint)bytes);
        memset(bits->data, 0, bytes);
    }
    for (uint32_t c = 0; !ret && c < e->clusters; c++) {
        const uint64_t begin = (uint64_t)c << q->cluster_bits, n = MIN(q->cluster_size, bytes - begin);

        if (table[c] & TABLE_OFFSET) {
            ret = host_file_read(q->file, table[c] & TABLE_OFFSET, bits->data + begin, n);
        } else if (table[c] & TABLE_ONES) {
            memset(bits->data + begin, 0xff, n);
        }
    }
    g_free(table);
    return ret;
}

static ImageBitmap *read_bitmap(Qcow2 *q, const Entry *e)
{
    ImageBitmap *b = g_new0(ImageBitmap, 1);
    const uint32_t flags = read_be32(e->flags);

    b->name = g_strndup(e->name, e->name_bytes);
    b->granularity_bits = e->granularity_bits;
    b->recording = flags & AUTO;
    b->bits = g_byte_array_new();
    b->inconsistent = flags & IN_USE || e->type != TYPE_DIRTY || e->granularity_bits < BITS_MIN ||
                      e->granularity_bits > BITS_MAX || (e->extra_bytes && !(flags & EXTRA_COMPATIBLE)) ||
                      read_bits(q, e, b->bits);
    if (b->inconsistent) {
        g_byte_array_set_size(b->bits, 0);
        b->granularity_bits = CLAMP(b->granularity_bits, BITS_MIN, BITS_MAX);
        while (bytes_of_bits(q, b->granularity_bits) > MAX_BYTES) {
            b->granularity_bits++;
        }
    }
    return b;
}

static int load(Image *image, GPtrArray *list)
{
    Qcow2 *q = (Qcow2 *)image;
    uint8_t *directory = NULL;
    uint64_t at = 0;
    int ret;

    pthread_rwlock_wrlock(&q->data);
    pthread_mutex_lock(&q->map);
    ret = qcow2_bitmaps_memory(q) > IMAGE_BITMAPS_BYTES ? -ENOMEM : q->bitmaps ? read_directory(q, &directory) : 0;
    for (uint32_t i = 0; !ret && i < q->bitmaps; i++) {
        Entry e;

        ret = next_entry(q, directory, &at, &e);
        if (!ret) {
            g_ptr_array_add(list, read_bitmap(q, &e));
        }
    }
    if (!ret && q->bitmaps_fresh) {
        ret = qcow2_spoil_bitmaps(q);
    }
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    g_free(directory);
    return ret;
}

/* ---- into the file ---- */

static bool is_all(const uint8_t *p, size_t bytes, uint8_t value)
{
    return bytes && p[0] == value && !memcmp(p, p + 1, bytes - 1);
}

/* A cluster of bits at a new place, if it needs one; its entry of the table. */
static int write_bits(Qcow2 *q, const GByteArray *bits, uint64_t begin, uint64_t *entry)
{
    const size_t there = begin < bits->len ? MIN(q->cluster_size, bits->len - begin) : 0;
    uint8_t *cluster;
    int ret;

    *entry = 0;
    if (!there || is_all(bits->data + begin, there, 0)) {
        return 0;
    }
    if (there == q->cluster_size && is_all(bits->data + begin, there, 0xff)) {
        *entry = TABLE_ONES;
        return 0;
    }
    cluster = g_try_malloc0(q->cluster_size);
    ret = cluster ? qcow2_alloc(q, entry) : -ENOMEM;
    if (!ret) {
        memcpy(cluster, bits->data + begin, there);
        ret = host_file_write(q->file, *entry, cluster, q->cluster_size);
    }
    g_free(cluster);
    return ret;
}

/* Bits and table at new places; an entry of the directory. */
static int write_bitmap(Qcow2 *q, const ImageBitmap *b, GByteArray *directory)
{
    const uint64_t bytes = bytes_of_bits(q, b->granularity_bits);
    const uint64_t clusters = clusters_of(q, bytes);
    const size_t name = strlen(b->name);
    const uint8_t zeroes[8] = { 0 };
    uint8_t f[FIXED] = { 0 }, *table = g_try_malloc0(clusters * 8 + 8);
    uint64_t offset = 0;
    int ret = bytes > MAX_BYTES ? -EFBIG : table ? 0 : -ENOMEM;

    for (uint64_t c = 0; !ret && c < clusters; c++) {
        uint64_t entry;

        ret = write_bits(q, b->bits, c << q->cluster_bits, &entry);
        write_be64(table + c * 8, entry);
    }
    if (!ret && clusters) {
        ret = qcow2_alloc_run(q, clusters * 8, &offset);
        ret = ret ? ret : host_file_write(q->file, offset, table, clusters * 8);
    }
    g_free(table);
    write_be64(f, offset);
    write_be32(f + 8, (uint32_t)clusters);
    write_be32(f + 12, (b->recording ? AUTO : 0) | (b->inconsistent ? IN_USE : 0));
    f[16] = TYPE_DIRTY;
    f[17] = (uint8_t)b->granularity_bits;
    write_be16(f + 18, (uint16_t)name);
    g_byte_array_append(directory, f, sizeof(f));
    g_byte_array_append(directory, (const uint8_t *)b->name, (guint)name);
    g_byte_array_append(directory, zeroes, -directory->len & 7);
    return ret;
}

/* The first cluster with another extension, or without; false: there is no room. */
static bool build_header(const Qcow2 *q, const uint8_t *old, uint8_t *h, const uint8_t *extension)
{
    const uint64_t begin = read_be32(old + QH_LENGTH), name = read_be64(old + QH_BACKING_OFFSET);
    const uint32_t name_bytes = read_be32(old + QH_BACKING_SIZE);
    size_t at;

    if (begin > q->cluster_size || name > q->cluster_size || (name && name_bytes > q->cluster_size - name)) {
        return false;
    }
    memcpy(h, old, begin);
    at = qcow2_copy_extensions(old, begin, name ? (size_t)name : q->cluster_size, h, QCOW2_EXT_BITMAPS);
    if (!at || at + 8 + EXTENSION_BYTES + 8 + (name ? name_bytes : 0) > q->cluster_size) {
        return false;
    }
    if (extension) {
        write_be32(h + at, QCOW2_EXT_BITMAPS);
        write_be32(h + at + 4, EXTENSION_BYTES);
        memcpy(h + at + 8, extension, EXTENSION_BYTES);
        at += 8 + EXTENSION_BYTES;
    }
    at += 8;                    /* the end of the extensions */
    if (name) {
        memcpy(h + at, old + name, name_bytes);
        write_be64(h + QH_BACKING_OFFSET, at);
    }
    write_be64(h + QH_AUTOCLEAR, extension ? QA_BITMAPS : 0);
    return true;
}

static int write_header(Qcow2 *q, const uint8_t *extension)
{
    uint8_t *old = g_try_malloc(q->cluster_size), *h = g_try_malloc0(q->cluster_size);
    int ret = old && h ? host_file_read(q->file, 0, old, q->cluster_size) : -ENOMEM;

    if (!ret) {
        ret = build_header(q, old, h, extension) ? host_file_write(q->file, 0, h, q->cluster_size) : -ENOSPC;
    }
    g_free(old);
    g_free(h);
    return ret ? ret : host_file_flush(q->file);
}

typedef struct Run {
    uint64_t offset, bytes;
} Run;

static void note_run(void *opaque, uint64_t offset, uint64_t bytes)
{
    const Run run = { offset, bytes };

    g_array_append_val((GArray *)opaque, run);
}

static int release_runs(Qcow2 *q, const GArray *runs)
{
    int ret = 0;

    for (guint i = 0; !ret && i < runs->len; i++) {
        const Run *r = &g_array_index(runs, Run, i);

        ret = qcow2_release_run(q, r->offset, r->bytes);
    }
    return ret;
}

/* All of them at new places, then the header. What an error leaves over, the dirty bit has made right. */
static int write_all(Qcow2 *q, const GPtrArray *list)
{
    GByteArray *directory = g_byte_array_new();
    uint8_t extension[EXTENSION_BYTES] = { 0 };
    uint64_t offset = 0;
    int ret = 0;

    for (guint i = 0; !ret && i < list->len; i++) {
        ret = write_bitmap(q, g_ptr_array_index(list, i), directory);
    }
    if (!ret && directory->len) {
        ret = qcow2_alloc_run(q, directory->len, &offset);
        ret = ret ? ret : host_file_write(q->file, offset, directory->data, directory->len);
    }
    ret = ret ? ret : host_file_flush(q->file);
    write_be32(extension, list->len);
    write_be64(extension + 8, directory->len);
    write_be64(extension + 16, offset);
    ret = ret ? ret : write_header(q, list->len ? extension : NULL);
    if (!ret) {
        q->bitmaps = list->len;
        q->bitmaps_bytes = directory->len;
        q->bitmaps_offset = offset;
        q->bitmaps_fresh = list->len;
    }
    g_byte_array_unref(directory);
    return ret;
}

int qcow2_store_bitmaps(Qcow2 *q, const GPtrArray *list)
{
    GArray *old = g_array_new(FALSE, FALSE, sizeof(Run));
    int ret;

    pthread_rwlock_wrlock(&q->data);
    pthread_mutex_lock(&q->map);
    ret = q->bitmaps || list->len ? qcow2_set_dirty(q, true) : 0;
    ret = ret ? ret : qcow2_each_bitmap_run(q, note_run, old);
    if (!ret && (q->bitmaps || list->len)) {
        ret = write_all(q, list);
        ret = ret ? ret : release_runs(q, old);
    }
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    g_array_unref(old);
    return ret;
}

/* ---- the face ---- */

static bool possible(const Image *image, unsigned granularity_bits)
{
    const Qcow2 *q = (const Qcow2 *)image;

    return q->version >= 3 && !image->readonly && bytes_of_bits(q, granularity_bits) <= MAX_BYTES;
}

static uint64_t memory(const Image *image, unsigned granularity_bits)
{
    return bytes_of_bits((const Qcow2 *)image, granularity_bits);
}

static void keep(Image *image, GPtrArray *list)
{
    Qcow2 *q = (Qcow2 *)image;

    g_clear_pointer(&q->kept, g_ptr_array_unref);
    q->kept = list;
}

const ImageBitmapOps qcow2_bitmap_ops = { .possible = possible, .memory = memory, .load = load, .keep = keep };
