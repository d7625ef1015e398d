/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command set of an Intel 28F256J3 (data sheet 290667; CFI: JESD68, Intel's primary command set 0x0001). Commands
 * are in the lower 8 bits.
 *
 * What differs from the chip: it has no protection register, cannot be suspended, and takes as long as the host takes.
 * The query data say so, with limits of half a minute: a driver must not give up because the host's disk is slow.
 */
#include <stddef.h>
#include <string.h>
#include "hw/block/nor-chip.h"
#include "qemu/log.h"

enum {
    CMD_LOCK_BLOCK = 0x01, CMD_PROGRAM_OLD = 0x10, CMD_ERASE = 0x20, CMD_PROGRAM = 0x40, CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK = 0x60, CMD_READ_STATUS = 0x70, CMD_READ_ID = 0x90, CMD_READ_CFI = 0x98, CMD_SUSPEND = 0xb0,
    CMD_CONFIRM = 0xd0, CMD_BUFFER = 0xe8, CMD_READ_ARRAY = 0xff,
};

enum { ID_MAKER = 0x89, ID_DEVICE = 0x1d };
enum { SEQUENCE_ERROR = NOR_STATUS_PROGRAM | NOR_STATUS_ERASE };

/* By word address, from 0x10. */
static const uint8_t cfi[] = {
    'Q', 'R', 'Y', 0x01, 0x00,          /* command set */
    0x31, 0x00, 0x00, 0x00, 0x00, 0x00, /* where its table is; there is no other command set */
    0x27, 0x36, 0x00, 0x00,             /* Vcc 2.7 to 3.6 V */
    4, 4, 1, 0,                         /* 2^n us for a word and a buffer, 2^n ms for a block */
    21, 21, 14, 0,                      /* at most 2^n times that */
    25, 0x01, 0x00, 5, 0x00,            /* 2^25 bytes, 16 bits wide, 2^5 bytes of buffer */
    1, 0xff, 0x00, 0x00, 0x02,          /* one region, of 256 blocks of 512 * 256 bytes */
    'P', 'R', 'I', '1', '1',
    0x88, 0x00, 0x00, 0x00,             /* blocks can be locked; reads by pages; nothing can be suspended */
    0x00, 0x01, 0x00,                   /* status of a block: locked */
    0x33, 0x00, 0x00,                   /* 3.3 V; no protection register */
    3, 0,                               /* pages of 2^3 bytes; no synchronous reads */
};
enum { CFI_FIRST = 0x10 };

void nor_chip_reset(NorChip *c)
{
    c->mode = NOR_READ_ARRAY;
    c->step = NOR_COMMAND;
    c->operation = NOR_NOTHING;
    c->status = c->count = c->got = c->filled = 0;
    c->bad = false;
}

void nor_chip_sanitize(NorChip *c)
{
    c->mode = c->mode < NOR_MODES ? c->mode : NOR_READ_ARRAY;
    c->step = c->step < NOR_WAITS ? c->step : NOR_COMMAND;
    c->operation = NOR_NOTHING;
    c->word %= NOR_WORDS;
    c->count = c->count <= NOR_BUFFER_WORDS ? c->count : NOR_BUFFER_WORDS;
    if (c->step == NOR_BUFFER_DATA && c->got >= c->count) {
        c->step = NOR_COMMAND;
    }
}

static uint16_t read_id(const NorChip *c, uint32_t word)
{
    switch (word % NOR_BLOCK_WORDS) {
    case 0:
        return ID_MAKER;
    case 1:
        return ID_DEVICE;
    case 2:
        return c->locked[word / NOR_BLOCK_WORDS];
    default:
        return 0;
    }
}

uint16_t nor_chip_read(const NorChip *c, uint32_t word)
{
    switch (c->mode) {
    case NOR_READ_ID:
        return read_id(c, word);
    case NOR_READ_CFI:
        word = word % NOR_BLOCK_WORDS - CFI_FIRST;
        return word < sizeof(cfi) ? cfi[word] : 0;
    default:
        return (uint16_t)(c->status | (c->step < NOR_WAITS ? NOR_STATUS_READY : 0));
    }
}

static void fail(NorChip *c, unsigned status)
{
    c->status |= status;
    c->step = NOR_COMMAND;
}

static bool sequence_error(NorChip *c, unsigned value)
{
    qemu_log_mask(LOG_GUEST_ERROR, "nor-flash: 0x%x does not go on with the command before it\n", value);
    fail(c, SEQUENCE_ERROR);
    return false;
}

static bool start(NorChip *c, NorOperation operation, uint32_t word, bool vpp)
{
    unsigned error = operation == NOR_ERASE ? NOR_STATUS_ERASE : NOR_STATUS_PROGRAM;

    if (!vpp || c->locked[word / NOR_BLOCK_WORDS]) {
        fail(c, error | (vpp ? NOR_STATUS_LOCKED : NOR_STATUS_NO_VPP));
        return false;
    }
    c->operation = operation;
    c->word = word;
    c->step = NOR_WAITS;
    return true;
}

static void command(NorChip *c, uint32_t word, unsigned value)
{
    switch (value) {
    case CMD_READ_ARRAY:
        c->mode = NOR_READ_ARRAY;
        return;
    case CMD_READ_ID:
        c->mode = NOR_READ_ID;
        return;
    case CMD_READ_CFI:
        c->mode = NOR_READ_CFI;
        return;
    case CMD_CLEAR_STATUS:
        c->status = 0;
        return;
    case CMD_READ_STATUS:
    case CMD_SUSPEND:                   /* too late: nothing is under way */
    case CMD_CONFIRM:                   /* nothing to resume */
        break;
    case CMD_PROGRAM:
    case CMD_PROGRAM_OLD:
        c->step = NOR_PROGRAM_DATA;
        break;
    case CMD_ERASE:
        c->step = NOR_ERASE_CONFIRM;
        break;
    case CMD_LOCK:
        c->step = NOR_LOCK_CONFIRM;
        break;
    case CMD_BUFFER:
        c->step = NOR_BUFFER_COUNT;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "nor-flash: unknown command 0x%x at word 0x%x\n", value, word);
        return;
    }
    c->mode = NOR_READ_STATUS;
}

