/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UCC: one code cache that all CPUs share. Locks: B around inserting a block, C around chaining, and Flush stops every
 * CPU at its main loop, because code memory that is used again must not be under anybody's feet (docs/locking.md).
 */
#include "accel/tcg/cache.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/leave-out.h"
#include "accel/tcg/mpd.h"

static CodeCache *the_cache;        /* set before the CPUs start */

static void unified_init(size_t bytes)
{
    the_cache = cache_create(bytes, 0, cpu_count);
    counted_lock_init(&the_cache->build, "B", true);
    counted_lock_init(&the_cache->chain, "C", true);
    for (int i = 0; i < cpu_count; i++) {
        cpu_states[i]->cache = the_cache;
    }
}

static void unified_build_lock(CodeCache *cache)
{
    if (CONFIG_LEAVE_OUT != LEAVE_OUT_BUILD_LOCK) {
        counted_lock(&cache->build);
    }
}

static void unified_build_unlock(CodeCache *cache)
{
    if (CONFIG_LEAVE_OUT != LEAVE_OUT_BUILD_LOCK) {
        counted_unlock(&cache->build);
    }
}

static void unified_chain_lock(CodeCache *cache)
{
    if (CONFIG_LEAVE_OUT != LEAVE_OUT_CHAIN_LOCK) {
        counted_lock(&cache->chain);
    }
}

static void unified_chain_unlock(CodeCache *cache)
{
    if (CONFIG_LEAVE_OUT != LEAVE_OUT_CHAIN_LOCK) {
        counted_unlock(&cache->chain);
    }
}

static void forget(TranslationBlock *tb, void *opaque)
{
    mpd_forget_page(tb->phys_pc >> 12);
}

static void empty(void)
{
    cache_foreach(the_cache, forget, NULL);
    for (int i = 0; i < cpu_count; i++) {
        cache_clear_fast(cpu_states[i]);
    }
    cache_reset(the_cache);
    if (plugin_hooks) {
        plugin_hooks->flushed();
    }
}

static void unified_flush(CPUState *cpu, uint32_t generation)
{
    elock_flush_begin(cpu->env);
    if (the_cache->generation == generation) {
        observe_begin(OBS_FLUSH);
        if (the_cache->nregions > 1) {
            cache_evict_region(the_cache);
        } else {
            empty();
        }
        observe_end(OBS_FLUSH);
        cpu_count_event(cpu, flush);
    }
    elock_flush_end();
}

static void unified_flush_all(void)
{
    if (the_cache) {
        elock_flush_begin(NULL);
        observe_begin(OBS_FLUSH);
        empty();
        observe_end(OBS_FLUSH);
        elock_flush_end();
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
    .regions = 4,
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
