/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of an ATA drive, see ata.h. All with the lock held. */
#include <string.h>
#include "hw/ide/ata.h"
#include "qemu/log.h"

enum { LBA28_SECTORS = 1 << 28, CYLINDERS_MAX = 16383 };

/* ---- addresses ---- */

/* Where the command begins, and how many sectors it wants; false: that is not on the drive. */
static bool address(AtaDrive *d, uint32_t *count)
{
    const uint8_t *now = d->now, *before = d->before;
    const uint32_t low = now[ATA_LBA_LOW] | (uint32_t)now[ATA_LBA_MID] << 8 | (uint32_t)now[ATA_LBA_HIGH] << 16;
    const uint32_t head = now[ATA_DEVICE] & 15;

    if (d->extended) {
        d->sector = low | (uint64_t)before[ATA_LBA_LOW] << 24 | (uint64_t)before[ATA_LBA_MID] << 32 |
                    (uint64_t)before[ATA_LBA_HIGH] << 40;
        *count = now[ATA_COUNT] | (uint32_t)before[ATA_COUNT] << 8;
        *count = *count ? *count : 65536;
    } else {
        if (now[ATA_DEVICE] & ATA_DEV_LBA) {
            d->sector = low | (uint64_t)head << 24;
        } else if (now[ATA_LBA_LOW] && head < d->heads && now[ATA_LBA_LOW] <= d->track) {
            d->sector = ((uint64_t)(low >> 8) * d->heads + head) * d->track + now[ATA_LBA_LOW] - 1;
        } else {
            return false;
        }
        *count = now[ATA_COUNT] ? now[ATA_COUNT] : 256;
    }
    return d->sector < d->sectors && *count <= d->sectors - d->sector;
}

/* ---- IDENTIFY DEVICE ---- */

static void put(AtaDrive *d, unsigned word, unsigned value)
{
    d->buffer[2 * word] = (uint8_t)value;
    d->buffer[2 * word + 1] = (uint8_t)(value >> 8);
}

static void put32(AtaDrive *d, unsigned word, uint32_t value)
{
    put(d, word, value & 0xffff);
    put(d, word + 1, value >> 16);
}

/* Text is in words of two letters, the first one high; the rest is spaces. */
static void put_text(AtaDrive *d, unsigned word, unsigned words, const char *text)
{
    const size_t len = strlen(text);

    for (size_t i = 0; i < 2 * words; i++) {
        d->buffer[(2 * word + i) ^ 1] = (uint8_t)(i < len ? text[i] : ' ');
    }
}

static uint32_t cylinders(const AtaDrive *d, unsigned heads, unsigned track)
{
    const uint64_t n = d->sectors / (heads * track);

    return (uint32_t)(n < CYLINDERS_MAX ? n : CYLINDERS_MAX);
}

static void identify_geometry(AtaDrive *d)
{
    const uint32_t current = cylinders(d, d->heads, d->track);

    put(d, 1, cylinders(d, ATA_HEADS, ATA_TRACK));
    put(d, 3, ATA_HEADS);
    put(d, 6, ATA_TRACK);
    put(d, 53, 3);                      /* words 54 to 58 and 64 to 70 are valid */
    put(d, 54, current);
    put(d, 55, d->heads);
    put(d, 56, d->track);
    put32(d, 57, current * d->heads * d->track);
}

static void identify(AtaDrive *d)
{
    const uint64_t all = d->sectors;

    memset(d->buffer, 0, ATA_SECTOR);
    put(d, 0, 0x848a);                  /* a CompactFlash card */
    identify_geometry(d);
    put32(d, 7, (uint32_t)(all << 16 | (all >> 16 & 0xffff)));  /* high word first */
    put_text(d, 10, 10, "PQ0001");
    put_text(d, 23, 4, PQEMU_VERSION);
    put_text(d, 27, 20, "PQEMU CompactFlash");
    put(d, 47, 0x8000 | ATA_MULTIPLE_MAX);
    put(d, 49, 1 << 9 | 1 << 11);       /* LBA, IORDY */
    put(d, 51, 2 << 8);                 /* PIO mode 2, and by word 64 up to 4 */
    put(d, 59, d->multiple ? 0x100 | d->multiple : 0);
    put32(d, 60, all < LBA28_SECTORS ? (uint32_t)all : LBA28_SECTORS - 1);
    put(d, 64, 3);
    put(d, 67, 120);                    /* ns of a PIO cycle */
    put(d, 68, 120);
    put(d, 80, 1 << 4 | 1 << 5 | 1 << 6);       /* ATA-4 to ATA-6 */
    put(d, 82, 1 << 5);                 /* a write cache */
    put(d, 83, 1 << 14 | 1 << 13 | 1 << 12 | 1 << 10 | 1 << 2);     /* flushes, 48 bits, CFA */
    put(d, 84, 1 << 14);
    put(d, 85, d->write_cache ? 1 << 5 : 0);
    put(d, 86, 1 << 13 | 1 << 12 | 1 << 10 | 1 << 2);
    put(d, 87, 1 << 14);
    put32(d, 100, (uint32_t)all);
    put32(d, 102, (uint32_t)(all >> 32));
    d->writes = false;
    ata_send(d, ATA_SECTOR);
}

/* ---- the others ---- */

enum { FEATURE_CACHE_ON = 0x02, FEATURE_MODE = 0x03, FEATURE_CACHE_OFF = 0x82, MODE_PIO = 8, MODE_PIO_MAX = 4 };

