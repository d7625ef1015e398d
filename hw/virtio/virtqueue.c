/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues (Virtual I/O Device 1.2, section 2.7), with indirect descriptors and event indices.
 *
 * The three parts of a queue lie in guest memory and the driver may write anything there at any time, so each value is
 * read once, checked, and used. A chain has as many descriptors as its table at most, which ends loops; each piece of
 * memory is RAM as a whole; together they have less than 4 GiB. A driver that breaks the rules has broken the device:
 * it does nothing more until it is reset.
 *
 * I/O thread. The lock is held to copy a queue's state and to put it back, which is left undone if the device was reset
 * in between.
 */
#include <stdlib.h>
#include <string.h>
#include "exec/memory.h"
#include "hw/virtio/virtio-internal.h"
#include "qemu/log.h"
#include "qemu/trace.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_BYTES = 16 };
enum { AVAIL_NO_INTERRUPT = 1 };

typedef struct Descriptor {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
} Descriptor;

/* A queue's state while it is worked with. */
typedef struct Ring {
    VirtQueue q;
    uint32_t epoch;
    bool event_idx, indirect;
} Ring;

static bool ring_get(VirtIO *v, unsigned queue, Ring *r)
{
    counted_lock(&v->dev.lock);
    bool usable = !v->broken && v->queue[queue].ready && (v->legacy || (v->status & STATUS_DRIVER_OK));

    *r = (Ring) {
        .q = v->queue[queue], .epoch = v->epoch,
        .event_idx = v->driver_features & VIRTIO_F_EVENT_IDX, .indirect = v->driver_features & VIRTIO_F_INDIRECT_DESC,
    };
    counted_unlock(&v->dev.lock);
    return usable;
}

static bool read_u16(uint64_t addr, uint16_t *value)
{
    return dma_read((uint32_t)addr, value, sizeof(*value));
}

/* ---- a chain ---- */

static const char *add_segment(VirtChain *c, unsigned *room, const Descriptor *d)
{
    uint32_t *total = d->flags & DESC_WRITE ? &c->in_bytes : &c->out_bytes;

    if (!(d->flags & DESC_WRITE) && c->ins) {
        return "what is to be read follows what is to be written";
    }
    if (!d->len) {
        return NULL;
    }
    if (d->addr > UINT32_MAX || !memory_ram_ptr((uint32_t)d->addr, d->len)) {
        return "a buffer is not in RAM";
    }
    if (d->len > UINT32_MAX - *total) {
        return "a chain has more than 4 GiB";
    }
    unsigned n = c->outs + c->ins;
    if (n == VIRTIO_MAX_SEGMENTS) {
        return "a chain has too many buffers";
    }
    if (n == *room) {
        VirtSegment *more = realloc(c->segment, 2 * n * sizeof(*more));

        if (!more) {
            error_exit("out of memory");
        }
        c->segment = more;
        *room = 2 * n;
    }
    c->segment[n] = (VirtSegment) { (uint32_t)d->addr, d->len };
    *total += d->len;
    *(d->flags & DESC_WRITE ? &c->ins : &c->outs) += 1;
    return NULL;
}

/* Follow the chain; NULL: done, else what is wrong with it. */
static const char *walk(const Ring *r, VirtChain *c)
{
    uint64_t table = r->q.desc;
    uint32_t count = r->q.size, at = c->head;
    unsigned room = 4;
    bool inside = false;

    c->segment = malloc(room * sizeof(*c->segment));
    if (!c->segment) {
        error_exit("out of memory");
    }
    for (uint32_t steps = 0; steps < count; ) {
        Descriptor d;

        if (!dma_read((uint32_t)(table + at * DESC_BYTES), &d, sizeof(d))) {
            return "descriptors are not in RAM";
        }
        if (d.flags & DESC_INDIRECT) {
            if (!r->indirect || inside || (d.flags & DESC_NEXT)) {
                return "an indirect descriptor where none may be";
            }
            if (!d.len || d.len % DESC_BYTES || d.len / DESC_BYTES > VIRTIO_MAX_SEGMENTS || d.addr > UINT32_MAX ||
                !memory_ram_ptr((uint32_t)d.addr, d.len)) {
                return "a bad table of indirect descriptors";
            }
            inside = true;
            table = d.addr;
            count = d.len / DESC_BYTES;
            at = steps = 0;
            continue;
        }
        const char *problem = add_segment(c, &room, &d);
        if (problem || !(d.flags & DESC_NEXT)) {
            return problem;
        }
        if (d.next >= count) {
            return "a descriptor outside of its table";
        }
        at = d.next;
        steps++;
    }
    return "a chain of descriptors that has no end";
}

/* ---- taking ---- */

/* How many chains wait; -1: the driver broke the rules. */
static int waiting(const Ring *r)
{
    uint16_t avail;

    if (!read_u16(r->q.driver + 2, &avail)) {
        return -1;
    }
    uint16_t n = (uint16_t)(avail - r->q.last_avail);
    return n > r->q.size ? -1 : n;
}

/* None waits: ask to be told of the next one, and look again, since it may have come meanwhile. */
static int wait_for_more(const Ring *r)
{
    if (!r->event_idx) {
        return 0;
    }
    if (!dma_write((uint32_t)(r->q.device + 4 + 8 * r->q.size), &r->q.last_avail, 2)) {
        return -1;
    }
    dma_barrier();
    return waiting(r);
}

