/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the memory controllers: PL340 for dynamic memory (ARM DDI 0331), PL354 for static one (ARM DDI 0380). */
#ifndef HW_MISC_PL340_H
#define HW_MISC_PL340_H
#include <stdint.h>
/* Map at BASE. Live as long as the machine. */
void pl340_create(uint32_t base, const char *name);
void pl354_create(uint32_t base, const char *name);
#endif
