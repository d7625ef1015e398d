/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a channel of the DMA controller does: beats from the source into a FIFO, from there to the destination, linked
 * list items one after the other (ARM DDI 0196, 2.5 and 3.4).
 *
 * Runs on the I/O thread, on a copy of the channel's registers and without locks: dma_write() may stop the CPUs, a
 * device takes its own lock. A turn is bounded in work and in time, whatever widths, sizes and lists the guest gives;
 * an endless list goes on turn by turn.
 *
 * Memory to memory with both addresses counting is done in pieces if that cannot be told from single beats.
 */
#include <string.h>
#include "exec/memory.h"
#include "hw/dma/pl080-internal.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    PIECE = 1024,               /* bytes */
    /* Work is counted in units of a few nanoseconds. */
    TURN_WORK = 8192, WORK_PIECE = 64, WORK_BEAT = 4, WORK_DEVICE = 32, WORK_ITEM = 64,
    /* Stores to code stop all CPUs and take longer than that. */
    TURN_NS = 500 * 1000, CLOCK_EVERY = 256,
    MAX_WIDTH = 2,
};

typedef struct Turn {
    const PL080Config *dmac;
    unsigned channel;
    PL080Transfer *t;
    bool wrote;                 /* perhaps: memory, since the last barrier */
    int work;                   /* left */
    int next_clock;             /* look at the clock when `work` is below */
    int64_t end_ns;
} Turn;

static unsigned src_width(uint32_t control)
{
    return control >> CONTROL_SWIDTH_SHIFT & 7;
}

static unsigned dst_width(uint32_t control)
{
    return control >> CONTROL_DWIDTH_SHIFT & 7;
}

static uint32_t burst_beats(unsigned code)
{
    static const uint16_t beats[8] = { 1, 4, 8, 16, 32, 64, 128, 256 };

    return beats[code & 7];
}

uint32_t pl080_src_request_bytes(uint32_t control, bool burst)
{
    return (burst ? burst_beats(control >> CONTROL_SBSIZE_SHIFT) : 1) << src_width(control);
}

uint32_t pl080_dst_request_bytes(uint32_t control, bool burst)
{
    return (burst ? burst_beats(control >> CONTROL_DBSIZE_SHIFT) : 1) << dst_width(control);
}

uint32_t pl080_bytes_left(const PL080Transfer *t)
{
    return ((t->control & CONTROL_SIZE) << src_width(t->control)) + t->fifo_len;
}

/* ---- the bus ---- */

/* A device the bus reaches? */
static bool device_at(Turn *r, uint32_t addr, const char *what)
{
    r->work -= WORK_DEVICE;
    if (memory_find(addr) && addr - r->dmac->hidden_base >= r->dmac->hidden_size) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: channel %u: bus error: %s at 0x%08x\n", r->dmac->name, r->channel, what, addr);
    return false;
}

/* The controller is no CPU; devices that are banked by CPU see it as the first. */
static bool bus_read(Turn *r, uint32_t addr, uint8_t *data, unsigned bytes)
{
    r->work -= WORK_BEAT;
    if (r->wrote) {
        r->wrote = false;
        dma_barrier();
    }
    if (!dma_read(addr, data, bytes)) {
        if (!device_at(r, addr, "read")) {
            return false;
        }
        uint32_t v = mmio_read(addr, bytes, 0);

        memcpy(data, &v, bytes);
    }
    return true;
}

static bool bus_write(Turn *r, uint32_t addr, const uint8_t *data, unsigned bytes)
{
    r->work -= WORK_BEAT;
    r->wrote = true;
    if (!dma_write(addr, data, bytes)) {
        uint32_t v = 0;

        if (!device_at(r, addr, "write")) {
            return false;
        }
        memcpy(&v, data, bytes);
        mmio_write(addr, v, bytes, 0);
    }
    return true;
}

/* ---- a list item ---- */

