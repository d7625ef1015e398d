/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages of RAM have been stored to, for whoever copies memory while the CPUs run. I/O thread. Implemented in
 * accel/tcg/ram-dirty.c.
 */
#ifndef SYSEMU_RAM_DIRTY_H
#define SYSEMU_RAM_DIRTY_H
#include <stdint.h>

/* All of memory is other than anybody has seen it. */
void ram_dirty_all(void);
/*
 * Sets dirty[n] to 1, for n in [0, pages), if page n from RAM address `ram` on (exec/memory.h; a page's beginning) was
 * stored to since this was asked last; leaves it alone otherwise. What is read of a page after that is what it was
 * then, or younger and dirty again. Returns how many are 1 now.
 */
uint32_t ram_dirty_take(uint32_t ram, uint32_t pages, uint8_t *dirty);
#endif
