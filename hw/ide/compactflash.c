/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CompactFlash socket of the board: the card's command block with 16 bits for each register, its control block at
 * 0x100, no interrupt. Linux's pata_of_platform asks for the status instead. The bus is 16 bits wide: 32 are two
 * registers, but of the data register two words.
 *
 * Lock: the device's own.
 */
#include <inttypes.h>
#include <glib.h>
#include "hw/device.h"
#include "hw/ide/ata.h"
#include "hw/ide/compactflash.h"
#include "qemu/log.h"

enum { REGISTER_SHIFT = COMPACTFLASH_SHIFT, COMMAND_END = ATA_REGISTERS << REGISTER_SHIFT, CONTROL = 0x100 };
#define SECTORS_MAX (UINT64_C(1) << 32)

typedef struct CompactFlash {
    Device dev;                 /* its lock: drive */
    BlockBackend *blk;          /* the card's image; constant */
    AtaDrive drive;
} CompactFlash;

static uint32_t read_locked(AtaDrive *d, uint32_t offset, unsigned size)
{
    uint32_t v;

    if (offset == 0) {
        v = ata_read_data(d);
        return size == 4 ? v | (uint32_t)ata_read_data(d) << 16 : v;
    }
    if (offset < COMMAND_END && !(offset & 1)) {
        v = ata_read(d, offset >> REGISTER_SHIFT);
        if (size == 4 && offset + 2 < COMMAND_END) {
            v |= (uint32_t)ata_read(d, (offset >> REGISTER_SHIFT) + 1) << 16;
        }
        return v;
    }
    if (offset == CONTROL) {
        return ata_read_alternate(d);
    }
    qemu_log_mask(LOG_GUEST_ERROR, "compactflash: bad read at 0x%x\n", offset);
    return 0;
}

static void write_locked(AtaDrive *d, uint32_t offset, uint32_t value, unsigned size)
{
    if (offset == 0) {
        ata_write_data(d, (uint16_t)value);
        if (size == 4) {
            ata_write_data(d, (uint16_t)(value >> 16));
        }
    } else if (offset < COMMAND_END && !(offset & 1)) {
        ata_write(d, offset >> REGISTER_SHIFT, (uint8_t)value);
    } else if (offset == CONTROL) {
        ata_write_control(d, (uint8_t)value);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "compactflash: bad write at 0x%x\n", offset);
    }
}

static uint32_t cf_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    CompactFlash *s = opaque;
    uint32_t v;

    counted_lock(&s->dev.lock);
    v = read_locked(&s->drive, offset, size);
    counted_unlock(&s->dev.lock);
    return size == 1 ? v & 0xff : v;
}

static void cf_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    CompactFlash *s = opaque;

    counted_lock(&s->dev.lock);
    write_locked(&s->drive, offset, value, size);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps cf_ops = { cf_read, cf_write };

static void cf_reset(void *opaque)
{
    CompactFlash *s = opaque;

    counted_lock(&s->dev.lock);
    ata_reset(&s->drive);
    counted_unlock(&s->dev.lock);
}

static void cf_pre_save(void *opaque)
{
    CompactFlash *s = opaque;

    blk_drain(s->drive.blk);
}

static void cf_post_load(void *opaque)
{
    CompactFlash *s = opaque;

    counted_lock(&s->dev.lock);
    ata_post_load(&s->drive);
    counted_unlock(&s->dev.lock);
}

static const DeviceField cf_fields[] = {
    DEVICE_ARRAY(CompactFlash, drive.now), DEVICE_ARRAY(CompactFlash, drive.before),
    DEVICE_FIELD(CompactFlash, drive.status), DEVICE_FIELD(CompactFlash, drive.error),
    DEVICE_FIELD(CompactFlash, drive.control), DEVICE_FIELD(CompactFlash, drive.command),
    DEVICE_FIELD(CompactFlash, drive.writes), DEVICE_FIELD(CompactFlash, drive.extended),
    DEVICE_FIELD(CompactFlash, drive.multiple), DEVICE_FIELD(CompactFlash, drive.write_cache),
    DEVICE_FIELD(CompactFlash, drive.heads), DEVICE_FIELD(CompactFlash, drive.track),
    DEVICE_FIELD(CompactFlash, drive.sector), DEVICE_FIELD(CompactFlash, drive.left),
    DEVICE_ARRAY(CompactFlash, drive.buffer), DEVICE_FIELD(CompactFlash, drive.filled),
    DEVICE_FIELD(CompactFlash, drive.taken), DEVICE_FIXED(CompactFlash, drive.sectors),
    { 0 },
};

static const MMIORegister cf_registers[] = {
    { ATA_DATA << REGISTER_SHIFT, "DATA" }, { ATA_ERROR << REGISTER_SHIFT, "ERROR" },
    { ATA_COUNT << REGISTER_SHIFT, "COUNT" }, { ATA_LBA_LOW << REGISTER_SHIFT, "LBA_LOW" },
    { ATA_LBA_MID << REGISTER_SHIFT, "LBA_MID" }, { ATA_LBA_HIGH << REGISTER_SHIFT, "LBA_HIGH" },
    { ATA_DEVICE << REGISTER_SHIFT, "DEVICE" }, { ATA_STATUS << REGISTER_SHIFT, "STATUS" },
    { CONTROL, "CONTROL" },
    { 0 },
};

static char *cf_realize(void *opaque)
{
    CompactFlash *s = opaque;
    BlockBackend *blk = s->blk;
    const uint64_t bytes = blk_bytes(blk);

    if (!bytes || bytes % ATA_SECTOR || bytes / ATA_SECTOR > SECTORS_MAX) {
        return g_strdup_printf("%s: '%s' has %" PRIu64 " bytes; a CompactFlash card has whole sectors of %d bytes, up "
                               "to 2 TiB", blk_said(blk), blk_path(blk), bytes, ATA_SECTOR);
    }
    ata_init(&s->drive, blk, &s->dev.lock);
    return NULL;
}

static const DeviceClass cf_class = {
    .name = "compactflash",
    .state_size = sizeof(CompactFlash),
    .version = 1,
    .fields = cf_fields,
    .node = { .name = "ide", .compatible = { "ata-generic" }, .second_range = CONTROL },
    .registers = cf_registers,
    .realize = cf_realize,
    .reset = cf_reset,
    .pre_save = cf_pre_save,
    .post_load = cf_post_load,
};

void compactflash_create(uint32_t base, uint32_t size, const char *name, BlockBackend *blk)
{
    CompactFlash *s = device_new(&cf_class, name);

    s->blk = blk;
    device_add(&s->dev);
    device_map(&s->dev, base, size, &cf_ops);
}