/* Blocks are locked one by one and unlocked together. */
static void lock(NorChip *c, uint32_t word, unsigned value, bool vpp)
{
    if (value != CMD_LOCK_BLOCK && value != CMD_CONFIRM) {
        sequence_error(c, value);
    } else if (!vpp) {
        fail(c, NOR_STATUS_NO_VPP | (value == CMD_CONFIRM ? NOR_STATUS_ERASE : NOR_STATUS_PROGRAM));
    } else if (value == CMD_LOCK_BLOCK) {
        c->locked[word / NOR_BLOCK_WORDS] = true;
    } else {
        memset(c->locked, 0, sizeof(c->locked));
    }
    c->step = NOR_COMMAND;
}

static void buffer_count(NorChip *c, unsigned value)
{
    if (value >= NOR_BUFFER_WORDS) {
        sequence_error(c, value);
        return;
    }
    c->count = value + 1;
    c->got = c->filled = 0;
    c->bad = false;
    c->step = NOR_BUFFER_DATA;
}

/* The first word says where the buffer is in the array: it is aligned to its size. */
static void buffer_data(NorChip *c, uint32_t word, uint16_t value)
{
    unsigned at = word % NOR_BUFFER_WORDS;

    if (!c->got++) {
        c->word = word - at;
    }
    c->bad |= word - at != c->word;
    c->buffer[at] = value;
    c->filled |= 1u << at;
    if (c->got == c->count) {
        c->step = NOR_BUFFER_CONFIRM;
    }
}

bool nor_chip_heeds(unsigned command)
{
    return command == CMD_READ_STATUS || command == CMD_SUSPEND;
}

bool nor_chip_write(NorChip *c, uint32_t word, uint16_t value, bool vpp)
{
    switch (c->step) {
    case NOR_COMMAND:
        command(c, word, value & 0xff);
        return false;
    case NOR_PROGRAM_DATA:
        c->buffer[word % NOR_BUFFER_WORDS] = value;
        c->filled = 1u << word % NOR_BUFFER_WORDS;
        return start(c, NOR_PROGRAM, word - word % NOR_BUFFER_WORDS, vpp);
    case NOR_ERASE_CONFIRM:
        return (value & 0xff) == CMD_CONFIRM ? start(c, NOR_ERASE, word, vpp) : sequence_error(c, value);
    case NOR_LOCK_CONFIRM:
        lock(c, word, value & 0xff, vpp);
        return false;
    case NOR_BUFFER_COUNT:
        buffer_count(c, value);
        return false;
    case NOR_BUFFER_DATA:
        buffer_data(c, word, value);
        return false;
    case NOR_BUFFER_CONFIRM:
        return (value & 0xff) == CMD_CONFIRM && !c->bad ? start(c, NOR_PROGRAM, c->word, vpp)
                                                       : sequence_error(c, value);
    default:
        if (!nor_chip_heeds(value)) {
            qemu_log_mask(LOG_GUEST_ERROR, "nor-flash: 0x%x at word 0x%x while it is busy\n", value, word);
        }
        return false;
    }
}

void nor_chip_done(NorChip *c, bool failed)
{
    if (failed) {
        c->status |= c->operation == NOR_ERASE ? NOR_STATUS_ERASE : NOR_STATUS_PROGRAM;
    }
    c->operation = NOR_NOTHING;
    c->step = NOR_COMMAND;
}
