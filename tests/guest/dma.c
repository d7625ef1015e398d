/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DMA controller: identification, registers, widths, addresses that stand still, linked lists, interrupts, errors,
 * devices as source and destination. dma-list.c has what goes on for ever or waits.
 * guest-test: cpus=1,4 timeout=30
 */
#include "dma.h"

enum { WORDS = 1024 };
#define FPGA_GIC    0x10040000u

static uint32_t from[WORDS] __attribute__((aligned(32))), to[WORDS + 8] __attribute__((aligned(32)));
static struct dma_item items[8] __attribute__((aligned(16)));

static void fill(void)
{
    uint32_t seed = 99;

    for (unsigned i = 0; i < WORDS; i++) {
        from[i] = random32(&seed);
    }
    memset(to, 0xee, sizeof(to));
}

static void registers(void)
{
    static const uint8_t id[8] = { 0x81, 0x10, 0x04, 0x0a, 0x0d, 0xf0, 0x05, 0xb1 };
    bool good = true, zero = true;

    for (unsigned i = 0; i < 8; i++) {
        good &= rd32(DMAC_BASE + 0xfe0 + 4 * i) == id[i];
    }
    ok(good, "identification");
    for (unsigned i = 0; i < 0x38; i += 4) {
        zero &= i == 0x08 || i == 0x10 || rd32(DMAC_BASE + i) == 0;
    }
    for (unsigned i = 0; i < 0x14; i += 4) {
        zero &= rd32(DMAC_SRC(0) + i) == 0 && rd32(DMAC_SRC(1) + i) == 0;
    }
    ok(zero, "registers after reset");
    wr32(DMAC_CONFIGURATION, 1);
    ok_eq(rd32(DMAC_CONFIGURATION), 1, "enabled");
    wr32(DMAC_SRC(1), 0x12345678);
    wr32(DMAC_DST(1), 0x9abcdef0);
    wr32(DMAC_CONTROL(1), 0x0c489005);
    ok(rd32(DMAC_SRC(1)) == 0x12345678 && rd32(DMAC_DST(1)) == 0x9abcdef0 && rd32(DMAC_CONTROL(1)) == 0x0c489005,
       "channel registers read back");
    wr32(DMAC_CONFIG(1), DMA_ITC | DMA_IE);
    ok_eq(rd32(DMAC_CONFIG(1)), DMA_ITC | DMA_IE, "channel configuration reads back");
    ok_eq(rd32(DMAC_SRC(0)), 0, "the other channel is another one");
    wr32(DMAC_CONFIG(1), 0);
}

static void copies(void)
{
    static const char *const names[9] = {
        "bytes to bytes", "halfwords to bytes", "words to bytes", "bytes to halfwords", "halfwords to halfwords",
        "words to halfwords", "bytes to words", "halfwords to words", "words to words",
    };

    for (unsigned i = 0; i < 9; i++) {
        unsigned sw = i % 3, dw = i / 3, bytes = 256;

        fill();
        dma_start(i & 1, (uint32_t)from + 4, (uint32_t)to + 4, 0,
                  DMA_SIZE(bytes >> sw) | DMA_WIDTH(sw, dw) | DMA_BURST(1, 1) | DMA_INC | DMA_I, 0);
        bool good = dma_wait(i & 1);

        good &= !memcmp(to + 1, from + 1, bytes) && to[0] == 0xeeeeeeee && to[1 + bytes / 4] == 0xeeeeeeee;
        /* The transfer size counts source beats. */
        (sw == dw ? ok : ok_ours)(good, names[i]);
    }
    fill();
    ok(dma_copy(0, from, to, WORDS) && !memcmp(from, to, 4 * WORDS), "a large copy");
    ok(rd32(DMAC_SRC(0)) == (uint32_t)(from + WORDS) && rd32(DMAC_DST(0)) == (uint32_t)(to + WORDS),
       "addresses at the end");
    ok_eq(rd32(DMAC_CONTROL(0)) & 0xfff, 0, "transfer size at the end");
    dma_start(0, (uint32_t)from, (uint32_t)to, 0, DMA_SIZE(64) | DMA_WIDTH(2, 2) | DMA_DI, 0);
    bool good = dma_wait(0);

    for (unsigned i = 0; i < 64; i++) {
        good &= to[i] == from[0];
    }
    ok(good && to[64] == from[64], "source stands still");
    dma_start(0, (uint32_t)from, (uint32_t)to, 0, DMA_SIZE(64) | DMA_WIDTH(2, 2) | DMA_SI, 0);
    ok(dma_wait(0) && to[0] == from[63] && to[1] == from[0], "destination stands still");
    memset(to, 0, sizeof(to));
    to[0] = 0x01020304;
    dma_start(0, (uint32_t)to, (uint32_t)(to + 1), 0, DMA_SIZE(200) | DMA_WIDTH(2, 2) | DMA_BURST(0, 0) | DMA_INC, 0);
    good = dma_wait(0);
    for (unsigned i = 0; i <= 200; i++) {
        good &= to[i] == 0x01020304;
    }
    ok(good && to[201] == 0, "overlapping forward");
    ok_eq(rd32(DMAC_RAW_INT_TC_STATUS) & 2, 2, "terminal count of the other channel stands");
    wr32(DMAC_INT_TC_CLEAR, 3);
    ok_eq(rd32(DMAC_RAW_INT_TC_STATUS), 0, "no terminal count without the I bit");
}

