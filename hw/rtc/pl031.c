/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL031 real-time clock (ARM DDI 0224): the host's UTC seconds plus an offset that the guest sets by loading the clock.
 *
 * The alarm is an equality match. It is planned on virtual time, for the moment the match will come; then, and whenever
 * the guest looks, the clock is read again, since the host's clock may be set and virtual time stops with the machine.
 * A match that was passed meanwhile fires late rather than never, and before DR shows its second. Lock: the device's
 * own.
 */
#include <stdbool.h>
#include "hw/device.h"
#include "hw/primecell.h"
#include "hw/rtc/pl031.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/rtc-clock.h"
#include "qemu/timer.h"

enum {
    RTC_DR = 0x00, RTC_MR = 0x04, RTC_LR = 0x08, RTC_CR = 0x0c, RTC_IMSC = 0x10, RTC_RIS = 0x14, RTC_MIS = 0x18,
    RTC_ICR = 0x1c,
    PL031_PID = 0x00141031,
};

#define NS_PER_S 1000000000ll

typedef struct PL031State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t offset;            /* guest's seconds - host's; survives a reset, as the clock does */
    uint32_t match, load, imsc, ris;
    bool planned;               /* a match is to come */
    uint32_t planned_at;        /* guest's second of that plan: the match may lie 100 years after it */
    bool level;                 /* of the line */
    const IRQLine *irq;         /* constant */
    QTimer *alarm;              /* constant */
    int64_t ahead;              /* seconds, of the host's UTC, since the guest set it last */
    IOWork tell;                /* constant */
} PL031State;

static void (*change_listener)(int64_t ahead, const char *device);     /* constant once the CPUs run */

void pl031_set_listener(void (*fn)(int64_t ahead, const char *device))
{
    change_listener = fn;
}

/* I/O thread. A guest that sets its clock several times meanwhile is told about once. */
static void tell_change(void *opaque)
{
    PL031State *s = opaque;
    int64_t ahead;

    counted_lock(&s->dev.lock);
    ahead = s->ahead;
    counted_unlock(&s->dev.lock);
    change_listener(ahead, s->dev.name);
}

/* Guest's seconds; *to_next_ns: until the next one. Caller holds the lock. */
static uint32_t pl031_now(PL031State *s, int64_t *to_next_ns)
{
    int64_t ns = rtc_clock_ns();

    *to_next_ns = NS_PER_S - ns % NS_PER_S;
    return (uint32_t)(ns / NS_PER_S) + s->offset;
}

