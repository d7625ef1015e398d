/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wires by which a device asks a DMA controller for transfers: in each direction one for a burst and one for a
 * single transfer, and one each for the last ones, by which a device says where a transfer ends. Their level follows
 * from the device's FIFOs. The board owns and connects them; the device drives them with its own lock held. Lock order:
 * device, DMA controller.
 */
#ifndef HW_DMA_REQUEST_H
#define HW_DMA_REQUEST_H
#include <stdbool.h>
#include <stdint.h>
#include "hw/irq.h"

typedef enum DmaRequestKind { DMA_BURST, DMA_SINGLE, DMA_LAST_BURST, DMA_LAST_SINGLE, DMA_KINDS } DmaRequestKind;
/* The wires' numbers: those to memory first, in the order of the kinds. */
enum {
    DMA_RX_BURST, DMA_RX_SINGLE, DMA_RX_LAST_BURST, DMA_RX_LAST_SINGLE,
    DMA_TX_BURST, DMA_TX_SINGLE, DMA_TX_LAST_BURST, DMA_TX_LAST_SINGLE, DMA_REQUESTS,
};
typedef struct DmaRequests {
    IRQLine line[DMA_REQUESTS];
    uint32_t level;             /* bit n: line[n].  lock: device */
} DmaRequests;

/* Drive them: bit n of `level` for line[n]. NULL: the device has none. */
static inline void dma_requests_set(DmaRequests *r, uint32_t level)
{
    uint32_t changed = r ? r->level ^ level : 0;

    /* What falls comes first: the controller sees no two requests where the device makes one after the other. */
    for (unsigned i = 0; i < 2 * DMA_REQUESTS && changed; i++) {
        const unsigned n = i % DMA_REQUESTS;
        const bool rises = i >= DMA_REQUESTS;

        if ((changed >> n & 1) && (level >> n & 1) == rises) {
            changed ^= 1u << n;
            r->level ^= 1u << n;
            irq_set(&r->line[n], rises);
        }
    }
}
#endif
