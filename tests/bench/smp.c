/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Benchmark kernels that need several CPUs or interrupts, on the runtime of tests/guest. Each prints `K <name>
 * <nanoseconds per operation>` by the board's 24 MHz counter and checks its own result; `DONE` at the end.
 * The harness (docs/benchmarks.md) builds and runs it; with one CPU only the first kernels run.
 */
#include "runtime.h"

enum { ROUND_TRIPS = 2000 };       /* of what takes microseconds */

static struct {
    volatile uint32_t word __attribute__((aligned(64)));
    volatile uint32_t lock __attribute__((aligned(64)));
    volatile uint32_t sum;
    volatile uint32_t turn __attribute__((aligned(64)));
    volatile uint32_t own[MAX_CPUS][16] __attribute__((aligned(64)));
} shared;
static struct barrier meet;
static volatile uint32_t begin_ticks, end_ticks, handled[MAX_CPUS];
static uint32_t per_cpu, players;

static void report(const char *name, uint32_t ticks, uint32_t n, bool good)
{
    uint32_t thousandths = (uint32_t)((uint64_t)ticks * 1000000u / 24 / n);

    print("K %s %u.%03u%s\n", name, (unsigned)(thousandths / 1000), (unsigned)(thousandths % 1000),
          good ? "" : " WRONG");
}

/* The time from the moment all CPUs are there to the moment the last is through. */
static void timed_begin(uint32_t cpu)
{
    barrier_wait(&meet, players);
    if (cpu == 0) {
        begin_ticks = ticks24();
    }
}

static void timed_end(uint32_t cpu)
{
    barrier_wait(&meet, players);
    if (cpu == 0) {
        end_ticks = ticks24();
    }
}

static void contended_adds(uint32_t cpu)
{
    timed_begin(cpu);
    for (uint32_t i = 0; i < per_cpu; i++) {
        atomic_add(&shared.word, 1);
    }
    timed_end(cpu);
}

/* Each CPU its own word and cache line: what is lost by running side by side. */
static void separate_adds(uint32_t cpu)
{
    timed_begin(cpu);
    for (uint32_t i = 0; i < per_cpu; i++) {
        atomic_add(&shared.own[cpu][0], 1);
    }
    timed_end(cpu);
}

static uint32_t try_lock(volatile uint32_t *lock)
{
    uint32_t old, failed;

    __asm__ volatile("ldrex %0, [%2]\nteq %0, #0\nstrexeq %1, %3, [%2]\nmovne %1, #1"
                     : "=&r"(old), "=&r"(failed) : "r"(lock), "r"(1) : "memory", "cc");
    return failed;
}

/* A spin lock as Linux has it on ARMv6: WFE while it is taken, DSB and SEV after it is given back. */
static void spin_lock(uint32_t cpu)
{
    timed_begin(cpu);
    for (uint32_t i = 0; i < per_cpu; i++) {
        while (try_lock(&shared.lock)) {
            wfe();
        }
        dmb();
        shared.sum = shared.sum + 1;
        dmb();
        shared.lock = 0;
        dsb();
        sev();
    }
    timed_end(cpu);
}

static void barriers(uint32_t cpu)
{
    timed_begin(cpu);
    for (uint32_t i = 0; i < per_cpu; i++) {
        barrier_wait(&meet, players);
    }
    timed_end(cpu);
}

static void store_and_barrier(uint32_t cpu)
{
    timed_begin(cpu);
    for (uint32_t i = 0; i < per_cpu; i++) {
        shared.own[cpu][1] = i;
        dmb();
    }
    timed_end(cpu);
}

static void on_irq(uint32_t iar)
{
    unsigned cpu = cpu_id();

    if ((iar & 0x3ff) == 1) {
        handled[cpu]++;
        gic_send_sgi(2, 1u << ((cpu + 1) % 2));
    } else if ((iar & 0x3ff) == 2) {
        handled[cpu]++;
    }
}

