/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DMA controller with work that does not end by itself: endless lists, also empty ones and ones that write to code
 * or into themselves; disabling, halting; transfers that wait for software requests.
 * guest-test: cpus=1,4 timeout=40 oracle=no
 */
#include "dma.h"
#include "smc-code.h"

enum { WORDS = 512 };

static uint32_t from[WORDS] __attribute__((aligned(32))), to[WORDS] __attribute__((aligned(32)));
static struct dma_item items[4] __attribute__((aligned(16)));
static volatile uint32_t value __attribute__((aligned(4096)));

static void item(unsigned i, volatile void *src, volatile void *dst, struct dma_item *next, uint32_t control)
{
    items[i].src = (uint32_t)src;
    items[i].dst = (uint32_t)dst;
    items[i].lli = (uint32_t)next;
    items[i].control = control;
}

static void start_items(unsigned n, uint32_t config)
{
    dma_start(n, items[0].src, items[0].dst, items[0].lli, items[0].control, config);
}

static bool stops(unsigned n)
{
    wr32(DMAC_CONFIG(n), 0);
    value = 77;
    dsb();
    delay_us(2000);
    return value == 77 && !(rd32(DMAC_ENBLD_CHNS) & (1u << n)) && !(rd32(DMAC_CONFIG(n)) & DMA_ACTIVE);
}

static void endless(void)
{
    bool both = true;

    from[0] = 1;
    from[1] = 2;
    item(0, &from[0], &value, &items[1], DMA_SIZE(1) | DMA_WIDTH(2, 2));
    item(1, &from[1], &value, &items[0], DMA_SIZE(1) | DMA_WIDTH(2, 2));
    start_items(0, 0);
    for (unsigned i = 0; i < 5; i++) {
        both &= WAIT_UNTIL(value == 1, 5000000) && WAIT_UNTIL(value == 2, 5000000);
    }
    ok(both && rd32(DMAC_ENBLD_CHNS) == 1, "an endless list goes on");
    to[0] = 0;
    ok(dma_copy(1, from, to, 256) && to[0] == 1, "and does not starve the other channel");
    ok(stops(0), "nothing moves once it is disabled");

    item(0, from, to, &items[0], DMA_WIDTH(2, 2));
    start_items(0, 0);
    delay_us(2000);
    ok_eq(rd32(DMAC_ENBLD_CHNS), 1, "an endless list of nothing");
    ok(dma_copy(1, from, to, 256), "and does not starve the other channel");
    ok(stops(0), "disabled");

    /* The item's own address in its list word: it makes itself the last one. */
    from[0] = 0;
    item(0, from, &items[0].lli, &items[0], DMA_SIZE(1) | DMA_WIDTH(2, 2));
    start_items(0, 0);
    ok(dma_wait(0), "a list that ends itself");

    value = 0;
    from[0] = 5;
    item(0, from, &value, &items[0], DMA_SIZE(1) | DMA_WIDTH(2, 2));
    start_items(0, 0);
    ok(WAIT_UNTIL(value == 5, 5000000), "an endless list");
    wr32(DMAC_CONFIGURATION, 0);
    value = 6;
    dsb();
    delay_us(2000);
    ok(value == 6 && rd32(DMAC_ENBLD_CHNS) == 1, "stops with the controller");
    wr32(DMAC_CONFIGURATION, 1);
    ok(WAIT_UNTIL(value == 5, 5000000), "and goes on with it");
    ok(stops(0), "disabled");
    /* The controller's own configuration register as destination: the channel disables itself. */
    from[0] = 0;
    item(0, from, (void *)DMAC_CONFIG(0), &items[0], DMA_SIZE(1) | DMA_WIDTH(2, 2));
    start_items(0, 0);
    ok(dma_wait(0), "a channel that disables itself");
}

/* Stores to code stop all CPUs: they must get on all the same. */
static void over_code(void)
{
    uint32_t *code = page_alloc(1), begin = ticks24(), calls = 0;
    bool good = true;

    from[0] = A_MOV_R0(3);
    make_return(code, 3);
    call(code, 0, 0);
    item(0, from, code, &items[0], DMA_SIZE(1) | DMA_WIDTH(2, 2));
    start_items(0, 0);
    while (us_since(begin) < 20000 || calls < 20) {
        good &= call(code, 0, 0) == 3;
        calls++;
    }
    ok(good, "an endless list over code");
    ok(stops(0), "disabled");
}

