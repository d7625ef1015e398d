/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket back ends: tcp:[HOST]:PORT, telnet:[HOST]:PORT and unix:PATH, as client or as server, and fd:NUMBER, a
 * socket that who started us has connected, or listens on (server=on).
 *
 *   server=on      listen for a connection; one at a time, the next when the last has ended
 *   wait=on|off    server: wait for the first connection before the guest starts (the default), or do not
 *   nodelay=on     tcp: send small packets at once
 *   ipv4=on, ipv6=on    tcp: addresses of this kind alone
 *   reconnect=SECONDS   client: connect while the guest runs, and try again after that time
 *
 * A client that loses its connection stays without one unless reconnect is given. Output is dropped while there is
 * none. I/O thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib-unix.h>
#include "chardev/char-internal.h"
#include "qemu/address.h"
#include "qemu/exit-files.h"
#include "qemu/log.h"

typedef struct SocketState {
    SocketKind kind;
    bool server, wait, nodelay, ipv4, ipv6;
    unsigned reconnect_s;               /* 0: never */
    char *spec, *host, *port, *path;
    struct addrinfo *addresses, *next;  /* reconnect: where to, and which is tried next */
    int listener, connection;           /* -1: none */
    guint accept_watch;
} SocketState;

static const char socket_usage[] =
    "known: server=on|off, wait=on|off, nodelay=on|off, ipv4=on|off, ipv6=on|off, reconnect=SECONDS";

/* One ",name[=on|off]" of the specification; also the old forms "server", "nowait" and so on. */
static void socket_property(Chardev *chr, SocketState *s, const char *text)
{
    char **kv = g_strsplit(text, "=", 2);
    const char *name = kv[0] ? kv[0] : "";
    bool value = true, *target = NULL;

    if (kv[0] && kv[1] && !strcmp(name, "reconnect")) {
        char *end;
        unsigned long seconds = strtoul(kv[1], &end, 10);

        if (!g_ascii_isdigit(*kv[1]) || *end || seconds > 86400) {
            error_exit("%s: '%s': reconnect is a number of seconds, not '%s'", chr->label, s->spec, kv[1]);
        }
        s->reconnect_s = (unsigned)seconds;
        g_strfreev(kv);
        return;
    }
    if (kv[0] && kv[1]) {
        value = !strcmp(kv[1], "on");
        if (!value && strcmp(kv[1], "off")) {
            error_exit("%s: '%s': %s is 'on' or 'off', not '%s'", chr->label, s->spec, name, kv[1]);
        }
    } else if (g_str_has_prefix(name, "no") && strcmp(name, "nodelay")) {
        name += 2;
        value = false;
    }
    if (!strcmp(name, "server")) {
        target = &s->server;
    } else if (!strcmp(name, "ipv4")) {
        target = &s->ipv4;
    } else if (!strcmp(name, "ipv6")) {
        target = &s->ipv6;
    } else if (!strcmp(name, "wait")) {
        target = &s->wait;
    } else if (!strcmp(name, "nodelay") || !strcmp(name, "delay")) {
        target = &s->nodelay;
        value = value == !strcmp(name, "nodelay");
    }
    if (!target) {
        error_exit("%s: '%s': unknown property '%s' (%s)", chr->label, s->spec, text, socket_usage);
    }
    *target = value;
    g_strfreev(kv);
}

static void socket_parse(Chardev *chr, SocketState *s, const char *args)
{
    char **parts = g_strsplit(args, ",", -1);
    const char *address = parts[0] ? parts[0] : "";

    for (char **p = parts; *p && p[1]; p++) {
        socket_property(chr, s, p[1]);
    }
    if (s->kind == SOCKET_UNIX) {
        s->path = g_strdup(address);
        if (!*address || strlen(address) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
            error_exit("%s: '%s': %s", chr->label, s->spec,
                       *address ? "the path is too long for a socket" : "the path is missing");
        }
    } else if (s->kind == SOCKET_TCP) {
        if (!address_split(address, &s->host, &s->port)) {
            error_exit("%s: '%s': the port is missing or beyond 65535 (tcp:HOST:PORT)", chr->label, s->spec);
        }
    }
    if (s->reconnect_s && (s->server || s->kind == SOCKET_FD)) {
        error_exit("%s: '%s': reconnect is for clients", chr->label, s->spec);
    }
    g_strfreev(parts);
}

static void socket_fail(Chardev *chr, const SocketState *s, const char *what, const char *why)
{
    error_exit("%s: '%s': cannot %s: %s", chr->label, s->spec, what, why);
}

static struct sockaddr_un unix_address(const SocketState *s)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };

    g_strlcpy(sun.sun_path, s->path, sizeof(sun.sun_path));
    return sun;
}

static int unix_open(Chardev *chr, SocketState *s)
{
    struct sockaddr_un sun = unix_address(s);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        socket_fail(chr, s, "make a socket", strerror(errno));
    }
    if (!s->server) {
        if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
            socket_fail(chr, s, "connect", strerror(errno));
        }
        return fd;
    }
    unlink(s->path);                    /* what a dead emulator left behind */
    if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        socket_fail(chr, s, "listen", strerror(errno));
    }
    exit_file_add(s->path);
    if (listen(fd, 1) < 0) {
        socket_fail(chr, s, "listen", strerror(errno));
    }
    return fd;
}

