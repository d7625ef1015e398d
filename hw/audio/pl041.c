/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL041 audio codec interface (ARM DDI 0173): four channels (pl041-channel.c), each with a FIFO to send and one to
 * receive, slot registers through which the codec's registers are reached, interrupts.
 *
 * While a channel is enabled for slots, a timer on the I/O thread moves, every millisecond, as many frames as the
 * codec's rate makes of the time since the last one. A FIFO that the guest had no time to serve, because the host had
 * none, is not run over: sound gets longer then, and loses nothing. Only a FIFO that stays empty, or full, for some
 * turns is an underrun or overrun. Slot registers are sent at once.
 *
 * Lock: the device's own; not held while sound goes to the host.
 */
#include <string.h>
#include "hw/audio/lm4549.h"
#include "hw/audio/pl041.h"
#include "hw/audio/pl041-channel.h"
#include "hw/device.h"
#include "hw/primecell.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    CHANNELS = 4, CHANNEL_STRIDE = 0x14, CHANNELS_END = CHANNELS * CHANNEL_STRIDE,
    AACI_SL1RX = 0x50, AACI_SL1TX = 0x54, AACI_SL2RX = 0x58, AACI_SL2TX = 0x5c, AACI_SL12RX = 0x60, AACI_SL12TX = 0x64,
    AACI_SLFR = 0x68, AACI_SLISTAT = 0x6c, AACI_SLIEN = 0x70, AACI_INTCLR = 0x74, AACI_MAINCR = 0x78, AACI_RESET = 0x7c,
    AACI_SYNC = 0x80, AACI_ALLINTS = 0x84, AACI_MAINFR = 0x88, AACI_DATA = 0x90, DATA_STRIDE = 0x20,
    DATA_END = AACI_DATA + CHANNELS * DATA_STRIDE,
};
#define PL041_PID 0x29041041u

enum {
    MAIN_ENABLE = 1 << 0, MAIN_LOOPBACK = 1 << 1, MAIN_SL1TX = 1 << 4, MAIN_SL2TX = 1 << 6, MAIN_DMA = 1 << 9,
    MAIN_MASK = 0xfff, RESET_NOT = 1 << 0,
};
enum {
    SLFR_1RX = 1 << 6, SLFR_1TX_EMPTY = 1 << 7, SLFR_2RX = 1 << 8, SLFR_2TX_EMPTY = 1 << 9, SLFR_12TX_EMPTY = 1 << 11,
};
enum { CLEAR_OVERRUN_SHIFT = 1, CLEAR_UNDERRUN_SHIFT = 5, CLEAR_TIMEOUT_SHIFT = 9, LINK_HZ = 48000 };
enum { SL1_READ = 1 << 19, SL1_REGISTER_SHIFT = 12, SL2_SHIFT = 4 };
enum { TURN_NS = 1000 * 1000, MAX_LAG_NS = 100 * 1000 * 1000 };

typedef struct PL041State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    PL041Channel ch[CHANNELS];
    LM4549 codec;
    uint32_t sl1rx, sl2rx, sl2tx, sl12tx, received; /* received: SLFR_1RX, SLFR_2RX */
    uint32_t slien, maincr, reset, sync;
    int64_t play_ns, record_ns; /* up to when frames were moved; virtual time */
    int64_t link_ns;            /* up to when frames of the link were looked at for time-outs */
    bool running;               /* the timer is armed */
    bool level;                 /* of the line */
    AudioDev *audio;            /* constant, as the rest */
    QTimer *timer;
    const IRQLine *irq;
    DmaRequests *dma;           /* NULL: none */
} PL041State;

/* ---- lines; all with the lock held ---- */

static uint32_t all_ints(const PL041State *s)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < CHANNELS; i++) {
        v |= pl041_channel_ints(&s->ch[i]) << PL041_INTS_PER_CHANNEL * i;
    }
    return v;
}

static bool plays(const PL041State *s, unsigned n)
{
    return (s->maincr & MAIN_ENABLE) && pl041_channel_plays(&s->ch[n]);
}

static bool records(const PL041State *s, unsigned n)
{
    return (s->maincr & MAIN_ENABLE) && pl041_channel_records(&s->ch[n]);
}

/* Requests for DMA, which the first channel can make. */
static uint32_t dma_level(const PL041State *s)
{
    return (s->maincr & MAIN_DMA) && (s->maincr & MAIN_ENABLE) ? pl041_channel_dma(&s->ch[0]) : 0;
}

