/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wires by which a device asks a DMA controller for transfers: in each direction one for a burst and one for a
 * single transfer, whose level follows from the device's FIFOs. The board owns and connects them; the device drives
 * them with its own lock held. Lock order: device, DMA controller.
 */
#ifndef HW_DMA_REQUEST_H
#define HW_DMA_REQUEST_H
#include <stdbool.h>
#include <stdint.h>
#include "hw/irq.h"

enum { DMA_RX_BURST, DMA_RX_SINGLE, DMA_TX_BURST, DMA_TX_SINGLE, DMA_REQUESTS };
typedef struct DmaRequests {
    IRQLine line[DMA_REQUESTS];
    uint32_t level;             /* bit n: line[n].  lock: device */
} DmaRequests;

/* Drive them: bit n of `level` for line[n]. NULL: the device has none. */
static inline void dma_requests_set(DmaRequests *r, uint32_t level)
{
    uint32_t changed = r ? r->level ^ level : 0;

    for (unsigned n = 0; n < DMA_REQUESTS && changed; n++) {
        if (changed >> n & 1) {
            r->level ^= 1u << n;
            irq_set(&r->line[n], level >> n & 1);
        }
    }
}
#endif
