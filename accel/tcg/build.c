/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build: guest bytes -> IR -> passes -> host code -> published block. The whole pipeline in one function.
 *
 * Runs on a CPU's thread that reads E, in the CPU's own CacheBuilder, so CPUs that share a cache build side by side. B
 * is held to get a piece of code memory and to publish the block, never across an exclusive section, because others
 * wait for B while they read E: the page is protected first.
 */
#include <stdlib.h>
#include <string.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/debug-points.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/options.h"
#include "accel/tcg/perfmap.h"
#include "exec/memory.h"
#include "qemu/disas.h"
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
    if (qemu_log_enabled(LOG_OUT_ASM) && tb->code_size && qemu_log_in_addr_range(tb->pc)) {
        FILE *f = qemu_log_lock();

        fprintf(f, "OUT: [size=%u]\n", tb->code_size);
        disas_host(f, tb->code, tb->code_size);
        fputc('\n', f);
        qemu_log_unlock(f);
    }
}

/*
 * Translate and emit into tb; page: as for build(). False: no room in the builder's piece. A new piece must take any
 * block, so there a block that does not fit is made of fewer and fewer instructions; and so is, everywhere, one that
 * exceeds a limit of the back end: no room helps it.
 */
static bool translate_and_emit(CacheBuilder *b, TranslationBlock *tb, const uint8_t *page, int max_insns,
                               bool has_data)
{
    IRBlock *ir = &b->ir;
    bool new_piece = b->buf.ptr == b->begin;

    for (;;) {
        (has_data ? arm_translate_with_data : arm_translate)(ir, tb->pc, tb->flags, b->page, max_insns);
        if (plugin_hooks) {
            instrument_block(b, tb, page, has_data);
        }
        log_guest(ir, b->page);
        log_ir(ir, LOG_OP, "OP");
        ir_optimize(ir, tcg_backend->host_flags);
        log_ir(ir, LOG_OP_OPT, "OP after optimization");
        tb->guest_bytes = (uint16_t)ir->depend_bytes;
        tb->guest_insns = (uint8_t)ir->guest_insns;
        tb->flags_in = ir->flags_in;
        if (tcg_backend->emit(ir, tb, &b->buf)) {
            log_host(tb);
            if (tb->code_size) {
                perfmap_block(tb->code, tb->code_size, tb->pc, ir->guest_bytes);
            }
            return true;
        }
        if (!new_piece && !b->buf.too_complex) {
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

/* The block that was begun last is not needed. */
static void discard(CacheBuilder *b, TranslationBlock *tb, uint8_t *code_begin)
{
    if (tcg_backend->drop) {
        tcg_backend->drop(tb);
    }
    memset(tb, 0, sizeof(*tb));
    b->next = tb;
    b->buf.ptr = code_begin;
}

static void count_build(CPUState *cpu, const TranslationBlock *tb)
{
    cpu_count_event(cpu, build);
    cpu->n.build_insns += tb->guest_insns;
    cpu->n.build_guest_bytes += tb->guest_bytes;
    cpu->n.build_host_bytes += tb->code_size;
}

/* A copy, so that the translator sees one text however often it looks while other CPUs store. */
static void read_page(CacheBuilder *b, uint32_t phys_pc, const uint8_t *page, uint32_t word)
{
    if (page) {
        /* The whole page: it looks ahead at the targets of jumps. */
        guest_mem_read(b->page, page, sizeof(b->page));
    } else {
        memset(b->page, 0, sizeof(b->page));
        memcpy(b->page + (phys_pc & 0xffc), &word, sizeof(word));
    }
}

/* Put the block into the tables, unless another CPU was faster: then its block. */
static TranslationBlock *publish(CPUState *cpu, TranslationBlock *tb, uint8_t *code_begin)
{
    CodeCache *cache = cpu->cache;
    TranslationBlock *other;

    cache_ops->build_lock(cache);
    observe_begin(OBS_PUBLISH);
    other = tb_hash_lookup(&cache->hash, tb->pc, tb->flags, tb->phys_pc);
    if (!other) {
        __atomic_store_n(&tb->invalid, 0, __ATOMIC_RELEASE);
        mpd_add_block(tb);
        tb_hash_insert(&cache->hash, tb);
    }
    observe_end(OBS_PUBLISH);
    cache_ops->build_unlock(cache);
    if (other) {
        discard(cpu->builder, tb, code_begin);
        return other;
    }
    return tb;
}

/* The next descriptor; NULL: no room. */
static TranslationBlock *begin_block(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc)
{
    CacheBuilder *b = cpu->builder;
    TranslationBlock *tb = b->next;

    if (tb == b->end) {
        return NULL;
    }
    b->next++;
    tb->pc = pc;
    tb->flags = flags;
    tb->phys_pc = phys_pc;
    tb->owner = cpu->cache->owner;
    return tb;
}

/* How many instructions the block at pc may have. */
static int max_insns(uint32_t pc, uint32_t flags)
{
    int max = accel_options.one_insn || (flags & TBF_ALONE) ? 1 : BLOCK_MAX_INSNS;

    return __atomic_load_n(&debug_breakpoints, __ATOMIC_RELAXED) ? debug_limit_insns(pc, max) : max;
}

/*
 * One try in the builder's piece. `page`: the guest page, NULL: not RAM, and `word` is the instruction; such a block is
 * in no table. NULL: no room.
 */
static TranslationBlock *build(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page,
                               uint32_t word)
{
    CacheBuilder *b = cpu->builder;
    uint8_t *code_begin = b->buf.ptr;
    TranslationBlock *tb = begin_block(cpu, pc, flags, phys_pc);
    bool has_data = false;

    if (!tb) {
        return NULL;
    }
    if (page) {
        /* No word is a constant where a debugger watches loads. */
        has_data = mpd_build_begin(phys_pc >> 12) || debug_page_is_watched(pc >> 12, false);
    }
    read_page(b, phys_pc, page, word);
    if (translate_and_emit(b, tb, page, page ? max_insns(pc, flags) : 1, has_data)) {
        count_build(cpu, tb);
        if (page) {
            tb = publish(cpu, tb, code_begin);
        }
    } else {
        discard(b, tb, code_begin);
        tb = NULL;
    }
    if (page) {
        mpd_build_end(phys_pc >> 12);
    }
    return tb;
}

static bool take_piece(CPUState *cpu)
{
    bool done;

    cache_ops->build_lock(cpu->cache);
    observe_begin(OBS_PUBLISH);
    done = cache_take_piece(cpu->cache, cpu->builder);
    observe_end(OBS_PUBLISH);
    cache_ops->build_unlock(cpu->cache);
    return done;
}

TranslationBlock *tb_build(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page)
{
    TranslationBlock *tb = NULL;
    uint32_t word = 0;

    if (page) {
        mpd_protect_page(cpu->env, phys_pc >> 12);
    } else {
        word = fetch_mmio(cpu, pc, phys_pc);
    }
    observe_begin(OBS_BUILD);
    if (page) {
        tb = tb_hash_lookup(&cpu->cache->hash, pc, flags, phys_pc);     /* another CPU was faster */
    }
    while (!tb && !(tb = build(cpu, pc, flags, phys_pc, page, word)) && take_piece(cpu)) {
    }
    observe_end(OBS_BUILD);
    return tb;
}

/* Thumb's BL and BLX are two instructions here, and one for whoever steps through a program. */
static int step_insns(const CacheBuilder *b, uint32_t pc)
{
    return (pc & 1) && (b->page[(pc & 0xffe) + 1] & 0xf8) == 0xf0 ? 2 : 1;
}

/* It is executed at once, like an instruction that was fetched already; so nobody has to tell when its bytes change. */
static TranslationBlock *build_step(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page,
                                    uint32_t word)
{
    CacheBuilder *b = cpu->builder;
    uint8_t *code_begin = b->buf.ptr;
    TranslationBlock *tb = begin_block(cpu, pc, flags, phys_pc);

    if (!tb) {
        return NULL;
    }
    tb->invalid = 1;
    read_page(b, phys_pc, page, word);
    if (!translate_and_emit(b, tb, page, step_insns(b, pc), true)) {
        discard(b, tb, code_begin);
        return NULL;
    }
    return tb;
}

TranslationBlock *tb_build_step(CPUState *cpu, uint32_t pc, uint32_t flags, uint32_t phys_pc, const uint8_t *page)
{
    TranslationBlock *tb = NULL;
    uint32_t word = page ? 0 : fetch_mmio(cpu, pc, phys_pc);

    observe_begin(OBS_BUILD);
    while (!(tb = build_step(cpu, pc, flags, phys_pc, page, word)) && take_piece(cpu)) {
    }
    observe_end(OBS_BUILD);
    return tb;
}
