/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host files for semihosting.
 *
 * Owns the table of handles; called on CPU threads by target/arm/semihosting.c. `files_lock` guards the table and is
 * held during file operations: reading from a terminal, a pipe or a socket is done only when there is something to
 * read. Reads that must wait return SEMI_AGAIN after POLL_MS and the guest's instruction is executed again. Writing waits for a
 * slow reader of our standard output, as the serial ports do; meanwhile, and while it waits for files_lock, a CPU counts as
 * stopped, so that it holds up nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sysemu/cpus.h"
#include "target/arm/semihosting-files.h"

enum { MAX_FILES = 64, POLL_MS = 10, WRITE_WAIT_MS = 1000 };

typedef enum SemiKind { SEMI_FREE, SEMI_HOST, SEMI_CONSOLE, SEMI_FEATURES } SemiKind;

typedef struct SemiFile {
    SemiKind kind;
    int fd;
    uint32_t pos;           /* of SEMI_FEATURES */
} SemiFile;

/* Handle = index + 1. Lock: files_lock. */
static SemiFile files[MAX_FILES];
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

/* Magic and one byte: bit 0 SYS_EXIT_EXTENDED, bit 1 ":tt" opened for appending is standard error. */
static const uint8_t features[] = { 'S', 'H', 'F', 'B', 0x03 };

static void take_files_lock(void)
{
    bool token = cpu_wait_begin();

    pthread_mutex_lock(&files_lock);
    cpu_wait_end(token);
}

static SemiFile *file_get(uint32_t handle)
{
    SemiFile *f = handle - 1 < MAX_FILES ? &files[handle - 1] : NULL;

    return f && f->kind != SEMI_FREE ? f : NULL;
}

static int open_flags(unsigned mode)
{
    static const int by_letter[] = { 0, O_CREAT | O_TRUNC, O_CREAT | O_APPEND };
    int access = mode & 2 ? O_RDWR : mode < 4 ? O_RDONLY : O_WRONLY;

    return access | by_letter[mode / 4];
}

static int console_fd(unsigned mode)
{
    return mode < 4 ? STDIN_FILENO : mode < 8 ? STDOUT_FILENO : STDERR_FILENO;
}

int64_t semi_file_open(const char *name, unsigned mode)
{
    SemiFile f = { .kind = SEMI_HOST };
    int64_t ret = -EMFILE;
    int i;

    if (mode >= SEMI_OPEN_MODES) {
        return -EINVAL;
    }
    if (strcmp(name, ":tt") == 0) {
        f.kind = SEMI_CONSOLE;
        f.fd = console_fd(mode);
    } else if (strcmp(name, ":semihosting-features") == 0) {
        if (mode > 1) {
            return -EACCES;
        }
        f.kind = SEMI_FEATURES;
        f.fd = -1;
    } else {
        /* O_NONBLOCK: opening a FIFO must not wait for its other end. */
        f.fd = open(name, open_flags(mode) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
        if (f.fd < 0) {
            return -errno;
        }
    }
    take_files_lock();
    for (i = 0; i < MAX_FILES && ret < 0; i++) {
        if (files[i].kind == SEMI_FREE) {
            files[i] = f;
            ret = i + 1;
        }
    }
    pthread_mutex_unlock(&files_lock);
    if (ret < 0 && f.kind == SEMI_HOST) {
        close(f.fd);
    }
    return ret;
}

int64_t semi_file_close(uint32_t handle)
{
    int64_t ret = -EBADF;
    SemiFile *f;

    take_files_lock();
    f = file_get(handle);
    if (f) {
        ret = f->kind == SEMI_HOST && close(f->fd) < 0 ? -errno : 0;
        f->kind = SEMI_FREE;
    }
    pthread_mutex_unlock(&files_lock);
    return ret;
}

static bool readable(int fd, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, timeout_ms) > 0;
}

/* One read without waiting; SEMI_AGAIN if there is nothing yet. Caller holds files_lock or fd is standard input. */
static int64_t read_now(int fd, void *buf, size_t len)
{
    ssize_t n;

    if (!readable(fd, 0)) {
        return SEMI_AGAIN;
    }
    n = read(fd, buf, len);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? SEMI_AGAIN : -errno;
    }
    return n;
}

