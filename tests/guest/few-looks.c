/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that look at a device a number of times and then give up. The number was found where a device has done what
 * it was told when the next instruction comes; here others have to get to run first, so a guest that looks in vain has
 * to wait for them.
 * guest-test: cpus=1,4 timeout=60 modes=unified,separate,single,interp,icount
 */
#include "dma.h"

#define KEYBOARD        0x10006000u
#define MOUSE           0x10007000u
#define KMI_CR          0x00
#define KMI_STAT        0x04
#define KMI_DATA        0x08
#define KMI_IR          0x10

enum { ROUNDS = 50, WORDS = 1024, DMA_LOOKS = 1000, KMI_LOOKS = 10, RX_FULL = 1 << 4, TX_EMPTY = 1 << 6, RX = 1 };

static uint32_t from[WORDS], to[WORDS];

static bool seen(uint32_t address, uint32_t mask, uint32_t want, unsigned looks)
{
    while (looks--) {
        if ((rd32(address) & mask) == want) {
            return true;
        }
    }
    return false;
}

/* `question` shows in `mask` that the copy is over. */
static void copy(uint32_t question, uint32_t mask, uint32_t want, const char *name)
{
    unsigned late = 0, wrong = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned k = 0; k < WORDS; k++) {
            from[k] = i * 7919 + k;
        }
        wr32(DMAC_INT_TC_CLEAR, 1);
        wr32(DMAC_CONFIGURATION, 1);
        wr32(DMAC_SRC(0), (uint32_t)from);
        wr32(DMAC_DST(0), (uint32_t)to);
        wr32(DMAC_LLI(0), 0);
        wr32(DMAC_CONTROL(0), WORDS | 2 << 18 | 2 << 21 | 1 << 26 | 1 << 27 | 1u << 31);
        wr32(DMAC_CONFIG(0), 1 | 1 << 15);
        late += !seen(question, mask, want, DMA_LOOKS);
        dsb();
        wrong += memcmp(from, to, sizeof(from)) != 0;
        wr32(DMAC_CONFIG(0), 0);
    }
    ok(!late && !wrong, name);
}

static bool answered(uint32_t kmi, uint8_t command, uint8_t answer)
{
    wr32(kmi + KMI_DATA, command);
    return seen(kmi + KMI_STAT, TX_EMPTY, TX_EMPTY, KMI_LOOKS) && seen(kmi + KMI_STAT, RX_FULL, RX_FULL, KMI_LOOKS) &&
           rd32(kmi + KMI_DATA) == answer;
}

static bool more(uint32_t kmi, uint8_t answer)
{
    return seen(kmi + KMI_IR, RX, RX, KMI_LOOKS) && rd32(kmi + KMI_DATA) == answer;
}

int test_main(void)
{
    copy(DMAC_RAW_INT_TC_STATUS, 1, 1, "dma-copy-few-looks: the raw interrupt");
    copy(DMAC_ENBLD_CHNS, 1, 0, "dma-copy-few-looks: the enabled channels");
    copy(DMAC_CONFIG(0), 1, 0, "dma-copy-few-looks: the channel's configuration");
    wr32(KEYBOARD + KMI_CR, 4);
    wr32(MOUSE + KMI_CR, 4);
    ok(answered(KEYBOARD, 0xff, 0xfa) && more(KEYBOARD, 0xaa), "keyboard-few-looks: its reset");
    ok(answered(KEYBOARD, 0xf2, 0xfa) && more(KEYBOARD, 0xab) && more(KEYBOARD, 0x83), "keyboard-few-looks: its name");
    ok(answered(MOUSE, 0xff, 0xfa) && more(MOUSE, 0xaa) && more(MOUSE, 0), "mouse-few-looks: its reset");
    ok(answered(MOUSE, 0xf4, 0xfa), "mouse-few-looks: an order");
    return 0;
}
