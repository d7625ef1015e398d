/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private timers and watchdogs of the ARM11 MPCore (ARM DDI 0360 chapter 11).
 *
 * Each CPU's timer and watchdog are two equal counter blocks with a lock of their own, so CPUs never meet here; the
 * counter itself is read without a lock. As in the SP804, expiries are worked out when somebody looks, and a host
 * timer (a line timer: see there) runs only while one would raise the line or reset the machine. The line is status
 * AND interrupt enable at every moment: Linux's handler disowns an interrupt without status.
 *
 * A watchdog in watchdog mode does not interrupt: reaching 0 resets the machine and leaves a mark in its reset status,
 * which survives the reset. Only the magic sequence in the disable register takes it out of watchdog mode.
 */
#include <stdbool.h>
#include "hw/boards.h"
#include "hw/device.h"
#include "hw/timer/downcounter.h"
#include "hw/timer/mptimer.h"
#include "hw/watchdog/watchdog.h"
#include "hw/word-register.h"
#include "qemu/lock.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    TWD_LOAD = 0x00, TWD_COUNTER = 0x04, TWD_CONTROL = 0x08, TWD_STATUS = 0x0c,
    TWD_WATCHDOG = 0x20,        /* the watchdog has the same four registers from here */
    TWD_WD_RESET_STATUS = 0x30, TWD_WD_DISABLE = 0x34,
};

enum {
    CONTROL_ENABLE = 1 << 0, CONTROL_RELOAD = 1 << 1, CONTROL_INT_ENABLE = 1 << 2, CONTROL_WATCHDOG = 1 << 3,
    CONTROL_PRESCALE_SHIFT = 8, CONTROL_TIMER_MASK = 0xff07, CONTROL_WATCHDOG_MASK = 0xff0f,
};

#define WD_DISABLE_FIRST    0x12345678u
#define WD_DISABLE_SECOND   0x87654321u

/* A timer or a watchdog of one CPU. Lock: its own, for everything that is not said to be constant. */
typedef struct MPTimer {
    CountedLock lock;
    DownCounter counter;        /* readable without the lock */
    uint32_t load, control;
    bool status;                /* up to date after mptimer_sync() */
    bool level;                 /* of the line */
    bool reset_status;          /* watchdog: the last reset was ours */
    bool half_disabled;         /* watchdog: the first magic word was written */
    unsigned told;              /* watchdog: for watchdog_expired() */
    int64_t next_ns;            /* first expiry not accounted for yet */
    int64_t armed_ns;           /* when the host timer goes off, or NEVER */
    int64_t quiet_until;        /* the line shows all expiries before it; atomic, so readable without the lock */
    bool is_watchdog;           /* constant, like all below */
    uint32_t clock_ns;
    const IRQLine *irq;
    QTimer *timer;
} MPTimer;

typedef struct MPTimerState {
    Device dev;                 /* its lock is not used: each timer has one */
    unsigned num_cpus;
    MPTimer timer[ARM_MAX_CPUS], watchdog[ARM_MAX_CPUS];
} MPTimerState;

/* Account for the expiries until NOW. Caller holds the lock. */
static void mptimer_sync(MPTimer *t, int64_t now)
{
    if (now < t->next_ns) {
        return;
    }
    if (t->control & CONTROL_WATCHDOG) {
        t->next_ns = DOWNCOUNTER_NEVER;     /* once is enough */
        t->reset_status = true;
        watchdog_expired("MPCore watchdog", &t->told);
        return;
    }
    t->status = true;
    t->next_ns = downcounter_next_expiry(&t->counter, now);
}

