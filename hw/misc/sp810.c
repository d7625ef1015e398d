/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SP810 system controller (ARM DDI 0254): modes of the system clock and enables of peripherals' clocks.
 *
 * A mode that is asked for is there at once, and nothing gets slower by it. The bits that choose the timers' clock are
 * kept, but the timers always run at 1 MHz, for which guests set these bits: programs that never do expect it, too.
 * Lock: the device's own.
 */
#include "hw/device.h"
#include "hw/misc/sp810.h"
#include "hw/plain-register.h"
#include "hw/primecell.h"
#include "qemu/log.h"

enum {
    SC_CTRL = 0x000, SC_SYSSTAT = 0x004, SC_IMCTRL = 0x008, SC_IMSTAT = 0x00c, SC_XTALCTRL = 0x010,
    SC_PLLCTRL = 0x014, SC_PLLFCTRL = 0x018, SC_PERCTRL0 = 0x01c, SC_PERCTRL1 = 0x020, SC_PEREN = 0x024,
    SC_PERDIS = 0x028, SC_PERCLKEN = 0x02c, SC_PERSTAT = 0x030, SC_SYSID0 = 0xee0, SC_SYSID3 = 0xeec,
    SC_ITCR = 0xf00, SC_ITOR = 0xf0c,
    SP810_PID = 0x00041810,
};

/* ModeCtrl 2:0, ModeStatus 6:3, RemapClear and RemapStat 9:8, HCLKDIV 14:12, timers' enables 22:15, watchdog's 23. */
enum { CTRL_STATUS_SHIFT = 3, CTRL_REMAP_CLEAR = 1 << 8, CTRL_REMAP_STATUS = 1 << 9, CTRL_PLAIN = 0xfff107 };
enum { MODE_DOZE = 1, MODE_SLOW = 2, MODE_NORMAL = 4 };

static const PlainRegister sp810_plain[] = {
    { SC_CTRL, CTRL_PLAIN, MODE_DOZE }, { SC_IMCTRL, 0x8f, 0 }, { SC_IMSTAT, 1, 0 }, { SC_XTALCTRL, 0x7fffb, 0 },
    { SC_PLLCTRL, 0x0ffffffb, 0 }, { SC_PLLFCTRL, UINT32_MAX, 0 }, { SC_PERCTRL0, UINT32_MAX, 0 },
    { SC_PERCTRL1, UINT32_MAX, 0 },
};
enum { SP810_PLAIN = sizeof(sp810_plain) / sizeof(sp810_plain[0]) };

typedef struct SP810State {
    Device dev;                 /* its lock: everything below */
    uint32_t plain[SP810_PLAIN];
    uint32_t clocks;            /* SCPERCLKEN */
} SP810State;

/* The mode that was asked for; to sleep is to wait for an interrupt in the present one. */
static uint32_t mode_status(uint32_t ctrl)
{
    return (ctrl & MODE_NORMAL ? MODE_NORMAL : ctrl & MODE_SLOW ? MODE_SLOW : MODE_DOZE) << CTRL_STATUS_SHIFT;
}

static uint32_t sp810_read_reg(SP810State *s, uint32_t offset)
{
    const uint32_t *plain = plain_register(sp810_plain, SP810_PLAIN, s->plain, offset);

    if (offset == SC_CTRL) {
        return *plain | mode_status(*plain) | (*plain & CTRL_REMAP_CLEAR ? CTRL_REMAP_STATUS : 0);
    }
    if (plain) {
        return *plain;
    }
    switch (offset) {
    case SC_PERCLKEN:
    case SC_PERSTAT:
        return s->clocks;
    case SC_SYSSTAT:
    case SC_PEREN:
    case SC_PERDIS:
    case SC_SYSID0 ... SC_SYSID3:
        return 0;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sp810: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void sp810_write_reg(SP810State *s, uint32_t offset, uint32_t value)
{
    uint32_t *plain = plain_register(sp810_plain, SP810_PLAIN, s->plain, offset);

    if (plain) {
        plain_register_write(sp810_plain, s->plain, plain, value);
        return;
    }
    switch (offset) {
    case SC_PEREN:
        s->clocks |= value;
        break;
    case SC_PERDIS:
        s->clocks &= ~value;
        break;
    case SC_SYSSTAT:
    case SC_ITCR ... SC_ITOR:
        qemu_log_mask(LOG_UNIMP, "sp810: write of 0x%x at 0x%x has no effect\n", value, offset);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sp810: bad write at 0x%x\n", offset);
        break;
    }
}

static uint32_t sp810_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    SP810State *s = opaque;
    uint32_t v;

    if (primecell_is_id(offset)) {
        return primecell_id_read(SP810_PID, offset);
    }
    counted_lock(&s->dev.lock);
    v = sp810_read_reg(s, offset);
    counted_unlock(&s->dev.lock);
    return v;
}

static void sp810_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    SP810State *s = opaque;

    counted_lock(&s->dev.lock);
    sp810_write_reg(s, offset, value);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps sp810_ops = { sp810_read, sp810_write };

static void sp810_reset(void *opaque)
{
    SP810State *s = opaque;

    counted_lock(&s->dev.lock);
    plain_registers_reset(sp810_plain, SP810_PLAIN, s->plain);
    s->clocks = UINT32_MAX;
    counted_unlock(&s->dev.lock);
}

static const DeviceField sp810_fields[] = {
    DEVICE_ARRAY(SP810State, plain), DEVICE_FIELD(SP810State, clocks),
    { 0 },
};

static const MMIORegister sp810_registers[] = {
    { SC_CTRL, "CTRL" }, { SC_SYSSTAT, "SYSSTAT" }, { SC_IMCTRL, "IMCTRL" }, { SC_IMSTAT, "IMSTAT" },
    { SC_XTALCTRL, "XTALCTRL" }, { SC_PLLCTRL, "PLLCTRL" }, { SC_PLLFCTRL, "PLLFCTRL" }, { SC_PERCTRL0, "PERCTRL0" },
    { SC_PERCTRL1, "PERCTRL1" }, { SC_PEREN, "PEREN" }, { SC_PERDIS, "PERDIS" }, { SC_PERCLKEN, "PERCLKEN" },
    { SC_PERSTAT, "PERSTAT" },
    { 0 },
};

static const DeviceClass sp810_class = {
    .name = "sp810",
    .state_size = sizeof(SP810State),
    .version = 1,
    .fields = sp810_fields,
    .node = { .name = "sysctl", .compatible = { "arm,sp810", "arm,primecell" } },     /* clocks: the board's to say */
    .registers = sp810_registers,
    .reset = sp810_reset,
};

void sp810_create(uint32_t base, const char *name)
{
    SP810State *s = device_new(&sp810_class, name);

    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &sp810_ops);
}
