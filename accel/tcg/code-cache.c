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
#include "qemu/log.h"
#include "sysemu/cpus.h"

enum {
    GUARD = 64 * 1024,              /* unmapped on both sides of code memory */
    BYTES_PER_BLOCK = 192,          /* one descriptor for so much code memory: Linux's average is 240 */
    MIN_BLOCKS = 256,
    HUGE_PAGE = 2 << 20,
};
#define MIN_CODE_BYTES ((size_t)256 << 10)
#define MAX_CODE_BYTES ((size_t)1 << 30)    /* rel32 reaches all of it */

const struct cache_ops *cache_ops;

static void *map_memory(size_t bytes, int prot)
{
    uint8_t *p = mmap(NULL, bytes + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED || mprotect(p + GUARD, bytes, prot) < 0) {
        error_exit("cannot map %zu KiB for the code cache; try a smaller -accel tcg,tb-size=", bytes >> 10);
    }
    if (bytes >= 2 * (size_t)HUGE_PAGE) {
        madvise(p + GUARD, bytes, MADV_HUGEPAGE);
    }
    return p + GUARD;
}

CodeCache *cache_create(size_t bytes, int owner)
{
    CodeCache *c = g_new0(CodeCache, 1);
    unsigned bits = 8;

    c->buf.base = map_memory(bytes, PROT_READ | PROT_WRITE | PROT_EXEC);
    c->buf.ptr = c->buf.base;
    c->buf.end = c->buf.base + bytes;
    if (tcg_backend->init_buffer && !tcg_backend->init_buffer(&c->buf)) {
        error_exit("a code cache of %zu KiB is too small for the %s back end", bytes >> 10, tcg_backend->name);
    }
    c->first = c->buf.ptr;
    c->max_blocks = MAX(bytes / BYTES_PER_BLOCK, MIN_BLOCKS);
    c->blocks = map_memory((c->max_blocks * sizeof(TranslationBlock) + 4095) & ~(size_t)4095, PROT_READ | PROT_WRITE);
    while (bits < 20 && (1u << bits) < c->max_blocks) {
        bits++;
    }
    tb_hash_init(&c->hash, bits);
    pthread_mutex_init(&c->build, NULL);
    pthread_mutex_init(&c->chain, NULL);
    c->owner = owner;
    return c;
}

void cache_init(void)
{
    size_t bytes;

    cache_ops = NULL;
#ifdef CONFIG_CCACHE_SEPARATE
    if (accel_options.ccache_separate) {
        cache_ops = &cache_separate_ops;
    }
#endif
#ifdef CONFIG_CCACHE_UNIFIED
    if (!accel_options.ccache_separate) {
        cache_ops = &cache_unified_ops;
    }
#endif
    if (!cache_ops) {
        error_exit("-accel tcg,ccache=%s: this design was left out when the emulator was built (configure --ccache=)",
                   accel_options.ccache_separate ? "separate" : "unified");
    }
    bytes = accel_options.tb_size_kib ? (size_t)accel_options.tb_size_kib << 10
                                      : (size_t)accel_options.tb_size_mib << 20;
    if (!bytes) {
        bytes = cache_ops->default_bytes;
    }
    bytes = CLAMP(bytes, MIN_CODE_BYTES, MAX_CODE_BYTES);
    cache_ops->init((bytes + 4095) & ~(size_t)4095);
}

TranslationBlock *cache_alloc_block(CodeCache *cache)
{
    TranslationBlock *tb;

    if (cache->nblocks == cache->max_blocks) {
        return NULL;
    }
    tb = &cache->blocks[cache->nblocks++];
    memset(tb, 0, sizeof(*tb));
    tb->owner = cache->owner;
    return tb;
}

void cache_free_last_block(CodeCache *cache)
{
    cache->nblocks--;
}

void cache_reset(CodeCache *cache)
{
    for (uint32_t i = 0; i < cache->nblocks; i++) {
        free(cache->blocks[i].ir);
        cache->blocks[i].ir = NULL;
    }
    tb_hash_clear(&cache->hash);
    cache->nblocks = 0;
    cache->buf.ptr = cache->first;
    __atomic_store_n(&cache->generation, cache->generation + 1, __ATOMIC_RELEASE);
}

void cache_drop_fast_entry(CPUState *cpu, const TranslationBlock *tb)
{
    uint32_t i = cache_fast_index(tb->pc);

    if (cpu->fast[i] == tb) {
        cpu->env->jump_cache[i] = (JumpCacheEntry) { 0 };
        cpu->fast[i] = NULL;
    }
}

void cache_clear_fast(CPUState *cpu)
{
    memset(cpu->env->jump_cache, 0, sizeof(cpu->env->jump_cache));
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
