/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../io.py: reads BYTES from the SD card by the MMCI's FIFO, as Linux's driver does without DMA. */
#include "runtime.h"

enum {
    MCI = 0x10005000, POWER = 0x00, CLOCK = 0x04, ARGUMENT = 0x08, COMMAND = 0x0c, RESPONSE0 = 0x14,
    DATA_TIMER = 0x24, DATA_LENGTH = 0x28, DATA_CTRL = 0x2c, STATUS = 0x34, CLEAR = 0x38, FIFO = 0x80,
    CMD_RESPONSE = 1 << 6, CMD_LONG = 1 << 7, CMD_ENABLE = 1 << 10,
    ST_CMD_TIMEOUT = 1 << 2, ST_DATA_ERRORS = 1 << 3 | 1 << 1 | 1 << 5, ST_RX_HALF_FULL = 1 << 15,
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

static void card_start(void)
{
    wr32(MCI + POWER, 3);
    wr32(MCI + CLOCK, 0x1ff);
    wr32(MCI + DATA_TIMER, 0xffffffff);
    command(0, 0, 0);
    command(8, 0x1aa, CMD_RESPONSE);
    do {
        command(55, 0, CMD_RESPONSE);
    } while (!(command(41, 0x40ff8000, CMD_RESPONSE) >> 31));
    command(2, 0, CMD_RESPONSE | CMD_LONG);
    command(7, command(3, 0, CMD_RESPONSE) & 0xffff0000, CMD_RESPONSE);
}

/* False: the card reported an error. */
static bool read_piece(uint32_t at, uint32_t *to)
{
    wr32(MCI + DATA_LENGTH, PIECE);
    wr32(MCI + DATA_CTRL, 1 | 2 | 9 << 4);
    command(18, at, CMD_RESPONSE);
    for (uint32_t i = 0; i < PIECE / 4; ) {
        const uint32_t status = rd32(MCI + STATUS);

        if (status & ST_DATA_ERRORS) {
            return false;
        }
        for (uint32_t n = 0; status & ST_RX_HALF_FULL && n < BURST; n++) {
            to[i++] = rd32(MCI + FIFO);
        }
    }
    wr32(MCI + DATA_CTRL, 0);
    command(12, 0, CMD_RESPONSE);
    return true;
}

int test_main(void)
{
    uint32_t *piece = heap_alloc(PIECE, 4);

    card_start();
    for (uint32_t at = 0; at < BYTES; at += PIECE) {
        if (!read_piece(at, piece) || piece[0] != at || piece[PIECE / 4 - 1] != at + PIECE - 4) {
            fail_hard("the card gave something else");
        }
    }
    return 0;
}
