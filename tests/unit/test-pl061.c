/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL061: masked data, directions, edges and levels. */
#include "device-stubs.h"
#include "hw/gpio/pl061.h"

enum { BASE = 0x10015000, DATA = 0, ALL = 0x3fc, DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410,
       RIS = 0x414, MIS = 0x418, IC = 0x41c, AFSEL = 0x420 };

static PL061State *gpio;

static uint32_t reg(uint32_t offset)
{
    return rd(BASE + offset);
}

static void set(uint32_t offset, uint32_t value)
{
    wr(BASE + offset, value);
}

static void test_data(void)
{
    ok_eq(reg(0xfe0) | reg(0xfe4) << 8 | reg(0xfe8) << 16, 0x041061, "identification");
    ok_eq(reg(ALL) | reg(DIR) | reg(IS) | reg(IBE) | reg(IEV) | reg(IE) | reg(RIS) | reg(AFSEL), 0,
          "all 0 after reset");
    set(ALL, 0xff);
    ok_eq(reg(ALL), 0, "inputs are not driven");
    set(DIR, 0x0f);
    ok_eq(reg(ALL), 0x0f, "outputs show what was written, even before they were outputs");
    set(0x05 << 2, 0);
    ok_eq(reg(ALL), 0x0a, "a write reaches the bits that the address names");
    ok_eq(reg(0x02 << 2), 0x02, "a read shows those");
    pl061_set_input(gpio, 7, true);
    pl061_set_input(gpio, 1, false);
    ok_eq(reg(ALL), 0x8a, "an input shows what is outside, an output does not");
    set(AFSEL, 0x1ff);
    ok_eq(reg(AFSEL), 0xff, "eight bits");
    set(DATA, 0xff);
    ok_eq(reg(DATA), 0, "address 0 names no bit");
    reg(0x500);
    set(0x500, 1);
    reg(0x600);
    set(0x600, 1);
}

static void edge(unsigned pin, bool level, bool want, const char *what)
{
    set(IC, 0xff);
    pl061_set_input(gpio, pin, level);
    ok_eq(reg(RIS) >> pin & 1, want, "%s", what);
    ok_eq((uint64_t)bench_level[0], want, "%s: the line", what);
}

static void test_interrupts(void)
{
    bench_reset();
    for (unsigned pin = 0; pin < PL061_PINS; pin++) {
        pl061_set_input(gpio, pin, false);
    }
    set(IC, 0xff);
    set(IE, 0xff);
    edge(3, true, false, "falling edges: a rise");
    edge(3, false, true, "a fall");
    ok_eq(reg(MIS), 8, "MIS");
    pl061_set_input(gpio, 3, true);
    ok_eq(reg(RIS), 8, "an edge is kept");
    set(IC, 0xf7);
    ok_eq(reg(RIS), 8, "clears what is named only");
    set(IEV, 8);
    edge(3, false, false, "rising edges: a fall");
    edge(3, true, true, "a rise");
    set(IBE, 8);
    edge(3, false, true, "both edges: a fall");
    edge(3, true, true, "a rise again");
    edge(3, true, false, "the same level is no edge");
    set(IS, 8);
    ok_eq(reg(RIS), 8, "level: high is active");
    set(IC, 8);
    ok_eq(reg(RIS), 8, "a level cannot be cleared");
    pl061_set_input(gpio, 3, false);
    ok(!reg(RIS) && !bench_level[0], "it ends with the level");
    set(IEV, 0);
    ok(reg(RIS) == 8 && bench_level[0], "low is active");
    set(IE, 0);
    ok(reg(RIS) == 8 && !reg(MIS) && !bench_level[0], "masked");
    set(IS, 0);
    set(IBE, 0);
    set(IEV, 1);
    set(IE, 1);
    set(DIR, 1);
    set(1 << 2, 1);
    ok(bench_level[0], "an output's own edge interrupts");
    bench_reset();
    ok(!bench_level[0] && !reg(DIR), "reset");
}

int main(void)
{
    bench_init();
    gpio = pl061_create(BASE, "gpio2", &bench_line[0]);
    bench_reset();
    test_data();
    test_interrupts();
    return test_done();
}
