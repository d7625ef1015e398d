/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fleecing: the target of a backup is an image that has the disk itself behind it. It gets old bytes when the guest is
 * about to overwrite them, has all else from the disk, and so is the disk as it was when the backup began: others can
 * read it while the guest goes on. Implemented in block/fleece.c. I/O thread, but for what the images' own calls do.
 */
#ifndef BLOCK_FLEECE_H
#define BLOCK_FLEECE_H
#include "block/copy.h"

struct BlockBackend;

/* What stands behind an image that has the disk behind it; it can be read while a backup goes on. */
Image *fleece_disk_new(const struct BlockBackend *disk);
/* The one in the chain of `image`; NULL: none. */
Image *fleece_find_disk(Image *image);
const struct BlockBackend *fleece_disk_of(const Image *image);
/* What it reads from now on; NULL: nothing. Nobody reads it at the moment. */
void fleece_disk_set(Image *image, Image *source);

/* The target as it is to be read by others. It does not own it, and is closed before the copy is freed. */
Image *fleece_target_new(CopyImage *copy, Image *target);
#endif
