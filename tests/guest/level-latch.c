/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core tile's controller latches level-sensitive interrupts: what a line that rises, falls or stays makes
 * pending, in every order with enables, targets, acknowledge, end and the pending registers; shared and private.
 * Operating systems for this tile quieten their device before they read IAR, and storm for ever on a controller that
 * forgets then. The controllers in the FPGA follow their lines. guest-test: cpus=1,4
 */
#include "runtime.h"

enum { FPGA_CPU = 0x10040000, FPGA_DIST = 0x10041000, FPGA_TIMER01 = 36, FPGA_OUTPUT = 42 };

/* A device with one line, and its interrupt. */
struct line {
    unsigned id;
    void (*raise)(void);
    void (*drop)(void);
};

static const struct line *l;
static const char *kind;

static void sp804_drop(void)
{
    /* What an interrupt entry does: stop the timer, clear its interrupt. */
    wr32(SP804_01_BASE + SP804_CTRL, 0x22);
    wr32(SP804_01_BASE + SP804_INTCLR, 1);
}

static void sp804_raise(void)
{
    wr32(SP804_01_BASE + SP804_LOAD, 5);
    wr32(SP804_01_BASE + SP804_CTRL, 0xa3);
    (void)WAIT_UNTIL(rd32(SP804_01_BASE + SP804_RIS), 1000000);
    delay_us(200);
}

static void twd_drop(void)
{
    wr32(TWD_BASE + TWD_CONTROL, 4);
    wr32(TWD_BASE + TWD_STATUS, 1);
}

static void twd_raise(void)
{
    wr32(TWD_BASE + TWD_LOAD, 1000);
    wr32(TWD_BASE + TWD_CONTROL, 5);
    (void)WAIT_UNTIL(rd32(TWD_BASE + TWD_STATUS), 1000000);
    delay_us(200);
}

static uint32_t ack(void) { return rd32(GICC_IAR) & 0x3ff; }
static void end(void) { wr32(GICC_EOIR, l->id); }
static void enable(void) { wr32(GICD_ISENABLER(l->id / 32), 1u << l->id % 32); }
static void disable(void) { gic_disable(l->id); }
static void pend(void) { wr32(GICD_ISPENDR(l->id / 32), 1u << l->id % 32); }
static void unpend(void) { wr32(GICD_ICPENDR(l->id / 32), 1u << l->id % 32); }

/* As it was at first: line low, disabled, nothing pending or active. */
static void fresh(void)
{
    l->drop();
    delay_us(200);
    disable();
    unpend();
    gic_drain();
    unpend();
    gic_enable(l->id, 0x80, 1);
}

static char name[100];

static const char *of(const char *what)
{
    char *p = name;

    for (const char *s = kind; *s; s++) {
        *p++ = *s;
    }
    for (const char *s = what; *s && p < name + sizeof(name) - 1; s++) {
        *p++ = *s;
    }
    *p = 0;
    return name;
}

/* Pending, and the one the CPU would take? */
static bool offered(void)
{
    return gic_pending(l->id) && (rd32(GICC_HPPIR) & 0x3ff) == l->id;
}

static bool nothing(void)
{
    return !gic_pending(l->id) && (rd32(GICC_HPPIR) & 0x3ff) == IRQ_SPURIOUS;
}

