/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices: the output queue and connections. Input is char-input.c, the list of all devices char-list.c.
 *
 * Output. chardev_write() copies into a 64 KiB ring and wakes the I/O thread, which empties it; so a guest that
 * prints a byte at a time costs one system call per burst, not per byte. No writer ever waits: the ring grows. A CPU
 * that filled it is held at its main loop until there is room again (sysemu/cpu-hold.h), so the ring grows by what
 * the CPU prints on its way there. The I/O thread cannot be held. Nothing is dropped while the device is connected,
 * unless such a writer leaves more than CHR_QUEUE_MAX.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib-unix.h>
#include "chardev/char-internal.h"
#include "qemu/log.h"

/* ---- output ---- */

static void queue_append(Chardev *chr, const uint8_t *buf, size_t len)
{
    size_t tail = (chr->queue_head + chr->queue_len) & (chr->queue_size - 1);
    size_t first = MIN(len, chr->queue_size - tail);

    memcpy(chr->queue + tail, buf, first);
    memcpy(chr->queue, buf + first, len - first);
    chr->queue_len += len;
}

static void queue_resize(Chardev *chr, size_t size)
{
    uint8_t *bigger = g_malloc(size);
    size_t first = MIN(chr->queue_len, chr->queue_size - chr->queue_head);

    memcpy(bigger, chr->queue + chr->queue_head, first);
    memcpy(bigger + first, chr->queue, chr->queue_len - first);
    g_free(chr->queue);
    chr->queue = bigger;
    chr->queue_size = size;
    chr->queue_head = 0;
}

/* Whoever waits for room goes on. Caller holds chr->lock. */
static void queue_has_room(Chardev *chr)
{
    cpu_hold_end(&chr->hold);
    if (chr->room_wanted) {
        chr->room_wanted = false;
        io_post(&chr->room);
    }
}

/* I/O thread. */
static void room_again(void *opaque)
{
    Chardev *chr = opaque;

    for (unsigned i = 0; i < chr->frontend_count; i++) {
        if (chr->frontend[i].writable) {
            chr->frontend[i].writable(chr->frontend[i].opaque);
        }
    }
}

/* Write what the descriptor takes without blocking. Returns true if it has to be waited for. Caller holds chr->lock. */
static bool queue_drain(Chardev *chr)
{
    while (chr->queue_len && chr->out_fd >= 0 && !chr->out_failed) {
        size_t chunk = MIN(MIN(chr->queue_len, chr->queue_size - chr->queue_head),
                           chr->datagrams ? (size_t)CHR_DATAGRAM_OUT : SIZE_MAX);
        const uint8_t *from = chr->queue + chr->queue_head;
        ssize_t n = chr->out_is_socket ? send(chr->out_fd, from, chunk, MSG_DONTWAIT | MSG_NOSIGNAL)
                                       : write(chr->out_fd, from, chunk);

        if (n < 0 && chr->datagrams && errno != EAGAIN && errno != EWOULDBLOCK) {
            n = (ssize_t)chunk;         /* lost, as on any network: the peer is not there yet, or any more */
        }
        if (n > 0) {
            chr->queue_head = (chr->queue_head + (size_t)n) & (chr->queue_size - 1);
            chr->queue_len -= (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return true;
        } else if (n < 0 && errno != EINTR) {
            if (errno != EPIPE && errno != ECONNRESET && errno != EIO) {
                warn_report("%s: %s: output stops here", chr->label, strerror(errno));
            }
            chr->out_failed = true;
        }
    }
    if (chr->out_fd < 0 || chr->out_failed) {
        chr->queue_len = 0;
    }
    if (chr->queue_len < CHR_QUEUE_SIZE) {
        queue_has_room(chr);
    }
    if (!chr->queue_len) {
        chr->queue_head = 0;
        if (chr->queue_size > CHR_QUEUE_SIZE) {
            queue_resize(chr, CHR_QUEUE_SIZE);
        }
    }
    return false;
}

static gboolean out_ready(gint fd, GIOCondition condition, gpointer opaque);

/*
 * I/O thread: nobody takes output any more. What the peer of a connection said before it left is still read; input that
 * has nothing to do with the output goes on.
 */
static void output_gone(Chardev *chr)
{
    if (chr->backend->peer_gone) {
        chardev_input_rest(chr);
        chr->backend->peer_gone(chr);
        return;
    }
    pthread_mutex_lock(&chr->lock);
    chr->out_fd = -1;
    chr->out_failed = false;
    pthread_mutex_unlock(&chr->lock);
}

/* I/O thread: empty the queue, watch the descriptor if it is slow, notice a peer that is gone. */
static void output_service(void *opaque)
{
    Chardev *chr = opaque;
    bool wait, failed;
    int fd;

    pthread_mutex_lock(&chr->lock);
    wait = queue_drain(chr);
    failed = chr->out_failed;
    fd = chr->out_fd;
    pthread_mutex_unlock(&chr->lock);
    if (wait && !chr->out_watch) {
        chr->out_watch = g_unix_fd_add(fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, out_ready, chr);
    } else if (!wait && chr->out_watch) {
        g_source_remove(chr->out_watch);
        chr->out_watch = 0;
    }
    if (failed && fd >= 0) {
        output_gone(chr);
    }
}

void chardev_flush(Chardev *chr)
{
    output_service(chr);
}

static gboolean out_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    output_service(opaque);
    return G_SOURCE_CONTINUE;           /* output_service() removes the watch itself */
}

