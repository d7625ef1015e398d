/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty bitmaps (block/bitmap.h). A bit is set before the image changes, while the request counts as under way, so that
 * whoever holds the disk (blk_hold()) has the bits of all that was written and of nothing else. Without a bitmap a
 * request costs the look at a pointer.
 */
#include <string.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "block/nbd-server.h"
#include "qemu/log.h"

enum { GRANULARITY_MIN = 512, SHIFT_MAX = 31, NAME_MAX_BYTES = 1023 };

struct BlockBitmap {
    char *name;                 /* constant, like the next one */
    unsigned shift;             /* a bit stands for 1 << shift bytes */
    bool persistent;            /* constant: the image keeps it */
    bool inconsistent;          /* constant: its image was not closed, and what is dirty is not known */
    bool recording;             /* lock: bitmaps_lock, like all that follow */
    bool busy;
    bool clear;                 /* busy: `was` is no longer in `bits` */
    GByteArray *bits;           /* as long as it must be */
    GByteArray *was;            /* busy: `bits` at the beginning; NULL: not busy */
    BlockBitmap *next;
};

static GMutex bitmaps_lock;     /* nothing is taken below it */

/* ---- bits ---- */

static bool bit(const GByteArray *bits, uint64_t n)
{
    return n / 8 < bits->len && bits->data[n / 8] >> (n % 8) & 1;
}

static void set_bits(GByteArray *bits, uint64_t first, uint64_t last)
{
    const guint was = bits->len;

    if (last / 8 >= was) {
        g_byte_array_set_size(bits, (guint)(last / 8 + 1));
        memset(bits->data + was, 0, bits->len - was);
    }
    for (uint64_t n = first; n <= last; n++) {
        if (n % 8 == 0 && last - n >= 8) {
            bits->data[n / 8] = 0xff;
            n += 7;
        } else {
            bits->data[n / 8] |= (uint8_t)(1u << (n % 8));
        }
    }
}

static void mark(BlockBitmap *b, uint64_t offset, uint64_t bytes)
{
    set_bits(b->bits, offset >> b->shift, (offset + bytes - 1) >> b->shift);
}

static GByteArray *copy_bits(const GByteArray *bits)
{
    GByteArray *copy = g_byte_array_new();

    return g_byte_array_append(copy, bits->data, bits->len);
}

/* Of the same granularity. */
static void add_bits(GByteArray *to, const GByteArray *from)
{
    for (uint64_t n = 0; n < (uint64_t)from->len * 8; n++) {
        if (bit(from, n)) {
            set_bits(to, n, n);
        }
    }
}

/* ---- the back end ---- */

void block_bitmap_note(BlockBackend *blk, uint64_t offset, uint64_t bytes)
{
    if (!__atomic_load_n(&blk->bitmaps, __ATOMIC_ACQUIRE) || !bytes) {
        return;
    }
    g_mutex_lock(&bitmaps_lock);
    for (BlockBitmap *b = blk->bitmaps; b; b = b->next) {
        if (b->recording) {
            mark(b, offset, bytes);
        }
    }
    g_mutex_unlock(&bitmaps_lock);
}

static BlockBitmap **find(BlockBackend *blk, const char *name)
{
    BlockBitmap **p = &blk->bitmaps;

    while (*p && strcmp((*p)->name, name)) {
        p = &(*p)->next;
    }
    return p;
}

void block_bitmap_free(BlockBitmap *b)
{
    if (b) {
        g_free(b->name);
        g_byte_array_unref(b->bits);
        g_clear_pointer(&b->was, g_byte_array_unref);
        g_free(b);
    }
}

static void take_out(BlockBitmap **p)
{
    BlockBitmap *b = *p;

    g_mutex_lock(&bitmaps_lock);
    __atomic_store_n(p, b->next, __ATOMIC_RELEASE);
    g_mutex_unlock(&bitmaps_lock);
    block_bitmap_free(b);
}

static void put_in(BlockBackend *blk, BlockBitmap *b)
{
    BlockBitmap **end = &blk->bitmaps;

    g_mutex_lock(&bitmaps_lock);
    while (*end) {
        end = &(*end)->next;
    }
    __atomic_store_n(end, b, __ATOMIC_RELEASE);
    g_mutex_unlock(&bitmaps_lock);
}

