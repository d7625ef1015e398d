/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block device (Virtual I/O Device 1.2, section 5.2). Requests are carried out by the block back end side by side, and
 * given back in the order in which they end. Data passes through a buffer of the request's. How much of it is under way
 * is bounded, and so is the number of requests, since a driver may make one available again before it has ended; what
 * comes beyond waits in the queue.
 *
 * Short transfers that the host has in its cache are carried out on the thread of the CPU that asks (blk_try()): no
 * other thread has to wake for them.
 *
 * All state is the turn's; a reset forgets what is under way (its chains are of an earlier epoch). Requests that come
 * after it wait until that has ended: an old write must not come behind a new one.
 */
#include <stdlib.h>
#include <string.h>
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"

enum { BLK_T_IN = 0, BLK_T_OUT = 1, BLK_T_FLUSH = 4, BLK_T_GET_ID = 8, BLK_T_DISCARD = 11, BLK_T_WRITE_ZEROES = 13 };
enum { BLK_S_OK, BLK_S_IOERR, BLK_S_UNSUPP };
enum { SECTOR = 512, HEADER = 16, ID_BYTES = 20, QUEUE_SIZE = 256, TURN = 64, BUFFER_ALIGN = 4096 };
/* Of what a CPU does by itself: bytes of a request, requests. */
enum { HERE_BYTES = 16 << 10, HERE_REQUESTS = 8 };
/* Bytes of one request, of all together, of one that needs no buffer; requests. */
enum { MOST_BYTES = 16 << 20, MOST_UNDER_WAY = 64 << 20, MOST_CLEARED = 1 << 30, MOST_REQUESTS = 256 };

#define BLK_F_SEG_MAX       (1ull << 2)
#define BLK_F_RO            (1ull << 5)
#define BLK_F_BLK_SIZE      (1ull << 6)
#define BLK_F_FLUSH         (1ull << 9)
#define BLK_F_DISCARD       (1ull << 13)
#define BLK_F_WRITE_ZEROES  (1ull << 14)

typedef struct VirtIOBlk {
    VirtIO *v;                  /* constant, like blk and id */
    BlockBackend *blk;
    char id[ID_BYTES];
    uint64_t under_way;         /* bytes of buffers, also of requests that a reset forgot */
    unsigned requests;          /* likewise */
    uint32_t resets;
    unsigned old;               /* of the requests: those from before the last reset */
} VirtIOBlk;

typedef struct BlkHeader {
    uint32_t type, reserved;
    uint64_t sector;
} BlkHeader;

typedef struct BlkRange {
    uint64_t sector;
    uint32_t sectors, flags;
} BlkRange;

typedef struct BlkRequest {
    BlockRequest block;
    VirtIOBlk *s;
    VirtChain *chain;
    uint32_t type, bytes;       /* bytes: of the buffer that count */
    uint32_t resets;            /* when it began */
    size_t room;                /* of the buffer */
} BlkRequest;

static void request_end(BlkRequest *r, unsigned status)
{
    VirtIOBlk *s = r->s;
    uint8_t byte = (uint8_t)status;
    uint32_t written = 0;

    if (!virt_chain_stale(s->v, r->chain)) {
        if (r->type == BLK_T_IN && status == BLK_S_OK && virt_chain_write(r->chain, 0, r->block.buffer, r->bytes)) {
            written = r->bytes;
        }
        virt_chain_write(r->chain, r->chain->in_bytes - 1, &byte, 1);
    }
    virtqueue_push(s->v, r->chain, written + 1);
    s->under_way -= r->room;
    s->requests--;
    s->old -= r->resets != s->resets;           /* who is the last one kicks the queue */
    free(r->block.buffer);
    free(r);
}

static void request_done(BlockRequest *block, int error)
{
    BlkRequest *r = block->opaque;
    VirtIOBlk *s = r->s;

    virtio_enter(s->v);
    if (!error && block->op == BLOCK_WRITE && !(virtio_features(s->v) & BLK_F_FLUSH)) {
        /* A driver that does not know of a cache takes it that there is none. */
        block->op = BLOCK_FLUSH;
        block->offset = block->bytes = 0;
        blk_submit(s->blk, block);
    } else {
        request_end(r, error ? BLK_S_IOERR : BLK_S_OK);
        virtio_kick(s->v, 0);
    }
    virtio_leave(s->v);
}

