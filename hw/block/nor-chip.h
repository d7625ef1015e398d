/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One chip of a bank of NOR flash: Intel's 28F256J3 (StrataFlash), 16 bits wide, 32 MiB. What a chip answers and what
 * it is told to do; the bank (nor-flash.c) has the array and carries it out. Caller holds the bank's lock throughout.
 */
#ifndef HW_BLOCK_NOR_CHIP_H
#define HW_BLOCK_NOR_CHIP_H
#include <stdbool.h>
#include <stdint.h>

enum {
    NOR_WORDS = 16 << 20,               /* of 16 bits */
    NOR_BLOCK_WORDS = 64 << 10,
    NOR_BLOCKS = NOR_WORDS / NOR_BLOCK_WORDS,
    NOR_BUFFER_WORDS = 16,
    NOR_ERASED = 0xffff,
};

/* What a read of the chip gives. */
typedef enum NorMode { NOR_READ_ARRAY, NOR_READ_STATUS, NOR_READ_ID, NOR_READ_CFI, NOR_MODES } NorMode;

/* What the next write is. */
typedef enum NorStep {
    NOR_COMMAND, NOR_PROGRAM_DATA, NOR_ERASE_CONFIRM, NOR_LOCK_CONFIRM, NOR_BUFFER_COUNT, NOR_BUFFER_DATA,
    NOR_BUFFER_CONFIRM,
    NOR_WAITS,                          /* it has an operation that was not begun: nothing is accepted */
    NOR_BUSY,                           /* it has one under way */
} NorStep;

typedef enum NorOperation { NOR_NOTHING, NOR_PROGRAM, NOR_ERASE } NorOperation;

enum {                                  /* bits of the status register that stay until they are cleared */
    NOR_STATUS_LOCKED = 1 << 1, NOR_STATUS_NO_VPP = 1 << 3, NOR_STATUS_PROGRAM = 1 << 4, NOR_STATUS_ERASE = 1 << 5,
    NOR_STATUS_READY = 1 << 7,
};

/* All of it is the chip's state; integers, so that it can be saved. */
typedef struct NorChip {
    unsigned mode, step, operation;     /* NorMode, NorStep, NorOperation */
    unsigned status;
    unsigned word;                      /* the operation's: any word of the block, or the first one of the buffer */
    unsigned count, got;                /* words to come for the buffer, and those that came */
    unsigned filled;                    /* a bit for each word of the buffer */
    bool bad;                           /* a word for the buffer was outside */
    uint16_t buffer[NOR_BUFFER_WORDS];
    bool locked[NOR_BLOCKS];            /* not volatile */
} NorChip;

void nor_chip_reset(NorChip *c);
/* What was loaded may be anything: bound it. */
void nor_chip_sanitize(NorChip *c);
/* In modes other than NOR_READ_ARRAY. */
uint16_t nor_chip_read(const NorChip *c, uint32_t word);
/* May a busy chip be told so? A driver asks for the status, or tries to suspend. */
bool nor_chip_heeds(unsigned command);
/* True: there is an operation now (NOR_WAITS). vpp: the array can be changed. */
bool nor_chip_write(NorChip *c, uint32_t word, uint16_t value, bool vpp);
/* The operation is over. */
void nor_chip_done(NorChip *c, bool failed);
#endif
