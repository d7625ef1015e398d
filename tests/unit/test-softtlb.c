/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fast memory tables of accel/tcg/softtlb.c with a make-believe MMU: which jump-cache entries a change of the
 * tables makes stale (they carry env_jit(env)->ctxkey), and which direct-store rights are taken away. One thread.
 */
#include <stdlib.h>
#include "accel/tcg/ram-page.h"
#include "accel/tcg/softtlb-contexts.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "tests/unit/accel-threads.h"

/* The board: a block of RAM, a block of which two pages are seen again elsewhere, and a device. */
enum { PAGES = 16, ALIAS = 0x20000000, OTHER = 0x30000000, DEVICE = 0x40000000 };
enum { CONTEXTS = 12, LAST_GENERATION = UINT32_MAX / (TBF_MASK + 1) };

static uint8_t ram[PAGES * 4096] __attribute__((aligned(4096))), other[4 * 4096] __attribute__((aligned(4096)));

/*
 * ---- what softtlb.c calls: all rights; virtual pages from ALIAS on are physical, below it page v is page v % PAGES
 * ----
 */

uint32_t arm_mmu_walk(CPUARMState *env, uint32_t va, MMUAccessType type, bool privileged, ARMPageInfo *info)
{
    *info = (ARMPageInfo) { .phys = va >= ALIAS ? va : (va >> 12) % PAGES << 12, .size = 4096 };
    return FAULT_NONE;
}

uint32_t arm_tb_flags(const CPUARMState *env)
{
    return arm_privileged(env) ? TBF_PRIV : 0;
}

void arm_raise_prefetch_abort(CPUARMState *env, uint32_t far, uint32_t fsr)
{
    abort();
}

void arm_raise_data_abort(CPUARMState *env, uint32_t far, uint32_t fsr)
{
    abort();
}

void memory_trace_access(const MemoryRegion *r, bool write, uint32_t offset, uint32_t value, unsigned size,
                         unsigned cpu)
{
    abort();
}

/* ---- cases ---- */

static uint32_t generation(const CPUARMState *env)
{
    return env_jit(env)->ctxkey / (TBF_MASK + 1);
}

static void set_asid(CPUARMState *env, uint32_t asid)
{
    env->cp15.contextidr = asid;
    arm_context_changed(env);
}

/* Empty tables, privileged, ASID 0. */
static CPUARMState *start(void)
{
    CPUARMState *env;

    if (!cpu_count) {
        accel_create_cpus(1);
        tlb_cpu_init(cpu_states[0]->env);
    }
    env = cpu_states[0]->env;
    env->cpsr = ARM_MODE_SVC;
    env->cp15.sctlr = SCTLR_M;
    env->cp15.contextidr = 0;
    tlb_cpu_reset(env);
    return env;
}

static void test_fetch(void)
{
    CPUARMState *env = start();
    const uint8_t *page;
    bool subpages;
    uint32_t key = env_jit(env)->ctxkey;

    ACCEL_CHECK(tlb_fetch(env, 0x5004, &page, &subpages) == 0x5004 && page == ram + 0x5000 && !subpages);
    tlb_flush_mva(env, 0x6000, 0);
    ACCEL_CHECK(env_jit(env)->ctxkey == key);
    tlb_flush_mva(env, 0x5000, 0);
    ACCEL_CHECK(env_jit(env)->ctxkey != key);
    key = env_jit(env)->ctxkey;
    ACCEL_CHECK(tlb_fetch(env, 0x5004, &page, &subpages) == 0x5004);
    tlb_flush_all(env);
    ACCEL_CHECK(env_jit(env)->ctxkey != key && !env_cpu(env)->tlb->current->t.code[5]);
    key = env_jit(env)->ctxkey;
    ACCEL_CHECK(tlb_fetch(env, 0x5004, &page, &subpages) == 0x5004);
    tlb_flush_asid(env, 0);
    ACCEL_CHECK(env_jit(env)->ctxkey != key && !env_cpu(env)->tlb->current->t.code[5]);
    key = env_jit(env)->ctxkey;
    tlb_flush_all(env);
    tlb_flush_asid(env, 0);
    ACCEL_CHECK(env_jit(env)->ctxkey == key);
    accel_case_done("only a flush of a page with code makes jump-cache entries stale");
}

