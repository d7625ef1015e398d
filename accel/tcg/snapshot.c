/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address-snapshot table (snapshot.h, docs/exclusives.md).
 *
 * slots[]: hash of the 32-byte granule -> version. Bit 0 = locked. Every store to a watched page locks its slot, stores and
 * unlocks with the next version. LDREX takes a snapshot: the version, then the value. STREX commits by one compare-and-swap
 * of the version to "locked", stores, unlocks. So it succeeds only if nobody stored in between, A-B-A included. A
 * watched page has no direct-store entries (exclusive section when the watch begins), so no store escapes.
 * With one CPU nothing is watched, since its own stores leave its reservation; DMA takes the slots of what it writes there as
 * well. tcg/x86_64/emit-excl.c has the same three protocols inline.
 *
 * Pages stop being watched when UNWATCH_STORES stores found no LDREX in between; reservations on it are dropped then, which
 * the architecture allows at any time.
 *
 * -accel tcg,exclusive=snapshot is PQEMU's original rule: no watching, an LDREX of another CPU at a colliding address
 * ends the reservation, STREX compares the value. A-B-A passes there; it exists to be measured.
 *
 * watched[] changes in exclusive sections only. Slots are atomic words. excl_* of a CPU belong to its thread, and to others inside
 * exclusive sections.
 */
#include <sched.h>
#include <stdlib.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/snapshot.h"
#include "accel/tcg/softtlb.h"
#include "accel/tcg/softtlb-internal.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "tcg/helper.h"
#include "tcg/ir.h"

enum { UNWATCH_STORES = 1024, SPINS = 64 };

typedef struct WatchedPage {
    uint16_t stores;            /* since the last LDREX; relaxed, a lost update is harmless */
    uint8_t watched;            /* atomic; written in exclusive sections */
} WatchedPage;

static uint64_t slots[1 << EXCL_SLOT_BITS] __attribute__((aligned(64)));
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

void exclusive_cpu_init(CPUARMState *env)
{
    env->excl_slots = slots;
}

bool exclusive_page_watched(uint32_t phys_page)
{
    return phys_page < nb_pages && __atomic_load_n(&pages[phys_page].watched, __ATOMIC_RELAXED);
}

static uint64_t *slot_of(const uint8_t *host)
{
    return &slots[(uint32_t)((uintptr_t)host >> EXCL_GRANULE_BITS) * EXCL_HASH >> (32 - EXCL_SLOT_BITS)];
}

static void wait_a_little(int spins)
{
    /* The holder executes a few instructions; but it may have lost its host CPU. */
    if (spins < SPINS) {
        __builtin_ia32_pause();
    } else {
        sched_yield();
    }
}

