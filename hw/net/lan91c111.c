/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMSC LAN91C111 (data sheet revision 1.92).
 *
 * 8 KiB of memory hold four packets. The guest asks the memory management unit (MMU) for a packet, fills it through a
 * pointer and a data register, and puts its number into the transmit queue; received packets come with their numbers in
 * the receive queue. Registers are in banks of 16 bytes, chosen by the last two bytes.
 *
 * Frames are sent as soon as they are queued: the transmit queue is always empty, only the queue of completed packets is
 * seen. A frame that arrives while there is no free packet waits in the network.
 *
 * Lock: the device's own; received frames come on the I/O thread.
 */
#include <string.h>
#include "hw/device.h"
#include "hw/net/lan91c111-phy.h"
#include "hw/net/lan91c111.h"
#include "qemu/log.h"

enum { PACKETS = 4, PACKET_BYTES = 2048, REG_BYTES = 16, BANK_SELECT = 14, MAX_DATA = 1532, MIN_FRAME = 60,
       LONGEST_FRAME = 1514 };
/* Packet: status word, byte count, data, control word. */
enum { PACKET_HEAD = 4, PACKET_EXTRA = 6, CONTROL_ODD = 0x20, CONTROL_CRC = 0x10 };
enum {
    TCR_ENABLE = 1 << 0, TCR_LOOP = 1 << 1, TCR_PAD = 1 << 7, TCR_NO_CRC = 1 << 8, TCR_FULL_DUPLEX = 1 << 11,
    TCR_EPH_LOOP = 1 << 13, TCR_SWITCHED = 1 << 15, TCR_BITS = 0xbd87,
};
enum { EPH_SUCCESS = 1 << 0, EPH_LAST_BROADCAST = 1 << 6, EPH_LAST_MULTICAST = 1 << 3, EPH_LINK = 1 << 14 };
enum {
    RCR_PROMISCUOUS = 1 << 1, RCR_ALL_MULTICAST = 1 << 2, RCR_ENABLE = 1 << 8, RCR_STRIP_CRC = 1 << 9,
    RCR_RESET = 1 << 15, RCR_BITS = 0x6307,
};
enum { RX_MULTICAST = 1 << 0, RX_TOO_SHORT = 1 << 10, RX_TOO_LONG = 1 << 11, RX_ODD = 1 << 12, RX_BROADCAST = 1 << 14 };
enum { CONFIG_RESET = 0xa0b1, CONFIG_BITS = 0x9220 | 1 << 15, CTL_RESET = 0x1210, CTL_LINK_ENABLE = 1 << 7,
       CTL_AUTO_RELEASE = 1 << 11 };
enum { PTR_RECEIVE = 1 << 15, PTR_AUTO = 1 << 14, PTR_READ = 1 << 13, PTR_OFFSET = 0x7ff };
enum {
    INT_RECEIVE = 1 << 0, INT_TRANSMIT = 1 << 1, INT_TX_EMPTY = 1 << 2, INT_ALLOC = 1 << 3, INT_OVERRUN = 1 << 4,
    INT_EPH = 1 << 5, INT_MII = 1 << 7, INT_ACK = INT_TRANSMIT | INT_TX_EMPTY | INT_OVERRUN | 1 << 6 | INT_MII,
};
enum { MMU_NOP, MMU_ALLOC, MMU_RESET, MMU_POP, MMU_POP_RELEASE, MMU_RELEASE, MMU_ENQUEUE, MMU_RESET_TX };
enum { QUEUE_EMPTY = 0x80, ALLOC_FAILED = 0x80 };
enum { MGMT_BASE = 0x3330, MGMT_MASK_CRS = 1 << 14, REVISION = 0x3391, ERCV_RESET = 0x331f, NEXT_BANK_MARK = 0x3300 };

/* Packet numbers, the oldest first. */
typedef struct PacketQueue {
    uint8_t number[PACKETS];
    unsigned used;
} PacketQueue;

typedef struct LAN91C111 {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint16_t bank, tcr, eph_status, rcr, rpcr, config, base, general, ctl, pointer, ercv;
    uint8_t mac[6], multicast[8], packet_number, alloc_result, interrupt, mask;
    uint32_t free;              /* bit per packet */
    bool alloc_waits;           /* for a packet to be released */
    PacketQueue completed, received;
    uint8_t memory[PACKETS][PACKET_BYTES];
    LanPhy phy;
    bool level;                 /* of the line */
    const IRQLine *irq;         /* constant */
    NetBackend *net;            /* constant; NULL: no cable at all */
    uint8_t reset_mac[6];       /* constant; the EEPROM's */
} LAN91C111;

/* ---- all with the lock held ---- */

