/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known about each page of RAM. Below everything that acts on it: whoever wants to know asks here, and each
 * fact has one place that sets and one that clears it:
 *
 *   CODE      blocks may have been translated from it: stores take the slow path.
 *             mpd.c, exclusive section
 *   WATCHED   an LDREX is about: stores take their slot.
 *             excl-monitor.c, exclusive section
 *   DIRTY_*   stored to since its user looked last; filling a CPU's store entry, direct or not, counts as a store.
 *             Set by store_entry() in softtlb.c and after each store of ram-write.c, any thread; cleared by
 *             tlb_take_dirty(), exclusive section
 *   writing   devices that are about to store to it, or do.
 *             ram-write.c, any thread
 *
 * Pages are counted, and addresses given, through all blocks of RAM one behind the other, the same by whatever alias
 * they are reached (RAM addresses, exec/memory.h).
 */
#ifndef ACCEL_TCG_RAM_PAGE_H
#define ACCEL_TCG_RAM_PAGE_H
#include <stdbool.h>
#include <stdint.h>

enum { RAM_PAGE_BITS = 12, RAM_PAGES_MAX = 1 << 20 };
enum {
    RAM_PAGE_CODE = 1, RAM_PAGE_WATCHED = 2, RAM_PAGE_DIRTY_DISPLAY = 4, RAM_PAGE_DIRTY_MIGRATION = 8,
    RAM_PAGE_DIRTY = RAM_PAGE_DIRTY_DISPLAY | RAM_PAGE_DIRTY_MIGRATION,
};

typedef struct RamPage {
    uint8_t facts;              /* RAM_PAGE_*; atomic */
    uint16_t stores;            /* while watched, since the last LDREX; relaxed, a lost update is harmless */
    uint32_t writing;           /* atomic */
} RamPage;
extern RamPage ram_pages[RAM_PAGES_MAX];    /* pages that do not exist cost nothing */

/* Any thread: does one of the facts hold? */
static inline bool ram_page_has(uint32_t page, unsigned facts)
{
    return __atomic_load_n(&ram_pages[page].facts, __ATOMIC_SEQ_CST) & facts;
}

void ram_page_set(uint32_t page, unsigned facts);
void ram_page_clear(uint32_t page, unsigned facts);
/* The page is, or soon will be, other than its users have seen it. */
static inline void ram_page_set_dirty(uint32_t page)
{
    if ((__atomic_load_n(&ram_pages[page].facts, __ATOMIC_SEQ_CST) & RAM_PAGE_DIRTY) != RAM_PAGE_DIRTY) {
        ram_page_set(page, RAM_PAGE_DIRTY);
    }
}

/* A device is about to store to [ram, ram + len), len > 0, or has done so. Each is a full fence. */
void ram_page_write_begin(uint32_t ram, uint32_t len);
void ram_page_write_end(uint32_t ram, uint32_t len);
static inline bool ram_page_writing(uint32_t page)
{
    return __atomic_load_n(&ram_pages[page].writing, __ATOMIC_SEQ_CST) != 0;
}
#endif
