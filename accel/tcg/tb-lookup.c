/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the guest's PC to a block: Find Fast (the CPU's jump cache), Find Slow (hash table, by physical address), Build.
 * Runs on the CPU's own thread, reading E. Translated code looks into the same jump cache by itself.
 */
#include "accel/tcg/cache.h"
#include "accel/tcg/options.h"
#include "accel/tcg/softtlb-internal.h"
#include "qemu/log.h"
#include "qemu/observe.h"

static void fill_fast(CPUState *cpu, uint32_t pc, TranslationBlock *tb)
{
    uint32_t i = jump_cache_index(pc, env_jit(cpu->env)->ctxkey);

    cpu->fast[i] = tb;
    env_jit(cpu->env)->jump_cache[i] = (JumpCacheEntry) {
        .pc = pc,
        .ctxkey = env_jit(cpu->env)->ctxkey,
        .code = accel_options.backend_interp ? (void *)tb : (void *)tb->code,
    };
}

TranslationBlock *tb_find_step(CPUState *cpu)
{
    uint32_t pc = cpu->env->regs[15], phys, flags, generation = cpu->cache->generation;
    TranslationBlock *tb;
    const uint8_t *page;
    bool subpages;

    observe_begin(OBS_FIND_SLOW);       /* a prefetch abort ends it in cpu_exec() */
    phys = tlb_fetch(cpu->env, pc, &page, &subpages);
    flags = arm_tb_flags(cpu->env) | (subpages ? TBF_SUBPAGES : 0);
    observe_end(OBS_FIND_SLOW);
    tb = tb_build_step(cpu, pc, flags, phys, page);
    if (!tb) {
        cache_ops->flush(cpu, generation);
    }
    return tb;
}

TranslationBlock *tb_find(CPUState *cpu)
{
    CPUARMState *env = cpu->env;
    const JITState *jit = env_jit(env);
    CodeCache *cache = cpu->cache;
    uint32_t pc = env->regs[15];
    uint32_t i = jump_cache_index(pc, jit->ctxkey);
    uint32_t flags, phys, generation;
    TranslationBlock *tb;
    const uint8_t *page;
    bool subpages;

    cpu_count_event(cpu, find_fast);
    observe_begin(OBS_FIND_FAST);
    if (!cpu->alone && jit->jump_cache[i].pc == pc && jit->jump_cache[i].ctxkey == jit->ctxkey && jit->ctxkey) {
        cpu_count_event(cpu, find_fast_hit);
        tb = cpu->fast[i];
        observe_end(OBS_FIND_FAST);
        return tb;
    }
    observe_end(OBS_FIND_FAST);

    cpu_count_event(cpu, find_slow);
    observe_begin(OBS_FIND_SLOW);       /* a prefetch abort ends it in cpu_exec() */
    page = NULL;
    phys = tlb_fetch(env, pc, &page, &subpages);
    flags = arm_tb_flags(env) | (subpages ? TBF_SUBPAGES : 0) | (cpu->alone ? TBF_ALONE : 0) |
            (cpu->alone && cpu->told ? TBF_TOLD : 0);
    if (page) {
        tb = tb_hash_lookup(&cache->hash, pc, flags, phys);
        if (tb) {
            cpu_count_event(cpu, find_slow_hit);
        }
    } else {
        tb = NULL;
    }
    observe_end(OBS_FIND_SLOW);
    if (!tb) {
        generation = cache->generation;
        tb = tb_build(cpu, pc, flags, phys, page);
        if (!tb) {
            if (tlb_owner) {
                tlb_owner->alone(env);      /* blocks go only while nobody executes any */
            }
            cache_ops->flush(cpu, generation);
            return NULL;
        }
    }
    /*
     * With -d exec and -d cpu every block passes the main loop; so no block may find another by itself. Nor one in a
     * page with subpages: its fetch is in no table (tlb_fetch()), so no TLB operation would make the entry stale.
     */
    if (page && !subpages && !cpu->alone && !qemu_log_enabled(LOG_EXEC | LOG_CPU)) {
        fill_fast(cpu, pc, tb);
    }
    return tb;
}
