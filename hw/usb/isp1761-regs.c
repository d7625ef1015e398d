/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ISP1761 (see isp1761.c): its registers and what follows from a write at once: the port, resets. Interrupts, frames
 * and transfers are the caller's affair. All with the device's lock held.
 */
#include <string.h>
#include <glib.h>
#include "hw/plain-register.h"
#include "hw/usb/isp1761-internal.h"
#include "hw/usb/isp1761-regs.h"
#include "hw/usb/usb-devices.h"
#include "qemu/log.h"

static const PlainRegister isp_plain[] = {
    { HC_SCRATCH, UINT32_MAX, 0 }, { HC_USBINTR, 0x3f, 0 }, { HC_DMA_CONFIG, 0xffffff0f, 0 },
    { HC_ATL_TIMEOUT, UINT32_MAX, 0 }, { HC_EDGE_COUNT, 0xff00ffff, 0xf }, { HC_DMA_START, 0xffff, 0 },
    { HC_POWER_DOWN, 0xffff0fff, 0x03e81ba0 }, { OTG_FALL, 0x3f, 0 }, { OTG_RISE, 0x3f, 0 },
};
/* The peripheral controller's. */
static const PlainRegister dc_plain[] = {
    { DC_ADDRESS, 0xff, 0 }, { DC_MODE, 0xff & ~DC_MODE_SOFT_RESET, 0 }, { DC_INTCONF, 0xff, 0xfc },
    { DC_INTENABLE, 0x03fffdfb, 0 }, { DC_EPINDEX, 0x3f, 0 }, { DC_SCRATCH, 0xffff, 0 },
};
enum { PLAIN = G_N_ELEMENTS(isp_plain), DC_PLAIN = G_N_ELEMENTS(dc_plain) };
G_STATIC_ASSERT(PLAIN + DC_PLAIN <= sizeof(((ISP1761State *)0)->plain) / 4);

static uint32_t frame_now(const ISP1761State *s)
{
    const int64_t passed = isp1761_runs(s) ? (clock_virtual_ns() - s->frame_ns) / MICROFRAME_NS : 0;

    return (uint32_t)(s->frame + (uint64_t)passed) & FRAME_MASK;
}

/* ---- the port ---- */

void isp1761_port_follows(ISP1761State *s)
{
    s->bus.root_enabled = (s->portsc & (PORTSC_ENABLE | PORTSC_SUSPEND)) == PORTSC_ENABLE;
}

static void power_port(ISP1761State *s, bool on)
{
    if (on == !!(s->portsc & PORTSC_POWER)) {
        return;
    }
    s->portsc &= PORTSC_OWNER | PORTSC_CONNECT_CHANGE;
    s->portsc |= on ? PORTSC_POWER | PORTSC_CONNECT | PORTSC_LINE_J : 0;
    s->portsc |= PORTSC_CONNECT_CHANGE;
    s->usbsts |= USBSTS_PORT_CHANGE;
    usb_bus_reset(s->hub);
}

static void reset_port(ISP1761State *s, bool begin)
{
    if (begin) {
        s->portsc &= ~(uint32_t)(PORTSC_ENABLE | PORTSC_SUSPEND | PORTSC_RESUME);
        s->portsc |= PORTSC_RESET;
    } else if (s->portsc & PORTSC_RESET) {
        s->portsc &= ~(uint32_t)(PORTSC_RESET | PORTSC_LINE_J);
        if (s->portsc & PORTSC_CONNECT) {
            usb_bus_reset(s->hub);
            s->portsc |= PORTSC_ENABLE;
        }
    }
}

