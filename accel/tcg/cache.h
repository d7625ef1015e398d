/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A code cache: code memory (CC), block descriptors (TBDA), their hash table (TBHT) and the translator's scratch (TCG).
 * `struct cache_ops` separates PQEMU's two designs: one cache for all CPUs (unified) or one per CPU (separate);
 * everything else in accel/tcg/ serves both. Fields belong to B (unified) or to the owner CPU (separate) unless noted.
 */
#ifndef ACCEL_TCG_CACHE_H
#define ACCEL_TCG_CACHE_H
#include <stddef.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/tb-hash.h"
#include "qemu/lock.h"

enum { BLOCK_MAX_INSNS = 128, CACHE_MAX_REGIONS = 16 };

/* A part of the cache: handed out to builders from its beginning, evicted as a whole. */
typedef struct CacheRegion {
    uint8_t *begin, *ptr, *end; /* code memory; ptr: what is handed out ends here */
    TranslationBlock *blocks;   /* those that are not in use are all zeroes */
    uint32_t nblocks, max_blocks;   /* nblocks: handed out */
} CacheRegion;

/*
 * One CPU's translator: its scratch, and the piece of a region that it fills. So CPUs that share a cache translate side
 * by side; they meet at B to get a piece and to publish a block. Belongs to the CPU's thread; Flush takes pieces back.
 */
typedef struct CacheBuilder {
    CodeBuffer buf;             /* base: of the cache */
    uint8_t *begin;             /* of the piece */
    TranslationBlock *next, *end;   /* its descriptors that are not used yet */
    IRBlock ir;                 /* the block being built */
    uint8_t page[4096];         /* copy of the guest page it is built from */
} CacheBuilder;

typedef struct CodeCache {
    CodeBuffer buf;             /* all of it, with the back end's prologue */
    CacheRegion region[CACHE_MAX_REGIONS];
    unsigned nregions, fill;    /* fill: the region that is being handed out; they are filled in turns */
    size_t piece_bytes;
    TBHash hash;
    CountedLock build;          /* B; unified only */
    CountedLock chain;          /* C; unified only */
    uint32_t generation;        /* number of flushes; written with all users stopped, or by the owner */
    uint8_t owner;              /* CPU index; unified: 0 */
} CodeCache;

struct cache_ops {
    const char *name;
    size_t default_bytes;       /* code memory of each cache */
    unsigned regions;           /* that a cache is divided into; 1: a full cache is emptied (docs/caches.md) */
    /* Create the caches, `bytes` of code memory each, and set CPUState.cache of all CPUs. */
    void (*init)(size_t bytes);
    /* Around what changes the cache's tables, and around changes of chains. */
    void (*build_lock)(CodeCache *cache);
    void (*build_unlock)(CodeCache *cache);
    void (*chain_lock)(CodeCache *cache);
    void (*chain_unlock)(CodeCache *cache);
    /*
     * Flush: make room in the cache of cpu, whose generation was `generation` when the caller found it full; nothing
     * happens if somebody flushed since. Main loop of cpu.
     */
    void (*flush)(CPUState *cpu, uint32_t generation);
    /* Flush every cache (reset, log settings); all CPUs are paused. */
    void (*flush_all)(void);
    /* Remove the block from the jump caches of all CPUs that may run it. Exclusive section. */
    void (*drop_fast)(const TranslationBlock *tb);
    CodeCache *(*cache_of)(const TranslationBlock *tb);
};
extern const struct cache_ops cache_unified_ops, cache_separate_ops;
extern const struct cache_ops *cache_ops;   /* chosen by cache_choose() */

/* ---- code-cache.c ---- */
/* Choose the design; before all else. */
void cache_choose(bool separate);
/* Create the caches as accel_options want them (error_exit if impossible). Before the CPU threads start. */
void cache_init(void);
/* `sharers`: how many CPUs use it. Owner 0 comes first; tb_set_origin() is called. */
CodeCache *cache_create(size_t bytes, int owner, int sharers);
/* Give the builder another piece. False: nothing is left but by Flush. B held. */
bool cache_take_piece(CodeCache *cache, CacheBuilder *b);
/* Go on in the next region and evict its blocks from all tables. Nobody runs any block of the cache. */
void cache_evict_region(CodeCache *cache);
/* Throw away all blocks; nobody uses them and they are in no table but the hash. */
void cache_reset(CodeCache *cache);
/* For every block of the cache. As cache_reset(). */
void cache_foreach(const CodeCache *cache, void (*fn)(TranslationBlock *tb, void *opaque), void *opaque);
typedef struct CacheUsage {
    size_t bytes, bytes_used;   /* code memory */
    uint32_t blocks, blocks_max;
} CacheUsage;
/* A snapshot for statistics. Any thread. */
CacheUsage cache_usage(const CodeCache *cache);
/* Take the block out of hash, chains and jump caches; it stays valid memory. Exclusive section. */
void cache_unlink_block(TranslationBlock *tb);
void cache_clear_fast(CPUState *cpu);
void cache_drop_fast_entry(CPUState *cpu, const TranslationBlock *tb);

/* ---- chain.c ---- */
/* If block prev's exit n leads to tb, patch it. E read; takes C. */
void tb_chain(CPUState *cpu, TranslationBlock *prev, int n, TranslationBlock *tb);
/* Undo all chains from and to tb. Exclusive section, or owner (separate). */
void tb_unchain(TranslationBlock *tb);

/* ---- tb-lookup.c ---- */
/* Find Fast, Find Slow, Build: the block for env->regs[15], or NULL: the cache was flushed, look again. May raise. */
TranslationBlock *tb_find(CPUState *cpu);
/* The same, a block of the one instruction there. */
TranslationBlock *tb_find_step(CPUState *cpu);

/* ---- build.c ---- */
/* Translate; NULL: the cache is full. E read; takes B. `page`: host address of the guest page, NULL: not RAM. */
TranslationBlock *tb_build(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page);
/* The same for one instruction (Thumb: BL as a whole), to be executed once: the block is in no table. */
TranslationBlock *tb_build_step(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page);
#endif
