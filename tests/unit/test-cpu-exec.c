/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop, caches, MPD, E and CPU threads together, with a make-believe guest: a "block" is some words of
 * memory up to one that is a multiple of 8, "translated code" is a copy of them, and what they do is random: jump,
 * store to code or data, raise, wait for an interrupt or an event, switch translation tables. Caches are tiny, so
 * flushes happen all the time. Meanwhile the main thread raises interrupts, writes by DMA, pauses and resets, and sets
 * breakpoints, steps some CPUs and lets others stay as a debugger does.
 *
 * Checked: no block has a breakpoint, a step is one block; code memory stays intact while it is executed or waited in;
 * with one CPU a block equals memory; pause stops everything; interrupts always wake; CPUs that all wait for events
 * sleep. Each configuration is a process of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/debug-points.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/ram-write.h"
#include "accel/tcg/softtlb-internal.h"
#include "block/block.h"
#include "exec/memory.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "sysemu/accel.h"
#include "sysemu/cpus.h"
#include "target/arm/translate.h"
#include "tests/unit/tap.h"

enum { PAGES = 48, RAM_BYTES = PAGES * 4096, MAX_WORDS = 24, MAGIC = 0x600dc0de };
enum { ALARM_S = 1000 };                /* ends what hangs, if nobody else does first */

static uint32_t ram[RAM_BYTES / 4];     /* atomic, relaxed */
static uint8_t may_write[ARM_MAX_CPUS][PAGES];
static uint64_t blocks_run[ARM_MAX_CPUS];   /* atomic */
static uint64_t raised, irqs_taken, wfis;   /* atomic */
static uint32_t debugger_called;        /* atomic */
static unsigned broke, stepped;         /* stops that the debugger was told */
static uint32_t seeds[ARM_MAX_CPUS];
static bool all_wait;                   /* blocks do nothing but wait for events; atomic */
static bool exact;                      /* one CPU, no DMA at the moment: code must equal memory */

int qemu_loglevel;

#define CHECK(cond) ((cond) ? (void)0 : (printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond), fflush(stdout), abort()))

static uint32_t rnd(uint32_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 17;
    *s ^= *s << 5;
    return *s;
}

/* ---- back end ---- */

typedef struct Code {
    uint32_t magic, n, pc;
    TranslationBlock *to;               /* atomic: patched jump */
    uint32_t text[MAX_WORDS];
} Code;

static bool fake_init_buffer(CodeBuffer *buf)
{
    memset(buf->base, 0xee, 64);
    buf->ptr = buf->base + 64;
    return true;
}

static bool fake_emit(const IRBlock *b, TranslationBlock *tb, CodeBuffer *buf)
{
    size_t bytes = 512 + 64 * ((sizeof(Code) + b->nconsts * 8) / 64);      /* fills the cache soon */
    Code *c = (Code *)(void *)buf->ptr;

    if ((size_t)(buf->end - buf->ptr) < bytes) {
        return false;
    }
    *c = (Code) { .magic = MAGIC, .n = b->nconsts, .pc = b->pc };
    memcpy(c->text, b->consts, b->nconsts * 4);
    tb->code = buf->ptr;
    tb->code_size = bytes;
    tb->jmp[0].target_pc = (b->pc & ~0xfffu) | (b->consts[0] & 0xffc);
    tb->jmp[0].patch_offset = tb->jmp[0].saved_patch_offset = 4;
    buf->ptr += bytes;
    return true;
}

static void fake_store(CPUARMState *env, uint32_t phys, uint32_t value)
{
    uint32_t page = phys >> 12, *word = &ram[phys / 4];

    if (!may_write[env->cpu_index][page] && !ram_page_has(page, RAM_PAGE_CODE)) {
        may_write[env->cpu_index][page] = 1;
    }
    if (may_write[env->cpu_index][page]) {
        __atomic_store_n(word, value, __ATOMIC_RELAXED);
    } else {
        ram_store(env, phys, (uint8_t *)word, value, 4);
    }
}

static uint32_t random_pc(uint32_t *seed)
{
    /* Mostly a few pages; sometimes outside RAM. */
    uint32_t r = rnd(seed);

    if (r % 400 == 0) {
        return 0x10000000 + (r >> 12) % 256 * 4;
    }
    return r % 16 ? (r >> 8) % 100 * 120 : (r >> 8) % RAM_BYTES & ~3u;
}

