/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input of character devices: read by the I/O thread, queued per front end, handed over as the front end takes it.
 *
 * Nothing that was sent or typed is dropped. A device with one front end is read up to 4 KiB ahead; then its descriptor
 * is left alone, and whoever writes to it waits, until the front end calls chardev_accept_input(). A device that
 * somebody may want to give orders through is read on, and the queue grows: behind what a hanging guest does not take
 * there may be a Ctrl-a for the multiplexer, or a Ctrl-C, which the kernel does not look at either while a terminal's
 * buffer is full. Only behind CHR_INPUT_MAX is such a device left alone too.
 *
 * A break keeps its place among the bytes. All on the I/O thread.
 */
#define _GNU_SOURCE     /* MSG_CMSG_CLOEXEC */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib-unix.h>
#include "chardev/char-internal.h"

enum { MAX_PASSED = 16 };                /* descriptors with one piece of input; the system closes the others */

static bool send_event(Chardev *chr, unsigned fe, int event)
{
    return fe >= chr->frontend_count || !chr->frontend[fe].event ||
           chr->frontend[fe].event(chr->frontend[fe].opaque, event);
}

/* ---- what a guest gets is recorded: the first byte of an event is CHARACTERS, or a CHR_EVENT_* above it ---- */

enum { CHARACTERS = 0, FIRST_EVENT = 1 };

static void play(void *opaque, const uint8_t *data, size_t bytes)
{
    const CharFrontend *fe = opaque;

    if (data[0] != CHARACTERS) {
        fe->event(fe->opaque, data[0] - FIRST_EVENT);
    } else if (bytes > 1) {
        fe->receive(fe->opaque, data + 1, (int)(bytes - 1));
    }
}

void chardev_record(Chardev *chr, unsigned fe)
{
    chr->source[fe] = replay_source_new(chr->label, play, &chr->frontend[fe]);
}

void chardev_event(Chardev *chr, unsigned fe, int event)
{
    const uint8_t byte = (uint8_t)(FIRST_EVENT + event);

    if (fe < chr->frontend_count && chr->source[fe] && chr->frontend[fe].event) {
        replay_event(chr->source[fe], &byte, 1);
    } else {
        send_event(chr, fe, event);
    }
}

/* A piece of the input to the front end; how much of it was taken. */
static int give(Chardev *chr, unsigned i, const uint8_t *buf, int len)
{
    const CharFrontend *fe = &chr->frontend[i];
    int n;

    if (!chr->source[i]) {
        return fe->receive(fe->opaque, buf, len);
    }
    if (replay_mode == REPLAY_PLAY) {
        return len;
    }
    if (!replay_begin()) {
        chardev_accept_input(chr);
        return 0;
    }
    n = fe->receive(fe->opaque, buf, len);
    if (n > 0) {
        g_autofree uint8_t *event = g_malloc((size_t)n + 1);

        event[0] = CHARACTERS;
        memcpy(event + 1, buf, (size_t)n);
        replay_end(chr->source[i], event, (size_t)n + 1);
    } else {
        replay_end(chr->source[i], NULL, 0);
    }
    return n;
}

/* False: not now. */
static bool give_break(Chardev *chr, unsigned i)
{
    const uint8_t byte = FIRST_EVENT + CHR_EVENT_BREAK;
    bool taken;

    if (!chr->source[i]) {
        return send_event(chr, i, CHR_EVENT_BREAK);
    }
    if (replay_mode == REPLAY_PLAY) {
        return true;
    }
    if (!replay_begin()) {
        chardev_accept_input(chr);
        return false;
    }
    taken = send_event(chr, i, CHR_EVENT_BREAK);
    replay_end(chr->source[i], &byte, taken ? 1 : 0);
    return taken;
}

/* Make room for one byte at the end. */
static void input_grow(ChardevInput *in)
{
    if (in->head + in->len < in->size) {
        return;
    }
    if (in->head >= in->size / 2 && in->head) {
        memmove(in->buf, in->buf + in->head, in->len);
        in->head = 0;
        return;
    }
    in->size = MAX(in->size * 2, (size_t)CHR_INPUT_SIZE);
    in->buf = g_realloc(in->buf, in->size);
}

void chardev_input_push(Chardev *chr, unsigned fe, uint8_t byte)
{
    ChardevInput *in = &chr->input[fe];

    input_grow(in);
    in->buf[in->head + in->len++] = byte;
}

void chardev_input_push_break(Chardev *chr, unsigned fe)
{
    ChardevInput *in = &chr->input[fe];
    uint64_t at = in->taken + in->len;

    if (!in->breaks) {
        in->breaks = g_array_new(FALSE, FALSE, sizeof(at));
    }
    g_array_append_val(in->breaks, at);
}

/* How many bytes come before the next break. */
static size_t input_run(const ChardevInput *in)
{
    return in->breaks && in->breaks->len ? (size_t)(g_array_index(in->breaks, uint64_t, 0) - in->taken) : in->len;
}

