/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket back ends: tcp:[HOST]:PORT, telnet:[HOST]:PORT and unix:PATH, as client or as server, and fd:NUMBER, a
 * socket that who started us has connected, or listens on (server=on).
 *
 *   server=on      listen for a connection; one at a time, the next when the last has ended
 *   wait=on|off    server: wait for the first connection before the guest starts (the default), or do not
 *   nodelay=on     tcp: send small packets at once
 *   ipv4=on, ipv6=on    tcp: addresses of this kind alone; the same as the other one's off
 *   to=PORT        tcp, server: take the first port that is free, up to this one
 *   abstract=on    unix: a name of the kernel's, not of the file system; tight=off: padded with zeroes
 *   telnet=on      the connection speaks telnet
 *   reconnect=SECONDS   client: connect while the guest runs, and try again after that time
 *   websocket=on   server: clients speak WebSocket (websocket.h)
 *
 * A client that loses its connection stays without one unless reconnect is given. Output is dropped while there is
 * none. A server that is made while the machine runs never waits, and a client not for long. I/O thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib-unix.h>
#include "chardev/char-socket.h"
#include "qemu/exit-files.h"
#include "qemu/log.h"

static void socket_await(SocketState *s);

static void relay_opened(void *opaque, int fd)
{
    SocketState *s = opaque;

    s->connection = fd;
    chardev_connect(s->chr, fd, fd, true);
}

static void relay_end(SocketState *s)
{
    if (s->relay) {
        websocket_free(s->relay);
        s->relay = NULL;
    }
}

static void relay_refused(void *opaque)
{
    relay_end(opaque);
    socket_await(opaque);
}

static void socket_use(Chardev *chr, SocketState *s, int fd)
{
    int one = 1;

    if (s->kind == SOCKET_TCP && s->nodelay) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    if (s->websocket) {
        s->relay = websocket_new(fd, (WebSocketUser){ relay_opened, relay_refused, s });
        return;
    }
    if (chr->telnet) {
        size_t len;
        const uint8_t *greeting = telnet_greeting(&len);

        /* A fresh connection takes a few bytes; one that does not is found broken by the first read. */
        ssize_t sent = send(fd, greeting, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        (void)sent;
        chr->telnet_state = 0;
    }
    s->connection = fd;
    chardev_connect(chr, fd, fd, true);
}

/* ---- clients that try again ---- */

static gboolean socket_try(gpointer opaque);

static void socket_retry(SocketState *s)
{
    s->attempt = g_timeout_add_seconds(s->reconnect_s, socket_try, s);
}

static gboolean socket_connected(gint fd, GIOCondition condition, gpointer opaque)
{
    SocketState *s = opaque;
    int error = 0;
    socklen_t len = sizeof(error);

    s->attempt = 0;
    s->attempt_fd = -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
        close(fd);
        socket_retry(s);
    } else {
        socket_use(s->chr, s, fd);
    }
    return G_SOURCE_REMOVE;
}

static gboolean socket_try(gpointer opaque)
{
    SocketState *s = opaque;
    struct sockaddr_un sun;
    const struct sockaddr *address = (const struct sockaddr *)&sun;
    socklen_t len;
    int fd;

    s->attempt = 0;
    if (s->kind == SOCKET_UNIX) {
        len = socket_unix_address(s, &sun);
    } else {
        s->next = s->next && s->next->ai_next ? s->next->ai_next : s->addresses;
        address = s->next->ai_addr;
        len = s->next->ai_addrlen;
    }
    fd = socket(s->kind == SOCKET_UNIX ? AF_UNIX : s->next->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (!connect(fd, address, len) || errno == EINPROGRESS)) {
        s->attempt_fd = fd;
        s->attempt = g_unix_fd_add(fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, socket_connected, s);
        return G_SOURCE_REMOVE;
    }
    if (fd >= 0) {
        close(fd);
    }
    socket_retry(s);
    return G_SOURCE_REMOVE;
}

/* ---- servers ---- */

static gboolean socket_accept(gint fd, GIOCondition condition, gpointer opaque)
{
    SocketState *s = opaque;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    if (peer < 0) {
        return G_SOURCE_CONTINUE;
    }
    s->accept_watch = 0;
    socket_use(s->chr, s, peer);
    return G_SOURCE_REMOVE;
}

