/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big-endian data (BE-8): SETEND, every size of access, exclusives, exceptions and returns between byte orders
 * (ARM DDI 0100I A2.7). The compiler knows nothing of it: all big-endian parts are assembler.
 * guest-test: cpus=1
 */
#include "runtime.h"

static union {
    uint8_t b[64];
    uint32_t w[16];
} area __attribute__((aligned(64)));

/* r0 -> area, r1 = value in, result in r0; big-endian inside. */
#define BE_FN(name, body) \
    __asm__(".pushsection .text\n.arm\n.balign 4\n" #name ":\n" \
            "setend be\n" body "\nsetend le\nbx lr\n.popsection\n"); \
    uint32_t name(void *p, uint32_t v)

BE_FN(be_ldr, "ldr r0, [r0]");
BE_FN(be_ldr_1, "ldr r0, [r0, #1]");
BE_FN(be_ldrh, "ldrh r0, [r0]");
BE_FN(be_ldrsh, "ldrsh r0, [r0, #2]");
BE_FN(be_ldrb, "ldrb r0, [r0]");
BE_FN(be_str, "str r1, [r0]");
BE_FN(be_str_1, "str r1, [r0, #1]");
BE_FN(be_strh, "strh r1, [r0]");
BE_FN(be_strb, "strb r1, [r0]");
BE_FN(be_ldm, "ldmia r0, {r2, r3}\nsub r0, r2, r3");
BE_FN(be_stm, "mvn r2, r1\nstmia r0, {r1, r2}");
BE_FN(be_ldrd, "ldrd r2, r3, [r0]\nsub r0, r2, r3");
BE_FN(be_strd, "mov r2, r1\nmvn r3, r1\nstrd r2, r3, [r0]");
BE_FN(be_swp, "mov r2, r0\nswp r0, r1, [r2]");
BE_FN(be_ldrex, "ldrex r2, [r0]\nadd r2, r2, r1\nstrex r3, r2, [r0]\nmov r0, r2");
BE_FN(be_ldrexd, "ldrexd r2, r3, [r0]\nadd r2, r2, #1\nadd r3, r3, #2\nmov r12, r0\nstrexd r0, r2, r3, [r12]");
BE_FN(be_cpsr, "mrs r0, cpsr");
BE_FN(be_svc, "mov r3, lr\nsvc #1\nmov lr, r3\nldr r0, [r0]");
BE_FN(be_literal, "ldr r0, 1f\nb 2f\n1: .word 0x11223344\n2:");

/* Thumb, with SETEND of its own. */
__asm__(".pushsection .text\n.thumb\n.balign 4\n.thumb_func\nbe_thumb:\nsetend be\nldr r0, [r0]\nsetend le\nbx lr\n"
        ".arm\n.popsection\n");
uint32_t be_thumb(void *p, uint32_t v);

static void fill(void)
{
    for (unsigned i = 0; i < 64; i++) {
        area.b[i] = (uint8_t)(0x11 * (i + 1));
    }
}

static uint32_t user_be(uint32_t a, uint32_t b)
{
    return be_ldr((void *)a, b);
}

static void nothing(struct exc *e)
{
    (void)e;
}

int test_main(void)
{
    fill();
    ok_eq(be_ldr(&area, 0), 0x11223344, "ldr");
    ok_eq(be_ldr_1(&area, 0), 0x22334455, "unaligned ldr");
    ok_eq(be_ldrh(&area, 0), 0x1122, "ldrh");
    ok_eq(be_ldrsh(area.b + 6, 0), 0xffff99aa, "ldrsh");
    ok_eq(be_ldrb(&area, 0), 0x11, "ldrb");
    be_str(&area, 0xa1b2c3d4);
    ok_eq(area.w[0], 0xd4c3b2a1, "str");
    fill();
    be_str_1(&area, 0xa1b2c3d4);
    ok(area.b[0] == 0x11 && area.b[1] == 0xa1 && area.b[4] == 0xd4 && area.b[5] == 0x66, "unaligned str");
    be_strh(&area, 0xabcd);
    ok(area.b[0] == 0xab && area.b[1] == 0xcd, "strh");
    be_strb(&area, 0xee);
    ok_eq(area.b[0], 0xee, "strb");
    fill();
    ok_eq(be_ldm(&area, 0), 0x11223344u - 0x55667788u, "ldm");
    be_stm(&area, 0x01020304);
    ok(area.w[0] == 0x04030201 && area.w[1] == ~0x04030201u, "stm");
    fill();
    ok_eq(be_ldrd(&area, 0), 0x11223344u - 0x55667788u, "ldrd keeps the order of words");
    be_strd(&area, 0x01020304);
    ok(area.w[0] == 0x04030201 && area.w[1] == ~0x04030201u, "strd");
    fill();
    ok_eq(be_swp(&area, 0xa0b0c0d0), 0x11223344, "swp returns");
    ok_eq(area.w[0], 0xd0c0b0a0, "swp stores");
    fill();
    ok_eq(be_ldrex(&area, 1), 0x11223345, "ldrex");
    ok_eq(area.w[0], 0x45332211, "strex");
    fill();
    ok_eq(be_ldrexd(&area, 0), 0, "strexd succeeds");
    ok(area.b[3] == 0x45 && area.b[7] == 0x8a, "ldrexd and strexd keep the order of words");
    fill();
    ok_eq(be_cpsr(NULL, 0) & PSR_E, PSR_E, "CPSR.E is set");
    ok_eq(cpsr() & PSR_E, 0, "and cleared");
    ok_eq(be_literal(NULL, 0), 0x44332211, "literals are data");
    fill();
    ok_eq(be_thumb(&area, 0), 0x11223344, "Thumb");
    ok_eq(user_run(user_be, (uint32_t)&area, 0), 0x11223344, "User mode");
    exc_handle(EXC_SVC, nothing);
    ok_eq(be_svc(&area, 0), 0x11223344, "the byte order survives an exception");
    exc_handle(EXC_SVC, NULL);
    /* The same code under both orders, by turns. */
    bool good = true;
    for (unsigned i = 0; i < 100; i++) {
        good &= be_ldr(&area, 0) == 0x11223344 && ((volatile uint32_t *)area.w)[0] == 0x44332211;
    }
    ok(good, "back and forth");
    /* A device register. */
    ok_eq(be_ldr((void *)SYS_ID, 0), __builtin_bswap32(rd32(SYS_ID)), "device registers");
    wr32(SYS_LED, 0x12);
    ok_eq_ours(be_swp((void *)SYS_LED, 0x34000000), 0x12000000, "swp-of-a-device-has-the-byte-order: returns");
    ok_eq_ours(rd32(SYS_LED), 0x34, "swp-of-a-device-has-the-byte-order: stores");
    wr32(SYS_LED, 0x56);
    ok_eq(be_ldrex((void *)SYS_LED, 0), 0x56000000, "ldrex-of-a-device-has-the-byte-order");
    /* Page tables in big-endian order with SCTLR.EE. */
    uint32_t *l1 = mmu_new_table();
    for (unsigned i = 0; i < 4096; i++) {
        l1[i] = __builtin_bswap32(l1[i]);
    }
    set_sctlr(sctlr() | SCTLR_EE);
    mmu_on(l1);
    uint32_t v = ((volatile uint32_t *)area.w)[0];
    mmu_off();
    set_sctlr(sctlr() & ~SCTLR_EE);
    ok_eq(v, 0x44332211, "page tables in big-endian order");
    return 0;
}