void block_bitmap_drop_all(BlockBackend *blk)
{
    while (blk->bitmaps) {
        take_out(&blk->bitmaps);
    }
}

void block_bitmap_move(BlockBackend *from, BlockBackend *to, bool kept_too)
{
    nbd_export_forget_bitmaps(from);
    for (BlockBitmap **p = &from->bitmaps; *p;) {
        BlockBitmap *b = *p, **there = find(to, b->name);

        if (b->persistent && !kept_too) {
            p = &b->next;
            continue;
        }
        g_mutex_lock(&bitmaps_lock);
        __atomic_store_n(p, b->next, __ATOMIC_RELEASE);
        g_mutex_unlock(&bitmaps_lock);
        b->next = NULL;
        if (*there && (*there)->inconsistent) {
            take_out(there);    /* read of a file that does not know better */
        }
        if (*find(to, b->name)) {
            block_bitmap_free(b);
        } else {
            put_in(to, b);
        }
    }
}

/* ---- in the image ---- */

static const ImageBitmapOps *ops(const BlockBackend *blk)
{
    return blk->image ? blk->image->ops->bitmaps : NULL;
}

static void free_kept(gpointer p)
{
    ImageBitmap *b = p;

    g_free(b->name);
    g_byte_array_unref(b->bits);
    g_free(b);
}

static void load_one(BlockBackend *blk, const ImageBitmap *from)
{
    BlockBitmap *b = g_new0(BlockBitmap, 1);

    b->name = g_strdup(from->name);
    b->shift = from->granularity_bits;
    b->persistent = true;
    b->inconsistent = from->inconsistent;
    b->recording = from->recording && !from->inconsistent;
    b->bits = g_byte_array_ref(from->bits);
    put_in(blk, b);
}

void block_bitmap_load(BlockBackend *blk)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(free_kept);
    int ret;

    for (BlockBitmap **p = &blk->bitmaps; *p;) {
        if ((*p)->persistent) {
            take_out(p);
        } else {
            p = &(*p)->next;
        }
    }
    ret = ops(blk) ? ops(blk)->load(blk->image, list) : 0;
    for (guint i = 0; i < list->len; i++) {
        load_one(blk, g_ptr_array_index(list, i));
    }
    if (ret) {
        error_report("'%s': its bitmaps cannot be used: %s", blk->path, strerror(-ret));
    }
    g_ptr_array_unref(list);
}

void block_bitmap_keep(BlockBackend *blk)
{
    GPtrArray *list;

    if (!blk->image || blk->image->readonly) {
        return;
    }
    list = g_ptr_array_new_with_free_func(free_kept);
    g_mutex_lock(&bitmaps_lock);
    for (const BlockBitmap *b = blk->bitmaps; b; b = b->next) {
        if (b->persistent) {
            ImageBitmap *to = g_new0(ImageBitmap, 1);

            *to = (ImageBitmap) { .name = g_strdup(b->name), .granularity_bits = b->shift, .recording = b->recording,
                                  .inconsistent = b->inconsistent, .bits = copy_bits(b->bits) };
            g_ptr_array_add(list, to);
        }
    }
    g_mutex_unlock(&bitmaps_lock);
    if (ops(blk) && ops(blk)->possible(blk->image, SHIFT_MAX)) {
        ops(blk)->keep(blk->image, list);
        return;
    }
    if (list->len) {
        error_report("'%s' can keep no bitmaps: those of '%s' are gone", blk->path, blk->id);
    }
    g_ptr_array_unref(list);
}

/* ---- orders ---- */

/* The bitmap, if nobody uses it. NULL: *error. */
static BlockBitmap *usable(BlockBackend *blk, const char *name, char **error)
{
    BlockBitmap *b = *find(blk, name);

    if (!b) {
        *error = g_strdup_printf("Dirty bitmap '%s' not found", name);
    } else if (b->busy) {
        *error = g_strdup_printf("Bitmap '%s' is currently in use by another operation and cannot be used", name);
        b = NULL;
    }
    return b;
}

