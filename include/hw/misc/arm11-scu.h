/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ARM11 MPCore's snoop control unit, ARM DDI 0360 chapter 9. */
#ifndef HW_MISC_ARM11_SCU_H
#define HW_MISC_ARM11_SCU_H
#include <stdint.h>
/* Map 256 bytes at BASE. Lives as long as the machine. */
void arm11_scu_create(uint32_t base, const char *name, unsigned num_cpus);
#endif
