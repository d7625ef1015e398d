/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPD, the memory page descriptors: guest RAM page -> the blocks translated from it (of all CPUs) and which 32-byte
 * pieces of it they cover, so that a store beside code invalidates nothing.
 */
#ifndef ACCEL_TCG_MPD_H
#define ACCEL_TCG_MPD_H
#include "accel/tcg/tb.h"
void mpd_init(uint32_t ram_bytes);
/* Any thread, lock-free: may the page (physical page number) hold translated code? */
bool mpd_page_has_code(uint32_t phys_page);
/*
 * Before reading guest code of a page for the first time: mark it as code and take direct-store rights away (exclusive
 * section if another CPU may have them). After it returns, no store to the page can go unseen. CPU thread in Build.
 */
void mpd_protect_page(CPUARMState *env, uint32_t phys_page);
/*
 * Around reading guest code and mpd_add_block(): until mpd_build_end() every store to the page counts as one to code,
 * so a writer waits for the build and then finds the block. CPU thread, no exclusive section between the two.
 * True: the page holds data as well, or somebody writes to it just now, that is, no word of it may be taken as a constant.
 */
bool mpd_build_begin(uint32_t phys_page);
void mpd_build_end(uint32_t phys_page);
/* Registers the block; the page is protected. */
void mpd_add_block(TranslationBlock *tb);
/* Separate caches: forget all blocks of `owner` in the block's page; marks them invalid. Owner's thread. */
void mpd_forget_owner(TranslationBlock *tb);
/* Take the evicted blocks of tb's owner out of the list of tb's page. As cache_evict_region(). */
void mpd_forget_evicted(TranslationBlock *tb);
/* Unified caches: forget all blocks of the page. Exclusive section (Flush). */
void mpd_forget_page(uint32_t phys_page);
/*
 * Writers of pages that have code must do it in this order: mpd_store_begin(), and if it says so, exclusive section, store,
 * mpd_invalidate_range(); else store, full fence, mpd_range_has_code(), and if true mpd_invalidate_range(). (Asking
 * only first would miss a block that is being built between question and store; storing first would let blocks with
 * literals of the page run behind the store.)
 */
/* Any thread. The caller is about to store: would that touch translated bytes? Else the page counts as data from now on. */
bool mpd_store_begin(uint32_t phys, uint32_t len);
/*
 * Around begin, store and the question behind it on a thread that is no reader of E: whoever builds meanwhile takes no constants.
 * (A page does not become one with code between begin and store of a CPU, since that takes an exclusive section.)
 */
void mpd_write_announce(uint32_t phys, uint32_t len);
void mpd_write_done(uint32_t phys, uint32_t len);
/* Any thread: would a write to [phys, phys+len) touch translated bytes? */
bool mpd_range_has_code(uint32_t phys, uint32_t len);
/*
 * Invalidate every block that covers a byte of the range: unlink from hash, chains, MPD, jump caches of all CPUs. Takes
 * an exclusive section itself (env as in exclusive_begin).
 */
void mpd_invalidate_range(CPUARMState *env, uint32_t phys, uint32_t len);
#endif
