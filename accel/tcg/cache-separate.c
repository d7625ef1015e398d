/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCC: every CPU owns a code cache; only MPD is shared. So neither B nor C exist, and Flush is local: the owner leaves
 * translated code to flush, and nobody else runs its blocks. Other CPUs meet them in MPD's lists (page locks) and, in
 * exclusive sections, when they invalidate them.
 */
#include "accel/tcg/cache.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/mpd.h"

static void separate_init(size_t bytes)
{
    for (int i = 0; i < cpu_count; i++) {
        cpu_states[i]->cache = cache_create(bytes, i, 1);
    }
}

static void no_lock(CodeCache *cache)
{
}

static void forget(TranslationBlock *tb, void *opaque)
{
    if (!tb->invalid) {
        mpd_forget_owner(tb);
    }
}

static void empty(CPUState *cpu)
{
    cache_foreach(cpu->cache, forget, NULL);
    cache_clear_fast(cpu);
    cache_reset(cpu->cache);
}

/* The caller reads E, so no Invalidate looks at the cache meanwhile. */
static void separate_flush(CPUState *cpu, uint32_t generation)
{
    if (cpu->cache->generation == generation) {
        observe_begin(OBS_FLUSH);
        if (cpu->cache->nregions > 1) {
            cache_evict_region(cpu->cache);
        } else {
            empty(cpu);
        }
        observe_end(OBS_FLUSH);
        cpu_count_event(cpu, flush);
    }
}

static void separate_flush_all(void)
{
    elock_flush_begin(NULL);
    observe_begin(OBS_FLUSH);
    for (int i = 0; i < cpu_count; i++) {
        if (cpu_states[i]->cache) {
            empty(cpu_states[i]);
        }
    }
    if (plugin_hooks) {
        plugin_hooks->flushed();
    }
    observe_end(OBS_FLUSH);
    elock_flush_end();
}

static CodeCache *separate_cache_of(const TranslationBlock *tb)
{
    return cpu_states[tb->owner]->cache;
}

static void separate_drop_fast(const TranslationBlock *tb)
{
    cache_drop_fast_entry(cpu_states[tb->owner], tb);
}

const struct cache_ops cache_separate_ops = {
    .name = "separate",
    .default_bytes = (size_t)32 << 20,
    .regions = 8,
    .init = separate_init,
    .build_lock = no_lock,
    .build_unlock = no_lock,
    .chain_lock = no_lock,
    .chain_unlock = no_lock,
    .flush = separate_flush,
    .flush_all = separate_flush_all,
    .drop_fast = separate_drop_fast,
    .cache_of = separate_cache_of,
};
