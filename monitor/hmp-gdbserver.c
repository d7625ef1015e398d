/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's gdbserver: a port for gdb while the machine runs. I/O thread. */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib.h>
#include "monitor/gdbstub.h"
#include "monitor/monitor-internal.h"
#include "qemu/address.h"

/* A socket that listens there; -1: *why is a line that says why not (g_free()). */
static int listen_at(const struct sockaddr *address, socklen_t size, char **why)
{
    const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd >= 0 && address->sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (fd < 0 || bind(fd, address, size) || listen(fd, 1)) {
        *why = g_strdup(strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int listen_unix(const char *path, char **why)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path)) {
        *why = g_strdup("the path is too long");
        return -1;
    }
    return listen_at((const struct sockaddr *)&address, sizeof(address), why);
}

/* "HOST:PORT"; the host may be missing. */
static int listen_tcp(const char *text, char **why)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    g_autofree char *host = NULL, *port = NULL;
    struct addrinfo *found;
    int fd, error;

    if (!address_split(text, &host, &port)) {
        *why = g_strdup("the port is missing or beyond 65535 (tcp::PORT)");
        return -1;
    }
    error = getaddrinfo(*host ? host : NULL, port, &hints, &found);
    if (error) {
        *why = g_strdup(gai_strerror(error));
        return -1;
    }
    fd = listen_at(found->ai_addr, found->ai_addrlen, why);
    freeaddrinfo(found);
    return fd;
}

/* argv: [tcp:[HOST]:PORT|unix:PATH|none] */
void hmp_gdbserver(Monitor *mon, char **argv)
{
    const char *where = argv[0] ? argv[0] : "tcp::1234";
    g_autofree char *spec = NULL, *why = NULL;
    int fd = -1;

    if (gdbstub_is_there()) {
        monitor_puts(mon, "gdb has a port already, which stays until the end.\n");
        return;
    }
    if (!strcmp(where, "none")) {
        monitor_puts(mon, "gdb has no port.\n");
        return;
    }
    if (g_str_has_prefix(where, "tcp:")) {
        fd = listen_tcp(where + 4, &why);
    } else if (g_str_has_prefix(where, "unix:")) {
        fd = listen_unix(where + 5, &why);
    } else {
        why = g_strdup("tcp::PORT, unix:PATH or none is expected");
    }
    if (fd < 0) {
        monitor_printf(mon, "gdbserver %s: %s\n", where, why);
        return;
    }
    spec = g_strdup_printf("fd:%d,server=on,wait=off", fd);
    gdbstub_attach(chardev_new("gdb", spec), mon->machine);
    monitor_printf(mon, "Waiting for gdb on device '%s'\n", where);
}
