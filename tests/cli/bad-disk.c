/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-disk-errors.py, preloaded into the emulator: a disk that is full, broken, slow or does not answer. What the
 * file $BAD_DISK says (`write hang`, `read EIO`, `write ENOSPC`, `flush hang`, `write slow`) happens to transfers of
 * the file $BAD_IMAGE, for as long as it says so. Who waits makes the file $BAD_WAITS.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SLOW_US = 200000 };

static bool is_image(int fd)
{
    const char *image = getenv("BAD_IMAGE");
    struct stat a, b;

    return image && fstat(fd, &a) == 0 && stat(image, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* 0: go on; else the errno. Waits while it is told to. */
static int trouble(int fd, const char *what)
{
    ssize_t (*read_it)(int, void *, size_t) = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");

    while (is_image(fd)) {
        char text[32] = "", verb[16] = "", how[16] = "";
        int control = open(getenv("BAD_DISK"), O_RDONLY | O_CLOEXEC);

        if (control < 0) {
            return 0;
        }
        if (read_it(control, text, sizeof(text) - 1) > 0) {
            sscanf(text, "%15s %15s", verb, how);
        }
        close(control);
        if (strcmp(verb, what)) {
            return 0;
        }
        if (strcmp(how, "hang") && strcmp(how, "slow")) {
            return !strcmp(how, "ENOSPC") ? ENOSPC : EIO;
        }
        close(open(getenv("BAD_WAITS"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        if (!strcmp(how, "slow")) {
            usleep(SLOW_US);
            return 0;
        }
        usleep(20000);
    }
    return 0;
}

#define TRANSFER(name, verb, type) \
    ssize_t name(int fd, type buffer, size_t bytes, off_t offset) \
    { \
        ssize_t (*next)(int, type, size_t, off_t) = (ssize_t (*)(int, type, size_t, off_t))dlsym(RTLD_NEXT, #name); \
        int error = trouble(fd, verb); \
        if (error) { \
            errno = error; \
            return -1; \
        } \
        return next(fd, buffer, bytes, offset); \
    }
TRANSFER(pread, "read", void *)
TRANSFER(pread64, "read", void *)
TRANSFER(pwrite, "write", const void *)
TRANSFER(pwrite64, "write", const void *)

/* Those that do not wait: not now, while there is trouble. */
#define AT_ONCE(name) \
    ssize_t name(int fd, const struct iovec *v, int count, off_t offset, int flags) \
    { \
        ssize_t (*next)(int, const struct iovec *, int, off_t, int) = \
            (ssize_t (*)(int, const struct iovec *, int, off_t, int))dlsym(RTLD_NEXT, #name); \
        if (is_image(fd) && access(getenv("BAD_DISK"), F_OK) == 0) { \
            errno = EAGAIN; \
            return -1; \
        } \
        return next(fd, v, count, offset, flags); \
    }
AT_ONCE(preadv2)
AT_ONCE(preadv64v2)
AT_ONCE(pwritev2)
AT_ONCE(pwritev64v2)

int fdatasync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int error = trouble(fd, "flush");

    if (error) {
        errno = error;
        return -1;
    }
    return next(fd);
}
