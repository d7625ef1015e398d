/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside a LAN91C111: its state, which registers (lan91c111.c) and packet memory (lan91c111-frames.c) share. The lock
 * of all, functions and state, is the device's own.
 */
#ifndef HW_NET_LAN91C111_INTERNAL_H
#define HW_NET_LAN91C111_INTERNAL_H
#include "hw/device.h"
#include "hw/irq.h"
#include "hw/net/lan91c111-phy.h"
#include "net/net.h"

enum { PACKETS = 4, PACKET_BYTES = 2048 };
enum {
    TCR_ENABLE = 1 << 0, TCR_LOOP = 1 << 1, TCR_PAD = 1 << 7, TCR_EPH_LOOP = 1 << 13, TCR_BITS = 0xbd87,
};
enum {
    RCR_PROMISCUOUS = 1 << 1, RCR_ALL_MULTICAST = 1 << 2, RCR_ENABLE = 1 << 8, RCR_STRIP_CRC = 1 << 9,
    RCR_RESET = 1 << 15, RCR_BITS = 0x6307,
};
enum { CTL_RESET = 0x1210, CTL_AUTO_RELEASE = 1 << 11 };
enum { PTR_RECEIVE = 1 << 15, PTR_AUTO = 1 << 14, PTR_OFFSET = 0x7ff };
enum {
    INT_RECEIVE = 1 << 0, INT_TRANSMIT = 1 << 1, INT_TX_EMPTY = 1 << 2, INT_ALLOC = 1 << 3, INT_OVERRUN = 1 << 4,
    INT_EPH = 1 << 5, INT_MII = 1 << 7, INT_ACK = INT_TRANSMIT | INT_TX_EMPTY | INT_OVERRUN | 1 << 6 | INT_MII,
};

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

/* A command to the memory management unit, as written to its register. */
void lan_mmu_command(LAN91C111 *s, uint16_t value);
/* All packets are free, all queues empty. */
void lan_mmu_reset(LAN91C111 *s);
/* The oldest packet's number, or "none" as the registers say it. */
uint8_t lan_queue_first(const PacketQueue *q);
/* The guest wrote these bits to the interrupt register. */
void lan_acknowledge(LAN91C111 *s, uint8_t bits);
/* The byte of packet memory that the pointer points at; it goes on if it is to. */
uint8_t *lan_data_byte(LAN91C111 *s);
/* Put a frame into a packet; false: there is none free. A frame that is not for us is dropped. */
bool lan_receive_frame(LAN91C111 *s, const uint8_t *frame, size_t bytes);
#endif
