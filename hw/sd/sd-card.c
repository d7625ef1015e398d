/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SD memory card: its states and its commands (SD Physical Layer Simplified Specification 3.01, chapter 4).
 * include/hw/sd/sd-card.h tells who calls what with which lock; sd-data.c moves the data.
 */
#include <glib.h>
#include <string.h>
#include "hw/sd/sd-internal.h"
#include "qemu/trace.h"

bool sd_card_present(const SDCard *card)
{
    return card->present;
}

bool sd_card_readonly(const SDCard *card)
{
    return blk_readonly(card->blk);
}

/* ---- commands ---- */

static SDResponse short_response(uint32_t response[4], uint32_t value)
{
    response[0] = value;
    return SD_SHORT_RESPONSE;
}

/* R1: the status as it was when the command came, with the command's own errors. */
static SDResponse status_response(SDCard *card, SDState state, uint32_t response[4])
{
    uint32_t value = card->status | (uint32_t)state << 9;

    if (state != SD_PRG && state != SD_DIS && !(state == SD_RCV && card->under_way)) {
        value |= ST_READY_FOR_DATA;
    }
    card->status = 0;
    return short_response(response, value);
}

static SDResponse long_response(const uint8_t reg[16], uint32_t response[4])
{
    for (int i = 0; i < 4; i++) {
        response[i] = (uint32_t)reg[i * 4] << 24 | (uint32_t)reg[i * 4 + 1] << 16 | (uint32_t)reg[i * 4 + 2] << 8
                      | reg[i * 4 + 3];
    }
    return SD_LONG_RESPONSE;
}

/* The next status says so; there is no response to this one. */
static SDResponse illegal(SDCard *card)
{
    card->status |= ST_ILLEGAL_COMMAND;
    return SD_NO_RESPONSE;
}

/* A transfer of memory from `argument` on; errors are in card->status and it does not begin. */
static void begin_transfer(SDCard *card, uint32_t argument, bool write, bool multiple)
{
    uint64_t offset = card->standard ? argument : (uint64_t)argument * SD_BLOCK;
    uint32_t length = card->standard && !write ? card->block_length : SD_BLOCK;
    uint64_t count = multiple ? card->block_count : 1;

    if (offset >= card->bytes || length > card->bytes - offset) {
        card->status |= ST_OUT_OF_RANGE;
    } else if (card->standard && card->block_length != SD_BLOCK && (write || multiple)) {
        card->status |= ST_BLOCK_LEN_ERROR;
    } else if (offset / SD_BLOCK != (offset + length - 1) / SD_BLOCK || (write && offset % SD_BLOCK)) {
        card->status |= ST_ADDRESS_ERROR;
    } else if (write && sd_card_readonly(card)) {
        card->status |= ST_WP_VIOLATION;
    } else {
        if (count > (card->bytes - offset) / length) {
            count = (card->bytes - offset) / length;
            card->status |= ST_OUT_OF_RANGE;
        }
        if (write) {
            sd_begin_write(card, offset, count);
        } else {
            sd_begin_read(card, offset, length, count);
        }
    }
}

static SDResponse transfer(SDCard *card, uint32_t argument, bool write, bool multiple, uint32_t response[4])
{
    SDState before = card->state;

    if (before != SD_TRAN) {
        return illegal(card);
    }
    begin_transfer(card, argument, write, multiple);
    return status_response(card, before, response);
}

static void erase(SDCard *card)
{
    if (!card->erase_first_set || !card->erase_end_set) {
        card->status |= ST_ERASE_SEQ_ERROR;
    } else if (card->erase_first > card->erase_end || card->erase_end >= card->bytes) {
        card->status |= ST_ERASE_PARAM;
    } else if (sd_card_readonly(card)) {
        card->status |= ST_WP_VIOLATION;
    } else {
        uint64_t first = card->erase_first / SD_BLOCK, last = card->erase_end / SD_BLOCK;

        sd_begin_erase(card, first * SD_BLOCK, (last - first + 1) * SD_BLOCK);
    }
    card->erase_first_set = card->erase_end_set = false;
}

static void erase_limit(SDCard *card, uint32_t argument, uint64_t *limit, bool *set)
{
    *limit = card->standard ? argument : (uint64_t)argument * SD_BLOCK;
    *set = *limit < card->bytes;
    if (!*set) {
        card->status |= ST_OUT_OF_RANGE;
    }
}

