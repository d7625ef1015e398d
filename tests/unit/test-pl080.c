/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL080 and PL081: registers, transfers, lists, interrupts, requests, and the bounds of a turn. */
#include <string.h>
#include "device-stubs.h"
#include "fake-dma.h"
#include "fake-clock.h"
#include "hw/dma/pl080.h"

enum { BASE = 0x10030000, BIG_BASE = 0x10040000, HIDDEN = 0x10100000, TURN = 1000000 };
enum { INT = 0, TC = 4, TC_CLEAR = 8, ERR = 0xc, ERR_CLR = 0x10, RAW_TC = 0x14, RAW_ERR = 0x18, ENABLED = 0x1c,
       BREQ = 0x20, SREQ = 0x24, LBREQ = 0x28, LSREQ = 0x2c, CONF = 0x30, SYNC = 0x34 };
enum { SRC = 0x100, DST = 0x104, LLI = 0x108, CONTROL = 0x10c, CONFIG = 0x110, STRIDE = 0x20 };
enum { INC = 3 << 26, E = 1, IE = 1 << 14, ITC = 1 << 15, ACTIVE = 1 << 17, HALT = 1 << 18 };
#define I           (1u << 31)
#define WIDTH(s, d) ((uint32_t)(s) << 18 | (uint32_t)(d) << 21)
#define BURST(s, d) ((uint32_t)(s) << 12 | (uint32_t)(d) << 15)
#define FLOW(f)     ((uint32_t)(f) << 11)

static void ram_put(uint32_t addr, uint32_t v)
{
    memcpy(bench_ram + addr, &v, 4);
}

static uint32_t ram_get(uint32_t addr)
{
    uint32_t v;

    memcpy(&v, bench_ram + addr, 4);
    return v;
}

static void fresh(void)
{
    bench_reset();
    for (uint32_t a = 0; a < BENCH_RAM_SIZE; a += 4) {
        ram_put(a, a < BENCH_RAM_SIZE / 2 ? 0x1000000 + a : 0xeeeeeeee);
    }
    wr(BASE + CONF, 1);
    wr(BIG_BASE + CONF, 1);
}

static void start(uint32_t base, unsigned n, uint32_t src, uint32_t dst, uint32_t lli, uint32_t control,
                  uint32_t config)
{
    base += STRIDE * n;
    wr(base + SRC, src);
    wr(base + DST, dst);
    wr(base + LLI, lli);
    wr(base + CONTROL, control);
    wr(base + CONFIG, config | E);
}

static void put_item(uint32_t at, uint32_t src, uint32_t dst, uint32_t lli, uint32_t control)
{
    ram_put(at, src);
    ram_put(at + 4, dst);
    ram_put(at + 8, lli);
    ram_put(at + 12, control);
}

static void test_registers(void)
{
    bool zero = true;

    bench_reset();
    for (uint32_t r = 0; r <= SYNC; r += 4) {
        zero &= rd(BASE + r) == 0;
    }
    ok(zero, "reset values");
    ok_eq(rd(BASE + 0xfe0), 0x81, "PL081");
    ok_eq(rd(BIG_BASE + 0xfe0), 0x80, "PL080");
    ok_eq(rd(BASE + 0xfe4), 0x10, "PL081");
    ok_eq(rd(BASE + 0xff4), 0xf0, "PrimeCell");
    for (unsigned n = 0; n < 2; n++) {
        wr(BASE + SRC + n * STRIDE, 0x11111111 * (n + 1));
        wr(BASE + CONFIG + n * STRIDE, 0xfffffffe);
        ok_eq(rd(BASE + CONFIG + n * STRIDE), 0x5fbde, "configuration of channel %u: the bits there are", n);
    }
    ok_eq(rd(BASE + SRC), 0x11111111, "channel 0");
    ok_eq(rd(BASE + SRC + STRIDE), 0x22222222, "channel 1");
    wr(BASE + SRC + 2 * STRIDE, 5);
    ok_eq(rd(BASE + SRC + 2 * STRIDE), 0, "a PL081 has no channel 2");
    wr(BIG_BASE + SRC + 7 * STRIDE, 5);
    ok_eq(rd(BIG_BASE + SRC + 7 * STRIDE), 5, "a PL080 has channel 7");
    wr(BIG_BASE + SRC + 8 * STRIDE, 5);
    ok_eq(rd(BIG_BASE + SRC + 8 * STRIDE), 0, "and no channel 8");
    wr(BASE + CONF, ~0u);
    ok_eq(rd(BASE + CONF), 3, "one master");
    wr(BIG_BASE + CONF, ~0u);
    ok_eq(rd(BIG_BASE + CONF), 7, "two masters");
    wr(BASE + SYNC, ~0u);
    ok_eq(rd(BASE + SYNC), 0xffff, "DMACSync");
    bench_reset();
    ok_eq(rd(BASE + SRC) | rd(BASE + CONF) | rd(BASE + CONFIG), 0, "reset");
}

