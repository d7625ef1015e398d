/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL354 static memory controller (ARM DDI 0380): two interfaces of four chips each. Timings are written to two
 * registers and go to a chip by a command. Memory is there whatever they say. Lock: the device's own.
 */
#include "hw/device.h"
#include "hw/misc/pl340.h"
#include "hw/plain-register.h"
#include "hw/primecell.h"
#include "qemu/log.h"

enum {
    MEMC_STATUS = 0x000, MEMIF_CFG = 0x004, MEM_CFG_SET = 0x008, MEM_CFG_CLR = 0x00c, DIRECT_CMD = 0x010,
    SET_CYCLES = 0x014, SET_OPMODE = 0x018, REFRESH_0 = 0x020, REFRESH_1 = 0x024,
    CHIPS_AT = 0x100, CHIP_STRIDE = 0x20, CHIPS = 8, CHIPS_END = CHIPS_AT + CHIPS * CHIP_STRIDE,
    USER_STATUS = 0x200, USER_CONFIG = 0x204,
    PL354_PID = 0x00041354,
};

enum { CONFIG_INTERRUPTS = 3, CONFIG_LOW_POWER = 1 << 2, CONFIG_MASK = 7 };
/* Both interfaces are for SRAM and NOR, 32 bits wide, with four chips. */
enum { MEMIF = 0x2d2d, STATUS_LOW_POWER = 1 };
enum { COMMAND_CHIP_SHIFT = 23, COMMAND_TYPE_SHIFT = 21, COMMAND_MODE_REGISTER = 1 };
enum { CYCLES_MASK = 0x1fffff, OPMODE_MASK = 0xffff, CYCLES_RESET = 0x2b3cc, OPMODE_RESET = 0x802 };

static const PlainRegister pl354_plain[] = {
    { SET_CYCLES, CYCLES_MASK, 0 }, { SET_OPMODE, OPMODE_MASK, 0 }, { REFRESH_0, 0xf, 0 }, { REFRESH_1, 0xf, 0 },
};
enum { PL354_PLAIN = sizeof(pl354_plain) / sizeof(pl354_plain[0]) };
enum { PLAIN_CYCLES, PLAIN_OPMODE };    /* in the table's order */

typedef struct PL354State {
    Device dev;                 /* its lock: everything below */
    uint32_t plain[PL354_PLAIN];
    uint32_t config;
    uint32_t cycles[CHIPS], opmode[CHIPS];
} PL354State;

static uint32_t pl354_read_reg(PL354State *s, uint32_t offset)
{
    const uint32_t *plain = plain_register(pl354_plain, PL354_PLAIN, s->plain, offset);
    unsigned chip = (offset - CHIPS_AT) / CHIP_STRIDE;

    if (plain && offset >= REFRESH_0) {
        return *plain;
    }
    if (offset >= CHIPS_AT && offset < CHIPS_END && offset % CHIP_STRIDE < 8) {
        return offset & 4 ? s->opmode[chip] : s->cycles[chip];
    }
    switch (offset) {
    case MEMC_STATUS:
        return (s->config & CONFIG_INTERRUPTS) << 1 | (s->config & CONFIG_LOW_POWER ? STATUS_LOW_POWER : 0);
    case MEMIF_CFG:
        return MEMIF;
    case USER_STATUS:
        return 0;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl354: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void pl354_command(PL354State *s, uint32_t value)
{
    unsigned chip = value >> COMMAND_CHIP_SHIFT & (CHIPS - 1), type = value >> COMMAND_TYPE_SHIFT & 3;

    if (type != COMMAND_MODE_REGISTER) {
        s->cycles[chip] = s->plain[PLAIN_CYCLES];
        s->opmode[chip] = s->plain[PLAIN_OPMODE];
    }
}

static void pl354_write_reg(PL354State *s, uint32_t offset, uint32_t value)
{
    uint32_t *plain = plain_register(pl354_plain, PL354_PLAIN, s->plain, offset);

    if (plain) {
        plain_register_write(pl354_plain, s->plain, plain, value);
        return;
    }
    switch (offset) {
    case MEM_CFG_SET:
        s->config |= value & CONFIG_MASK;
        break;
    case MEM_CFG_CLR:
        s->config &= ~value;
        break;
    case DIRECT_CMD:
        pl354_command(s, value);
        break;
    case USER_CONFIG:
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl354: bad write at 0x%x\n", offset);
        break;
    }
}

static uint32_t pl354_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL354State *s = opaque;
    uint32_t v;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL354_PID, offset);
    }
    counted_lock(&s->dev.lock);
    v = pl354_read_reg(s, offset);
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl354_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL354State *s = opaque;

    counted_lock(&s->dev.lock);
    pl354_write_reg(s, offset, value);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl354_ops = { pl354_read, pl354_write };

static void pl354_reset(void *opaque)
{
    PL354State *s = opaque;

    counted_lock(&s->dev.lock);
    plain_registers_reset(pl354_plain, PL354_PLAIN, s->plain);
    s->config = 0;
    for (unsigned i = 0; i < CHIPS; i++) {
        s->cycles[i] = CYCLES_RESET;
        s->opmode[i] = OPMODE_RESET;
    }
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl354_fields[] = {
    DEVICE_ARRAY(PL354State, plain), DEVICE_FIELD(PL354State, config), DEVICE_ARRAY(PL354State, cycles),
    DEVICE_ARRAY(PL354State, opmode),
    { 0 },
};

static const MMIORegister pl354_registers[] = {
    { MEMC_STATUS, "MEMC_STATUS" }, { MEMIF_CFG, "MEMIF_CFG" }, { MEM_CFG_SET, "MEM_CFG_SET" },
    { MEM_CFG_CLR, "MEM_CFG_CLR" }, { DIRECT_CMD, "DIRECT_CMD" }, { SET_CYCLES, "SET_CYCLES" },
    { SET_OPMODE, "SET_OPMODE" }, { REFRESH_0, "REFRESH_0" }, { REFRESH_1, "REFRESH_1" },
    { USER_STATUS, "USER_STATUS" }, { USER_CONFIG, "USER_CONFIG" },
    { 0 },
};

static const DeviceClass pl354_class = {
    .name = "pl354",
    .state_size = sizeof(PL354State),
    .version = 1,
    .fields = pl354_fields,
    .node = { .name = "memory-controller", .compatible = { "arm,pl354", "arm,primecell" }, .clocks = { "apb_pclk" } },
    .registers = pl354_registers,
    .reset = pl354_reset,
};

void pl354_create(uint32_t base, const char *name)
{
    PL354State *s = device_new(&pl354_class, name);

    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl354_ops);
}
