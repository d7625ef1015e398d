/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A beat of the DMA controller is one access: a CPU never sees half of a halfword, nor does the controller see half of
 * one that a CPU stores. The halfwords go between 0 and 0xffff while the other side looks at them; alone, and as the
 * odd halfwords at the ends of a transfer that is made in larger pieces.
 * guest-test: cpus=1 timeout=40 oracle=no
 */
#include "dma.h"

enum { LOOK_US = 300000, TAIL = 17 };

static volatile uint16_t target[64] __attribute__((aligned(64)));
static uint16_t values[2][64] __attribute__((aligned(64)));
static volatile uint16_t copies[64] __attribute__((aligned(64)));
static struct dma_item items[2] __attribute__((aligned(16)));

static bool torn(uint16_t v)
{
    return v != 0 && v != 0xffff;
}

/* An endless list stores values[0] and values[1] to target[1...]: the first halfword is not aligned to a word. */
static void start_list(uint32_t beats)
{
    for (unsigned i = 0; i < 2; i++) {
        items[i].src = (uint32_t)&values[i][1];
        items[i].dst = (uint32_t)&target[1];
        items[i].lli = (uint32_t)&items[1 - i];
        items[i].control = DMA_SIZE(beats) | DMA_WIDTH(1, 1) | DMA_INC;
    }
    dma_start(0, items[0].src, items[0].dst, items[0].lli, items[0].control, 0);
}

static void seen_by_cpu(uint32_t beats, const char *name)
{
    uint32_t bad = 0, begin = ticks24();

    start_list(beats);
    while (us_since(begin) < LOOK_US) {
        for (unsigned i = 0; i < 1000; i++) {
            bad += torn(target[1]) + torn(target[beats]);
        }
    }
    ok(rd32(DMAC_ENBLD_CHNS) == 1 && !rd32(DMAC_RAW_INT_ERROR_STATUS), "the list went on all the time");
    wr32(DMAC_CONFIG(0), 0);
    ok_eq(bad, 0, name);
}

/* The CPU stores, the controller copies again and again what it sees. */
static void seen_by_dma(void)
{
    uint32_t bad = 0, begin = ticks24();

    while (us_since(begin) < LOOK_US) {
        dma_start(0, (uint32_t)&target[1], (uint32_t)&copies[1], 0, DMA_SIZE(TAIL) | DMA_WIDTH(1, 1) | DMA_INC, 0);
        while (rd32(DMAC_ENBLD_CHNS)) {
            for (unsigned k = 0; k < 64; k++) {
                target[1] = target[TAIL] = k & 1 ? 0xffff : 0;
            }
        }
        bad += torn(copies[1]) + torn(copies[TAIL]);
    }
    ok_eq(bad, 0, "halfwords that a CPU stores, seen by DMA");
}

int test_main(void)
{
    for (unsigned k = 0; k < 64; k++) {
        values[1][k] = 0xffff;
    }
    dma_init();
    seen_by_cpu(1, "single halfwords that DMA stores, seen by a CPU");
    seen_by_cpu(TAIL, "halfwords at the ends of larger pieces, seen by a CPU");
    seen_by_dma();
    return 0;
}
