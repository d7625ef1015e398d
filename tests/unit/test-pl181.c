/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL181 with an empty slot: every wait of a driver ends. */
#include "device-stubs.h"
#include "fake-clock.h"
#include "hw/sd/pl181.h"

enum { BASE = 0x10005000, POWER = 0, CLOCK = 4, ARG = 8, CMD = 0xc, RESP0 = 0x14, DTIMER = 0x24, DLEN = 0x28,
       DCTRL = 0x2c, DCNT = 0x30, STATUS = 0x34, CLEAR = 0x38, MASK0 = 0x3c, MASK1 = 0x40, FIFO = 0x80 };
enum { RESPONSE = 1 << 6, ENABLE = 1 << 10 };
enum { CMD_TIMEOUT = 1 << 2, DATA_TIMEOUT = 1 << 3, CMD_SENT = 1 << 7, RX_ACTIVE = 1 << 13 };

static void test_commands(void)
{
    bench_reset();
    ok_eq(rd(BASE + 0xfe0), 0x81, "ID");
    ok_eq(rd(BASE + 0xfe4), 0x11, "ID");
    ok_eq(rd(BASE + STATUS), 0, "status at reset");
    wr(BASE + MASK0, CMD_SENT | CMD_TIMEOUT);
    wr(BASE + ARG, 0x1234);
    wr(BASE + CMD, ENABLE);
    ok_eq(rd(BASE + STATUS), CMD_SENT, "poll-of-an-empty-slot-ends: CMD0 is sent");
    ok(bench_level[0] && !bench_level[1], "and interrupts by the first line");
    ok_eq(rd(BASE + CMD), 0, "the enable bit clears itself");
    wr(BASE + CLEAR, 0x7ff);
    ok(!rd(BASE + STATUS) && !bench_level[0], "cleared");
    wr(BASE + CMD, ENABLE | RESPONSE | 8);
    ok_eq(rd(BASE + STATUS), CMD_TIMEOUT, "poll-of-an-empty-slot-ends: a command with a response times out");
    ok_eq(rd(BASE + RESP0), 0, "without one");
    ok_eq(rd(BASE + CMD), RESPONSE | 8, "the command reads back");
    wr(BASE + CLEAR, CMD_TIMEOUT);
    wr(BASE + CMD, RESPONSE | 8);
    ok_eq(rd(BASE + STATUS), 0, "without the enable bit nothing is sent");
    ok_eq(reg_read_as(0, BASE + ARG + 1, 1) & 0xff, 0x12, "a byte of a register");
}

static void test_data(void)
{
    bench_reset();
    wr(BASE + CLOCK, 1 << 10);      /* bypass: MCLK */
    wr(BASE + DTIMER, 1000);
    wr(BASE + DLEN, 512);
    wr(BASE + MASK1, DATA_TIMEOUT);
    wr(BASE + DCTRL, 3);
    ok_eq(rd(BASE + DCNT), 512, "the count is loaded");
    ok(rd(BASE + STATUS) & RX_ACTIVE, "receiving");
    bench_advance(999 * 40);
    ok(!bench_level[1], "not yet");
    bench_advance(1000 * 42);
    ok(bench_level[1] && !bench_level[0], "poll-of-an-empty-slot-ends: data time out, by the second line");
    ok_eq(rd(BASE + STATUS), DATA_TIMEOUT, "and not active any more");
    wr(BASE + CLEAR, DATA_TIMEOUT);
    wr(BASE + DCTRL, 0);
    wr(BASE + DCTRL, 1);
    wr(BASE + FIFO, 1);
    wr(BASE + DCTRL, 0);
    bench_advance(1000000);
    ok_eq(rd(BASE + STATUS), 0, "a transfer that was disabled does not time out");
    ok_eq((uint64_t)fake_clock_armed(), 0, "nor does a timer run");
    wr(BASE + DCTRL, 3);
    bench_reset();
    ok(!rd(BASE + STATUS) && !fake_clock_armed(), "reset ends it");
    rd(BASE + 0x54);
    wr(BASE + 0x54, 1);
}

int main(void)
{
    static const IRQLine *lines[2] = { &bench_line[0], &bench_line[1] };

    bench_init();
    pl181_create(BASE, "mmci", 24000000, NULL, lines, NULL);
    test_commands();
    test_data();
    return test_done();
}
