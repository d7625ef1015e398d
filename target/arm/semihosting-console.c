/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Semihosting's console: standard input, output and error, or a character device (-semihosting-config chardev=ID).
 *
 * What comes from a character device goes through a pipe, so that a call waits for it as for standard input. It has no
 * end: another client may connect.
 */
#define _GNU_SOURCE     /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "chardev/char.h"
#include "hw/semihosting.h"
#include "qemu/log.h"
#include "qemu/writer.h"
#include "target/arm/semihosting-files.h"

/* Constant once the CPUs run. */
static Chardev *console;
static int input[2] = { STDIN_FILENO, -1 };

/* I/O thread. */
static int console_receive(void *opaque, const uint8_t *buf, int len)
{
    ssize_t n = write(input[1], buf, (size_t)len);

    return n < 0 ? 0 : (int)n;
}

void semihosting_set_console(Chardev *chr)
{
    if (pipe2(input, O_CLOEXEC | O_NONBLOCK)) {     /* another CPU may read first what was waited for */
        error_exit("semihosting: cannot make a pipe: %s", strerror(errno));
    }
    console = chr;
    chardev_attach(chr, &(CharFrontend) { .receive = console_receive });
}

int semi_console_input(void)
{
    return input[0];
}

bool semi_console_is_device(void)
{
    return console;
}

bool semi_console_is_tty(int fd)
{
    return console || isatty(fd);
}

void semi_console_took_input(void)
{
    chardev_accept_input(console);
}

void semi_console_write(int fd, const void *buf, size_t len)
{
    Chardev *chr = console ? console : chardev_of_stdout();

    if (chr && (console || fd == STDOUT_FILENO ||
                writer_standard(STDOUT_FILENO) == writer_standard(STDERR_FILENO))) {
        chardev_write(chr, buf, (int)len);
    } else {
        writer_put(writer_standard(fd), buf, len);
    }
}
