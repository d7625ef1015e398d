/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL131 smart card interface, ARM DDI 0228. */
#ifndef HW_MISC_PL131_H
#define HW_MISC_PL131_H
#include <stdint.h>
#include "hw/irq.h"
/* Map at BASE. Lives as long as the machine. */
void pl131_create(uint32_t base, const char *name, const IRQLine *irq);
#endif
