/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying a disk while the guest uses it. A copy is an image in front of the disk's own one: requests go through it,
 * and a thread goes over the disk meanwhile. Who writes and who copies have the bytes locked, a range each, so that
 *   - a mirror's target gets each write of the guest after, or together with, what was there before,
 *   - a backup's target gets what was there when the backup began: a write first copies what it is about to change,
 *   - streaming into the image itself never puts old bytes over new ones.
 * An error of the target is the copy's, never the guest's. Implemented in block/copy.c.
 */
#ifndef BLOCK_COPY_H
#define BLOCK_COPY_H
#include "block/image.h"
#include "qemu/io-loop.h"

typedef struct CopyImage CopyImage;

typedef enum CopyMode { COPY_MIRROR, COPY_BACKUP, COPY_STREAM } CopyMode;
typedef enum CopyWhat {
    COPY_ALL,                   /* the disk as the guest sees it */
    COPY_TOP,                   /* what the images in front of `floor` have */
    COPY_NEW,                   /* nothing but what the guest writes from now on */
} CopyWhat;

enum { COPY_PIECE = 64 << 10 };

/* Whole pieces [first, last] that somebody has for himself; on its owner's stack. */
typedef struct CopyRange {
    uint64_t first, last;
    struct CopyRange *next;
} CopyRange;
/* Wait until nobody has any of the pieces; bytes > 0. Any thread. */
void copy_lock(CopyImage *copy, CopyRange *range, uint64_t offset, uint64_t bytes);
void copy_unlock(CopyImage *copy, CopyRange *range);

/*
 * The images stay the caller's; target NULL: the source itself (COPY_STREAM), which gets what the images between it and
 * `floor` have. floor: one of those behind the source; NULL: all of them count. failed: posted when a write of the
 * guest meets an error of the target. NULL: no memory.
 */
CopyImage *copy_new(Image *source, Image *target, CopyMode mode, CopyWhat what, Image *floor, IOWork *failed);
/* No request is under way and no thread copies. */
void copy_free(CopyImage *copy);
/* A backup's piece at this offset is not to be copied. Before the copy is used. */
void copy_leave_out(CopyImage *copy, uint64_t offset);
Image *copy_image(CopyImage *copy);     /* what the disk's requests go to */
/*
 * Copy the piece at this offset, a multiple of COPY_PIECE, if it is to be copied; 0 or a negative errno, and then
 * whether it is the target's. Any thread.
 */
int copy_piece(CopyImage *copy, uint64_t offset, bool *target);
/*
 * Errors of the target that this does not report are not the copy's end: what it misses is to be copied again. Before
 * the copy is used. It misses the piece; a piece that it misses, which is not noted any more (false:
 * none); copy that; the first error of a write of the guest since the last call, 0: none. Any thread.
 */
void copy_tolerate(CopyImage *copy, BlockErrorPolicy on_target_error);
void copy_miss(CopyImage *copy, uint64_t offset);
bool copy_misses(CopyImage *copy, uint64_t *offset);
int copy_again(CopyImage *copy, uint64_t offset, bool *target);
int copy_take_missed_error(CopyImage *copy);
/* The first error of the target that a write of the guest met; 0: none. Any thread. */
int copy_error(CopyImage *copy);
#endif
