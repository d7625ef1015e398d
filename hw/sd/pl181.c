/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL181 multimedia card interface (ARM DDI 0205) with no card in its slot.
 *
 * An empty slot is silent, and the host controller says so: a command that asks for no response is sent, one that asks
 * for a response times out (after 64 bit times, for which no guest waits: at once), and data that were to come time out
 * after DTIMER bit times. What was to be sent goes nowhere, for no card asked for it: it times out as well. So no
 * driver polls for ever, whether it believes the PrimeCell ID or a table of its own.
 *
 * Lock: the device's own. The lines are STATUS & MASK0 and STATUS & MASK1 at every moment.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "exec/memory.h"
#include "hw/boards.h"
#include "hw/primecell.h"
#include "hw/sd/pl181.h"
#include "qemu/lock.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    MCI_POWER = 0x00, MCI_CLOCK = 0x04, MCI_ARGUMENT = 0x08, MCI_COMMAND = 0x0c, MCI_RESPCMD = 0x10,
    MCI_RESPONSE0 = 0x14, MCI_RESPONSE3 = 0x20, MCI_DTIMER = 0x24, MCI_DLENGTH = 0x28, MCI_DCTRL = 0x2c,
    MCI_DCOUNT = 0x30, MCI_STATUS = 0x34, MCI_CLEAR = 0x38, MCI_MASK0 = 0x3c, MCI_MASK1 = 0x40, MCI_FIFOCNT = 0x48,
    MCI_FIFO = 0x80, MCI_FIFO_END = 0xc0,
    PL181_PID = 0x00041181,
};

enum { POWER_BITS = 0xff, CLOCK_DIV = 0xff, CLOCK_BYPASS = 1 << 10, CLOCK_BITS = 0xfff };
enum { COMMAND_RESPONSE = 1 << 6, COMMAND_ENABLE = 1 << 10, COMMAND_BITS = 0x7ff };
enum { DCTRL_ENABLE = 1 << 0, DCTRL_FROM_CARD = 1 << 1, DCTRL_BITS = 0xff };
enum {
    STATUS_CMD_TIMEOUT = 1 << 2, STATUS_DATA_TIMEOUT = 1 << 3, STATUS_CMD_SENT = 1 << 7, STATUS_TX_ACTIVE = 1 << 12,
    STATUS_RX_ACTIVE = 1 << 13, STATUS_TX_HALF_EMPTY = 1 << 14, STATUS_TX_EMPTY = 1 << 18, STATUS_RX_EMPTY = 1 << 19,
    STATUS_CLEARABLE = 0x7ff, STATUS_BITS = 0x3fffff,
};

typedef struct PL181State {
    CountedLock lock;           /* everything below that is not said to be constant */
    uint32_t power, clock, argument, command, dtimer, dlength, dctrl, dcount, mask[2];
    uint32_t events;            /* of STATUS: what CLEAR clears */
    int64_t data_due;           /* virtual time of the data time-out */
    bool level[2];              /* of the lines */
    uint32_t clock_hz;          /* constant, like all below */
    const IRQLine *irq[2];
    QTimer *data_timeout;
} PL181State;

/* ---- all with the lock held ---- */

static uint32_t pl181_status(const PL181State *s)
{
    uint32_t v = s->events;

    if (s->dctrl & DCTRL_ENABLE) {
        v |= s->dctrl & DCTRL_FROM_CARD ? STATUS_RX_ACTIVE | STATUS_RX_EMPTY :
                                          STATUS_TX_ACTIVE | STATUS_TX_EMPTY | STATUS_TX_HALF_EMPTY;
    }
    return v;
}

/* The only caller of irq_set(). */
static void pl181_update(PL181State *s)
{
    uint32_t status = pl181_status(s);

    for (unsigned i = 0; i < 2; i++) {
        bool level = status & s->mask[i];

        if (level != s->level[i]) {
            s->level[i] = level;
            irq_set(s->irq[i], level);
        }
    }
}

static void pl181_write_command(PL181State *s, uint32_t value)
{
    s->command = value & COMMAND_BITS & ~(uint32_t)COMMAND_ENABLE;
    if (value & COMMAND_ENABLE) {
        s->events |= value & COMMAND_RESPONSE ? STATUS_CMD_TIMEOUT : STATUS_CMD_SENT;
    }
}

/* The card clock's period. */
static int64_t pl181_bit_ns(const PL181State *s)
{
    uint32_t divide = s->clock & CLOCK_BYPASS ? 1 : 2 * ((s->clock & CLOCK_DIV) + 1);

    return (int64_t)(1000000000ull * divide / s->clock_hz);
}

