/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A LAN91C111's packet memory: its management unit (MMU), its queues, and the frames that come and go.
 *
 * Everything here is called with the device's lock held.
 */
#include <string.h>
#include "hw/net/lan91c111-internal.h"
#include "qemu/log.h"

/* Bytes of a frame: as many as a packet takes; as many as a short one is padded to; as many as are legal. */
enum { MAX_DATA = 1532, MIN_FRAME = 60, LONGEST_FRAME = 1514 };
/* Packet: status word, byte count, data, control word. */
enum { PACKET_HEAD = 4, PACKET_EXTRA = 6, CONTROL_ODD = 0x20 };
enum { RX_MULTICAST = 1 << 0, RX_TOO_LONG = 1 << 11, RX_ODD = 1 << 12, RX_BROADCAST = 1 << 14 };
enum { EPH_SUCCESS = 1 << 0, EPH_LAST_BROADCAST = 1 << 6, EPH_LAST_MULTICAST = 1 << 3 };
enum { MMU_NOP, MMU_ALLOC, MMU_RESET, MMU_POP, MMU_POP_RELEASE, MMU_RELEASE, MMU_ENQUEUE, MMU_RESET_TX };
enum { QUEUE_EMPTY = 0x80, ALLOC_FAILED = 0x80 };

static void queue_push(PacketQueue *q, uint8_t number)
{
    if (q->used < PACKETS) {
        q->number[q->used++] = number;
    }
}

uint8_t lan_queue_first(const PacketQueue *q)
{
    return q->used ? q->number[0] : QUEUE_EMPTY;
}

static void queue_pop(PacketQueue *q)
{
    if (q->used) {
        memmove(q->number, q->number + 1, --q->used);
    }
}

/* A free packet's number, or -1. */
static int take_packet(LAN91C111 *s)
{
    int number = s->free ? __builtin_ctz(s->free) : -1;

    if (number >= 0) {
        s->free &= s->free - 1;
    }
    return number;
}

static void try_alloc(LAN91C111 *s)
{
    int number = s->alloc_waits ? take_packet(s) : -1;

    if (number >= 0) {
        s->alloc_waits = false;
        s->alloc_result = (uint8_t)number;
        s->interrupt |= INT_ALLOC;
    }
}

static void release_packet(LAN91C111 *s, unsigned number)
{
    s->free |= 1u << (number % PACKETS);
    try_alloc(s);
    if (s->net && s->free) {
        net_card_ready(s->net);
    }
}

/* The position in the multicast table: the six high bits of the address's CRC-32, first bit first. */
static unsigned multicast_hash(const uint8_t *address)
{
    uint32_t crc = UINT32_MAX;

    for (int i = 0; i < 6; i++) {
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 31 ^ (address[i] >> bit & 1) ? crc << 1 ^ 0x04c11db7 : crc << 1;
        }
    }
    return crc >> 26;
}

/* Whether the frame is for us; *status: what its status word says of its address. */
static bool address_matches(const LAN91C111 *s, const uint8_t *frame, uint16_t *status)
{
    static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    unsigned hash;

    *status = 0;
    if (!memcmp(frame, broadcast, 6)) {
        *status = RX_BROADCAST;
        return true;
    }
    if (frame[0] & 1) {
        hash = multicast_hash(frame);
        *status = (uint16_t)(RX_MULTICAST | hash << 1);
        return (s->rcr & (RCR_ALL_MULTICAST | RCR_PROMISCUOUS)) || (s->multicast[hash >> 3] >> (hash & 7) & 1);
    }
    return (s->rcr & RCR_PROMISCUOUS) || !memcmp(frame, s->mac, 6);
}

