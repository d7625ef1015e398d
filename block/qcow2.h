/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images (the published format, versions 2 and 3), inside block/.
 *
 * A disk is divided into clusters. A two-level table (L1, L2) tells for each guest cluster where it is in the file; a
 * two-level table of reference counts tells which file clusters are in use.
 *
 * What survives what:
 *  - kill: metadata is written through (into the host's page cache) in the order count, data, L2 entry, so at most one
 *    cluster is counted and not used.
 *  - the host's power failing: version 3 images carry the dirty bit from the first allocation to their closing, and an
 *    image that is opened with the bit set gets its counts made anew from its tables. In version 2 images a count is on
 *    the disk before its cluster is used. A cluster that was freed is not used again before a flush.
 *
 * Locks, in their order: `data` (read-write): held for reading while a transfer uses clusters that it looked up, for
 * writing by what takes clusters away; `map`: tables, their caches and the counts.
 */
#ifndef BLOCK_QCOW2_H
#define BLOCK_QCOW2_H
#include <glib.h>
#include <pthread.h>
#include "block/host-file.h"
#include "block/image.h"

enum { QCOW2_CACHED_TABLES = 32 };

/* Header, at byte 0 of the file, big-endian. */
enum {
    QCOW2_MAGIC = 0x514649fb,
    QH_VERSION = 4, QH_BACKING_OFFSET = 8, QH_BACKING_SIZE = 16, QH_CLUSTER_BITS = 20, QH_SIZE = 24, QH_CRYPT = 32,
    QH_L1_SIZE = 36, QH_L1_OFFSET = 40, QH_REFTABLE_OFFSET = 48, QH_REFTABLE_CLUSTERS = 56, QH_SNAPSHOTS = 60,
    QH_SNAPSHOT_OFFSET = 64, QH_INCOMPATIBLE = 72, QH_COMPATIBLE = 80, QH_AUTOCLEAR = 88, QH_REFCOUNT_ORDER = 96,
    QH_LENGTH = 100, QH_V2_LENGTH = 72, QH_V3_LENGTH = 104,
};
enum { QCOW2_EXT_END = 0, QCOW2_EXT_BITMAPS = 0x23852875, QCOW2_EXT_BACKING_FORMAT = 0xe2792aca };    /* behind it */
enum { QI_DIRTY = 1, QI_CORRUPT = 2, QI_DATA_FILE = 4, QI_COMPRESSION = 8, QI_EXTENDED_L2 = 16 };
enum { QC_LAZY_COUNTS = 1 };           /* of QH_COMPATIBLE */
enum { QA_BITMAPS = 1 };                /* of QH_AUTOCLEAR: whoever wrote last knew of the bitmaps */

#define QCOW2_OFFSET      0x00fffffffffffe00ull     /* of L1 and standard L2 entries */
#define QCOW2_COPIED      (1ull << 63)              /* the cluster's count is 1: it may be written in place */
#define QCOW2_COMPRESSED  (1ull << 62)
#define QCOW2_ZERO        1ull                      /* reads as zeroes (version 3) */

/* Tables of one cluster each, L2 or counts, as they are in the file. lock: map */
typedef struct TableCache {
    struct { uint64_t offset; uint8_t *data; uint64_t used; } table[QCOW2_CACHED_TABLES];
    uint64_t clock;
} TableCache;

typedef struct Qcow2 {
    Image image;
    HostFile *file;             /* constant */
    Image *backing;             /* NULL: what is not allocated reads as zeroes. Atomic: qcow2_commit() changes it */
    Image *backing_for_reading; /* what it was before that; NULL: it has not changed */
    unsigned version, cluster_bits, refcount_order;     /* constant */
    uint64_t cluster_size;      /* constant */
    bool lazy_counts;           /* constant: the file says that counts may be late; here they never are */
    uint32_t l1_entries;        /*                                                        lock: map */
    uint64_t l1_offset;         /*                                                        lock: map */
    uint32_t snapshots;         /*                                                        lock: map */
    uint64_t snapshot_offset;   /*                                                        lock: map */
    pthread_rwlock_t data;
    pthread_mutex_t map;
    uint64_t *l1;               /* host byte order.                                       lock: map */
    uint64_t *reftable;         /* offsets of tables of counts, host byte order.          lock: map */
    uint64_t reftable_offset;   /*                                                        lock: map */
    uint32_t reftable_entries;  /*                                                        lock: map */
    TableCache l2, counts;      /*                                                        lock: map */
    uint64_t next_free;         /* every cluster below is in use, or was freed since the last flush. lock: map */
    GHashTable *unsynced;       /* clusters freed since the last flush.                   lock: map */
    uint8_t *changed;           /* clusters written since a commit began, a bit each; NULL: none goes on. lock: map */
    bool copy_on_read;          /* constant: what is read of images behind this one becomes its own */
    uint32_t bitmaps;           /* how many the file keeps.                               lock: map */
    uint64_t bitmaps_offset, bitmaps_bytes;     /* their directory.                       lock: map */
    bool bitmaps_fresh;         /* true until the guest's data changes; nobody has them.  lock: map */
    GPtrArray *kept;            /* to be the file's when it is closed; NULL: as they are. I/O thread */
    bool dirty;                 /* the dirty bit is set in the file.                      lock: map */
    bool corrupt;               /* it takes no more writes.                               lock: map */
    bool said_corrupt;          /* somebody was told of what is not fatal.                lock: map */
} Qcow2;

typedef enum { CLUSTER_UNALLOCATED, CLUSTER_ZERO, CLUSTER_DATA, CLUSTER_COMPRESSED } ClusterKind;
typedef struct Mapping {
    ClusterKind kind;
    uint64_t entry;             /* the L2 entry of the first cluster */
    uint64_t host;              /* DATA: where the byte asked for is */
    uint64_t bytes;             /* DATA: as many follow one another, at most those asked for; else up to its end */
    bool in_place;              /* DATA: may be written there */
} Mapping;

static inline uint64_t qcow2_within(const Qcow2 *q, uint64_t offset)
{
    return offset & (q->cluster_size - 1);
}

/* ---- qcow2.c ---- */
extern const ImageOps qcow2_ops;
/* All but the file. */
void qcow2_free(Qcow2 *q);

/* ---- qcow2-map.c; lock: map ---- */
int qcow2_map(Qcow2 *q, uint64_t offset, uint64_t bytes, Mapping *m);
/* Write an L2 entry; its table is allocated, or copied if it is shared with a snapshot. */
int qcow2_set_entry(Qcow2 *q, uint64_t offset, uint64_t entry);
/* The table at `offset` of the file, one cluster, from the cache or the file; valid until the next call. */
int qcow2_table(Qcow2 *q, TableCache *cache, uint64_t offset, uint8_t **table);
/* A new table of zeroes at `offset`, in the cache and the file. */
int qcow2_table_new(Qcow2 *q, TableCache *cache, uint64_t offset);
/* Write `bytes` of a cached table through to the file. */
int qcow2_table_write(Qcow2 *q, uint64_t offset, const uint8_t *table, uint64_t at, unsigned bytes);
void qcow2_cache_free(TableCache *cache);
/* File bytes of a compressed cluster's data. */
void qcow2_compressed_range(const Qcow2 *q, uint64_t entry, uint64_t *offset, uint64_t *bytes);

/* ---- qcow2-refcount.c; lock: map ---- */
int qcow2_refcount(Qcow2 *q, uint64_t cluster, uint64_t *count);
int qcow2_set_refcount(Qcow2 *q, uint64_t cluster, uint64_t count);
/* A cluster nobody uses; its count is 1 afterwards. */
int qcow2_alloc(Qcow2 *q, uint64_t *offset);
/* One reference less to what an L2 entry refers to (data, compressed or nothing). */
int qcow2_release_entry(Qcow2 *q, uint64_t entry);
int qcow2_release(Qcow2 *q, uint64_t offset);
/* Set or clear the dirty bit; the bit is on the host's disk when this returns. -EIO: the image is corrupt. */
int qcow2_set_dirty(Qcow2 *q, bool dirty);
/*
 * A table has led to what cannot be. An image that is written to is marked in the file, and takes no more writes;
 * somebody is told, once. `bytes` 0: there is no place to name. -EIO.
 */
int qcow2_corrupted(Qcow2 *q, uint64_t offset, uint64_t bytes, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- qcow2-resize.c ---- */
/* -EFBIG: its table would be too long; -ENOTSUP: it would be shorter. */
int qcow2_resize(Image *image, uint64_t bytes);

/* ---- qcow2-backing.c: as ImageOps has them ---- */
Image *qcow2_backing(Image *image);
Image *qcow2_swap_backing(Image *image, Image *behind);
int qcow2_forget_backing(Image *image);
int qcow2_name_backing(Image *image, const char *path, const char *format);
int qcow2_allocation(Image *image, uint64_t offset, uint64_t bytes);
/* All extensions of the header but one type, copied to the same place; where they end, or 0: they are damaged. */
size_t qcow2_copy_extensions(const uint8_t *from, size_t at, size_t end, uint8_t *to, uint32_t without);
/* ---- qcow2-map.c: as ImageOps has it ---- */
int qcow2_extent(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run);

/* ---- qcow2-create.c ---- */
/* An image in the empty file. */
struct BlockNewImage;
int qcow2_format(HostFile *file, const struct BlockNewImage *what);

/* ---- qcow2-commit.c ---- */
int qcow2_commit(Image *image, char **error);
/* The guest's cluster at the offset is written, or dropped; lock: map. */
void qcow2_mark_changed(Qcow2 *q, uint64_t offset);
/* ---- qcow2-l1.c; locks: data for writing, map ---- */
/* Clusters behind one another, at least that many bytes, each counted once; and once less. */
int qcow2_alloc_run(Qcow2 *q, uint64_t bytes, uint64_t *offset);
int qcow2_release_run(Qcow2 *q, uint64_t offset, uint64_t bytes);
/* Count all that the table refers to once more, or once less. */
int qcow2_count_l1(Qcow2 *q, const uint64_t *l1, uint32_t entries, bool more);
/* To and from the file, whole clusters; *l1 has offsets only (g_free()). */
int qcow2_write_l1(Qcow2 *q, uint64_t offset, const uint64_t *l1, uint32_t entries);
int qcow2_read_l1(Qcow2 *q, uint64_t offset, uint32_t entries, uint64_t **l1);
/* The table becomes the active one, at a new place of the file; it is the image's if 0 is returned. */
int qcow2_replace_l1(Qcow2 *q, uint64_t *l1, uint32_t entries);
/* Nothing may be written in place any more: no active entry says COPIED. */
int qcow2_clear_copied(Qcow2 *q);
/* Guest bytes as that table has them, without those of an image behind this one. */
int qcow2_read_by_l1(Qcow2 *q, const uint64_t *l1, uint32_t entries, uint64_t offset, uint8_t *buffer, size_t bytes);

/* ---- qcow2-bitmaps.c; lock: map ---- */
extern const ImageBitmapOps qcow2_bitmap_ops;
/* What the header says of them, if it is true. h: the file's first cluster. */
void qcow2_find_bitmaps(Qcow2 *q, const uint8_t *h);
/* Bytes of memory that their bits need; 0: there are none, or the directory is damaged. */
uint64_t qcow2_bitmaps_memory(Qcow2 *q);
/* The guest's data is to change while nobody has them in memory. */
int qcow2_spoil_bitmaps(Qcow2 *q);
/* Call for all clusters of the directory, of tables and of bits. An error: the directory is damaged. */
int qcow2_each_bitmap_run(Qcow2 *q, void (*fn)(void *opaque, uint64_t offset, uint64_t bytes), void *opaque);
/* The file has these and no others. Takes `data` and `map`. */
int qcow2_store_bitmaps(Qcow2 *q, const GPtrArray *list);

/* ---- qcow2-snapshot.c ---- */
extern const ImageSnapshotOps qcow2_snapshot_ops;

/* ---- qcow2-check.c ---- */
/* COPIED says that a count is 1; make it say so of every entry of the active tables. Locks: data for writing, map. */
int qcow2_mend_copied(Qcow2 *q);
typedef struct Qcow2Check {
    uint64_t leaks;             /* clusters that are counted more often than used */
    uint64_t errors;            /* clusters that are counted less often than used, and references to nowhere */
    uint64_t repaired;
} Qcow2Check;
/* Compare all counts with what the tables refer to; `repair` makes them right. Nobody else uses the image. */
int qcow2_check(Qcow2 *q, bool repair, Qcow2Check *result);
#endif
