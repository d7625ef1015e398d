/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Look-up and reset of the CP15 registers that the CPU's model has rows for. The rows are constant. */
#include "target/arm/cp15.h"
#include "target/arm/cpu-model.h"

/* Index of the first row whose CRn is crn or more: rows stand in the order of CRn. */
static unsigned first_row(unsigned crn)
{
    unsigned low = 0, high = arm_cpu_model->cp15_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (arm_cpu_model->cp15[middle].crn < crn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const ARMCPReg *cp15_find(uint32_t insn)
{
    unsigned crn = CP_CRN(insn);
    const ARMCPReg *row = arm_cpu_model->cp15 + first_row(crn), *end = arm_cpu_model->cp15 + arm_cpu_model->cp15_count;

    for (; row < end && row->crn == crn; row++) {
        if ((insn & row->mask) == row->match) {
            return row;
        }
    }
    return NULL;
}

const ARMCPReg *cp15_row(unsigned index)
{
    return index < arm_cpu_model->cp15_count ? &arm_cpu_model->cp15[index] : NULL;
}

void cp15_reset(CPUARMState *env)
{
    const ARMCPReg *row;

    for (unsigned i = 0; (row = cp15_row(i)); i++) {
        if (row->offset) {
            *(uint32_t *)((char *)env + row->offset) = row->reset;
        }
    }
    env->cp15.wfar = 0;
    pmu_reset(env);
}
