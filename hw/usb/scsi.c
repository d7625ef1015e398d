/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SCSI commands of a disk (hw/usb/scsi.h). Numbers in commands and answers have their high byte first. */
#include <errno.h>
#include <string.h>
#include <glib.h>
#include "hw/usb/scsi.h"

enum {
    TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, READ_6 = 0x08, WRITE_6 = 0x0a, INQUIRY = 0x12, MODE_SENSE_6 = 0x1a,
    START_STOP = 0x1b, SEND_DIAGNOSTIC = 0x1d, PREVENT_REMOVAL = 0x1e, READ_FORMAT_CAPACITIES = 0x23,
    READ_CAPACITY_10 = 0x25, READ_10 = 0x28, WRITE_10 = 0x2a, SEEK_10 = 0x2b, VERIFY_10 = 0x2f, SYNCHRONIZE_10 = 0x35,
    MODE_SENSE_10 = 0x5a, READ_16 = 0x88, WRITE_16 = 0x8a, VERIFY_16 = 0x8f, SYNCHRONIZE_16 = 0x91,
    SERVICE_IN_16 = 0x9e, REPORT_LUNS = 0xa0, READ_12 = 0xa8, WRITE_12 = 0xaa, READ_CAPACITY_16 = 0x10,
};
enum {
    NO_SENSE = 0, NOT_READY = 2, MEDIUM_ERROR = 3, ILLEGAL_REQUEST = 5, UNIT_ATTENTION = 6, DATA_PROTECT = 7,
    ASC_WRITE_ERROR = 0x0c, ASC_READ_ERROR = 0x11, ASC_OPCODE = 0x20, ASC_RANGE = 0x21, ASC_FIELD = 0x24,
    ASC_LUN = 0x25, ASC_PROTECTED = 0x27, ASC_MEDIUM_CHANGED = 0x28, ASC_POWER_ON = 0x29, ASC_PARAMETERS = 0x2a,
    ASCQ_CAPACITY = 0x09, ASC_NO_MEDIUM = 0x3a, ASC_REMOVAL = 0x53, ASCQ_PREVENTED = 0x02,
};
enum { PAGE_CACHING = 0x08, PAGE_ALL = 0x3f, CACHE_WRITES = 1 << 2, NO_LUN = 0x7f, FIXED_SENSE = 0x70, SENSE_LEN = 18 };
enum { MAX_BYTES = 1 << 30 };

static ScsiCommand done(void)
{
    return (ScsiCommand) { .action = SCSI_DONE };
}

static ScsiCommand fail(ScsiDisk *s, unsigned key, unsigned asc, unsigned ascq)
{
    s->key = (uint8_t)key;
    s->asc = (uint8_t)asc;
    s->ascq = (uint8_t)ascq;
    return (ScsiCommand) { .action = SCSI_FAILED };
}

/* As much of the reply as the host has room for. */
static ScsiCommand reply_with(uint32_t len, uint32_t room)
{
    return (ScsiCommand) { .action = SCSI_REPLY, .bytes = MIN(len, room) };
}

static uint64_t number(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void put(uint8_t *p, unsigned bytes, uint64_t v)
{
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
    }
}

static bool ready(const ScsiDisk *s)
{
    return s->present && !s->ejected;
}

void scsi_reset(ScsiDisk *s)
{
    s->key = s->asc = s->ascq = s->attention_q = 0;
    s->attention = ASC_POWER_ON;
    s->ejected = s->locked = false;
}

void scsi_medium_changed(ScsiDisk *s, bool grown)
{
    if (s->present) {
        s->attention = grown ? ASC_PARAMETERS : ASC_MEDIUM_CHANGED;
        s->attention_q = grown ? ASCQ_CAPACITY : 0;
    }
}

void scsi_io_failed(ScsiDisk *s, bool write, int error)
{
    if (error == -ENOMEDIUM) {
        fail(s, NOT_READY, ASC_NO_MEDIUM, 0);
    } else {
        fail(s, MEDIUM_ERROR, write ? ASC_WRITE_ERROR : ASC_READ_ERROR, 0);
    }
}

/* ---- what the disk says of itself ---- */

static ScsiCommand vital_page(ScsiDisk *s, const uint8_t *cdb, uint8_t *reply)
{
    static const uint8_t pages[] = { 0x00, 0x80, 0x83 };
    const char *serial = s->serial ? s->serial : "1";
    const size_t len = strnlen(serial, 36);

    reply[1] = cdb[2];
    switch (cdb[2]) {
    case 0x00:
        memcpy(reply + 4, pages, sizeof(pages));
        reply[3] = sizeof(pages);
        break;
    case 0x80:
        memcpy(reply + 4, serial, len);
        reply[3] = (uint8_t)len;
        break;
    case 0x83:                  /* one name: ASCII, of the vendor's own */
        reply[4] = 2;
        memcpy(reply + 8, serial, len);
        reply[7] = (uint8_t)len;
        reply[3] = (uint8_t)(4 + len);
        break;
    default:
        return fail(s, ILLEGAL_REQUEST, ASC_FIELD, 0);
    }
    return reply_with(4u + reply[3], (uint32_t)number(cdb + 3, 2));
}

