/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SP805 watchdog (ARM DDI 0270): a 32-bit down-counter that interrupts when it reaches 0 and begins again, and resets
 * the machine when it reaches 0 once more with the interrupt still there. A lock register keeps a guest that runs wild
 * from feeding it.
 *
 * As in the SP804, expiries are worked out when somebody looks, and a line timer runs only while one would change
 * something. Lock: the device's own.
 */
#include <stdbool.h>
#include "hw/device.h"
#include "hw/primecell.h"
#include "hw/watchdog/sp805.h"
#include "hw/watchdog/watchdog.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    WDOG_LOAD = 0x000, WDOG_VALUE = 0x004, WDOG_CONTROL = 0x008, WDOG_INTCLR = 0x00c, WDOG_RIS = 0x010,
    WDOG_MIS = 0x014, WDOG_LOCK = 0xc00, WDOG_ITCR = 0xf00, WDOG_ITOP = 0xf04,
    SP805_PID = 0x00141805,
};

enum { CONTROL_INTEN = 1 << 0, CONTROL_RESEN = 1 << 1 };
enum { ITOP_RES = 1 << 0, ITOP_INT = 1 << 1 };

#define UNLOCK_KEY 0x1acce551u

typedef struct SP805State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t load, control;
    uint32_t count;             /* what the counter began with at start_ns; where it stands while it is off */
    uint32_t itcr, itop;        /* integration test: ITOP drives the outputs */
    int64_t start_ns;
    uint64_t next;              /* the first expiry that is not accounted for, in ticks since start_ns */
    bool ris;                   /* up to date after sp805_sync() */
    bool locked;
    bool bitten;                /* the reset output is up: the counter stands until the reset comes */
    bool level;                 /* of the line */
    bool test_reset;            /* of the reset output, by the integration test */
    unsigned told;              /* for watchdog_expired() */
    uint32_t mhz;               /* constant, like those below */
    const IRQLine *irq;
    QTimer *timer;
} SP805State;

/* ---- all with the lock held ---- */

static bool sp805_runs(const SP805State *s)
{
    return (s->control & CONTROL_INTEN) && !s->bitten;
}

static uint64_t sp805_ticks(const SP805State *s, int64_t now)
{
    return now <= s->start_ns ? 0 : (uint64_t)(now - s->start_ns) * s->mhz / 1000;
}

/* The reload takes a tick. */
static uint64_t sp805_period(const SP805State *s)
{
    return (uint64_t)s->load + 1;
}

static void sp805_start(SP805State *s, uint32_t count, int64_t now)
{
    s->count = count;
    s->start_ns = now;
    s->next = count;
}

/* Account for the expiries until NOW: at most two of them change anything. */
static void sp805_sync(SP805State *s, int64_t now)
{
    uint64_t ticks = sp805_ticks(s, now);

    while (sp805_runs(s) && ticks >= s->next) {
        if (s->ris && (s->control & CONTROL_RESEN)) {
            s->bitten = true;
            s->count = 0;
            watchdog_expired("watchdog", &s->told);
        } else if (s->control & CONTROL_RESEN) {
            s->next += sp805_period(s);
        } else {
            s->next += ((ticks - s->next) / sp805_period(s) + 1) * sp805_period(s);
        }
        s->ris = true;
    }
}

static uint32_t sp805_value(const SP805State *s, int64_t now)
{
    uint64_t left;

    if (!sp805_runs(s)) {
        return s->count;
    }
    left = s->next - sp805_ticks(s, now);
    return left > s->load && s->next != s->count ? 0 : (uint32_t)left;
}