static void test_widths(void)
{
    for (unsigned sw = 0; sw < 3; sw++) {
        for (unsigned dw = 0; dw < 3; dw++) {
            fresh();
            start(BASE, 0, 0x100, 0x8100, 0, (64 >> sw) | WIDTH(sw, dw) | INC, 0);
            bench_advance(TURN);
            ok(!memcmp(bench_ram + 0x100, bench_ram + 0x8100, 64) && ram_get(0x8140) == 0xeeeeeeee &&
               ram_get(0x80fc) == 0xeeeeeeee, "widths %u, %u", 8u << sw, 8u << dw);
            ok(rd(BASE + SRC) == 0x140 && rd(BASE + DST) == 0x8140 && rd(BASE + ENABLED) == 0,
               "its registers at the end");
        }
    }
    fresh();
    start(BASE, 0, 0x101, 0x8101, 0, 3 | WIDTH(0, 2) | INC, 0);
    bench_advance(TURN);
    ok(ram_get(0x8100) == 0xeeeeeeee && rd(BASE + ENABLED) == 0, "three bytes are no word");
    fresh();
    start(BASE, 0, 0x103, 0x8102, 0, 1 | WIDTH(2, 2) | INC, 0);
    bench_advance(TURN);
    ok_eq(ram_get(0x8100), 0x1000100, "unaligned addresses go to the word");
    for (unsigned w = 3; w < 8; w++) {
        fresh();
        start(BASE, 0, 0x100, 0x8100, 0, 1 | WIDTH(w, 0) | INC, IE);
        start(BASE, 1, 0x100, 0x8100, 0, 1 | WIDTH(0, w) | INC, IE);
        bench_advance(TURN);
        ok(rd(BASE + RAW_ERR) == 3 && rd(BASE + ENABLED) == 0 && ram_get(0x8100) == 0xeeeeeeee, "reserved width %u", w);
    }
}

