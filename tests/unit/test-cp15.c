/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP15 and CP14: every encoding's rights against rules written here apart from the table, values, and side effects. */
#include <string.h>
#include "hw/irq.h"
#include "tests/unit/arm-env.h"
#include "target/arm/cp15.h"
#include "tcg/helper.h"

static uint32_t rd(unsigned opc1, unsigned crn, unsigned crm, unsigned opc2)
{
    return helper_cp15_read(env, CP_ENCODE(opc1, crn, crm, opc2), 0, 0);
}

static void wr(unsigned opc1, unsigned crn, unsigned crm, unsigned opc2, uint32_t val)
{
    helper_cp15_write(env, CP_ENCODE(opc1, crn, crm, opc2), val, 0);
}

/* CP_* rights of an encoding, told by the manual's register summary. */
static unsigned rights(unsigned opc1, unsigned crn, unsigned crm, unsigned opc2)
{
    if (crn == 15) {
        return CP_PRW;
    }
    if (crn == 0 && opc1 == 1) {
        return crm == 0 ? CP_PR : 0;
    }
    /* Groups that do not look at opc1. */
    if (crn == 3) {
        return CP_PRW;
    }
    if (crn == 8) {
        return opc2 < 4 ? CP_PW : 0;
    }
    if (crn == 10 && (crm == 0 || crm == 1 || crm == 4 || crm == 8)) {
        return CP_PRW;
    }
    if (opc1 != 0) {
        return 0;
    }
    switch (crn) {
    case 0:
        return crm < 8 ? CP_PR : 0;
    case 1:
    case 2:
    case 6:
        return crm == 0 && opc2 < 3 ? CP_PRW : 0;
    case 5:
    case 9:
        return crm == 0 && opc2 < 2 ? CP_PRW : 0;
    case 7:
        if (crm == 4 && opc2 == 0) {
            return CP_PRW;
        }
        if (crm == 8) {
            return opc2 < 4 ? CP_PW : 0;
        }
        if ((crm == 10 && (opc2 == 4 || opc2 == 5)) || (crm == 5 && opc2 == 4)) {
            return CP_PW | CP_UW;
        }
        return CP_PW;
    case 10:
        return crm == 2 && opc2 < 2 ? CP_PRW : 0;
    case 13:
        if (crm != 0 || opc2 > 4) {
            return 0;
        }
        return opc2 == 2 ? CP_PRW | CP_UR | CP_UW : opc2 == 3 ? CP_PRW | CP_UR : CP_PRW;
    default:
        return 0;
    }
}

static void test_rights(void)
{
    int wrong = 0;

    env_reset();
    for (uint32_t n = 0; n < 1 << 14; n++) {
        unsigned opc1 = n >> 11, crn = (n >> 7) & 15, crm = (n >> 3) & 15, opc2 = n & 7;
        uint32_t insn = CP_ENCODE(opc1, crn, crm, opc2);
        unsigned want = rights(opc1, crn, crm, opc2), got = 0;

        cpsr_write(env, ARM_MODE_SVC, CPSR_M);
        got |= raises(helper_cp15_read, insn, 0) ? 0 : CP_PR;
        got |= raises(helper_cp15_write, insn, 0) ? 0 : CP_PW;
        cpsr_write(env, ARM_MODE_USR, CPSR_M);
        got |= raises(helper_cp15_read, insn, 0) ? 0 : CP_UR;
        got |= raises(helper_cp15_write, insn, 0) ? 0 : CP_UW;
        if (got != want) {
            printf("# %u,c%u,c%u,%u: rights %x, not %x\n", opc1, crn, crm, opc2, got, want);
            wrong++;
        }
    }
    CHECK_EQ(wrong, 0);
    test_done("rights of all 16384 encodings");
}

static void test_rows(void)
{
    const ARMCPReg *r;
    int unreachable = 0;

    /* Every row is found by some encoding: none hides behind an earlier one. */
    for (unsigned i = 0; (r = cp15_row(i)) != NULL; i++) {
        bool found = false;

        for (uint32_t n = 0; n < 1 << 14 && !found; n++) {
            found = cp15_find(CP_ENCODE(n >> 11, (n >> 7) & 15, (n >> 3) & 15, n & 7)) == r;
        }
        if (!found) {
            printf("# row %s is unreachable\n", r->name);
            unreachable++;
        }
        for (unsigned j = 0; j < i; j++) {
            CHECK(strcmp(r->name, cp15_row(j)->name) != 0);
        }
    }
    CHECK_EQ(unreachable, 0);
    test_done("every row of the table can be reached");
}