static void set_features(AtaDrive *d)
{
    const uint8_t mode = d->now[ATA_COUNT];

    switch (d->now[ATA_FEATURES]) {
    case FEATURE_CACHE_ON:
        d->write_cache = true;
        ata_end_command(d, 0);
        break;
    case FEATURE_CACHE_OFF:
        d->write_cache = false;
        ata_flush(d);
        break;
    case FEATURE_MODE:                  /* of transfer: the usual ones, or one of PIO */
        ata_end_command(d, mode <= 1 || (mode >= MODE_PIO && mode <= MODE_PIO + MODE_PIO_MAX) ? 0 : ATA_ER_ABRT);
        break;
    case 0x66: case 0xcc:               /* what a software reset sets back: nothing here */
        ata_end_command(d, 0);
        break;
    default:
        ata_end_command(d, ATA_ER_ABRT);
        break;
    }
}

static void set_multiple(AtaDrive *d)
{
    const uint8_t n = d->now[ATA_COUNT];

    if (n > ATA_MULTIPLE_MAX || (n & (n - 1))) {
        d->multiple = 0;
        ata_end_command(d, ATA_ER_ABRT);
    } else {
        d->multiple = n;
        ata_end_command(d, 0);
    }
}

static void set_geometry(AtaDrive *d)
{
    const unsigned heads = (d->now[ATA_DEVICE] & 15u) + 1, track = d->now[ATA_COUNT];

    if (!track) {
        ata_end_command(d, ATA_ER_ABRT);
        return;
    }
    d->heads = (uint16_t)heads;
    d->track = (uint16_t)track;
    ata_end_command(d, 0);
}

typedef enum AtaKind {
    KIND_NONE, KIND_READ, KIND_WRITE, KIND_VERIFY, KIND_ERASE, KIND_FLUSH, KIND_IDENTIFY, KIND_FEATURES, KIND_MULTIPLE,
    KIND_GEOMETRY, KIND_DIAGNOSTIC, KIND_POWER_MODE, KIND_SENSE, KIND_NOTHING,
} AtaKind;
/* Beside an AtaKind in a command's entry. */
enum { KIND_MASK = 0xff, EXTENDED = 1 << 8, BY_MULTIPLE = 1 << 9 };

static const uint16_t commands[256] = {
    [0x03] = KIND_SENSE, [0x10 ... 0x1f] = KIND_NOTHING, [0x20] = KIND_READ, [0x21] = KIND_READ,
    [0x24] = KIND_READ | EXTENDED, [0x29] = KIND_READ | EXTENDED | BY_MULTIPLE, [0x30] = KIND_WRITE,
    [0x31] = KIND_WRITE, [0x34] = KIND_WRITE | EXTENDED, [0x38] = KIND_WRITE,
    [0x39] = KIND_WRITE | EXTENDED | BY_MULTIPLE, [0x40] = KIND_VERIFY, [0x41] = KIND_VERIFY,
    [0x42] = KIND_VERIFY | EXTENDED, [0x70 ... 0x7f] = KIND_NOTHING, [0x90] = KIND_DIAGNOSTIC,
    [0x91] = KIND_GEOMETRY, [0xc0] = KIND_ERASE, [0xc4] = KIND_READ | BY_MULTIPLE,
    [0xc5] = KIND_WRITE | BY_MULTIPLE, [0xc6] = KIND_MULTIPLE, [0xcd] = KIND_WRITE | BY_MULTIPLE,
    [0xe0] = KIND_NOTHING, [0xe1] = KIND_NOTHING, [0xe2] = KIND_NOTHING, [0xe3] = KIND_NOTHING,
    [0xe5] = KIND_POWER_MODE, [0xe6] = KIND_NOTHING, [0xe7] = KIND_FLUSH, [0xea] = KIND_FLUSH,
    [0xec] = KIND_IDENTIFY, [0xef] = KIND_FEATURES,
};

/* Commands that begin at a sector. */
static void at_sectors(AtaDrive *d, AtaKind kind)
{
    uint32_t count;

    if (!address(d, &count)) {
        ata_end_command(d, ATA_ER_IDNF);
    } else if (kind == KIND_READ) {
        ata_transfer(d, false, count);
    } else if (kind == KIND_VERIFY) {
        ata_end_command(d, 0);
    } else if (blk_readonly(d->blk)) {
        ata_end_command(d, ATA_ER_ABRT);
    } else if (kind == KIND_WRITE) {
        ata_transfer(d, true, count);
    } else {
        ata_erase(d, count);
    }
}

void ata_execute(AtaDrive *d, uint8_t command)
{
    const AtaKind kind = (AtaKind)(commands[command] & KIND_MASK);

    d->command = command;
    d->extended = commands[command] & EXTENDED;
    if ((commands[command] & BY_MULTIPLE) && !d->multiple) {
        ata_end_command(d, ATA_ER_ABRT);
        return;
    }
    switch (kind) {
    case KIND_READ: case KIND_WRITE: case KIND_VERIFY: case KIND_ERASE:
        at_sectors(d, kind);
        break;
    case KIND_FLUSH:
        ata_flush(d);
        break;
    case KIND_IDENTIFY:
        identify(d);
        break;
    case KIND_FEATURES:
        set_features(d);
        break;
    case KIND_MULTIPLE:
        set_multiple(d);
        break;
    case KIND_GEOMETRY:
        set_geometry(d);
        break;
    case KIND_DIAGNOSTIC:
        ata_set_signature(d);
        break;
    case KIND_POWER_MODE:
        d->now[ATA_COUNT] = 0xff;       /* awake, always */
        ata_end_command(d, 0);
        break;
    case KIND_SENSE:                    /* more about the last error: nothing */
    case KIND_NOTHING:
        ata_end_command(d, 0);
        break;
    case KIND_NONE:
        qemu_log_mask(LOG_UNIMP, "ata: command 0x%02x\n", command);
        ata_end_command(d, ATA_ER_ABRT);
        break;
    }
}