/* What the block does besides jumping; may not return. */
static void act(CPUARMState *env, uint32_t *seed)
{
    uint32_t r = rnd(seed);

    if (__atomic_load_n(&all_wait, __ATOMIC_SEQ_CST)) {
        arm_cpu_wfe(env);
        return;
    }
    switch (r % 256) {
    case 0 ... 30:
        fake_store(env, (r >> 8) % RAM_BYTES & ~3u, rnd(seed));
        break;
    case 31 ... 33:     /* code */
        fake_store(env, (r >> 8) % (3 * 4096) & ~3u, rnd(seed));
        break;
    case 34:
        arm_cpu_wfi(env);
        __atomic_add_fetch(&wfis, 1, __ATOMIC_RELAXED);
        break;
    case 35 ... 36:
        __atomic_add_fetch(&raised, 1, __ATOMIC_RELAXED);
        env->exception = EXCP_SWI;
        cpu_loop_exit(env);
    case 37 ... 40:     /* other tables */
        env_jit(env)->ctxkey = env_jit(env)->ctxkey % 5 + 1;
        break;
    case 41:
        cpu_interrupt((r >> 8) % cpu_count, (r >> 16) & 1, 1);
        break;
    case 42:
        arm_cpu_wfe(env);
        break;
    case 43 ... 44:
        arm_cpu_sev();
        break;
    default:
        break;
    }
}

static uintptr_t run_blocks(CPUARMState *env, TranslationBlock *tb)
{
    uint32_t *seed = &seeds[env->cpu_index];
    uint32_t generation = env_cpu(env)->cache->generation;

    for (;;) {
        Code *c = (Code *)(void *)tb->code;

        CHECK(c->magic == MAGIC && c->pc == tb->pc && c->n >= 1);
        for (uint32_t i = 0; i < c->n && exact && tb->phys_pc < RAM_BYTES; i++) {
            CHECK(c->text[i] == ram[tb->phys_pc / 4 + i]);
        }
        for (uint32_t i = 0; i < c->n; i++) {
            CHECK(!debug_breakpoint_at(c->pc + 4 * i));
        }
        __atomic_add_fetch(&blocks_run[env->cpu_index], 1, __ATOMIC_RELAXED);
        /* An exception restarts at the next block. */
        env->regs[15] = random_pc(seed);
        act(env, seed);
        CHECK(generation == env_cpu(env)->cache->generation && c->magic == MAGIC && c->pc == tb->pc);
        if (__atomic_load_n(&env_jit(env)->exit_request, __ATOMIC_RELAXED)) {
            return 0;
        }
        if (rnd(seed) & 1) {
            TranslationBlock *to = __atomic_load_n(&c->to, __ATOMIC_ACQUIRE);

            env->regs[15] = tb->jmp[0].target_pc;
            if (!to) {
                return (uintptr_t)tb;
            }
            tb = to;
        } else {
            JumpCacheEntry *e = &env_jit(env)->jump_cache[(env->regs[15] >> 2) & (JUMP_CACHE_SIZE - 1)];

            if (e->pc != env->regs[15] || e->ctxkey != env_jit(env)->ctxkey) {
                return 0;
            }
            /* Real code jumps to e->code; here the block is needed too. */
            CHECK(((Code *)e->code)->pc == e->pc);
            tb = env_cpu(env)->fast[(env->regs[15] >> 2) & (JUMP_CACHE_SIZE - 1)];
            CHECK(tb && tb->code == e->code && !tb->invalid);
        }
    }
}

static uintptr_t fake_exec(CPUARMState *env, TranslationBlock *tb)
{
    sigjmp_buf here;

    env_jit(env)->unwind = &here;
    return sigsetjmp(here, 0) ? 0 : run_blocks(env, tb);
}

static void fake_set_jump(TranslationBlock *tb, int n, TranslationBlock *to)
{
    CHECK(n == 0 && to->pc == tb->jmp[0].target_pc);
    __atomic_store_n(&((Code *)(void *)tb->code)->to, to, __ATOMIC_RELEASE);
}