/* Lines and timer. The only caller of irq_set(). */
static void pl041_update(PL041State *s)
{
    bool level = all_ints(s), run = false;

    for (unsigned i = 0; i < CHANNELS; i++) {
        run |= plays(s, i) || records(s, i);
    }
    if (run != s->running) {
        s->running = run;
        if (run) {
            s->play_ns = s->record_ns = s->link_ns = clock_virtual_ns();
            timer_mod(s->timer, s->play_ns + TURN_NS);
        } else {
            timer_del(s->timer);
        }
    }
    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
    dma_requests_set(s->dma, dma_level(s));
}

/* ---- sound ---- */

/* How many frames are due; the time goes on by them. Lock held. */
static unsigned frames_due(int64_t *at, int64_t now, uint32_t hz)
{
    uint64_t frames;

    if (now - *at > MAX_LAG_NS || now < *at) {
        *at = now - TURN_NS;
    }
    frames = (uint64_t)(now - *at) * hz / 1000000000;
    frames = frames > PL041_FIFO_SIZE ? PL041_FIFO_SIZE : frames;
    *at += (int64_t)(frames * 1000000000 / hz);
    return (unsigned)frames;
}

/* Does the channel record, and is any of these slots for it? Lock held. */
static bool hears(const PL041State *s, unsigned n, uint32_t slots)
{
    return records(s, n) && pl041_channel_hears(&s->ch[n], slots);
}

/* Slots that all channels that play send. Lock held. */
static uint32_t sent_slots(const PL041State *s)
{
    uint32_t slots = 0;

    for (unsigned i = 0; i < CHANNELS; i++) {
        slots |= plays(s, i) ? pl041_channel_sends(&s->ch[i]) : 0;
    }
    return slots;
}

/* How many frames every channel that hears these slots has room for, of n; 0 if none does. Lock held. */
static unsigned record_room(const PL041State *s, uint32_t slots, unsigned n)
{
    bool any = false;

    for (unsigned i = 0; i < CHANNELS; i++) {
        if (hears(s, i, slots)) {
            unsigned room = pl041_channel_room(&s->ch[i], slots);

            n = room < n ? room : n;
            any = true;
        }
    }
    return any ? n : 0;
}

/* Take from all channels that play; returns the number of frames. Lock held. */
static unsigned play_turn(PL041State *s, int16_t *mix, unsigned due)
{
    unsigned most = 0;

    memset(mix, 0, due * 2 * sizeof(*mix));
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (plays(s, i)) {
            unsigned n = pl041_channel_play(&s->ch[i], mix, due);

            most = n > most ? n : most;
        }
    }
    return most;
}

/* n frames with these slots have come; so many frames of the link have passed. Lock held. */
static void record_turn(PL041State *s, uint32_t slots, const int16_t *frames, unsigned n, unsigned passed)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (hears(s, i, slots)) {
            pl041_channel_record(&s->ch[i], slots, frames, n);
        } else if (records(s, i)) {
            pl041_channel_quiet(&s->ch[i], passed);
        }
    }
}

/* I/O thread. */
static void pl041_turn(void *opaque)
{
    PL041State *s = opaque;
    int16_t played[PL041_FIFO_SIZE * 2], recorded[PL041_FIFO_SIZE * 2];
    unsigned n, room, passed;
    uint32_t play_hz, record_hz, slots;
    int64_t now;
    bool loop;

    counted_lock(&s->dev.lock);
    now = clock_virtual_ns();
    play_hz = lm4549_play_hz(&s->codec);
    record_hz = lm4549_record_hz(&s->codec);
    loop = s->maincr & MAIN_LOOPBACK;
    n = play_turn(s, played, frames_due(&s->play_ns, now, play_hz));
    slots = lm4549_sends(&s->codec);
    room = record_room(s, slots, frames_due(&s->record_ns, now, record_hz));
    passed = frames_due(&s->link_ns, now, LINK_HZ);
    if (loop) {                         /* what is sent is received, and reaches no codec */
        record_turn(s, n ? sent_slots(s) : 0, played, n, passed);
    } else {
        lm4549_volume(&s->codec, played, n);
    }
    counted_unlock(&s->dev.lock);

    if (!loop) {
        audio_write(s->audio, played, n, play_hz);
        audio_read(s->audio, recorded, room, record_hz);
    }

    counted_lock(&s->dev.lock);
    if (!loop) {
        record_turn(s, slots, recorded, room, passed);
    }
    if (s->running) {
        timer_mod(s->timer, now + TURN_NS);
    }
    pl041_update(s);
    counted_unlock(&s->dev.lock);
}

/* ---- registers; all with the lock held ---- */

