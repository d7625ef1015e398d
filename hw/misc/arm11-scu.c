/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snoop control unit of the ARM11 MPCore (ARM DDI 0360 chapter 9): tells how many CPUs there are and can be switched
 * on. Caches are always coherent here, so the rest has no effect.
 *
 * Of what its eight event counters can count there are cycles alone, at the CPUs' nominal 400 MHz: no cache is
 * modelled. Their overflow flags are kept; their interrupts are not wired, since virtual devices have those lines.
 * Lock: the device's own.
 */
#include <string.h>
#include "hw/device.h"
#include "hw/misc/arm11-scu.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    SCU_CONTROL = 0x00, SCU_CONFIG = 0x04, SCU_CPU_STATUS = 0x08, SCU_INVALIDATE = 0x0c, SCU_MONITOR = 0x10,
    SCU_EVENTS = 0x14, SCU_EVENTS_LAST = 0x18, SCU_COUNTS = 0x1c, SCU_COUNTS_LAST = 0x38,
    COUNTERS = 8,
};
/* Of the monitor's control register; bits 15:8 enable interrupts, 23:16 are the overflow flags. */
enum {
    MONITOR_ENABLE = 1 << 0, MONITOR_RESET = 1 << 1, MONITOR_KEPT = 0xff01, MONITOR_FLAGS = 0xff0000, FLAG_SHIFT = 16,
};
enum { EVENT_CYCLES = 31 };

typedef struct ARM11SCU {
    Device dev;                 /* its lock: registers */
    uint32_t control;           /* lock, as all up to num_cpus */
    uint32_t monitor;
    uint32_t events[2];         /* a byte for each counter */
    uint32_t counts[COUNTERS];  /* as of counted_ns */
    int64_t counted_ns;         /* virtual time */
    unsigned num_cpus;          /* constant */
} ARM11SCU;

/* Bring the counters up to now, in whole steps of two cycles. Caller holds the lock. */
static void scu_count(ARM11SCU *s, int64_t now)
{
    uint64_t steps = now > s->counted_ns ? (uint64_t)(now - s->counted_ns) / 5 : 0;

    s->counted_ns = s->monitor & MONITOR_ENABLE && now > s->counted_ns ? s->counted_ns + (int64_t)(steps * 5) : now;
    for (unsigned n = 0; (s->monitor & MONITOR_ENABLE) && n < COUNTERS; n++) {
        if ((s->events[n / 4] >> 8 * (n % 4) & 0xff) == EVENT_CYCLES) {
            uint64_t sum = s->counts[n] + steps * 2;

            s->monitor |= sum >> 32 ? 1u << (FLAG_SHIFT + n) : 0;
            s->counts[n] = (uint32_t)sum;
        }
    }
}

/* The register of the monitor, or NULL. */
static uint32_t *scu_monitor_register(ARM11SCU *s, uint32_t offset)
{
    switch (offset) {
    case SCU_MONITOR:
        return &s->monitor;
    case SCU_EVENTS ... SCU_EVENTS_LAST:
        return &s->events[(offset - SCU_EVENTS) / 4];
    case SCU_COUNTS ... SCU_COUNTS_LAST:
        return &s->counts[(offset - SCU_COUNTS) / 4];
    default:
        return NULL;
    }
}

/* False: not one of its registers. */
static bool scu_monitor_read(ARM11SCU *s, uint32_t offset, uint32_t *value)
{
    const uint32_t *reg = scu_monitor_register(s, offset);
    int64_t now;

    if (reg) {
        now = clock_shown_ns();
        counted_lock(&s->dev.lock);
        scu_count(s, now);
        *value = *reg;
        counted_unlock(&s->dev.lock);
    }
    return reg;
}

static bool scu_monitor_write(ARM11SCU *s, uint32_t offset, uint32_t value)
{
    uint32_t *reg = scu_monitor_register(s, offset);

    if (!reg) {
        return false;
    }
    counted_lock(&s->dev.lock);
    scu_count(s, clock_virtual_ns());
    if (reg == &s->monitor) {           /* flags are cleared by writing ones */
        *reg = (value & MONITOR_KEPT) | (*reg & MONITOR_FLAGS & ~value);
        if (value & MONITOR_RESET) {
            memset(s->counts, 0, sizeof(s->counts));
        }
    } else {
        *reg = value;
    }
    counted_unlock(&s->dev.lock);
    return true;
}

