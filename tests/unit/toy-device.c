/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See toy-board.h. Runs on any CPU's thread; dev.lock guards all fields but the constant irq. */
#include "hw/device.h"
#include "toy-board.h"

typedef struct ToyBell {
    Device dev;
    const IRQLine *irq;
    uint32_t count;
    bool ringing;
} ToyBell;

static uint32_t bell_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    ToyBell *s = opaque;

    counted_lock(&s->dev.lock);
    uint32_t v = offset == BELL_COUNT ? s->count : 0;
    counted_unlock(&s->dev.lock);
    return v;
}

static void bell_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    ToyBell *s = opaque;

    counted_lock(&s->dev.lock);
    if (offset == BELL_RING) {
        s->count++;
        s->ringing = true;
    } else if (offset == BELL_QUIET) {
        s->ringing = false;
    }
    irq_set(s->irq, s->ringing);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps bell_ops = { bell_read, bell_write };

static void bell_reset(void *opaque)
{
    ToyBell *s = opaque;

    counted_lock(&s->dev.lock);
    s->count = 0;
    s->ringing = false;
    irq_set(s->irq, 0);
    counted_unlock(&s->dev.lock);
}

static void bell_post_load(void *opaque)
{
    ToyBell *s = opaque;

    counted_lock(&s->dev.lock);
    irq_set(s->irq, s->ringing);
    counted_unlock(&s->dev.lock);
}

static const DeviceField bell_fields[] = { DEVICE_FIELD(ToyBell, count), DEVICE_FIELD(ToyBell, ringing), { 0 } };

static const DeviceClass bell_class = {
    .name = "toy-bell",
    .state_size = sizeof(ToyBell),
    .version = 1,
    .fields = bell_fields,
    .node = { .name = "bell", .compatible = { "toy,bell" } },
    .reset = bell_reset,
    .post_load = bell_post_load,
};

void toy_bell_create(uint32_t base, const char *name, const IRQLine *irq)
{
    ToyBell *s = device_new(&bell_class, name);

    s->irq = irq;
    device_add(&s->dev);
    device_map(&s->dev, base, BELL_SIZE, &bell_ops);
}