/* Caller holds chr->lock; the device is connected. */
static void queue_put(Chardev *chr, const uint8_t *buf, size_t len)
{
    while (chr->queue_size - chr->queue_len < len && chr->queue_size < CHR_QUEUE_MAX) {
        queue_resize(chr, chr->queue_size * 2);
    }
    queue_append(chr, buf, MIN(len, chr->queue_size - chr->queue_len));
}

/* The byte 255 is sent twice: both under one lock, for between them another writer's byte would be a command. */
static void queue_put_telnet(Chardev *chr, const uint8_t *buf, size_t len)
{
    const uint8_t *iac;

    while ((iac = memchr(buf, TELNET_IAC, len))) {
        size_t n = (size_t)(iac - buf) + 1;

        queue_put(chr, buf, n);
        queue_put(chr, iac, 1);
        buf += n;
        len -= n;
    }
    queue_put(chr, buf, len);
}

void chardev_write(Chardev *chr, const uint8_t *buf, int len)
{
    bool connected;

    if (!chr || len <= 0) {
        return;
    }
    pthread_mutex_lock(&chr->lock);
    connected = chr->out_fd >= 0 && !chr->out_failed;
    if (chr->log) {
        writer_put(chr->log, buf, (size_t)len);
    }
    if (chr->backend->put) {
        chr->backend->put(chr, buf, (size_t)len);
    } else if (connected && chr->writer) {
        writer_put(chr->writer, buf, (size_t)len);
    } else if (connected) {
        (chr->telnet ? queue_put_telnet : queue_put)(chr, buf, (size_t)len);
        if (chr->queue_len >= CHR_QUEUE_SIZE) {
            cpu_hold(&chr->hold);
        }
    }
    pthread_mutex_unlock(&chr->lock);
    if (connected && !chr->writer) {
        io_post(&chr->output);
    }
}

/* The writer's, on its thread. */
static void writer_has_room(void *opaque)
{
    Chardev *chr = opaque;

    io_post(&chr->room);
}

bool chardev_full(Chardev *chr)
{
    bool full;

    /* A recorded guest must not know how fast its output is read. */
    if (!chr || replay_mode != REPLAY_NONE) {
        return false;
    }
    pthread_mutex_lock(&chr->lock);
    if (chr->writer) {
        full = writer_full(chr->writer, writer_has_room, chr);
    } else {
        full = chr->room_wanted = chr->queue_len >= CHR_QUEUE_SIZE;
    }
    if (chr->log && !full) {
        full = writer_full(chr->log, writer_has_room, chr);
    }
    pthread_mutex_unlock(&chr->lock);
    return full;
}

void chardev_accept_input(Chardev *chr)
{
    if (chr) {
        io_post(&chr->accept);
    }
}

/* ---- connections ---- */

