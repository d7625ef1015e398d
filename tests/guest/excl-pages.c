/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What exclusives mean for whole pages: pages whose stores are watched, forgotten and watched again, while other CPUs
 * store to them; exclusive variables on a stack, beside code, in code that changes. guest-test: cpus=1,2,4 timeout=60
 */
#include "smc-code.h"

enum { CYCLES = 30, STORES = 3000 };

static uint32_t *l1, *page;
static struct barrier meeting;
static volatile uint32_t turn __attribute__((aligned(4096))), aba, bad;

static uint32_t ldrex(const volatile void *p)
{
    uint32_t v;

    __asm__ volatile("ldrex %0, [%1]" : "=r"(v) : "r"(p) : "memory");
    return v;
}

static bool strex(volatile void *p, uint32_t v)
{
    uint32_t failed;

    __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(v), "r"(p) : "memory");
    return !failed;
}

static void meet(void)
{
    if (num_cpus() > 1) {
        barrier_wait(&meeting, num_cpus());
    }
}

/* ---- watched, forgotten, watched again ---- */

/* Plain stores of all CPUs to their parts of the page, and a common counter; what is lost shows in the sums. */
static void watch_job(uint32_t argument)
{
    unsigned cpu = cpu_id();
    volatile uint32_t *mine = page + 128 * (cpu + 1);

    (void)argument;
    meet();
    for (unsigned c = 0; c < CYCLES; c++) {
        for (unsigned i = 0; i < 20; i++) {
            atomic_add(page, 1);
        }
        for (unsigned i = 0; i < STORES; i++) {
            mine[i % 64] += 1;
        }
        ((volatile uint8_t *)mine)[256 + c]++;
        ((volatile uint16_t *)mine)[160 + c]++;
    }
    meet();
}

static void watch_cycles(void)
{
    uint32_t sum = 0;

    memset(page, 0, 4096);
    run_all(num_cpus(), watch_job);
    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        for (unsigned i = 0; i < 64; i++) {
            sum += page[128 * (cpu + 1) + i];
        }
        for (unsigned c = 0; c < CYCLES; c++) {
            bad += ((uint8_t *)(page + 128 * (cpu + 1)))[256 + c] != 1;
            bad += ((uint16_t *)(page + 128 * (cpu + 1)))[160 + c] != 1;
        }
    }
    ok_eq(page[0], CYCLES * 20 * num_cpus(), "counter in a page that is watched again and again");
    ok_eq(sum, CYCLES * STORES * num_cpus(), "plain stores to it");
    ok_eq(bad, 0, "bytes and half-words stored to it");
}

/*
 * The reservation is taken; `turn` goes to CPU 0, which stores to the word (back to the same value) and then often to
 * others.
 */
static void aba_job(uint32_t argument)
{
    (void)argument;
    for (unsigned n = 0; n < 20; n++) {
        while (turn != 4 * n + 1) {
            spin_hint();
        }
        uint32_t v = ldrex(page);

        turn = 4 * n + 2;
        while (turn != 4 * n + 3) {
            spin_hint();
        }
        aba += strex(page, v + 1);
        dmb();
        turn = 4 * n + 4;
    }
}

static void aba_across_forgetting(void)
{
    page[0] = 5;
    turn = 0;
    run_on(1, aba_job, 0);
    for (unsigned n = 0; n < 20; n++) {
        turn = 4 * n + 1;
        while (turn != 4 * n + 2) {
            spin_hint();
        }
        *(volatile uint32_t *)page = 6;
        *(volatile uint32_t *)page = 5;
        for (unsigned i = 0; i < n * 300; i++) {
            ((volatile uint32_t *)page)[200 + i % 100] = i;
        }
        if (n & 1) {
            ldrex(page + 900);      /* watched again */
        }
        dmb();
        turn = 4 * n + 3;
        while (turn != 4 * n + 4) {
            spin_hint();
        }
    }
    wait_for(1);
    ok_eq_ours(aba, 0, "A-B-A while the page is forgotten and watched again");
}

/* ---- on the stack ---- */

static uint32_t __attribute__((noinline)) recursion(volatile uint32_t *counter, unsigned depth)
{
    volatile uint32_t local = depth;

    atomic_add(&local, 1);
    if (depth) {
        local += recursion(counter, depth - 1);
    }
    atomic_add(counter, 1);
    return local;
}

