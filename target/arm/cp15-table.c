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

static const ARMCPReg *search(uint32_t insn)
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

/*
 * What was found lately: the instruction without Rd and, below it, 1 + the row's index. One number, so any thread reads
 * and writes it. Rows are constant.
 */
enum { FOUND_BITS = 7 };
static uint64_t found[1 << FOUND_BITS];

const ARMCPReg *cp15_find(uint32_t insn)
{
    uint32_t word = insn & ~0xf000u;
    uint64_t *place = &found[word * 0x9e3779b1u >> (32 - FOUND_BITS)], last = __atomic_load_n(place, __ATOMIC_RELAXED);
    const ARMCPReg *row;

    if (last >> 32 == word && (uint32_t)last) {
        return &arm_cpu_model->cp15[(uint32_t)last - 1];
    }
    row = search(word);
    if (row) {
        __atomic_store_n(place, (uint64_t)word << 32 | (uint32_t)(row - arm_cpu_model->cp15 + 1), __ATOMIC_RELAXED);
    }
    return row;
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
