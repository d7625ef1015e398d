/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket back ends: the socket itself, which listens, or is connected, or was handed over. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>
#include "chardev/char-socket.h"
#include "qemu/exit-files.h"

enum { CONNECT_PATIENCE_MS = 3000 };    /* while the machine runs */

int socket_fail(const SocketState *s, const char *what, const char *why, char **error)
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
socklen_t socket_unix_address(const SocketState *s, struct sockaddr_un *sun)
{
    *sun = (struct sockaddr_un) { .sun_family = AF_UNIX };
    g_strlcpy(sun->sun_path + s->abstract, s->path, sizeof(sun->sun_path) - s->abstract);
    return s->abstract && s->tight ? (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(s->path))
                                   : sizeof(*sun);
}

static int unix_open(Chardev *chr, SocketState *s, char **error)
{
    struct sockaddr_un sun;
    const socklen_t len = socket_unix_address(s, &sun);
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

struct addrinfo *socket_resolve(SocketState *s, char **error)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list;
    int code;

    if (s->ipv4 != s->ipv6) {
        hints.ai_family = s->ipv4 > s->ipv6 ? AF_INET : AF_INET6;
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
        struct addrinfo *list = socket_resolve(s, error);
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

int socket_make(Chardev *chr, SocketState *s, const char *args, char **error)
{
    switch (s->kind) {
    case SOCKET_UNIX:
        return unix_open(chr, s, error);
    case SOCKET_TCP:
        return tcp_open(chr, s, error);
    case SOCKET_FD:
        break;
    }
    return passed_open(s, args, error);
}
