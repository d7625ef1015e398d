/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL080 and PL081 DMA controllers (ARM DDI 0196, DDI 0218): registers, interrupts, and when a channel works.
 *
 * A register access only changes registers and arms a timer; the timer's callback on the I/O thread gives every enabled
 * channel a turn (pl080-channel.c), the first channel first, and comes back after a pause if there is more to do. The
 * pause keeps the I/O thread free for others, a turn for each channel keeps one channel from starving the next.
 *
 * Lock: the device's own; it is not held during a turn, since that writes memory and accesses devices, this one
 * perhaps. A turn works on a copy of the channel's transfer, which it puts back; `busy` says which channel has one. A
 * CPU that disables or halts the channel, or disables the controller, waits for the end of the turn, having given up
 * its read right: when the write is over, no data moves, and the registers say how much did.
 */
#include <pthread.h>
#include "hw/device.h"
#include "hw/dma/pl080-internal.h"
#include "hw/primecell.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/trace.h"
#include "sysemu/cpus.h"

enum {
    DMAC_INT_STATUS = 0x00, DMAC_INT_TC_STATUS = 0x04, DMAC_INT_TC_CLEAR = 0x08, DMAC_INT_ERROR_STATUS = 0x0c,
    DMAC_INT_ERR_CLR = 0x10, DMAC_RAW_INT_TC_STATUS = 0x14, DMAC_RAW_INT_ERROR_STATUS = 0x18, DMAC_ENBLD_CHNS = 0x1c,
    DMAC_SOFT_BREQ = 0x20, DMAC_SOFT_SREQ = 0x24, DMAC_SOFT_LBREQ = 0x28, DMAC_SOFT_LSREQ = 0x2c,
    DMAC_CONFIGURATION = 0x30, DMAC_SYNC = 0x34,
    DMAC_CHANNELS = 0x100, DMAC_CHANNEL_STRIDE = 0x20,
    CH_SRC = 0x00, CH_DST = 0x04, CH_LLI = 0x08, CH_CONTROL = 0x0c, CH_CONFIG = 0x10,
    DMAC_ITCR = 0x500, DMAC_ITOP3 = 0x50c,
    PL080_PID = 0x0a041080, PL081_PID = 0x0a041081,
};

enum { DMAC_E = 1 << 0, DMAC_M1 = 1 << 1, DMAC_M2 = 1 << 2 };

/* ROUNDS: how often a wire that stays high is served without a pause. */
enum { LOOKS = 100 };       /* in vain at a copy, until the guest waits for a turn */
enum { NOBODY = -1, TURN_PAUSE_NS = 200 * 1000, ROUNDS = 16 };

/* When a channel wants its next turn. */
typedef enum NextTurn { WHEN_ASKED, AT_ONCE, LATER } NextTurn;

/* Channels whose configuration has a bit set. Caller holds the lock. */
static uint32_t channels_with(const PL080State *s, uint32_t bit)
{
    uint32_t set = 0;

    for (unsigned n = 0; n < s->config.channels; n++) {
        set |= s->ch[n].config & bit ? 1u << n : 0;
    }
    return set;
}

static uint32_t int_tc(const PL080State *s)
{
    return s->raw_tc & channels_with(s, CONFIG_ITC);
}

static uint32_t int_error(const PL080State *s)
{
    return s->raw_error & channels_with(s, CONFIG_IE);
}

