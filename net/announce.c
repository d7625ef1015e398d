/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network card says where it is, for switches that still send its frames to where it was before: a frame of reverse
 * ARP (RFC 903) to all, a few times. It goes out as if the guest had sent it. I/O thread.
 */
#include <glib.h>
#include <string.h>
#include "net/net-internal.h"

typedef struct Announcement {
    char *id;                   /* "": it has none */
    char **networks;            /* NULL: all */
    NetAnnounce how;
    unsigned left;
    int64_t next_ms;
    guint timer;
} Announcement;

static GPtrArray *under_way;    /* of Announcement */

static void announce_card(NetBackend *net)
{
    enum { REVERSE_ARP_0 = 0x80, REVERSE_ARP_1 = 0x35, BYTES = 60, REQUEST_REVERSE = 3 };
    uint8_t frame[BYTES] = { 0 }, mac[6];

    if (!net_card_mac(net, mac)) {
        return;
    }
    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    frame[12] = REVERSE_ARP_0;
    frame[13] = REVERSE_ARP_1;
    frame[15] = 1;              /* Ethernet */
    frame[16] = 0x08;           /* IPv4 */
    frame[18] = 6;
    frame[19] = 4;
    frame[21] = REQUEST_REVERSE;
    memcpy(frame + 22, mac, 6);
    memcpy(frame + 32, mac, 6);
    net_send(net, frame, sizeof(frame));
}

static void announce_now(const Announcement *a)
{
    for (NetBackend *net = net_next(NULL); net; net = net_next(net)) {
        if (!a->networks || g_strv_contains((const char *const *)a->networks, net_id(net))) {
            announce_card(net);
        }
    }
}

static void forget(gpointer opaque)
{
    Announcement *a = opaque;

    if (a->timer) {
        g_source_remove(a->timer);
    }
    g_free(a->id);
    g_strfreev(a->networks);
    g_free(a);
}

static gboolean next_round(gpointer opaque)
{
    Announcement *a = opaque;

    a->timer = 0;
    announce_now(a);
    if (--a->left) {
        a->timer = g_timeout_add((guint)a->next_ms, next_round, a);
        a->next_ms = MIN(a->next_ms + a->how.step_ms, a->how.max_ms);
    } else {
        g_ptr_array_remove(under_way, a);
    }
    return G_SOURCE_REMOVE;
}

void net_announce(const NetAnnounce *how, char **networks, const char *id)
{
    Announcement *a = g_new0(Announcement, 1);

    if (!under_way) {
        under_way = g_ptr_array_new_with_free_func(forget);
    }
    for (guint i = 0; i < under_way->len; i++) {
        const Announcement *old = g_ptr_array_index(under_way, i);

        if (!strcmp(old->id, id ? id : "")) {
            g_ptr_array_remove_index(under_way, i);
            break;
        }
    }
    a->id = g_strdup(id ? id : "");
    a->networks = networks && *networks ? g_strdupv(networks) : NULL;
    a->how = *how;
    a->left = how->rounds;
    a->next_ms = how->initial_ms;
    g_ptr_array_add(under_way, a);
    if (a->left) {
        next_round(a);
    } else {
        g_ptr_array_remove(under_way, a);
    }
}
