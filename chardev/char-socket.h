/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the socket back ends share; char-socket.c says what they are. I/O thread. */
#ifndef CHARDEV_CHAR_SOCKET_H
#define CHARDEV_CHAR_SOCKET_H
#include <netdb.h>
#include <sys/un.h>
#include "chardev/char-internal.h"
#include "chardev/websocket.h"

typedef struct SocketState {
    Chardev *chr;
    SocketKind kind;
    bool server, wait, nodelay, websocket, abstract, tight;
    int ipv4, ipv6;                     /* 1: on, -1: off, 0: nothing is said */
    unsigned last_port;                 /* 0: the one alone */
    WebSocket *relay;                   /* between the client and the connection; NULL: none */
    unsigned reconnect_s;               /* 0: never */
    char *spec, *host, *port, *path;
    struct addrinfo *addresses, *next;  /* reconnect: where to, and which is tried next */
    int listener, connection;           /* -1: none */
    guint accept_watch, attempt;        /* attempt: a client's next one, or that under way; 0: none */
    int attempt_fd;                     /* -1: none is under way */
} SocketState;

/* What is behind the kind's colon; false: *error (g_free()). */
bool socket_parse(Chardev *chr, SocketState *s, const char *args, char **error);
/* A listening socket, or a connected one; -1: *error. While the machine runs that does not take long. */
int socket_make(Chardev *chr, SocketState *s, const char *args, char **error);
/* Where the name of a socket with a path leads; the length of the address. */
socklen_t socket_unix_address(const SocketState *s, struct sockaddr_un *sun);
/* The addresses that the host's name stands for; NULL: *error. */
struct addrinfo *socket_resolve(SocketState *s, char **error);
/* -1, and *error. */
int socket_fail(const SocketState *s, const char *what, const char *why, char **error);
#endif
