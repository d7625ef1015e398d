/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of 32 bits that a program accesses by bytes and halfwords, which other emulators let it do: a read gives
 * its part of the word, and a write to the register's own address writes the rest as 0. Writes to its other bytes are
 * no accesses to it.
 */
#ifndef HW_WORD_REGISTER_H
#define HW_WORD_REGISTER_H
#include <stdbool.h>
#include <stdint.h>

static inline bool word_register_reads(uint32_t offset, unsigned size)
{
    return !(offset & (size - 1));
}

static inline bool word_register_writes(uint32_t offset)
{
    return !(offset & 3);
}

/* What a read of SIZE bytes at OFFSET gives of the word that OFFSET is in. */
static inline uint32_t word_register_part(uint32_t word, uint32_t offset, unsigned size)
{
    return word >> 8 * (offset & 3) & UINT32_MAX >> (32 - 8 * size);
}
#endif
