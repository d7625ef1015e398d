/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For programs that use the SD card by the PL181's registers. */
#ifndef SD_CARD_H
#define SD_CARD_H
#include "runtime.h"

#define MCI             0x10005000u
#define POWER           (MCI + 0x00)
#define CLOCK           (MCI + 0x04)
#define ARGUMENT        (MCI + 0x08)
#define COMMAND         (MCI + 0x0c)
#define RESPONSE0       (MCI + 0x14)
#define DATA_TIMER      (MCI + 0x24)
#define DATA_LENGTH     (MCI + 0x28)
#define DATA_CTRL       (MCI + 0x2c)
#define STATUS          (MCI + 0x34)
#define CLEAR           (MCI + 0x38)
#define FIFO            (MCI + 0x80)

enum { BLOCK = 512 };
enum { ENABLE = 1 << 10, LONG = 1 << 7 | 1 << 6, SHORT = 1 << 6 };

static uint32_t rca;

static uint32_t command(unsigned index, uint32_t argument, uint32_t kind)
{
    wr32(CLEAR, 0x7ff);
    wr32(ARGUMENT, argument);
    wr32(COMMAND, index | kind | ENABLE);
    return rd32(RESPONSE0);
}

static bool identify(void)
{
    wr32(POWER, 0x83);
    wr32(CLOCK, 0x100);
    command(0, 0, 0);
    command(8, 0x1aa, SHORT);
    for (int i = 0; i < 1000; i++) {
        command(55, 0, SHORT);
        if (command(41, 0x40300000, SHORT) >> 31) {
            break;
        }
    }
    command(2, 0, LONG);
    rca = command(3, 0, SHORT) & 0xffff0000;
    command(7, rca, SHORT);
    command(16, BLOCK, SHORT);
    return rca;
}

static inline void begin(uint32_t bytes, bool receive)
{
    wr32(DATA_TIMER, 0xffffffff);
    wr32(DATA_LENGTH, bytes);
    wr32(DATA_CTRL, 9 << 4 | (receive ? 2 : 0) | 1);
}
#endif
