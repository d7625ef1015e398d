/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entropy device (Virtual I/O Device 1.2, section 5.4): random numbers of the host, or those that -seed makes. I/O
 * thread; no state.
 */
#include "hw/virtio/virtio-devices.h"
#include "qemu/guest-random.h"

enum { PIECE = 256, MOST = 16 * PIECE, TURN = 16 };

static void rng_notify(void *dev, unsigned queue)
{
    VirtIO *v = dev;
    VirtChain *c;
    unsigned n = 0;

    while (n++ < TURN && (c = virtqueue_pop(v, queue))) {
        uint32_t want = c->in_bytes < MOST ? c->in_bytes : MOST, done = 0;

        while (done < want) {
            uint8_t bytes[PIECE];
            uint32_t part = want - done < PIECE ? want - done : PIECE;

            if (!guest_random(bytes, part) || !virt_chain_write(c, done, bytes, part)) {
                break;
            }
            done += part;
        }
        virtqueue_push(v, c, done);
    }
    if (n > TURN) {
        virtio_kick(v, queue);
    }
}

static const VirtIOClass virtio_rng_class = {
    .name = "virtio-rng", .id = VIRTIO_ID_RNG, .queues = 1, .queue_size = 8, .notify = rng_notify,
};

void virtio_rng_init(VirtIODevice *d, VirtIO *v)
{
    d->class = &virtio_rng_class;
    d->dev = v;
}
