/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk without bytes, as null-co and null-aio of others: writes are dropped, reads give zeroes. It measures what a
 * device and its driver cost without the host's disk, or with one that takes so long for each request (latency-ns=).
 */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>
#include "block/block.h"
#include "block/host-file.h"

typedef struct NullFile {
    HostFile file;
    uint64_t bytes;             /* constant */
    struct timespec latency;    /* constant: of each request */
} NullFile;

static int pass_time(const HostFile *file)
{
    struct timespec left = ((const NullFile *)file)->latency;

    while ((left.tv_sec || left.tv_nsec) && nanosleep(&left, &left) && errno == EINTR) {
    }
    return 0;
}

static int null_read(HostFile *file, uint64_t offset, void *buffer, size_t bytes)
{
    memset(buffer, 0, bytes);
    return pass_time(file);
}

static int null_write(HostFile *file, uint64_t offset, const void *buffer, size_t bytes) { return pass_time(file); }
static int null_write_zeroes(HostFile *file, uint64_t offset, uint64_t bytes, bool unmap) { return pass_time(file); }
static int null_flush(HostFile *file) { return pass_time(file); }
static int64_t null_size(HostFile *file) { return (int64_t)((NullFile *)file)->bytes; }

static int null_extent(HostFile *file, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    *run = bytes;
    return BLOCK_EXTENT_ZERO | BLOCK_EXTENT_HOLE;
}

static void null_close(HostFile *file) { g_free(file); }

static const HostFileOps null_ops = {
    .driver = "null-co", .read = null_read, .write = null_write, .write_zeroes = null_write_zeroes, .flush = null_flush,
    .size = null_size, .extent = null_extent, .close = null_close,
};

HostFile *null_file_open(const char *path, const ImageOptions *options, char **error)
{
    NullFile *file = g_new0(NullFile, 1);

    file->file = (HostFile) { .ops = &null_ops, .readonly = options->readonly, .align = 1, .fd = -1 };
    file->latency = (struct timespec) { .tv_sec = (time_t)(options->null_latency_ns / 1000000000),
                                        .tv_nsec = (long)(options->null_latency_ns % 1000000000) };
    file->bytes = options->null_bytes ? options->null_bytes : 1ull << 30;
    return &file->file;
}
