/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPD and the order of stores: bitmap and ranges on one thread; then CPUs that build blocks, store to code and data by
 * every kind of store, and a device that writes. A block remembers the words it was built from: whenever all CPUs stand
 * still and no store is half done (in memory, but its writer still waits to invalidate), every valid block must equal
 * memory.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/ram-write.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "tests/unit/accel-threads.h"

enum { CPUS = 4, PAGES = 3, WORDS = PAGES * 1024, ROUNDS = 30000, MAX_BLOCKS = ROUNDS * CPUS, MAX_WORDS = 8,
       ENOUGH_CHECKS = 10 };

static uint32_t memory[WORDS];                  /* atomic, relaxed */
static uint8_t may_write[ARM_MAX_CPUS][PAGES];  /* the CPU's fast tables */
static TranslationBlock *blocks;
static uint32_t (*texts)[MAX_WORDS];
static uint32_t nblocks;                        /* atomic */
static uint32_t built, unlinked, direct;        /* atomic */
static int cpus_running;                        /* atomic */
static uint32_t half_done[CPUS];                /* CPU is between store and invalidation; atomic */
static uint32_t checks;                         /* atomic */
static pthread_mutex_t device_lock = PTHREAD_MUTEX_INITIALIZER;     /* the device's store and invalidation */

static void (*at_store)(void);                  /* between begin and end of a store */

/* ---- what MPD and stores call ---- */

void tlb_revoke_writes(uint32_t page)
{
    for (int i = 0; i < cpu_count; i++) {
        if (page < PAGES) {
            may_write[i][page] = 0;
        }
    }
}

void cache_unlink_block(TranslationBlock *tb)
{
    tb->invalid = 1;
    __atomic_add_fetch(&unlinked, 1, __ATOMIC_RELAXED);
}

uint32_t memory_ram_phys(uint32_t ram)
{
    return ram;
}

/* An exclusive monitor that never objects. */
static void store_word(uint8_t *host, uint32_t v)
{
    if (at_store) {
        at_store();
    }
    __atomic_store_n((uint32_t *)(void *)host, v, __ATOMIC_RELAXED);
}

void excl_store(CPUARMState *env, uint32_t page, uint8_t *host, uint64_t v, unsigned size)
{
    store_word(host, (uint32_t)v);
}

uint64_t excl_swap(CPUARMState *env, uint32_t page, uint8_t *host, uint64_t v, unsigned size)
{
    store_word(host, (uint32_t)v);
    return 0;
}

bool excl_commit(CPUARMState *env, uint8_t *host, uint64_t v, unsigned size)
{
    store_word(host, (uint32_t)v);
    return true;
}

void excl_write(uint8_t *host, const void *buf, uint32_t len)
{
    for (uint32_t i = 0; i < len; i += 4) {
        uint32_t v;

        memcpy(&v, (const uint8_t *)buf + i, 4);
        store_word(host + i, v);
    }
}

/* ---- one thread ---- */

static bool has_mark(uint32_t page)
{
    return ram_page_has(page, RAM_PAGE_CODE);
}

static void invalidate(CPUARMState *env, uint32_t ram, uint32_t len)
{
    exclusive_begin(env);
    for (TranslationBlock *tb = mpd_take_hits(ram, len); tb; tb = tb_deref(tb->page_next)) {
        cache_unlink_block(tb);
    }
    exclusive_end();
}

