/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ISP1761 (NXP data sheet, rev. 05): memory and interrupts of the USB host controller, which looks like an EHCI with
 * one port (isp1761-regs.c) and its own way of transfers (isp1761-ptd.c). A hub with three ports is built in; its first
 * port goes to the host or to the peripheral controller, as the OTG control register says. The peripheral controller
 * says what it is and never hears of a host. Nobody is connected to the DMA request lines: all data passes by register
 * accesses, and the chip never reaches the guest's memory.
 *
 * The memory is written by address. It is read from where the memory register was set to, whatever the address, the
 * word behind it by the next access; two bits of the address choose one of four such places.
 *
 * Lock: the device's own, which is the bus's, too. Transfers are carried out by the access that begins them, on a
 * CPU's thread, or by the device that has an answer, on the I/O thread.
 */
#include <string.h>
#include <glib.h>
#include "hw/usb/isp1761.h"
#include "hw/usb/isp1761-internal.h"
#include "hw/usb/isp1761-regs.h"
#include "hw/usb/usb-devices.h"
#include "qemu/log.h"

/* ---- all with the lock held ---- */

/* The only caller of irq_set(). The line's polarity is the board's affair. */
static void update(ISP1761State *s)
{
    const bool level = (s->irq_status & s->irq_enable) && (s->hw_mode & GLOBAL_INTERRUPT);

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

void isp1761_done(ISP1761State *s, ISPList list, uint32_t bits)
{
    static const uint32_t interrupt[] = { [ISP_ISO] = INT_ISO, [ISP_INT] = INT_LIST, [ISP_ATL] = INT_ATL };
    ISPMaps *m = &s->map[list];

    if (!bits) {
        return;
    }
    m->done |= bits;
    if ((bits & m->irq_or) || (m->irq_and && (m->done & m->irq_and) == m->irq_and)) {
        s->irq_status |= interrupt[list];
        update(s);
    }
}

/* The interrupt at the begin of each frame, if it is wanted. */
static void plan_frame(ISP1761State *s)
{
    const bool wanted = isp1761_runs(s) && (s->irq_enable & INT_FRAME);

    if (wanted && !s->frame_planned) {
        timer_mod(s->frame_timer, clock_virtual_ns() + FRAME_NS);
    } else if (!wanted) {
        timer_del(s->frame_timer);
    }
    s->frame_planned = wanted;
}

/* ---- memory ---- */

static uint32_t memory_read(ISP1761State *s, uint32_t offset, unsigned size)
{
    uint32_t *at = &s->bank[offset / ISP_MEMORY % ISP_BANKS], v = 0;

    for (unsigned i = 0; i < size; i++) {
        v |= (uint32_t)s->mem[(*at + i) & (ISP_MEMORY - 1)] << 8 * i;
    }
    *at = (*at + size) & (ISP_MEMORY - 1);
    return v;
}

/* True: a PTD may have become valid. */
static bool memory_write(ISP1761State *s, uint32_t offset, uint32_t v, unsigned size)
{
    const uint32_t at = offset % ISP_MEMORY;

    for (unsigned i = 0; i < size; i++) {
        s->mem[(at + i) & (ISP_MEMORY - 1)] = (uint8_t)(v >> 8 * i);
    }
    return at < ISP_MEMORY_BASE * (1 + ISP_LISTS) && !(at % ISP_PTD_BYTES) && (v & 1);
}

static bool is_memory(uint32_t offset)
{
    return offset % ISP_MEMORY >= ISP_MEMORY_BASE;
}

/* ---- outside ---- */

static uint32_t isp1761_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    ISP1761State *s = opaque;
    uint32_t v;

    if (offset == HC_FRINDEX) {
        clock_shown_ns();
    }
    counted_lock(&s->dev.lock);
    if (is_memory(offset)) {
        v = memory_read(s, offset, size);
    } else {
        v = isp1761_reg_read(s, offset & ~3u) >> 8 * (offset & 3);
    }
    counted_unlock(&s->dev.lock);
    return v;
}

static void isp1761_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    ISP1761State *s = opaque;
    bool work = true;

    counted_lock(&s->dev.lock);
    if (is_memory(offset)) {
        work = memory_write(s, offset, value, size);
    } else {
        isp1761_reg_write(s, offset & ~3u, value << 8 * (offset & 3));
        isp1761_port_follows(s);
        plan_frame(s);
        update(s);
        work = offset != HC_MEMORY && offset != HC_INTERRUPT;
    }
    if (work) {
        isp1761_work(s);
    }
    counted_unlock(&s->dev.lock);
}

