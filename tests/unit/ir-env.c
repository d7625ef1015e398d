/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ir-env.h. Stands in for the accelerator, the soft TLB, the system side of target/arm and the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/ldst.h"
#include "accel/tcg/softtlb.h"
#include "hw/semihosting.h"
#include "qemu/log.h"
#include "sysemu/accel.h"
#include "tcg/helper.h"
#include "tests/unit/ir-env.h"
#include "tests/unit/tap.h"

TestMachine machine;
int qemu_loglevel;
int cpu_count = 1;
bool semihosting_enabled, semihosting_userspace;
bool icount_on;
AccelOptions accel_options;
const TCGBackend *tcg_backend = &tcg_backend_interp;
static CodeBuffer buffer;

bool arm_mode_valid(uint32_t mode)
{
    return mode & 0x10;
}

void qemu_log(const char *fmt, ...)
{
}

uint64_t test_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static void trace(uint64_t v)
{
    machine.trace = (machine.trace ^ v) * 0x100000001b3ull;
    machine.trace ^= machine.trace >> 29;
}

static uint32_t flag_bits(const CPUARMState *env)
{
    return (env->nzcv.nz >> 6) << 2 | (env->nzcv.c & 1) << 1 | (env->nzcv.v & 1);
}

/* Everything an exception handler would find: what is exact in env wherever something may raise. */
static void observe(CPUARMState *env)
{
    for (int i = 0; i < 15; i++) {
        trace(env->regs[i]);
    }
    trace(flag_bits(env));
}

static uint32_t fake_pure(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    trace(a);
    trace(b);
    return a * 3 + b * 5 + c;
}

static uint32_t fake_raise(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    observe(env);
    trace(env->regs[15]);
    return fake_pure(env, a, b, c);
}

static uint32_t fake_rflags(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    trace(flag_bits(env));
    return fake_pure(env, a, b, c);
}

static uint32_t fake_wflags(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    trace(flag_bits(env));
    env->nzcv.c = a & 1;
    return fake_pure(env, a, b, c);
}

static uint32_t fake_regs(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    env->regs[a & 7] += b;
    return fake_pure(env, a, b, c);
}

static uint32_t fake(uint32_t id, CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    uint8_t flags = ir_helper_flags(id);

    if (id == HELPER_raise) {
        arm_raise_exception(env, a);
    }
    if (flags & HF_WFLAGS) {
        return fake_wflags(env, a, b, c);
    }
    if (flags & HF_RAISE) {
        return fake_raise(env, a, b, c);
    }
    if (flags & HF_RFLAGS) {
        return fake_rflags(env, a, b, c);
    }
    return flags & HF_REGS ? fake_regs(env, a, b, c) : fake_pure(env, a, b, c);
}

/* What a row does here follows from its HF_* flags, unless the test links the real function. */
#define H(name, nargs, flags) \
    __attribute__((weak)) uint32_t helper_##name(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c) \
    { \
        return fake(HELPER_##name, env, a, b, c); \
    }
#include "target/arm/helper-table.def"
#undef H

const HelperInfo helper_table[NB_HELPERS] = {
#define H(name, nargs, flags) [HELPER_##name] = { #name, helper_##name, nargs, flags },
#include "target/arm/helper-table.def"
#undef H
};

_Noreturn void cpu_loop_exit(CPUARMState *env)
{
    tcg_backend->unwind(env);
}

_Noreturn void arm_raise_exception(CPUARMState *env, int excp)
{
    machine.excp = excp;
    cpu_loop_exit(env);
}

void arm_context_changed(CPUARMState *env)
{
    machine.context_changes++;
}

/* Byte by byte, since an access may leave the page and come in again at its start. */
static uint64_t access_memory(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc, bool store, uint64_t value)
{
    uint32_t size = 1u << (mem & MEM_SIZE);
    uint64_t old = 0;

    observe(env);
    trace(va);
    trace(mem);
    trace(pc);
    if (machine.fault) {
        env->regs[15] = pc;
        arm_raise_exception(env, EXCP_DATA_ABORT);
    }
    for (uint32_t i = 0; i < size; i++) {
        uint8_t *byte = &machine.mem[(va + i) & (TEST_MEM_BYTES - 1)];
        unsigned shift = 8 * (mem & MEM_BE ? size - 1 - i : i);

        old |= (uint64_t)*byte << shift;
        if (store) {
            *byte = value >> shift;
        }
    }
    return old;
}

uint64_t slow_load64(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc)
{
    return access_memory(env, va, mem, pc, false, 0);
}

uint32_t slow_load(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc)
{
    uint32_t v = access_memory(env, va, mem, pc, false, 0);

    if (mem & MEM_SIGNED) {
        v = (mem & MEM_SIZE) == 0 ? (uint32_t)(int8_t)v : (uint32_t)(int16_t)v;
    }
    return v;
}

void slow_store(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem, uint32_t pc)
{
    access_memory(env, va, mem, pc, true, val);
}

void slow_store64(CPUARMState *env, uint32_t va, uint64_t val, uint32_t mem, uint32_t pc)
{
    access_memory(env, va, mem, pc, true, val);
}

void slow_ldm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc)
{
    uint32_t *words = (uint32_t *)(void *)env_jit(env)->ldm_buf;

    for (uint32_t i = 0; i < n; i++) {
        if ((mem & MEM_SIZE) == 3) {
            env_jit(env)->ldm_buf[i] = slow_load64(env, va + i * 8, mem, pc);
        } else {
            words[i] = slow_load(env, va + i * 4, mem, pc);
        }
    }
}

