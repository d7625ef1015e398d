/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../io.py: the LAN91C111 as Linux's driver uses it. */
#ifndef TESTS_BENCH_IO_ETHERNET_H
#define TESTS_BENCH_IO_ETHERNET_H
#include "runtime.h"

/* Bank in the upper digit, offset in the lower. */
enum { TCR = 0x00, RCR = 0x04, CTL = 0x1c, MMU = 0x20, PNR = 0x22, PTR = 0x26, DATA = 0x28, INT = 0x2c };
enum {
    ETHERNET = 0x4e000000, BANK = 14, ALLOCATE = 0x20, POP_RELEASE = 0x80, ENQUEUE = 0xc0, INT_RECEIVED = 1,
    INT_ALLOCATED = 8, READ = 0x2000, AUTO_INCREMENT = 0x4000, RECEIVED = 0x8000, AUTO_RELEASE = 0x800, TX_ENABLE = 1,
    RX_ENABLE = 0x100, STRIP_CRC = 0x200,
    FRAME = 1512, BYTES = 8 << 20,          /* io.py has the same */
};

static void bank_of(unsigned reg)
{
    *(volatile uint16_t *)(ETHERNET + BANK) = (uint16_t)(reg >> 4);
}

static volatile uint16_t *half(unsigned reg)
{
    return (volatile uint16_t *)(ETHERNET + (reg & 15));
}

/* Transmits, and receives if RCR says so; bank 2 is chosen. */
static void card_on(uint16_t rcr)
{
    bank_of(TCR);
    *half(TCR) = TX_ENABLE;
    *half(RCR) = rcr;
    bank_of(CTL);
    *half(CTL) = *half(CTL) | AUTO_RELEASE;
    bank_of(MMU);
}

/* Bank 2 is chosen. */
static void send(const uint32_t *frame)
{
    *half(MMU) = ALLOCATE;
    while (!(*half(INT) & INT_ALLOCATED)) {
    }
    *(volatile uint8_t *)(ETHERNET + (PNR & 15)) = (uint8_t)(*half(PNR) >> 8);
    *half(PTR) = AUTO_INCREMENT;
    wr32(ETHERNET + (DATA & 15), (FRAME + 6) << 16);
    for (unsigned i = 0; i < FRAME / 4; i++) {
        wr32(ETHERNET + (DATA & 15), frame[i]);
    }
    *half(DATA) = 0;
    *half(MMU) = ENQUEUE;
}
#endif