/* The line, and the host timer for its next change. The only caller of irq_set(). Caller holds the lock. */
static void mptimer_update(MPTimer *t)
{
    bool enabled = t->control & (CONTROL_INT_ENABLE | CONTROL_WATCHDOG);
    bool level = t->status && (t->control & CONTROL_INT_ENABLE);
    int64_t when = t->status || !enabled ? DOWNCOUNTER_NEVER : t->next_ns;

    if (t->control & CONTROL_WATCHDOG) {
        when = t->next_ns;      /* a status left from timer mode does not keep it from biting */
    }
    if (when != t->armed_ns) {
        t->armed_ns = when;
        if (when == DOWNCOUNTER_NEVER) {
            timer_del(t->timer);
        } else {
            timer_mod(t->timer, when);
        }
    }
    if (level != t->level) {
        t->level = level;
        irq_set(t->irq, level);
    }
    __atomic_store_n(&t->quiet_until, t->next_ns, __ATOMIC_RELEASE);
}

/* May come late, and for a time that is no longer the one armed: it only looks at the clock. */
static void mptimer_expired(void *opaque)
{
    MPTimer *t = opaque;

    counted_lock(&t->lock);
    t->armed_ns = DOWNCOUNTER_NEVER;
    mptimer_sync(t, clock_virtual_ns());
    mptimer_update(t);
    counted_unlock(&t->lock);
}

/* Let the counter go on from COUNT as control and load say. Caller holds the lock. */
static void mptimer_restart(MPTimer *t, uint32_t count, int64_t now)
{
    DownCounterSetup setup = {
        .mode = !(t->control & CONTROL_ENABLE) ? DOWNCOUNTER_STOPPED :
                t->control & CONTROL_RELOAD ? DOWNCOUNTER_PERIODIC : DOWNCOUNTER_ONE_SHOT,
        .count = count,
        .reload = t->load,
        .zero_lasts = true,
        .tick_ns = t->clock_ns * (((t->control >> CONTROL_PRESCALE_SHIFT) & 0xff) + 1),
    };

    __atomic_store_n(&t->quiet_until, INT64_MIN, __ATOMIC_RELEASE);     /* until mptimer_update() */
    downcounter_set(&t->counter, &setup, now);
    t->next_ns = downcounter_next_expiry(&t->counter, now);
}

/*
 * The counter, without the lock unless an expiry may have passed that the line does not show: the line is due before
 * the value, also while another CPU is between the counter and the line.
 */
static uint32_t mptimer_value(MPTimer *t, int64_t now)
{
    uint32_t value = downcounter_value(&t->counter, now);

    if (now >= __atomic_load_n(&t->quiet_until, __ATOMIC_ACQUIRE)) {
        counted_lock(&t->lock);
        mptimer_sync(t, now);
        mptimer_update(t);
        counted_unlock(&t->lock);
    }
    return value;
}

static uint32_t mptimer_reg_read(MPTimer *t, uint32_t reg)
{
    int64_t now = clock_shown_ns();
    uint32_t v = 0;

    if (reg == TWD_COUNTER) {
        return mptimer_value(t, now);
    }
    counted_lock(&t->lock);
    switch (reg) {
    case TWD_LOAD:
        v = t->load;
        break;
    case TWD_CONTROL:
        v = t->control;
        break;
    case TWD_STATUS:
        mptimer_sync(t, now);
        mptimer_update(t);
        v = t->status;
        break;
    case TWD_WD_RESET_STATUS - TWD_WATCHDOG:
        v = t->reset_status;
        break;
    default:                    /* the disable register is write-only */
        break;
    }
    counted_unlock(&t->lock);
    return v;
}

/* Caller holds the lock. */
static void mptimer_write_control(MPTimer *t, uint32_t value, int64_t now)
{
    uint32_t old = t->control;

    value &= t->is_watchdog ? CONTROL_WATCHDOG_MASK : CONTROL_TIMER_MASK;
    t->control = value | (old & CONTROL_WATCHDOG);      /* only the disable register clears that one */
    if ((old ^ t->control) & ~(uint32_t)CONTROL_INT_ENABLE) {
        mptimer_restart(t, downcounter_value(&t->counter, now), now);
    }
}

