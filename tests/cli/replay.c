/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/cli/test-replay.py: echoes what UART 1 gets, with where in the program it came: a loop that never does the
 * same twice, the time, and what the CPUs' race made of memory. A line "end" ends it.
 */
#include "runtime.h"

#define RTC_BASE 0x10017000u

static volatile uint32_t ticks, places, racy;
static volatile bool over;

static void on_irq(struct exc *e)
{
    uint32_t iar = rd32(GICC_IAR);

    e->lr -= 4;
    ticks++;
    places = places * 31 + e->lr;
    wr32(TWD_BASE + TWD_STATUS, 1);
    wr32(GICC_EOIR, iar);
}

static void race(uint32_t cpu)
{
    while (!over) {
        racy = racy * 5 + cpu;
        dmb();
    }
}

int test_main(void)
{
    char line[80];
    unsigned n = 0;
    uint32_t seed = 1, loops = 0;

    exc_handle(EXC_IRQ, on_irq);
    gic_init();
    gic_init_cpu();
    gic_enable(IRQ_TWD, 0xa0, 0);
    wr32(TWD_BASE + TWD_LOAD, 20000);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    irq_enable();
    wr32(UART1_BASE + UART_LCRH, 0x70);
    wr32(UART1_BASE + UART_CR, 0x301);
    smp_start();
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        run_on(cpu, race, cpu);
    }
    print("ready\n");
    for (;;) {
        if (rd32(UART1_BASE + UART_FR) & UART_FR_RXFE) {
            loops += random32(&seed) & 3;
            continue;
        }
        line[n] = (char)rd32(UART1_BASE);
        if (line[n] == '\n' || n == sizeof(line) - 2) {
            line[n] = 0;
            print("%s: %u ticks, loops %x, places %x, racy %x, clock %x, day %x\n", line, (unsigned)ticks,
                  (unsigned)loops, (unsigned)places, (unsigned)racy, (unsigned)ticks24(), (unsigned)rd32(RTC_BASE));
            if (!memcmp(line, "end", 4)) {
                over = true;
                semihosting_exit(true);
            }
            n = 0;
        } else {
            n++;
        }
    }
}
