/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back end "udp:[HOST]:PORT[@[LOCALHOST]:LOCALPORT]": what is written goes to the peer in datagrams, and what the peer
 * sends is input. A peer that is not there, or comes later, loses what is sent meanwhile. I/O thread.
 */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chardev/char-internal.h"
#include "qemu/address.h"
#include "qemu/log.h"

/* Either address is of the family that the other one leaves: AF_UNSPEC for any. */
static struct addrinfo *resolve(Chardev *chr, const char *spec, const char *host, const char *port, int family,
                                bool ours)
{
    const struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = ours ? AI_PASSIVE : 0,
    };
    struct addrinfo *list;
    const int error = getaddrinfo(*host ? host : ours ? NULL : "localhost", port, &hints, &list);

    if (error) {
        error_exit("%s: '%s': cannot resolve the address: %s", chr->label, spec, gai_strerror(error));
    }
    return list;
}

static int udp_socket(Chardev *chr, const char *spec, const struct addrinfo *peer, const char *host, const char *port)
{
    struct addrinfo *ours = resolve(chr, spec, host, port, peer->ai_family, true);
    const int fd = socket(peer->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, ours->ai_addr, ours->ai_addrlen) < 0 ||
        connect(fd, peer->ai_addr, peer->ai_addrlen) < 0) {
        error_exit("%s: '%s': %s", chr->label, spec, strerror(errno));
    }
    freeaddrinfo(ours);
    return fd;
}

static const ChardevBackend udp_backend = { .name = "udp" };

void chardev_open_udp(Chardev *chr, const char *spec, const char *args)
{
    char **ends = g_strsplit(args, "@", 2), *host, *port, *local_host = NULL, *local_port = NULL;
    struct addrinfo *peer;

    if (!ends[0] || !address_split(ends[0], &host, &port) ||
        (ends[1] && !address_split(ends[1], &local_host, &local_port))) {
        error_exit("%s: '%s': the port is missing or beyond 65535 (udp:HOST:PORT@LOCALHOST:LOCALPORT)",
                   chr->label, spec);
    }
    peer = resolve(chr, spec, host, port, AF_UNSPEC, false);
    chr->backend = &udp_backend;
    chr->datagrams = true;
    const int fd = udp_socket(chr, spec, peer, local_host ? local_host : "", local_port ? local_port : "0");

    freeaddrinfo(peer);
    g_strfreev(ends);
    g_free(host);
    g_free(port);
    g_free(local_host);
    g_free(local_port);
    chardev_connect(chr, fd, fd, true);
}
