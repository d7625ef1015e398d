/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestfwd=: a TCP port in the guest's network that the host answers. A command is libslirp's to run, once for each
 * connection, which is its standard input and output. A character device is one for all connections: what a guest
 * sends goes there, and what comes from it waits until a connection has room. I/O thread.
 */
#include <glib.h>
#include <string.h>
#include "chardev/char.h"
#include "net/guestfwd.h"

struct GuestForward {
    Slirp *slirp;               /* NULL: the network has ended */
    Chardev *chr;               /* NULL: a command */
    struct in_addr address;
    int port;
    bool waits;                 /* the device has more than the connection took */
    GuestForward *next;
};

/* The guest's bytes; the queue behind chardev_write() is bounded. */
static ssize_t from_guest(const void *buf, size_t bytes, void *opaque)
{
    chardev_write(((GuestForward *)opaque)->chr, buf, (int)bytes);
    return (ssize_t)bytes;
}

static int from_device(void *opaque, const uint8_t *buf, int bytes)
{
    GuestForward *f = opaque;
    const size_t room = f->slirp ? slirp_socket_can_recv(f->slirp, f->address, f->port) : 0;
    const int taken = room < (size_t)bytes ? (int)room : bytes;

    if (taken) {
        slirp_socket_recv(f->slirp, f->address, f->port, buf, taken);
    }
    f->waits = taken < bytes;
    return taken;
}

void guestfwd_offer(GuestForward *list)
{
    for (GuestForward *f = list; f; f = f->next) {
        if (f->waits && slirp_socket_can_recv(f->slirp, f->address, f->port)) {
            f->waits = false;
            chardev_accept_input(f->chr);
        }
    }
}

/* Front ends stay as long as the program, so what they point to does, too. */
void guestfwd_end(GuestForward *list)
{
    for (GuestForward *f = list; f; f = f->next) {
        f->slirp = NULL;
        f->waits = false;
    }
}

/* "[tcp]:[ADDRESS]:PORT" */
static bool parse_where(const char *text, struct in_addr *address, int *port)
{
    g_auto(GStrv) part = g_strsplit(text, ":", 0);
    guint64 number;

    if (g_strv_length(part) != 3 || (*part[0] && strcmp(part[0], "tcp"))
        || (*part[1] && inet_pton(AF_INET, part[1], address) != 1)
        || !g_ascii_string_to_unsigned(part[2], 10, 1, 65535, &number, NULL)) {
        return false;
    }
    *port = (int)number;
    return true;
}

/* Of "chardev:ID": is there one? Other devices are made when they are named. */
static bool device_exists(const char *target)
{
    const Chardev *chr = NULL;

    if (!g_str_has_prefix(target, "chardev:")) {
        return true;
    }
    do {
        chr = chardev_next(chr);
    } while (chr && strcmp(chardev_label(chr), target + 8));
    return chr;
}

char *guestfwd_add(GuestForward **list, Slirp *slirp, const char *text)
{
    const char *dash = strchr(text, '-'), *target = dash ? dash + 1 : "";
    g_autofree char *where = g_strndup(text, dash ? (gsize)(dash - text) : 0);
    struct in_addr address = { .s_addr = INADDR_ANY };      /* libslirp puts its usual one there */
    GuestForward *f;
    bool failed = false;
    int port;

    if (!parse_where(where, &address, &port) || !*target || !strcmp(target, "cmd:")) {
        return g_strdup_printf("'%s': guestfwd= is tcp:[ADDRESS]:PORT-chardev:ID or tcp:[ADDRESS]:PORT-cmd:COMMAND",
                               text);
    }
    if (!device_exists(target)) {
        return g_strdup_printf("'%s': there is no character device '%s' (-chardev KIND,id=%s makes one)", text,
                               target + 8, target + 8);
    }
    f = g_new0(GuestForward, 1);
    f->slirp = slirp;
    f->port = port;
    failed = g_str_has_prefix(target, "cmd:") ? slirp_add_exec(slirp, target + 4, &address, port)
                                              : slirp_add_guestfwd(slirp, from_guest, f, &address, port);
    f->address = address;
    for (const GuestForward *other = *list; other; other = other->next) {
        failed |= other->port == port && other->address.s_addr == address.s_addr;
    }
    if (failed) {
        g_free(f);
        return g_strdup_printf("'%s': guestfwd= is for addresses in the network but the host's and the name server's, "
                               "each port once", text);
    }
    f->next = *list;
    *list = f;
    if (!g_str_has_prefix(target, "cmd:")) {
        g_autofree char *label = g_strdup_printf("guestfwd.tcp.%d", port);
        CharFrontend front = { .receive = from_device, .opaque = f };

        f->chr = chardev_new(label, target);
        chardev_attach(f->chr, &front);
    }
    return NULL;
}
