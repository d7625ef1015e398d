/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends of vhost-user devices, good ones and such as break the rules: a thread of this program is the other side,
 * reads what it is told, and writes into the rings what the case wants.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "device-stubs.h"
#include "hw/virtio/vhost-ring.h"
#include "hw/virtio/virtio-devices.h"

enum { N = VHOST_RING_SIZE, DATA = 0x1000, ROOM = 0x3000 };

/* What the other side does about questions. */
typedef enum Manner { GOOD, SILENT_END, WRONG_ANSWER, HUGE_ANSWER, NO_CONFIG } Manner;

static char path[] = "/tmp/vhost-test-XXXXXX", *socket_path;

static struct Peer {
    pthread_t thread;
    int listener, fd;
    Manner manner;
    uint8_t *memory;            /* what it was told of */
    size_t bytes;
    uint64_t user_address;
    VhostVringAddr ring;
    unsigned started;
} peer;

typedef struct Header { uint32_t request, flags, size; } Header;

static void answer(const Header *asked, const void *body, uint32_t bytes)
{
    struct { Header head; uint8_t body[512]; } message = { .head = { asked->request, 1 | 4, bytes } };

    if (peer.manner == WRONG_ANSWER) {
        message.head.request++;
    }
    if (peer.manner == HUGE_ANSWER) {
        message.head.size = 0x7fffffff;
    }
    memcpy(message.body, body, bytes);
    (void)!send(peer.fd, &message, sizeof(Header) + bytes, MSG_NOSIGNAL);
}

static void serve(const Header *h, uint8_t *body, int fd)
{
    uint64_t features = VHOST_F_PROTOCOL_FEATURES | VIRTIO_F_VERSION_1, protocol = VHOST_PROTOCOL_F_CONFIG | 1;
    VhostMemTable table;

    switch (h->request) {
    case VHOST_GET_FEATURES:
        answer(h, &features, sizeof(features));
        break;
    case VHOST_GET_PROTOCOL_FEATURES:
        answer(h, &protocol, sizeof(protocol));
        break;
    case VHOST_GET_CONFIG:
        memset(body + 12, 0x5a, h->size - 12);
        answer(h, body, peer.manner == NO_CONFIG ? 12 : h->size);
        break;
    case VHOST_GET_VRING_BASE:
        answer(h, body, sizeof(VhostVringState));
        break;
    case VHOST_SET_MEM_TABLE:
        memcpy(&table, body, sizeof(table));
        peer.bytes = table.size;
        peer.user_address = table.user_address;
        peer.memory = mmap(NULL, table.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        break;
    case VHOST_SET_VRING_ADDR:
        memcpy(&peer.ring, body, sizeof(peer.ring));
        break;
    case VHOST_SET_VRING_ENABLE:
        __atomic_fetch_add(&peer.started, 1, __ATOMIC_ACQ_REL);
        break;
    }
}

static void *peer_main(void *opaque)
{
    peer.fd = accept(peer.listener, NULL, NULL);
    for (;;) {
        Header h;
        uint8_t body[512];
        char control[CMSG_SPACE(sizeof(int))];
        struct iovec iov = { &h, sizeof(h) };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                            .msg_controllen = sizeof(control) };
        int fd = -1;

        if (recvmsg(peer.fd, &m, MSG_WAITALL) != sizeof(h) || h.size > sizeof(body) ||
            (h.size && recv(peer.fd, body, h.size, MSG_WAITALL) != (ssize_t)h.size)) {
            break;
        }
        if (CMSG_FIRSTHDR(&m)) {
            memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
        }
        if (peer.manner == SILENT_END) {
            break;
        }
        serve(&h, body, fd);
        if (fd >= 0) {
            close(fd);
        }
    }
    close(peer.fd);
    return NULL;
}

static VhostLink *meet(Manner manner, char **err)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    peer = (struct Peer) { .manner = manner };
    strcpy(a.sun_path, socket_path);
    unlink(socket_path);
    peer.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(peer.listener, (struct sockaddr *)&a, sizeof(a)) || listen(peer.listener, 1)) {
        abort();
    }
    pthread_create(&peer.thread, NULL, peer_main, NULL);
    return vhost_link_open(socket_path, err);
}

static void part(VhostLink *l)
{
    if (l) {
        shutdown(vhost_link_fd(l), SHUT_RDWR);
    }
    pthread_join(peer.thread, NULL);
    close(peer.listener);
}