static void portsc_write(ISP1761State *s, uint32_t v)
{
    s->portsc &= ~(v & (PORTSC_CONNECT_CHANGE | PORTSC_ENABLE_CHANGE));
    power_port(s, v & PORTSC_POWER);
    s->portsc = (s->portsc & ~(uint32_t)PORTSC_OWNER) | (s->configflag ? v & PORTSC_OWNER : PORTSC_OWNER);
    if (!(s->portsc & PORTSC_POWER)) {
        return;
    }
    if (!(v & PORTSC_ENABLE)) {
        s->portsc &= ~(uint32_t)PORTSC_ENABLE;
    }
    reset_port(s, v & PORTSC_RESET);
    if (s->portsc & PORTSC_ENABLE) {
        /* Resuming begins by the one bit and ends by its clearing, which wakes the port. */
        if ((s->portsc & PORTSC_RESUME) && !(v & PORTSC_RESUME)) {
            s->portsc &= ~(uint32_t)(PORTSC_RESUME | PORTSC_SUSPEND);
        } else {
            s->portsc |= v & PORTSC_SUSPEND;
            s->portsc |= s->portsc & PORTSC_SUSPEND ? v & PORTSC_RESUME : 0;
        }
    }
}

/* ---- resets ---- */

static void reset_dc(ISP1761State *s)
{
    plain_registers_reset(dc_plain, DC_PLAIN, s->plain + PLAIN);
}

/* The port's first socket is the host's or the peripheral controller's. */
static void otg_write(ISP1761State *s, uint32_t v)
{
    s->otg = v;
    usb_hub_open_port(s->hub, 1, !(v & OTG_PERIPHERAL));
}

/* What an EHCI has, too, and the maps. */
static void reset_host(ISP1761State *s)
{
    s->usbcmd = USBCMD_RESET_VALUE;
    s->usbsts = USBSTS_HALTED;
    s->configflag = 0;
    s->frame = 0;
    s->portsc = PORTSC_OWNER;
    usb_bus_reset(s->hub);
    for (unsigned list = 0; list < ISP_LISTS; list++) {
        s->map[list] = (ISPMaps) { .skip = UINT32_MAX, .irq_or = 0, .irq_and = 0 };
    }
    s->buffer_status = 0;
}

void isp1761_reset_all(ISP1761State *s)
{
    plain_registers_reset(isp_plain, PLAIN, s->plain);
    reset_dc(s);
    reset_host(s);
    s->hw_mode = HW_MODE_RESET;
    s->irq_status = s->irq_enable = s->memory_start = 0;
    memset(s->bank, 0, sizeof(s->bank));
    otg_write(s, OTG_RESET);
}

static void usbcmd_write(ISP1761State *s, uint32_t v)
{
    if (v & USBCMD_HC_RESET) {
        reset_host(s);
        return;
    }
    s->frame = frame_now(s);
    s->frame_ns = clock_virtual_ns();
    s->usbcmd = v & ~(uint32_t)USBCMD_LIGHT_RESET;
    s->usbsts = (s->usbsts & ~(uint32_t)USBSTS_HALTED) | (isp1761_runs(s) ? 0 : USBSTS_HALTED);
}

static void configflag_write(ISP1761State *s, uint32_t v)
{
    s->configflag = v & 1;
    s->portsc = (s->portsc & ~(uint32_t)PORTSC_OWNER) | (s->configflag ? 0 : PORTSC_OWNER);
}

/* ---- registers ---- */

static uint32_t *plain_at(ISP1761State *s, uint32_t offset)
{
    uint32_t *plain = plain_register(isp_plain, PLAIN, s->plain, offset);

    return plain ? plain : plain_register(dc_plain, DC_PLAIN, s->plain + PLAIN, offset);
}

static uint32_t map_read(ISP1761State *s, uint32_t offset)
{
    ISPMaps *m = &s->map[(offset - HC_MAPS) / HC_MAP_STRIDE];
    const uint32_t done = m->done;

    switch (offset % HC_MAP_STRIDE) {
    case MAP_DONE:              /* cleared by being read */
        m->done = 0;
        return done;
    case MAP_SKIP:
        return m->skip;
    case MAP_LAST:
        return m->last;
    default:
        return 0;
    }
}

static void map_write(ISP1761State *s, uint32_t offset, uint32_t v)
{
    ISPMaps *m = &s->map[(offset - HC_MAPS) / HC_MAP_STRIDE];

    switch (offset % HC_MAP_STRIDE) {
    case MAP_SKIP:
        m->skip = v;
        break;
    case MAP_LAST:
        m->last = v;
        break;
    default:
        break;
    }
}

