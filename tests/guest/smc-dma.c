/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code written by the DMA controller: whole functions and single instructions, in every width, from lists, under a loop
 * of this CPU and of another one, under all CPUs at a time; literals; data beside code; code as the source of a
 * transfer.
 * guest-test: cpus=1,2,4 timeout=40
 */
#include "dma.h"
#include "smc-loop.h"

enum { ROUNDS = 60, BUSY_ROUNDS = 16 };

static uint32_t words[64] __attribute__((aligned(32)));
static struct dma_item items[8] __attribute__((aligned(16)));

static void functions(void)
{
    static const char *const names[3] = { "a function in bytes", "a function in halfwords", "a function in words" };

    for (unsigned width = 0; width < 3; width++) {
        uint32_t *code = page_alloc(1);
        bool good = true;

        for (uint32_t n = 0; n < ROUNDS; n++) {
            words[0] = A_MOV_R0(n);
            words[1] = A_BX_LR;
            dma_start(n & 1, (uint32_t)words, (uint32_t)(code + 16 * (n % 5)), 0,
                      DMA_SIZE(8 >> width) | DMA_WIDTH(width, width) | DMA_INC, 0);
            good &= dma_wait(n & 1);
            sync_code();
            good &= call(code + 16 * (n % 5), 0, 0) == n;
        }
        ok(good, names[width]);
    }
}

/* An instruction in the middle of a function, and its literal. */
static void instructions(void)
{
    uint32_t *code = page_alloc(1);
    bool good = true;

    code[0] = A_MOV_R0(0);
    code[1] = A_ADD_R0_R0_1;
    code[2] = A_BX_LR;
    code[4] = A_LDR_R0_PC(0);
    code[5] = A_BX_LR;
    code[6] = 1000;
    code_written(code, 32);
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        good &= call(code, 0, 0) == n && call(code + 4, 0, 0) == 999 + n;
        words[0] = A_MOV_R0(n);
        words[1] = 1000 + n;
        good &= dma_copy(0, &words[0], code, 1) && dma_copy(1, &words[1], code + 6, 1);
        sync_code();
    }
    ok(good, "an instruction and a literal");
}

static void from_list(void)
{
    uint32_t *code = page_alloc(2);
    bool good = true;

    for (uint32_t n = 0; n < ROUNDS; n++) {
        /* Eight functions across two pages. */
        for (unsigned i = 0; i < 8; i++) {
            words[2 * i] = A_MOV_R0((n + i) & 0xff);
            words[2 * i + 1] = A_BX_LR;
            items[i].src = (uint32_t)&words[2 * i];
            items[i].dst = (uint32_t)(code + 2 + 252 * i);
            items[i].lli = i < 7 ? (uint32_t)&items[i + 1] : 0;
            items[i].control = DMA_WORDS(2);
        }
        dma_start(0, items[0].src, items[0].dst, items[0].lli, items[0].control, 0);
        good &= dma_wait(0);
        sync_code();
        for (unsigned i = 0; i < 8; i++) {
            good &= call(code + 2 + 252 * i, 0, 0) == ((n + i) & 0xff);
        }
    }
    ok(good, "functions in two pages from one list");
}

static void as_source(void)
{
    uint32_t *code = page_alloc(1), *copy = page_alloc(1);
    bool good = true;

    for (uint32_t n = 0; n < 8; n++) {
        make_return(code, n);
        good &= call(code, 0, 0) == n && dma_copy(0, code, copy, 1024);
        sync_code();
        good &= call(copy, 0, 0) == n && call(code, 0, 0) == n;
    }
    ok(good, "pages of code copied");
}

/* r0 = the register to poll, r1 = its bits: waits until they are clear, synchronises, returns the constant. */
__asm__(".pushsection .rodata\n .balign 4\n .global wait_loop, wait_loop_constant, wait_loop_end\n"
        "wait_loop: mov ip, #0\n1: ldr r2, [r0]\n tst r2, r1\n bne 1b\n mcr p15, 0, ip, c7, c5, 0\n"
        "mcr p15, 0, ip, c7, c10, 4\n mcr p15, 0, ip, c7, c5, 4\n"
        "wait_loop_constant: mov r0, #0\n bx lr\n wait_loop_end:\n"
        ".popsection");
extern const uint32_t wait_loop[], wait_loop_constant[], wait_loop_end[];

/* The CPU loops in the page that DMA changes, and then runs into the new instruction. */
static void own_loop(void)
{
    uint32_t *code = copy_template(wait_loop, wait_loop_end);
    bool good = true;

    for (uint32_t n = 1; n <= ROUNDS; n++) {
        words[0] = A_MOV_R0(n);
        dma_start(0, (uint32_t)words, (uint32_t)(code + (wait_loop_constant - wait_loop)), 0, DMA_WORDS(1), 0);
        good &= call(code, DMAC_ENBLD_CHNS, 1) == n;
    }
    ok(good, "under a loop in the same page");
}

static void other_loop(void)
{
    volatile uint32_t *constant;
    bool good = true;

    if (num_cpus() < 2) {
        skip("under a loop of another CPU", "one CPU");
        return;
    }
    constant = loop_start();
    for (uint32_t n = 2; constant && n < BUSY_ROUNDS; n++) {
        words[0] = A_MOV_R0(n);
        good &= dma_copy(n & 1, words, constant, 1) && loop_follows(n);
    }
    loop_end();
    ok(constant && good, "under a loop of another CPU");
}

/* All CPUs call a function that DMA changes between two versions of one instruction: there is no third. */
static void caller(uint32_t cpu)
{
    uint32_t n = 0;

    (void)cpu;
    while (!stop) {
        uint32_t got = call(page, 0, 0);

        n += got != 3 && got != 5;
    }
    if (n) {
        atomic_add(&bad, n);
    }
}

static void all_cpus(void)
{
    bool good = true;

    page = page_alloc(1);
    make_return(page, 3);
    stop = bad = 0;
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        run_on(cpu, caller, cpu);
    }
    for (uint32_t n = 0; n < BUSY_ROUNDS; n++) {
        words[0] = A_MOV_R0(n & 1 ? 5 : 3);
        good &= dma_copy(n & 1, words, page, 1);
        sync_code();
        good &= call(page, 0, 0) == (n & 1 ? 5 : 3);
    }
    stop = 1;
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        wait_for(cpu);
    }
    ok(good, "under calls of all CPUs");
    ok_eq(bad, 0, "old code or new code, nothing else");
}

/* Data behind code in one page: the code lives on, and reads what DMA wrote. */
static void beside(void)
{
    uint32_t *code = page_alloc(1), *data = code + 512;
    bool good = true;

    code[0] = 0xe5900000;           /* ldr r0, [r0] */
    code[1] = A_BX_LR;
    code_written(code, 8);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        for (unsigned i = 0; i < 64; i++) {
            words[i] = n * 1000 + i;
        }
        good &= dma_copy(n & 1, words, data, 64);
        good &= call(code, (uint32_t)(data + n % 64), 0) == n * 1000 + n % 64;
        good &= dma_copy(n & 1, &words[1], code + 2, 1) && call(code, (uint32_t)(code + 2), 0) == n * 1000 + 1;
    }
    ok(good, "data beside code");
}

int test_main(void)
{
    gic_init();
    dma_init();
    smp_start_mmu(mmu_new_table());
    functions();
    instructions();
    from_list();
    as_source();
    own_loop();
    other_loop();
    all_cpus();
    beside();
    return 0;
}
