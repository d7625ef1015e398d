/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM L220 level 2 cache controller, ARM DDI 0329. */
#ifndef HW_MISC_L220_H
#define HW_MISC_L220_H
#include <stdint.h>
/* Map a page at BASE. Lives as long as the machine. */
void l220_create(uint32_t base, const char *name);
#endif