/* No direct right is left, but where the virtual page leads: the guest's tables are not read again for that. */
static bool is_revoked(int64_t e, uint32_t page)
{
    return e == tlb_slow_entry(page, TLB_SLOW_RAM | TLB_SLOW_STALE);
}

/* Direct, watched and direct again, at three virtual addresses and with two sets of rights. */
static void test_revoke(void)
{
    CPUARMState *env = start();
    uint32_t fault;

    for (int pass = 0; pass < 3; pass++) {
        (pass == 1 ? ram_page_set : ram_page_clear)(3, RAM_PAGE_WATCHED);
        for (uint32_t va = 0x3000; va < 3 * sizeof(ram); va += sizeof(ram)) {
            for (int privileged = 0; privileged < 2; privileged++) {
                int64_t e = tlb_fill(env, va, true, privileged, &fault);

                ACCEL_CHECK(pass == 1 ? e == tlb_slow_entry(3, TLB_SLOW_RAM | TLB_SLOW_WATCHED)
                                      : (uint8_t *)(uintptr_t)(e + va) == ram + 0x3000);
                ACCEL_CHECK(tlb_tables(env, privileged)->write[va >> 12] == e);
            }
        }
        tlb_fill(env, 0x4000, true, true, &fault);
        tlb_revoke_writes(3);
        for (uint32_t va = 0x3000; va < 3 * sizeof(ram); va += sizeof(ram)) {
            for (int privileged = 0; privileged < 2; privileged++) {
                ACCEL_CHECK(is_revoked(tlb_tables(env, privileged)->write[va >> 12], 3));
            }
        }
        ACCEL_CHECK(tlb_tables(env, true)->write[4] > 0);
    }
    accel_case_done("direct and slow store entries of a page are revoked in every context");
}

static int64_t store(CPUARMState *env, uint32_t va)
{
    return tlb_data_entry(env, va, true, 0);
}

/* Each user of the dirty bits sees every store since it looked last, by whatever entry. */
static void test_dirty(void)
{
    enum { DISPLAY = RAM_PAGE_DIRTY_DISPLAY, MIGRATION = RAM_PAGE_DIRTY_MIGRATION };
    CPUARMState *env = start();
    uint64_t fills;

    for (uint32_t page = 0; page < PAGES; page++) {
        tlb_take_dirty(page, DISPLAY);
        tlb_take_dirty(page, MIGRATION);
    }
    tlb_data_entry(env, 0x6000, false, 0);
    ACCEL_CHECK(!tlb_take_dirty(6, DISPLAY) && !tlb_take_dirty(6, MIGRATION));
    for (int watched = 0; watched < 2; watched++) {
        (watched ? ram_page_set : ram_page_clear)(6, RAM_PAGE_WATCHED);
        ACCEL_CHECK((store(env, 0x6000) > 0) == !watched && store(env, 0x6000 + sizeof(ram)));
        ACCEL_CHECK(tlb_take_dirty(6, DISPLAY) && !tlb_take_dirty(6, DISPLAY));
        ACCEL_CHECK(is_revoked(tlb_tables(env, true)->write[6], 6) &&
                    is_revoked(tlb_tables(env, true)->write[6 + PAGES], 6));
        ACCEL_CHECK(store(env, 0x6000) && tlb_take_dirty(6, DISPLAY) && tlb_take_dirty(6, MIGRATION));
        ACCEL_CHECK(!tlb_take_dirty(6, DISPLAY) && !tlb_take_dirty(6, MIGRATION) && !tlb_take_dirty(5, MIGRATION));
    }
    ram_page_clear(6, RAM_PAGE_WATCHED);
    fills = env_cpu(env)->n.tlb_fill;
    tlb_revoke_writes(6);
    ACCEL_CHECK(store(env, 0x6000) > 0 && env_cpu(env)->n.tlb_fill == fills);
    accel_case_done("a page is dirty after a store by any entry, for each user until it looks");
}

