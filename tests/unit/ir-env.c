/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ir-env.h. Stands in for the accelerator, the soft TLB, the system side of target/arm and the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/softtlb.h"
#include "qemu/log.h"
#include "tcg/helper.h"
#include "tests/unit/ir-env.h"

TestMachine machine;
int qemu_loglevel;
static int tests_run, tests_failed;

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

/* Everything an exception handler would find. */
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

static uint32_t fake_observe(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    observe(env);
    return fake_pure(env, a, b, c);
}

static uint32_t fake_wflags(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    observe(env);
    env->nzcv.c = a & 1;
    return fake_pure(env, a, b, c);
}

static uint32_t fake_regs(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    env->regs[a & 7] += b;
    return fake_pure(env, a, b, c);
}

/* What each row does here follows from its HF_* flags. */
const HelperInfo helper_table[NB_HELPERS] = {
#define H(name, nargs, flags) [HELPER_##name] = { #name, \
        ((flags) & HF_WFLAGS) ? fake_wflags : ((flags) & (HF_RAISE | HF_RFLAGS)) ? fake_observe : \
        ((flags) & HF_REGS) ? fake_regs : fake_pure, nargs, flags },
#include "target/arm/helper-table.def"
#undef H
};

_Noreturn void cpu_loop_exit(CPUARMState *env)
{
    tcg_backend_interp.unwind(env);
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

static uint8_t *access_bytes(CPUARMState *env, uint32_t va, uint32_t size, uint32_t mem, uint32_t pc)
{
    observe(env);
    trace(va);
    trace(mem);
    trace(pc);
    if (machine.fault) {
        env->regs[15] = pc;
        arm_raise_exception(env, EXCP_DATA_ABORT);
    }
    return &machine.mem[va & (TEST_MEM_BYTES - 1) & ~(size - 1)];
}

uint64_t slow_load64(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc)
{
    uint64_t v;

    memcpy(&v, access_bytes(env, va, 8, mem, pc), 8);
    return mem & MEM_BE ? __builtin_bswap64(v) : v;
}

uint32_t slow_load(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc)
{
    uint32_t size = 1u << (mem & MEM_SIZE), v = 0;

    memcpy(&v, access_bytes(env, va, size, mem, pc), size);
    if (mem & MEM_BE) {
        v = __builtin_bswap32(v) >> (32 - 8 * size);
    }
    if (mem & MEM_SIGNED) {
        v = size == 1 ? (uint32_t)(int8_t)v : (uint32_t)(int16_t)v;
    }
    return v;
}

void slow_store(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem, uint32_t pc)
{
    uint32_t size = 1u << (mem & MEM_SIZE);

    if (mem & MEM_BE) {
        val = __builtin_bswap32(val) >> (32 - 8 * size);
    }
    memcpy(access_bytes(env, va, size, mem, pc), &val, size);
}

void slow_store64(CPUARMState *env, uint32_t va, uint64_t val, uint32_t mem, uint32_t pc)
{
    val = mem & MEM_BE ? __builtin_bswap64(val) : val;
    memcpy(access_bytes(env, va, 8, mem, pc), &val, 8);
}

void slow_ldm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc)
{
    uint32_t *words = (uint32_t *)(void *)env->ldm_buf;

    for (uint32_t i = 0; i < n; i++) {
        if ((mem & MEM_SIZE) == 3) {
            env->ldm_buf[i] = slow_load64(env, va + i * 8, mem, pc);
        } else {
            words[i] = slow_load(env, va + i * 4, mem, pc);
        }
    }
}

void slow_stm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc)
{
    uint32_t *words = (uint32_t *)(void *)env->ldm_buf;

    for (uint32_t i = 0; i < n; i++) {
        if ((mem & MEM_SIZE) == 3) {
            slow_store64(env, va + i * 8, env->ldm_buf[i], mem, pc);
        } else {
            slow_store(env, va + i * 4, words[i], mem, pc);
        }
    }
}

void machine_init(void)
{
    machine.env = calloc(1, sizeof(CPUARMState));
    machine.env->tlb_read = mmap(NULL, TLB_WRITE_OFFSET * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (machine.env->tlb_read == MAP_FAILED) {
        abort();
    }
    machine_reset(0);
}

void machine_reset(uint64_t seed)
{
    CPUARMState *env = machine.env;
    uint64_t state = seed;

    for (int i = 0; i < 16; i++) {
        env->regs[i] = seed ? test_random(&state) : 0;
        env->vfp.d[i] = seed ? test_random(&state) : 0;
    }
    for (int i = 0; i < TEST_MEM_BYTES; i++) {
        machine.mem[i] = seed ? test_random(&state) : 0;
    }
    env->nzcv = (ARMFlags){ .nz = seed ? test_random(&state) : 0, .c = seed ? test_random(&state) & 1 : 0,
                            .v = seed ? test_random(&state) & 1 : 0 };
    env->fp_nzcv = (ARMFlags){ 0 };
    env->mxcsr = 0x1f80;
    env->fpscr = env->fpscr_cum = 0;
    machine.trace = 0;
    machine.excp = EXCP_NONE;
    machine.fault = false;
}

void machine_run(const IRBlock *b)
{
    TranslationBlock tb;

    memset(&tb, 0, sizeof(tb));
    if (!tcg_backend_interp.emit(b, &tb, NULL)) {
        abort();
    }
    tcg_backend_interp.exec(machine.env, &tb);
    free(tb.ir);
}

void test_ok(bool ok, const char *name)
{
    tests_run++;
    tests_failed += !ok;
    printf("%s %d - %s\n", ok ? "ok" : "not ok", tests_run, name);
}

int test_done(void)
{
    printf("1..%d\n", tests_run);
    return tests_failed != 0;
}
