/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory balloon (Virtual I/O Device 1.2, section 5.5): the guest gives pages back, which the host then has for others.
 *
 * Pages that the guest gives up, or reports as free, are overwritten with zeroes as by any device, so that translated
 * code, exclusive monitors and migration know of it, and then taken from the process. They read as zeroes until the
 * guest writes to them, but in memory of a file that is not shared, where they read as the file.
 * What the guest does with them after that is between it and itself: they are still RAM.
 *
 * The driver leaves a buffer with what it knows of the guest's memory; giving it back is to ask for news.
 *
 * I/O thread alone.
 */
#define _GNU_SOURCE
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "exec/memory.h"
#include "hw/virtio/balloon.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"
#include "qemu/timer.h"

/* Without QUEUE_STATS, if the driver does not want it, those behind it are one less. */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_STATS, QUEUE_REPORT, QUEUES, QUEUE_SIZE = 128, TURN = 16 };
enum { PAGE = 4096, NUM_PAGES = 0, ACTUAL = 4, CONFIG_BYTES = 8, PAGES_AT_ONCE = 256 };
/* Of a chain: more is not given up. Of a turn: what is left waits for the next one. */
enum { MOST_PAGES = 32768 };
/* Of the statistics: a tag of 16 bits and a value of 64. */
enum { STAT_BYTES = 10, MOST_STATS = 256 };

#define BALLOON_F_STATS             (1ull << 1)
#define BALLOON_F_DEFLATE_ON_OOM    (1ull << 2)
#define BALLOON_F_REPORTING         (1ull << 5)

typedef struct VirtIOBalloon {
    VirtIO *v;                  /* constant */
    uint32_t actual;            /* pages in the balloon, as told last */
    uint32_t budget;            /* pages that may still be given up in this chain or turn */
    VirtChain *asked;           /* the driver's buffer for statistics, ours until we want news; NULL: it has it */
    BalloonStats stats;
    QTimer *timer;              /* ask for news */
    uint32_t polling;           /* seconds; 0: never */
} VirtIOBalloon;

static VirtIOBalloon *balloon;
static void (*listener)(uint64_t bytes);

/* ---- for the monitors ---- */

static uint64_t has_bytes(uint32_t ballooned)
{
    const uint64_t all = memory_ram_size(), less = (uint64_t)ballooned * PAGE;

    return less < all ? all - less : 0;
}

bool balloon_actual(uint64_t *bytes)
{
    uint32_t pages;

    if (!balloon) {
        return false;
    }
    virtio_get_config(balloon->v, ACTUAL, &pages, sizeof(pages));
    *bytes = has_bytes(pages);
    return true;
}

bool balloon_set_target(uint64_t bytes)
{
    const uint64_t all = memory_ram_size();
    const uint32_t pages = bytes < all ? (uint32_t)((all - bytes) / PAGE) : 0;

    if (!balloon) {
        return false;
    }
    virtio_set_config(balloon->v, NUM_PAGES, &pages, sizeof(pages));
    return true;
}

void balloon_set_listener(void (*changed)(uint64_t bytes))
{
    listener = changed;
}

/* ---- pages ---- */

/* Whole pages of the guest's, all RAM: they become zeroes, and the host's. */
static void drop(VirtIOBalloon *s, uint32_t addr, uint32_t len)
{
    static const uint8_t zeroes[64 * 1024];
    const size_t host_page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *host = memory_ram_ptr(addr, len);

    if (len / PAGE > s->budget) {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-balloon: more than %u pages at once\n", MOST_PAGES);
        return;
    }
    s->budget -= len / PAGE;
    for (uint32_t done = 0; done < len; ) {
        const uint32_t part = len - done < sizeof(zeroes) ? len - done : (uint32_t)sizeof(zeroes);

        dma_write(addr + done, zeroes, part);
        done += part;
    }
    /* A hole in what is a file; else private pages go. Memory that is locked stays, as it should. */
    if (!((uintptr_t)host % host_page) && !(len % host_page) && madvise(host, len, MADV_REMOVE)) {
        madvise(host, len, MADV_DONTNEED);
    }
}

/* A list of page numbers, of which those that follow each other go together. */
static void inflate(VirtIOBalloon *s, const VirtChain *c)
{
    uint32_t pages[PAGES_AT_ONCE], run = 0, first = 0;

    const uint32_t total = c->out_bytes / sizeof(pages[0]) < MOST_PAGES ? c->out_bytes & ~3u : 4 * MOST_PAGES;

    for (uint32_t at = 0; at < total; at += sizeof(pages)) {
        const uint32_t bytes = total - at < sizeof(pages) ? total - at : (uint32_t)sizeof(pages);

        if (!virt_chain_read(c, at, pages, bytes)) {
            return;
        }
        for (uint32_t i = 0; i < bytes / sizeof(pages[0]); i++) {
            if (pages[i] > UINT32_MAX / PAGE || !memory_ram_ptr(pages[i] * PAGE, PAGE)) {
                qemu_log_mask(LOG_GUEST_ERROR, "virtio-balloon: page 0x%x is not RAM\n", pages[i]);
                continue;
            }
            if (run && pages[i] == first + run && memory_ram_ptr(first * PAGE, (run + 1) * PAGE)) {
                run++;
                continue;
            }
            if (run) {
                drop(s, first * PAGE, run * PAGE);
            }
            first = pages[i];
            run = 1;
        }
    }
    if (run) {
        drop(s, first * PAGE, run * PAGE);
    }
}

