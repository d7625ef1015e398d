/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A counter and what it counts for: nobody reads the next period of a counter before its interrupt is pending. An
 * RTOS's clock of the form ticks * period + counter depends on it, whether it asks with interrupts on (and looks at
 * the count of ticks again) or off (and looks for a pending interrupt), on the CPU that takes the interrupt or on
 * another. guest-test: modes=unified,separate,single,interp,icount cpus=1,2,4 timeout=60
 */
#include "runtime.h"

enum { T0 = SP804_01_BASE, PERIOD_US = 500, PERIODS = 400, LIMIT_US = 2000000 };
enum { SP804_ON = 0xe2, TWD_ON = 7 };

/* A timer with its interrupt; `period` in its own ticks. */
struct source {
    const char *name;
    uint32_t value, status, acknowledge, acknowledge_with, control, control_on, load, period;
    unsigned irq;
};

static const struct source sp804 = {
    "SP804", T0 + SP804_VALUE, T0 + SP804_RIS, T0 + SP804_INTCLR, 1, T0 + SP804_CTRL, SP804_ON, T0 + SP804_LOAD,
    PERIOD_US, IRQ_TIMER01,
};
static const struct source twd = {
    "private timer", TWD_BASE + TWD_COUNTER, TWD_BASE + TWD_STATUS, TWD_BASE + TWD_STATUS, 1, TWD_BASE + TWD_CONTROL,
    TWD_ON, TWD_BASE + TWD_LOAD, PERIOD_US * 100, IRQ_TWD,
};
static const struct source watchdog = {
    "watchdog as a timer", TWD_BASE + TWD_WATCHDOG + TWD_COUNTER, TWD_BASE + TWD_WATCHDOG + TWD_STATUS,
    TWD_BASE + TWD_WATCHDOG + TWD_STATUS, 1, TWD_BASE + TWD_WATCHDOG + TWD_CONTROL, TWD_ON,
    TWD_BASE + TWD_WATCHDOG + TWD_LOAD, PERIOD_US * 100, IRQ_WATCHDOG,
};

static const struct source *source;
static volatile uint32_t ticks;
static uint32_t steps_back, last_clock, last_look;

static void tick(uint32_t iar)
{
    if ((iar & 0x3ff) == source->irq) {
        wr32(source->acknowledge, source->acknowledge_with);
        ticks++;
    }
}

static void start(const struct source *s)
{
    source = s;
    ticks = steps_back = last_clock = 0;
    last_look = ticks24();
    irq_handle(tick);
    wr32(s->control, 0);
    wr32(s->acknowledge, s->acknowledge_with);
    wr32(s->load, s->period);
    gic_enable(s->irq, 0x80, 1);
    wr32(s->control, s->control_on);
}

static void stop(void)
{
    wr32(source->control, 0);
    wr32(source->acknowledge, source->acknowledge_with);
    gic_disable(source->irq);
    gic_drain();
    irq_handle(NULL);
}

/*
 * Count a step back. A host that stops us for as long as a period costs a tick, which no guest can know of: what is
 * seen half a period or more after the last look is not judged, nor compared with what comes next. False then.
 */
static bool look(uint32_t ticks_now, uint32_t value)
{
    uint32_t now = ticks_now * source->period + (source->period - value);
    bool fair = ticks24() - last_look < PERIOD_US * 24 / 2;

    steps_back += fair && (int32_t)(now - last_clock) < 0;
    last_clock = fair ? now : 0;
    return fair;
}

static bool enough(uint32_t begin)
{
    return ticks >= PERIODS || us_since(begin) > LIMIT_US;
}

/* Interrupts on; the count is read before and after. The asm keeps it in one basic block. */
static void interrupts_on(void)
{
    uint32_t begin = ticks24(), before, value, after;

    irq_enable();
    while (!enough(begin)) {
        do {
            __asm__ volatile("ldr %0, [%3]\n\tldr %1, [%4]\n\tldr %2, [%3]"
                             : "=&r"(before), "=&r"(value), "=&r"(after) : "r"(&ticks), "r"(source->value) : "memory");
        } while (before != after);
        look(before, value);
        last_look = ticks24();
    }
    irq_disable();
}

