/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes one kind of ARM CPU another than the next: a model is a file with one ARMCPUModel, all data
 * (docs/adding-a-cpu-model.md). All CPUs of a machine are of one model, which is set before the first is made and
 * constant from then on.
 */
#ifndef TARGET_ARM_CPU_MODEL_H
#define TARGET_ARM_CPU_MODEL_H
#include <stdint.h>

/*
 * What a model may have beyond ARMv5TE, as bits of ARMCPUModel.features. Rows of a32.def and t16.def name the features
 * that they need in their info, by the same bits; without them the encoding is UNDEFINED.
 */
enum {
    ARM_FEATURE_V6   = 1 << 8,      /* media instructions, LDREX/STREX, CPS, SETEND, SRS, RFE, extensions */
    ARM_FEATURE_V6K  = 1 << 9,      /* CLREX, exclusives of other sizes, the hints */
    ARM_FEATURE_VFP2 = 1 << 10,
};

struct ARMCPReg;

typedef struct ARMCPUModel {
    const char *name;               /* -cpu NAME */
    const char *desc;               /* for -cpu help */
    const char *compatible;         /* of CPU nodes in device trees */
    const char *pmu_compatible;     /* of the node of the performance monitors */
    uint32_t features;              /* ARM_FEATURE_* */
    const struct ARMCPReg *cp15;    /* in the order of CRn */
    unsigned cp15_count;
    unsigned vfp_doubles;           /* registers; at most what CPUARMState has room for */
    uint32_t fpsid, mvfr0, mvfr1;
} ARMCPUModel;

/* The model of this machine's CPUs: arm11mpcore unless arm_cpu_model_set() was called. Read by any thread. */
extern const ARMCPUModel *arm_cpu_model;

/* Main thread, before the first CPU exists and before anything is decoded. */
void arm_cpu_model_set(const ARMCPUModel *model);

/* Every model there is, the end is NULL. */
extern const ARMCPUModel *const arm_cpu_models[];
/* NULL: no model of that name. */
const ARMCPUModel *arm_cpu_model_find(const char *name);

extern const ARMCPUModel arm11mpcore_model;
#endif