static ScsiCommand inquiry(ScsiDisk *s, unsigned lun, const uint8_t *cdb, uint8_t *reply)
{
    enum { LEN = 36 };

    reply[0] = lun ? NO_LUN : 0;
    if (cdb[1] & 1) {
        return vital_page(s, cdb, reply);
    }
    if (cdb[2]) {
        return fail(s, ILLEGAL_REQUEST, ASC_FIELD, 0);
    }
    reply[1] = s->removable ? 0x80 : 0;
    reply[2] = 5;               /* SPC-3 */
    reply[3] = 2;
    reply[4] = LEN - 5;
    memcpy(reply + 8, "PQEMU   PQEMU DISK      1.0 ", LEN - 8);
    return reply_with(LEN, (uint32_t)number(cdb + 3, 2));
}

static ScsiCommand request_sense(ScsiDisk *s, const uint8_t *cdb, uint8_t *reply)
{
    reply[0] = FIXED_SENSE;
    reply[2] = s->key;
    reply[7] = SENSE_LEN - 8;
    reply[12] = s->asc;
    reply[13] = s->ascq;
    s->key = s->asc = s->ascq = 0;
    return reply_with(SENSE_LEN, cdb[4]);
}

static ScsiCommand report_luns(const uint8_t *cdb, uint8_t *reply)
{
    put(reply, 4, 8);           /* one, number 0 */
    return reply_with(16, (uint32_t)number(cdb + 6, 4));
}

static ScsiCommand mode_sense(ScsiDisk *s, const uint8_t *cdb, uint8_t *reply)
{
    const bool ten = cdb[0] == MODE_SENSE_10;
    const unsigned page = cdb[2] & 0x3f, header = ten ? 8 : 4;
    uint8_t *at = reply + header;
    const bool changeable = cdb[2] >> 6 == 1;

    reply[ten ? 3 : 2] = s->readonly ? 0x80 : 0;
    if (page == PAGE_CACHING || page == PAGE_ALL) {
        at[0] = PAGE_CACHING;
        at[1] = 18;
        at[2] = changeable ? 0 : CACHE_WRITES;
        at += 20;
    }
    if (at == reply + header && page) {
        return fail(s, ILLEGAL_REQUEST, ASC_FIELD, 0);
    }
    put(reply, ten ? 2 : 1, (uint64_t)(at - reply) - (ten ? 2 : 1));
    return reply_with((uint32_t)(at - reply), (uint32_t)(ten ? number(cdb + 7, 2) : cdb[4]));
}

static ScsiCommand read_capacity_10(const ScsiDisk *s, uint8_t *reply)
{
    put(reply, 4, MIN(s->sectors - 1, (uint64_t)UINT32_MAX));
    put(reply + 4, 4, SCSI_SECTOR);
    return reply_with(8, 8);
}

static ScsiCommand service_in(ScsiDisk *s, const uint8_t *cdb, uint8_t *reply)
{
    if ((cdb[1] & 0x1f) != READ_CAPACITY_16) {
        return fail(s, ILLEGAL_REQUEST, ASC_FIELD, 0);
    }
    put(reply, 8, s->sectors - 1);
    put(reply + 8, 4, SCSI_SECTOR);
    return reply_with(32, (uint32_t)number(cdb + 10, 4));
}

static ScsiCommand format_capacities(const ScsiDisk *s, const uint8_t *cdb, uint8_t *reply)
{
    reply[3] = 8;
    put(reply + 4, 4, MIN(s->sectors, (uint64_t)UINT32_MAX));
    put(reply + 8, 4, 2u << 24 | SCSI_SECTOR);          /* formatted */
    return reply_with(12, (uint32_t)number(cdb + 7, 2));
}

/* ---- what it does ---- */

static ScsiCommand start_stop(ScsiDisk *s, const uint8_t *cdb)
{
    const bool load_or_eject = cdb[4] & 2, start = cdb[4] & 1;

    if (load_or_eject && !start && s->locked) {
        return fail(s, ILLEGAL_REQUEST, ASC_REMOVAL, ASCQ_PREVENTED);
    }
    if (load_or_eject && s->removable && s->ejected == start) {
        s->ejected = !start;
    }
    return done();
}

/* Where the command says what it is about: the first block's number, and how many. */
static const struct Range { uint8_t opcode, at, size, count_at, count_size; } ranges[] = {
    { READ_6, 1, 3, 4, 1 }, { WRITE_6, 1, 3, 4, 1 },
    { READ_10, 2, 4, 7, 2 }, { WRITE_10, 2, 4, 7, 2 }, { VERIFY_10, 2, 4, 7, 2 }, { SEEK_10, 2, 4, 7, 0 },
    { READ_12, 2, 4, 6, 4 }, { WRITE_12, 2, 4, 6, 4 },
    { READ_16, 2, 8, 10, 4 }, { WRITE_16, 2, 8, 10, 4 }, { VERIFY_16, 2, 8, 10, 4 },
};

