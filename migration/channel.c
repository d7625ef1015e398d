/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels: a file, a command's pipe, a socket. `stop` is a pipe that becomes readable when somebody breaks the
 * channel: whatever waits here waits for that as well.
 */
#define _GNU_SOURCE             /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib.h>
#include "migration/channel.h"
#include "qemu/address.h"
#include "qemu/exit-files.h"

typedef enum ChannelKind { CHANNEL_FILE, CHANNEL_EXEC, CHANNEL_UNIX, CHANNEL_TCP, CHANNEL_FD } ChannelKind;

struct Channel {
    ChannelKind kind;           /* constant, as are all but those marked */
    bool incoming;
    char *where;                /* what is behind the colon */
    int stop[2];
    int listener;               /* unix, tcp: what a sender connects to; -1: none */
    int fd;                     /* -1: not open yet. The thread's */
    pid_t child;                /* exec: the command; 0: none. The thread's */
    int child_status;           /* once it has ended */
    uint64_t bytes;             /* atomic */
};

static bool fail(char **err, const Channel *c, const char *what)
{
    const int error = errno;

    *err = g_strdup_printf("'%s': %s%s%s", c->where, what ? what : "", what ? ": " : "", strerror(error));
    errno = error;
    return false;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* Until the descriptor is ready or the channel is broken (false). */
static bool wait_ready(Channel *c, int fd, short events)
{
    struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = c->stop[0], .events = POLLIN } };

    while (poll(p, 2, -1) < 0 && errno == EINTR) {
    }
    return !p[1].revents;
}

/* ---- sockets ---- */

static bool unix_address(Channel *c, struct sockaddr_un *a, char **err)
{
    if (strlen(c->where) >= sizeof(a->sun_path)) {
        *err = g_strdup_printf("'%s': the path of a socket has at most %zu bytes", c->where, sizeof(a->sun_path) - 1);
        return false;
    }
    *a = (struct sockaddr_un) { .sun_family = AF_UNIX };
    strcpy(a->sun_path, c->where);
    return true;
}

/* "on", "off" or nothing behind `name`; false: that is not it. */
static bool is_switch(const char *item, const char *name, bool *on)
{
    const char *value = g_str_has_prefix(item, name) ? item + strlen(name) : NULL;

    *on = value && (!*value || !strcmp(value, "=on"));
    return *on || (value && !strcmp(value, "=off"));
}

/* What follows "HOST:PORT": to=PORT, the last one that will do; ipv4 and ipv6: the kinds of addresses that will. */
static bool tcp_options(const Channel *c, char **items, int *family, unsigned *last, char **err)
{
    bool on, ipv4 = true, ipv6 = true;

    for (; *items; items++) {
        char *end = NULL;

        if (is_switch(*items, "ipv4", &on)) {
            *(on ? &ipv6 : &ipv4) = false;
        } else if (is_switch(*items, "ipv6", &on)) {
            *(on ? &ipv4 : &ipv6) = false;
        } else if (c->incoming && g_str_has_prefix(*items, "to=")) {
            const guint64 n = g_ascii_strtoull(*items + 3, &end, 10);

            if (end == *items + 3 || *end || n > UINT16_MAX) {
                *err = g_strdup_printf("'%s': to= is a port", c->where);
                return false;
            }
            *last = (unsigned)n;
        } else {
            *err = g_strdup_printf("'%s': '%s' is none of ipv4, ipv6%s", c->where, *items, c->incoming ? ", to=" : "");
            return false;
        }
    }
    *family = ipv4 && !ipv6 ? AF_INET : ipv6 && !ipv4 ? AF_INET6 : AF_UNSPEC;
    return true;
}

/* *last: the last port to try, if it is above that of the addresses. */
static bool tcp_addresses(Channel *c, struct addrinfo **list, unsigned *last, char **err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = c->incoming ? AI_PASSIVE : 0 };
    g_auto(GStrv) items = g_strsplit(c->where, ",", 0);
    g_autofree char *host = NULL, *port = NULL;
    int ret;

    *last = 0;
    if (*items && !tcp_options(c, items + 1, &hints.ai_family, last, err)) {
        return false;
    }
    if (!*items || !address_split(*items, &host, &port)) {
        *err = g_strdup_printf("'%s': HOST:PORT is expected, with a port up to 65535", c->where);
        return false;
    }
    ret = getaddrinfo(*host ? host : NULL, port, &hints, list);
    if (ret) {
        *err = g_strdup_printf("'%s': %s", c->where, gai_strerror(ret));
    }
    return !ret;
}

static bool socket_listen(Channel *c, const struct sockaddr *a, socklen_t bytes, int family, char **err)
{
    const int on = 1;

    close_fd(&c->listener);
    c->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->listener < 0) {
        return fail(err, c, NULL);
    }
    setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(c->listener, a, bytes) || listen(c->listener, 1)) {
        return fail(err, c, "cannot listen there");
    }
    return true;
}

