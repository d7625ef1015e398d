/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that change between code and data, functions that are written again and again, and more code than a small cache
 * holds, on all CPUs. smc-counters.py bounds the number of invalidations; with tb-size=1 this is a storm of flushes.
 * guest-test: cpus=1,2,4 timeout=60 accel=tb-size=1
 */
#include "smc-code.h"

enum { CYCLES = 60, REWRITES = 400, MANY = 4000, FUNCTION_WORDS = 8 };

static uint32_t *pages, *many;
static struct barrier meeting;
static volatile uint32_t bad, l1_table;

static void meet(void)
{
    if (num_cpus() > 1) {
        barrier_wait(&meeting, num_cpus());
    }
}

static void count_bad(uint32_t n)
{
    if (n && num_cpus() > 1) {
        atomic_add(&bad, n);
    } else {
        bad += n;
    }
}

/* Each CPU's own page: filled with data, then with code, then with data... */
static void cycle(uint32_t argument)
{
    volatile uint32_t *p = pages + 1024 * cpu_id();
    uint32_t wrong = 0;

    (void)argument;
    meet();
    for (uint32_t n = 1; n <= CYCLES; n++) {
        for (unsigned i = 0; i < 1024; i++) {
            p[i] = n + i;
        }
        for (unsigned i = 0; i < 1024; i++) {
            wrong += p[i] != n + i;
        }
        for (unsigned i = 0; i < 1024; i += 64) {
            make_return(p + i, (n + i) & 0xff);
        }
        for (unsigned i = 0; i < 1024; i += 64) {
            wrong += call(p + i, 0, 0) != ((n + i) & 0xff);
        }
    }
    count_bad(wrong);
    meet();
}

static void rewrite(uint32_t argument)
{
    volatile uint32_t *p = pages + 1024 * cpu_id();
    uint32_t wrong = 0;

    (void)argument;
    meet();
    for (uint32_t n = 1; n <= REWRITES; n++) {
        p[0] = A_MOV_R0(n & 0xff);
        code_written((const void *)(uint32_t)p, 4);
        wrong += call(p, 0, 0) != (n & 0xff);
    }
    count_bad(wrong);
    meet();
}

/* Functions that every CPU runs; more than fit in the cache. */
static void run_many(uint32_t argument)
{
    uint32_t wrong = 0;

    (void)argument;
    meet();
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t n = 0; n < MANY; n++) {
            wrong += call(many + n * FUNCTION_WORDS, n, 0) != n + 4;
        }
    }
    count_bad(wrong);
    meet();
}

int test_main(void)
{
    mmu_on(mmu_new_table());
    pages = page_alloc(MAX_CPUS);
    for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
        pages[1024 * cpu + 1] = A_BX_LR;
    }
    many = page_alloc(MANY * FUNCTION_WORDS / 1024 + 1);
    for (uint32_t n = 0; n < MANY; n++) {
        uint32_t *p = many + n * FUNCTION_WORDS;

        /* Three blocks: chained jumps and an indirect one. */
        p[0] = p[2] = p[4] = p[6] = A_ADD_R0_R0_1;
        p[1] = A_B(p + 1, p + 4);
        p[3] = A_BX_LR;
        p[5] = A_B(p + 5, p + 2);
        p[2] = A_ADD_R0_R0_1 + 1;       /* ADD r0, #2 */
        p[7] = A_BX_LR;
    }
    code_written(many, MANY * FUNCTION_WORDS * 4);
    smp_start();
    run_all(num_cpus(), cycle);
    ok_eq(bad, 0, "pages used for data and code by turns");
    for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
        pages[1024 * cpu + 1] = A_BX_LR;
        code_written(pages + 1024 * cpu + 1, 4);
    }
    bad = 0;
    run_all(num_cpus(), rewrite);
    ok_eq(bad, 0, "a function written again and again");
    bad = 0;
    run_all(num_cpus(), run_many);
    ok_eq(bad, 0, "more code than the cache holds");
    return 0;
}