/* Line and timer. The only caller of irq_set(). */
static void sp805_update(SP805State *s)
{
    bool level = s->itcr ? s->itop & ITOP_INT : s->ris && (s->control & CONTROL_INTEN);
    bool test_reset = s->itcr && (s->itop & ITOP_RES);

    if (sp805_runs(s) && (!s->ris || (s->control & CONTROL_RESEN))) {
        timer_mod(s->timer, s->start_ns + (int64_t)((s->next * 1000 + s->mhz - 1) / s->mhz));
    } else {
        timer_del(s->timer);
    }
    if (test_reset && !s->test_reset) {
        watchdog_expired("watchdog", &s->told);
    }
    s->test_reset = test_reset;
    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

static void sp805_write_control(SP805State *s, uint32_t value, int64_t now)
{
    bool on = value & CONTROL_INTEN, was_on = s->control & CONTROL_INTEN;

    if (was_on && !on) {
        s->count = sp805_value(s, now);
    }
    s->control = value & (CONTROL_INTEN | CONTROL_RESEN);
    if (on && !was_on) {
        sp805_start(s, s->load, now);
    }
}

static void sp805_write_reg(SP805State *s, uint32_t offset, uint32_t value, int64_t now)
{
    if (offset == WDOG_LOCK) {
        s->locked = value != UNLOCK_KEY;
        return;
    }
    if (s->locked) {
        qemu_log_mask(LOG_GUEST_ERROR, "sp805: write of 0x%x at 0x%x while locked\n", value, offset);
        return;
    }
    switch (offset) {
    case WDOG_LOAD:
        s->load = value;
        sp805_start(s, value, now);
        break;
    case WDOG_CONTROL:
        sp805_write_control(s, value, now);
        break;
    case WDOG_INTCLR:           /* by any value: fed */
        s->ris = false;
        sp805_start(s, s->load, now);
        break;
    case WDOG_ITCR:
        s->itcr = value & 1;
        break;
    case WDOG_ITOP:
        s->itop = value & (ITOP_RES | ITOP_INT);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sp805: bad write at 0x%x\n", offset);
        break;
    }
}

static uint32_t sp805_read_reg(const SP805State *s, uint32_t offset, int64_t now)
{
    switch (offset) {
    case WDOG_LOAD:
        return s->load;
    case WDOG_VALUE:
        return sp805_value(s, now);
    case WDOG_CONTROL:
        return s->control;
    case WDOG_RIS:
        return s->ris;
    case WDOG_MIS:
        return s->ris && (s->control & CONTROL_INTEN);
    case WDOG_LOCK:
        return s->locked;
    case WDOG_ITCR:
        return s->itcr;
    case WDOG_INTCLR:
    case WDOG_ITOP:
        return 0;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sp805: bad read at 0x%x\n", offset);
        return 0;
    }
}

/* ---- outside ---- */

static uint32_t sp805_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    SP805State *s = opaque;
    int64_t now;
    uint32_t v;

    if (primecell_is_id(offset)) {
        return primecell_id_read(SP805_PID, offset);
    }
    now = clock_shown_ns();
    counted_lock(&s->dev.lock);
    sp805_sync(s, now);
    v = sp805_read_reg(s, offset, now);
    sp805_update(s);
    counted_unlock(&s->dev.lock);
    return v;
}

static void sp805_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    SP805State *s = opaque;
    int64_t now;

    counted_lock(&s->dev.lock);
    now = clock_virtual_ns();
    sp805_sync(s, now);
    sp805_write_reg(s, offset, value, now);
    sp805_sync(s, now);
    sp805_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps sp805_ops = { sp805_read, sp805_write };

/* May come late, and for a time that is no longer the one armed: it only looks at the clock. */
static void sp805_expired(void *opaque)
{
    SP805State *s = opaque;

    counted_lock(&s->dev.lock);
    sp805_sync(s, clock_virtual_ns());
    sp805_update(s);
    counted_unlock(&s->dev.lock);
}

static void sp805_reset(void *opaque)
{
    SP805State *s = opaque;

    counted_lock(&s->dev.lock);
    s->load = s->count = UINT32_MAX;
    s->control = s->itcr = s->itop = 0;
    s->ris = s->locked = s->bitten = false;
    sp805_start(s, UINT32_MAX, clock_virtual_ns());
    sp805_update(s);
    counted_unlock(&s->dev.lock);
}

static void sp805_post_load(void *opaque)
{
    SP805State *s = opaque;

    counted_lock(&s->dev.lock);
    s->test_reset = s->itcr && (s->itop & ITOP_RES);
    sp805_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField sp805_fields[] = {
    DEVICE_FIELD(SP805State, load), DEVICE_FIELD(SP805State, control), DEVICE_FIELD(SP805State, count),
    DEVICE_FIELD(SP805State, itcr), DEVICE_FIELD(SP805State, itop), DEVICE_FIELD(SP805State, start_ns),
    DEVICE_FIELD(SP805State, next), DEVICE_FIELD(SP805State, ris), DEVICE_FIELD(SP805State, locked),
    DEVICE_FIELD(SP805State, bitten),
    { 0 },
};

static const MMIORegister sp805_registers[] = {
    { WDOG_LOAD, "LOAD" }, { WDOG_VALUE, "VALUE" }, { WDOG_CONTROL, "CONTROL" }, { WDOG_INTCLR, "INTCLR" },
    { WDOG_RIS, "RIS" }, { WDOG_MIS, "MIS" }, { WDOG_LOCK, "LOCK" }, { WDOG_ITCR, "ITCR" }, { WDOG_ITOP, "ITOP" },
    { 0 },
};

static const DeviceClass sp805_class = {
    .name = "sp805",
    .state_size = sizeof(SP805State),
    .version = 1,
    .fields = sp805_fields,
    .node = { .name = "watchdog", .compatible = { "arm,sp805", "arm,primecell" },
              .clocks = { "wdog_clk", "apb_pclk" } },
    .registers = sp805_registers,
    .reset = sp805_reset,
    .post_load = sp805_post_load,
};

void sp805_create(uint32_t base, const char *name, uint32_t clock_hz, const IRQLine *irq)
{
    SP805State *s = device_new(&sp805_class, name);

    s->mhz = clock_hz / 1000000;
    s->irq = irq;
    s->timer = timer_new_line(sp805_expired, s);
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &sp805_ops);
}
