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

/* ---- SCTLR.U clear: words rotate, stores and transfers of several words ignore the lower address bits ---- */

static void put(uint32_t a)
{
    for (unsigned i = 0; i < 6; i++) {
        wr32(a + 4 * i, 0x44332211 + i * 0x44444444);
    }
}

/* r0 = address: the instruction, then r0 is its result or the base. */
#define TRY(insn, base, what) ({ \
    register uint32_t r0_ __asm__("r0") = (base), r2_ __asm__("r2") = 0x22222222, r3_ __asm__("r3") = 0x33333333; \
    __asm__ volatile(".fpu vfp\n" insn : "+r"(r0_), "+r"(r2_), "+r"(r3_) : : "r1", "r12", "memory"); \
    what; })

static void armv5_multiple(uint32_t a)
{
    bool good = true;

    for (uint32_t k = 1; k < 4; k++) {
        put(a);
        good &= TRY("ldmia r0!, {r2, r3}", a + k, r0_ == a + k + 8 && r2_ == 0x44332211 && r3_ == 0x88776655);
        good &= TRY("ldmdb r0, {r2}", a + 4 + k, r2_ == 0x44332211);
        good &= TRY("stmia r0!, {r2, r3}", a + k, r0_ == a + k + 8) && rd32(a) == 0x22222222 &&
                rd32(a + 4) == 0x33333333 && rd32(a + 8) == 0xccbbaa99;
        good &= TRY("stmdb r0!, {r3}", a + 12 + k, r0_ == a + 8 + k) && rd32(a + 8) == 0x33333333;
    }
    ok_ours(good, "ldm-ignores-low-bits-if-u-is-clear: LDM and STM");
    good = true;
    for (uint32_t k = 1; k < 4; k++) {
        put(a);
        good &= TRY("adr r1, 1f + 1\nbx r1\n.thumb\n.balign 4\n1: ldmia r0!, {r2, r3}\nnop\nbx pc\nnop\n.arm\n", a + k,
                    r0_ == a + k + 8 && r2_ == 0x44332211 && r3_ == 0x88776655);
        good &= TRY("mov r12, sp\nmov sp, r0\npop {r2, r3}\npush {r3}\nmov r0, sp\nmov sp, r12", a + k,
                    r0_ == a + k + 4 && r2_ == 0x44332211 && r3_ == 0x88776655);
        good &= TRY("fldmias r0!, {s2-s3}\nfmrs r2, s2\nfmrs r3, s3", a + k,
                    r0_ == a + k + 8 && r2_ == 0x44332211 && r3_ == 0x88776655);
        good &= TRY("fmsr s2, r3\nfsts s2, [r0]", a + 8 + k, rd32(a + 8) == 0x33333333);
        good &= TRY("fldd d1, [r0]\nfmrrd r2, r3, d1", a + k, r2_ == 0x44332211 && r3_ == 0x88776655);
    }
    ok_ours(good, "Thumb, stack and VFP");
    good = true;
    for (uint32_t k = 1; k < 4; k++) {
        put(a);
        good &= TRY(".inst 0xe1003092 @ swp r3, r2, [r0]", a + k,
                    r3_ == (0x44332211u >> 8 * k | 0x44332211u << (32 - 8 * k))) && rd32(a) == 0x22222222;
        good &= rd32(a + 4) == 0x88776655;
    }
    ok_ours(good, "swp-rotates-if-u-is-clear");
    put(a);
    ok(TRY(".inst 0xe1403092 @ swpb r3, r2, [r0]", a + 1, r3_ == 0x22) && rd32(a) == 0x44332211, "SWPB does not");
    /* In big-endian order too: words are words. */
    put(a);
    ok_ours(TRY("setend be\nldmia r0, {r2, r3}\nsetend le", a + 2, r2_ == 0x11223344 && r3_ == 0x55667788),
            "LDM, big-endian");
}

/* A set as well: everything is checked, doublewords for eight bytes. */
static void armv5_checked(uint32_t a)
{
    set_sctlr(sctlr() | SCTLR_A);
    put(a);
    exc_expect();
    TRY("ldmia r0, {r2, r3}", a + 2, 0);
    ok(exc_seen() == 1 && exc_log()->dfar == a + 2 && (exc_log()->dfsr & 0xc0f) == 1, "U clear, A set: LDM faults");
    exc_expect();
    TRY(".inst 0xe1003092 @ swp r3, r2, [r0]", a + 1, 0);
    ok(exc_seen() == 1 && exc_log()->dfar == a + 1 && (exc_log()->dfsr & 0xc0f) == 1, "U clear, A set: SWP faults");
    exc_expect();
    TRY("ldrd r2, r3, [r0, #4]", a, 0);
    ok_ours(exc_seen() == 1 && exc_log()->dfar == a + 4 && (exc_log()->dfsr & 0xc0f) == 1,
            "doubleword-of-eight-bytes-if-u-is-clear: LDRD");
    exc_expect();
    TRY("strd r2, r3, [r0, #-4]!", a + 8, 0);
    ok_ours(exc_seen() == 1 && exc_log()->dfar == a + 4 && (exc_log()->dfsr & 0xc0f) == 0x801,
            "doubleword-of-eight-bytes-if-u-is-clear: STRD");
    put(a);
    ok(TRY("ldrd r2, r3, [r0]", a + 8, r2_ == 0xccbbaa99), "aligned LDRD");
    set_sctlr(sctlr() | SCTLR_U);
    ok(TRY("ldrd r2, r3, [r0]", a + 4, r2_ == 0x88776655 && r3_ == 0xccbbaa99), "U and A set: LDRD of aligned words");
    set_sctlr(sctlr() & ~(SCTLR_U | SCTLR_A));
}

static void armv5(uint32_t a)
{
    set_sctlr(sctlr() & ~SCTLR_U);
    put(a);
    ok_eq_ours(ldr(a + 1), 0x11443322, "U clear: ldr rotates by 1");
    ok_eq_ours(ldr(a + 2), 0x22114433, "U clear: ldr rotates by 2");
    ok_eq_ours(ldr(a + 3), 0x33221144, "U clear: ldr rotates by 3");
    str(a + 2, 0xaabbccdd);
    ok_eq_ours(rd32(a), 0xaabbccdd, "U clear: str ignores the lower bits");
    ok_eq_ours(rd32(a + 4), 0x88776655, "and the next word is untouched");
    vfp_enable();
    exc_expect();
    armv5_multiple(a);
    ok_eq_ours(exc_seen(), 0, "U clear: nothing faults");
    armv5_checked(a);
    put(a);
    set_sctlr(sctlr() | SCTLR_U);
}

int test_main(void)
{
    uint8_t *ram = heap_alloc(16 * 4096, 4096);
    uint32_t *l1 = mmu_new_table();

    /* What compilers make of a packed structure, in a program that never writes SCTLR. */
    put((uint32_t)ram);
    ok_eq(ldr((uint32_t)ram + 1), 0x55443322, "unaligned-words-after-reset");
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
    armv5((uint32_t)ram + 0x200);
    ok_eq(ldr((uint32_t)ram + 0x202), 0x66554433, "U set again");
    return 0;
}