static bool item_valid(const Turn *r)
{
    const PL080Transfer *t = r->t;
    unsigned sw = src_width(t->control), dw = dst_width(t->control);

    if (sw > MAX_WIDTH || dw > MAX_WIDTH) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: channel %u: reserved width in control word 0x%08x\n", r->dmac->name,
                      r->channel, t->control);
        return false;
    }
    if ((t->src & ((1u << sw) - 1)) || (t->dst & ((1u << dw) - 1))) {
        /* The bus has no unaligned transfers: the low bits of the address go nowhere. */
        qemu_log_mask(LOG_GUEST_ERROR, "%s: channel %u: unaligned addresses 0x%08x, 0x%08x\n", r->dmac->name,
                      r->channel, t->src, t->dst);
    }
    return true;
}

static bool item_done(const PL080Transfer *t, unsigned flow)
{
    bool drained = t->fifo_len < 1u << dst_width(t->control);

    if (pl080_flow_by_dst(flow)) {
        return t->last && !t->dst_credit;
    }
    if (pl080_flow_by_src(flow)) {
        return t->last && !t->src_credit && drained;
    }
    return !(t->control & CONTROL_SIZE) && drained;
}

/*
 * Nothing is left of the last item. The channel says so with its last beat, however long its turn was: who has what
 * that beat sent must not be done first. Linux's driver of the SSP takes the receiver's end for the sender's.
 */
static bool ends(const PL080Transfer *t, unsigned flow)
{
    return !(t->lli & ~3u) && item_done(t, flow);
}

/* The item has ended: load the next one, if there is one. */
static PL080Outcome item_end(Turn *r)
{
    PL080Transfer *t = r->t;
    bool interrupt = t->control & CONTROL_I;
    uint32_t word[4];

    if (t->fifo_len) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: channel %u: %u bytes are no whole destination beat: lost\n", r->dmac->name,
                      r->channel, t->fifo_len);
    }
    t->fifo_len = t->src_credit = t->dst_credit = 0;
    t->last = false;
    if (!(t->lli & ~3u)) {
        return interrupt ? PL080_DONE_ITEM : PL080_DONE;
    }
    r->work -= WORK_ITEM;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t bytes[4];

        if (!bus_read(r, (t->lli & ~3u) + 4 * i, bytes, 4)) {
            return PL080_ERROR;
        }
        memcpy(&word[i], bytes, 4);
    }
    t->src = word[0];
    t->dst = word[1];
    t->lli = word[2];
    t->control = word[3];
    if (!item_valid(r)) {
        return PL080_ERROR;
    }
    return interrupt ? PL080_ITEM : PL080_MORE;
}

static void count_down(PL080Transfer *t, uint32_t beats)
{
    uint32_t left = t->control & CONTROL_SIZE;

    t->control = (t->control & ~(uint32_t)CONTROL_SIZE) | (left > beats ? left - beats : 0);
}

/*
 * Memory to memory, both counting: as much as can go at once without the source seeing what was written. False: nothing
 * was moved, do it beat by beat.
 */
static bool move_piece(Turn *r)
{
    PL080Transfer *t = r->t;
    unsigned sw = src_width(t->control), dw = dst_width(t->control);
    uint32_t unit = 1u << (sw > dw ? sw : dw), n = (t->control & CONTROL_SIZE) << sw;
    uint32_t src = t->src & ~((1u << sw) - 1), dst = t->dst & ~((1u << dw) - 1);
    uint8_t buf[PIECE];

    n = (n < PIECE ? n : PIECE) & ~(unit - 1);
    if (n <= FIFO_BYTES || t->fifo_len || dst - src < n || src - dst < n || !memory_ram_ptr(dst, n) ||
        !dma_read(src, buf, n)) {
        return false;
    }
    r->work -= WORK_PIECE;
    dma_write(dst, buf, n);
    r->wrote = true;
    t->src = src + n;
    t->dst = dst + n;
    count_down(t, n >> sw);
    return true;
}

