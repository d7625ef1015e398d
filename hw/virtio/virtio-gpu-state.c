/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The graphics card's saved state, little-endian words: outputs (their number; of each its resource, four words of the
 * rectangle, the cursor: shown, x, y, pixels if it is shown), resources (their number; of each number, format, width,
 * height, pieces of the backing, these as address and length, pixels). Nothing that is read is trusted.
 */
#include <string.h>
#include "exec/memory.h"
#include "hw/virtio/virtio-gpu.h"

/* ---- out ---- */

static void put(GByteArray *to, uint32_t word)
{
    word = GUINT32_TO_LE(word);
    g_byte_array_append(to, (const guint8 *)&word, sizeof(word));
}

/* The host is little-endian, as the guest's pixels are. */
static void put_words(GByteArray *to, const uint32_t *words, size_t count)
{
    g_byte_array_append(to, (const guint8 *)words, (guint)(count * sizeof(*words)));
}

static void save_scanout(const GpuScanout *o, GByteArray *to)
{
    put(to, o->resource ? o->resource->id : 0);
    put(to, o->rect.x);
    put(to, o->rect.y);
    put(to, o->rect.width);
    put(to, o->rect.height);
    put(to, o->cursor.on);
    put(to, o->cursor.x);
    put(to, o->cursor.y);
    if (o->cursor.on) {
        put_words(to, o->cursor.pixels, G_N_ELEMENTS(o->cursor.pixels));
    }
}

static void save_resource(const GpuResource *r, GByteArray *to)
{
    put(to, r->id);
    put(to, r->format);
    put(to, r->width);
    put(to, r->height);
    put(to, r->backings);
    for (uint32_t i = 0; i < r->backings; i++) {
        put(to, r->backing[i].addr);
        put(to, r->backing[i].len);
    }
    put_words(to, r->pixels, (size_t)r->width * r->height);
}

void gpu_save(void *dev, GByteArray *to)
{
    VirtIOGpu *s = dev;
    GHashTableIter iter;
    gpointer r;

    put(to, s->scanouts);
    for (unsigned i = 0; i < s->scanouts; i++) {
        save_scanout(&s->scanout[i], to);
    }
    put(to, g_hash_table_size(s->resources));
    g_hash_table_iter_init(&iter, s->resources);
    while (g_hash_table_iter_next(&iter, NULL, &r)) {
        save_resource(r, to);
    }
}

/* ---- in ---- */

typedef struct In {
    const uint8_t *at;
    size_t left;                /* bytes */
    bool bad;                   /* more was asked for than there is */
} In;

static bool get_words(In *in, uint32_t *to, size_t count)
{
    if (in->bad || count > in->left / sizeof(*to)) {
        in->bad = true;
        return false;
    }
    memcpy(to, in->at, count * sizeof(*to));
    in->at += count * sizeof(*to);
    in->left -= count * sizeof(*to);
    return true;
}

/* 0 at the end. */
static uint32_t get(In *in)
{
    uint32_t word = 0;

    get_words(in, &word, 1);
    return GUINT32_FROM_LE(word);
}

static bool load_backing(VirtIOGpu *s, In *in, GpuResource *r, uint32_t count)
{
    if (count > GPU_BACKING_MAX || count > in->left / sizeof(r->backing[0]) ||
        count * sizeof(r->backing[0]) > s->most_bytes - s->bytes) {
        return false;
    }
    r->backing = count ? g_new(VirtSegment, count) : NULL;
    r->backings = count;
    s->bytes += count * sizeof(r->backing[0]);
    for (uint32_t i = 0; i < count; i++) {
        r->backing[i].addr = get(in);
        r->backing[i].len = get(in);
        if (!r->backing[i].len || !memory_ram_ptr(r->backing[i].addr, r->backing[i].len)) {
            return false;
        }
    }
    return true;
}

static bool load_resource(VirtIOGpu *s, In *in)
{
    const uint32_t id = get(in), format = get(in), width = get(in), height = get(in), backings = get(in);

    return gpu_resource_create(s, id, format, width, height) == GPU_OK &&
           load_backing(s, in, gpu_resource(s, id), backings) &&
           get_words(in, gpu_resource(s, id)->pixels, (size_t)width * height);
}

/* What an output shows; resources come later. */
typedef struct Shown {
    uint32_t resource;
    GpuRect rect;
} Shown;

static bool load_scanout(In *in, GpuScanout *o, Shown *shown)
{
    shown->resource = get(in);
    shown->rect = (GpuRect) { get(in), get(in), get(in), get(in) };

    const bool on = get(in);

    o->cursor.x = get(in);
    o->cursor.y = get(in);
    o->cursor.on = on && get_words(in, o->cursor.pixels, G_N_ELEMENTS(o->cursor.pixels));
    return !in->bad;
}

static bool load(VirtIOGpu *s, In *in)
{
    Shown shown[VIRTIO_GPU_MAX_OUTPUTS];

    if (get(in) != s->scanouts) {
        return false;
    }
    for (unsigned i = 0; i < s->scanouts; i++) {
        if (!load_scanout(in, &s->scanout[i], &shown[i])) {
            return false;
        }
    }
    for (uint32_t n = get(in); n; n--) {
        if (!load_resource(s, in)) {
            return false;
        }
    }
    for (unsigned i = 0; i < s->scanouts; i++) {
        if (gpu_scanout_set(s, i, shown[i].resource, &shown[i].rect) != GPU_OK) {
            return false;
        }
    }
    return !in->bad && !in->left;
}

bool gpu_load(void *dev, const uint8_t *data, size_t bytes)
{
    VirtIOGpu *s = dev;
    In in = { data, bytes, false };
    const bool good = load(s, &in);

    if (!good) {
        gpu_resources_drop(s);
        for (unsigned i = 0; i < s->scanouts; i++) {
            gpu_scanout_reset(&s->scanout[i]);
        }
    }
    return good;
}
