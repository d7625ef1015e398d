/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bank of NOR flash: two Intel 28F256J3 side by side, 32 bits wide, 64 MiB. */
#ifndef HW_BLOCK_NOR_FLASH_H
#define HW_BLOCK_NOR_FLASH_H
#include <stdbool.h>
#include <stdint.h>
#include "block/block.h"

enum { NOR_FLASH_BYTES = 64 << 20 };

typedef struct NorFlashConfig {
    uint32_t base;
    const char *name;
    BlockBackend *blk;          /* the image: NOR_FLASH_BYTES of it */
    bool (*vpp)(void *opaque);  /* is there a voltage to change the array with? any thread */
    void *opaque;
} NorFlashConfig;

typedef struct NorFlash NorFlash;

/* Reads the image and maps it. Lives as long as the machine. error_exit if the image does not fit. */
NorFlash *nor_flash_create(const NorFlashConfig *config);
/* The same bank at another address, too: slower, since each access there is one of a register. */
void nor_flash_map_again(NorFlash *s, uint32_t base, const char *name);
#endif
