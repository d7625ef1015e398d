/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../screen.py: 640 x 480 points of 16 bits, FRAMES of them at 60 Hz; all new each time if user switch 0 is on. */
#include "runtime.h"

enum {
    SYS_SW = 0x10000004, CLCD = 0x10020000, FRAME = 0x200000,
    TIMING0 = 0x00, TIMING1 = 0x04, TIMING2 = 0x08, UPPER = 0x10, CONTROL = 0x18,
    WIDTH = 640, HEIGHT = 480, FRAMES = 600, TICKS = 24000000 / 60,
    POWER = 1 << 11, ENABLE = 1, BITS_565 = 6 << 1, TFT = 1 << 5, BYPASS = 1 << 26,
};

int test_main(void)
{
    const uint32_t moves = rd32(SYS_SW) & 1;
    uint32_t next = rd32(SYS_24MHZ);

    wr32(CLCD + TIMING0, (WIDTH / 16 - 1) << 2);
    wr32(CLCD + TIMING1, HEIGHT - 1);
    wr32(CLCD + TIMING2, BYPASS);
    wr32(CLCD + UPPER, FRAME);
    wr32(CLCD + CONTROL, POWER | TFT | BITS_565 | ENABLE);
    for (uint32_t n = 0; n < FRAMES; n++) {
        volatile uint32_t *at = (volatile uint32_t *)FRAME;

        for (uint32_t i = 0; moves && i < WIDTH * HEIGHT / 2; i++) {
            at[i] = n * 0x01030103 + i;
        }
        next += TICKS;
        while ((int32_t)(rd32(SYS_24MHZ) - next) < 0) {
        }
    }
    return 0;
}
