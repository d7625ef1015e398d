/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: queues between cards and kinds of networks.
 *
 * `lock` guards the frames that cards have given; the I/O thread takes them out one by one. Frames for a card that has
 * no room wait in `incoming`, which is the I/O thread's. Both are bounded: a network loses what nobody takes. Frames of
 * lengths that Ethernet does not have end here in both directions, so neither cards nor kinds of networks see them.
 */
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include "net/net-internal.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/replay.h"
#include "qemu/trace.h"

enum { MAX_QUEUED = 512 };

struct NetBackend {
    const NetKind *kind;        /* constant; NULL: a cable to nowhere */
    void *state;                /* constant; the kind's */
    char *id;                   /* constant */
    NetCard card;               /* of a card, constant once attached; else a hub's, I/O thread. receive NULL: none */
    NetDump *dump[NET_MAX_DUMPS];       /* I/O thread; those that are not NULL come first */
    IOWork work;                /* moves frames */
    IOWork gone;                /* it was closed: what was posted for it has run */
    ReplaySource *frames, *link;        /* constant */
    bool link_up;               /* atomic; written by the I/O thread */
    pthread_mutex_t lock;
    GQueue outgoing;            /* of GBytes.   lock: lock */
    GQueue incoming;            /* of GBytes.   I/O thread */
    NetBackend *next;           /* I/O thread */
};

static NetBackend *networks;    /* I/O thread */

/* Any thread. */
static bool is_frame(const NetBackend *net, size_t bytes, const char *way)
{
    const bool good = bytes >= NET_MIN_FRAME && bytes <= NET_MAX_FRAME;

    if (!good) {
        qemu_log_mask(LOG_GUEST_ERROR, "network '%s': a frame of %zu bytes %s the guest is lost\n", net->id, bytes,
                      way);
    }
    return good;
}

static void trace_frame(TraceEvent event, const NetBackend *net, const uint8_t *f, size_t bytes)
{
    trace_event(event, "network=%s bytes=%zu to=%02x:%02x:%02x:%02x:%02x:%02x from=%02x:%02x:%02x:%02x:%02x:%02x "
                "type=0x%02x%02x", net->id, bytes, f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10],
                f[11], f[12], f[13]);
}

/* ---- I/O thread ---- */

static void dump_frame(NetBackend *net, bool sent, const uint8_t *frame, size_t bytes)
{
    for (unsigned i = 0; i < NET_MAX_DUMPS && net->dump[i]; i++) {
        net_dump_frame(net->dump[i], sent, frame, bytes);
    }
}

static void close_dumps(NetBackend *net)
{
    for (unsigned i = 0; i < NET_MAX_DUMPS; i++) {
        net_dump_close(net->dump[i]);
        net->dump[i] = NULL;
    }
}

static bool card_receives(NetBackend *net, GBytes *frame)
{
    size_t bytes;
    const uint8_t *data = g_bytes_get_data(frame, &bytes);
    bool taken;

    if (!net->card.receive) {
        return true;
    }
    if (!replay_begin()) {
        io_post(&net->work);
        return false;
    }
    taken = net->card.receive(net->card.opaque, data, bytes);
    replay_end(net->frames, data, taken ? bytes : 0);
    return taken;
}

static void play_frame(void *opaque, const uint8_t *data, size_t bytes)
{
    NetBackend *net = opaque;

    net->card.receive(net->card.opaque, data, bytes);
}

static void move_frames(void *opaque)
{
    NetBackend *net = opaque;
    GBytes *frame;

    for (;;) {
        pthread_mutex_lock(&net->lock);
        frame = g_queue_pop_head(&net->outgoing);
        pthread_mutex_unlock(&net->lock);
        if (!frame) {
            break;
        }
        if (net_link_up(net)) {
            size_t bytes;
            const uint8_t *data = g_bytes_get_data(frame, &bytes);

            dump_frame(net, true, data, bytes);
            if (net->kind && replay_mode != REPLAY_PLAY) {
                net->kind->send(net->state, data, bytes);
            }
        }
        g_bytes_unref(frame);
    }
    while ((frame = g_queue_peek_head(&net->incoming)) != NULL && card_receives(net, frame)) {
        g_bytes_unref(g_queue_pop_head(&net->incoming));
    }
}