static SDResponse stop(SDCard *card, uint32_t response[4])
{
    SDState before = card->state;

    if (before != SD_DATA && before != SD_RCV) {
        return illegal(card);
    }
    sd_end_transfer(card);
    return status_response(card, before, response);
}

/* CMD7: to the transfer state if the address is ours, back to stand-by if it is another's. */
static SDResponse select_card(SDCard *card, uint32_t argument, uint32_t response[4])
{
    SDState before = card->state;

    if (argument >> 16 == card->rca && card->rca) {
        if (before != SD_STBY && before != SD_DIS) {
            return illegal(card);
        }
        card->state = before == SD_DIS ? SD_PRG : SD_TRAN;
        return status_response(card, before, response);
    }
    if (before == SD_DATA) {
        sd_end_transfer(card);
    }
    if (before == SD_TRAN || before == SD_DATA) {
        card->state = SD_STBY;
    } else if (before == SD_PRG) {
        card->state = SD_DIS;
    }
    return SD_NO_RESPONSE;
}

static SDResponse application_command(SDCard *card, unsigned index, uint32_t argument, uint32_t response[4])
{
    SDState before = card->state;
    uint8_t data[SD_STATUS_BYTES];

    if (index == 41 && before == SD_IDLE) {
        uint32_t ocr = OCR_VOLTAGES;

        if (argument & OCR_VOLTAGES) {
            card->high_capacity_host = argument & OCR_HIGH_CAPACITY;
            /* A host that cannot address a high-capacity card is answered "busy" for ever. */
            if (card->standard || card->high_capacity_host) {
                ocr |= OCR_POWERED_UP | (card->standard ? 0 : OCR_HIGH_CAPACITY);
                card->state = SD_READY;
            }
        }
        return short_response(response, ocr);
    }
    if (before != SD_TRAN) {
        return illegal(card);
    }
    switch (index) {
    case 6:
        card->four_lines = (argument & 3) == 2;
        break;
    case 13:
        sd_make_status(data, card->four_lines);
        sd_send_bytes(card, data, SD_STATUS_BYTES);
        break;
    case 22:
        for (int i = 0; i < 4; i++) {
            data[i] = (uint8_t)(card->written >> (24 - i * 8));
        }
        sd_send_bytes(card, data, 4);
        break;
    case 23: case 42:           /* blocks to erase in advance; the card-detect resistor */
        break;
    case 51:
        sd_make_scr(data, card->bytes);
        sd_send_bytes(card, data, SD_SCR_BYTES);
        break;
    default:
        return illegal(card);
    }
    card->status |= ST_APP_CMD;
    return status_response(card, before, response);
}

/* Commands that any card hears, and those by which it is found. */
static SDResponse identification_command(SDCard *card, unsigned index, uint32_t argument, uint32_t response[4])
{
    SDState before = card->state;

    switch (index) {
    case 0:
        sd_card_reset(card);
        return SD_NO_RESPONSE;
    case 2:
        if (before != SD_READY) {
            return illegal(card);
        }
        card->state = SD_IDENT;
        return long_response(card->cid, response);
    case 3:
        if (before != SD_IDENT && before != SD_STBY) {
            return illegal(card);
        }
        card->rca = (uint16_t)(card->rca == 0xffff ? 1 : card->rca + 1);
        card->state = SD_STBY;
        response[0] = (uint32_t)card->rca << 16 | (card->status >> 8 & 0xc000) | (card->status >> 6 & 0x2000)
                      | (uint32_t)before << 9 | ST_READY_FOR_DATA;
        card->status = 0;
        return SD_SHORT_RESPONSE;
    default:                    /* 8: the voltage and the pattern come back */
        if (before != SD_IDLE) {
            return illegal(card);
        }
        return (argument >> 8 & 0xf) == 1 ? short_response(response, argument & 0xfff) : SD_NO_RESPONSE;
    }
}

/* Commands whose argument is the address of the card that is meant. */
static SDResponse addressed_command(SDCard *card, unsigned index, uint32_t argument, uint32_t response[4])
{
    bool ours = argument >> 16 == card->rca;

    switch (index) {
    case 7:
        return select_card(card, argument, response);
    case 9: case 10:
        return card->state == SD_STBY && ours ? long_response(index == 9 ? card->csd : card->cid, response)
                                              : ours ? illegal(card) : SD_NO_RESPONSE;
    case 13:
        return !ours ? SD_NO_RESPONSE : card->state >= SD_STBY ? status_response(card, card->state, response)
                                                               : illegal(card);
    case 15:
        card->state = ours ? SD_INACTIVE : card->state;
        return SD_NO_RESPONSE;
    default:                    /* 55 */
        if (!ours) {
            return SD_NO_RESPONSE;
        }
        card->app_command = true;
        card->status |= ST_APP_CMD;
        return status_response(card, card->state, response);
    }
}

