/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block back end in memory, for devices: requests are carried out when the test says so. */
#ifndef TESTS_UNIT_FAKE_BLOCK_H
#define TESTS_UNIT_FAKE_BLOCK_H
#include "block/block.h"

/* `bytes` zeroes. */
BlockBackend *fake_block_new(uint64_t bytes, bool readonly);
/* What blk_open() gives the next time; NULL: it fails. */
void fake_block_open_next(BlockBackend *blk);
void fake_block_free(BlockBackend *blk);        /* nothing is under way, and no device has it */
uint8_t *fake_block_data(BlockBackend *blk);
extern unsigned fake_block_trays[2];            /* how often a tray was closed, opened, by guests */
void fake_block_fail(BlockBackend *blk, int error);     /* 0, or what the following requests end with */
void fake_block_change(BlockBackend *blk, bool present);        /* the medium goes, or the same one comes again */
/* Carry out what was submitted and call done(), until nothing is left; returns how many there were. */
unsigned fake_block_run(BlockBackend *blk);
/* Whether blk_try() works: at first not. */
void fake_block_cached(BlockBackend *blk, bool cached);
/* How many requests were submitted and are not carried out. */
unsigned fake_block_queued(const BlockBackend *blk);
#endif
