/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The serial back end: a terminal of the host, such as a serial line or the other end of a pseudo-terminal, in raw mode
 * while the emulator runs. Its speed stays as it is. Any other character device is taken as it is (/dev/null). I/O
 * thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "chardev/char-internal.h"

typedef struct SerialState {
    int fd;
    bool is_terminal;
    struct termios saved;       /* of a terminal */
} SerialState;

static void serial_close(Chardev *chr)
{
    SerialState *s = chr->state;

    if (s->is_terminal) {
        tcsetattr(s->fd, TCSANOW, &s->saved);
    }
}

static void serial_remove(Chardev *chr)
{
    SerialState *s = chr->state;

    serial_close(chr);
    close(s->fd);
    g_free(s);
}

static const ChardevBackend serial_backend = { .name = "serial", .close = serial_close, .remove = serial_remove };

bool chardev_open_serial(Chardev *chr, const char *spec, const char *path, char **error)
{
    int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    SerialState *s;
    struct termios t;
    struct stat st;
    bool is_terminal;

    if (fd < 0) {
        return chardev_refuse(error, spec, "%s", strerror(errno));
    }
    is_terminal = !tcgetattr(fd, &t);
    if (!is_terminal && (fstat(fd, &st) || !S_ISCHR(st.st_mode))) {
        close(fd);
        return chardev_refuse(error, spec, "not a terminal (file:PATH and pipe:PATH are for others)");
    }
    s = g_new0(SerialState, 1);
    s->fd = fd;
    s->is_terminal = is_terminal;
    if (is_terminal) {
        s->saved = t;
        cfmakeraw(&t);
        tcsetattr(s->fd, TCSANOW, &t);
    }
    chr->backend = &serial_backend;
    chr->state = s;
    chardev_connect(chr, s->fd, s->fd, false);
    return true;
}