/* ---- the other side's view of the rings ---- */

typedef struct Desc { uint64_t addr; uint32_t len; uint16_t flags, next; } Desc;

static void *there(uint64_t user_address)
{
    return peer.memory + (user_address - peer.user_address);
}

static Desc *desc(unsigned n)
{
    return (Desc *)there(peer.ring.desc) + n;
}

static uint16_t offered(void)
{
    return __atomic_load_n((uint16_t *)there(peer.ring.avail) + 1, __ATOMIC_ACQUIRE);
}

static uint16_t offered_head(unsigned n)
{
    return ((uint16_t *)there(peer.ring.avail))[2 + n % N];
}

static void give_back(unsigned n, uint32_t id, uint32_t len)
{
    uint32_t *element = (uint32_t *)((uint16_t *)there(peer.ring.used) + 2) + 2 * (n % N);

    element[0] = id;
    element[1] = len;
    __atomic_store_n((uint16_t *)there(peer.ring.used) + 1, (uint16_t)(n + 1), __ATOMIC_RELEASE);
}

/* ---- cases ---- */

static VirtChain *chain(unsigned outs, uint32_t out_len, unsigned ins, uint32_t in_len)
{
    VirtChain *c = calloc(1, sizeof(*c));

    c->segment = calloc(outs + ins + 1, sizeof(*c->segment));
    c->outs = (uint16_t)outs;
    c->ins = (uint16_t)ins;
    c->out_bytes = outs * out_len;
    c->in_bytes = ins * in_len;
    for (unsigned i = 0; i < outs + ins; i++) {
        c->segment[i] = (VirtSegment) { (i < outs ? DATA : ROOM) + 64 * (i % 64), i < outs ? out_len : in_len };
    }
    return c;
}

static void test_greeting(void)
{
    static const struct { Manner manner; const char *name; } bad[] = {
        { SILENT_END, "one that hangs up" }, { WRONG_ANSWER, "an answer to something else" },
        { HUGE_ANSWER, "an answer of 2 GiB" },
    };
    char *err = NULL;
    uint8_t config[60] = { 0 };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        err = NULL;
        VhostLink *l = meet(bad[i].manner, &err);
        ok(!l && err && strstr(err, "vhost-user"), "%s is said", bad[i].name);
        part(l);
    }
    unlink(socket_path);
    err = NULL;
    ok(!vhost_link_open(socket_path, &err) && err && strstr(err, socket_path), "nobody is there");
    VhostLink *l = meet(NO_CONFIG, &err);
    ok(l && !vhost_link_config(l, config, sizeof(config)), "a configuration that is too short");
    part(l);
    l = meet(GOOD, &err);
    ok(l && vhost_link_config(l, config, sizeof(config)) && config[0] == 0x5a && config[59] == 0x5a, "a good one");
    ok(vhost_link_features(l) == VIRTIO_F_VERSION_1 && vhost_link_enables_rings(l), "features");
    part(l);
    ok(!vhost_link_send(l, VHOST_SET_OWNER, NULL, 0, -1) && vhost_link_gone(l), "one that is gone takes nothing");
}

static VhostMemory *begin(VhostLink **l)
{
    char *err = NULL;

    *l = meet(GOOD, &err);
    VhostMemory *m = vhost_memory_new(*l, 1, &err);
    if (!m || !vhost_ring_start(vhost_memory_ring(m, 0), *l)) {
        abort();
    }
    while (!__atomic_load_n(&peer.started, __ATOMIC_ACQUIRE)) {
        usleep(1000);
    }
    return m;
}

static void end(VhostMemory *m, VhostLink *l)
{
    vhost_ring_stop(vhost_memory_ring(m, 0), l);
    vhost_memory_free(m);
    munmap(peer.memory, peer.bytes);
    part(l);
}