/* The only caller of irq_set(). Caller holds the lock. */
static void pl080_update(PL080State *s)
{
    bool level = int_tc(s) | int_error(s);

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

static void set_config(PL080Channel *ch, uint32_t config)
{
    __atomic_store_n(&ch->config, config, __ATOMIC_RELAXED);
}

/* Let the channels look for work soon, if any may work. Caller holds the lock. */
static void pl080_kick(PL080State *s)
{
    if ((s->configuration & DMAC_E) && channels_with(s, CONFIG_E)) {
        timer_mod(s->timer, clock_virtual_ns());
    } else {
        timer_del(s->timer);
        cpu_hold_end(&s->hold);
    }
}

/* ---- a turn ---- */

/* What is in the FIFO of a channel that stops is lost. Caller holds the lock. */
static void channel_stop(PL080Channel *ch)
{
    set_config(ch, ch->config & ~(uint32_t)CONFIG_E);
    ch->t.fifo_len = ch->t.src_credit = ch->t.dst_credit = 0;
    ch->t.last = false;
    ch->src_request = ch->dst_request = REQ_NONE;
}

static void trace_end(const PL080State *s, unsigned n, const char *why)
{
    trace(DMA_END, "controller=%s channel=%u why=%s", s->dev.name, n, why);
}

/* I/O thread. */
static NextTurn channel_turn(PL080State *s, unsigned n)
{
    PL080Channel *ch = &s->ch[n];
    PL080Transfer t;
    PL080Outcome outcome;
    NextTurn next = WHEN_ASKED;

    counted_lock(&s->dev.lock);
    if (!(s->configuration & DMAC_E) || !(ch->config & CONFIG_E)) {
        counted_unlock(&s->dev.lock);
        return WHEN_ASKED;
    }
    pl080_take_requests(s, ch);
    t = ch->t;
    s->busy = (int)n;
    s->turn++;
    s->turn_thread = pthread_self();
    counted_unlock(&s->dev.lock);

    outcome = pl080_channel_run(&s->config, n, &ch->config, &t);

    counted_lock(&s->dev.lock);
    s->busy = NOBODY;
    counted_cond_broadcast(&s->turn_over);
    ch->t = t;
    bool served = pl080_drop_requests(s, ch);
    switch (outcome) {
    case PL080_ITEM:
        trace(DMA_ITEM, "controller=%s channel=%u source=0x%08x destination=0x%08x", s->dev.name, n, t.src, t.dst);
        s->raw_tc |= 1u << n;
        next = LATER;
        break;
    case PL080_MORE:
        next = LATER;
        break;
    case PL080_WAITS:
        next = served ? AT_ONCE : WHEN_ASKED;
        break;
    case PL080_DONE_ITEM:
        s->raw_tc |= 1u << n;
        trace_end(s, n, "done");
        channel_stop(ch);
        break;
    case PL080_DONE:
        trace_end(s, n, "done");
        channel_stop(ch);
        break;
    case PL080_ERROR:
        trace_end(s, n, "error");
        s->raw_error |= 1u << n;
        channel_stop(ch);
        break;
    }
    if (!(ch->config & CONFIG_E)) {
        channel_stop(ch);
    }
    pl080_update(s);
    counted_unlock(&s->dev.lock);
    return next;
}

static void pl080_work(void *opaque)
{
    PL080State *s = opaque;
    uint32_t due = UINT32_MAX;          /* bit n: channel n */
    bool later = false;

    /* While one channel pauses, no other runs on: what one sends to a device, another may have to take from it. */
    for (unsigned round = 0; due && !later && round < ROUNDS; round++) {
        for (unsigned n = 0; n < s->config.channels; n++) {
            const NextTurn next = due >> n & 1 ? channel_turn(s, n) : WHEN_ASKED;

            /* What one has moved may be what another waits for. */
            due = next == AT_ONCE ? UINT32_MAX : due & ~(1u << n);
            later |= next == LATER;
        }
        due &= (1u << s->config.channels) - 1;
    }
    if (later || due) {
        timer_mod(s->timer, clock_virtual_ns() + TURN_PAUSE_NS);
    }
    cpu_hold_end(&s->hold);
}

/* ---- registers ---- */

static PL080Channel *channel_at(PL080State *s, uint32_t offset)
{
    uint32_t n = (offset - DMAC_CHANNELS) / DMAC_CHANNEL_STRIDE;

    return offset >= DMAC_CHANNELS && n < s->config.channels ? &s->ch[n] : NULL;
}

static uint32_t channel_read(PL080State *s, const PL080Channel *ch, uint32_t offset)
{
    switch (offset % DMAC_CHANNEL_STRIDE) {
    case CH_SRC:
        return ch->t.src;
    case CH_DST:
        return ch->t.dst;
    case CH_LLI:
        return ch->t.lli;
    case CH_CONTROL:
        return ch->t.control;
    case CH_CONFIG:
        return ch->config | (ch->t.fifo_len || s->busy == (int)(ch - s->ch) ? CONFIG_A : 0);
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad read at 0x%x\n", s->config.name, offset);
        return 0;
    }
}

/* Does a channel copy memory, for which it waits for nobody? */
static bool copies(const PL080State *s)
{
    for (unsigned n = 0; s->configuration & DMAC_E && n < s->config.channels; n++) {
        const uint32_t config = s->ch[n].config;

        if ((config & CONFIG_E) && !(config & CONFIG_H) && !pl080_flow(config)) {
            return true;
        }
    }
    return false;
}

/*
 * A guest that asks whether a copy has ended, again and again, waits for a turn (cpu_hold_access()): some give up after
 * a number of looks that other emulators, which copy at once, never reach.
 */
static bool looks_in_vain(PL080State *s)
{
    if (!copies(s) || ++s->looks < LOOKS) {
        return false;
    }
    s->looks = 0;
    return cpu_hold_access(&s->hold);
}

static bool is_question(const PL080State *s, uint32_t offset)
{
    const bool config = offset >= DMAC_CHANNELS && (offset - DMAC_CHANNELS) / DMAC_CHANNEL_STRIDE < s->config.channels
                        && offset % DMAC_CHANNEL_STRIDE == CH_CONFIG;

    return offset <= DMAC_INT_TC_STATUS || offset == DMAC_RAW_INT_TC_STATUS || offset == DMAC_ENBLD_CHNS || config;
}

static uint32_t pl080_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL080State *s = opaque;
    uint32_t v = 0;

    if (primecell_is_id(offset)) {
        return primecell_id_read(s->config.channels == PL080_CHANNELS ? PL080_PID : PL081_PID, offset);
    }
    counted_lock(&s->dev.lock);
    if (is_question(s, offset) && looks_in_vain(s)) {
        counted_unlock(&s->dev.lock);
        return 0;
    }
    switch (offset) {
    case DMAC_INT_STATUS:
        v = int_tc(s) | int_error(s);
        break;
    case DMAC_INT_TC_STATUS:
        v = int_tc(s);
        break;
    case DMAC_INT_ERROR_STATUS:
        v = int_error(s);
        break;
    case DMAC_RAW_INT_TC_STATUS:
        v = s->raw_tc;
        break;
    case DMAC_RAW_INT_ERROR_STATUS:
        v = s->raw_error;
        break;
    case DMAC_ENBLD_CHNS:
        v = channels_with(s, CONFIG_E);
        break;
    case DMAC_SOFT_BREQ:
    case DMAC_SOFT_SREQ:
    case DMAC_SOFT_LBREQ:
    case DMAC_SOFT_LSREQ:
        v = s->soft[(offset - DMAC_SOFT_BREQ) / 4];
        break;
    case DMAC_CONFIGURATION:
        v = s->configuration;
        break;
    case DMAC_SYNC:
        v = s->sync;
        break;
    case DMAC_INT_TC_CLEAR:
    case DMAC_INT_ERR_CLR:
        break;
    default:
        if (channel_at(s, offset)) {
            v = channel_read(s, channel_at(s, offset), offset);
        } else {
            qemu_log_mask(offset >= DMAC_ITCR && offset <= DMAC_ITOP3 ? LOG_UNIMP : LOG_GUEST_ERROR,
                          "%s: bad read at 0x%x\n", s->config.name, offset);
        }
        break;
    }
    counted_unlock(&s->dev.lock);
    return v;
}

