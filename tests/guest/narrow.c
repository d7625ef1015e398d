/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of words that a program declares as bytes or halfwords, which other emulators let it do: a whole interrupt
 * path that way, with interrupt controller, timer and the board's registers; what the narrow read and write do to the
 * other bytes. guest-test: cpus=1,4
 */
#include "runtime.h"

enum { CLCD_UPBASE = 0x10020010 };

static volatile unsigned taken, last;

static uint32_t rd16(uint32_t address)
{
    return *(volatile uint16_t *)address;
}

static void wr16(uint32_t address, uint32_t value)
{
    *(volatile uint16_t *)address = (uint16_t)value;
}

static void on_irq_bytes(struct exc *e)
{
    e->lr -= 4;
    last = rd8(GICC_IAR);
    wr8(SP804_01_BASE + SP804_INTCLR, 1);
    wr8(GICC_EOIR, last);
    taken++;
}

static void on_irq_halfwords(struct exc *e)
{
    e->lr -= 4;
    last = rd16(GICC_IAR) & 0x3ff;
    wr16(SP804_01_BASE + SP804_INTCLR, 1);
    wr16(GICC_EOIR, last);
    taken++;
}

static void ticks(void (*wr)(uint32_t address, uint32_t value), exc_handler *handler, const char *name)
{
    gic_init();
    gic_enable(IRQ_TIMER01, 0x80, 1);
    wr32(GICC_CTLR, 0);
    wr32(GICC_PMR, 0);
    wr32(GICD_CTLR, 0);
    wr(GICC_PMR, 0xf0);
    wr(GICC_CTLR, 1);
    wr(GICD_CTLR, 1);
    exc_handle(EXC_IRQ, handler);
    taken = 0;
    wr(SP804_01_BASE + SP804_LOAD, 100);
    wr(SP804_01_BASE + SP804_CTRL, 0xe2);
    irq_enable();
    (void)WAIT_UNTIL(taken >= 10, 10000000);
    irq_disable();
    wr(SP804_01_BASE + SP804_CTRL, 0x22);
    wr(SP804_01_BASE + SP804_INTCLR, 1);
    ok(taken >= 10 && last == IRQ_TIMER01, name);
    gic_disable(IRQ_TIMER01);
    exc_handle(EXC_IRQ, NULL);
}

static void wr_byte(uint32_t address, uint32_t value)
{
    wr8(address, value);
}

/* A register of words, the value it takes and its bits that are kept. */
static void kept(uint32_t address, uint32_t value, uint32_t mask, const char *name)
{
    const uint32_t was = rd32(address);
    bool good = true;

    wr32(address, value);
    good = good && rd8(address) == (value & mask & 0xff) && rd16(address) == (value & mask & 0xffff);
    wr8(address, value);
    good = good && rd32(address) == (value & mask & 0xff);
    wr16(address, value);
    good = good && rd32(address) == (value & mask & 0xffff);
    wr32(address, was);
    ok(good, name);
}

int test_main(void)
{
    ticks(wr_byte, on_irq_bytes, "narrow-access-of-word-registers: interrupts by bytes");
    ticks(wr16, on_irq_halfwords, "narrow-access-of-word-registers: interrupts by halfwords");
    kept(SYS_LED, 0x12345678, ~0u, "the LEDs");
    kept(SP804_01_BASE + SP804_LOAD, 0x12345678, ~0u, "a timer's load register");
    kept(GICC_PMR, 0xd0, 0xf0, "the priority mask");
    kept(CLCD_UPBASE, 0x12345678, ~0u, "the display's address");
    ok(rd16(SYS_ID) == (rd32(SYS_ID) & 0xffff), "half of the board's number");

    const uint32_t was = rd32(GICD_ICFGR(2));

    wr32(GICD_ICFGR(2), 0xaaaaaaaa);
    wr8(GICD_ICFGR(2) + 1, 0);
    ok_eq(rd32(GICD_ICFGR(2)) & 0xaaaaaaaa, 0xaaaa00aa, "a byte of the trigger modes leaves the others");
    wr16(GICD_ICFGR(2) + 2, 0);
    ok_eq(rd32(GICD_ICFGR(2)) & 0xaaaaaaaa, 0x000000aa, "so does a halfword");
    wr32(GICD_ICFGR(2), was);
    return 0;
}
