/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SP805 watchdog, at 24 MHz: 24 ticks are a microsecond. */
#include "device-stubs.h"
#include "fake-clock.h"
#include "hw/watchdog/sp805.h"

enum { BASE = 0x10010000, LOAD = 0, VALUE = 4, CONTROL = 8, INTCLR = 0xc, RIS = 0x10, MIS = 0x14, LOCK = 0xc00,
       ITCR = 0xf00, ITOP = 0xf04, INTEN = 1, RESEN = 2, US = 1000 };
#define KEY 0x1acce551u

static uint32_t reg(uint32_t offset)
{
    return rd(BASE + offset);
}

static void set(uint32_t offset, uint32_t value)
{
    wr(BASE + offset, value);
}

static void test_registers(void)
{
    static const uint8_t id[8] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    bool good = true;

    for (uint32_t i = 0; i < 8; i++) {
        good &= reg(0xfe0 + 4 * i) == id[i];
    }
    ok(good, "identification");
    ok_eq(reg(LOAD), 0xffffffff, "load after reset");
    ok_eq(reg(VALUE), 0xffffffff, "value after reset");
    ok_eq(reg(CONTROL) | reg(RIS) | reg(MIS) | reg(LOCK) | reg(ITCR), 0, "the rest is 0: off, and not locked");
    bench_advance(10 * US);
    ok_eq(reg(VALUE), 0xffffffff, "off: it stands");
    set(LOCK, 1);
    set(LOAD, 5);
    ok_eq(reg(LOCK), 1, "locked by any other value");
    ok_eq(reg(LOAD), 0xffffffff, "locked: nothing is written");
    set(LOCK, KEY);
    set(LOAD, 240);
    ok_eq(reg(LOCK), 0, "unlocked by the key");
    ok_eq(reg(LOAD), 240, "unlocked: written");
    set(CONTROL, 0xffffffff);
    ok_eq(reg(CONTROL), 3, "two bits of control");
    reg(0x100);
    set(0x100, 1);
}

static void test_interrupt(void)
{
    bench_reset();
    set(LOAD, 240);
    set(CONTROL, INTEN);
    bench_advance(5 * US);
    ok_eq(reg(VALUE), 120, "it counts at 24 MHz");
    ok_eq(reg(RIS), 0, "not yet");
    bench_advance(5 * US);
    ok_eq(reg(VALUE), 0, "at 0");
    ok(reg(RIS) && reg(MIS) && bench_level[0], "it interrupts");
    bench_advance(1 * US);
    ok_eq(reg(VALUE), 240 - 23, "and has begun again");
    bench_advance(1000 * US);
    ok_eq(bench_resets, 0, "it does not reset without RESEN");
    set(INTCLR, 0);
    ok(!reg(RIS) && !bench_level[0], "fed by any value");
    ok_eq(reg(VALUE), 240, "from the start");
    bench_advance(5 * US);
    set(CONTROL, 0);
    bench_advance(50 * US);
    ok_eq(reg(VALUE), 120, "switched off it stands where it was");
    set(CONTROL, INTEN);
    ok_eq(reg(VALUE), 240, "switched on it starts from LOAD");
    bench_advance(10 * US);
    set(CONTROL, 0);
    ok(reg(RIS) && !reg(MIS) && !bench_level[0], "masked when off");
}

static void test_bite(void)
{
    bench_reset();
    bench_resets = 0;
    set(LOAD, 24000);
    set(CONTROL, INTEN | RESEN);
    set(LOCK, 0);
    for (unsigned i = 0; i < 5; i++) {
        bench_advance(1500 * US);
        ok(bench_level[0] == 1, "the interrupt is a warning");
        set(LOCK, KEY);
        set(INTCLR, 1);
        set(LOCK, 0);
    }
    ok_eq(bench_resets, 0, "fed in time");
    bench_advance(1999 * US);
    set(INTCLR, 1);
    ok_eq(bench_resets, 0, "not yet");
    bench_advance(2 * US);
    ok_eq(bench_resets, 1, "it bites the second time: a locked register does not feed it");
    bench_advance(100000 * US);
    ok_eq(bench_resets, 1, "once");
    ok_eq(reg(VALUE), 0, "and stands");
    ok_eq(bench_warnings, 1, "the user hears of it");
    bench_reset();
    bench_resetting = true;
    set(LOCK, KEY);
    set(LOAD, 1);
    set(CONTROL, INTEN | RESEN);
    bench_advance(1000 * US);
    ok(bench_resets == 1 && bench_warnings == 1, "expired-behind-a-reset: nothing more is said or done");
    bench_resetting = false;
    bench_reset();
    ok(!bench_level[0] && !reg(RIS), "reset");
    bench_advance(100000 * US);
    ok_eq(bench_resets, 1, "off after a reset");
    ok_eq((uint64_t)fake_clock_armed(), 0, "no timer runs");
    /* Time passes, and the thread that fires timers does not get to run. */
    set(LOAD, 0);
    set(CONTROL, INTEN | RESEN);
    fake_clock_advance(10 * US, 0);
    reg(VALUE);
    ok_eq(bench_resets, 2, "clock-read-raises-what-is-due: the shortest period bites before a register shows the time");
}

static void test_integration(void)
{
    bench_reset();
    bench_resets = 0;
    set(ITOP, 2);
    ok_eq((uint64_t)bench_level[0], 0, "ITOP without test mode does nothing");
    set(ITCR, 1);
    ok_eq((uint64_t)bench_level[0], 1, "test mode: ITOP drives the line");
    set(ITOP, 1);
    ok_eq((uint64_t)bench_level[0], 0, "down");
    ok_eq(bench_resets, 1, "and the reset");
    set(ITCR, 0);
    ok_eq(reg(ITCR), 0, "left");
}

int main(void)
{
    bench_init();
    sp805_create(BASE, "watchdog", 24000000, &bench_line[0]);
    bench_reset();
    test_registers();
    test_interrupt();
    test_bite();
    test_integration();
    return test_done();
}