/* A frame with slot 1, and slot 2 if it writes, goes to the codec, and its answer is there. */
static void send_slots(PL041State *s, uint32_t sl1)
{
    unsigned reg = sl1 >> SL1_REGISTER_SHIFT & 0x7e;

    if (!(s->maincr & MAIN_ENABLE) || !(s->maincr & MAIN_SL1TX) || !(s->reset & RESET_NOT)) {
        return;
    }
    if (sl1 & SL1_READ) {
        s->sl1rx = reg << SL1_REGISTER_SHIFT;
        s->sl2rx = (uint32_t)lm4549_read(&s->codec, reg) << SL2_SHIFT;
        s->received = SLFR_1RX | SLFR_2RX;
    } else if (s->maincr & MAIN_SL2TX) {
        lm4549_write(&s->codec, reg, (uint16_t)(s->sl2tx >> SL2_SHIFT));
    }
}

static uint32_t pl041_read_reg(PL041State *s, uint32_t offset)
{
    if (offset < CHANNELS_END) {
        return pl041_channel_read(&s->ch[offset / CHANNEL_STRIDE], offset % CHANNEL_STRIDE);
    }
    if (offset >= AACI_DATA && offset < DATA_END) {
        return pl041_channel_get(&s->ch[(offset - AACI_DATA) / DATA_STRIDE]);
    }
    switch (offset) {
    case AACI_SL1RX:
        s->received &= ~(uint32_t)SLFR_1RX;
        return s->sl1rx;
    case AACI_SL2RX:
        s->received &= ~(uint32_t)SLFR_2RX;
        return s->sl2rx;
    case AACI_SL2TX:
        return s->sl2tx;
    case AACI_SL12TX:
        return s->sl12tx;
    case AACI_SLFR:
        return SLFR_12TX_EMPTY | SLFR_2TX_EMPTY | SLFR_1TX_EMPTY | s->received;
    case AACI_SLIEN:
        return s->slien;
    case AACI_MAINCR:
        return s->maincr;
    case AACI_RESET:
        return s->reset;
    case AACI_SYNC:
        return s->sync;
    case AACI_ALLINTS:
        return all_ints(s);
    case AACI_SL1TX:
    case AACI_SL12RX:
    case AACI_SLISTAT:
    case AACI_INTCLR:
    case AACI_MAINFR:
        return 0;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl041: bad read at 0x%x\n", offset);
        return 0;
    }
}

/* The interface is off: what it had is lost. */
static void drop_fifos(PL041State *s)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        pl041_channel_drop(&s->ch[i]);
    }
    s->received = 0;
}

static void clear_ints(PL041State *s, uint32_t value)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        s->ch[i].overrun &= !(value >> (CLEAR_OVERRUN_SHIFT + i) & 1);
        s->ch[i].underrun &= !(value >> (CLEAR_UNDERRUN_SHIFT + i) & 1);
        if (value >> (CLEAR_TIMEOUT_SHIFT + i) & 1) {
            pl041_channel_restart_timeout(&s->ch[i]);
        }
    }
}

static void pl041_write_reg(PL041State *s, uint32_t offset, uint32_t value)
{
    if (offset < CHANNELS_END) {
        pl041_channel_write(&s->ch[offset / CHANNEL_STRIDE], offset % CHANNEL_STRIDE, value);
        return;
    }
    if (offset >= AACI_DATA && offset < DATA_END) {
        pl041_channel_put(&s->ch[(offset - AACI_DATA) / DATA_STRIDE], value);
        return;
    }
    switch (offset) {
    case AACI_SL1TX:
        send_slots(s, value);
        break;
    case AACI_SL2TX:
        s->sl2tx = value & 0xfffff;
        break;
    case AACI_SL12TX:
        s->sl12tx = value & 0xfffff;
        break;
    case AACI_SLIEN:
        s->slien = value & 0xff;
        break;
    case AACI_INTCLR:
        clear_ints(s, value);
        break;
    case AACI_MAINCR:
        s->maincr = value & MAIN_MASK;
        if (!(value & MAIN_ENABLE)) {
            drop_fifos(s);
        }
        break;
    case AACI_RESET:
        s->reset = value & RESET_NOT;
        if (!s->reset) {
            lm4549_reset(&s->codec);
        }
        break;
    case AACI_SYNC:
        s->sync = value & 1;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl041: bad write at 0x%x\n", offset);
        break;
    }
}

/* ---- outside ---- */

