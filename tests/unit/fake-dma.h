/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA in place of accel/tcg/dma.c: a copy to or from what memory_ram_ptr() gives. One thread. */
#ifndef TESTS_UNIT_FAKE_DMA_H
#define TESTS_UNIT_FAKE_DMA_H
#include <stdint.h>

extern unsigned fake_dma_writes;                /* how many have succeeded */
extern uint64_t fake_dirty;                     /* what memory_take_dirty() takes: bit n: pages n, n + 64, ... */
#endif
