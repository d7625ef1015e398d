/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The baseboard's serial bus: two open-drain lines that the CPU drives bit by bit, ARM DUI 0303. */
#ifndef HW_MISC_REALVIEW_I2C_H
#define HW_MISC_REALVIEW_I2C_H
#include <stdint.h>
#include "hw/i2c.h"
/* Map a page at BASE. SLAVE: the only device on the bus, or NULL. Lives as long as the machine. */
void realview_i2c_create(uint32_t base, const char *name, const I2CSlave *slave);
#endif
