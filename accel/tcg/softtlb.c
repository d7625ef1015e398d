/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fast memory tables (softtlb.h): contexts, fills, flushes, and taking store rights away.
 *
 * Problem: ARMv6 Linux changes ASID at every process switch and DACR at every kernel entry, exit and user copy; neither
 * may cost a flush. Idea: a CPU keeps NB_CONTEXTS sets of tables, each for one (MMU on, ASID, DACR, FCSE, privilege); a
 * switch only picks another set. The least recently used one is recycled. Every context has a generation that is part
 * of JITState.ctxkey, so that jump-cache entries die with a flush at no cost.
 *
 * The tables of a context are one lazily backed mapping: 8 MiB loads, 8 MiB stores, 4 MiB fetch, and zeroes for
 * addresses that are not aligned between them (softtlb.h). A flush walks the list of pages that were filled. All of
 * this belongs to the CPU's thread; tlb_revoke_writes() changes other CPUs' tables inside an exclusive section, when
 * they are stopped.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/debug-points.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/softtlb-contexts.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "tcg/ir.h"

enum { MIB_BITS = 20 };
enum { DFSR_WRITE = 1u << 11 };

const TLBOwner *tlb_owner;

/* Which virtual page of a CPU has a store entry for a page of RAM. */
enum { WRITER_NONE = 0, WRITER_MANY = 1, WRITER_FIRST = 2 };

static inline bool bit_get(const uint64_t *map, unsigned i) { return map[i / 64] >> (i % 64) & 1; }
static inline void bit_set(uint64_t *map, unsigned i) { map[i / 64] |= 1ull << (i % 64); }
static inline void bit_clear(uint64_t *map, unsigned i) { map[i / 64] &= ~(1ull << (i % 64)); }