static struct addrinfo *tcp_resolve(Chardev *chr, SocketState *s)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list;
    int error;

    if (s->ipv4 != s->ipv6) {
        hints.ai_family = s->ipv4 ? AF_INET : AF_INET6;
    }
    if (s->server) {
        hints.ai_flags = AI_PASSIVE;
    }
    error = getaddrinfo(*s->host ? s->host : s->server ? NULL : "localhost", s->port, &hints, &list);
    if (error) {
        socket_fail(chr, s, "resolve the address", gai_strerror(error));
    }
    return list;
}

static int tcp_open(Chardev *chr, SocketState *s)
{
    struct addrinfo *list = tcp_resolve(chr, s), *ai;
    int fd = -1, error = EADDRNOTAVAIL, one = 1;

    for (ai = list; ai && fd < 0; ai = ai->ai_next) {
        fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            error = errno;
            continue;
        }
        if (s->server) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        if (s->server ? bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, 1) < 0
                      : connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
            error = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        socket_fail(chr, s, s->server ? "listen" : "connect", strerror(error));
    }
    return fd;
}

static void socket_use(Chardev *chr, SocketState *s, int fd)
{
    int one = 1;

    if (s->kind == SOCKET_TCP && s->nodelay) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
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

static void socket_retry(Chardev *chr, SocketState *s)
{
    g_timeout_add_seconds(s->reconnect_s, socket_try, chr);
}

static gboolean socket_connected(gint fd, GIOCondition condition, gpointer opaque)
{
    Chardev *chr = opaque;
    SocketState *s = chr->state;
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
        close(fd);
        socket_retry(chr, s);
    } else {
        socket_use(chr, s, fd);
    }
    return G_SOURCE_REMOVE;
}

static gboolean socket_try(gpointer opaque)
{
    Chardev *chr = opaque;
    SocketState *s = chr->state;
    struct sockaddr_un sun;
    const struct sockaddr *address = (const struct sockaddr *)&sun;
    socklen_t len = sizeof(sun);
    int fd;

    if (s->kind == SOCKET_UNIX) {
        sun = unix_address(s);
    } else {
        s->next = s->next && s->next->ai_next ? s->next->ai_next : s->addresses;
        address = s->next->ai_addr;
        len = s->next->ai_addrlen;
    }
    fd = socket(s->kind == SOCKET_UNIX ? AF_UNIX : s->next->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (!connect(fd, address, len) || errno == EINPROGRESS)) {
        g_unix_fd_add(fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, socket_connected, chr);
        return G_SOURCE_REMOVE;
    }
    if (fd >= 0) {
        close(fd);
    }
    socket_retry(chr, s);
    return G_SOURCE_REMOVE;
}

/* ---- servers ---- */

static gboolean socket_accept(gint fd, GIOCondition condition, gpointer opaque)
{
    Chardev *chr = opaque;
    SocketState *s = chr->state;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    if (peer < 0) {
        return G_SOURCE_CONTINUE;
    }
    s->accept_watch = 0;
    socket_use(chr, s, peer);
    return G_SOURCE_REMOVE;
}

static void socket_await(Chardev *chr, SocketState *s)
{
    s->accept_watch = g_unix_fd_add(s->listener, G_IO_IN, socket_accept, chr);
}

static void socket_peer_gone(Chardev *chr)
{
    SocketState *s = chr->state;

    chardev_disconnect(chr);
    if (s->connection >= 0) {
        close(s->connection);
        s->connection = -1;
    }
    if (s->server && !s->accept_watch) {
        socket_await(chr, s);
    } else if (s->reconnect_s) {
        socket_retry(chr, s);
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
}

static const ChardevBackend socket_backend = {
    .name = "socket", .peer_gone = socket_peer_gone, .close = socket_close,
};

/* The descriptor whose number the command line gives. */
static int passed_open(Chardev *chr, const SocketState *s, const char *args)
{
    char *end;
    unsigned long number = strtoul(args, &end, 10);
    struct stat st;

    if (!g_ascii_isdigit(*args) || (*end && *end != ',') || number > INT_MAX || fstat((int)number, &st) ||
        !S_ISSOCK(st.st_mode)) {
        socket_fail(chr, s, "use it", "fd is the number of an open socket");
    }
    fcntl((int)number, F_SETFD, FD_CLOEXEC);
    return (int)number;
}

void chardev_open_socket(Chardev *chr, const char *spec, const char *args, SocketKind kind)
{
    SocketState *s = g_new0(SocketState, 1);
    int fd;

    s->kind = kind;
    s->wait = true;
    s->spec = g_strdup(spec);
    s->listener = s->connection = -1;
    chr->backend = &socket_backend;
    chr->state = s;
    socket_parse(chr, s, args);
    if (s->reconnect_s) {
        s->addresses = kind == SOCKET_TCP ? tcp_resolve(chr, s) : NULL;
        socket_try(chr);
        return;
    }
    fd = kind == SOCKET_UNIX ? unix_open(chr, s) : kind == SOCKET_TCP ? tcp_open(chr, s) : passed_open(chr, s, args);
    if (!s->server) {
        socket_use(chr, s, fd);
        return;
    }
    s->listener = fd;
    if (!s->wait) {
        socket_await(chr, s);
        return;
    }
    error_report("%s: waiting for a connection to %s", chr->label, s->spec);
    do {
        fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        socket_fail(chr, s, "accept a connection", strerror(errno));
    }
    socket_use(chr, s, fd);
}