static const struct Range *find_range(uint8_t opcode)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        if (ranges[i].opcode == opcode) {
            return &ranges[i];
        }
    }
    return NULL;
}

static ScsiAction block_action(uint8_t opcode)
{
    switch (opcode) {
    case READ_6:
    case READ_10:
    case READ_12:
    case READ_16:
        return SCSI_READ;
    case WRITE_6:
    case WRITE_10:
    case WRITE_12:
    case WRITE_16:
        return SCSI_WRITE;
    default:
        return SCSI_DONE;
    }
}

static ScsiCommand blocks(ScsiDisk *s, const struct Range *r, const uint8_t *cdb)
{
    const bool six = cdb[0] == READ_6 || cdb[0] == WRITE_6;
    const uint64_t first = number(cdb + r->at, r->size) & (six ? 0x1fffff : UINT64_MAX);
    const uint64_t said = number(cdb + r->count_at, r->count_size), count = six && !said ? 256 : said;
    ScsiCommand c = { .action = block_action(cdb[0]) };

    if (first > s->sectors || count > s->sectors - first) {
        return fail(s, ILLEGAL_REQUEST, ASC_RANGE, 0);
    }
    if ((cdb[0] == VERIFY_10 || cdb[0] == VERIFY_16) && (cdb[1] & 6)) {
        return fail(s, ILLEGAL_REQUEST, ASC_FIELD, 0);  /* to compare with what the host sends */
    }
    if (c.action == SCSI_WRITE && s->readonly) {
        return fail(s, DATA_PROTECT, ASC_PROTECTED, 0);
    }
    if (count * SCSI_SECTOR > MAX_BYTES) {
        return fail(s, ILLEGAL_REQUEST, ASC_FIELD, 0);
    }
    c.offset = first * SCSI_SECTOR;
    c.bytes = (uint32_t)(c.action == SCSI_DONE ? 0 : count * SCSI_SECTOR);
    c.action = c.bytes ? c.action : SCSI_DONE;
    return c;
}

/* Commands that need a medium. */
static ScsiCommand medium_command(ScsiDisk *s, const uint8_t *cdb, uint8_t *reply)
{
    const struct Range *r = find_range(cdb[0]);

    if (!ready(s)) {
        return fail(s, NOT_READY, ASC_NO_MEDIUM, 0);
    }
    if (r) {
        return blocks(s, r, cdb);
    }
    switch (cdb[0]) {
    case READ_CAPACITY_10:
        return read_capacity_10(s, reply);
    case SERVICE_IN_16:
        return service_in(s, cdb, reply);
    case READ_FORMAT_CAPACITIES:
        return format_capacities(s, cdb, reply);
    case SYNCHRONIZE_10:
    case SYNCHRONIZE_16:
        return (ScsiCommand) { .action = s->readonly ? SCSI_DONE : SCSI_FLUSH };
    default:                    /* TEST_UNIT_READY */
        return done();
    }
}

ScsiCommand scsi_begin(ScsiDisk *s, unsigned lun, const uint8_t *cdb, uint8_t *reply)
{
    memset(reply, 0, SCSI_REPLY_MAX);
    switch (cdb[0]) {           /* these are answered in any case */
    case INQUIRY:
        return inquiry(s, lun, cdb, reply);
    case REQUEST_SENSE:
        return request_sense(s, cdb, reply);
    case REPORT_LUNS:
        return report_luns(cdb, reply);
    default:
        break;
    }
    if (lun) {
        return fail(s, ILLEGAL_REQUEST, ASC_LUN, 0);
    }
    if (s->attention) {
        const uint8_t asc = s->attention, ascq = s->attention_q;

        s->attention = s->attention_q = 0;
        return fail(s, UNIT_ATTENTION, asc, ascq);
    }
    switch (cdb[0]) {
    case MODE_SENSE_6:
    case MODE_SENSE_10:
        return mode_sense(s, cdb, reply);
    case START_STOP:
        return start_stop(s, cdb);
    case SEND_DIAGNOSTIC:       /* of itself, it is well; others there are none */
        return cdb[1] & 4 ? done() : fail(s, ILLEGAL_REQUEST, ASC_FIELD, 0);
    case PREVENT_REMOVAL:
        s->locked = cdb[4] & 1;
        return done();
    case TEST_UNIT_READY:
    case READ_FORMAT_CAPACITIES:
    case READ_CAPACITY_10:
    case SERVICE_IN_16:
    case SYNCHRONIZE_10:
    case SYNCHRONIZE_16:
        return medium_command(s, cdb, reply);
    default:
        return find_range(cdb[0]) ? medium_command(s, cdb, reply) : fail(s, ILLEGAL_REQUEST, ASC_OPCODE, 0);
    }
}