/* CPU 0 interrupts CPU 1, which answers from its interrupt handler: two software interrupts per round. */
static void ipi_busy(uint32_t cpu)
{
    irq_handle(on_irq);
    irq_enable();
    timed_begin(cpu);
    if (cpu == 0) {
        for (uint32_t i = 0; i < per_cpu; i++) {
            gic_send_sgi(1, 2);
            while (handled[0] != i + 1) {
            }
        }
    } else {
        while (handled[1] != per_cpu) {
        }
    }
    irq_disable();
    timed_end(cpu);
}

/* The same between CPUs that sleep in WFI. */
static void ipi_asleep(uint32_t cpu)
{
    irq_handle(on_irq);
    timed_begin(cpu);
    for (uint32_t i = 0; i < per_cpu; i++) {
        if (cpu == 0) {
            gic_send_sgi(1, 2);
        }
        /* Masked while looking, so that the wake-up cannot slip in between look and sleep. */
        while (handled[cpu] < i + 1) {
            wfi();
            irq_enable();
            isb();
            irq_disable();
        }
    }
    timed_end(cpu);
}

static void own_irq(uint32_t iar)
{
    (void)iar;
    handled[0]++;
}

static void one_cpu(void)
{
    enum { N = 200000 };
    uint32_t begin;

    irq_handle(own_irq);
    irq_enable();
    begin = ticks24();
    for (uint32_t i = 0; i < N; i++) {
        gic_send_sgi(1, 1);
        while (handled[0] != i + 1) {
        }
    }
    report("interrupt_to_self", ticks24() - begin, N, handled[0] == N);
    irq_disable();
    begin = ticks24();
    for (uint32_t i = 0; i < 10 * N; i++) {
        dmb();
    }
    report("barrier_instruction", ticks24() - begin, 10 * N, true);
    exc_handle(EXC_IRQ, NULL);
    begin = ticks24();
    for (uint32_t i = 0; i < N / 2; i++) {
        CP15_WRITE(0, c3, c0, 0, i & 1 ? 0x55 : 0x51);
        isb();
        (void)shared.word;
    }
    report("domain_switch", ticks24() - begin, N / 2, true);
}

static void measure(const char *name, job_fn *fn, uint32_t cpus, uint32_t n, uint32_t operations,
                    volatile uint32_t *total, uint32_t want)
{
    memset((void *)&shared, 0, sizeof(shared));
    memset((void *)handled, 0, sizeof(handled));
    players = cpus;
    per_cpu = n;
    run_all(cpus, fn);
    report(name, end_ticks - begin_ticks, operations, !total || *total == want);
}

int test_main(void)
{
    unsigned cpus = num_cpus();

    gic_init();
    one_cpu();
    if (cpus > 1) {
        smp_start();
        measure("exclusive_contended", contended_adds, cpus, 300000, 300000 * cpus, &shared.word, 300000 * cpus);
        measure("exclusive_separate", separate_adds, cpus, 500000, 500000 * cpus, &shared.own[1][0], 500000);
        measure("spin_lock", spin_lock, cpus, 50000, 50000 * cpus, &shared.sum, 50000 * cpus);
        measure("store_and_barrier", store_and_barrier, cpus, 500000, 500000 * cpus, &shared.own[1][1], 499999);
        measure("ipi_ping_pong_busy", ipi_busy, 2, ROUND_TRIPS, ROUND_TRIPS, &handled[0], ROUND_TRIPS);
        measure("ipi_ping_pong_asleep", ipi_asleep, 2, ROUND_TRIPS, ROUND_TRIPS, &handled[0], ROUND_TRIPS);
        if (cpus == 2) {
            measure("barrier_all_cpus", barriers, cpus, ROUND_TRIPS, ROUND_TRIPS, NULL, 0);
        }
    }
    print("DONE\n");
    semihosting_exit(true);
}