static SDResponse memory_command(SDCard *card, unsigned index, uint32_t argument, uint32_t response[4])
{
    SDState before = card->state;
    uint8_t data[SD_SWITCH_BYTES];
    uint32_t limit;

    if (index == 12) {
        return stop(card, response);
    }
    if (before != SD_TRAN) {
        return illegal(card);
    }
    switch (index) {
    case 6:
        sd_make_switch(data, argument, &card->high_speed);
        sd_send_bytes(card, data, SD_SWITCH_BYTES);
        break;
    case 16:
        limit = card->standard ? SD_BLOCK : UINT32_MAX;
        if (!argument || argument > limit) {
            card->status |= ST_BLOCK_LEN_ERROR;
        } else {
            card->block_length = argument;
        }
        break;
    case 17: case 18:
        return transfer(card, argument, false, index == 18, response);
    case 23:
        card->block_count = argument;
        return status_response(card, before, response);
    case 24: case 25:
        return transfer(card, argument, true, index == 25, response);
    case 32:
        erase_limit(card, argument, &card->erase_first, &card->erase_first_set);
        break;
    case 33:
        erase_limit(card, argument, &card->erase_end, &card->erase_end_set);
        break;
    case 38:
        erase(card);
        break;
    default:
        return illegal(card);
    }
    card->block_count = 0;
    return status_response(card, before, response);
}

/* After CMD55 these are others than without. */
static bool is_application_command(unsigned index)
{
    return index == 6 || index == 13 || index == 22 || index == 23 || index == 41 || index == 42 || index == 51;
}

static SDResponse carry_out(SDCard *card, bool application, unsigned index, uint32_t argument, uint32_t response[4])
{
    if (!card->present || card->state == SD_INACTIVE) {
        return SD_NO_RESPONSE;
    }
    if (application) {
        return application_command(card, index, argument, response);
    }
    switch (index) {
    case 0: case 2: case 3: case 8:
        return identification_command(card, index, argument, response);
    case 7: case 9: case 10: case 13: case 15: case 55:
        return addressed_command(card, index, argument, response);
    case 4:
        return SD_NO_RESPONSE;  /* the driver stage register, which this card has not */
    default:
        return memory_command(card, index, argument, response);
    }
}

SDResponse sd_card_command(SDCard *card, unsigned index, uint32_t argument, uint32_t response[4])
{
    bool application = card->app_command && is_application_command(index);

    if (card->state != SD_INACTIVE) {
        card->app_command = false;
    }
    SDResponse kind = carry_out(card, application, index, argument, response);

    trace(SD_COMMAND, "card=%s command=%sCMD%u argument=0x%08x response=%s state=%d", card->dev.name,
          application ? "A" : "", index, argument,
          kind == SD_NO_RESPONSE ? "none" : kind == SD_LONG_RESPONSE ? "long" : "short", (int)card->state);
    return kind;
}

void sd_card_reset(SDCard *card)
{
    if (card->state == SD_RCV && card->present) {
        sd_end_transfer(card);     /* whole blocks that it took are written */
    }
    card->stale = card->under_way;
    card->waiting = false;
    card->state = SD_IDLE;
    card->status = 0;
    card->rca = 0;
    card->app_command = card->four_lines = card->high_speed = card->failed = false;
    card->erase_first_set = card->erase_end_set = false;
    card->block_length = SD_BLOCK;
    card->block_count = 0;
    card->left = 0;
    card->filled = card->taken = 0;
}

/* ---- the card as a device ---- */

/* What is under way comes to its end, so no request is part of the state. */
static void sd_card_pre_save(void *opaque)
{
    SDCard *card = opaque;

    blk_drain(card->blk);
}

