/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machines there are. Constant; any thread. */
#include <string.h>
#include "hw/boards.h"

static const MachineClass *const machines[] = {
    &realview_eb_mpcore_machine,
    NULL,
};

const MachineClass *const *machine_list(void)
{
    return machines;
}

const MachineClass *machine_find(const char *name)
{
    for (const MachineClass *const *mc = machines; *mc; mc++) {
        if (!strcmp((*mc)->name, name)) {
            return *mc;
        }
    }
    return NULL;
}
