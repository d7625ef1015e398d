/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPD: for every guest page the blocks translated from it, of all CPUs, so that a store to code is noticed quickly.
 *
 * RAM_PAGE_CODE says which pages take stores' slow path. It is set, and cleared, in exclusive sections only. A page's
 * descriptor has the list of blocks (page lock: a spin lock, held for a walk of one list), a bitmap of the 32-byte
 * granules they cover (a filter that readers look at without the lock; bits are added under the lock, and a stale bit
 * only costs a walk), and `building`, which makes every store count as one to code while a CPU translates from the
 * page.
 *
 * No store is lost: the builder announces itself (building, or a granule bit), fences, then reads guest code; a
 * writer stores, fences, then asks mpd_range_has_code(). At least one of them sees the other. A writer that sees a
 * builder waits for it by its exclusive section and finds the block in the list.
 *
 * Literals. A block may hold a word of its page as a constant. If a store to it were visible before the block is gone,
 * a CPU could read the new value through a register and then the old one from the block, which coherence forbids. So a
 * store that hits a block is done inside an exclusive section; and since a builder may come between a writer's question
 * and its store, nobody takes constants from a page that was stored to beside its blocks since it became a code page
 * (`data`). Writer: sets `data`, fences, asks; builder: raises `building`, fences, reads `data`. The same is done with
 * a page whose blocks are hit several times: perhaps its literals are variables. A thread that reads no E, one that
 * does DMA, finds that a page may become a code page at any time, which clears `data`; so it counts in the page's
 * `writing` (ram-page.h), which the builder reads as well, from before its question until it has invalidated what it
 * hit.
 *
 * Pages change their use: freed program pages become data. A page whose last block went away loses its mark, so that
 * stores become fast again; if that happens to a page over and over, its mark stays for longer and longer (idle_limit).
 *
 * Lock order: E (exclusive section or read) -> page lock. Nothing is taken under a page lock.
 */
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "qemu/futex.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "host/relax.h"
#include "qemu/log.h"
#include "qemu/observe.h"

enum {
    GRANULE_BITS = 5,
    HITS_WHOLE_PAGE = 3,        /* so many stores to its code since it was protected drop all of a page's blocks */
    IDLE_LIMIT = 64,            /* stores to a page without blocks until it stops being a code page */
    IDLE_SHIFT_MAX = 10,
    QUICK_CLEARS = 4,           /* so often a page loses its mark together with its last block */
    SPINS = 100,
};

typedef struct MPDPage {
    uint64_t granules[2];       /* bit g: bytes [32g, 32g + 32) hold code; atomic; changed under lock */
    TBRef blocks;               /* through page_next.       lock: lock */
    uint32_t lock;
    uint32_t building;          /* CPUs translating from the page; atomic */
    uint32_t idle_stores;       /* while there are no blocks; atomic, relaxed */
    uint32_t data;              /* stored to while it had the mark; atomic; cleared in exclusive sections */
    uint32_t hits;              /* exclusive section */
    uint32_t clears;            /* exclusive section for writing; atomic */
} __attribute__((aligned(64))) MPDPage;

static MPDPage *pages;                  /* RAM_PAGES_MAX: untouched ones cost nothing */

void mpd_init(void)
{
    void *p;

    if (pages) {
        return;
    }
    p = mmap(NULL, RAM_PAGES_MAX * sizeof(MPDPage), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        error_exit("cannot map %zu KiB for page descriptors", RAM_PAGES_MAX * sizeof(MPDPage) >> 10);
    }
    pages = p;
}

static void page_lock(MPDPage *p)
{
    int spins = 0;

    cpu_count_event(current_cpu, page_lock);
    while (__atomic_exchange_n(&p->lock, 1, __ATOMIC_ACQUIRE)) {
        if (!spins) {
            cpu_count_event(current_cpu, page_lock_contended);
            observe_begin(OBS_PAGE_WAIT);
        }
        do {
            if (++spins < SPINS) {
                cpu_relax();
            } else {
                sched_yield();
            }
        } while (__atomic_load_n(&p->lock, __ATOMIC_RELAXED));
    }
    if (spins) {
        observe_end(OBS_PAGE_WAIT);
    }
}

static void page_unlock(MPDPage *p)
{
    __atomic_store_n(&p->lock, 0, __ATOMIC_RELEASE);
}

/* Bits of bytes [first, last] of a page, both in 0..4095. */
static void granule_mask(uint32_t first, uint32_t last, uint64_t mask[2])
{
    for (int w = 0; w < 2; w++) {
        int lo = (int)(first >> GRANULE_BITS) - 64 * w;
        int hi = (int)(last >> GRANULE_BITS) - 64 * w;

        lo = lo < 0 ? 0 : lo;
        hi = hi > 63 ? 63 : hi;
        mask[w] = lo > hi ? 0 : (~0ull >> (63 - hi + lo)) << lo;
    }
}

