/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket back ends: tcp:[HOST]:PORT, telnet:[HOST]:PORT and unix:PATH, as client or as server, and fd:NUMBER, a
 * socket that who started us has connected, or listens on (server=on).
 *
 *   server=on      listen for a connection; one at a time, the next when the last has ended
 *   wait=on|off    server: wait for the first connection before the guest starts (the default), or do not
 *   nodelay=on     tcp: send small packets at once
 *   ipv4=on, ipv6=on    tcp: addresses of this kind alone
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
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib-unix.h>
#include "chardev/char-internal.h"
#include "chardev/websocket.h"
#include "qemu/address.h"
#include "qemu/exit-files.h"
#include "qemu/log.h"
#include "qemu/switch-word.h"

typedef struct SocketState {
    Chardev *chr;
    SocketKind kind;
    bool server, wait, nodelay, ipv4, ipv6, websocket, abstract, tight;
    unsigned last_port;                 /* 0: the one alone */
    WebSocket *relay;                   /* between the client and the connection; NULL: none */
    unsigned reconnect_s;               /* 0: never */
    char *spec, *host, *port, *path;
    struct addrinfo *addresses, *next;  /* reconnect: where to, and which is tried next */
    int listener, connection;           /* -1: none */
    guint accept_watch, attempt;        /* attempt: a client's next one, or that under way; 0: none */
    int attempt_fd;                     /* -1: none is under way */
} SocketState;

enum { CONNECT_PATIENCE_MS = 3000 };    /* while the machine runs */

static const char socket_usage[] =
    "known: server=on|off, wait=on|off, nodelay=on|off, ipv4=on|off, ipv6=on|off, telnet=on|off, websocket=on|off, "
    "abstract=on|off, tight=on|off, to=PORT, reconnect=SECONDS";

static bool set_switch(Chardev *chr, SocketState *s, const char *text, const char *name, bool value, char **error)
{
    const struct { const char *name; bool *target, wrong; } switches[] = {
        { "server", &s->server, false }, { "ipv4", &s->ipv4, false }, { "ipv6", &s->ipv6, false },
        { "websocket", &s->websocket, false }, { "telnet", &chr->telnet, false },
        { "abstract", &s->abstract, false }, { "tight", &s->tight, false },
        { "wait", &s->wait, false }, { "nodelay", &s->nodelay, false }, { "delay", &s->nodelay, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++) {
        if (!strcmp(name, switches[i].name)) {
            *switches[i].target = value != switches[i].wrong;
            return true;
        }
    }
    return chardev_refuse(error, s->spec, "unknown property '%s' (%s)", text, socket_usage);
}

/* A property that is a number; false: it is none of these. *good false: *error. */
static bool number_property(SocketState *s, const char *name, const char *value, bool *good, char **error)
{
    const struct { const char *name, *what; unsigned *target; guint64 min, max; } numbers[] = {
        { "reconnect", "a number of seconds", &s->reconnect_s, 0, 86400 },
        { "to", "a port", &s->last_port, 1, 65535 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        guint64 number;

        if (strcmp(name, numbers[i].name)) {
            continue;
        }
        *good = g_ascii_string_to_unsigned(value, 10, numbers[i].min, numbers[i].max, &number, NULL);
        if (*good) {
            *numbers[i].target = (unsigned)number;
        } else {
            chardev_refuse(error, s->spec, "%s is %s, not '%s'", name, numbers[i].what, value);
        }
        return true;
    }
    return false;
}

/* One ",name[=on|off]" of the specification; also the old forms "server", "nowait" and so on. */
static bool socket_property(Chardev *chr, SocketState *s, const char *text, char **error)
{
    g_auto(GStrv) kv = g_strsplit(text, "=", 2);
    const char *name = kv[0] ? kv[0] : "";
    bool value = true;

    if (kv[0] && kv[1]) {
        bool good;

        if (number_property(s, name, kv[1], &good, error)) {
            return good;
        }
        if (!switch_word(kv[1], &value)) {
            return chardev_refuse(error, s->spec, "%s is 'on' or 'off', not '%s'", name, kv[1]);
        }
    } else if (g_str_has_prefix(name, "no") && strcmp(name, "nodelay")) {
        name += 2;
        value = false;
    }
    return set_switch(chr, s, text, name, value, error);
}

static bool socket_parse(Chardev *chr, SocketState *s, const char *args, char **error)
{
    g_auto(GStrv) parts = g_strsplit(args, ",", -1);
    const char *address = parts[0] ? parts[0] : "";

    for (char **p = parts; *p && p[1]; p++) {
        if (!socket_property(chr, s, p[1], error)) {
            return false;
        }
    }
    if (s->kind == SOCKET_UNIX) {
        s->path = g_strdup(address);
        if (!*address || strlen(address) + s->abstract >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
            return chardev_refuse(error, s->spec, *address ? "the path is too long for a socket"
                                                           : "the path is missing");
        }
    } else if (s->kind == SOCKET_TCP) {
        if (!address_split(address, &s->host, &s->port)) {
            return chardev_refuse(error, s->spec, "the port is missing or beyond 65535 (tcp:HOST:PORT)");
        }
    }
    if (s->abstract && s->kind != SOCKET_UNIX) {
        return chardev_refuse(error, s->spec, "abstract=on is for sockets with a path");
    }
    if (s->last_port && (s->kind != SOCKET_TCP || !s->server || s->last_port < strtoul(s->port, NULL, 10))) {
        return chardev_refuse(error, s->spec, "to= is the last of the ports that a server tries (server=on)");
    }
    if (s->reconnect_s && (s->server || s->kind == SOCKET_FD)) {
        return chardev_refuse(error, s->spec, "reconnect is for clients");
    }
    if (s->websocket && (!s->server || chr->telnet)) {
        return chardev_refuse(error, s->spec,
                              chr->telnet ? "either telnet or websocket" : "websocket=on needs server=on");
    }
    return true;
}

/* -1, and *error. */
static int socket_fail(const SocketState *s, const char *what, const char *why, char **error)
{
    chardev_refuse(error, s->spec, "cannot %s: %s", what, why);
    return -1;
}

/* While the machine runs nobody waits for long. 0, or -1 and errno. */
static int socket_connect(const Chardev *chr, int fd, const struct sockaddr *address, socklen_t len)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int code = ETIMEDOUT;
    socklen_t size = sizeof(code);

    if (!chr->later) {
        return connect(fd, address, len);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!connect(fd, address, len)) {
        return 0;
    }
    if (errno == EINPROGRESS) {
        if (poll(&p, 1, CONNECT_PATIENCE_MS) == 1) {
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
        }
        errno = code;
        return code ? -1 : 0;
    }
    return -1;
}

/* An abstract name begins with a zero, and is as long as the address is. */
static socklen_t unix_address(const SocketState *s, struct sockaddr_un *sun)
{
    *sun = (struct sockaddr_un) { .sun_family = AF_UNIX };
    g_strlcpy(sun->sun_path + s->abstract, s->path, sizeof(sun->sun_path) - s->abstract);
    return s->abstract && s->tight ? (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(s->path))
                                   : sizeof(*sun);
}

static int unix_open(Chardev *chr, SocketState *s, char **error)
{
    struct sockaddr_un sun;
    const socklen_t len = unix_address(s, &sun);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return socket_fail(s, "make a socket", strerror(errno), error);
    }
    if (!s->server) {
        if (socket_connect(chr, fd, (struct sockaddr *)&sun, len) < 0) {
            socket_fail(s, "connect", strerror(errno), error);
            close(fd);
            return -1;
        }
        return fd;
    }
    if (!s->abstract) {
        unlink(s->path);                /* what a dead emulator left behind */
    }
    if (bind(fd, (struct sockaddr *)&sun, len) < 0 || listen(fd, 1) < 0) {
        socket_fail(s, "listen", strerror(errno), error);
        close(fd);
        return -1;
    }
    if (!s->abstract) {
        exit_file_add(s->path);
    }
    return fd;
}