/* The only caller of irq_set(). */
static void update_line(LAN91C111 *s)
{
    bool level;

    s->interrupt &= (uint8_t)~(INT_RECEIVE | INT_EPH);
    s->interrupt |= s->received.used ? INT_RECEIVE : 0;
    s->interrupt |= lan_phy_interrupt(&s->phy) ? INT_MII : 0;
    level = s->interrupt & s->mask;
    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

static void queue_push(PacketQueue *q, uint8_t number)
{
    if (q->used < PACKETS) {
        q->number[q->used++] = number;
    }
}

static uint8_t queue_first(const PacketQueue *q)
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

/* Put a frame into a packet; false: there is none free. A frame that is not for us is dropped. */
static bool receive_frame(LAN91C111 *s, const uint8_t *frame, size_t bytes)
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
        receive_frame(s, frame, bytes);
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

static void reset_mmu(LAN91C111 *s)
{
    s->free = (1u << PACKETS) - 1;
    s->alloc_waits = false;
    s->alloc_result = ALLOC_FAILED;
    s->completed.used = s->received.used = 0;
    s->interrupt = INT_TX_EMPTY;
}

static void mmu_command(LAN91C111 *s, uint16_t value)
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
        reset_mmu(s);
        if (s->net) {
            net_card_ready(s->net);
        }
        break;
    case MMU_POP:
        queue_pop(&s->received);
        break;
    case MMU_POP_RELEASE:
        first = queue_first(&s->received);
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

static void soft_reset(LAN91C111 *s)
{
    s->tcr = s->rcr = s->rpcr = s->eph_status = 0;
    s->config = CONFIG_RESET;
    s->ctl = CTL_RESET;
    s->ercv = ERCV_RESET;
    s->pointer = 0;
    s->packet_number = s->mask = 0;
    memset(s->multicast, 0, sizeof(s->multicast));
    reset_mmu(s);
}

/* The byte that the pointer points at; it goes on if it is to. */
static uint8_t *data_byte(LAN91C111 *s)
{
    uint8_t number = s->pointer & PTR_RECEIVE ? queue_first(&s->received) : s->packet_number;
    unsigned at = s->pointer & PTR_OFFSET;

    if (s->pointer & PTR_AUTO) {
        s->pointer = (uint16_t)((s->pointer & ~PTR_OFFSET) | ((at + 1) & PTR_OFFSET));
    }
    return &s->memory[number % PACKETS][at];
}

/* ---- registers: 16 bits each, `bank * 16 + offset` ---- */

#define REG(bank, offset) ((bank) << 4 | (offset))

static uint16_t read_bytes(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint16_t read_register(LAN91C111 *s, unsigned offset)
{
    unsigned reg = REG(s->bank, offset);

    if (offset == BANK_SELECT) {
        return NEXT_BANK_MARK | s->bank;
    }
    switch (reg) {
    case REG(0, 0):
        return s->tcr;
    case REG(0, 2):
        return s->eph_status | (lan_phy_carries(&s->phy) ? EPH_LINK : 0);
    case REG(0, 4):
        return s->rcr;
    case REG(0, 6):             /* collisions: there are none */
        return 0;
    case REG(0, 8):
        return (uint16_t)(__builtin_popcount(s->free) << 8 | PACKETS);
    case REG(0, 10):
        return s->rpcr;
    case REG(1, 0):
        return s->config;
    case REG(1, 2):
        return s->base;
    case REG(1, 4): case REG(1, 6): case REG(1, 8):
        return read_bytes(s->mac + offset - 4);
    case REG(1, 10):
        return s->general;
    case REG(1, 12):
        return s->ctl;
    case REG(2, 0):             /* the MMU is never busy */
        return 0;
    case REG(2, 2):
        return (uint16_t)(s->packet_number | s->alloc_result << 8);
    case REG(2, 4):
        return (uint16_t)(queue_first(&s->completed) | queue_first(&s->received) << 8);
    case REG(2, 6):
        return s->pointer;
    case REG(2, 12):
        return (uint16_t)(s->interrupt | s->mask << 8);
    case REG(3, 0): case REG(3, 2): case REG(3, 4): case REG(3, 6):
        return read_bytes(s->multicast + offset);
    case REG(3, 8):
        return (uint16_t)(MGMT_BASE | lan_phy_read(&s->phy));
    case REG(3, 10):
        return REVISION;
    case REG(3, 12):
        return s->ercv;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "lan91c111: read of bank %u, offset 0x%x\n", s->bank, offset);
        return s->bank == 7 ? 0xffff : 0;
    }
}

static void acknowledge(LAN91C111 *s, uint8_t value)
{
    if ((value & INT_TRANSMIT) && (s->interrupt & INT_TRANSMIT)) {
        queue_pop(&s->completed);
    }
    s->interrupt &= (uint8_t)~(value & INT_ACK);
    if (s->completed.used) {
        s->interrupt |= INT_TRANSMIT;
    }
}

/* `lanes`: bit per byte of the register that is written; the others of `value` are what a read gives. */
static void write_register(LAN91C111 *s, unsigned offset, uint16_t value, unsigned lanes)
{
    unsigned reg = REG(s->bank, offset);

    if (offset == BANK_SELECT) {
        s->bank = value & 7;
        return;
    }
    switch (reg) {
    case REG(0, 0):
        s->tcr = value & TCR_BITS;
        break;
    case REG(0, 4):
        if (value & RCR_RESET) {
            soft_reset(s);
        } else {
            s->rcr = value & RCR_BITS;
        }
        break;
    case REG(0, 10):
        s->rpcr = value & 0x3efc;
        break;
    case REG(1, 0):
        s->config = (uint16_t)((value & CONFIG_BITS) | (CONFIG_RESET & ~CONFIG_BITS));
        break;
    case REG(1, 2):
        s->base = value;
        break;
    case REG(1, 4): case REG(1, 6): case REG(1, 8):
        s->mac[offset - 4] = (uint8_t)value;
        s->mac[offset - 3] = (uint8_t)(value >> 8);
        break;
    case REG(1, 10):
        s->general = value;
        break;
    case REG(1, 12):            /* RELOAD and STORE of the EEPROM end at once */
        s->ctl = (uint16_t)((value & ~3u) | 0x0010);
        break;
    case REG(2, 0):
        mmu_command(s, value);
        break;
    case REG(2, 2):
        if (lanes & 1) {
            s->packet_number = value & 0x3f;
        }
        break;
    case REG(2, 6):
        s->pointer = value;
        break;
    case REG(2, 12):
        if (lanes & 1) {
            acknowledge(s, (uint8_t)value);
        }
        if (lanes & 2) {
            s->mask = (uint8_t)(value >> 8);
        }
        break;
    case REG(3, 0): case REG(3, 2): case REG(3, 4): case REG(3, 6):
        s->multicast[offset] = (uint8_t)value;
        s->multicast[offset + 1] = (uint8_t)(value >> 8);
        break;
    case REG(3, 8):
        lan_phy_write(&s->phy, value);
        break;
    case REG(3, 12):
        s->ercv = value;
        break;
    case REG(0, 2): case REG(0, 6): case REG(0, 8): case REG(2, 4): case REG(3, 10):
        break;                  /* read-only */
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "lan91c111: write of bank %u, offset 0x%x\n", s->bank, offset);
        break;
    }
}