/* Returns the version; the slot is locked. */
static uint64_t slot_lock(uint64_t *slot)
{
    uint64_t v = __atomic_load_n(slot, __ATOMIC_RELAXED);

    for (int spins = 0;; spins++) {
        if (!(v & 1) && __atomic_compare_exchange_n(slot, &v, v | 1, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
            return v;
        }
        if (v & 1) {
            wait_a_little(spins);
            v = __atomic_load_n(slot, __ATOMIC_RELAXED);
        }
    }
}

/* After a store: every reservation taken before is void. */
static void slot_unlock(uint64_t *slot, uint64_t version)
{
    __atomic_store_n(slot, version + 2, __ATOMIC_RELEASE);
}

/* The same after a store by the CPU itself, which does not end its own reservation. */
static void slot_unlock_own(CPUARMState *env, uint64_t *slot, uint64_t version)
{
    if (env->excl_host && env->excl_slot == slot && env->excl_version == version) {
        env->excl_version = version + 2;
    }
    slot_unlock(slot, version);
}

static uint64_t slot_version(uint64_t *slot)
{
    uint64_t v;

    for (int spins = 0; (v = __atomic_load_n(slot, __ATOMIC_SEQ_CST)) & 1; spins++) {
        wait_a_little(spins);
    }
    return v;
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

/* One CPU's own stores do not end its reservation, and DMA takes slots whether a page is watched or not. */
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
    uint64_t host_page = (uintptr_t)memory_ram_ptr(page << TLB_PAGE_BITS, 1) >> TLB_PAGE_BITS;

    exclusive_begin(env);
    for (int i = 0; i < cpu_count; i++) {
        CPUARMState *other = cpu_states[i]->env;
        if (other->excl_host >> TLB_PAGE_BITS == host_page) {
            other->excl_host = 0;
        }
        if (other->excl_watch[host_page % EXCL_WATCH_SIZE].host_page == host_page) {
            other->excl_watch[host_page % EXCL_WATCH_SIZE].host_page = 0;
        }
    }
    __atomic_store_n(&pages[page].watched, 0, __ATOMIC_RELAXED);
    exclusive_end(env);
}

/* The bytes may straddle two granules. */
static void store_locked(CPUARMState *env, uint8_t *host, uint64_t val, unsigned size)
{
    uint64_t *a = slot_of(host), *b = slot_of(host + size - 1), va, vb = 0;

    if (b < a) {
        uint64_t *t = a;
        a = b;
        b = t;
    }
    va = slot_lock(a);
    if (b != a) {
        vb = slot_lock(b);
    }
    guest_store(host, val, size);
    if (b != a) {
        slot_unlock_own(env, b, vb);
    }
    slot_unlock_own(env, a, va);
}

void exclusive_store(CPUARMState *env, uint32_t phys, uint8_t *host, uint64_t val, unsigned size)
{
    uint32_t page = phys >> TLB_PAGE_BITS;
    uint16_t n;

    env->cpu->n.watched_stores++;
    store_locked(env, host, val, size);
    /* One store in EXCL_SAMPLE is counted for all of them. */
    if ((int32_t)--env->watch_budget >= 0) {
        return;
    }
    env->watch_budget = EXCL_SAMPLE - 1;
    n = (uint16_t)(__atomic_load_n(&pages[page].stores, __ATOMIC_RELAXED) + EXCL_SAMPLE);
    __atomic_store_n(&pages[page].stores, n, __ATOMIC_RELAXED);
    if (n >= UNWATCH_STORES) {
        __atomic_store_n(&pages[page].stores, 0, __ATOMIC_RELAXED);
        unwatch_page(env, page);
    }
}

void exclusive_dma_write(uint8_t *host, const void *buf, uint32_t len)
{
    const uint8_t *from = buf;

    /* A granule at a time under its slot: no LDREX can come between the store and the new version. */
    while (len) {
        uint32_t left = (1u << EXCL_GRANULE_BITS) - ((uintptr_t)host & ((1u << EXCL_GRANULE_BITS) - 1));
        uint32_t n = left < len ? left : len;
        uint64_t *slot = slot_of(host), version = slot_lock(slot);

        guest_mem_write(host, from, n);
        slot_unlock(slot, version);
        host += n;
        from += n;
        len -= n;
    }
}

void exclusive_clear(CPUARMState *env)
{
    env->excl_host = 0;
}

/* ---- the instructions ---- */

typedef struct Target {
    uint32_t phys;
    uint8_t *host;              /* NULL: not RAM at 0, the only memory with a monitor */
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
        /* A direct entry does not name the physical page; but only RAM at 0 has direct entries, and it is one block. */
        t.host = (uint8_t *)(uintptr_t)((uint64_t)e + va);
        t.phys = (uint32_t)(t.host - memory_ram_ptr(0, 1));
    } else {
        t.phys = entry_phys(e, va);
        t.host = (e & TLB_SLOW_MMIO) || t.phys >> TLB_PAGE_BITS >= nb_pages ? NULL : memory_ram_ptr(t.phys, size);
    }
    return t;
}

uint32_t helper_ldrex(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t unused)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    Target t = exclusive_target(env, va, mem, false);
    uint64_t v;

    env->count.ldrex++;
    if (!t.host) {
        /* A device has no monitor: the load happens, the STREX will fail. */
        env->excl_host = 0;
        v = mmio_read(t.phys, size == 8 ? 4 : size, env->cpu_index);
        v |= size == 8 ? (uint64_t)mmio_read(t.phys + 4, 4, env->cpu_index) << 32 : 0;
        v = to_memory_order(v, size, mem);
        env->tmp[0] = (uint32_t)v;
        env->tmp[1] = (uint32_t)(v >> 32);
        return (uint32_t)v;
    }
    if (watching()) {
        uint32_t page = t.phys >> TLB_PAGE_BITS;
        uint64_t host_page = (uintptr_t)t.host >> TLB_PAGE_BITS;
        watch_page(env, page);
        __atomic_store_n(&pages[page].stores, 0, __ATOMIC_RELAXED);
        env->excl_watch[host_page % EXCL_WATCH_SIZE] = (ExclusiveWatch) { host_page, &pages[page].stores };
    }
    env->excl_slot = slot_of(t.host);
    if (accel_options.exclusive_snapshot) {
        /* PQEMU's rule: a colliding LDREX ends other CPUs' reservations. */
        env->excl_version = slot_lock(env->excl_slot);
        slot_unlock(env->excl_slot, env->excl_version);
        env->excl_version += 2;
    } else {
        env->excl_version = slot_version(env->excl_slot);
    }
    v = mem_load(t.host, size);
    env->excl_host = (uintptr_t)t.host;
    env->excl_size = size;
    env->excl_value = v;
    v = to_memory_order(v, size, mem);
    env->tmp[0] = (uint32_t)v;
    env->tmp[1] = (uint32_t)(v >> 32);
    return (uint32_t)v;
}

