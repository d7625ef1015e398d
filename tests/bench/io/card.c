/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../io.py: reads the SD card. */
#include "card.h"

/* False: the card reported an error. */
static bool read_piece(uint32_t at, uint32_t *to)
{
    wr32(MCI + DATA_LENGTH, PIECE);
    wr32(MCI + DATA_CTRL, DATA_ENABLE | DATA_RECEIVE | DATA_BLOCKS_512);
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
