/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the PL181 and their bits (ARM DDI 0205, chapter 3). */
#ifndef HW_SD_PL181_REGS_H
#define HW_SD_PL181_REGS_H

enum {
    MCI_POWER = 0x00, MCI_CLOCK = 0x04, MCI_ARGUMENT = 0x08, MCI_COMMAND = 0x0c, MCI_RESP_CMD = 0x10,
    MCI_RESPONSE0 = 0x14, MCI_RESPONSE3 = 0x20, MCI_DATA_TIMER = 0x24, MCI_DATA_LENGTH = 0x28, MCI_DATA_CTRL = 0x2c,
    MCI_DATA_CNT = 0x30, MCI_STATUS = 0x34, MCI_CLEAR = 0x38, MCI_MASK0 = 0x3c, MCI_MASK1 = 0x40, MCI_SELECT = 0x44,
    MCI_FIFO_CNT = 0x48, MCI_FIFO = 0x80, MCI_FIFO_END = 0xbc,
    PL181_PID = 0x00041181,
};
enum { POWER_ON = 3, POWER_BITS = 3 };
enum { CLOCK_DIV = 0xff, CLOCK_ENABLE = 1 << 8, CLOCK_BYPASS = 1 << 10, CLOCK_BITS = 0xfff };
enum {
    CMD_INDEX = 0x3f, CMD_RESPONSE = 1 << 6, CMD_LONG = 1 << 7, CMD_INTERRUPT = 1 << 8, CMD_PENDING = 1 << 9,
    CMD_ENABLE = 1 << 10,
};
enum { DATA_ENABLE = 1 << 0, DATA_RECEIVE = 1 << 1, DATA_STREAM = 1 << 2, DATA_DMA = 1 << 3, DATA_BITS = 0xff };
enum {
    ST_CMD_CRC_FAIL = 1 << 0, ST_DATA_CRC_FAIL = 1 << 1, ST_CMD_TIMEOUT = 1 << 2, ST_DATA_TIMEOUT = 1 << 3,
    ST_CMD_RESP_END = 1 << 6, ST_CMD_SENT = 1 << 7, ST_DATA_END = 1 << 8, ST_DATA_BLOCK_END = 1 << 10,
    ST_CMD_ACTIVE = 1 << 11, ST_TX_ACTIVE = 1 << 12, ST_RX_ACTIVE = 1 << 13, ST_TX_HALF_EMPTY = 1 << 14,
    ST_RX_HALF_FULL = 1 << 15, ST_TX_FULL = 1 << 16, ST_RX_FULL = 1 << 17, ST_TX_EMPTY = 1 << 18,
    ST_RX_EMPTY = 1 << 19, ST_TX_AVAILABLE = 1 << 20, ST_RX_AVAILABLE = 1 << 21,
    ST_STATIC = 0x7ff, ST_ALL = 0x3fffff,
};
#endif
