/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL022 synchronous serial port (ARM DDI 0194) with nothing on its bus: a master reads ones, or what it sends if it is
 * looped back; a slave is never clocked. Drivers wait for room, then for a word for each that they sent, for ever; here
 * each word is through as soon as it is written. But where the DMA controller takes what comes, which is faster than
 * any clock of the line, words wait for room: none is lost, whichever of its channels has a turn first.
 *
 * Lock: the device's own. The line is RIS & IMSC at every moment.
 */
#include <stdbool.h>
#include <string.h>
#include "hw/device.h"
#include "hw/primecell.h"
#include "hw/ssi/pl022.h"
#include "qemu/log.h"

enum {
    SSP_CR0 = 0x00, SSP_CR1 = 0x04, SSP_DR = 0x08, SSP_SR = 0x0c, SSP_CPSR = 0x10, SSP_IMSC = 0x14, SSP_RIS = 0x18,
    SSP_MIS = 0x1c, SSP_ICR = 0x20, SSP_DMACR = 0x24,
    PL022_PID = 0x00041022,
};

enum { CR0_SIZE = 0xf, CR1_LOOPBACK = 1 << 0, CR1_ENABLE = 1 << 1, CR1_SLAVE = 1 << 2 };
enum { SR_TX_EMPTY = 1 << 0, SR_TX_ROOM = 1 << 1, SR_RX_DATA = 1 << 2, SR_RX_FULL = 1 << 3, SR_BUSY = 1 << 4 };
enum { INT_OVERRUN = 1 << 0, INT_TIMEOUT = 1 << 1, INT_RX = 1 << 2, INT_TX = 1 << 3, INT_CLEARABLE = 3 };
enum { FIFO_SIZE = 8, FIFO_HALF = 4, DMACR_RX = 1 << 0, DMACR_TX = 1 << 1 };

typedef struct PL022State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t cr0, cr1, cpsr, imsc, dmacr;
    uint32_t events;            /* of RIS: what ICR clears */
    uint16_t tx[FIFO_SIZE];     /* written while the port was off, a slave, or had no room for what comes back */
    uint16_t rx[FIFO_SIZE];
    unsigned tx_count, rx_count, rx_head;
    bool level;                 /* of the line */
    const IRQLine *irq;         /* constant */
    DmaRequests *dma;           /* constant; NULL: none */
} PL022State;

/* ---- all with the lock held ---- */

static uint32_t pl022_raw_status(const PL022State *s)
{
    return s->events | (s->rx_count >= FIFO_HALF ? INT_RX : 0) | (s->tx_count <= FIFO_HALF ? INT_TX : 0);
}

static uint32_t pl022_dma_level(const PL022State *s)
{
    uint32_t rx = (s->rx_count >= FIFO_HALF) << DMA_RX_BURST | (s->rx_count > 0) << DMA_RX_SINGLE;
    uint32_t tx = (s->tx_count <= FIFO_HALF) << DMA_TX_BURST | (s->tx_count < FIFO_SIZE) << DMA_TX_SINGLE;

    return (s->dmacr & DMACR_RX ? rx : 0) | (s->dmacr & DMACR_TX ? tx : 0);
}

/* The only caller of irq_set(). */
static void pl022_update(PL022State *s)
{
    bool level = pl022_raw_status(s) & s->imsc;

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
    dma_requests_set(s->dma, pl022_dma_level(s));
}

static void pl022_receive(PL022State *s, uint16_t word)
{
    if (s->rx_count == FIFO_SIZE) {
        s->events |= INT_OVERRUN;
        return;
    }
    s->rx[(s->rx_head + s->rx_count++) % FIFO_SIZE] = word;
    s->events |= INT_TIMEOUT;   /* nothing more will come by itself */
}

/* Send what waits, if there is a clock to send it by. */
static void pl022_shift(PL022State *s)
{
    uint16_t mask = (uint16_t)((2u << (s->cr0 & CR0_SIZE)) - 1);
    unsigned sent = 0;

    if ((s->cr1 & (CR1_ENABLE | CR1_SLAVE)) != CR1_ENABLE) {
        return;
    }
    for (; sent < s->tx_count && !(s->dmacr & DMACR_RX && s->rx_count == FIFO_SIZE); sent++) {
        pl022_receive(s, s->cr1 & CR1_LOOPBACK ? s->tx[sent] & mask : mask);
    }
    s->tx_count -= sent;
    memmove(s->tx, s->tx + sent, s->tx_count * sizeof(s->tx[0]));
}

static uint32_t pl022_read_dr(PL022State *s)
{
    uint32_t v;

    if (!s->rx_count) {
        return 0;
    }
    v = s->rx[s->rx_head];
    s->rx_head = (s->rx_head + 1) % FIFO_SIZE;
    if (!--s->rx_count) {
        s->events &= ~(uint32_t)INT_TIMEOUT;
    }
    return v;
}

