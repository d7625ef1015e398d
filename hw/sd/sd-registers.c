/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an SD card says of itself: CID, CSD, SCR, SD Status and the answer to SWITCH_FUNC (SD Physical Layer Simplified
 * Specification 3.01, chapters 4.3.10, 4.10.2 and 5). Bit numbers are the specification's: the register's last bit
 * sent is bit 0.
 */
#include <string.h>
#include "hw/sd/sd-registers.h"

/* Bits [low + width - 1 : low] of a register of `bytes` bytes become `value`. */
static void put(uint8_t *reg, unsigned bytes, unsigned low, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++) {
        unsigned bit = low + i;

        if (value >> i & 1) {
            reg[bytes - 1 - bit / 8] |= (uint8_t)(1u << bit % 8);
        }
    }
}

/* The last byte of CID and CSD: CRC7 over the others and a one. */
static void seal(uint8_t reg[16])
{
    unsigned crc = 0;

    for (int i = 0; i < 15 * 8; i++) {
        unsigned bit = reg[i / 8] >> (7 - i % 8) & 1, out = crc >> 6 & 1;

        crc = (crc << 1 & 0x7f) ^ (bit ^ out ? 0x09 : 0);
    }
    reg[15] = (uint8_t)(crc << 1 | 1);
}

void sd_make_cid(uint8_t cid[16], uint32_t serial)
{
    static const char product[5] = "PQEMU";

    memset(cid, 0, 16);
    put(cid, 16, 120, 8, 0xaa);         /* MID: no registered manufacturer's */
    put(cid, 16, 104, 16, 'P' << 8 | 'Q');
    memcpy(cid + 3, product, 5);
    put(cid, 16, 56, 8, 0x01);          /* revision 0.1 */
    put(cid, 16, 24, 32, serial);
    put(cid, 16, 8, 12, (26 << 4) | 1); /* January 2026 */
    seal(cid);
}

/* Standard capacity: (C_SIZE + 1) << (C_SIZE_MULT + 2) blocks of 1 << READ_BL_LEN bytes. */
static void put_standard_size(uint8_t csd[16], uint64_t bytes)
{
    unsigned shift = 9 + 2, block_length = 9, mult = 0;

    while (mult < 7 && bytes >> (shift + mult) > 4096) {
        mult++;
    }
    if (bytes >> (shift + mult) > 4096) {
        block_length = 10;
        shift++;
    }
    put(csd, 16, 80, 4, block_length);
    put(csd, 16, 22, 4, block_length);
    put(csd, 16, 62, 12, (bytes >> (shift + mult)) - 1);
    put(csd, 16, 47, 3, mult);
}

void sd_make_csd(uint8_t csd[16], uint64_t bytes, bool readonly)
{
    enum { CLASSES = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 10 };

    memset(csd, 0, 16);
    put(csd, 16, 112, 8, 0x0e);         /* TAAC: 1 ms */
    put(csd, 16, 96, 8, 0x32);          /* 25 MHz */
    put(csd, 16, 84, 12, CLASSES);
    put(csd, 16, 46, 1, 1);             /* any number of blocks may be erased */
    put(csd, 16, 39, 7, 0x7f);
    put(csd, 16, 26, 3, 2);             /* a write takes four times a read */
    put(csd, 16, 12, 1, readonly);      /* TMP_WRITE_PROTECT */
    if (sd_is_standard(bytes)) {
        put(csd, 16, 79, 1, 1);         /* READ_BL_PARTIAL */
        put_standard_size(csd, bytes);
    } else {
        put(csd, 16, 126, 2, 1);        /* CSD version 2.0 */
        put(csd, 16, 80, 4, 9);
        put(csd, 16, 22, 4, 9);
        put(csd, 16, 48, 22, bytes / SD_UNIT - 1);
    }
    seal(csd);
}

void sd_make_scr(uint8_t scr[SD_SCR_BYTES], uint64_t bytes)
{
    memset(scr, 0, SD_SCR_BYTES);
    put(scr, SD_SCR_BYTES, 56, 4, 2);   /* with SD_SPEC3: version 3.0 */
    put(scr, SD_SCR_BYTES, 52, 3, sd_is_standard(bytes) ? 2 : bytes <= SD_MAX_HIGH ? 3 : 4);
    put(scr, SD_SCR_BYTES, 48, 4, 1 << 0 | 1 << 2);     /* one or four data lines */
    put(scr, SD_SCR_BYTES, 47, 1, 1);
    put(scr, SD_SCR_BYTES, 33, 1, 1);   /* CMD23 */
}

void sd_make_status(uint8_t status[SD_STATUS_BYTES], bool four_lines)
{
    memset(status, 0, SD_STATUS_BYTES);
    put(status, SD_STATUS_BYTES, 510, 2, four_lines ? 2 : 0);
    put(status, SD_STATUS_BYTES, 440, 8, 4);            /* class 10 */
    put(status, SD_STATUS_BYTES, 428, 4, 9);            /* allocation units of 4 MiB */
    put(status, SD_STATUS_BYTES, 408, 16, 1);           /* one of them is erased at once, */
    put(status, SD_STATUS_BYTES, 402, 6, 1);            /* within a second */
}

void sd_make_switch(uint8_t answer[SD_SWITCH_BYTES], uint32_t argument, bool *high_speed)
{
    enum { NO_CHANGE = 0xf, DEFAULT = 0, HIGH_SPEED = 1, NOT_SUPPORTED = 0xf };
    bool selected = *high_speed;

    memset(answer, 0, SD_SWITCH_BYTES);
    answer[1] = 100;                    /* mA at most */
    for (unsigned group = 1; group <= 6; group++) {
        unsigned wanted = argument >> (group - 1) * 4 & 0xf;
        unsigned result = group == 1 && selected ? HIGH_SPEED : DEFAULT;

        put(answer, SD_SWITCH_BYTES, 400 + (group - 1) * 16, 16, 1 << 15 | 1 << DEFAULT | (group == 1) << HIGH_SPEED);
        if (wanted != NO_CHANGE) {
            bool can = wanted == DEFAULT || (group == 1 && wanted == HIGH_SPEED);

            result = can ? wanted : NOT_SUPPORTED;
            if (group == 1 && can) {
                selected = wanted == HIGH_SPEED;
            }
        }
        put(answer, SD_SWITCH_BYTES, 376 + (group - 1) * 4, 4, result);
    }
    if (argument >> 31) {
        *high_speed = selected;
    }
}
