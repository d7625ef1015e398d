/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SD memory card: its data path.
 *
 * Data passes through one buffer. Reading fills it from the image in pieces, ahead of the host; writing empties it when
 * it is full or the transfer ends, and meanwhile the card is programming (state PRG). A card has no cache that could
 * lose what it took: a write is in the image's file before the card leaves PRG.
 *
 * One request is under way at a time. A read that nobody wants any more is `stale`; what is asked for meanwhile is
 * `waiting` until it has ended.
 */
#include <string.h>
#include "hw/sd/sd-internal.h"

enum { FIRST_READ = 8 << 10 };

static void request_done(BlockRequest *request, int error);

static void submit(SDCard *card, BlockOp op, uint64_t offset, uint64_t bytes)
{
    if (card->under_way) {
        card->waiting = true;
        card->wait_op = op;
        card->wait_offset = offset;
        card->wait_bytes = bytes;
        return;
    }
    card->request = (BlockRequest) { .op = op, .offset = offset, .bytes = bytes, .buffer = card->buffer,
                                     .done = request_done, .opaque = card };
    card->under_way = true;
    blk_submit(card->blk, &card->request);
}

/* The buffer is empty: get the next piece of what is being read. */
static void read_ahead(SDCard *card)
{
    uint64_t bytes = card->piece;

    bytes = bytes < card->left ? bytes : card->left;
    bytes = bytes < card->bytes - card->next ? bytes : card->bytes - card->next;
    card->piece = SD_BUFFER;
    card->filled = card->taken = 0;
    submit(card, BLOCK_READ, card->next, bytes);
}

void sd_end_transfer(SDCard *card)
{
    if (card->state == SD_RCV) {
        card->state = SD_PRG;
        /* A stale read under way means that no byte was taken yet. */
        if (!card->under_way || card->stale) {
            card->filled -= card->filled % SD_BLOCK;    /* a block that has not come as a whole is not written */
            if (card->filled) {
                submit(card, BLOCK_WRITE, card->next, card->filled);
            } else {
                card->state = SD_TRAN;
            }
        }
    } else if (card->state == SD_DATA) {
        card->stale = card->under_way;
        card->waiting = false;
        card->filled = card->taken = 0;
        card->state = SD_TRAN;
    }
    card->block_count = 0;
    card->left = 0;
}

static void read_done(SDCard *card, int error)
{
    if (error) {
        card->failed = true;
        card->status |= ST_ERROR;
    } else {
        card->filled = card->request.bytes;
        card->taken = 0;
        card->next += card->filled;
        card->left -= card->left == UINT64_MAX ? 0 : card->filled;
    }
}

static void write_done(SDCard *card, int error)
{
    if (error) {
        card->failed = true;
        card->status |= ST_ERROR;
    } else if (card->request.op == BLOCK_WRITE) {
        card->written += (uint32_t)(card->request.bytes / SD_BLOCK);
    }
    card->next += card->request.bytes;
    card->filled = 0;
    if (card->state == SD_PRG) {
        card->state = SD_TRAN;
    } else if (card->state == SD_DIS) {
        card->state = SD_STBY;
    }
}

static void request_done(BlockRequest *request, int error)
{
    SDCard *card = request->opaque;

    counted_lock(card->host.lock);
    card->under_way = false;
    if (card->stale) {
        card->stale = false;
    } else if (request->op == BLOCK_READ) {
        read_done(card, error);
    } else {
        write_done(card, error);
    }
    if (card->waiting) {
        card->waiting = false;
        submit(card, card->wait_op, card->wait_offset, card->wait_bytes);
    }
    card->host.changed(card->host.opaque);
    counted_unlock(card->host.lock);
}

size_t sd_card_read(SDCard *card, uint8_t *data, size_t bytes)
{
    size_t n = card->filled - card->taken;

    if (card->state != SD_DATA || card->failed) {
        return 0;
    }
    n = n < bytes ? n : bytes;
    memcpy(data, (card->replies ? card->reply : card->buffer) + card->taken, n);
    card->taken += n;
    if (n && card->taken == card->filled) {
        if (!card->left) {
            sd_end_transfer(card);
        } else if (card->next < card->bytes) {
            read_ahead(card);
        } else {
            card->status |= ST_OUT_OF_RANGE;
            card->failed = true;
        }
    }
    return n;
}

size_t sd_card_write(SDCard *card, const uint8_t *data, size_t bytes)
{
    size_t n = SD_BUFFER - card->filled;

    if (card->state != SD_RCV || card->failed || card->under_way) {
        return 0;
    }
    n = n < bytes ? n : bytes;
    n = n < card->left ? n : (size_t)card->left;
    memcpy(card->buffer + card->filled, data, n);
    card->filled += n;
    card->left -= n;
    if (!card->left) {
        sd_end_transfer(card);
    } else if (card->filled == SD_BUFFER) {
        submit(card, BLOCK_WRITE, card->next, card->filled);
    }
    return n;
}

bool sd_card_moves_nothing(const SDCard *card, bool sends)
{
    return !card->present || card->failed || card->state != (sends ? SD_DATA : SD_RCV);
}

bool sd_card_programs(const SDCard *card)
{
    return card->under_way && (card->state == SD_PRG || card->state == SD_DIS);
}

bool sd_card_waits(const SDCard *card)
{
    const bool data = card->state == SD_RCV || (card->state == SD_DATA && card->taken == card->filled);

    return card->under_way && (data || sd_card_programs(card));
}

void sd_send_bytes(SDCard *card, const void *data, size_t bytes)
{
    memcpy(card->reply, data, bytes);
    card->replies = true;
    card->filled = bytes;
    card->taken = 0;
    card->left = 0;
    card->failed = false;
    card->state = SD_DATA;
}

void sd_begin_read(SDCard *card, uint64_t offset, uint32_t length, uint64_t count)
{
    card->next = offset;
    card->left = count ? count * length : UINT64_MAX;
    card->failed = false;
    card->replies = false;
    card->piece = count ? SD_BUFFER : FIRST_READ;
    card->state = SD_DATA;
    read_ahead(card);
}

void sd_begin_write(SDCard *card, uint64_t offset, uint64_t count)
{
    card->next = offset;
    card->left = count ? count * SD_BLOCK : card->bytes - offset;
    card->failed = false;
    card->filled = card->taken = 0;
    card->written = 0;
    card->state = SD_RCV;
}

void sd_begin_erase(SDCard *card, uint64_t offset, uint64_t bytes)
{
    card->failed = false;
    card->state = SD_PRG;
    submit(card, BLOCK_WRITE_ZEROES, offset, bytes);
}
