/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may do to hurt the emulator: exclusives and swaps outside RAM, accesses over the end of RAM and of the
 * address space, transfers that wrap, code that changes in pages that exclusives watch, in its literals and behind the
 * jumps that look ahead at it. Results are checked where the architecture fixes them; above all the emulator must live.
 * guest-test: cpus=1,2 oracle=no
 */
#include "runtime.h"

/* The boot pen is memory beside RAM; its code lies at its start. */
enum { PEN = 0xe0000000u, RAM_END = 64u << 20, PAGE = 4096 };

static uint32_t ldrex(uint32_t address)
{
    uint32_t v;

    __asm__ volatile("ldrex %0, [%1]" : "=r"(v) : "r"(address) : "memory");
    return v;
}

static uint32_t strex(uint32_t address, uint32_t value)
{
    uint32_t failed;

    __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(value), "r"(address) : "memory");
    return failed;
}

static uint64_t ldrexd(uint32_t address)
{
    uint64_t v;

    __asm__ volatile("ldrexd %0, %H0, [%1]" : "=r"(v) : "r"(address) : "memory");
    return v;
}

static uint32_t strexd(uint32_t address, uint64_t value)
{
    uint32_t failed;

    __asm__ volatile("strexd %0, %1, %H1, [%2]" : "=&r"(failed) : "r"(value), "r"(address) : "memory");
    return failed;
}

/* By its encoding: the assembler warns of SWP. */
static uint32_t swp(uint32_t address, uint32_t value)
{
    register uint32_t old __asm__("r0"), v __asm__("r1") = value, at __asm__("r2") = address;

    __asm__ volatile(".inst 0xe1020091 @ swp r0, r1, [r2]" : "=&r"(old) : "r"(v), "r"(at) : "memory");
    return old;
}

static void exclusives(void)
{
    static const uint32_t places[] = { PEN + 0x800, PEN + PAGE - 8, SYS_24MHZ & ~7u, 0x30000000, 0xfffffff8,
                                       RAM_END - 8, RAM_END };
    uint32_t failed;

    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        uint32_t at = places[i];
        bool ram = at < RAM_END;

        ldrex(at);
        failed = strex(at, 0);
        if (ram) {
            ok_eq(failed, 0, "STREX at the end of RAM");
        }
        ldrexd(at);
        failed = strexd(at, 0);
        if (ram) {
            ok_eq(failed, 0, "STREXD at the end of RAM");
        }
        swp(at, 0);
    }
    ok(true, "exclusives and swaps everywhere");
    swp(PEN + 0x100, 0x12345678);
    ok_eq(rd32(PEN + 0x100), 0x12345678, "SWP in the boot pen");
    ok_eq(strex(PEN + 0x100, 1), 1, "STREX outside RAM fails");
    ok_eq(rd32(PEN + 0x100), 0x12345678, "and stores nothing");
}

static void edges(void)
{
    uint32_t *last = (uint32_t *)(RAM_END - 4), a, b, c, d;

    *last = 0xa5a55a5a;
    set_sctlr((sctlr() & ~SCTLR_A) | SCTLR_U);
    ok_eq(try_ldr(RAM_END - 2) & 0xffff, 0xa5a5, "load over the end of RAM");
    try_str(RAM_END - 2, 0x11112222);
    ok_eq(*last, 0x22225a5a, "store over the end of RAM");
    try_ldr(0xfffffffe);
    try_str(0xfffffffd, 0);
    __asm__ volatile("ldmia %4, {r0-r3}\n mov %0, r0\n mov %1, r1\n mov %2, r2\n mov %3, r3"
                     : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d) : "r"(0xfffffff8) : "r0", "r1", "r2", "r3", "memory");
    ok(c == rd32(0) && d == rd32(4), "LDM wraps to address 0");
    __asm__ volatile("ldmia %1, {r0-r10, lr}\n mov %0, r0" : "=r"(a) : "r"(RAM_END - 4)
                     : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "lr", "memory");
    ok_eq(a, 0x22225a5a, "LDM over the end of RAM");
    __asm__ volatile("ldrd r0, [%2]\n mov %0, r0\n mov %1, r1" : "=r"(a), "=r"(b) : "r"(RAM_END - 4)
                     : "r0", "r1", "memory");
    ok_eq(a, 0x22225a5a, "LDRD over the end of RAM");
}

