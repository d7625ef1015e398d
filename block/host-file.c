/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all places of an image's bytes have in common: choosing the driver, alignment, zeroes by writing them. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "block/host-file.h"

typedef struct Driver {
    const char *name;
    HostFile *(*open)(const char *path, const ImageOptions *options, char **error);
    const char *prefix[2];      /* of paths that are for it although nobody named it */
} Driver;

static const Driver drivers[] = {
    { "file", posix_file_open, { "file:" } },
    { "host_device", posix_file_open, { NULL } },
    { "nbd", nbd_file_open, { "nbd:", "nbd+unix:" } },
    { "null-co", null_file_open, { "null-co://" } },
    { "null-aio", null_file_open, { "null-aio://" } },
};

static bool is_for(const Driver *d, const char *path, const ImageOptions *options)
{
    if (options->driver) {
        return !strcmp(d->name, options->driver);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(d->prefix); i++) {
        if (d->prefix[i] && g_str_has_prefix(path, d->prefix[i])) {
            return true;
        }
    }
    return false;
}

HostFile *host_file_open(const char *path, const ImageOptions *options, char **error)
{
    const Driver *driver = &drivers[0];
    HostFile *file;

    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (is_for(&drivers[i], path, options)) {
            driver = &drivers[i];
            break;
        }
    }
    file = driver->open(path, options, error);
    if (file) {
        file->path = g_strdup(path);
        pthread_rwlock_init(&file->edges, NULL);
    }
    return file;
}

void host_file_close(HostFile *file)
{
    if (file) {
        pthread_rwlock_destroy(&file->edges);
        g_free(file->path);
        file->ops->close(file);
    }
}

int64_t host_file_size(HostFile *file)
{
    return file->ops->size(file);
}

static bool is_whole(const HostFile *file, uint64_t offset, uint64_t bytes)
{
    return !((offset | bytes) & (file->align - 1));
}

static bool is_aligned(const HostFile *file, uint64_t offset, const void *buffer, size_t bytes)
{
    return is_whole(file, offset, bytes) && !((uintptr_t)buffer & (file->align - 1));
}

/* Through a buffer that covers the range; a write reads its borders first. With `edges` held as it takes. */
static int bounce(HostFile *file, uint64_t offset, void *in, const void *out, size_t bytes)
{
    uint64_t mask = file->align - 1, begin = offset & ~mask, end = (offset + bytes + mask) & ~mask;
    size_t length = (size_t)(end - begin);
    uint8_t *buffer;
    int ret = 0;

    if (posix_memalign((void **)&buffer, HOST_FILE_ALIGN, length)) {
        return -ENOMEM;
    }
    if (in || !is_whole(file, offset, bytes)) {
        ret = file->ops->read(file, begin, buffer, length);
    }
    if (!ret && in) {
        memcpy(in, buffer + (offset - begin), bytes);
    } else if (!ret) {
        memcpy(buffer + (offset - begin), out, bytes);
        ret = file->ops->write(file, begin, buffer, length);
    }
    free(buffer);
    return ret;
}

int host_file_read(HostFile *file, uint64_t offset, void *buffer, size_t bytes)
{
    if (!bytes) {
        return 0;
    }
    return is_aligned(file, offset, buffer, bytes) ? file->ops->read(file, offset, buffer, bytes)
                                                   : bounce(file, offset, buffer, NULL, bytes);
}

int host_file_write(HostFile *file, uint64_t offset, const void *buffer, size_t bytes)
{
    int ret;

    write_threshold_note(&file->threshold, offset + bytes);
    if (!bytes || file->align <= 1) {
        return bytes ? file->ops->write(file, offset, buffer, bytes) : 0;
    }
    if (is_whole(file, offset, bytes)) {
        pthread_rwlock_rdlock(&file->edges);
    } else {
        pthread_rwlock_wrlock(&file->edges);
    }
    ret = is_aligned(file, offset, buffer, bytes) ? file->ops->write(file, offset, buffer, bytes)
                                                  : bounce(file, offset, NULL, buffer, bytes);
    pthread_rwlock_unlock(&file->edges);
    return ret;
}

static int write_zero_bytes(HostFile *file, uint64_t offset, uint64_t bytes)
{
    enum { PIECE = 1 << 20 };
    uint8_t *zeroes;
    int ret = 0;

    if (posix_memalign((void **)&zeroes, HOST_FILE_ALIGN, PIECE)) {
        return -ENOMEM;
    }
    memset(zeroes, 0, PIECE);
    while (bytes && !ret) {
        size_t n = bytes < PIECE ? (size_t)bytes : PIECE;

        ret = host_file_write(file, offset, zeroes, n);
        offset += n;
        bytes -= n;
    }
    free(zeroes);
    return ret;
}

int host_file_write_zeroes(HostFile *file, uint64_t offset, uint64_t bytes, bool unmap)
{
    int ret;

    write_threshold_note(&file->threshold, offset + bytes);
    ret = bytes && is_whole(file, offset, bytes) ? file->ops->write_zeroes(file, offset, bytes, unmap) : -EOPNOTSUPP;
    return ret == -EOPNOTSUPP ? write_zero_bytes(file, offset, bytes) : ret;
}

int host_file_flush(HostFile *file)
{
    return file->ops->flush(file);
}

int host_file_resize(HostFile *file, uint64_t bytes)
{
    return file->ops->resize ? file->ops->resize(file, bytes) : -ENOTSUP;
}

int host_file_lock(HostFile *file, HostFileLock lock)
{
    return file->ops->lock ? file->ops->lock(file, lock) : 0;
}

void host_file_interrupt(HostFile *file)
{
    if (file->ops->interrupt) {
        file->ops->interrupt(file);
    }
}
