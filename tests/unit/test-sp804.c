/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SP804 and the down-counter under it. */
#include <pthread.h>
#include "device-stubs.h"
#include "fake-clock.h"
#include "hw/timer/downcounter.h"
#include "hw/timer/sp804.h"

enum { BASE = 0x10011000 };
enum { LOAD = 0, VALUE = 4, CTRL = 8, INTCLR = 0xc, RIS = 0x10, MIS = 0x14, BGLOAD = 0x18, SECOND = 0x20 };
enum { ONE_SHOT = 1, WIDE = 2, DIV16 = 4, DIV256 = 8, IE = 0x20, PERIODIC = 0x40, ENABLE = 0x80 };
enum { US = 1000 };

static void test_counter(void)
{
    DownCounter d = { 0 };
    DownCounterSetup s = { DOWNCOUNTER_PERIODIC, 3, 4, true, false, 10 };
    static const unsigned lasting[] = { 3, 2, 1, 0, 4, 3, 2, 1, 0, 4 }, plain[] = { 3, 2, 1, 4, 3, 2, 1, 4, 3, 2 };
    bool good = true;

    downcounter_set(&d, &s, 1000);
    for (int i = 0; i < 10; i++) {
        good &= downcounter_value(&d, 1000 + 10 * i) == lasting[i];
        good &= downcounter_value(&d, 1009 + 10 * i) == lasting[i];
    }
    ok(good, "periodic, zero lasts");
    ok_eq((uint64_t)downcounter_next_expiry(&d, 999), 1030, "expiry before the start");
    ok_eq((uint64_t)downcounter_next_expiry(&d, 1030), 1080, "expiry after an expiry");
    s.zero_lasts = false;
    downcounter_set(&d, &s, 1000);
    good = true;
    for (int i = 0; i < 10; i++) {
        good &= downcounter_value(&d, 1000 + 10 * i) == plain[i];
    }
    ok(good, "periodic, zero does not last");
    ok_eq((uint64_t)downcounter_next_expiry(&d, 1030), 1070, "its period is one less");
    s.mode = DOWNCOUNTER_ONE_SHOT;
    downcounter_set(&d, &s, 1000);
    ok_eq(downcounter_value(&d, 99999), 0, "one-shot stays at 0");
    ok_eq((uint64_t)downcounter_next_expiry(&d, 1030), (uint64_t)DOWNCOUNTER_NEVER, "one-shot expires once");
    s.mode = DOWNCOUNTER_STOPPED;
    downcounter_set(&d, &s, 1000);
    ok_eq(downcounter_value(&d, 99999), 3, "stopped");
    s = (DownCounterSetup) { DOWNCOUNTER_PERIODIC, UINT32_MAX, UINT32_MAX, true, false, 2560000 };
    downcounter_set(&d, &s, 0);
    ok_eq((uint64_t)downcounter_next_expiry(&d, 0), 2560000ull * UINT32_MAX, "longest period");
    ok_eq(downcounter_value(&d, INT64_MAX), UINT32_MAX - (uint32_t)(INT64_MAX / 2560000 % (1ll << 32)), "far future");
    s = (DownCounterSetup) { DOWNCOUNTER_PERIODIC, 0, 0, false, true, 1000 };
    downcounter_set(&d, &s, 0);
    ok_eq(downcounter_value(&d, 12345), 0, "period of nothing: bounded");
}

/* Reading while another thread writes gives one of the two states, never a mixture. */
static DownCounter shared;
static int writing = 1;

static void *writer(void *arg)
{
    const DownCounterSetup a = { DOWNCOUNTER_STOPPED, 0x11111111, 0, false, false, 7 };
    const DownCounterSetup b = { DOWNCOUNTER_ONE_SHOT, 0x22222222, 9, true, false, 1 };

    for (int i = 0; i < 200000; i++) {
        downcounter_set(&shared, i & 1 ? &a : &b, i & 1 ? 0 : 1000);
    }
    __atomic_store_n(&writing, 0, __ATOMIC_SEQ_CST);
    return NULL;
}

static void test_concurrent_reader(void)
{
    pthread_t t;
    bool good = true;

    writer(NULL);
    __atomic_store_n(&writing, 1, __ATOMIC_SEQ_CST);
    pthread_create(&t, NULL, writer, NULL);
    while (__atomic_load_n(&writing, __ATOMIC_SEQ_CST)) {
        uint32_t v = downcounter_value(&shared, 1000);

        good &= v == 0x11111111 || v == 0x22222222;
    }
    pthread_join(t, NULL);
    ok(good, "a concurrent reader sees one state or the other");
}

