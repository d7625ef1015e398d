/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of character devices: made from a specification, found by label, exchanged and removed while the machine
 * runs. I/O thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "chardev/char-internal.h"
#include "qemu/fdset.h"
#include "qemu/log.h"

Chardev *chardev_list;

bool chardev_refuse(char **error, const char *spec, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    *error = g_strdup_printf("'%s': %s", spec, text);
    return false;
}

Chardev *chardev_find(const char *label)
{
    Chardev *chr = chardev_list;

    while (chr && strcmp(chr->label, label)) {
        chr = chr->next;
    }
    return chr;
}

bool chardev_add_client(Chardev *chr, int fd)
{
    return chr->backend->add_client && chr->backend->add_client(chr, fd);
}

const Chardev *chardev_next(const Chardev *chr)
{
    return chr ? chr->next : chardev_list;
}

/* ---- making one ---- */

/* A kind of device: what its specification begins with; with a colon last, more follows. */
static bool open_backend(Chardev *chr, const char *spec, const char *rest, char **error)
{
    if (!strcmp(rest, "stdio")) {
        return chardev_open_stdio(chr, spec, !chr->mux, error);
    }
    if (!strcmp(rest, "null")) {
        return chardev_open_null(chr);
    }
    if (!strcmp(rest, "testdev")) {
        return chardev_open_testdev(chr);
    }
    if (!strcmp(rest, "pty")) {
        return chardev_open_pty(chr, spec, error);
    }
    if (g_str_has_prefix(rest, "file:")) {
        return chardev_open_file(chr, spec, rest + 5, false, error);
    }
    if (g_str_has_prefix(rest, "append:")) {
        return chardev_open_file(chr, spec, rest + 7, true, error);
    }
    if (g_str_has_prefix(rest, "serial:")) {
        return chardev_open_serial(chr, spec, rest + 7, error);
    }
    if (g_str_has_prefix(rest, "/dev/")) {
        return chardev_open_serial(chr, spec, rest, error);
    }
    if (g_str_has_prefix(rest, "pipe:")) {
        return chardev_open_pipe(chr, spec, rest + 5, error);
    }
    if (g_str_has_prefix(rest, "tcp:")) {
        return chardev_open_socket(chr, spec, rest + 4, SOCKET_TCP, error);
    }
    if (g_str_has_prefix(rest, "telnet:")) {
        chr->telnet = true;
        return chardev_open_socket(chr, spec, rest + 7, SOCKET_TCP, error);
    }
    if (g_str_has_prefix(rest, "websocket:")) {
        g_autofree char *args = g_strconcat(rest + 10, ",websocket=on", NULL);

        return chardev_open_socket(chr, spec, args, SOCKET_TCP, error);
    }
    if (g_str_has_prefix(rest, "udp:")) {
        return chardev_open_udp(chr, spec, rest + 4, error);
    }
    if (!strcmp(rest, "ringbuf") || g_str_has_prefix(rest, "ringbuf:")) {
        return chardev_open_ringbuf(chr, spec, rest[7] ? rest + 8 : "", error);
    }
    if (!strcmp(rest, "vc") || g_str_has_prefix(rest, "vc:")) {
        return chardev_open_vc(chr, spec, rest[2] ? rest + 3 : "", error);
    }
    if (g_str_has_prefix(rest, "unix:")) {
        return chardev_open_socket(chr, spec, rest + 5, SOCKET_UNIX, error);
    }
    if (g_str_has_prefix(rest, "fd:")) {
        return chardev_open_socket(chr, spec, rest + 3, SOCKET_FD, error);
    }
    *error = g_strdup_printf("'%s' is not a character device (stdio, mon:stdio, null, none, file:PATH, pipe:PATH, "
                             "pty, /dev/TERMINAL, tcp:HOST:PORT[,server=on][,wait=off], telnet: and websocket: "
                             "likewise, unix:PATH[,server=on][,wait=off], udp:HOST:PORT[@HOST:PORT], "
                             "ringbuf[:BYTES], vc[:WIDTHxHEIGHT], testdev)", spec);
    return false;
}

static void free_chardev(void *opaque)
{
    Chardev *chr = opaque;

    pthread_mutex_destroy(&chr->lock);
    g_free(chr->queue);
    g_free(chr->label);
    g_free(chr->spec);
    g_free(chr);
}

/* Not in the list yet. NULL: *error. */
static Chardev *make(const char *label, const char *spec, bool later, char **error)
{
    const bool mux = g_str_has_prefix(spec, "mon:");
    Chardev *chr = g_new0(Chardev, 1);

    chr->label = g_strdup(label);
    chr->later = later;
    chr->mux = mux;
    chardev_init_output(chr);
    if (!open_backend(chr, spec, mux ? spec + 4 : spec, error)) {
        free_chardev(chr);
        return NULL;
    }
    if (!chr->spec) {
        chr->spec = g_strdup(spec);
    }
    return chr;
}

static void append(Chardev *chr)
{
    Chardev **tail = &chardev_list;

    while (*tail) {
        tail = &(*tail)->next;
    }
    *tail = chr;
}