static void test_ranges(void)
{
    TranslationBlock t[3] = {
        { .phys_pc = 0x5100, .guest_bytes = 8 }, { .phys_pc = 0x5ffc, .guest_bytes = 4 },
        { .phys_pc = 0x6000, .guest_bytes = 64 },
    };
    CPUARMState *env;

    tb_set_origin(t);
    accel_create_cpus(1);
    env = cpu_states[0]->env;
    elock_read_enter(env);
    ACCEL_CHECK(!has_mark(5) && !mpd_range_has_code(0, ~0u));
    for (int i = 0; i < 3; i++) {
        mpd_protect_page(env, t[i].phys_pc >> 12);
        mpd_add_block(&t[i]);
    }
    ACCEL_CHECK(has_mark(5) && has_mark(6) && !has_mark(4));
    ACCEL_CHECK(!mpd_range_has_code(0x50fc, 4) && mpd_range_has_code(0x50fd, 4));
    ACCEL_CHECK(mpd_range_has_code(0x5107, 1) && !mpd_range_has_code(0x5108, 4));
    ACCEL_CHECK(!mpd_range_has_code(0x5108, 0xef4) && mpd_range_has_code(0x5108, 0xef5));
    ACCEL_CHECK(mpd_range_has_code(0, ~0u) && mpd_range_has_code(0x5fff, 0x1000));
    ACCEL_CHECK(!mpd_range_has_code(0x6040, 0x10000));
    mpd_build_begin(6);
    ACCEL_CHECK(mpd_range_has_code(0x6800, 1));
    mpd_build_end(6);
    ACCEL_CHECK(!mpd_range_has_code(0x6800, 1));
    accel_case_done("ranges are exact to the byte");

    invalidate(env, 0x5108, 16);
    ACCEL_CHECK(!t[0].invalid && !t[1].invalid);
    invalidate(env, 0x5ffe, 0x10);
    ACCEL_CHECK(!t[0].invalid && t[1].invalid && t[2].invalid);
    ACCEL_CHECK(!has_mark(6) && has_mark(5));
    invalidate(env, 0x5107, 1);
    ACCEL_CHECK(t[0].invalid && !has_mark(5));
    accel_case_done("invalidate drops what it hits, and the last block takes the page's mark along");

    for (int i = 0; i < 40; i++) {
        t[0].invalid = 0;
        mpd_protect_page(env, 5);
        mpd_add_block(&t[0]);
        invalidate(env, 0x5100, 1);
        ACCEL_CHECK(t[0].invalid);
    }
    ACCEL_CHECK(has_mark(5));
    for (int i = 0; i < 1 << 20 && has_mark(5); i++) {
        if (mpd_range_has_code(0x5800, 4)) {
            invalidate(env, 0x5800, 4);
        }
    }
    ACCEL_CHECK(!has_mark(5));
    accel_case_done("a page that wavers keeps its mark for a while, not for ever");
    elock_read_exit(env);
}

static void test_owners(void)
{
    TranslationBlock t[4];

    memset(t, 0, sizeof(t));
    tb_set_origin(t);
    accel_create_cpus(2);
    elock_read_enter(cpu_states[0]->env);
    mpd_protect_page(cpu_states[0]->env, 9);
    for (int i = 0; i < 4; i++) {
        t[i].phys_pc = 0x9000 + 0x100 * i;
        t[i].guest_bytes = 4;
        t[i].owner = i & 1;
        mpd_add_block(&t[i]);
    }
    mpd_forget_owner(&t[0]);
    ACCEL_CHECK(t[0].invalid && !t[1].invalid && t[2].invalid && !t[3].invalid);
    ACCEL_CHECK(!mpd_range_has_code(0x9000, 4) && mpd_range_has_code(0x9100, 4) && has_mark(9));
    accel_case_done("a local flush leaves other CPUs' blocks");
    elock_flush_begin(cpu_states[0]->env);
    mpd_forget_page(9);
    elock_flush_end();
    ACCEL_CHECK(!mpd_range_has_code(0x9000, 0x1000) && !has_mark(9));
    accel_case_done("a flush of all clears the page");
    elock_read_exit(cpu_states[0]->env);
}

/*
 * A device asks, and finds no code; then the page becomes code, and a CPU translates from it; then the device stores.
 * Had the block taken the word as a constant, it would run with the old one behind the store.
 */
