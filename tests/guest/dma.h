/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's DMA controller, a PL081 (ARM DDI 0218): registers, and a copy in one call. */
#ifndef TESTS_GUEST_DMA_H
#define TESTS_GUEST_DMA_H

#include "runtime.h"

#define DMAC_BASE               0x10030000u
#define DMAC_INT_STATUS         (DMAC_BASE + 0x00)
#define DMAC_INT_TC_STATUS      (DMAC_BASE + 0x04)
#define DMAC_INT_TC_CLEAR       (DMAC_BASE + 0x08)
#define DMAC_INT_ERROR_STATUS   (DMAC_BASE + 0x0c)
#define DMAC_INT_ERR_CLR        (DMAC_BASE + 0x10)
#define DMAC_RAW_INT_TC_STATUS  (DMAC_BASE + 0x14)
#define DMAC_RAW_INT_ERROR_STATUS (DMAC_BASE + 0x18)
#define DMAC_ENBLD_CHNS         (DMAC_BASE + 0x1c)
#define DMAC_SOFT_BREQ          (DMAC_BASE + 0x20)
#define DMAC_SOFT_SREQ          (DMAC_BASE + 0x24)
#define DMAC_SOFT_LBREQ         (DMAC_BASE + 0x28)
#define DMAC_SOFT_LSREQ         (DMAC_BASE + 0x2c)
#define DMAC_CONFIGURATION      (DMAC_BASE + 0x30)
#define DMAC_SYNC               (DMAC_BASE + 0x34)
#define DMAC_SRC(n)             (DMAC_BASE + 0x100 + 0x20 * (n))
#define DMAC_DST(n)             (DMAC_BASE + 0x104 + 0x20 * (n))
#define DMAC_LLI(n)             (DMAC_BASE + 0x108 + 0x20 * (n))
#define DMAC_CONTROL(n)         (DMAC_BASE + 0x10c + 0x20 * (n))
#define DMAC_CONFIG(n)          (DMAC_BASE + 0x110 + 0x20 * (n))

enum { IRQ_DMAC_FPGA = 24 };    /* at the baseboard's controllers: ID 56 */

/* DMACCxControl. Widths: 0, 1, 2 for 1, 2, 4 bytes. */
#define DMA_SIZE(beats)         (beats)
#define DMA_BURST(s, d)         ((uint32_t)(s) << 12 | (uint32_t)(d) << 15)
#define DMA_WIDTH(s, d)         ((uint32_t)(s) << 18 | (uint32_t)(d) << 21)
#define DMA_SI                  (1u << 26)
#define DMA_DI                  (1u << 27)
#define DMA_INC                 (DMA_SI | DMA_DI)
#define DMA_I                   (1u << 31)
#define DMA_WORDS(n)            (DMA_SIZE(n) | DMA_BURST(1, 1) | DMA_WIDTH(2, 2) | DMA_INC | DMA_I)
/* DMACCxConfiguration. */
#define DMA_E                   1u
#define DMA_FLOW(f)             ((uint32_t)(f) << 11)
#define DMA_PERIPHERALS(s, d)   ((uint32_t)(s) << 1 | (uint32_t)(d) << 6)
#define DMA_IE                  (1u << 14)
#define DMA_ITC                 (1u << 15)
#define DMA_ACTIVE              (1u << 17)
#define DMA_HALT                (1u << 18)

/* A linked list item, as it lies in memory. */
struct dma_item {
    volatile uint32_t src, dst, lli, control;
};

static inline void dma_init(void)
{
    wr32(DMAC_CONFIG(0), 0);
    wr32(DMAC_CONFIG(1), 0);
    wr32(DMAC_INT_TC_CLEAR, 3);
    wr32(DMAC_INT_ERR_CLR, 3);
    wr32(DMAC_CONFIGURATION, 1);
}

static inline void dma_start(unsigned n, uint32_t src, uint32_t dst, uint32_t lli, uint32_t control, uint32_t config)
{
    dsb();
    wr32(DMAC_SRC(n), src);
    wr32(DMAC_DST(n), dst);
    wr32(DMAC_LLI(n), lli);
    wr32(DMAC_CONTROL(n), control);
    wr32(DMAC_CONFIG(n), config | DMA_E);
}

/* False if the channel is still enabled after five seconds. */
static inline bool dma_wait(unsigned n)
{
    bool over = WAIT_UNTIL(!(rd32(DMAC_ENBLD_CHNS) & (1u << n)), 5000000);

    dsb();
    return over;
}

/* Copy words; false if it takes for ever or ends in an error. */
static inline bool dma_copy(unsigned n, const volatile void *src, volatile void *dst, uint32_t words)
{
    dma_start(n, (uint32_t)src, (uint32_t)dst, 0, DMA_WORDS(words), 0);
    if (!dma_wait(n)) {
        return false;
    }
    bool good = rd32(DMAC_RAW_INT_TC_STATUS) & (1u << n) && !(rd32(DMAC_RAW_INT_ERROR_STATUS) & (1u << n));

    wr32(DMAC_INT_TC_CLEAR, 1u << n);
    wr32(DMAC_INT_ERR_CLR, 1u << n);
    return good;
}

#endif