void chardev_connect(Chardev *chr, int in_fd, int out_fd, bool socket)
{
    struct stat st;

    chr->in_fd = in_fd;
    chr->in_is_socket = socket;
    if (!chr->writer && fstat(out_fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        chr->writer = out_fd <= STDERR_FILENO ? writer_standard(out_fd) : writer_new(out_fd, chr->label);
    }
    pthread_mutex_lock(&chr->lock);
    chr->out_fd = out_fd;
    chr->out_is_socket = socket;
    chr->out_failed = false;
    pthread_mutex_unlock(&chr->lock);
    chardev_input_watch(chr);
    for (unsigned i = 0; i < chr->frontend_count; i++) {
        chardev_event(chr, i, CHR_EVENT_OPENED);
    }
}

void chardev_disconnect(Chardev *chr)
{
    bool was_connected;

    chardev_input_eof(chr);
    if (chr->out_watch) {
        g_source_remove(chr->out_watch);
        chr->out_watch = 0;
    }
    pthread_mutex_lock(&chr->lock);
    was_connected = chr->out_fd >= 0;
    chr->out_fd = -1;
    chr->out_failed = false;
    chr->queue_len = chr->queue_head = 0;
    queue_has_room(chr);
    pthread_mutex_unlock(&chr->lock);
    for (unsigned i = 0; was_connected && i < chr->frontend_count; i++) {
        chardev_event(chr, i, CHR_EVENT_CLOSED);
    }
}

static void input_service(void *opaque)
{
    chardev_input_deliver(opaque);
    chardev_input_watch(opaque);
}

void chardev_attach(Chardev *chr, const CharFrontend *fe)
{
    if (!chr) {
        return;
    }
    if (chr->frontend_count == (chr->mux ? CHR_MAX_FRONTENDS : 1u)) {
        error_exit("%s: the character device has all the users it can have%s", chr->label,
                   chr->mux ? "" : "; put 'mon:' before its name to share it");
    }
    chr->frontend[chr->frontend_count++] = *fe;
    if (fe->guest) {
        chardev_record(chr, chr->frontend_count - 1);
    }
    chardev_input_watch(chr);
    pthread_mutex_lock(&chr->lock);
    bool connected = chr->out_fd >= 0 || chr->backend->put;
    pthread_mutex_unlock(&chr->lock);
    if (connected) {
        chardev_event(chr, chr->frontend_count - 1, CHR_EVENT_OPENED);
    }
}

void chardev_send_break(Chardev *chr)
{
    if (chr->frontend_count) {
        chardev_input_push_break(chr, chr->focus);
        chardev_input_deliver(chr);
    }
}

void chardev_init_output(Chardev *chr)
{
    chr->output = (IOWork) { .fn = output_service, .opaque = chr, .outside = true };
    chr->accept = (IOWork) { .fn = input_service, .opaque = chr, .outside = true };
    chr->room = (IOWork) { .fn = room_again, .opaque = chr };
    chr->in_fd = chr->out_fd = chr->passed_fd = -1;
    chr->queue_size = CHR_QUEUE_SIZE;
    chr->queue = g_malloc(CHR_QUEUE_SIZE);
    pthread_mutex_init(&chr->lock, NULL);
}

bool chardev_is_used(const Chardev *chr)
{
    return chr->frontend_count;
}

const char *chardev_label(const Chardev *chr)
{
    return chr->label;
}

const char *chardev_spec(const Chardev *chr)
{
    return chr->spec;
}

bool chardev_is_mux(const Chardev *chr)
{
    return chr && chr->mux;
}

void chardev_flush_all(bool (*give_up)(int stalled_ms))
{
    for (Chardev *chr = chardev_list; chr; chr = chr->next) {
        int stalled_ms = 0;

        pthread_mutex_lock(&chr->lock);
        for (;;) {
            size_t before = chr->queue_len;
            struct pollfd pfd = { .fd = chr->out_fd, .events = POLLOUT };

            if (!queue_drain(chr)) {
                break;
            }
            stalled_ms = chr->queue_len < before ? 0 : stalled_ms + 20;
            if (give_up(stalled_ms)) {
                break;
            }
            poll(&pfd, 1, 20);
        }
        pthread_mutex_unlock(&chr->lock);
    }
}
