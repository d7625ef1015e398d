/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMSC LAN91C111 (data sheet revision 1.92).
 *
 * 8 KiB of memory hold four packets. The guest asks the memory management unit (MMU) for a packet, fills it through a
 * pointer and a data register, and puts its number into the transmit queue; received packets come with their numbers in
 * the receive queue. Registers are in banks of 16 bytes, chosen by the last two bytes.
 *
 * Frames are sent as soon as they are queued: the transmit queue is always empty, only the queue of completed packets
 * is seen. A frame that arrives while there is no free packet waits in the network.
 *
 * Lock: the device's own; received frames come on the I/O thread.
 */
#include <string.h>
#include "hw/net/lan91c111-internal.h"
#include "hw/net/lan91c111.h"
#include "qemu/log.h"

enum { REG_BYTES = 16, BANK_SELECT = 14 };
enum { CONFIG_RESET = 0xa0b1, CONFIG_BITS = 0x9220 | 1 << 15, EPH_LINK = 1 << 14 };
enum { MGMT_BASE = 0x3330, REVISION = 0x3391, ERCV_RESET = 0x331f, NEXT_BANK_MARK = 0x3300 };

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

static void soft_reset(LAN91C111 *s)
{
    s->tcr = s->rcr = s->rpcr = s->eph_status = 0;
    s->config = CONFIG_RESET;
    s->ctl = CTL_RESET;
    s->ercv = ERCV_RESET;
    s->pointer = 0;
    s->packet_number = s->mask = 0;
    memset(s->multicast, 0, sizeof(s->multicast));
    lan_mmu_reset(s);
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
        return (uint16_t)(lan_queue_first(&s->completed) | lan_queue_first(&s->received) << 8);
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
        lan_mmu_command(s, value);
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
            lan_acknowledge(s, (uint8_t)value);
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
            v |= (uint32_t)*lan_data_byte(s) << (8 * i);
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
            *lan_data_byte(s) = (uint8_t)(value >> (8 * i));
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
    taken = !lan_phy_carries(&s->phy) || lan_receive_frame(s, frame, bytes);
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

static void lan91c111_mac(void *opaque, uint8_t mac[6])
{
    LAN91C111 *s = opaque;

    counted_lock(&s->dev.lock);
    memcpy(mac, s->mac, sizeof(s->mac));
    counted_unlock(&s->dev.lock);
}

void lan91c111_create(uint32_t base, uint32_t size, const char *name, NetBackend *net, const uint8_t mac[6],
                      const IRQLine *irq)
{
    LAN91C111 *s = device_new(&lan91c111_class, name);

    s->irq = irq;
    s->net = net;
    memcpy(s->reset_mac, mac, sizeof(s->reset_mac));
    if (net) {
        NetCard card = { .receive = lan91c111_receive, .link_changed = lan91c111_link_changed,
                         .mac = lan91c111_mac, .opaque = s };

        net_attach(net, &card);
    }
    device_add(&s->dev);
    device_map(&s->dev, base, size, &lan91c111_ops);
}