static const MMIOOps isp1761_ops = { isp1761_read, isp1761_write };

static void wake(void *opaque)
{
    isp1761_work(opaque);
}

static void work_later(void *opaque)
{
    ISP1761State *s = opaque;

    counted_lock(&s->dev.lock);
    isp1761_work(s);
    counted_unlock(&s->dev.lock);
}

static void frame_begins(void *opaque)
{
    ISP1761State *s = opaque;

    counted_lock(&s->dev.lock);
    if (s->frame_planned) {
        s->irq_status |= INT_FRAME;
        s->frame_planned = false;
        plan_frame(s);
        update(s);
    }
    counted_unlock(&s->dev.lock);
}

static void isp1761_reset(void *opaque)
{
    ISP1761State *s = opaque;

    counted_lock(&s->dev.lock);
    memset(s->mem, 0, sizeof(s->mem));
    isp1761_reset_all(s);
    s->frame_ns = s->interrupts_ns = 0;
    isp1761_port_follows(s);
    plan_frame(s);
    update(s);
    counted_unlock(&s->dev.lock);
}

static void isp1761_post_load(void *opaque)
{
    ISP1761State *s = opaque;

    counted_lock(&s->dev.lock);
    for (unsigned i = 0; i < ISP_BANKS; i++) {
        s->bank[i] &= ISP_MEMORY - 1;
    }
    s->frame_planned = false;
    s->interrupts_ns = 0;
    isp1761_port_follows(s);
    plan_frame(s);
    update(s);
    if (isp1761_has_work(s)) {
        timer_mod(s->work_timer, clock_virtual_ns());   /* when the devices are loaded, too */
    }
    counted_unlock(&s->dev.lock);
}

static const DeviceField isp1761_fields[] = {
    DEVICE_FIELD(ISP1761State, hw_mode), DEVICE_FIELD(ISP1761State, irq_status),
    DEVICE_FIELD(ISP1761State, irq_enable), DEVICE_FIELD(ISP1761State, usbcmd), DEVICE_FIELD(ISP1761State, usbsts),
    DEVICE_FIELD(ISP1761State, configflag), DEVICE_FIELD(ISP1761State, portsc),
    DEVICE_FIELD(ISP1761State, buffer_status), DEVICE_FIELD(ISP1761State, memory_start),
    DEVICE_FIELD(ISP1761State, otg), DEVICE_EACH(ISP1761State, map, done), DEVICE_EACH(ISP1761State, map, skip),
    DEVICE_EACH(ISP1761State, map, last), DEVICE_EACH(ISP1761State, map, irq_or),
    DEVICE_EACH(ISP1761State, map, irq_and), DEVICE_ARRAY(ISP1761State, bank), DEVICE_FIELD(ISP1761State, frame),
    DEVICE_FIELD(ISP1761State, frame_ns), DEVICE_ARRAY(ISP1761State, plain), DEVICE_ARRAY(ISP1761State, mem),
    { 0 },
};

static const DeviceClass isp1761_class = {
    .name = "isp1761",
    .state_size = sizeof(ISP1761State),
    .version = 1,
    .fields = isp1761_fields,
    .node = { .name = "usb", .compatible = { "nxp,usb-isp1761" } },
    .registers = isp1761_registers,
    .reset = isp1761_reset,
    .post_load = isp1761_post_load,
};

USBBus *isp1761_create(uint32_t base, uint32_t size, const char *name, const IRQLine *irq)
{
    ISP1761State *s = device_new(&isp1761_class, name);

    s->irq = irq;
    s->work_timer = timer_new(work_later, s);
    s->frame_timer = timer_new_line(frame_begins, s);
    s->bus = (USBBus) { .lock = &s->dev.lock, .wake = wake, .opaque = s };
    s->hub = usb_hub_new(&s->bus, &(USBHubConfig) { .ports = 3, .internal = true });
    s->bus.root = s->hub;
    device_add(&s->dev);
    usb_plug_root(&s->bus, s->hub);
    device_map(&s->dev, base, size, &isp1761_ops);
    return &s->bus;
}
