/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop, caches, MPD, E and CPU threads together, with a make-believe guest: a "block" is some words of
 * memory up to one that is a multiple of 8, "translated code" is a copy of them, and what they do is random: jump,
 * store to code or data, raise, wait for an interrupt or an event, switch translation tables. Caches are tiny, so
 * flushes happen all the time. Meanwhile the main thread raises interrupts, writes by DMA, pauses and resets, and sets
 * breakpoints, steps some CPUs and lets others stay as a debugger does.
 *
 * Checked: no block has a breakpoint, a step is one block; code memory stays intact while it is executed or waited in;
 * with one CPU a block equals memory; pause stops everything; interrupts always wake; CPUs that all wait for events
 * sleep. Each configuration is a process of its own.
 * The guest is cpu-exec-guest.c.
 */
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/debug-points.h"
#include "accel/tcg/elock.h"
#include "exec/memory.h"
#include "sysemu/accel.h"
#include "tests/unit/cpu-exec-guest.h"
#include "tests/unit/tap.h"

enum { ALARM_S = 1000 };                /* ends what hangs, if nobody else does first */

static unsigned broke, stepped;         /* stops that the debugger was told */

/* ---- the machine ---- */

static void sleep_us(int us)
{
    struct timespec t = { 0, us * 1000 };

    nanosleep(&t, NULL);
}

static uint64_t total(void)
{
    uint64_t n = 0;

    for (int i = 0; i < cpu_count; i++) {
        n += __atomic_load_n(&blocks_run[i], __ATOMIC_RELAXED);
    }
    return n;
}

static void check_paused(bool reset)
{
    uint64_t before;

    cpus_pause();
    before = total();
    cpus_pause();
    CHECK(cpus_paused());
    if (reset) {
        cpus_reset();
    }
    sleep_us(200);
    cpus_resume();
    CHECK(total() == before);
    cpus_resume();
}

static void check_stop(const DebugStop *stop, const DebugRun *run)
{
    switch (stop->reason) {
    case DEBUG_BROKE:
        CHECK(debug_breakpoint_at(stop->addr) && cpu_states[stop->cpu]->env->regs[15] == stop->addr);
        broke++;
        break;
    case DEBUG_STEPPED:
        CHECK(run[stop->cpu] == DEBUG_STEP);
        stepped++;
        break;
    default:
        CHECK(stop->reason == DEBUG_NONE);
    }
}

/* A debugger's turn: breakpoints anywhere, and each CPU runs, steps or stays until one stops or some time is over. */
static void check_debugger(int cpus, uint32_t *seed)
{
    uint64_t before[ARM_MAX_CPUS];
    DebugRun run[ARM_MAX_CPUS];
    DebugStop stop;

    cpus_pause();
    for (int k = 0; k < 4; k++) {
        CHECK(debug_point_insert(DEBUG_BREAK_SOFTWARE, random_pc(seed), 4));
    }
    for (int c = 0; c < cpus; c++) {
        run[c] = (DebugRun)(rnd(seed) % 3);
        debug_set_run(c, run[c], rnd(seed) & 1);
        before[c] = __atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&debugger_called, 0, __ATOMIC_SEQ_CST);
    cpus_resume();
    for (int k = 0; k < 20 && !__atomic_load_n(&debugger_called, __ATOMIC_SEQ_CST); k++) {
        sleep_us(100);
    }
    cpus_pause();
    for (int c = 0; c < cpus; c++) {
        uint64_t ran = __atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED) - before[c];

        CHECK(run[c] == DEBUG_RUN || ran <= (run[c] == DEBUG_STEP));
    }
    stop = debug_take_stop();
    check_stop(&stop, run);
    debug_points_clear();
    cpus_resume();
}

/* Every block in use is in the hash table, and what it is chained to is in use, however often the cache was full. */
static void check_block(TranslationBlock *tb, void *opaque)
{
    CodeCache *cache = opaque;

    if (tb->invalid || tb->phys_pc >= RAM_BYTES) {
        return;
    }
    CHECK(tb_hash_lookup(&cache->hash, tb->pc, tb->flags, tb->phys_pc) == tb);
    CHECK(!tb->evicted);
    for (int n = 0; n < TB_JUMPS; n++) {
        const TranslationBlock *to = tb_deref(tb->jmp[n].to);

        CHECK(!to || (!to->invalid && to->pc == tb_jump_target(tb, n)));
    }
}

typedef struct Count {
    const CacheRegion *fill;
    uint32_t used, elsewhere;   /* elsewhere: in other regions */
} Count;

static void count_block(TranslationBlock *tb, void *opaque)
{
    Count *n = opaque;

    if (!tb->invalid && tb->phys_pc < RAM_BYTES) {
        n->used++;
        n->elsewhere += tb < n->fill->blocks || tb >= n->fill->blocks + n->fill->max_blocks;
    }
}

/* CPUs have ended. */
static void check_caches(int cpus)
{
    for (int c = 0; c < cpus; c++) {
        CodeCache *cache = cpu_states[c]->cache;
        Count n = { &cache->region[cache->fill], 0, 0 };
        uint32_t listed = 0;

        cache_foreach(cache, check_block, cache);
        for (uint32_t i = 0; i < 1u << cache->hash.bits; i++) {
            for (TranslationBlock *tb = tb_deref(cache->hash.buckets[i]); tb; tb = tb_deref(tb->hash_next)) {
                CHECK(!tb->invalid);
                listed++;
            }
        }
        cache_foreach(cache, count_block, &n);
        CHECK(listed == n.used);
        CHECK(cache->nregions == 1 || n.elsewhere);     /* what eviction leaves */
    }
}

