/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LAN91C111: banks, memory management, sending and receiving, filters, loop-back, PHY. */
#include <string.h>
#include "device-stubs.h"
#include "fake-net.h"
#include "hw/net/lan91c111.h"

enum { BASE = 0x4e000000 };
enum { TCR = 0x00, EPH = 0x02, RCR = 0x04, MIR = 0x08, CONFIG = 0x10, IA = 0x14, CTL = 0x1c, MMU = 0x20, PNR = 0x22,
       FIFO = 0x24, PTR = 0x26, DATA = 0x28, INT = 0x2c, MCAST = 0x30, MGMT = 0x38, REV = 0x3a };
enum { I_RX = 1, I_TX = 2, I_TX_EMPTY = 4, I_ALLOC = 8, I_MD = 0x80 };
enum { ALLOC = 0x20, RESET = 0x40, POP_RELEASE = 0x80, RELEASE = 0xa0, ENQUEUE = 0xc0 };

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static NetBackend *net;

/* reg: bank in the upper digit. */
static uint16_t get(unsigned reg)
{
    reg_write_as(0, BASE + 14, reg >> 4, 2);
    return (uint16_t)reg_read_as(0, BASE + (reg & 15), 2);
}

static void put(unsigned reg, uint16_t value)
{
    reg_write_as(0, BASE + 14, reg >> 4, 2);
    reg_write_as(0, BASE + (reg & 15), value, 2);
}

static void put_byte(unsigned reg, uint8_t value)
{
    reg_write_as(0, BASE + 14, reg >> 4, 2);
    reg_write_as(0, BASE + (reg & 15), value, 1);
}

static void start(void)
{
    bench_reset();
    fake_net_sent_count = fake_net_ready_count = 0;
    put(TCR, 1);
    put(RCR, 0x300);
}

static void test_registers(void)
{
    bench_reset();
    ok_eq(get(TCR), 0, "TCR");
    ok_eq(get(MIR), 0x0404, "four packets, four free");
    ok_eq(get(CONFIG), 0xa0b1, "CONFIG");
    ok_eq(get(IA), 0x5452, "the address");
    ok_eq(get(IA + 4), 0x5634, "to its end");
    ok_eq(get(FIFO), 0x8080, "both queues are empty");
    ok_eq(get(REV), 0x3391, "revision");
    ok_eq(reg_read_as(0, BASE + 14, 2), 0x3303, "the bank register's mark");
    ok_eq(rd(BASE + 0x50), 0, "behind the registers: 0");
    put_byte(INT + 1, 0x0f);
    wr(BASE + 12, 0x00030000);
    ok_eq(reg_read_as(0, BASE + 14, 2), 0x3303, "word-at-0xC-selects-the-bank-alone");
    ok_eq(get(INT) >> 8, 0x0f, "word-at-0xC-selects-the-bank-alone: the mask stays");
    put(RCR, 0x8000);
    ok_eq(get(INT) >> 8, 0, "a soft reset clears it");
    put(RCR, 0);
}

/* Allocate, fill and queue a frame; returns the packet's number. */
static unsigned send(const uint8_t *frame, unsigned bytes)
{
    unsigned number;

    put(MMU, ALLOC);
    number = get(PNR) >> 8;
    put_byte(PNR, (uint8_t)number);
    put(PTR, 0x4000);
    reg_write_as(0, BASE + 8, (uint32_t)((bytes & ~1u) + 6) << 16, 4);
    for (unsigned i = 0; i < (bytes & ~1u); i++) {
        reg_write_as(0, BASE + 8, frame[i], 1);
    }
    reg_write_as(0, BASE + 8, bytes & 1 ? frame[bytes - 1] | 0x2000 : 0, 2);
    put(MMU, ENQUEUE);
    return number;
}