/* Must a turn end before a write that stops it is over? Not if the turn itself writes. Caller holds the lock. */
static bool turn_elsewhere(const PL080State *s)
{
    return s->busy != NOBODY && !pthread_equal(s->turn_thread, pthread_self());
}

/* Has the channel just been disabled or halted while it has a turn on another thread? Caller holds the lock. */
static bool config_write(PL080State *s, PL080Channel *ch, uint32_t value)
{
    bool was_enabled = ch->config & CONFIG_E, busy = s->busy == (int)(ch - s->ch);
    bool halts = (value & CONFIG_H) && !(ch->config & CONFIG_H);

    set_config(ch, value & CONFIG_WRITABLE);
    if (was_enabled && !(value & CONFIG_E)) {
        trace_end(s, (unsigned)(ch - s->ch), "disabled");
    }
    if (value & CONFIG_E) {
        if (!was_enabled) {
            trace(DMA_START, "controller=%s channel=%u source=0x%08x destination=0x%08x list=0x%08x control=0x%08x "
                  "config=0x%08x", s->dev.name, (unsigned)(ch - s->ch), ch->t.src, ch->t.dst, ch->t.lli, ch->t.control,
                  value);
        }
        if (!was_enabled && !busy) {
            channel_stop(ch);
            set_config(ch, value & CONFIG_WRITABLE);
        }
    } else if (!busy) {
        channel_stop(ch);
    }
    pl080_kick(s);
    return was_enabled && (!(value & CONFIG_E) || halts) && busy && turn_elsewhere(s);
}

/* As config_write(). */
static bool channel_write(PL080State *s, PL080Channel *ch, uint32_t offset, uint32_t value)
{
    if (offset % DMAC_CHANNEL_STRIDE != CH_CONFIG && (ch->config & CONFIG_E)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write at 0x%x while the channel is enabled\n", s->config.name, offset);
    }
    switch (offset % DMAC_CHANNEL_STRIDE) {
    case CH_SRC:
        ch->t.src = value;
        break;
    case CH_DST:
        ch->t.dst = value;
        break;
    case CH_LLI:
        ch->t.lli = value;
        break;
    case CH_CONTROL:
        ch->t.control = value;
        break;
    case CH_CONFIG:
        return config_write(s, ch, value);
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad write at 0x%x\n", s->config.name, offset);
        break;
    }
    return false;
}

