/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the smc-* and excl-* tests share: instruction words, calls into code made at run time, every kind of store.
 * Stores keep what stands around the word they change. Needs vfp_enable() on the CPU that uses the table.
 */
#ifndef TESTS_GUEST_SMC_CODE_H
#define TESTS_GUEST_SMC_CODE_H

#include "runtime.h"

/* The images are compiled without VFP; only the stores below use it. */
__asm__(".fpu vfp");

/* A32 words. */
#define A_MOV_R0(imm8)      (0xe3a00000u | (imm8))
#define A_MOVEQ_R0(imm8)    (0x03a00000u | (imm8))
#define A_LDR_R0_PC(offset) (0xe59f0000u | (offset))    /* of [pc, #offset], pc = own address + 8 */
#define A_ADDS_R3_R3_1      0xe2933001u
#define A_ADD_R0_R0_1       0xe2800001u
#define A_BX_LR             0xe12fff1eu
#define A_NOP               0xe1a00000u
#define A_B(from, to)       (0xea000000u | ((((uint32_t)(to) - (uint32_t)(from) - 8) >> 2) & 0xffffffu))
/* Two T16 instructions: MOVS r0, #imm8; BX lr. */
#define T_MOV_R0_BX(imm8)   (0x47702000u | (imm8))

typedef uint32_t code_fn(uint32_t a, uint32_t b);

static inline uint32_t call(const volatile void *code, uint32_t a, uint32_t b)
{
    return ((code_fn *)(uint32_t)code)(a, b);
}

/* The same in Thumb state. */
static inline uint32_t call_thumb(const volatile void *code)
{
    return ((code_fn *)((uint32_t)code | 1))(0, 0);
}

static inline void *page_alloc(unsigned pages)
{
    return heap_alloc(pages * 4096, 4096);
}

/* A function that returns the constant. */
static inline void make_return(volatile uint32_t *p, uint32_t imm8)
{
    p[0] = A_MOV_R0(imm8);
    p[1] = A_BX_LR;
    code_written((const void *)(uint32_t)p, 8);
}

/* Let another CPU run: WFE never sleeps for long here, since nothing waits without polling. */
static inline void spin_hint(void)
{
    __asm__ volatile(".inst 0xe320f001" : : : "memory");       /* YIELD */
}

typedef void store_fn(uint32_t address, uint32_t value);

struct store_kind {
    const char *name;
    store_fn *store;
};

/* ---- every way to put a word at an aligned address ---- */

static inline void store_str(uint32_t a, uint32_t v)
{
    __asm__ volatile("str %0, [%1]" : : "r"(v), "r"(a) : "memory");
}

static inline void store_strt(uint32_t a, uint32_t v)
{
    __asm__ volatile("strt %0, [%1]" : : "r"(v), "r"(a) : "memory");
}

static inline void store_strb(uint32_t a, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        __asm__ volatile("strb %0, [%1]" : : "r"(v >> 8 * i), "r"(a + i) : "memory");
    }
}

static inline void store_strh(uint32_t a, uint32_t v)
{
    __asm__ volatile("strh %0, [%2]\n strh %1, [%2, #2]" : : "r"(v), "r"(v >> 16), "r"(a) : "memory");
}

static inline void store_strd(uint32_t a, uint32_t v)
{
    uint32_t base = a & ~7u, other = *(volatile uint32_t *)(a ^ 4);
    register uint32_t lo __asm__("r2") = a & 4 ? other : v;
    register uint32_t hi __asm__("r3") = a & 4 ? v : other;

    __asm__ volatile("strd r2, [%2]" : : "r"(lo), "r"(hi), "r"(base) : "memory");
}

static inline void store_stm(uint32_t a, uint32_t v)
{
    register uint32_t lo __asm__("r2") = *(volatile uint32_t *)(a - 4);
    register uint32_t mid __asm__("r3") = v;
    register uint32_t hi __asm__("r4") = *(volatile uint32_t *)(a + 4);

    __asm__ volatile("stmia %3, {r2-r4}" : : "r"(lo), "r"(mid), "r"(hi), "r"(a - 4) : "memory");
}

/* Two unaligned words, of which each changes half of the wanted one. */
static inline void store_unaligned(uint32_t a, uint32_t v)
{
    uint32_t before = *(volatile uint16_t *)(a - 2), behind = *(volatile uint16_t *)(a + 4);

    __asm__ volatile("str %0, [%2, #-2]\n str %1, [%2, #2]"
                     : : "r"(before | v << 16), "r"(v >> 16 | behind << 16), "r"(a) : "memory");
}

