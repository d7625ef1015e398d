/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controller of the core tile: identification, enables, priorities and masking, software interrupts and
 * their source, private and shared interrupts, level and edge, pre-emption (ARM DDI 0360 chapter 10).
 * guest-test: cpus=1,4 start=entry,pen
 */
#include "runtime.h"

enum { SPI_A = 48, SPI_B = 51, SPI_C = 61 };        /* nothing is wired to these, they are made pending by software */

static uint32_t seen[64], seen_n;

static void remember(uint32_t iar)
{
    seen[seen_n++ % 64] = iar;
}

/* Let in what is pending; returns how many came. */
static uint32_t take(void)
{
    seen_n = 0;
    irq_enable();
    for (unsigned i = 0; i < 10; i++) {
        isb();
    }
    irq_disable();
    return seen_n;
}

static void pend(unsigned id)
{
    wr32(GICD_ISPENDR(id / 32), 1u << (id % 32));
}

static void unpend(unsigned id)
{
    wr32(GICD_ICPENDR(id / 32), 1u << (id % 32));
}

static void registers(void)
{
    unsigned n = num_cpus();

    ok_eq(rd32(GICD_TYPER), (n - 1) << 5 | 1, "type: CPUs and interrupts");
    ok_eq(rd32(GICD_ITARGETSR(SPI_A & ~3u)), n == 1 ? 0x01010101 : 0, "at reset one CPU alone is every target");
    ok_eq(rd32(GICD_ISENABLER(0)) & 0xffff, 0xffff, "software interrupts are enabled");
    wr32(GICD_ICENABLER(0), 0xffff);
    ok_eq(rd32(GICD_ISENABLER(0)) & 0xffff, 0xffff, "and stay so");
    wr32(GICD_ISENABLER(1), 1u << 16 | 1u << 19);
    ok_eq(rd32(GICD_ICENABLER(1)), 1u << 16 | 1u << 19, "enables read back");
    wr32(GICD_ICENABLER(1), 1u << 16);
    ok_eq(rd32(GICD_ISENABLER(1)), 1u << 19, "one is disabled");
    wr32(GICD_ICENABLER(1), 0xffffffff);
    wr32(GICD_IPRIORITYR(SPI_A & ~3u), 0xffffffff);
    ok_eq(rd32(GICD_IPRIORITYR(SPI_A & ~3u)), 0xf0f0f0f0, "four bits of priority");
    wr8(GICD_IPRIORITYR((SPI_A & ~3u) + 2), 0x30);
    ok_eq(rd32(GICD_IPRIORITYR(SPI_A & ~3u)), 0xf030f0f0, "priorities by byte");
    wr8(GICD_ITARGETSR(SPI_A), 1);
    ok_eq(rd8(GICD_ITARGETSR(SPI_A)), 1, "targets by byte");
    ok_eq(rd32(GICD_ITARGETSR(28)) & 0xffffff00, 0x01010100, "private interrupts target their CPU");
    wr32(GICD_ICFGR(3), 0x0000aaaa);
    ok_eq(rd32(GICD_ICFGR(3)) & 0xaaaaaaaa, 0xaaaa, "edge and level read back");
    wr32(GICD_ICFGR(3), 0);
    ok_eq(rd32(GICC_IAR) & 0x3ff, IRQ_SPURIOUS, "nothing pending is 1023");
    ok_eq(rd32(GICC_HPPIR) & 0x3ff, IRQ_SPURIOUS, "highest pending too");
    wr32(GICC_PMR, 0xff);
    ok_eq(rd32(GICC_PMR), 0xf0, "four bits of priority mask");
    ok_eq(rd32(GICD_SGIR), 0, "software interrupt register reads 0");
}

