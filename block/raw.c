/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw images: the file's bytes are the disk's, all of them or a part (offset=, size=). Needs no lock of its own. A size
 * that is no multiple of 512 is rounded up; what lies behind the file's end reads as zeroes and appears when it is
 * written.
 */
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include "block/host-file.h"
#include "block/image.h"

typedef struct RawImage {
    Image image;
    HostFile *file;
    bool guessed;               /* constant */
    uint64_t begin;             /* constant: where in the file the disk begins */
    bool is_part;               /* constant: the file has more behind its end, or may have */
} RawImage;

static HostFile *raw_file(Image *image)
{
    return ((RawImage *)image)->file;
}

/* Where in the file a byte of the disk is. */
static uint64_t at(Image *image, uint64_t offset)
{
    return ((RawImage *)image)->begin + offset;
}

static int raw_read(Image *image, uint64_t offset, void *buffer, size_t bytes)
{
    return host_file_read(raw_file(image), at(image, offset), buffer, bytes);
}

static int raw_write(Image *image, uint64_t offset, const void *buffer, size_t bytes)
{
    if (offset == 0 && ((RawImage *)image)->guessed && image_format_of(buffer, bytes)) {
        return -EPERM;          /* at the next start it would be opened as that, and could name the host's files */
    }
    return host_file_write(raw_file(image), at(image, offset), buffer, bytes);
}

static int raw_write_zeroes(Image *image, uint64_t offset, uint64_t bytes, bool unmap)
{
    return host_file_write_zeroes(raw_file(image), at(image, offset), bytes, unmap);
}

static int raw_flush(Image *image)
{
    return host_file_flush(raw_file(image));
}

static void raw_close(Image *image)
{
    host_file_close(raw_file(image));
    g_free(image->path);
    g_free(image);
}

/* The kernel carries out a transfer if it need not be looked at, cut or aligned, and no border is another one's. */
static int raw_transfer_fd(Image *image, bool write, uint64_t offset, const void *buffer, size_t bytes)
{
    HostFile *file = raw_file(image);
    bool aligned = !((offset | bytes | (uintptr_t)buffer) & (file->align - 1));

    if (!aligned || ((RawImage *)image)->begin || (write && file->align > 512) ||
        (write && offset == 0 && ((RawImage *)image)->guessed)) {
        return -1;
    }
    if (write) {
        write_threshold_note(&file->threshold, offset + bytes);
    }
    return file->fd;
}

static int raw_resize(Image *image, uint64_t bytes)
{
    int ret = ((RawImage *)image)->is_part ? -ENOTSUP : host_file_resize(raw_file(image), at(image, bytes));

    if (!ret) {
        __atomic_store_n(&image->bytes, bytes, __ATOMIC_RELAXED);
    }
    return ret;
}

static int raw_extent(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    HostFile *file = raw_file(image);

    return file->ops->extent ? file->ops->extent(file, at(image, offset), bytes, run) : 0;
}

static int raw_lock(Image *image, HostFileLock lock)
{
    return host_file_lock(raw_file(image), lock);
}

static void raw_interrupt(Image *image)
{
    host_file_interrupt(raw_file(image));
}

static const ImageOps raw_ops = {
    .format = "raw", .read = raw_read, .write = raw_write, .write_zeroes = raw_write_zeroes, .flush = raw_flush,
    .close = raw_close, .transfer_fd = raw_transfer_fd, .interrupt = raw_interrupt,
    .resize = raw_resize, .lock = raw_lock, .file = raw_file, .extent = raw_extent,
};

Image *raw_open(HostFile *file, const ImageOptions *options, char **error)
{
    const uint64_t begin = options->raw_offset;
    int64_t size = host_file_size(file);
    RawImage *raw;

    if (size < 0) {
        *error = g_strdup_printf("'%s': %s", file->path, strerror((int)-size));
        return NULL;
    }
    if (begin > (uint64_t)size || options->raw_bytes > (uint64_t)size - begin) {
        *error = g_strdup_printf("'%s' has %" PRIi64 " bytes: offset=%" PRIu64 ",size=%" PRIu64 " is beyond its end",
                                 file->path, size, begin, options->raw_bytes);
        return NULL;
    }
    size = options->raw_bytes ? (int64_t)options->raw_bytes : size - (int64_t)begin;
    raw = g_new0(RawImage, 1);
    raw->image = (Image) { .ops = &raw_ops, .path = g_strdup(file->path), .readonly = file->readonly,
                           .bytes = ((uint64_t)size + 511) & ~(uint64_t)511 };
    raw->file = file;
    raw->guessed = !options->format;
    raw->begin = begin;
    raw->is_part = options->raw_bytes;
    return &raw->image;
}
