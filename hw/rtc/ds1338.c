/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DS1338 real-time clock: seven BCD time registers, a control register and 56 bytes of memory (Maxim 19-6021).
 *
 * The time is the host's UTC plus an offset that the guest sets. As in the chip, a transfer works on a copy of the
 * time taken when it starts, so a carry in the middle is not seen; what was written is set when it ends. Everything is
 * battery-backed and survives a reset. Lock: the bus's.
 */
#include <stdbool.h>
#include <time.h>
#include "hw/device.h"
#include "hw/rtc/ds1338.h"
#include "qemu/rtc-clock.h"

enum { DS_SECONDS, DS_MINUTES, DS_HOURS, DS_WEEKDAY, DS_DATE, DS_MONTH, DS_YEAR, DS_CONTROL, DS_SIZE = 64 };
enum { SECONDS_HALT = 0x80, HOURS_12 = 0x40, HOURS_PM = 0x20, CONTROL_MASK = 0xb3, CONTROL_RESET = 0x03 };

typedef struct DS1338 {
    Device dev;                 /* its lock is not used: the bus's is */
    I2CSlave slave;
    uint8_t reg[DS_SIZE];       /* the time registers: as of the transfer's start */
    unsigned pointer;           /* next register */
    bool have_pointer;          /* a write transfer's first byte is the pointer */
    bool time_written;
    int64_t offset;             /* guest's seconds - host's */
    int64_t halted_at;          /* guest's seconds while the clock is halted */
    int weekday_offset;         /* the chip only counts weekdays: 0..6 from Sunday = 1 */
} DS1338;

static uint8_t to_bcd(int n)
{
    return (uint8_t)(n / 10 * 16 + n % 10);
}

static int from_bcd(uint8_t b)
{
    return (b >> 4) * 10 + (b & 15);
}

static int64_t host_seconds(void)
{
    return rtc_clock_ns() / 1000000000;
}

static int64_t ds1338_now(const DS1338 *s)
{
    return s->reg[DS_SECONDS] & SECONDS_HALT ? s->halted_at : host_seconds() + s->offset;
}

static void ds1338_latch(DS1338 *s)
{
    time_t t = (time_t)ds1338_now(s);
    struct tm tm;

    if (!gmtime_r(&t, &tm)) {
        return;
    }
    s->reg[DS_SECONDS] = (s->reg[DS_SECONDS] & SECONDS_HALT) | to_bcd(tm.tm_sec < 60 ? tm.tm_sec : 59);
    s->reg[DS_MINUTES] = to_bcd(tm.tm_min);
    if (s->reg[DS_HOURS] & HOURS_12) {
        s->reg[DS_HOURS] = HOURS_12 | (tm.tm_hour >= 12 ? HOURS_PM : 0) | to_bcd((tm.tm_hour + 11) % 12 + 1);
    } else {
        s->reg[DS_HOURS] = to_bcd(tm.tm_hour);
    }
    s->reg[DS_WEEKDAY] = (uint8_t)((tm.tm_wday + s->weekday_offset) % 7 + 1);
    s->reg[DS_DATE] = to_bcd(tm.tm_mday);
    s->reg[DS_MONTH] = to_bcd(tm.tm_mon + 1);
    s->reg[DS_YEAR] = to_bcd(tm.tm_year % 100);
}

/* Any register contents give some time: timegm() carries what is out of range. */
static void ds1338_set(DS1338 *s)
{
    uint8_t h = s->reg[DS_HOURS];
    struct tm tm = {
        .tm_sec = from_bcd(s->reg[DS_SECONDS] & 0x7f),
        .tm_min = from_bcd(s->reg[DS_MINUTES] & 0x7f),
        .tm_hour = h & HOURS_12 ? from_bcd(h & 0x1f) % 12 + (h & HOURS_PM ? 12 : 0) : from_bcd(h & 0x3f),
        .tm_mday = from_bcd(s->reg[DS_DATE] & 0x3f),
        .tm_mon = from_bcd(s->reg[DS_MONTH] & 0x1f) - 1,
        .tm_year = from_bcd(s->reg[DS_YEAR]) + 100,
    };
    int64_t t = (int64_t)timegm(&tm);

    s->offset = t - host_seconds();
    s->halted_at = t;
    s->weekday_offset = ((s->reg[DS_WEEKDAY] & 7) + 6 - tm.tm_wday + 7) % 7;
}

static void ds1338_start(void *opaque)
{
    DS1338 *s = opaque;

    s->have_pointer = false;
    s->time_written = false;
    ds1338_latch(s);
}

static uint8_t ds1338_read(void *opaque)
{
    DS1338 *s = opaque;
    uint8_t v = s->reg[s->pointer];

    s->pointer = (s->pointer + 1) % DS_SIZE;
    return v;
}

static void ds1338_write(void *opaque, uint8_t byte)
{
    DS1338 *s = opaque;

    if (!s->have_pointer) {
        s->have_pointer = true;
        s->pointer = byte % DS_SIZE;
        return;
    }
    s->time_written |= s->pointer < DS_CONTROL;
    s->reg[s->pointer] = s->pointer == DS_CONTROL ? byte & CONTROL_MASK : byte;
    s->pointer = (s->pointer + 1) % DS_SIZE;
}

static void ds1338_stop(void *opaque)
{
    DS1338 *s = opaque;

    if (s->time_written) {
        ds1338_set(s);
    }
}

static void ds1338_post_load(void *opaque)
{
    DS1338 *s = opaque;

    s->pointer %= DS_SIZE;
}

static const DeviceField ds1338_fields[] = {
    DEVICE_ARRAY(DS1338, reg), DEVICE_FIELD(DS1338, pointer), DEVICE_FIELD(DS1338, have_pointer),
    DEVICE_FIELD(DS1338, time_written), DEVICE_FIELD(DS1338, offset), DEVICE_FIELD(DS1338, halted_at),
    DEVICE_FIELD(DS1338, weekday_offset),
    { 0 },
};

/* Battery-backed: nothing to reset. */
static const DeviceClass ds1338_class = {
    .name = "ds1338",
    .state_size = sizeof(DS1338),
    .version = 1,
    .fields = ds1338_fields,
    .post_load = ds1338_post_load,
};

const I2CSlave *ds1338_create(void)
{
    DS1338 *s = device_new(&ds1338_class, "ds1338");

    s->slave = (I2CSlave) { 0x68, ds1338_start, ds1338_read, ds1338_write, ds1338_stop, s };
    s->reg[DS_CONTROL] = CONTROL_RESET;
    device_add(&s->dev);
    return &s->slave;
}
