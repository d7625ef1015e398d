/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One CPU changes bit 0 of a word, again and again, by LDREX and STREX of every size or by SWP, while the DMA
 * controller stores a mark there once. The mark comes before an LDREX (and stays), or the STREX fails, or it comes
 * after the STREX: so it is there when the list is through. With SWP it is there, or one SWP got it.
 * guest-test: cpus=1,2 timeout=60 oracle=no
 */
#include "dma.h"

enum { ROUNDS = 1500 };

/* Loops until *flag; returns what became of the mark in what was read by the last round, ORed. */
typedef uint32_t loop_fn(volatile uint32_t *word, volatile uint32_t *flag);

#define LOOP(name, text) \
    static uint32_t name(volatile uint32_t *word, volatile uint32_t *flag) \
    { \
        register uint32_t v __asm__("r2"), w __asm__("r3"); \
        uint32_t status, seen = 0; \
        __asm__ volatile("1: " text "\n orr %[seen], %[seen], %[v]\n ldr %[s], [%[flag]]\n cmp %[s], #0\n beq 1b" \
                         : [v] "=&r"(v), [w] "=&r"(w), [s] "=&r"(status), [seen] "+r"(seen) \
                         : [p] "r"(word), [flag] "r"(flag) : "cc", "memory"); \
        return seen; \
    }

LOOP(byte, "ldrexb %[v], [%[p]]\n eor %[v], %[v], #1\n strexb %[s], %[v], [%[p]]")
LOOP(halfword, "ldrexh %[v], [%[p]]\n eor %[v], %[v], #1\n strexh %[s], %[v], [%[p]]")
LOOP(word, "ldrex %[v], [%[p]]\n eor %[v], %[v], #1\n strex %[s], %[v], [%[p]]")
LOOP(doubleword, "ldrexd %[v], %[w], [%[p]]\n eor %[v], %[v], #1\n strexd %[s], %[v], %[w], [%[p]]")
LOOP(swap, "mov %[w], #1\n swp %[v], %[w], [%[p]]")
LOOP(swap_byte, "mov %[w], #1\n swpb %[v], %[w], [%[p]]")

static uint32_t source[8] __attribute__((aligned(32)));
static volatile uint32_t target[8] __attribute__((aligned(32))), flag[8] __attribute__((aligned(32)));
static struct dma_item second __attribute__((aligned(16)));

static void keeps_mark(const char *name, loop_fn *loop, bool exclusive, unsigned width)
{
    uint32_t mark = 0x40u << (width == 0 ? 0 : width == 1 ? 8 : 24), lost = 0;

    source[0] = mark;
    for (unsigned i = 0; i < ROUNDS; i++) {
        target[0] = target[1] = flag[0] = 0;
        second.src = (uint32_t)&source[0];
        second.dst = (uint32_t)&flag[0];
        second.lli = 0;
        second.control = DMA_SIZE(1) | DMA_WIDTH(width, width) | DMA_INC;
        dma_start(0, (uint32_t)&source[0], (uint32_t)&target[0], (uint32_t)&second, second.control, 0);
        uint32_t seen = loop(target, flag);
        lost += !((target[0] | (exclusive ? 0 : seen)) & mark);
        dma_wait(0);
    }
    ok_eq(lost, 0, name);
}

int test_main(void)
{
    dma_init();
    keeps_mark("LDREXB", byte, true, 0);
    keeps_mark("LDREXH", halfword, true, 1);
    keeps_mark("LDREX", word, true, 2);
    keeps_mark("LDREXD", doubleword, true, 2);
    keeps_mark("SWP", swap, false, 2);
    keeps_mark("SWPB", swap_byte, false, 0);
    return 0;
}