static void software_interrupts(void)
{
    irq_handle(remember);
    gic_send_sgi(5, 1);
    ok(gic_pending(5), "own software interrupt is pending");
    ok_eq(rd32(GICC_HPPIR) & 0x3ff, 5, "and the highest");
    ok_eq(take(), 1, "is taken once");
    ok_eq(seen[0] & 0x1fff, 5, "as number 5 from CPU 0");
    ok(!gic_pending(5) && !gic_active(5), "and is gone");
    dsb();
    wr32(GICD_SGIR, 2u << 24 | 6);
    ok_eq(take(), 1, "to oneself by filter");
    ok_eq(seen[0] & 0x3ff, 6, "number 6");
    wr32(GICD_SGIR, 1u << 24 | 7);
    ok_eq(take(), 0, "to all but oneself by filter");
    gic_send_sgi(9, 1);
    gic_send_sgi(9, 1);
    ok_eq(take(), 1, "twice the same from one CPU is one");
    gic_send_sgi(12, 1);
    gic_send_sgi(3, 1);
    gic_send_sgi(8, 1);
    ok_eq(take(), 3, "three at once");
    ok(seen[0] == 3 && seen[1] == 8 && seen[2] == 12, "equal priorities: lowest number first");
    wr8(GICD_IPRIORITYR(3), 0x80);
    wr8(GICD_IPRIORITYR(8), 0x40);
    wr8(GICD_IPRIORITYR(12), 0x20);
    gic_send_sgi(3, 1);
    gic_send_sgi(8, 1);
    gic_send_sgi(12, 1);
    take();
    ok(seen[0] == 12 && seen[1] == 8 && seen[2] == 3, "highest priority first");
    for (unsigned i = 0; i < 16; i++) {
        wr8(GICD_IPRIORITYR(i), 0);
    }
}

static void masking(void)
{
    gic_enable(SPI_A, 0x80, 1);
    pend(SPI_A);
    wr32(GICC_PMR, 0x80);
    ok_eq(take(), 0, "priority equal to the mask is not delivered");
    ok(gic_pending(SPI_A), "it stays pending");
    wr32(GICC_PMR, 0x90);
    ok_eq(take(), 1, "a lower mask lets it in");
    ok_eq(seen[0], SPI_A, "its number");
    wr32(GICC_PMR, 0xf0);
    pend(SPI_A);
    wr32(GICC_CTLR, 0);
    ok_eq(take(), 0, "CPU interface off");
    wr32(GICC_CTLR, 1);
    wr32(GICD_CTLR, 0);
    ok_eq(take(), 0, "distributor off");
    wr32(GICD_CTLR, 1);
    ok_eq(take(), 1, "both on");
    gic_disable(SPI_A);
    pend(SPI_A);
    ok_eq(take(), 0, "disabled interrupt is not taken");
    ok(gic_pending(SPI_A), "but pending");
    unpend(SPI_A);
    ok(!gic_pending(SPI_A), "until it is cleared");
    gic_enable(SPI_A, 0x80, 1);
    ok_eq(take(), 0, "and does not come back");
    wr8(GICD_ITARGETSR(SPI_A), 0);
    pend(SPI_A);
    ok_eq(take(), 0, "no target, no interrupt");
    wr8(GICD_ITARGETSR(SPI_A), 1);
    ok_eq_ours(take(), 1, "target given later");
    unpend(SPI_A);
    take();
    wr8(GICD_IPRIORITYR(SPI_A), 0xf0);
    pend(SPI_A);
    ok_eq(take(), 0, "lowest priority is never delivered");
    wr8(GICD_IPRIORITYR(SPI_A), 0xe0);
    ok_eq(take(), 1, "raised by one it is");
    gic_disable(SPI_A);
}

/* ---- pre-emption ---- */

static uint32_t order[8], order_n;

static void nest(struct exc *e)
{
    uint32_t iar = rd32(GICC_IAR);

    order[order_n++ % 8] = iar;
    e->lr -= 4;
    if ((iar & 0x3ff) == SPI_B) {
        order[order_n++ % 8] = rd32(GICC_RPR);
        pend(SPI_A);            /* less urgent: waits */
        ok_eq(rd32(GICC_HPPIR) & 0x3ff, SPI_A, "less urgent interrupt is the highest pending");
        ok_eq(rd32(GICC_IAR) & 0x3ff, IRQ_SPURIOUS, "but is not given while another runs");
        pend(SPI_C);            /* more urgent: interrupts us in a moment */
        uint32_t inner = rd32(GICC_IAR);
        order[order_n++ % 8] = inner;
        ok(gic_active(SPI_B) && gic_active(SPI_C), "two are active");
        pend(SPI_C);
        ok_eq(rd32(GICC_IAR) & 0x3ff, IRQ_SPURIOUS, "an active one is not given again");
        unpend(SPI_C);
        wr32(GICC_EOIR, inner);
        ok_eq(rd32(GICC_RPR), 0x60, "running priority is the outer one's again");
    }
    wr32(GICC_EOIR, iar);
}

