/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests and answers of the vhost-user protocol on a Unix socket; see vhost-link.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib.h>
#include "hw/virtio/vhost-link.h"
#include "hw/virtio/virtio-devices.h"

enum { VERSION = 1, FLAG_VERSION_MASK = 3, FLAG_ANSWER = 4, PATIENCE_MS = 5000 };

struct VhostLink {
    int fd;
    bool gone;                  /* the descriptor stays, for who watches it */
    uint64_t features, protocol_features;
};

typedef struct Header { uint32_t request, flags, size; } Header;

/* What is sent at most: a configuration space with its head. */
typedef struct ConfigBody {
    uint32_t offset, size, flags;
    uint8_t bytes[VHOST_MAX_CONFIG];
} ConfigBody;

static bool gone(VhostLink *l)
{
    l->gone = true;
    shutdown(l->fd, SHUT_RDWR);
    return false;
}

static bool wait_for(VhostLink *l, short events)
{
    struct pollfd p = { .fd = l->fd, .events = events };
    int n;

    do {
        n = poll(&p, 1, PATIENCE_MS);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

static bool send_all(VhostLink *l, const void *data, size_t bytes, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;

    for (size_t done = 0; done < bytes; ) {
        struct iovec iov = { (char *)(uintptr_t)data + done, bytes - done };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

        if (fd >= 0 && !done) {
            message.msg_control = control.room;
            message.msg_controllen = sizeof(control.room);
            control.head = (struct cmsghdr) {
                .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)),
            };
            memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
        }
        ssize_t n = sendmsg(l->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN) || (errno == EAGAIN && !wait_for(l, POLLOUT))) {
            return gone(l);
        }
    }
    return true;
}

static bool receive_all(VhostLink *l, void *data, size_t bytes)
{
    for (size_t done = 0; done < bytes; ) {
        ssize_t n = wait_for(l, POLLIN) ? recv(l->fd, (char *)data + done, bytes - done, MSG_DONTWAIT) : 0;

        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            return gone(l);
        }
    }
    return true;
}

bool vhost_link_send(VhostLink *l, VhostRequest request, const void *body, size_t bytes, int fd)
{
    struct {
        Header head;
        uint8_t body[sizeof(ConfigBody)];
    } message = { .head = { request, VERSION, (uint32_t)bytes } };

    if (l->gone || bytes > sizeof(message.body)) {
        return false;
    }
    if (bytes) {
        memcpy(message.body, body, bytes);
    }
    return send_all(l, &message, sizeof(Header) + bytes, fd);
}

bool vhost_link_send_u64(VhostLink *l, VhostRequest request, uint64_t value, int fd)
{
    return vhost_link_send(l, request, &value, sizeof(value), fd);
}

/* The body of a question has `bytes` bytes, that of the answer `bytes` at most; how many it had, -1: gone. */
static int ask(VhostLink *l, VhostRequest request, void *body, size_t ask_bytes, size_t bytes)
{
    Header head;

    if (!vhost_link_send(l, request, body, ask_bytes, -1) || !receive_all(l, &head, sizeof(head))) {
        return -1;
    }
    if (head.request != request || !(head.flags & FLAG_ANSWER) || (head.flags & FLAG_VERSION_MASK) != VERSION ||
        head.size > bytes || !receive_all(l, body, head.size)) {
        gone(l);
        return -1;
    }
    return (int)head.size;
}

bool vhost_link_ask(VhostLink *l, VhostRequest request, void *body, size_t bytes)
{
    return ask(l, request, body, bytes, bytes) == (int)bytes || gone(l);
}

/* A question without a body. */
static bool ask_u64(VhostLink *l, VhostRequest request, uint64_t *value)
{
    return ask(l, request, value, 0, sizeof(*value)) == (int)sizeof(*value) || gone(l);
}

bool vhost_link_config(VhostLink *l, void *to, size_t bytes)
{
    ConfigBody body = { .size = (uint32_t)bytes };
    size_t head = offsetof(ConfigBody, bytes);

    if (!(l->protocol_features & VHOST_PROTOCOL_F_CONFIG) || bytes > VHOST_MAX_CONFIG ||
        ask(l, VHOST_GET_CONFIG, &body, head + bytes, head + bytes) != (int)(head + bytes)) {
        return false;
    }
    memcpy(to, body.bytes, bytes);
    return true;
}

uint64_t vhost_link_features(const VhostLink *l)
{
    return l->features & ~VHOST_F_PROTOCOL_FEATURES;
}

bool vhost_link_enables_rings(const VhostLink *l)
{
    return l->features & VHOST_F_PROTOCOL_FEATURES;
}

bool vhost_link_gone(const VhostLink *l)
{
    return l->gone;
}

int vhost_link_fd(const VhostLink *l)
{
    return l->fd;
}

static bool greet(VhostLink *l)
{
    if (!ask_u64(l, VHOST_GET_FEATURES, &l->features)) {
        return false;
    }
    if (l->features & VHOST_F_PROTOCOL_FEATURES) {
        if (!ask_u64(l, VHOST_GET_PROTOCOL_FEATURES, &l->protocol_features)) {
            return false;
        }
        l->protocol_features &= VHOST_PROTOCOL_F_CONFIG;
        if (!vhost_link_send_u64(l, VHOST_SET_PROTOCOL_FEATURES, l->protocol_features, -1)) {
            return false;
        }
    }
    return vhost_link_send(l, VHOST_SET_OWNER, NULL, 0, -1);
}

VhostLink *vhost_link_open(const char *path, char **err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    VhostLink *l;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        *err = g_strdup_printf("the socket's path is longer than %zu bytes", sizeof(address.sun_path) - 1);
        return NULL;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        *err = g_strdup_printf("%s: %s (is the back end running?)", path, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    l = g_new0(VhostLink, 1);
    l->fd = fd;
    if (!greet(l)) {
        *err = g_strdup_printf("%s: the other side does not speak the vhost-user protocol", path);
        close(fd);
        g_free(l);
        return NULL;
    }
    return l;
}
