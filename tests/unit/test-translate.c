/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator on random code: whatever the guest puts there, the block is well formed, stays in its page and
 * covers what it says. And what it makes of some instructions: number and kind of ops, where blocks end, which
 * flags are live. One thread.
 */
#include <stdio.h>
#include <string.h>
#include "hw/semihosting.h"
#include "target/arm/cpu.h"
#include "target/arm/decode.h"
#include "target/arm/translate.h"
#include "tcg/helper.h"
#include "tests/unit/arm-env.h"

bool semihosting_enabled, semihosting_userspace;

static uint64_t seed = 0x853c49e6748fea9b;
static uint8_t page[4096];
static IRBlock block;

static uint32_t random32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static bool verify(const char *what)
{
    int at;
    const char *err = ir_verify(&block, &at);

    if (err) {
        printf("# %s at %08x flags %03x: %s, op %d\n", what, block.pc, block.flags, err, at);
        ir_print(stdout, &block);
    }
    return !err;
}

static void check_extent(uint32_t pc, int max_insns)
{
    uint32_t start = pc & 1 ? pc & ~1u : pc & ~3u, width = pc & 1 ? 2 : 4;

    CHECK(block.guest_insns > 0);
    CHECK(block.guest_bytes == block.guest_insns * width);
    CHECK((start & 0xfff) + block.guest_bytes <= 4096);
    CHECK((int)block.guest_insns <= max_insns);
}

/* Random words, a good part of them made from the rows so that they mean something. */
static void random_page(bool thumb)
{
    int n;
    const DecodeRow *rows = thumb ? decode_rows_t16(&n) : decode_rows_a32(&n);

    for (unsigned i = 0; i < sizeof(page); i += 4) {
        uint32_t w = random32();

        if (random32() % 4) {
            const DecodeRow *a = &rows[random32() % n], *b = &rows[random32() % n];

            if (thumb) {
                w = (w & 0xffff & ~a->mask) | a->value | ((w >> 16 & ~b->mask) | b->value) << 16;
            } else {
                w = (w & ~a->mask) | a->value;
                if (a->bits[0] == 'c' && random32() % 2) {
                    w = (w & 0x0fffffff) | (uint32_t)CC_AL << 28;
                }
            }
        }
        memcpy(page + i, &w, 4);
    }
}

static void test_random(bool thumb, const char *name)
{
    for (int round = 0; round < 150; round++) {
        random_page(thumb);
        for (int i = 0; i < 60; i++) {
            uint32_t pc = (random32() & ~1u) | thumb, flags = random32() & (TBF_MASK | TBF_SUBPAGES);
            int max_insns = random32() % 4 ? 512 : 1 + random32() % 4;

            arm_translate(&block, pc, flags, page, max_insns);
            CHECK(verify("random code"));
            check_extent(pc, max_insns);
            CHECK(arm_flags_live_at(pc, flags, page) <= F_NZCV);
        }
    }
    test_done(name);
}

/* ---- particular instructions ---- */

static void put_words(const uint32_t *words, int n)
{
    memset(page, 0, sizeof(page));
    memcpy(page, words, n * 4);
}

/* Translate words at 0x8000; the page behind them is `andeq r0, r0, r0`. */
static void translate_a32(const uint32_t *words, int n, uint32_t flags)
{
    put_words(words, n);
    arm_translate(&block, 0x8000, flags, page, n);
    CHECK(verify("words"));
}

static int count_ops(IROpcode opc)
{
    int n = 0;

    for (int i = 0; i < block.nops; i++) {
        n += block.ops[i].opc == opc;
    }
    return n;
}

/* Ops that do something, without markers and the exit at the end. */
static int count_work(void)
{
    return block.nops - count_ops(IR_insn_start) - 1;
}

