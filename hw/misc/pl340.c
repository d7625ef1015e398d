/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL340 dynamic memory controller (ARM DDI 0331): its registers and its states. Memory is there whatever they say.
 *
 * The controller is configured in its first state, then sent to be ready; registers can be written while it is not.
 * Lock: the device's own.
 */
#include "hw/device.h"
#include "hw/misc/pl340.h"
#include "hw/plain-register.h"
#include "hw/primecell.h"
#include "qemu/log.h"

enum {
    MEMC_STATUS = 0x000, MEMC_CMD = 0x004, DIRECT_CMD = 0x008, MEMORY_CFG = 0x00c, REFRESH_PRD = 0x010,
    CAS_LATENCY = 0x014, T_DQSS = 0x018, T_MRD = 0x01c, T_RAS = 0x020, T_RC = 0x024, T_RCD = 0x028, T_RFC = 0x02c,
    T_RP = 0x030, T_RRD = 0x034, T_WR = 0x038, T_WTR = 0x03c, T_XP = 0x040, T_XSR = 0x044, T_ESR = 0x048,
    ID_CFG = 0x100, CHIP_CFG = 0x200, USER_STATUS = 0x300, USER_CONFIG = 0x304,
    PL340_PID = 0x00041340,
};

enum { STATE_CONFIG, STATE_READY, STATE_PAUSED, STATE_LOW_POWER, STATES };
enum { COMMAND_GO, COMMAND_SLEEP, COMMAND_WAKEUP, COMMAND_PAUSE, COMMAND_CONFIGURE, COMMANDS };
/* 32 bits wide, DDR, one chip of four banks. */
enum { STATUS_HARDWARE = 1 << 2 | 1 << 4 };

#define QOS(n) { ID_CFG + 4 * (n), 0x3ff, 0 }
static const PlainRegister pl340_plain[] = {
    { MEMORY_CFG, 0x1fffff, 0x10020 }, { REFRESH_PRD, 0x7fff, 0xa60 }, { CAS_LATENCY, 0xf, 6 }, { T_DQSS, 3, 1 },
    { T_MRD, 0x7f, 2 }, { T_RAS, 0xf, 7 }, { T_RC, 0xf, 0xb }, { T_RCD, 0x3f, 0x1d }, { T_RFC, 0x3ff, 0x212 },
    { T_RP, 0x3f, 0x1d }, { T_RRD, 0xf, 2 }, { T_WR, 7, 3 }, { T_WTR, 7, 2 }, { T_XP, 0xff, 1 }, { T_XSR, 0xff, 0xa },
    { T_ESR, 0xff, 0x14 },
    QOS(0), QOS(1), QOS(2), QOS(3), QOS(4), QOS(5), QOS(6), QOS(7), QOS(8), QOS(9), QOS(10), QOS(11), QOS(12), QOS(13),
    QOS(14), QOS(15),
    { CHIP_CFG, 0x1ffff, 0xff00 }, { CHIP_CFG + 4, 0x1ffff, 0xff00 }, { CHIP_CFG + 8, 0x1ffff, 0xff00 },
    { CHIP_CFG + 12, 0x1ffff, 0xff00 },
};
enum { PL340_PLAIN = sizeof(pl340_plain) / sizeof(pl340_plain[0]) };

typedef struct PL340State {
    Device dev;                 /* its lock: everything below */
    uint32_t plain[PL340_PLAIN];
    uint32_t state;
} PL340State;

/* What a command makes of a state; -1: it is not heeded there. */
static int next_state(uint32_t state, uint32_t command)
{
    static const int8_t next[STATES][COMMANDS] = {
        [STATE_CONFIG] = { STATE_READY, -1, -1, -1, STATE_CONFIG },
        [STATE_READY] = { STATE_READY, -1, -1, STATE_PAUSED, -1 },
        [STATE_PAUSED] = { STATE_READY, STATE_LOW_POWER, -1, STATE_PAUSED, STATE_CONFIG },
        [STATE_LOW_POWER] = { -1, STATE_LOW_POWER, STATE_PAUSED, -1, -1 },
    };

    return command < COMMANDS ? next[state][command] : -1;
}

