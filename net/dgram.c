/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network "dgram": each frame is a datagram, by UDP to one peer or to a multicast group (any number of emulators then
 * share one cable), or through Unix sockets. Everything here runs on the I/O thread.
 */
#include <gio/gio.h>
#include "net/net-internal.h"

enum { FRAMES_A_ROUND = 64 };           /* so that a flood does not keep the I/O thread from other work */

typedef struct DgramNet {
    NetBackend *net;
    GSocket *socket;
    GSocketAddress *peer;
    GSource *source;
} DgramNet;

static gboolean dgram_ready(GSocket *socket, GIOCondition condition, gpointer opaque)
{
    DgramNet *d = opaque;
    char frame[NET_MAX_FRAME + 1];      /* one more, to see frames that are too long */

    for (int i = 0; i < FRAMES_A_ROUND; i++) {
        const gssize n = g_socket_receive(socket, frame, sizeof(frame), NULL, NULL);

        if (n < 0) {
            break;              /* nothing more, or what a send to a peer that is not there left; later rounds tell */
        }
        net_deliver(d->net, (uint8_t *)frame, (size_t)n);
    }
    return G_SOURCE_CONTINUE;
}

static void dgram_send(void *state, const uint8_t *frame, size_t bytes)
{
    DgramNet *d = state;

    /* A peer that is not there or does not keep up loses frames, as on any network. */
    g_socket_send_to(d->socket, d->peer, (const char *)frame, bytes, NULL, NULL);
}

static void dgram_close(void *state)
{
    DgramNet *d = state;

    g_source_destroy(d->source);
    g_source_unref(d->source);
    g_socket_close(d->socket, NULL);
    g_object_unref(d->socket);
    g_object_unref(d->peer);
    g_free(d);
}

static bool is_group(GSocketAddress *address)
{
    return G_IS_INET_SOCKET_ADDRESS(address)
           && g_inet_address_get_is_multicast(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)));
}

/* Where to receive: `local`, or with a group and nothing said any address at the group's port. */
static bool dgram_bind(GSocket *socket, GSocketAddress *local, GSocketAddress *peer, GError **failed)
{
    GSocketAddress *any = NULL;
    bool ok = true;

    if (is_group(peer)) {
        GInetSocketAddress *group = G_INET_SOCKET_ADDRESS(peer);

        any = g_inet_socket_address_new(g_inet_socket_address_get_address(group),
                                        g_inet_socket_address_get_port(group));
        g_socket_set_multicast_loopback(socket, TRUE);
        ok = g_socket_bind(socket, any, TRUE, failed)
             && g_socket_join_multicast_group(socket, g_inet_socket_address_get_address(group), FALSE, NULL, failed);
        g_object_unref(any);
    } else if (local) {
        ok = g_socket_bind(socket, local, FALSE, failed);
    }
    return ok;
}

static void *dgram_open(NetBackend *net, const NetOptions *o, char **error)
{
    DgramNet *d = g_new0(DgramNet, 1);
    GSocketAddress *local = NULL;
    GError *failed = NULL;

    d->net = net;
    d->peer = net_socket_address(&o->remote, error);
    if (!d->peer) {
        g_free(d);
        return NULL;
    }
    if (o->local.type && !(local = net_socket_address(&o->local, error))) {
        goto fail;
    }
    net_socket_clear(&o->local);
    d->socket = g_socket_new(g_socket_address_get_family(d->peer), G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT,
                             &failed);
    if (!d->socket || !dgram_bind(d->socket, local, d->peer, &failed)) {
        *error = g_strdup(failed->message);
        g_error_free(failed);
        goto fail;
    }
    net_socket_bound(&o->local);
    g_clear_object(&local);
    g_socket_set_blocking(d->socket, FALSE);
    d->source = g_socket_create_source(d->socket, G_IO_IN, NULL);
    g_source_set_callback(d->source, G_SOURCE_FUNC(dgram_ready), d, NULL);
    g_source_attach(d->source, NULL);
    return d;
fail:
    g_clear_object(&local);
    g_clear_object(&d->socket);
    g_object_unref(d->peer);
    g_free(d);
    return NULL;
}

const NetKind net_dgram = { .type = "dgram", .open = dgram_open, .send = dgram_send, .close = dgram_close };
