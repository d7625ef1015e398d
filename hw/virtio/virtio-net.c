/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network device (Virtual I/O Device 1.2, section 5.1): one queue to receive, one to transmit, the link's state. No
 * offloads: a frame is a chain, behind a header that says nothing.
 *
 * I/O thread alone.
 */
#include <stdlib.h>
#include <string.h>
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"

enum { QUEUE_RX, QUEUE_TX, QUEUES, QUEUE_SIZE = 256, TURN = 64 };
enum { LEGACY_HEADER = 10, HEADER = 12, NUM_BUFFERS = 10, CONFIG_STATUS = 6, LINK_UP = 1 };

#define NET_F_MAC       (1ull << 5)
#define NET_F_STATUS    (1ull << 16)

typedef struct VirtIONet {
    VirtIO *v;                  /* constant, like net */
    NetBackend *net;
    uint8_t mac[6];             /* constant */
    bool frame_waits;           /* the network has a frame for which there was no room */
} VirtIONet;

static uint32_t header_bytes(const VirtIONet *s)
{
    return virtio_features(s->v) & VIRTIO_F_VERSION_1 ? HEADER : LEGACY_HEADER;
}

static void transmit(VirtIONet *s, VirtChain *c)
{
    uint8_t frame[NET_MAX_FRAME];
    uint32_t header = header_bytes(s), bytes = c->out_bytes - header;

    if (c->out_bytes <= header || bytes > sizeof(frame)) {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-net: a frame of %u bytes with its header\n", c->out_bytes);
    } else if (virt_chain_read(c, header, frame, bytes) && s->net) {
        net_send(s->net, frame, bytes);
    }
    virtqueue_push(s->v, c, 0);
}

static void net_notify(void *dev, unsigned queue)
{
    VirtIONet *s = dev;
    VirtChain *c;

    if (queue == QUEUE_RX) {
        if (s->frame_waits) {
            s->frame_waits = false;
            net_card_ready(s->net);
        }
        return;
    }
    for (unsigned n = 0; n < TURN; n++) {
        c = virtqueue_pop(s->v, QUEUE_TX);
        if (!c) {
            return;
        }
        transmit(s, c);
    }
    virtio_kick(s->v, QUEUE_TX);
}

/* In a turn. False: there is no room. */
static bool put_frame(VirtIONet *s, const uint8_t *frame, size_t bytes)
{
    uint8_t header[HEADER] = { [NUM_BUFFERS] = 1 };
    uint32_t header_len = header_bytes(s), written = 0;
    VirtChain *c = virtqueue_pop(s->v, QUEUE_RX);

    if (!c) {
        return false;
    }
    if (c->in_bytes < header_len + bytes) {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-net: a buffer of %u bytes is too small for a frame\n", c->in_bytes);
    } else if (virt_chain_write(c, 0, header, header_len) &&
               virt_chain_write(c, header_len, frame, (uint32_t)bytes)) {
        written = header_len + (uint32_t)bytes;
    }
    virtqueue_push(s->v, c, written);
    return true;
}

static bool net_receive(void *opaque, const uint8_t *frame, size_t bytes)
{
    VirtIONet *s = opaque;

    virtio_enter(s->v);
    /* As a card that is switched off: frames go by. */
    bool taken = !virtio_ready(s->v) || put_frame(s, frame, bytes);
    s->frame_waits = !taken;
    virtio_leave(s->v);
    return taken;
}

static void net_link_changed(void *opaque, bool up)
{
    VirtIONet *s = opaque;
    uint16_t status = up ? LINK_UP : 0;

    virtio_set_config(s->v, CONFIG_STATUS, &status, sizeof(status));
}

static void net_reset(void *dev)
{
    VirtIONet *s = dev;

    if (s->frame_waits) {
        s->frame_waits = false;
        net_card_ready(s->net);         /* which finds a card that is switched off */
    }
}

static void net_mac(void *opaque, uint8_t mac[6])
{
    const VirtIONet *s = opaque;

    memcpy(mac, s->mac, sizeof(s->mac));
}

static const VirtIOClass virtio_net_class = {
    .name = "virtio-net", .id = VIRTIO_ID_NET, .queues = QUEUES, .queue_size = QUEUE_SIZE, .notify = net_notify,
    .reset = net_reset,
};

void virtio_net_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    VirtIONet *s = calloc(1, sizeof(*s));

    if (!s) {
        error_exit("out of memory");
    }
    s->v = v;
    s->net = config->net;
    memcpy(s->mac, config->mac, sizeof(s->mac));
    d->class = &virtio_net_class;
    d->dev = s;
    d->features = NET_F_MAC | NET_F_STATUS;
    d->config_size = 8;
    memcpy(d->config, config->mac, sizeof(config->mac));
    if (s->net) {
        const NetCard card = { .receive = net_receive, .link_changed = net_link_changed, .mac = net_mac,
                               .opaque = s };

        net_attach(s->net, &card);
        d->config[CONFIG_STATUS] = net_link_up(s->net) ? LINK_UP : 0;
    }
}