static void fake_clear_jump(TranslationBlock *tb, int n)
{
    __atomic_store_n(&((Code *)(void *)tb->code)->to, NULL, __ATOMIC_RELEASE);
}

static __attribute__((noreturn)) void fake_unwind(CPUARMState *env)
{
    siglongjmp(*env_jit(env)->unwind, 1);
}

/* Whichever the host has is the one that is chosen. */
#define FAKE_BACKEND { \
    .name = "fake", \
    .init_buffer = fake_init_buffer, \
    .emit = fake_emit, \
    .exec = fake_exec, \
    .set_jump = fake_set_jump, \
    .clear_jump = fake_clear_jump, \
    .unwind = fake_unwind \
}
const TCGBackend tcg_backend_x86_64 = FAKE_BACKEND;
const TCGBackend tcg_backend_interp = FAKE_BACKEND;

/* ---- the guest and everything else the accelerator asks for ---- */

void arm_translate(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, int max_insns)
{
    uint32_t offset = pc & 0xffc, n = 0, word;

    do {
        memcpy(&word, code_page + offset + 4 * n, 4);
        b->consts[n++] = word;
    } while (offset + 4 * n < 4096 && n < MAX_WORDS && (int)n < max_insns && (word & 7));
    b->pc = pc;
    b->nconsts = n;
    b->guest_bytes = b->depend_bytes = 4 * n;
    b->guest_insns = n;
}

void arm_translate_with_data(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, int max_insns)
{
    arm_translate(b, pc, flags, code_page, max_insns);
}

/* Nobody wants anything. */
void arm_translate_instrumented(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, bool has_data,
                                const Instrument *instrument)
{
    abort();
}

uint32_t arm_tb_flags(const CPUARMState *env)
{
    return env_jit(env)->ctxkey & 1;
}

uint32_t tlb_fetch(CPUARMState *env, uint32_t pc, const uint8_t **page, bool *subpages)
{
    if (rnd(&seeds[env->cpu_index]) % 500 == 0) {
        __atomic_add_fetch(&raised, 1, __ATOMIC_RELAXED);
        env->exception = EXCP_PREFETCH_ABORT;
        cpu_loop_exit(env);
    }
    *subpages = (pc >> 12) % 8 == 5;
    *page = pc < RAM_BYTES ? (const uint8_t *)ram + (pc & ~0xfffu) : NULL;
    return pc;
}

/* Pages have no owners here. */
const TLBOwner *tlb_owner;
void (*arm_table_reads)(CPUARMState *env, uint32_t ram);

int64_t tlb_slow_entry(uint32_t page, uint32_t why)
{
    return -1;
}

uint8_t *memory_ram_host(uint32_t at)
{
    return (uint8_t *)ram + at;
}

/* The fake tables have no watchpoints, and there is no I/O thread. */
void tlb_flush_all(CPUARMState *env)
{
}

void tlb_flush_mva(CPUARMState *env, uint32_t mva, uint32_t asid)
{
}

uint32_t arm_mmu_walk(CPUARMState *env, uint32_t va, MMUAccessType type, bool privileged, ARMPageInfo *info)
{
    info->phys = va;
    return FAULT_NONE;
}

void io_post(IOWork *w)
{
    __atomic_store_n(&debugger_called, 1, __ATOMIC_SEQ_CST);
}

bool arm_count_blocks;

bool io_is_quiet(void)
{
    return true;
}

uint32_t memory_ram_of_host(const uint8_t *host)
{
    return 0;
}

bool io_is_quiet_beside(void)
{
    return true;
}

void io_on_quiet(void (*fn)(void))
{
}

bool blk_any_under_way(void)
{
    return false;
}

void clock_keep(const ClockKeeper *k)
{
}

int64_t timers_deadline(void)
{
    return INT64_MAX;
}

bool timers_fire(int64_t now)
{
    return false;
}

void timers_fire_plain(void)
{
}

void warn_report(const char *fmt, ...)
{
}

bool arm_interrupt_pending(CPUARMState *env, int *excp)
{
    *excp = EXCP_IRQ;
    return __atomic_load_n(&env->irq_lines, __ATOMIC_ACQUIRE) && !(env->cpsr & CPSR_I);
}

