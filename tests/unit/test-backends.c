/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random blocks on both back ends: the x86-64 one must leave the registers, flags, memory, FPSCR and observations by
 * helpers and exceptions that the interpreter leaves. Chained to another block it must do what the two do one after the
 * other. With arguments: number of rounds, first seed.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "target/arm/vfp-helper.h"
#include "tcg/x86_64/op-flags.h"
#include "tests/unit/ir-env.h"
#include "tests/unit/ir-random.h"

typedef struct Outcome {
    uint32_t regs[16], fpscr;
    uint64_t d[16], trace;
    uint8_t mem[TEST_MEM_BYTES];
    uint8_t flags;
    int excp;
    uint64_t counts[2];
    int budget;
} Outcome;

static IRBlock *b, *next;
static bool flush_to_zero;
static Outcome interp, host;

/* A crash of translated code must still say which block it was. */
static void crashed(int sig)
{
    ir_print(stderr, b);
    signal(sig, SIG_DFL);
    raise(sig);
}

static void prepare(const TCGBackend *backend, uint64_t seed)
{
    CPUARMState *env = machine.env;

    tcg_backend = backend;
    machine_reset(seed);
    env->counted[COUNTED_INSNS] = *ir_random_counter = seed;
    if (seed % 5 == 0) {
        machine.fault = true;
    }
    env->mxcsr = 0x1f80 | (seed >> 3 & 3) << 13;
    env->fpscr = (seed >> 3 & 1) << 23 | (seed >> 4 & 1) << 22 | (seed & 32 ? FPSCR_DN : 0) |
                 (flush_to_zero ? FPSCR_FZ : 0);
    env_jit(env)->exit_request = seed % 7 ? 0 : EXIT_REQUESTED;
}

static void note(Outcome *o)
{
    CPUARMState *env = machine.env;

    memset(o, 0, sizeof(*o));
    memcpy(o->regs, env->regs, sizeof(o->regs));
    memcpy(o->d, env->vfp.d, sizeof(o->d));
    memcpy(o->mem, machine.mem, TEST_MEM_BYTES);
    o->fpscr = vfp_fpscr_stopped(env);
    o->trace = machine.trace;
    o->flags = (env->nzcv.nz & 0xc0) | (env->nzcv.c & 1) << 1 | (env->nzcv.v & 1);
    o->excp = machine.excp;
    o->counts[0] = env->counted[COUNTED_INSNS];
    o->counts[1] = *ir_random_counter;
    o->budget = env_jit(machine.env)->budget;
}

static bool run(const TCGBackend *backend, uint64_t seed, Outcome *o)
{
    bool emitted;

    prepare(backend, seed);
    emitted = machine_run(b);
    note(o);
    return emitted;
}

static const char *difference(bool fast)
{
    static char text[160];

    for (int i = 0; i < 16; i++) {
        if (interp.regs[i] != host.regs[i]) {
            snprintf(text, sizeof(text), "r%d is %#x, should be %#x", i, host.regs[i], interp.regs[i]);
            return text;
        }
        if (interp.d[i] != host.d[i]) {
            snprintf(text, sizeof(text), "d%d is %#llx, should be %#llx", i, (unsigned long long)host.d[i],
                     (unsigned long long)interp.d[i]);
            return text;
        }
    }
    if (interp.flags != host.flags) {
        snprintf(text, sizeof(text), "flags (N Z .. C V) are %#x, should be %#x", host.flags, interp.flags);
        return text;
    }
    if (interp.fpscr != host.fpscr) {
        snprintf(text, sizeof(text), "FPSCR is %#x, should be %#x", host.fpscr, interp.fpscr);
        return text;
    }
    if (memcmp(interp.mem, host.mem, TEST_MEM_BYTES)) {
        return "memory differs";
    }
    if (interp.budget != host.budget) {
        snprintf(text, sizeof(text), "%d instructions are left, should be %d", host.budget, interp.budget);
        return text;
    }
    if (interp.excp != host.excp) {
        return "exceptions differ";
    }
    if (interp.counts[0] != host.counts[0] || interp.counts[1] != host.counts[1]) {
        return "counters differ";
    }
    /* Which accesses are plain is the back end's business. */
    return !fast && interp.trace != host.trace ? "helpers or exceptions saw something else" : NULL;
}

/* FPSCR.FZ is a part of what a block depends on. */
static void choose_flush_to_zero(uint64_t seed)
{
    flush_to_zero = seed % 3 == 0;
    b->flags |= flush_to_zero ? TBF_VFP_FZ : 0;
    next->flags |= flush_to_zero ? TBF_VFP_FZ : 0;
}

/* With what the host's CPU has, if anything, and without. */
static void choose_extensions(uint64_t seed)
{
    x86_use_bmi2(!(seed & 4));
    x86_use_avx(!(seed & 16));
}