/* Caller holds the lock. */
static void mptimer_write_disable(MPTimer *t, uint32_t value)
{
    if (t->half_disabled && value == WD_DISABLE_SECOND) {
        t->control &= ~(uint32_t)CONTROL_WATCHDOG;
    }
    t->half_disabled = value == WD_DISABLE_FIRST;
}

static void mptimer_reg_write(MPTimer *t, uint32_t reg, uint32_t value)
{
    counted_lock(&t->lock);
    int64_t now = clock_virtual_ns();

    mptimer_sync(t, now);
    switch (reg) {
    case TWD_LOAD:
        t->load = value;
        mptimer_restart(t, value, now);
        break;
    case TWD_COUNTER:
        if (t->control & CONTROL_WATCHDOG) {
            qemu_log_mask(LOG_GUEST_ERROR, "mptimer: a watchdog's counter is only set through its load register\n");
        } else {
            mptimer_restart(t, value, now);
        }
        break;
    case TWD_CONTROL:
        mptimer_write_control(t, value, now);
        break;
    case TWD_STATUS:
        t->status = t->status && !(value & 1);
        break;
    case TWD_WD_RESET_STATUS - TWD_WATCHDOG:
        t->reset_status = t->reset_status && !(value & 1);
        break;
    case TWD_WD_DISABLE - TWD_WATCHDOG:
        mptimer_write_disable(t, value);
        break;
    default:
        break;
    }
    mptimer_update(t);
    counted_unlock(&t->lock);
}

/*
 * The block an access goes to and the register in it; NULL: none there. Frame 0 belongs to the accessing CPU, frames
 * 1..4 are those of CPU 0..3.
 */
static MPTimer *mptimer_decode(MPTimerState *s, uint32_t offset, unsigned size, unsigned cpu, uint32_t *reg)
{
    unsigned frame = offset >> 8;

    *reg = offset & 0xfc;
    if (!word_register_reads(offset, size) || *reg > TWD_WD_DISABLE || (*reg > TWD_STATUS && *reg < TWD_WATCHDOG)) {
        qemu_log_mask(LOG_GUEST_ERROR, "mptimer: bad access at 0x%x, %u bytes\n", offset, size);
        return NULL;
    }
    if (frame == 0) {
        cpu = cpu < s->num_cpus ? cpu : 0;
    } else if (frame <= s->num_cpus) {
        cpu = frame - 1;
    } else {
        return NULL;            /* a CPU that does not exist: reads as zero */
    }
    if (*reg >= TWD_WATCHDOG) {
        *reg -= TWD_WATCHDOG;
        return &s->watchdog[cpu];
    }
    return &s->timer[cpu];
}

static uint32_t mptimer_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    uint32_t reg;
    MPTimer *t = mptimer_decode(opaque, offset, size, cpu, &reg);

    return t ? word_register_part(mptimer_reg_read(t, reg), offset, size) : 0;
}

static void mptimer_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    uint32_t reg;
    MPTimer *t = mptimer_decode(opaque, offset, size, cpu, &reg);

    if (!word_register_writes(offset)) {
        qemu_log_mask(LOG_GUEST_ERROR, "mptimer: bad write at 0x%x\n", offset);
    } else if (t) {
        mptimer_reg_write(t, reg, value);
    }
}

static const MMIOOps mptimer_ops = { mptimer_read, mptimer_write };

static void mptimer_reset_one(MPTimer *t)
{
    counted_lock(&t->lock);
    t->load = t->control = 0;
    t->status = t->half_disabled = false;
    mptimer_restart(t, 0, clock_virtual_ns());
    mptimer_update(t);
    counted_unlock(&t->lock);
}

static void mptimer_reset(void *opaque)
{
    MPTimerState *s = opaque;

    for (unsigned i = 0; i < s->num_cpus; i++) {
        mptimer_reset_one(&s->timer[i]);
        mptimer_reset_one(&s->watchdog[i]);
    }
}

