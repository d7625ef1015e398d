/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-disk-errors.py and test-blockdev.py: writes a block of the SD card, reads it and compares, again and again,
 * each time another block with other data. One character for each step on UART 0: R at the start, w and r if it worked,
 * W if the card reported an error when it wrote, E if it gave no data, X if other data came, N if it is gone: then it
 * waits for another one, and R.
 */
#include "runtime.h"

enum {
    MCI = 0x10005000, POWER = 0x00, CLOCK = 0x04, ARGUMENT = 0x08, COMMAND = 0x0c, RESPONSE0 = 0x14,
    DATA_TIMER = 0x24, DATA_LENGTH = 0x28, DATA_CTRL = 0x2c, STATUS = 0x34, CLEAR = 0x38, FIFO = 0x80,
    CMD_RESPONSE = 1 << 6, CMD_LONG = 1 << 7, CMD_ENABLE = 1 << 10,
    ST_CMD_TIMEOUT = 1 << 2, ST_DATA_TIMEOUT = 1 << 3, ST_DATA_END = 1 << 8, ST_TX_FULL = 1 << 16,
    ST_RX_AVAILABLE = 1 << 21,
    BLOCK = 512, WORDS = BLOCK / 4, BLOCKS = 1024, CARD_ERROR = 1 << 19, STATE_TRAN = 4,
};

static uint32_t rca;
static bool answers;            /* to the last command */

static uint32_t command(uint32_t index, uint32_t argument, uint32_t flags)
{
    wr32(MCI + CLEAR, 0x7ff);
    wr32(MCI + ARGUMENT, argument);
    wr32(MCI + COMMAND, index | flags | CMD_ENABLE);
    answers = !(rd32(MCI + STATUS) & ST_CMD_TIMEOUT);
    return rd32(MCI + RESPONSE0);
}

static void card_start(void)
{
    wr32(MCI + POWER, 3);
    wr32(MCI + CLOCK, 0x1ff);
    wr32(MCI + DATA_TIMER, 10000);
    do {
        command(0, 0, 0);
        command(8, 0x1aa, CMD_RESPONSE);
        command(55, 0, CMD_RESPONSE);
    } while (!(command(41, 0x40ff8000, CMD_RESPONSE) >> 31) || !answers);
    command(2, 0, CMD_RESPONSE | CMD_LONG);
    rca = command(3, 0, CMD_RESPONSE) & 0xffff0000;
    command(7, rca, CMD_RESPONSE);
}

/* Until it has programmed what it took; its errors. */
static uint32_t card_ready(void)
{
    uint32_t errors = 0, status;

    do {
        status = command(13, rca, CMD_RESPONSE);
        errors |= status & CARD_ERROR;
    } while (answers && (status >> 9 & 0xf) != STATE_TRAN);
    return errors;
}

static bool write_block(uint32_t n, uint32_t seed)
{
    wr32(MCI + DATA_LENGTH, BLOCK);
    command(24, n * BLOCK, CMD_RESPONSE);
    wr32(MCI + DATA_CTRL, 1 | 9 << 4);
    for (uint32_t i = 0; i < WORDS; ) {
        uint32_t status = rd32(MCI + STATUS);

        if (status & ST_DATA_TIMEOUT) {
            break;
        }
        if (!(status & ST_TX_FULL)) {
            wr32(MCI + FIFO, seed + i++);
        }
    }
    while (!(rd32(MCI + STATUS) & (ST_DATA_END | ST_DATA_TIMEOUT))) {
    }
    wr32(MCI + DATA_CTRL, 0);
    return !card_ready();
}

static char read_block(uint32_t n, uint32_t seed)
{
    bool same = true;

    wr32(MCI + DATA_LENGTH, BLOCK);
    wr32(MCI + DATA_CTRL, 1 | 2 | 9 << 4);
    command(17, n * BLOCK, CMD_RESPONSE);
    for (uint32_t i = 0; i < WORDS; ) {
        uint32_t status = rd32(MCI + STATUS);

        if (status & ST_RX_AVAILABLE) {
            same &= rd32(MCI + FIFO) == seed + i++;
        } else if (status & ST_DATA_TIMEOUT) {
            wr32(MCI + DATA_CTRL, 0);
            command(12, 0, CMD_RESPONSE);
            card_ready();
            return 'E';
        }
    }
    wr32(MCI + DATA_CTRL, 0);
    card_ready();
    return same ? 'r' : 'X';
}

int test_main(void)
{
    uint32_t seed = 1;

    put_char('R');
    card_start();
    for (uint32_t n = 0; ; n = (n + 7) % BLOCKS) {
        bool written = write_block(n, random32(&seed));

        if (answers) {
            put_char(written ? 'w' : 'W');
        }
        if (answers && written) {
            char result = read_block(n, seed);

            if (answers) {
                put_char(result);
            }
        }
        if (!answers) {
            put_char('N');
            card_start();
            put_char('R');
        }
    }
}