/* 1 same, 0 different, -1 not emitted */
static int round_of(uint64_t seed)
{
    uint64_t state = seed;
    bool fast = seed & 2;

    choose_extensions(seed);
    machine_fast_memory(!fast ? MEMORY_SLOW : seed & 8 ? MEMORY_SOME : MEMORY_FAST);
    ir_random_block(b, &state, 8 + seed % 50, seed & 1);
    choose_flush_to_zero(seed);
    ir_optimize(b, x86_host_flags);
    for (uint64_t s = 0; s < 4; s++) {
        uint64_t values = seed * 64 + s * 8 + 3 + (seed >> 4 & 1);
        const char *what;

        if (!run(&tcg_backend_x86_64, values, &host)) {
            return -1;
        }
        run(&tcg_backend_interp, values, &interp);
        what = difference(fast);
        if (what) {
            printf("# seed %llu values %llu: %s\n", (unsigned long long)seed, (unsigned long long)values, what);
            fflush(stdout);
            ir_print(stderr, b);
            return 0;
        }
    }
    return 1;
}

/* Chained, flags that the next block does not need are left out on the way to it. */
static bool pair_round(uint64_t seed)
{
    uint64_t state = seed;
    const char *what;

    choose_extensions(seed);
    machine_fast_memory(MEMORY_FAST);
    ir_random_block(b, &state, 4 + seed % 20, false);
    ir_random_block(next, &state, 1 + seed % 9, false);
    choose_flush_to_zero(seed);
    ir_optimize(b, x86_host_flags);
    ir_optimize(next, x86_host_flags);
    prepare(&tcg_backend_x86_64, seed);
    if (!machine_run_pair(b, next, false)) {
        return true;
    }
    note(&interp);
    prepare(&tcg_backend_x86_64, seed);
    machine_run_pair(b, next, true);
    note(&host);
    what = difference(true);
    if (what) {
        printf("# seed %llu: %s\n", (unsigned long long)seed, what);
        fflush(stdout);
        ir_print(stderr, b);
        ir_print(stderr, next);
    }
    return !what;
}

static void prepare_loop(const TCGBackend *backend, uint64_t seed)
{
    uint64_t state = seed;
    CPUARMState *env = machine.env;

    prepare(backend, seed);
    env->regs[IR_RANDOM_TURNS] = 1 + test_random(&state) % (seed & 8 ? 600 : 20);
    for (unsigned r = 0; r < 15; r++) {
        if ((IR_RANDOM_BASES >> r & 1) && test_random(&state) % 16) {
            env->regs[r] &= ~7u;
        }
        /* Where register plus constant wraps. */
        if ((IR_RANDOM_BASES >> r & 1) && seed % 8 == 5) {
            env->regs[r] = env->regs[r] % 1024 * 8 - 4096;
        }
    }
    env_jit(env)->exit_request = seed % 17 ? 0 : EXIT_REQUESTED;
}

/*
 * A loop, and its copy without looks at the tables; one whose jump back saves no flags is counted. 1: it has a copy,
 * 0: it has none, -1: not emitted, -2: the back ends differ, -3: they differ if the copy is stopped.
 */
static int loop_round(uint64_t seed, unsigned *without_flags)
{
    uint64_t state = seed;
    int offset[2] = { -1, -1 };

    choose_extensions(seed);
    machine_fast_memory(seed & 1 ? MEMORY_SOME : MEMORY_FAST);
    ir_random_loop(b, &state);
    choose_flush_to_zero(seed);
    ir_optimize(b, x86_host_flags);
    *without_flags += b->loop_late != 0;
    for (uint64_t values = seed * 4; values < seed * 4 + 6; values++) {
        bool tier2 = values & 1;
        MachineLoop how = !tier2 ? LOOP_PLAIN : values & 2 ? LOOP_STOPPED : LOOP_TIER2;
        const char *what;

        prepare_loop(&tcg_backend_x86_64, values);
        offset[tier2] = machine_run_loop(b, how);
        if (offset[tier2] < 0) {
            return -1;
        }
        note(&host);
        prepare_loop(&tcg_backend_interp, values);
        machine_run_loop(b, LOOP_PLAIN);
        note(&interp);
        what = difference(true);
        if (what) {
            printf("# seed %llu values %llu: %s\n", (unsigned long long)seed, (unsigned long long)values, what);
            fflush(stdout);
            ir_print(stderr, b);
            return how == LOOP_STOPPED ? -3 : -2;
        }
    }
    return offset[0] != offset[1];
}

static void test_loops(unsigned rounds, uint64_t first)
{
    unsigned failed = 0, stopped = 0, copied = 0, without_flags = 0;

    for (unsigned i = 0; i < rounds && failed + stopped < 5; i++) {
        int r = loop_round(first + i, &without_flags);

        failed += r == -2;
        stopped += r == -3;
        copied += r == 1;
    }
    test_ok(!failed, "loops agree");
    test_ok(!stopped, "loops agree whose copy another CPU stops");
    printf("# %u loops of %u have a copy without looks at the tables; %u save no flags\n", copied, rounds,
           without_flags);
    test_ok(copied > rounds / 10, "loops have copies");
    test_ok(without_flags > rounds / 20, "loops save no flags");
}