void net_deliver(NetBackend *net, const uint8_t *frame, size_t bytes)
{
    if (replay_mode != REPLAY_PLAY && net_link_up(net) && is_frame(net, bytes, "for") &&
        g_queue_get_length(&net->incoming) < MAX_QUEUED) {
        if (trace_is_on(NET_RECEIVE)) {
            trace_frame(TRACE_NET_RECEIVE, net, frame, bytes);
        }
        dump_frame(net, false, frame, bytes);
        g_queue_push_tail(&net->incoming, g_bytes_new(frame, bytes));
        io_post(&net->work);
    }
}

static void play_link(void *opaque, const uint8_t *data, size_t bytes)
{
    NetBackend *net = opaque;
    bool up = data[0];

    if (net_link_up(net) != up) {
        trace(NET_LINK, "network=%s link=%s", net->id, up ? "up" : "down");
        __atomic_store_n(&net->link_up, up, __ATOMIC_SEQ_CST);
        if (net->card.link_changed) {
            net->card.link_changed(net->card.opaque, up);
        }
    }
}

void net_set_link(NetBackend *net, bool up)
{
    const uint8_t byte = up;

    replay_event(net->link, &byte, 1);
}

char *net_hostfwd_add(NetBackend *net, const char *text)
{
    return net->kind && net->kind->hostfwd ? net->kind->hostfwd(net->state, text, true)
                                           : g_strdup_printf("network '%s' forwards nothing", net->id);
}

char *net_hostfwd_remove(NetBackend *net, const char *text)
{
    return net->kind && net->kind->hostfwd ? net->kind->hostfwd(net->state, text, false)
                                           : g_strdup_printf("network '%s' forwards nothing", net->id);
}

NetBackend *net_next(const NetBackend *net)
{
    return net ? net->next : networks;
}

char *net_info(NetBackend *net)
{
    if (net->kind && net->kind->info) {
        return net->kind->info(net->state);
    }
    return g_strdup_printf("type=%s\n", net->kind ? net->kind->type : "none");
}

/* ---- any thread ---- */

void net_send(NetBackend *net, const uint8_t *frame, size_t bytes)
{
    if (!is_frame(net, bytes, "of")) {
        return;
    }
    if (trace_is_on(NET_SEND)) {
        trace_frame(TRACE_NET_SEND, net, frame, bytes);
    }
    pthread_mutex_lock(&net->lock);
    if (g_queue_get_length(&net->outgoing) < MAX_QUEUED) {
        g_queue_push_tail(&net->outgoing, g_bytes_new(frame, bytes));
    }
    pthread_mutex_unlock(&net->lock);
    io_post(&net->work);
}

void net_card_ready(NetBackend *net)
{
    io_post(&net->work);
}

bool net_link_up(const NetBackend *net)
{
    return __atomic_load_n(&net->link_up, __ATOMIC_SEQ_CST);
}

bool net_card_mac(const NetBackend *net, uint8_t mac[6])
{
    if (net->card.mac) {
        net->card.mac(net->card.opaque, mac);
    }
    return net->card.mac;
}

const char *net_id(const NetBackend *net)
{
    return net->id;
}

/* ---- opening and closing ---- */

static const NetKind *const kinds[] = {
    &net_stream, &net_dgram, &net_tap, &net_bridge, &net_hubport,
#ifdef CONFIG_SLIRP
    &net_user,
#endif
};

void net_attach(NetBackend *net, const NetCard *card)
{
    net->card = *card;
}

bool net_is_attached(const NetBackend *net)
{
    return net->card.receive;
}