static void test_shapes(void)
{
    static const struct {
        uint32_t insn;
        int work;
        IROpcode first;
        uint8_t setf;
    } t[] = {
        { 0xe0810002, 1, IR_add, 0 },               /* add r0, r1, r2 */
        { 0xe0810102, 2, IR_shl, 0 },               /* add r0, r1, r2, lsl #2 */
        { 0xe1510002, 1, IR_sub, F_NZCV },          /* cmp r1, r2 */
        { 0xe1b00182, 1, IR_shl, F_NZC },           /* movs r0, r2, lsl #3 */
        { 0xe0110182, 2, IR_shl, F_C },             /* ands r0, r1, r2, lsl #3 */
        { 0xe3110102, 2, IR_setc, F_C },            /* tst r1, #0x80000000 */
        { 0xe3a00001, 1, IR_mov, 0 },               /* mov r0, #1 */
        { 0xe1a0000f, 1, IR_mov, 0 },               /* mov r0, pc */
        { 0x03a00001, 1, IR_csel, 0 },              /* moveq r0, #1 */
        { 0x01a00001, 1, IR_csel, 0 },              /* moveq r0, r1 */
        { 0x10800001, 3, IR_br_if, 0 },             /* addne r0, r0, r1 */
        { 0xe59f0010, 1, IR_ld, 0 },                /* ldr r0, [pc, #16] */
        { 0xe5910010, 1, IR_ld, 0 },                /* ldr r0, [r1, #16] */
        { 0xe4910004, 2, IR_ld, 0 },                /* ldr r0, [r1], #4 */
        { 0xe52de004, 2, IR_st, 0 },                /* push {lr} */
        { 0xe92d4010, 2, IR_stm, 0 },               /* push {r4, lr} */
        { 0xe7910102, 3, IR_shl, 0 },               /* ldr r0, [r1, r2, lsl #2] */
        { 0xe0010392, 1, IR_mul, 0 },               /* mul r1, r2, r3 */
        { 0xe6ef0071, 1, IR_uxtb, 0 },              /* uxtb r0, r1 */
        { 0xee1d0f70, 1, IR_ldenv, 0 },             /* mrc p15, 0, r0, c13, c0, 3 */
        { 0xee070fba, 1, IR_barrier, 0 },           /* mcr p15, 0, r0, c7, c10, 5 */
        { 0xe320f000, 0, IR_exit_jmp, F_NZCV },          /* nop */
        { 0xe12fff1e, 0, IR_exit_ind, 0 },          /* bx lr */
        { 0xe8bd8010, 2, IR_ldm, 0 },               /* pop {r4, pc} */
        { 0xea000000, 0, IR_exit_jmp, F_NZCV },          /* b */
    };

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        translate_a32(&t[i].insn, 1, 0);
        if (count_work() != t[i].work || block.ops[1].opc != t[i].first || block.ops[1].setf != t[i].setf) {
            printf("# %08x:\n", t[i].insn);
            ir_print(stdout, &block);
        }
        CHECK_EQ(count_work(), t[i].work);
        CHECK_EQ(block.ops[1].opc, t[i].first);
        CHECK_EQ(block.ops[1].setf, t[i].setf);
    }
    test_done("instructions become the ops they should");
}

/* MRC of a register that is a field and no more is a load of it, for who may read it. */
static void test_mrc(void)
{
    static const struct {
        uint32_t insn, offset;      /* 0: asks the helper */
        bool user;
    } t[] = {
        { 0xee150f10, offsetof(CPUARMState, cp15.dfsr), false },
        { 0xee160f50, offsetof(CPUARMState, cp15.ifar), false },
        { 0xee130f10, offsetof(CPUARMState, cp15.dacr), false },
        { 0xee1d0f50, offsetof(CPUARMState, cp15.tpidrurw), true },
        { 0xee1d0f70, offsetof(CPUARMState, cp15.tpidruro), true },
        { 0xee1d0f90, offsetof(CPUARMState, cp15.tpidrprw), false },
        { 0xee100f10, 0, false },   /* MIDR, a constant */
        { 0xee100fb0, 0, false },   /* the CPU's number */
        { 0xee1f0f1c, 0, false },   /* the performance monitor's control */
        { 0xee15ff10, 0, false },   /* DFSR to the flags */
        { 0xee1b0f10, 0, false },   /* none */
    };

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        for (int priv = 0; priv < 2; priv++) {
            bool loads = t[i].offset && (priv || t[i].user);

            translate_a32(&t[i].insn, 1, priv ? TBF_PRIV : 0);
            CHECK_EQ(block.ops[1].opc, loads ? IR_ldenv : IR_call);
            CHECK_EQ(block.ops[1].imm, loads ? t[i].offset : HELPER_cp15_read);
        }
    }
    test_done("MRC loads what it may and asks for the rest");
}

