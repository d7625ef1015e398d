/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of CPU models, and the one in use; see cpu-model.h. */
#include <assert.h>
#include <string.h>
#include "target/arm/cpu.h"
#include "target/arm/cpu-model.h"

const ARMCPUModel *const arm_cpu_models[] = { &arm11mpcore_model, NULL };

const ARMCPUModel *arm_cpu_model = &arm11mpcore_model;

void arm_cpu_model_set(const ARMCPUModel *model)
{
    assert(model->vfp_doubles <= sizeof(((CPUARMState *)0)->vfp.d) / sizeof(uint64_t));
    arm_cpu_model = model;
}

const ARMCPUModel *arm_cpu_model_find(const char *name)
{
    for (unsigned i = 0; arm_cpu_models[i]; i++) {
        if (!strcmp(arm_cpu_models[i]->name, name)) {
            return arm_cpu_models[i];
        }
    }
    return NULL;
}
