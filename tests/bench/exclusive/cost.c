/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What exclusives cost: pairs alone, on lines and pages of their own, on one word; stores to pages with and without a
 * watch. Prints `cost NAME PICOSECONDS` for each operation; cost.py makes a table. Nothing is judged.
 */
#include "runtime.h"

enum { PASS_US = 60000, REARM = 256 };

/* One measured loop: n operations on memory at p. */
typedef void loop_fn(volatile uint32_t *p, uint32_t n);

#define LOOP(name, text) \
    static void name(volatile uint32_t *p, uint32_t n) \
    { \
        register uint32_t t __asm__("r2") = 1; \
        register uint32_t f __asm__("r4"); \
        __asm__ volatile("1:\n" text text text text text text text text " subs %2, %2, #8\n bhi 1b\n" \
                         : "+&r"(t), "=&r"(f), "+&r"(n) : "r"(p), "r"(0) : "r0", "r3", "r5", "cc", "memory"); \
    }

LOOP(pair, "ldrex r0, [%3]\n add r0, r0, #1\n strex %1, r0, [%3]\n")
LOOP(pair_retry, "2: ldrex r0, [%3]\n add r0, r0, #1\n strex %1, r0, [%3]\n teq %1, #0\n bne 2b\n")
LOOP(pair_double, "ldrexd r2, r3, [%3]\n strexd %1, r2, r3, [%3]\n")
LOOP(pair_byte, "ldrexb r0, [%3]\n strexb %1, r0, [%3]\n")
LOOP(swap, "mov r3, %3\n .inst 0xe1030092\n")
LOOP(store_word, "str %0, [%3, #4]\n")
LOOP(store_byte, "strb %0, [%3, #8]\n")
LOOP(store_double, "strd r2, [%3, #16]\n")
LOOP(store_many, "stmib %3, {r0, r2, r3, r5}\n")
LOOP(load_word, "ldr r0, [%3, #4]\n")
LOOP(clear, "clrex\n")
LOOP(barrier, "mcr p15, 0, %4, c7, c10, 5\n")

static uint8_t *pages;          /* one per CPU and one more */
static struct barrier start;
static loop_fn *loop;
static uint32_t stride, watched, users;
static struct {
    volatile uint32_t done, us;
    uint32_t pad[14];
} result[MAX_CPUS] __attribute__((aligned(64)));

static void run(uint32_t argument)
{
    unsigned cpu = cpu_id();
    volatile uint32_t *p = (volatile uint32_t *)(pages + stride * cpu);
    uint32_t begin, n = 0;

    (void)argument;
    if (users > 1) {
        barrier_wait(&start, users);
    }
    begin = ticks24();
    do {
        if (watched) {
            pair(p, 8);         /* a page nobody uses LDREX on would be forgotten */
        }
        loop(p, REARM);
        loop(p, REARM);
        n += 2 * REARM;
    } while (us_since(begin) < PASS_US);
    result[cpu].us = us_since(begin);
    result[cpu].done = n;
    if (users > 1) {
        barrier_wait(&start, users);
    }
}

/* Time of one operation on one CPU, in picoseconds, on the average of the CPUs. */
static void measure(const char *name, loop_fn *fn, unsigned n, uint32_t distance, bool with_watch)
{
    uint64_t us = 0, done = 0;

    if (n > num_cpus()) {
        return;
    }
    loop = fn;
    users = n;
    stride = distance;
    watched = with_watch;
    run_all(n, run);
    for (unsigned cpu = 0; cpu < n; cpu++) {
        us += result[cpu].us;
        done += result[cpu].done;
    }
    print("cost %s/%u %u\n", name, n, (unsigned)(us * 1000000 / done));
}

int test_main(void)
{
    unsigned all = num_cpus();

    pages = heap_alloc(4096 * (MAX_CPUS + 1), 4096);
    mmu_on(mmu_new_table());
    smp_start();
    measure("load", load_word, 1, 0, false);
    measure("store-word", store_word, 1, 0, false);
    measure("store-byte", store_byte, 1, 0, false);
    measure("store-double", store_double, 1, 0, false);
    measure("store-multiple", store_many, 1, 0, false);
    measure("swp", swap, 1, 0, false);
    measure("ldrex-strex", pair, 1, 0, false);
    measure("ldrexb-strexb", pair_byte, 1, 0, false);
    measure("ldrexd-strexd", pair_double, 1, 0, false);
    measure("clrex", clear, 1, 0, false);
    measure("dmb", barrier, 1, 0, false);
    measure("store-word-watched", store_word, 1, 0, true);
    measure("store-byte-watched", store_byte, 1, 0, true);
    measure("store-double-watched", store_double, 1, 0, true);
    measure("store-multiple-watched", store_many, 1, 0, true);
    measure("swp-watched", swap, 1, 0, true);
    if (all > 1) {
        measure("ldrex-strex-own-pages", pair_retry, all, 4096, false);
        measure("ldrex-strex-own-lines", pair_retry, all, 64, false);
        measure("ldrex-strex-one-word", pair_retry, all, 0, false);
        measure("store-word-own-pages", store_word, all, 4096, false);
        measure("store-word-own-lines-watched", store_word, all, 64, true);
    }
    print("cost end\n");
    return 0;
}