static void test_way(void)
{
    VhostLink *l;
    VhostMemory *m = begin(&l);
    VhostRing *r = vhost_memory_ring(m, 0);
    VirtChain *c = chain(2, 16, 2, 32);
    uint32_t written = 0;
    bool wrong, same = true;

    memset(bench_ram + DATA, 'o', 64 * 64);
    memset(bench_ram + ROOM, 0, 64 * 64);
    ok(!vhost_ring_take(r, false, &written, &wrong) && !wrong, "nothing is there at first");
    ok(vhost_ring_put(r, c) == VHOST_PUT && offered() == 1, "a chain is handed over");
    uint16_t head = offered_head(0), at = head;
    for (unsigned i = 0; i < 4; i++, at = desc(at)->next) {
        same &= desc(at)->len == (i < 2 ? 16 : 32) && desc(at)->flags == ((i < 3) | (i < 2 ? 0 : 2)) &&
                desc(at)->addr + desc(at)->len <= peer.bytes;
        if (i < 2) {
            same &= peer.memory[desc(at)->addr] == 'o';
        }
        if (i == 2) {
            memset(peer.memory + desc(at)->addr, 'i', 64);
        }
    }
    ok(same, "in the guest's pieces, with what is to be read");
    give_back(0, head, 40);
    ok(vhost_ring_take(r, false, &written, &wrong) == c && written == 40 && !wrong, "and comes back");
    ok(bench_ram[ROOM + 128] == 'i' && bench_ram[ROOM + 128 + 31] == 'i' && bench_ram[ROOM + 192 + 7] == 'i' &&
       !bench_ram[ROOM + 192 + 8], "with so many bytes as were written");
    virt_chain_free(c);
    c = chain(1, 16, 1, 32);
    vhost_ring_put(r, c);
    give_back(1, offered_head(1), UINT32_MAX);
    ok(vhost_ring_take(r, false, &written, &wrong) == c && written == 32, "what it says is bounded by the room");
    virt_chain_free(c);
    end(m, l);
}

static void test_room(void)
{
    VhostLink *l;
    VhostMemory *m = begin(&l);
    VhostRing *r = vhost_memory_ring(m, 0);
    VirtChain *c = chain(1, 16, 0, 0), *many;
    uint32_t written;
    unsigned n = 0;
    bool wrong;

    c->in_bytes = 64 << 20;
    ok(vhost_ring_put(r, c) == VHOST_PUT_NEVER, "a chain of more bytes than there are");
    c->in_bytes = 0;
    c->outs = 0;
    ok(vhost_ring_put(r, c) == VHOST_PUT_NEVER, "one of no pieces");
    virt_chain_free(c);
    many = chain(N, 1, 0, 0);
    ok(vhost_ring_put(r, many) == VHOST_PUT, "one that takes all descriptors");
    c = chain(1, 16, 1, 16);
    ok(vhost_ring_put(r, c) == VHOST_PUT_LATER, "the next one waits");
    give_back(0, offered_head(0), 0);
    ok(vhost_ring_take(r, false, &written, &wrong) == many && vhost_ring_put(r, c) == VHOST_PUT, "until it is back");
    virt_chain_free(many);
    while (n < 2 * N && vhost_ring_put(r, (c = chain(1, 32, 1, 32))) == VHOST_PUT) {
        n++;
    }
    virt_chain_free(c);
    ok(n == N / 2 - 1, "chains of two pieces fill it (%u)", n);
    end(m, l);
    ok(true, "what is under way is forgotten");
}

static void wrong_case(const char *name, uint16_t ahead, bool other_id, uint32_t id)
{
    VhostLink *l;
    VhostMemory *m = begin(&l);
    VhostRing *r = vhost_memory_ring(m, 0);
    uint32_t written;
    bool wrong;

    vhost_ring_put(r, chain(1, 16, 1, 16));
    vhost_ring_put(r, chain(1, 16, 1, 16));
    give_back(ahead, other_id ? id : offered_head(0), 1);
    VirtChain *c = vhost_ring_take(r, false, &written, &wrong);
    while (c) {
        virt_chain_free(c);
        c = vhost_ring_take(r, false, &written, &wrong);
    }
    ok(wrong, "%s", name);
    end(m, l);
}

static void test_wrong(void)
{
    wrong_case("more comes back than was given", 2, false, 0);
    wrong_case("the index goes back", UINT16_MAX - 1, false, 0);
    wrong_case("a descriptor in the middle of a chain", 0, true, 1);
    wrong_case("a descriptor outside of the table", 0, true, N);
    wrong_case("and far outside", 0, true, UINT32_MAX);
    wrong_case("one chain twice", 1, false, 0);
}

int main(void)
{
    bench_init();
    if (!mkdtemp(path)) {
        return 1;
    }
    if (asprintf(&socket_path, "%s/s", path) < 0) {
        return 1;
    }
    test_greeting();
    test_way();
    test_room();
    test_wrong();
    unlink(socket_path);
    rmdir(path);
    return test_done();
}
