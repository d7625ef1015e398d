/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the SD card: its state, and what its commands ask of its data path. Lock of all: the host's. */
#ifndef HW_SD_SD_INTERNAL_H
#define HW_SD_SD_INTERNAL_H
#include "hw/device.h"
#include "hw/sd/sd-card.h"
#include "hw/sd/sd-registers.h"

enum { SD_BUFFER = 64 << 10 };

/* Card status (4.10.1); the errors are cleared when they have been reported. */
#define ST_OUT_OF_RANGE     (1u << 31)
#define ST_ADDRESS_ERROR    (1u << 30)
#define ST_BLOCK_LEN_ERROR  (1u << 29)
#define ST_ERASE_SEQ_ERROR  (1u << 28)
#define ST_ERASE_PARAM      (1u << 27)
#define ST_WP_VIOLATION     (1u << 26)
#define ST_ILLEGAL_COMMAND  (1u << 22)
#define ST_ERROR            (1u << 19)
#define ST_READY_FOR_DATA   (1u << 8)
#define ST_APP_CMD          (1u << 5)

#define OCR_POWERED_UP      (1u << 31)
#define OCR_HIGH_CAPACITY   (1u << 30)      /* CCS; in ACMD41's argument: HCS */
#define OCR_VOLTAGES        0x00ff8000u     /* 2.7 to 3.6 V */

typedef enum SDState {
    SD_IDLE, SD_READY, SD_IDENT, SD_STBY, SD_TRAN, SD_DATA, SD_RCV, SD_PRG, SD_DIS, SD_INACTIVE,
} SDState;

struct SDCard {
    Device dev;                 /* its lock is not used: the host's is */
    BlockBackend *blk;          /* constant */
    SDHost host;                /* constant */
    /* lock: the host's */
    bool present;
    uint64_t bytes;
    bool standard;              /* addressed by byte */
    uint8_t cid[16], csd[16];
    SDState state;
    uint32_t status;            /* ST_* to be reported */
    uint16_t rca;
    bool app_command;           /* the next command is an ACMD */
    bool high_capacity_host;    /* HCS of ACMD41 */
    bool four_lines, high_speed;
    uint32_t block_length;      /* CMD16; standard capacity only */
    uint32_t block_count;       /* CMD23: blocks of the next transfer; 0: until CMD12 */
    uint64_t erase_first, erase_end;    /* bytes */
    bool erase_first_set, erase_end_set;
    uint32_t written;           /* ACMD22: blocks that the last write took */

    bool failed;                /* the transfer moves no more bytes */
    uint64_t next;              /* image byte of the buffer's end (reading) or beginning (writing) */
    uint64_t left;              /* bytes of the transfer beyond the buffer; UINT64_MAX: no end is known */
    size_t filled, taken;       /* bytes in the buffer, and of these those passed on */
    bool under_way, stale;      /* `request` is; its result is not wanted */
    bool waiting;               /* these are to begin when the stale one has ended: */
    BlockOp wait_op;
    uint64_t wait_offset, wait_bytes;
    size_t piece;               /* bytes of the next read ahead */
    BlockRequest request;       /* belongs to the back end while under_way */
    uint8_t buffer[SD_BUFFER];  /* belongs to the request while under_way */
    uint8_t reply[SD_STATUS_BYTES];     /* what is sent that is not from the image */
    bool replies;               /* what is sent is `reply`, not `buffer` */
};

/* ---- sd-data.c ---- */
/*
 * Begin moving memory from byte `offset` on; `count` blocks of `length` bytes, 0: no end is known. The range is sound.
 */
void sd_begin_read(SDCard *card, uint64_t offset, uint32_t length, uint64_t count);
void sd_begin_write(SDCard *card, uint64_t offset, uint64_t count);
/* Send bytes that are not from memory, at most SD_STATUS_BYTES. */
void sd_send_bytes(SDCard *card, const void *data, size_t bytes);
/* The range becomes zeroes; the card is in PRG meanwhile. */
void sd_begin_erase(SDCard *card, uint64_t offset, uint64_t bytes);
/* CMD12, the last byte, or a reset: what was taken is written, what was read ahead is dropped. */
void sd_end_transfer(SDCard *card);
#endif
