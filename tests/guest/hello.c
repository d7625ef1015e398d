/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runtime itself: console, exceptions that are expected, User mode, other CPUs, time.
 * guest-test: cpus=1,2,4 start=entry,pen
 */
#include "runtime.h"

static volatile uint32_t ran[MAX_CPUS];
static struct barrier meeting;

static uint32_t user_mode(uint32_t a, uint32_t b)
{
    return a + b + (cpsr() & 0x1f);
}

static void job(uint32_t argument)
{
    ran[cpu_id()] += argument + 1;
    barrier_wait(&meeting, num_cpus());
    ran[cpu_id()] += 10;
}

int test_main(void)
{
    ok_eq(cpsr() & 0x1f, MODE_SVC, "starts in SVC mode");
    ok_eq(CAUGHT(({ __asm__ volatile("udf #0"); })), 1, "undefined instruction seen");
    ok_eq(exc_log()->exc.type, EXC_UNDEF, "its type");
    ok_eq(user_run(user_mode, 100, 200), 316, "function in User mode");
    smp_start();
    run_all(num_cpus(), job);
    for (unsigned i = 0; i < num_cpus(); i++) {
        ok_eq(ran[i], i + 11, "job ran");
    }
    uint32_t begin = ticks24(), sp = rd32(SP804_01_BASE + SP804_VALUE);

    (void)sp;
    delay_us(2000);
    ok(us_since(begin) >= 2000 && us_since(begin) < 2000000, "2 ms pass");
    return 0;
}
