/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU model made of this file alone: ARMv6 without the K extensions and without VFP. Its instructions, registers and
 * identification are what its tables say. One thread.
 */
#include <string.h>
#include "hw/semihosting.h"
#include "target/arm/cp15.h"
#include "target/arm/cpu-model.h"
#include "target/arm/decode.h"
#include "tcg/helper.h"
#include "tests/unit/arm-env.h"

bool semihosting_enabled, semihosting_userspace;

static const ARMCPReg toy_cp15[] = {
    R(MIDR,     0, 0, 0, ANY,   CP_PR,  NO_FIELD, 0x12345678, NULL, NULL),
    R(SCTLR,    1, 0, 0, 0,     CP_PRW, FIELD(sctlr), 0x00050078, NULL, NULL),
    R(TPIDRURO, 13, 0, 0, 3,    CP_PRW | CP_UR, FIELD(tpidruro), 7, NULL, NULL),
};

static const ARMCPUModel toy_model = {
    .name = "toy", .desc = "ARMv6", .compatible = "toy,cpu", .pmu_compatible = "toy,pmu", .features = ARM_FEATURE_V6,
    .cp15 = toy_cp15, .cp15_count = sizeof(toy_cp15) / sizeof(toy_cp15[0]), .vfp_doubles = 0, .fpsid = 0xabc,
};

static bool has(uint32_t insn)
{
    return decode_a32(insn) != NULL;
}

static void test_instructions(void)
{
    CHECK(has(0xe0810002));         /* add r0, r1, r2 */
    CHECK(has(0xe16f0f11));         /* clz r0, r1: ARMv5 */
    CHECK(has(0xe1910f9f));         /* ldrex r0, [r1]: ARMv6 */
    CHECK(has(0xe6bf0f31));         /* rev r0, r1 */
    CHECK(!has(0xe1d10f9f));        /* ldrexb r0, [r1]: ARMv6K */
    CHECK(!has(0xf57ff01f));        /* clrex */
    CHECK(!has(0xee310b02));        /* faddd d0, d1, d2: VFP */
    CHECK(!has(0xed910b00));        /* fldd d0, [r1] */
    CHECK(has(0xee110f10));         /* mrc p15, 0, r0, c1, c0, 0 */
    test_done("instructions are those of the model's features");
    CHECK(decode_a32(0xe320f003) && strcmp(decode_a32(0xe320f003)->name, "msr") == 0);
    test_done("before ARMv6K a hint is an MSR that writes nothing");
    CHECK(decode_t16(0xb200) != NULL);      /* sxth r0, r0 */
    test_done("Thumb's, too");
}

static void test_registers(void)
{
    env_reset();
    CHECK_EQ(helper_cp15_read(env, CP_ENCODE(0, 0, 0, 0), 0, 0), 0x12345678);
    CHECK_EQ(helper_cp15_read(env, CP_ENCODE(0, 0, 0, 5), 0, 0), 0x12345678);
    CHECK_EQ(helper_cp15_read(env, CP_ENCODE(0, 1, 0, 0), 0, 0), 0x00050078);
    CHECK_EQ(helper_cp15_read(env, CP_ENCODE(0, 13, 0, 3), 0, 0), 7);
    CHECK_EQ(cp15_row(0) == &toy_cp15[0] && cp15_row(2) == &toy_cp15[2] && !cp15_row(3), 1);
    test_done("registers have the model's values after reset");
    CHECK(raises(helper_cp15_read, CP_ENCODE(0, 1, 0, 1), 0));      /* ACTLR */
    CHECK(raises(helper_cp15_read, CP_ENCODE(0, 2, 0, 0), 0));      /* TTBR0: between the rows */
    CHECK(raises(helper_cp15_read, CP_ENCODE(0, 15, 12, 0), 0));    /* behind them */
    test_done("registers that have no row are undefined");
}

static void test_list(void)
{
    CHECK(arm_cpu_model_find("arm11mpcore") == &arm11mpcore_model);
    CHECK(!arm_cpu_model_find("toy"));
    for (unsigned i = 0; arm_cpu_models[i]; i++) {
        const ARMCPUModel *m = arm_cpu_models[i];

        for (unsigned k = 1; k < m->cp15_count; k++) {
            CHECK(m->cp15[k - 1].crn <= m->cp15[k].crn);
        }
        CHECK(m->name && m->desc && m->compatible && m->pmu_compatible && m->vfp_doubles <= 16);
    }
    test_done("the models' tables are complete, their CP15 rows in the order of CRn");
}

int main(void)
{
    arm_cpu_model_set(&toy_model);
    test_instructions();
    test_registers();
    test_list();
    return test_finish();
}