static void test_free_running(void)
{
    bench_reset();
    ok_eq(rd(BASE + LOAD), 0, "LOAD at reset");
    ok_eq(rd(BASE + VALUE), UINT32_MAX, "VALUE at reset");
    ok_eq(rd(BASE + CTRL), IE, "CTRL at reset");
    ok_eq(rd(BASE + 0xfe0), 0x04, "ID");
    ok_eq(rd(BASE + 0xfe4), 0x18, "ID");
    /* As Linux sets up its clock source. */
    wr(BASE + SECOND + CTRL, 0);
    wr(BASE + SECOND + LOAD, UINT32_MAX);
    wr(BASE + SECOND + VALUE, UINT32_MAX);
    wr(BASE + SECOND + CTRL, WIDE | ENABLE | PERIODIC);
    bench_advance(1234 * US);
    ok_eq(rd(BASE + SECOND + VALUE), UINT32_MAX - 1234, "counts at 1 MHz");
    ok_eq((uint64_t)fake_clock_armed(), 0, "a clock needs no host timer");
    /* A load in free-running mode counts from the loaded value. */
    wr(BASE + CTRL, WIDE | ENABLE);
    wr(BASE + LOAD, 1000);
    bench_advance(400 * US);
    ok_eq(rd(BASE + VALUE), 600, "free-running from the loaded value");
    ok_eq(rd(BASE + RIS), 0, "not expired");
    bench_advance(600 * US);
    ok_eq(rd(BASE + VALUE), 0, "reaches 0");
    ok_eq(rd(BASE + RIS), 1, "expired, though interrupts are off");
    ok_eq(rd(BASE + MIS), 0, "masked");
    bench_advance(1 * US);
    ok_eq(rd(BASE + VALUE), UINT32_MAX, "wraps to all ones");
    ok_eq((uint64_t)bench_level[0], 0, "line low");
    wr(BASE + CTRL, WIDE | ENABLE | IE);
    ok_eq((uint64_t)bench_level[0], 1, "enabling the interrupt later raises the line");
    wr(BASE + INTCLR, 0);
    ok_eq((uint64_t)bench_level[0], 0, "cleared by any write");
    wr(BASE + CTRL, ENABLE);
    wr(BASE + LOAD, 0x12345);
    ok_eq(rd(BASE + VALUE), 0x2345, "16-bit mode");
}

static void test_periodic(void)
{
    bench_reset();
    bench_rises[0] = 0;
    wr(BASE + LOAD, 10000);
    wr(BASE + CTRL, WIDE | ENABLE | PERIODIC | IE);
    for (int i = 0; i < 5; i++) {
        bench_advance(10000 * US);
        ok_eq(rd(BASE + MIS), 1, "tick %d", i);
        wr(BASE + INTCLR, 1);
    }
    ok_eq(bench_rises[0], 5, "five interrupts");
    bench_advance(35000 * US);
    ok_eq(bench_rises[0], 6, "not served: no more");
    ok_eq((uint64_t)fake_clock_armed(), 0, "and no host timer runs");
    wr(BASE + INTCLR, 1);
    bench_advance(4999 * US);
    ok_eq((uint64_t)bench_level[0], 0, "phase is kept");
    bench_advance(1 * US);
    ok_eq((uint64_t)bench_level[0], 1, "phase is kept");
    wr(BASE + INTCLR, 1);
    wr(BASE + BGLOAD, 100);
    ok_eq(rd(BASE + LOAD), 100, "BGLOAD reads back with LOAD");
    ok_eq(rd(BASE + VALUE), 10000, "BGLOAD does not restart");
    bench_advance(10000 * US);
    ok_eq(rd(BASE + VALUE), 100, "but counts from the next reload");
    wr(BASE + CTRL, WIDE | PERIODIC | IE);
    wr(BASE + INTCLR, 1);
    bench_advance(1000000 * US);
    ok_eq((uint64_t)bench_level[0], 0, "stopped");
    ok_eq((uint64_t)fake_clock_armed(), 0, "stopped: no host timer");
    wr(BASE + CTRL, WIDE | PERIODIC | IE | ENABLE | DIV16);
    wr(BASE + LOAD, 10);
    bench_advance(159 * US);
    ok_eq((uint64_t)bench_level[0], 0, "prescaler 16");
    bench_advance(1 * US);
    ok_eq((uint64_t)bench_level[0], 1, "prescaler 16 expires");
}

