/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address-snapshot table (excl-monitor.h, docs/exclusives.md).
 *
 * slots[]: hash of the 32-byte granule -> version. Bit 0 = locked. Every store to a watched page locks its slot, stores
 * and unlocks with the next version. LDREX takes a snapshot: the version, then the value. STREX commits by one
 * compare-and-swap of the version to "locked", stores, unlocks. So it succeeds only if nobody stored in between, A-B-A
 * included. A watched page has no direct-store entries (exclusive section when the watch begins), so no store escapes.
 * With one CPU nothing is watched, since its own stores leave its reservation; DMA takes the slots of what it writes
 * there as well. tcg/x86_64/emit-excl.c has the same three protocols inline.
 *
 * Pages stop being watched when UNWATCH_STORES stores found no LDREX in between; reservations on it are dropped then,
 * which the architecture allows at any time.
 *
 * -accel tcg,exclusive=snapshot is PQEMU's original rule: no watching, an LDREX of another CPU at a colliding address
 * ends the reservation, STREX compares the value. A-B-A passes there; it exists to be measured.
 *
 * With -icount one thread runs all CPUs, and nothing may depend on where the host put the guest's memory: the monitor
 * is exact. A store to a watched page ends the reservations that others have on its granule, and slots are not used.
 *
 * RAM_PAGE_WATCHED changes in exclusive sections only. Slots are atomic words. excl_* of a CPU belong to its thread,
 * and to others inside exclusive sections.
 */
#include <sched.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/excl-alone.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/options.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "host/relax.h"

enum { UNWATCH_STORES = 1024, SPINS = 64 };

bool excl_on_devices;
static uint64_t slots[1 << EXCL_SLOT_BITS] __attribute__((aligned(64)));

void excl_cpu_init(CPUARMState *env)
{
    env_jit(env)->excl_slots = slots;
    env_jit(env)->excl_shared = EXCL_SHARED;
}

static uint64_t *slot_of(const uint8_t *host)
{
    return &slots[(uint32_t)((uintptr_t)host >> EXCL_GRANULE_BITS) * EXCL_HASH >> (32 - EXCL_SLOT_BITS)];
}