static void lists(void)
{
    fill();
    for (unsigned i = 0; i < 8; i++) {
        items[i].src = (uint32_t)(from + 64 * i);
        items[i].dst = (uint32_t)(to + 64 * (7 - i));
        items[i].lli = i < 7 ? (uint32_t)&items[i + 1] : 0;
        items[i].control = (DMA_WORDS(64) & ~DMA_I) | (i == 7 ? DMA_I : 0);
    }
    dma_start(1, items[0].src, items[0].dst, items[0].lli, items[0].control, DMA_ITC);
    bool good = dma_wait(1);

    for (unsigned i = 0; i < 8; i++) {
        good &= !memcmp(from + 64 * i, to + 64 * (7 - i), 256);
    }
    ok(good, "a list of eight");
    ok(rd32(DMAC_LLI(1)) == 0 && rd32(DMAC_INT_TC_STATUS) == 2 && rd32(DMAC_INT_STATUS) == 2,
       "terminal count at its end");
    wr32(DMAC_INT_TC_CLEAR, 2);
    ok(rd32(DMAC_INT_TC_STATUS) == 0 && rd32(DMAC_RAW_INT_TC_STATUS) == 0, "cleared");
    wr32(DMAC_CONFIG(1), 0);
}

static volatile uint32_t seen;

static void on_irq(uint32_t iar)
{
    if (iar == 42) {
        uint32_t id = rd32(FPGA_GIC + 0x0c);

        seen = id & 0x3ff;
        wr32(DMAC_INT_TC_CLEAR, 3);
        wr32(DMAC_INT_ERR_CLR, 3);
        /* Upstream's line follows at the next write. */
        wr32(DMAC_SYNC, 0);
        wr32(FPGA_GIC + 0x10, id);
    }
}

static void interrupts(void)
{
    wr32(FPGA_GIC + 0x1000, 1);
    wr32(FPGA_GIC + 0x1104, 1u << IRQ_DMAC_FPGA);
    wr32(FPGA_GIC + 0x04, 0xf0);
    wr32(FPGA_GIC, 1);
    gic_enable(42, 0x40, 1);
    irq_handle(on_irq);
    irq_enable();
    dma_start(0, (uint32_t)from, (uint32_t)to, 0, DMA_WORDS(16), 0);
    ok(dma_wait(0), "transfer with its interrupt masked");
    wr32(DMAC_SYNC, 0);
    delay_us(1000);
    ok_eq(irq_count(), 0, "masked");
    ok(rd32(DMAC_RAW_INT_TC_STATUS) == 1 && rd32(DMAC_INT_TC_STATUS) == 0 && rd32(DMAC_INT_STATUS) == 0,
       "raw status only");
    wr32(DMAC_INT_TC_CLEAR, 1);
    dma_start(0, (uint32_t)from, (uint32_t)to, 0, DMA_WORDS(16), DMA_ITC);
    ok(dma_wait(0), "transfer with an interrupt");
    wr32(DMAC_SYNC, 0);
    ok(WAIT_UNTIL(seen, 5000000), "it arrives");
    ok_eq(seen, 32 + IRQ_DMAC_FPGA, "under its number");
    ok_eq(irq_count(), 1, "once");
    irq_disable();
    irq_handle(NULL);
}

static void errors(void)
{
    dma_start(0, 0xd0000000, (uint32_t)to, 0, DMA_WORDS(4), DMA_IE | DMA_ITC);
    ok(dma_wait(0), "a read where nothing is ends the transfer");
    ok_ours(rd32(DMAC_RAW_INT_ERROR_STATUS) == 1 && rd32(DMAC_INT_ERROR_STATUS) == 1 && rd32(DMAC_INT_STATUS) == 1 &&
            rd32(DMAC_RAW_INT_TC_STATUS) == 0, "by an error");
    wr32(DMAC_INT_ERR_CLR, 1);
    ok_eq(rd32(DMAC_RAW_INT_ERROR_STATUS), 0, "cleared");
    wr32(DMAC_CONFIG(0), 0);
    wr32(DMAC_INT_TC_CLEAR, 3);
    dma_start(1, (uint32_t)from, 0xd0000000, 0, DMA_WORDS(4), 0);
    ok(dma_wait(1), "a write where nothing is ends the transfer");
    ok_ours(rd32(DMAC_RAW_INT_ERROR_STATUS) == 2, "by an error");
    dma_start(1, (uint32_t)from, (uint32_t)to, 0xd0000000, DMA_WORDS(4), 0);
    ok_ours(dma_wait(1), "so does a list item there");
    dma_start(1, SCU_BASE, (uint32_t)to, 0, DMA_WORDS(1), 0);
    ok(dma_wait(1), "so does a device private to the CPUs");
    wr32(DMAC_INT_TC_CLEAR, 3);
    wr32(DMAC_INT_ERR_CLR, 3);
    wr32(DMAC_CONFIG(1), 0);
}

static void devices(void)
{
    from[0] = 0x5a;
    ok(dma_copy(0, from, (void *)SYS_LED, 1) && rd32(SYS_LED) == 0x5a, "to a device");
    to[0] = 0;
    ok(dma_copy(0, (void *)SYS_ID, to, 1) && to[0] == rd32(SYS_ID), "from a device");
    uint32_t before = ticks24();

    dma_start(0, SYS_24MHZ, (uint32_t)to, 0, DMA_SIZE(8) | DMA_WIDTH(2, 2) | DMA_DI, 0);
    bool good = dma_wait(0) && to[0] - before < 0x80000000u;

    for (unsigned i = 1; i < 8; i++) {
        good &= to[i] - to[i - 1] < 0x80000000u && ticks24() - to[i] < 0x80000000u;
    }
    ok(good, "from a clock, again and again");
}

int test_main(void)
{
    gic_init();
    registers();
    dma_init();
    copies();
    lists();
    interrupts();
    errors();
    devices();
    return 0;
}
