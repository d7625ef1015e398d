/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../io.py: sends BYTES by the LAN91C111, in frames that nobody answers, as Linux's driver does. */
#include "runtime.h"

/* Bank in the upper digit, offset in the lower. */
enum { TCR = 0x00, CTL = 0x1c, MMU = 0x20, PNR = 0x22, PTR = 0x26, DATA = 0x28, INT = 0x2c };
enum {
    ETHERNET = 0x4e000000, BANK = 14, ALLOCATE = 0x20, ENQUEUE = 0xc0, INT_ALLOCATED = 8, AUTO_INCREMENT = 0x4000,
    AUTO_RELEASE = 0x800, TX_ENABLE = 1,
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

int test_main(void)
{
    /* To everybody, from a made-up address, of a type for experiments. */
    static uint32_t frame[FRAME / 4] = { 0xffffffff, 0x0002ffff, 0x01000000, 0x0000b588 };

    bank_of(TCR);
    *half(TCR) = TX_ENABLE;
    bank_of(CTL);
    *half(CTL) = *half(CTL) | AUTO_RELEASE;
    bank_of(MMU);
    for (uint32_t sent = 0; sent < BYTES; sent += FRAME) {
        send(frame);
    }
    return 0;
}
