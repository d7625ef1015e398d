/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host files for semihosting.
 *
 * Owns the table of handles. A file lives while it is in the table or a call uses it, so that one CPU may close what
 * another one waits for. Calls that may wait for the host are the run() of a SemiCall, on a thread of its own; the
 * others run on CPU threads. `files_lock` guards table, counts and positions and is held over nothing that waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/arm/semihosting-files.h"

enum { MAX_FILES = 64 };

typedef enum SemiKind { SEMI_HOST, SEMI_CONSOLE, SEMI_FEATURES } SemiKind;

struct SemiFile {
    SemiKind kind;          /* constant, like fd */
    int fd;
    uint32_t pos;           /* of SEMI_FEATURES */
    unsigned users;         /* the table is one */
};

/* Handle = index + 1. Lock: files_lock. */
static SemiFile *files[MAX_FILES];
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

/* Magic and one byte: bit 0 SYS_EXIT_EXTENDED, bit 1 ":tt" opened for appending is standard error. */
static const uint8_t features[] = { 'S', 'H', 'F', 'B', 0x03 };

SemiFile *semi_file_get(uint32_t handle)
{
    SemiFile *f;

    pthread_mutex_lock(&files_lock);
    f = handle - 1 < MAX_FILES ? files[handle - 1] : NULL;
    if (f) {
        f->users++;
    }
    pthread_mutex_unlock(&files_lock);
    return f;
}

/* One user less; the last closes the file: 0 or -errno. */
static int64_t put(SemiFile *f)
{
    bool last;
    int64_t ret;

    pthread_mutex_lock(&files_lock);
    last = --f->users == 0;
    pthread_mutex_unlock(&files_lock);
    if (!last) {
        return 0;
    }
    ret = f->kind == SEMI_HOST && close(f->fd) < 0 ? -errno : 0;
    g_free(f);
    return ret;
}

void semi_file_put(SemiCall *c)
{
    if (c->file) {
        put(c->file);
        c->file = NULL;
    }
}

/* ---- opening and closing ---- */

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

static SemiFile *file_new(SemiKind kind, int fd)
{
    SemiFile *f = g_new0(SemiFile, 1);

    f->kind = kind;
    f->fd = fd;
    f->users = 1;
    return f;
}

void semi_run_open(SemiCall *c)
{
    struct stat st;
    int fd;

    if (strcmp(c->name, ":tt") == 0) {
        c->file = file_new(SEMI_CONSOLE, console_fd(c->mode));
        return;
    }
    if (strcmp(c->name, ":semihosting-features") == 0) {
        if (c->mode > 1) {
            c->ret = -EACCES;
        } else {
            c->file = file_new(SEMI_FEATURES, -1);
        }
        return;
    }
    /* A FIFO waits for its other end here. */
    fd = open(c->name, open_flags(c->mode) | O_CLOEXEC | O_NOCTTY, 0644);
    if (fd < 0) {
        c->ret = -errno;
        return;
    }
    /* What may wait later does so in poll(), which can be ended. */
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    c->file = file_new(SEMI_HOST, fd);
}

int64_t semi_file_install(SemiCall *c)
{
    int64_t ret = -EMFILE;

    pthread_mutex_lock(&files_lock);
    for (int i = 0; i < MAX_FILES && ret < 0; i++) {
        if (!files[i]) {
            files[i] = c->file;
            c->file = NULL;
            ret = i + 1;
        }
    }
    pthread_mutex_unlock(&files_lock);
    return ret;
}

bool semi_file_remove(uint32_t handle)
{
    bool found = false;

    pthread_mutex_lock(&files_lock);
    if (handle - 1 < MAX_FILES && files[handle - 1]) {
        found = true;
        files[handle - 1]->users--;     /* the caller is the other one */
        files[handle - 1] = NULL;
    }
    pthread_mutex_unlock(&files_lock);
    return found;
}

void semi_run_close(SemiCall *c)
{
    c->ret = put(c->file);
    c->file = NULL;
}

/* ---- reading and writing ---- */

