/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WFI, WFE and SEV: what ends a wait, also with interrupts masked, and that no wake-up is lost (ARM DDI 0100I A4.1,
 * B2.7).
 * guest-test: modes=unified,separate,single,interp,icount cpus=1,2,4 timeout=60 start=entry,pen
 */
#include "runtime.h"

static volatile uint32_t timer_irqs;

static void on_timer(uint32_t iar)
{
    if ((iar & 0x3ff) == IRQ_TWD) {
        timer_irqs++;
        wr32(TWD_BASE + TWD_STATUS, 1);
    }
}

static void timer_in(uint32_t us)
{
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_STATUS, 1);
    wr32(TWD_BASE + TWD_LOAD, us * 100);
    wr32(TWD_BASE + TWD_CONTROL, 5);
}

static void one_cpu(void)
{
    irq_handle(on_timer);
    gic_enable(IRQ_TWD, 0xa0, 0);
    uint32_t begin = ticks24();
    timer_in(5000);
    irq_enable();
    while (!timer_irqs) {
        wfi();
    }
    irq_disable();
    ok_eq(timer_irqs, 1, "WFI until an interrupt");
    ok(us_since(begin) >= 4990, "not early");

    /* Masked in the CPU: the wait ends, the interrupt waits. */
    begin = ticks24();
    timer_in(5000);
    wfi();
    ok(gic_pending(IRQ_TWD) && timer_irqs == 1, "WFI ends for a masked interrupt");
    ok(us_since(begin) >= 4990, "when it comes");
    wfi();
    ok(true, "WFI with an interrupt pending does not wait");
    CP15_WRITE(0, c7, c0, 4, 0);
    ok(true, "nor does the CP15 operation");
    irq_enable();
    isb();
    irq_disable();
    ok_eq(timer_irqs, 2, "unmasked it is taken");

    /* The CP15 operation waits too. */
    begin = ticks24();
    timer_in(3000);
    CP15_WRITE(0, c7, c0, 4, 0);
    ok(us_since(begin) >= 2990, "WFI by CP15 waits");
    irq_enable();
    isb();
    irq_disable();

    /* Not delivered by the interrupt controller: no wake-up from it. Something else must end the wait. */
    gic_send_sgi(3, 1);
    wfi();
    ok_eq(gic_drain(), 1, "software interrupt to oneself");
    bool good = true;
    for (unsigned i = 0; i < 300; i++) {
        timer_in(20);
        wfi();
        uint32_t iar = rd32(GICC_IAR);
        good &= iar == IRQ_TWD;
        wr32(TWD_BASE + TWD_STATUS, 1);
        wr32(GICC_EOIR, iar);
    }
    ok(good, "300 short waits");
    for (unsigned i = 0; i < 100; i++) {
        sev();
        wfe();
    }
    ok(true, "an event before WFE ends it");
    timer_in(2000);
    for (unsigned i = 0; i < 1000000 && !gic_pending(IRQ_TWD); i++) {
        wfe();
    }
    ok(gic_pending(IRQ_TWD), "WFE ends for an interrupt");
    wr32(TWD_BASE + TWD_STATUS, 1);
    gic_drain();

    /* Not masked: the interrupt is taken in the midst of the wait, and its return leads out of it. */
    uint32_t before = timer_irqs;
    timer_in(2000);
    irq_enable();
    for (unsigned i = 0; i < 1000000 && timer_irqs == before; i++) {
        wfe();
    }
    irq_disable();
    ok_eq(timer_irqs, before + 1, "an interrupt taken in WFE");
    gic_disable(IRQ_TWD);
    irq_handle(NULL);
}

/* ---- ping-pong: no wake-up may get lost ---- */

enum { ROUNDS = 500 };
static volatile uint32_t turn __attribute__((aligned(64)));
static unsigned players;

static void player_irq(uint32_t cpu)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (turn % players != cpu) {
            wfi();
            gic_drain();
        }
        turn = turn + 1;
        dsb();
        gic_send_sgi(1, 1u << ((cpu + 1) % players));
    }
}

static void player_event(uint32_t cpu)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (turn % players != cpu) {
            wfe();
        }
        turn = turn + 1;
        dsb();
        sev();
    }
}

/* The same by plain stores: WFE may end at any time, so that a guest without SEV is slow but goes on. */
static void player_silent(uint32_t cpu)
{
    for (unsigned i = 0; i < ROUNDS / 10; i++) {
        while (turn % players != cpu) {
            wfe();
        }
        turn = turn + 1;
    }
}

static volatile uint32_t asleep;

/* Nothing may be acknowledged between the mark and the wait: the wake-up comes any time after the mark. */
static void sleeper(uint32_t mark)
{
    asleep = mark;
    dsb();
    wfi();
}

static void many_cpus(void)
{
    players = num_cpus();
    smp_start();
    turn = 0;
    run_all(players, player_irq);
    ok_eq(turn, ROUNDS * players, "ping-pong by software interrupt and WFI");
    turn = 0;
    run_all(players, player_event);
    ok_eq(turn, ROUNDS * players, "ping-pong by SEV and WFE");
    turn = 0;
    run_all(players, player_silent);
    ok_eq(turn, ROUNDS / 10 * players, "ping-pong by WFE without SEV");
    /* Wake every CPU again and again out of its sleep. */
    for (unsigned i = 0; i < 300; i++) {
        unsigned cpu = 1 + i % (players - 1);

        run_on(cpu, sleeper, i + 1);
        while (asleep != i + 1) {
            wfe();
        }
        gic_send_sgi(2, 1u << cpu);
        if (i % 7 == 0) {
            delay_us(100);
        }
        wait_for(cpu);
    }
    ok(true, "300 sleepers woken");
    gic_drain();
}

int test_main(void)
{
    gic_init();
    one_cpu();
    if (num_cpus() > 1) {
        many_cpus();
    }
    return 0;
}
