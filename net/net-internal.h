/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside net/: kinds of networks. I/O thread. */
#ifndef NET_NET_INTERNAL_H
#define NET_NET_INTERNAL_H
#include "net/net.h"

typedef struct NetKind {
    const char *type;
    /* Its own state, or NULL and *error (free()). */
    void *(*open)(NetBackend *net, const NetOptions *options, char **error);
    void (*send)(void *state, const uint8_t *frame, size_t bytes);     /* NET_MIN_FRAME to NET_MAX_FRAME bytes */
    void (*close)(void *state);
    char *(*hostfwd)(void *state, const char *text, bool add);  /* NULL: has none */
    char *(*info)(void *state);                                 /* NULL: nothing to say */
} NetKind;

extern const NetKind net_user, net_stream, net_dgram, net_tap, net_bridge, net_hubport;
bool net_is_attached(const NetBackend *net);   /* a card, or a hub's port, has it */

/* net/address.c: NULL and *error (free()): no such host, ... Main thread; may wait for a name server. */
typedef struct _GSocketAddress GSocketAddress;
GSocketAddress *net_socket_address(const NetAddress *address, char **error);
/* It is going to be bound: a Unix socket that a dead emulator left there goes. It was bound: ours goes at our end. */
void net_socket_clear(const NetAddress *address);
void net_socket_bound(const NetAddress *address);

/* A frame came from outside; any length. */
void net_deliver(NetBackend *net, const uint8_t *frame, size_t bytes);

/* net/dump.c: frames into a file for Wireshark or tcpdump (pcap); what it does not take at once is dropped. */
typedef struct NetDump NetDump;
NetDump *net_dump_open(const NetDumpOptions *options, char **error);
void net_dump_frame(NetDump *dump, bool sent, const uint8_t *frame, size_t bytes);     /* sent: by the guest */
const char *net_dump_id(const NetDump *dump);           /* NULL: it has none */
void net_dump_close(NetDump *dump);                                             /* NULL is allowed */
#endif