static void preemption(void)
{
    gic_enable(SPI_A, 0xa0, 1);
    gic_enable(SPI_B, 0x60, 1);
    gic_enable(SPI_C, 0x20, 1);
    exc_handle(EXC_IRQ, nest);
    order_n = 0;
    pend(SPI_B);
    take();
    ok(order_n == 4 && order[0] == SPI_B && order[1] == 0x60 && order[2] == SPI_C && order[3] == SPI_A,
       "urgent ones interrupt, others wait");
    irq_handle(remember);
    gic_disable(SPI_A);
    gic_disable(SPI_B);
    gic_disable(SPI_C);
}

/* ---- a device's level ---- */

static void timer_stop(void)
{
    wr32(SP804_01_BASE + SP804_CTRL, 0);
    wr32(SP804_01_BASE + SP804_INTCLR, 1);
}

/* Timer 0 raises its line and keeps it. */
static void timer_raise(void)
{
    wr32(SP804_01_BASE + SP804_LOAD, 20);
    wr32(SP804_01_BASE + SP804_CTRL, 0xa3);
    (void)WAIT_UNTIL(rd32(SP804_01_BASE + SP804_RIS), 1000000);
}

static void drop_then_count(uint32_t iar)
{
    remember(iar);
    timer_stop();
}

static uint32_t storm_left;

static void count_then_drop(uint32_t iar)
{
    remember(iar);
    if (--storm_left == 0) {
        timer_stop();
    }
}

static void levels(void)
{
    irq_handle(drop_then_count);
    timer_stop();
    gic_disable(IRQ_TIMER01);
    timer_raise();
    ok_eq(take(), 0, "a disabled device interrupt is not taken");
    gic_enable(IRQ_TIMER01, 0xa0, 1);
    ok_eq(take(), 1, "enabling lets the raised line in");
    ok_eq(seen[0], IRQ_TIMER01, "as its number");
    ok_eq(take(), 0, "dropped line is quiet");

    timer_raise();
    delay_us(50);
    timer_stop();
    ok(gic_pending(IRQ_TIMER01), "a level that fell is still pending");
    ok_eq(take(), 1, "and interrupts once");

    irq_handle(count_then_drop);
    storm_left = 3;
    timer_raise();
    seen_n = 0;
    irq_enable();
    (void)WAIT_UNTIL(storm_left == 0, 1000000);
    irq_disable();
    ok_eq(seen_n, 3, "a line still high after the end interrupts again");

    irq_handle(drop_then_count);
    timer_raise();
    delay_us(50);
    unpend(IRQ_TIMER01);
    ok_eq(take(), 0, "clearing a level's pending bit hides a line that is high");
    timer_stop();
    unpend(IRQ_TIMER01);

    /* Edge: the rise is remembered. */
    wr32(GICD_ICFGR(2), rd32(GICD_ICFGR(2)) | 2u << 2);
    irq_handle(remember);
    timer_raise();
    timer_stop();
    ok(gic_pending(IRQ_TIMER01), "an edge stays pending when the line falls");
    ok_eq(take(), 1, "and is taken once");
    wr32(GICD_ICFGR(2), rd32(GICD_ICFGR(2)) & ~(2u << 2));
    gic_disable(IRQ_TIMER01);
}

/* ---- other CPUs ---- */

static volatile uint32_t other_iar[MAX_CPUS], other_n[MAX_CPUS], other_stop;

static void other_irq(uint32_t iar)
{
    unsigned cpu = cpu_id();

    if ((iar & 0x3ff) != 15) {
        other_iar[cpu] = iar;
        other_n[cpu]++;
        dsb();
    }
}

