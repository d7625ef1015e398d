/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back ends that have no peer: "file:PATH" (output into a file, no input; "append:PATH" at its end), "pipe:PATH"
 * (named pipes: input from PATH.in and output to PATH.out, or both through PATH) and "null" (neither). I/O thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "chardev/char-internal.h"
#include "qemu/fdset.h"

typedef struct FileState {
    int in, out;                /* -1: none */
} FileState;

/* A writer closes its file itself, when all is written. */
static void file_remove(Chardev *chr)
{
    FileState *s = chr->state;

    if (chr->writer) {
        writer_close(chr->writer);
    } else {
        close(s->out);
    }
    if (s->in >= 0 && s->in != s->out) {
        close(s->in);
    }
    g_free(s);
}

static void null_remove(Chardev *chr)
{
}

static const ChardevBackend file_backend = { .name = "file", .remove = file_remove };
static const ChardevBackend pipe_backend = { .name = "pipe", .remove = file_remove };
static const ChardevBackend null_backend = { .name = "null", .remove = null_remove };

static bool file_use(Chardev *chr, const ChardevBackend *backend, int in, int out)
{
    FileState *s = g_new(FileState, 1);

    *s = (FileState) { in, out };
    chr->backend = backend;
    chr->state = s;
    chardev_connect(chr, in, out, false);
    return true;
}

bool chardev_open_file(Chardev *chr, const char *spec, const char *path, bool append, char **error)
{
    const int flags = O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    /*
     * O_NONBLOCK matters for devices and named pipes alone; opening a pipe for reading too spares us waiting for a
     * reader.
     */
    int fd = *path ? fdset_open(path, flags, 0666) : -1;

    if (*path && fd < 0 && errno == ENXIO) {
        fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    if (fd < 0) {
        return chardev_refuse(error, spec, "%s", *path ? strerror(errno) : "the file's name is missing");
    }
    return file_use(chr, &file_backend, -1, fd);
}

/* For reading and writing: so there is nobody to wait for, and no end of file when the other side changes. */
static int pipe_open(const char *path, const char *suffix)
{
    char *name = g_strconcat(path, suffix, NULL);
    int fd = open(name, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    g_free(name);
    return fd;
}

bool chardev_open_pipe(Chardev *chr, const char *spec, const char *path, char **error)
{
    int in = pipe_open(path, ".in"), out = pipe_open(path, ".out");

    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        if (out >= 0) {
            close(out);
        }
        in = out = pipe_open(path, "");
    }
    if (in < 0) {
        return chardev_refuse(error, spec, "%s", *path ? strerror(errno) : "the pipe's name is missing");
    }
    return file_use(chr, &pipe_backend, in, out);
}

bool chardev_open_null(Chardev *chr)
{
    chr->backend = &null_backend;
    return true;
}