static bool socket_connect(Channel *c, const struct sockaddr *a, socklen_t bytes, int family)
{
    int error = 0;
    socklen_t size = sizeof(error);

    c->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0) {
        return false;
    }
    if (connect(c->fd, a, bytes) == 0) {
        return true;
    }
    if (errno == EINPROGRESS && wait_ready(c, c->fd, POLLOUT) &&
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0) {
        if (!error) {
            return true;
        }
        errno = error;
    }
    error = errno;
    close_fd(&c->fd);
    errno = error;
    return false;
}

static bool unix_open(Channel *c, char **err)
{
    struct sockaddr_un a;

    if (!unix_address(c, &a, err)) {
        return false;
    }
    if (c->incoming) {
        unlink(c->where);
        if (!socket_listen(c, (struct sockaddr *)&a, sizeof(a), AF_UNIX, err)) {
            return false;
        }
        exit_file_add(c->where);
        return true;
    }
    return socket_connect(c, (struct sockaddr *)&a, sizeof(a), AF_UNIX) || fail(err, c, NULL);
}

/* At the first port that is free, up to the last one. */
static bool socket_listen_from(Channel *c, struct addrinfo *a, unsigned last, char **err)
{
    /* At the same place in both kinds of addresses. */
    uint16_t *port = a->ai_family == AF_INET6 ? &((struct sockaddr_in6 *)(void *)a->ai_addr)->sin6_port
                                              : &((struct sockaddr_in *)(void *)a->ai_addr)->sin_port;

    while (!socket_listen(c, a->ai_addr, a->ai_addrlen, a->ai_family, err)) {
        if (errno != EADDRINUSE || ntohs(*port) >= last) {
            return false;
        }
        g_free(*err);
        *err = NULL;
        *port = htons((uint16_t)(ntohs(*port) + 1));
    }
    return true;
}

static bool tcp_open(Channel *c, char **err)
{
    struct addrinfo *list;
    unsigned last;
    bool ok = false;

    if (!tcp_addresses(c, &list, &last, err)) {
        return false;
    }
    if (c->incoming) {
        ok = socket_listen_from(c, list, last, err);
    } else {
        for (struct addrinfo *a = list; a && !ok; a = a->ai_next) {
            ok = socket_connect(c, a->ai_addr, a->ai_addrlen, a->ai_family);
        }
        ok = ok || fail(err, c, NULL);
    }
    freeaddrinfo(list);
    return ok;
}

static bool accept_one(Channel *c, char **err)
{
    while (wait_ready(c, c->listener, POLLIN)) {
        c->fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (c->fd >= 0) {
            close_fd(&c->listener);
            return true;
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            return fail(err, c, NULL);
        }
    }
    errno = ECANCELED;
    return fail(err, c, NULL);
}

/* ---- a command ---- */

static bool exec_open(Channel *c, char **err)
{
    int pipe_fd[2], mine = c->incoming ? 0 : 1;

    if (pipe2(pipe_fd, O_CLOEXEC)) {
        return fail(err, c, NULL);
    }
    c->child = fork();
    if (!c->child) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        setpgid(0, 0);          /* all that the shell starts can be ended with it */
        dup2(pipe_fd[!mine], c->incoming ? 1 : 0);
        execl("/bin/sh", "sh", "-c", c->where, (char *)NULL);
        _exit(127);
    }
    close(pipe_fd[!mine]);
    c->fd = pipe_fd[mine];
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (c->child < 0) {
        c->child = 0;
        return fail(err, c, NULL);
    }
    setpgid(c->child, c->child);
    return true;
}

