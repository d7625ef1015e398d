/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI disk (SPC-3, SBC-2): what a command asks for, and what it answers. It moves no blocks itself. No locks here:
 * who owns the struct calls with its lock held.
 */
#ifndef HW_USB_SCSI_H
#define HW_USB_SCSI_H
#include <stdbool.h>
#include <stdint.h>

enum { SCSI_SECTOR = 512, SCSI_COMMAND_MAX = 16, SCSI_REPLY_MAX = 512 };

typedef struct ScsiDisk {
    bool removable;             /* constant, like serial */
    const char *serial;         /* NULL: none */
    bool present, readonly;     /* the medium; follow from what there is */
    uint64_t sectors;
    /* Saved: */
    uint8_t key, asc, ascq;     /* sense data of the last command */
    uint8_t attention, attention_q;     /* what is told before anything else; 0: nothing */
    bool ejected, locked;
} ScsiDisk;

typedef enum ScsiAction {
    SCSI_DONE,                  /* it is carried out */
    SCSI_FAILED,                /* sense data tell why */
    SCSI_REPLY,                 /* `bytes` of the reply go to the host */
    SCSI_READ, SCSI_WRITE,      /* blocks */
    SCSI_FLUSH,
} ScsiAction;

typedef struct ScsiCommand {
    ScsiAction action;
    uint64_t offset;            /* of SCSI_READ, SCSI_WRITE: in the image, bytes */
    uint32_t bytes;
} ScsiCommand;

void scsi_reset(ScsiDisk *s);
/* Another medium, or none, or it has become longer: what is to be told. */
void scsi_medium_changed(ScsiDisk *s, bool grown);
/* `cdb` has SCSI_COMMAND_MAX bytes, `reply` SCSI_REPLY_MAX. */
ScsiCommand scsi_begin(ScsiDisk *s, unsigned lun, const uint8_t *cdb, uint8_t *reply);
/* Moving blocks came to this, a negative errno. */
void scsi_io_failed(ScsiDisk *s, bool write, int error);
#endif