static void sd_card_post_load(void *opaque)
{
    SDCard *card = opaque;
    size_t room = card->replies ? sizeof(card->reply) : sizeof(card->buffer);

    card->state = card->state > SD_INACTIVE ? SD_INACTIVE : card->state;
    card->next = card->next > card->bytes ? card->bytes : card->next;
    card->filled = card->filled > room ? room : card->filled;
    if (card->state == SD_RCV && card->filled > card->bytes - card->next) {
        card->filled = (size_t)(card->bytes - card->next);
    }
    card->taken = card->taken > card->filled ? card->filled : card->taken;
    card->piece = card->piece > SD_BUFFER ? SD_BUFFER : card->piece;
    card->block_length = card->block_length > SD_BLOCK ? SD_BLOCK : card->block_length;
}

static const DeviceField sd_card_fields[] = {
    DEVICE_FIXED(SDCard, bytes),
    DEVICE_FIELD(SDCard, state), DEVICE_FIELD(SDCard, status), DEVICE_FIELD(SDCard, rca),
    DEVICE_FIELD(SDCard, app_command), DEVICE_FIELD(SDCard, high_capacity_host), DEVICE_FIELD(SDCard, four_lines),
    DEVICE_FIELD(SDCard, high_speed), DEVICE_FIELD(SDCard, block_length), DEVICE_FIELD(SDCard, block_count),
    DEVICE_FIELD(SDCard, erase_first), DEVICE_FIELD(SDCard, erase_end), DEVICE_FIELD(SDCard, erase_first_set),
    DEVICE_FIELD(SDCard, erase_end_set), DEVICE_FIELD(SDCard, written), DEVICE_FIELD(SDCard, failed),
    DEVICE_FIELD(SDCard, next), DEVICE_FIELD(SDCard, left), DEVICE_FIELD(SDCard, filled), DEVICE_FIELD(SDCard, taken),
    DEVICE_FIELD(SDCard, piece), DEVICE_FIELD(SDCard, replies), DEVICE_ARRAY(SDCard, buffer),
    DEVICE_ARRAY(SDCard, reply),
    { 0 },
};

/* Its host resets it. */
static const DeviceClass sd_card_class = {
    .name = "sd-card",
    .state_size = sizeof(SDCard),
    .version = 1,
    .fields = sd_card_fields,
    .pre_save = sd_card_pre_save,
    .post_load = sd_card_post_load,
};

/* ---- cards come and go ---- */

/* Why an image of this size is no card, to be freed; NULL: it is one. */
static char *size_problem(void *opaque, const char *path, const char *format, uint64_t bytes)
{
    uint64_t next = bytes > SD_MAX_EXTENDED ? SD_MAX_EXTENDED : (bytes / SD_UNIT + 1) * SD_UNIT;

    if (bytes && !(bytes % SD_UNIT) && bytes <= SD_MAX_EXTENDED) {
        return NULL;
    }
    return g_strdup_printf("'%s': an SD card has a multiple of 512 KiB and at most 2 TiB, not %llu bytes (qemu-img "
                           "resize -f %s '%s' %lluK makes it one)", path, (unsigned long long)bytes, format, path,
                           (unsigned long long)next >> 10);
}

/* The back end has a medium, or has none. */
static void look_at_medium(SDCard *card)
{
    card->present = blk_has_medium(card->blk);
    card->bytes = blk_bytes(card->blk);
    if (card->present) {
        card->standard = sd_is_standard(card->bytes);
        sd_make_cid(card->cid, g_str_hash(blk_path(card->blk)));
        sd_make_csd(card->csd, card->bytes, blk_readonly(card->blk));
    }
    sd_card_reset(card);
}

static void medium_changed(void *opaque, bool present)
{
    SDCard *card = opaque;

    counted_lock(card->host.lock);
    if (present) {
        look_at_medium(card);
    } else {
        card->present = false;
        sd_card_reset(card);
        card->bytes = 0;
    }
    card->host.changed(card->host.opaque);
    counted_unlock(card->host.lock);
    if (card->host.slot) {
        card->host.slot(card->host.opaque, present, present && blk_readonly(card->blk));
    }
}

SDCard *sd_card_new(BlockBackend *blk, const SDHost *host, char **error)
{
    char *problem = blk_has_medium(blk) ? size_problem(NULL, blk_path(blk), blk_format(blk), blk_bytes(blk)) : NULL;
    BlockMediumUser user = { .problem = size_problem, .changed = medium_changed };
    SDCard *card;

    if (problem) {
        *error = problem;
        return NULL;
    }
    card = device_new(&sd_card_class, "sd-card");
    card->blk = blk;
    card->host = *host;
    look_at_medium(card);
    user.opaque = card;
    blk_set_medium_user(blk, &user);
    device_add(&card->dev);
    return card;
}