/* NULL: *error. */
static struct addrinfo *tcp_resolve(SocketState *s, char **error)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list;
    int code;

    if (s->ipv4 != s->ipv6) {
        hints.ai_family = s->ipv4 ? AF_INET : AF_INET6;
    }
    if (s->server) {
        hints.ai_flags = AI_PASSIVE;
    }
    code = getaddrinfo(*s->host ? s->host : s->server ? NULL : "localhost", s->port, &hints, &list);
    if (code) {
        socket_fail(s, "resolve the address", gai_strerror(code), error);
        return NULL;
    }
    return list;
}

/* -1 and *code: neither of the addresses will do. */
static int tcp_open_any(Chardev *chr, const SocketState *s, const struct addrinfo *list, int *code)
{
    const int one = 1;

    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0) {
            *code = errno;
            continue;
        }
        if (s->server) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        if (s->server ? !bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, 1)
                      : !socket_connect(chr, fd, ai->ai_addr, ai->ai_addrlen)) {
            return fd;
        }
        *code = errno;
        close(fd);
    }
    return -1;
}

static int tcp_open(Chardev *chr, SocketState *s, char **error)
{
    int code = EADDRNOTAVAIL;

    for (;;) {
        struct addrinfo *list = tcp_resolve(s, error);
        int fd = list ? tcp_open_any(chr, s, list, &code) : -1;
        const unsigned long port = strtoul(s->port, NULL, 10);

        if (!list) {
            return -1;
        }
        freeaddrinfo(list);
        if (fd >= 0) {
            return fd;
        }
        if (code != EADDRINUSE || port >= s->last_port) {
            return socket_fail(s, s->server ? "listen" : "connect", strerror(code), error);
        }
        g_free(s->port);
        s->port = g_strdup_printf("%lu", port + 1);
    }
}

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
        len = unix_address(s, &sun);
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
            unlink(s->path);
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

/* The descriptor whose number the command line gives. */
static int passed_open(const SocketState *s, const char *args, char **error)
{
    char *end;
    unsigned long number = strtoul(args, &end, 10);
    struct stat st;

    if (!g_ascii_isdigit(*args) || (*end && *end != ',') || number > INT_MAX || fstat((int)number, &st) ||
        !S_ISSOCK(st.st_mode)) {
        return socket_fail(s, "use it", "fd is the number of an open socket", error);
    }
    fcntl((int)number, F_SETFD, FD_CLOEXEC);
    return (int)number;
}

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
        s->addresses = s->kind == SOCKET_TCP ? tcp_resolve(s, error) : NULL;
        if (s->kind == SOCKET_TCP && !s->addresses) {
            return false;
        }
        socket_try(s);
        return true;
    }
    fd = s->kind == SOCKET_UNIX ? unix_open(chr, s, error) : s->kind == SOCKET_TCP ? tcp_open(chr, s, error)
         : passed_open(s, args, error);
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
