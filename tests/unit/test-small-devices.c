/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that are little more than registers: SP810, both memory controllers, the smart card slot. */
#include "device-stubs.h"
#include "hw/misc/pl131.h"
#include "hw/misc/pl340.h"
#include "hw/misc/sp810.h"

enum { SC = 0x10001000, SCI = 0x1000e000, DMC = 0x10018000, SMC = 0x10080000 };

static uint32_t id(uint32_t base)
{
    return rd(base + 0xfe0) | rd(base + 0xfe4) << 8 | rd(base + 0xfe8) << 16 | rd(base + 0xfec) << 24;
}

static void nowhere(uint32_t base)
{
    rd(base + 0x7f0);
    wr(base + 0x7f0, 1);
}

static void test_sp810(void)
{
    ok_eq(id(SC), 0x41810, "SP810: identification");
    ok_eq(rd(SC), 9, "doze after reset");
    wr(SC, 0x2aa8004);
    ok_eq(rd(SC), 0xaa8024, "normal mode at once; the timers' enables are kept");
    wr(SC, 0x102);
    ok_eq(rd(SC), 0x312, "slow; remapping is cleared");
    wr(SC, 0);
    ok_eq(rd(SC), 8, "sleep: a doze");
    ok_eq(rd(SC + 0x2c), 0xffffffff, "all clocks are on");
    wr(SC + 0x28, 0xf0);
    wr(SC + 0x24, 0x30);
    ok_eq(rd(SC + 0x30), 0xffffff3f, "off and on by bits");
    wr(SC + 0x14, 0xffffffff);
    ok_eq(rd(SC + 0x14), 0x0ffffffb, "PLL control");
    wr(SC + 4, 1);
    ok_eq(rd(SC + 4) | rd(SC + 0xee0) | rd(SC + 0x24), 0, "nothing there");
    nowhere(SC);
}

static void test_dmc(void)
{
    ok_eq(id(DMC), 0x41340, "PL340: identification");
    ok_eq(rd(DMC) & 3, 0, "to be configured");
    ok_eq(rd(DMC + 0x10), 0xa60, "refresh period");
    wr(DMC + 0x10, 0x12345);
    ok_eq(rd(DMC + 0x10), 0x2345, "is written");
    wr(DMC + 4, 3);
    ok_eq(rd(DMC) & 3, 0, "no pause from there");
    wr(DMC + 4, 0);
    ok_eq(rd(DMC) & 3, 1, "ready");
    wr(DMC + 0x10, 1);
    ok_eq(rd(DMC + 0x10), 0x2345, "not written when ready");
    wr(DMC + 4, 3);
    ok_eq(rd(DMC) & 3, 2, "paused");
    wr(DMC + 4, 1);
    ok_eq(rd(DMC) & 3, 3, "low power");
    wr(DMC + 4, 7);
    wr(DMC + 4, 2);
    wr(DMC + 4, 4);
    ok_eq(rd(DMC) & 3, 0, "awake, to be configured");
    wr(DMC + 8, 0);
    ok_eq(rd(DMC + 0x200) & rd(DMC + 0x20c), 0xff00, "four chips");
    ok_eq(rd(DMC + 0x13c) | rd(DMC + 0x300), 0, "sixteen masters");
    nowhere(DMC);
}

static void test_smc(void)
{
    ok_eq(id(SMC), 0x41354, "PL354: identification");
    ok_eq(rd(SMC + 0x1e0), 0x2b3cc, "the last chip's cycles");
    wr(SMC + 0x14, 0x12345);
    wr(SMC + 0x18, 0x6789);
    ok_eq(rd(SMC + 0x140), 0x2b3cc, "nothing happens before the command");
    wr(SMC + 0x10, 2u << 23 | 2u << 21);
    ok_eq(rd(SMC + 0x140), 0x12345, "cycles go to chip 2");
    ok_eq(rd(SMC + 0x144), 0x6789, "and its mode");
    wr(SMC + 0x10, 3u << 23 | 1u << 21);
    ok_eq(rd(SMC + 0x160), 0x2b3cc, "a mode register of the memory's is no timing");
    wr(SMC + 8, 5);
    ok_eq(rd(SMC), 3, "low power, interrupt enabled");
    wr(SMC + 0xc, 4);
    ok_eq(rd(SMC), 2, "awake");
    wr(SMC + 0x20, 0x17);
    ok_eq(rd(SMC + 0x20), 7, "refresh period");
    ok_eq(rd(SMC + 4), 0x2d2d, "two interfaces");
    wr(SMC + 0x204, 1);
    ok_eq(rd(SMC + 0x200), 0, "user status");
    nowhere(SMC);
}

static void test_sci(void)
{
    ok_eq(id(SCI), 0x41131, "PL131: identification");
    ok_eq(rd(SCI + 0x60), 0xa, "both FIFOs are empty");
    ok_eq(rd(SCI + 0x7c), 0, "no card");
    wr(SCI + 0x6c, 0x3fff);
    wr(SCI + 0xc, 1);
    ok(!bench_level[0] && !rd(SCI + 0x74), "a start tells of no card");
    ok_eq(rd(SCI + 0x70), 0x4000, "room to send");
    wr(SCI + 0x6c, 0xffff);
    ok(bench_level[0] && rd(SCI + 0x74) == 0x4000, "interrupts");
    wr(SCI + 0x1c, 2);
    for (unsigned i = 0; i < 3; i++) {
        wr(SCI, i);
    }
    ok(!bench_level[0] && !rd(SCI + 0x70), "until there are more than the tide mark");
    for (unsigned i = 0; i < 9; i++) {
        wr(SCI, i);
    }
    ok_eq(rd(SCI + 0x64), 8, "eight characters wait");
    ok_eq(rd(SCI + 0x60), 9, "full");
    wr(SCI + 0x64, 0);
    ok_eq(rd(SCI + 0x60), 0xa, "emptied");
    wr(SCI + 0x18, 0x12345);
    ok_eq(rd(SCI + 0x18), 0x2345, "16 bits of speed");
    wr(SCI + 0x78, 0xffff);
    ok_eq(rd(SCI) | rd(SCI + 0x68) | rd(SCI + 0x84) | rd(SCI + 0xc) | rd(SCI + 0x78), 0, "nothing received");
    nowhere(SCI);
    bench_reset();
    ok_eq(rd(SCI + 0x18) | rd(SCI + 0x6c), 0, "reset");
}

int main(void)
{
    bench_init();
    sp810_create(SC, "sp810");
    pl340_create(DMC, "dmc");
    pl354_create(SMC, "smc");
    pl131_create(SCI, "smartcard", &bench_line[0]);
    bench_reset();
    test_sp810();
    test_dmc();
    test_smc();
    test_sci();
    return test_done();
}