/* The words of the three lists' masks. NULL: the offset is none of theirs. */
static uint32_t *mask_at(ISP1761State *s, uint32_t offset)
{
    if (offset >= HC_MASKS_OR && offset < HC_MASKS_AND) {
        return &s->map[(offset - HC_MASKS_OR) / 4].irq_or;
    }
    return offset >= HC_MASKS_AND && offset < HC_DMA_CONFIG ? &s->map[(offset - HC_MASKS_AND) / 4].irq_and : NULL;
}

/* Registers of the peripheral controller and of OTG that show a cable that is not there. */
static bool is_quiet(uint32_t offset)
{
    return (offset >= DC_BASE && offset < DC_END) || (offset >= OTG_STATUS && offset < OTG_END);
}

uint32_t isp1761_reg_read(ISP1761State *s, uint32_t offset)
{
    const uint32_t *plain = plain_at(s, offset), *mask = mask_at(s, offset);

    if (plain || mask) {
        return plain ? *plain : *mask;
    }
    if (offset >= HC_MAPS && offset < HC_MAPS_END) {
        return map_read(s, offset);
    }
    switch (offset) {
    case HC_CAPLENGTH:
        return CAPLENGTH;
    case HC_HCSPARAMS:
        return HCSPARAMS;
    case HC_HCCPARAMS:
        return HCCPARAMS;
    case HC_USBCMD:
        return s->usbcmd;
    case HC_USBSTS:
        return s->usbsts;
    case HC_FRINDEX:
        return frame_now(s);
    case HC_CONFIGFLAG:
        return s->configflag;
    case HC_PORTSC1:
        return s->portsc;
    case HC_HW_MODE:
        return s->hw_mode;
    case HC_CHIP_ID:
        return CHIP_ID;
    case HC_SW_RESET:
        return 0;
    case HC_INTERRUPT:
        return s->irq_status;
    case HC_INTERRUPT_ENABLE:
        return s->irq_enable;
    case HC_BUFFER_STATUS:
        return s->buffer_status;
    case HC_MEMORY:
        return s->memory_start;
    case OTG_CONTROL:
        return s->otg;
    case DC_CHIP_ID:
        return DC_CHIP;
    default:
        if (!is_quiet(offset)) {
            qemu_log_mask(LOG_GUEST_ERROR, "isp1761: bad read at 0x%x\n", offset);
        }
        return 0;
    }
}

static void plain_write(ISP1761State *s, uint32_t *plain, uint32_t offset, uint32_t v)
{
    if (plain < s->plain + PLAIN) {
        plain_register_write(isp_plain, s->plain, plain, v);
    } else {
        plain_register_write(dc_plain, s->plain + PLAIN, plain, v);
    }
    if (offset == HC_DMA_CONFIG && (v & DMA_ENABLE)) {
        qemu_log_mask(LOG_UNIMP, "isp1761: nobody is connected to the DMA request line\n");
    } else if (offset == DC_MODE && (v & DC_MODE_SOFT_RESET)) {
        reset_dc(s);
    }
}

