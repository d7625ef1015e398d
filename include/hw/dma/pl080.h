/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM PrimeCell DMA controllers PL080 (ARM DDI 0196) and PL081 (ARM DDI 0218). Implemented in hw/dma/pl080.c. */
#ifndef HW_DMA_PL080_H
#define HW_DMA_PL080_H
#include <stdbool.h>
#include <stdint.h>
#include "hw/dma-request.h"
#include "hw/irq.h"

typedef struct PL080State PL080State;
enum { PL081_CHANNELS = 2, PL080_CHANNELS = 8 };

typedef struct PL080Config {
    uint32_t base;              /* physical address of the registers, 4 KiB */
    const char *name;
    unsigned channels;          /* PL081_CHANNELS: one bus master; PL080_CHANNELS: two */
    /* Devices that the controller's bus does not reach, such as a CPU's private ones: bus errors. */
    uint32_t hidden_base, hidden_size;
} PL080Config;

/* Main thread, before the CPUs run. irq: the combined request, DMACINTR. */
PL080State *pl080_create(const PL080Config *config, const IRQLine *irq);
/* The level of a request wire of peripheral 0 to 15. Any thread; takes the controller's lock. */
void pl080_set_request(PL080State *s, unsigned peripheral, DmaRequestKind kind, bool level);
#endif
