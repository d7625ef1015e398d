/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs without guest CPUs: none is held. */
#include "sysemu/cpu-hold.h"

void cpu_hold(CPUHold *h)
{
}

bool cpu_hold_access(CPUHold *h)
{
    return false;
}

void cpu_hold_end(CPUHold *h)
{
}
