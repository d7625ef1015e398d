/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snoop control unit of the ARM11 MPCore (ARM DDI 0360 chapter 9): tells how many CPUs there are and can be switched
 * on. Caches are always coherent here, so the rest has no effect; its event counters do not count. Lock: the device's
 * own.
 */
#include "hw/device.h"
#include "hw/misc/arm11-scu.h"
#include "qemu/log.h"

enum { SCU_CONTROL = 0x00, SCU_CONFIG = 0x04, SCU_CPU_STATUS = 0x08, SCU_INVALIDATE = 0x0c };

typedef struct ARM11SCU {
    Device dev;                 /* its lock: registers */
    uint32_t control;           /* lock */
    unsigned num_cpus;          /* constant */
} ARM11SCU;

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
        qemu_log_mask(LOG_UNIMP, "scu: read at 0x%x\n", offset);
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
        qemu_log_mask(LOG_UNIMP, "scu: write of 0x%x at 0x%x\n", value, offset);
        break;
    }
}

static const MMIOOps scu_ops = { scu_read, scu_write };

static void scu_reset(void *opaque)
{
    ARM11SCU *s = opaque;

    counted_lock(&s->dev.lock);
    s->control = 0;
    counted_unlock(&s->dev.lock);
}

static const DeviceField arm11_scu_fields[] = {
    DEVICE_FIELD(ARM11SCU, control),
    { 0 },
};

static const MMIORegister arm11_scu_registers[] = {
    { SCU_CONTROL, "CONTROL" }, { SCU_CONFIG, "CONFIG" }, { SCU_CPU_STATUS, "CPU_STATUS" },
    { SCU_INVALIDATE, "INVALIDATE" },
    { 0 },
};

static const DeviceClass arm11_scu_class = {
    .name = "arm11_scu",
    .state_size = sizeof(ARM11SCU),
    .version = 1,
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
