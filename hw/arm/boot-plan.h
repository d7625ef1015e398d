/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hw/arm/boot.c puts into place on every reset; made by hw/arm/boot-plan.c. Main thread. */
#ifndef HW_ARM_BOOT_PLAN_H
#define HW_ARM_BOOT_PLAN_H
#include "hw/arm/boot-image.h"
#include "hw/boards.h"

typedef struct BootPlan {
    BootBlobs blobs;
    BootStart start[ARM_MAX_CPUS];  /* after reset */
    uint32_t args[3];               /* r0-r2 of the boot CPU after reset */
    void *dtb;                      /* the device tree among the pieces, or NULL */
} BootPlan;

/* Read every file the machine and -device loader name. False: *err is an allocated message, nothing is to be freed. */
bool boot_plan_make(BootPlan *plan, const MachineState *m, char **err);
void boot_plan_free(BootPlan *plan);
#endif
