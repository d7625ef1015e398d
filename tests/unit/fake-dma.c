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

void dma_barrier(void)
{
}

uint64_t fake_dirty = UINT64_MAX;

int memory_take_dirty(uint32_t phys, uint32_t len, uint8_t *dirty)
{
    const uint32_t first = phys >> 12, last = (phys + len - 1) >> 12;
    int found = 0;

    if (!memory_ram_ptr(phys, len)) {
        return -1;
    }
    for (uint32_t page = first; page <= last; page++) {
        dirty[page - first] = fake_dirty >> (page & 63) & 1;
        found += dirty[page - first];
    }
    for (uint32_t page = first; page <= last; page++) {
        fake_dirty &= ~(1ull << (page & 63));
    }
    return found;
}