static void test_id(void)
{
    static const struct {
        uint8_t crm, opc2;
        uint32_t val;
    } ids[] = {
        { 0, 0, 0x410fb022 }, { 0, 1, 0x1d192992 }, { 0, 2, 0 }, { 0, 3, 0 }, { 0, 4, 0x410fb022 }, { 0, 5, 2 },
        { 0, 6, 0x410fb022 }, { 0, 7, 0x410fb022 }, { 1, 0, 0x111 }, { 1, 1, 1 }, { 1, 2, 0 }, { 1, 3, 2 },
        { 1, 4, 0x01100103 }, { 1, 5, 0x10020302 }, { 1, 6, 0x01222000 }, { 1, 7, 0 }, { 2, 0, 0x00100011 },
        { 2, 1, 0x12002111 }, { 2, 2, 0x11221011 }, { 2, 3, 0x01102131 }, { 2, 4, 0x141 }, { 2, 5, 0 }, { 2, 6, 0 },
        { 2, 7, 0 }, { 3, 0, 0 }, { 7, 7, 0 },
    };

    env_reset();
    env->cpu_index = 2;
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        CHECK_EQ(rd(0, 0, ids[i].crm, ids[i].opc2), ids[i].val);
    }
    env->cpu_index = 0;
    CHECK_EQ(rd(1, 0, 0, 0), 0);
    test_done("identification registers");
}

static void test_storage(void)
{
    /* Reset value, and what is read after all ones and all zeros were written. */
    static const struct {
        uint8_t crn, crm, opc2;
        uint32_t reset, ones, zeros;
    } rows[] = {
        { 1, 0, 0, 0x00454078, 0xffffffff, 0 },
        { 1, 0, 1, 0x0000000f, 0x0000007f, 0 },
        { 1, 0, 2, 0xc0000000, 0xc0f00000, 0xc0000000 },
        { 2, 0, 0, 0, 0xffffffff, 0 }, { 2, 0, 1, 0, 0xffffffff, 0 }, { 2, 0, 2, 0, 7, 0 },
        { 3, 0, 0, 0, 0xffffffff, 0 }, { 5, 0, 0, 0, 0xffffffff, 0 }, { 5, 0, 1, 0, 0xffffffff, 0 },
        { 6, 0, 0, 0, 0xffffffff, 0 }, { 6, 0, 1, 0, 0, 0 }, { 6, 0, 2, 0, 0xffffffff, 0 },
        { 7, 4, 0, 0, 0xfffff1ff, 0 }, { 9, 0, 0, 0, 0xffffffff, 0 }, { 9, 0, 1, 0, 0xffffffff, 0 },
        { 10, 2, 0, 0, 0, 0 }, { 13, 0, 0, 0, 0xfe000000, 0 }, { 13, 0, 1, 0, 0xffffffff, 0 },
        { 13, 0, 2, 0, 0xffffffff, 0 }, { 13, 0, 3, 0, 0xffffffff, 0 }, { 13, 0, 4, 0, 0xffffffff, 0 },
        { 15, 1, 3, 0, 0, 0 },
    };

    env_reset();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_EQ(rd(0, rows[i].crn, rows[i].crm, rows[i].opc2), rows[i].reset);
        wr(0, rows[i].crn, rows[i].crm, rows[i].opc2, 0xffffffff);
        CHECK_EQ(rd(0, rows[i].crn, rows[i].crm, rows[i].opc2), rows[i].ones);
        wr(0, rows[i].crn, rows[i].crm, rows[i].opc2, 0);
        CHECK_EQ(rd(0, rows[i].crn, rows[i].crm, rows[i].opc2), rows[i].zeros);
    }
    /* User mode sees the same thread registers. */
    wr(0, 13, 0, 3, 0x1234);
    cpsr_write(env, ARM_MODE_USR, CPSR_M);
    CHECK_EQ(rd(0, 13, 0, 3), 0x1234);
    wr(0, 13, 0, 2, 0x5678);
    CHECK_EQ(env->cp15.tpidrurw, 0x5678);
    /* An undefined access leaves the program counter at the instruction. */
    env->regs[15] = 0x9001;
    CHECK(raises(helper_cp15_read, CP_ENCODE(0, 0, 0, 0), 0));
    CHECK_EQ(env->exception, EXCP_UNDEF);
    CHECK_EQ(env->regs[15], 0x9001);
    test_done("reset values and writable bits");
}