/* Wait for the end of the present turn. Its thread may be waiting for this CPU: no lock is held, and E is given up. */
static void wait_turn_over(PL080State *s)
{
    bool token = cpu_wait_begin();

    counted_lock(&s->dev.lock);
    for (uint64_t turn = s->turn; s->busy != NOBODY && s->turn == turn; ) {
        counted_cond_wait(&s->turn_over, &s->dev.lock);
    }
    counted_unlock(&s->dev.lock);
    cpu_wait_end(token);
}

static void pl080_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL080State *s = opaque;
    PL080Channel *ch = channel_at(s, offset);
    bool wait = false;

    counted_lock(&s->dev.lock);
    switch (offset) {
    case DMAC_INT_TC_CLEAR:
        s->raw_tc &= ~value;
        break;
    case DMAC_INT_ERR_CLR:
        s->raw_error &= ~value;
        break;
    case DMAC_SOFT_BREQ:
    case DMAC_SOFT_SREQ:
    case DMAC_SOFT_LBREQ:
    case DMAC_SOFT_LSREQ:
        s->soft[(offset - DMAC_SOFT_BREQ) / 4] |= value & 0xffff;
        pl080_kick(s);
        break;
    case DMAC_CONFIGURATION:
        if (value & (DMAC_M1 | DMAC_M2)) {
            qemu_log_mask(LOG_UNIMP, "%s: big-endian masters\n", s->config.name);
        }
        s->configuration = value & (DMAC_E | DMAC_M1 | (s->config.channels == PL080_CHANNELS ? DMAC_M2 : 0));
        pl080_kick(s);
        wait = !(value & DMAC_E) && turn_elsewhere(s);
        break;
    case DMAC_SYNC:
        s->sync = value & 0xffff;
        break;
    default:
        if (ch) {
            wait = channel_write(s, ch, offset, value);
        } else {
            qemu_log_mask(offset >= DMAC_ITCR && offset <= DMAC_ITOP3 ? LOG_UNIMP : LOG_GUEST_ERROR,
                          "%s: bad write at 0x%x\n", s->config.name, offset);
        }
        break;
    }
    pl080_update(s);
    counted_unlock(&s->dev.lock);
    if (wait) {
        wait_turn_over(s);
    }
}

static const MMIOOps pl080_ops = { pl080_read, pl080_write };

/* On the thread that gives turns, or before it does. */
static void pl080_reset(void *opaque)
{
    PL080State *s = opaque;

    counted_lock(&s->dev.lock);
    timer_del(s->timer);
    for (unsigned n = 0; n < s->config.channels; n++) {
        PL080Channel *ch = &s->ch[n];

        ch->t = (PL080Transfer) { 0 };
        set_config(ch, 0);
        ch->src_request = ch->dst_request = REQ_NONE;
    }
    for (unsigned k = 0; k < REQ_KINDS; k++) {
        s->soft[k] = 0;
    }
    s->raw_tc = s->raw_error = s->configuration = s->sync = 0;
    pl080_update(s);
    counted_unlock(&s->dev.lock);
}