static void socket_await(SocketState *s)
{
    s->accept_watch = g_unix_fd_add(s->listener, G_IO_IN, socket_accept, s);
}

static void socket_peer_gone(Chardev *chr)
{
    SocketState *s = chr->state;

    chardev_disconnect(chr);
    if (s->connection >= 0) {
        close(s->connection);
        s->connection = -1;
    }
    relay_end(s);
    if (s->server && !s->accept_watch) {
        socket_await(s);
    } else if (s->reconnect_s) {
        socket_retry(s);
    }
}

/*
 * A socket that is closed with input unread resets the connection: the peer gets an error, and may get it instead of
 * the last output.
 */
static void socket_close(Chardev *chr)
{
    SocketState *s = chr->state;
    char buf[4096];

    chardev_disconnect(chr);
    if (s->connection >= 0) {
        shutdown(s->connection, SHUT_WR);
        while (recv(s->connection, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
        }
        close(s->connection);
        s->connection = -1;
    }
    relay_end(s);
}

static void socket_free(SocketState *s)
{
    if (s->accept_watch) {
        g_source_remove(s->accept_watch);
    }
    if (s->attempt) {
        g_source_remove(s->attempt);
    }
    if (s->attempt_fd >= 0) {
        close(s->attempt_fd);
    }
    if (s->listener >= 0) {
        close(s->listener);
        if (s->path && !s->abstract) {
            exit_file_remove(s->path);
        }
    }
    if (s->addresses) {
        freeaddrinfo(s->addresses);
    }
    g_free(s->spec);
    g_free(s->host);
    g_free(s->port);
    g_free(s->path);
    g_free(s);
}

static void socket_remove(Chardev *chr)
{
    socket_close(chr);
    socket_free(chr->state);
}

static void socket_adopt(Chardev *chr)
{
    SocketState *s = chr->state;

    s->chr = chr;
}

static bool socket_add_client(Chardev *chr, int fd)
{
    SocketState *s = chr->state;

    if (!s->accept_watch) {
        return false;
    }
    g_source_remove(s->accept_watch);
    s->accept_watch = 0;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    socket_use(chr, s, fd);
    return true;
}

static const ChardevBackend socket_backend = {
    .name = "socket", .peer_gone = socket_peer_gone, .close = socket_close, .remove = socket_remove,
    .adopt = socket_adopt, .add_client = socket_add_client,
};

/* False: *error. */
static bool socket_serve(Chardev *chr, SocketState *s, char **error)
{
    int fd;

    if (!s->wait || chr->later) {
        socket_await(s);
        return true;
    }
    error_report("%s: waiting for a connection to %s", chr->label, s->spec);
    do {
        fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        socket_fail(s, "accept a connection", strerror(errno), error);
        return false;
    }
    socket_use(chr, s, fd);
    return true;
}

static bool socket_open(Chardev *chr, SocketState *s, const char *args, char **error)
{
    int fd;

    if (!socket_parse(chr, s, args, error)) {
        return false;
    }
    if (s->reconnect_s) {
        s->addresses = s->kind == SOCKET_TCP ? socket_resolve(s, error) : NULL;
        if (s->kind == SOCKET_TCP && !s->addresses) {
            return false;
        }
        socket_try(s);
        return true;
    }
    fd = socket_make(chr, s, args, error);
    if (fd < 0) {
        return false;
    }
    if (s->server) {
        s->listener = fd;
        return socket_serve(chr, s, error);
    }
    socket_use(chr, s, fd);
    return true;
}

bool chardev_open_socket(Chardev *chr, const char *spec, const char *args, SocketKind kind, char **error)
{
    SocketState *s = g_new0(SocketState, 1);

    s->chr = chr;
    s->kind = kind;
    s->wait = s->tight = true;
    s->spec = g_strdup(spec);
    s->listener = s->connection = s->attempt_fd = -1;
    chr->backend = &socket_backend;
    chr->state = s;
    if (!socket_open(chr, s, args, error)) {
        socket_free(s);
        return false;
    }
    return true;
}

bool chardev_is_socket(const Chardev *chr)
{
    return chr->backend == &socket_backend;
}

void chardev_yank(Chardev *chr)
{
    const SocketState *s = chr->state;

    if (s->connection >= 0) {
        shutdown(s->connection, SHUT_RDWR);
    }
}