static void input_took(ChardevInput *in, size_t n)
{
    in->taken += n;
    in->head += n;
    in->len -= n;
    if (!in->len) {
        in->head = 0;
        if (in->size > CHR_INPUT_SIZE) {
            g_free(in->buf);
            in->buf = NULL;
            in->size = 0;
        }
    }
}

static void deliver(Chardev *chr, unsigned i)
{
    ChardevInput *in = &chr->input[i];

    for (;;) {
        size_t run = input_run(in);
        int n;

        if (run) {
            n = give(chr, i, in->buf + in->head, (int)MIN(run, (size_t)CHR_INPUT_MAX));
            if (n <= 0) {
                break;
            }
            input_took(in, (size_t)n);
        } else if (in->breaks && in->breaks->len && give_break(chr, i)) {
            g_array_remove_index(in->breaks, 0);
        } else {
            break;
        }
    }
}

void chardev_input_deliver(Chardev *chr)
{
    for (unsigned i = 0; i < chr->frontend_count; i++) {
        deliver(chr, i);
    }
}

/* How much may be read now. */
static size_t input_room(const Chardev *chr)
{
    size_t max = chr->mux || chr->is_tty ? CHR_INPUT_MAX : CHR_INPUT_SIZE;
    size_t len = chr->input[chr->focus].len;

    return chr->frontend_count && len < max ? max - len : 0;
}

/* Sort what was read: text, telnet's commands, the multiplexer's. */
static void input_bytes(Chardev *chr, const uint8_t *buf, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        TelnetInput kind = chr->telnet ? telnet_byte(&chr->telnet_state, buf[i]) : TELNET_TEXT;

        if (kind == TELNET_BREAK) {
            chardev_input_push_break(chr, chr->focus);
        } else if (kind == TELNET_NOTHING) {
            continue;
        } else if (chr->mux) {
            mux_input_byte(chr, buf[i]);
        } else {
            chardev_input_push(chr, 0, buf[i]);
        }
    }
}

int chardev_take_fd(Chardev *chr)
{
    const int fd = chr->passed_fd;

    chr->passed_fd = -1;
    return fd;
}

/* Of the descriptors that came along the last one is kept. */
static void keep_fds(Chardev *chr, struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
                if (chr->passed_fd >= 0) {
                    close(chr->passed_fd);
                }
                memcpy(&chr->passed_fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            }
        }
    }
}

static ssize_t input_read(Chardev *chr, uint8_t *buf, size_t size)
{
    char control[CMSG_SPACE(MAX_PASSED * sizeof(int))] __attribute__((aligned(_Alignof(struct cmsghdr))));
    struct iovec io = { buf, size };
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control,
                              .msg_controllen = sizeof(control) };
    ssize_t n;

    if (!chr->in_is_socket) {
        return read(chr->in_fd, buf, size);
    }
    n = recvmsg(chr->in_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n >= 0) {
        keep_fds(chr, &message);
    }
    return n;
}

static gboolean in_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    Chardev *chr = opaque;
    static uint8_t buf[CHR_DATAGRAM_IN];
    size_t room = input_room(chr);
    ssize_t n;

    if (!room) {
        chardev_input_watch(chr);
        return G_SOURCE_CONTINUE;       /* the call above removed the source */
    }
    /* A datagram is taken as a whole. An empty one is not the end, nor is the complaint about one that nobody took. */
    n = input_read(chr, buf, chr->datagrams ? sizeof(buf) : MIN(room, (size_t)CHR_INPUT_SIZE));
    if (chr->datagrams ? n <= 0 : n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0) {
        if (chr->backend->peer_gone) {
            chr->backend->peer_gone(chr);
        } else {
            chardev_input_eof(chr);
        }
        return G_SOURCE_CONTINUE;       /* removed by either */
    }
    input_bytes(chr, buf, (size_t)n);
    chardev_input_deliver(chr);
    chardev_input_watch(chr);
    return G_SOURCE_CONTINUE;
}

void chardev_input_watch(Chardev *chr)
{
    bool room = input_room(chr) != 0;

    if (room && !chr->in_watch && chr->in_fd >= 0) {
        chr->in_watch = g_unix_fd_add(chr->in_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, in_ready, chr);
    } else if (!room && chr->in_watch) {
        g_source_remove(chr->in_watch);
        chr->in_watch = 0;
    }
}

void chardev_input_rest(Chardev *chr)
{
    uint8_t buf[CHR_INPUT_SIZE];
    ssize_t n;

    while (chr->in_fd >= 0 && chr->input[chr->focus].len < CHR_INPUT_MAX &&
           ((n = input_read(chr, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))) {
        input_bytes(chr, buf, n > 0 ? (size_t)n : 0);
    }
    chardev_input_deliver(chr);
}

void chardev_input_eof(Chardev *chr)
{
    if (chr->in_watch) {
        g_source_remove(chr->in_watch);
        chr->in_watch = 0;
    }
    chr->in_fd = -1;
}
