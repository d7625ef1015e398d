/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A barrier orders a CPU's store before its next load also for a device that writes memory, and with one CPU too. The
 * DMA controller copies a word to one place after the other; the CPU counts in that word and looks, behind a DMB,
 * whether the next place is filled. While it is not, the copy behind it is at least what was stored by then. Stores
 * that miss the host's caches come before, so that the word gets late into memory.
 * guest-test: cpus=1,2 timeout=60 oracle=no
 */
#include "dma.h"

enum { ROUNDS = 30, PLACES = 2048, FAR_WORDS = 4 << 20 };

static volatile uint32_t word[8] __attribute__((aligned(32))), place[PLACES];
static volatile uint32_t far[FAR_WORDS];
static uint32_t stored[PLACES];     /* when the place was still empty */

int test_main(void)
{
    uint32_t early = 0, looks = 0, at = 0;
    bool over = true;

    dma_init();
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t n = 1;

        word[0] = n;
        for (unsigned k = 0; k < PLACES; k++) {
            place[k] = stored[k] = 0;
        }
        dma_start(0, (uint32_t)&word[0], (uint32_t)&place[0], 0, DMA_SIZE(PLACES) | DMA_WIDTH(2, 2) | DMA_DI, 0);
        for (unsigned k = 0; k < PLACES;) {
            at = (at + 4099) % FAR_WORDS;
            far[at] = n;
            word[0] = ++n;
            dmb();
            if (place[k]) {
                k++;
            } else {
                stored[k] = n;
            }
        }
        over &= dma_wait(0);
        for (unsigned k = 0; k + 1 < PLACES; k++) {
            looks += stored[k] != 0;
            early += place[k + 1] < stored[k];
        }
    }
    ok(over, "the transfers end");
    ok(looks > 0, "some places were seen empty");
    ok_eq(early, 0, "what was stored before a place was seen empty is what is copied behind it");
    return 0;
}