/* The chain's own room is what is free. */
static void report(VirtIOBalloon *s, const VirtChain *c)
{
    for (const VirtSegment *p = c->segment + c->outs; p < c->segment + c->outs + c->ins; p++) {
        if (p->addr % PAGE || p->len % PAGE) {
            qemu_log_mask(LOG_GUEST_ERROR, "virtio-balloon: %u bytes at 0x%x are not pages\n", p->len, p->addr);
        } else {
            drop(s, p->addr, p->len);
        }
    }
}

/* ---- statistics ---- */

static void forget_stats(VirtIOBalloon *s)
{
    s->stats.last_update = 0;
    memset(s->stats.value, 0xff, sizeof(s->stats.value));
}

/* In a turn. */
static void give_back(VirtIOBalloon *s)
{
    if (s->asked) {
        virtqueue_push(s->v, s->asked, 0);
        s->asked = NULL;
    }
}

static void poll_again(VirtIOBalloon *s)
{
    if (s->polling && s->asked) {
        timer_mod(s->timer, clock_virtual_ns() + s->polling * INT64_C(1000000000));
    }
}

static void timer_fired(void *opaque)
{
    VirtIOBalloon *s = opaque;

    virtio_enter(s->v);
    give_back(s);
    virtio_leave(s->v);
}

/* The driver's buffer has come, which is kept. */
static void take_stats(VirtIOBalloon *s, VirtChain *c)
{
    const uint32_t count = MIN(c->out_bytes / STAT_BYTES, (uint32_t)MOST_STATS);

    forget_stats(s);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t stat[STAT_BYTES];
        uint16_t tag;

        if (!virt_chain_read(c, i * STAT_BYTES, stat, sizeof(stat))) {
            break;
        }
        memcpy(&tag, stat, sizeof(tag));
        tag = GUINT16_FROM_LE(tag);
        if (tag < BALLOON_STATS) {
            memcpy(&s->stats.value[tag], stat + sizeof(tag), sizeof(s->stats.value[tag]));
            s->stats.value[tag] = GUINT64_FROM_LE(s->stats.value[tag]);
        }
    }
    s->stats.last_update = g_get_real_time() / G_USEC_PER_SEC;
    give_back(s);               /* it should have only one */
    s->asked = c;
    poll_again(s);
}

bool balloon_stats(BalloonStats *stats)
{
    if (balloon) {
        *stats = balloon->stats;
    }
    return balloon;
}

void balloon_set_polling(uint32_t seconds)
{
    if (!balloon) {
        return;
    }
    balloon->polling = seconds;
    if (seconds) {
        timer_mod(balloon->timer, clock_virtual_ns());
    } else {
        timer_del(balloon->timer);
    }
}

uint32_t balloon_polling(void)
{
    return balloon ? balloon->polling : 0;
}

/* ---- called by the transport ---- */

/* The driver may have written how large the balloon is. */
static void look_at_actual(VirtIOBalloon *s)
{
    uint32_t actual;

    virtio_get_config(s->v, ACTUAL, &actual, sizeof(actual));
    if (actual != s->actual) {
        s->actual = actual;
        if (listener && s == balloon) {
            listener(has_bytes(actual));
        }
    }
}

static void balloon_notify(void *dev, unsigned queue)
{
    VirtIOBalloon *s = dev;
    const bool has_stats = virtio_features(s->v) & BALLOON_F_STATS;
    const unsigned role = queue >= QUEUE_STATS && !has_stats ? queue + 1 : queue;
    VirtChain *c;

    look_at_actual(s);
    s->budget = MOST_PAGES;
    for (unsigned n = 0; n < TURN && s->budget > MOST_PAGES / 2; n++) {
        c = virtqueue_pop(s->v, queue);
        if (!c) {
            return;
        }
        if (role == QUEUE_STATS) {
            take_stats(s, c);
            continue;
        }
        if (role == QUEUE_INFLATE) {
            inflate(s, c);
        } else if (role == QUEUE_REPORT) {
            report(s, c);
        }
        virtqueue_push(s->v, c, 0);     /* a page taken back is there as soon as it is touched */
    }
    virtio_kick(s->v, queue);
}

static void balloon_config_written(void *dev, uint8_t *config)
{
    VirtIOBalloon *s = dev;

    virtio_kick(s->v, QUEUE_INFLATE);
}

static void balloon_reset(void *dev)
{
    VirtIOBalloon *s = dev;

    if (s->asked) {
        virt_chain_free(s->asked);
        s->asked = NULL;
    }
    forget_stats(s);
}

/* The driver fills it anew, before or after the machine is saved. */
static void balloon_drain(void *dev)
{
    VirtIOBalloon *s = dev;

    virtio_enter(s->v);
    give_back(s);
    virtio_leave(s->v);
}

#define BALLOON_CLASS(n) { \
    .name = "virtio-balloon", .id = VIRTIO_ID_BALLOON, .queues = (n), .queue_size = QUEUE_SIZE, \
    .writable_at = ACTUAL, .writable_bytes = 4, .config_written = balloon_config_written, .notify = balloon_notify, \
    .reset = balloon_reset, .drain = balloon_drain, \
}

void virtio_balloon_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    static const VirtIOClass plain = BALLOON_CLASS(QUEUES - 1), reporting = BALLOON_CLASS(QUEUES);
    VirtIOBalloon *s = g_new0(VirtIOBalloon, 1);

    s->v = v;
    d->class = config->report_free ? &reporting : &plain;
    d->dev = s;
    s->timer = timer_new(timer_fired, s);
    forget_stats(s);
    d->features = BALLOON_F_STATS | (config->deflate_on_oom ? BALLOON_F_DEFLATE_ON_OOM : 0) |
                  (config->report_free ? BALLOON_F_REPORTING : 0);
    d->config_size = CONFIG_BYTES;
    if (!balloon) {
        balloon = s;
    }
}
