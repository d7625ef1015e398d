/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SP804 timers, the private timers and watchdogs, and the clocks against each other (ARM DDI 0271, ARM DDI 0360
 * chapter 11). Limits are wide: a busy host may stop us for a while, but no timer is ever early.
 * guest-test: modes=unified,separate,single,interp,icount cpus=1,4
 */
#include "runtime.h"

enum { T0 = SP804_01_BASE, T1 = SP804_01_BASE + 0x20, T2 = SP804_23_BASE };
enum { ONE_SHOT = 1, BITS32 = 2, DIV16 = 4, DIV256 = 8, INT = 0x20, PERIODIC = 0x40, ENABLE = 0x80 };

static volatile uint32_t ids[64];
static void (*volatile acknowledge)(void);

static void count(uint32_t iar)
{
    ids[iar & 63]++;
    acknowledge();
}

static void ack_t0(void) { wr32(T0 + SP804_INTCLR, 1); }
static void ack_t2(void) { wr32(T2 + SP804_INTCLR, 1); }
static void ack_twd(void) { wr32(TWD_BASE + TWD_STATUS, 1); }
static void ack_watchdog(void) { wr32(TWD_BASE + TWD_WATCHDOG + TWD_STATUS, 1); }

/* Unmask until interrupt ID has come n times or 2 s are over; returns the count. */
static uint32_t wait_irqs(unsigned id, uint32_t n)
{
    irq_enable();
    (void)WAIT_UNTIL(ids[id] >= n, 2000000);
    irq_disable();
    return ids[id];
}

static bool between(const char *what, uint32_t v, uint32_t low, uint32_t high)
{
    if (v < low || v > high) {
        print("# %s: %u is not within %u and %u\n", what, (unsigned)v, (unsigned)low, (unsigned)high);
    }
    return v >= low && v <= high;
}

static void clocks(void)
{
    /* Free-running 32 bits. */
    wr32(T1 + SP804_CTRL, 0);
    wr32(T1 + SP804_LOAD, 0xffffffff);
    wr32(T1 + SP804_CTRL, ENABLE | BITS32);
    wr32(TWD_BASE + TWD_LOAD, 0xffffffff);
    wr32(TWD_BASE + TWD_CONTROL, 1);
    uint32_t a24 = ticks24(), a1 = rd32(T1 + SP804_VALUE), aw = rd32(TWD_BASE + TWD_COUNTER);
    delay_us(30000);
    uint32_t b24 = ticks24(), b1 = rd32(T1 + SP804_VALUE), bw = rd32(TWD_BASE + TWD_COUNTER);
    uint32_t us = (b24 - a24) / 24;
    /* The reads are not simultaneous: another 5 ms may pass between two of them. */
    ok(between("SP804", a1 - b1, us > 5000 ? us - 5000 : 0, us + 5000), "SP804 runs at 1 MHz");
    ok(between("private timer", (aw - bw) / 100, us - 5000, us + 5000), "private timer runs at 100 MHz");
    bool down = true;
    uint32_t last = rd32(T1 + SP804_VALUE), last24 = ticks24();
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t now = rd32(T1 + SP804_VALUE), now24 = ticks24();

        down &= last - now < 0x10000000 && now24 - last24 < 0x10000000;
        last = now;
        last24 = now24;
    }
    ok(down, "clocks never go backwards");
    wr32(TWD_BASE + TWD_CONTROL, 0);
}

