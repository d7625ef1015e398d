/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SP810 system controller, ARM DDI 0254. */
#ifndef HW_MISC_SP810_H
#define HW_MISC_SP810_H
#include <stdint.h>
/* Map at BASE. Lives as long as the machine. */
void sp810_create(uint32_t base, const char *name);
#endif