void arm_do_exception(CPUARMState *env)
{
    CHECK(env->exception != EXCP_NONE);
    if (env->exception == EXCP_IRQ) {
        __atomic_add_fetch(&irqs_taken, 1, __ATOMIC_RELAXED);
        cpu_interrupt(env->cpu_index, 0, 0);
        cpu_interrupt(env->cpu_index, 1, 0);
    }
    env->regs[15] = random_pc(&seeds[env->cpu_index]);
}

void tlb_revoke_writes(uint32_t page)
{
    for (int i = 0; i < cpu_count && page < PAGES; i++) {
        may_write[i][page] = 0;
    }
}

void tlb_cpu_init(CPUARMState *env)
{
    env_jit(env)->ctxkey = 1;
}

void tlb_cpu_reset(CPUARMState *env)
{
    env_jit(env)->ctxkey = 1;
    memset(may_write[env->cpu_index], 0, PAGES);
}

void arm_cpu_reset(CPUARMState *env)
{
    seeds[env->cpu_index] = 1 + env->cpu_index;
}

/* No devices. */
MemoryRegion *memory_region_at(size_t index)
{
    return NULL;
}

uint8_t *memory_ram_ptr(uint32_t phys, uint32_t len)
{
    return phys < RAM_BYTES && len <= RAM_BYTES - phys ? (uint8_t *)ram + phys : NULL;
}

uint8_t *memory_ram_at(uint32_t phys, uint32_t len, uint32_t *at)
{
    *at = phys;
    return memory_ram_ptr(phys, len);
}

const uint8_t *memory_read_at(uint32_t phys, uint32_t len, uint32_t *at)
{
    return memory_ram_at(phys, len, at);
}

uint32_t memory_ram_phys(uint32_t at)
{
    return at;
}

uint32_t mmio_read(uint32_t phys, unsigned size, unsigned cpu)
{
    return 8;
}

uint32_t cpsr_read(const CPUARMState *env)
{
    return env->cpsr;
}

void ir_optimize(IRBlock *b, const uint8_t *host_flags)
{
}

void ir_print(FILE *f, const IRBlock *b)
{
}

void qemu_log(const char *fmt, ...)
{
}

FILE *qemu_log_lock(void)
{
    return stderr;
}

void qemu_log_unlock(FILE *f)
{
}

bool qemu_log_in_addr_range(uint32_t addr)
{
    return false;
}

void error_report(const char *fmt, ...)
{
    printf("# %s\n", fmt);
}

void error_exit(const char *fmt, ...)
{
    printf("# %s\n", fmt);
    exit(1);
}

/* ---- the machine ---- */

static void sleep_us(int us)
{
    struct timespec t = { 0, us * 1000 };

    nanosleep(&t, NULL);
}

static uint64_t total(void)
{
    uint64_t n = 0;

    for (int i = 0; i < cpu_count; i++) {
        n += __atomic_load_n(&blocks_run[i], __ATOMIC_RELAXED);
    }
    return n;
}

static void check_paused(bool reset)
{
    uint64_t before;

    cpus_pause();
    before = total();
    cpus_pause();
    CHECK(cpus_paused());
    if (reset) {
        cpus_reset();
    }
    sleep_us(200);
    cpus_resume();
    CHECK(total() == before);
    cpus_resume();
}

static void check_stop(const DebugStop *stop, const DebugRun *run)
{
    switch (stop->reason) {
    case DEBUG_BROKE:
        CHECK(debug_breakpoint_at(stop->addr) && cpu_states[stop->cpu]->env->regs[15] == stop->addr);
        broke++;
        break;
    case DEBUG_STEPPED:
        CHECK(run[stop->cpu] == DEBUG_STEP);
        stepped++;
        break;
    default:
        CHECK(stop->reason == DEBUG_NONE);
    }
}

