/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's CompactFlash socket with a card in it: an ATA drive in True IDE mode. */
#ifndef HW_IDE_COMPACTFLASH_H
#define HW_IDE_COMPACTFLASH_H
#include <stdint.h>
#include "block/block.h"

enum { COMPACTFLASH_SHIFT = 1 };        /* a register has so many bits of addresses for itself */

/* `blk`: its image, not NULL. error_exit if there can be no card of that size. */
void compactflash_create(uint32_t base, uint32_t size, const char *name, BlockBackend *blk);
#endif
