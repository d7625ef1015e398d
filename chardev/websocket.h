/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's side of a WebSocket connection (RFC 6455): a relay between the client's socket, which carries frames,
 * and one end of a pair of sockets, which carries bytes. All of it belongs to the I/O thread.
 */
#ifndef CHARDEV_WEBSOCKET_H
#define CHARDEV_WEBSOCKET_H
#include <stdbool.h>
#include <stdint.h>

typedef struct WebSocket WebSocket;

typedef struct WebSocketUser {
    /* The client has asked for a WebSocket and has it: bytes are on this socket, which is the user's to close. */
    void (*opened)(void *opaque, int fd);
    /* It went, or asked for something else, before. After opened() its end is the end of the socket's input. */
    void (*refused)(void *opaque);
    void *opaque;
} WebSocketUser;

/* fd: a connection just accepted, the relay's from now on. */
WebSocket *websocket_new(int fd, WebSocketUser user);
/* Not in opened(); in refused(). The user has closed its socket: what it wrote last is sent if the client takes it. */
void websocket_free(WebSocket *w);
#endif