void slow_stm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc)
{
    uint32_t *words = (uint32_t *)(void *)env_jit(env)->ldm_buf;

    for (uint32_t i = 0; i < n; i++) {
        if ((mem & MEM_SIZE) == 3) {
            slow_store64(env, va + i * 8, env_jit(env)->ldm_buf[i], mem, pc);
        } else {
            slow_store(env, va + i * 4, words[i], mem, pc);
        }
    }
}

static void *map(size_t bytes, int prot)
{
    void *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        abort();
    }
    return p;
}

static uint64_t *no_pages, *all_pages, *some_pages;

void machine_init(void)
{
    CPUStorage *storage = aligned_alloc(64, sizeof(*storage));

    memset(storage, 0, sizeof(*storage));
    machine.env = &storage->env;
    machine.mem = map(TEST_MEM_BYTES, PROT_READ | PROT_WRITE);
    no_pages = map(TLB_WRITE_OFFSET * 2, PROT_READ | PROT_WRITE);
    env_jit(machine.env)->tlb_read = no_pages;
    env_jit(machine.env)->ctxkey = 1;
    env_recall_anew(machine.env);
    machine_reset(0);
}

/* Bit 0: loads of the page, bit 1: stores. */
static uint64_t *make_table(unsigned (*allowed)(uint32_t page))
{
    uint64_t *table = map(TLB_WRITE_OFFSET * 2, PROT_READ | PROT_WRITE);

    for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
        uint64_t entry = (uintptr_t)machine.mem - ((uint64_t)i << TLB_PAGE_BITS);

        table[i] = allowed(i) & 1 ? entry : 0;
        table[i + TLB_WRITE_OFFSET / sizeof(*table)] = allowed(i) & 2 ? entry : 0;
    }
    return table;
}

static unsigned all(uint32_t page)
{
    return 3;
}

static unsigned some(uint32_t page)
{
    static const uint8_t kinds[] = { 0, 1, 3, 3 };

    return kinds[page * 2654435761u >> 30];
}

void machine_fast_memory(MachineMemory which)
{
    if (which == MEMORY_FAST && !all_pages) {
        all_pages = make_table(all);
    }
    if (which == MEMORY_SOME && !some_pages) {
        some_pages = make_table(some);
    }
    env_jit(machine.env)->tlb_read = which == MEMORY_FAST ? all_pages : which == MEMORY_SOME ? some_pages : no_pages;
}

/* Half of a VFP register's values are such that operations on them give NaNs, infinities and least normal numbers. */
static uint64_t random_double(uint64_t *state)
{
    static const uint64_t special[] = {
        0x3ff0000000000000, 0xbff8000000000000, 0x0000000000000000, 0x7ff0000000000000, 0xfff0000000000000,
        0x7ff8000000000001, 0xfff8000000000002, 0x7ff0000000000003, 0x0010000000000000, 0x3fefffffffffffff,
        0x3f8000007f800000, 0xff8000007fc00001, 0x7f8000023f000000, 0x3f7fffff00800000, 0x00800000bf800000,
        0x0000000000000001, 0x800fffffffffffff, 0x007fffff80000003,     /* subnormal */
    };
    uint64_t value = test_random(state), which = test_random(state) % (2 * sizeof(special) / sizeof(special[0]));

    return which < sizeof(special) / sizeof(special[0]) ? special[which] : value;
}

