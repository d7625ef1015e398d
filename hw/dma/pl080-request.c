/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL080 and PL081 DMA controllers: what the peripherals ask for (ARM DDI 0196, "DMA request priority").
 *
 * A peripheral's request is the guest's, by the soft request registers, or the level of a device's wire, which is
 * looked at again after each transfer that it allowed. A wire that asks for a single transfer counts only when no
 * more than a burst is left to move, and if the channel does no bursts: what is less than that stays with the device
 * until the end, so that a serial line's receive time-out can tell a driver of it.
 *
 * A device that knows where a transfer ends asks for its last piece by a wire of its own. The channel ends there if the
 * device controls the flow; where the controller counts, that wire is as good as the plain one.
 */
#include "hw/dma/pl080-internal.h"

/* Does a wire of the peripheral ask for that? singles: are those for single transfers looked at? */
static bool wire_asks(const PL080State *s, int kind, unsigned peripheral, bool controls_flow, bool singles)
{
    uint32_t wire = s->wire[kind];

    if (!singles && (kind == REQ_SINGLE || kind == REQ_LAST_SINGLE)) {
        return false;
    }
    if (!controls_flow && (kind == REQ_BURST || kind == REQ_SINGLE)) {
        wire |= s->wire[kind == REQ_BURST ? REQ_LAST_BURST : REQ_LAST_SINGLE];
    }
    return wire >> peripheral & 1;
}

/* The pending request of a peripheral. Those that name the last transfer are the flow controller's to make. */
static int pending_request(const PL080State *s, unsigned peripheral, bool controls_flow, bool singles)
{
    static const int order[] = { REQ_LAST_BURST, REQ_LAST_SINGLE, REQ_BURST, REQ_SINGLE };

    for (unsigned i = controls_flow ? 0 : 2; i < REQ_KINDS; i++) {
        if ((s->soft[order[i]] >> peripheral & 1) || wire_asks(s, order[i], peripheral, controls_flow, singles)) {
            return order[i];
        }
    }
    return REQ_NONE;
}

static unsigned src_peripheral(uint32_t config)
{
    return config >> CONFIG_SRC_SHIFT & 15;
}

static unsigned dst_peripheral(uint32_t config)
{
    return config >> CONFIG_DST_SHIFT & 15;
}

/* Is no more than a burst left, or is a burst a single transfer? In bytes; counts: what is left is known. */
static bool takes_singles(const PL080Channel *ch, uint32_t burst, uint32_t single, bool counts)
{
    return !counts || burst == single || pl080_bytes_left(&ch->t) <= burst;
}

void pl080_take_requests(const PL080State *s, PL080Channel *ch)
{
    unsigned flow = pl080_flow(ch->config);
    bool by_src = pl080_flow_by_src(flow), by_dst = pl080_flow_by_dst(flow);

    if (pl080_flow_src_peripheral(flow) && ch->src_request == REQ_NONE && !(by_src && ch->t.last)) {
        int r = pending_request(s, src_peripheral(ch->config), by_src,
                                takes_singles(ch, pl080_src_request_bytes(ch->t.control, true),
                                              pl080_src_request_bytes(ch->t.control, false), !by_src && !by_dst));

        if (r != REQ_NONE) {
            ch->src_request = r;
            ch->t.src_credit = pl080_src_request_bytes(ch->t.control, r == REQ_BURST || r == REQ_LAST_BURST);
            ch->t.last |= r == REQ_LAST_BURST || r == REQ_LAST_SINGLE;
        }
    }
    if (pl080_flow_dst_peripheral(flow) && ch->dst_request == REQ_NONE && !(by_dst && ch->t.last)) {
        int r = pending_request(s, dst_peripheral(ch->config), by_dst,
                                takes_singles(ch, pl080_dst_request_bytes(ch->t.control, true),
                                              pl080_dst_request_bytes(ch->t.control, false), !by_src && !by_dst));

        if (r != REQ_NONE) {
            ch->dst_request = r;
            ch->t.dst_credit = pl080_dst_request_bytes(ch->t.control, r == REQ_BURST || r == REQ_LAST_BURST);
            ch->t.last |= r == REQ_LAST_BURST || r == REQ_LAST_SINGLE;
        }
    }
}

bool pl080_drop_requests(PL080State *s, PL080Channel *ch)
{
    bool dropped = false;

    if (ch->src_request != REQ_NONE && !ch->t.src_credit) {
        s->soft[ch->src_request] &= ~(1u << src_peripheral(ch->config));
        ch->src_request = REQ_NONE;
        dropped = true;
    }
    if (ch->dst_request != REQ_NONE && !ch->t.dst_credit) {
        s->soft[ch->dst_request] &= ~(1u << dst_peripheral(ch->config));
        ch->dst_request = REQ_NONE;
        dropped = true;
    }
    return dropped;
}