static void sp804_modes(void)
{
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_INTCLR, 1);
    wr32(T0 + SP804_LOAD, 5000);
    ok_eq_ours(rd32(T0 + SP804_VALUE), 5000, "load sets the counter");
    ok_eq(rd32(T0 + SP804_BGLOAD), 5000, "and the background load");
    uint32_t begin = ticks24();
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT);
    ok(!rd32(T0 + SP804_RIS) || us_since(begin) >= 4990, "nothing before the time");
    ok(WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000), "one-shot expires");
    ok(us_since(begin) >= 4990, "not early");
    ok_eq(rd32(T0 + SP804_MIS), 0, "raw status without interrupt enable");
    ok_eq(rd32(T0 + SP804_VALUE), 0, "one-shot stops at 0");
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT | INT);
    ok_eq(rd32(T0 + SP804_MIS), 1, "masked status follows the enable");
    wr32(T0 + SP804_INTCLR, 0);
    ok_eq(rd32(T0 + SP804_RIS), 0, "any write clears");
    delay_us(3000);
    ok_eq_ours(rd32(T0 + SP804_RIS), 0, "one-shot does not expire again");
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT | INT);
    ok(WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000), "one-shot-enabled-again: it does if CTRL enables it");
    wr32(T0 + SP804_INTCLR, 0);
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT);
    ok(WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000), "one-shot-enabled-again: off and on");
    wr32(T0 + SP804_INTCLR, 0);
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_LOAD, 0);
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT);
    ok(WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000), "one-shot-enabled-again: a load of 0");
    wr32(T0 + SP804_INTCLR, 0);

    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_LOAD, 2000);
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | PERIODIC);
    (void)WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000);
    wr32(T0 + SP804_INTCLR, 1);
    ok(WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000), "periodic expires again");
    bool within = true;
    for (unsigned i = 0; i < 2000; i++) {
        within &= rd32(T0 + SP804_VALUE) <= 2000;
    }
    ok(within, "periodic counter stays below its load");
    wr32(T0 + SP804_BGLOAD, 500000);
    ok(rd32(T0 + SP804_VALUE) <= 2000, "background load waits for the expiry");
    ok_eq(rd32(T0 + SP804_LOAD), 500000, "but reads back");
    ok(WAIT_UNTIL(rd32(T0 + SP804_VALUE) > 2000, 2000000), "then it counts from there");

    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_LOAD, 1000);
    begin = ticks24();
    wr32(T0 + SP804_INTCLR, 1);
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT | DIV16);
    (void)WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000);
    ok(between("prescaled by 16", us_since(begin), 15900, 1000000), "prescaler 16");
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_INTCLR, 1);
    wr32(T0 + SP804_LOAD, 0x12340050);
    wr32(T0 + SP804_CTRL, ENABLE | ONE_SHOT);
    begin = ticks24();
    ok_ours(WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000) && us_since(begin) < 1000000,
            "16-bit mode ignores the upper half");
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_INTCLR, 1);
}

static void sp804_details(void)
{
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_LOAD, 100000000);
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | PERIODIC);
    delay_us(2000);
    wr32(T0 + SP804_CTRL, BITS32 | PERIODIC);
    uint32_t stopped = rd32(T0 + SP804_VALUE);
    delay_us(2000);
    ok(stopped < 99999000 && rd32(T0 + SP804_VALUE) == stopped, "a stopped counter stands");
    wr32(T0 + SP804_VALUE, 77);
    ok_eq(rd32(T0 + SP804_VALUE), stopped, "the value is read-only");
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | PERIODIC);
    uint32_t again = rd32(T0 + SP804_VALUE);
    ok_ours(again <= stopped && stopped - again < 60000000, "and goes on from there");
    wr32(T0 + SP804_LOAD, 400000000);
    again = rd32(T0 + SP804_VALUE);
    ok(again <= 400000000 && again > 200000000, "a load restarts a running counter");
    ok_eq(rd32(T0 + SP804_CTRL), ENABLE | BITS32 | PERIODIC, "control reads back");
    /* Sixteen bits, free running: from the load down to 0, then from 0xffff. */
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_LOAD, 1000);
    wr32(T0 + SP804_INTCLR, 1);
    wr32(T0 + SP804_CTRL, ENABLE);
    ok_ours(WAIT_UNTIL(rd32(T0 + SP804_VALUE) > 1000, 2000000) && rd32(T0 + SP804_RIS),
            "free running: wraps at 0 and reports it");
    uint32_t most = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t v = rd32(T0 + SP804_VALUE);

        most = v > most ? v : most;
    }
    ok(most <= 0xffff && most > 1000, "within sixteen bits");
    /* One-shot, then loaded again. */
    bool good = true;
    for (unsigned i = 0; i < 3; i++) {
        wr32(T0 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT);
        wr32(T0 + SP804_LOAD, 500);
        wr32(T0 + SP804_INTCLR, 1);
        good &= WAIT_UNTIL(rd32(T0 + SP804_RIS), 2000000) && rd32(T0 + SP804_VALUE) == 0;
    }
    ok_ours(good, "one-shot, loaded again and again");
    /* The two timers of a block: status of each, one line. */
    wr32(T1 + SP804_CTRL, 0);
    wr32(T0 + SP804_CTRL, 0);
    wr32(T0 + SP804_INTCLR, 1);
    wr32(T1 + SP804_INTCLR, 1);
    wr32(GICD_ICPENDR(1), 1u << (IRQ_TIMER01 - 32));
    gic_enable(IRQ_TIMER01, 0xa0, 1);
    wr32(T1 + SP804_LOAD, 100);
    wr32(T1 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT | INT);
    (void)WAIT_UNTIL(rd32(T1 + SP804_MIS), 2000000);
    ok(rd32(T0 + SP804_RIS) == 0 && gic_pending(IRQ_TIMER01), "the second timer raises the line");
    wr32(T0 + SP804_INTCLR, 1);
    ok_eq(rd32(T1 + SP804_MIS), 1, "clearing the first does not clear the second");
    wr32(T1 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT);
    ok(rd32(T1 + SP804_MIS) == 0 && rd32(T1 + SP804_RIS) == 1, "disabling its interrupt masks it");
    wr32(GICD_ICPENDR(1), 1u << (IRQ_TIMER01 - 32));
    wr32(GICD_ISENABLER(1), 1u << (IRQ_TIMER01 - 32));
    ok(!gic_pending(IRQ_TIMER01), "and drops the line");
    wr32(T1 + SP804_INTCLR, 1);
    wr32(T1 + SP804_CTRL, 0);
    gic_disable(IRQ_TIMER01);
    gic_drain();
}

