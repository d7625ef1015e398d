/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MPCore's private timers and watchdogs. Lines: timers of CPU 0..3, then watchdogs. */
#include <string.h>
#include "device-stubs.h"
#include "fake-clock.h"
#include "hw/timer/mptimer.h"

enum { BASE = 0x10100600, CPUS = 4 };
enum { LOAD = 0, COUNTER = 4, CONTROL = 8, STATUS = 0xc, WD = 0x20, WD_RESET = 0x30, WD_DISABLE = 0x34 };
enum { ENABLE = 1, RELOAD = 2, IE = 4, WATCHDOG = 8 };
enum { TICK = 10 };

static void wr_as(unsigned cpu, uint32_t reg, uint32_t v)
{
    reg_write_as(cpu, BASE + reg, v, 4);
}

static uint32_t rd_as(unsigned cpu, uint32_t reg)
{
    return reg_read_as(cpu, BASE + reg, 4);
}

static void test_timer(void)
{
    bench_reset();
    for (uint32_t r = 0; r <= 0xc; r += 4) {
        ok_eq(rd_as(0, r), 0, "register 0x%02x at reset", r);
    }
    wr_as(0, CONTROL, 0xffffffff);
    ok_eq(rd_as(0, CONTROL), 0xff07, "control bits");
    wr_as(0, CONTROL, 0);
    wr_as(0, LOAD, 100);
    ok_eq(rd_as(0, COUNTER), 100, "a load sets the counter");
    ok_eq(rd_as(1, LOAD), 0, "timers are private");
    wr_as(1, LOAD, 7);
    ok_eq(rd_as(0, 0x200), 7, "CPU 1's timer by its frame");
    ok_eq(rd_as(3, 0x100), 100, "CPU 0's timer by its frame");

    /* Linux's one-shot: counter, then enable. */
    wr_as(0, CONTROL, IE);
    wr_as(0, COUNTER, 500);
    wr_as(0, CONTROL, IE | ENABLE);
    bench_advance(499 * TICK);
    ok_eq(rd_as(0, COUNTER), 1, "counts at 100 MHz");
    ok_eq((uint64_t)bench_level[0], 0, "not yet");
    bench_advance(TICK);
    ok_eq((uint64_t)bench_level[0], 1, "expires");
    ok_eq((uint64_t)bench_level[1], 0, "on its own CPU");
    ok_eq(rd_as(0, STATUS), 1, "status");
    ok_eq(rd_as(0, COUNTER), 0, "stays at 0");
    wr_as(0, STATUS, 0);
    ok_eq((uint64_t)bench_level[0], 1, "writing 0 does not clear");
    wr_as(0, STATUS, 1);
    ok_eq((uint64_t)bench_level[0], 0, "writing 1 does");
    bench_advance(1000000);
    ok_eq(rd_as(0, STATUS), 0, "once");
    wr_as(0, COUNTER, 10);
    bench_advance(10 * TICK);
    ok_eq((uint64_t)bench_level[0], 1, "writing the counter starts it again");
    wr_as(0, CONTROL, ENABLE);
    ok_eq((uint64_t)bench_level[0], 0, "line = status AND enable: off");
    wr_as(0, CONTROL, ENABLE | IE);
    ok_eq((uint64_t)bench_level[0], 1, "line = status AND enable: on");
    wr_as(0, STATUS, 1);

    wr_as(2, LOAD, 9);
    wr_as(2, CONTROL, ENABLE | RELOAD | IE | 1 << 8);
    for (int i = 0; i < 3; i++) {
        bench_advance(i ? 20 * TICK : 18 * TICK);
        ok_eq((uint64_t)bench_level[2], 1, "periodic, prescaler 2, tick %d", i);
        wr_as(2, STATUS, 1);
    }
    bench_advance(2 * TICK);
    ok_eq(rd_as(2, COUNTER), 9, "reloaded");
    wr_as(2, CONTROL, 0);
    ok_eq((uint64_t)fake_clock_armed(), 0, "no host timer left");
    wr_as(3, CONTROL, ENABLE | IE);
    bench_advance(1000);
    ok_eq((uint64_t)bench_level[3], 0, "enabled at 0 without a load: nothing");
    ok_eq(rd_as(0, 0x10), 0, "hole");
    wr_as(0, LOAD, 0x12345678);
    ok_eq(reg_read_as(0, BASE + LOAD + 1, 1), 0x56, "narrow read");
    reg_write_as(0, BASE + LOAD, 0x9a, 1);
    reg_write_as(0, BASE + LOAD + 1, 1, 1);
    ok_eq(rd_as(0, LOAD), 0x9a, "narrow write");
    wr_as(0, LOAD, 0);
    ok_eq(rd_as(0, 0x4fc), 0, "last word");
}