static bool open_dumps(NetBackend *net, const NetOptions *options, char **error)
{
    for (unsigned i = 0; i < options->dumps; i++) {
        net->dump[i] = net_dump_open(&options->dump[i], error);
        if (!net->dump[i]) {
            return false;
        }
    }
    return true;
}

NetBackend *net_open(const NetOptions *options, char **error)
{
    NetBackend *net = g_new0(NetBackend, 1);
    NetBackend **end;

    net->id = g_strdup(options->id ? options->id : options->type);
    net->link_up = strcmp(options->type, "none");
    net->work = (IOWork) { .fn = move_frames, .opaque = net, .outside = true };
    net->frames = replay_source_new(net->id, play_frame, net);
    net->link = replay_source_new(net->id, play_link, net);
    pthread_mutex_init(&net->lock, NULL);
    g_queue_init(&net->outgoing);
    g_queue_init(&net->incoming);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!strcmp(kinds[i]->type, options->type)) {
            net->kind = kinds[i];
        }
    }
    if (!net->kind && strcmp(options->type, "none")) {
        *error = g_strdup_printf("network type '%s' is not built in (-netdev help lists those there are)",
                                 options->type);
    } else if (!open_dumps(net, options, error)
               || (net->kind && !(net->state = net->kind->open(net, options, error)))) {
        close_dumps(net);
    } else {
        for (end = &networks; *end; end = &(*end)->next) {
        }
        *end = net;
        return net;
    }
    g_free(net->id);
    g_free(net);
    return NULL;
}

static void free_network(void *opaque)
{
    NetBackend *net = opaque;

    g_queue_clear_full(&net->outgoing, (GDestroyNotify)g_bytes_unref);
    g_queue_clear_full(&net->incoming, (GDestroyNotify)g_bytes_unref);
    pthread_mutex_destroy(&net->lock);
    g_free(net->id);
    g_free(net);
}

char *net_close(const char *id)
{
    NetBackend **p = &networks, *net;

    while (*p && strcmp((*p)->id, id)) {
        p = &(*p)->next;
    }
    net = *p;
    if (!net) {
        return NULL;
    }
    if (net->card.receive) {
        return g_strdup_printf("Device '%s' is in use: a network card, or a hub, has it", id);
    }
    *p = net->next;
    if (net->kind) {
        net->kind->close(net->state);
        net->kind = NULL;
    }
    close_dumps(net);
    net->gone = (IOWork) { .fn = free_network, .opaque = net, .outside = true };
    io_post(&net->gone);                /* behind all that was posted for it */
    return NULL;
}

char *net_dump_add(NetBackend *net, const NetDumpOptions *options)
{
    char *problem = NULL;
    unsigned i = 0;

    while (i < NET_MAX_DUMPS && net->dump[i]) {
        i++;
    }
    if (i == NET_MAX_DUMPS) {
        return g_strdup_printf("a network has %d dumps at most", NET_MAX_DUMPS);
    }
    net->dump[i] = net_dump_open(options, &problem);
    return problem;
}

bool net_dump_remove(const char *id)
{
    for (NetBackend *net = networks; net; net = net->next) {
        for (unsigned i = 0; i < NET_MAX_DUMPS && net->dump[i]; i++) {
            if (!g_strcmp0(net_dump_id(net->dump[i]), id)) {
                net_dump_close(net->dump[i]);
                memmove(&net->dump[i], &net->dump[i + 1], (NET_MAX_DUMPS - 1 - i) * sizeof(net->dump[0]));
                net->dump[NET_MAX_DUMPS - 1] = NULL;
                return true;
            }
        }
    }
    return false;
}

void net_close_all(void)
{
    for (NetBackend *net = networks; net; net = net->next) {
        move_frames(net);
        if (net->kind) {
            net->kind->close(net->state);
            net->kind = NULL;
        }
        close_dumps(net);
    }
}
