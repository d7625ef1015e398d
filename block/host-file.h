/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file or block device of the host, read and written at offsets. No lock: the calls are system calls, and what they
 * share is constant. Results are 0 or a negative errno; a short transfer is continued, and what lies behind the file's
 * end reads as zeroes.
 */
#ifndef BLOCK_HOST_FILE_H
#define BLOCK_HOST_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "block/image.h"

typedef struct HostFile {
    int fd;
    char *path;
    bool readonly;
    bool direct;                /* opened with O_DIRECT: transfers are aligned through a bounce buffer where needed */
    bool is_device;             /* a block device: its size is fixed */
} HostFile;

enum { HOST_FILE_ALIGN = 4096 };        /* of buffers, offsets and lengths if `direct` */

/* NULL: failed, *error says why. Takes a lock on the whole file, shared if readonly, unless options->no_lock. */
HostFile *host_file_open(const char *path, const ImageOptions *options, char **error);
void host_file_close(HostFile *file);
int host_file_read(HostFile *file, uint64_t offset, void *buffer, size_t bytes);
int host_file_write(HostFile *file, uint64_t offset, const void *buffer, size_t bytes);
int host_file_write_zeroes(HostFile *file, uint64_t offset, uint64_t bytes, bool unmap);
int host_file_flush(HostFile *file);
/* Its size in bytes, or a negative errno. */
int64_t host_file_size(HostFile *file);
#endif
