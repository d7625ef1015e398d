/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build: guest bytes -> IR -> passes -> host code -> published block. The whole pipeline in one function.
 *
 * Runs on a CPU's thread that reads E. Order of locks: the page is protected first (exclusive section), then B is
 * taken; B is never held across an exclusive section, because others wait for B while they read E.
 */
#include <string.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/mpd.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "qemu/observe.h"
#include "target/arm/translate.h"

/* -d in_asm, op, op_opt, out_asm for one block. */
static void log_guest(const IRBlock *ir, const uint8_t *page)
{
    if (qemu_log_enabled(LOG_IN_ASM) && qemu_log_in_addr_range(ir->pc)) {
        FILE *f = qemu_log_lock();

        fprintf(f, "----------------\nIN:\n");
        disas_guest(f, ir->pc, page + (ir->pc & (ir->pc & 1 ? 0xffe : 0xffc)), ir->guest_bytes);
        fputc('\n', f);
        qemu_log_unlock(f);
    }
}

static void log_ir(const IRBlock *ir, int mask, const char *title)
{
    if (qemu_log_enabled(mask) && qemu_log_in_addr_range(ir->pc)) {
        FILE *f = qemu_log_lock();

        fprintf(f, "%s:\n", title);
        ir_print(f, ir);
        fputc('\n', f);
        qemu_log_unlock(f);
    }
}

static void log_host(const TranslationBlock *tb)
{
    if (qemu_log_enabled(LOG_OUT_ASM) && tb->code && qemu_log_in_addr_range(tb->pc)) {
        FILE *f = qemu_log_lock();

        fprintf(f, "OUT: [size=%u]\n", tb->code_size);
        disas_host(f, tb->code, tb->code_size);
        fputc('\n', f);
        qemu_log_unlock(f);
    }
}

/*
 * Translate and emit into tb. False: no room. An empty cache must take any block, so there a block that does not fit is
 * made of fewer and fewer instructions; and so is, everywhere, one that exceeds a limit of the back end: no flush helps it.
 */
static bool translate_and_emit(CodeCache *cache, TranslationBlock *tb, const uint8_t *page, int max_insns, bool has_data)
{
    IRBlock *ir = &cache->ir;
    bool empty = cache_region_empty(cache);

    for (;;) {
        (has_data ? arm_translate_with_data : arm_translate)(ir, tb->pc, tb->flags, page, max_insns);
        log_guest(ir, page);
        log_ir(ir, LOG_OP, "OP");
        ir_optimize(ir);
        log_ir(ir, LOG_OP_OPT, "OP after optimization");
        tb->guest_bytes = ir->depend_bytes;
        tb->guest_insns = ir->guest_insns;
        if (tcg_backend->emit(ir, tb, &cache->buf)) {
            log_host(tb);
            return true;
        }
        if (!empty && !cache->buf.too_complex) {
            return false;
        }
        if (max_insns == 1) {
            error_exit("the code cache cannot hold one instruction (at 0x%08x); use a larger -accel tcg,tb-size=",
                       tb->pc);
        }
        max_insns /= 2;
    }
}

/*
 * Code outside RAM: read its word through the bus and make a block of one instruction for this once. It is in no table,
 * since nobody would tell when the device changes its mind. No lock is held: the device takes its own.
 */
static uint32_t fetch_mmio(CPUState *cpu, uint32_t pc, uint32_t phys)
{
    uint32_t word;

    if (!(phys & 0xffc)) {
        qemu_log_mask(LOG_GUEST_ERROR, "CPU %d executes outside RAM at 0x%08x (physical 0x%08x)\n", cpu->index, pc,
                      phys);
    }
    elock_suspend(cpu->env);
    word = mmio_read(phys & ~3u, 4, cpu->index);
    elock_resume(cpu->env);
    return word;
}

static void count_build(CPUState *cpu, const TranslationBlock *tb)
{
    cpu_count_event(cpu, build);
    cpu->n.build_insns += tb->guest_insns;
    cpu->n.build_guest_bytes += tb->guest_bytes;
    cpu->n.build_host_bytes += tb->code_size;
}

/*
 * One try, in the region that is being filled. B held. `page`: the guest page, NULL: not RAM, and `word` is the instruction.
 * NULL: no room.
 */
static TranslationBlock *build(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page,
                               uint32_t word)
{
    CodeCache *cache = cpu->cache;
    TranslationBlock *tb = cache_alloc_block(cache);
    bool has_data = false, done;

    if (!tb) {
        return NULL;
    }
    tb->pc = pc;
    tb->flags = flags;
    tb->phys_pc = phys_pc;
    if (page) {
        has_data = mpd_build_begin(phys_pc >> 12);
        /*
         * A copy, so that the translator sees one text however often it looks while other CPUs store. The whole
         * page: it looks ahead at the targets of jumps.
         */
        guest_mem_read(cache->page, page, sizeof(cache->page));
    } else {
        memset(cache->page, 0, sizeof(cache->page));
        memcpy(cache->page + (phys_pc & 0xffc), &word, sizeof(word));
    }
    done = translate_and_emit(cache, tb, cache->page, page ? BLOCK_MAX_INSNS : 1, has_data);
    if (done) {
        count_build(cpu, tb);
        if (page) {
            mpd_add_block(tb);
            tb_hash_insert(&cache->hash, tb);
        }
    } else {
        cache_free_last_block(cache);
    }
    if (page) {
        mpd_build_end(phys_pc >> 12);
    }
    return done ? tb : NULL;
}

TranslationBlock *tb_build(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page)
{
    CodeCache *cache = cpu->cache;
    TranslationBlock *tb = NULL;
    uint32_t word = 0;

    if (page) {
        mpd_protect_page(cpu->env, phys_pc >> 12);
    } else {
        word = fetch_mmio(cpu, pc, phys_pc);
    }
    cache_ops->build_lock(cache);
    observe_begin(OBS_BUILD);
    if (page) {
        tb = tb_hash_lookup(&cache->hash, pc, flags, phys_pc);      /* somebody else was faster */
    }
    while (!tb && !(tb = build(cpu, pc, flags, phys_pc, page, word)) && cache_next_region(cache)) {
    }
    observe_end(OBS_BUILD);
    cache_ops->build_unlock(cache);
    return tb;
}
