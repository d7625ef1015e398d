/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pty back end: a new pseudo-terminal whose name is printed at start-up. While nobody has it open, output is
 * dropped and the master is looked at a few times a second, for a master without a slave reports a hang-up all the
 * time and cannot be waited for. I/O thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "chardev/char-internal.h"

enum { PTY_PROBE_MS = 200 };

typedef struct PtyState {
    Chardev *chr;
    int master;
    guint probe;                /* 0: somebody has it open */
} PtyState;

static gboolean pty_probe(gpointer opaque)
{
    PtyState *s = opaque;
    struct pollfd pfd = { .fd = s->master, .events = POLLIN };

    if (poll(&pfd, 1, 0) >= 0 && !(pfd.revents & POLLHUP)) {
        s->probe = 0;
        chardev_connect(s->chr, s->master, s->master, false);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static void pty_peer_gone(Chardev *chr)
{
    PtyState *s = chr->state;

    chardev_disconnect(chr);
    s->probe = g_timeout_add(PTY_PROBE_MS, pty_probe, s);
}

static void pty_remove(Chardev *chr)
{
    PtyState *s = chr->state;

    if (s->probe) {
        g_source_remove(s->probe);
    }
    close(s->master);
    g_free(s);
}

static void pty_adopt(Chardev *chr)
{
    PtyState *s = chr->state;

    s->chr = chr;
}

static const ChardevBackend pty_backend = {
    .name = "pty", .peer_gone = pty_peer_gone, .remove = pty_remove, .adopt = pty_adopt,
};

bool chardev_open_pty(Chardev *chr, const char *spec, char **error)
{
    PtyState *s = g_new0(PtyState, 1);
    struct termios t;
    char name[128];
    int slave;

    s->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (s->master < 0 || grantpt(s->master) < 0 || unlockpt(s->master) < 0 ||
        ptsname_r(s->master, name, sizeof(name)) != 0) {
        chardev_refuse(error, spec, "cannot make a pseudo-terminal: %s", strerror(errno));
        if (s->master >= 0) {
            close(s->master);
        }
        g_free(s);
        return false;
    }
    s->chr = chr;
    /* Opening and closing the slave once makes the master report the hang-up, and lets the line start in raw mode. */
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave >= 0) {
        if (tcgetattr(slave, &t) == 0) {
            cfmakeraw(&t);
            tcsetattr(slave, TCSANOW, &t);
        }
        close(slave);
    }
    chr->backend = &pty_backend;
    chr->state = s;
    chr->spec = g_strconcat(spec, ":", name, NULL);     /* "pty:/dev/pts/3": programs look for it */
    chardev_label_message(chr, name);
    s->probe = g_timeout_add(PTY_PROBE_MS, pty_probe, s);
    return true;
}
