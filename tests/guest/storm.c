/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * More code than the smallest code cache holds, on all CPUs at once, while it is rewritten and interrupts come:
 * flushes, invalidations and chains race against execution. The functions' results prove that nothing stale ran.
 * guest-test: cpus=1,2,4 timeout=120 accel=tb-size=1
 */
#include "runtime.h"

/* Generated functions: 8 additions, each followed by something that keeps them from being folded into one. */
enum { FUNCTIONS = 8192, WORDS = 16, ADDITIONS = 8, ROUNDS = 5, REWRITES = 300 };
static uint32_t *code;
static volatile uint32_t wrong, ticks;
static struct barrier meet;

static void generate(uint32_t index, uint32_t add)
{
    uint32_t *p = code + index * WORDS;

    for (unsigned i = 0; i < WORDS - 1; i++) {
        p[i] = i & 1 ? 0xe0211000 : 0xe2800000 | add;       /* eor r1, r1, r0; add r0, r0, #add */
    }
    p[WORDS - 1] = 0xe12fff1e;
}

static uint32_t run_function(uint32_t index, uint32_t start)
{
    return ((uint32_t (*)(uint32_t))(code + index * WORDS))(start);
}

static void on_tick(uint32_t iar)
{
    if ((iar & 0x3ff) == IRQ_TWD) {
        atomic_add(&ticks, 1);
        wr32(TWD_BASE + TWD_STATUS, 1);
    }
}

static void storm(uint32_t cpu)
{
    uint32_t seed = cpu + 1;

    irq_handle(on_tick);
    gic_enable(IRQ_TWD, 0xa0, 0);
    wr32(TWD_BASE + TWD_LOAD, 100000);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    irq_enable();
    barrier_wait(&meet, num_cpus());
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < FUNCTIONS; i++) {
            uint32_t index = (i * 5 + cpu * 1000) % FUNCTIONS;

            /* The last 64 functions per CPU are its own to rewrite; here only the fixed ones are called. */
            if (index >= FUNCTIONS - 64 * MAX_CPUS) {
                continue;
            }
            if (run_function(index, i) != i + ADDITIONS * (index & 0x7f)) {
                wrong++;
            }
        }
        for (unsigned i = 0; i < REWRITES; i++) {
            uint32_t index = FUNCTIONS - 64 * (cpu + 1) + random32(&seed) % 64, add = random32(&seed) & 0xff;

            generate(index, add);
            code_written(code + index * WORDS, WORDS * 4);
            if (run_function(index, i) != i + ADDITIONS * add) {
                wrong++;
            }
        }
    }
    irq_disable();
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_STATUS, 1);
    irq_handle(NULL);
}

int test_main(void)
{
    code = heap_alloc(FUNCTIONS * WORDS * 4, 0x100000);
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        generate(i, i & 0x7f);
    }
    code_written(code, FUNCTIONS * WORDS * 4);
    gic_init();
    smp_start();
    run_all(num_cpus(), storm);
    ok_eq(wrong, 0, "every function gave its result");
    ok(ticks > 0, "with interrupts in between");
    /* The same with the MMU on, and each pass in another address space of the same code. */
    uint32_t *l1 = mmu_new_table();
    for (unsigned mb = 0; mb < 16; mb++) {
        l1[0x200 + mb] = L1_SECTION((uint32_t)code & 0xfff00000u, AP_RW, 0) | L1_NG;
    }
    mmu_on(l1);
    bool good = true;
    for (unsigned i = 0; i < FUNCTIONS - 64 * MAX_CPUS; i++) {
        uint32_t at = 0x20000000 + (i % 16) * 0x100000 + i * WORDS * 4;

        set_asid(1 + i % 3);
        good &= ((uint32_t (*)(uint32_t))at)(i) == i + ADDITIONS * (i & 0x7f);
    }
    ok(good, "one piece of code at 16 addresses");
    set_asid(0);
    mmu_off();
    return 0;
}
