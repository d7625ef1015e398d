/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maxim DS1338 real-time clock with 56 bytes of memory, on an I2C bus. */
#ifndef HW_RTC_DS1338_H
#define HW_RTC_DS1338_H
#include "hw/i2c.h"
/* Lives as long as the machine. */
const I2CSlave *ds1338_create(void);
#endif
