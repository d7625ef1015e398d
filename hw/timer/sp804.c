/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SP804: two 32-bit down-counters that share an interrupt line (ARM DDI 0271).
 *
 * Linux uses one of them as its clock, read by every CPU all the time: VALUE is read without a lock. All else is under
 * the block's lock. Expiry sets RIS also with the interrupt disabled; it is worked out when somebody looks, and a host
 * timer runs only while an expiry would raise the line: a line timer, so that no read shows the next period before the
 * interrupt of the last one is pending.
 */
#include "hw/device.h"
#include "hw/primecell.h"
#include "hw/timer/downcounter.h"
#include "hw/timer/sp804.h"
#include "hw/word-register.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    SP804_LOAD = 0x00, SP804_VALUE = 0x04, SP804_CTRL = 0x08, SP804_INTCLR = 0x0c, SP804_RIS = 0x10, SP804_MIS = 0x14,
    SP804_BGLOAD = 0x18,
    SP804_TIMERS = 2, SP804_STRIDE = 0x20,
    SP804_PID = 0x00141804,
};

enum {
    CTRL_ONE_SHOT = 1 << 0, CTRL_32BIT = 1 << 1, CTRL_PRESCALE_SHIFT = 2, CTRL_INT_ENABLE = 1 << 5,
    CTRL_PERIODIC = 1 << 6, CTRL_ENABLE = 1 << 7, CTRL_MASK = 0xef,
};

typedef struct SP804State SP804State;

typedef struct SP804Timer {
    DownCounter counter;        /* lock: block's to change, none to read */
    uint32_t load, ctrl;        /* lock: block */
    bool ris;                   /* lock: block; up to date after sp804_sync() */
    int64_t next_ns;            /* first expiry that ris does not reflect yet.   lock: block */
    int64_t armed_ns;           /* when the host timer goes off, or NEVER.       lock: block */
    int64_t quiet_until;        /* the line shows all expiries before it.        lock: block to change, atomic */
    QTimer *timer;              /* constant */
    SP804State *block;          /* constant */
} SP804Timer;

struct SP804State {
    Device dev;                 /* its lock: registers */
    SP804Timer t[SP804_TIMERS];
    bool level;                 /* of the line.                                  lock: block */
    uint32_t clock_ns;          /* length of a TIMCLK tick; constant */
    const IRQLine *irq;         /* constant */
};

/* Account for the expiries until NOW. Caller holds the lock. */
static void sp804_sync(SP804Timer *t, int64_t now)
{
    if (now >= t->next_ns) {
        t->ris = true;
        t->next_ns = downcounter_next_expiry(&t->counter, now);
    }
}

/* The line, and the host timers that will next change it. The only caller of irq_set(). Caller holds the lock. */
static void sp804_update(SP804State *s)
{
    bool level = false;

    for (unsigned i = 0; i < SP804_TIMERS; i++) {
        SP804Timer *t = &s->t[i];

        int64_t when = t->ris || !(t->ctrl & CTRL_INT_ENABLE) ? DOWNCOUNTER_NEVER : t->next_ns;

        if (when != t->armed_ns) {
            t->armed_ns = when;
            if (when == DOWNCOUNTER_NEVER) {
                timer_del(t->timer);
            } else {
                timer_mod(t->timer, when);
            }
        }
        level |= t->ris && (t->ctrl & CTRL_INT_ENABLE);
    }
    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
    for (unsigned i = 0; i < SP804_TIMERS; i++) {
        __atomic_store_n(&s->t[i].quiet_until, s->t[i].next_ns, __ATOMIC_RELEASE);
    }
}

/* May come late, and for a time that is no longer the one armed: it only looks at the clock. */
static void sp804_expired(void *opaque)
{
    SP804Timer *t = opaque;

    counted_lock(&t->block->dev.lock);
    t->armed_ns = DOWNCOUNTER_NEVER;
    sp804_sync(t, clock_virtual_ns());
    sp804_update(t->block);
    counted_unlock(&t->block->dev.lock);
}