static void sp804_interrupts(void)
{
    memset((void *)ids, 0, sizeof(ids));
    irq_handle(count);
    acknowledge = ack_t0;
    gic_enable(IRQ_TIMER01, 0xa0, 1);
    gic_enable(IRQ_TIMER23, 0xa0, 1);
    wr32(T0 + SP804_LOAD, 1000);
    wr32(T0 + SP804_CTRL, ENABLE | BITS32 | PERIODIC | INT);
    uint32_t begin = ticks24();
    ok(wait_irqs(IRQ_TIMER01, 20) >= 20, "20 periodic interrupts");
    ok(us_since(begin) >= 18000, "take 20 ms at least");
    wr32(T0 + SP804_CTRL, 0);
    ack_t0();
    delay_us(3000);
    uint32_t stopped = ids[IRQ_TIMER01];
    delay_us(5000);
    irq_enable();
    irq_disable();
    ok(ids[IRQ_TIMER01] - stopped <= 1, "a stopped timer is quiet");
    acknowledge = ack_t2;
    wr32(T2 + SP804_LOAD, 300);
    wr32(T2 + SP804_CTRL, ENABLE | BITS32 | ONE_SHOT | INT);
    ok_eq(wait_irqs(IRQ_TIMER23, 1), 1, "third timer has another line");
    wr32(T2 + SP804_CTRL, 0);
    gic_disable(IRQ_TIMER01);
    gic_disable(IRQ_TIMER23);
}

