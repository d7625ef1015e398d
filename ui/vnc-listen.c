/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VNC server's sockets and their names. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib.h>
#include "qemu/exit-files.h"
#include "ui/vnc-internal.h"

void vnc_end_free(VncEnd *end)
{
    g_free(end->host);
    g_free(end->service);
}

void vnc_end_of(int fd, bool peer, VncEnd *end)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_storage room;
    } a;
    socklen_t len = sizeof(a);
    char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";

    memset(&a, 0, sizeof(a));
    if ((peer ? getpeername : getsockname)(fd, &a.any, &len) < 0) {
        len = 0;
    }
    if (len && a.any.sa_family != AF_UNIX) {
        getnameinfo(&a.any, len, host, sizeof(host), service, sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
    }
    end->family = a.any.sa_family == AF_INET6 ? "ipv6" : a.any.sa_family == AF_INET ? "ipv4" : "unix";
    end->host = g_strdup(host);
    end->service = g_strdup(a.any.sa_family == AF_UNIX && len > sizeof(sa_family_t) ? a.un.sun_path : service);
}

static char *open_unix(const char *path, VncListen *l)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof(a.sun_path)) {
        return g_strdup_printf("'%s' is too long for a socket", path);
    }
    strcpy(a.sun_path, path);
    if (!l->connected) {
        unlink(path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || (l->connected ? connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0
                   : bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0)) {
        char *problem = g_strdup_printf("%s: %s", path, strerror(errno));

        if (fd >= 0) {
            close(fd);
        }
        return problem;
    }
    if (!l->connected) {
        exit_file_add(path);
    }
    l->fd[l->count++] = fd;
    return NULL;
}

/* A socket, or -errno. */
static int listen_at(const struct addrinfo *a)
{
    const int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

    if (fd < 0) {
        return -errno;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 8) == 0) {
        return fd;
    }
    error = errno;
    close(fd);
    return -error;
}

/* The host's addresses of the kinds that are wanted, or what is wrong. */
static char *addresses(const VncOptions *o, int port, struct addrinfo **list)
{
    const struct addrinfo hints = {
        .ai_flags = o->reverse ? 0 : AI_PASSIVE, .ai_socktype = SOCK_STREAM,
        .ai_family = o->only_ipv4 == o->only_ipv6 ? AF_UNSPEC : o->only_ipv4 ? AF_INET : AF_INET6,
    };
    char service[16];
    int error;

    g_snprintf(service, sizeof(service), "%d", port);
    error = getaddrinfo(o->host, service, &hints, list);
    return error ? g_strdup_printf("%s: %s", o->host ? o->host : "", gai_strerror(error)) : NULL;
}

static char *connect_port(const VncOptions *o, VncListen *l)
{
    struct addrinfo *list;
    char *problem = addresses(o, o->display, &list);
    int error = 0;

    if (problem) {
        return problem;
    }
    for (const struct addrinfo *a = list; a && !l->count; a = a->ai_next) {
        const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
            l->fd[l->count++] = fd;
            continue;
        }
        error = errno;
        if (fd >= 0) {
            close(fd);
        }
    }
    freeaddrinfo(list);
    return l->count ? NULL : g_strdup_printf("port %d, where a client should listen: %s", o->display, strerror(error));
}

/* All addresses of the host that this system has, or none: *in_use says whether another port may do. */
static char *listen_port(const VncOptions *o, int port, VncListen *l, bool *in_use)
{
    const unsigned before = l->count;
    struct addrinfo *list;
    int last = ENOENT;
    char *problem;

    *in_use = false;
    problem = addresses(o, port, &list);
    if (problem) {
        return problem;
    }
    for (const struct addrinfo *a = list; a && l->count < VNC_LISTEN_MAX && !*in_use; a = a->ai_next) {
        const int fd = listen_at(a);

        if (fd >= 0) {
            l->fd[l->count++] = fd;
        } else {
            last = -fd;
            *in_use = last == EADDRINUSE;
        }
    }
    freeaddrinfo(list);
    while (*in_use && l->count > before) {
        close(l->fd[--l->count]);
    }
    return l->count > before ? NULL : g_strdup_printf("port %d: %s", port, strerror(last));
}

static char *listen_display(const VncOptions *o, VncListen *l)
{
    char *problem = NULL;
    bool in_use = true;

    for (int display = o->display; display <= o->to && in_use; display++) {
        g_free(problem);
        problem = listen_port(o, VNC_PORT + display, l, &in_use);
        if (!problem) {
            break;
        }
    }
    return problem;
}

static char *listen_for(const VncOptions *o, VncListen *l, VncEnd *end)
{
    char *problem;
    bool in_use;

    l->connected = o->reverse;
    problem = o->path ? open_unix(o->path, l) : o->reverse ? connect_port(o, l) : listen_display(o, l);
    if (!problem) {
        vnc_end_of(l->fd[0], false, end);
        if (o->websocket_port) {
            problem = listen_port(o, o->websocket_port, l, &in_use);
        }
    }
    return problem;
}

void vnc_listen_end(VncListen *l)
{
    for (unsigned i = 0; i < l->count; i++) {
        close(l->fd[i]);
    }
    l->count = 0;
}

char *vnc_listen_all(const VncOptions *o, unsigned count, VncListen *l, VncEnd *first)
{
    char *problem = NULL;

    for (unsigned i = 0; i < count && !problem; i++) {
        VncEnd end = { 0 };

        problem = listen_for(&o[i], l, &end);
        if (i || problem) {
            vnc_end_free(&end);
        } else {
            *first = end;
        }
    }
    if (problem) {
        vnc_listen_end(l);
        vnc_end_free(first);
    }
    return problem;
}
