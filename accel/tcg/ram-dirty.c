/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages a display has to draw again (exec/memory.h), or a migration to send again (sysemu/ram-dirty.h). Pages
 * that nobody stored to are told from their facts alone; to take a dirty one stops the CPUs, since their store entries
 * for it go.
 */
#include <string.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "sysemu/ram-dirty.h"

enum {
    PER_SECTION = 4096,         /* pages for which the CPUs are kept out of guest code at once: some milliseconds */
};

int memory_take_dirty(uint32_t phys, uint32_t len, uint8_t *dirty)
{
    uint32_t ram, first, pages;
    int found = 0;

    if (!memory_read_at(phys, len, &ram)) {
        return -1;
    }
    first = ram >> RAM_PAGE_BITS;
    pages = ((ram + (len - 1)) >> RAM_PAGE_BITS) - first + 1;
    for (uint32_t i = 0; i < pages; i++) {
        dirty[i] = ram_page_has(first + i, RAM_PAGE_DIRTY_DISPLAY);
        found += dirty[i];
    }
    if (found) {
        exclusive_begin(current_cpu ? current_cpu->env : NULL);
        for (uint32_t i = 0; i < pages; i++) {
            if (dirty[i]) {
                tlb_take_dirty(first + i, RAM_PAGE_DIRTY_DISPLAY);
            }
        }
        exclusive_end();
    }
    return found;
}

void ram_dirty_all(void)
{
    const MemoryRegion *r;

    for (size_t i = 0; (r = memory_region_at(i)) != NULL; i++) {
        for (uint32_t at = 0; r->ram && at < r->size; at += 1u << RAM_PAGE_BITS) {
            ram_page_set_dirty((r->ram_addr + at) >> RAM_PAGE_BITS);
        }
    }
}

uint32_t ram_dirty_take(uint32_t ram, uint32_t pages, uint8_t *dirty)
{
    uint32_t page = ram >> RAM_PAGE_BITS, count = 0;

    for (uint32_t n = 0; n < pages;) {
        uint32_t end = pages - n > PER_SECTION ? n + PER_SECTION : pages;

        exclusive_begin(NULL);
        for (; n < end; n++) {
            dirty[n] |= tlb_take_dirty(page + n, RAM_PAGE_DIRTY_MIGRATION);
            count += dirty[n];
        }
        exclusive_end();
    }
    return count;
}
