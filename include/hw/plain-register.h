/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers that do nothing but keep what is written: a table of them, and their values in an array in its order.
 */
#ifndef HW_PLAIN_REGISTER_H
#define HW_PLAIN_REGISTER_H
#include <stddef.h>
#include <stdint.h>

typedef struct PlainRegister {
    uint32_t offset, mask;      /* mask: the bits there are */
    uint32_t reset;
} PlainRegister;

/* The value of the register there, or NULL. */
static inline uint32_t *plain_register(const PlainRegister *table, size_t n, uint32_t *values, uint32_t offset)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].offset == offset) {
            return &values[i];
        }
    }
    return NULL;
}

static inline void plain_register_write(const PlainRegister *table, const uint32_t *values, uint32_t *reg,
                                        uint32_t value)
{
    *reg = value & table[reg - values].mask;
}

static inline void plain_registers_reset(const PlainRegister *table, size_t n, uint32_t *values)
{
    for (size_t i = 0; i < n; i++) {
        values[i] = table[i].reset;
    }
}
#endif