/* The same, and it is known what is dirty. */
static BlockBitmap *consistent(BlockBackend *blk, const char *name, char **error)
{
    BlockBitmap *b = usable(blk, name, error);

    if (b && b->inconsistent) {
        *error = g_strdup_printf("Bitmap '%s' is inconsistent and cannot be used: its image was not closed "
                                 "(block-dirty-bitmap-remove removes it)", name);
        b = NULL;
    }
    return b;
}

/* Is there memory for one more, when the image is opened next? */
static bool has_room(const BlockBackend *blk, unsigned shift)
{
    uint64_t bytes = ops(blk)->memory(blk->image, shift);

    for (const BlockBitmap *b = blk->bitmaps; b; b = b->next) {
        bytes += b->persistent ? ops(blk)->memory(blk->image, b->shift) : 0;
    }
    return bytes <= IMAGE_BITMAPS_BYTES;
}

/* Why its image keeps no bitmaps; NULL: it can. */
static const char *not_kept(const BlockBackend *blk, unsigned shift)
{
    return !blk->image ? "another job or disk has it"
           : blk->options.snapshot ? "it is a temporary one (snapshot=on)" : blk->image->readonly ? "it is read-only"
           : !ops(blk) || !ops(blk)->possible(blk->image, SHIFT_MAX) ? "it is no qcow2 image of version 3"
           : !ops(blk)->possible(blk->image, shift) ? "it is too long for a granularity so fine"
           : !has_room(blk, shift) ? "its bitmaps would need more than 256 MiB of memory (remove some of them)" : NULL;
}

char *block_bitmap_add(BlockBackend *blk, const char *name, uint64_t granularity, bool recording, bool persistent)
{
    const char *no;
    BlockBitmap *b;

    if (!blk_has_medium(blk) && !blk->is_node) {
        return g_strdup_printf("Device '%s' has no medium", blk_id(blk));
    }
    if (!*name || strlen(name) > NAME_MAX_BYTES) {
        return g_strdup(*name ? "Bitmap name too long" : "Bitmap name cannot be empty");
    }
    if (*find(blk, name)) {
        return g_strdup_printf("Bitmap already exists: %s", name);
    }
    if (granularity < GRANULARITY_MIN || granularity > 1u << SHIFT_MAX || granularity & (granularity - 1)) {
        return g_strdup("Granularity must be a power of two from 512 to 2 GiB");
    }
    no = persistent ? not_kept(blk, (unsigned)__builtin_ctzll(granularity)) : NULL;
    if (no) {
        return g_strdup_printf("bitmap '%s' cannot be kept in '%s': %s", name, blk->path, no);
    }
    b = g_new0(BlockBitmap, 1);
    b->name = g_strdup(name);
    b->persistent = persistent;
    b->shift = (unsigned)__builtin_ctzll(granularity);
    b->recording = recording;
    b->bits = g_byte_array_new();
    put_in(blk, b);
    return NULL;
}

char *block_bitmap_remove(BlockBackend *blk, const char *name)
{
    char *error = NULL;

    if (usable(blk, name, &error)) {
        take_out(find(blk, name));
    }
    return error;
}

char *block_bitmap_clear(BlockBackend *blk, const char *name)
{
    char *error = NULL;
    BlockBitmap *b = consistent(blk, name, &error);

    if (b) {
        g_mutex_lock(&bitmaps_lock);
        g_byte_array_set_size(b->bits, 0);
        g_mutex_unlock(&bitmaps_lock);
    }
    return error;
}

char *block_bitmap_record(BlockBackend *blk, const char *name, bool on)
{
    char *error = NULL;
    BlockBitmap *b = consistent(blk, name, &error);

    if (b) {
        g_mutex_lock(&bitmaps_lock);
        b->recording = on;
        g_mutex_unlock(&bitmaps_lock);
    }
    return error;
}