static void halting(void)
{
    value = 0;
    from[0] = 9;
    item(0, from, &value, &items[0], DMA_SIZE(1) | DMA_WIDTH(2, 2));
    start_items(0, 0);
    ok(WAIT_UNTIL(value == 9, 5000000), "before halting");
    wr32(DMAC_CONFIG(0), DMA_E | DMA_HALT);
    ok(WAIT_UNTIL(!(rd32(DMAC_CONFIG(0)) & DMA_ACTIVE), 5000000), "halted: not active");
    value = 8;
    dsb();
    delay_us(2000);
    ok(value == 8 && rd32(DMAC_ENBLD_CHNS) == 1, "and nothing moves, though the channel is enabled");
    wr32(DMAC_CONFIG(0), DMA_E);
    ok(WAIT_UNTIL(value == 9, 5000000), "until it goes on");
    ok(stops(0), "disabled");
}

static bool moved(uint32_t words)
{
    bool good = WAIT_UNTIL(to[words - 1] == from[words - 1], 5000000);

    dsb();
    delay_us(1000);
    return good && !memcmp(from, to, 4 * words) && to[words] == 0;
}

static void prepare(void)
{
    for (unsigned i = 0; i < WORDS; i++) {
        from[i] = i + 1;
    }
    memset(to, 0, sizeof(to));
}

static bool served(uint32_t reg, uint32_t peripherals)
{
    wr32(reg, peripherals);
    return WAIT_UNTIL(!(rd32(reg) & peripherals), 5000000);
}

static void requests(void)
{
    uint32_t control = DMA_SIZE(12) | DMA_BURST(1, 2) | DMA_WIDTH(2, 2) | DMA_INC | DMA_I;

    prepare();
    dma_start(0, (uint32_t)from, (uint32_t)to, 0, control, DMA_FLOW(2) | DMA_PERIPHERALS(3, 0));
    delay_us(1000);
    ok(to[0] == 0 && rd32(DMAC_ENBLD_CHNS) == 1, "peripheral to memory waits");
    wr32(DMAC_SOFT_BREQ, 1 << 2);
    delay_us(1000);
    ok(to[0] == 0 && rd32(DMAC_SOFT_BREQ) == 1 << 2, "not for another peripheral");
    ok(served(DMAC_SOFT_SREQ, 1 << 3) && moved(1), "a single request moves a word");
    ok(served(DMAC_SOFT_BREQ, 1 << 3) && moved(5), "a burst request moves four");
    ok(served(DMAC_SOFT_BREQ, 1 << 3) && served(DMAC_SOFT_BREQ, 1 << 3) && dma_wait(0) && moved(12),
       "the transfer size ends it");
    ok_eq(rd32(DMAC_RAW_INT_TC_STATUS), 1, "with a terminal count");
    wr32(DMAC_INT_TC_CLEAR, 3);

    prepare();
    dma_start(1, (uint32_t)from, (uint32_t)to, 0, control, DMA_FLOW(1) | DMA_PERIPHERALS(0, 15));
    ok(served(DMAC_SOFT_BREQ, 1 << 15) && moved(8), "memory to peripheral: a burst of eight");
    ok(served(DMAC_SOFT_SREQ, 1 << 15) && moved(9), "and a single");
    ok(served(DMAC_SOFT_BREQ, 1 << 15) && dma_wait(1) && moved(12), "and the rest");
    wr32(DMAC_INT_TC_CLEAR, 3);

    prepare();
    dma_start(1, (uint32_t)from, (uint32_t)to, 0, control, DMA_FLOW(3) | DMA_PERIPHERALS(4, 5));
    wr32(DMAC_SOFT_SREQ, 1 << 4);
    delay_us(1000);
    ok_eq(to[0], 0, "peripheral to peripheral: the source alone moves nothing on");
    ok(served(DMAC_SOFT_SREQ, 1 << 5) && moved(1), "both do");
    ok(stops(1), "disabled");

    prepare();
    dma_start(0, (uint32_t)from, (uint32_t)to, 0, control & ~0xfffu, DMA_FLOW(6) | DMA_PERIPHERALS(6, 0));
    ok(served(DMAC_SOFT_BREQ, 1 << 6) && moved(4), "the source controls the flow");
    ok(served(DMAC_SOFT_LSREQ, 1 << 6) && dma_wait(0) && moved(5), "and says what is the last one");

    prepare();
    dma_start(0, (uint32_t)from, (uint32_t)to, 0, control & ~0xfffu, DMA_FLOW(5) | DMA_PERIPHERALS(0, 7));
    ok(served(DMAC_SOFT_SREQ, 1 << 7) && moved(1), "the destination controls the flow");
    ok(served(DMAC_SOFT_LBREQ, 1 << 7) && dma_wait(0) && moved(9), "and says what is the last one");
    ok_eq(rd32(DMAC_RAW_INT_TC_STATUS), 1, "terminal count");
    wr32(DMAC_INT_TC_CLEAR, 3);
}

int test_main(void)
{
    dma_init();
    endless();
    over_code();
    halting();
    requests();
    return 0;
}
