/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the bytes of an image are: a file or block device of the host (posix-file.c), an NBD server (nbd.c), or nowhere
 * (null.c). They are read and written at offsets, by any thread and several at once. Results are 0 or a negative
 * errno; what lies behind the end reads as zeroes. The functions here align; the drivers' ops get what they can take.
 */
#ifndef BLOCK_HOST_FILE_H
#define BLOCK_HOST_FILE_H
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "block/image.h"

typedef struct HostFile HostFile;

typedef struct HostFileOps {
    const char *driver;
    /* Offsets, lengths and buffers are multiples of `align`; bytes > 0. */
    int (*read)(HostFile *file, uint64_t offset, void *buffer, size_t bytes);
    int (*write)(HostFile *file, uint64_t offset, const void *buffer, size_t bytes);
    /* -EOPNOTSUPP: zeroes are to be written. */
    int (*write_zeroes)(HostFile *file, uint64_t offset, uint64_t bytes, bool unmap);
    int (*flush)(HostFile *file);
    /* In bytes, or a negative errno. */
    int64_t (*size)(HostFile *file);
    /* As image_extent(). NULL: all is data. */
    int (*extent)(HostFile *file, uint64_t offset, uint64_t bytes, uint64_t *run);
    /* Cut it off or lengthen it. NULL: its size is fixed. */
    int (*resize)(HostFile *file, uint64_t bytes);
    int (*lock)(HostFile *file, HostFileLock lock);     /* NULL: there are no locks. -EBUSY: somebody has another one */
    /* Any thread: whoever waits for an answer gets -EIO, and so does everybody from now on. NULL: it cannot. */
    void (*interrupt)(HostFile *file);
    void (*close)(HostFile *file);
} HostFileOps;

struct HostFile {
    const HostFileOps *ops;     /* constant, like all but the last two */
    char *path;
    bool readonly;
    bool direct;                /* past the host's page cache */
    unsigned align;             /* of offsets, lengths and buffers; a power of 2, at most HOST_FILE_ALIGN */
    int fd;                     /* for asynchronous transfers (block/aio.h); -1: none */
    /* If align > 1: for writing by who writes a part of such a piece, for reading by who writes whole ones. */
    pthread_rwlock_t edges;
    WriteThreshold threshold;
};

enum { HOST_FILE_ALIGN = 4096 };        /* what any HostFile can take without a copy */

/* NULL: failed, *error says why. Opens what options->driver says, or what the path looks like. */
HostFile *host_file_open(const char *path, const ImageOptions *options, char **error);
void host_file_close(HostFile *file);           /* NULL is allowed */
int host_file_read(HostFile *file, uint64_t offset, void *buffer, size_t bytes);
int host_file_write(HostFile *file, uint64_t offset, const void *buffer, size_t bytes);
int host_file_write_zeroes(HostFile *file, uint64_t offset, uint64_t bytes, bool unmap);
int host_file_flush(HostFile *file);
int64_t host_file_size(HostFile *file);
int host_file_resize(HostFile *file, uint64_t bytes);   /* -ENOTSUP: its size is fixed */
int host_file_lock(HostFile *file, HostFileLock lock);
void host_file_interrupt(HostFile *file);

/* ---- the drivers: NULL and *error if they cannot ---- */
HostFile *posix_file_open(const char *path, const ImageOptions *options, char **error);
HostFile *nbd_file_open(const char *path, const ImageOptions *options, char **error);
HostFile *null_file_open(const char *path, const ImageOptions *options, char **error);
#endif
