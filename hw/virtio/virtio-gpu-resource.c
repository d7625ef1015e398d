/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resources of the graphics card: pictures that the device keeps, and the guest's memory that they are filled from.
 *
 * What they take is bounded: pixels, the list of pieces of the backing, and something for each. The guest's pixels are
 * kept as they are and converted when they are shown.
 */
#include <string.h>
#include "exec/memory.h"
#include "hw/virtio/virtio-gpu.h"

enum { PIXEL = 4, EACH_BYTES = 4096, SIDE_MAX = 16384, ENTRY_BYTES = 16 };

/* Where in a pixel's 32 bits (little-endian) colours are. */
static const struct Format {
    uint32_t number;
    uint8_t red, green, blue, alpha;    /* shifts */
    bool opaque;
} formats[] = {
    { 1, 16, 8, 0, 24, false },         /* B8G8R8A8: names go by the bytes in memory */
    { 2, 16, 8, 0, 24, true },          /* B8G8R8X8 */
    { 3, 8, 16, 24, 0, false },         /* A8R8G8B8 */
    { 4, 8, 16, 24, 0, true },          /* X8R8G8B8 */
    { 67, 0, 8, 16, 24, false },        /* R8G8B8A8 */
    { 68, 24, 16, 8, 0, true },         /* X8B8G8R8 */
    { 121, 24, 16, 8, 0, false },       /* A8B8G8R8 */
    { 134, 0, 8, 16, 24, true },        /* R8G8B8X8 */
};

static const struct Format *format_of(uint32_t number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].number == number) {
            return &formats[i];
        }
    }
    return NULL;
}

static uint64_t bytes_of(const GpuResource *r)
{
    return EACH_BYTES + (uint64_t)r->width * r->height * PIXEL + r->backings * sizeof(r->backing[0]);
}

GpuResource *gpu_resource(const VirtIOGpu *s, uint32_t id)
{
    return g_hash_table_lookup(s->resources, GUINT_TO_POINTER(id));
}

GpuAnswer gpu_resource_create(VirtIOGpu *s, uint32_t id, uint32_t format, uint32_t width, uint32_t height)
{
    GpuResource r = { .id = id, .format = format, .width = width, .height = height };

    if (!id || gpu_resource(s, id)) {
        return GPU_BAD_RESOURCE;
    }
    if (!format_of(format) || !width || !height || width > SIDE_MAX || height > SIDE_MAX) {
        return GPU_BAD_PARAMETER;
    }
    if (bytes_of(&r) > s->most_bytes - s->bytes) {
        return GPU_OUT_OF_MEMORY;
    }
    r.pixels = g_try_new0(uint32_t, (gsize)width * height);
    if (!r.pixels) {
        return GPU_OUT_OF_MEMORY;
    }
    s->bytes += bytes_of(&r);
    g_hash_table_insert(s->resources, GUINT_TO_POINTER(id), g_memdup2(&r, sizeof(r)));
    return GPU_OK;
}

static void resource_free(VirtIOGpu *s, GpuResource *r)
{
    s->bytes -= bytes_of(r);
    g_free(r->pixels);
    g_free(r->backing);
    g_free(r);
}

GpuAnswer gpu_resource_unref(VirtIOGpu *s, uint32_t id)
{
    GpuResource *r = gpu_resource(s, id);

    if (!r) {
        return GPU_BAD_RESOURCE;
    }
    gpu_scanouts_forget(s, r);
    g_hash_table_remove(s->resources, GUINT_TO_POINTER(id));
    resource_free(s, r);
    return GPU_OK;
}

void gpu_resources_drop(VirtIOGpu *s)
{
    GHashTableIter iter;
    gpointer r;

    g_hash_table_iter_init(&iter, s->resources);
    while (g_hash_table_iter_next(&iter, NULL, &r)) {
        gpu_scanouts_forget(s, r);
        g_hash_table_iter_remove(&iter);
        resource_free(s, r);
    }
}

/* ---- the backing ---- */

GpuAnswer gpu_resource_detach(VirtIOGpu *s, uint32_t id)
{
    GpuResource *r = gpu_resource(s, id);

    if (!r) {
        return GPU_BAD_RESOURCE;
    }
    s->bytes -= r->backings * sizeof(r->backing[0]);
    r->backings = 0;
    g_clear_pointer(&r->backing, g_free);
    return GPU_OK;
}

