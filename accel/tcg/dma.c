/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access to guest memory by devices and loaders. Any thread. dma_write() as ram_write(); dma_read() takes no lock. */
#include "accel/tcg/barrier.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/ram-write.h"
#include "exec/memory.h"

bool dma_read(uint32_t phys, void *buf, uint32_t len)
{
    const uint8_t *p;
    uint32_t ram;

    if (!len) {
        return true;
    }
    p = memory_read_at(phys, len, &ram);
    if (!p) {
        return false;
    }
    guest_mem_read(buf, p, len);
    return true;
}

bool dma_write(uint32_t phys, const void *buf, uint32_t len)
{
    uint32_t ram;
    uint8_t *p;

    if (!len) {
        return true;
    }
    p = memory_ram_at(phys, len, &ram);
    if (!p) {
        return false;
    }
    ram_write(ram, p, buf, len);
    return true;
}

void dma_barrier(void)
{
    barrier_of_all_threads();
}
