/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts about pages of RAM (ram-page.h): atomic words, no locks. */
#include "accel/tcg/ram-page.h"

RamPage ram_pages[RAM_PAGES_MAX];

void ram_page_set(uint32_t page, unsigned facts)
{
    __atomic_fetch_or(&ram_pages[page].facts, (uint8_t)facts, __ATOMIC_SEQ_CST);
}

void ram_page_clear(uint32_t page, unsigned facts)
{
    __atomic_fetch_and(&ram_pages[page].facts, (uint8_t)~facts, __ATOMIC_SEQ_CST);
}

static void count_writers(uint32_t ram, uint32_t len, uint32_t n)
{
    for (uint32_t page = ram >> RAM_PAGE_BITS; page <= (ram + (len - 1)) >> RAM_PAGE_BITS; page++) {
        __atomic_add_fetch(&ram_pages[page].writing, n, __ATOMIC_SEQ_CST);
    }
}

void ram_page_write_begin(uint32_t ram, uint32_t len)
{
    count_writers(ram, len, 1);
}

void ram_page_write_end(uint32_t ram, uint32_t len)
{
    count_writers(ram, len, -1u);
}
