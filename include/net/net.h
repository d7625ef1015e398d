/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: what a network card talks to. Frames are Ethernet frames without their check sequence. A card gives frames
 * on any thread; they go out on the I/O thread, where frames for the card also arrive. Neither side sees a frame that
 * Ethernet does not have: it is dropped on its way, whoever sent it. Implemented in net/net.c.
 */
#ifndef NET_NET_H
#define NET_NET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes: two addresses and a type; the same with a VLAN's tag and 1500 bytes of data. */
enum { NET_MIN_FRAME = 14, NET_MAX_FRAME = 1518 };

typedef struct NetBackend NetBackend;

/* A card's side; called on the I/O thread without locks. */
typedef struct NetCard {
    /*
     * NET_MIN_FRAME to NET_MAX_FRAME bytes. False: it has no room; net_card_ready() follows when it has. The frame then
     * waits.
     */
    bool (*receive)(void *opaque, const uint8_t *frame, size_t bytes);
    /* The cable was plugged in or pulled out; may be NULL. */
    void (*link_changed)(void *opaque, bool up);
    void (*mac)(void *opaque, uint8_t mac[6]);  /* the card's address now */
    void *opaque;
} NetCard;

/* Where a socket is. */
typedef struct NetAddress {
    const char *type;           /* "inet", "unix"; NULL: not given */
    const char *host;           /* inet; NULL: the loopback address */
    uint16_t port;              /* inet */
    bool has_port;              /* it was said */
    const char *path;           /* unix */
} NetAddress;

/* Frames that are written into a file, as pcap. */
typedef struct NetDumpOptions {
    const char *id;             /* NULL: none */
    const char *file;
    uint32_t max;               /* bytes of a frame that are kept, at most; not 0 */
    bool only_sent, only_received;      /* those of the guest, for the guest alone; not both */
} NetDumpOptions;

enum { NET_MAX_DUMPS = 4, NET_DUMP_WHOLE = 65536 };

/* What -netdev and -nic say; strings live as long as the program. */
typedef struct NetOptions {
    const char *said;           /* the option and its argument, for messages */
    const char *type;           /* "user", "stream", "dgram", "tap", "bridge", "hubport", "none" (a cable to nowhere) */
    const char *id;             /* NULL: made from the type */
    NetDumpOptions dump[NET_MAX_DUMPS];
    unsigned dumps;
    /* type user */
    const char *network;        /* ADDRESS/BITS; NULL: 10.0.2.0/24 */
    const char *host, *dhcp_start, *dns;        /* addresses; NULL: .2, .15, .3 of the network */
    const char *hostname, *domain, *tftp, *tftp_server, *bootfile;
    const char **dns_search;    /* NULL-terminated; NULL: none */
    int ipv4, ipv6;             /* 1: on, -1: off, 0: not said */
    const char *network6;       /* PREFIX[/BITS]; NULL: fec0::/64 */
    const char *prefix6, *prefix6_bits;         /* the same in two; NULL: not said */
    const char *host6, *dns6;   /* addresses; NULL: ::2, ::3 of the prefix */
    bool restricted;            /* only what is forwarded leaves or enters */
    const char **guestfwd;      /* "tcp:[ADDRESS]:PORT-cmd:COMMAND" or "...-DEVICE"; NULL-terminated; NULL: none */
    const char **hostfwd;       /* "tcp|udp:[HOST]:PORT-[GUEST]:PORT"; NULL-terminated; NULL: none */
    /* types stream and dgram */
    NetAddress local;           /* dgram: where frames arrive; stream: where to listen (server) or to connect to */
    NetAddress remote;          /* dgram: the peer or the group */
    bool server;                /* stream */
    unsigned reconnect_ms;      /* stream, client: try again after; 0: never */
    /* types tap and bridge */
    const char *ifname;         /* NULL: the first name that is free */
    const char *script, *down_script;   /* run with the interface's name before and after; NULL: none */
    const char *bridge;         /* put the interface there; NULL: do not */
    bool has_fd;
    int fd;                     /* has_fd: of an interface, opened by who started us */
    /* type hubport */
    bool has_hub;               /* hub was said */
    unsigned hub;
    const char *peer;           /* the network at the port; NULL: a card is there */
} NetOptions;

typedef struct NicOptions {
    NetOptions net;
    uint8_t mac[6];
} NicOptions;

/* NULL: failed; *error is one line (free()). Main thread. */
NetBackend *net_open(const NetOptions *options, char **error);
/*
 * Close one that no card has. Why that cannot be, to be freed; NULL: it has gone, or there was none of that id. I/O
 * thread.
 */
char *net_close(const char *id);
/* Write frames into a file from now on, until that of the id is to end. NULL: done; else why not, to be freed. */
char *net_dump_add(NetBackend *net, const NetDumpOptions *options);
bool net_dump_remove(const char *id);
void net_close_all(void);                       /* I/O thread, at the end */
const char *net_id(const NetBackend *net);

/* Told when a network of type stream has got a peer, and when it has lost it (NULL). I/O thread; set at the start. */
void net_set_stream_listener(void (*fn)(const char *id, const NetAddress *peer));

/*
 * The cards of these networks, NULL: of all, say where they are, so many times: the second after initial_ms, each later
 * one after step_ms more, max_ms at most. One with the same id (NULL: none) ends. I/O thread.
 */
enum { NET_ANNOUNCE_MS_MAX = 100000, NET_ANNOUNCE_ROUNDS_MAX = 1000 };
typedef struct NetAnnounce {
    int64_t initial_ms, max_ms, step_ms;
    unsigned rounds;
} NetAnnounce;
void net_announce(const NetAnnounce *how, char **networks, const char *id);
bool net_card_mac(const NetBackend *net, uint8_t mac[6]);      /* false: there is no card. I/O thread */

/* Main thread, once, before frames flow; by a hub also later, on the I/O thread. */
void net_attach(NetBackend *net, const NetCard *card);
/*
 * Send a frame. Any thread; any lock may be held. Dropped, as by a switch, are frames beyond a bound of their number,
 * and those that have less than NET_MIN_FRAME bytes or more than NET_MAX_FRAME (a line under -d guest_errors).
 */
void net_send(NetBackend *net, const uint8_t *frame, size_t bytes);
/* The card has room again. Any thread; any lock may be held. */
void net_card_ready(NetBackend *net);
/* Plug the cable in or pull it out; I/O thread. */
void net_set_link(NetBackend *net, bool up);
bool net_link_up(const NetBackend *net);        /* any thread */

/* type user: add or remove a forwarding. NULL: done; else a line that says what is wrong (free()). I/O thread. */
char *net_hostfwd_add(NetBackend *net, const char *text);
char *net_hostfwd_remove(NetBackend *net, const char *text);
NetBackend *net_next(const NetBackend *net);    /* the first one for NULL; NULL at the end. I/O thread */
char *net_info(NetBackend *net);                /* for the monitor, whole lines; free() */
#endif