static volatile uint32_t stack_sum[MAX_CPUS];

static void stack_job(uint32_t argument)
{
    volatile uint32_t counter = 0;
    uint32_t sum = 0;

    (void)argument;
    for (unsigned i = 0; i < 300; i++) {
        sum += recursion(&counter, 20);
    }
    stack_sum[cpu_id()] = sum + counter;
}

static void on_stack(void)
{
    bool good = true;

    run_all(num_cpus(), stack_job);
    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        /* 1 + ... + 21 = 231 and 21 counts for each call */
        good &= stack_sum[cpu] == 300 * (231 + 21);
    }
    ok(good, "exclusive variables on the stack");
}

/* ---- with code ---- */

static void with_code(void)
{
    volatile uint32_t *p = page_alloc(1);
    bool good = true;

    /* Watched first, with store entries of that kind, then code: a store to the code must be noticed. */
    for (unsigned i = 0; i < 20; i++) {
        volatile uint32_t *code = p + 64 + 16 * (i & 3);

        atomic_add(p, 1);
        p[8] = i;
        store_kinds[i % NB_STORE_KINDS].store((uint32_t)(p + 9), i);
        make_return(code, i);
        good &= call(code, 0, 0) == i;
        atomic_add(p, 1);
        code[0] = A_MOV_R0(i + 1);
        code_written((const void *)(uint32_t)code, 4);
        good &= call(code, 0, 0) == i + 1;
        store_strex((uint32_t)code, A_MOV_R0(i + 2));
        code_written((const void *)(uint32_t)code, 4);
        good &= call(code, 0, 0) == i + 2 && p[8] == i && p[9] == i;
    }
    ok(good && p[0] == 40, "watched-page-becomes-code: stores to code beside an exclusive variable");

    /* The other order. */
    p = page_alloc(1);
    good = true;
    for (unsigned i = 0; i < 20; i++) {
        make_return(p + 64, i);
        good &= call(p + 64, 0, 0) == i;
        atomic_add(p + (i & 1 ? 0 : 66), 1);
        p[64] = A_MOV_R0(i + 100);
        code_written((const void *)(uint32_t)(p + 64), 4);
        good &= call(p + 64, 0, 0) == i + 100;
    }
    ok(good && p[0] == 10 && p[66] == 10, "code first, then an exclusive variable beside it");
}

static struct {
    volatile uint32_t *code;
    volatile uint32_t stop, calls;
} other;

static void code_user(uint32_t argument)
{
    uint32_t last = 0;

    (void)argument;
    while (!other.stop) {
        uint32_t v;

        isb();
        v = call(other.code, 0, 0);
        bad += v < last;
        last = v;
        atomic_add(other.code + 8, 1);
        other.calls++;
    }
}

/* One CPU rewrites the code (by exclusives and plainly), the other runs it and counts in the same page. */
static void with_code_of_others(void)
{
    other.code = page_alloc(1);
    bad = 0;
    make_return(other.code, 0);
    run_on(1, code_user, 0);
    for (unsigned i = 1; i < 120; i++) {
        uint32_t calls = other.calls;

        store_kinds[i % NB_STORE_KINDS].store((uint32_t)other.code, A_MOV_R0(i));
        code_written((const void *)(uint32_t)other.code, 4);
        atomic_add(other.code + 8, 1);
        WAIT_UNTIL(({ spin_hint(); other.calls > calls + 2; }), 1000000);
    }
    other.stop = 1;
    wait_for(1);
    ok_eq(call(other.code, 0, 0), 119, "code rewritten beside a contended counter");
    ok_eq(bad, 0, "the running CPU sees the versions in order");
    ok_eq(other.code[8], other.calls + 119, "the counter");
}

static void mmu_job(uint32_t argument)
{
    (void)argument;
    vfp_enable();
    mmu_on(l1);
}

int test_main(void)
{
    vfp_enable();
    l1 = mmu_new_table();
    mmu_on(l1);
    page = page_alloc(1);
    smp_start();
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        run_on(cpu, mmu_job, 0);
        wait_for(cpu);
    }
    watch_cycles();
    on_stack();
    with_code();
    if (num_cpus() > 1) {
        aba_across_forgetting();
        with_code_of_others();
    }
    return 0;
}
