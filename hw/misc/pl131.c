/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL131 smart card interface (ARM DDI 0228) with an empty slot. A card is never in, so it is never activated, and what
 * is written to it stays in the transmit FIFO. Lock: the device's own.
 */
#include <stdbool.h>
#include "hw/device.h"
#include "hw/misc/pl131.h"
#include "hw/plain-register.h"
#include "hw/primecell.h"
#include "qemu/log.h"

enum {
    SCI_DATA = 0x000, SCI_CR0 = 0x004, SCI_CR1 = 0x008, SCI_CR2 = 0x00c, SCI_CLKICC = 0x010, SCI_VALUE = 0x014,
    SCI_BAUD = 0x018, SCI_TIDE = 0x01c, SCI_DMACR = 0x020, SCI_STABLE = 0x024, SCI_ATIME = 0x028, SCI_DTIME = 0x02c,
    SCI_ATRSTIME = 0x030, SCI_ATRDTIME = 0x034, SCI_STOPTIME = 0x038, SCI_STARTTIME = 0x03c, SCI_RETRY = 0x040,
    SCI_CHTIMELS = 0x044, SCI_CHTIMEMS = 0x048, SCI_BLKTIMELS = 0x04c, SCI_BLKTIMEMS = 0x050, SCI_CHGUARD = 0x054,
    SCI_BLKGUARD = 0x058, SCI_RXTIME = 0x05c, SCI_FIFOSTATUS = 0x060, SCI_TXCOUNT = 0x064, SCI_RXCOUNT = 0x068,
    SCI_IMSC = 0x06c, SCI_RIS = 0x070, SCI_MIS = 0x074, SCI_ICR = 0x078, SCI_SYNCACT = 0x07c, SCI_SYNCTX = 0x080,
    SCI_SYNCRX = 0x084,
    PL131_PID = 0x00041131,
};

enum { FIFO_SIZE = 8, STATUS_TX_FULL = 1 << 0, STATUS_TX_EMPTY = 1 << 1, STATUS_RX_EMPTY = 1 << 3 };
enum { INT_TX_TIDE = 1 << 14, INT_MASK = 0x7fff, TIDE_TX = 0xf };

static const PlainRegister pl131_plain[] = {
    { SCI_CR0, 0xff, 0 }, { SCI_CR1, 0xff, 0 }, { SCI_CLKICC, 0xff, 0 }, { SCI_VALUE, 0xff, 0 },
    { SCI_BAUD, 0xffff, 0 },
    { SCI_TIDE, 0xff, 0 }, { SCI_DMACR, 3, 0 }, { SCI_STABLE, 0x3ff, 0 }, { SCI_ATIME, 0xffff, 0 },
    { SCI_DTIME, 0xffff, 0 }, { SCI_ATRSTIME, 0xffff, 0 }, { SCI_ATRDTIME, 0xffff, 0 }, { SCI_STOPTIME, 0xfff, 0 },
    { SCI_STARTTIME, 0xfff, 0 }, { SCI_RETRY, 0x3f, 0 }, { SCI_CHTIMELS, 0xffff, 0 }, { SCI_CHTIMEMS, 0xffff, 0 },
    { SCI_BLKTIMELS, 0xffff, 0 }, { SCI_BLKTIMEMS, 0xffff, 0 }, { SCI_CHGUARD, 0xff, 0 }, { SCI_BLKGUARD, 0xff, 0 },
    { SCI_RXTIME, 0xffff, 0 }, { SCI_IMSC, INT_MASK, 0 }, { SCI_SYNCTX, 0x3f, 0 },
};
enum { PL131_PLAIN = sizeof(pl131_plain) / sizeof(pl131_plain[0]) };

typedef struct PL131State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t plain[PL131_PLAIN];
    uint32_t tx_count;
    bool level;                 /* of the line */
    const IRQLine *irq;         /* constant */
} PL131State;

/* ---- all with the lock held ---- */

static uint32_t plain_value(PL131State *s, uint32_t offset)
{
    return *plain_register(pl131_plain, PL131_PLAIN, s->plain, offset);
}

/* Room in the transmit FIFO: the one thing that an empty slot has to say. */
static uint32_t pl131_raw(PL131State *s)
{
    return s->tx_count <= (plain_value(s, SCI_TIDE) & TIDE_TX) ? INT_TX_TIDE : 0;
}