static bool is_data(const LAN91C111 *s, unsigned offset)
{
    return s->bank == 2 && offset >= 8 && offset < 12;
}

static uint32_t read_any(LAN91C111 *s, uint32_t offset, unsigned size)
{
    uint32_t v = 0;

    if (is_data(s, offset)) {
        for (unsigned i = 0; i < size; i++) {
            v |= (uint32_t)*data_byte(s) << (8 * i);
        }
        return v;
    }
    if (size == 1) {
        return read_register(s, offset & ~1u) >> (offset & 1) * 8 & 0xff;
    }
    for (unsigned i = 0; i < size; i += 2) {
        v |= (uint32_t)read_register(s, (offset & ~1u) + i) << (8 * i);
    }
    return v;
}

static void write_any(LAN91C111 *s, uint32_t offset, uint32_t value, unsigned size)
{
    if (is_data(s, offset)) {
        for (unsigned i = 0; i < size; i++) {
            *data_byte(s) = (uint8_t)(value >> (8 * i));
        }
    } else if (size == 1) {
        unsigned even = offset & ~1u, shift = (offset & 1) * 8;
        uint16_t old = even == BANK_SELECT ? s->bank : read_register(s, even);

        write_register(s, even, (uint16_t)((old & ~(0xffu << shift)) | (value & 0xff) << shift), 1u << (offset & 1));
    } else if (size == 4 && offset == BANK_SELECT - 2) {
        write_register(s, BANK_SELECT, (uint16_t)(value >> 16), 3);     /* as a word it is this register alone */
    } else {
        for (unsigned i = 0; i < size; i += 2) {
            write_register(s, (offset & ~1u) + i, (uint16_t)(value >> (8 * i)), 3);
        }
    }
}

/* ---- entry points ---- */

static uint32_t lan91c111_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    LAN91C111 *s = opaque;
    uint32_t v;

    if (offset + size > REG_BYTES) {
        return 0;               /* as old kernels expect that look for another controller at 0x50 */
    }
    counted_lock(&s->dev.lock);
    v = read_any(s, offset, size);
    update_line(s);
    counted_unlock(&s->dev.lock);
    return v;
}