static void test_code_between_begin_and_store(void)
{
    TranslationBlock tb = { .phys_pc = 0x11000, .guest_bytes = 8 };
    CPUARMState *env;

    tb_set_origin(&tb);
    accel_create_cpus(1);
    env = cpu_states[0]->env;
    ram_page_write_begin(0x11ffc, 8);
    ACCEL_CHECK(!mpd_store_begin(0x11ffc, 8));
    elock_read_enter(env);
    for (uint32_t page = 0x11; page <= 0x12; page++) {
        mpd_protect_page(env, page);
        ACCEL_CHECK(mpd_build_begin(page));
        mpd_build_end(page);
    }
    mpd_add_block(&tb);
    elock_read_exit(env);
    ACCEL_CHECK(!mpd_range_has_code(0x11ffc, 8));
    ram_page_write_end(0x11ffc, 8);
    elock_read_enter(env);
    mpd_protect_page(env, 0x13);
    ACCEL_CHECK(!mpd_build_begin(0x11) && !mpd_build_begin(0x12) && !mpd_build_begin(0x13));
    for (uint32_t page = 0x11; page <= 0x13; page++) {
        mpd_build_end(page);
    }
    invalidate(env, 0x11000, 4);
    elock_read_exit(env);
    accel_case_done("no constants from a page that becomes code between a device's question and its store");
}

/* ---- the order of a store ---- */

enum { CODE_RAM = 0x15000 };
static TranslationBlock late_blocks[8], *late;  /* built at_store */
static bool stopped, late_has_data;

static void look(void)
{
    stopped = elock_wanted();
}

static void build_late(void)
{
    CPUARMState *env = cpu_states[0]->env;
    bool cpu = current_cpu;

    look();
    if (!cpu) {
        elock_read_enter(env);                  /* a device stores; the CPU goes on meanwhile */
    }
    mpd_protect_page(env, CODE_RAM >> 12);
    late = late ? late + 1 : late_blocks;
    *late = (TranslationBlock) { .phys_pc = CODE_RAM + 0x200, .guest_bytes = 8 };
    late_has_data = mpd_build_begin(CODE_RAM >> 12);
    mpd_add_block(late);
    mpd_build_end(CODE_RAM >> 12);
    if (!cpu) {
        elock_read_exit(env);
    }
}

/* Store to the word at ram by verb k; whether the CPUs stood still for it. */
static bool stops(int k, uint32_t ram, void (*hook)(void))
{
    CPUARMState *env = cpu_states[0]->env;
    uint8_t *host = (uint8_t *)&memory[ram % sizeof(memory) / 4];
    uint32_t v = 1;

    at_store = hook;
    current_cpu = k < 3 ? cpu_states[0] : NULL;
    if (current_cpu) {
        elock_read_enter(env);
    }
    switch (k) {
    case 0:
        ram_store(env, ram, host, v, 4);
        break;
    case 1:
        ram_swap(env, ram, host, v, 4);
        break;
    case 2:
        ram_store_exclusive(env, ram, host, v, 4);
        break;
    default:
        ram_write(ram, host, &v, 4);
        break;
    }
    if (current_cpu) {
        elock_read_exit(env);
    }
    current_cpu = NULL;
    at_store = NULL;
    return stopped;
}