static void wait_a_little(int spins)
{
    /* The holder executes a few instructions; but it may have lost its host CPU. */
    if (spins < SPINS) {
        cpu_relax();
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
    if (env_jit(env)->excl_host && env_jit(env)->excl_slot == slot && env_jit(env)->excl_version == version) {
        env_jit(env)->excl_version = version + 2;
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
        return __atomic_compare_exchange_n((uint16_t *)(void *)p, &o2, (uint16_t)v, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
    case 4:
        return __atomic_compare_exchange_n((uint32_t *)(void *)p, &o4, (uint32_t)v, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
    default:
        return __atomic_compare_exchange_n((uint64_t *)(void *)p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
}

static uint64_t mem_swap(uint8_t *p, uint64_t v, unsigned size)
{
    return size == 1 ? __atomic_exchange_n(p, (uint8_t)v, __ATOMIC_SEQ_CST)
                     : __atomic_exchange_n((uint32_t *)(void *)p, (uint32_t)v, __ATOMIC_SEQ_CST);
}

/* ---- watching ---- */

/* One CPU's own stores do not end its reservation, and DMA takes slots whether a page is watched or not. */
static bool watching(void)
{
    return cpu_count > 1 && !accel_options.exclusive_snapshot;
}

static void watch_page(CPUARMState *env, uint32_t page)
{
    while (!ram_page_has(page, RAM_PAGE_WATCHED)) {
        exclusive_begin(env);
        if (!ram_page_has(page, RAM_PAGE_WATCHED)) {
            tlb_revoke_writes(page);
            ram_page_set(page, RAM_PAGE_WATCHED);
            env_cpu(env)->n.watch_pages++;
        }
        exclusive_end();
    }
}

static void unwatch_page(CPUARMState *env, uint32_t page, uint64_t host_page)
{
    exclusive_begin(env);
    for (int i = 0; i < cpu_count; i++) {
        JITState *other = env_jit(cpu_states[i]->env);

        if (other->excl_host >> TLB_PAGE_BITS == host_page) {
            other->excl_host = 0;
        }
        if (other->excl_watch[host_page % EXCL_WATCH_SIZE].host_page == host_page) {
            other->excl_watch[host_page % EXCL_WATCH_SIZE].host_page = 0;
        }
    }
    ram_page_clear(page, RAM_PAGE_WATCHED);
    exclusive_end();
}

static bool is_reserved(uint64_t host_page)
{
    for (int i = 0; i < cpu_count; i++) {
        if (__atomic_load_n(&env_jit(cpu_states[i]->env)->excl_host, __ATOMIC_RELAXED) >> TLB_PAGE_BITS == host_page) {
            return true;
        }
    }
    return false;
}

static void age_page(CPUARMState *env, uint32_t page, const uint8_t *host)
{
    uint16_t *stores = &ram_pages[page].stores, n;

    /* Exact: what ends a reservation is known from the guest alone. */
    if (icount_on && is_reserved((uintptr_t)host >> TLB_PAGE_BITS)) {
        return;
    }

    /* One store in EXCL_SAMPLE is counted for all of them. */
    if ((int32_t)--env_jit(env)->watch_budget >= 0) {
        return;
    }
    env_jit(env)->watch_budget = EXCL_SAMPLE - 1;
    n = (uint16_t)(__atomic_load_n(stores, __ATOMIC_RELAXED) + EXCL_SAMPLE);
    __atomic_store_n(stores, n, __ATOMIC_RELAXED);
    if (n >= UNWATCH_STORES) {
        __atomic_store_n(stores, 0, __ATOMIC_RELAXED);
        unwatch_page(env, page, (uintptr_t)host >> TLB_PAGE_BITS);
    }
}

/* ---- -icount: stores end reservations exactly ---- */

/* Of other CPUs than env's; NULL: of all. */
static void end_reservations(const CPUARMState *env, const uint8_t *host, uint32_t len)
{
    uint64_t first = (uintptr_t)host >> EXCL_GRANULE_BITS, last = ((uintptr_t)host + len - 1) >> EXCL_GRANULE_BITS;

    for (int i = 0; i < cpu_count; i++) {
        uint64_t *reserved = &env_jit(cpu_states[i]->env)->excl_host, was = __atomic_load_n(reserved, __ATOMIC_RELAXED);

        if (cpu_states[i]->env != env && was >> EXCL_GRANULE_BITS >= first && was >> EXCL_GRANULE_BITS <= last) {
            /* A CPU beside this one may get another reservation meanwhile; this one it cannot use, without the page. */
            __atomic_compare_exchange_n(reserved, &was, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        }
    }
}

/* ---- stores ---- */

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

void excl_store(CPUARMState *env, uint32_t page, uint8_t *host, uint64_t v, unsigned size)
{
    if (!ram_page_has(page, RAM_PAGE_WATCHED)) {
        guest_store(host, v, size);
        return;
    }
    env_cpu(env)->n.watched_stores++;
    if (icount_on) {
        guest_store(host, v, size);
        end_reservations(env, host, size);
    } else {
        store_locked(env, host, v, size);
    }
    age_page(env, page, host);
}

uint64_t excl_swap(CPUARMState *env, uint32_t page, uint8_t *host, uint64_t v, unsigned size)
{
    uint64_t *slot, version, old;

    if (!ram_page_has(page, RAM_PAGE_WATCHED)) {
        return mem_swap(host, v, size);
    }
    if (icount_on) {
        end_reservations(env, host, size);
        return mem_swap(host, v, size);
    }
    slot = slot_of(host);
    version = slot_lock(slot);
    old = mem_swap(host, v, size);
    slot_unlock_own(env, slot, version);
    return old;
}

void excl_write(uint8_t *host, const void *buf, uint32_t len)
{
    const uint8_t *from = buf;

    if (icount_on) {
        guest_mem_write(host, from, len);
        end_reservations(NULL, host, len);
        return;
    }
    excl_share();
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
    excl_share_end();
}

void excl_restore(CPUARMState *env, uint64_t host, uint64_t value, uint32_t size)
{
    JITState *jit = env_jit(env);
    uint32_t page;

    jit->excl_host = host;
    jit->excl_value = value;
    jit->excl_size = size;
    if (host & EXCL_DEVICE) {
        excl_on_devices = true;
        return;
    }
    page = memory_ram_of_host((const uint8_t *)(uintptr_t)host) >> TLB_PAGE_BITS;
    if (watching() && !ram_page_has(page, RAM_PAGE_WATCHED)) {
        tlb_revoke_writes(page);
        ram_page_set(page, RAM_PAGE_WATCHED);
    }
}

void excl_clear(CPUARMState *env)
{
    excl_reserve(env, 0);
}

/* ---- LDREX and STREX ---- */

uint64_t excl_load(CPUARMState *env, uint32_t page, const uint8_t *host, unsigned size)
{
    uint64_t v;

    if (watching()) {
        uint64_t host_page = (uintptr_t)host >> TLB_PAGE_BITS;
        uint16_t *stores = &ram_pages[page].stores;

        watch_page(env, page);
        __atomic_store_n(stores, 0, __ATOMIC_RELAXED);
        env_jit(env)->excl_watch[host_page % EXCL_WATCH_SIZE] = (ExclusiveWatch) { host_page, stores };
    }
    env_jit(env)->excl_slot = slot_of(host);
    if (icount_on) {
        env_jit(env)->excl_version = 0;
    } else if (accel_options.exclusive_snapshot) {
        /* PQEMU's rule: a colliding LDREX ends other CPUs' reservations. */
        env_jit(env)->excl_version = slot_lock(env_jit(env)->excl_slot);
        slot_unlock(env_jit(env)->excl_slot, env_jit(env)->excl_version);
        env_jit(env)->excl_version += 2;
    } else {
        env_jit(env)->excl_version = slot_version(env_jit(env)->excl_slot);
    }
    v = mem_load(host, size);
    excl_reserve(env, (uintptr_t)host);
    env_jit(env)->excl_size = size;
    env_jit(env)->excl_value = v;
    return v;
}

/* A reservation without a slot: whoever writes does it under the slot, and has said before that it will. */
static bool commit_unslotted(CPUARMState *env, uint8_t *host, uint64_t v, unsigned size)
{
    uint64_t *slot = slot_of(host), version = slot_lock(slot);
    bool ok = __atomic_load_n(&env_jit(env)->excl_shared, __ATOMIC_SEQ_CST) == EXCL_ALONE;

    if (ok) {
        guest_store(host, v, size);
    }
    slot_unlock(slot, version);
    *(ok ? &env_jit(env)->count.strex_ok : &env_jit(env)->count.strex_stored) += 1;
    return ok;
}

bool excl_reserved(CPUARMState *env, uint64_t where, unsigned size)
{
    if (!env_jit(env)->excl_host) {
        env_jit(env)->count.strex_none++;
        return false;
    }
    if (env_jit(env)->excl_host != where) {
        env_jit(env)->count.strex_address++;
        return false;
    }
    if ((env_jit(env)->excl_size & ~EXCL_UNSLOTTED) != size) {
        env_jit(env)->count.strex_size++;
        return false;
    }
    return true;
}

/* What becomes of a STREX is counted here. */
static bool commit(CPUARMState *env, uint8_t *host, uint64_t v, unsigned size)
{
    uint64_t version = env_jit(env)->excl_version;
    bool ok = true;

    if (!excl_reserved(env, (uintptr_t)host, size)) {
        return false;
    }
    if (env_jit(env)->excl_size & EXCL_UNSLOTTED) {
        return commit_unslotted(env, host, v, size);
    }
    if (icount_on) {
        guest_store(host, v, size);
        end_reservations(env, host, size);
        env_jit(env)->count.strex_ok++;
        return true;
    }
    if (!__atomic_compare_exchange_n(env_jit(env)->excl_slot, &version, version | 1, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED)) {
        env_jit(env)->count.strex_stored++;
        return false;
    }
    if (accel_options.exclusive_snapshot) {
        ok = mem_compare_exchange(host, env_jit(env)->excl_value, v, size);
    } else {
        guest_store(host, v, size);
    }
    slot_unlock(env_jit(env)->excl_slot, version);
    *(ok ? &env_jit(env)->count.strex_ok : &env_jit(env)->count.strex_differs) += 1;
    return ok;
}

bool excl_commit(CPUARMState *env, uint8_t *host, uint64_t v, unsigned size)
{
    bool ok = commit(env, host, v, size);

    excl_reserve(env, 0);
    if (env_jit(env)->excl_patience < 0) {
        excl_unshare(env);
    }
    return ok;
}