Chardev *chardev_new(const char *label, const char *spec)
{
    const char *id = g_str_has_prefix(spec, "chardev:") ? spec + 8 : NULL;
    Chardev *chr = id ? chardev_find(id) : NULL;
    char *error;

    if (id && !chr) {
        error_exit("%s: there is no character device '%s' (-chardev KIND,id=%s makes one)", label, id, id);
    }
    if (!chr) {
        chr = make(label, spec, false, &error);
        if (!chr) {
            error_exit("%s: %s", label, error);
        }
        append(chr);
    }
    return chr;
}

static Writer *open_log(const char *label, const char *path, bool append, char **error)
{
    const int flags = O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
    const int fd = fdset_open(path, flags, 0666);

    if (fd < 0) {
        *error = g_strdup_printf("logfile '%s': %s", path, strerror(errno));
        return NULL;
    }
    return writer_new(fd, label);
}

void chardev_set_log(Chardev *chr, const char *path, bool append)
{
    char *error;

    chr->log = open_log(chr->label, path, append, &error);
    if (!chr->log) {
        error_exit("%s: %s", chr->label, error);
    }
}

/* ---- while the machine runs ---- */

static void remove_backend(Chardev *chr)
{
    chardev_disconnect(chr);
    chr->backend->remove(chr);
    if (chr->log) {
        writer_close(chr->log);
    }
}

static Chardev *make_with_log(const ChardevOptions *o, const char *label, char **error)
{
    Chardev *chr = make(label, o->device, true, error);

    if (chr && o->log) {
        chr->log = open_log(label, o->log, o->log_append, error);
        if (!chr->log) {
            remove_backend(chr);
            free_chardev(chr);
            return NULL;
        }
    }
    return chr;
}

char *chardev_add(const ChardevOptions *o)
{
    char *error = NULL;
    Chardev *chr;

    if (chardev_find(o->id)) {
        return g_strdup_printf("Chardev with id '%s' already exists", o->id);
    }
    chr = make_with_log(o, o->id, &error);
    if (chr) {
        append(chr);
    }
    return error;
}

char *chardev_remove(const char *id)
{
    Chardev **p = &chardev_list, *chr;

    while (*p && strcmp((*p)->label, id)) {
        p = &(*p)->next;
    }
    chr = *p;
    if (!chr) {
        return g_strdup_printf("Chardev '%s' not found", id);
    }
    if (chr->frontend_count || chr->syncing) {
        return g_strdup_printf("Chardev '%s' is busy", id);
    }
    if (!chr->backend->remove) {
        return g_strdup_printf("Chardev '%s' is a text console, which stays until the end", id);
    }
    *p = chr->next;
    remove_backend(chr);
    chr->gone = (IOWork) { .fn = free_chardev, .opaque = chr, .outside = true };
    io_post(&chr->gone);                /* behind all that was posted for it */
    return NULL;
}

/* The back end of `from`, which nobody uses and which goes, is that of `chr` from now on. */
static void take_backend(Chardev *chr, Chardev *from)
{
    const int in = from->in_fd, out = from->out_fd;
    const bool socket = from->in_is_socket;

    pthread_mutex_lock(&chr->lock);
    chr->backend = from->backend;
    chr->state = from->state;
    chr->writer = from->writer;
    chr->log = from->log;
    chr->datagrams = from->datagrams;
    chr->telnet = from->telnet;
    pthread_mutex_unlock(&chr->lock);
    chr->telnet_state = 0;
    chr->is_tty = from->is_tty;
    g_free(chr->spec);
    chr->spec = g_steal_pointer(&from->spec);
    if (chr->backend->adopt) {
        chr->backend->adopt(chr);
    }
    if (in >= 0 || out >= 0) {
        chardev_connect(chr, in, out, socket);
    } else if (chr->backend->put) {
        for (unsigned i = 0; i < chr->frontend_count; i++) {
            chardev_event(chr, i, CHR_EVENT_OPENED);
        }
    }
    from->gone = (IOWork) { .fn = free_chardev, .opaque = from, .outside = true };
    io_post(&from->gone);
}

char *chardev_change(const ChardevOptions *o)
{
    Chardev *chr = chardev_find(o->id), *next;
    char *error = NULL;

    if (!chr) {
        return g_strdup_printf("Chardev '%s' does not exist", o->id);
    }
    if (chr->mux || g_str_has_prefix(o->device, "mon:")) {
        return g_strdup("Mux device hotswap not supported yet");
    }
    if (!chr->backend->remove) {
        return g_strdup_printf("Chardev '%s' is a text console, which stays until the end", o->id);
    }
    if (replay_mode != REPLAY_NONE) {
        return g_strdup_printf("Chardev '%s' cannot be changed in record/replay mode", o->id);
    }
    next = make_with_log(o, o->id, &error);
    if (next) {
        chardev_flush(chr);
        remove_backend(chr);
        take_backend(chr, next);
    }
    return error;
}

void chardev_label_message(const Chardev *chr, const char *where)
{
    printf("char device redirected to %s (label %s)\n", where, chr->label);
    fflush(stdout);
}

void chardev_cleanup(void)
{
    for (Chardev *chr = chardev_list; chr; chr = chr->next) {
        if (chr->backend->close) {
            chr->backend->close(chr);
        }
    }
}