void isp1761_reg_write(ISP1761State *s, uint32_t offset, uint32_t v)
{
    uint32_t *plain = plain_at(s, offset), *mask = mask_at(s, offset);

    if (plain) {
        plain_write(s, plain, offset, v);
        return;
    }
    if (mask) {
        *mask = v;
        return;
    }
    if (offset >= HC_MAPS && offset < HC_MAPS_END) {
        map_write(s, offset, v);
        return;
    }
    switch (offset) {
    case HC_USBCMD:
        usbcmd_write(s, v);
        break;
    case HC_USBSTS:
        s->usbsts &= ~(v & USBSTS_CLEARABLE);
        break;
    case HC_FRINDEX:
        s->frame = v & FRAME_MASK;
        s->frame_ns = clock_virtual_ns();
        break;
    case HC_CONFIGFLAG:
        configflag_write(s, v);
        break;
    case HC_PORTSC1:
        portsc_write(s, v);
        break;
    case HC_HW_MODE:
        s->hw_mode = v;
        break;
    case HC_SW_RESET:
        if (v & RESET_ALL) {
            isp1761_reset_all(s);
        } else if (v & RESET_HOST) {
            reset_host(s);
        }
        break;
    case HC_INTERRUPT:
        s->irq_status &= ~v;
        break;
    case HC_INTERRUPT_ENABLE:
        s->irq_enable = v & INT_ALL;
        break;
    case HC_BUFFER_STATUS:
        s->buffer_status = v & 7;
        break;
    case HC_MEMORY:
        s->memory_start = v & 0x3ffff;
        s->bank[v >> 16 & (ISP_BANKS - 1)] = v & (ISP_MEMORY - 1);
        break;
    case OTG_CONTROL:           /* the lower half sets bits, the upper one clears */
        otg_write(s, (s->otg | (v & 0x7ff)) & ~(v >> 16));
        break;
    default:
        if (!is_quiet(offset)) {
            qemu_log_mask(LOG_GUEST_ERROR, "isp1761: bad write at 0x%x\n", offset);
        }
        break;
    }
}

const MMIORegister isp1761_registers[] = {
    { HC_CAPLENGTH, "CAPLENGTH" }, { HC_HCSPARAMS, "HCSPARAMS" }, { HC_HCCPARAMS, "HCCPARAMS" },
    { HC_USBCMD, "USBCMD" }, { HC_USBSTS, "USBSTS" }, { HC_USBINTR, "USBINTR" }, { HC_FRINDEX, "FRINDEX" },
    { HC_CONFIGFLAG, "CONFIGFLAG" }, { HC_PORTSC1, "PORTSC1" },
    { 0x130, "ISO_DONE" }, { 0x134, "ISO_SKIP" }, { 0x138, "ISO_LAST" },
    { 0x140, "INT_DONE" }, { 0x144, "INT_SKIP" }, { 0x148, "INT_LAST" },
    { 0x150, "ATL_DONE" }, { 0x154, "ATL_SKIP" }, { 0x158, "ATL_LAST" },
    { DC_ADDRESS, "DC_ADDRESS" }, { DC_MODE, "DC_MODE" }, { DC_INTCONF, "DC_INTCONF" },
    { DC_INTENABLE, "DC_INTENABLE" }, { DC_INTERRUPT, "DC_INTERRUPT" }, { DC_EPINDEX, "DC_EPINDEX" },
    { DC_CHIP_ID, "DC_CHIP_ID" }, { DC_FRAME, "DC_FRAME" }, { DC_SCRATCH, "DC_SCRATCH" },
    { HC_HW_MODE, "HW_MODE" }, { HC_CHIP_ID, "CHIP_ID" }, { HC_SCRATCH, "SCRATCH" }, { HC_SW_RESET, "SW_RESET" },
    { HC_INTERRUPT, "INTERRUPT" }, { HC_INTERRUPT_ENABLE, "INTERRUPT_ENABLE" },
    { 0x318, "ISO_IRQ_OR" }, { 0x31c, "INT_IRQ_OR" }, { 0x320, "ATL_IRQ_OR" },
    { 0x324, "ISO_IRQ_AND" }, { 0x328, "INT_IRQ_AND" }, { 0x32c, "ATL_IRQ_AND" },
    { HC_DMA_CONFIG, "DMA_CONFIG" }, { HC_BUFFER_STATUS, "BUFFER_STATUS" }, { HC_ATL_TIMEOUT, "ATL_TIMEOUT" },
    { HC_MEMORY, "MEMORY" }, { HC_EDGE_COUNT, "EDGE_COUNT" }, { HC_DMA_START, "DMA_START" },
    { HC_POWER_DOWN, "POWER_DOWN" }, { OTG_CONTROL, "OTG_CONTROL" }, { OTG_STATUS, "OTG_STATUS" },
    { OTG_LATCH, "OTG_LATCH" }, { OTG_FALL, "OTG_FALL" }, { OTG_RISE, "OTG_RISE" }, { OTG_TIMER, "OTG_TIMER" },
    { 0 },
};