static void test_order(void)
{
    static const char *const names[] = { "store", "SWP", "STREX", "DMA" };
    static TranslationBlock tb[4];
    char name[80];
    CPUARMState *env;

    tb_set_origin((uintptr_t)tb < (uintptr_t)late_blocks ? tb : late_blocks);
    accel_create_cpus(1);
    env = cpu_states[0]->env;
    for (int k = 0; k < 4; k++) {
        ACCEL_CHECK(!stops(k, CODE_RAM, look));
        elock_read_enter(env);
        mpd_protect_page(env, CODE_RAM >> 12);
        tb[k] = (TranslationBlock) { .phys_pc = CODE_RAM, .guest_bytes = 8 };
        mpd_add_block(&tb[k]);
        elock_read_exit(env);
        ACCEL_CHECK(!stops(k, CODE_RAM + 8, look) && !tb[k].invalid);
        ACCEL_CHECK(!stops(k, CODE_RAM + 0x204, build_late) && late->invalid && late_has_data && !tb[k].invalid);
        ACCEL_CHECK(stops(k, CODE_RAM + 4, look) && tb[k].invalid);
        /* A page without any code: a device may meet it, a CPU cannot. */
        if (k == 3) {
            invalidate(NULL, CODE_RAM, 4096);
            ram_page_clear(CODE_RAM >> 12, RAM_PAGE_CODE);
            ACCEL_CHECK(!stops(k, CODE_RAM + 0x204, build_late) && late->invalid && late_has_data);
        }
        snprintf(name, sizeof(name), "%s: CPUs stand still if it hits code, and what was built meanwhile goes",
                 names[k]);
        accel_case_done(name);
    }
}

/* ---- many threads ---- */

static void build(CPUState *cpu, uint32_t word)
{
    uint32_t n = __atomic_fetch_add(&nblocks, 1, __ATOMIC_RELAXED);
    TranslationBlock *tb = &blocks[n];
    uint32_t left = 1024 - (word & 1023);
    uint32_t len = left < MAX_WORDS ? left : MAX_WORDS;

    mpd_protect_page(cpu->env, word >> 10);
    tb->phys_pc = word * 4;
    tb->guest_bytes = len * 4;
    tb->owner = cpu->index;
    mpd_build_begin(word >> 10);
    for (uint32_t i = 0; i < len; i++) {
        texts[n][i] = __atomic_load_n(&memory[word + i], __ATOMIC_RELAXED);
    }
    mpd_add_block(tb);
    mpd_build_end(word >> 10);
    __atomic_add_fetch(&built, 1, __ATOMIC_RELAXED);
}

/* By a direct entry, if the CPU has one or gets one; else by ram-write.c. */
static void store(CPUState *cpu, uint32_t word, uint32_t value)
{
    CPUARMState *env = cpu->env;
    uint8_t *host = (uint8_t *)&memory[word];
    uint32_t page = word >> 10;

    if (!may_write[cpu->index][page] && !has_mark(page)) {
        may_write[cpu->index][page] = 1;
    }
    if (may_write[cpu->index][page]) {
        __atomic_store_n(&memory[word], value, __ATOMIC_RELAXED);
        __atomic_add_fetch(&direct, 1, __ATOMIC_RELAXED);
        return;
    }
    __atomic_store_n(&half_done[cpu->index], 1, __ATOMIC_SEQ_CST);
    if (value % 8 == 0) {
        ram_swap(env, word * 4, host, value, 4);
    } else if (value % 8 == 1) {
        ram_store_exclusive(env, word * 4, host, value, 4);
    } else {
        ram_store(env, word * 4, host, value, 4);
    }
    __atomic_store_n(&half_done[cpu->index], 0, __ATOMIC_SEQ_CST);
}

/* Exclusive section, device_lock held. */
static void compare_blocks(void)
{
    uint32_t n = __atomic_load_n(&nblocks, __ATOMIC_RELAXED);

    for (int i = 0; i < CPUS; i++) {
        if (__atomic_load_n(&half_done[i], __ATOMIC_SEQ_CST)) {
            return;
        }
    }
    /* Older ones hardly survive. */
    for (uint32_t i = n > 3000 ? n - 3000 : 0; i < n; i++) {
        for (uint32_t w = 0; w * 4 < blocks[i].guest_bytes && !blocks[i].invalid; w++) {
            ACCEL_CHECK(texts[i][w] == __atomic_load_n(&memory[blocks[i].phys_pc / 4 + w], __ATOMIC_RELAXED));
        }
    }
    __atomic_add_fetch(&checks, 1, __ATOMIC_RELAXED);
}

