/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../io.py: an SD card of BYTES at the MMCI, whose FIFO is moved by the CPU, as Linux's driver does without DMA. */
#ifndef TESTS_BENCH_IO_CARD_H
#define TESTS_BENCH_IO_CARD_H
#include "runtime.h"

enum {
    MCI = 0x10005000, POWER = 0x00, CLOCK = 0x04, ARGUMENT = 0x08, COMMAND = 0x0c, RESPONSE0 = 0x14,
    DATA_TIMER = 0x24, DATA_LENGTH = 0x28, DATA_CTRL = 0x2c, STATUS = 0x34, CLEAR = 0x38, FIFO = 0x80,
    CMD_RESPONSE = 1 << 6, CMD_LONG = 1 << 7, CMD_ENABLE = 1 << 10,
    ST_DATA_ERRORS = 1 << 1 | 1 << 3 | 1 << 5, ST_DATA_END = 1 << 8, ST_TX_HALF_EMPTY = 1 << 14,
    ST_RX_HALF_FULL = 1 << 15,
    DATA_ENABLE = 1, DATA_RECEIVE = 2, DATA_BLOCKS_512 = 9 << 4,
    PIECE = 32 * 1024, BURST = 8,
    BYTES = 8 << 20,            /* io.py has the same, and a card of this size */
};

static uint32_t command(uint32_t index, uint32_t argument, uint32_t flags)
{
    wr32(MCI + CLEAR, 0x7ff);
    wr32(MCI + ARGUMENT, argument);
    wr32(MCI + COMMAND, index | flags | CMD_ENABLE);
    return rd32(MCI + RESPONSE0);
}

/* The card's address, in bits 31:16. */
static uint32_t card_start(void)
{
    uint32_t address;

    wr32(MCI + POWER, 3);
    wr32(MCI + CLOCK, 0x1ff);
    wr32(MCI + DATA_TIMER, 0xffffffff);
    command(0, 0, 0);
    command(8, 0x1aa, CMD_RESPONSE);
    do {
        command(55, 0, CMD_RESPONSE);
    } while (!(command(41, 0x40ff8000, CMD_RESPONSE) >> 31));
    command(2, 0, CMD_RESPONSE | CMD_LONG);
    address = command(3, 0, CMD_RESPONSE) & 0xffff0000;
    command(7, address, CMD_RESPONSE);
    return address;
}
#endif