static uint32_t scu_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    ARM11SCU *s = opaque;
    uint32_t v = 0;

    switch (offset & ~3u) {
    case SCU_CONTROL:
        counted_lock(&s->dev.lock);
        v = s->control;
        counted_unlock(&s->dev.lock);
        break;
    case SCU_CONFIG:            /* CPUs in SMP mode, tag RAM sizes 0 (16 KiB), number of CPUs - 1 */
        v = ((1u << s->num_cpus) - 1) << 4 | (s->num_cpus - 1);
        break;
    case SCU_CPU_STATUS:        /* all CPUs in normal mode */
    case SCU_INVALIDATE:
        break;
    default:
        if (!scu_monitor_read(s, offset & ~3u, &v)) {
            qemu_log_mask(LOG_UNIMP, "scu: read at 0x%x\n", offset);
        }
        break;
    }
    return v >> (8 * (offset & 3));
}

static void scu_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    ARM11SCU *s = opaque;

    switch (offset & ~3u) {
    case SCU_CONTROL:
        if (!(offset & 3)) {
            counted_lock(&s->dev.lock);
            s->control = value & 1;
            counted_unlock(&s->dev.lock);
        }
        break;
    case SCU_CPU_STATUS:        /* power modes: the CPU itself only waits for an interrupt */
    case SCU_INVALIDATE:        /* nothing is stale */
        break;
    case SCU_CONFIG:
        qemu_log_mask(LOG_GUEST_ERROR, "scu: the configuration register is read-only\n");
        break;
    default:
        if ((offset & 3) || !scu_monitor_write(s, offset, value)) {
            qemu_log_mask(LOG_UNIMP, "scu: write of 0x%x at 0x%x\n", value, offset);
        }
        break;
    }
}

static const MMIOOps scu_ops = { scu_read, scu_write };

static void scu_reset(void *opaque)
{
    ARM11SCU *s = opaque;

    counted_lock(&s->dev.lock);
    s->control = s->monitor = 0;
    memset(s->events, 0, sizeof(s->events));
    memset(s->counts, 0, sizeof(s->counts));
    s->counted_ns = clock_virtual_ns();
    counted_unlock(&s->dev.lock);
}

static const DeviceField arm11_scu_fields[] = {
    DEVICE_FIELD(ARM11SCU, control), DEVICE_FIELD_SINCE(ARM11SCU, monitor, 2), DEVICE_ARRAY_SINCE(ARM11SCU, events, 2),
    DEVICE_ARRAY_SINCE(ARM11SCU, counts, 2), DEVICE_FIELD_SINCE(ARM11SCU, counted_ns, 2),
    { 0 },
};

static const MMIORegister arm11_scu_registers[] = {
    { SCU_CONTROL, "CONTROL" }, { SCU_CONFIG, "CONFIG" }, { SCU_CPU_STATUS, "CPU_STATUS" },
    { SCU_INVALIDATE, "INVALIDATE" }, { SCU_MONITOR, "MONITOR" }, { SCU_EVENTS, "EVENTS0" },
    { SCU_EVENTS_LAST, "EVENTS1" }, { SCU_COUNTS, "COUNT0" }, { SCU_COUNTS_LAST, "COUNT7" },
    { 0 },
};

static const DeviceClass arm11_scu_class = {
    .name = "arm11_scu",
    .state_size = sizeof(ARM11SCU),
    .version = 2,
    .fields = arm11_scu_fields,
    .registers = arm11_scu_registers,
    .reset = scu_reset,
};

void arm11_scu_create(uint32_t base, const char *name, unsigned num_cpus)
{
    ARM11SCU *s = device_new(&arm11_scu_class, name);

    s->num_cpus = num_cpus;
    device_add(&s->dev);
    device_map(&s->dev, base, 0x100, &scu_ops);
}