static void rows(void)
{
    fresh();
    disable();
    l->raise();
    ok(nothing(), of("rises while disabled: not pending"));
    enable();
    ok(offered(), of("enabled with the line high: pending"));
    fresh();
    disable();
    l->raise();
    l->drop();
    enable();
    ok(nothing(), of("rises and falls while disabled: nothing is left"));

    fresh();
    l->raise();
    ok(offered(), of("rises while enabled: pending"));
    l->drop();
    ok(offered(), of("falls before the acknowledge: still pending"));
    ok_eq(ack(), l->id, of("and given to the CPU"));
    ok(nothing() && gic_active(l->id), of("then active and not pending"));
    end();
    ok(nothing() && ack() == IRQ_SPURIOUS, of("and over"));

    fresh();
    l->raise();
    unpend();
    ok(nothing() && ack() == IRQ_SPURIOUS, of("pending cleared with the line high: hidden"));
    delay_us(200);
    ok(nothing(), of("for as long as it stays high"));
    enable();
    ok(offered(), of("until the enable is written, though it was set"));
    unpend();
    l->drop();
    l->raise();
    ok(offered(), of("or a new rise"));

    fresh();
    l->raise();
    ok(ack() == l->id && !gic_pending(l->id), of("acknowledged with the line high: active alone"));
    end();
    if (l->id >= 32) {
        ok(offered(), of("ended with the line high: pending again"));
        ok_eq(ack(), l->id, of("and given again"));
    } else if (num_cpus() > 1) {
        ok(nothing(), of("ended with the line high: over"));
        l->drop();
        l->raise();
        ok_eq(ack(), l->id, of("until it rises again"));
    } else {
        /* Upstream: only with several CPUs. */
        ok_ours(nothing(), of("ended with the line high: over"));
        l->drop();
        l->raise();
        ok_eq(ack(), l->id, of("until it rises again"));
    }
    l->drop();
    end();
    ok(nothing(), of("ended with the line low: over"));

    fresh();
    l->raise();
    ack();
    l->drop();
    l->raise();
    ok(gic_pending(l->id) && gic_active(l->id), of("rises while active: pending and active"));
    l->drop();
    end();
    ok(offered() && ack() == l->id, of("and comes after the end, though it fell"));
    end();

    fresh();
    l->raise();
    ack();
    disable();
    end();
    ok(nothing(), of("ended while disabled with the line high: not pending"));
    enable();
    ok(offered(), of("until it is enabled"));
    fresh();
    l->raise();
    ack();
    disable();
    end();
    l->drop();
    enable();
    ok(nothing(), of("served between the end and the enable: over"));

    fresh();
    l->raise();
    disable();
    l->drop();
    ok(gic_pending(l->id) && ack() == IRQ_SPURIOUS, of("disabled while pending: still pending, not given"));
    enable();
    ok_eq(ack(), l->id, of("given when it is enabled"));
    end();

    fresh();
    pend();
    l->raise();
    l->drop();
    ok_eq(ack(), l->id, of("pended by software and by the line"));
    end();
    ok(nothing(), of("are one"));
}

static void targets(void)
{
    fresh();
    wr8(GICD_ITARGETSR(l->id), 0);
    l->raise();
    ok(nothing(), of("rises without a target: not pending"));
    wr8(GICD_ITARGETSR(l->id), 1);
    ok_ours(offered(), of("pending when it gets one"));
    fresh();
    l->raise();
    wr8(GICD_ITARGETSR(l->id), 0);
    l->drop();
    ok(gic_pending(l->id) && ack() == IRQ_SPURIOUS, of("loses its target while pending: still pending"));
    wr8(GICD_ITARGETSR(l->id), 1);
    ok_eq(ack(), l->id, of("given when it has one again"));
    end();
    fresh();
    wr32(GICD_CTLR, 0);
    l->raise();
    l->drop();
    ok(gic_pending(l->id), of("rises with the distributor off: pending"));
    wr32(GICD_CTLR, 1);
    ok_eq(ack(), l->id, of("and given when it is on"));
    end();
    fresh();
    uint32_t level = rd32(GICD_ICFGR(l->id / 16)), edge = level | 2u << l->id % 16 * 2;
    l->raise();
    wr32(GICD_ICFGR(l->id / 16), edge);
    l->drop();
    ok(gic_pending(l->id), of("made edge-triggered while pending: still pending"));
    wr32(GICD_ICFGR(l->id / 16), level);
    fresh();
}

/* The FPGA's first controller, with the same timer; its output goes to the core tile's. */
static void fpga(void)
{
    fresh();
    disable();
    wr32(FPGA_DIST, 1);
    wr32(FPGA_CPU + 4, 0xf0);
    wr32(FPGA_CPU, 1);
    wr32(FPGA_DIST + 0x104, 1u << (FPGA_TIMER01 - 32));
    gic_enable(FPGA_OUTPUT, 0x80, 1);
    l->raise();
    ok(rd32(FPGA_DIST + 0x204) & 1u << (FPGA_TIMER01 - 32), "FPGA: pending while the line is high");
    ok(gic_pending(FPGA_OUTPUT), "FPGA: and so is its output");
    l->drop();
    ok(!(rd32(FPGA_DIST + 0x204) & 1u << (FPGA_TIMER01 - 32)), "FPGA: not any more when it fell");
    ok_eq(rd32(FPGA_CPU + 0xc), IRQ_SPURIOUS, "FPGA: nothing to acknowledge");
    ok_eq(ack(), FPGA_OUTPUT, "FPGA: the core tile's controller latched the output");
    wr32(GICC_EOIR, FPGA_OUTPUT);
    ok_eq(ack(), IRQ_SPURIOUS, "FPGA: once");
    wr32(FPGA_DIST + 0x184, 0xffffffff);
    wr32(FPGA_DIST, 0);
    gic_disable(FPGA_OUTPUT);
}

int test_main(void)
{
    static const struct line sp804 = { IRQ_TIMER01, sp804_raise, sp804_drop }, twd = { IRQ_TWD, twd_raise, twd_drop };

    gic_init();
    l = &sp804;
    kind = "shared: ";
    rows();
    targets();
    l = &twd;
    kind = "private: ";
    rows();
    fresh();
    disable();
    l = &sp804;
    fpga();
    return 0;
}
