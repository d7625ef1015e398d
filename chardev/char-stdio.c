/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stdio back end: standard input and output, a terminal in raw mode if that is what they are.
 *
 * The terminal: from the start of the main loop on (until then Ctrl-C ends what waits for a client or a file), input is
 * passed on byte by byte without echo; output processing stays on, so that messages of the
 * emulator itself look right. With `signals` (plain "stdio") Ctrl-C still ends the emulator; with "mon:stdio" it
 * goes to the guest. The old settings come back at exit, whichever way exit comes: chardev_cleanup(), atexit(), and
 * chardev_terminal_restore() from the handler of a fatal signal. After Ctrl-Z and fg they are set again.
 *
 * Standard output must not block the thread that writes. O_NONBLOCK belongs to the open file, which other processes
 * share (the shell, a tee on stderr), so the file is opened a second time through /proc; only where that is impossible
 * is the flag set on the shared one, and taken back at exit.
 *
 * All state belongs to the I/O thread but for the saved settings, fixed before tty_changed is set.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <glib-unix.h>
#include "chardev/char-internal.h"
#include "qemu/log.h"

static Chardev *the_stdio;              /* the one there is; changes with it */
static bool keep_signals;
static struct termios saved_tty;
static volatile sig_atomic_t tty_changed;
static int out_flags = -1;              /* flags to put back on the shared stdout */

/*
 * A background process of the terminal's session that touches it would be stopped. A terminal that is not our session's
 * (a pseudo-terminal of a program that started us) knows no background, and is there for us alone.
 */
static bool in_background(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    return foreground != -1 && foreground != getpgrp();
}

static void terminal_set_raw(void)
{
    struct termios t = saved_tty;

    if (in_background()) {
        return;                         /* SIGCONT brings us back here */
    }
    t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t.c_oflag |= OPOST;
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    t.c_cflag |= CS8;
    if (!keep_signals) {
        t.c_lflag &= ~(tcflag_t)ISIG;
    }
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    tty_changed = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

void chardev_terminal_restore(void)
{
    /* In the background the terminal is the shell's to look after. */
    if (tty_changed && !in_background()) {
        tty_changed = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &saved_tty);
    }
    if (out_flags >= 0) {
        fcntl(STDOUT_FILENO, F_SETFL, out_flags);
    }
}

void chardev_terminal_start(void)
{
    if (the_stdio && the_stdio->is_tty && tcgetattr(STDIN_FILENO, &saved_tty) == 0) {
        tty_changed = 1;                /* also if we start in the background: SIGCONT sets it then */
        atexit(chardev_terminal_restore);
        terminal_set_raw();
    }
}

Chardev *chardev_of_stdout(void)
{
    return the_stdio;
}

void chardev_terminal_continued(void)
{
    if (tty_changed) {
        terminal_set_raw();
    }
}

static void stdio_close(Chardev *chr)
{
    chardev_terminal_restore();
}

static void stdio_remove(Chardev *chr)
{
    const int out = GPOINTER_TO_INT(chr->state);

    stdio_close(chr);
    the_stdio = NULL;
    if (out > STDERR_FILENO) {
        close(out);
    }
}

static void stdio_adopt(Chardev *chr)
{
    the_stdio = chr;
}

static const ChardevBackend stdio_backend = {
    .name = "stdio", .close = stdio_close, .remove = stdio_remove, .adopt = stdio_adopt,
};

static int stdout_nonblocking(bool *is_socket)
{
    struct stat st;
    int fd;

    *is_socket = false;
    if (fstat(STDOUT_FILENO, &st) < 0) {
        return -1;                      /* closed by the caller: nowhere to write to */
    }
    if (S_ISSOCK(st.st_mode)) {
        *is_socket = true;
        return STDOUT_FILENO;
    }
    if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) {
        return STDOUT_FILENO;           /* never blocks for long, and has a position that must stay shared */
    }
    fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        return fd;
    }
    out_flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (out_flags >= 0) {
        fcntl(STDOUT_FILENO, F_SETFL, out_flags | O_NONBLOCK);
    }
    return STDOUT_FILENO;
}

bool chardev_open_stdio(Chardev *chr, const char *spec, bool signals, char **error)
{
    bool is_socket;
    int out;

    if (the_stdio) {
        return chardev_refuse(error, spec, "standard input and output are in use by another device already");
    }
    the_stdio = chr;
    chr->backend = &stdio_backend;
    out = stdout_nonblocking(&is_socket);
    if (isatty(STDIN_FILENO)) {
        chr->is_tty = true;
        keep_signals = signals;
    }
    chr->state = GINT_TO_POINTER(out);
    chardev_connect(chr, STDIN_FILENO, out, false);
    chr->out_is_socket = is_socket;
    if (chr->later) {
        chardev_terminal_start();
    }
    return true;
}