static void private_timer(void)
{
    memset((void *)ids, 0, sizeof(ids));
    irq_handle(count);
    acknowledge = ack_twd;
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_STATUS, 1);
    wr32(TWD_BASE + TWD_LOAD, 100000);
    ok_eq(rd32(TWD_BASE + TWD_COUNTER), 100000, "private timer: load sets the counter");
    uint32_t begin = ticks24();
    wr32(TWD_BASE + TWD_CONTROL, 1);
    ok(WAIT_UNTIL(rd32(TWD_BASE + TWD_STATUS), 2000000), "private timer: one-shot expires");
    ok(us_since(begin) >= 990, "private timer: not early");
    ok_eq(rd32(TWD_BASE + TWD_COUNTER), 0, "private timer: stops at 0");
    wr32(TWD_BASE + TWD_STATUS, 1);
    ok_eq(rd32(TWD_BASE + TWD_STATUS), 0, "private timer: status clears");
    gic_enable(IRQ_TWD, 0xa0, 0);
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_LOAD, 50000);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    ok(wait_irqs(IRQ_TWD, 20) >= 20, "private timer: 20 periodic interrupts");
    wr32(TWD_BASE + TWD_CONTROL, 0);
    ack_twd();
    irq_enable();               /* one that was latched before the timer stopped */
    irq_disable();
    /* As Linux programs it: counter, then control. */
    memset((void *)ids, 0, sizeof(ids));
    for (unsigned i = 0; i < 10; i++) {
        wr32(TWD_BASE + TWD_COUNTER, 20000);
        wr32(TWD_BASE + TWD_CONTROL, 5);
        if (wait_irqs(IRQ_TWD, i + 1) != i + 1) {
            break;
        }
    }
    ok_eq(ids[IRQ_TWD], 10, "private timer: ten one-shots");
    /* An enable after the expiry raises the line at once. */
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_LOAD, 1000);
    wr32(TWD_BASE + TWD_CONTROL, 1);
    (void)WAIT_UNTIL(rd32(TWD_BASE + TWD_STATUS), 2000000);
    ok(!gic_pending(IRQ_TWD), "private timer: no interrupt without its enable");
    wr32(TWD_BASE + TWD_CONTROL, 5);
    ok_ours(gic_pending(IRQ_TWD), "private timer: interrupt after its enable");
    wr32(TWD_BASE + TWD_STATUS, 1);
    wr32(GICD_ICPENDR(0), 1u << IRQ_TWD);
    wr32(GICD_ISENABLER(0), 1u << IRQ_TWD);
    ok(!gic_pending(IRQ_TWD), "private timer: clearing the status drops the line");
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(GICD_ICPENDR(0), 1u << IRQ_TWD);
    wr32(TWD_BASE + TWD_LOAD, 1000);
    begin = ticks24();
    wr32(TWD_BASE + TWD_CONTROL, 0x6301);
    (void)WAIT_UNTIL(rd32(TWD_BASE + TWD_STATUS), 2000000);
    ok(us_since(begin) >= 990, "private timer: prescaler 100");
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_STATUS, 1);
    gic_disable(IRQ_TWD);
}

/* The counter's own rules; no interrupts. */
static void counters_in_detail(uint32_t base, const char *load, const char *stands, const char *reload,
                               const char *write_one)
{
    wr32(base + TWD_CONTROL, 0);
    wr32(base + TWD_STATUS, 1);
    wr32(base + TWD_LOAD, 100000000);
    wr32(base + TWD_CONTROL, 1);
    delay_us(1000);
    wr32(base + TWD_CONTROL, 0);
    uint32_t stopped = rd32(base + TWD_COUNTER);
    delay_us(1000);
    ok(stopped <= 99900000 && rd32(base + TWD_COUNTER) == stopped && rd32(base + TWD_LOAD) == 100000000, stands);
    wr32(base + TWD_CONTROL, 1);
    wr32(base + TWD_LOAD, 0xffffffff);
    ok(rd32(base + TWD_COUNTER) > 1000000000, load);
    wr32(base + TWD_CONTROL, 0);
    wr32(base + TWD_LOAD, 30000);
    wr32(base + TWD_CONTROL, 3);
    bool good = WAIT_UNTIL(rd32(base + TWD_STATUS), 2000000);
    wr32(base + TWD_STATUS, 1);
    good &= WAIT_UNTIL(rd32(base + TWD_STATUS), 2000000);
    for (unsigned i = 0; i < 1000; i++) {
        good &= rd32(base + TWD_COUNTER) <= 30000;
    }
    ok(good, reload);
    wr32(base + TWD_CONTROL, 0);
    wr32(base + TWD_STATUS, 0xfffffffe);
    good = rd32(base + TWD_STATUS) == 1;
    wr32(base + TWD_STATUS, 1);
    ok(good && rd32(base + TWD_STATUS) == 0, write_one);
}

