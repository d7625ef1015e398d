/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "fake-block.h"

enum { MAX_REQUESTS = 512 };

struct BlockBackend {
    uint64_t bytes;
    bool readonly, present, cached;
    BlockMediumUser user;
    int error;
    uint8_t *data;
    BlockRequest *queue[MAX_REQUESTS];
    unsigned queued;
};

unsigned fake_block_trays[2];

BlockBackend *fake_block_new(uint64_t bytes, bool readonly)
{
    BlockBackend *blk = calloc(1, sizeof(*blk));

    blk->bytes = bytes;
    blk->readonly = readonly;
    blk->present = true;
    blk->data = calloc(1, bytes);
    return blk;
}

void fake_block_free(BlockBackend *blk)
{
    free(blk->data);
    free(blk);
}

static BlockBackend *to_open;

void fake_block_open_next(BlockBackend *blk)
{
    to_open = blk;
}

BlockBackend *blk_open(const BlockOptions *options, char **error)
{
    BlockBackend *blk = to_open;

    to_open = NULL;
    *error = blk ? NULL : strdup("there is no such file");
    return blk;
}

BlockBackend *blk_open_node(const char *name, char **error)
{
    *error = strdup("there are no nodes");
    return NULL;
}

void blk_close_node(BlockBackend *blk) { }

uint8_t *fake_block_data(BlockBackend *blk) { return blk->data; }
const char *blk_id(const BlockBackend *blk) { return "fake"; }
const char *blk_said(const BlockBackend *blk) { return "-sd fake.img"; }
const char *blk_path(const BlockBackend *blk) { return "fake.img"; }
const char *blk_format(const BlockBackend *blk) { return "raw"; }
uint64_t blk_bytes(const BlockBackend *blk) { return blk->bytes; }
bool blk_readonly(const BlockBackend *blk) { return blk->readonly; }
bool blk_has_medium(const BlockBackend *blk) { return blk->present; }
void blk_tray_moved(BlockBackend *blk, bool open) { fake_block_trays[open]++; }
void blk_set_medium_user(BlockBackend *blk, const BlockMediumUser *user) { blk->user = *user; }
void fake_block_fail(BlockBackend *blk, int error) { blk->error = error; }

void fake_block_change(BlockBackend *blk, bool present)
{
    const bool used = blk->user.changed;

    if (!present && used) {
        blk->user.changed(blk->user.opaque, false);
        fake_block_run(blk);
    }
    blk->present = present;
    if (present && used) {
        blk->user.changed(blk->user.opaque, true);
    }
}

void blk_submit(BlockBackend *blk, BlockRequest *r)
{
    if (blk->queued == MAX_REQUESTS || !blk->present || r->offset > blk->bytes || r->bytes > blk->bytes - r->offset) {
        abort();                /* no device may ask for that */
    }
    blk->queue[blk->queued++] = r;
}

static void carry_out(BlockBackend *blk, BlockRequest *r)
{
    switch (r->op) {
    case BLOCK_READ:
        memcpy(r->buffer, blk->data + r->offset, r->bytes);
        break;
    case BLOCK_WRITE:
        memcpy(blk->data + r->offset, r->buffer, r->bytes);
        break;
    case BLOCK_WRITE_ZEROES:
    case BLOCK_DISCARD:
        memset(blk->data + r->offset, 0, r->bytes);
        break;
    case BLOCK_FLUSH:
    case BLOCK_COMMIT:
    case BLOCK_RESIZE:
    case BLOCK_EXTENT:
        break;
    }
}

bool blk_try(BlockBackend *blk, bool write, uint64_t offset, void *buffer, uint32_t bytes)
{
    if (offset > blk->bytes || bytes > blk->bytes - offset || !bytes) {
        abort();
    }
    if (!blk->cached || blk->error) {
        return false;
    }
    carry_out(blk, &(BlockRequest) { .op = write ? BLOCK_WRITE : BLOCK_READ, .offset = offset, .buffer = buffer,
                                     .bytes = bytes });
    return true;
}

void fake_block_cached(BlockBackend *blk, bool cached)
{
    blk->cached = cached;
}

bool blk_drain(BlockBackend *blk)
{
    fake_block_run(blk);
    return true;
}

unsigned fake_block_queued(const BlockBackend *blk)
{
    return blk->queued;
}

unsigned fake_block_run(BlockBackend *blk)
{
    unsigned n = 0;

    while (blk->queued) {
        BlockRequest *r = blk->queue[0];

        memmove(blk->queue, blk->queue + 1, --blk->queued * sizeof(blk->queue[0]));
        if (!blk->error) {
            carry_out(blk, r);
        }
        r->done(r, blk->error);
        n++;
    }
    return n;
}
