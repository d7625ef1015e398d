/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PrimeCell identification: eight read-only bytes in the words at 0xFE0..0xFFC of a device's page: four of peripheral
 * ID, then the constant component ID 0D F0 05 B1.
 */
#ifndef HW_PRIMECELL_H
#define HW_PRIMECELL_H
#include <stdbool.h>
#include <stdint.h>

#define PRIMECELL_ID_BASE 0xfe0u

/* pid: the peripheral ID as guests compose it, byte 0 in bits 7:0. offset: PRIMECELL_ID_BASE..0xFFC. */
static inline uint32_t primecell_id_read(uint32_t pid, uint32_t offset)
{
    static const uint8_t cid[4] = { 0x0d, 0xf0, 0x05, 0xb1 };
    unsigned i = (offset - PRIMECELL_ID_BASE) / 4;

    return i < 4 ? (pid >> (8 * i)) & 0xff : cid[i & 3];
}

static inline bool primecell_is_id(uint32_t offset)
{
    return offset >= PRIMECELL_ID_BASE && offset <= 0xffcu;
}
#endif