static void test_one_shot(void)
{
    bench_reset();
    wr(BASE + CTRL, WIDE | ENABLE | ONE_SHOT | IE);
    wr(BASE + LOAD, 50);
    wr(BASE + SECOND + CTRL, WIDE | ENABLE | ONE_SHOT | IE);
    wr(BASE + SECOND + LOAD, 60);
    bench_advance(50 * US);
    ok_eq((uint64_t)bench_level[0], 1, "one-shot");
    wr(BASE + INTCLR, 1);
    ok_eq((uint64_t)bench_level[0], 0, "line low");
    bench_advance(10 * US);
    ok_eq((uint64_t)bench_level[0], 1, "the second timer shares the line");
    wr(BASE + SECOND + INTCLR, 1);
    bench_advance(1000 * US);
    ok_eq((uint64_t)bench_level[0], 0, "once");
    ok_eq(rd(BASE + VALUE), 0, "stays at 0");
    ok_eq(rd(BASE + CTRL), WIDE | ENABLE | ONE_SHOT | IE, "control keeps its enable bit");
    wr(BASE + LOAD, 5);
    bench_advance(5 * US);
    ok_eq((uint64_t)bench_level[0], 1, "a new load starts it again");
    wr(BASE + INTCLR, 1);
    wr(BASE + LOAD, 0);
    ok_eq((uint64_t)bench_level[0], 1, "a load of 0 expires at once");
    wr(BASE + LOAD, 20);
    bench_advance(20 * US);
    wr(BASE + INTCLR, 1);
    wr(BASE + CTRL, WIDE | ENABLE | ONE_SHOT);
    wr(BASE + CTRL, WIDE | ENABLE | ONE_SHOT | IE);
    bench_advance(100 * US);
    ok_eq((uint64_t)bench_level[0], 0, "a mask does not start it again");
    wr(BASE + CTRL, WIDE | ENABLE | ONE_SHOT | IE);
    bench_advance(19 * US);
    ok_eq((uint64_t)bench_level[0], 0, "one-shot-enabled-again: not at once");
    bench_advance(1 * US);
    ok_eq((uint64_t)bench_level[0], 1, "one-shot-enabled-again: written as it is");
    wr(BASE + INTCLR, 1);
    wr(BASE + CTRL, 0);
    wr(BASE + CTRL, WIDE | ENABLE | ONE_SHOT | IE);
    bench_advance(20 * US);
    ok_eq((uint64_t)bench_level[0], 1, "one-shot-enabled-again: off and on");
    wr(BASE + INTCLR, 1);
    wr(BASE + CTRL, 0);
    wr(BASE + LOAD, 0);
    wr(BASE + INTCLR, 1);
    wr(BASE + CTRL, WIDE | ENABLE | ONE_SHOT | IE);
    ok_eq((uint64_t)bench_level[0], 1, "one-shot-enabled-again: a load of 0");
    bench_reset();
    ok_eq((uint64_t)bench_level[0], 0, "reset lowers the line");
    ok_eq(rd(BASE + 0x40), 0, "past the second timer");
    wr(BASE + LOAD, 0x12345678);
    ok_eq(reg_read_as(0, BASE + LOAD + 2, 2), 0x1234, "narrow read");
    reg_write_as(0, BASE + LOAD, 0x89ab, 2);
    reg_write_as(0, BASE + LOAD + 2, 1, 2);
    ok_eq(rd(BASE + LOAD), 0x89ab, "narrow write");
    wr(BASE + 0xabc, 1);
}

/* Time passes, and the thread that fires timers does not get to run. */
static void test_late_thread(void)
{
    static const struct { uint32_t reg; const char *name; } regs[] = {
        { VALUE, "VALUE" }, { SECOND + VALUE, "the other timer's VALUE" }, { RIS, "RIS" }, { MIS, "MIS" },
    };

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        bench_reset();
        wr(BASE + LOAD, 1000);
        wr(BASE + CTRL, WIDE | ENABLE | PERIODIC | IE);
        fake_clock_advance(999 * US, 0);
        rd(BASE + regs[i].reg);
        ok_eq((uint64_t)bench_level[0], 0, "clock-read-raises-what-is-due: %s before the expiry", regs[i].name);
        fake_clock_advance(11 * US, 0);
        rd(BASE + regs[i].reg);
        ok_eq((uint64_t)bench_level[0], 1, "clock-read-raises-what-is-due: %s after it", regs[i].name);
    }
    wr(BASE + INTCLR, 1);
    ok_eq(rd(BASE + VALUE), 990, "in the next period");
    ok_eq((uint64_t)bench_level[0], 0, "whose expiry is to come");
}

/* A CPU starts the timer, and is stopped by the host between its counter and its line; another one reads on. */
static void test_reader_beside(void)
{
    const BenchBeside start = { BASE + CTRL, WIDE | ENABLE | PERIODIC | IE, 1500 * US, BASE + VALUE, 0 };
    const BenchBeside clear = { BASE + INTCLR, 1, 1500 * US, BASE + VALUE, 0 };

    bench_reset();
    wr(BASE + LOAD, 1000);
    ok_eq((uint64_t)bench_read_beside_arming(&start), 1, "counter-read-beside-arming: at the start");
    fake_clock_advance(1000 * US, 0);
    rd(BASE + VALUE);
    ok_eq((uint64_t)bench_read_beside_arming(&clear), 1, "counter-read-beside-arming: when the interrupt is cleared");
}

int main(void)
{
    bench_init();
    sp804_create(BASE, "timer01", 1000000, &bench_line[0]);
    test_counter();
    test_concurrent_reader();
    test_free_running();
    test_periodic();
    test_one_shot();
    test_late_thread();
    test_reader_beside();
    return test_done();
}
