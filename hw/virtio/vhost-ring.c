/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings shared with another process, see vhost-ring.h: split virtqueues (Virtual I/O Device 1.2, section 2.7). To the
 * back end the memory is a guest's that begins at address 0. A chain keeps its pieces, since back ends look at where
 * they end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <glib.h>
#include "hw/virtio/vhost-ring.h"

enum { N = VHOST_RING_SIZE, DESC_NEXT = 1, DESC_WRITE = 2, USED_NO_NOTIFY = 1, ALIGN = 64 };
enum { DATA_BYTES = 32 << 20 };

typedef struct SharedRing {
    struct { uint64_t addr; uint32_t len; uint16_t flags, next; } desc[N];
    uint16_t avail_flags, avail_idx, avail[N], avail_event;
    uint16_t used_flags __attribute__((aligned(4)));
    uint16_t used_idx;
    struct { uint32_t id, len; } used[N];
    uint16_t used_event;
} SharedRing;

/* A piece of the room for data that is in use. */
typedef struct Span { uint32_t begin, bytes; } Span;

struct VhostRing {
    VhostMemory *m;
    unsigned index;
    SharedRing *shared;
    int kick, call;             /* eventfd */
    bool running;
    uint16_t avail, used;       /* the next index to fill, to take */
    uint16_t next[N];           /* of a chain's descriptors, and of the free ones */
    uint16_t first_free, free;
    VirtChain *chain[N];        /* by its first descriptor */
    uint32_t data[N];           /* where its bytes are */
    unsigned under_way;
};

struct VhostMemory {
    uint8_t *base;
    size_t bytes, data;         /* data: where the room for it begins */
    int fd;
    GArray *spans;              /* Span, in the order of their places */
    unsigned rings;
    VhostRing ring[VIRTIO_MAX_QUEUES];
};

/* ---- room for data ---- */

/* Offset of `bytes` bytes; UINT32_MAX: there are none. */
static uint32_t span_take(VhostMemory *m, uint32_t bytes)
{
    uint32_t at = 0;
    unsigned i;

    bytes = (bytes + ALIGN - 1) & ~(uint32_t)(ALIGN - 1);
    for (i = 0; i < m->spans->len; i++) {
        const Span *s = &g_array_index(m->spans, Span, i);

        if (s->begin - at >= bytes) {
            break;
        }
        at = s->begin + s->bytes;
    }
    if (DATA_BYTES - at < bytes) {
        return UINT32_MAX;
    }
    g_array_insert_val(m->spans, i, ((Span) { at, bytes }));
    return at;
}

static void span_give(VhostMemory *m, uint32_t begin)
{
    for (unsigned i = 0; i < m->spans->len; i++) {
        if (g_array_index(m->spans, Span, i).begin == begin) {
            g_array_remove_index(m->spans, i);
            return;
        }
    }
}

static uint8_t *data_ptr(const VhostMemory *m, uint32_t offset)
{
    return m->base + m->data + offset;
}

/* ---- memory ---- */

/* True: it has what it needs of the system. */
static bool ring_init(VhostMemory *m, unsigned n)
{
    VhostRing *r = &m->ring[n];

    r->m = m;
    r->index = n;
    r->shared = (SharedRing *)(void *)(m->base + n * (m->data / m->rings));
    r->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->free = N;
    for (unsigned i = 0; i < N; i++) {
        r->next[i] = (uint16_t)(i + 1);
    }
    return r->kick >= 0 && r->call >= 0;
}

