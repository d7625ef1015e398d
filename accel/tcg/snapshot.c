/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address-snapshot table (snapshot.h, docs/exclusives.md).
 *
 * slots[]: hash of the 32-byte granule -> word: bit 31 = locked, bits 0..3 = CPUs with a reservation on a granule that
 * hashes here. Everything about a granule of a watched page happens under its slot's lock: LDREX reads and arms,
 * STREX tests its bit and stores, other stores store and clear the bits of other CPUs. A watched page has no direct-store
 * entries (exclusive section when the watch begins), so no store escapes. With one CPU nothing is watched.
 *
 * Pages stop being watched when UNWATCH_STORES stores found no LDREX in between; reservations on it are dropped then, which
 * the architecture allows at any time.
 *
 * -accel tcg,exclusive=snapshot is PQEMU's original rule: no watching, an LDREX of another CPU at a colliding address
 * clears the reservation, STREX compares the value. A-B-A passes there; it exists to be measured.
 *
 * watched[] changes in exclusive sections only. Slots are atomic words. excl_* of a CPU belong to its thread, and to others inside
 * exclusive sections.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/snapshot.h"
#include "accel/tcg/softtlb.h"
#include "accel/tcg/softtlb-internal.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "tcg/helper.h"
#include "tcg/ir.h"

enum { SLOT_BITS = 14, NB_SLOTS = 1 << SLOT_BITS, GRANULE_BITS = 5, UNWATCH_STORES = 1024, SPINS = 64 };
#define SLOT_LOCKED (1u << 31)

typedef struct WatchedPage {
    uint16_t stores;            /* since the last LDREX; relaxed, a lost update is harmless */
    uint8_t watched;            /* atomic; written in exclusive sections */
} WatchedPage;

static uint32_t slots[NB_SLOTS] __attribute__((aligned(64)));
static WatchedPage *pages;
static uint32_t nb_pages;

void exclusive_init(uint32_t ram_bytes)
{
    nb_pages = ram_bytes >> TLB_PAGE_BITS;
    free(pages);
    pages = calloc(nb_pages + 1, sizeof(*pages));
    if (!pages) {
        error_exit("out of memory for the table of watched pages");
    }
}

bool exclusive_page_watched(uint32_t phys_page)
{
    return phys_page < nb_pages && __atomic_load_n(&pages[phys_page].watched, __ATOMIC_RELAXED);
}

static uint32_t *slot_of(uint32_t phys)
{
    return &slots[(phys >> GRANULE_BITS) * 0x9e3779b1u >> (32 - SLOT_BITS)];
}

/* Returns the armed bits; the slot is locked. */
static uint32_t slot_lock(uint32_t *slot)
{
    uint32_t old = __atomic_load_n(slot, __ATOMIC_RELAXED);

    for (int spins = 0;; spins++) {
        if (!(old & SLOT_LOCKED) &&
            __atomic_compare_exchange_n(slot, &old, old | SLOT_LOCKED, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
            return old;
        }
        if (old & SLOT_LOCKED) {
            /* The holder may have lost its host CPU. */
            if (spins < SPINS) {
                __builtin_ia32_pause();
            } else {
                sched_yield();
            }
            old = __atomic_load_n(slot, __ATOMIC_RELAXED);
        }
    }
}

static void slot_unlock(uint32_t *slot, uint32_t armed)
{
    __atomic_store_n(slot, armed, __ATOMIC_RELEASE);
}

/* ---- memory under the slot lock; size 1, 2, 4, 8, aligned ---- */

static uint64_t mem_load(const uint8_t *p, unsigned size)
{
    switch (size) {
    case 1:
        return __atomic_load_n(p, __ATOMIC_SEQ_CST);
    case 2:
        return __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_SEQ_CST);
    case 4:
        return __atomic_load_n((const uint32_t *)(const void *)p, __ATOMIC_SEQ_CST);
    default:
        return __atomic_load_n((const uint64_t *)(const void *)p, __ATOMIC_SEQ_CST);
    }
}

/* Unaligned is possible for ordinary stores only. */
static void mem_store(uint8_t *p, uint64_t v, unsigned size)
{
    if ((uintptr_t)p & (size - 1)) {
        memcpy(p, &v, size);
        return;
    }
    switch (size) {
    case 1:
        __atomic_store_n(p, (uint8_t)v, __ATOMIC_RELAXED);
        break;
    case 2:
        __atomic_store_n((uint16_t *)(void *)p, (uint16_t)v, __ATOMIC_RELAXED);
        break;
    case 4:
        __atomic_store_n((uint32_t *)(void *)p, (uint32_t)v, __ATOMIC_RELAXED);
        break;
    default:
        __atomic_store_n((uint64_t *)(void *)p, v, __ATOMIC_RELAXED);
        break;
    }
}

