/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CPU model for tests of what needs its names and numbers, not its tables: device trees, VFP. */
#include "target/arm/cp15.h"
#include "target/arm/cpu-model.h"

static const ARMCPUModel model = {
    .compatible = "arm,arm11mpcore", .pmu_compatible = "arm,arm11mpcore-pmu", .vfp_doubles = 16,
    .features = ARM_FEATURE_V6 | ARM_FEATURE_V6K | ARM_FEATURE_VFP2, .fpsid = 0x410120b4, .mvfr0 = 0x11111111,
};
const ARMCPUModel *arm_cpu_model = &model;

/* It has no CP15 registers. */
const ARMCPReg *cp15_find(uint32_t insn)
{
    return NULL;
}
