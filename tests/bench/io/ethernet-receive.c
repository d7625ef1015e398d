/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For ../io.py: receives BYTES. The other side sends BATCH frames for each that it gets, so that none is lost on the
 * way: a network loses what nobody takes. The first word behind a frame's head is its number.
 */
#include "ethernet.h"

enum { BATCH = 128, HEAD_WORDS = 4 };       /* io.py has the same */

/* Bank 2 is chosen. */
static void receive(uint32_t *frame)
{
    while (!(*half(INT) & INT_RECEIVED)) {
    }
    *half(PTR) = RECEIVED | AUTO_INCREMENT | READ;
    if ((rd32(ETHERNET + (DATA & 15)) >> 16 & 0x7ff) != FRAME + 6) {
        fail_hard("another length");
    }
    for (unsigned i = 0; i < FRAME / 4; i++) {
        frame[i] = rd32(ETHERNET + (DATA & 15));
    }
    *half(MMU) = POP_RELEASE;
}

int test_main(void)
{
    static uint32_t request[FRAME / 4] = { 0xffffffff, 0x0002ffff, 0x01000000, 0x0000b588 }, frame[FRAME / 4];
    uint32_t number = 0;

    card_on(RX_ENABLE | STRIP_CRC);
    while (number * FRAME < BYTES) {
        send(request);
        for (unsigned i = 0; i < BATCH; i++, number++) {
            receive(frame);
            if (frame[HEAD_WORDS] != number) {
                fail_hard("another frame");
            }
        }
    }
    return 0;
}
