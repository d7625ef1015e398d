/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small register files: system controller, SCU, L220. */
#include "device-stubs.h"
#include "hw/misc/arm11-scu.h"
#include "hw/misc/l220.h"
#include "hw/misc/realview-sysctl.h"

enum { SYS = 0x10000000, SCU = 0x10100000, L2 = 0x10102000 };

/* The registers that upstream leaves out. */
static void test_more(void)
{
    static const struct { uint32_t reg, mask; bool locked; } kept[] = {
        { 0x54, 0xffffffff, false }, { 0x64, 0x9f, false }, { 0x6c, 0x9f, false }, { 0x70, 0xffffffff, false },
        { 0x74, 0xffffffff, true }, { 0x78, 0xffffffff, true }, { 0x8c, 0x7ffff, true }, { 0x9c, 0x7ffff, true },
    };
    enum { OSC_200_MHZ = 1 << 16 | 10 << 9 | 92 };

    bench_reset();
    for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        wr(SYS + 0x20, 0);
        wr(SYS + kept[i].reg, 0xffffffff);
        ok_eq(rd(SYS + kept[i].reg), kept[i].locked ? 0 : kept[i].mask, "0x%02x, locked", kept[i].reg);
        wr(SYS + 0x20, 0xa05f);
        wr(SYS + kept[i].reg, 0xffffffff);
        ok_eq(rd(SYS + kept[i].reg), kept[i].mask, "0x%02x, unlocked", kept[i].reg);
    }
    ok_eq(rd(SYS + 0xc0), 0, "the oscillators' counters begin at 0");
    bench_advance(2000000000);
    ok_eq(rd(SYS + 0xc0), 2 * 19200000, "as the oscillator is at first");
    wr(SYS + 0x0c, OSC_200_MHZ);
    bench_advance(1000000000);
    ok_eq(rd(SYS + 0xc0), 2 * 19200000 + 200000000, "it goes on at the rate that is set");
    ok_eq(rd(SYS + 0xd0), 3 * 19200000, "each for itself");
    bench_reset();
    ok_eq(rd(SYS + 0x54) | rd(SYS + 0x64) | rd(SYS + 0x70) | rd(SYS + 0x74) | rd(SYS + 0xc0), 0, "reset");
    ok_eq(rd(SYS + 0x0c), 0x7ffff, "SYS_OSCRESET is what an oscillator has after a reset");
    ok_eq(rd(SYS + 0x10), 0, "each its own");
    wr(SYS + 0x20, 0xa05f);
    wr(SYS + 0x8c, 0);
    wr(SYS + 0x9c, 0);
    ok_eq(rd(SYS + 0x0c), 0x7ffff, "and not before");
    bench_reset();
    ok_eq(rd(SYS + 0x0c), 0, "as at first");
}

static void test_sysctl(void)
{
    static const struct { uint32_t reg, want; } regs[] = {
        { 0x00, 0xc1400400 }, { 0x04, 0xa5 }, { 0x08, 0 }, { 0x0c, 0 }, { 0x1c, 0 }, { 0x20, 0x10000 }, { 0x28, 0 },
        { 0x30, 0 }, { 0x34, 0 }, { 0x38, 0 }, { 0x40, 0 }, { 0x44, 1 }, { 0x48, 0 }, { 0x4c, 0 }, { 0x50, 0x1f00 },
        { 0x54, 0 }, { 0x58, 0x3c }, { 0x60, 0 }, { 0x64, 0 }, { 0x70, 0 }, { 0x74, 0 }, { 0x78, 0 }, { 0x80, 0 },
        { 0x84, 0x06000000 }, { 0x88, 0xff000000 }, { 0x8c, 0 }, { 0x9c, 0 }, { 0xc0, 0 }, { 0xd8, 0 },
        { 0xfe0, 0 }, { 0xffc, 0 },
    };

    bench_reset();
    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        ok_eq(rd(SYS + regs[i].reg), regs[i].want, "sysctl 0x%02x at reset", regs[i].reg);
    }
    wr(SYS + 0x00, 0);
    ok_eq(rd(SYS), 0xc1400400, "ID is read-only");
    wr(SYS + 0x08, 0xa5);
    ok_eq(rd(SYS + 0x08), 0xa5, "LEDs");
    ok_eq(reg_read_as(0, SYS + 1, 1) | reg_read_as(0, SYS + 2, 2) << 16, 0xc1400004, "narrow reads give their part");
    reg_write_as(0, SYS + 0x08, 0x5a, 1);
    reg_write_as(0, SYS + 0x09, 0xff, 1);
    ok_eq(rd(SYS + 0x08), 0x5a, "LEDs by a byte");
    wr(SYS + 0x30, 0x0011a000);
    wr(SYS + 0x30, 0x00000854);
    ok_eq(rd(SYS + 0x30), 0x0011a854, "flags are ORed in");
    wr(SYS + 0x34, 0x4);
    ok_eq(rd(SYS + 0x30), 0x0011a850, "and cleared");
    wr(SYS + 0x38, 0x77);
    wr(SYS + 0x0c, 0x12345);
    ok_eq(rd(SYS + 0x0c), 0, "oscillators are locked");
    wr(SYS + 0xd8, 1 << 23);
    ok_eq(rd(SYS + 0xd8), 0, "PLD_CTRL1 is locked");
    wr(SYS + 0x20, 0xa05f);
    ok_eq(rd(SYS + 0x20), 0xa05f, "unlocked");
    wr(SYS + 0x0c, 0xfff12345);
    ok_eq(rd(SYS + 0x0c), 0x12345, "oscillator set, 19 bits");
    wr(SYS + 0xd8, 1 << 23);
    ok_eq(rd(SYS + 0xd8), 1 << 23, "PLD_CTRL1 set");
    wr(SYS + 0x20, 0xffff);
    ok_eq(rd(SYS + 0x20), 0x17fff, "locked");
    wr(SYS + 0x50, 0xffffe014);
    ok_eq(rd(SYS + 0x50), 0xffffff14, "the panel ID in SYS_CLCD is fixed");
    uint32_t t24 = rd(SYS + 0x5c), t100 = rd(SYS + 0x24);
    bench_advance(1000000000);
    ok_eq(rd(SYS + 0x5c) - t24, 24000000, "24 MHz counter");
    ok_eq(rd(SYS + 0x24) - t100, 100, "100 Hz counter");
    bench_reset();
    ok_eq(rd(SYS + 0x30), 0, "reset clears the flags");
    ok_eq(rd(SYS + 0x38), 0x77, "but not the non-volatile ones");
    ok_eq(rd(SYS + 0x5c), 0, "and the counters");

    bench_resets = 0;
    wr(SYS + 0x40, 0x08);
    ok_eq(bench_resets, 0, "reset is locked");
    wr(SYS + 0x20, 0xa05f);
    wr(SYS + 0x40, 0x00);
    ok_eq(bench_resets, 0, "0 does not reset");
    wr(SYS + 0x40, 0x08);
    ok_eq(bench_resets, 1, "Linux 6.1's reset");
    wr(SYS + 0x40, 0x104);
    ok_eq(bench_resets, 2, "soft reset");
    wr(SYS + 0x20, 0);
    wr(SYS + 0x40, rd(SYS + 0x40) | 1);
    ok_eq(bench_resets, 3, "Linux 2.6's reset, without unlocking");
}

