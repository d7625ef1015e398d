/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL181 multimedia card interface, ARM DDI 0205, with a slot for one SD card. */
#ifndef HW_SD_PL181_H
#define HW_SD_PL181_H
#include <stdint.h>
#include "block/block.h"
#include "hw/irq.h"

typedef struct PL181State PL181State;

/*
 * Map 4 KiB at BASE. Lives as long as the machine. clock_hz: MCLK. blk: the card's image; NULL: the slot is empty.
 * irq: the two lines, of MASK0 (commands) and MASK1 (data). error_exit if the image is no SD card.
 */
PL181State *pl181_create(uint32_t base, const char *name, uint32_t clock_hz, BlockBackend *blk,
                         const IRQLine *const irq[2]);
bool pl181_has_card(PL181State *s);             /* any thread */
bool pl181_card_is_readonly(PL181State *s);     /* any thread; false without a card */
#endif