/* The only caller of irq_set(). */
static void pl131_update(PL131State *s)
{
    bool level = pl131_raw(s) & plain_value(s, SCI_IMSC);

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

static uint32_t pl131_read_reg(PL131State *s, uint32_t offset)
{
    const uint32_t *plain = plain_register(pl131_plain, PL131_PLAIN, s->plain, offset);

    if (plain) {
        return *plain;
    }
    switch (offset) {
    case SCI_FIFOSTATUS:
        return STATUS_RX_EMPTY | (s->tx_count ? 0 : STATUS_TX_EMPTY) | (s->tx_count == FIFO_SIZE ? STATUS_TX_FULL : 0);
    case SCI_TXCOUNT:
        return s->tx_count;
    case SCI_RIS:
        return pl131_raw(s);
    case SCI_MIS:
        return pl131_raw(s) & plain_value(s, SCI_IMSC);
    case SCI_DATA:
    case SCI_CR2:
    case SCI_RXCOUNT:
    case SCI_ICR:
    case SCI_SYNCACT:           /* no card is in, power and clock are off */
    case SCI_SYNCRX:
        return 0;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl131: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void pl131_write_reg(PL131State *s, uint32_t offset, uint32_t value)
{
    uint32_t *plain = plain_register(pl131_plain, PL131_PLAIN, s->plain, offset);

    if (plain) {
        plain_register_write(pl131_plain, s->plain, plain, value);
        return;
    }
    switch (offset) {
    case SCI_DATA:
        s->tx_count += s->tx_count < FIFO_SIZE;
        break;
    case SCI_TXCOUNT:           /* by any value: empty the FIFO */
        s->tx_count = 0;
        break;
    case SCI_CR2:               /* start, end, warm reset: of no card */
    case SCI_RXCOUNT:
    case SCI_ICR:
    case SCI_SYNCACT:
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl131: bad write at 0x%x\n", offset);
        break;
    }
}

/* ---- outside ---- */

static uint32_t pl131_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL131State *s = opaque;
    uint32_t v;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL131_PID, offset);
    }
    counted_lock(&s->dev.lock);
    v = pl131_read_reg(s, offset);
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl131_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL131State *s = opaque;

    counted_lock(&s->dev.lock);
    pl131_write_reg(s, offset, value);
    pl131_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl131_ops = { pl131_read, pl131_write };

static void pl131_reset(void *opaque)
{
    PL131State *s = opaque;

    counted_lock(&s->dev.lock);
    plain_registers_reset(pl131_plain, PL131_PLAIN, s->plain);
    s->tx_count = 0;
    pl131_update(s);
    counted_unlock(&s->dev.lock);
}

static void pl131_post_load(void *opaque)
{
    PL131State *s = opaque;

    counted_lock(&s->dev.lock);
    s->tx_count = s->tx_count > FIFO_SIZE ? FIFO_SIZE : s->tx_count;
    pl131_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl131_fields[] = {
    DEVICE_ARRAY(PL131State, plain), DEVICE_FIELD(PL131State, tx_count),
    { 0 },
};

static const MMIORegister pl131_registers[] = {
    { SCI_DATA, "DATA" }, { SCI_CR0, "CR0" }, { SCI_CR1, "CR1" }, { SCI_CR2, "CR2" }, { SCI_TIDE, "TIDE" },
    { SCI_FIFOSTATUS, "FIFOSTATUS" }, { SCI_TXCOUNT, "TXCOUNT" }, { SCI_RXCOUNT, "RXCOUNT" }, { SCI_IMSC, "IMSC" },
    { SCI_RIS, "RIS" }, { SCI_MIS, "MIS" }, { SCI_ICR, "ICR" }, { SCI_SYNCACT, "SYNCACT" },
    { 0 },
};

static const DeviceClass pl131_class = {
    .name = "pl131",
    .state_size = sizeof(PL131State),
    .version = 1,
    .fields = pl131_fields,
    .node = { .name = "smartcard", .compatible = { "arm,pl131", "arm,primecell" }, .clocks = { "apb_pclk" } },
    .registers = pl131_registers,
    .reset = pl131_reset,
    .post_load = pl131_post_load,
};

void pl131_create(uint32_t base, const char *name, const IRQLine *irq)
{
    PL131State *s = device_new(&pl131_class, name);

    s->irq = irq;
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl131_ops);
}