static void test_others(void)
{
    bench_reset();
    ok_eq(rd(SCU + 4), 0x72, "SCU configuration of three CPUs");
    wr(SCU, 0xffffffff);
    ok_eq(rd(SCU), 1, "SCU control: one bit");
    ok_eq(rd(SCU + 8) | rd(SCU + 0xc) | rd(SCU + 0xfc), 0, "SCU: the rest is 0");
    wr(SCU + 4, 0);
    bench_reset();
    ok_eq(rd(SCU), 0, "SCU control at reset");

    ok_eq(rd(L2), 0x41000086, "L220 ID");
    ok_eq(rd(L2 + 4), 0x1c100100, "L220 type");
    ok_eq(rd(L2 + 0x104), 0x02020000, "L220 auxiliary control at reset");
    wr(L2 + 0x104, 0x06690000);
    ok_eq(rd(L2 + 0x104), 0x06690000, "L220 auxiliary control");
    wr(L2 + 0x100, 3);
    ok_eq(rd(L2 + 0x100), 1, "L220 control");
    static const uint16_t ops[] = { 0x730, 0x770, 0x77c, 0x7b0, 0x7bc, 0x7f0, 0x7fc };
    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        wr(L2 + ops[i], 0xff);
        ok_eq(rd(L2 + ops[i]), 0, "L220 operation 0x%03x is done at once", ops[i]);
    }
    wr(L2, 0);
    ok_eq(rd(L2), 0x41000086, "L220 ID is read-only");
    wr(L2 + 0xabc, 1);
}

static void test_scu_monitor(void)
{
    bench_reset();
    wr(SCU + 0x14, 31 | 1 << 8);
    wr(SCU + 0x18, 31u << 24);
    bench_advance(1000);
    ok_eq(rd(SCU + 0x1c), 0, "SCU: its counters are off");
    wr(SCU + 0x10, 0x101);
    bench_advance(1002);
    ok_eq(rd(SCU + 0x1c), 400, "cycles are counted");
    bench_advance(3);
    ok_eq(rd(SCU + 0x38), 402, "by each counter, no fraction is lost");
    ok_eq(rd(SCU + 0x20), 0, "what does not happen is not");
    wr(SCU + 0x1c, 0xffffffff);
    bench_advance(5);
    ok_eq(rd(SCU + 0x1c), 1, "around");
    ok_eq(rd(SCU + 0x10), 0x10101, "with a flag");
    wr(SCU + 0x10, 0x10003);
    ok_eq(rd(SCU + 0x10), 1, "which a one clears");
    ok_eq(rd(SCU + 0x38), 0, "and the counters are reset");
    rd(SCU + 0x3c);
    wr(SCU + 0x3c, 1);
}

int main(void)
{
    static const RealviewSysctlConfig config = { .sys_id = 0xc1400400, .proc_id = { 0x06000000, 0xff000000 },
                                                 .user_switches = 0xa5, .boot_switches = 0x3c };

    bench_init();
    RealviewSysctl *sysctl = realview_sysctl_create(SYS, "sysctl", &config);
    arm11_scu_create(SCU, "scu", 3);
    l220_create(L2, "l220");
    ok_eq(rd(SYS + 0x04), 0xa5, "SYS_SW: the user's switches");
    wr(SYS + 0x04, 0);
    ok_eq(rd(SYS + 0x04), 0xa5, "which no program moves");
    wr(SYS + 0x58, 0);
    ok_eq(rd(SYS + 0x58), 0x3c, "SYS_BOOTCS: the boot switches, likewise");
    test_sysctl();
    test_more();
    test_scu_monitor();
    test_others();
    wr(SYS + 0x50, 0xe2);
    ok_eq(realview_sysctl_clcd_mode(sysctl), 2, "SYS_CLCD's mode, for the display");
    wr(SYS + 0x20, 0xa05f);
    wr(SYS + 0x0c, 1 << 16 | 22 << 9 | 24);
    ok_eq(realview_sysctl_osc0_hz(sysctl), 32000000, "oscillator 0: 2 * 24 MHz * 32 / (24 * 2)");
    return test_done();
}
