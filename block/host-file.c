/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host files under disk images. Locks are open-file-description locks on the whole file (fcntl(2), F_OFD_SETLK), which
 * other emulators and image tools see as well: two writers, or a writer beside a reader, are refused.
 */
#define _GNU_SOURCE             /* F_OFD_SETLK, O_DIRECT, fallocate */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "block/host-file.h"

static bool lock_file(int fd, bool exclusive)
{
    struct flock lock = { .l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

    /* File systems without locks (some network ones) are used without. */
    return fcntl(fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES);
}

static HostFile *open_failed(int fd, char **error, char *text)
{
    if (fd >= 0) {
        close(fd);
    }
    *error = text;
    return NULL;
}

HostFile *host_file_open(const char *path, const ImageOptions *options, char **error)
{
    int flags = (options->readonly ? O_RDONLY : O_RDWR) | (options->direct ? O_DIRECT : 0) | O_CLOEXEC;
    /* A FIFO must not make us wait: it is refused below. */
    int fd = open(path, flags | O_NONBLOCK);
    struct stat st;
    HostFile *file;

    if (fd < 0) {
        if (errno == EINVAL && options->direct) {
            return open_failed(fd, error, g_strdup_printf("'%s': its file system has no direct access (use "
                                                          "cache=writeback)", path));
        }
        if ((errno == EACCES || errno == EROFS) && !options->readonly) {
            return open_failed(fd, error, g_strdup_printf("'%s': %s (readonly=on opens it for reading only)", path,
                                                          strerror(errno)));
        }
        return open_failed(fd, error, g_strdup_printf("'%s': %s", path, strerror(errno)));
    }
    if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        return open_failed(fd, error, g_strdup_printf("'%s' is neither a file nor a block device", path));
    }
    if (!options->no_lock && !lock_file(fd, !options->readonly)) {
        return open_failed(fd, error, g_strdup_printf("'%s' is in use, by another process or another drive "
                                                      "(two users would destroy it)", path));
    }
    file = g_new0(HostFile, 1);
    file->fd = fd;
    file->path = g_strdup(path);
    file->readonly = options->readonly;
    file->direct = options->direct;
    file->is_device = S_ISBLK(st.st_mode);
    return file;
}

void host_file_close(HostFile *file)
{
    if (file) {
        close(file->fd);
        g_free(file->path);
        g_free(file);
    }
}

int64_t host_file_size(HostFile *file)
{
    off_t size = lseek(file->fd, 0, SEEK_END);

    return size < 0 ? -errno : size;
}

/* Reads up to `bytes`; the rest, behind the file's end, becomes zeroes. */
static int read_fully(int fd, uint64_t offset, uint8_t *buffer, size_t bytes)
{
    while (bytes) {
        ssize_t n = pread(fd, buffer, bytes, (off_t)offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) {
            memset(buffer, 0, bytes);
            return 0;
        }
        buffer += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return 0;
}

static int write_fully(int fd, uint64_t offset, const uint8_t *buffer, size_t bytes)
{
    while (bytes) {
        ssize_t n = pwrite(fd, buffer, bytes, (off_t)offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -ENOSPC;
        }
        buffer += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return 0;
}

static bool is_aligned(uint64_t offset, const void *buffer, size_t bytes)
{
    return !((offset | (uintptr_t)buffer | bytes) & (HOST_FILE_ALIGN - 1));
}

/* O_DIRECT wants aligned transfers: go through a buffer that covers the range; a write reads its borders first. */
static int direct_bounce(HostFile *file, uint64_t offset, void *in, const void *out, size_t bytes)
{
    uint64_t begin = offset & ~(uint64_t)(HOST_FILE_ALIGN - 1);
    uint64_t end = (offset + bytes + HOST_FILE_ALIGN - 1) & ~(uint64_t)(HOST_FILE_ALIGN - 1);
    size_t length = (size_t)(end - begin);
    uint8_t *bounce;
    int ret;

    if (posix_memalign((void **)&bounce, HOST_FILE_ALIGN, length)) {
        return -ENOMEM;
    }
    ret = read_fully(file->fd, begin, bounce, length);
    if (!ret && in) {
        memcpy(in, bounce + (offset - begin), bytes);
    } else if (!ret) {
        memcpy(bounce + (offset - begin), out, bytes);
        ret = write_fully(file->fd, begin, bounce, length);
    }
    free(bounce);
    return ret;
}

int host_file_read(HostFile *file, uint64_t offset, void *buffer, size_t bytes)
{
    if (file->direct && !is_aligned(offset, buffer, bytes)) {
        return direct_bounce(file, offset, buffer, NULL, bytes);
    }
    return read_fully(file->fd, offset, buffer, bytes);
}

int host_file_write(HostFile *file, uint64_t offset, const void *buffer, size_t bytes)
{
    if (file->direct && !is_aligned(offset, buffer, bytes)) {
        return direct_bounce(file, offset, NULL, buffer, bytes);
    }
    return write_fully(file->fd, offset, buffer, bytes);
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
    int mode = unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

    if (fallocate(file->fd, mode, (off_t)offset, (off_t)bytes) == 0) {
        return 0;
    }
    if (errno != EOPNOTSUPP && errno != ENODEV && errno != EINVAL && errno != ENOSYS) {
        return -errno;
    }
    return write_zero_bytes(file, offset, bytes);
}

int host_file_flush(HostFile *file)
{
    int ret;

    do {
        ret = fdatasync(file->fd);
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? -errno : 0;
}