/* The driver's list: 64 bits of address, 32 of length, 32 of nothing. */
static GpuAnswer read_backing(const VirtChain *c, uint32_t at, uint32_t count, VirtSegment *to)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t entry[ENTRY_BYTES / 4];

        if (!virt_chain_read(c, at + i * ENTRY_BYTES, entry, sizeof(entry)) || entry[1] || !entry[2] ||
            !memory_ram_ptr(entry[0], entry[2])) {
            return GPU_BAD_PARAMETER;
        }
        to[i] = (VirtSegment) { entry[0], entry[2] };
    }
    return GPU_OK;
}

GpuAnswer gpu_resource_attach(VirtIOGpu *s, uint32_t id, uint32_t count, const VirtChain *c, uint32_t at)
{
    GpuResource *r = gpu_resource(s, id);
    VirtSegment *list;
    GpuAnswer answer;

    if (!r || r->backing) {
        return r ? GPU_UNSPECIFIED : GPU_BAD_RESOURCE;
    }
    if (!count || count > GPU_BACKING_MAX || count > (c->out_bytes - at) / ENTRY_BYTES) {
        return GPU_BAD_PARAMETER;
    }
    if (count * sizeof(*list) > s->most_bytes - s->bytes) {
        return GPU_OUT_OF_MEMORY;
    }
    list = g_new(VirtSegment, count);
    answer = read_backing(c, at, count, list);
    if (answer != GPU_OK) {
        g_free(list);
        return answer;
    }
    r->backing = list;
    r->backings = count;
    s->bytes += count * sizeof(*list);
    return GPU_OK;
}

bool gpu_rect_is_inside(const GpuRect *r, uint32_t width, uint32_t height)
{
    return r->x <= width && r->width <= width - r->x && r->y <= height && r->height <= height - r->y;
}

/* A place in the backing, which goes forward. */
typedef struct Place {
    const VirtSegment *segment, *end;
    uint64_t offset;            /* from the segment's beginning on */
} Place;

/* False: the backing has not so much. */
static bool take(Place *p, uint8_t *to, uint32_t bytes)
{
    while (bytes) {
        if (p->segment == p->end) {
            return false;
        }
        if (p->offset >= p->segment->len) {
            p->offset -= p->segment->len;
            p->segment++;
            continue;
        }
        const uint32_t part = MIN(p->segment->len - (uint32_t)p->offset, bytes);

        if (!dma_read(p->segment->addr + (uint32_t)p->offset, to, part)) {
            return false;
        }
        p->offset += part;
        to += part;
        bytes -= part;
    }
    return true;
}

GpuAnswer gpu_resource_transfer(VirtIOGpu *s, uint32_t id, const GpuRect *r, uint64_t offset)
{
    GpuResource *res = gpu_resource(s, id);

    if (!res) {
        return GPU_BAD_RESOURCE;
    }
    if (!res->backing || !gpu_rect_is_inside(r, res->width, res->height) || offset > UINT32_MAX) {
        return GPU_BAD_PARAMETER;
    }
    /* Lines of the backing are as long as the picture's. Whole ones are one piece. */
    const bool whole = r->width == res->width;
    const uint32_t lines = whole ? (r->height ? 1 : 0) : r->height;
    const uint32_t bytes = r->width * PIXEL * (whole ? r->height : 1);
    Place p = { res->backing, res->backing + res->backings, offset };

    for (uint32_t line = 0; line < lines; line++) {
        uint32_t *to = res->pixels + (size_t)(r->y + line) * res->width + r->x;

        if (!take(&p, (uint8_t *)to, bytes)) {
            return GPU_BAD_PARAMETER;
        }
        p.offset += (res->width - r->width) * PIXEL;
    }
    return GPU_OK;
}

void gpu_resource_convert(const GpuResource *r, uint32_t x, uint32_t y, uint32_t count, uint32_t *to)
{
    const struct Format *f = format_of(r->format);
    const uint32_t *from = r->pixels + (size_t)y * r->width + x;
    const uint32_t opaque = f->opaque ? 0xff000000u : 0;

    if (f->red == 16 && f->blue == 0) {         /* what Linux uses */
        for (uint32_t i = 0; i < count; i++) {
            to[i] = from[i] | opaque;
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t p = from[i];

        to[i] = (p >> f->red & 0xff) << 16 | (p >> f->green & 0xff) << 8 | (p >> f->blue & 0xff) |
                (p >> f->alpha & 0xff) << 24 | opaque;
    }
}
