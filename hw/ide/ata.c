/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATA drive: registers, and data between the host, the buffer and the image. See ata.h.
 *
 * The drive is busy while a request to the image is under way, one at a time. A guest that does not look whether it is,
 * or only a few times, waits for it (cpu_hold_access()). Reading gets as
 * many sectors as the buffer has room for, writing gives them to the image when the buffer is full or the last one has
 * come. With the write cache off, a write has ended when the image has been flushed.
 */
#include <string.h>
#include "hw/ide/ata.h"
#include "qemu/log.h"

enum { WHOLE_BUFFER = ATA_BUFFER / ATA_SECTOR, READY = ATA_ST_DRDY | ATA_ST_DSC };
enum { LOOKS = 6 };         /* in vain, until the guest has to wait */

/* ---- all with the lock held ---- */

static bool drive_1_chosen(const AtaDrive *d)
{
    return d->now[ATA_DEVICE] & ATA_DEV_DRIVE_1;
}

void ata_end_command(AtaDrive *d, uint8_t error)
{
    d->error = error;
    d->status = READY | (error ? ATA_ST_ERR : 0);
    d->left = d->filled = d->taken = 0;
}

static void request_done(BlockRequest *request, int error);

static void submit(AtaDrive *d, BlockOp op, uint64_t offset, uint64_t bytes)
{
    d->status = ATA_ST_BSY;
    d->under_way = true;
    d->looks = 0;
    d->request = (BlockRequest) { .op = op, .offset = offset, .bytes = bytes, .buffer = d->buffer,
                                  .done = request_done, .opaque = d };
    blk_submit(d->blk, &d->request);
}

static void read_more(AtaDrive *d)
{
    const uint32_t n = d->left < WHOLE_BUFFER ? d->left : WHOLE_BUFFER;

    submit(d, BLOCK_READ, d->sector * ATA_SECTOR, (uint64_t)n * ATA_SECTOR);
}

void ata_send(AtaDrive *d, uint32_t bytes)
{
    d->filled = bytes;
    d->taken = 0;
    d->status = READY | ATA_ST_DRQ;
}

/* The host may fill the buffer, or as much of it as is still to come. */
static void want_data(AtaDrive *d)
{
    d->filled = (d->left < WHOLE_BUFFER ? d->left : WHOLE_BUFFER) * ATA_SECTOR;
    d->taken = 0;
    d->status = READY | ATA_ST_DRQ;
}

void ata_transfer(AtaDrive *d, bool writes, uint32_t count)
{
    d->writes = writes;
    d->left = count;
    if (writes) {
        want_data(d);
    } else {
        read_more(d);
    }
}

void ata_erase(AtaDrive *d, uint32_t count)
{
    submit(d, BLOCK_WRITE_ZEROES, d->sector * ATA_SECTOR, (uint64_t)count * ATA_SECTOR);
}

void ata_flush(AtaDrive *d)
{
    submit(d, BLOCK_FLUSH, 0, 0);
}

static void moved(AtaDrive *d)
{
    const uint32_t n = (uint32_t)(d->request.bytes / ATA_SECTOR);

    d->sector += n;
    d->left -= n;
}

static void request_succeeded(AtaDrive *d)
{
    switch (d->request.op) {
    case BLOCK_READ:
        moved(d);
        ata_send(d, (uint32_t)d->request.bytes);
        break;
    case BLOCK_WRITE:
        moved(d);
        if (d->left) {
            want_data(d);
        } else if (d->write_cache) {
            ata_end_command(d, 0);
        } else {
            ata_flush(d);
        }
        break;
    default:
        ata_end_command(d, 0);
        break;
    }
}

/* I/O thread. */
static void request_done(BlockRequest *request, int error)
{
    AtaDrive *d = request->opaque;

    counted_lock(d->lock);
    d->under_way = false;
    if (d->stale) {
        d->stale = false;
        ata_set_signature(d);
    } else if (error) {
        ata_end_command(d, request->op == BLOCK_READ ? ATA_ER_UNC : ATA_ER_ABRT);
        d->status |= request->op == BLOCK_READ ? 0 : ATA_ST_DF;
    } else {
        request_succeeded(d);
    }
    cpu_hold_end(&d->hold);
    counted_unlock(d->lock);
}

/* All of the buffer has gone through the data register. */
static void buffer_done(AtaDrive *d)
{
    if (d->writes) {
        submit(d, BLOCK_WRITE, d->sector * ATA_SECTOR, d->filled);
    } else if (d->left) {
        read_more(d);
    } else {
        ata_end_command(d, 0);
    }
}

/* The guest does what it should not do while the drive is busy: does it wait until the drive is ready? */
static bool waits(AtaDrive *d)
{
    return d->under_way && !(d->control & ATA_CTL_SRST) && cpu_hold_access(&d->hold);
}