void machine_reset(uint64_t seed)
{
    CPUARMState *env = machine.env;
    uint64_t state = seed;

    for (int i = 0; i < 16; i++) {
        env->regs[i] = seed ? test_random(&state) : 0;
        env->vfp.d[i] = seed ? random_double(&state) : 0;
    }
    for (int i = 0; i < TEST_MEM_BYTES; i++) {
        machine.mem[i] = seed ? test_random(&state) : 0;
    }
    env->nzcv = (ARMFlags){ .nz = seed ? test_random(&state) : 0, .c = seed ? test_random(&state) & 1 : 0,
                            .v = seed ? test_random(&state) & 1 : 0 };
    env->fp_nzcv = (ARMFlags){ 0 };
    env->mxcsr = 0x1f80;
    env->fpscr = env->fpscr_cum = 0;
    env_jit(env)->budget = seed % 5 ? 10000 : 10;       /* IR_budget: enough, or for short blocks alone */
    machine.trace = 0;
    machine.excp = EXCP_NONE;
    machine.fault = false;
}

/* Where the next block goes. */
static uint8_t *code_begin(void)
{
    if (!buffer.base && tcg_backend != &tcg_backend_interp) {
        buffer.base = map(1 << 20, PROT_READ | PROT_WRITE | PROT_EXEC);
        buffer.end = buffer.base + (1 << 20);
        if (!tcg_backend->init_buffer(&buffer)) {
            abort();
        }
    }
    return buffer.ptr;
}

static bool emit_block(const IRBlock *b, TranslationBlock *tb)
{
    memset(tb, 0, sizeof(*tb));
    tb->pc = b->pc;
    tb->flags = b->flags;
    tb->flags_in = b->flags_in;
    return tcg_backend->emit(b, tb, &buffer);
}

static void drop(TranslationBlock *tb)
{
    if (tcg_backend->drop) {
        tcg_backend->drop(tb);
    }
}

bool machine_run(const IRBlock *b)
{
    TranslationBlock tb;
    uint8_t *begin = code_begin();

    if (!emit_block(b, &tb)) {
        return false;
    }
    tcg_backend->exec(machine.env, &tb);
    buffer.ptr = begin;
    drop(&tb);
    return true;
}

bool machine_run_pair(const IRBlock *b, const IRBlock *next, bool chained)
{
    TranslationBlock tb, to;
    uint8_t *begin = code_begin();
    bool done = emit_block(b, &tb) && emit_block(next, &to);

    for (int n = 0; n < TB_JUMPS && done && chained; n++) {
        if (tb.jmp[n].patch) {
            tcg_backend->set_jump(&tb, n, &to);
        }
    }
    /* Chained, it leaves by its jump only if exit_request says so. */
    if (done && (tcg_backend->exec(machine.env, &tb) & ~(uintptr_t)(TB_JUMPS - 1)) == (uintptr_t)&tb) {
        tcg_backend->exec(machine.env, &to);
    }
    buffer.ptr = begin;
    return done;
}

int machine_run_loop(const IRBlock *b, MachineLoop how)
{
    TranslationBlock tb, first;
    uint8_t *begin = code_begin();
    uint32_t plain = 0;
    bool done;
    int offset;

    if (how == LOOP_STOPPED) {
        done = emit_block(b, &tb);
        plain = tb.loop_offset;
        buffer.ptr = begin;
    }
    buffer.tier2 = how != LOOP_PLAIN;
    done = emit_block(b, &tb);
    buffer.tier2 = false;
    offset = done ? (int)tb.loop_offset : -1;
    first = tb;
    if (how == LOOP_STOPPED && done) {
        first.code += tb.loop_offset != plain ? tb.loop_offset : 0;
        tb.loop_offset = plain;
        env_jit(machine.env)->looped = 0;
    }
    for (int n = 0; n < TB_JUMPS && done; n++) {
        if (tb.jmp[n].patch && tb_jump_target(&tb, n) == b->pc) {
            tcg_backend->set_jump(&tb, n, &tb);
        }
    }
    do {
        machine.env->regs[15] = 0;
        tcg_backend->exec(machine.env, &first);
        first = tb;
    } while (done && machine.env->regs[15] == b->pc && machine.excp == EXCP_NONE);
    buffer.ptr = begin;
    drop(&tb);
    return offset;
}

bool machine_run_loop_often(const IRBlock *b, unsigned times, void (*prepare)(void))
{
    TranslationBlock tb;
    uint8_t *begin = code_begin();
    uint32_t plain;

    if (!emit_block(b, &tb)) {
        return false;
    }
    plain = tb.loop_offset;
    buffer.ptr = begin;
    buffer.tier2 = true;
    emit_block(b, &tb);
    buffer.tier2 = false;
    tcg_backend->set_jump(&tb, 0, &tb);
    while (times-- > 0) {
        prepare();
        tcg_backend->exec(machine.env, &tb);
    }
    buffer.ptr = begin;
    return tb.loop_offset != plain;
}

void test_ok(bool ok, const char *name)
{
    tap_case(ok, "%s", name);
}

int test_done(void)
{
    return tap_done();
}