static void test_send(void)
{
    uint8_t frame[200];

    start();
    for (unsigned i = 0; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)(i * 3);
    }
    put_byte(INT + 1, I_TX);
    unsigned number = send(frame, 100);
    ok(fake_net_sent_count == 1 && fake_net_sent_bytes == 100 && !memcmp(fake_net_sent, frame, 100), "even length");
    ok(bench_level[0], "interrupts");
    ok_eq(get(FIFO) & 0xff, number, "its number is in the queue of completed packets");
    ok_eq(get(MIR) >> 8, 3, "and it is not free");
    put_byte(INT, I_TX);
    ok(!bench_level[0] && (get(FIFO) & 0x80), "acknowledged");
    put_byte(PNR, (uint8_t)number);
    put(MMU, RELEASE);
    ok_eq(get(MIR) >> 8, 4, "released");
    put(CTL, get(CTL) | 0x0800);
    send(frame, 101);
    ok(fake_net_sent_bytes == 101 && !memcmp(fake_net_sent, frame, 101), "odd length");
    ok_eq(get(MIR) >> 8, 4, "released by itself");
    put(TCR, 0x81);
    send(frame, 20);
    ok(fake_net_sent_bytes == 60 && !fake_net_sent[59], "padded");
    put(TCR, 0);
    unsigned count = fake_net_sent_count;
    send(frame, 60);
    ok_eq(fake_net_sent_count, count, "not while the transmitter is off");
    start();
    for (int i = 0; i < 4; i++) {
        put(MMU, ALLOC);
        ok(get(INT) & I_ALLOC, "packet %d", i);
    }
    put(MMU, ALLOC);
    ok(!(get(INT) & I_ALLOC) && (get(PNR) & 0x8000), "there is no fifth");
    put_byte(PNR, 2);
    put(MMU, RELEASE);
    ok((get(INT) & I_ALLOC) && get(PNR) >> 8 == 2, "it comes when one is released");
    put(PTR, 0x4000);
    reg_write_as(0, BASE + 8, 0x07ff0000, 4);
    put(MMU, ENQUEUE);
    ok(fake_net_sent_bytes <= 2048, "a count beyond the packet");
    start();
    put(MMU, ALLOC);
    reg_write_as(0, BASE + 14, 2, 2);
    put(PTR, 0x4000);
    reg_write_as(0, BASE + 8, 0x00020000, 4);
    put(MMU, ENQUEUE);
    ok_eq(fake_net_sent_count, 0, "a count of less than nothing");
}

static void test_receive(void)
{
    uint8_t frame[1600] = { 0 };

    start();
    memcpy(frame, mac, 6);
    for (unsigned i = 6; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)i;
    }
    put_byte(INT + 1, I_RX);
    ok(fake_net_offer(net, frame, 100) && bench_level[0], "a frame interrupts");
    put(PTR, 0xe000);
    uint32_t head = reg_read_as(0, BASE + 8, 4);
    ok_eq(head, 106u << 16, "its status and count");
    bool same = true;
    for (unsigned i = 0; i < 100; i++) {
        same &= reg_read_as(0, BASE + 8, 1) == frame[i];
    }
    ok(same, "its data");
    put(MMU, POP_RELEASE);
    ok(!bench_level[0] && get(MIR) >> 8 == 4, "released");
    fake_net_offer(net, frame, 61);
    put(PTR, 0xe000);
    ok_eq(reg_read_as(0, BASE + 8, 4), 66u << 16 | 0x1000, "odd length");
    put(PTR, 0xe000 | 65);
    ok_eq(reg_read_as(0, BASE + 8, 1) & 0x20, 0x20, "says the control byte");
    put(MMU, POP_RELEASE);
    for (int i = 0; i < 4; i++) {
        ok(fake_net_offer(net, frame, 60), "packet %d", i);
    }
    ok(!fake_net_offer(net, frame, 60), "no room: the frame waits");
    fake_net_ready_count = 0;
    put(MMU, POP_RELEASE);
    ok(fake_net_ready_count, "released: the network hears of it");
    put(MMU, RESET);
    /* filters */
    frame[0] = 0x10;
    fake_net_offer(net, frame, 60);
    ok(get(FIFO) & 0x8000, "another's address");
    put(RCR, 0x302);
    fake_net_offer(net, frame, 60);
    ok(!(get(FIFO) & 0x8000), "promiscuous");
    put(MMU, RESET);
    put(RCR, 0x300);
    memset(frame, 0xff, 6);
    fake_net_offer(net, frame, 60);
    ok(!(get(FIFO) & 0x8000), "broadcast");
    put(MMU, RESET);
    static const uint8_t group[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };
    memcpy(frame, group, 6);
    fake_net_offer(net, frame, 60);
    ok(get(FIFO) & 0x8000, "a group nobody asked for");
    /* Linux: crc32_le(~0, address, 6) & 0x3f = 0x3e; each three bits turned round: byte 3, bit 7. */
    put(MCAST + 2, 0x8000);
    fake_net_offer(net, frame, 60);
    ok(!(get(FIFO) & 0x8000), "the multicast table");
    put(MMU, RESET);
    put(MCAST + 2, 0x7fff);
    fake_net_offer(net, frame, 60);
    ok(get(FIFO) & 0x8000, "is exact");
    memcpy(frame, mac, 6);
    fake_net_offer(net, frame, 1600);
    fake_net_offer(net, frame, 10);
    ok(get(FIFO) & 0x8000, "too long, too short");
    put(RCR, 0x100);
    fake_net_offer(net, frame, 60);
    put(PTR, 0xe000);
    ok_eq(reg_read_as(0, BASE + 8, 4) >> 16, 70, "with its check sequence");
    put(RCR, 0);
    put(MMU, RESET);
    ok(fake_net_offer(net, frame, 60) && (get(FIFO) & 0x8000), "the receiver is off: lost");
    start();
    put(TCR, 0x2001);
    unsigned count = fake_net_sent_count;
    send(frame, 60);
    ok(fake_net_sent_count == count && !(get(FIFO) & 0x8000), "looped back");
}