static void test_conditions(void)
{
    static const uint32_t run[] = { 0x10800001, 0x12811001, 0xe1a00000 };   /* addne; addne; nop */
    static const uint32_t flags_between[] = { 0x10900001, 0x12811001 };     /* addnes; addne */
    static const uint32_t ret[] = { 0x012fff1e, 0xe2800001 };               /* bxeq lr; add */
    static const uint32_t branch[] = { 0x0a000000, 0xe2800001 };            /* beq; add */
    static const uint32_t literal[] = { 0xe2800001, 0x0a000000, 0xe59f0010 };   /* add; beq; ldr r0, [pc, #16] */
    static const uint32_t literal_behind_store[] = { 0xe5810000, 0x0a000000, 0xe59f0010 };      /* str; beq; ldr */
    static const uint32_t back[] = { 0x0afffffe, 0xe2800001 };              /* beq to itself; add */
    static const uint32_t branches[] = { 0x0a000008, 0x1a000007, 0x2a000006, 0xe2800001 };      /* beq; bne; bcs; add */

    translate_a32(run, 3, 0);
    CHECK_EQ(count_ops(IR_br_if), 1);
    CHECK_EQ(count_ops(IR_label), 1);
    translate_a32(flags_between, 2, 0);
    CHECK_EQ(count_ops(IR_br_if), 2);
    translate_a32(ret, 2, 0);
    CHECK_EQ(block.guest_insns, 2);
    CHECK_EQ(count_ops(IR_exit_ind), 1);
    translate_a32(branch, 1, 0);
    CHECK_EQ(block.guest_insns, 1);
    CHECK_EQ(count_ops(IR_exit_jmp), 2);
    CHECK_EQ(block.ops[2].imm, 0x8008);
    CHECK_EQ(block.ops[block.nops - 1].imm, 0x8004);
    translate_a32(branch, 2, 0);
    CHECK_EQ(block.guest_insns, 2);
    CHECK_EQ(count_ops(IR_exit_jmp), 2);
    translate_a32(back, 2, 0);
    CHECK_EQ(block.guest_insns, 1);
    translate_a32(branches, 4, 0);
    CHECK_EQ(block.guest_insns, 3);
    CHECK_EQ(count_ops(IR_exit_jmp), 4);
    translate_a32(literal, 3, 0);
    CHECK_EQ(block.guest_insns, 3);
    translate_a32(literal_behind_store, 3, 0);
    CHECK_EQ(block.guest_insns, 2);
    test_done("runs with one condition share a jump; conditional exits");
}

static void test_ends(void)
{
    static const uint32_t loop = 0xeafffffe, cpsid = 0xf10c0080, cpsie = 0xf1080080, cps_mode = 0xf10e0093;
    static const uint32_t dacr = 0xee030f10, icache = 0xee070f15, msr_f = 0xe128f000;
    static const uint32_t nops[2] = { 0xe1a00000, 0xe1a00000 };
    struct { uint32_t insn; bool ends; } t[] = {
        { cpsid, false }, { cpsie, true }, { cps_mode, true }, { dacr, true }, { icache, false }, { msr_f, false },
    };

    translate_a32(&loop, 1, 0);
    CHECK_EQ(block.ops[1].n, 1);
    translate_a32(nops, 2, 0);
    CHECK_EQ(block.ops[block.nops - 1].n, 0);
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        uint32_t words[2] = { t[i].insn, 0xe1a00000 };

        translate_a32(words, 2, TBF_PRIV);
        CHECK_EQ(block.guest_insns, t[i].ends ? 1 : 2);
    }
    /* In user mode they do nothing. */
    translate_a32(&cpsie, 1, 0);
    CHECK_EQ(count_work(), 0);
    /* Page end. */
    memset(page, 0, sizeof(page));
    arm_translate(&block, 0x8ff8, 0, page, 512);
    CHECK_EQ(block.guest_insns, 2);
    CHECK_EQ(block.guest_bytes, 8);
    CHECK_EQ(block.ops[block.nops - 1].imm, 0x9000);
    test_done("blocks end where they must");
}

static void test_thumb_bl(void)
{
    static const uint16_t pair[2] = { 0xf000, 0xf802 };         /* bl . + 8 */
    static const uint16_t alone[2] = { 0xf000, 0x0000 };

    memset(page, 0, sizeof(page));
    memcpy(page, pair, 4);
    arm_translate(&block, 0x8001, 0, page, 512);
    CHECK(verify("BL"));
    CHECK_EQ(block.guest_insns, 2);
    CHECK_EQ(block.guest_bytes, 4);
    CHECK_EQ(block.ops[block.nops - 1].opc, IR_exit_jmp);
    CHECK_EQ(block.ops[block.nops - 1].imm, 0x8009);
    CHECK_EQ(ir_const_value(&block, block.ops[1].a), 0x8005);
    memcpy(page, alone, 4);
    arm_translate(&block, 0x8001, 0, page, 1);
    CHECK(verify("BL prefix"));
    CHECK_EQ(ir_const_value(&block, block.ops[1].a), 0x8004);
    /* At the end of a page the halves stay apart. */
    memcpy(page + 0xffe, pair, 2);
    arm_translate(&block, 0x8fff, 0, page, 512);
    CHECK(verify("BL prefix at the end of a page"));
    CHECK_EQ(block.guest_bytes, 2);
    test_done("Thumb BL, whole and in halves");
}