static void store_hits_code(CPUARMState *env, uint32_t phys, unsigned size)
{
    /* Store, then look: see mpd.h. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (mpd_page_has_code(phys >> TLB_PAGE_BITS) && mpd_range_has_code(phys, size)) {
        mpd_invalidate_range(env, phys, size);
    }
}

/*
 * Before a store that hits code already: blocks hold literals as constants, so nobody may run one between the store and its
 * invalidation. Reservations may end while this waits. True: exclusive_end() afterwards.
 */
static bool stop_readers_of_code(CPUARMState *env, const Target *t, unsigned size)
{
    if (!t->host || !mpd_page_has_code(t->phys >> TLB_PAGE_BITS) || !mpd_store_begin(t->phys, size)) {
        return false;
    }
    exclusive_begin(env);
    return true;
}

/* The store, if the reservation stands. Counts what becomes of it. */
static bool commit(CPUARMState *env, Target t, uint64_t v, unsigned size)
{
    uint64_t version = env->excl_version;
    bool ok = true;

    if (!t.host || !env->excl_host) {
        env->count.strex_none++;
        return false;
    }
    if (env->excl_host != (uintptr_t)t.host) {
        env->count.strex_address++;
        return false;
    }
    if (env->excl_size != size) {
        env->count.strex_size++;
        return false;
    }
    if (!__atomic_compare_exchange_n(env->excl_slot, &version, version | 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        env->count.strex_stored++;
        return false;
    }
    if (accel_options.exclusive_snapshot) {
        ok = mem_compare_exchange(t.host, env->excl_value, v, size);
    } else {
        guest_store(t.host, v, size);
    }
    slot_unlock(env->excl_slot, version);
    *(ok ? &env->count.strex_ok : &env->count.strex_differs) += 1;
    return ok;
}

uint32_t helper_strex(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    uint64_t v = size == 8 ? env->tmp[0] | (uint64_t)env->tmp[1] << 32 : val;
    Target t = exclusive_target(env, va, mem, true);
    bool stopped = stop_readers_of_code(env, &t, size), ok;

    ok = commit(env, t, to_memory_order(v, size, mem), size);
    env->excl_host = 0;
    if (ok) {
        store_hits_code(env, t.phys, size);
    }
    if (stopped) {
        exclusive_end(env);
    }
    return !ok;
}

uint32_t helper_clrex(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    exclusive_clear(env);
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
    bool stopped;

    va &= mem & MEM_ROTATE ? ~3u : ~0u;
    /* A fault that the load alone would raise is reported as a read. */
    exclusive_target(env, va, mem, false);
    t = exclusive_target(env, va, mem, true);

    if (!t.host) {
        old = mmio_read(t.phys, size, env->cpu_index);
        mmio_write(t.phys, (uint32_t)v, size, env->cpu_index);
        store_hits_code(env, t.phys, size);
        return rotate_right((uint32_t)to_memory_order(old, size, mem), rotate);
    }
    stopped = stop_readers_of_code(env, &t, size);
    if (exclusive_page_watched(t.phys >> TLB_PAGE_BITS)) {
        uint64_t *slot = slot_of(t.host), version = slot_lock(slot);
        old = mem_swap(t.host, v, size);
        slot_unlock_own(env, slot, version);
    } else {
        old = mem_swap(t.host, v, size);
    }
    store_hits_code(env, t.phys, size);
    if (stopped) {
        exclusive_end(env);
    }
    return rotate_right((uint32_t)to_memory_order(old, size, mem), rotate);
}
