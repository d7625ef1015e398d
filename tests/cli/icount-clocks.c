/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/cli/test-icount.py: how far each clock of the board gets while a loop executes so many instructions. With
 * -icount shift=N an instruction takes 2^N ns.
 */
#include "runtime.h"

enum { LOOPS = 4000000 };       /* of two instructions */
enum { SP804 = 0x10011000, RTC = 0x10017000, SYS_100HZ = 0x10000024 };

static uint32_t read_cycles(void)
{
    uint32_t v;

    __asm__ volatile("mrc p15, 0, %0, c15, c12, 1" : "=r"(v));
    return v;
}

static void loop(void)
{
    uint32_t n = LOOPS;

    __asm__ volatile("1: subs %0, %0, #1\n\tbne 1b" : "+r"(n) : : "cc");
}

static uint32_t read_24mhz(void) { return ticks24(); }
static uint32_t read_100hz(void) { return rd32(SYS_100HZ); }
static uint32_t read_sp804(void) { return -rd32(SP804 + 4); }
static uint32_t read_twd(void) { return -rd32(TWD_BASE + 4); }
static uint32_t read_rtc(void) { return rd32(RTC); }

static const struct { const char *name; uint32_t (*read)(void); } clocks[] = {
    { "24MHz", read_24mhz }, { "100Hz", read_100hz }, { "SP804", read_sp804 }, { "private timer", read_twd },
    { "PL031", read_rtc }, { "cycles", read_cycles },
};

int test_main(void)
{
    wr32(SP804 + 0, 0xffffffff);
    wr32(SP804 + 8, 0xc2);                                          /* on, periodic, 32 bits */
    wr32(TWD_BASE + TWD_LOAD, 0xffffffff);
    wr32(TWD_BASE + TWD_CONTROL, 1);
    __asm__ volatile("mcr p15, 0, %0, c15, c12, 0" : : "r"(7));    /* counters on, from 0 */
    print("it is %u\n", (unsigned)read_rtc());
    for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        uint32_t before = clocks[i].read();

        loop();
        print("%s %u\n", clocks[i].name, (unsigned)(clocks[i].read() - before));
    }
    semihosting_exit(true);
}
