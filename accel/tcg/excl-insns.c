/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions LDREX, STREX, CLREX and SWP, all sizes, for everything that translated code leaves out (rows in
 * helper-table.def): translate and check, then the exclusive monitor or the device. Own CPU's thread.
 */
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/excl-device.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/ram-write.h"
#include "accel/tcg/softtlb-internal.h"
#include "exec/memory.h"
#include "tcg/helper.h"
#include "tcg/ir.h"

static uint64_t to_memory_order(uint64_t v, unsigned size, uint32_t mem)
{
    if (!(mem & MEM_BE)) {
        return v;
    }
    switch (size) {
    case 2:
        return __builtin_bswap16((uint16_t)v);
    case 4:
        return __builtin_bswap32((uint32_t)v);
    case 8:
        /* LDREXD is two words, each in the data endianness. */
        return (uint64_t)__builtin_bswap32((uint32_t)(v >> 32)) << 32 | __builtin_bswap32((uint32_t)v);
    default:
        return v;
    }
}

typedef struct Target {
    uint32_t addr;              /* RAM address; elsewhere: physical */
    uint8_t *host;              /* NULL: not RAM */
} Target;

/* Translate and check an exclusive access or a SWP: always aligned, with the rights of a store if `store`. */
static Target exclusive_target(CPUARMState *env, uint32_t va, uint32_t mem, bool store)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    int64_t e;
    Target t;

    if (va & (size - 1)) {
        raise_alignment_fault(env, va, store);
    }
    e = tlb_data_entry(env, va, store, mem);
    debug_check_access(env, va, size, store);
    if (e > 0) {
        t.host = (uint8_t *)(uintptr_t)((uint64_t)e + va);
        t.addr = memory_ram_of_host(t.host);
    } else {
        t.addr = entry_addr(e, va);
        t.host = e & TLB_SLOW_MMIO ? NULL : memory_ram_host(t.addr);
    }
    if (t.host && !store) {
        uint32_t phys = memory_ram_phys(t.addr);
        const MemoryRegion *r = memory_find(phys);

        /* Memory that is stored to by commands: as where they go. */
        if (r->rom) {
            t = (Target) { phys, NULL };
        }
    }
    return t;
}

uint32_t helper_ldrex(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t unused)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    Target t = exclusive_target(env, va, mem, false);
    uint64_t v;

    env_jit(env)->count.ldrex++;
    if (t.host) {
        v = excl_load(env, t.addr >> TLB_PAGE_BITS, t.host, size);
    } else {
        v = excl_device_load(env, t.addr, size);
    }
    v = to_memory_order(v, size, mem);
    env_jit(env)->pair[0] = (uint32_t)v;
    env_jit(env)->pair[1] = (uint32_t)(v >> 32);
    return (uint32_t)v;
}

uint32_t helper_strex(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    uint64_t v = size == 8 ? env_jit(env)->pair[0] | (uint64_t)env_jit(env)->pair[1] << 32 : val;
    Target t = exclusive_target(env, va, mem, true);

    if (!t.host) {
        return !excl_device_commit(env, t.addr, to_memory_order(v, size, mem), size);
    }
    return !ram_store_exclusive(env, t.addr, t.host, to_memory_order(v, size, mem), size);
}

uint32_t helper_clrex(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    excl_clear(env);
    return 0;
}

static uint32_t rotate_right(uint32_t v, unsigned n)
{
    return n ? v >> n | v << (32 - n) : v;
}

uint32_t helper_swp(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    Target t;
    uint64_t v = to_memory_order(size == 1 ? (uint8_t)val : val, size, mem), old;
    unsigned rotate = mem & MEM_ROTATE ? 8 * (va & 3) : 0;      /* ARMv5 (SCTLR.U = 0): as LDR does */

    va &= mem & MEM_ROTATE ? ~3u : ~0u;
    /* A fault that the load alone would raise is reported as a read. */
    exclusive_target(env, va, mem, false);
    t = exclusive_target(env, va, mem, true);
    if (t.host) {
        old = ram_swap(env, t.addr, t.host, v, size);
    } else {
        old = excl_device_swap(env, t.addr, v, size);
    }
    return rotate_right((uint32_t)to_memory_order(old, size, mem), rotate);
}