#define EXPECT_CALLS(...) do { \
        EnvCalls want = { __VA_ARGS__ }; \
        CHECK_EQ(memcmp(&env_calls, &want, sizeof(want)), 0); \
        memset(&env_calls, 0, sizeof(env_calls)); \
    } while (0)

static void test_effects(void)
{
    env_reset();
    wr(0, 1, 0, 0, 0x454078 | SCTLR_M);
    EXPECT_CALLS(.flush_all = 1, .context_changed = 1);
    wr(0, 1, 0, 0, 0x454078 | SCTLR_M);
    EXPECT_CALLS(0);
    wr(0, 1, 0, 0, 0x54078 | SCTLR_M);
    EXPECT_CALLS(.context_changed = 1);
    wr(0, 1, 0, 2, 0x00f00000);
    EXPECT_CALLS(.context_changed = 1);
    wr(0, 3, 0, 0, 0x51);
    EXPECT_CALLS(.context_changed = 1);
    wr(0, 3, 0, 0, 0x51);
    EXPECT_CALLS(0);
    wr(0, 2, 0, 0, 0x4000);
    EXPECT_CALLS(.context_changed = 1);
    wr(0, 2, 0, 1, 0x4000);
    EXPECT_CALLS(.context_changed = 1);
    wr(0, 13, 0, 1, 0x101);
    EXPECT_CALLS(.context_changed = 1);
    wr(0, 13, 0, 3, 0x101);
    EXPECT_CALLS(0);
    for (unsigned crm = 5; crm < 8; crm++) {
        wr(0, 8, crm, 0, 0);
        EXPECT_CALLS(.flush_all = 1);
        wr(0, 8, crm, 1, 0x12345678);
        EXPECT_CALLS(.flush_mva = 1, .mva = 0x12345000, .asid = 0x78);
        wr(0, 8, crm, 2, 0x12345678);
        EXPECT_CALLS(.flush_asid = 1, .asid = 0x78);
        wr(0, 8, crm, 3, 0x12345678);
        EXPECT_CALLS(.flush_all = 1);
    }
    wr(0, 7, 0, 4, 0);
    EXPECT_CALLS(.wfi = 1);
    wr(0, 7, 5, 0, 0);
    wr(0, 7, 10, 4, 0);
    wr(0, 7, 10, 5, 0);
    wr(0, 7, 14, 1, 0x1000);
    EXPECT_CALLS(0);
    wr(0, 13, 0, 0, 0x02000000);
    EXPECT_CALLS(.flush_all = 1, .context_changed = 1);
    wr(0, 8, 7, 1, 0x02000000);
    EXPECT_CALLS(.flush_all = 1);
    test_done("writes reach the accelerator");
}

static void test_va_to_pa(void)
{
    env_reset();
    wr(0, 7, 8, 0, 0x12345678);
    CHECK_EQ(rd(0, 7, 4, 0), 0x12345200);

    env->cp15.sctlr |= SCTLR_XP | SCTLR_M;
    env->cp15.ttbr0 = 0x4000;
    env->cp15.dacr = 1;
    ram_write32(0x4000 + 4 * 1, 0x40000 | 1);               /* 1 MiB: page table at 0x40000 */
    ram_write32(0x40000 + 4 * 2, 0x00abc000 | 0x230 | 2);   /* page 2: APX 1, AP 3: read-only for all */
    ram_write32(0x4000 + 4 * 2, 0x00300000 | 1 << 10 | 2);  /* section: privileged only */
    wr(0, 7, 8, 0, 0x00102345);
    CHECK_EQ(rd(0, 7, 4, 0), 0x00abc200);
    wr(0, 7, 8, 2, 0x00102345);
    CHECK_EQ(rd(0, 7, 4, 0), 0x00abc200);
    wr(0, 7, 8, 1, 0x00102345);
    CHECK_EQ(rd(0, 7, 4, 0), 0x1f);
    wr(0, 7, 8, 3, 0x00102345);
    CHECK_EQ(rd(0, 7, 4, 0), 0x1f);
    wr(0, 7, 8, 0, 0x00103345);
    CHECK_EQ(rd(0, 7, 4, 0), 0x0f);
    wr(0, 7, 8, 1, 0x00212345);
    CHECK_EQ(rd(0, 7, 4, 0), 0x00312200);
    wr(0, 7, 8, 2, 0x00212345);
    CHECK_EQ(rd(0, 7, 4, 0), 0x1b);
    wr(0, 7, 8, 0, 0x00500000);
    CHECK_EQ(rd(0, 7, 4, 0), 0x0b);
    test_done("address translation operations");
}