static bool in_image(const VirtIOBlk *s, uint64_t sector, uint64_t bytes)
{
    uint64_t size = blk_bytes(s->blk);

    return !(bytes % SECTOR) && sector <= size / SECTOR && bytes <= size - sector * SECTOR;
}

static void submit(BlkRequest *r, BlockOp op, uint64_t sector, uint64_t bytes)
{
    r->block.op = op;
    r->block.offset = sector * SECTOR;
    r->block.bytes = bytes;
    blk_submit(r->s->blk, &r->block);
}

static void read_or_write(BlkRequest *r, uint64_t sector)
{
    VirtIOBlk *s = r->s;
    bool write = r->type == BLK_T_OUT;

    r->bytes = write ? r->chain->out_bytes - HEADER : r->chain->in_bytes - 1;
    if (r->bytes > MOST_BYTES || !in_image(s, sector, r->bytes) || (write && blk_readonly(s->blk))) {
        request_end(r, BLK_S_IOERR);
        return;
    }
    if (!r->bytes) {
        request_end(r, BLK_S_OK);
        return;
    }
    r->room = ((size_t)r->bytes + BUFFER_ALIGN - 1) & ~(size_t)(BUFFER_ALIGN - 1);
    r->block.buffer = aligned_alloc(BUFFER_ALIGN, r->room);
    if (!r->block.buffer) {
        r->room = 0;
        request_end(r, BLK_S_IOERR);
        return;
    }
    s->under_way += r->room;
    if (write && !virt_chain_read(r->chain, HEADER, r->block.buffer, r->bytes)) {
        request_end(r, BLK_S_IOERR);
        return;
    }
    /* A driver that does not know of a cache has to wait for the disk. */
    if ((!write || (virtio_features(s->v) & BLK_F_FLUSH)) &&
        blk_try(s->blk, write, sector * SECTOR, r->block.buffer, r->bytes)) {
        request_end(r, BLK_S_OK);
    } else {
        submit(r, write ? BLOCK_WRITE : BLOCK_READ, sector, r->bytes);
    }
}

/* Discard or clear one range: the configuration says that a request has no more. */
static void clear(BlkRequest *r)
{
    VirtIOBlk *s = r->s;
    bool zeroes = r->type == BLK_T_WRITE_ZEROES;
    BlkRange range;

    if (r->chain->out_bytes != HEADER + sizeof(range) || !virt_chain_read(r->chain, HEADER, &range, sizeof(range)) ||
        (range.flags & ~(zeroes ? 1u : 0u))) {
        request_end(r, BLK_S_UNSUPP);
        return;
    }
    uint64_t bytes = (uint64_t)range.sectors * SECTOR;

    if (bytes > MOST_CLEARED || !in_image(s, range.sector, bytes) || blk_readonly(s->blk)) {
        request_end(r, BLK_S_IOERR);
    } else if (!bytes) {
        request_end(r, BLK_S_OK);
    } else {
        submit(r, zeroes ? BLOCK_WRITE_ZEROES : BLOCK_DISCARD, range.sector, bytes);
    }
}

static void get_id(BlkRequest *r)
{
    uint32_t room = r->chain->in_bytes - 1;

    virt_chain_write(r->chain, 0, r->s->id, room < ID_BYTES ? room : ID_BYTES);
    request_end(r, BLK_S_OK);
}

static void request_begin(VirtIOBlk *s, VirtChain *c)
{
    BlkHeader h;

    if (!virt_chain_read(c, 0, &h, sizeof(h)) || !c->in_bytes) {
        virtio_broken(s->v, "a request without header or status");
        virt_chain_free(c);
        return;
    }
    BlkRequest *r = calloc(1, sizeof(*r));

    if (!r) {
        error_exit("out of memory");
    }
    s->requests++;
    r->s = s;
    r->chain = c;
    r->type = h.type;
    r->resets = s->resets;
    r->block.done = request_done;
    r->block.opaque = r;
    switch (h.type) {
    case BLK_T_IN:
    case BLK_T_OUT:
        read_or_write(r, h.sector);
        break;
    case BLK_T_FLUSH:
        submit(r, BLOCK_FLUSH, 0, 0);
        break;
    case BLK_T_GET_ID:
        get_id(r);
        break;
    case BLK_T_DISCARD:
    case BLK_T_WRITE_ZEROES:
        clear(r);
        break;
    default:
        request_end(r, BLK_S_UNSUPP);
        break;
    }
}

