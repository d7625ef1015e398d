/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See realview-dma.h. A device sets its wires with its own lock held, a write of SYS_DMAPSR comes with the system
 * registers' lock: what both look at has a lock of its own, under which the controller is told, so that what it was
 * told last is how things are. Lock order: device, this one, DMA controller.
 */
#include <glib.h>
#include "hw/arm/realview-dma.h"
#include "qemu/lock.h"

enum { MAPPED_LINES = 3, MAP_ON = 1 << 7, MAP_SOURCE = 0x1f };

struct RealviewDma {
    CountedLock lock;
    PL080State *dmac;           /* constant once connected, as the next; NULL until then */
    RealviewSysctl *sysctl;
    uint8_t wires[REALVIEW_DMA_SOURCES];        /* bit n: DMA_*, of the devices that are chosen from.  lock */
};

/* A device's wires. */
typedef struct BoardWires {
    DmaRequests requests;
    RealviewDma *board;
    BoardDMA to;                /* as in the table row */
} BoardWires;

/* Lock held. */
static void tell_mapped(const RealviewDma *r)
{
    for (unsigned line = 0; line < MAPPED_LINES && r->dmac; line++) {
        const uint32_t map = realview_sysctl_dma_map(r->sysctl, line), source = map & MAP_SOURCE;
        const unsigned wires = (map & MAP_ON) && source < REALVIEW_DMA_SOURCES ? r->wires[source] : 0;

        for (unsigned kind = 0; kind < DMA_KINDS; kind++) {
            pl080_set_request(r->dmac, line, kind, (wires >> DMA_RX_BURST | wires >> DMA_TX_BURST) >> kind & 1);
        }
    }
}

void realview_dma_map_changed(void *opaque)
{
    RealviewDma *r = opaque;

    counted_lock(&r->lock);
    tell_mapped(r);
    counted_unlock(&r->lock);
}

static void wire_set(void *opaque, int n, int level)
{
    BoardWires *w = opaque;
    RealviewDma *r = w->board;
    const unsigned to = n >= DMA_TX_BURST ? w->to.tx : w->to.rx, kind = (unsigned)n % DMA_KINDS;

    if (w->to.mapped) {
        counted_lock(&r->lock);
        r->wires[to] = (uint8_t)((r->wires[to] & ~(1u << n)) | (unsigned)level << n);
        tell_mapped(r);
        counted_unlock(&r->lock);
    } else if (r->dmac) {       /* devices are made, and reset, before the controller is there */
        pl080_set_request(r->dmac, to, kind, level);
    }
}

RealviewDma *realview_dma_create(void)
{
    RealviewDma *r = g_new0(RealviewDma, 1);

    counted_lock_init(&r->lock, "dma-map", false);
    return r;
}

void realview_dma_connect(RealviewDma *r, PL080State *dmac, RealviewSysctl *sysctl)
{
    r->sysctl = sysctl;
    r->dmac = dmac;
}

DmaRequests *realview_dma_wires(RealviewDma *r, const BoardDMA *to)
{
    BoardWires *w;

    if (!to->used) {
        return NULL;
    }
    w = g_new0(BoardWires, 1);
    w->board = r;
    w->to = *to;
    for (int n = 0; n < DMA_REQUESTS; n++) {
        irq_init(&w->requests.line[n], wire_set, w, n);
    }
    return &w->requests;
}
