/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as gdb sees it: by virtual address as the chosen CPU's privileged code would, whatever the rights, or by
 * physical address. Registers of devices are accessed as by that CPU, side effects included. The CPUs are paused.
 */
#include <string.h>
#include "exec/memory.h"
#include "gdbstub/internal.h"
#include "target/arm/cpu.h"

enum { PIECE = 1 << 10 };               /* the smallest piece of memory with a mapping of its own */

/* A debugger that carries out a call uses the addresses of the caller. */
static int accessing_cpu(const Gdb *g)
{
    return g->call_cpu >= 0 ? g->call_cpu : g->cpu;
}

static bool translate(const Gdb *g, uint32_t address, uint32_t *phys)
{
    CPUARMState *env = g->machine->cpu[accessing_cpu(g)];
    ARMPageInfo info;

    *phys = address;
    if (g->physical) {
        return true;
    }
    if (arm_mmu_walk(env, arm_mva(env, address), MMU_DATA_LOAD, true, &info) != FAULT_NONE) {
        return false;
    }
    *phys = (info.phys & ~0xfffu) | (address & 0xfff);
    return true;
}

/* One access to a device, as wide as alignment and length let it be; how many bytes, 0: there is nothing. */
static size_t device_access(const Gdb *g, uint32_t phys, uint8_t *buf, size_t len, bool write)
{
    unsigned size = len >= 4 && !(phys & 3) ? 4 : len >= 2 && !(phys & 1) ? 2 : 1;
    uint32_t value = 0;

    if (!memory_find(phys)) {
        return 0;
    }
    if (write) {
        memcpy(&value, buf, size);
        mmio_write(phys, GUINT32_FROM_LE(value), size, (unsigned)accessing_cpu(g));
    } else {
        value = GUINT32_TO_LE(mmio_read(phys, size, (unsigned)accessing_cpu(g)));
        memcpy(buf, &value, size);
    }
    return size;
}

/* A debugger reads flash memory's array while commands hide it from the guest, too, and does not disturb these. */
static bool flash_read(uint32_t phys, uint8_t *buf, size_t len)
{
    const MemoryRegion *r = memory_find(phys);

    if (!r || !r->rom || len > r->size - (phys - r->base)) {
        return false;
    }
    memcpy(buf, r->rom + (phys - r->base), len);
    return true;
}

static size_t memory_access(const Gdb *g, uint32_t address, uint8_t *buf, size_t len, bool write)
{
    size_t done = 0;

    while (done < len) {
        uint32_t at = address + (uint32_t)done, phys;
        size_t n = MIN(len - done, PIECE - (at & (PIECE - 1)));

        if (!translate(g, at, &phys)) {
            break;
        }
        if (!write && flash_read(phys, buf + done, n)) {
            done += n;
            continue;
        }
        if (!(write ? dma_write(phys, buf + done, (uint32_t)n) : dma_read(phys, buf + done, (uint32_t)n))) {
            n = device_access(g, phys, buf + done, n, write);
        }
        if (!n) {
            break;
        }
        done += n;
    }
    return done;
}

size_t gdb_read_memory(Gdb *g, uint32_t address, uint8_t *buf, size_t len)
{
    return memory_access(g, address, buf, len, false);
}

size_t gdb_write_memory(Gdb *g, uint32_t address, const uint8_t *buf, size_t len)
{
    return memory_access(g, address, (uint8_t *)buf, len, true);
}
