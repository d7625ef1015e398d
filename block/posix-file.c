/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and block devices of the host under disk images. No lock: the calls are system calls, and what they share is
 * constant. Locks of the file are open-file-description locks on nearly the whole file (F_OFD_SETLK), which other
 * emulators and image tools see as well: two writers, or a writer beside a reader, are refused.
 */
#define _GNU_SOURCE             /* F_OFD_SETLK, O_DIRECT, fallocate, statx */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "block/block.h"
#include "block/host-file.h"
#include "qemu/fdset.h"

typedef struct PosixFile {
    HostFile file;
    bool is_device;             /* its size is fixed; constant */
} PosixFile;

static int read_fully(HostFile *file, uint64_t offset, void *to, size_t bytes)
{
    uint8_t *buffer = to;

    while (bytes) {
        ssize_t n = pread(file->fd, buffer, bytes, (off_t)offset);

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

static int write_fully(HostFile *file, uint64_t offset, const void *from, size_t bytes)
{
    const uint8_t *buffer = from;

    while (bytes) {
        ssize_t n = pwrite(file->fd, buffer, bytes, (off_t)offset);

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

static int write_zeroes(HostFile *file, uint64_t offset, uint64_t bytes, bool unmap)
{
    int mode = unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

    if (fallocate(file->fd, mode, (off_t)offset, (off_t)bytes) == 0) {
        return 0;
    }
    return errno == ENODEV || errno == EINVAL || errno == ENOSYS || errno == ENOTSUP ? -EOPNOTSUPP : -errno;
}

static int flush(HostFile *file)
{
    int ret;

    do {
        ret = fdatasync(file->fd);
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? -errno : 0;
}

static int64_t size(HostFile *file)
{
    off_t bytes = lseek(file->fd, 0, SEEK_END);

    return bytes < 0 ? -errno : bytes;
}

/* File systems that know of no holes say that all is data. */
static int extent(HostFile *file, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    const off_t data = lseek(file->fd, (off_t)offset, SEEK_DATA);
    off_t hole;

    if (data < 0) {
        *run = bytes;
        return errno == ENXIO ? BLOCK_EXTENT_ZERO | BLOCK_EXTENT_HOLE : 0;
    }
    if ((uint64_t)data > offset) {
        *run = MIN((uint64_t)data - offset, bytes);
        return BLOCK_EXTENT_ZERO | BLOCK_EXTENT_HOLE;
    }
    hole = lseek(file->fd, (off_t)offset, SEEK_HOLE);
    *run = hole > data ? MIN((uint64_t)hole - offset, bytes) : bytes;
    return 0;
}

static int resize(HostFile *file, uint64_t bytes)
{
    if (((PosixFile *)file)->is_device) {
        return -ENOTSUP;
    }
    return ftruncate(file->fd, (off_t)bytes) ? -errno : 0;
}

/* File systems without locks (some network ones) are used without. */
static int lock_range(int fd, short type, off_t begin, off_t bytes)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = begin, .l_len = bytes };

    return fcntl(fd, F_OFD_SETLK, &lock) && (errno == EAGAIN || errno == EACCES) ? -EBUSY : 0;
}

static bool is_locked(int fd, off_t begin)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = begin, .l_len = 1 };

    return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

/*
 * Other emulators and their tools lock single bytes, for reading: 100 and those behind it say what somebody does
 * (looks, writes, ...), 200 and those behind it what others must not. We leave 100 and 200 alone, so that they may look
 * at an image that is in use where they are told to (qemu-img -U); and of one that we only read, 101 to 199.
 */
static int lock_fd(int fd, HostFileLock kind)
{
    enum { LOOKS = 100, WRITES = 101, NO_LOOKING = 200, NO_WRITING = 201 };
    static const short types[] = {
        [HOST_FILE_UNLOCKED] = F_UNLCK, [HOST_FILE_LOCKED_SHARED] = F_RDLCK, [HOST_FILE_LOCKED_ALONE] = F_WRLCK,
    };
    const short type = types[kind];
    int ret = lock_range(fd, type, 0, LOOKS);

    ret = ret ? ret : lock_range(fd, type == F_RDLCK ? F_UNLCK : type, WRITES, NO_LOOKING - WRITES);
    ret = ret ? ret : lock_range(fd, type, NO_WRITING, 0);
    return !ret && type == F_RDLCK && is_locked(fd, WRITES) ? -EBUSY : ret;
}

static int lock_file(HostFile *file, HostFileLock kind)
{
    return lock_fd(file->fd, kind);
}

static void close_file(HostFile *file)
{
    close(file->fd);
    g_free(file);
}

static const HostFileOps posix_ops = {
    .driver = "file", .read = read_fully, .write = write_fully, .write_zeroes = write_zeroes, .flush = flush,
    .size = size, .extent = extent, .resize = resize, .lock = lock_file, .close = close_file,
};

/* ---- opening ---- */

static HostFile *open_failed(int fd, char **error, char *text)
{
    if (fd >= 0) {
        close(fd);
    }
    *error = text;
    return NULL;
}

/* What O_DIRECT wants, as far as the kernel tells. */
static unsigned direct_align(int fd)
{
#ifdef STATX_DIOALIGN
    struct statx st;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) == 0 && (st.stx_mask & STATX_DIOALIGN) &&
        st.stx_dio_offset_align) {
        unsigned align = st.stx_dio_offset_align > st.stx_dio_mem_align ? st.stx_dio_offset_align
                                                                        : st.stx_dio_mem_align;

        return align < HOST_FILE_ALIGN ? align : HOST_FILE_ALIGN;
    }
#endif
    return HOST_FILE_ALIGN;
}