static void block_mask(const TranslationBlock *tb, uint64_t mask[2])
{
    uint32_t first = tb->phys_pc & 0xfff;
    uint32_t bytes = tb->guest_bytes ? tb->guest_bytes : 1;

    granule_mask(first, first + bytes > 4096 ? 4095 : first + bytes - 1, mask);
}

static bool overlaps(const TranslationBlock *tb, uint32_t ram, uint32_t last)
{
    return tb->phys_pc <= last && tb->phys_pc + tb->guest_bytes - 1 >= ram;
}

/* Page lock held. */
static void recompute_granules(MPDPage *p)
{
    uint64_t all[2] = { 0, 0 };

    for (TranslationBlock *tb = tb_deref(p->blocks); tb; tb = tb_deref(tb->page_next)) {
        uint64_t m[2];

        block_mask(tb, m);
        all[0] |= m[0];
        all[1] |= m[1];
    }
    __atomic_store_n(&p->granules[0], all[0], __ATOMIC_SEQ_CST);
    __atomic_store_n(&p->granules[1], all[1], __ATOMIC_SEQ_CST);
}

static bool has_mark(uint32_t page)
{
    return ram_page_has(page, RAM_PAGE_CODE);
}

void mpd_protect_page(CPUARMState *env, uint32_t page)
{
    /* Taking E back at the end of the section may let other writers in, who may take the mark away again. */
    while (!has_mark(page)) {
        exclusive_begin(env);
        if (!has_mark(page)) {
            tlb_revoke_writes(page);
            pages[page].hits = 0;
            __atomic_store_n(&pages[page].data, 0, __ATOMIC_RELAXED);
            __atomic_store_n(&pages[page].idle_stores, 0, __ATOMIC_RELAXED);
            ram_page_set(page, RAM_PAGE_CODE);
            qemu_log_mask(LOG_PAGE, "CPU %u: code in the page at 0x%08x\n", env->cpu_index,
                          memory_ram_phys(page << RAM_PAGE_BITS));
        }
        exclusive_end();
    }
}

/* Exclusive section; the page has no blocks. CPUs find out when they use their slow entries next. */
static void unprotect_page(uint32_t page)
{
    ram_page_clear(page, RAM_PAGE_CODE);
}

bool mpd_build_begin(uint32_t page)
{
    /* A locked operation: a full fence on the host, before guest code is read. */
    __atomic_add_fetch(&pages[page].building, 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&pages[page].data, __ATOMIC_SEQ_CST) || ram_page_writing(page);
}

void mpd_build_end(uint32_t page)
{
    __atomic_sub_fetch(&pages[page].building, 1, __ATOMIC_SEQ_CST);
}

void mpd_add_block(TranslationBlock *tb)
{
    MPDPage *p = &pages[tb->phys_pc >> RAM_PAGE_BITS];
    uint64_t m[2];

    block_mask(tb, m);
    page_lock(p);
    tb->page_next = p->blocks;
    p->blocks = tb_ref(tb);
    __atomic_or_fetch(&p->granules[0], m[0], __ATOMIC_SEQ_CST);
    __atomic_or_fetch(&p->granules[1], m[1], __ATOMIC_SEQ_CST);
    page_unlock(p);
    __atomic_store_n(&p->idle_stores, 0, __ATOMIC_RELAXED);
}

#ifdef CONFIG_CCACHE_SEPARATE
void mpd_forget_owner(TranslationBlock *tb)
{
    MPDPage *p = &pages[tb->phys_pc >> RAM_PAGE_BITS];
    TBRef *link = &p->blocks;

    page_lock(p);
    while (*link) {
        TranslationBlock *b = tb_deref(*link);

        if (b->owner == tb->owner) {
            *link = b->page_next;
            b->invalid = 1;
        } else {
            link = &b->page_next;
        }
    }
    recompute_granules(p);
    page_unlock(p);
    /* A block of MMIO space is in no list. */
    tb->invalid = 1;
}
#endif

void mpd_forget_evicted(TranslationBlock *tb)
{
    MPDPage *p = &pages[tb->phys_pc >> RAM_PAGE_BITS];
    TBRef *link = &p->blocks;

    page_lock(p);
    while (*link) {
        TranslationBlock *b = tb_deref(*link);

        if (b->owner == tb->owner && b->evicted) {
            *link = b->page_next;
            b->evicted = 0;
        } else {
            link = &b->page_next;
        }
    }
    recompute_granules(p);
    page_unlock(p);
    /* A block of MMIO space is in no list. */
    tb->evicted = 0;
}

#ifdef CONFIG_CCACHE_UNIFIED
void mpd_forget_page(uint32_t page)
{
    MPDPage *p = &pages[page];

    if (!has_mark(page)) {
        return;
    }
    page_lock(p);
    p->blocks = 0;
    recompute_granules(p);
    page_unlock(p);
    unprotect_page(page);
}
#endif