static void test_addresses(void)
{
    fresh();
    start(BASE, 0, 0x100, 0x8100, 0, 4095 | WIDTH(0, 0) | INC, 0);
    bench_advance(TURN);
    ok(!memcmp(bench_ram + 0x100, bench_ram + 0x8100, 4095) && bench_ram[0x8100 + 4095] == 0xee, "the largest size");
    ok(fake_dma_writes < 100, "in pieces");
    fresh();
    start(BASE, 0, 0x100, 0x104, 0, 200 | WIDTH(2, 2) | INC, 0);
    bench_advance(TURN);
    ok(ram_get(0x104) == 0x1000100 && ram_get(0x100 + 800) == 0x1000100 && ram_get(0x104 + 800) == 0x1000104 + 800,
       "overlapping forward repeats the first word");
    fresh();
    start(BASE, 0, 0x104, 0x100, 0, 200 | WIDTH(2, 2) | INC, 0);
    bench_advance(TURN);
    ok(ram_get(0x100) == 0x1000104 && ram_get(0x100 + 796) == 0x1000104 + 796, "overlapping backward moves");
    fresh();
    start(BASE, 0, BENCH_RAM_SIZE - 8, 0x100, 0, 4 | WIDTH(2, 2) | INC | I, IE | ITC);
    bench_advance(TURN);
    ok(ram_get(0x104) == 0xeeeeeeee && ram_get(0x108) == 0x1000108, "up to the end of RAM");
    ok(rd(BASE + ERR) == 1 && rd(BASE + RAW_TC) == 0 && rd(BASE + SRC) == BENCH_RAM_SIZE && bench_level[0],
       "an error behind it");
    wr(BASE + ERR_CLR, 1);
    ok(!bench_level[0] && rd(BASE + INT) == 0, "cleared");
    fresh();
    start(BASE, 0, 0xfffffffc, 0x8100, 0, 2 | WIDTH(2, 2) | INC, 0);
    start(BASE, 1, 0x100, 0xfffffff0, 0, 4095 | WIDTH(2, 2) | INC, 0);
    bench_advance(TURN);
    ok_eq(rd(BASE + RAW_ERR), 3, "the end of the address space");
    fresh();
    start(BASE, 0, HIDDEN + 0xffc, 0x8100, 0, 1 | WIDTH(2, 2) | INC, 0);
    start(BASE, 1, 0x100, HIDDEN, 0, 1 | WIDTH(2, 2) | INC, 0);
    bench_advance(TURN);
    ok_eq(rd(BASE + RAW_ERR), 3, "what the bus does not reach");
    /* The other controller's registers are devices like any other. */
    fresh();
    start(BASE, 0, 0x100, BIG_BASE + SRC, 0, 2 | WIDTH(2, 2) | INC, 0);
    bench_advance(TURN);
    ok(rd(BIG_BASE + SRC) == 0x1000100 && rd(BIG_BASE + DST) == 0x1000104, "to a device");
    start(BASE, 0, BIG_BASE + 0xfe0, 0x8100, 0, 8 | WIDTH(2, 2) | INC, 0);
    bench_advance(TURN);
    ok(ram_get(0x8100) == 0x80 && ram_get(0x811c) == 0xb1, "from a device");
}

static void test_lists(void)
{
    fresh();
    put_item(0x4000, 0x200, 0x8200, 0x4010, 16 | WIDTH(2, 2) | INC);
    put_item(0x4010, 0x300, 0x8300, 0, 16 | WIDTH(2, 2) | INC | I);
    start(BASE, 1, 0x100, 0x8100, 0x4000, 16 | WIDTH(2, 2) | INC, ITC);
    bench_advance(TURN);
    ok(ram_get(0x813c) == 0x100013c && ram_get(0x823c) == 0x100023c && ram_get(0x833c) == 0x100033c, "three items");
    ok(rd(BASE + TC) == 2 && bench_level[0] && rd(BASE + ENABLED) == 0 && rd(BASE + LLI + STRIDE) == 0,
       "one interrupt");
    wr(BASE + TC_CLEAR, 1);
    ok(bench_level[0], "another channel's bit clears nothing");
    wr(BASE + CONFIG + STRIDE, 0);
    ok(!bench_level[0] && rd(BASE + RAW_TC) == 2, "masking drops the line, not the raw status");
    wr(BASE + TC_CLEAR, 2);
    ok_eq(rd(BASE + RAW_TC), 0, "cleared");

    fresh();
    start(BASE, 0, 0x100, 0x8100, BENCH_RAM_SIZE - 8, 1 | WIDTH(2, 2) | INC, IE);
    bench_advance(TURN);
    ok(rd(BASE + ERR) == 1 && ram_get(0x8100) == 0x1000100, "an item that is half in memory: an error after the first");

    /* Endless: items of nothing, and of something. */
    fresh();
    put_item(0x4000, 0, 0, 0x4000, WIDTH(2, 2));
    start(BASE, 0, 0, 0, 0x4000, WIDTH(2, 2), 0);
    bench_advance(50 * TURN);
    ok_eq(rd(BASE + ENABLED), 1, "an endless list of nothing");
    start(BASE, 1, 0x100, 0x8100, 0, 1 | WIDTH(2, 2), 0);
    bench_advance(TURN);
    ok(rd(BASE + ENABLED) == 1 && ram_get(0x8100) == 0x1000100, "leaves time to the other channel");
    wr(BASE + CONFIG, 0);
    bench_advance(TURN);
    ok_eq((uint64_t)fake_clock_armed(), 0, "disabled: no timer runs");
    put_item(0x4000, 0x100, 0x8100, 0x4000, 4095 | WIDTH(2, 2));
    start(BASE, 0, 0x100, 0x8100, 0x4000, 0, 0);
    bench_advance(TURN);
    ok(rd(BASE + ENABLED) == 1 && fake_clock_armed() == 1, "an endless list");
    wr(BASE + CONF, 0);
    bench_advance(TURN);
    ok(rd(BASE + ENABLED) == 1 && !fake_clock_armed(), "the controller is off: no timer runs");
    wr(BASE + CONF, 1);
    ok_eq((uint64_t)fake_clock_armed(), 1, "and on again");
    wr(BASE + CONFIG, E | HALT);
    bench_advance(TURN);
    ok(!fake_clock_armed() && rd(BASE + CONFIG) == (E | HALT), "halted: no timer, not active");
    wr(BASE + CONFIG, E);
    ok_eq((uint64_t)fake_clock_armed(), 1, "and on again");
    bench_reset();
    ok(!fake_clock_armed() && rd(BASE + ENABLED) == 0, "reset ends it");
}

