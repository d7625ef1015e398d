/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPD, the memory page descriptors: guest RAM page -> the blocks translated from it (of all CPUs) and which 32-byte
 * pieces of it they cover, so that a store beside code invalidates nothing. Pages and addresses as in ram-page.h.
 */
#ifndef ACCEL_TCG_MPD_H
#define ACCEL_TCG_MPD_H
#include "accel/tcg/tb.h"
/* Once, before CPUs start. */
void mpd_init(void);
/*
 * Before reading guest code of a page for the first time: mark it as code (RAM_PAGE_CODE) and take direct-store rights
 * away. After it returns, no store to the page can go unseen. CPU thread in Build; may take an exclusive section.
 */
void mpd_protect_page(CPUARMState *env, uint32_t page);
/*
 * Around reading guest code and mpd_add_block(): until mpd_build_end() every store to the page counts as one to code,
 * so a writer waits for the build and then finds the block. CPU thread, no exclusive section between the two. True: the
 * page holds data as well, or a device writes to it just now, that is, no word of it may be taken as a constant.
 */
bool mpd_build_begin(uint32_t page);
void mpd_build_end(uint32_t page);
/* Registers the block; the page is protected. */
void mpd_add_block(TranslationBlock *tb);
/* Separate caches: forget all blocks of `owner` in the block's page; marks them invalid. Owner's thread. */
void mpd_forget_owner(TranslationBlock *tb);
/* Take the evicted blocks of tb's owner out of the list of tb's page. As cache_evict_region(). */
void mpd_forget_evicted(TranslationBlock *tb);
/* Unified caches: forget all blocks of the page. Exclusive section (Flush). */
void mpd_forget_page(uint32_t page);

/* What a store asks; ram-write.c does, and says in which order. Any thread; len > 0, all of it RAM. */
/* Before it: would it touch translated bytes? Else the pages with code count as pages with data from now on. */
bool mpd_store_begin(uint32_t ram, uint32_t len);
/*
 * Does it touch translated bytes, or what is being translated? (Or has the page had no code for long enough to lose its
 * mark?)
 */
bool mpd_range_has_code(uint32_t ram, uint32_t len);
/*
 * Forget every block that covers a byte of the range; the list of them, through page_next. They are still in all other
 * tables. Exclusive section.
 */
TranslationBlock *mpd_take_hits(uint32_t ram, uint32_t len);
#endif
