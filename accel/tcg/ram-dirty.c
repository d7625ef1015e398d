/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages a display has to draw again. Pages that nobody stored to are told from their facts alone; to take a dirty
 * one stops the CPUs, since their store entries for it go.
 */
#include <string.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"

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
