/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATA drive without moving parts (ATA/ATAPI-6, CF+ 4.1): what is behind the registers of a controller, as device 0.
 * PIO only. The caller holds its lock at each call; `host.lock` is that lock, which the drive takes itself when its
 * image has answered.
 */
#ifndef HW_IDE_ATA_H
#define HW_IDE_ATA_H
#include <stdbool.h>
#include <stdint.h>
#include "block/block.h"
#include "qemu/lock.h"
#include "sysemu/cpu-hold.h"

/* Registers, by their numbers in the command block. */
enum {
    ATA_DATA = 0, ATA_ERROR = 1, ATA_FEATURES = 1, ATA_COUNT = 2, ATA_LBA_LOW = 3, ATA_LBA_MID = 4, ATA_LBA_HIGH = 5,
    ATA_DEVICE = 6, ATA_STATUS = 7, ATA_COMMAND = 7, ATA_REGISTERS = 8,
};
enum {
    ATA_ST_ERR = 1 << 0, ATA_ST_DRQ = 1 << 3, ATA_ST_DSC = 1 << 4, ATA_ST_DF = 1 << 5, ATA_ST_DRDY = 1 << 6,
    ATA_ST_BSY = 1 << 7,
};
enum { ATA_ER_ABRT = 1 << 2, ATA_ER_IDNF = 1 << 4, ATA_ER_UNC = 1 << 6 };
enum { ATA_CTL_SRST = 1 << 2, ATA_CTL_HOB = 1 << 7 };
enum { ATA_DEV_DRIVE_1 = 1 << 4, ATA_DEV_LBA = 1 << 6 };
enum { ATA_SECTOR = 512, ATA_BUFFER = 16 << 10, ATA_MULTIPLE_MAX = 16,
       ATA_HEADS = 16, ATA_TRACK = 63 };    /* of addresses by cylinder, at first */

/* lock: the host's, but for what is constant. All but the last part is saved. */
typedef struct AtaDrive {
    uint8_t now[ATA_REGISTERS], before[ATA_REGISTERS];  /* what was written last to each register, and before that */
    uint8_t status, error, control;
    uint8_t command;                    /* that is carried out, or was last */
    bool writes, extended;              /* of it: data comes from the host; addresses of 48 bits */
    uint8_t multiple;                   /* sectors of READ and WRITE MULTIPLE; 0: not set */
    bool write_cache;
    uint16_t heads, track;              /* of the addresses by cylinder: heads, sectors of a track */
    uint64_t sector;                    /* the next one of the command */
    uint32_t left;                      /* sectors that it has still to read from the image, or to get from the host */
    uint8_t buffer[ATA_BUFFER];
    uint32_t filled, taken;             /* of the buffer: there is so much, so much of it went */

    uint64_t sectors;                   /* constant; of the image */
    BlockBackend *blk;                  /* constant */
    CountedLock *lock;                  /* constant */
    BlockRequest request;
    bool under_way;                     /* the request is */
    bool stale;                         /* nobody wants its result: there was a reset */
    unsigned looks;                     /* of the host at the drive since it is busy */
    CPUHold hold;                       /* CPUs that wait for the request */
} AtaDrive;

void ata_init(AtaDrive *d, BlockBackend *blk, CountedLock *lock);
/* The machine's. */
void ata_reset(AtaDrive *d);
/* Fields were loaded: bound them. */
void ata_post_load(AtaDrive *d);

uint8_t ata_read(AtaDrive *d, unsigned reg);
void ata_write(AtaDrive *d, unsigned reg, uint8_t value);
/* Of the control block: alternate status, which has no effect, and device control. */
uint8_t ata_read_alternate(AtaDrive *d);
void ata_write_control(AtaDrive *d, uint8_t value);
/* The data register, 16 bits. */
uint16_t ata_read_data(AtaDrive *d);
void ata_write_data(AtaDrive *d, uint16_t value);

/* ---- between ata.c and ata-commands.c ---- */

void ata_execute(AtaDrive *d, uint8_t command);
/* The command has ended; error: ATA_ER_*, or 0. */
void ata_end_command(AtaDrive *d, uint8_t error);
/* Data in the buffer for the host, nothing comes behind it. */
void ata_send(AtaDrive *d, uint32_t bytes);
/* `count` sectors from d->sector on, which are there. */
void ata_transfer(AtaDrive *d, bool writes, uint32_t count);
void ata_erase(AtaDrive *d, uint32_t count);
void ata_flush(AtaDrive *d);
void ata_set_signature(AtaDrive *d);
#endif