char *block_bitmap_merge(BlockBackend *blk, const char *name, BlockBackend *from, const char *source)
{
    char *error = NULL;
    BlockBitmap *b = consistent(blk, name, &error), *s = error ? NULL : consistent(from, source, &error);

    if (error) {
        return error;
    }
    g_mutex_lock(&bitmaps_lock);
    for (uint64_t n = 0; n < (uint64_t)s->bits->len * 8; n++) {
        if (bit(s->bits, n)) {
            mark(b, n << s->shift, 1ull << s->shift);
        }
    }
    g_mutex_unlock(&bitmaps_lock);
    return NULL;
}

bool block_bitmap_info(BlockBackend *blk, unsigned i, BlockBitmapInfo *info)
{
    const BlockBitmap *b = blk->bitmaps;

    while (b && i--) {
        b = b->next;
    }
    if (b) {
        uint64_t dirty = 0;

        g_mutex_lock(&bitmaps_lock);
        for (guint n = 0; n < b->bits->len; n++) {
            dirty += (uint64_t)__builtin_popcount(b->bits->data[n]) << b->shift;
        }
        *info = (BlockBitmapInfo) { .name = b->name, .granularity = 1ull << b->shift, .dirty_bytes = dirty,
                                    .recording = b->recording, .busy = b->busy,
                                    .persistent = b->persistent, .inconsistent = b->inconsistent };
        g_mutex_unlock(&bitmaps_lock);
    }
    return b;
}

BlockBitmap *block_bitmap_copy(BlockBackend *blk, const char *name)
{
    const BlockBitmap *b = *find(blk, name);
    BlockBitmap *copy;

    if (!b) {
        return NULL;
    }
    copy = g_new0(BlockBitmap, 1);
    g_mutex_lock(&bitmaps_lock);
    *copy = (BlockBitmap) { .name = g_strdup(name), .shift = b->shift, .recording = b->recording,
                            .persistent = b->persistent, .inconsistent = b->inconsistent,
                            .bits = copy_bits(b->bits) };
    g_mutex_unlock(&bitmaps_lock);
    return copy;
}

void block_bitmap_put_back(BlockBackend *blk, const char *name, BlockBitmap *copy)
{
    BlockBitmap **now = find(blk, name);

    if (*now && (*now)->busy) {
        block_bitmap_free(copy);      /* whoever uses it has refused the change that is to be undone */
        return;
    }
    if (*now) {
        take_out(now);
    }
    if (copy) {
        put_in(blk, copy);
    }
}

/* ---- backups ---- */

char *block_bitmap_begin(BlockBackend *blk, const char *name, bool clear, BlockBitmap **bitmap)
{
    char *error = NULL;
    BlockBitmap *b = consistent(blk, name, &error);

    if (b) {
        g_mutex_lock(&bitmaps_lock);
        b->busy = true;
        b->clear = clear;
        b->was = copy_bits(b->bits);
        if (clear) {
            g_byte_array_set_size(b->bits, 0);
        }
        g_mutex_unlock(&bitmaps_lock);
        *bitmap = b;
    }
    return error;
}

bool block_bitmap_was_dirty(const BlockBitmap *b, uint64_t offset, uint64_t bytes)
{
    for (uint64_t n = offset >> b->shift; n <= (offset + bytes - 1) >> b->shift; n++) {
        if (bit(b->was, n)) {
            return true;
        }
    }
    return false;
}

bool block_bitmap_run(const BlockBitmap *b, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    const uint64_t end = ((offset + bytes - 1) >> b->shift) + 1;
    uint64_t n = offset >> b->shift;
    const bool dirty = bit(b->was, n);
    const uint8_t same = dirty ? 0xff : 0;

    while (n < end && bit(b->was, n) == dirty) {
        if (n / 8 >= b->was->len) {
            n = end;            /* all that is missing is clean */
        } else {
            n += n % 8 == 0 && b->was->data[n / 8] == same ? 8 : 1;
        }
    }
    *run = MIN((n << b->shift) - offset, bytes);
    return dirty;
}

void block_bitmap_end(BlockBitmap *b, bool worked)
{
    g_mutex_lock(&bitmaps_lock);
    if (b->clear && !worked) {
        add_bits(b->bits, b->was);
    }
    g_clear_pointer(&b->was, g_byte_array_unref);
    b->busy = false;
    g_mutex_unlock(&bitmaps_lock);
}