static void test_pmu(void)
{
    env_reset();
    fake_clock_set(1000);
    CHECK_EQ(rd(0, 15, 12, 1), 0);
    wr(0, 15, 12, 0, 1 | 0xffu << 20);      /* enable, counter 0 counts cycles */
    fake_clock_set(2003);
    CHECK_EQ(rd(0, 15, 12, 1), 400);
    CHECK_EQ(rd(0, 15, 12, 2), 400);
    CHECK_EQ(rd(0, 15, 12, 3), 0);
    fake_clock_set(2005);                   /* no fraction was lost */
    CHECK_EQ(rd(0, 15, 12, 1), 402);
    wr(0, 15, 12, 1, 0xfffffffe);
    fake_clock_set(2015);
    CHECK_EQ(rd(0, 15, 12, 1), 2);
    CHECK_EQ(rd(0, 15, 12, 0), 1 | 0xffu << 20 | 1 << 10);
    wr(0, 15, 12, 0, 1 | 1 << 10);          /* clears the flag */
    CHECK_EQ(rd(0, 15, 12, 0), 1);
    wr(0, 15, 12, 0, 0 | 1 << 2);           /* stop and reset the cycle counter */
    fake_clock_set(5000);
    CHECK_EQ(rd(0, 15, 12, 1), 0);
    CHECK(rd(0, 15, 12, 2) != 0);
    wr(0, 15, 12, 0, 1 | 1 << 1 | 1 << 3);  /* every 64 cycles; counters reset */
    CHECK_EQ(rd(0, 15, 12, 2), 0);
    fake_clock_set(5000 + 160 * 10 + 100);
    CHECK_EQ(rd(0, 15, 12, 1), 10);
    fake_clock_set(5000 + 160 * 11);
    CHECK_EQ(rd(0, 15, 12, 1), 11);
    test_done("performance monitor");
}

static int pmu_line;
static void pmu_line_set(void *opaque, int n, int level)
{
    pmu_line = level;
}

enum { INSNS = 8, CYCLES = 0xff };

static void test_pmu_interrupts(void)
{
    static IRQLine line;

    irq_init(&line, pmu_line_set, NULL, 0);
    arm_pmu_connect(env, &line);
    env_reset();
    fake_clock_set(1000);
    wr(0, 15, 12, 1, -400);                 /* 1 us before its end */
    wr(0, 15, 12, 0, 1 | 1 << 6);
    fake_clock_advance(999, 100);
    CHECK_EQ(pmu_line, 0);
    fake_clock_advance(1, 100);
    CHECK_EQ(pmu_line, 1);
    CHECK_EQ(rd(0, 15, 12, 0), 1 | 1 << 6 | 1 << 10);
    wr(0, 15, 12, 0, 1 | 1 << 6 | 1 << 10);
    CHECK_EQ(pmu_line, 0);
    wr(0, 15, 12, 1, -4);
    wr(0, 15, 12, 0, 1);                    /* the flag comes, the interrupt does not */
    fake_clock_advance(100, 100);
    CHECK_EQ(rd(0, 15, 12, 0), 1 | 1 << 10);
    CHECK_EQ(pmu_line, 0);
    CHECK_EQ(fake_clock_armed(), 0);
    wr(0, 15, 12, 0, 1 | 1 << 6);           /* until it is enabled */
    CHECK_EQ(pmu_line, 1);
    wr(0, 15, 12, 0, 1 << 10);
    wr(0, 15, 12, 2, -128);                 /* an event counter, and every 64 cycles together */
    wr(0, 15, 12, 0, 1 | 1 << 3 | 1 << 4 | CYCLES << 20);
    fake_clock_advance(319, 100);
    CHECK_EQ(pmu_line, 0);
    fake_clock_advance(1, 100);
    CHECK_EQ(pmu_line, 1);
    wr(0, 15, 12, 0, 0x700);
    CHECK_EQ(pmu_line, 0);
    CHECK_EQ(fake_clock_armed(), 0);
    test_done("performance monitor: interrupts");
}