static void set_last_avail(VirtIO *v, unsigned queue, const Ring *r, uint16_t last_avail)
{
    counted_lock(&v->dev.lock);
    if (v->epoch == r->epoch) {
        v->queue[queue].last_avail = last_avail;
    }
    counted_unlock(&v->dev.lock);
}

VirtChain *virtqueue_pop(VirtIO *v, unsigned queue)
{
    Ring r;
    uint16_t head;

    if (!ring_get(v, queue, &r)) {
        return NULL;
    }
    int n = waiting(&r);
    if (!n) {
        n = wait_for_more(&r);
    }
    if (n <= 0) {
        if (n < 0) {
            virtio_broken(v, "the index of available buffers is wrong");
        }
        return NULL;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (!read_u16(r.q.driver + 4 + 2 * (r.q.last_avail % r.q.size), &head) || head >= r.q.size) {
        virtio_broken(v, "there is no such descriptor");
        return NULL;
    }
    VirtChain *c = calloc(1, sizeof(*c));
    if (!c) {
        error_exit("out of memory");
    }
    *c = (VirtChain) { .queue = queue, .head = head, .epoch = r.epoch };
    const char *problem = walk(&r, c);
    if (problem) {
        virtio_broken(v, problem);
        virt_chain_free(c);
        return NULL;
    }
    set_last_avail(v, queue, &r, (uint16_t)(r.q.last_avail + 1));
    return c;
}

void virtqueue_unpop(VirtIO *v, VirtChain *c)
{
    Ring r;

    if (ring_get(v, c->queue, &r) && r.epoch == c->epoch) {
        set_last_avail(v, c->queue, &r, (uint16_t)(r.q.last_avail - 1));
    }
    virt_chain_free(c);
}

/* ---- giving back ---- */

/* Does the driver want an interrupt for the one just given back? Not knowing means yes. */
static bool wants_interrupt(const Ring *r)
{
    uint16_t word;

    if (!r->event_idx) {
        return !read_u16(r->q.driver, &word) || !(word & AVAIL_NO_INTERRUPT);
    }
    if (!read_u16(r->q.driver + 4 + 2 * r->q.size, &word)) {
        return true;
    }
    /* It named the one that it waits for; each is thought about on its own. */
    return word == r->q.used;
}

void virtqueue_push(VirtIO *v, VirtChain *c, uint32_t written)
{
    Ring r;
    uint32_t element[2] = { c->head, written };

    if (!ring_get(v, c->queue, &r) || r.epoch != c->epoch) {
        virt_chain_free(c);
        return;
    }
    uint16_t now = (uint16_t)(r.q.used + 1);
    bool good = dma_write((uint32_t)(r.q.device + 4 + 8 * (r.q.used % r.q.size)), element, sizeof(element));
    __atomic_thread_fence(__ATOMIC_RELEASE);
    good = good && dma_write((uint32_t)(r.q.device + 2), &now, sizeof(now));
    dma_barrier();
    if (!good) {
        virtio_broken(v, "the ring of used buffers is not in RAM");
    }
    bool wants = good && wants_interrupt(&r);

    trace(VIRTIO_PUSH, "device=%s queue=%u head=%u written=%u interrupt=%d", v->dev.name, c->queue, c->head, written,
          wants);
    counted_lock(&v->dev.lock);
    if (v->epoch == r.epoch) {
        v->queue[c->queue].used = now;
        if (wants) {
            v->isr |= ISR_QUEUE;
            virtio_update(v);
        }
    }
    counted_unlock(&v->dev.lock);
    virt_chain_free(c);
}

/* ---- a chain's bytes ---- */

void virt_chain_free(VirtChain *c)
{
    free(c->segment);
    free(c);
}

bool virt_chain_stale(const VirtIO *v, const VirtChain *c)
{
    VirtIO *lockable = (VirtIO *)(uintptr_t)v;

    counted_lock(&lockable->dev.lock);
    bool stale = v->epoch != c->epoch;
    counted_unlock(&lockable->dev.lock);
    return stale;
}

/* Copy between `bytes` and pieces of guest memory, of which there are enough. */
static bool copy(const VirtSegment *s, uint32_t offset, uint8_t *bytes, uint32_t n, bool to_guest)
{
    for (; n; s++) {
        if (offset >= s->len) {
            offset -= s->len;
            continue;
        }
        uint32_t part = s->len - offset < n ? s->len - offset : n;

        if (!(to_guest ? dma_write(s->addr + offset, bytes, part) : dma_read(s->addr + offset, bytes, part))) {
            return false;
        }
        bytes += part;
        n -= part;
        offset = 0;
    }
    return true;
}

bool virt_chain_read(const VirtChain *c, uint32_t offset, void *to, uint32_t n)
{
    return offset <= c->out_bytes && n <= c->out_bytes - offset && copy(c->segment, offset, to, n, false);
}

bool virt_chain_write(const VirtChain *c, uint32_t offset, const void *from, uint32_t n)
{
    return offset <= c->in_bytes && n <= c->in_bytes - offset &&
           copy(c->segment + c->outs, offset, (uint8_t *)(uintptr_t)from, n, true);
}