static void test_watchdog(void)
{
    bench_reset();
    bench_resets = 0;
    wr_as(1, WD + LOAD, 100);
    wr_as(1, WD + CONTROL, ENABLE | RELOAD | IE);
    bench_advance(100 * TICK);
    ok_eq((uint64_t)bench_level[5], 1, "watchdog as a timer interrupts");
    ok_eq(rd_as(1, WD + STATUS), 1, "watchdog status");
    wr_as(1, WD + STATUS, 1);
    ok_eq((uint64_t)bench_level[5], 0, "cleared");
    wr_as(1, WD + CONTROL, 0);

    wr_as(0, WD + LOAD, 100);
    wr_as(0, WD + CONTROL, ENABLE | WATCHDOG);
    wr_as(0, WD + CONTROL, ENABLE);
    ok_eq(rd_as(0, WD + CONTROL), ENABLE | WATCHDOG, "watchdog mode cannot be written off");
    bench_advance(90 * TICK);
    wr_as(0, WD + COUNTER, 5000);
    ok_eq(rd_as(0, WD + COUNTER), 10, "nor the counter set");
    wr_as(0, WD + LOAD, 100);
    bench_advance(99 * TICK);
    ok_eq(bench_resets, 0, "fed");
    bench_advance(TICK);
    ok_eq(bench_resets, 1, "starved: resets the machine");
    bench_advance(1000 * TICK);
    ok_eq(bench_resets, 1, "once");
    bench_reset();
    ok_eq(rd_as(0, WD_RESET), 1, "reset status survives");
    ok_eq(rd_as(1, WD_RESET), 0, "of that CPU only");
    wr_as(0, WD_RESET, 1);
    ok_eq(rd_as(0, WD_RESET), 0, "and is cleared by writing 1");
    ok_eq(rd_as(0, WD + CONTROL), 0, "watchdog off after reset");

    wr_as(0, WD + LOAD, 100);
    wr_as(0, WD + CONTROL, ENABLE | WATCHDOG);
    wr_as(0, WD_DISABLE, 0x12345678);
    wr_as(0, WD_DISABLE, 0x11111111);
    wr_as(0, WD_DISABLE, 0x87654321);
    ok_eq(rd_as(0, WD + CONTROL), ENABLE | WATCHDOG, "a broken sequence does nothing");
    wr_as(0, WD_DISABLE, 0x12345678);
    wr_as(0, WD_DISABLE, 0x87654321);
    ok_eq(rd_as(0, WD + CONTROL), ENABLE, "the sequence leaves watchdog mode");
    bench_advance(1000 * TICK);
    ok_eq(bench_resets, 1, "it does not bite");
}

