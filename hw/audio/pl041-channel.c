/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See hw/audio/pl041-channel.h. */
#include "hw/audio/pl041-channel.h"
#include "hw/dma-request.h"
#include "qemu/log.h"

/* 1 << slot, 1 to 12, in the control registers chooses slots. */
enum {
    CR_ENABLE = 1 << 0, CR_SLOTS = 0x1ffe, CR_SIZE_SHIFT = 13, CR_COMPACT = 1 << 15, CR_FIFO = 1 << 16,
    CR_TIMEOUT_SHIFT = 17, CR_TX_MASK = 0x1ffff, CR_RX_MASK = 0x1fffffff,
    SR_RX_EMPTY = 1 << 0, SR_TX_EMPTY = 1 << 1, SR_RX_HALF = 1 << 2, SR_TX_HALF = 1 << 3, SR_RX_FULL = 1 << 4,
    SR_TX_FULL = 1 << 5, SR_OVERRUN = 1 << 8, SR_UNDERRUN = 1 << 9, SR_TIMEOUT = 1 << 10, SR_TIMEOUT_EMPTY = 1 << 11,
    INT_TX_COMPLETE = 1 << 0, INT_TIMEOUT = 1 << 1, INT_TX = 1 << 2, INT_RX = 1 << 3, INT_OVERRUN = 1 << 4,
    INT_UNDERRUN = 1 << 5, INT_TIMEOUT_EMPTY = 1 << 6, INT_MASK = 0x7f,
};
enum { SLOT_LEFT = 3, SLOT_RIGHT = 4, SLOTS = 13 };
enum { FIFO_SIZE = PL041_FIFO_SIZE, PATIENCE = 20 /* turns */, QUIET_MAX = 0xfff /* frames */ };

/* ---- FIFOs ---- */

static void fifo_put(PL041Fifo *f, uint16_t v)
{
    f->data[(f->head + f->count++) % FIFO_SIZE] = v;
}

static uint16_t fifo_get(PL041Fifo *f)
{
    uint16_t v = f->data[f->head];

    f->head = (f->head + 1) % FIFO_SIZE;
    f->count--;
    return v;
}

/* Without FIFO there is a register, of a word's samples. */
static unsigned fifo_size(uint32_t cr)
{
    return cr & CR_FIFO ? FIFO_SIZE : cr & CR_COMPACT ? 2 : 1;
}

static unsigned sample_shift(uint32_t cr)
{
    static const uint8_t bits[4] = { 16, 18, 20, 12 };

    return bits[cr >> CR_SIZE_SHIFT & 3];
}

static uint16_t to_16(uint32_t cr, uint32_t v)
{
    unsigned bits = sample_shift(cr);

    return (uint16_t)(bits > 16 ? v >> (bits - 16) : v << (16 - bits));
}

static uint32_t from_16(uint32_t cr, uint16_t v)
{
    unsigned bits = sample_shift(cr);

    return bits > 16 ? (uint32_t)v << (bits - 16) : (uint32_t)v >> (16 - bits);
}

void pl041_channel_put(PL041Channel *c, uint32_t value)
{
    unsigned samples = c->txcr & CR_COMPACT ? 2 : 1;

    if (c->tx.count + samples > fifo_size(c->txcr)) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl041: write to a full FIFO\n");
        return;
    }
    c->starved = 0;
    if (samples == 2) {
        fifo_put(&c->tx, (uint16_t)value);
        fifo_put(&c->tx, (uint16_t)(value >> 16));
    } else {
        fifo_put(&c->tx, to_16(c->txcr, value));
    }
}

uint32_t pl041_channel_get(PL041Channel *c)
{
    unsigned samples = c->rxcr & CR_COMPACT ? 2 : 1;
    uint32_t v;

    if (c->rx.count < samples) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl041: read of an empty FIFO\n");
        return 0;
    }
    c->flooded = 0;
    c->quiet = 0;
    v = fifo_get(&c->rx);
    return samples == 2 ? v | (uint32_t)fifo_get(&c->rx) << 16 : from_16(c->rxcr, (uint16_t)v);
}

void pl041_channel_drop(PL041Channel *c)
{
    c->tx.head = c->tx.count = c->rx.head = c->rx.count = 0;
    c->starved = c->flooded = 0;
    pl041_channel_restart_timeout(c);
}

static void fifo_post_load(PL041Fifo *f)
{
    f->head %= FIFO_SIZE;
    f->count = f->count > FIFO_SIZE ? FIFO_SIZE : f->count;
}

void pl041_channel_post_load(PL041Channel *c)
{
    fifo_post_load(&c->tx);
    fifo_post_load(&c->rx);
}

/* Does the receiver wait in vain, for longer than RXCR allows (in frames; 0: for as long as it likes)? */
static bool timed_out(const PL041Channel *c)
{
    const uint32_t frames = c->rxcr >> CR_TIMEOUT_SHIFT;

    return (c->rxcr & CR_ENABLE) && frames && c->quiet >= frames;
}

void pl041_channel_restart_timeout(PL041Channel *c)
{
    c->quiet = 0;
    c->timed_out_empty = false;
}

void pl041_channel_quiet(PL041Channel *c, unsigned frames)
{
    c->quiet = c->quiet + frames > QUIET_MAX ? QUIET_MAX : c->quiet + frames;
    c->timed_out_empty |= timed_out(c) && !c->rx.count;
}

/* ---- registers ---- */

