/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entropy device (Virtual I/O Device 1.2, section 5.4): random numbers of the host, those that -seed makes, or those of
 * a file. I/O thread.
 *
 * A file may have nothing at the moment (a FIFO, a hardware generator): the request waits then, and `source` watches
 * the file. A file that has ended gives nothing any more: requests come back empty.
 */
#include <errno.h>
#include <glib.h>
#include <glib-unix.h>
#include <unistd.h>
#include "hw/virtio/virtio-devices.h"
#include "qemu/guest-random.h"
#include "qemu/replay.h"

enum { PIECE = 256, MOST = 16 * PIECE, TURN = 16, NO_FILE = -1 };

typedef struct VirtIORng {
    VirtIO *v;                  /* constant, like fd */
    int fd;
    guint source;               /* 0: nobody waits for the file */
} VirtIORng;

static gboolean file_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    VirtIORng *s = opaque;

    s->source = 0;
    virtio_kick(s->v, 0);
    return G_SOURCE_REMOVE;
}

/* How many bytes; -EAGAIN: none yet. */
static ssize_t take(const VirtIORng *s, uint8_t *bytes, uint32_t n)
{
    ssize_t got;

    if (s->fd == NO_FILE || replay_mode != REPLAY_NONE) {     /* the same numbers when it is replayed */
        return guest_random(bytes, n) ? (ssize_t)n : 0;
    }
    do {
        got = read(s->fd, bytes, n);
    } while (got < 0 && errno == EINTR);
    return got >= 0 ? got : errno == EAGAIN ? -EAGAIN : 0;
}

/* Fill the chain; false: it has to wait. */
static bool fill(VirtIORng *s, VirtChain *c, uint32_t *done)
{
    uint32_t want = c->in_bytes < MOST ? c->in_bytes : MOST;

    *done = 0;
    while (*done < want) {
        uint8_t bytes[PIECE];
        ssize_t got = take(s, bytes, want - *done < PIECE ? want - *done : PIECE);

        if (got <= 0 || !virt_chain_write(c, *done, bytes, (uint32_t)got)) {
            return got != -EAGAIN || *done;
        }
        *done += (uint32_t)got;
    }
    return true;
}

static void rng_notify(void *dev, unsigned queue)
{
    VirtIORng *s = dev;
    VirtChain *c;
    uint32_t done;
    unsigned n = 0;

    while (n++ < TURN && (c = virtqueue_pop(s->v, queue))) {
        if (!fill(s, c, &done)) {
            virtqueue_unpop(s->v, c);
            if (!s->source) {
                s->source = g_unix_fd_add(s->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, file_ready, s);
            }
            return;
        }
        virtqueue_push(s->v, c, done);
    }
    if (n > TURN) {
        virtio_kick(s->v, queue);
    }
}

static const VirtIOClass virtio_rng_class = {
    .name = "virtio-rng", .id = VIRTIO_ID_RNG, .queues = 1, .queue_size = 8, .notify = rng_notify,
};

void virtio_rng_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    VirtIORng *s = g_new0(VirtIORng, 1);

    s->v = v;
    s->fd = config->rng_fd ? config->rng_fd : NO_FILE;
    d->class = &virtio_rng_class;
    d->dev = s;
}
