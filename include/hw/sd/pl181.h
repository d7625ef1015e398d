/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL181 multimedia card interface, ARM DDI 0205, with a slot for one SD card. */
#ifndef HW_SD_PL181_H
#define HW_SD_PL181_H
#include <stdbool.h>
#include <stdint.h>
#include "block/block.h"
#include "hw/dma-request.h"
#include "hw/irq.h"

typedef struct PL181State PL181State;

/*
 * Map 4 KiB at BASE. Lives as long as the machine. clock_hz: MCLK. blk: the slot's back end, with a card or without
 * one; NULL: there is never one. irq: the two lines, of MASK0 (commands) and MASK1 (data). dma: its request wires,
 * NULL: none. error_exit if the image is no SD card.
 */
PL181State *pl181_create(uint32_t base, const char *name, uint32_t clock_hz, BlockBackend *blk,
                         const IRQLine *const irq[2], DmaRequests *dma);
/* The switches of the slot: called at once, and on the I/O thread without locks when a card comes or goes. */
void pl181_connect_switches(PL181State *s, void (*set)(void *opaque, bool present, bool readonly), void *opaque);
#endif