static uint32_t pl041_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL041State *s = opaque;
    uint32_t v;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL041_PID, offset);
    }
    if (offset & 3) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl041: bad read at 0x%x\n", offset);
        return 0;
    }
    counted_lock(&s->dev.lock);
    v = pl041_read_reg(s, offset);
    pl041_update(s);
    counted_unlock(&s->dev.lock);
    return v & (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1);
}

static void pl041_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL041State *s = opaque;

    counted_lock(&s->dev.lock);
    pl041_write_reg(s, offset, value);
    pl041_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl041_ops = { pl041_read, pl041_write };

static void pl041_reset(void *opaque)
{
    PL041State *s = opaque;

    counted_lock(&s->dev.lock);
    memset(s->ch, 0, sizeof(s->ch));
    lm4549_reset(&s->codec);
    s->sl1rx = s->sl2rx = s->sl2tx = s->sl12tx = s->received = 0;
    s->slien = s->maincr = s->reset = s->sync = 0;
    pl041_update(s);
    counted_unlock(&s->dev.lock);
}

static void pl041_post_load(void *opaque)
{
    PL041State *s = opaque;

    counted_lock(&s->dev.lock);
    for (unsigned i = 0; i < CHANNELS; i++) {
        pl041_channel_post_load(&s->ch[i]);
    }
    timer_del(s->timer);
    s->running = false;
    pl041_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl041_fields[] = {
    DEVICE_EACH_ARRAY(PL041State, ch, tx.data), DEVICE_EACH(PL041State, ch, tx.head),
    DEVICE_EACH(PL041State, ch, tx.count),
    DEVICE_EACH_ARRAY(PL041State, ch, rx.data), DEVICE_EACH(PL041State, ch, rx.head),
    DEVICE_EACH(PL041State, ch, rx.count),
    DEVICE_EACH(PL041State, ch, txcr), DEVICE_EACH(PL041State, ch, rxcr), DEVICE_EACH(PL041State, ch, ie),
    DEVICE_EACH(PL041State, ch, underrun), DEVICE_EACH(PL041State, ch, overrun), DEVICE_EACH(PL041State, ch, starved),
    DEVICE_EACH(PL041State, ch, flooded), DEVICE_ARRAY(PL041State, codec.regs), DEVICE_FIELD(PL041State, sl1rx),
    DEVICE_FIELD(PL041State, sl2rx), DEVICE_FIELD(PL041State, sl2tx), DEVICE_FIELD(PL041State, sl12tx),
    DEVICE_FIELD(PL041State, received), DEVICE_FIELD(PL041State, slien), DEVICE_FIELD(PL041State, maincr),
    DEVICE_FIELD(PL041State, reset), DEVICE_FIELD(PL041State, sync), DEVICE_EACH_SINCE(PL041State, ch, quiet, 2),
    DEVICE_EACH_SINCE(PL041State, ch, timed_out_empty, 2),
    { 0 },
};

static const MMIORegister pl041_registers[] = {
    { CH_RXCR, "RXCR1" }, { CH_TXCR, "TXCR1" }, { CH_SR, "SR1" }, { CH_ISR, "ISR1" }, { CH_IE, "IE1" },
    { AACI_SL1RX, "SL1RX" }, { AACI_SL1TX, "SL1TX" }, { AACI_SL2RX, "SL2RX" }, { AACI_SL2TX, "SL2TX" },
    { AACI_SL12RX, "SL12RX" }, { AACI_SL12TX, "SL12TX" }, { AACI_SLFR, "SLFR" }, { AACI_SLISTAT, "SLISTAT" },
    { AACI_SLIEN, "SLIEN" }, { AACI_INTCLR, "INTCLR" }, { AACI_MAINCR, "MAINCR" }, { AACI_RESET, "RESET" },
    { AACI_SYNC, "SYNC" }, { AACI_ALLINTS, "ALLINTS" }, { AACI_MAINFR, "MAINFR" }, { AACI_DATA, "DR1" },
    { 0 },
};

static const DeviceClass pl041_class = {
    .name = "pl041",
    .state_size = sizeof(PL041State),
    .version = 2,
    .fields = pl041_fields,
    .node = { .name = "aaci", .compatible = { "arm,pl041", "arm,primecell" }, .clocks = { "apb_pclk" } },
    .registers = pl041_registers,
    .reset = pl041_reset,
    .post_load = pl041_post_load,
};

void pl041_create(uint32_t base, const char *name, AudioDev *audio, const IRQLine *irq, DmaRequests *dma)
{
    PL041State *s = device_new(&pl041_class, name);

    s->audio = audio;
    s->irq = irq;
    s->dma = dma;
    s->timer = timer_new(pl041_turn, s);
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl041_ops);
}