/* Source -> FIFO. False: bus error. */
static bool read_beat(Turn *r, bool by_size)
{
    PL080Transfer *t = r->t;
    unsigned bytes = 1u << src_width(t->control);

    if (!bus_read(r, t->src & ~(bytes - 1), t->fifo + t->fifo_len, bytes)) {
        return false;
    }
    t->fifo_len += bytes;
    t->src += t->control & CONTROL_SI ? bytes : 0;
    t->src_credit -= t->src_credit ? bytes : 0;
    if (by_size) {
        count_down(t, 1);
    }
    return true;
}

/* FIFO -> destination. False: bus error. */
static bool write_beat(Turn *r)
{
    PL080Transfer *t = r->t;
    unsigned bytes = 1u << dst_width(t->control);

    if (!bus_write(r, t->dst & ~(bytes - 1), t->fifo, bytes)) {
        return false;
    }
    t->fifo_len -= bytes;
    memmove(t->fifo, t->fifo + bytes, t->fifo_len);
    t->dst += t->control & CONTROL_DI ? bytes : 0;
    t->dst_credit -= t->dst_credit ? bytes : 0;
    return true;
}

/* May another source beat be read? Memory is read as the destination needs it, a peripheral as it asks. */
static bool wants_read(const PL080Transfer *t, unsigned flow, bool halted)
{
    uint32_t bytes = 1u << src_width(t->control);
    bool by_size = !pl080_flow_by_src(flow) && !pl080_flow_by_dst(flow);

    if (halted || (by_size && !(t->control & CONTROL_SIZE)) || t->fifo_len + bytes > FIFO_BYTES) {
        return false;
    }
    if (pl080_flow_src_peripheral(flow)) {
        return t->src_credit >= bytes;
    }
    return pl080_flow_dst_peripheral(flow) ? t->fifo_len < t->dst_credit : t->fifo_len < 1u << dst_width(t->control);
}

static bool wants_write(const PL080Transfer *t, unsigned flow)
{
    uint32_t bytes = 1u << dst_width(t->control);

    return t->fifo_len >= bytes && (!pl080_flow_dst_peripheral(flow) || t->dst_credit >= bytes);
}

static bool time_left(Turn *r)
{
    if (r->work <= 0) {
        return false;
    }
    if (r->work <= r->next_clock) {
        r->next_clock = r->work - CLOCK_EVERY;
        return clock_virtual_ns() < r->end_ns;
    }
    return true;
}

PL080Outcome pl080_channel_run(const PL080Config *dmac, unsigned channel, const uint32_t *config, PL080Transfer *t)
{
    Turn r = { dmac, channel, t, true, TURN_WORK, TURN_WORK - CLOCK_EVERY, clock_virtual_ns() + TURN_NS };

    if (!item_valid(&r)) {
        return PL080_ERROR;
    }
    for (;;) {
        uint32_t now = __atomic_load_n(config, __ATOMIC_RELAXED);
        unsigned flow = pl080_flow(now);
        bool halted = now & CONFIG_H, by_size = !pl080_flow_by_src(flow) && !pl080_flow_by_dst(flow);

        if (!(now & CONFIG_E)) {
            return PL080_WAITS;
        }
        /* What a halted channel has read it still writes: its driver then looks how far it has come. */
        if (!time_left(&r) && !(halted && wants_write(t, flow)) && !ends(t, flow)) {
            return PL080_MORE;
        }
        if (item_done(t, flow)) {
            PL080Outcome outcome = item_end(&r);

            if (outcome != PL080_MORE) {
                return outcome;
            }
        } else if (flow == 0 && !halted && (t->control & CONTROL_SI) && (t->control & CONTROL_DI) && move_piece(&r)) {
            continue;
        } else if (wants_write(t, flow)) {
            if (!write_beat(&r)) {
                return PL080_ERROR;
            }
        } else if (wants_read(t, flow, halted)) {
            if (!read_beat(&r, by_size)) {
                return PL080_ERROR;
            }
        } else {
            return PL080_WAITS;
        }
    }
}
