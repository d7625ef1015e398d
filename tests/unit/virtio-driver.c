/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "device-stubs.h"
#include "virtio-driver.h"

void put16(uint32_t at, uint16_t v) { memcpy(bench_ram + at, &v, 2); }
void put32(uint32_t at, uint32_t v) { memcpy(bench_ram + at, &v, 4); }
void put64(uint32_t at, uint64_t v) { memcpy(bench_ram + at, &v, 8); }

uint16_t get16(uint32_t at)
{
    uint16_t v;

    memcpy(&v, bench_ram + at, 2);
    return v;
}

uint32_t get32(uint32_t at)
{
    uint32_t v;

    memcpy(&v, bench_ram + at, 4);
    return v;
}

void desc_in(uint32_t table, unsigned n, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    put64(table + 16 * n, addr);
    put32(table + 16 * n + 8, len);
    put16(table + 16 * n + 12, (uint16_t)flags);
    put16(table + 16 * n + 14, (uint16_t)next);
}

void avail_in(uint32_t ring, unsigned head)
{
    uint16_t idx = get16(ring + 2);

    put16(ring + 4 + 2 * (idx % DRIVER_QUEUE_SIZE), (uint16_t)head);
    put16(ring + 2, (uint16_t)(idx + 1));
}

void driver_negotiate(uint32_t base, uint32_t features)
{
    wr(base + 0x70, 1);
    wr(base + 0x70, 3);
    wr(base + 0x24, 0);
    wr(base + 0x20, features);
    wr(base + 0x24, 1);
    wr(base + 0x20, 1);
    wr(base + 0x70, 11);
}

void driver_queue(uint32_t base, unsigned queue, uint32_t desc, uint32_t avail, uint32_t used)
{
    wr(base + 0x30, queue);
    wr(base + 0x38, DRIVER_QUEUE_SIZE);
    wr(base + 0x80, desc);
    wr(base + 0x84, 0);
    wr(base + 0x90, avail);
    wr(base + 0x94, 0);
    wr(base + 0xa0, used);
    wr(base + 0xa4, 0);
    wr(base + 0x44, 1);
}
