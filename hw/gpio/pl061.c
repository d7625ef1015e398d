/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL061 general purpose input and output (ARM DDI 0190): eight pins, each an input or an output, each of which can
 * interrupt at an edge or by its level. Nothing drives the pins of the alternate functions.
 *
 * What interrupts look at, and what a read shows, is the pin: what the device drives if it is an output, what is
 * outside if it is an input. Lock: the device's own.
 */
#include "hw/device.h"
#include "hw/gpio/pl061.h"
#include "hw/primecell.h"
#include "qemu/log.h"

enum {
    GPIO_DATA = 0x000, GPIO_DATA_END = 0x3fc, GPIO_DIR = 0x400, GPIO_IS = 0x404, GPIO_IBE = 0x408, GPIO_IEV = 0x40c,
    GPIO_IE = 0x410, GPIO_RIS = 0x414, GPIO_MIS = 0x418, GPIO_IC = 0x41c, GPIO_AFSEL = 0x420,
    GPIO_ITCR = 0x600, GPIO_ITOP3 = 0x614,
    PL061_PID = 0x00041061,
};

struct PL061State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint8_t out, dir;           /* what is driven on the pins that are outputs (dir 1) */
    uint8_t in;                 /* what is outside; the board's, no state of the device */
    uint8_t is, ibe, iev, ie, afsel;
    uint8_t seen;               /* the pins as the edge detection has them */
    uint8_t edges;              /* detected and not cleared */
    bool level;                 /* of the line */
    const IRQLine *irq;         /* constant */
};

/* ---- all with the lock held ---- */

static uint8_t pl061_pins(const PL061State *s)
{
    return (uint8_t)((s->out & s->dir) | (s->in & ~s->dir));
}

static uint8_t pl061_raw(const PL061State *s)
{
    uint8_t active = (uint8_t)~(pl061_pins(s) ^ s->iev);

    return (uint8_t)((s->edges & ~s->is) | (active & s->is));
}

/* Look for edges; then the line. The only caller of irq_set(). */
static void pl061_update(PL061State *s)
{
    uint8_t pins = pl061_pins(s), changed = pins ^ s->seen;
    bool level;

    s->edges |= (uint8_t)(changed & ~s->is & (s->ibe | ~(pins ^ s->iev)));
    s->seen = pins;
    level = pl061_raw(s) & s->ie;
    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

static uint8_t *pl061_plain(PL061State *s, uint32_t offset)
{
    switch (offset) {
    case GPIO_DIR:
        return &s->dir;
    case GPIO_IS:
        return &s->is;
    case GPIO_IBE:
        return &s->ibe;
    case GPIO_IEV:
        return &s->iev;
    case GPIO_IE:
        return &s->ie;
    case GPIO_AFSEL:
        return &s->afsel;
    default:
        return NULL;
    }
}

static uint32_t pl061_read_reg(PL061State *s, uint32_t offset)
{
    const uint8_t *plain = pl061_plain(s, offset);

    if (plain) {
        return *plain;
    }
    switch (offset) {
    case GPIO_DATA ... GPIO_DATA_END:
        return pl061_pins(s) & offset >> 2;
    case GPIO_RIS:
        return pl061_raw(s);
    case GPIO_MIS:
        return pl061_raw(s) & s->ie;
    case GPIO_IC:
        return 0;
    default:
        qemu_log_mask(offset >= GPIO_ITCR && offset <= GPIO_ITOP3 ? LOG_UNIMP : LOG_GUEST_ERROR,
                      "pl061: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void pl061_write_reg(PL061State *s, uint32_t offset, uint32_t value)
{
    uint8_t *plain = pl061_plain(s, offset), mask;

    if (plain) {
        *plain = (uint8_t)value;
        return;
    }
    switch (offset) {
    case GPIO_DATA ... GPIO_DATA_END:   /* the address says which bits */
        mask = (uint8_t)(offset >> 2);
        s->out = (uint8_t)((s->out & ~mask) | (value & mask));
        break;
    case GPIO_IC:
        s->edges &= (uint8_t)~value;
        break;
    default:
        qemu_log_mask(offset >= GPIO_ITCR && offset <= GPIO_ITOP3 ? LOG_UNIMP : LOG_GUEST_ERROR,
                      "pl061: bad write at 0x%x\n", offset);
        break;
    }
}

/* ---- outside ---- */

static uint32_t pl061_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL061State *s = opaque;
    uint32_t v;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL061_PID, offset);
    }
    counted_lock(&s->dev.lock);
    v = pl061_read_reg(s, offset);
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl061_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL061State *s = opaque;

    counted_lock(&s->dev.lock);
    pl061_write_reg(s, offset, value);
    pl061_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl061_ops = { pl061_read, pl061_write };

void pl061_set_input(PL061State *s, unsigned pin, bool level)
{
    counted_lock(&s->dev.lock);
    s->in = (uint8_t)((s->in & ~(1u << pin)) | (unsigned)level << pin);
    pl061_update(s);
    counted_unlock(&s->dev.lock);
}

static void pl061_reset(void *opaque)
{
    PL061State *s = opaque;

    counted_lock(&s->dev.lock);
    s->out = s->dir = s->is = s->ibe = s->iev = s->ie = s->afsel = 0;
    s->seen = pl061_pins(s);
    s->edges = 0;
    pl061_update(s);
    counted_unlock(&s->dev.lock);
}

static void pl061_post_load(void *opaque)
{
    PL061State *s = opaque;

    counted_lock(&s->dev.lock);
    pl061_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl061_fields[] = {
    DEVICE_FIELD(PL061State, out), DEVICE_FIELD(PL061State, dir), DEVICE_FIELD(PL061State, is),
    DEVICE_FIELD(PL061State, ibe), DEVICE_FIELD(PL061State, iev), DEVICE_FIELD(PL061State, ie),
    DEVICE_FIELD(PL061State, afsel), DEVICE_FIELD(PL061State, seen), DEVICE_FIELD(PL061State, edges),
    { 0 },
};

static const MMIORegister pl061_registers[] = {
    { GPIO_DATA, "DATA" }, { GPIO_DATA_END, "DATA(all)" }, { GPIO_DIR, "DIR" }, { GPIO_IS, "IS" },
    { GPIO_IBE, "IBE" }, { GPIO_IEV, "IEV" }, { GPIO_IE, "IE" }, { GPIO_RIS, "RIS" }, { GPIO_MIS, "MIS" },
    { GPIO_IC, "IC" }, { GPIO_AFSEL, "AFSEL" },
    { 0 },
};

static const DeviceClass pl061_class = {
    .name = "pl061",
    .state_size = sizeof(PL061State),
    .version = 1,
    .fields = pl061_fields,
    .node = { .name = "gpio", .compatible = { "arm,pl061", "arm,primecell" }, .clocks = { "apb_pclk" } },
    .registers = pl061_registers,
    .reset = pl061_reset,
    .post_load = pl061_post_load,
};

PL061State *pl061_create(uint32_t base, const char *name, const IRQLine *irq)
{
    PL061State *s = device_new(&pl061_class, name);

    s->irq = irq;
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl061_ops);
    return s;
}