/* "NAME:", which is not a part of a path, at the begin: its length; 0: there is none. */
static int protocol_length(const char *path)
{
    const size_t n = strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

    return n && g_ascii_isalpha(*path) && path[n] == ':' ? (int)n : 0;
}

HostFile *posix_file_open(const char *path, const ImageOptions *options, char **error)
{
    int flags = (options->readonly ? O_RDONLY : O_RDWR) | (options->direct ? O_DIRECT : 0) | O_CLOEXEC, fd;
    struct stat st;
    PosixFile *file;

    path += g_str_has_prefix(path, "file:") && !options->driver ? strlen("file:") : 0;
    /* A FIFO must not make us wait: it is refused below. */
    fd = fdset_open(path, flags | O_NONBLOCK, 0);
    if (fd < 0) {
        if (errno == EINVAL && options->direct) {
            return open_failed(fd, error, g_strdup_printf("'%s': its file system has no direct access (use "
                                                          "cache=writeback)", path));
        }
        if ((errno == EACCES || errno == EROFS) && !options->readonly) {
            return open_failed(fd, error, g_strdup_printf("'%s': %s (readonly=on opens it for reading only)", path,
                                                          strerror(errno)));
        }
        if (errno == ENOENT && protocol_length(path) && !options->driver) {
            return open_failed(fd, error, g_strdup_printf("'%s': No such file or directory, and no protocol '%.*s' "
                                                          "(there are file, nbd, null-co, null-aio)", path,
                                                          protocol_length(path), path));
        }
        return open_failed(fd, error, g_strdup_printf("'%s': %s", path, strerror(errno)));
    }
    if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        return open_failed(fd, error, g_strdup_printf("'%s' is neither a file nor a block device", path));
    }
    if (!options->no_lock && lock_fd(fd, options->readonly ? HOST_FILE_LOCKED_SHARED : HOST_FILE_LOCKED_ALONE)) {
        return open_failed(fd, error, g_strdup_printf("'%s' is in use, by another process or another drive "
                                                      "(two users would destroy it)", path));
    }
    file = g_new0(PosixFile, 1);
    file->file = (HostFile) { .ops = &posix_ops, .readonly = options->readonly, .direct = options->direct,
                              .align = options->direct ? direct_align(fd) : 1, .fd = fd };
    file->is_device = S_ISBLK(st.st_mode);
    return &file->file;
}
