/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TBHT: hash table from a block's key (pc, flags, phys_pc) to the block.
 *
 * Lookups take no lock: they see a block completely or not at all. Inserting: B (unified) or the owner CPU (separate).
 * Removing and clearing: exclusive section, or the owner CPU in its own table.
 */
#ifndef ACCEL_TCG_TB_HASH_H
#define ACCEL_TCG_TB_HASH_H
#include "accel/tcg/tb.h"

typedef struct TBHash {
    TBRef *buckets;             /* atomic */
    uint32_t bits;              /* log2 of the number of buckets */
} TBHash;

void tb_hash_init(TBHash *h, unsigned bits);
void tb_hash_destroy(TBHash *h);
TranslationBlock *tb_hash_lookup(const TBHash *h, uint32_t pc, uint32_t flags, uint32_t phys_pc);
void tb_hash_insert(TBHash *h, TranslationBlock *tb);
/* True if it was there. */
bool tb_hash_remove(TBHash *h, TranslationBlock *tb);
void tb_hash_clear(TBHash *h);
#endif