typedef uint32_t code_fn(uint32_t a);

enum { MOV_R0_1 = 0xe3a00001, MOV_R0_2 = 0xe3a00002, BX_LR = 0xe12fff1e };

/* A page is watched first, then holds code: stores to it must still find the code. */
static void code_in_watched_page(void)
{
    volatile uint32_t *page = heap_alloc(PAGE, PAGE);
    code_fn *fn = (code_fn *)(page + 64);

    for (int round = 0; round < 20; round++) {
        ldrex((uint32_t)page);
        strex((uint32_t)page, round);
        page[64] = MOV_R0_1;
        page[65] = BX_LR;
        code_written((void *)(page + 64), 8);
        if (fn(0) != 1) {
            break;
        }
        page[64] = MOV_R0_2;
        code_written((void *)(page + 64), 8);
        if (fn(0) != 2) {
            break;
        }
        /* And by STREX itself. */
        ldrex((uint32_t)(page + 64));
        strex((uint32_t)(page + 64), MOV_R0_1);
        code_written((void *)(page + 64), 8);
        if (fn(0) != 1) {
            break;
        }
        swp((uint32_t)(page + 64), MOV_R0_2);
        code_written((void *)(page + 64), 8);
        if (fn(0) != 2) {
            break;
        }
        if (round == 19) {
            ok(true, "code in a page watched by exclusives");
            return;
        }
    }
    ok(false, "code in a page watched by exclusives");
}

/* A literal is data: it may change without any maintenance, by every kind of store, before and behind its load. */
static void literals(void)
{
    volatile uint32_t *page = heap_alloc(PAGE, PAGE);
    code_fn *fn = (code_fn *)page;
    bool good = true;

    page[0] = 0xe59f1010;       /* ldr r1, [pc, #16] */
    page[1] = 0xe58f000c;       /* str r0, [pc, #12]: the same word */
    page[2] = 0xe59f0008;       /* ldr r0, [pc, #8] */
    page[3] = 0xe0800001;       /* add r0, r0, r1 */
    page[4] = BX_LR;
    page[5] = 0;
    page[6] = 100;
    code_written((void *)page, 32);
    good &= fn(1) == 101;
    good &= fn(2) == 3;
    page[6] = 7;
    good &= fn(3) == 10;
    ldrex((uint32_t)(page + 6));
    strex((uint32_t)(page + 6), 20);
    good &= fn(4) == 24;
    swp((uint32_t)(page + 6), 30);
    good &= fn(5) == 35;
    try_strb((uint32_t)(page + 6), 40);
    good &= fn(6) == 46;
    ok(good, "literals that change");
}

/* The code behind a jump decides which flags are needed: it may change too. */
static void looked_ahead(void)
{
    volatile uint32_t *page = heap_alloc(PAGE, PAGE);
    code_fn *fn = (code_fn *)page;
    bool good = true;

    page[0] = 0xe3500005;       /* cmp r0, #5 */
    page[1] = 0xea000006;       /* b page + 9 */
    page[9] = 0xe3500007;       /* cmp r0, #7: the first result is dead */
    page[10] = 0x13a00000;      /* movne r0, #0 */
    page[11] = 0x03a00001;      /* moveq r0, #1 */
    page[12] = BX_LR;
    code_written((void *)page, 64);
    good &= fn(5) == 0 && fn(7) == 1;
    page[9] = 0xe1a00000;       /* nop: it lives */
    code_written((void *)page, 64);
    good &= fn(5) == 1 && fn(7) == 0;
    ok(good, "flags of a jump whose target changes");
}

static void other_cpu(uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        ldrex(PEN + 0x100);
        strex(PEN + 0x100, i);
        ldrex(RAM_END - 8);
        strex(RAM_END - 8, i);
    }
}

int test_main(void)
{
    exclusives();
    if (num_cpus() > 1) {
        smp_start();
        run_on(1, other_cpu, 2000);
    }
    edges();
    code_in_watched_page();
    literals();
    looked_ahead();
    mmu_on(mmu_new_table());
    code_in_watched_page();
    literals();
    looked_ahead();
    if (num_cpus() > 1) {
        wait_for(1);
    }
    ok(true, "alive");
    return 0;
}
