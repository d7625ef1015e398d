/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back end "vc": a text console of the displays (ui/text-console.h), by a pair of sockets. I/O thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "chardev/char-internal.h"
#include "ui/text-console.h"

static const ChardevBackend vc_backend = { .name = "vc" };

/* "NUMBER" or "NUMBERC" (letters, not points). False: it is neither, or not from 1 to max letters. */
static bool parse_length(const char **at, int points, int max, int *letters)
{
    char *end;
    const long n = strtol(*at, &end, 10);
    const bool is_letters = *end == 'C';

    *letters = (int)(n > 0 && n < 100000 ? (is_letters ? n : n / points) : 0);
    *at = end + is_letters;
    return *letters > 0 && *letters <= max;
}

/* size: "", or WIDTHxHEIGHT, either in points or with a C in letters. */
bool chardev_open_vc(Chardev *chr, const char *spec, const char *size, char **error)
{
    int cols = TEXT_COLS, rows = TEXT_ROWS, fd[2];
    const char *at = size;

    if (*size && !(parse_length(&at, TEXT_CELL_WIDTH, TEXT_COLS_MAX, &cols) && *at++ == 'x' &&
                   parse_length(&at, TEXT_CELL_HEIGHT, TEXT_ROWS_MAX, &rows) && !*at)) {
        return chardev_refuse(error, spec, "the size is WIDTHxHEIGHT, up to %dCx%dC letters (with C) or %dx%d points",
                              TEXT_COLS_MAX, TEXT_ROWS_MAX, CONSOLE_WIDTH_MAX, CONSOLE_HEIGHT_MAX);
    }
    if (chr->later) {
        return chardev_refuse(error, spec, "a text console can be made at the start alone (-chardev vc,id=NAME)");
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd)) {
        return chardev_refuse(error, spec, "%s", strerror(errno));
    }
    chr->backend = &vc_backend;
    text_console_new(chr->label, fd[1], cols, rows);
    chardev_connect(chr, fd[0], fd[0], true);
    return true;
}
