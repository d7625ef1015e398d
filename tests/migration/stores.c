/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-converge.py: all CPUs store to each of their pages, over and over, and look whether the page has what they
 * stored the time before. CPU 0 prints a line a round, "round N", until it receives an 'e'; then the verdict.
 */
#include "runtime.h"

enum { PAGES = 64, PASSES = 2000, WORDS = 1024 };
static volatile uint32_t stop, wrong[MAX_CPUS];
static volatile uint32_t *pages;

static void pass(uint32_t cpu, uint32_t n)
{
    volatile uint32_t *own = pages + cpu * PAGES * WORDS;

    for (uint32_t i = 0; i < PAGES; i++) {
        wrong[cpu] += own[i * WORDS + i] != n;
        own[i * WORDS + i] = n + 1;
    }
}

static void job(uint32_t cpu)
{
    for (uint32_t n = 0; !stop; n++) {
        pass(cpu, n);
        if (cpu == 0 && n % PASSES == PASSES - 1) {
            print("round %u\n", n / PASSES + 1);
            while (!(rd32(UART0_BASE + UART_FR) & UART_FR_RXFE)) {
                stop |= (rd32(UART0_BASE + UART_DR) & 0xff) == 'e';
            }
        }
    }
}

int test_main(void)
{
    pages = heap_alloc(MAX_CPUS * PAGES * WORDS * 4, 4096);
    gic_init();
    smp_start();
    run_all(num_cpus(), job);
    for (unsigned i = 0; i < num_cpus(); i++) {
        ok_eq(wrong[i], 0, "each page had what was stored");
    }
    return 0;
}
