/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other CPUs of a test image: out of the boot pen through SYS_FLAGS and a software interrupt, then a loop that sleeps
 * until somebody hands over a job. SGI 15 belongs to this file. `job` is written by the giver, cleared by the CPU.
 */
#include "runtime.h"

enum { SGI_WAKE = 15 };

static struct {
    job_fn *volatile job;
    volatile uint32_t argument;
    volatile bool online;
} cpus[MAX_CPUS];

void secondary_start(void);
_Noreturn void rt_secondary(void);
_Noreturn void rt_main(void);

_Noreturn void rt_main(void)
{
    test_main();
    done();
}

unsigned num_cpus(void)
{
    return (rd32(SCU_BASE + 4) & 3) + 1;
}

void smp_start(void)
{
    unsigned n = num_cpus();

    wr32(GICD_CTLR, 1);
    gic_init_cpu();
    if (n == 1 || cpus[1].online) {
        return;
    }
    wr32(SYS_FLAGSCLR, 0xffffffff);
    wr32(SYS_FLAGSSET, (uint32_t)secondary_start);
    dsb();
    wr32(GICD_SGIR, 1u << 24 | SGI_WAKE);
    for (unsigned cpu = 1; cpu < n; cpu++) {
        if (!WAIT_UNTIL(cpus[cpu].online, 20000000)) {
            fail_hard("a CPU did not start");
        }
    }
}

_Noreturn void rt_secondary(void)
{
    unsigned cpu = cpu_id();

    gic_init_cpu();
    cpus[cpu].online = true;
    while (true) {
        job_fn *fn = cpus[cpu].job;

        if (fn) {
            dmb();
            fn(cpus[cpu].argument);
            dmb();
            cpus[cpu].job = NULL;
        } else {
            /* A wake-up between the test above and here is pending, so this does not sleep through it. */
            wfi();
            gic_drain();
        }
    }
}

void run_on(unsigned cpu, job_fn *fn, uint32_t argument)
{
    wait_for(cpu);
    cpus[cpu].argument = argument;
    dmb();
    cpus[cpu].job = fn;
    gic_send_sgi(SGI_WAKE, 1u << cpu);
}

void wait_for(unsigned cpu)
{
    while (cpus[cpu].job) {
        wfe();
    }
    dmb();
}

void run_all(unsigned n, job_fn *fn)
{
    for (unsigned cpu = 1; cpu < n; cpu++) {
        run_on(cpu, fn, cpu);
    }
    fn(0);
    for (unsigned cpu = 1; cpu < n; cpu++) {
        wait_for(cpu);
    }
}

static void mmu_job(uint32_t l1)
{
    mmu_on((uint32_t *)l1);
}

void smp_start_mmu(uint32_t *l1)
{
    smp_start();
    mmu_on(l1);
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        run_on(cpu, mmu_job, (uint32_t)l1);
        wait_for(cpu);
    }
}

uint32_t atomic_add(volatile uint32_t *p, uint32_t n)
{
    uint32_t v, failed;

    __asm__ volatile("1: ldrex %0, [%2]\n"
                     "add %0, %0, %3\n"
                     "strex %1, %0, [%2]\n"
                     "teq %1, #0\n"
                     "bne 1b"
                     : "=&r"(v), "=&r"(failed) : "r"(p), "r"(n) : "memory", "cc");
    return v;
}

void barrier_wait(struct barrier *b, unsigned n)
{
    uint32_t phase = b->phase;

    dmb();
    if (atomic_add(&b->arrived, 1) == n) {
        b->arrived = 0;
        dmb();
        b->phase = phase + 1;
        dsb();
        sev();
    } else {
        while (b->phase == phase) {
            wfe();
        }
    }
    dmb();
}