static uint64_t flushes(int cpus)
{
    uint64_t n = 0;

    for (int c = 0; c < cpus; c++) {
        n += __atomic_load_n(&cpu_states[c]->n.flush, __ATOMIC_RELAXED);
    }
    return n;
}

/*
 * Has everything happened that a run has to show? How many rounds that takes is up to the host: a busy one, or a
 * sanitizer, lets the CPUs run little between two of them.
 */
static bool shown(int cpus)
{
    const CPUCounters *n = &cpu_states[0]->n;

    return broke > 3 && stepped > 3 && flushes(cpus) > 3 && __atomic_load_n(&raised, __ATOMIC_RELAXED) > 10 &&
           __atomic_load_n(&irqs_taken, __ATOMIC_RELAXED) > 10 && __atomic_load_n(&wfis, __ATOMIC_RELAXED) > 10 &&
           __atomic_load_n(&n->chain, __ATOMIC_RELAXED) && __atomic_load_n(&n->invalidate, __ATOMIC_RELAXED) &&
           __atomic_load_n(&n->find_fast_hit, __ATOMIC_RELAXED);
}

/* How often CPU 0 slept: with thread=single, how often all did. */
static uint64_t sleeps(void)
{
    return __atomic_load_n(&cpu_states[0]->n.idle, __ATOMIC_RELAXED);
}

static void wait_sleeps(uint64_t more)
{
    uint64_t n = sleeps();

    while (sleeps() < n + more) {       /* or the alarm */
        sleep_us(100);
    }
}

/* All CPUs are in WFE and nobody sends an event: they sleep, and each looks around once per sleep. */
static void check_all_wait(int cpus, bool single)
{
    uint64_t slept, ran;

    __atomic_store_n(&all_wait, true, __ATOMIC_SEQ_CST);
    for (int c = 0; c < cpus; c++) {
        cpu_interrupt(c, 0, 1);     /* out of WFI */
    }
    wait_sleeps(10);
    ran = total();
    slept = sleeps();
    wait_sleeps(50);
    slept = sleeps() - slept;
    ran = total() - ran;
    /* One block takes the event that ended the sleep, the next waits. */
    CHECK(!single || ran <= 2 * (uint64_t)cpus * (slept + 2));
    __atomic_store_n(&all_wait, false, __ATOMIC_SEQ_CST);
}

static void run_machine(int cpus, bool separate, bool single, unsigned regions, int rounds)
{
    uint32_t seed = 12345, word, data[16] = { 0 };
    uint64_t n;

    accel_init(&(AccelOptions) {
        .ccache_separate = separate, .thread_single = single, .tb_size_kib = 256, .tb_regions = regions,
    }, cpus);
    for (int i = 0; i < RAM_BYTES / 4; i++) {
        ram[i] = rnd(&seed);
    }
    for (int i = 0; i < cpus; i++) {
        cpu_create(i, cpus);
    }
    exact = cpus == 1 || single;
    cpus_start();
    sleep_us(1000);
    CHECK(total() == 0);
    cpus_resume();
    for (int i = 0; i < rounds || !shown(cpus); i++) {          /* or the alarm */
        for (int c = 0; c < cpus; c++) {
            cpu_interrupt(c, rnd(&seed) & 1, 1);
        }
        sleep_us(300);
        if (!exact) {
            word = rnd(&seed);
            for (int k = 0; k < 16; k++) {
                data[k] = rnd(&seed);
            }
            CHECK(dma_write(word % (RAM_BYTES - 64), data, word % 64));
        }
        CHECK(!dma_write(RAM_BYTES - 2, data, 4));
        if (i % 16 == 15) {
            check_paused(i % 64 == 63);
        }
        if (i % 8 == 3) {
            check_debugger(cpus, &seed);
        }
        if (i % 32 == 1) {
            cpu_kick((int)(rnd(&seed) % (uint32_t)cpus));
        }
    }
    /* An interrupt must get every CPU going, whatever it sleeps in. */
    for (int k = 0; k < 50; k++) {
        for (int c = 0; c < cpus; c++) {
            n = __atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED);
            cpu_interrupt(c, 0, 1);
            while (__atomic_load_n(&blocks_run[c], __ATOMIC_RELAXED) == n) {    /* or the alarm */
                sleep_us(100);
            }
        }
    }
    check_all_wait(cpus, single);
    cpus_shutdown();
    for (int c = 0; c < cpus; c++) {
        CHECK(cpu_states[c]->reading == ELOCK_OUT);
    }
    check_caches(cpus);
    CHECK(shown(cpus));
    if (getenv("VERBOSE")) {
        char *text = accel_stats_text();
        fputs(text, stderr);
        free(text);
    }
}

int main(void)
{

    for (int i = 0; i < 8; i++) {
        int cpus = i < 2 ? 1 : 4, status = 0;
        bool separate = i & 1, single = i == 4 || i == 5;
        unsigned regions = i >= 6 ? 1 : 0;      /* emptied when full; or the design's own number */
        pid_t pid;

#ifndef CONFIG_CCACHE_UNIFIED
        if (!separate) {
            continue;
        }
#endif
#ifndef CONFIG_CCACHE_SEPARATE
        if (separate) {
            continue;
        }
#endif

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            alarm(ALARM_S);
            run_machine(cpus, separate, single, regions, 600);
            exit(0);
        }
        tap_case(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "%d CPU%s, %s cache%s, thread=%s%s", cpus,
                 cpus > 1 ? "s" : "", separate ? "separate" : "unified", separate ? "s" : "",
                 single ? "single" : "multi", regions ? ", tb-regions=1" : "");
    }
    return tap_done();
}
