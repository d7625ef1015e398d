/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM that is not the block at 0, here the page that holds the boot code: exclusives, SWP, code that changes and DMA
 * work there as they do in all RAM, at its physical address and at another virtual one.
 * guest-test: cpus=1,4 timeout=20
 */
#include "dma.h"
#include "smc-code.h"

enum { PEN = 0xe0000000u, ALIAS = 0x30000000, HALF = 0x800, ADDS = 2000, TRIES = 100000 };

static volatile uint32_t *words;        /* of the page, with two views */
static volatile uint32_t *alias;
static uint32_t source[8] __attribute__((aligned(32)));
static volatile uint32_t given_up;
static uint32_t *l1;

static bool store_exclusive(volatile uint32_t *p, uint32_t v)
{
    uint32_t failed;

    __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(v), "r"(p) : "memory");
    return !failed;
}

static uint32_t load_exclusive(volatile uint32_t *p)
{
    uint32_t v;

    __asm__ volatile("ldrex %0, [%1]" : "=r"(v) : "r"(p) : "memory");
    return v;
}

static void exclusives(void)
{
    uint32_t stored = 0;

    words[0] = 5;
    for (unsigned i = 0; i < 100; i++) {
        stored += store_exclusive(words, load_exclusive(words) + 1);
    }
    ok(stored >= 98 && words[0] == 5 + stored, "an undisturbed STREX stores");
    load_exclusive(words);
    source[0] = words[0];
    ok(dma_copy(0, source, words, 1) && !store_exclusive(words, 0) && words[0] == source[0],
       "DMA of the same value ends the reservation (ours)");
    words[1] = 0x11223344;
    ok(swp((uint32_t)(words + 1), 7) == 0x11223344 && swpb((uint32_t)(alias + 1), 9) == 7 && words[1] == 9,
       "SWP and SWPB");
}

/* All CPUs add to one word, half of them through the other view. */
static void add(uint32_t cpu)
{
    volatile uint32_t *p = (cpu & 1 ? alias : words) + 2;

    mmu_on(l1);
    for (unsigned i = 0; i < ADDS; i++) {
        unsigned tries = 0;

        while (!store_exclusive(p, load_exclusive(p) + 1) && ++tries < TRIES) {
        }
        if (tries == TRIES) {
            given_up = 1;
            return;
        }
    }
}

static void counter(void)
{
    words[2] = 0;
    run_all(num_cpus(), add);
    ok(!given_up, "STREX of all CPUs gets through");
    ok_eq(words[2], ADDS * num_cpus(), "a counter of all CPUs, by two addresses");
}

/* Code written through one view, run through the other; by the CPU, by STREX, by DMA. */
static void code(void)
{
    volatile uint32_t *text = words + 16;
    bool good = true;

    for (uint32_t n = 1; n < 40; n++) {
        bool even = n % 2 == 0;

        if (n % 3 == 0) {
            source[0] = A_MOV_R0(n);
            source[1] = A_BX_LR;
            good &= dma_copy(0, source, text, 2);
        } else if (n % 3 == 1) {
            make_return((even ? words : alias) + 16, n);
        } else {
            for (unsigned i = 0; i < 1000; i++) {
                load_exclusive(text);
                if (store_exclusive(text, A_MOV_R0(n))) {
                    break;
                }
            }
        }
        code_written((const void *)(uint32_t)text, 8);
        code_written((const void *)(uint32_t)(alias + 16), 8);
        good &= call((even ? alias : words) + 16, 0, 0) == n && call((even ? words : alias) + 16, 0, 0) == n;
    }
    ok(good, "code is changed by stores, STREX and DMA, under both addresses");
}

int test_main(void)
{
    words = (volatile uint32_t *)(PEN + HALF);
    alias = (volatile uint32_t *)(ALIAS + HALF);
    dma_init();
    l1 = mmu_new_table();
    l1[PEN >> 20] = L1_SECTION(PEN, AP_RW, 0);
    mmu_new_l2(l1, ALIAS, 0);
    mmu_map_page(l1, ALIAS, L2_SMALL(PEN, AP_RW));
    smp_start();
    mmu_on(l1);
    exclusives();
    counter();
    code();
    return 0;
}