/* Sizes of which some use up a turn to the last beat: "done" comes with it, not a pause later. */
static void test_done_with_the_last_beat(void)
{
    unsigned early = 0, behind = 0;

    for (uint32_t size = 1; size < 2048; size++) {
        fresh();
        start(BASE, 0, 0x100, 0x8100, 0, size | WIDTH(2, 2) | 1 << 26 | I, ITC);
        bench_advance(1000);
        if (ram_get(0x8100) != 0x1000100 + 4 * (size - 1)) {
            break;
        }
        early++;
        behind += rd(BASE + RAW_TC) != 1 || rd(BASE + ENABLED);
    }
    ok(early > 100 && !behind, "done-with-the-last-beat (%u sizes in one turn, %u said so later)", early, behind);
}

static void test_requests(void)
{
    uint32_t control = 10 | BURST(1, 2) | WIDTH(2, 2) | INC | I;

    fresh();
    start(BIG_BASE, 5, 0x100, 0x8100, 0, control, FLOW(2) | 3 << 1);
    bench_advance(TURN);
    ok_eq(ram_get(0x8100), 0xeeeeeeee, "peripheral to memory waits for a request");
    wr(BIG_BASE + BREQ, 1 << 2);
    bench_advance(TURN);
    ok(ram_get(0x8100) == 0xeeeeeeee && rd(BIG_BASE + BREQ) == 4, "another one's stays");
    wr(BIG_BASE + SREQ, 1 << 3);
    ok_eq(rd(BIG_BASE + SREQ), 8, "a request");
    bench_advance(TURN);
    ok(rd(BIG_BASE + SREQ) == 0 && ram_get(0x8100) == 0x1000100 && ram_get(0x8104) == 0xeeeeeeee, "single");
    wr(BIG_BASE + LBREQ, 1 << 3);
    bench_advance(TURN);
    ok(rd(BIG_BASE + LBREQ) == 8 && ram_get(0x8104) == 0xeeeeeeee,
       "last requests are for peripherals that control the flow");
    wr(BIG_BASE + BREQ, 1 << 3);
    wr(BIG_BASE + SREQ, 1 << 3);
    bench_advance(TURN);
    ok(ram_get(0x8114) == 0x1000114 && ram_get(0x8118) == 0xeeeeeeee, "a burst and a single");
    wr(BIG_BASE + BREQ, 1 << 3);
    bench_advance(TURN);
    ok(ram_get(0x8124) == 0x1000124 && ram_get(0x8128) == 0xeeeeeeee && rd(BIG_BASE + RAW_TC) == 1 << 5 &&
       rd(BIG_BASE + ENABLED) == 0 && rd(BIG_BASE + BREQ) == 4, "the size ends it within a burst");

    fresh();
    start(BASE, 0, 0x100, 0x8100, 0, (control & ~(7u << 18)) | WIDTH(0, 2), FLOW(1) | 15 << 6);
    wr(BASE + SREQ, 1 << 15);
    bench_advance(TURN);
    ok(rd(BASE + SRC) == 0x104 && ram_get(0x8100) == 0x1000100, "memory is read as far as the destination wants");
    wr(BASE + BREQ, 1 << 15);
    bench_advance(TURN);
    ok(rd(BASE + ENABLED) == 0 && ram_get(0x8104) == 0x1000104 && ram_get(0x8108) == 0xeeeeeeee,
       "ten bytes are two words");

    fresh();
    start(BASE, 0, 0x100, 0x8100, 0, control, FLOW(3) | 1 << 1 | 2 << 6);
    wr(BASE + BREQ, 1 << 1);
    bench_advance(TURN);
    ok(ram_get(0x8100) == 0xeeeeeeee && (rd(BASE + CONFIG) & ACTIVE),
       "peripheral to peripheral: the data waits in the FIFO");
    wr(BASE + SREQ, 1 << 2);
    bench_advance(TURN);
    ok(ram_get(0x8100) == 0x1000100 && ram_get(0x8104) == 0xeeeeeeee, "for the destination's requests");
    wr(BASE + CONFIG, FLOW(3));
    ok_eq(rd(BASE + CONFIG), FLOW(3), "disabling empties the FIFO");

    for (unsigned flow = 4; flow < 8; flow++) {
        bool by_dst = flow < 6;
        unsigned p = by_dst ? 2 : 1;

        fresh();
        start(BASE, 0, 0x100, 0x8100, 0, 1 | WIDTH(2, 2) | INC | I, FLOW(flow) | 1 << 1 | 2 << 6);
        for (unsigned i = 0; i < 5; i++) {
            wr(BASE + SREQ, 1 << 1 | 1 << 2);
            bench_advance(TURN);
        }
        ok(rd(BASE + ENABLED) == 1 && ram_get(0x8110) == 0x1000110, "flow control %u: the size does not end it", flow);
        wr(BASE + SREQ, 1u << (3 - p));
        wr(BASE + LSREQ, 1u << p);
        bench_advance(TURN);
        ok(rd(BASE + ENABLED) == 0 && ram_get(0x8114) == 0x1000114 && ram_get(0x8118) == 0xeeeeeeee &&
           rd(BASE + RAW_TC) == 1, "flow control %u: its last request does", flow);
    }
}

