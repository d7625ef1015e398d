/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks "tap" and "bridge": the cable is an interface of the host (tun/tap), for "bridge" one that is put into a
 * bridge of the host. Making an interface needs CAP_NET_ADMIN; one that an administrator made for the user, or an open
 * descriptor of one (fd=), does not. Everything here runs on the I/O thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "net/net-internal.h"
#include "qemu/log.h"

enum { FRAMES_A_ROUND = 64, HEADER_MAX = 64 };

/* <linux/sockios.h> has it with names that clash with the C library's. */
#define BRIDGE_ADD_INTERFACE 0x89a2

typedef struct TapNet {
    NetBackend *net;
    int fd;
    guint watch;
    int header;                         /* bytes before each frame: of an interface that was made for offloads */
    char name[IFNAMSIZ];
    const char *down_script;            /* NULL: none */
} TapNet;

static gboolean tap_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    TapNet *t = opaque;
    uint8_t header[HEADER_MAX], frame[NET_MAX_FRAME + 1];       /* one more, to see frames that are too long */
    const struct iovec parts[] = { { header, (size_t)t->header }, { frame, sizeof(frame) } };

    for (int i = 0; i < FRAMES_A_ROUND; i++) {
        const ssize_t n = readv(fd, parts, G_N_ELEMENTS(parts));

        if (n <= t->header) {
            if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
                qemu_log_mask(LOG_GUEST_ERROR, "network: %s is gone\n", t->name);
                t->watch = 0;
                return G_SOURCE_REMOVE;
            }
            break;
        }
        net_deliver(t->net, frame, (size_t)(n - t->header));
    }
    return G_SOURCE_CONTINUE;
}

static void tap_send(void *state, const uint8_t *frame, size_t bytes)
{
    TapNet *t = state;

    static uint8_t header[HEADER_MAX];  /* nothing is left for the host to do */
    const struct iovec parts[] = { { header, (size_t)t->header }, { (void *)frame, bytes } };

    if (writev(t->fd, parts, G_N_ELEMENTS(parts)) < 0 && errno != EAGAIN && errno != EIO) {     /* EIO: it is down */
        qemu_log_mask(LOG_GUEST_ERROR, "network: %s: %s\n", t->name, strerror(errno));
    }
}

/* Run a script with the interface's name. */
static bool run_script(const char *script, const char *name, char **error)
{
    const char *argv[] = { script, name, NULL };
    GError *failed = NULL;
    int status;

    if (!g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, NULL, NULL, &status, &failed)
        || !g_spawn_check_wait_status(status, &failed)) {
        *error = g_strdup_printf("%s: %s", script, failed->message);
        g_error_free(failed);
        return false;
    }
    return true;
}

/* An open descriptor of the interface; -1 and *error. */
static int tap_interface(TapNet *t, const NetOptions *o, char **error)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        *error = g_strdup_printf("/dev/net/tun: %s", strerror(errno));
        return -1;
    }
    g_strlcpy(request.ifr_name, o->ifname ? o->ifname : "tap%d", IFNAMSIZ);
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        *error = g_strdup_printf("interface '%s': %s%s", request.ifr_name, strerror(errno), errno == EPERM
                                 ? " (an administrator makes one for you: ip tuntap add NAME mode tap user USER)" : "");
        close(fd);
        return -1;
    }
    g_strlcpy(t->name, request.ifr_name, IFNAMSIZ);
    return fd;
}

/* fd= is an interface that somebody else has made. False: *error. */
static bool take_interface(TapNet *t, int fd, char **error)
{
    struct ifreq request = { .ifr_flags = 0 };

    if (ioctl(fd, TUNGETIFF, &request) < 0 || !(request.ifr_flags & IFF_TAP) || !(request.ifr_flags & IFF_NO_PI)) {
        *error = g_strdup_printf("fd=%d is no open descriptor of an interface for frames (tap, without packet "
                                 "information)", fd);
        return false;
    }
    if (request.ifr_flags & IFF_VNET_HDR && (ioctl(fd, TUNGETVNETHDRSZ, &t->header) < 0 || t->header > HEADER_MAX
                                             || ioctl(fd, TUNSETOFFLOAD, 0) < 0)) {
        *error = g_strdup_printf("fd=%d: %s", fd, strerror(errno));
        return false;
    }
    g_strlcpy(t->name, request.ifr_name, IFNAMSIZ);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    t->fd = fd;
    return true;
}

static bool into_bridge(const char *name, const char *bridge, char **error)
{
    struct ifreq request = { .ifr_ifindex = 0 };
    const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = false;

    g_strlcpy(request.ifr_name, name, IFNAMSIZ);
    if (s >= 0 && ioctl(s, SIOCGIFINDEX, &request) == 0) {
        g_strlcpy(request.ifr_name, bridge, IFNAMSIZ);
        ok = ioctl(s, BRIDGE_ADD_INTERFACE, &request) == 0;
    }
    if (ok) {
        g_strlcpy(request.ifr_name, name, IFNAMSIZ);
        ok = ioctl(s, SIOCGIFFLAGS, &request) == 0;
        request.ifr_flags |= IFF_UP;
        ok = ok && ioctl(s, SIOCSIFFLAGS, &request) == 0;
    }
    if (!ok) {
        *error = g_strdup_printf("bridge '%s': %s", bridge, strerror(errno));
    }
    if (s >= 0) {
        close(s);
    }
    return ok;
}

static void tap_close(void *state)
{
    TapNet *t = state;
    char *error;

    if (t->watch) {
        g_source_remove(t->watch);
    }
    if (t->down_script && !run_script(t->down_script, t->name, &error)) {
        warn_report("network: %s", error);
        g_free(error);
    }
    close(t->fd);
    g_free(t);
}

static void *tap_open(NetBackend *net, const NetOptions *o, char **error)
{
    TapNet *t = g_new0(TapNet, 1);

    t->net = net;
    t->fd = o->has_fd ? -1 : tap_interface(t, o, error);
    if (o->has_fd ? !take_interface(t, o->fd, error) : t->fd < 0) {
        g_free(t);
        return NULL;
    }
    if (!g_unix_set_fd_nonblocking(t->fd, TRUE, NULL)) {
        *error = g_strdup_printf("fd=%d: %s", t->fd, strerror(errno));
        g_free(t);
        return NULL;
    }
    if ((o->bridge && !into_bridge(t->name, o->bridge, error)) ||
        (o->script && !run_script(o->script, t->name, error))) {
        close(t->fd);
        g_free(t);
        return NULL;
    }
    t->down_script = o->down_script;
    t->watch = g_unix_fd_add(t->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, tap_ready, t);
    return t;
}

const NetKind net_tap = { .type = "tap", .open = tap_open, .send = tap_send, .close = tap_close };
const NetKind net_bridge = { .type = "bridge", .open = tap_open, .send = tap_send, .close = tap_close };