/* ---- the PHY, as drivers talk to it ---- */

static void mii_out(uint32_t value, unsigned bits)
{
    for (; bits; bits--) {
        uint16_t v = 8 | (value >> (bits - 1) & 1);

        put(MGMT, v);
        put(MGMT, v | 4);
    }
}

static uint32_t mii_read(unsigned phy, unsigned reg)
{
    uint32_t v = 0;

    mii_out(0xffffffff, 32);
    mii_out(6 << 10 | phy << 5 | reg, 14);
    put(MGMT, 0);
    for (int i = 0; i < 18; i++) {
        v = v << 1 | (get(MGMT) >> 1 & 1);
        put(MGMT, 0);
        put(MGMT, 4);
    }
    put(MGMT, 0);
    return v;
}

static void mii_write(unsigned reg, uint16_t value)
{
    mii_out(0xffffffff, 32);
    mii_out(5u << 28 | reg << 18 | 2 << 16 | value, 32);
    put(MGMT, 0);
}

static void test_phy(void)
{
    start();
    ok_eq(mii_read(0, 2), 0x0016, "PHY ID");
    ok_eq(mii_read(0, 3), 0xf840, "PHY ID");
    ok_eq(mii_read(3, 2), 0, "there is no other PHY");
    ok_eq(mii_read(0, 1) & 0x24, 0x24, "link, negotiated");
    mii_write(4, 0x0021);
    ok_eq(mii_read(0, 4), 0x0021, "a register that was written");
    mii_write(0, 0x8000);
    ok_eq(mii_read(0, 0) & 0x8000, 0, "reset clears itself");
    ok_eq(mii_read(0, 4), 0x01e1, "and the registers");
    mii_write(19, 0x3fc0);
    put_byte(INT + 1, I_MD);
    ok(!bench_level[0], "quiet");
    net_set_link(net, false);
    ok(bench_level[0] && (get(INT) & I_MD), "the cable is pulled out: interrupt");
    ok_eq(mii_read(0, 18) & 0xc000, 0xc000, "it says what");
    put_byte(INT, I_MD);
    ok(!bench_level[0], "once");
    ok_eq(mii_read(0, 1) & 4, 0, "no link");
    ok_eq(get(EPH) & 0x4000, 0, "for the controller neither");
    unsigned count = fake_net_sent_count;
    uint8_t frame[60] = { 0xff };
    send(frame, 60);
    ok_eq(fake_net_sent_count, count, "nothing goes out");
    net_set_link(net, true);
    ok(bench_level[0], "and in again");
    ok(mii_read(0, 1) & 4, "link");
    mii_read(0, 18);
    mii_write(0, 0x4000);
    send(frame, 60);
    ok_eq(fake_net_sent_count, count, "the PHY loops back");
}

int main(void)
{
    bench_init();
    net = fake_net_new();
    lan91c111_create(BASE, 0x10000, "ethernet", net, mac, &bench_line[0]);
    test_registers();
    test_send();
    test_receive();
    test_phy();
    return test_done();
}