/* Caller holds the lock. The only caller of irq_set(). */
static void pl031_update(PL031State *s)
{
    bool level = s->ris & s->imsc;

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

/* The match or the clock changed: fire if they agree, or plan for when they will. Caller holds the lock. */
static void pl031_plan(PL031State *s)
{
    int64_t to_next_ns;
    uint32_t now = pl031_now(s, &to_next_ns), left = s->match - now;

    s->planned = left;
    s->planned_at = now;
    if (left) {
        timer_mod(s->alarm, clock_virtual_ns() + (left - 1) * NS_PER_S + to_next_ns);
    } else {
        timer_del(s->alarm);
        s->ris = 1;
    }
    pl031_update(s);
}

/* Account for a match until the guest's second NOW. Caller holds the lock. */
static void pl031_sync(PL031State *s, uint32_t now)
{
    uint32_t passed = now - s->planned_at;

    /* Passed by more than half of all seconds: the host's clock was set back. */
    if (s->planned && passed < UINT32_MAX / 2 && passed >= s->match - s->planned_at) {
        s->planned = false;
        timer_del(s->alarm);
        s->ris = 1;
        pl031_update(s);
    }
}

static void pl031_alarm(void *opaque)
{
    PL031State *s = opaque;
    int64_t to_next_ns;

    counted_lock(&s->dev.lock);
    pl031_sync(s, pl031_now(s, &to_next_ns));
    if (s->planned) {
        pl031_plan(s);          /* virtual time and the host's clock differ */
    }
    counted_unlock(&s->dev.lock);
}

static uint32_t pl031_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL031State *s = opaque;
    int64_t to_next_ns;
    uint32_t v = 0;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL031_PID, offset);
    }
    clock_shown_ns();
    counted_lock(&s->dev.lock);
    uint32_t now = pl031_now(s, &to_next_ns);
    pl031_sync(s, now);
    switch (offset) {
    case RTC_DR:
        v = now;
        break;
    case RTC_MR:
        v = s->match;
        break;
    case RTC_LR:
        v = s->load;
        break;
    case RTC_CR:
        v = 1;                  /* always running */
        break;
    case RTC_IMSC:
        v = s->imsc;
        break;
    case RTC_RIS:
        v = s->ris;
        break;
    case RTC_MIS:
        v = s->ris & s->imsc;
        break;
    case RTC_ICR:
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl031: bad read at 0x%x\n", offset);
        break;
    }
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl031_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL031State *s = opaque;
    int64_t to_next_ns;

    counted_lock(&s->dev.lock);
    pl031_sync(s, pl031_now(s, &to_next_ns));
    switch (offset) {
    case RTC_MR:
        s->match = value;
        pl031_plan(s);
        break;
    case RTC_LR:
        s->load = value;
        s->offset += value - pl031_now(s, &to_next_ns);
        s->ahead = (int64_t)value - rtc_clock_ns() / NS_PER_S;
        pl031_plan(s);
        if (change_listener) {
            io_post(&s->tell);
        }
        break;
    case RTC_CR:                /* cannot be stopped */
        break;
    case RTC_IMSC:
        s->imsc = value & 1;
        break;
    case RTC_ICR:
        s->ris &= ~value;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl031: bad write at 0x%x\n", offset);
        break;
    }
    pl031_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl031_ops = { pl031_read, pl031_write };

static void pl031_reset(void *opaque)
{
    PL031State *s = opaque;

    counted_lock(&s->dev.lock);
    s->match = s->load = s->imsc = s->ris = 0;
    s->planned = false;
    timer_del(s->alarm);
    pl031_update(s);
    counted_unlock(&s->dev.lock);
}

static int64_t start_offset;    /* main thread, before any clock is created */

void pl031_set_start(int64_t offset)
{
    start_offset = offset;
}

static void pl031_post_load(void *opaque)
{
    PL031State *s = opaque;

    counted_lock(&s->dev.lock);
    timer_del(s->alarm);
    if (s->planned) {
        pl031_plan(s);
    }
    pl031_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl031_fields[] = {
    DEVICE_FIELD(PL031State, offset), DEVICE_FIELD(PL031State, match), DEVICE_FIELD(PL031State, load),
    DEVICE_FIELD(PL031State, imsc), DEVICE_FIELD(PL031State, ris), DEVICE_FIELD(PL031State, planned),
    DEVICE_FIELD(PL031State, planned_at),
    { 0 },
};

static const MMIORegister pl031_registers[] = {
    { RTC_DR, "DR" }, { RTC_MR, "MR" }, { RTC_LR, "LR" }, { RTC_CR, "CR" }, { RTC_IMSC, "IMSC" }, { RTC_RIS, "RIS" },
    { RTC_MIS, "MIS" }, { RTC_ICR, "ICR" },
    { 0 },
};

static const DeviceClass pl031_class = {
    .name = "pl031",
    .state_size = sizeof(PL031State),
    .version = 1,
    .fields = pl031_fields,
    .node = { .name = "rtc", .compatible = { "arm,pl031", "arm,primecell" }, .clocks = { "apb_pclk" } },
    .registers = pl031_registers,
    .reset = pl031_reset,
    .post_load = pl031_post_load,
};

void pl031_create(uint32_t base, const char *name, const IRQLine *irq)
{
    PL031State *s = device_new(&pl031_class, name);

    s->irq = irq;
    s->offset = (uint32_t)start_offset;
    s->alarm = timer_new_line(pl031_alarm, s);
    s->tell = (IOWork) { .fn = tell_change, .opaque = s, .outside = true };
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl031_ops);
}
