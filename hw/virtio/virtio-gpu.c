/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics card, 2D (Virtual I/O Device 1.2, section 5.7): commands and their answers.
 *
 * All commands are carried out at once, in their order, so a fence is passed when its command's answer is there. Each
 * is a row of a table: how long it is, what it does. I/O thread alone.
 */
#include <string.h>
#include "hw/virtio/virtio-gpu.h"
#include "qemu/log.h"

enum { QUEUE_CONTROL, QUEUE_CURSOR, QUEUES, QUEUE_SIZE = 64, TURN = 32 };
enum { EVENTS_READ = 0, EVENTS_CLEAR = 4, NUM_SCANOUTS = 8, CONFIG_BYTES = 16 };
enum { HEADER_WORDS = 6, HEADER_BYTES = 4 * HEADER_WORDS, COMMAND_WORDS = 14, FLAG_FENCE = 1 };
enum { EDID_WORDS = 256, MODE_WORDS = 6, PMODES = 16 };
/* Pixels that are copied in a turn: what is left waits for the next one. */
enum { TURN_PIXELS = 4 << 20 };
#define GPU_F_EDID  (1ull << 1)

typedef struct Command {
    uint32_t word[COMMAND_WORDS];       /* header: type, flags, fence (2), context, ring; then the command's own */
    const VirtChain *chain;
} Command;

typedef struct Answer {
    uint32_t word[HEADER_WORDS + 2 + EDID_WORDS];
    uint32_t bytes;
} Answer;

static GpuRect rect_at(const Command *c, unsigned word)
{
    return (GpuRect) { c->word[word], c->word[word + 1], c->word[word + 2], c->word[word + 3] };
}

/* ---- commands: word 6 is the first behind the header ---- */

static GpuAnswer get_display_info(VirtIOGpu *s, const Command *c, Answer *a)
{
    for (unsigned i = 0; i < s->scanouts; i++) {
        const GpuScanout *o = &s->scanout[i];
        uint32_t *mode = a->word + HEADER_WORDS + i * MODE_WORDS;

        mode[2] = o->wanted_width;
        mode[3] = o->wanted_height;
        mode[4] = o->wanted_width != 0;
    }
    a->bytes = HEADER_BYTES + PMODES * MODE_WORDS * 4;
    return GPU_OK_DISPLAY_INFO;
}

static GpuAnswer get_edid(VirtIOGpu *s, const Command *c, Answer *a)
{
    if (!s->edid) {
        return GPU_UNSPECIFIED;
    }
    if (c->word[6] >= s->scanouts) {
        return GPU_BAD_SCANOUT;
    }
    const GpuScanout *o = &s->scanout[c->word[6]];

    if (o->wanted_width) {
        a->word[HEADER_WORDS] = GPU_EDID_BYTES;
        gpu_edid((uint8_t *)(a->word + HEADER_WORDS + 2), o->wanted_width, o->wanted_height, o->number);
    }
    a->bytes = HEADER_BYTES + 8 + 4 * EDID_WORDS;
    return GPU_OK_EDID;
}

static GpuAnswer create(VirtIOGpu *s, const Command *c, Answer *a)
{
    return gpu_resource_create(s, c->word[6], c->word[7], c->word[8], c->word[9]);
}

static GpuAnswer unref(VirtIOGpu *s, const Command *c, Answer *a)
{
    return gpu_resource_unref(s, c->word[6]);
}

static GpuAnswer set_scanout(VirtIOGpu *s, const Command *c, Answer *a)
{
    const GpuRect r = rect_at(c, 6);

    return gpu_scanout_set(s, c->word[10], c->word[11], &r);
}

static GpuAnswer flush(VirtIOGpu *s, const Command *c, Answer *a)
{
    const GpuRect r = rect_at(c, 6);

    return gpu_scanout_flush(s, c->word[10], &r);
}

static GpuAnswer transfer(VirtIOGpu *s, const Command *c, Answer *a)
{
    const GpuRect r = rect_at(c, 6);

    return gpu_resource_transfer(s, c->word[12], &r, c->word[10] | (uint64_t)c->word[11] << 32);
}

static GpuAnswer attach(VirtIOGpu *s, const Command *c, Answer *a)
{
    return gpu_resource_attach(s, c->word[6], c->word[7], c->chain, HEADER_BYTES + 8);
}

static GpuAnswer detach(VirtIOGpu *s, const Command *c, Answer *a)
{
    return gpu_resource_detach(s, c->word[6]);
}

/* Words: output, x, y, padding, resource, hot spot (2), padding. */
static GpuAnswer update_cursor(VirtIOGpu *s, const Command *c, Answer *a)
{
    return gpu_cursor_update(s, c->word[6], c->word[7], c->word[8], c->word[10]);
}

static GpuAnswer move_cursor(VirtIOGpu *s, const Command *c, Answer *a)
{
    return gpu_cursor_move(s, c->word[6], c->word[7], c->word[8]);
}