static uint32_t frame_crc(const uint8_t *p, size_t bytes)
{
    uint32_t crc = UINT32_MAX;

    while (bytes--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

bool lan_receive_frame(LAN91C111 *s, const uint8_t *frame, size_t bytes)
{
    uint16_t status;
    uint8_t padded[MAX_DATA + 4], *p;
    size_t data = bytes < MIN_FRAME ? MIN_FRAME : bytes, count;
    int number;

    if (!(s->rcr & RCR_ENABLE) || bytes < 14 || bytes > MAX_DATA || !address_matches(s, frame, &status)) {
        return true;
    }
    if (!s->free || s->alloc_waits) {
        return false;
    }
    memcpy(padded, frame, bytes);
    memset(padded + bytes, 0, data - bytes);
    if (!(s->rcr & RCR_STRIP_CRC)) {
        uint32_t crc = frame_crc(padded, data);

        for (int i = 0; i < 4; i++) {
            padded[data++] = (uint8_t)(crc >> (8 * i));
        }
    }
    if (bytes > LONGEST_FRAME) {
        status |= RX_TOO_LONG;
    }
    if (data & 1) {
        status |= RX_ODD;
    }
    number = take_packet(s);
    p = s->memory[number];
    count = (data & ~(size_t)1) + PACKET_EXTRA;
    p[0] = (uint8_t)status;
    p[1] = (uint8_t)(status >> 8);
    p[2] = (uint8_t)count;
    p[3] = (uint8_t)(count >> 8);
    memcpy(p + PACKET_HEAD, padded, data & ~(size_t)1);
    p[count - 2] = data & 1 ? padded[data - 1] : 0;
    p[count - 1] = data & 1 ? CONTROL_ODD | 0x40 : 0x40;
    queue_push(&s->received, (uint8_t)number);
    return true;
}

/* The frame in a packet goes out, or round. */
static void send_frame(LAN91C111 *s, const uint8_t *p)
{
    unsigned count = (p[2] | (unsigned)p[3] << 8) & PTR_OFFSET & ~1u;
    uint8_t frame[PACKET_BYTES];
    unsigned bytes = count - PACKET_EXTRA;

    memcpy(frame, p + PACKET_HEAD, bytes);
    if (p[count - 1] & CONTROL_ODD) {
        frame[bytes++] = p[count - 2];
    }
    if (bytes < MIN_FRAME && (s->tcr & TCR_PAD)) {
        memset(frame + bytes, 0, MIN_FRAME - bytes);
        bytes = MIN_FRAME;
    }
    if ((s->tcr & (TCR_LOOP | TCR_EPH_LOOP)) || lan_phy_loops_back(&s->phy)) {
        lan_receive_frame(s, frame, bytes);
    } else if (s->net && lan_phy_carries(&s->phy)) {
        net_send(s->net, frame, bytes);
    }
}

static void enqueue(LAN91C111 *s)
{
    unsigned number = s->packet_number % PACKETS;
    uint8_t *p = s->memory[number];
    unsigned count = (p[2] | (unsigned)p[3] << 8) & PTR_OFFSET;

    if (!(s->tcr & TCR_ENABLE) || s->free >> number & 1) {
        qemu_log_mask(LOG_GUEST_ERROR, "lan91c111: a packet is queued %s\n",
                      s->tcr & TCR_ENABLE ? "that was not allocated" : "while TCR.TXENA is 0");
        return;
    }
    if (count < PACKET_EXTRA) {
        qemu_log_mask(LOG_GUEST_ERROR, "lan91c111: a packet of %u bytes is queued\n", count);
    } else {
        send_frame(s, p);
    }
    s->eph_status = EPH_SUCCESS | (p[4] & 1 ? (p[4] == 0xff ? EPH_LAST_BROADCAST : EPH_LAST_MULTICAST) : 0);
    p[0] = (uint8_t)s->eph_status;
    p[1] = (uint8_t)(s->eph_status >> 8);
    s->interrupt |= INT_TX_EMPTY;
    if (s->ctl & CTL_AUTO_RELEASE) {
        release_packet(s, number);
    } else {
        queue_push(&s->completed, (uint8_t)number);
        s->interrupt |= INT_TRANSMIT;
    }
}

void lan_mmu_reset(LAN91C111 *s)
{
    s->free = (1u << PACKETS) - 1;
    s->alloc_waits = false;
    s->alloc_result = ALLOC_FAILED;
    s->completed.used = s->received.used = 0;
    s->interrupt = INT_TX_EMPTY;
}

void lan_mmu_command(LAN91C111 *s, uint16_t value)
{
    uint8_t first;

    switch (value >> 5 & 7) {
    case MMU_ALLOC:
        s->alloc_result = ALLOC_FAILED;
        s->interrupt &= (uint8_t)~INT_ALLOC;
        s->alloc_waits = true;
        try_alloc(s);
        break;
    case MMU_RESET:
        lan_mmu_reset(s);
        if (s->net) {
            net_card_ready(s->net);
        }
        break;
    case MMU_POP:
        queue_pop(&s->received);
        break;
    case MMU_POP_RELEASE:
        first = lan_queue_first(&s->received);
        queue_pop(&s->received);
        if (first != QUEUE_EMPTY) {
            release_packet(s, first);
        }
        break;
    case MMU_RELEASE:
        release_packet(s, s->packet_number);
        break;
    case MMU_ENQUEUE:
        enqueue(s);
        break;
    case MMU_RESET_TX:
        s->completed.used = 0;
        break;
    }
}

void lan_acknowledge(LAN91C111 *s, uint8_t value)
{
    if ((value & INT_TRANSMIT) && (s->interrupt & INT_TRANSMIT)) {
        queue_pop(&s->completed);
    }
    s->interrupt &= (uint8_t)~(value & INT_ACK);
    if (s->completed.used) {
        s->interrupt |= INT_TRANSMIT;
    }
}

uint8_t *lan_data_byte(LAN91C111 *s)
{
    uint8_t number = s->pointer & PTR_RECEIVE ? lan_queue_first(&s->received) : s->packet_number;
    unsigned at = s->pointer & PTR_OFFSET;

    if (s->pointer & PTR_AUTO) {
        s->pointer = (uint16_t)((s->pointer & ~PTR_OFFSET) | ((at + 1) & PTR_OFFSET));
    }
    return &s->memory[number % PACKETS][at];
}