static uint32_t pl022_read_reg(PL022State *s, uint32_t offset)
{
    switch (offset) {
    case SSP_CR0:
        return s->cr0;
    case SSP_CR1:
        return s->cr1;
    case SSP_DR:
        return pl022_read_dr(s);
    case SSP_SR:
        return (s->tx_count ? SR_BUSY : SR_TX_EMPTY) | (s->tx_count < FIFO_SIZE ? SR_TX_ROOM : 0) |
               (s->rx_count ? SR_RX_DATA : 0) | (s->rx_count == FIFO_SIZE ? SR_RX_FULL : 0);
    case SSP_CPSR:
        return s->cpsr;
    case SSP_IMSC:
        return s->imsc;
    case SSP_RIS:
        return pl022_raw_status(s);
    case SSP_MIS:
        return pl022_raw_status(s) & s->imsc;
    case SSP_ICR:
        return 0;
    case SSP_DMACR:
        return s->dmacr;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl022: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void pl022_write_reg(PL022State *s, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case SSP_CR0:
        s->cr0 = value & 0xffff;
        break;
    case SSP_CR1:
        s->cr1 = value & 0xf;
        break;
    case SSP_DR:
        if (s->tx_count == FIFO_SIZE) {
            qemu_log_mask(LOG_GUEST_ERROR, "pl022: write to a full transmit FIFO\n");
        } else {
            s->tx[s->tx_count++] = (uint16_t)value;
        }
        break;
    case SSP_CPSR:
        s->cpsr = value & 0xfe;
        break;
    case SSP_IMSC:
        s->imsc = value & 0xf;
        break;
    case SSP_ICR:
        s->events &= ~(value & INT_CLEARABLE);
        break;
    case SSP_DMACR:
        s->dmacr = value & 3;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl022: bad write at 0x%x\n", offset);
        break;
    }
}

/* ---- the guest's side ---- */

static uint32_t pl022_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL022State *s = opaque;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL022_PID, offset);
    }
    counted_lock(&s->dev.lock);
    uint32_t v = pl022_read_reg(s, offset);
    pl022_shift(s);
    pl022_update(s);
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl022_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL022State *s = opaque;

    counted_lock(&s->dev.lock);
    pl022_write_reg(s, offset, value);
    pl022_shift(s);
    pl022_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl022_ops = { pl022_read, pl022_write };

static void pl022_reset(void *opaque)
{
    PL022State *s = opaque;

    counted_lock(&s->dev.lock);
    s->cr0 = s->cr1 = s->cpsr = s->imsc = s->dmacr = s->events = 0;
    s->tx_count = s->rx_count = s->rx_head = 0;
    pl022_update(s);
    counted_unlock(&s->dev.lock);
}

static void pl022_post_load(void *opaque)
{
    PL022State *s = opaque;

    counted_lock(&s->dev.lock);
    s->tx_count = s->tx_count > FIFO_SIZE ? FIFO_SIZE : s->tx_count;
    s->rx_count = s->rx_count > FIFO_SIZE ? FIFO_SIZE : s->rx_count;
    s->rx_head %= FIFO_SIZE;
    pl022_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl022_fields[] = {
    DEVICE_FIELD(PL022State, cr0), DEVICE_FIELD(PL022State, cr1), DEVICE_FIELD(PL022State, cpsr),
    DEVICE_FIELD(PL022State, imsc), DEVICE_FIELD(PL022State, dmacr), DEVICE_FIELD(PL022State, events),
    DEVICE_FIELD(PL022State, tx_count), DEVICE_FIELD(PL022State, rx_count), DEVICE_FIELD(PL022State, rx_head),
    DEVICE_ARRAY(PL022State, tx), DEVICE_ARRAY(PL022State, rx),
    { 0 },
};

static const MMIORegister pl022_registers[] = {
    { SSP_CR0, "CR0" }, { SSP_CR1, "CR1" }, { SSP_DR, "DR" }, { SSP_SR, "SR" }, { SSP_CPSR, "CPSR" },
    { SSP_IMSC, "IMSC" }, { SSP_RIS, "RIS" }, { SSP_MIS, "MIS" }, { SSP_ICR, "ICR" }, { SSP_DMACR, "DMACR" },
    { 0 },
};

static const DeviceClass pl022_class = {
    .name = "pl022",
    .state_size = sizeof(PL022State),
    .version = 1,
    .fields = pl022_fields,
    .node = { .name = "spi", .compatible = { "arm,pl022", "arm,primecell" }, .clocks = { "sspclk", "apb_pclk" } },
    .registers = pl022_registers,
    .reset = pl022_reset,
    .post_load = pl022_post_load,
};

void pl022_create(uint32_t base, const char *name, const IRQLine *irq, DmaRequests *dma)
{
    PL022State *s = device_new(&pl022_class, name);

    s->irq = irq;
    s->dma = dma;
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl022_ops);
}