/* SWP and SWPB as words: assemblers call them deprecated. */
static inline uint32_t swp(uint32_t a, uint32_t v)
{
    register uint32_t old __asm__("r0");
    register uint32_t value __asm__("r2") = v;
    register uint32_t address __asm__("r3") = a;

    __asm__ volatile(".inst 0xe1030092" : "=&r"(old) : "r"(value), "r"(address) : "memory");
    return old;
}

static inline uint32_t swpb(uint32_t a, uint32_t v)
{
    register uint32_t old __asm__("r0");
    register uint32_t value __asm__("r2") = v;
    register uint32_t address __asm__("r3") = a;

    __asm__ volatile(".inst 0xe1430092" : "=&r"(old) : "r"(value), "r"(address) : "memory");
    return old;
}

static inline void store_swp(uint32_t a, uint32_t v)
{
    swp(a, v);
}

static inline void store_swpb(uint32_t a, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        swpb(a + i, (v >> 8 * i) & 0xff);
    }
}

static inline void store_strex(uint32_t a, uint32_t v)
{
    uint32_t old, failed;

    __asm__ volatile("1: ldrex %0, [%3]\n strex %1, %2, [%3]\n teq %1, #0\n bne 1b"
                     : "=&r"(old), "=&r"(failed) : "r"(v), "r"(a) : "memory", "cc");
}

static inline void store_strexb(uint32_t a, uint32_t v)
{
    uint32_t old, failed;

    for (unsigned i = 0; i < 4; i++) {
        __asm__ volatile("1: ldrexb %0, [%3]\n strexb %1, %2, [%3]\n teq %1, #0\n bne 1b"
                         : "=&r"(old), "=&r"(failed) : "r"(v >> 8 * i), "r"(a + i) : "memory", "cc");
    }
}

static inline void store_strexh(uint32_t a, uint32_t v)
{
    uint32_t old, failed;

    for (unsigned i = 0; i < 2; i++) {
        __asm__ volatile("1: ldrexh %0, [%3]\n strexh %1, %2, [%3]\n teq %1, #0\n bne 1b"
                         : "=&r"(old), "=&r"(failed) : "r"(v >> 16 * i), "r"(a + 2 * i) : "memory", "cc");
    }
}

static inline void store_strexd(uint32_t a, uint32_t v)
{
    register uint32_t lo __asm__("r2");
    register uint32_t hi __asm__("r3");
    uint32_t failed;

    __asm__ volatile("1: ldrexd r2, r3, [%4]\n tst %5, #4\n moveq r2, %3\n movne r3, %3\n"
                     "strexd %2, r2, r3, [%4]\n teq %2, #0\n bne 1b"
                     : "=&r"(lo), "=&r"(hi), "=&r"(failed) : "r"(v), "r"(a & ~7u), "r"(a) : "memory", "cc");
}

static inline void store_vstr(uint32_t a, uint32_t v)
{
    __asm__ volatile("fmsr s0, %0\n fsts s0, [%1]" : : "r"(v), "r"(a) : "memory");
}

static inline void store_vstm(uint32_t a, uint32_t v)
{
    uint32_t lo = *(volatile uint32_t *)(a - 4), hi = *(volatile uint32_t *)(a + 4);

    __asm__ volatile("fmsr s0, %0\n fmsr s1, %1\n fmsr s2, %2\n fstmias %3, {s0-s2}"
                     : : "r"(lo), "r"(v), "r"(hi), "r"(a - 4) : "memory");
}

static inline void store_vstrd(uint32_t a, uint32_t v)
{
    uint32_t other = *(volatile uint32_t *)(a ^ 4);

    __asm__ volatile("fmdrr d0, %0, %1\n fstd d0, [%2]"
                     : : "r"(a & 4 ? other : v), "r"(a & 4 ? v : other), "r"(a & ~7u) : "memory");
}

static inline void store_big_endian(uint32_t a, uint32_t v)
{
    __asm__ volatile("rev %0, %0\n setend be\n str %0, [%1]\n setend le" : "+&r"(v) : "r"(a) : "memory");
}

static const struct store_kind store_kinds[] = {
    { "STR", store_str }, { "STRT", store_strt }, { "STRB", store_strb }, { "STRH", store_strh },
    { "STRD", store_strd }, { "STM", store_stm }, { "unaligned STR", store_unaligned }, { "SWP", store_swp },
    { "SWPB", store_swpb }, { "STREX", store_strex }, { "STREXB", store_strexb }, { "STREXH", store_strexh },
    { "STREXD", store_strexd }, { "VSTR of a single", store_vstr }, { "VSTM", store_vstm },
    { "VSTR of a double", store_vstrd }, { "STR, big-endian", store_big_endian },
};
enum { NB_STORE_KINDS = sizeof(store_kinds) / sizeof(store_kinds[0]) };

#endif
