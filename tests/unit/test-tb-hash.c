/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block hash table: keys, removal, and lookups that run while another thread inserts. */
#include <stdlib.h>
#include "accel/tcg/tb-hash.h"
#include "tests/unit/accel-threads.h"

enum { BLOCKS = 20000, READERS = 3 };

static TBHash hash;
static TranslationBlock *blocks;
static uint32_t inserted;       /* atomic */

static void set_key(TranslationBlock *tb, uint32_t n)
{
    tb->pc = 0xc0008000u + n / 3 * 4;
    tb->flags = n % 3;
    tb->phys_pc = 0x8000u + n / 3 * 4;
}

static TranslationBlock *find(const TranslationBlock *key)
{
    return tb_hash_lookup(&hash, key->pc, key->flags, key->phys_pc);
}

static void test_keys(void)
{
    static TranslationBlock t[5] = {
        { .pc = 0x1000, .flags = 1, .phys_pc = 0x5000 }, { .pc = 0x1001, .flags = 1, .phys_pc = 0x5000 },
        { .pc = 0x1000, .flags = 2, .phys_pc = 0x5000 }, { .pc = 0x1000, .flags = 1, .phys_pc = 0x6000 },
        { .pc = 0x2000, .flags = 1, .phys_pc = 0x5000 },
    };

    tb_set_origin(t);
    tb_hash_init(&hash, 1);     /* long buckets */
    for (int i = 0; i < 5; i++) {
        ACCEL_CHECK(!find(&t[i]));
        tb_hash_insert(&hash, &t[i]);
    }
    for (int i = 0; i < 5; i++) {
        ACCEL_CHECK(find(&t[i]) == &t[i]);
    }
    accel_case_done("every part of the key counts");
    for (int i = 4; i >= 0; i -= 2) {
        ACCEL_CHECK(tb_hash_remove(&hash, &t[i]));
        ACCEL_CHECK(!tb_hash_remove(&hash, &t[i]));
    }
    for (int i = 0; i < 5; i++) {
        ACCEL_CHECK(find(&t[i]) == (i & 1 ? &t[i] : NULL));
    }
    tb_hash_clear(&hash);
    ACCEL_CHECK(!find(&t[1]));
    tb_hash_destroy(&hash);
    accel_case_done("remove and clear");
}

/* Linux: the kernel's virtual and physical addresses differ by a constant; programs are the same pages many times. */
static void test_spread(void)
{
    enum { N = 32768, BITS = 15 };
    TranslationBlock *t = calloc(N, sizeof(*t));
    uint32_t longest = 0;
    uint64_t steps = 0;

    if (!t) {
        abort();
    }
    tb_set_origin(t);
    tb_hash_init(&hash, BITS);
    for (uint32_t n = 0; n < N; n++) {
        bool kernel = n < N / 2;

        t[n].phys_pc = (kernel ? 0x8000 : 0x3000000) + n * 24;
        t[n].pc = kernel ? t[n].phys_pc + 0xc0000000u : 0x10000 + (n * 24 & 0xfffff);
        t[n].flags = kernel ? 1 : 4;
        tb_hash_insert(&hash, &t[n]);
    }
    for (uint32_t i = 0; i < 1u << BITS; i++) {
        uint32_t len = 0;

        for (TranslationBlock *b = tb_deref(hash.buckets[i]); b; b = tb_deref(b->hash_next)) {
            steps += ++len;
        }
        longest = len > longest ? len : longest;
    }
    /* A random function: 1.5 steps on average, 8 at most or so. */
    ACCEL_CHECK(steps < N * 2 && longest < 16);
    accel_case_done("buckets are short for the addresses of Linux");
    tb_hash_destroy(&hash);
    free(t);
}

static void run(int index)
{
    uint32_t seed = index + 1;

    if (index == 0) {
        for (uint32_t n = 0; n < BLOCKS; n++) {
            set_key(&blocks[n], n);
            blocks[n].code_size = ~n;           /* stands for everything Build fills in */
            tb_hash_insert(&hash, &blocks[n]);
            __atomic_store_n(&inserted, n + 1, __ATOMIC_RELEASE);
        }
        return;
    }
    for (;;) {
        uint32_t limit = __atomic_load_n(&inserted, __ATOMIC_ACQUIRE);
        uint32_t n = accel_random(&seed) % BLOCKS;
        TranslationBlock key, *tb;

        set_key(&key, n);
        tb = find(&key);
        ACCEL_CHECK(tb || n >= limit);
        ACCEL_CHECK(!tb || (tb == &blocks[n] && tb->code_size == ~n));
        if (limit == BLOCKS) {
            return;
        }
    }
}

int main(void)
{
    test_keys();
    test_spread();
    blocks = calloc(BLOCKS, sizeof(*blocks));
    if (!blocks) {
        abort();
    }
    tb_set_origin(blocks);
    tb_hash_init(&hash, 12);
    accel_run_threads(1 + READERS, run);
    for (uint32_t n = 0; n < BLOCKS; n++) {
        ACCEL_CHECK(find(&blocks[n]) == &blocks[n]);
    }
    accel_case_done("readers see blocks complete while a builder inserts");
    return accel_finish();
}
