/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that reads the SD card's FIFO, or looks at its status all the time, while the host's disk takes half a second
 * for each request: it waits, and its timer's interrupts are taken meanwhile.
 * guest-test: cpus=1,4 timeout=60 sd=slow oracle=no
 */
#include "sd-card.h"

enum { PERIOD_US = 1000, READS = 4, LEAST = 3, RX_AVAILABLE = 1 << 21 };

static volatile uint32_t ticks;

static void tick(uint32_t iar)
{
    if ((iar & 0x3ff) == IRQ_TWD) {
        wr32(TWD_BASE + TWD_STATUS, 1);
        ticks++;
    }
}

static void read_block(bool looks)
{
    begin(BLOCK, true);
    command(17, 0, SHORT);
    while (looks && !(rd32(STATUS) & RX_AVAILABLE)) {
    }
    for (int i = 0; i < BLOCK / 4; i++) {
        (void)rd32(FIFO);
    }
}

/* In how many of the reads the clock stood still. */
static uint32_t without_clock(bool looks)
{
    uint32_t stood = 0;

    for (int i = 0; i < READS; i++) {
        uint32_t before = ticks, start = ticks24();

        read_block(looks);
        /* What came at once shows nothing. */
        stood += us_since(start) > 100 * PERIOD_US && ticks - before < LEAST;
    }
    return stood;
}

int test_main(void)
{
    uint32_t start;

    ok(identify(), "a card is there");
    gic_init();
    irq_handle(tick);
    gic_enable(IRQ_TWD, 0xa0, 0);
    wr32(TWD_BASE + TWD_LOAD, PERIOD_US * 100);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    irq_enable();
    start = ticks24();
    ok_eq(without_clock(false), 0, "interrupts-while-an-access-waits: the FIFO read unasked");
    ok_eq(without_clock(true), 0, "interrupts-while-an-access-waits: the status read all the time");
    ok(us_since(start) > 500 * PERIOD_US, "the disk is slow");
    irq_disable();
    return 0;
}