/* Let the counter go on from COUNT as CTRL and LOAD say. WROTE_LOAD: 0 expires at once. Caller holds the lock. */
static void sp804_restart(SP804State *s, SP804Timer *t, uint32_t count, bool wrote_load, int64_t now)
{
    static const uint16_t prescale[4] = { 1, 16, 256, 256 };
    uint32_t max = t->ctrl & CTRL_32BIT ? UINT32_MAX : 0xffff;
    bool free_running = !(t->ctrl & CTRL_PERIODIC), stopped = !(t->ctrl & CTRL_ENABLE);
    DownCounterSetup setup = {
        .mode = stopped ? DOWNCOUNTER_STOPPED : t->ctrl & CTRL_ONE_SHOT ? DOWNCOUNTER_ONE_SHOT : DOWNCOUNTER_PERIODIC,
        /* Guests load all 32 bits first and choose the width with the enable bit. */
        .count = stopped ? count : count & max,
        .reload = free_running ? max : t->load & max,
        .zero_lasts = free_running,
        .zero_fires = wrote_load,
        .tick_ns = s->clock_ns * prescale[(t->ctrl >> CTRL_PRESCALE_SHIFT) & 3],
    };

    __atomic_store_n(&t->quiet_until, INT64_MIN, __ATOMIC_RELEASE);     /* until sp804_update() */
    downcounter_set(&t->counter, &setup, now);
    t->next_ns = downcounter_next_expiry(&t->counter, now - 1);
    sp804_sync(t, now);
}

/*
 * The counter, without the lock unless an expiry may have passed that the line does not show: the line is due before
 * the value, also while another CPU is between the counter and the line.
 */
static uint32_t sp804_value(SP804Timer *t, int64_t now)
{
    uint32_t value = downcounter_value(&t->counter, now);

    if (now >= __atomic_load_n(&t->quiet_until, __ATOMIC_ACQUIRE)) {
        counted_lock(&t->block->dev.lock);
        sp804_sync(t, now);
        sp804_update(t->block);
        counted_unlock(&t->block->dev.lock);
    }
    return value;
}

static uint32_t sp804_read_word(SP804State *s, uint32_t offset)
{
    uint32_t v = 0;

    if (primecell_is_id(offset)) {
        return primecell_id_read(SP804_PID, offset);
    }
    if (offset >= SP804_TIMERS * SP804_STRIDE) {
        qemu_log_mask(LOG_GUEST_ERROR, "sp804: bad read at 0x%x\n", offset);
        return 0;
    }
    SP804Timer *t = &s->t[offset / SP804_STRIDE];
    uint32_t reg = offset % SP804_STRIDE;
    int64_t now = clock_shown_ns();

    if (reg == SP804_VALUE) {
        return sp804_value(t, now);
    }
    counted_lock(&s->dev.lock);
    sp804_sync(t, now);
    switch (reg) {
    case SP804_LOAD:
    case SP804_BGLOAD:
        v = t->load;
        break;
    case SP804_CTRL:
        v = t->ctrl;
        break;
    case SP804_RIS:
        v = t->ris;
        break;
    case SP804_MIS:
        v = t->ris && (t->ctrl & CTRL_INT_ENABLE);
        break;
    case SP804_INTCLR:
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sp804: bad read at 0x%x\n", offset);
        break;
    }
    sp804_update(s);
    counted_unlock(&s->dev.lock);
    return v;
}

static uint32_t sp804_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    if (!word_register_reads(offset, size)) {
        qemu_log_mask(LOG_GUEST_ERROR, "sp804: bad read at 0x%x\n", offset);
        return 0;
    }
    return word_register_part(sp804_read_word(opaque, offset & ~3u), offset, size);
}

/*
 * A one-shot counter that has come to 0 stays there until LOAD is written (ARM DDI 0271, 2.1), or, as other emulators
 * have it, until CTRL enables it once more: programs load once and go by CTRL alone. A write that only masks or unmasks
 * the interrupt does not count as that.
 */
static void sp804_write_control(SP804State *s, SP804Timer *t, uint32_t value, uint32_t count, int64_t now)
{
    const uint32_t changed = t->ctrl ^ value;

    t->ctrl = value;
    if (count == 0 && (value & CTRL_ENABLE) && (value & CTRL_ONE_SHOT) && changed != CTRL_INT_ENABLE) {
        sp804_restart(s, t, t->load, true, now);
    } else if (changed & ~(uint32_t)CTRL_INT_ENABLE) {
        sp804_restart(s, t, count, false, now);
    }
}

