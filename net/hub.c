/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks of type hubport: ports of hubs. What arrives at a port leaves by all other ports of its hub. At a port is a
 * card, as at any network, or (netdev=) another network, at which the port is the card. I/O thread, and the main thread
 * before that.
 */
#include <glib.h>
#include <string.h>
#include "net/net-internal.h"

typedef struct HubPort {
    NetBackend *net;            /* constant, as all but `next` */
    NetBackend *peer;           /* the other network; NULL: a card has the port */
    unsigned hub;
    struct HubPort *next;
} HubPort;

static HubPort *ports;          /* of all hubs */

static void flood(const HubPort *from, const uint8_t *frame, size_t bytes)
{
    for (const HubPort *p = ports; p; p = p->next) {
        if (p == from || p->hub != from->hub) {
            continue;
        }
        if (!p->peer) {
            net_deliver(p->net, frame, bytes);
        } else if (net_link_up(p->net)) {
            net_send(p->peer, frame, bytes);
        }
    }
}

/* Of the port's card. */
static void hub_send(void *state, const uint8_t *frame, size_t bytes)
{
    flood(state, frame, bytes);
}

/* Of the port's other network. */
static bool hub_receive(void *opaque, const uint8_t *frame, size_t bytes)
{
    const HubPort *port = opaque;

    if (net_link_up(port->net)) {
        flood(port, frame, bytes);
    }
    return true;
}

static NetBackend *find_peer(const char *id, char **error)
{
    for (NetBackend *net = net_next(NULL); net; net = net_next(net)) {
        if (strcmp(net_id(net), id)) {
            continue;
        }
        if (net_is_attached(net)) {
            *error = g_strdup_printf("the network '%s' is another card's or port's", id);
            return NULL;
        }
        return net;
    }
    *error = g_strdup_printf("there is no network '%s'", id);
    return NULL;
}

static void *hub_open(NetBackend *net, const NetOptions *o, char **error)
{
    NetBackend *peer = o->peer ? find_peer(o->peer, error) : NULL;
    HubPort *port;

    if (o->peer && !peer) {
        return NULL;
    }
    port = g_new0(HubPort, 1);
    *port = (HubPort) { .net = net, .peer = peer, .hub = o->hub, .next = ports };
    ports = port;
    if (peer) {
        const NetCard card = { .receive = hub_receive, .opaque = port };

        net_attach(peer, &card);
    }
    return port;
}

static void hub_close(void *state)
{
    HubPort *port = state, **p = &ports;

    while (*p != port) {
        p = &(*p)->next;
    }
    *p = port->next;
    if (port->peer) {
        net_attach(port->peer, &(NetCard) { .receive = NULL });
    }
    g_free(port);
}

static char *hub_info(void *state)
{
    const HubPort *port = state;

    return port->peer ? g_strdup_printf("type=hubport,hubid=%u,netdev=%s\n", port->hub, net_id(port->peer))
                      : g_strdup_printf("type=hubport,hubid=%u\n", port->hub);
}

const NetKind net_hubport = {
    .type = "hubport", .open = hub_open, .send = hub_send, .close = hub_close, .info = hub_info,
};
