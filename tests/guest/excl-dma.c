/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusives and DMA: between LDREX and STREX the DMA controller stores the same value, or another one and the old one
 * again, or something elsewhere. A STREX behind a store to its granule must fail; one behind a store elsewhere may
 * fail, but not as a rule. Then a counter beside words that DMA writes all the time.
 *
 * The CPU that holds the reservation starts the transfer itself: its own stores, to a device at that, end no
 * reservation.
 * guest-test: cpus=1,2,4 timeout=30 oracle=no
 */
#include "dma.h"
#include "smc-code.h"

enum { ROUNDS = 8, OLD = 0x11223344, OTHER = 0x99aabbcc, NEW = 0x55667788 };

static uint32_t *l1;
static volatile uint32_t *word;         /* in the middle of a page of its own, at the start of a granule */
static uint32_t values[8] __attribute__((aligned(32)));
static struct dma_item second __attribute__((aligned(16)));

static void load_exclusive(unsigned size, volatile uint32_t *p)
{
    register uint32_t lo __asm__("r2");
    register uint32_t hi __asm__("r3");

    switch (size) {
    case 1:
        __asm__ volatile("ldrexb %0, [%1]" : "=r"(lo) : "r"(p) : "memory");
        break;
    case 2:
        __asm__ volatile("ldrexh %0, [%1]" : "=r"(lo) : "r"(p) : "memory");
        break;
    case 4:
        __asm__ volatile("ldrex %0, [%1]" : "=r"(lo) : "r"(p) : "memory");
        break;
    default:
        __asm__ volatile("ldrexd %0, %1, [%2]" : "=r"(lo), "=r"(hi) : "r"(p) : "memory");
        break;
    }
}

static bool store_exclusive(unsigned size, volatile uint32_t *p)
{
    register uint32_t lo __asm__("r2") = NEW;
    register uint32_t hi __asm__("r3") = NEW;
    uint32_t failed;

    switch (size) {
    case 1:
        __asm__ volatile("strexb %0, %1, [%2]" : "=&r"(failed) : "r"(lo), "r"(p) : "memory");
        break;
    case 2:
        __asm__ volatile("strexh %0, %1, [%2]" : "=&r"(failed) : "r"(lo), "r"(p) : "memory");
        break;
    case 4:
        __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(lo), "r"(p) : "memory");
        break;
    default:
        __asm__ volatile("strexd %0, %1, %2, [%3]" : "=&r"(failed) : "r"(lo), "r"(hi), "r"(p) : "memory");
        break;
    }
    return !failed;
}

enum pattern { UNTOUCHED, SAME_VALUE, THERE_AND_BACK, ONE_LIST, LARGE, BESIDE, OTHER_GRANULE, OTHER_PAGE };

static bool disturb(enum pattern pattern)
{
    switch (pattern) {
    case UNTOUCHED:
        return true;
    case SAME_VALUE:
        return dma_copy(0, &values[0], word, 1);
    case THERE_AND_BACK:
        return dma_copy(0, &values[1], word, 1) && dma_copy(1, &values[0], word, 1);
    case ONE_LIST:
        second.src = (uint32_t)&values[0];
        second.dst = (uint32_t)word;
        second.lli = 0;
        second.control = DMA_WORDS(1);
        dma_start(0, (uint32_t)&values[1], (uint32_t)word, (uint32_t)&second, DMA_WORDS(1), 0);
        return dma_wait(0);
    case LARGE:
        /* The page onto itself: every granule is stored to, with what it has. */
        return dma_copy(1, word - 512, word - 512, 1024);
    case BESIDE:
        return dma_copy(0, &values[1], word + 7, 1);
    case OTHER_GRANULE:
        return dma_copy(0, &values[1], word + 8, 1) && dma_copy(1, &values[1], word - 1, 1);
    default:
        return dma_copy(0, &values[1], values + 2, 1);
    }
}

static uint32_t successes(unsigned size, enum pattern pattern, bool *good)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        word[0] = word[1] = OLD;
        word[7] = word[8] = word[-1] = 0;
        dsb();
        load_exclusive(size, word);
        *good &= disturb(pattern);
        bool stored = store_exclusive(size, word);

        /* Memory says the same as the result. */
        *good &= stored == (word[0] != OLD);
        n += stored;
    }
    return n;
}

static void all_patterns(void)
{
    static const struct { enum pattern pattern; bool fails; const char *name; } cases[] = {
        { SAME_VALUE, true, "the same value by DMA" }, { THERE_AND_BACK, true, "A-B-A by DMA" },
        { ONE_LIST, true, "A-B-A by one list" }, { LARGE, true, "the page copied onto itself" },
        { BESIDE, true, "beside the word, in its granule" },
        { UNTOUCHED, false, "undisturbed" }, { OTHER_GRANULE, false, "granules beside it" },
        { OTHER_PAGE, false, "another page" },
    };
    bool good = true;

    values[0] = OLD;
    values[1] = OTHER;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t n = 0;

        for (unsigned size = 1; size <= 8; size *= 2) {
            n += successes(size, cases[i].pattern, &good);
        }
        if (cases[i].fails) {
            ok_eq(n, 0, cases[i].name);
        } else {
            ok(n >= 4 * ROUNDS - 2, cases[i].name);
        }
    }
    ok(good, "memory agrees with the results");
}

/* A counter of all CPUs in a granule that an endless list writes to, and one in the granule behind it. */
static void counting(uint32_t argument)
{
    for (uint32_t i = 0; i < argument; i++) {
        atomic_add(&word[3], 1);
        atomic_add(&word[8], 1);
    }
}

static void counting_job(uint32_t cpu)
{
    (void)cpu;
    mmu_on(l1);
    counting(4000);
}

static void counters(void)
{
    word[3] = word[8] = 0;
    second.src = (uint32_t)&values[0];
    second.dst = (uint32_t)word;
    second.lli = (uint32_t)&second;
    second.control = DMA_SIZE(2) | DMA_WIDTH(2, 2) | DMA_SI;
    dma_start(0, second.src, second.dst, second.lli, second.control, 0);
    run_all(num_cpus(), counting_job);
    ok(rd32(DMAC_ENBLD_CHNS) == 1 && !rd32(DMAC_RAW_INT_ERROR_STATUS), "DMA went on all the time");
    wr32(DMAC_CONFIG(0), 0);
    ok_eq(word[3], 4000 * num_cpus(), "a counter in the granule that DMA writes to");
    ok_eq(word[8], 4000 * num_cpus(), "a counter behind it");
}

int test_main(void)
{
    uint32_t *page = page_alloc(1);

    word = page + 512;
    dma_init();
    l1 = mmu_new_table();
    smp_start();
    mmu_on(l1);
    all_patterns();
    counters();
    return 0;
}