static bool data_goes(AtaDrive *d, bool writes)
{
    if (waits(d)) {
        return false;
    }
    if ((d->status & (ATA_ST_BSY | ATA_ST_DRQ)) == ATA_ST_DRQ && d->writes == writes && !drive_1_chosen(d)) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "ata: no data is %s\n", writes ? "expected" : "there");
    return false;
}

uint16_t ata_read_data(AtaDrive *d)
{
    uint16_t v = 0xffff;

    if (data_goes(d, false)) {
        v = (uint16_t)(d->buffer[d->taken] | d->buffer[d->taken + 1] << 8);
        d->taken += 2;
        if (d->taken == d->filled) {
            buffer_done(d);
        }
    }
    return v;
}

void ata_write_data(AtaDrive *d, uint16_t value)
{
    if (data_goes(d, true)) {
        d->buffer[d->taken] = (uint8_t)value;
        d->buffer[d->taken + 1] = (uint8_t)(value >> 8);
        d->taken += 2;
        if (d->taken == d->filled) {
            buffer_done(d);
        }
    }
}

/* ---- registers ---- */

/* Device 1 is not there: device 0 answers for it, and says nothing. */
uint8_t ata_read_alternate(AtaDrive *d)
{
    if (d->under_way && ++d->looks > LOOKS) {
        waits(d);
    }
    return drive_1_chosen(d) ? 0 : d->control & ATA_CTL_SRST ? ATA_ST_BSY : d->status;
}

uint8_t ata_read(AtaDrive *d, unsigned reg)
{
    switch (reg) {
    case ATA_STATUS:
        return ata_read_alternate(d);
    case ATA_ERROR:
        return d->error;
    case ATA_DEVICE:
        return d->now[reg] | 0xa0;
    default:
        return d->control & ATA_CTL_HOB ? d->before[reg] : d->now[reg];
    }
}

void ata_write(AtaDrive *d, unsigned reg, uint8_t value)
{
    if (waits(d)) {
        return;
    }
    d->control &= (uint8_t)~ATA_CTL_HOB;
    if (d->status & ATA_ST_BSY || (d->control & ATA_CTL_SRST)) {
        qemu_log_mask(LOG_GUEST_ERROR, "ata: write of register %u while the drive is busy\n", reg);
    } else if (reg != ATA_COMMAND) {
        d->before[reg] = d->now[reg];
        d->now[reg] = value;
    } else if (!drive_1_chosen(d) || value == 0x90) {       /* EXECUTE DEVICE DIAGNOSTIC is for both */
        d->filled = d->taken = d->left = 0;
        ata_execute(d, value);
    }
}

void ata_write_control(AtaDrive *d, uint8_t value)
{
    const bool begins = value & ATA_CTL_SRST && !(d->control & ATA_CTL_SRST);

    d->control = value;
    if (begins) {
        d->stale = d->under_way;
        if (!d->stale) {
            ata_set_signature(d);
        }
    }
}

/* As after a reset: the drive has found itself in order, and is one of disks. */
void ata_set_signature(AtaDrive *d)
{
    memset(d->now, 0, sizeof(d->now));
    memset(d->before, 0, sizeof(d->before));
    d->now[ATA_COUNT] = d->now[ATA_LBA_LOW] = 1;
    ata_end_command(d, 0);
    d->error = 1;
}

void ata_reset(AtaDrive *d)
{
    d->control = d->command = d->multiple = 0;
    d->write_cache = true;
    d->heads = ATA_HEADS;
    d->track = ATA_TRACK;
    d->stale = d->under_way;
    ata_set_signature(d);
    if (d->stale) {
        d->status = ATA_ST_BSY;
    }
}

/* Nothing is under way in a state that was saved. What cannot be goes: the command has failed. */
void ata_post_load(AtaDrive *d)
{
    const bool on_drive = d->sector <= d->sectors && d->left <= d->sectors - d->sector;
    const uint32_t room = d->left < WHOLE_BUFFER ? d->left : WHOLE_BUFFER;
    const bool fits = d->writes ? d->filled == room * ATA_SECTOR : d->filled <= ATA_BUFFER && !(d->filled & 1);

    d->heads = d->heads ? d->heads : ATA_HEADS;
    d->track = d->track ? d->track : ATA_TRACK;
    if (d->status & ATA_ST_BSY ||
        (d->status & ATA_ST_DRQ && (!on_drive || !fits || d->taken >= d->filled || d->taken & 1))) {
        ata_end_command(d, ATA_ER_ABRT);
    }
}

void ata_init(AtaDrive *d, BlockBackend *blk, CountedLock *lock)
{
    d->blk = blk;
    d->lock = lock;
    d->sectors = blk_bytes(blk) / ATA_SECTOR;
}
