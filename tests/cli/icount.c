/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/cli/test-icount.py: prints where interrupts come, what clocks show and how CPUs take turns. With -icount
 * every line is the same at every start and in every design.
 */
#include "runtime.h"

enum { ROUNDS = 40, RACES = 3000 };

static volatile uint32_t ticks, where, racy, sum;
static volatile uint32_t *const twd = (volatile uint32_t *)TWD_BASE;

static void on_irq(struct exc *e)
{
    uint32_t iar = rd32(GICC_IAR);

    e->lr -= 4;
    where = where * 31 + e->lr + ticks24();
    ticks++;
    wr32(TWD_BASE + TWD_STATUS, 1);
    wr32(GICC_EOIR, iar);
}

/* Everything that one loop of unequal blocks has to do with time. */
static void one_cpu(void)
{
    uint32_t seed = 1, hash = 0;

    exc_handle(EXC_IRQ, on_irq);
    gic_init();
    gic_init_cpu();
    gic_enable(IRQ_TWD, 0xa0, 0);
    wr32(TWD_BASE + TWD_LOAD, 777);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    irq_enable();
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t before = ticks;

        while (ticks < before + 50) {
            hash = hash * 33 + random32(&seed);
            if (hash & 8) {
                hash ^= seed >> 3;
            }
            sum += hash & 1 ? twd[1] : 1;
        }
        wfi();
    }
    irq_disable();
    wr32(TWD_BASE + TWD_CONTROL, 0);
    print("%u ticks, places %x, loop %x, counter sum %x\n", (unsigned)ticks, (unsigned)where, (unsigned)hash,
          (unsigned)sum);
}

/* No lock: what is lost depends on who runs when. */
static void race(uint32_t cpu)
{
    for (unsigned i = 0; i < RACES; i++) {
        uint32_t v = racy;

        v += cpu + 1;
        if (i % 7 == cpu) {
            dsb();
        }
        racy = v;
        atomic_add(&sum, v);
        if (i % 100 == cpu) {
            yield();
        }
    }
}

int test_main(void)
{
    one_cpu();
    if (num_cpus() > 1) {
        sum = 0;
        smp_start();
        run_all(num_cpus(), race);
        print("%u CPUs: raced to %u, sum %x\n", num_cpus(), (unsigned)racy, (unsigned)sum);
    }
    print("time %u\n", (unsigned)ticks24());
    semihosting_exit(true);
}