static void test_pmu_instructions(void)
{
    unsigned before;

    env_reset();
    CHECK(!(arm_tb_flags(env) & TBF_COUNT));
    before = env_calls.context_changed;
    wr(0, 15, 12, 0, 1 | INSNS << 12 | 1 << 5);
    CHECK(arm_tb_flags(env) & TBF_COUNT);
    CHECK_EQ(env_calls.context_changed, before + 1);
    env->counted[COUNTED_INSNS] += 100;
    CHECK_EQ(rd(0, 15, 12, 3), 100);
    CHECK_EQ(rd(0, 15, 12, 2), 0);
    wr(0, 15, 12, 3, -50);
    env->counted[COUNTED_INSNS] += 49;
    fake_clock_advance(10000000, 100);
    CHECK_EQ(pmu_line, 0);
    env->counted[COUNTED_INSNS] += 2;
    fake_clock_advance(1000000, 100);       /* somebody looks now and then */
    CHECK_EQ(pmu_line, 1);
    CHECK_EQ(rd(0, 15, 12, 3), 1);
    wr(0, 15, 12, 0, 1 | INSNS << 20 | 1 << 9);
    env->counted[COUNTED_INSNS] += 7;
    CHECK_EQ(rd(0, 15, 12, 3), 1);
    CHECK_EQ(rd(0, 15, 12, 2), 7);
    env->counted[COUNTED_INSNS] += 0x100000000;         /* more than a word holds, and nobody reads it */
    CHECK_EQ(rd(0, 15, 12, 2), 7);
    CHECK_EQ(rd(0, 15, 12, 0), 1 | INSNS << 20 | 1 << 8);
    wr(0, 15, 12, 0, 0x700);
    CHECK(!(arm_tb_flags(env) & TBF_COUNT));
    CHECK_EQ(fake_clock_armed(), 0);
    test_done("performance monitor: instructions");
}

static void test_cp14(void)
{
    static const struct {
        uint8_t opc1, crn;
        unsigned rights;
    } regs[] = { { 0, 0, CP_PR | CP_UR }, { 7, 0, CP_PR }, { 7, 1, CP_PRW }, { 7, 2, CP_PRW } };
    int wrong = 0;

    env_reset();
    for (uint32_t n = 0; n < 1 << 14; n++) {
        unsigned opc1 = n >> 11, crn = (n >> 7) & 15, crm = (n >> 3) & 15, opc2 = n & 7, want = 0, got = 0;
        uint32_t insn = CP_ENCODE(opc1, crn, crm, opc2);

        for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
            if (regs[i].opc1 == opc1 && regs[i].crn == crn && !crm && !opc2) {
                want = regs[i].rights;
            }
        }
        cpsr_write(env, ARM_MODE_SVC, CPSR_M);
        got |= raises(helper_cp14_read, insn, 0) ? 0 : CP_PR;
        got |= raises(helper_cp14_write, insn, 0) ? 0 : CP_PW;
        cpsr_write(env, ARM_MODE_USR, CPSR_M);
        got |= raises(helper_cp14_read, insn, 0) ? 0 : CP_UR;
        got |= raises(helper_cp14_write, insn, 0) ? 0 : CP_UW;
        wrong += got != want;
    }
    CHECK_EQ(wrong, 0);
    test_done("CP14");
}

int main(void)
{
    test_rights();
    test_rows();
    test_id();
    test_storage();
    test_effects();
    test_va_to_pa();
    test_pmu();
    test_pmu_interrupts();
    test_pmu_instructions();
    test_cp14();
    return test_finish();
}
