/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial bus, driven as Linux drives it, and the DS1338 on it. */
#include <time.h>
#include "device-stubs.h"
#include "hw/misc/realview-i2c.h"
#include "hw/rtc/ds1338.h"

enum { BASE = 0x10002000, EMPTY = 0x10003000, SCL = 1, SDA = 2, ADDRESS = 0x68, HOURS_12_PM_11 = 0x71 };

static uint32_t bus = BASE;

static void line(uint32_t bit, bool high)
{
    wr(bus + (high ? 0 : 4), bit);
}

static bool sda(void)
{
    return rd(bus) & SDA;
}

static void start(void)
{
    line(SDA, true);
    line(SCL, true);
    line(SDA, false);
    line(SCL, false);
}

static void stop(void)
{
    line(SDA, false);
    line(SCL, true);
    line(SDA, true);
}

static bool clock_bit(bool out)
{
    line(SDA, out);
    line(SCL, true);
    bool in = sda();
    line(SCL, false);
    return in;
}

/* True: acknowledged. */
static bool put(uint8_t byte)
{
    for (int i = 7; i >= 0; i--) {
        clock_bit(byte >> i & 1);
    }
    return !clock_bit(true);
}

static uint8_t get(bool ack)
{
    uint8_t v = 0;

    for (int i = 0; i < 8; i++) {
        v = (uint8_t)(v << 1 | clock_bit(true));
    }
    clock_bit(!ack);
    return v;
}

static void read_regs(uint8_t reg, uint8_t *buf, int n)
{
    start();
    put(ADDRESS << 1);
    put(reg);
    start();
    put(ADDRESS << 1 | 1);
    for (int i = 0; i < n; i++) {
        buf[i] = get(i < n - 1);
    }
    stop();
}

static void write_regs(uint8_t reg, const uint8_t *buf, int n)
{
    start();
    put(ADDRESS << 1);
    put(reg);
    for (int i = 0; i < n; i++) {
        put(buf[i]);
    }
    stop();
}

static void test_bus(void)
{
    ok_eq(rd(bus), 3, "idles high");
    line(SCL, false);
    ok_eq(rd(bus), SDA, "SCL low");
    line(SCL, true);
    start();
    ok(!put(0x50 << 1), "another address is not acknowledged");
    stop();
    start();
    ok(put(ADDRESS << 1), "the clock's address is");
    ok(put(0), "and data are");
    stop();
    ok_eq(rd(bus), 3, "idle again");
    bus = EMPTY;
    start();
    ok(!put(ADDRESS << 1), "nobody on an empty bus");
    ok_eq(get(true), 0xff, "which reads as ones");
    stop();
    bus = BASE;
    start();
    put(ADDRESS << 1 | 1);
    bench_reset();
    ok_eq(rd(bus), 3, "reset in a transfer releases the lines");
}

static void test_clock(void)
{
    static const uint8_t set[7] = { 0x58, 0x59, 0x23, 0x03, 0x28, 0x02, 0x24 };     /* 2024-02-28 23:59:58 */
    uint8_t r[8], pm[3] = { 0x00, 0x30, HOURS_12_PM_11 };
    time_t now = time(NULL);
    struct tm tm;

    read_regs(0, r, 8);
    gmtime_r(&now, &tm);
    ok_eq(r[6], (uint64_t)((tm.tm_year % 100) / 10 * 16 + tm.tm_year % 10), "year, BCD");
    ok_eq(r[7], 3, "control at power-on");
    ok(!(r[0] & 0x80), "running");
    write_regs(0, set, 7);
    read_regs(0, r, 7);
    ok((r[0] == 0x58 || r[0] == 0x59) && r[1] == 0x59 && r[2] == 0x23 && r[3] == 3 && r[4] == 0x28 && r[5] == 2 &&
       r[6] == 0x24, "time set");
    r[0] = 0x80 | 0x30;
    write_regs(0, r, 1);
    read_regs(0, r, 1);
    ok_eq(r[0], 0xb0, "halted");
    write_regs(0, pm, 3);
    read_regs(0, r, 3);
    ok_eq(r[2], HOURS_12_PM_11, "twelve-hour mode");
    pm[2] = 0xff;
    write_regs(2, pm + 2, 1);
    read_regs(0, r, 7);
    ok(true, "nonsense is survived");
    write_regs(63, set, 2);
    read_regs(63, r, 1);
    ok_eq(r[0], 0x58, "last byte of memory");
    read_regs(0, r, 1);
    ok_eq(r[0] & 0x7f, 0x59, "the pointer wraps");
}

int main(void)
{
    bench_init();
    realview_i2c_create(BASE, "i2c", ds1338_create());
    realview_i2c_create(EMPTY, "empty", NULL);
    test_bus();
    test_clock();
    return test_done();
}