static void listen(uint32_t argument)
{
    (void)argument;
    irq_handle(other_irq);
    other_n[cpu_id()] = 0;
    irq_enable();
    while (!other_stop) {
        wfi();
    }
    irq_disable();
    irq_handle(NULL);
}

static void send_from_here(uint32_t id)
{
    gic_send_sgi(id, 1);
    /* The register's private word and the targets of this CPU's interrupts, as this CPU sees them. */
    other_iar[cpu_id()] = rd32(GICD_ITARGETSR(28));
}

static bool came(unsigned cpu, uint32_t n, uint32_t iar)
{
    bool good = WAIT_UNTIL(other_n[cpu] >= n, 5000000) && other_n[cpu] == n && (other_iar[cpu] & 0x1fff) == iar;

    if (!good) {
        print("# CPU%u: %u interrupts, last %x, expected %u and %x\n", cpu, (unsigned)other_n[cpu],
              (unsigned)other_iar[cpu], (unsigned)n, (unsigned)iar);
    }
    return good;
}

static void others(void)
{
    unsigned n = num_cpus();

    smp_start();
    /* Software interrupts to us, with their source. */
    irq_handle(remember);
    for (unsigned cpu = 1; cpu < n; cpu++) {
        run_on(cpu, send_from_here, 4);
        wait_for(cpu);
        ok_eq(other_iar[cpu] & 0xffffff00, 0x01010100u << cpu, "another CPU's private interrupts target it");
        ok_eq(take(), 1, "software interrupt from another CPU");
        ok_eq_ours(seen[0], cpu << 10 | 4, "with its source");
    }
    for (unsigned cpu = 1; cpu < n; cpu++) {
        run_on(cpu, send_from_here, 2);
        wait_for(cpu);
    }
    ok_eq_ours(take(), n - 1, "the same number from each CPU is taken once for each");

    other_stop = 0;
    for (unsigned cpu = 1; cpu < n; cpu++) {
        run_on(cpu, listen, 0);
    }
    delay_us(20000);
    for (unsigned cpu = 1; cpu < n; cpu++) {
        gic_send_sgi(3, 1u << cpu);
        ok(came(cpu, 1, 3), "software interrupt to one CPU");
    }
    wr32(GICD_SGIR, 1u << 24 | 5);
    bool good = true;
    for (unsigned cpu = 1; cpu < n; cpu++) {
        good &= came(cpu, 2, 5);
    }
    ok(good && take() == 0, "to all others by filter");
    for (unsigned cpu = 1; cpu < n; cpu++) {
        gic_enable(SPI_A, 0x80, 1u << cpu);
        pend(SPI_A);
        ok(came(cpu, 3, SPI_A), "shared interrupt goes to its target");
    }
    ok_eq(take(), 0, "and not here");
    /* All may take it; in the 1-N model one does. */
    wr32(GICD_ICFGR(SPI_A / 16), 1u << (SPI_A % 16 * 2));
    wr8(GICD_ITARGETSR(SPI_A), (1u << n) - 2);
    uint32_t before = 0, after = 0;
    for (unsigned cpu = 1; cpu < n; cpu++) {
        before += other_n[cpu];
    }
    for (unsigned i = 0; i < 50; i++) {
        pend(SPI_A);
        (void)WAIT_UNTIL(!gic_pending(SPI_A) && !gic_active(SPI_A), 1000000);
    }
    delay_us(2000);
    for (unsigned cpu = 1; cpu < n; cpu++) {
        after += other_n[cpu];
    }
    ok_eq(after - before, 50, "of many targets one takes it");
    other_stop = 1;
    dsb();
    wr32(GICD_SGIR, 1u << 24 | 15);
    for (unsigned cpu = 1; cpu < n; cpu++) {
        wait_for(cpu);
    }
    gic_disable(SPI_A);
}

int test_main(void)
{
    gic_init();
    registers();
    wr32(GICC_PMR, 0xf0);
    software_interrupts();
    masking();
    preemption();
    levels();
    if (num_cpus() > 1) {
        others();
    }
    return 0;
}