/* A debugger's turn: breakpoints anywhere, and each CPU runs, steps or stays until one stops or some time is over. */
static void check_debugger(int cpus, uint32_t *seed)
{
    uint64_t before[ARM_MAX_CPUS];
    DebugRun run[ARM_MAX_CPUS];
    DebugStop stop;

    cpus_pause();
    for (int k = 0; k < 4; k++) {
        CHECK(debug_point_insert(DEBUG_BREAK_SOFTWARE, random_pc(seed), 4));
    }
    for (int c = 0; c < cpus; c++) {
        run[c] = (DebugRun)(rnd(seed) % 3);
        debug_set_run(c, run[c], rnd(seed) & 1);
        before[c] = __atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&debugger_called, 0, __ATOMIC_SEQ_CST);
    cpus_resume();
    for (int k = 0; k < 20 && !__atomic_load_n(&debugger_called, __ATOMIC_SEQ_CST); k++) {
        sleep_us(100);
    }
    cpus_pause();
    for (int c = 0; c < cpus; c++) {
        uint64_t ran = __atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED) - before[c];

        CHECK(run[c] == DEBUG_RUN || ran <= (run[c] == DEBUG_STEP));
    }
    stop = debug_take_stop();
    check_stop(&stop, run);
    debug_points_clear();
    cpus_resume();
}

/* Every block in use is in the hash table, and what it is chained to is in use, however often the cache was full. */
static void check_block(TranslationBlock *tb, void *opaque)
{
    CodeCache *cache = opaque;

    if (tb->invalid || tb->phys_pc >= RAM_BYTES) {
        return;
    }
    CHECK(tb_hash_lookup(&cache->hash, tb->pc, tb->flags, tb->phys_pc) == tb);
    CHECK(!tb->evicted);
    for (int n = 0; n < 2; n++) {
        CHECK(!tb->jmp[n].to || (!tb->jmp[n].to->invalid && tb->jmp[n].to->pc == tb->jmp[n].target_pc));
    }
}

typedef struct Count {
    const CacheRegion *fill;
    uint32_t used, elsewhere;   /* elsewhere: in other regions */
} Count;

static void count_block(TranslationBlock *tb, void *opaque)
{
    Count *n = opaque;

    if (!tb->invalid && tb->phys_pc < RAM_BYTES) {
        n->used++;
        n->elsewhere += tb < n->fill->blocks || tb >= n->fill->blocks + n->fill->max_blocks;
    }
}

/* CPUs have ended. */
static void check_caches(int cpus)
{
    for (int c = 0; c < cpus; c++) {
        CodeCache *cache = cpu_states[c]->cache;
        Count n = { &cache->region[cache->fill], 0, 0 };
        uint32_t listed = 0;

        cache_foreach(cache, check_block, cache);
        for (uint32_t i = 0; i < 1u << cache->hash.bits; i++) {
            for (TranslationBlock *tb = cache->hash.buckets[i]; tb; tb = tb->hash_next) {
                CHECK(!tb->invalid);
                listed++;
            }
        }
        cache_foreach(cache, count_block, &n);
        CHECK(listed == n.used);
        CHECK(cache->nregions == 1 || n.elsewhere);     /* what eviction leaves */
    }
}

static uint64_t flushes(int cpus)
{
    uint64_t n = 0;

    for (int c = 0; c < cpus; c++) {
        n += __atomic_load_n(&cpu_states[c]->n.flush, __ATOMIC_RELAXED);
    }
    return n;
}

/*
 * Has everything happened that a run has to show? How many rounds that takes is up to the host: a busy one, or a
 * sanitizer, lets the CPUs run little between two of them.
 */
static bool shown(int cpus)
{
    const CPUCounters *n = &cpu_states[0]->n;

    return broke > 3 && stepped > 3 && flushes(cpus) > 3 && __atomic_load_n(&raised, __ATOMIC_RELAXED) > 10 &&
           __atomic_load_n(&irqs_taken, __ATOMIC_RELAXED) > 10 && __atomic_load_n(&wfis, __ATOMIC_RELAXED) > 10 &&
           __atomic_load_n(&n->chain, __ATOMIC_RELAXED) && __atomic_load_n(&n->invalidate, __ATOMIC_RELAXED) &&
           __atomic_load_n(&n->find_fast_hit, __ATOMIC_RELAXED);
}

/* How often CPU 0 slept: with thread=single, how often all did. */
static uint64_t sleeps(void)
{
    return __atomic_load_n(&cpu_states[0]->n.idle, __ATOMIC_RELAXED);
}

