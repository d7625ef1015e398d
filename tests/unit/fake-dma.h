/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA in place of accel/tcg/dma.c: a copy to or from what memory_ram_ptr() gives. One thread. */
#ifndef TESTS_UNIT_FAKE_DMA_H
#define TESTS_UNIT_FAKE_DMA_H

extern unsigned fake_dma_writes;                /* how many have succeeded */
#endif