static const struct Row {
    uint32_t type;
    unsigned queue, words;      /* words: with the header */
    GpuAnswer (*run)(VirtIOGpu *s, const Command *c, Answer *a);
} rows[] = {
    { 0x100, QUEUE_CONTROL, HEADER_WORDS, get_display_info },
    { 0x101, QUEUE_CONTROL, HEADER_WORDS + 4, create },
    { 0x102, QUEUE_CONTROL, HEADER_WORDS + 2, unref },
    { 0x103, QUEUE_CONTROL, HEADER_WORDS + 6, set_scanout },
    { 0x104, QUEUE_CONTROL, HEADER_WORDS + 6, flush },
    { 0x105, QUEUE_CONTROL, HEADER_WORDS + 8, transfer },
    { 0x106, QUEUE_CONTROL, HEADER_WORDS + 2, attach },
    { 0x107, QUEUE_CONTROL, HEADER_WORDS + 2, detach },
    { 0x10a, QUEUE_CONTROL, HEADER_WORDS + 2, get_edid },
    { 0x300, QUEUE_CURSOR, HEADER_WORDS + 8, update_cursor },
    { 0x301, QUEUE_CURSOR, HEADER_WORDS + 8, move_cursor },
};

static const struct Row *row_of(unsigned queue, uint32_t type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].type == type && rows[i].queue == queue) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Pixels that it may have copied. */
static uint64_t run(VirtIOGpu *s, unsigned queue, Command *c, Answer *a)
{
    const struct Row *row;

    if (!virt_chain_read(c->chain, 0, c->word, HEADER_BYTES)) {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-gpu: a command of %u bytes\n", c->chain->out_bytes);
        return 0;
    }
    row = row_of(queue, c->word[0]);
    a->bytes = HEADER_BYTES;
    a->word[0] = row && virt_chain_read(c->chain, 0, c->word, 4 * row->words) ? row->run(s, c, a) : GPU_UNSPECIFIED;
    if (a->word[0] >= GPU_UNSPECIFIED) {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-gpu: command 0x%x fails: 0x%x\n", c->word[0], a->word[0]);
    }
    if (c->word[1] & FLAG_FENCE) {
        memcpy(a->word + 1, c->word + 1, 4 * sizeof(a->word[0]));
        a->word[1] = FLAG_FENCE;
    }
    return row && row->run == transfer && a->word[0] == GPU_OK ? (uint64_t)c->word[8] * c->word[9] : 0;
}

/* ---- called by the transport ---- */

static void gpu_notify(void *dev, unsigned queue)
{
    VirtIOGpu *s = dev;
    uint64_t pixels = 0;

    for (unsigned n = 0; n < TURN && pixels < TURN_PIXELS; n++) {
        VirtChain *chain = virtqueue_pop(s->v, queue);
        Command c = { .chain = chain };
        Answer a = { .bytes = 0 };

        if (!chain) {
            return;
        }
        pixels += run(s, queue, &c, &a);
        /* A driver that does not want to know, as Linux of cursors, has no room. */
        a.bytes = MIN(a.bytes, chain->in_bytes);
        virtqueue_push(s->v, chain, virt_chain_write(chain, 0, a.word, a.bytes) ? a.bytes : 0);
    }
    virtio_kick(s->v, queue);
}

static void gpu_reset(void *dev)
{
    VirtIOGpu *s = dev;

    gpu_resources_drop(s);
    for (unsigned i = 0; i < s->scanouts; i++) {
        gpu_scanout_reset(&s->scanout[i]);
    }
}

/* What is written to events_clear, events_read has no more. */
static void gpu_config_written(void *dev, uint8_t *config)
{
    for (unsigned i = 0; i < 4; i++) {
        config[EVENTS_READ + i] &= (uint8_t)~config[EVENTS_CLEAR + i];
        config[EVENTS_CLEAR + i] = 0;
    }
}

static const VirtIOClass virtio_gpu_class = {
    .name = "virtio-gpu", .id = VIRTIO_ID_GPU, .queues = QUEUES, .queue_size = QUEUE_SIZE, .writable_at = EVENTS_CLEAR,
    .writable_bytes = 4, .config_written = gpu_config_written, .notify = gpu_notify, .reset = gpu_reset,
    .save = gpu_save, .load = gpu_load,
};

void virtio_gpu_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    VirtIOGpu *s = g_new0(VirtIOGpu, 1);

    s->v = v;
    s->scanouts = config->max_outputs;
    s->most_bytes = config->max_hostmem;
    s->edid = config->edid;
    s->resources = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < s->scanouts; i++) {
        gpu_scanout_init(s, i, config->id ? config->id : "virtio-gpu");
    }
    s->scanout[0].wanted_width = config->xres;
    s->scanout[0].wanted_height = config->yres;
    d->class = &virtio_gpu_class;
    d->dev = s;
    d->features = s->edid ? GPU_F_EDID : 0;
    d->config_size = CONFIG_BYTES;
    memcpy(d->config + NUM_SCANOUTS, &config->max_outputs, sizeof(config->max_outputs));
}
