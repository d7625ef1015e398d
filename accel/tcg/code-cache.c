/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both cache designs share: memory of a code cache, allocation of descriptors, taking blocks out of the tables.
 * Callers hold what cache.h says; no lock is taken here.
 */
#include <assert.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <glib.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/options.h"
#include "accel/tcg/perfmap.h"
#include "qemu/log.h"

enum {
    GUARD = 64 * 1024,              /* unmapped on both sides of code memory */
    BYTES_PER_BLOCK = 192,          /* one descriptor for so much code memory: Linux's average is 240 */
    MIN_BLOCKS = 256,
    HUGE_PAGE = 2 << 20,
    MIN_PIECE = 16 * 1024,          /* of code memory for a builder: holds any block, or nearly */
    MAX_PIECE = 128 * 1024,
};
#define MIN_CODE_BYTES ((size_t)256 << 10)
#define MAX_CODE_BYTES ((size_t)1 << 30)    /* rel32 reaches all of it */

const struct cache_ops *cache_ops;

/* `huge`: it is used by and by from its beginning, and much. */
static void *map_memory(size_t bytes, int prot, bool huge)
{
    uint8_t *p = mmap(NULL, bytes + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED || mprotect(p + GUARD, bytes, prot) < 0) {
        error_exit("cannot map %zu KiB for the code cache; try a smaller -accel tcg,tb-size=", bytes >> 10);
    }
    if (bytes >= 2 * (size_t)HUGE_PAGE) {
        madvise(p + GUARD, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    }
    return p + GUARD;
}

/*
 * The descriptors of one cache, `blocks` of them. Those of all caches are in one piece of memory, for TBRef reaches 16
 * GiB. The first cache makes it.
 */
static TranslationBlock *take_blocks(const CodeCache *c, size_t blocks, unsigned caches)
{
    static TranslationBlock *all;

    if (c->owner == 0) {
        all = map_memory((caches * blocks * sizeof(*all) + 4095) & ~(size_t)4095, PROT_READ | PROT_WRITE, false);
        tb_set_origin(all);
    }
    return all + c->owner * blocks;
}

/* Page-aligned parts of code memory, the first without the prologue, and an equal share of the descriptors for each. */
static void divide(CodeCache *c, size_t bytes, unsigned n, unsigned caches)
{
    uint32_t blocks = MAX(bytes / BYTES_PER_BLOCK, MIN_BLOCKS) / n;
    TranslationBlock *all = take_blocks(c, (size_t)n * blocks, caches);
    size_t part = (bytes / n) & ~(size_t)4095;

    c->nregions = n;
    for (unsigned i = 0; i < n; i++) {
        uint8_t *begin = i ? c->buf.base + i * part : c->buf.ptr;

        c->region[i] = (CacheRegion) {
            .begin = begin,
            .ptr = begin,
            .end = c->buf.base + (i == n - 1 ? bytes : (i + 1) * part),
            .blocks = all + i * blocks,
            .max_blocks = blocks,
        };
    }
}

CodeCache *cache_create(size_t bytes, int owner, int sharers)
{
    CodeCache *c = g_new0(CodeCache, 1);
    unsigned bits = 8;

    c->owner = (uint8_t)owner;
    c->buf.base = map_memory(bytes, PROT_READ | PROT_WRITE | PROT_EXEC, true);
    c->buf.ptr = c->buf.base;
    c->buf.end = c->buf.base + bytes;
    if (tcg_backend->init_buffer && !tcg_backend->init_buffer(&c->buf)) {
        error_exit("a code cache of %zu KiB is too small for the %s back end", bytes >> 10, tcg_backend->name);
    }
    perfmap_thunks(c->buf.base, (size_t)(c->buf.ptr - c->buf.base));
    divide(c, bytes, plugin_hooks ? 1 : accel_options.tb_regions, (unsigned)(cpu_count / sharers));
    c->piece_bytes = (size_t)(c->region[0].end - c->region[0].begin);
    if (sharers > 1) {
        c->piece_bytes = CLAMP(c->piece_bytes / (2 * (size_t)sharers), MIN_PIECE, MAX_PIECE);
    }
    /* One bucket for two to four blocks of a full cache; most caches never get as full. */
    while (bits < 20 && (4u << bits) < c->nregions * c->region[0].max_blocks) {
        bits++;
    }
    tb_hash_init(&c->hash, bits);
    return c;
}

static void create_builders(void)
{
    for (int i = 0; i < cpu_count; i++) {
        CacheBuilder *b = g_new0(CacheBuilder, 1);

        b->buf.base = cpu_states[i]->cache->buf.base;
        b->buf.tier2 = accel_options.tier2;
        cpu_states[i]->builder = b;
    }
}

void cache_choose(bool separate)
{
    cache_ops = NULL;
#ifdef CONFIG_CCACHE_SEPARATE
    if (separate) {
        cache_ops = &cache_separate_ops;
    }
#endif
#ifdef CONFIG_CCACHE_UNIFIED
    if (!separate) {
        cache_ops = &cache_unified_ops;
    }
#endif
    assert(cache_ops);          /* the options know what was left out */
}

void cache_init(void)
{
    size_t bytes = (size_t)accel_options.tb_size_kib << 10;

    bytes = CLAMP(bytes, MIN_CODE_BYTES, MAX_CODE_BYTES);
    cache_ops->init((bytes + 4095) & ~(size_t)4095);
    create_builders();
}

bool cache_take_piece(CodeCache *cache, CacheBuilder *b)
{
    CacheRegion *r = &cache->region[cache->fill];
    size_t bytes;
    uint32_t blocks;

    if ((size_t)(r->end - r->ptr) < MIN_PIECE || r->nblocks == r->max_blocks) {
        unsigned next = (cache->fill + 1) % cache->nregions;

        r = &cache->region[next];
        if (r->nblocks) {
            return false;
        }
        __atomic_store_n(&cache->fill, next, __ATOMIC_RELAXED);
    }
    bytes = MIN(cache->piece_bytes, (size_t)(r->end - r->ptr));
    blocks = MIN(MAX(bytes / BYTES_PER_BLOCK, 1), r->max_blocks - r->nblocks);
    b->begin = b->buf.ptr = r->ptr;
    b->buf.end = r->ptr + bytes;
    b->next = r->blocks + r->nblocks;
    b->end = b->next + blocks;
    __atomic_store_n(&r->ptr, b->buf.end, __ATOMIC_RELAXED);
    __atomic_store_n(&r->nblocks, r->nblocks + blocks, __ATOMIC_RELAXED);
    return true;
}

/* The region's memory will be handed out anew. Builders with a piece of it are at their main loop, or this one. */
static void release(const CodeCache *cache, CacheRegion *r)
{
    for (int i = 0; i < cpu_count; i++) {
        CacheBuilder *b = cpu_states[i]->builder;

        if (cpu_states[i]->cache == cache && b->begin >= r->begin && b->begin < r->end) {
            b->begin = b->buf.ptr = b->buf.end = NULL;
            b->next = b->end = NULL;
        }
    }
    for (uint32_t i = 0; i < r->nblocks; i++) {
        TranslationBlock *tb = &r->blocks[i];

        if (tb->code) {
            if (tcg_backend->drop) {
                tcg_backend->drop(tb);
            }
            memset(tb, 0, sizeof(*tb));
        }
    }
    __atomic_store_n(&r->ptr, r->begin, __ATOMIC_RELAXED);
    __atomic_store_n(&r->nblocks, 0, __ATOMIC_RELAXED);
}

static bool in_use(const TranslationBlock *tb)
{
    return tb->code && !tb->invalid;
}

static void next_generation(CodeCache *cache)
{
    __atomic_store_n(&cache->generation, cache->generation + 1, __ATOMIC_RELEASE);
}

/* The lists of pages last, and each page once: they are walked for all evicted blocks together. */
void cache_evict_region(CodeCache *cache)
{
    unsigned next = (cache->fill + 1) % cache->nregions;
    CacheRegion *r = &cache->region[next];

    for (uint32_t i = 0; i < r->nblocks; i++) {
        TranslationBlock *tb = &r->blocks[i];

        if (in_use(tb)) {
            cache_unlink_block(tb);
            tb->evicted = 1;
        }
    }
    for (uint32_t i = 0; i < r->nblocks; i++) {
        if (r->blocks[i].evicted) {
            mpd_forget_evicted(&r->blocks[i]);
        }
    }
    release(cache, r);
    __atomic_store_n(&cache->fill, next, __ATOMIC_RELAXED);
    next_generation(cache);
}

void cache_reset(CodeCache *cache)
{
    for (unsigned i = 0; i < cache->nregions; i++) {
        release(cache, &cache->region[i]);
    }
    tb_hash_clear(&cache->hash);
    instrument_forget(cache->owner);
    __atomic_store_n(&cache->fill, 0, __ATOMIC_RELAXED);
    next_generation(cache);
}

void cache_foreach(const CodeCache *cache, void (*fn)(TranslationBlock *tb, void *opaque), void *opaque)
{
    for (unsigned i = 0; i < cache->nregions; i++) {
        for (uint32_t n = 0; n < cache->region[i].nblocks; n++) {
            TranslationBlock *tb = &cache->region[i].blocks[n];

            if (tb->code) {
                fn(tb, opaque);
            }
        }
    }
}

static void count(TranslationBlock *tb, void *opaque)
{
    ++*(uint32_t *)opaque;
}

CacheUsage cache_usage(const CodeCache *cache)
{
    CacheUsage u = { 0 };

    cache_foreach(cache, count, &u.blocks);
    for (unsigned i = 0; i < cache->nregions; i++) {
        const CacheRegion *r = &cache->region[i];

        u.blocks_max += r->max_blocks;
        u.bytes += (size_t)(r->end - r->begin);
        u.bytes_used += (size_t)(__atomic_load_n(&r->ptr, __ATOMIC_RELAXED) - r->begin);
    }
    return u;
}

void cache_drop_fast_entry(CPUState *cpu, const TranslationBlock *tb)
{
    uint32_t i = jump_cache_index(tb->pc, tb->flags);

    if (cpu->fast[i] == tb) {
        env_jit(cpu->env)->jump_cache[i] = (JumpCacheEntry) { 0 };
        cpu->fast[i] = NULL;
    }
}

void cache_clear_fast(CPUState *cpu)
{
    memset(env_jit(cpu->env)->jump_cache, 0, sizeof(env_jit(cpu->env)->jump_cache));
    memset(cpu->fast, 0, sizeof(cpu->fast));
}

void cache_unlink_block(TranslationBlock *tb)
{
    CodeCache *cache = cache_ops->cache_of(tb);

    if (tb->invalid) {
        return;
    }
    tb_unchain(tb);
    tb_hash_remove(&cache->hash, tb);
    cache_ops->drop_fast(tb);
    tb->invalid = 1;
}