static void pl181_write_dctrl(PL181State *s, uint32_t value)
{
    bool was_enabled = s->dctrl & DCTRL_ENABLE;

    s->dctrl = value & DCTRL_BITS;
    if (!(value & DCTRL_ENABLE)) {
        timer_del(s->data_timeout);
    } else if (!was_enabled) {
        s->dcount = s->dlength;
        s->data_due = clock_virtual_ns() + s->dtimer * pl181_bit_ns(s);
        timer_mod(s->data_timeout, s->data_due);
    }
}

static void pl181_data_timed_out(void *opaque)
{
    PL181State *s = opaque;

    counted_lock(&s->lock);
    /* It may have been disabled, or enabled again, since this timer was due. */
    if ((s->dctrl & DCTRL_ENABLE) && clock_virtual_ns() >= s->data_due) {
        s->dctrl &= ~(uint32_t)DCTRL_ENABLE;
        s->events |= STATUS_DATA_TIMEOUT;
    }
    pl181_update(s);
    counted_unlock(&s->lock);
}

static uint32_t pl181_read_reg(PL181State *s, uint32_t offset)
{
    switch (offset) {
    case MCI_POWER:
        return s->power;
    case MCI_CLOCK:
        return s->clock;
    case MCI_ARGUMENT:
        return s->argument;
    case MCI_COMMAND:
        return s->command;
    case MCI_DTIMER:
        return s->dtimer;
    case MCI_DLENGTH:
        return s->dlength;
    case MCI_DCTRL:
        return s->dctrl;
    case MCI_DCOUNT:
        return s->dcount;
    case MCI_STATUS:
        return pl181_status(s);
    case MCI_MASK0:
        return s->mask[0];
    case MCI_MASK1:
        return s->mask[1];
    case MCI_RESPCMD:           /* nobody ever answered */
    case MCI_RESPONSE0 ... MCI_RESPONSE3:
    case MCI_CLEAR:
    case MCI_FIFOCNT:
    case MCI_FIFO ... MCI_FIFO_END - 4:
        return 0;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl181: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void pl181_write_reg(PL181State *s, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case MCI_POWER:
        s->power = value & POWER_BITS;
        break;
    case MCI_CLOCK:
        s->clock = value & CLOCK_BITS;
        break;
    case MCI_ARGUMENT:
        s->argument = value;
        break;
    case MCI_COMMAND:
        pl181_write_command(s, value);
        break;
    case MCI_DTIMER:
        s->dtimer = value;
        break;
    case MCI_DLENGTH:
        s->dlength = value & 0xffff;
        break;
    case MCI_DCTRL:
        pl181_write_dctrl(s, value);
        break;
    case MCI_CLEAR:
        s->events &= ~(value & STATUS_CLEARABLE);
        break;
    case MCI_MASK0:
        s->mask[0] = value & STATUS_BITS;
        break;
    case MCI_MASK1:
        s->mask[1] = value & STATUS_BITS;
        break;
    case MCI_FIFO ... MCI_FIFO_END - 4:     /* for a card that is not there */
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl181: bad write at 0x%x\n", offset);
        break;
    }
}

/* ---- the guest's side ---- */

static uint32_t pl181_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL181State *s = opaque;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL181_PID, offset);
    }
    counted_lock(&s->lock);
    uint32_t v = pl181_read_reg(s, offset & ~3u);
    counted_unlock(&s->lock);
    return v >> 8 * (offset & 3);
}

static void pl181_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL181State *s = opaque;

    counted_lock(&s->lock);
    pl181_write_reg(s, offset, value);
    pl181_update(s);
    counted_unlock(&s->lock);
}

static const MMIOOps pl181_ops = { pl181_read, pl181_write };

static void pl181_reset(void *opaque)
{
    PL181State *s = opaque;

    counted_lock(&s->lock);
    s->power = s->clock = s->argument = s->command = s->dtimer = s->dlength = s->dctrl = s->dcount = s->events = 0;
    memset(s->mask, 0, sizeof(s->mask));
    timer_del(s->data_timeout);
    pl181_update(s);
    counted_unlock(&s->lock);
}

void pl181_create(uint32_t base, const char *name, uint32_t clock_hz, const IRQLine *const irq[2])
{
    PL181State *s = calloc(1, sizeof(*s));

    if (!s) {
        error_exit("out of memory");
    }
    counted_lock_init(&s->lock, name, false);
    s->clock_hz = clock_hz;
    s->irq[0] = irq[0];
    s->irq[1] = irq[1];
    s->data_timeout = timer_new_line(pl181_data_timed_out, s);
    pl181_reset(s);
    qemu_register_reset(pl181_reset, s);
    memory_add_mmio(base, 0x1000, &pl181_ops, s, name);
}
