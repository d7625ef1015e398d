/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fake-dma.h. */
#include <string.h>
#include "exec/memory.h"
#include "fake-dma.h"

unsigned fake_dma_writes;

bool dma_read(uint32_t phys, void *buf, uint32_t len)
{
    const uint8_t *p = memory_ram_ptr(phys, len);

    if (p) {
        memcpy(buf, p, len);
    }
    return p;
}

bool dma_write(uint32_t phys, const void *buf, uint32_t len)
{
    uint8_t *p = memory_ram_ptr(phys, len);

    if (p) {
        memcpy(p, buf, len);
        fake_dma_writes++;
    }
    return p;
}
