/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes every event of the translator happen on all CPUs at once, for tests/contract/test-contract.py: thousands of
 * small functions (a full code cache of 1 MiB), of which some are chained pairs of blocks, code changed under CPUs that
 * run it, exclusives, faults, interrupts, sleep. Every CPU checks what it computes.
 *
 * A function is   mov r0, #n; b 1f; nop; 1: bx lr   so that it is two blocks and one chained jump.
 * A fork is       cmp r0, #0; bne 1f; mov r0, #1; bx lr; 1: mov r0, #2; bx lr
 * CPU 0 builds all its blocks; then all CPUs take the branch, which is nothing but finding and chaining, at full speed.
 */
#include "smc-code.h"

enum {
    ROUNDS = 2,
    OWN = 2700,                 /* functions of each CPU */
    SHARED = 512,               /* functions that all CPUs run, and change */
    SHARED_CALLS = 800,
    WORDS = 4,
    FORKS = 3000,
    FORK_WORDS = 8,
    UNMAPPED = 0x80000000u,
    SGI_HELLO = 3,
};

static uint32_t *l1, *own_code[MAX_CPUS], *shared_code, *fork_code;
static volatile uint32_t bad[MAX_CPUS], faults[MAX_CPUS], interrupts[MAX_CPUS], counter;
static struct barrier meeting;

static void make_function(volatile uint32_t *p, uint32_t imm8)
{
    p[0] = A_MOV_R0(imm8);
    p[1] = A_B(p + 1, p + 3);
    p[2] = A_NOP;
    p[3] = A_BX_LR;
}

static void make_fork(volatile uint32_t *p)
{
    p[0] = 0xe3500000;      /* cmp r0, #0 */
    p[1] = 0x1a000001;      /* bne p + 4 */
    p[2] = A_MOV_R0(1);
    p[3] = A_BX_LR;
    p[4] = A_MOV_R0(2);
    p[5] = A_BX_LR;
}

static void run_forks(uint32_t cpu)
{
    if (cpu == 0) {
        for (uint32_t i = 0; i < FORKS; i++) {
            bad[cpu] += call(fork_code + FORK_WORDS * i, 0, 0) != 1;
            bad[cpu] += call(fork_code + FORK_WORDS * i + 4, 0, 0) != 2;
        }
    }
    barrier_wait(&meeting, num_cpus());
    for (uint32_t i = cpu; i < FORKS; i += num_cpus()) {
        bad[cpu] += call(fork_code + FORK_WORDS * i, 1, 0) != 2;
    }
    barrier_wait(&meeting, num_cpus());
}

static void hello(uint32_t iar)
{
    interrupts[cpu_id()] += (iar & 0x3ff) == SGI_HELLO;
}

static void run_own(uint32_t cpu, uint32_t round)
{
    for (uint32_t n = 0; n < OWN; n++) {
        uint32_t i = round & 1 ? OWN - 1 - n : n;

        bad[cpu] += call(own_code[cpu] + WORDS * i, 0, 0) != ((i + cpu) & 0xff);
    }
}

/* The constant of a shared function is a multiple of 4 in its low bits, whoever wrote it last. */
static void run_shared(uint32_t cpu, uint32_t *seed)
{
    for (uint32_t n = 0; n < SHARED_CALLS; n++) {
        uint32_t i = random32(seed) % SHARED;

        bad[cpu] += (call(shared_code + WORDS * i, 0, 0) & 3) != 0;
        if (n % 8 == 0) {
            i = random32(seed) % SHARED;
            shared_code[WORDS * i] = A_MOV_R0(random32(seed) & 0xfc);
            code_written(shared_code + WORDS * i, 4);
        }
        atomic_add(&counter, 1);
    }
}

static void stress(uint32_t cpu)
{
    uint32_t seed = cpu + 1;

    mmu_on(l1);
    gic_init_cpu();
    irq_handle(hello);
    irq_enable();
    barrier_wait(&meeting, num_cpus());
    run_forks(cpu);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        run_own(cpu, round);
        run_shared(cpu, &seed);
        gic_send_sgi(SGI_HELLO, (1u << num_cpus()) - 1);
        exc_expect();
        for (uint32_t n = 0; n < 20; n++) {
            try_ldr(UNMAPPED + 4096 * n);
        }
        faults[cpu] += exc_seen();
        /* Pending before the WFI, so it cannot sleep for ever; usually the others' SGIs end it. */
        irq_disable();
        gic_send_sgi(SGI_HELLO, 1u << cpu);
        wfi();
        irq_enable();
        barrier_wait(&meeting, num_cpus());
    }
    WAIT_UNTIL(interrupts[cpu] > ROUNDS, 1000000);
    irq_disable();
    irq_handle(NULL);
    mmu_off();
}

int test_main(void)
{
    uint32_t wrong = 0, seen = 0, taken = ~0u, n = num_cpus();

    smp_start();
    gic_init();
    l1 = mmu_new_table();
    for (uint32_t cpu = 0; cpu < n; cpu++) {
        own_code[cpu] = page_alloc(WORDS * 4 * OWN / 4096 + 1);
        for (uint32_t i = 0; i < OWN; i++) {
            make_function(own_code[cpu] + WORDS * i, (i + cpu) & 0xff);
        }
        code_written(own_code[cpu], WORDS * 4 * OWN);
    }
    shared_code = page_alloc(WORDS * 4 * SHARED / 4096 + 1);
    for (uint32_t i = 0; i < SHARED; i++) {
        make_function(shared_code + WORDS * i, (4 * i) & 0xff);
    }
    code_written(shared_code, WORDS * 4 * SHARED);
    fork_code = page_alloc(FORK_WORDS * 4 * FORKS / 4096 + 1);
    for (uint32_t i = 0; i < FORKS; i++) {
        make_fork(fork_code + FORK_WORDS * i);
    }
    code_written(fork_code, FORK_WORDS * 4 * FORKS);
    run_all(n, stress);
    for (uint32_t cpu = 0; cpu < n; cpu++) {
        wrong += bad[cpu];
        seen += faults[cpu];
        taken = interrupts[cpu] < taken ? interrupts[cpu] : taken;
    }
    ok_eq(wrong, 0, "functions return what was written into them");
    ok_eq(counter, n * ROUNDS * SHARED_CALLS, "atomic additions");
    ok_eq(seen, n * ROUNDS * 20, "faults");
    ok(taken > ROUNDS, "interrupts");
    return 0;
}