static uint32_t pl340_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL340State *s = opaque;
    const uint32_t *plain;
    uint32_t v = 0;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL340_PID, offset);
    }
    counted_lock(&s->dev.lock);
    plain = plain_register(pl340_plain, PL340_PLAIN, s->plain, offset);
    if (plain) {
        v = *plain;
    } else if (offset == MEMC_STATUS) {
        v = STATUS_HARDWARE | s->state;
    } else if (offset != USER_STATUS) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl340: bad read at 0x%x\n", offset);
    }
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl340_command(PL340State *s, uint32_t command)
{
    int next = next_state(s->state, command);

    if (next < 0) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl340: command %u in state %u\n", command, s->state);
    } else {
        s->state = (uint32_t)next;
    }
}

static void pl340_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL340State *s = opaque;
    uint32_t *plain;

    counted_lock(&s->dev.lock);
    plain = plain_register(pl340_plain, PL340_PLAIN, s->plain, offset);
    if (plain && (s->state == STATE_CONFIG || s->state == STATE_LOW_POWER)) {
        plain_register_write(pl340_plain, s->plain, plain, value);
    } else if (plain) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl340: write of 0x%x at 0x%x in state %u\n", value, offset, s->state);
    } else if (offset == MEMC_CMD) {
        pl340_command(s, value & 7);
    } else if (offset != DIRECT_CMD && offset != USER_CONFIG) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl340: bad write at 0x%x\n", offset);
    }
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl340_ops = { pl340_read, pl340_write };

static void pl340_reset(void *opaque)
{
    PL340State *s = opaque;

    counted_lock(&s->dev.lock);
    plain_registers_reset(pl340_plain, PL340_PLAIN, s->plain);
    s->state = STATE_CONFIG;
    counted_unlock(&s->dev.lock);
}

static void pl340_post_load(void *opaque)
{
    PL340State *s = opaque;

    s->state %= STATES;
}

static const DeviceField pl340_fields[] = {
    DEVICE_ARRAY(PL340State, plain), DEVICE_FIELD(PL340State, state),
    { 0 },
};

static const MMIORegister pl340_registers[] = {
    { MEMC_STATUS, "MEMC_STATUS" }, { MEMC_CMD, "MEMC_CMD" }, { DIRECT_CMD, "DIRECT_CMD" },
    { MEMORY_CFG, "MEMORY_CFG" },
    { REFRESH_PRD, "REFRESH_PRD" }, { CAS_LATENCY, "CAS_LATENCY" }, { T_DQSS, "T_DQSS" }, { T_MRD, "T_MRD" },
    { T_RAS, "T_RAS" }, { T_RC, "T_RC" }, { T_RCD, "T_RCD" }, { T_RFC, "T_RFC" }, { T_RP, "T_RP" }, { T_RRD, "T_RRD" },
    { T_WR, "T_WR" }, { T_WTR, "T_WTR" }, { T_XP, "T_XP" }, { T_XSR, "T_XSR" }, { T_ESR, "T_ESR" },
    { USER_STATUS, "USER_STATUS" }, { USER_CONFIG, "USER_CONFIG" },
    { 0 },
};

static const DeviceClass pl340_class = {
    .name = "pl340",
    .state_size = sizeof(PL340State),
    .version = 1,
    .fields = pl340_fields,
    .node = { .name = "memory-controller", .compatible = { "arm,pl340", "arm,primecell" }, .clocks = { "apb_pclk" } },
    .registers = pl340_registers,
    .reset = pl340_reset,
    .post_load = pl340_post_load,
};

void pl340_create(uint32_t base, const char *name)
{
    PL340State *s = device_new(&pl340_class, name);

    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl340_ops);
}