static void wait_sleeps(uint64_t more)
{
    uint64_t n = sleeps();

    while (sleeps() < n + more) {       /* or the alarm */
        sleep_us(100);
    }
}

/* All CPUs are in WFE and nobody sends an event: they sleep, and each looks around once per sleep. */
static void check_all_wait(int cpus, bool single)
{
    uint64_t slept, ran;

    __atomic_store_n(&all_wait, true, __ATOMIC_SEQ_CST);
    for (int c = 0; c < cpus; c++) {
        cpu_interrupt(c, 0, 1);     /* out of WFI */
    }
    wait_sleeps(10);
    ran = total();
    slept = sleeps();
    wait_sleeps(50);
    slept = sleeps() - slept;
    ran = total() - ran;
    /* One block takes the event that ended the sleep, the next waits. */
    CHECK(!single || ran <= 2 * (uint64_t)cpus * (slept + 2));
    __atomic_store_n(&all_wait, false, __ATOMIC_SEQ_CST);
}

static void run_machine(int cpus, bool separate, bool single, unsigned regions, int rounds)
{
    uint32_t seed = 12345, word, data[16] = { 0 };
    uint64_t n;

    accel_init(&(AccelOptions) {
        .ccache_separate = separate, .thread_single = single, .tb_size_kib = 256, .tb_regions = regions,
    }, cpus);
    for (int i = 0; i < RAM_BYTES / 4; i++) {
        ram[i] = rnd(&seed);
    }
    for (int i = 0; i < cpus; i++) {
        cpu_create(i, cpus);
    }
    exact = cpus == 1 || single;
    cpus_start();
    sleep_us(1000);
    CHECK(total() == 0);
    cpus_resume();
    for (int i = 0; i < rounds || !shown(cpus); i++) {          /* or the alarm */
        for (int c = 0; c < cpus; c++) {
            cpu_interrupt(c, rnd(&seed) & 1, 1);
        }
        sleep_us(300);
        if (!exact) {
            word = rnd(&seed);
            for (int k = 0; k < 16; k++) {
                data[k] = rnd(&seed);
            }
            CHECK(dma_write(word % (RAM_BYTES - 64), data, word % 64));
        }
        CHECK(!dma_write(RAM_BYTES - 2, data, 4));
        if (i % 16 == 15) {
            check_paused(i % 64 == 63);
        }
        if (i % 8 == 3) {
            check_debugger(cpus, &seed);
        }
        if (i % 32 == 1) {
            cpu_kick((int)(rnd(&seed) % (uint32_t)cpus));
        }
    }
    /* An interrupt must get every CPU going, whatever it sleeps in. */
    for (int k = 0; k < 50; k++) {
        for (int c = 0; c < cpus; c++) {
            n = __atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED);
            cpu_interrupt(c, 0, 1);
            while (__atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED) == n) {    /* or the alarm */
                sleep_us(100);
            }
        }
    }
    check_all_wait(cpus, single);
    cpus_shutdown();
    for (int c = 0; c < cpus; c++) {
        CHECK(cpu_states[c]->reading == ELOCK_OUT);
    }
    check_caches(cpus);
    CHECK(shown(cpus));
    if (getenv("VERBOSE")) {
        char *text = accel_stats_text();
        fputs(text, stderr);
        free(text);
    }
}

int main(void)
{

    for (int i = 0; i < 8; i++) {
        int cpus = i < 2 ? 1 : 4, status = 0;
        bool separate = i & 1, single = i == 4 || i == 5;
        unsigned regions = i >= 6 ? 1 : 0;      /* emptied when full; or the design's own number */
        pid_t pid;

#ifndef CONFIG_CCACHE_UNIFIED
        if (!separate) {
            continue;
        }
#endif
#ifndef CONFIG_CCACHE_SEPARATE
        if (separate) {
            continue;
        }
#endif

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            alarm(ALARM_S);
            run_machine(cpus, separate, single, regions, 600);
            exit(0);
        }
        tap_case(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "%d CPU%s, %s cache%s, thread=%s%s", cpus,
                 cpus > 1 ? "s" : "", separate ? "separate" : "unified", separate ? "s" : "",
                 single ? "single" : "multi", regions ? ", tb-regions=1" : "");
    }
    return tap_done();
}
