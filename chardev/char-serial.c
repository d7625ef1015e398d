/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The serial back end: a terminal of the host, such as a serial line or the other end of a pseudo-terminal, in raw mode
 * while the emulator runs. Its speed stays as it is. I/O thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "chardev/char-internal.h"
#include "qemu/log.h"

typedef struct SerialState {
    int fd;
    struct termios saved;
} SerialState;

static void serial_close(Chardev *chr)
{
    SerialState *s = chr->state;

    tcsetattr(s->fd, TCSANOW, &s->saved);
}

static const ChardevBackend serial_backend = { .name = "serial", .close = serial_close };

void chardev_open_serial(Chardev *chr, const char *spec, const char *path)
{
    SerialState *s = g_new0(SerialState, 1);
    struct termios t;

    s->fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (s->fd < 0) {
        error_exit("%s: '%s': %s", chr->label, spec, strerror(errno));
    }
    if (tcgetattr(s->fd, &s->saved)) {
        error_exit("%s: '%s': not a terminal (file:PATH and pipe:PATH are for others)", chr->label, spec);
    }
    t = s->saved;
    cfmakeraw(&t);
    tcsetattr(s->fd, TCSANOW, &t);
    chr->backend = &serial_backend;
    chr->state = s;
    chardev_connect(chr, s->fd, s->fd, false);
}