/* The wires of devices, on the larger controller. */
static void test_wires(PL080State *big)
{
    const uint32_t control = 10 | BURST(1, 1) | WIDTH(2, 2) | INC | I;

    fresh();
    pl080_set_request(big, 3, DMA_SINGLE, true);
    start(BIG_BASE, 5, 0x100, 0x8100, 0, control, FLOW(2) | 3 << 1);
    bench_advance(TURN);
    ok_eq(ram_get(0x8100), 0xeeeeeeee, "single-wire-drains-fifo: it does not count while a burst is left");
    pl080_set_request(big, 3, DMA_BURST, true);
    bench_advance(TURN);
    ok(ram_get(0x811c) == 0x100011c && rd(BIG_BASE + ENABLED) == 0 && ram_get(0x8124) == 0x1000124,
       "bursts, then two singles");
    pl080_set_request(big, 3, DMA_BURST, false);
    fresh();
    start(BIG_BASE, 5, 0x100, 0x8100, 0, 3 | BURST(1, 1) | WIDTH(2, 2) | INC | I, FLOW(2) | 3 << 1);
    bench_advance(TURN);
    ok(ram_get(0x8108) == 0x1000108 && rd(BIG_BASE + RAW_TC) == 1 << 5, "less than a burst from the start");
    fresh();
    start(BIG_BASE, 5, 0x100, 0x8100, 0, 6 | WIDTH(2, 2) | INC | I, FLOW(2) | 3 << 1);
    bench_advance(TURN);
    ok(ram_get(0x8114) == 0x1000114 && rd(BIG_BASE + RAW_TC) == 1 << 5, "a channel that does no bursts");
    pl080_set_request(big, 3, DMA_SINGLE, false);
    fresh();
    pl080_set_request(big, 4, DMA_SINGLE, true);
    start(BIG_BASE, 5, 0x100, 0x8100, 0, 6 | BURST(1, 1) | WIDTH(2, 2) | INC | I, FLOW(1) | 4 << 6);
    bench_advance(TURN);
    ok_eq(ram_get(0x8100), 0xeeeeeeee, "to a device: the same");
    pl080_set_request(big, 4, DMA_BURST, true);
    bench_advance(TURN);
    ok(ram_get(0x8114) == 0x1000114 && rd(BIG_BASE + RAW_TC) == 1 << 5, "a burst, and what is left");
    pl080_set_request(big, 4, DMA_BURST, false);
    pl080_set_request(big, 4, DMA_SINGLE, false);
}

