/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unaligned accesses that are allowed: inside a page, across pages that lie apart in memory, across into a page that
 * holds code; the ARMv5 way with SCTLR.U clear (ARM DDI 0100I A2.8, B2.4).
 * guest-test: cpus=1
 */
#include "runtime.h"

enum { VA = 0x20000000 };

#define LOAD(name) \
    static uint32_t name(uint32_t a) \
    { \
        uint32_t v; \
        __asm__ volatile(#name " %0, [%1]" : "=r"(v) : "r"(a) : "memory"); \
        return v; \
    }
#define STORE(name) \
    static void name(uint32_t a, uint32_t v) \
    { \
        __asm__ volatile(#name " %0, [%1]" : : "r"(v), "r"(a) : "memory"); \
    }
LOAD(ldr)
LOAD(ldrh)
LOAD(ldrsh)
STORE(str)
STORE(strh)

static uint8_t pattern(uint32_t i)
{
    return (uint8_t)(i * 37 + 11);
}

/* Check loads and stores of every alignment around AT against bytes. */
static bool around(uint32_t at)
{
    bool good = true;

    for (uint32_t a = at - 8; a < at + 8; a++) {
        for (uint32_t i = at - 16; i < at + 16; i++) {
            wr8(i, pattern(i));
        }
        uint32_t w = pattern(a) | pattern(a + 1) << 8 | pattern(a + 2) << 16 | (uint32_t)pattern(a + 3) << 24;

        good &= ldr(a) == w && ldrh(a) == (w & 0xffff) && ldrsh(a) == (uint32_t)(int16_t)w;
        str(a, 0xdeadbeef);
        good &= rd8(a) == 0xef && rd8(a + 1) == 0xbe && rd8(a + 2) == 0xad && rd8(a + 3) == 0xde;
        good &= rd8(a - 1) == pattern(a - 1) && rd8(a + 4) == pattern(a + 4);
        strh(a, 0x1234);
        good &= rd8(a) == 0x34 && rd8(a + 1) == 0x12 && rd8(a + 2) == 0xad && rd8(a - 1) == pattern(a - 1);
        if (!(a & 3)) {
            /* Double words and lists need word alignment only. */
            uint32_t lo, hi;

            __asm__ volatile("ldrd r2, r3, [%2]\nmov %0, r2\nmov %1, r3"
                             : "=&r"(lo), "=&r"(hi) : "r"(a) : "r2", "r3", "memory");
            good &= lo == ldr(a) && hi == ldr(a + 4);
            __asm__ volatile("ldm %2, {r2, r3}\nmov %0, r2\nmov %1, r3"
                             : "=&r"(lo), "=&r"(hi) : "r"(a) : "r2", "r3", "memory");
            good &= lo == ldr(a) && hi == ldr(a + 4);
            __asm__ volatile("mov r2, #1\nmov r3, #2\nstrd r2, r3, [%0]" : : "r"(a) : "r2", "r3", "memory");
            good &= ldr(a) == 1 && ldr(a + 4) == 2;
        }
    }
    return good;
}

int test_main(void)
{
    uint8_t *ram = heap_alloc(16 * 4096, 4096);
    uint32_t *l1 = mmu_new_table();

    ok(around((uint32_t)ram + 100), "inside a page");
    ok(around((uint32_t)ram + 4096), "across a page boundary");
    mmu_new_l2(l1, VA, 0);
    /* Neighbours in virtual memory, the other way round in physical memory. */
    mmu_map_page(l1, VA, L2_SMALL((uint32_t)ram + 0x5000, AP_RW));
    mmu_map_page(l1, VA + 0x1000, L2_SMALL((uint32_t)ram + 0x3000, AP_RW));
    mmu_map_page(l1, VA + 0x2000, L2_SMALL((uint32_t)ram + 0x1000, AP_RW));
    mmu_on(l1);
    ok(around(VA + 0x1000), "across pages that lie apart");
    ok(around(VA + 0x2000), "and across the next ones");
    ok(rd8((uint32_t)ram + 0x5fff) == rd8(VA + 0xfff) && rd8((uint32_t)ram + 0x3000) == rd8(VA + 0x1000),
       "the bytes are where they belong");
    /* Code in the second page. */
    uint32_t *code = (uint32_t *)(ram + 0x3100);
    code[0] = 0xe3a00007;
    code[1] = 0xe12fff1e;
    code_written(code, 8);
    bool good = true;
    for (unsigned i = 0; i < 50; i++) {
        good &= ((uint32_t (*)(void))(VA + 0x1100))() == 7;
        good &= around(VA + 0x1000);
    }
    ok(good, "across into a page that holds code");
    mmu_off();
    ok_eq_ours(ldr((uint32_t)ram + 0x5ffe) == (rd8((uint32_t)ram + 0x5ffe) | rd8((uint32_t)ram + 0x5fff) << 8 |
               rd8((uint32_t)ram + 0x6000) << 16 | (uint32_t)rd8((uint32_t)ram + 0x6001) << 24), 1, "MMU off");
    /* ARMv5: words rotate, the lower address bits are ignored for stores. */
    set_sctlr(sctlr() & ~SCTLR_U);
    uint32_t a = (uint32_t)ram + 0x200;
    wr32(a, 0x44332211);
    wr32(a + 4, 0x88776655);
    ok_eq_ours(ldr(a + 1), 0x11443322, "U clear: ldr rotates by 1");
    ok_eq_ours(ldr(a + 2), 0x22114433, "U clear: ldr rotates by 2");
    ok_eq_ours(ldr(a + 3), 0x33221144, "U clear: ldr rotates by 3");
    str(a + 2, 0xaabbccdd);
    ok_eq_ours(rd32(a), 0xaabbccdd, "U clear: str ignores the lower bits");
    ok_eq_ours(rd32(a + 4), 0x88776655, "and the next word is untouched");
    set_sctlr(sctlr() | SCTLR_U);
    wr32(a, 0x44332211);
    wr32(a + 4, 0x88776655);
    ok_eq(ldr(a + 2), 0x66554433, "U set again");
    return 0;
}
