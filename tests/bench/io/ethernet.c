/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ../io.py: sends BYTES, in frames that nobody answers. */
#include "ethernet.h"

int test_main(void)
{
    /* To everybody, from a made-up address, of a type for experiments. */
    static uint32_t frame[FRAME / 4] = { 0xffffffff, 0x0002ffff, 0x01000000, 0x0000b588 };

    card_on(0);
    for (uint32_t sent = 0; sent < BYTES; sent += FRAME) {
        send(frame);
    }
    return 0;
}