/* Wires that name the last transfer. */
static void test_last_wires(PL080State *big)
{
    const uint32_t control = BURST(1, 1) | WIDTH(2, 2) | INC | I;

    fresh();
    start(BIG_BASE, 5, 0x100, 0x8100, 0, control, FLOW(6) | 3 << 1);
    pl080_set_request(big, 3, DMA_LAST_SINGLE, true);
    bench_advance(TURN);
    ok(ram_get(0x8100) == 0x1000100 && ram_get(0x8104) == 0xeeeeeeee && rd(BIG_BASE + RAW_TC) == 1 << 5,
       "last-request-by-a-wire: a last word ends it");
    pl080_set_request(big, 3, DMA_LAST_SINGLE, false);
    fresh();
    start(BIG_BASE, 5, 0x100, 0x8100, 0, control, FLOW(5) | 3 << 6);
    pl080_set_request(big, 3, DMA_LAST_BURST, true);
    bench_advance(TURN);
    ok(ram_get(0x810c) == 0x100010c && ram_get(0x8110) == 0xeeeeeeee && rd(BIG_BASE + RAW_TC) == 1 << 5,
       "last-request-by-a-wire: a last burst to a device, too");
    fresh();
    start(BIG_BASE, 5, 0x100, 0x8100, 0, 6 | control, FLOW(1) | 3 << 6);
    bench_advance(TURN);
    ok(ram_get(0x8114) == 0x1000114 && ram_get(0x8118) == 0xeeeeeeee && rd(BIG_BASE + RAW_TC) == 1 << 5,
       "where the controller counts it is a burst as any other");
    pl080_set_request(big, 3, DMA_LAST_BURST, false);
    fresh();
    start(BIG_BASE, 5, 0x100, 0x8100, 0, 6 | control, FLOW(1) | 3 << 6);
    pl080_set_request(big, 3, DMA_LAST_SINGLE, true);
    bench_advance(TURN);
    ok_eq(ram_get(0x8100), 0xeeeeeeee, "and a last word as any other: it does not count while a burst is left");
    pl080_set_request(big, 3, DMA_LAST_SINGLE, false);
}

static void test_self(void)
{
    fresh();
    ram_put(0x100, 0);
    start(BASE, 0, 0x100, BASE + CONFIG, 0x4000, 1 | WIDTH(2, 2), 0);
    put_item(0x4000, 0x104, 0x8100, 0x4000, 1 | WIDTH(2, 2));
    bench_advance(TURN);
    ok(rd(BASE + ENABLED) == 0 && ram_get(0x8100) == 0xeeeeeeee, "a channel that disables itself");
    fresh();
    ram_put(0x100, E);
    put_item(0x4000, 0x104, 0x8100, 0, 1 | WIDTH(2, 2) | I);
    start(BASE, 0, 0x100, BASE + CONFIG, 0x4000, 1 | WIDTH(2, 2), 0);
    bench_advance(TURN);
    ok(rd(BASE + RAW_TC) == 1 && ram_get(0x8100) == 0x1000104, "a channel that writes its own configuration");
}

int main(void)
{
    static const PL080Config small = { BASE, "pl081", PL081_CHANNELS, HIDDEN, 0x1000 };
    static const PL080Config big = { BIG_BASE, "pl080", PL080_CHANNELS, 0, 0 };

    bench_init();
    pl080_create(&small, &bench_line[0]);
    PL080State *of_eight = pl080_create(&big, &bench_line[1]);
    test_registers();
    test_widths();
    test_addresses();
    test_lists();
    test_done_with_the_last_beat();
    test_requests();
    test_wires(of_eight);
    test_last_wires(of_eight);
    test_self();
    return test_done();
}
