/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX, STREX and SWP on registers whose accesses wait for other threads: a channel of the DMA controller is disabled
 * so while it writes to code that runs, which stops all CPUs; the flash is hidden and shown again by commands.
 * guest-test: cpus=1,2,4 timeout=60 oracle=no
 */
#include "dma.h"

enum { FLASH = 0x40000000, ROUNDS = 40 };

static uint32_t code[1024] __attribute__((aligned(4096)));
static const uint32_t first = 0xe3a00001, second = 0xe3a00002;      /* mov r0, #1; mov r0, #2 */
static struct dma_item items[2] __attribute__((aligned(16)));
static volatile uint32_t stop;

static uint32_t ldrex(uint32_t p)
{
    uint32_t v;

    __asm__ volatile("ldrex %0, [%1]" : "=r"(v) : "r"(p) : "memory");
    return v;
}

static uint32_t strex(uint32_t p, uint32_t v)
{
    uint32_t failed;

    __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(v), "r"(p) : "memory");
    return failed;
}

static uint32_t swp(uint32_t p, uint32_t v)
{
    uint32_t old;

    __asm__ volatile("swp %0, %1, [%2]" : "=&r"(old) : "r"(v), "r"(p) : "memory");
    return old;
}

static uint32_t call(void)
{
    return ((uint32_t (*)(void))code)();
}

/* A list that never ends and changes the text of call(). */
static void start(void)
{
    uint32_t control = DMA_SIZE(1) | DMA_WIDTH(2, 2);

    items[0].src = (uint32_t)&first;
    items[1].src = (uint32_t)&second;
    for (unsigned i = 0; i < 2; i++) {
        items[i].dst = (uint32_t)code;
        items[i].lli = (uint32_t)&items[1 - i];
        items[i].control = control;
    }
    dma_start(0, items[0].src, items[0].dst, items[0].lli, control, 0);
}

static void call_on(uint32_t unused)
{
    (void)unused;
    while (!stop) {
        (void)call();
        (void)rd32(DMAC_ENBLD_CHNS);
    }
}

static void disable_while_it_writes(void)
{
    unsigned good = 0;

    code[0] = first;
    code[1] = 0xe12fff1e;       /* bx lr */
    code_written(code, 8);
    dma_init();
    stop = 0;
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        run_on(cpu, call_on, 0);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        start();
        for (unsigned j = 0; j < 20; j++) {
            (void)call();
        }
        if (i & 1) {
            good += (swp(DMAC_CONFIG(0), 0) & DMA_E) == DMA_E;
        } else {
            good += (ldrex(DMAC_CONFIG(0)) & DMA_E) == DMA_E && strex(DMAC_CONFIG(0), 0) == 0;
        }
        good += !(rd32(DMAC_ENBLD_CHNS) & 1);
    }
    stop = 1;
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        wait_for(cpu);
    }
    ok_eq(good, 2 * ROUNDS, "a channel that writes to code is disabled");
}

/* All CPUs at once: each command has the memory hidden from all, or shown to them. */
static void flash_commands(uint32_t unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        (void)ldrex(FLASH);
        (void)strex(FLASH, 0x900090);
        (void)swp(FLASH, 0xff00ff);
        wr32(FLASH, 0x980098);
        (void)ldrex(FLASH);
        (void)strex(FLASH, 0xff00ff);
    }
}

int test_main(void)
{
    uint32_t was = rd32(FLASH);

    gic_init();
    smp_start();
    disable_while_it_writes();
    run_all(num_cpus(), flash_commands);
    wr32(FLASH, 0xff00ff);
    ok_eq(rd32(FLASH), was, "commands to the flash from all CPUs");
    return 0;
}