static uint32_t turns_wanted, base_wanted;

static void prepare_turns(void)
{
    machine.env->regs[0] = base_wanted;
    machine.env->regs[1] = turns_wanted;
    machine.env->regs[2] = 0;
}

/* A copy costs something to enter: it is used for loops of many turns, and not for long if there are few. */
static void test_loops_that_pay(void)
{
    enum { BASE = 0x20000 };
    static const struct { uint32_t turns, base; bool pays; const char *name; } rows[] = {
        { 40, BASE, true, "a loop of many turns keeps its copy" },
        { 3, BASE, false, "a loop of few turns loses its copy" },
        { 40, BASE + 2, true, "a loop whose words are not aligned keeps its copy" },
        { 40, -4u, false, "a loop whose addresses might wrap loses its copy" },
        { 40, BASE, true, "another loop does not suffer from that" },
    };
    prepare(&tcg_backend_x86_64, 1);
    machine_fast_memory(MEMORY_FAST);
    ir_reset(b, 0x8000, 0);
    ir_emit(b, IR_ld, REF_T0, REF_R(0), REF_NONE, 4)->mem = 2;
    b->ntemps = 1;
    ir_emit(b, IR_add, REF_R(0), REF_R(0), ir_const(b, 4), 0);
    ir_emit(b, IR_add, REF_R(2), REF_R(2), ir_const(b, 1), 0);
    ir_emit(b, IR_sub, REF_R(1), REF_R(1), ir_const(b, 1), 0)->setf = F_NZCV;
    b->nlabels = 1;
    ir_emit(b, IR_br_if, REF_NONE, REF_NONE, REF_NONE, 0)->cc = CC_EQ;
    ir_emit(b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8000)->n = 1;
    ir_emit(b, IR_label, REF_NONE, REF_NONE, REF_NONE, 0);
    ir_emit(b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8010);
    ir_optimize(b, x86_host_flags);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        turns_wanted = rows[i].turns;
        base_wanted = rows[i].base;
        test_ok(machine_run_loop_often(b, 500, prepare_turns) == rows[i].pays &&
                machine.env->regs[2] == rows[i].turns && machine.env->regs[0] == base_wanted + 4 * rows[i].turns,
                rows[i].name);
    }
}

/* A way out that needs no flags saved, to a target that needs them, and to one that does not. */
static void test_leave_out(void)
{
    for (unsigned needs = 0; needs < 2; needs++) {
        ir_reset(b, 0x8000, 0);
        ir_emit(b, IR_sub, REF_NONE, REF_R(0), REF_R(1), 0)->setf = F_NZCV;
        ir_emit(b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8010)->setf = 0;
        ir_optimize(b, x86_host_flags);
        ir_reset(next, 0x8010, 0);
        ir_emit(next, IR_csel, REF_R(2), ir_const(next, 1), ir_const(next, 0), 0)->cc = CC_MI;
        if (!needs) {
            next->nops = 0;
            ir_emit(next, IR_add, REF_R(2), REF_R(3), REF_R(4), 0)->setf = F_NZCV;
        }
        ir_emit(next, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8014);
        ir_optimize(next, x86_host_flags);
        for (unsigned chained = 0; chained < 2; chained++) {
            prepare(&tcg_backend_x86_64, 1);
            machine.env->regs[0] = 1;
            machine.env->regs[1] = 2;
            machine.env->regs[3] = machine.env->regs[4] = 0x80000000;
            machine_run_pair(b, next, chained);
            note(&host);
            test_ok(needs ? machine.env->regs[2] == 1 && host.flags == 0x80 : host.flags == (0x40 | 2 | 1),
                    needs ? "flags reach a block that reads them" : "flags are those of a block that defines them");
        }
    }
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? atoi(argv[1]) : 20000, failed = 0, skipped = 0;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

    b = malloc(sizeof(*b));
    next = malloc(sizeof(*next));
    ir_reset(next, 0, 0);
    machine_init();
    signal(SIGSEGV, crashed);
    signal(SIGILL, crashed);
    signal(SIGABRT, crashed);
    for (unsigned i = 0; i < rounds && failed < 5; i++) {
        int r = round_of(first + i);

        failed += r == 0;
        skipped += r < 0;
    }
    test_ok(!failed, "the back ends agree on random blocks");
    test_ok(skipped <= rounds / 10, "nearly all blocks can be emitted");
    for (unsigned i = 0; i < rounds && failed < 5; i++) {
        failed += !pair_round(first + i);
    }
    test_ok(!failed, "a chained jump does what the way through the main loop does");
    test_loops_that_pay();
    test_leave_out();
    test_loops(rounds / 4, first);
    printf("# %u blocks of %u were not emitted\n", skipped, rounds);
    free(b);
    free(next);
    return test_done();
}