static bool mem_compare_exchange(uint8_t *p, uint64_t old, uint64_t v, unsigned size)
{
    uint8_t o1 = (uint8_t)old;
    uint16_t o2 = (uint16_t)old;
    uint32_t o4 = (uint32_t)old;

    switch (size) {
    case 1:
        return __atomic_compare_exchange_n(p, &o1, (uint8_t)v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    case 2:
        return __atomic_compare_exchange_n((uint16_t *)(void *)p, &o2, (uint16_t)v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    case 4:
        return __atomic_compare_exchange_n((uint32_t *)(void *)p, &o4, (uint32_t)v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    default:
        return __atomic_compare_exchange_n((uint64_t *)(void *)p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
}

static uint64_t mem_swap(uint8_t *p, uint64_t v, unsigned size)
{
    return size == 1 ? __atomic_exchange_n(p, (uint8_t)v, __ATOMIC_SEQ_CST)
                     : __atomic_exchange_n((uint32_t *)(void *)p, (uint32_t)v, __ATOMIC_SEQ_CST);
}

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

/* ---- watching ---- */

static bool watching(void)
{
    return cpu_count > 1 && !accel_options.exclusive_snapshot;
}

static void watch_page(CPUARMState *env, uint32_t page)
{
    while (!exclusive_page_watched(page)) {
        exclusive_begin(env);
        if (!exclusive_page_watched(page)) {
            tlb_revoke_writes(page);
            __atomic_store_n(&pages[page].watched, 1, __ATOMIC_RELAXED);
            env->cpu->n.watch_pages++;
        }
        exclusive_end(env);
    }
}

static void unwatch_page(CPUARMState *env, uint32_t page)
{
    exclusive_begin(env);
    for (int i = 0; i < cpu_count; i++) {
        CPUARMState *other = cpu_states[i]->env;
        if (other->excl_size && other->excl_addr >> TLB_PAGE_BITS == page) {
            other->excl_size = 0;
        }
    }
    __atomic_store_n(&pages[page].watched, 0, __ATOMIC_RELAXED);
    exclusive_end(env);
}

static uint32_t own_bit(const CPUARMState *env)
{
    return 1u << env->cpu_index;
}

/* Slots of an access that may straddle two granules. */
static void store_locked(CPUARMState *env, uint32_t phys, uint8_t *host, uint64_t val, unsigned size)
{
    uint32_t *a = slot_of(phys), *b = slot_of(phys + size - 1), armed_a, armed_b = 0;

    if (b < a) {
        uint32_t *t = a;
        a = b;
        b = t;
    }
    armed_a = slot_lock(a);
    if (b != a) {
        armed_b = slot_lock(b);
    }
    mem_store(host, val, size);
    if (b != a) {
        slot_unlock(b, armed_b & own_bit(env));
    }
    slot_unlock(a, armed_a & own_bit(env));
}

void exclusive_store(CPUARMState *env, uint32_t phys, uint8_t *host, uint64_t val, unsigned size)
{
    uint32_t page = phys >> TLB_PAGE_BITS;
    uint16_t n = (uint16_t)(__atomic_load_n(&pages[page].stores, __ATOMIC_RELAXED) + 1);

    env->cpu->n.watched_stores++;
    store_locked(env, phys, host, val, size);
    __atomic_store_n(&pages[page].stores, n, __ATOMIC_RELAXED);
    if (n >= UNWATCH_STORES) {
        __atomic_store_n(&pages[page].stores, 0, __ATOMIC_RELAXED);
        unwatch_page(env, page);
    }
}

void exclusive_dma_store(uint32_t phys, uint32_t len)
{
    uint32_t first = phys >> GRANULE_BITS, n;

    if (!len) {
        return;
    }
    n = ((phys + (len - 1)) >> GRANULE_BITS) - first + 1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t *slot = slot_of((first + i) << GRANULE_BITS);
        slot_lock(slot);
        slot_unlock(slot, 0);
    }
}

void exclusive_clear(CPUARMState *env)
{
    env->excl_size = 0;
}

/* ---- the instructions ---- */

typedef struct Target {
    uint32_t phys;
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
    if (e > 0) {
        /* A direct entry does not name the physical page: memory's RAM is one block at 0. */
        t.host = (uint8_t *)(uintptr_t)((uint64_t)e + va);
        t.phys = (uint32_t)(t.host - memory_ram_ptr(0, 1));
    } else {
        t.phys = entry_phys(e, va);
        t.host = e & TLB_SLOW_MMIO ? NULL : memory_ram_ptr(t.phys, size);
    }
    return t;
}

uint32_t helper_ldrex(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t unused)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    Target t = exclusive_target(env, va, mem, false);
    uint64_t v;

    env->cpu->n.ldrex++;
    if (!t.host) {
        /* A device has no monitor: the load happens, the STREX will fail. */
        env->excl_size = 0;
        env->tmp[1] = size == 8 ? mmio_read(t.phys + 4, 4, env->cpu_index) : 0;
        return env->tmp[0] = mmio_read(t.phys, size == 8 ? 4 : size, env->cpu_index);
    }
    if (watching()) {
        watch_page(env, t.phys >> TLB_PAGE_BITS);
    }
    if (cpu_count > 1) {
        uint32_t *slot = slot_of(t.phys), armed = slot_lock(slot);
        v = mem_load(t.host, size);
        if (t.phys >> TLB_PAGE_BITS < nb_pages) {
            __atomic_store_n(&pages[t.phys >> TLB_PAGE_BITS].stores, 0, __ATOMIC_RELAXED);
        }
        slot_unlock(slot, (accel_options.exclusive_snapshot ? 0 : armed) | own_bit(env));
    } else {
        v = mem_load(t.host, size);
    }
    env->excl_addr = t.phys;
    env->excl_size = size;
    env->excl_value = v;
    v = to_memory_order(v, size, mem);
    env->tmp[0] = (uint32_t)v;
    env->tmp[1] = (uint32_t)(v >> 32);
    return (uint32_t)v;
}

static void store_hits_code(CPUARMState *env, uint32_t phys, unsigned size)
{
    if (mpd_page_has_code(phys >> TLB_PAGE_BITS) && mpd_range_has_code(phys, size)) {
        mpd_invalidate_range(env, phys, size);
    }
}

/* Under the slot lock: the store if the reservation stands. */
static bool commit(CPUARMState *env, Target t, uint64_t v, unsigned size)
{
    uint32_t *slot, armed;
    bool ok = false;

    if (cpu_count == 1) {
        return mem_compare_exchange(t.host, env->excl_value, v, size);
    }
    slot = slot_of(t.phys);
    armed = slot_lock(slot);
    if (armed & own_bit(env)) {
        ok = mem_compare_exchange(t.host, env->excl_value, v, size);
    }
    slot_unlock(slot, ok ? 0 : armed & ~own_bit(env));
    return ok;
}

uint32_t helper_strex(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    uint64_t v = size == 8 ? env->tmp[0] | (uint64_t)env->tmp[1] << 32 : val;
    Target t = exclusive_target(env, va, mem, true);
    bool ok = false;

    if (t.host && env->excl_size == size && env->excl_addr == t.phys) {
        ok = commit(env, t, to_memory_order(v, size, mem), size);
    }
    env->excl_size = 0;
    if (ok) {
        store_hits_code(env, t.phys, size);
        env->cpu->n.strex_ok++;
    } else {
        env->cpu->n.strex_fail++;
    }
    return !ok;
}

uint32_t helper_clrex(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    exclusive_clear(env);
    return 0;
}

uint32_t helper_swp(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    Target t = exclusive_target(env, va, mem, true);
    uint64_t v = to_memory_order(size == 1 ? (uint8_t)val : val, size, mem), old;

    if (!t.host) {
        old = mmio_read(t.phys, size, env->cpu_index);
        mmio_write(t.phys, val, size, env->cpu_index);
        return (uint32_t)old;
    }
    if (exclusive_page_watched(t.phys >> TLB_PAGE_BITS)) {
        uint32_t *slot = slot_of(t.phys), armed = slot_lock(slot);
        old = mem_swap(t.host, v, size);
        slot_unlock(slot, armed & own_bit(env));
    } else {
        old = mem_swap(t.host, v, size);
    }
    store_hits_code(env, t.phys, size);
    return (uint32_t)to_memory_order(old, size, mem);
}