/* The same with the counter read first and the count once: what is pending by then comes before the count is read. */
static void counter_first(void)
{
    uint32_t begin = ticks24(), value, after;

    irq_enable();
    while (!enough(begin)) {
        __asm__ volatile("ldr %0, [%3]\n\tldr %1, [%2]"
                         : "=&r"(value), "=&r"(after) : "r"(&ticks), "r"(source->value) : "memory");
        look(after, value);
        last_look = ticks24();
    }
    irq_disable();
}

/* Interrupts off; one that is pending counts, and the counter is read again: that may have come after the first. */
static void interrupts_off(bool controller)
{
    uint32_t begin = ticks24();

    while (!enough(begin)) {
        uint32_t looked = 0;

        for (unsigned i = 0; i < 20; i++) {
            uint32_t value = rd32(source->value), pending;

            pending = controller ? gic_pending(source->irq) : rd32(source->status) & 1;
            if (pending) {
                value = rd32(source->value);
            }
            looked = ticks24();
            if (!look(ticks + (pending != 0), value)) {
                break;
            }
        }
        last_look = looked;
        irq_enable();
        irq_disable();
    }
}

/* Another CPU sees the counter of ours pass its end: by then the interrupt is pending at the distributor. */
static volatile uint32_t other_seen, other_wrong;

static void watch_from_there(uint32_t unused)
{
    uint32_t begin = ticks24(), last = rd32(T0 + SP804_VALUE);

    (void)unused;
    while (other_seen < PERIODS && us_since(begin) < LIMIT_US) {
        uint32_t value = rd32(T0 + SP804_VALUE);

        if (value > last) {
            other_seen++;
            other_wrong += !gic_pending(IRQ_TIMER01) || !(rd32(T0 + SP804_MIS) & 1);
            /* In this order: what comes in between is lost as a whole, and never hidden while the line stays high. */
            wr32(GICD_ICPENDR(IRQ_TIMER01 / 32), 1u << (IRQ_TIMER01 % 32));
            wr32(T0 + SP804_INTCLR, 1);
            last = rd32(T0 + SP804_VALUE);
        } else {
            last = value;
        }
    }
}

/* Other clocks: by the time they show that the period is over, it is. */
static void other_clocks(void)
{
    uint32_t early = 0;

    for (unsigned i = 0; i < 100; i++) {
        start(&sp804);
        uint32_t begin = ticks24();
        /* 24 MHz in 24ths of a microsecond: the timer was started before this clock was read. */
        while (ticks24() - begin < (PERIOD_US + 2) * 24) {
        }
        early += !gic_pending(IRQ_TIMER01);
        stop();
    }
    ok_eq_ours(early, 0, "24 MHz counter: what is due by it is pending");
}

static void four_ways(const struct source *s, const char *twice, const char *first, const char *status,
                      const char *controller)
{
    start(s);
    interrupts_on();
    ok_eq_ours(steps_back, 0, twice);
    stop();
    start(s);
    counter_first();
    ok_eq_ours(steps_back, 0, first);
    stop();
    start(s);
    interrupts_off(false);
    ok_eq_ours(steps_back, 0, status);
    stop();
    start(s);
    interrupts_off(true);
    ok_eq_ours(steps_back, 0, controller);
    stop();
}

int test_main(void)
{
    gic_init();
    four_ways(&sp804, "SP804: count, counter, count", "SP804: counter, count", "SP804: counter, raw status",
              "SP804: counter, pending at the controller");
    four_ways(&twd, "private timer: count, counter, count", "private timer: counter, count",
              "private timer: counter, status", "private timer: counter, pending at the controller");
    four_ways(&watchdog, "watchdog: count, counter, count", "watchdog: counter, count", "watchdog: counter, status",
              "watchdog: counter, pending at the controller");
    other_clocks();
    if (num_cpus() > 1) {
        smp_start();
        start(&sp804);
        run_on(1, watch_from_there, 0);
        wait_for(1);
        ok_ours(other_seen > 0 && other_wrong == 0, "another CPU: the counter wraps after its interrupt is pending");
        stop();
    }
    return 0;
}
