/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 9P transport (Virtual I/O Device 1.2, section 5.20; Linux's net/9p/trans_virtio.c): a folder of the host. A chain is
 * a message and the room for its answer.
 *
 * The server (hw/9p/p9.h) waits for the host's disk, so it has a thread of its own, which answers one message after the
 * other. Messages are copied on their way there and answers on their way back, both on the I/O thread, and bounded in
 * number and length.
 */
#include <pthread.h>
#include <glib.h>
#include <string.h>
#include "hw/9p/p9.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"

enum { QUEUE_SIZE = 128, TURN = 32, MOST_REQUESTS = 128, MOST_BYTES = 16 << 20, ANSWER_LEAST = P9_HEADER + 4 };
#define P9_F_MOUNT_TAG  (1ull << 0)

typedef struct Request {
    struct VirtIO9p *s;
    VirtChain *chain;           /* NULL: forget all fids, nothing else */
    uint8_t *message, *answer;
    uint32_t bytes, room, answered;
    struct Request *next;
} Request;

typedef struct VirtIO9p {
    VirtIO *v;                  /* constant, like pool */
    GThreadPool *pool;          /* of one thread */
    P9Server *server;           /* the pool's thread's */
    uint8_t buffer[P9_MSIZE];   /* likewise */
    unsigned requests;          /* under way; the I/O thread's, like bytes */
    uint64_t bytes;             /* of their messages */
    IOWork work;
    pthread_mutex_t lock;       /* for `done` and `last`; nothing is taken below it */
    pthread_cond_t news;        /* with lock: `done` is not empty */
    Request *done, **last;      /* answered, the oldest first */
} VirtIO9p;

/* ---- the server's thread ---- */

static void answer(gpointer data, gpointer opaque)
{
    Request *r = data;
    VirtIO9p *s = opaque;

    if (!r->chain) {
        p9_server_reset(s->server);
    } else {
        r->answered = p9_server_answer(s->server, r->message, r->bytes, s->buffer, r->room);
        r->answer = g_memdup2(s->buffer, r->answered);
    }
    pthread_mutex_lock(&s->lock);
    *s->last = r;
    s->last = &r->next;
    pthread_cond_signal(&s->news);
    pthread_mutex_unlock(&s->lock);
    io_post(&s->work);
}

/* ---- the I/O thread ---- */

static void request_new(VirtIO9p *s, VirtChain *c)
{
    Request *r = g_new0(Request, 1);

    r->s = s;
    r->chain = c;
    if (c) {
        r->bytes = c->out_bytes;
        r->room = MIN(c->in_bytes, (uint32_t)P9_MSIZE);
        r->message = g_malloc(r->bytes);
        virt_chain_read(c, 0, r->message, r->bytes);
    }
    s->requests++;
    s->bytes += r->bytes;
    g_thread_pool_push(s->pool, r, NULL);
}

/* In a turn. */
static void request_end(VirtIO9p *s, Request *r)
{
    if (r->chain) {
        if (!virt_chain_stale(s->v, r->chain) && !virt_chain_write(r->chain, 0, r->answer, r->answered)) {
            r->answered = 0;
        }
        virtqueue_push(s->v, r->chain, r->answered);
    }
    s->requests--;
    s->bytes -= r->bytes;
    g_free(r->message);
    g_free(r->answer);
    g_free(r);
}

static void take_answers(void *opaque)
{
    VirtIO9p *s = opaque;
    Request *r;

    pthread_mutex_lock(&s->lock);
    r = s->done;
    s->done = NULL;
    s->last = &s->done;
    pthread_mutex_unlock(&s->lock);
    virtio_enter(s->v);
    while (r) {
        Request *next = r->next;

        request_end(s, r);
        r = next;
    }
    virtio_leave(s->v);
    virtio_kick(s->v, 0);       /* what found no room */
}

static void p9_notify(void *dev, unsigned queue)
{
    VirtIO9p *s = dev;
    VirtChain *c;

    for (unsigned n = 0; s->requests < MOST_REQUESTS && s->bytes < MOST_BYTES; n++) {
        if (n == TURN) {
            virtio_kick(s->v, queue);
            return;
        }
        c = virtqueue_pop(s->v, queue);
        if (!c) {
            return;
        }
        if (c->out_bytes > P9_MSIZE || c->in_bytes < ANSWER_LEAST) {
            qemu_log_mask(LOG_GUEST_ERROR, "virtio-9p: a message of %u bytes, room for %u\n", c->out_bytes,
                          c->in_bytes);
            virtqueue_push(s->v, c, 0);
        } else {
            request_new(s, c);
        }
    }
}

static void p9_reset(void *dev)
{
    request_new(dev, NULL);
}

/* Until the server's thread has nothing to do: the server is this thread's then. */
static void p9_drain(void *dev)
{
    VirtIO9p *s = dev;

    while (s->requests) {
        pthread_mutex_lock(&s->lock);
        while (!s->done) {
            pthread_cond_wait(&s->news, &s->lock);
        }
        pthread_mutex_unlock(&s->lock);
        take_answers(s);
    }
}

static void p9_save(void *dev, GByteArray *to)
{
    const VirtIO9p *s = dev;

    p9_drain(dev);              /* a reset may have come with this turn */
    p9_server_save(s->server, to);
}

static char *p9_save_problem(void *dev)
{
    const VirtIO9p *s = dev;

    return p9_server_save_problem(s->server);
}

static bool p9_load(void *dev, const uint8_t *data, size_t bytes)
{
    VirtIO9p *s = dev;

    p9_drain(s);
    p9_server_reset(s->server);
    return p9_server_load(s->server, data, bytes);
}

static const VirtIOClass virtio_9p_class = {
    .name = "virtio-9p", .id = VIRTIO_ID_9P, .queues = 1, .queue_size = QUEUE_SIZE, .notify = p9_notify,
    .reset = p9_reset, .drain = p9_drain, .save = p9_save, .save_problem = p9_save_problem, .load = p9_load,
};

void virtio_9p_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    VirtIO9p *s = g_new0(VirtIO9p, 1);
    const uint16_t length = (uint16_t)strnlen(config->tag, VIRTIO_9P_TAG_MAX);

    s->v = v;
    s->server = config->p9;
    s->pool = g_thread_pool_new(answer, s, 1, FALSE, NULL);
    s->work = (IOWork) { .fn = take_answers, .opaque = s };
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->news, NULL);
    s->last = &s->done;
    d->class = &virtio_9p_class;
    d->dev = s;
    d->features = P9_F_MOUNT_TAG;
    d->config_size = sizeof(length) + length;
    memcpy(d->config, &length, sizeof(length));
    memcpy(d->config + sizeof(length), config->tag, length);
}