/* What is only read counts for nothing where the host lets nobody reserve more memory than there is. */
static uint8_t *reserve_tables(size_t bytes)
{
    size_t huge = 2u << 20;
    uint8_t *map = mmap(NULL, bytes + huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (map == MAP_FAILED) {
        return NULL;
    }
    map = (uint8_t *)(((uintptr_t)map + huge - 1) & ~(uintptr_t)(huge - 1));
    /* Sparse: huge pages cost 4 times the memory and 0.3 s of zeroing per boot. */
    madvise(map, bytes, MADV_NOHUGEPAGE);
    return map;
}

static bool allow_writes(const struct TLBTables *t)
{
    return mprotect(t->read, TLB_TABLE_BYTES, PROT_READ | PROT_WRITE) == 0 &&
           mprotect(t->write, TLB_TABLE_BYTES, PROT_READ | PROT_WRITE) == 0 &&
           mprotect(t->code, TLB_TABLE_BYTES / 2, PROT_READ | PROT_WRITE) == 0;
}

void tlb_cpu_init(CPUARMState *env)
{
    struct TLBContexts *s = calloc(1, sizeof(*s));
    size_t bytes = (size_t)NB_CONTEXTS * TLB_TABLES_BYTES;
    uint8_t *map = reserve_tables(bytes);
    bool ok = s && map;

    for (int i = 0; i < NB_CONTEXTS && ok; i++) {
        uint8_t *p = map + (size_t)i * TLB_TABLES_BYTES;

        s->ctx[i].t.read = (int64_t *)(void *)p;
        s->ctx[i].t.write = (int64_t *)(void *)(p + TLB_WRITE_OFFSET);
        s->ctx[i].t.code = (uint32_t *)(void *)(p + TLB_CODE_OFFSET);
        ok = allow_writes(&s->ctx[i].t);
    }
    if (!ok) {
        error_exit("cannot reserve %zu MiB for the memory tables of CPU %u", bytes >> 20, env->cpu_index);
    }
    s->writer = calloc(RAM_PAGES_MAX, sizeof(uint32_t));       /* costs nothing where there is no RAM */
    if (!s->writer) {
        error_exit("out of memory for the memory tables of CPU %u", env->cpu_index);
    }
    env_cpu(env)->tlb = s;
    env_recall_anew(env);
    s->current = &s->ctx[0];
    s->last_gen = 1;
    s->ctx[0].gen = 1;
    env_jit(env)->tlb_read = (uint64_t *)s->current->t.read;
}

static void set_ctxkey(CPUARMState *env)
{
    struct TLBContext *c = env_cpu(env)->tlb->current;

    env_jit(env)->tlb_read = (uint64_t *)c->t.read;
    env_jit(env)->ctxkey = c->gen * (TBF_MASK + 1) | arm_tb_flags(env);
}

static uint32_t new_generation(CPUARMState *env)
{
    struct TLBContexts *s = env_cpu(env)->tlb;

    if (++s->last_gen > UINT32_MAX / (TBF_MASK + 1)) {
        memset(env_jit(env)->jump_cache, 0, sizeof(env_jit(env)->jump_cache));
        s->last_gen = NB_CONTEXTS + 1;
        for (int i = 0; i < NB_CONTEXTS; i++) {
            s->ctx[i].gen = s->ctx[i].gen ? (uint32_t)i + 1 : 0;
        }
        /* The caller may be about another context; an entry made with the old key would come to life a round later. */
        set_ctxkey(env);
    }
    return s->last_gen;
}

/* Only entries that are there: reading a part of a table that was never filled costs no memory, writing does. */
static void clear_page(struct TLBContext *c, uint32_t vpage)
{
    if (c->t.read[vpage]) {
        c->t.read[vpage] = 0;
    }
    if (c->t.write[vpage]) {
        c->t.write[vpage] = 0;
    }
    if (c->t.code[vpage]) {
        c->t.code[vpage] = 0;
    }
}

/*
 * Whoever is in the jump cache was fetched, so a context with nothing filled needs no new generation: callers ask, but
 * for who takes the context over.
 */
static void flush_context(CPUARMState *env, struct TLBContext *c)
{
    for (uint32_t i = 0; i < c->nfilled; i++) {
        clear_page(c, c->filled[i]);
    }
    c->nfilled = 0;
    memset(c->touched, 0, sizeof(c->touched));
    memset(c->large, 0, sizeof(c->large));
    memset(c->super, 0, sizeof(c->super));
    c->gen = new_generation(env);
}

static struct TLBContext *find_context(CPUARMState *env, bool privileged)
{
    struct TLBContexts *s = env_cpu(env)->tlb;
    bool mmu = env->cp15.sctlr & SCTLR_M;
    uint32_t key = (mmu ? (env->cp15.contextidr & 0xff) | KEY_MMU : 0) | (privileged ? KEY_PRIV : 0);
    uint32_t dacr = mmu ? env->cp15.dacr : 0, fcse = env->cp15.fcse;
    struct TLBContext *oldest = &s->ctx[0];

    for (int i = 0; i < NB_CONTEXTS; i++) {
        struct TLBContext *c = &s->ctx[i];
        if (c->key == key && c->dacr == dacr && c->fcse == fcse && c->gen) {
            c->last_use = ++s->clock;
            return c;
        }
        if (c->last_use < oldest->last_use) {
            oldest = c;
        }
    }
    env_cpu(env)->n.ctx_recycle++;
    flush_context(env, oldest);
    oldest->key = key;
    oldest->dacr = dacr;
    oldest->fcse = fcse;
    oldest->last_use = ++s->clock;
    return oldest;
}

void arm_context_changed(CPUARMState *env)
{
    env_cpu(env)->tlb->current = find_context(env, arm_privileged(env));
    set_ctxkey(env);
    env_cpu(env)->n.ctx_switch++;
}

static inline TLBTables *tables(CPUARMState *env, bool privileged)
{
    if (arm_privileged(env) == privileged) {
        return &env_cpu(env)->tlb->current->t;
    }
    return &find_context(env, privileged)->t;
}

TLBTables *tlb_tables(CPUARMState *env, bool privileged)
{
    return tables(env, privileged);
}

/* ---- fills ---- */

static void note_filled(CPUARMState *env, struct TLBContext *c, uint32_t vpage, uint32_t size)
{
    if (c->nfilled == MAX_FILLED) {
        flush_context(env, c);
        set_ctxkey(env);
    }
    if (!c->t.read[vpage] && !c->t.write[vpage] && !c->t.code[vpage]) {
        c->filled[c->nfilled++] = vpage;
        bit_set(c->touched, vpage >> 8);
    }
    if (size > 4096) {
        bit_set(c->large, vpage >> 8);
    }
    if (size > (1u << MIB_BITS)) {
        bit_set(c->super, vpage >> 12);
    }
}

static void note_writer(struct TLBContexts *s, uint32_t page, uint32_t vpage)
{
    uint32_t *w = &s->writer[page], now = __atomic_load_n(w, __ATOMIC_RELAXED);

    if (now == WRITER_NONE) {
        __atomic_store_n(w, vpage + WRITER_FIRST, __ATOMIC_RELAXED);
    } else if (now != vpage + WRITER_FIRST) {
        __atomic_store_n(w, WRITER_MANY, __ATOMIC_RELAXED);
    }
}

int64_t tlb_slow_entry(uint32_t page, uint32_t why)
{
    return (int64_t)(1ull << 63 | (uint64_t)page << TLB_PAGE_BITS | why);
}

/*
 * What a store to a RAM page has to do, as the table entry. Loads go by it, too, next to stores (IR op `page`): not to
 * where a debugger waits for them.
 */
static int64_t store_entry(CPUARMState *env, uint32_t vpage, uint32_t page, const uint8_t *host)
{
    uint32_t why;

    ram_page_set_dirty(page);
    /*
     * First claim, then look: mpd_protect_page() marks the page, then looks for claims. One of the two sees the other.
     */
    note_writer(env_cpu(env)->tlb, page, vpage);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    why = (ram_page_has(page, RAM_PAGE_CODE) ? TLB_SLOW_CODE : 0) |
          (ram_page_has(page, RAM_PAGE_WATCHED) ? TLB_SLOW_WATCHED : 0) |
          (debug_page_is_watched(vpage, true) || debug_page_is_watched(vpage, false) ? TLB_SLOW_DEBUG : 0);
    if (why) {
        return tlb_slow_entry(page, why | TLB_SLOW_RAM);
    }
    return (int64_t)((uintptr_t)host - ((uint64_t)vpage << TLB_PAGE_BITS));
}

static int64_t ram_entry(CPUARMState *env, uint32_t vpage, uint32_t page, const uint8_t *host, bool store)
{
    if (store) {
        return store_entry(env, vpage, page, host);
    }
    if (debug_page_is_watched(vpage, false)) {
        return tlb_slow_entry(page, TLB_SLOW_RAM | TLB_SLOW_DEBUG);
    }
    return (int64_t)((uintptr_t)host - ((uint64_t)vpage << TLB_PAGE_BITS));
}

int64_t tlb_fill(CPUARMState *env, uint32_t va, bool store, bool privileged, uint32_t *fault)
{
    TLBTables *t = tables(env, privileged);
    struct TLBContext *c = (struct TLBContext *)(void *)t;     /* t is its first member */
    uint32_t vpage = va >> TLB_PAGE_BITS, ram;
    ARMPageInfo info;
    const uint8_t *host;
    int64_t e;

    env_cpu(env)->n.tlb_fill++;
    *fault = arm_mmu_walk(env, va, store ? MMU_DATA_STORE : MMU_DATA_LOAD, privileged, &info);
    if (*fault) {
        return 0;
    }
    host = store ? memory_ram_at(info.phys & ~0xfffu, 1u << TLB_PAGE_BITS, &ram)
                 : memory_read_at(info.phys & ~0xfffu, 1u << TLB_PAGE_BITS, &ram);
    if (!host) {
        e = tlb_slow_entry(info.phys >> TLB_PAGE_BITS, TLB_SLOW_MMIO);
    } else {
        if (tlb_owner) {
            tlb_owner->take(env, ram >> TLB_PAGE_BITS, store);
        }
        e = ram_entry(env, vpage, ram >> TLB_PAGE_BITS, host, store);
    }
    if (info.size < 4096) {
        /* 1 KiB subpages with different rights: checked at every access, never kept. */
        return host ? tlb_slow_entry(ram >> TLB_PAGE_BITS, TLB_SLOW_RAM | TLB_SLOW_CODE | TLB_SLOW_WATCHED) : e;
    }
    note_filled(env, c, vpage, info.size);
    *(store ? &t->write[vpage] : &t->read[vpage]) = e;
    if (tlb_owner) {
        tlb_owner->filled(env, c, vpage, host ? ram >> TLB_PAGE_BITS : TLB_NO_RAM, store ? TLB_STORE : TLB_LOAD);
    }
    return e;
}

/* The entry leads to RAM still, but the page may be special in another way than it says. */
static int64_t look_again(CPUARMState *env, TLBTables *t, uint32_t vpage, int64_t e, bool store)
{
    uint32_t page = entry_addr(e, 0) >> TLB_PAGE_BITS;

    if (tlb_owner) {
        tlb_owner->take(env, page, store);
    }
    e = ram_entry(env, vpage, page, memory_ram_host(page << TLB_PAGE_BITS), store);
    (store ? t->write : t->read)[vpage] = e;
    if (tlb_owner) {
        tlb_owner->leads_to(env, (struct TLBContext *)(void *)t, vpage, page);
    }
    return e;
}

_Noreturn void raise_alignment_fault(CPUARMState *env, uint32_t va, bool store)
{
    arm_raise_data_abort(env, va, FAULT_ALIGNMENT | (store ? DFSR_WRITE : 0));
}

int64_t tlb_data_entry(CPUARMState *env, uint32_t va, bool store, uint32_t mem)
{
    bool privileged = arm_privileged(env) && !(mem & MEM_USER);
    TLBTables *t = tables(env, privileged);
    uint32_t vpage = va >> TLB_PAGE_BITS, fault;
    int64_t e = (store ? t->write : t->read)[vpage];

    /* A page whose code went away, or whose exclusives aged, gets its direct entry back. */
    if (e < 0 && ((e & TLB_SLOW_STALE) || (store && (e & TLB_SLOW_RAM) && !(e & (TLB_SLOW_MMIO | TLB_SLOW_DEBUG)) &&
                  !ram_page_has(entry_addr(e, 0) >> TLB_PAGE_BITS, RAM_PAGE_CODE | RAM_PAGE_WATCHED)))) {
        e = look_again(env, t, vpage, e, store);
    }
    if (e == 0) {
        e = tlb_fill(env, va, store, privileged, &fault);
        if (e == 0) {
            arm_raise_data_abort(env, va, fault | (store ? DFSR_WRITE : 0));
        }
    }
    if (tlb_owner && store && e < 0 && (e & TLB_SLOW_CODE)) {
        tlb_owner->alone(env);
    }
    return e;
}

static void own_code(CPUARMState *env, uint32_t code)
{
    if ((code & 0xfff) == TLB_CODE_MMIO) {
        tlb_owner->alone(env);
    } else {
        tlb_owner->take(env, code >> TLB_PAGE_BITS, false);
    }
}

uint32_t tlb_fetch(CPUARMState *env, uint32_t pc, const uint8_t **page, bool *subpages)
{
    struct TLBContext *c = env_cpu(env)->tlb->current;
    uint32_t va = pc & ~1u, vpage = va >> TLB_PAGE_BITS, code = c->t.code[vpage], ram;

    *subpages = false;
    if (!code) {
        ARMPageInfo info;
        uint32_t fault = arm_mmu_walk(env, va, MMU_INST_FETCH, arm_privileged(env), &info);
        if (fault) {
            arm_raise_prefetch_abort(env, va, fault);
        }
        code = memory_read_at(info.phys & ~0xfffu, 1u << TLB_PAGE_BITS, &ram) ? ram | TLB_CODE
                                                                              : (info.phys & ~0xfffu) | TLB_CODE_MMIO;
        *subpages = info.size < 4096;
        if (tlb_owner) {
            own_code(env, code);
        }
        if (!*subpages) {
            note_filled(env, c, vpage, info.size);
            c->t.code[vpage] = code;
            if (tlb_owner) {
                tlb_owner->filled(env, c, vpage, TLB_NO_RAM, TLB_FETCH);
            }
        }
    } else if (tlb_owner) {
        own_code(env, code);
    }
    *page = (code & 0xfff) == TLB_CODE_MMIO ? NULL : memory_ram_host(code & ~0xfffu);
    return (code & ~0xfffu) | (va & 0xfff);
}

/* ---- flushes ---- */

void tlb_flush_all(CPUARMState *env)
{
    struct TLBContexts *s = env_cpu(env)->tlb;

    env_cpu(env)->n.tlb_flush_all++;
    qemu_log_mask(LOG_MMU, "CPU %u: TLB: flush all\n", env->cpu_index);
    for (int i = 0; i < NB_CONTEXTS; i++) {
        if (s->ctx[i].nfilled) {
            flush_context(env, &s->ctx[i]);
        }
    }
    set_ctxkey(env);
}

void tlb_flush_asid(CPUARMState *env, uint32_t asid)
{
    struct TLBContexts *s = env_cpu(env)->tlb;

    env_cpu(env)->n.tlb_flush_asid++;
    qemu_log_mask(LOG_MMU, "CPU %u: TLB: flush ASID %u\n", env->cpu_index, asid & 0xff);
    for (int i = 0; i < NB_CONTEXTS; i++) {
        struct TLBContext *c = &s->ctx[i];
        if (c->nfilled && (c->key & KEY_MMU) && (c->key & 0xff) == (asid & 0xff)) {
            flush_context(env, c);
        }
    }
    set_ctxkey(env);
}

void tlb_flush_all_cpus(void)
{
    for (int i = 0; i < cpu_count; i++) {
        tlb_flush_all(cpu_states[i]->env);
    }
}

/* Forget [first, first + n) virtual pages; the generation changes if code was fetched there. */
static bool clear_range(struct TLBContext *c, uint32_t first, uint32_t n)
{
    bool code = false;

    for (uint32_t v = first; v < first + n; v++) {
        if (bit_get(c->touched, v >> 8)) {
            code |= c->t.code[v] != 0;
            clear_page(c, v);
        }
    }
    return code;
}

void tlb_flush_mva(CPUARMState *env, uint32_t mva, uint32_t asid)
{
    struct TLBContexts *s = env_cpu(env)->tlb;
    uint32_t vpage = mva >> TLB_PAGE_BITS;

    env_cpu(env)->n.tlb_flush_mva++;
    qemu_log_mask(LOG_MMU, "CPU %u: TLB: flush 0x%08x, ASID %u\n", env->cpu_index, mva, asid & 0xff);
    if (env->cp15.fcse) {
        tlb_flush_all(env);
        return;
    }
    /* The entry may be global, so every context counts, whatever its ASID. */
    for (int i = 0; i < NB_CONTEXTS; i++) {
        struct TLBContext *c = &s->ctx[i];
        bool code = false;
        if (!c->nfilled) {
            continue;
        }
        /* Nothing is left of the large page afterwards: a guest that flushes its pages one by one pays for it once. */
        if (bit_get(c->super, vpage >> 12)) {
            code = clear_range(c, vpage & ~0xfffu, 4096);
            bit_clear(c->super, vpage >> 12);
        } else if (bit_get(c->large, vpage >> 8)) {
            code = clear_range(c, vpage & ~0xffu, 256);
            bit_clear(c->large, vpage >> 8);
        } else {
            code = clear_range(c, vpage, 1);
        }
        if (code) {
            c->gen = new_generation(env);
        }
    }
    set_ctxkey(env);
}

void tlb_cpu_reset(CPUARMState *env)
{
    struct TLBContexts *s = env_cpu(env)->tlb;

    for (int i = 0; i < NB_CONTEXTS; i++) {
        flush_context(env, &s->ctx[i]);
        s->ctx[i].key = s->ctx[i].dacr = s->ctx[i].fcse = 0;
        s->ctx[i].last_use = 0;
        s->ctx[i].gen = 0;
    }
    memset(env_jit(env)->jump_cache, 0, sizeof(env_jit(env)->jump_cache));
    arm_context_changed(env);
}

/* ---- store rights ---- */

/*
 * Slow entries of the page go too: they say why it was special, and inline code trusts TLB_SLOW_WATCHED alone. That the
 * virtual page leads there stays: only the guest makes the CPU read its translation tables again.
 */
static void revoke_in_context(struct TLBContext *c, uint32_t vpage, uint32_t page, uintptr_t host)
{
    int64_t e;

    if (!bit_get(c->touched, vpage >> 8)) {
        return;
    }
    e = c->t.write[vpage];
    if (tlb_entry_leads_to(e, vpage, page, host)) {
        c->t.write[vpage] = tlb_slow_entry(page, TLB_SLOW_RAM | TLB_SLOW_STALE);
    }
}

void tlb_revoke_writes(uint32_t page)
{
    uintptr_t host = (uintptr_t)memory_ram_host(page << TLB_PAGE_BITS);

    for (int i = 0; i < cpu_count; i++) {
        struct TLBContexts *s = cpu_states[i]->tlb;
        uint32_t w = s->writer[page];

        for (int k = 0; k < NB_CONTEXTS && w != WRITER_NONE; k++) {
            struct TLBContext *c = &s->ctx[k];
            if (w != WRITER_MANY) {
                revoke_in_context(c, w - WRITER_FIRST, page, host);
                continue;
            }
            for (uint32_t f = 0; f < c->nfilled; f++) {
                revoke_in_context(c, c->filled[f], page, host);
            }
        }
        if (w != WRITER_NONE) {
            __atomic_store_n(&s->writer[page], WRITER_NONE, __ATOMIC_RELAXED);
        }
    }
}

bool tlb_take_dirty(uint32_t page, unsigned who)
{
    if (!ram_page_has(page, who)) {
        return false;
    }
    tlb_revoke_writes(page);
    ram_page_clear(page, who);
    return true;
}