/* The command has read everything and ends. False: it failed. */
static bool exec_finish(Channel *c, char **err)
{
    int status = 0;
    pid_t ended;

    close_fd(&c->fd);
    while ((ended = waitpid(c->child, &status, WNOHANG)) == 0) {
        struct pollfd p = { .fd = c->stop[0], .events = POLLIN };

        if (poll(&p, 1, 20) > 0) {
            *err = g_strdup_printf("the command '%s' has not ended", c->where);
            return false;
        }
    }
    c->child = 0;
    if (ended < 0) {
        return fail(err, c, NULL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status)) {
        *err = g_strdup_printf("the command '%s' failed with exit code %d", c->where, WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        *err = g_strdup_printf("the command '%s' was ended by signal %d", c->where, WTERMSIG(status));
    }
    return !*err;
}

/* ---- all ---- */

static bool file_open(Channel *c, char **err)
{
    int flags = c->incoming ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;

    /* A FIFO must not make us wait. */
    c->fd = open(c->where, flags | O_CLOEXEC | O_NONBLOCK, 0600);
    return c->fd >= 0 || fail(err, c, NULL);
}

static bool fd_open(Channel *c, char **err)
{
    char *end;
    long n = strtol(c->where, &end, 10);

    errno = EBADF;
    if (*end || end == c->where || n < 0 || n > INT_MAX || fcntl((int)n, F_GETFD) < 0) {
        return fail(err, c, "a descriptor's number is expected");
    }
    c->fd = (int)n;
    return true;
}

Channel *channel_new(const char *uri, bool incoming, char **err)
{
    static const char *const kinds[] = { "file", "exec", "unix", "tcp", "fd" };
    const char *colon = strchr(uri, ':');
    Channel *c;
    bool ok = true;

    for (unsigned kind = 0; colon && kind < G_N_ELEMENTS(kinds); kind++) {
        if (strlen(kinds[kind]) != (size_t)(colon - uri) || strncmp(uri, kinds[kind], (size_t)(colon - uri))) {
            continue;
        }
        c = g_new0(Channel, 1);
        c->kind = kind;
        c->incoming = incoming;
        c->where = g_strdup(colon + 1);
        c->fd = c->listener = -1;
        if (pipe2(c->stop, O_CLOEXEC | O_NONBLOCK)) {
            c->stop[0] = c->stop[1] = -1;
            ok = fail(err, c, NULL);
        } else if (c->kind == CHANNEL_FD) {
            ok = fd_open(c, err);
        } else if (incoming && c->kind == CHANNEL_UNIX) {
            ok = unix_open(c, err);
        } else if (incoming && c->kind == CHANNEL_TCP) {
            ok = tcp_open(c, err);
        }
        if (!ok) {
            channel_free(c);
        }
        return ok ? c : NULL;
    }
    *err = g_strdup_printf("'%s': exec:COMMAND, file:PATH, unix:PATH, tcp:HOST:PORT or fd:NUMBER is expected", uri);
    return NULL;
}

bool channel_open(Channel *c, char **err)
{
    switch (c->kind) {
    case CHANNEL_FILE:
        return file_open(c, err);
    case CHANNEL_EXEC:
        return exec_open(c, err);
    case CHANNEL_UNIX:
        return c->incoming ? accept_one(c, err) : unix_open(c, err);
    case CHANNEL_TCP:
        return c->incoming ? accept_one(c, err) : tcp_open(c, err);
    case CHANNEL_FD:
        break;
    }
    return true;
}

int channel_write(void *opaque, const void *data, size_t bytes)
{
    Channel *c = opaque;
    const uint8_t *p = data;

    while (bytes) {
        ssize_t n;

        if (!wait_ready(c, c->fd, POLLOUT)) {
            return -ECANCELED;
        }
        /* Somebody else's pipe is ready for this much; more might wait where nobody can break it. */
        n = write(c->fd, p, bytes < PIPE_BUF || c->kind != CHANNEL_FD ? bytes : PIPE_BUF);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return -errno;
        }
        if (n > 0) {
            p += n;
            bytes -= (size_t)n;
            __atomic_fetch_add(&c->bytes, (uint64_t)n, __ATOMIC_RELAXED);
        }
    }
    return 0;
}

int channel_read(void *opaque, void *data, size_t bytes)
{
    Channel *c = opaque;
    uint8_t *p = data;
    size_t left = bytes;

    while (left) {
        ssize_t n;

        if (!wait_ready(c, c->fd, POLLIN)) {
            return -ECANCELED;
        }
        n = read(c->fd, p, left);
        if (n == 0) {
            return left == bytes ? 1 : -EPIPE;
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return -errno;
        }
        if (n > 0) {
            p += n;
            left -= (size_t)n;
            __atomic_fetch_add(&c->bytes, (uint64_t)n, __ATOMIC_RELAXED);
        }
    }
    return 0;
}

bool channel_is_two_way(const Channel *c)
{
    struct stat st;

    return c->kind == CHANNEL_UNIX || c->kind == CHANNEL_TCP ||
           (c->kind == CHANNEL_FD && fstat(c->fd, &st) == 0 && S_ISSOCK(st.st_mode));
}

void channel_answer(Channel *c, const void *data, size_t bytes)
{
    if (c->fd >= 0 && send(c->fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        /* The other side has gone, and finds out by itself. */
    }
}

bool channel_finish(Channel *c, char **err)
{
    if (c->kind == CHANNEL_EXEC && !c->incoming) {
        return exec_finish(c, err);
    }
    if (c->fd >= 0 && close(c->fd)) {
        c->fd = -1;
        return fail(err, c, NULL);
    }
    c->fd = -1;
    return true;
}

uint64_t channel_bytes(const Channel *c)
{
    return __atomic_load_n(&c->bytes, __ATOMIC_RELAXED);
}

void channel_break(Channel *c)
{
    const char byte = 0;

    if (write(c->stop[1], &byte, 1) != 1) {
        /* It is full of such bytes: broken already. */
    }
}

void channel_free(Channel *c)
{
    close_fd(&c->fd);
    close_fd(&c->listener);
    close_fd(&c->stop[0]);
    close_fd(&c->stop[1]);
    if (c->child > 0) {
        /* Between fork() and exec() it would handle any other signal as we do. */
        kill(-c->child, SIGKILL);
        kill(c->child, SIGKILL);
        waitpid(c->child, NULL, 0);
    }
    g_free(c->where);
    g_free(c);
}
