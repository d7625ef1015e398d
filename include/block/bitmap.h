/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty bitmaps: which parts of a disk were written to since the bitmap was added or cleared, for backups of what has
 * changed. They belong to a disk that a device has, whatever image it has at present, and live as long as its medium
 * stays. Persistent ones are kept in the image that it has when it is closed, and come with it again. I/O thread;
 * functions that return a text return why it did not work, to be freed; NULL: it did. Implemented in block/bitmap.c.
 */
#ifndef BLOCK_BITMAP_H
#define BLOCK_BITMAP_H
#include "block/block.h"

typedef struct BlockBitmap BlockBitmap;

/* Whose bitmaps an order names: a disk, or what a node has that no disk has; NULL: there is none. */
BlockBackend *block_bitmap_owner(const char *name);
/* ... of such a node, if it has any; else NULL. */
BlockBackend *block_node_face(const char *name);

enum { BLOCK_BITMAP_GRANULARITY = 64 << 10 };
/* granularity: bytes that a bit stands for, a power of two from 512. */
char *block_bitmap_add(BlockBackend *blk, const char *name, uint64_t granularity, bool recording, bool persistent);
char *block_bitmap_remove(BlockBackend *blk, const char *name);
char *block_bitmap_clear(BlockBackend *blk, const char *name);
char *block_bitmap_record(BlockBackend *blk, const char *name, bool on);
/* What is dirty in `source` of the disk `from` is so in `name`, too. */
char *block_bitmap_merge(BlockBackend *blk, const char *name, BlockBackend *from, const char *source);

typedef struct BlockBitmapInfo {
    const char *name;
    uint64_t granularity, dirty_bytes;
    bool recording, busy;       /* busy: a backup uses it */
    bool persistent;
    bool inconsistent;          /* its image was not closed: it can only be removed */
} BlockBitmapInfo;
/* Number i, from 0. False: there are no more. */
bool block_bitmap_info(BlockBackend *blk, unsigned i, BlockBitmapInfo *info);

/* All of them, or those that no image keeps, go to another one, if it has none of the name. */
void block_bitmap_move(BlockBackend *from, BlockBackend *to, bool kept_too);

/* To undo what comes: how it is now (NULL: there is none), and back to that. */
void block_bitmap_free(BlockBitmap *copy);               /* NULL is allowed */
BlockBitmap *block_bitmap_copy(BlockBackend *blk, const char *name);
void block_bitmap_put_back(BlockBackend *blk, const char *name, BlockBitmap *copy);

/* ---- for backups ---- */
/*
 * A backup of what is dirty now begins, while the disk is held; `clear`: what is written from now on is for the next
 * one. It ends with block_bitmap_end(): if it has not worked, all of it is for the next one.
 */
char *block_bitmap_begin(BlockBackend *blk, const char *name, bool clear, BlockBitmap **bitmap);
/* Was any of the bytes dirty at the beginning? */
bool block_bitmap_was_dirty(const BlockBitmap *bitmap, uint64_t offset, uint64_t bytes);
void block_bitmap_end(BlockBitmap *bitmap, bool worked);
/* The same of the byte at `offset`, and for how many of the `bytes` it is so. Any thread. */
bool block_bitmap_run(const BlockBitmap *bitmap, uint64_t offset, uint64_t bytes, uint64_t *run);

/* ---- for the back end ---- */
/* Any thread, any lock may be held: the bytes are about to change. */
void block_bitmap_note(BlockBackend *blk, uint64_t offset, uint64_t bytes);
/* The medium goes. */
void block_bitmap_drop_all(BlockBackend *blk);
/* There is a medium, maybe another one than before: persistent bitmaps are those of its image. */
void block_bitmap_load(BlockBackend *blk);
/* The image is about to be closed: it keeps the persistent ones. */
void block_bitmap_keep(BlockBackend *blk);
#endif