VhostMemory *vhost_memory_new(VhostLink *l, unsigned rings, char **err)
{
    size_t per_ring = (sizeof(SharedRing) + 4095) & ~(size_t)4095;
    VhostMemory *m = g_new0(VhostMemory, 1);
    bool good;

    m->rings = rings;
    for (unsigned n = 0; n < rings; n++) {
        m->ring[n].kick = m->ring[n].call = -1;
    }
    m->spans = g_array_new(FALSE, FALSE, sizeof(Span));
    m->data = per_ring * rings;
    m->bytes = m->data + DATA_BYTES;
    m->base = MAP_FAILED;
    m->fd = memfd_create("vhost-user", MFD_CLOEXEC);
    good = m->fd >= 0 && !ftruncate(m->fd, (off_t)m->bytes);
    if (good) {
        m->base = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
        good = m->base != MAP_FAILED;
    }
    for (unsigned n = 0; good && n < rings; n++) {
        good = ring_init(m, n);
    }
    if (!good) {
        *err = g_strdup_printf("no memory to share with the back end: %s", g_strerror(errno));
        vhost_memory_free(m);
        return NULL;
    }
    VhostMemTable table = { .regions = 1, .size = m->bytes, .user_address = (uintptr_t)m->base };
    if (!vhost_link_send(l, VHOST_SET_MEM_TABLE, &table, sizeof(table), m->fd)) {
        *err = g_strdup("the back end is gone");
        vhost_memory_free(m);
        return NULL;
    }
    return m;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void vhost_memory_free(VhostMemory *m)
{
    for (unsigned n = 0; n < m->rings; n++) {
        close_fd(m->ring[n].kick);
        close_fd(m->ring[n].call);
    }
    if (m->base != MAP_FAILED) {
        munmap(m->base, m->bytes);
    }
    close_fd(m->fd);
    g_array_free(m->spans, TRUE);
    g_free(m);
}

VhostRing *vhost_memory_ring(VhostMemory *m, unsigned n)
{
    return &m->ring[n];
}

/* ---- start and stop ---- */

bool vhost_ring_start(VhostRing *r, VhostLink *l)
{
    VhostVringState size = { r->index, N }, base = { r->index, 0 }, enable = { r->index, 1 };
    VhostVringAddr addr = {
        .index = r->index, .desc = (uintptr_t)r->shared->desc, .used = (uintptr_t)&r->shared->used_flags,
        .avail = (uintptr_t)&r->shared->avail_flags,
    };

    r->running = vhost_link_send(l, VHOST_SET_VRING_NUM, &size, sizeof(size), -1) &&
                 vhost_link_send(l, VHOST_SET_VRING_BASE, &base, sizeof(base), -1) &&
                 vhost_link_send(l, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1) &&
                 vhost_link_send_u64(l, VHOST_SET_VRING_CALL, r->index, r->call) &&
                 vhost_link_send_u64(l, VHOST_SET_VRING_KICK, r->index, r->kick) &&
                 (!vhost_link_enables_rings(l) ||
                  vhost_link_send(l, VHOST_SET_VRING_ENABLE, &enable, sizeof(enable), -1));
    return r->running;
}

void vhost_ring_stop(VhostRing *r, VhostLink *l)
{
    VhostVringState state = { r->index, 0 };

    if (r->running) {
        vhost_link_ask(l, VHOST_GET_VRING_BASE, &state, sizeof(state));
    }
    r->running = false;
    for (unsigned i = 0; i < N; i++) {
        if (r->chain[i]) {
            virt_chain_free(r->chain[i]);
            r->chain[i] = NULL;
        }
    }
    r->under_way = 0;
}

int vhost_ring_call_fd(const VhostRing *r)
{
    return r->call;
}

/* ---- a chain's way there ---- */

/* The descriptors of pieces that lie one behind the other from `data` on; the first one. */
static uint16_t describe(VhostRing *r, const VirtChain *c, uint8_t *data)
{
    uint16_t head = r->first_free, at = head;
    unsigned n = c->outs + c->ins;

    for (unsigned i = 0; i < n; i++) {
        uint16_t next = r->next[at];

        r->shared->desc[at].addr = (uint64_t)(data - r->m->base);
        r->shared->desc[at].len = c->segment[i].len;
        r->shared->desc[at].flags = (uint16_t)((i >= c->outs ? DESC_WRITE : 0) | (i + 1 < n ? DESC_NEXT : 0));
        r->shared->desc[at].next = next;
        data += c->segment[i].len;
        if (i + 1 == n) {
            r->first_free = next;
        }
        at = next;
    }
    r->free = (uint16_t)(r->free - n);
    return head;
}

VhostPut vhost_ring_put(VhostRing *r, VirtChain *c)
{
    uint64_t bytes = (uint64_t)c->out_bytes + c->in_bytes;
    unsigned n = c->outs + c->ins;
    uint32_t at;

    if (!n || n > N || bytes > DATA_BYTES) {
        return VHOST_PUT_NEVER;
    }
    if (n > r->free || (at = span_take(r->m, (uint32_t)bytes)) == UINT32_MAX) {
        return VHOST_PUT_LATER;
    }
    if (!virt_chain_read(c, 0, data_ptr(r->m, at), c->out_bytes)) {
        span_give(r->m, at);
        return VHOST_PUT_NEVER;
    }
    uint16_t head = describe(r, c, data_ptr(r->m, at));

    r->chain[head] = c;
    r->data[head] = at;
    r->under_way++;
    r->shared->avail[r->avail % N] = head;
    __atomic_store_n(&r->shared->avail_idx, ++r->avail, __ATOMIC_RELEASE);
    return VHOST_PUT;
}

void vhost_ring_kick(VhostRing *r)
{
    uint64_t one = 1;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&r->shared->used_flags, __ATOMIC_RELAXED) & USED_NO_NOTIFY)) {
        /* Full: it has been told often enough. */
        (void)!write(r->kick, &one, sizeof(one));
    }
}

/* ---- and back ---- */

static void release(VhostRing *r, uint16_t head)
{
    const VirtChain *c = r->chain[head];
    unsigned n = c->outs + c->ins;
    uint16_t last = head;

    for (unsigned i = 1; i < n; i++) {
        last = r->next[last];
    }
    r->next[last] = r->first_free;
    r->first_free = head;
    r->free = (uint16_t)(r->free + n);
    span_give(r->m, r->data[head]);
    r->chain[head] = NULL;
    r->under_way--;
}

VirtChain *vhost_ring_take(VhostRing *r, bool whole, uint32_t *written, bool *wrong)
{
    uint16_t ready = (uint16_t)(__atomic_load_n(&r->shared->used_idx, __ATOMIC_ACQUIRE) - r->used);

    *wrong = ready > r->under_way;
    if (!ready || *wrong) {
        return NULL;
    }
    uint32_t id = __atomic_load_n(&r->shared->used[r->used % N].id, __ATOMIC_RELAXED);
    uint32_t len = __atomic_load_n(&r->shared->used[r->used % N].len, __ATOMIC_RELAXED);

    if (id >= N || !r->chain[id]) {
        *wrong = true;
        return NULL;
    }
    VirtChain *c = r->chain[id];
    uint32_t bytes = whole || len > c->in_bytes ? c->in_bytes : len;

    virt_chain_write(c, 0, data_ptr(r->m, r->data[id]) + c->out_bytes, bytes);
    release(r, (uint16_t)id);
    r->used++;
    *written = bytes;
    return c;
}
