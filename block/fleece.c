/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fleecing (block/fleece.h). Who reads has the pieces locked that he reads, as who writes to the disk has: between the
 * look whether the target has a piece itself and the reading of the disk no write of the guest gets in.
 *
 * The disk behind the target is read without that lock: by the readers above, who have it, and by the target itself
 * when it fills a cluster of its own, for which any bytes do that are not yet overwritten; those that are it has.
 */
#include <errno.h>
#include "block/backend-internal.h"
#include "block/fleece.h"

/* ---- the disk behind ---- */

typedef struct FleeceDisk {
    Image image;
    const BlockBackend *disk;   /* constant */
    Image *source;              /* atomic; NULL: no backup goes on */
} FleeceDisk;

static Image *source_of(Image *image)
{
    return __atomic_load_n(&((FleeceDisk *)image)->source, __ATOMIC_ACQUIRE);
}

static int disk_read(Image *image, uint64_t offset, void *buffer, size_t bytes)
{
    Image *source = source_of(image);

    return source ? image_read(source, offset, buffer, bytes) : -EIO;
}

static int no_write(Image *image, uint64_t offset, const void *buffer, size_t bytes)
{
    return -EROFS;
}

static int no_write_zeroes(Image *image, uint64_t offset, uint64_t bytes, bool unmap)
{
    return -EROFS;
}

static int nothing_to_flush(Image *image)
{
    return 0;
}

static int disk_extent(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    Image *source = source_of(image);

    return source ? image_extent(source, offset, bytes, run) : 0;
}

static int no_lock(Image *image, HostFileLock lock)
{
    return 0;
}

static void disk_interrupt(Image *image)
{
    Image *source = source_of(image);

    if (source) {
        image_interrupt(source);
    }
}

static void disk_close(Image *image)
{
    g_free(image->path);
    g_free(image);
}

static const ImageOps disk_ops = {
    .format = "raw", .read = disk_read, .write = no_write, .write_zeroes = no_write_zeroes,
    .flush = nothing_to_flush, .close = disk_close, .extent = disk_extent, .lock = no_lock,
    .interrupt = disk_interrupt,
};

Image *fleece_disk_new(const BlockBackend *disk)
{
    FleeceDisk *f = g_new0(FleeceDisk, 1);

    f->image = (Image) { .ops = &disk_ops, .path = g_strdup(disk->path), .bytes = blk_bytes(disk), .readonly = true };
    f->disk = disk;
    return &f->image;
}

Image *fleece_find_disk(Image *image)
{
    while (image && image->ops != &disk_ops) {
        image = image_backing(image);
    }
    return image;
}

const BlockBackend *fleece_disk_of(const Image *image)
{
    return ((const FleeceDisk *)image)->disk;
}

void fleece_disk_set(Image *image, Image *source)
{
    if (source) {
        __atomic_store_n(&image->bytes, image_bytes(source), __ATOMIC_RELAXED);
    }
    __atomic_store_n(&((FleeceDisk *)image)->source, source, __ATOMIC_RELEASE);
}

/* ---- the target for its readers ---- */

typedef struct FleeceTarget {
    Image image;
    CopyImage *copy;            /* constant, like the next one */
    Image *target;
} FleeceTarget;

static int target_read(Image *image, uint64_t offset, void *buffer, size_t bytes)
{
    const FleeceTarget *f = (FleeceTarget *)image;
    uint8_t *to = buffer;
    int ret = 0;

    while (bytes && !ret) {
        const size_t n = MIN(bytes, COPY_PIECE - offset % COPY_PIECE);
        CopyRange range;

        copy_lock(f->copy, &range, offset, n);
        ret = image_read(f->target, offset, to, n);
        copy_unlock(f->copy, &range);
        to += n;
        offset += n;
        bytes -= n;
    }
    return ret;
}

static int target_extent(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    const FleeceTarget *f = (FleeceTarget *)image;
    CopyRange range;
    int ret;

    copy_lock(f->copy, &range, offset, bytes);
    ret = image_extent(f->target, offset, bytes, run);
    copy_unlock(f->copy, &range);
    return ret;
}

static Image *target_backing(Image *image)
{
    return image_backing(((FleeceTarget *)image)->target);
}

static bool target_has_backing(const Image *image)
{
    return true;
}

static void target_interrupt(Image *image)
{
    image_interrupt(((FleeceTarget *)image)->target);
}

static struct HostFile *target_file(Image *image)
{
    Image *target = ((FleeceTarget *)image)->target;

    return target->ops->file(target);
}

static const ImageOps target_ops = {
    .format = "qcow2", .read = target_read, .write = no_write, .write_zeroes = no_write_zeroes,
    .flush = nothing_to_flush, .close = disk_close, .extent = target_extent, .backing = target_backing,
    .has_backing = target_has_backing, .lock = no_lock, .interrupt = target_interrupt, .file = target_file,
};

Image *fleece_target_new(CopyImage *copy, Image *target)
{
    FleeceTarget *f = g_new0(FleeceTarget, 1);

    f->image = (Image) { .ops = &target_ops, .path = g_strdup(target->path), .bytes = image_bytes(target),
                         .readonly = true };
    f->copy = copy;
    f->target = target;
    return &f->image;
}