static bool has_room(const VirtIOBlk *s)
{
    return !s->old && s->under_way < MOST_UNDER_WAY && s->requests < MOST_REQUESTS;
}

static void blk_notify(void *dev, unsigned queue)
{
    VirtIOBlk *s = dev;
    unsigned n = 0;

    /* What is under way kicks the queue when it ends. */
    while (has_room(s) && n++ < TURN) {
        VirtChain *c = virtqueue_pop(s->v, queue);

        if (!c) {
            return;
        }
        request_begin(s, c);
    }
    if (has_room(s)) {
        virtio_kick(s->v, queue);
    }
}

static bool blk_notify_here(void *dev, unsigned queue)
{
    VirtIOBlk *s = dev;

    for (unsigned n = 0; n < HERE_REQUESTS && has_room(s); n++) {
        VirtChain *c = virtqueue_pop(s->v, queue);

        if (!c) {
            return true;
        }
        if (c->out_bytes > HEADER + HERE_BYTES || c->in_bytes > 1 + HERE_BYTES) {
            virtqueue_unpop(s->v, c);       /* copying takes time: beside the CPU */
            return false;
        }
        request_begin(s, c);
    }
    return false;
}

static void blk_reset(void *dev)
{
    VirtIOBlk *s = dev;

    s->resets++;
    s->old = s->requests;
}

static void blk_drain_chains(void *dev)
{
    VirtIOBlk *s = dev;

    blk_drain(s->blk);
}

static const VirtIOClass virtio_blk_class = {
    .name = "virtio-blk", .id = VIRTIO_ID_BLOCK, .queues = 1, .queue_size = QUEUE_SIZE, .notify = blk_notify,
    .notify_here = blk_notify_here,
    .reset = blk_reset, .drain = blk_drain_chains,
};

static void put(VirtIODevice *d, uint32_t offset, uint64_t value, unsigned size)
{
    memcpy(d->config + offset, &value, size);
}

/* The disk has become longer. */
static void resized(void *opaque)
{
    VirtIOBlk *s = opaque;
    uint64_t sectors = blk_bytes(s->blk) / SECTOR;

    virtio_set_config(s->v, 0, &sectors, sizeof(sectors));
}

void virtio_blk_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    VirtIOBlk *s = calloc(1, sizeof(*s));

    if (!s) {
        error_exit("out of memory");
    }
    s->v = v;
    s->blk = config->blk;
    blk_set_medium_user(s->blk, &(BlockMediumUser) { .resized = resized, .opaque = s });

    const char *id = config->serial ? config->serial : blk_id(s->blk);

    memcpy(s->id, id, strnlen(id, sizeof(s->id)));       /* not ended by a 0 if it is that long */
    d->class = &virtio_blk_class;
    d->dev = s;
    d->features = BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH |
                  (blk_readonly(s->blk) ? BLK_F_RO : BLK_F_DISCARD | BLK_F_WRITE_ZEROES);
    d->config_size = 60;
    put(d, 0, blk_bytes(s->blk) / SECTOR, 8);
    put(d, 12, QUEUE_SIZE - 2, 4);                  /* seg_max */
    put(d, 20, SECTOR, 4);                          /* blk_size */
    put(d, 36, MOST_CLEARED / SECTOR, 4);           /* max_discard_sectors, _seg, alignment */
    put(d, 40, 1, 4);
    put(d, 44, BUFFER_ALIGN / SECTOR, 4);
    put(d, 48, MOST_CLEARED / SECTOR, 4);           /* max_write_zeroes_sectors, _seg, may_unmap */
    put(d, 52, 1, 4);
    put(d, 56, 1, 1);
}
