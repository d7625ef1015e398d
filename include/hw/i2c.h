/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on an I2C bus. The bus calls its slaves with its own lock held, so a slave needs none. */
#ifndef HW_I2C_H
#define HW_I2C_H
#include <stdbool.h>
#include <stdint.h>
typedef struct I2CSlave {
    uint8_t address;                        /* 7 bits */
    void (*start)(void *opaque);            /* addressed, to be read or written */
    uint8_t (*read)(void *opaque);          /* next byte for the master */
    void (*write)(void *opaque, uint8_t byte); /* a byte from the master; always acknowledged */
    void (*stop)(void *opaque);             /* end of the transfer, also by a repeated start */
    void *opaque;
} I2CSlave;
#endif
