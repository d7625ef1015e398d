/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ABA: between the LDREX and the STREX of one CPU another one stores to the word, and puts the old value back or stores
 * the old value at once. STREX must fail every time, whatever the kind of store. The CPUs take turns through flags, so
 * nothing is left to chance. A STREX nobody disturbed must succeed (nearly) always. guest-test: cpus=2,4 timeout=30
 */
#include "smc-code.h"

enum { ROUNDS = 4, OLD = 0x11223344, NEW = 0x55667788, OTHER = 0x99aabbcc };

static volatile uint32_t *word;         /* 32 bytes of which the first ones are the marked ones */
static volatile uint32_t turn __attribute__((aligned(4096))), successes, size;
static volatile bool big;

static void wait_turn(uint32_t n)
{
    while (turn != n) {
        spin_hint();
    }
    dmb();
}

static void give_turn(uint32_t n)
{
    dmb();
    turn = n;
}

/* The instruction alone runs in the wanted endianness. */
#define IN_ENDIANNESS(insn, ...) \
    do { \
        if (big) { \
            __asm__ volatile("setend be\n " insn "\n setend le" __VA_ARGS__); \
        } else { \
            __asm__ volatile(insn __VA_ARGS__); \
        } \
    } while (0)

static void load_exclusive(volatile uint32_t *p)
{
    register uint32_t lo __asm__("r2");
    register uint32_t hi __asm__("r3");

    switch (size) {
    case 1:
        IN_ENDIANNESS("ldrexb %0, [%1]", : "=r"(lo) : "r"(p) : "memory");
        break;
    case 2:
        IN_ENDIANNESS("ldrexh %0, [%1]", : "=r"(lo) : "r"(p) : "memory");
        break;
    case 4:
        IN_ENDIANNESS("ldrex %0, [%1]", : "=r"(lo) : "r"(p) : "memory");
        break;
    default:
        IN_ENDIANNESS("ldrexd %0, %1, [%2]", : "=r"(lo), "=r"(hi) : "r"(p) : "memory");
        break;
    }
}

static uint32_t store_exclusive(volatile uint32_t *p, uint32_t v)
{
    register uint32_t lo __asm__("r2") = v;
    register uint32_t hi __asm__("r3") = v;
    uint32_t failed;

    switch (size) {
    case 1:
        IN_ENDIANNESS("strexb %0, %1, [%2]", : "=&r"(failed) : "r"(lo), "r"(p) : "memory");
        break;
    case 2:
        IN_ENDIANNESS("strexh %0, %1, [%2]", : "=&r"(failed) : "r"(lo), "r"(p) : "memory");
        break;
    case 4:
        IN_ENDIANNESS("strex %0, %1, [%2]", : "=&r"(failed) : "r"(lo), "r"(p) : "memory");
        break;
    default:
        IN_ENDIANNESS("strexd %0, %1, %2, [%3]", : "=&r"(failed) : "r"(lo), "r"(hi), "r"(p) : "memory");
        break;
    }
    return failed;
}

/* The CPU with the reservation: `rounds` times LDREX, the other one's turn, STREX. */
static void marker(uint32_t rounds)
{
    vfp_enable();
    for (uint32_t n = 0; n < rounds; n++) {
        wait_turn(4 * n);
        load_exclusive(word);
        give_turn(4 * n + 1);
        wait_turn(4 * n + 2);
        successes += !store_exclusive(word, NEW);
        give_turn(4 * n + 3);
    }
}

enum pattern { UNTOUCHED, SAME_VALUE, THERE_AND_BACK, OTHER_LINE };

static uint32_t run(const struct store_kind *k, enum pattern pattern, uint32_t *broken)
{
    turn = 1u << 30;
    successes = 0;
    run_on(1, marker, ROUNDS);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        uint32_t before = successes;

        word[-1] = word[2] = 0x5a5a5a5a;
        word[0] = word[1] = OLD;
        word[16] = OLD;
        give_turn(4 * n);
        wait_turn(4 * n + 1);
        switch (pattern) {
        case UNTOUCHED:
            break;
        case SAME_VALUE:
            k->store((uint32_t)word, OLD);
            break;
        case THERE_AND_BACK:
            k->store((uint32_t)word, OTHER);
            k->store((uint32_t)word, OLD);
            break;
        case OTHER_LINE:
            k->store((uint32_t)(word + 16), OTHER);
            break;
        }
        give_turn(4 * n + 2);
        wait_turn(4 * n + 3);
        /* Memory must say the same as the result. */
        *broken += (successes != before) != (word[0] != OLD);
        *broken += word[-1] != 0x5a5a5a5a || word[2] != 0x5a5a5a5a;
    }
    wait_for(1);
    return successes;
}

static void all_patterns(uint32_t bytes, bool big_endian, const char *same, const char *back, const char *calm)
{
    uint32_t same_successes = 0, back_successes = 0, broken = 0, good;

    size = bytes;
    big = big_endian;
    /* Every kind of store against LDREX, every third one against the others. */
    for (unsigned i = 0; i < NB_STORE_KINDS; i += bytes == 4 && !big_endian ? 1 : 3) {
        uint32_t s = run(&store_kinds[i], SAME_VALUE, &broken), b = run(&store_kinds[i], THERE_AND_BACK, &broken);

        if (s || b) {
            print("# %s: %u and %u of %u succeed\n", store_kinds[i].name, (unsigned)s, (unsigned)b, ROUNDS);
        }
        same_successes += s;
        back_successes += b;
    }
    ok_eq_ours(same_successes, 0, same);
    ok_eq_ours(back_successes, 0, back);
    good = run(&store_kinds[0], UNTOUCHED, &broken) + run(&store_kinds[0], OTHER_LINE, &broken);
    ok(good >= 2 * ROUNDS - 1, calm);
    ok_eq(broken, 0, "memory agrees with the results");
}

int test_main(void)
{
    uint32_t *page = page_alloc(2);

    vfp_enable();
    word = page + 40;
    smp_start_mmu(mmu_new_table());
    all_patterns(4, false, "LDREX: same value stored", "LDREX: A-B-A", "STREX undisturbed");
    /* Transfers of several words and unaligned stores to it begin or end in another page. */
    word = page + 1024;
    all_patterns(4, false, "LDREX at a page's beginning: same value stored", "LDREX at a page's beginning: A-B-A",
                 "STREX at a page's beginning, undisturbed");
    word = page + 1023;
    all_patterns(4, false, "LDREX at a page's end: same value stored", "LDREX at a page's end: A-B-A",
                 "STREX at a page's end, undisturbed");
    word = page + 40;
    all_patterns(1, false, "LDREXB: same value stored", "LDREXB: A-B-A", "STREXB undisturbed");
    all_patterns(2, false, "LDREXH: same value stored", "LDREXH: A-B-A", "STREXH undisturbed");
    all_patterns(8, false, "LDREXD: same value stored", "LDREXD: A-B-A", "STREXD undisturbed");
    all_patterns(4, true, "LDREX, big-endian: same value stored", "LDREX, big-endian: A-B-A",
                 "STREX, big-endian, undisturbed");
    all_patterns(8, true, "LDREXD, big-endian: same value stored", "LDREXD, big-endian: A-B-A",
                 "STREXD, big-endian, undisturbed");
    return 0;
}