/* Does a write to bytes [ram, last] of one page hit code? Or has the page had none for long enough to lose its mark? */
static bool page_range_has_code(uint32_t ram, uint32_t last)
{
    MPDPage *p = &pages[ram >> RAM_PAGE_BITS];
    uint64_t mask[2], g[2];
    bool hit = false;

    if (!has_mark(ram >> RAM_PAGE_BITS)) {
        return false;
    }
    if (__atomic_load_n(&p->building, __ATOMIC_SEQ_CST)) {
        return true;
    }
    g[0] = __atomic_load_n(&p->granules[0], __ATOMIC_SEQ_CST);
    g[1] = __atomic_load_n(&p->granules[1], __ATOMIC_SEQ_CST);
    if (!(g[0] | g[1])) {
        uint32_t shift = __atomic_load_n(&p->clears, __ATOMIC_RELAXED);

        return __atomic_add_fetch(&p->idle_stores, 1, __ATOMIC_RELAXED) > (uint32_t)IDLE_LIMIT << shift;
    }
    granule_mask(ram & 0xfff, last & 0xfff, mask);
    if (!((g[0] & mask[0]) | (g[1] & mask[1]))) {
        return false;
    }
    page_lock(p);
    for (TranslationBlock *tb = tb_deref(p->blocks); tb && !hit; tb = tb_deref(tb->page_next)) {
        hit = overlaps(tb, ram, last);
    }
    page_unlock(p);
    return hit;
}

/* The part of [ram, last] that lies in ram's page ends here. */
static uint32_t page_end(uint32_t ram, uint32_t last)
{
    return (ram | 0xfff) < last ? (ram | 0xfff) : last;
}

bool mpd_range_has_code(uint32_t ram, uint32_t len)
{
    uint32_t last = ram + (len - 1), end;

    for (;; ram = end + 1) {
        end = page_end(ram, last);
        if (page_range_has_code(ram, end)) {
            return true;
        }
        if (end == last) {
            return false;
        }
    }
}

/* Is every page of [ram, last] that has code known to hold data as well? mark: if not, it is from now on. */
static bool pages_hold_data(uint32_t ram, uint32_t last, bool mark)
{
    bool all = true;

    for (uint32_t page = ram >> RAM_PAGE_BITS; page <= last >> RAM_PAGE_BITS; page++) {
        if (!__atomic_load_n(&pages[page].data, __ATOMIC_SEQ_CST) && has_mark(page)) {
            all = false;
            if (mark) {
                __atomic_exchange_n(&pages[page].data, 1, __ATOMIC_SEQ_CST);
            }
        }
    }
    return all;
}

bool mpd_store_begin(uint32_t ram, uint32_t len)
{
    uint32_t last = ram + (len - 1);
    /* The question after the mark counts; one before it keeps the mark away from pages whose code is changed. */
    bool known = pages_hold_data(ram, last, false);

    if (mpd_range_has_code(ram, len)) {
        return true;
    }
    if (known) {
        return false;
    }
    pages_hold_data(ram, last, true);
    return mpd_range_has_code(ram, len);
}

/* Move the blocks that [ram, last] hits, if there are any, from their page to *hits. Page lock held. */
static void take_hits_locked(MPDPage *p, uint32_t ram, uint32_t last, TranslationBlock **hits)
{
    TBRef *link = &p->blocks;
    bool hit = false, all;

    for (TranslationBlock *tb = tb_deref(p->blocks); tb && !hit; tb = tb_deref(tb->page_next)) {
        hit = overlaps(tb, ram, last);
    }
    if (!hit) {
        return;
    }
    all = ++p->hits >= HITS_WHOLE_PAGE;
    if (all) {
        __atomic_store_n(&p->data, 1, __ATOMIC_RELAXED);
    }
    while (*link) {
        TranslationBlock *tb = tb_deref(*link);

        if (all || overlaps(tb, ram, last)) {
            *link = tb->page_next;
            tb->page_next = tb_ref(*hits);
            *hits = tb;
        } else {
            link = &tb->page_next;
        }
    }
    recompute_granules(p);
}

/* All in one page. */
static void take_hits_in_page(uint32_t ram, uint32_t last, TranslationBlock **hits)
{
    MPDPage *p = &pages[ram >> RAM_PAGE_BITS];

    page_lock(p);
    take_hits_locked(p, ram, last, hits);
    if (!p->blocks) {
        bool idle = __atomic_load_n(&p->idle_stores, __ATOMIC_RELAXED) > (uint32_t)IDLE_LIMIT << p->clears;

        if (idle || p->clears < QUICK_CLEARS) {
            __atomic_store_n(&p->clears, p->clears < IDLE_SHIFT_MAX ? p->clears + 1 : p->clears, __ATOMIC_RELAXED);
            unprotect_page(ram >> RAM_PAGE_BITS);
        }
    }
    page_unlock(p);
}

TranslationBlock *mpd_take_hits(uint32_t ram, uint32_t len)
{
    uint32_t last = ram + (len - 1), end;
    TranslationBlock *hits = NULL;

    for (;; ram = end + 1) {
        end = page_end(ram, last);
        if (has_mark(ram >> RAM_PAGE_BITS)) {
            take_hits_in_page(ram, end, &hits);
        }
        if (end == last) {
            return hits;
        }
    }
}
