/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UCC: one code cache that all CPUs share. Locks: B around inserting a block, C around chaining, and Flush stops every
 * CPU at its main loop, because code memory that is used again must not be under anybody's feet (docs/locking.md).
 */
#include "accel/tcg/cache.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/mpd.h"

static CodeCache *the_cache;        /* set before the CPUs start */

static void unified_init(size_t bytes)
{
    the_cache = cache_create(bytes, 0);
    for (int i = 0; i < cpu_count; i++) {
        cpu_states[i]->cache = the_cache;
    }
}

static void unified_build_lock(CodeCache *cache)
{
    pthread_mutex_lock(&cache->build);
}

static void unified_build_unlock(CodeCache *cache)
{
    pthread_mutex_unlock(&cache->build);
}

static void unified_chain_lock(CodeCache *cache)
{
    pthread_mutex_lock(&cache->chain);
}

static void unified_chain_unlock(CodeCache *cache)
{
    pthread_mutex_unlock(&cache->chain);
}

static void empty(void)
{
    for (uint32_t i = 0; i < the_cache->nblocks; i++) {
        mpd_forget_page(the_cache->blocks[i].phys_pc >> 12);
    }
    for (int i = 0; i < cpu_count; i++) {
        cache_clear_fast(cpu_states[i]);
    }
    cache_reset(the_cache);
}

static void unified_flush(CPUState *cpu, uint32_t generation)
{
    elock_flush_begin(cpu->env);
    if (the_cache->generation == generation) {
        empty();
        cpu_count_event(cpu, flush);
    }
    elock_flush_end(cpu->env);
}

static void unified_flush_all(void)
{
    if (the_cache) {
        elock_flush_begin(NULL);
        empty();
        elock_flush_end(NULL);
    }
}

static void unified_drop_fast(const TranslationBlock *tb)
{
    for (int i = 0; i < cpu_count; i++) {
        cache_drop_fast_entry(cpu_states[i], tb);
    }
}

static CodeCache *unified_cache_of(const TranslationBlock *tb)
{
    return the_cache;
}

const struct cache_ops cache_unified_ops = {
    .name = "unified",
    .default_bytes = (size_t)64 << 20,
    .init = unified_init,
    .build_lock = unified_build_lock,
    .build_unlock = unified_build_unlock,
    .chain_lock = unified_chain_lock,
    .chain_unlock = unified_chain_unlock,
    .flush = unified_flush,
    .flush_all = unified_flush_all,
    .drop_fast = unified_drop_fast,
    .cache_of = unified_cache_of,
};