/* Until fd is ready; false: the wait shall end. */
static bool await(const SemiCall *c, int fd, short events)
{
    struct pollfd p[] = { { .fd = fd, .events = events }, { .fd = c->cancel_fd, .events = POLLIN } };

    while (poll(p, 2, -1) < 0 && errno == EINTR) {
    }
    return !(p[1].revents & POLLIN);
}

static int64_t features_read(SemiFile *f, void *buf, size_t len)
{
    size_t left, n;

    pthread_mutex_lock(&files_lock);
    left = f->pos < sizeof(features) ? sizeof(features) - f->pos : 0;
    n = len < left ? len : left;
    memcpy(buf, features + f->pos, n);
    f->pos += (uint32_t)n;
    pthread_mutex_unlock(&files_lock);
    return (int64_t)n;
}

static int64_t read_fd(SemiCall *c, int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    for (;;) {
        ssize_t n;

        if (c->mode == SEMI_READ_MORE && poll(&p, 1, 0) <= 0) {
            return 0;
        }
        if (!await(c, fd, POLLIN)) {
            return SEMI_AGAIN;
        }
        n = read(fd, c->buf, c->len);
        if (n >= 0) {
            return n;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
    }
}

void semi_run_read(SemiCall *c)
{
    if (!c->len) {
        c->ret = 0;
    } else if (c->file && c->file->kind == SEMI_FEATURES) {
        c->ret = features_read(c->file, c->buf, c->len);
    } else if (c->file && (c->file->kind == SEMI_HOST || c->file->fd != STDIN_FILENO)) {
        c->ret = read_fd(c, c->file->fd);
    } else {
        c->ret = read_fd(c, semi_console_input());
        semi_console_took_input();
    }
}

void semi_run_write(SemiCall *c)
{
    size_t done = 0;

    if (c->file->kind == SEMI_FEATURES) {
        c->ret = -EBADF;
        return;
    }
    while (done < c->len) {
        ssize_t n = write(c->file->fd, c->buf + done, c->len - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            if (!await(c, c->file->fd, POLLOUT)) {
                break;                  /* for nobody any more */
            }
        } else if (errno != EINTR) {
            c->ret = -errno;
            break;
        }
    }
    if (done) {
        c->ret = (int64_t)done;
    }
}

/* ---- other calls ---- */

void semi_run_seek(SemiCall *c)
{
    SemiFile *f = c->file;

    if (f->kind == SEMI_FEATURES) {
        pthread_mutex_lock(&files_lock);
        f->pos = c->mode;
        pthread_mutex_unlock(&files_lock);
    } else if (f->kind == SEMI_CONSOLE) {
        c->ret = -ESPIPE;
    } else {
        c->ret = lseek(f->fd, (off_t)c->mode, SEEK_SET) < 0 ? -errno : 0;
    }
}

void semi_run_length(SemiCall *c)
{
    SemiFile *f = c->file;
    struct stat st;

    if (f->kind == SEMI_FEATURES) {
        c->ret = sizeof(features);
    } else if (f->kind == SEMI_CONSOLE && semi_console_is_device()) {
        c->ret = 0;
    } else {
        /* Terminals and pipes have no bytes; a failure would be one of the library's fstat(). */
        c->ret = fstat(f->fd, &st) < 0 ? -errno : st.st_size > INT32_MAX ? -EOVERFLOW : (int64_t)st.st_size;
    }
}

void semi_run_istty(SemiCall *c)
{
    switch (c->file->kind) {
    case SEMI_CONSOLE:
        c->ret = semi_console_is_tty(c->file->fd);
        break;
    case SEMI_HOST:
        c->ret = isatty(c->file->fd);
        break;
    default:
        c->ret = 0;
    }
}

void semi_run_remove(SemiCall *c)
{
    c->ret = remove(c->name) < 0 ? -errno : 0;
}

void semi_run_rename(SemiCall *c)
{
    c->ret = rename(c->name, c->other) < 0 ? -errno : 0;
}

/* ---- the console ---- */

int semi_file_console(const SemiFile *f)
{
    return f->kind == SEMI_CONSOLE && f->fd != STDIN_FILENO ? f->fd : -1;
}