static void test_live(void)
{
    static const struct {
        uint32_t words[3];
        uint8_t live;
    } t[] = {
        { { 0xe1510002 }, 0 },                                  /* cmp */
        { { 0xe5910000, 0xe1510002 }, F_NZCV },                 /* ldr; cmp: the load may fault */
        { { 0xe2800001, 0xe1510002 }, 0 },                      /* add; cmp */
        { { 0x02800001, 0xe1510002 }, F_Z },                    /* addeq; cmp */
        { { 0xe2b00001 }, F_C },                                /* adcs */
        { { 0xe1b00001, 0xea000000 }, F_C | F_V },              /* movs; b */
        { { 0x01510002, 0xea000000 }, F_NZCV },                 /* cmpeq does not decide */
        { { 0xe1a00060, 0xe1510002 }, F_C },                    /* mov r0, r0, rrx; cmp */
        { { 0xe12fff1e }, F_NZCV },                             /* bx */
        { { 0x80800001, 0xe1510002 }, F_C | F_Z },              /* addhi; cmp */
    };
    static const uint16_t thumb[2] = { 0x1c40, 0x4770 };        /* adds; bx lr */

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        put_words(t[i].words, 3);
        CHECK_EQ(arm_flags_live_at(0x8000, 0, page), t[i].live);
    }
    memcpy(page, thumb, 4);
    CHECK_EQ(arm_flags_live_at(0x8001, 0, page), 0);
    CHECK_EQ(arm_flags_live_at(0x8003, 0, page), F_NZCV);
    test_done("flags that are live ahead");
}

/* A literal of the own page is a constant, and a store to it must end the block. */
static void test_literals(void)
{
    static const uint32_t code[] = {
        0xe59f0008,     /* ldr r0, [pc, #8]: 0x8010 */
        0xe5801000,     /* str r1, [r0] */
        0xe59f2000,     /* ldr r2, [pc]: 0x8010, behind a store */
        0xe12fff1e,     /* bx lr */
        0x12345678,
    };

    put_words(code, 5);
    arm_translate(&block, 0x8000, 0, page, 512);
    CHECK(verify("literals"));
    CHECK_EQ(block.ops[1].opc, IR_mov);
    CHECK_EQ(ir_const_value(&block, block.ops[1].a), 0x12345678);
    CHECK_EQ(block.ops[5].opc, IR_ld);
    CHECK_EQ(block.guest_bytes, 16);
    CHECK_EQ(block.depend_bytes, 20);
    test_done("literals: what a block depends on");
}

static void test_vfp_literals(void)
{
    static const uint32_t code[] = {
        0xed9f1b02,     /* vldr d1, [pc, #8]: 0x8010 */
        0xeddf1a03,     /* vldr s3, [pc, #12]: 0x8018 */
        0xe1a00000,     /* mov r0, r0 */
        0xe12fff1e,     /* bx lr */
        0x11111111, 0x22222222, 0x33333333,
    };
    static const uint32_t edge[] = {
        0xed9f1b01,     /* 0x8ff0: vldr d1, [pc, #4]: its second half is in the next page */
        0xe12fff1e,     /* bx lr */
    };

    put_words(code, 7);
    arm_translate(&block, 0x8000, TBF_VFP_EN, page, 512);
    CHECK(verify("VFP literals"));
    CHECK_EQ(block.ops[1].opc, IR_fputw);
    CHECK_EQ(block.ops[1].d, REF_S(2));
    CHECK_EQ(ir_const_value(&block, block.ops[1].a), 0x11111111);
    CHECK_EQ(block.ops[2].d, REF_S(3));
    CHECK_EQ(ir_const_value(&block, block.ops[2].a), 0x22222222);
    CHECK_EQ(block.ops[4].opc, IR_fputw);
    CHECK_EQ(ir_const_value(&block, block.ops[4].a), 0x33333333);
    CHECK_EQ(block.depend_bytes, 28);

    /* CPSR.E: words are swapped when they are loaded. */
    arm_translate(&block, 0x8000, TBF_VFP_EN | TBF_E, page, 512);
    CHECK_EQ(block.ops[1].opc, IR_ldm);

    memcpy(page + 0xff0, edge, sizeof(edge));
    arm_translate(&block, 0x8ff0, TBF_VFP_EN, page, 512);
    CHECK_EQ(block.ops[1].opc, IR_ldm);
    test_done("literals of VFP registers");
}