/* Watchdog mode, with so much time that it never bites: only the two magic words lead out of it. */
static void watchdog_mode(void)
{
    uint32_t base = TWD_BASE + TWD_WATCHDOG;
    enum { RESET_STATUS = 0x10, DISABLE = 0x14, WATCHDOG = 8 };

    wr32(base + TWD_CONTROL, 0);
    wr32(base + TWD_LOAD, 0xffffffff);
    wr32(base + TWD_CONTROL, WATCHDOG | 1);
    ok_eq(rd32(base + TWD_CONTROL), WATCHDOG | 1, "watchdog mode");
    wr32(base + TWD_CONTROL, 1);
    ok_eq_ours(rd32(base + TWD_CONTROL), WATCHDOG | 1, "is not left by its control register");
    wr32(base + TWD_COUNTER, 1000000);
    ok_ours(rd32(base + TWD_COUNTER) > 1000000000, "its counter cannot be written");
    wr32(base + DISABLE, 0x87654321);
    wr32(base + DISABLE, 0x12345678);
    wr32(base + DISABLE, 0x12345679);
    wr32(base + DISABLE, 0x87654321);
    ok_eq_ours(rd32(base + TWD_CONTROL) & WATCHDOG, WATCHDOG, "nor by half the magic");
    wr32(base + DISABLE, 0x12345678);
    wr32(base + DISABLE, 0x87654321);
    ok_eq(rd32(base + TWD_CONTROL) & WATCHDOG, 0, "the two words end it");
    ok_eq(rd32(base + RESET_STATUS), 0, "it did not bite");
    wr32(base + TWD_CONTROL, 0);
    wr32(base + TWD_LOAD, 0);
    wr32(base + TWD_STATUS, 1);
}

static void watchdog(void)
{
    uint32_t base = TWD_BASE + TWD_WATCHDOG;

    memset((void *)ids, 0, sizeof(ids));
    acknowledge = ack_watchdog;
    gic_enable(IRQ_WATCHDOG, 0xa0, 0);
    wr32(base + TWD_LOAD, 50000);
    wr32(base + TWD_CONTROL, 5);
    ok_eq(wait_irqs(IRQ_WATCHDOG, 1), 1, "watchdog in timer mode interrupts");
    ok_eq(rd32(base + TWD_STATUS), 0, "its status clears");
    wr32(base + TWD_CONTROL, 0);
    ok_eq(rd32(base + TWD_CONTROL), 0, "it stops");
    gic_disable(IRQ_WATCHDOG);
}

/* ---- other CPUs have timers of their own ---- */

static volatile uint32_t private_counts[MAX_CPUS];

static void count_private(uint32_t iar)
{
    if ((iar & 0x3ff) == IRQ_TWD) {
        private_counts[cpu_id()]++;
        ack_twd();
    }
}

static void run_private(uint32_t argument)
{
    (void)argument;
    irq_handle(count_private);
    gic_enable(IRQ_TWD, 0xa0, 0);
    wr32(TWD_BASE + TWD_LOAD, 100000 + 10000 * cpu_id());
    wr32(TWD_BASE + TWD_CONTROL, 7);
    irq_enable();
    while (private_counts[cpu_id()] < 20) {
        wfi();
    }
    irq_disable();
    wr32(TWD_BASE + TWD_CONTROL, 0);
    ack_twd();
    irq_handle(NULL);
}

static void others(void)
{
    smp_start();
    gic_enable(IRQ_TWD, 0xa0, 0);
    run_all(num_cpus(), run_private);
    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        ok(private_counts[cpu] >= 20, "private timer of every CPU");
    }
    /* CPU 1's registers are visible to us. */
    wr32(TWD_OF(1) + TWD_LOAD, 0x1234);
    wr32(TWD_BASE + TWD_LOAD, 0x4321);
    ok_eq(rd32(TWD_OF(1) + TWD_LOAD), 0x1234, "another CPU's timer through its window");
    ok_eq(rd32(TWD_BASE + TWD_LOAD), 0x4321, "is not ours");
    ok_eq(rd32(TWD_OF(0) + TWD_LOAD), 0x4321, "our own has a window too");
}

int test_main(void)
{
    gic_init();
    clocks();
    sp804_modes();
    sp804_details();
    sp804_interrupts();
    private_timer();
    counters_in_detail(TWD_BASE, "private timer: a load restarts it", "private timer: stands while it is off",
                       "private timer: reloads", "private timer: status is cleared by a one");
    watchdog();
    counters_in_detail(TWD_BASE + TWD_WATCHDOG, "watchdog: a load restarts it", "watchdog: stands while it is off",
                       "watchdog: reloads", "watchdog: status is cleared by a one");
    watchdog_mode();
    if (num_cpus() > 1) {
        others();
    }
    return 0;
}