static void pl080_post_load(void *opaque)
{
    PL080State *s = opaque;

    counted_lock(&s->dev.lock);
    for (unsigned n = 0; n < PL080_CHANNELS; n++) {
        PL080Channel *ch = &s->ch[n];

        ch->t.fifo_len = ch->t.fifo_len > FIFO_BYTES ? FIFO_BYTES : ch->t.fifo_len;
        ch->src_request = ch->src_request < 0 || ch->src_request > REQ_NONE ? REQ_NONE : ch->src_request;
        ch->dst_request = ch->dst_request < 0 || ch->dst_request > REQ_NONE ? REQ_NONE : ch->dst_request;
    }
    timer_del(s->timer);
    pl080_kick(s);
    pl080_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl080_fields[] = {
    DEVICE_EACH(PL080State, ch, t.src), DEVICE_EACH(PL080State, ch, t.dst), DEVICE_EACH(PL080State, ch, t.lli),
    DEVICE_EACH(PL080State, ch, t.control), DEVICE_EACH(PL080State, ch, t.fifo_len),
    DEVICE_EACH(PL080State, ch, t.src_credit), DEVICE_EACH(PL080State, ch, t.dst_credit),
    DEVICE_EACH(PL080State, ch, t.last), DEVICE_EACH(PL080State, ch, config),
    DEVICE_EACH(PL080State, ch, src_request), DEVICE_EACH(PL080State, ch, dst_request),
    DEVICE_EACH_ARRAY(PL080State, ch, t.fifo), DEVICE_FIELD(PL080State, raw_tc), DEVICE_FIELD(PL080State, raw_error),
    DEVICE_FIELD(PL080State, configuration), DEVICE_FIELD(PL080State, sync), DEVICE_ARRAY(PL080State, soft),
    { 0 },
};

static const MMIORegister pl080_registers[] = {
    { DMAC_INT_STATUS, "INT_STATUS" }, { DMAC_INT_TC_STATUS, "INT_TC_STATUS" }, { DMAC_INT_TC_CLEAR, "INT_TC_CLEAR" },
    { DMAC_INT_ERROR_STATUS, "INT_ERROR_STATUS" }, { DMAC_INT_ERR_CLR, "INT_ERR_CLR" },
    { DMAC_RAW_INT_TC_STATUS, "RAW_INT_TC_STATUS" }, { DMAC_RAW_INT_ERROR_STATUS, "RAW_INT_ERROR_STATUS" },
    { DMAC_ENBLD_CHNS, "ENBLD_CHNS" }, { DMAC_SOFT_BREQ, "SOFT_BREQ" }, { DMAC_SOFT_SREQ, "SOFT_SREQ" },
    { DMAC_SOFT_LBREQ, "SOFT_LBREQ" }, { DMAC_SOFT_LSREQ, "SOFT_LSREQ" }, { DMAC_CONFIGURATION, "CONFIGURATION" },
    { DMAC_SYNC, "SYNC" }, { DMAC_CHANNELS + 0 * DMAC_CHANNEL_STRIDE + CH_SRC, "C0SRC" },
    { DMAC_CHANNELS + 0 * DMAC_CHANNEL_STRIDE + CH_DST, "C0DST" },
    { DMAC_CHANNELS + 0 * DMAC_CHANNEL_STRIDE + CH_LLI, "C0LLI" },
    { DMAC_CHANNELS + 0 * DMAC_CHANNEL_STRIDE + CH_CONTROL, "C0CONTROL" },
    { DMAC_CHANNELS + 0 * DMAC_CHANNEL_STRIDE + CH_CONFIG, "C0CONFIG" },
    { DMAC_CHANNELS + 1 * DMAC_CHANNEL_STRIDE + CH_SRC, "C1SRC" },
    { DMAC_CHANNELS + 1 * DMAC_CHANNEL_STRIDE + CH_DST, "C1DST" },
    { DMAC_CHANNELS + 1 * DMAC_CHANNEL_STRIDE + CH_LLI, "C1LLI" },
    { DMAC_CHANNELS + 1 * DMAC_CHANNEL_STRIDE + CH_CONTROL, "C1CONTROL" },
    { DMAC_CHANNELS + 1 * DMAC_CHANNEL_STRIDE + CH_CONFIG, "C1CONFIG" },
    { 0 },
};

#define PL080_CLASS(part) { \
    .name = part, \
    .state_size = sizeof(PL080State), \
    .version = 1, \
    .fields = pl080_fields, \
    .node = { .name = "dma-controller", .compatible = { "arm," part, "arm,primecell" }, .clocks = { "apb_pclk" } }, \
    .registers = pl080_registers, \
    .reset = pl080_reset, \
    .post_load = pl080_post_load, \
}
static const DeviceClass pl080_class = PL080_CLASS("pl080"), pl081_class = PL080_CLASS("pl081");

void pl080_set_request(PL080State *s, unsigned peripheral, DmaRequestKind kind, bool level)
{
    uint32_t *wire = &s->wire[kind];

    counted_lock(&s->dev.lock);
    *wire = (*wire & ~(1u << peripheral)) | (uint32_t)level << peripheral;
    if (level) {
        pl080_kick(s);
    }
    counted_unlock(&s->dev.lock);
}

PL080State *pl080_create(const PL080Config *config, const IRQLine *irq)
{
    PL080State *s = device_new(config->channels == PL081_CHANNELS ? &pl081_class : &pl080_class, config->name);

    s->config = *config;
    s->irq = irq;
    s->busy = NOBODY;
    s->timer = timer_new(pl080_work, s);
    device_add(&s->dev);
    device_map(&s->dev, config->base, 0x1000, &pl080_ops);
    return s;
}
