/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-waits.py, preloaded into the emulator: a file system that does not answer. Every call about the file
 * $STUCK waits for ever, but for the first open() when it is opened for writing: that makes the file, and write() and
 * close() wait.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stuck(const char *path)
{
    const char *stuck = getenv("STUCK");

    return stuck && !strcmp(path, stuck);
}

static bool is_stuck_fd(int fd)
{
    const char *stuck = getenv("STUCK");
    struct stat a, b;

    return stuck && fstat(fd, &a) == 0 && stat(stuck, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void wait_for_ever(void)
{
    for (;;) {
        pause();
    }
}

int open(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    va_list ap;
    int mode;

    va_start(ap, flags);
    mode = flags & O_CREAT ? va_arg(ap, int) : 0;
    va_end(ap);
    if (is_stuck(path) && (flags & O_ACCMODE) == O_RDONLY) {
        wait_for_ever();
    }
    return next(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

ssize_t write(int fd, const void *buf, size_t len)
{
    ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

    if (is_stuck_fd(fd)) {
        wait_for_ever();
    }
    return next(fd, buf, len);
}

int close(int fd)
{
    int (*next)(int) = dlsym(RTLD_NEXT, "close");

    if (is_stuck_fd(fd)) {
        wait_for_ever();
    }
    return next(fd);
}

int rename(const char *from, const char *to)
{
    int (*next)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");

    if (is_stuck(from)) {
        wait_for_ever();
    }
    return next(from, to);
}

int remove(const char *path)
{
    int (*next)(const char *) = dlsym(RTLD_NEXT, "remove");

    if (is_stuck(path)) {
        wait_for_ever();
    }
    return next(path);
}