/* What is known about a page goes by the page, not by where it is seen. */
static void test_aliases(void)
{
    static const uint32_t places[] = { OTHER + 0x2000, ALIAS + 0x1000 };     /* one page of the second block */
    const uint32_t page = PAGES + 2;
    CPUARMState *env = start();
    const uint8_t *host;
    bool subpages;

    for (int i = 0; i < 2; i++) {
        uint32_t va = places[i];

        ACCEL_CHECK(tlb_fetch(env, va + 4, &host, &subpages) == (page << 12) + 4 && host == other + 0x2000);
        ACCEL_CHECK((uint8_t *)(uintptr_t)(tlb_data_entry(env, va, false, 0) + va) == other + 0x2000);
        ACCEL_CHECK((uint8_t *)(uintptr_t)(store(env, va) + va) == other + 0x2000);
    }
    ACCEL_CHECK(store(env, OTHER + 0x1000) > 0 && store(env, 0x2000) > 0);
    ram_page_set(page, RAM_PAGE_CODE);
    tlb_revoke_writes(page);
    for (int i = 0; i < 2; i++) {
        ACCEL_CHECK(is_revoked(tlb_tables(env, true)->write[places[i] >> 12], page));
        ACCEL_CHECK(store(env, places[i]) == tlb_slow_entry(page, TLB_SLOW_RAM | TLB_SLOW_CODE));
    }
    ACCEL_CHECK(store(env, OTHER + 0x1000) > 0 && store(env, 0x2000) > 0);
    ram_page_clear(page, RAM_PAGE_CODE);
    ACCEL_CHECK(store(env, places[1]) > 0 && tlb_take_dirty(page, RAM_PAGE_DIRTY_DISPLAY));
    accel_case_done("a page of RAM is one page, by whatever alias it is reached");

    ACCEL_CHECK(tlb_fetch(env, DEVICE + 8, &host, &subpages) == DEVICE + 8 && !host);
    ACCEL_CHECK(store(env, DEVICE) == tlb_slow_entry(DEVICE >> 12, TLB_SLOW_MMIO));
    accel_case_done("what is no RAM keeps its physical address");
}

/*
 * Generations are used up after four million flushes and start again. Whoever takes the first one of the new round,
 * the key of the current context must be of the new round too, or an entry made with it would come to life a round
 * later.
 */
static bool round_begins_in_user_access(unsigned shift)
{
    CPUARMState *env = start();

    for (uint32_t asid = 0; asid < CONTEXTS; asid++) {
        set_asid(env, asid);
    }
    for (uint32_t n = 0; generation(env) < LAST_GENERATION - 3 * CONTEXTS; n++) {
        set_asid(env, 100 + n % 100);       /* more than there are contexts: each takes over the oldest one */
    }
    for (unsigned i = 0; i < shift; i++) {
        set_asid(env, 30 + i);
    }
    for (uint32_t asid = 40; asid < 40 + 3 * CONTEXTS; asid++) {
        uint32_t key;

        set_asid(env, asid);
        if (generation(env) <= CONTEXTS + 1) {
            return false;
        }
        env_jit(env)->jump_cache[0] = (JumpCacheEntry) { .pc = 4, .ctxkey = env_jit(env)->ctxkey };
        tlb_tables(env, false);             /* an access with user rights wants a context of its own */
        key = env_jit(env)->ctxkey;
        arm_context_changed(env);
        ACCEL_CHECK(env_jit(env)->ctxkey == key);
        if (generation(env) <= CONTEXTS + 1) {
            ACCEL_CHECK(!env_jit(env)->jump_cache[0].ctxkey);
            return true;
        }
    }
    ACCEL_CHECK(!"no new round");
    return false;
}

static void test_rounds(void)
{
    bool seen[2] = { false, false };

    for (unsigned shift = 0; shift < 4; shift++) {
        seen[round_begins_in_user_access(shift)] = true;
    }
    ACCEL_CHECK(seen[false] && seen[true]);
    accel_case_done("a new round of generations reaches the current context's key");
}

int main(void)
{
    MemoryRegion *block;

    memory_add_ram(0, sizeof(ram), ram, "ram");
    block = memory_add_ram(OTHER, sizeof(other), other, "other");
    memory_add_ram_alias(ALIAS, 0x2000, block, 0x1000, "alias");
    memory_add_unimplemented(DEVICE, 0x1000, "device", NULL);
    test_fetch();
    test_revoke();
    test_dirty();
    test_aliases();
    test_rounds();
    return accel_finish();
}
