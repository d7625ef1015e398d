/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM PrimeCell DMA controllers PL080 (ARM DDI 0196) and PL081 (ARM DDI 0218). Implemented in hw/dma/pl080.c. */
#ifndef HW_DMA_PL080_H
#define HW_DMA_PL080_H
#include <stdint.h>
#include "hw/irq.h"

enum { PL081_CHANNELS = 2, PL080_CHANNELS = 8 };

typedef struct PL080Config {
    uint32_t base;              /* physical address of the registers, 4 KiB */
    const char *name;
    unsigned channels;          /* PL081_CHANNELS: one bus master; PL080_CHANNELS: two */
    /* Devices that the controller's bus does not reach, such as a CPU's private ones: bus errors. */
    uint32_t hidden_base, hidden_size;
} PL080Config;

/* Main thread, before the CPUs run. irq: the combined request, DMACINTR. */
void pl080_create(const PL080Config *config, const IRQLine *irq);
#endif