static void lan91c111_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    LAN91C111 *s = opaque;

    if (offset + size > REG_BYTES) {
        qemu_log_mask(LOG_GUEST_ERROR, "lan91c111: write at 0x%x\n", offset);
        return;
    }
    counted_lock(&s->dev.lock);
    write_any(s, offset, value, size);
    update_line(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps lan91c111_ops = { lan91c111_read, lan91c111_write };

static bool lan91c111_receive(void *opaque, const uint8_t *frame, size_t bytes)
{
    LAN91C111 *s = opaque;
    bool taken;

    counted_lock(&s->dev.lock);
    taken = !lan_phy_carries(&s->phy) || receive_frame(s, frame, bytes);
    update_line(s);
    counted_unlock(&s->dev.lock);
    return taken;
}

static void lan91c111_link_changed(void *opaque, bool up)
{
    LAN91C111 *s = opaque;

    counted_lock(&s->dev.lock);
    lan_phy_set_link(&s->phy, up);
    update_line(s);
    counted_unlock(&s->dev.lock);
}

static void lan91c111_reset(void *opaque)
{
    LAN91C111 *s = opaque;

    counted_lock(&s->dev.lock);
    s->bank = s->base = s->general = 0;
    memcpy(s->mac, s->reset_mac, sizeof(s->mac));
    memset(s->memory, 0, sizeof(s->memory));
    soft_reset(s);
    lan_phy_reset(&s->phy);
    s->phy.link = s->net && net_link_up(s->net);
    s->phy.signals = 0;
    update_line(s);
    counted_unlock(&s->dev.lock);
}

/* Bound what an index depends on; frames that wait in the network are not part of the state. */
static void lan91c111_post_load(void *opaque)
{
    LAN91C111 *s = opaque;

    counted_lock(&s->dev.lock);
    s->bank &= 7;
    s->free &= (1u << PACKETS) - 1;
    s->completed.used = s->completed.used > PACKETS ? PACKETS : s->completed.used;
    s->received.used = s->received.used > PACKETS ? PACKETS : s->received.used;
    s->phy.link = s->net && net_link_up(s->net);
    update_line(s);
    counted_unlock(&s->dev.lock);
    if (s->net) {
        net_card_ready(s->net);
    }
}

#define FIELD(f) DEVICE_FIELD(LAN91C111, f)

static const DeviceField lan91c111_fields[] = {
    FIELD(bank), FIELD(tcr), FIELD(eph_status), FIELD(rcr), FIELD(rpcr), FIELD(config), FIELD(base), FIELD(general),
    FIELD(ctl), FIELD(pointer), FIELD(ercv), FIELD(packet_number), FIELD(alloc_result), FIELD(interrupt), FIELD(mask),
    FIELD(free), FIELD(alloc_waits), FIELD(completed.used), FIELD(received.used), FIELD(phy.control),
    FIELD(phy.advertised), FIELD(phy.config1), FIELD(phy.config2), FIELD(phy.status), FIELD(phy.mask),
    FIELD(phy.signals), FIELD(phy.in), FIELD(phy.in_bits), FIELD(phy.out), FIELD(phy.out_bits),
    DEVICE_ARRAY(LAN91C111, mac), DEVICE_ARRAY(LAN91C111, multicast), DEVICE_ARRAY(LAN91C111, completed.number),
    DEVICE_ARRAY(LAN91C111, received.number), DEVICE_EACH_ARRAY_OF(LAN91C111, memory),
    { 0 },
};

/* The offsets of bank 2, where a driver is most of the time. */
static const MMIORegister lan91c111_registers[] = {
    { 0x0, "MMU_COMMAND" }, { 0x2, "PACKET_NUMBER" }, { 0x4, "FIFO_PORTS" }, { 0x6, "POINTER" }, { 0x8, "DATA" },
    { 0xc, "INTERRUPT" }, { BANK_SELECT, "BANK" },
    { 0 },
};

static const DeviceClass lan91c111_class = {
    .name = "lan91c111",
    .state_size = sizeof(LAN91C111),
    .node = { .name = "ethernet", .compatible = { "smsc,lan91c111" } },
    .version = 1,
    .fields = lan91c111_fields,
    .registers = lan91c111_registers,
    .reset = lan91c111_reset,
    .post_load = lan91c111_post_load,
};

void lan91c111_create(uint32_t base, uint32_t size, const char *name, NetBackend *net, const uint8_t mac[6],
                      const IRQLine *irq)
{
    LAN91C111 *s = device_new(&lan91c111_class, name);

    s->irq = irq;
    s->net = net;
    memcpy(s->reset_mac, mac, sizeof(s->reset_mac));
    if (net) {
        NetCard card = { .receive = lan91c111_receive, .link_changed = lan91c111_link_changed, .opaque = s };

        net_attach(net, &card);
    }
    device_add(&s->dev);
    device_map(&s->dev, base, size, &lan91c111_ops);
}
