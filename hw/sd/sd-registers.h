/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of an SD card that describe it, as bytes in the order in which they are sent. No state, no lock. */
#ifndef HW_SD_SD_REGISTERS_H
#define HW_SD_SD_REGISTERS_H
#include <stdbool.h>
#include <stdint.h>

enum { SD_BLOCK = 512, SD_SWITCH_BYTES = 64, SD_STATUS_BYTES = 64, SD_SCR_BYTES = 8 };
#define SD_UNIT         (512ull << 10)          /* a card's size is a multiple of this */
#define SD_MAX_STANDARD (2ull << 30)            /* bytes of a standard-capacity card (SDSC), addressed by byte */
#define SD_MAX_HIGH     (32ull << 30)           /* of a high-capacity card (SDHC); beyond: extended (SDXC) */
#define SD_MAX_EXTENDED (2ull << 40)

static inline bool sd_is_standard(uint64_t bytes)
{
    return bytes <= SD_MAX_STANDARD;
}

void sd_make_cid(uint8_t cid[16], uint32_t serial);
void sd_make_csd(uint8_t csd[16], uint64_t bytes, bool readonly);
void sd_make_scr(uint8_t scr[SD_SCR_BYTES], uint64_t bytes);
/* ACMD13's data. */
void sd_make_status(uint8_t status[SD_STATUS_BYTES], bool four_lines);
/* CMD6's data: *high_speed is what is switched to if `argument` asks for it, and stays as it is if it only looks. */
void sd_make_switch(uint8_t answer[SD_SWITCH_BYTES], uint32_t argument, bool *high_speed);
#endif