static uint32_t channel_status(const PL041Channel *c)
{
    unsigned tx_size = fifo_size(c->txcr), rx_size = fifo_size(c->rxcr);

    return (c->rx.count ? 0 : SR_RX_EMPTY) | (c->tx.count ? 0 : SR_TX_EMPTY) |
           (c->rx.count * 2 >= rx_size ? SR_RX_HALF : 0) | (c->tx.count * 2 <= tx_size ? SR_TX_HALF : 0) |
           (c->rx.count >= rx_size ? SR_RX_FULL : 0) | (c->tx.count >= tx_size ? SR_TX_FULL : 0) |
           (c->overrun ? SR_OVERRUN : 0) | (c->underrun ? SR_UNDERRUN : 0) |
           (timed_out(c) && c->rx.count ? SR_TIMEOUT : 0) | (c->timed_out_empty ? SR_TIMEOUT_EMPTY : 0);
}

uint32_t pl041_channel_ints(const PL041Channel *c)
{
    uint32_t status = channel_status(c);
    bool tx = c->txcr & CR_ENABLE;

    return c->ie & ((tx && (status & SR_TX_EMPTY) ? INT_TX_COMPLETE : 0) | (tx && (status & SR_TX_HALF) ? INT_TX : 0) |
                    (status & SR_RX_HALF ? INT_RX : 0) | (c->overrun ? INT_OVERRUN : 0) |
                    (c->underrun ? INT_UNDERRUN : 0) | (status & SR_TIMEOUT ? INT_TIMEOUT : 0) |
                    (status & SR_TIMEOUT_EMPTY ? INT_TIMEOUT_EMPTY : 0));
}

uint32_t pl041_channel_dma(const PL041Channel *c)
{
    uint32_t status = channel_status(c);
    bool tx = (c->txcr & CR_ENABLE) && (status & SR_TX_HALF), rx = c->rxcr & CR_ENABLE;

    return (tx ? 1u << DMA_TX_BURST : 0) | (rx && (status & SR_RX_HALF) ? 1u << DMA_RX_BURST : 0) |
           (rx && !(status & SR_RX_EMPTY) ? 1u << DMA_RX_SINGLE : 0);
}

uint32_t pl041_channel_read(const PL041Channel *c, uint32_t offset)
{
    switch (offset) {
    case CH_RXCR:
        return c->rxcr;
    case CH_TXCR:
        return c->txcr;
    case CH_SR:
        return channel_status(c);
    case CH_ISR:
        return pl041_channel_ints(c);
    default:
        return c->ie;
    }
}

void pl041_channel_write(PL041Channel *c, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case CH_RXCR:
        c->rxcr = value & CR_RX_MASK;
        c->flooded = 0;
        pl041_channel_restart_timeout(c);
        break;
    case CH_TXCR:
        c->txcr = value & CR_TX_MASK;
        c->starved = 0;
        break;
    case CH_IE:
        c->ie = value & INT_MASK;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl041: write to a status register\n");
        break;
    }
}

/* ---- sound ---- */

bool pl041_channel_plays(const PL041Channel *c)
{
    return (c->txcr & CR_ENABLE) && (c->txcr & CR_SLOTS);
}

bool pl041_channel_records(const PL041Channel *c)
{
    return (c->rxcr & CR_ENABLE) && (c->rxcr & CR_SLOTS);
}

static unsigned num_slots(uint32_t cr)
{
    return (unsigned)__builtin_popcount(cr & CR_SLOTS);
}

unsigned pl041_channel_play(PL041Channel *c, int16_t *mix, unsigned n)
{
    unsigned slots = num_slots(c->txcr), have = c->tx.count / slots;

    c->starved = have ? 0 : c->starved + (c->starved < PATIENCE);
    c->underrun |= c->starved == PATIENCE;
    n = have < n ? have : n;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned slot = 1; slot < SLOTS; slot++) {
            uint16_t v = c->txcr & 1u << slot ? fifo_get(&c->tx) : 0;

            if (slot == SLOT_LEFT || slot == SLOT_RIGHT) {
                int16_t *to = &mix[2 * i + (slot == SLOT_RIGHT)];
                int sum = *to + (int16_t)v;

                *to = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
            }
        }
    }
    return n;
}

uint32_t pl041_channel_hears(const PL041Channel *c, uint32_t slots)
{
    return c->rxcr & CR_SLOTS & slots;
}

uint32_t pl041_channel_sends(const PL041Channel *c)
{
    return c->txcr & CR_SLOTS;
}

unsigned pl041_channel_room(const PL041Channel *c, uint32_t slots)
{
    unsigned size = fifo_size(c->rxcr);

    return size > c->rx.count ? (size - c->rx.count) / num_slots(pl041_channel_hears(c, slots)) : 0;
}

void pl041_channel_record(PL041Channel *c, uint32_t slots, const int16_t *frames, unsigned n)
{
    const uint32_t heard = pl041_channel_hears(c, slots);
    unsigned room = pl041_channel_room(c, slots);

    c->flooded = room ? 0 : c->flooded + (c->flooded < PATIENCE);
    c->overrun |= c->flooded == PATIENCE;
    c->quiet = 0;
    n = room < n ? room : n;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned slot = 1; slot < SLOTS; slot++) {
            if (heard & 1u << slot) {
                fifo_put(&c->rx, slot == SLOT_LEFT ? (uint16_t)frames[2 * i] :
                                 slot == SLOT_RIGHT ? (uint16_t)frames[2 * i + 1] : 0);
            }
        }
    }
}
