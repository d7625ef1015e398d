/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See test-cpu-exec.c: the back end, the translator and all else that the accelerator asks a guest for. */
#include <string.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/debug-points.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/ram-write.h"
#include "accel/tcg/softtlb-internal.h"
#include "block/block.h"
#include "exec/memory.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "target/arm/translate.h"
#include "tests/unit/cpu-exec-guest.h"

enum { MAX_WORDS = 24, MAGIC = 0x600dc0de };

uint32_t ram[RAM_BYTES / 4];
uint64_t blocks_run[ARM_MAX_CPUS], raised, irqs_taken, wfis;
uint32_t debugger_called;
bool all_wait, exact;
static uint8_t may_write[ARM_MAX_CPUS][PAGES];
static uint32_t seeds[ARM_MAX_CPUS];

int qemu_loglevel;

uint32_t rnd(uint32_t *s)
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
    tb->jmp[0].target = b->consts[0] & 0xffc;
    tb->jmp[0].patch = tb->jmp[0].saved_patch = 1;
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

uint32_t random_pc(uint32_t *seed)
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

            env->regs[15] = tb_jump_target(tb, 0);
            if (!to) {
                return (uintptr_t)tb;
            }
            tb = to;
        } else {
            JumpCacheEntry *e = &env_jit(env)->jump_cache[jump_cache_index(env->regs[15], env_jit(env)->ctxkey)];

            if (e->pc != env->regs[15] || e->ctxkey != env_jit(env)->ctxkey) {
                return 0;
            }
            /* Real code jumps to e->code; here the block is needed too. */
            CHECK(((Code *)e->code)->pc == e->pc);
            tb = env_cpu(env)->fast[jump_cache_index(env->regs[15], env_jit(env)->ctxkey)];
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
    CHECK(n == 0 && to->pc == tb_jump_target(tb, 0));
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
    return env_jit(env)->ctxkey & (TBF_PRIV | TBF_VFP_EN);
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
    env_recall_anew(env);
}

void tlb_cpu_reset(CPUARMState *env)
{
    env_jit(env)->ctxkey = 1;
    memset(may_write[env->cpu_index], 0, PAGES);
}

void arm_context_changed(CPUARMState *env)
{
    (void)env;
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

void arm_cpu_dump_vfp(const CPUARMState *env, FILE *f)
{
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
