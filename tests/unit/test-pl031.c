/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL031. The clock is the host's, so times are compared with a second of tolerance. */
#include <time.h>
#include <unistd.h>
#include "device-stubs.h"
#include "fake-clock.h"
#include "hw/rtc/pl031.h"

enum { BASE = 0x10017000, DR = 0, MR = 4, LR = 8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };

static bool near(uint32_t a, uint32_t b)
{
    return a - b + 1 <= 2;
}

int main(void)
{
    bench_init();
    pl031_create(BASE, "rtc", &bench_line[0]);
    bench_reset();
    ok(near(rd(BASE + DR), (uint32_t)time(NULL)), "host UTC");
    ok_eq(rd(BASE + CR), 1, "CR reads 1");
    wr(BASE + CR, 0);
    ok_eq(rd(BASE + CR), 1, "and cannot be cleared");
    ok_eq(rd(BASE + 0xfe0), 0x31, "ID");
    wr(BASE + LR, 1000000);
    ok(near(rd(BASE + DR), 1000000), "set by the guest");
    ok_eq(rd(BASE + LR), 1000000, "LR reads back");
    bench_reset();
    ok(near(rd(BASE + DR), 1000000), "the time survives a reset");
    wr(BASE + IMSC, 1);
    wr(BASE + MR, 5);
    ok_eq(rd(BASE + RIS), 0, "an alarm in the past does not fire");
    do {
        wr(BASE + ICR, 1);
        wr(BASE + MR, rd(BASE + DR));
    } while (!rd(BASE + RIS));          /* a second may end between the two */
    ok_eq(rd(BASE + MIS), 1, "an alarm now fires at once");
    ok_eq((uint64_t)bench_level[0], 1, "line high");
    wr(BASE + IMSC, 0);
    ok_eq((uint64_t)bench_level[0], 0, "masked");
    wr(BASE + IMSC, 1);
    wr(BASE + ICR, 1);
    ok_eq((uint64_t)bench_level[0], 0, "cleared");
    wr(BASE + MR, rd(BASE + DR) + 100);
    ok_eq((uint64_t)fake_clock_armed(), 1, "planned");
    bench_advance(101 * 1000000000ll);
    ok_eq((uint64_t)bench_level[0], 0, "virtual time alone does not fire it");
    ok_eq((uint64_t)fake_clock_armed(), 1, "planned again");
    wr(BASE + MR, rd(BASE + DR) + 1);
    usleep(1100000);
    bench_advance(1000000000);
    ok_eq(rd(BASE + MIS), 1, "fires when the time has come");
    ok_eq((uint64_t)bench_level[0], 1, "line high");
    wr(BASE + ICR, 1);
    ok_eq(rd(BASE + RIS), 0, "once");
    /* The timer's thread is late; the guest sees the second only with its alarm. */
    uint32_t match = rd(BASE + DR) + 1;
    wr(BASE + MR, match);
    while (rd(BASE + DR) != match) {
        usleep(20000);
    }
    ok_eq((uint64_t)bench_level[0], 1, "clock-read-raises-what-is-due: DR shows no match before its alarm");
    ok_eq((uint64_t)fake_clock_armed(), 0, "and that is all of it");
    wr(BASE + ICR, 1);
    wr(BASE + MR, rd(BASE + DR) + 50);
    wr(BASE + LR, rd(BASE + MR));
    ok_eq(rd(BASE + RIS), 1, "setting the clock to the alarm fires it");
    bench_reset();
    ok_eq((uint64_t)bench_level[0], 0, "reset lowers the line");
    ok_eq((uint64_t)fake_clock_armed(), 0, "and forgets the alarm");
    return test_done();
}