/*
 * What stands behind a block is a guess about flags and nothing else: it may be another text when it runs. So all flags
 * are there at every exit, and the block does not depend on that text.
 */
static void test_look_ahead(void)
{
    static const uint32_t jump[] = {
        0xe0900001,     /* adds r0, r0, r1 */
        0xea000000,     /* b . + 8 */
        0,
        0xe1510002,     /* cmp r1, r2: sets all flags */
    };
    static const uint32_t shift[] = {
        0xe1b00211,     /* movs r0, r1, lsl r2 */
        0xe1510002,     /* cmp r1, r2 */
        0xe12fff1e,     /* bx lr */
    };

    put_words(jump, 4);
    arm_translate(&block, 0x8000, 0, page, 512);
    CHECK(verify("look-ahead"));
    CHECK_EQ(block.depend_bytes, 8);
    CHECK_EQ(block.ops[block.nops - 1].setf, 0);
    ir_optimize(&block, NULL);
    CHECK_EQ(block.ops[1].setf, F_NZCV);
    CHECK_EQ(block.flags_in, 0);
    /* The carry of a shift by register: needed if the block ends before the flags are overwritten. */
    for (int insns = 1; insns < 4; insns++) {
        put_words(shift, 3);
        arm_translate(&block, 0x8000, 0, page, insns);
        CHECK(verify("carry"));
        CHECK_EQ(block.depend_bytes, 4 * insns);
        CHECK_EQ(count_ops(IR_call), 1);
        ir_optimize(&block, NULL);
        CHECK_EQ(count_ops(IR_call), insns == 1);
        CHECK_EQ(count_ops(IR_shlv), insns != 1);
        CHECK_EQ(block.flags_in, insns == 1 ? F_NZCV : 0);
    }
    test_done("what is behind a block is no part of it");
}

/* Subpages with rights of their own: nothing beyond the block's 1 KiB may be assumed to be readable. */
static void test_subpages(void)
{
    static const uint32_t code[] = {
        0xe1500000,     /* 83f0: cmp r0, r0 */
        0xe59f0004,     /* 83f4: ldr r0, [pc, #4]: 0x8400 */
        0xe1500000,     /* 83f8: cmp r0, r0 */
        0xe1a00000,     /* 83fc: nop */
        0xe1510002,     /* 8400: cmp r1, r2 */
    };
    static const uint16_t pair = 0xf000, second = 0xf802;

    for (unsigned subpages = 0; subpages < 2; subpages++) {
        uint32_t flags = subpages ? TBF_SUBPAGES : 0;
        const IROp *load;

        memset(page, 0, sizeof(page));
        memcpy(page + 0x3f0, code, sizeof(code));
        arm_translate(&block, 0x83f0, flags, page, 5);
        CHECK(verify("subpages"));
        load = &block.ops[3];
        CHECK_EQ(load->opc, subpages ? IR_ld : IR_mov);
        CHECK_EQ(block.guest_insns, subpages ? 4 : 5);
        CHECK_EQ(arm_flags_live_at(0x83fc, flags, page), subpages ? F_NZCV : 0);
        if (subpages) {
            CHECK_EQ(block.depend_bytes, 16);
            CHECK_EQ(block.ops[block.nops - 1].setf, F_NZCV);
            CHECK_EQ(block.ops[block.nops - 1].imm, 0x8400);
        }
        memcpy(page + 0x3fe, &pair, 2);
        memcpy(page + 0x400, &second, 2);
        arm_translate(&block, 0x83ff, flags, page, 512);
        CHECK_EQ(block.guest_bytes, subpages ? 2 : 4);
    }
    test_done("subpages with rights of their own");
}

int main(void)
{
    test_random(false, "random A32 code gives well-formed blocks");
    test_random(true, "random Thumb code gives well-formed blocks");
    test_shapes();
    test_mrc();
    test_conditions();
    test_ends();
    test_thumb_bl();
    test_live();
    test_literals();
    test_vfp_literals();
    test_look_ahead();
    test_subpages();
    return test_finish();
}