static void check_blocks(CPUARMState *env)
{
    exclusive_begin(env);
    /* The device may hold its lock while it waits for its turn. */
    if (pthread_mutex_trylock(&device_lock) == 0) {
        compare_blocks();
        pthread_mutex_unlock(&device_lock);
    }
    exclusive_end();
}

/* Let others have their exclusive section if they want one. */
static void make_way(CPUState *cpu)
{
    if (__atomic_load_n(&env_jit(cpu->env)->exit_request, __ATOMIC_RELAXED)) {
        __atomic_exchange_n(&env_jit(cpu->env)->exit_request, 0, __ATOMIC_SEQ_CST);
        if (elock_wanted()) {
            elock_read_exit(cpu->env);
            elock_read_enter(cpu->env);
        }
    }
}

static void run_cpu(int index)
{
    CPUState *cpu = cpu_states[index];
    uint32_t seed = 9 + index;

    current_cpu = cpu;
    elock_read_enter(cpu->env);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t r = accel_random(&seed);
        uint32_t word = accel_random(&seed) % WORDS;

        make_way(cpu);
        /* Page 0 is mostly code, page 2 mostly data, and stores come in runs. */
        if (r % 8 < (word < 1024 ? 4u : word < 2048 ? 2u : 0u) || r % 97 == 0) {
            build(cpu, word);
        } else {
            cpu->in_exec = 1;
            for (uint32_t k = 0; k <= (r >> 8) % 16; k++) {
                store(cpu, word, accel_random(&seed));
                word = (word & ~1023u) | ((word + 1) & 1023);
            }
            cpu->in_exec = 0;
        }
        if (r % 1000 == 0) {
            check_blocks(cpu->env);
        }
    }
    /* The device may have been in the way each time. */
    for (int i = 0; i < ROUNDS && __atomic_load_n(&checks, __ATOMIC_RELAXED) <= ENOUGH_CHECKS; i++) {
        make_way(cpu);
        check_blocks(cpu->env);
        sched_yield();
    }
    elock_read_exit(cpu->env);
    current_cpu = NULL;
    __atomic_sub_fetch(&cpus_running, 1, __ATOMIC_SEQ_CST);
}

static void run_device(void)
{
    uint32_t seed = 4711;

    while (__atomic_load_n(&cpus_running, __ATOMIC_SEQ_CST)) {
        uint32_t values[MAX_WORDS], word = accel_random(&seed) % (WORDS - MAX_WORDS);

        for (int i = 0; i < MAX_WORDS; i++) {
            values[i] = accel_random(&seed);
        }
        pthread_mutex_lock(&device_lock);
        ram_write(word * 4, (uint8_t *)&memory[word], values, 4 * (1 + values[0] % MAX_WORDS));
        pthread_mutex_unlock(&device_lock);
        sched_yield();
    }
}

static void run(int index)
{
    if (index < cpu_count) {
        run_cpu(index);
    } else {
        run_device();
    }
}

int main(void)
{
    mpd_init();
    test_ranges();
    test_owners();
    test_code_between_begin_and_store();
    test_order();
    blocks = calloc(MAX_BLOCKS, sizeof(*blocks));
    texts = calloc(MAX_BLOCKS, sizeof(*texts));
    if (!blocks || !texts) {
        abort();
    }
    tb_set_origin(blocks);
    accel_create_cpus(CPUS);
    __atomic_store_n(&cpus_running, CPUS, __ATOMIC_SEQ_CST);
    unlinked = 0;
    accel_run_threads(CPUS + 1, run);
    check_blocks(NULL);
    ACCEL_CHECK(checks > ENOUGH_CHECKS);
    ACCEL_CHECK(built > 1000 && unlinked > 1000);
    ACCEL_CHECK(direct > 1000);
    accel_case_done("no store is lost between builders, CPUs that write and a device");
    return accel_finish();
}
