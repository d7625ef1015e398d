/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../io.py: writes the SD card, so that each word is its place's complement. */
#include "card.h"

/* False: the card reported an error. */
static bool write_piece(uint32_t at, const uint32_t *from)
{
    uint32_t status;

    command(25, at, CMD_RESPONSE);
    wr32(MCI + DATA_LENGTH, PIECE);
    wr32(MCI + DATA_CTRL, DATA_ENABLE | DATA_BLOCKS_512);
    for (uint32_t i = 0; i < PIECE / 4; ) {
        status = rd32(MCI + STATUS);
        if (status & ST_DATA_ERRORS) {
            return false;
        }
        for (uint32_t n = 0; status & ST_TX_HALF_EMPTY && n < BURST; n++) {
            wr32(MCI + FIFO, from[i++]);
        }
    }
    do {
        status = rd32(MCI + STATUS);
    } while (!(status & (ST_DATA_END | ST_DATA_ERRORS)));
    wr32(MCI + DATA_CTRL, 0);
    command(12, 0, CMD_RESPONSE);
    return !(status & ST_DATA_ERRORS);
}

/* The card programs what it has; CMD13's state is that of transfers again when it has done so. */
static void wait_ready(uint32_t address)
{
    while ((command(13, address, CMD_RESPONSE) >> 9 & 15) != 4) {
    }
}

int test_main(void)
{
    uint32_t *piece = heap_alloc(PIECE, 4);
    const uint32_t address = card_start();

    for (uint32_t at = 0; at < BYTES; at += PIECE) {
        for (uint32_t i = 0; i < PIECE / 4; i++) {
            piece[i] = ~(at + 4 * i);
        }
        if (!write_piece(at, piece)) {
            fail_hard("the card did not take it");
        }
        wait_ready(address);
    }
    return 0;
}
