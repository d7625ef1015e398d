/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back end "udp:[HOST]:PORT[@[LOCALHOST]:LOCALPORT][,ipv4=on|off][,ipv6=on|off]": what is written goes to the peer in
 * datagrams, and what the peer sends is input. A peer that is not there, or comes later, loses what is sent meanwhile.
 * I/O thread.
 */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chardev/char-internal.h"
#include "qemu/address.h"
#include "qemu/switch-word.h"

/* Either address is of the family that the other one leaves: AF_UNSPEC for any. NULL: *error. */
static struct addrinfo *resolve(const char *spec, const char *host, const char *port, int family, bool ours,
                                char **error)
{
    const struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = ours ? AI_PASSIVE : 0,
    };
    struct addrinfo *list;
    const int code = getaddrinfo(*host ? host : ours ? NULL : "localhost", port, &hints, &list);

    if (code) {
        chardev_refuse(error, spec, "cannot resolve the address: %s", gai_strerror(code));
        return NULL;
    }
    return list;
}

static int udp_socket(const char *spec, const struct addrinfo *peer, const char *host, const char *port, char **error)
{
    struct addrinfo *ours = resolve(spec, host, port, peer->ai_family, true, error);
    int fd;

    if (!ours) {
        return -1;
    }
    fd = socket(peer->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, ours->ai_addr, ours->ai_addrlen) < 0 || connect(fd, peer->ai_addr, peer->ai_addrlen) < 0) {
        chardev_refuse(error, spec, "%s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        fd = -1;
    }
    freeaddrinfo(ours);
    return fd;
}

static void udp_remove(Chardev *chr)
{
    close(GPOINTER_TO_INT(chr->state));
}

static const ChardevBackend udp_backend = { .name = "udp", .remove = udp_remove };

/* -1: *error. */
static int udp_open(const char *spec, const char *to, const char *from, int family, char **error)
{
    g_autofree char *host = NULL, *port = NULL, *local_host = NULL, *local_port = NULL;
    struct addrinfo *peer;
    int fd;

    if (!to || !address_split(to, &host, &port) || (from && !address_split(from, &local_host, &local_port))) {
        chardev_refuse(error, spec, "the port is missing or beyond 65535 (udp:HOST:PORT@LOCALHOST:LOCALPORT)");
        return -1;
    }
    peer = resolve(spec, host, port, family, false, error);
    if (!peer) {
        return -1;
    }
    fd = udp_socket(spec, peer, local_host ? local_host : "", local_port ? local_port : "0", error);
    freeaddrinfo(peer);
    return fd;
}

/* Of ",ipv4=on" and the like: one that is said to be on, or that alone is not off. -1: *error. */
static int udp_family(const char *spec, char *const *flags, char **error)
{
    bool off[2] = { false }, on[2] = { false };

    for (; *flags; flags++) {
        const unsigned six = g_str_has_prefix(*flags, "ipv6=");
        bool value;

        if ((!six && !g_str_has_prefix(*flags, "ipv4=")) || !switch_word(*flags + 5, &value)) {
            chardev_refuse(error, spec, "'%s' is neither ipv4=on|off nor ipv6=on|off", *flags);
            return -1;
        }
        (value ? on : off)[six] = true;
    }
    if (off[0] && off[1]) {
        chardev_refuse(error, spec, "neither IPv4 nor IPv6 is on");
        return -1;
    }
    if ((on[0] && !on[1]) || (off[1] && !on[1])) {
        return AF_INET;
    }
    return (on[1] && !on[0]) || off[0] ? AF_INET6 : AF_UNSPEC;
}

bool chardev_open_udp(Chardev *chr, const char *spec, const char *args, char **error)
{
    g_auto(GStrv) parts = g_strsplit(args, ",", 0), ends = g_strsplit(*parts ? *parts : "", "@", 2);
    const int family = udp_family(spec, *parts ? parts + 1 : parts, error);
    const int fd = family < 0 ? -1 : udp_open(spec, ends[0], ends[0] ? ends[1] : NULL, family, error);

    if (fd < 0) {
        return false;
    }
    chr->backend = &udp_backend;
    chr->state = GINT_TO_POINTER(fd);
    chr->datagrams = true;
    chardev_connect(chr, fd, fd, true);
    return true;
}