/* A guest whose watchdog bites again and again does not flood the user's terminal. */
static void test_watchdog_warnings(void)
{
    unsigned before;

    bench_warnings = bench_resets = 0;
    for (int i = 0; i < 4; i++) {
        bench_reset();
        wr_as(2, WD + LOAD, 100);
        wr_as(2, WD + CONTROL, ENABLE | WATCHDOG);
        bench_advance(100 * TICK);
    }
    ok_eq(bench_warnings, 4, "the user hears of the first resets");
    ok(!strstr(bench_warning, "not reported"), "one by one");
    for (int i = 0; i < 100; i++) {
        bench_reset();
        wr_as(2, WD + LOAD, 100);
        wr_as(2, WD + CONTROL, ENABLE | WATCHDOG);
        bench_advance(100 * TICK);
    }
    ok_eq(bench_warnings, 5, "not of those that go on for ever");
    ok(strstr(bench_warning, "further times are not reported") != NULL, "as the last warning says");
    ok_eq(bench_resets, 104, "but each resets the machine");
    before = bench_warnings;
    wr_as(3, WD + LOAD, 100);
    wr_as(3, WD + CONTROL, ENABLE | WATCHDOG);
    bench_advance(100 * TICK);
    ok_eq(bench_warnings, before + 1, "another CPU's watchdog is another matter");
}

/* Time passes, and the thread that fires timers does not get to run. Lines 0 and 4: CPU 0's timer and watchdog. */
static void test_late_thread(void)
{
    static const struct { uint32_t block, reg; unsigned cpu; const char *name; } reads[] = {
        { 0, COUNTER, 0, "the counter" }, { 0, STATUS, 0, "the status" },
        { 0, 0x100 + COUNTER, 3, "the counter, by another CPU" }, { 0, WD + COUNTER, 0, "another counter" },
        { WD, WD + COUNTER, 0, "the watchdog's counter" }, { WD, WD + STATUS, 0, "the watchdog's status" },
    };

    for (unsigned i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        unsigned line = reads[i].block ? CPUS : 0;

        bench_reset();
        wr_as(0, reads[i].block + LOAD, 999);
        wr_as(0, reads[i].block + CONTROL, IE | ENABLE | RELOAD);
        fake_clock_advance(998 * TICK, 0);
        rd_as(reads[i].cpu, reads[i].reg);
        ok_eq((uint64_t)bench_level[line], 0, "clock-read-raises-what-is-due: %s, before", reads[i].name);
        fake_clock_advance(10 * TICK, 0);
        rd_as(reads[i].cpu, reads[i].reg);
        ok_eq((uint64_t)bench_level[line], 1, "clock-read-raises-what-is-due: %s, after", reads[i].name);
    }
    bench_reset();
    bench_resets = 0;
    wr_as(0, WD + LOAD, 999);
    wr_as(0, WD + CONTROL, WATCHDOG | ENABLE);
    fake_clock_advance(1010 * TICK, 0);
    rd_as(1, COUNTER);
    ok_eq(bench_resets, 1, "clock-read-raises-what-is-due: a watchdog bites before a clock shows that it should have");
}

/* A CPU starts its timer, and is stopped by the host between its counter and its line; another one reads on. */
static void test_reader_beside(void)
{
    const BenchBeside start = { BASE + CONTROL, IE | ENABLE | RELOAD, 1500 * TICK, BASE + 0x100 + COUNTER, 0 };
    const BenchBeside clear = { BASE + STATUS, 1, 1500 * TICK, BASE + 0x100 + COUNTER, 0 };

    bench_reset();
    wr_as(0, LOAD, 999);
    ok_eq((uint64_t)bench_read_beside_arming(&start), 1, "counter-read-beside-arming: at the start");
    fake_clock_advance(1000 * TICK, 0);
    rd_as(0, COUNTER);
    ok_eq((uint64_t)bench_read_beside_arming(&clear), 1, "counter-read-beside-arming: when the status is cleared");
}

int main(void)
{
    bench_init();
    mptimer_create(BASE, 0x500, "mptimer", CPUS, 100000000, &bench_line[0], &bench_line[4]);
    test_timer();
    test_watchdog();
    test_watchdog_warnings();
    test_late_thread();
    test_reader_beside();
    return test_done();
}
