/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core tile's interrupt controller for test images (ARM DDI 0360 chapter 10). Handlers are per CPU. */
#include "runtime.h"

static irq_fn *handlers[MAX_CPUS];
static volatile uint32_t counts[MAX_CPUS];

void gic_init_cpu(void)
{
    wr32(GICC_PMR, 0xf0);
    wr32(GICC_CTLR, 1);
}

void gic_init(void)
{
    for (unsigned n = 0; n < 2; n++) {
        wr32(GICD_ICENABLER(n), 0xffffffff);
        wr32(GICD_ICPENDR(n), 0xffffffff);
    }
    wr32(GICD_CTLR, 1);
    gic_init_cpu();
}

void gic_enable(unsigned id, unsigned priority, unsigned targets)
{
    wr8(GICD_IPRIORITYR(id), priority);
    if (id >= 32) {
        wr8(GICD_ITARGETSR(id), targets);
    }
    wr32(GICD_ISENABLER(id / 32), 1u << (id % 32));
}

void gic_disable(unsigned id)
{
    wr32(GICD_ICENABLER(id / 32), 1u << (id % 32));
}

bool gic_pending(unsigned id)
{
    return rd32(GICD_ISPENDR(id / 32)) >> (id % 32) & 1;
}

bool gic_active(unsigned id)
{
    return rd32(GICD_ISACTIVER(id / 32)) >> (id % 32) & 1;
}

void gic_send_sgi(unsigned id, uint32_t targets)
{
    dsb();
    wr32(GICD_SGIR, targets << 16 | id);
}

static void irq_entry(struct exc *e)
{
    unsigned cpu = cpu_id();
    uint32_t iar = rd32(GICC_IAR);

    e->lr -= 4;
    if ((iar & 0x3ff) < 1020) {
        counts[cpu]++;
        handlers[cpu](iar);
        wr32(GICC_EOIR, iar);
    }
}

void irq_handle(irq_fn *fn)
{
    unsigned cpu = cpu_id();

    handlers[cpu] = fn;
    counts[cpu] = 0;
    exc_handle(EXC_IRQ, fn ? irq_entry : NULL);
}

uint32_t irq_count(void)
{
    return counts[cpu_id()];
}

unsigned gic_drain(void)
{
    unsigned n = 0;
    uint32_t iar;

    while (n < 1000 && ((iar = rd32(GICC_IAR)) & 0x3ff) < 1020) {
        wr32(GICC_EOIR, iar);
        n++;
    }
    return n;
}

void delay_us(uint32_t us)
{
    uint32_t begin = ticks24();

    while (us_since(begin) < us) {
    }
}