static void sp804_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    SP804State *s = opaque;

    if (!word_register_writes(offset) || offset >= SP804_TIMERS * SP804_STRIDE) {
        qemu_log_mask(LOG_GUEST_ERROR, "sp804: bad write at 0x%x\n", offset);
        return;
    }
    SP804Timer *t = &s->t[offset / SP804_STRIDE];

    counted_lock(&s->dev.lock);
    int64_t now = clock_virtual_ns();
    uint32_t count = downcounter_value(&t->counter, now);
    sp804_sync(t, now);
    switch (offset % SP804_STRIDE) {
    case SP804_LOAD:
        t->load = value;
        sp804_restart(s, t, value, true, now);
        break;
    case SP804_BGLOAD:
        t->load = value;
        sp804_restart(s, t, count, false, now);
        break;
    case SP804_CTRL:
        sp804_write_control(s, t, value & CTRL_MASK, count, now);
        break;
    case SP804_INTCLR:
        t->ris = false;
        break;
    case SP804_VALUE:           /* read-only; Linux writes it while it sets the clock up */
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sp804: bad write at 0x%x\n", offset);
        break;
    }
    sp804_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps sp804_ops = { sp804_read, sp804_write };

static void sp804_reset(void *opaque)
{
    SP804State *s = opaque;

    counted_lock(&s->dev.lock);
    for (unsigned i = 0; i < SP804_TIMERS; i++) {
        SP804Timer *t = &s->t[i];

        t->load = 0;
        t->ctrl = CTRL_INT_ENABLE;
        t->ris = false;
        sp804_restart(s, t, UINT32_MAX, false, clock_virtual_ns());
    }
    sp804_update(s);
    counted_unlock(&s->dev.lock);
}

static void sp804_post_load(void *opaque)
{
    SP804State *s = opaque;

    counted_lock(&s->dev.lock);
    for (unsigned i = 0; i < SP804_TIMERS; i++) {
        s->t[i].armed_ns = DOWNCOUNTER_NEVER;
        timer_del(s->t[i].timer);
        downcounter_post_load(&s->t[i].counter);
    }
    sp804_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField sp804_fields[] = {
    DEVICE_EACH(SP804State, t, load), DEVICE_EACH(SP804State, t, ctrl), DEVICE_EACH(SP804State, t, ris),
    DEVICE_EACH(SP804State, t, next_ns), DOWNCOUNTER_FIELDS(SP804State, t),
    { 0 },
};

static const MMIORegister sp804_registers[] = {
    { SP804_LOAD, "LOAD" }, { SP804_VALUE, "VALUE" }, { SP804_CTRL, "CTRL" }, { SP804_INTCLR, "INTCLR" },
    { SP804_RIS, "RIS" }, { SP804_MIS, "MIS" }, { SP804_BGLOAD, "BGLOAD" }, { SP804_STRIDE + SP804_LOAD, "LOAD(2)" },
    { SP804_STRIDE + SP804_VALUE, "VALUE(2)" }, { SP804_STRIDE + SP804_CTRL, "CTRL(2)" },
    { SP804_STRIDE + SP804_INTCLR, "INTCLR(2)" }, { SP804_STRIDE + SP804_RIS, "RIS(2)" },
    { SP804_STRIDE + SP804_MIS, "MIS(2)" }, { SP804_STRIDE + SP804_BGLOAD, "BGLOAD(2)" },
    { 0 },
};

static const DeviceClass sp804_class = {
    .name = "sp804",
    .state_size = sizeof(SP804State),
    .version = 1,
    .fields = sp804_fields,
    .node = { .name = "timer", .compatible = { "arm,sp804", "arm,primecell" },
              .clocks = { "timer1", "timer2", "apb_pclk" } },
    .registers = sp804_registers,
    .reset = sp804_reset,
    .post_load = sp804_post_load,
};

void sp804_create(uint32_t base, const char *name, uint32_t clock_hz, const IRQLine *irq)
{
    SP804State *s = device_new(&sp804_class, name);

    s->clock_ns = 1000000000u / clock_hz;
    s->irq = irq;
    for (unsigned i = 0; i < SP804_TIMERS; i++) {
        s->t[i].block = s;
        s->t[i].armed_ns = DOWNCOUNTER_NEVER;
        s->t[i].timer = timer_new_line(sp804_expired, &s->t[i]);
    }
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &sp804_ops);
}