static void mptimer_post_load_one(MPTimer *t)
{
    counted_lock(&t->lock);
    t->armed_ns = DOWNCOUNTER_NEVER;
    timer_del(t->timer);
    downcounter_post_load(&t->counter);
    mptimer_update(t);
    counted_unlock(&t->lock);
}

static void mptimer_post_load(void *opaque)
{
    MPTimerState *s = opaque;

    for (unsigned i = 0; i < s->num_cpus; i++) {
        mptimer_post_load_one(&s->timer[i]);
        mptimer_post_load_one(&s->watchdog[i]);
    }
}

static const DeviceField mptimer_fields[] = {
    DEVICE_EACH(MPTimerState, timer, load), DEVICE_EACH(MPTimerState, timer, control),
    DEVICE_EACH(MPTimerState, timer, status), DEVICE_EACH(MPTimerState, timer, reset_status),
    DEVICE_EACH(MPTimerState, timer, half_disabled), DEVICE_EACH(MPTimerState, timer, next_ns),
    DOWNCOUNTER_FIELDS(MPTimerState, timer), DEVICE_EACH(MPTimerState, watchdog, load),
    DEVICE_EACH(MPTimerState, watchdog, control), DEVICE_EACH(MPTimerState, watchdog, status),
    DEVICE_EACH(MPTimerState, watchdog, reset_status), DEVICE_EACH(MPTimerState, watchdog, half_disabled),
    DEVICE_EACH(MPTimerState, watchdog, next_ns), DOWNCOUNTER_FIELDS(MPTimerState, watchdog),
    { 0 },
};

/* Of the accessing CPU's frame. */
static const MMIORegister mptimer_registers[] = {
    { TWD_LOAD, "LOAD" }, { TWD_COUNTER, "COUNTER" }, { TWD_CONTROL, "CONTROL" }, { TWD_STATUS, "STATUS" },
    { TWD_WD_RESET_STATUS, "WD_RESET_STATUS" }, { TWD_WD_DISABLE, "WD_DISABLE" },
    { TWD_WATCHDOG + TWD_LOAD, "WD_LOAD" }, { TWD_WATCHDOG + TWD_COUNTER, "WD_COUNTER" },
    { TWD_WATCHDOG + TWD_CONTROL, "WD_CONTROL" }, { TWD_WATCHDOG + TWD_STATUS, "WD_STATUS" },
    { 0 },
};

static const DeviceClass mptimer_class = {
    .name = "mptimer",
    .state_size = sizeof(MPTimerState),
    .version = 1,
    .fields = mptimer_fields,
    .registers = mptimer_registers,
    .reset = mptimer_reset,
    .post_load = mptimer_post_load,
};

static void mptimer_init_one(MPTimer *t, const char *name, bool is_watchdog, uint32_t clock_hz, const IRQLine *irq)
{
    counted_lock_init(&t->lock, name, false);
    t->is_watchdog = is_watchdog;
    t->clock_ns = 1000000000u / clock_hz;
    t->irq = irq;
    t->armed_ns = DOWNCOUNTER_NEVER;
    t->timer = timer_new_line(mptimer_expired, t);
}

void mptimer_create(uint32_t base, uint32_t size, const char *name, unsigned num_cpus, uint32_t clock_hz,
                    const IRQLine *timer_irq, const IRQLine *watchdog_irq)
{
    MPTimerState *s = device_new(&mptimer_class, name);

    s->num_cpus = num_cpus;
    for (unsigned i = 0; i < num_cpus; i++) {
        mptimer_init_one(&s->timer[i], name, false, clock_hz, &timer_irq[i]);
        mptimer_init_one(&s->watchdog[i], name, true, clock_hz, &watchdog_irq[i]);
    }
    device_add(&s->dev);
    device_map(&s->dev, base, size, &mptimer_ops);
}
