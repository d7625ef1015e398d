/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * radix: parallel integer radix sort, least significant digit first (Blelloch et al. 1991; Woo et al. 1995).
 *
 * Each thread owns a contiguous slice of the keys. For each digit:
 *
 *     1. every thread counts the digits of its slice;
 *     2. the counts are turned into ranks: how many keys with a smaller digit there are, plus those with the same digit
 *        in slices before. A binary tree of threads does it: on the way up a node adds its right child's counts to its
 *        own, remembering what was there before; the root turns digit totals into the digits' first places; on the way
 *        down the right child's ranks are the node's plus what was remembered. A pause flag per thread and direction
 *        says that counts or ranks are there;
 *     3. every thread moves its keys to their places in the other array: scattered stores to everybody's memory;
 *     4. barrier, and the arrays swap roles.
 *
 * The left child of a node is the same thread as the node: thread p has p's lowest bit set on as many levels.
 *
 * Check: the keys ascend, and the hashes of all keys still sum up to the same number.
 */
#include "anl.h"

#define MAX_LEVELS 7        /* log2(ANL_MAX_PROC) + 1 */

/* One thread's counts; written by itself, but read by its parent in the tree between the two flags. */
typedef struct Counts {
    AnlFlag counted;        /* counts are complete for the whole subtree: for the parent */
    AnlFlag ranked;         /* ranks are there: from the parent */
    uint32_t *counts;       /* by digit: keys in the subtree */
    uint32_t *ranks;        /* by digit: where the subtree's first key with it goes */
    uint32_t *before[MAX_LEVELS];       /* by digit: counts to the left of the right child of that level */
} __attribute__((aligned(ANL_LINE))) Counts;

static long key_count, radix, max_key;
static int nproc;
static int digit_bits, passes;
static uint32_t *keys[2];
static Counts *table;
static AnlBarrier barrier;

static void prepare(void)
{
    uint64_t seed = 1;

    keys[0] = anl_alloc(key_count, sizeof(uint32_t));
    keys[1] = anl_alloc(key_count, sizeof(uint32_t));
    for (long i = 0; i < key_count; i++) {
        keys[0][i] = (uint64_t)anl_random(&seed) * (uint64_t)max_key >> 32;
    }
    table = anl_alloc(nproc, sizeof(*table));
    for (int proc = 0; proc < nproc; proc++) {
        FLAGINIT(table[proc].counted);
        FLAGINIT(table[proc].ranked);
        table[proc].counts = anl_alloc(radix, sizeof(uint32_t));
        table[proc].ranks = anl_alloc(radix, sizeof(uint32_t));
        for (int level = 0; 1 << level < nproc; level++) {
            table[proc].before[level] = anl_alloc(radix, sizeof(uint32_t));
        }
    }
    BARINIT(barrier);
    while (1L << digit_bits < radix) {
        digit_bits++;
    }
    while (passes * digit_bits < 31 && (max_key - 1) >> (passes * digit_bits) > 0) {
        passes++;
    }
}

/* Turns everybody's counts into ranks for thread proc. */
static void rank(int proc)
{
    Counts *own = &table[proc];
    int level = 0;

    for (; 1 << level < nproc && !(proc >> level & 1); level++) {
        int child = proc + (1 << level);

        memcpy(own->before[level], own->counts, radix * sizeof(uint32_t));
        if (child < nproc) {
            WAITPAUSE(table[child].counted);
            CLEARPAUSE(table[child].counted);
            for (long digit = 0; digit < radix; digit++) {
                own->counts[digit] += table[child].counts[digit];
            }
        }
    }
    if (proc == 0) {
        uint32_t place = 0;

        for (long digit = 0; digit < radix; digit++) {
            own->ranks[digit] = place;
            place += own->counts[digit];
        }
    } else {
        SETPAUSE(own->counted);
        WAITPAUSE(own->ranked);
        CLEARPAUSE(own->ranked);
    }
    while (--level >= 0) {
        int child = proc + (1 << level);

        if (child < nproc) {
            for (long digit = 0; digit < radix; digit++) {
                table[child].ranks[digit] = own->ranks[digit] + own->before[level][digit];
            }
            SETPAUSE(table[child].ranked);
        }
    }
}

static void sort(int proc)
{
    long begin = anl_first(proc, nproc, key_count);
    long end = anl_first(proc + 1, nproc, key_count);
    Counts *own = &table[proc];

    BARRIER(barrier, nproc);
    for (int pass = 0; pass < passes; pass++) {
        const uint32_t *from = keys[pass & 1];
        uint32_t *to = keys[~pass & 1];
        uint32_t *counts = own->counts;
        uint32_t *ranks = own->ranks;
        uint32_t mask = radix - 1;
        int shift = pass * digit_bits;

        memset(counts, 0, radix * sizeof(uint32_t));
        for (long i = begin; i < end; i++) {
            counts[from[i] >> shift & mask]++;
        }
        rank(proc);
        for (long i = begin; i < end; i++) {
            to[ranks[from[i] >> shift & mask]++] = from[i];
        }
        BARRIER(barrier, nproc);
    }
}

/* Sum of the keys' hashes: two sets of keys that differ have different sums, but for one chance in 2^64. */
static uint64_t fingerprint(const uint32_t *array)
{
    uint64_t sum = 0;

    for (long i = 0; i < key_count; i++) {
        uint64_t hash = (array[i] + 1) * 0x9e3779b97f4a7c15ULL;

        hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ULL;
        sum += hash ^ hash >> 32;
    }
    return sum;
}

int main(int argc, char **argv)
{
    const AnlOption options[] = {
        { 'n', "keys", &key_count, 1048576, 100000, 1, 64 << 20 },
        { 'r', "radix, a power of two", &radix, 1024, 1024, 2, 65536 },
        { 'm', "largest key plus one", &max_key, 524288, 524288, 1, 0x7fffffff },
    };
    double begin = anl_time();
    const uint32_t *sorted;
    uint64_t print;
    double parallel;

    nproc = anl_options(argc, argv, options, 3);
    if (radix & (radix - 1)) {
        anl_fail("radix: -r %ld is not a power of two", radix);
    }
    prepare();
    print = fingerprint(keys[0]);

    parallel = anl_run(nproc, sort);

    sorted = keys[passes & 1];
    for (long i = 1; i < key_count; i++) {
        if (sorted[i - 1] > sorted[i]) {
            anl_fail("radix: key %ld is %u, but key %ld is %u", i - 1, (unsigned)sorted[i - 1], i, (unsigned)sorted[i]);
        }
    }
    if (fingerprint(sorted) != print) {
        anl_fail("radix: the sorted keys are not those of the input");
    }
    anl_report("radix", parallel, begin);
    return 0;
}