static int64_t features_read(SemiFile *f, void *buf, size_t len)
{
    size_t left = f->pos < sizeof(features) ? sizeof(features) - f->pos : 0;
    size_t n = len < left ? len : left;

    memcpy(buf, features + f->pos, n);
    f->pos += (uint32_t)n;
    return (int64_t)n;
}

int64_t semi_file_read(uint32_t handle, void *buf, size_t len)
{
    int64_t ret = -EBADF;
    int fd = -1;
    SemiFile *f;

    take_files_lock();
    f = file_get(handle);
    if (f && len == 0) {
        ret = 0;
    } else if (f && f->kind == SEMI_FEATURES) {
        ret = features_read(f, buf, len);
    } else if (f) {
        fd = f->fd;
        ret = read_now(fd, buf, len);
    }
    pthread_mutex_unlock(&files_lock);
    if (ret == SEMI_AGAIN) {
        /* Should another CPU close the file meanwhile, the repeated call notices. */
        readable(fd, POLL_MS);
    }
    return ret;
}

/* Write everything; a reader of a pipe that stalls for long costs the rest. Returns bytes written or -errno. */
static int64_t write_all(int fd, const uint8_t *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(fd, buf + done, len - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd p = { .fd = fd, .events = POLLOUT };

            if (poll(&p, 1, WRITE_WAIT_MS) <= 0) {
                break;
            }
        } else if (errno != EINTR) {
            return done ? (int64_t)done : -errno;
        }
    }
    return (int64_t)done;
}

int64_t semi_file_write(uint32_t handle, const void *buf, size_t len)
{
    /* Whoever reads the other end of a pipe may be slow. */
    bool token = cpu_wait_begin();
    int64_t ret = -EBADF;
    SemiFile *f;

    pthread_mutex_lock(&files_lock);
    f = file_get(handle);
    if (f && f->kind != SEMI_FEATURES) {
        ret = write_all(f->fd, buf, len);
    }
    pthread_mutex_unlock(&files_lock);
    cpu_wait_end(token);
    return ret;
}

int64_t semi_file_seek(uint32_t handle, uint32_t pos)
{
    int64_t ret = -EBADF;
    SemiFile *f;

    take_files_lock();
    f = file_get(handle);
    if (f && f->kind == SEMI_FEATURES) {
        f->pos = pos;
        ret = 0;
    } else if (f && f->kind == SEMI_CONSOLE) {
        ret = -ESPIPE;
    } else if (f) {
        ret = lseek(f->fd, (off_t)pos, SEEK_SET) < 0 ? -errno : 0;
    }
    pthread_mutex_unlock(&files_lock);
    return ret;
}

int64_t semi_file_length(uint32_t handle)
{
    int64_t ret = -EBADF;
    struct stat st;
    SemiFile *f;

    take_files_lock();
    f = file_get(handle);
    if (f && f->kind == SEMI_FEATURES) {
        ret = sizeof(features);
    } else if (f && f->kind == SEMI_CONSOLE) {
        ret = -ESPIPE;
    } else if (f) {
        ret = fstat(f->fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -ESPIPE : (int64_t)st.st_size;
    }
    pthread_mutex_unlock(&files_lock);
    return ret;
}

int64_t semi_file_istty(uint32_t handle)
{
    int64_t ret = -EBADF;
    SemiFile *f;

    take_files_lock();
    f = file_get(handle);
    if (f) {
        ret = f->kind == SEMI_CONSOLE || (f->kind == SEMI_HOST && isatty(f->fd));
    }
    pthread_mutex_unlock(&files_lock);
    return ret;
}

void semi_console_write(const void *buf, size_t len)
{
    bool token = cpu_wait_begin();

    write_all(STDOUT_FILENO, buf, len);
    cpu_wait_end(token);
}

int64_t semi_console_getc(void)
{
    uint8_t c;
    int64_t n = read_now(STDIN_FILENO, &c, 1);

    if (n == SEMI_AGAIN) {
        readable(STDIN_FILENO, POLL_MS);
        return SEMI_AGAIN;
    }
    return n == 1 ? c : -1;
}
