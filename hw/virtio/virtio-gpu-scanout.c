/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs of the graphics card: a part of a resource on a console, with a cursor over it.
 *
 * The driver says what is to be seen (flush); it is drawn when somebody looks, from what the resource has then. A
 * cursor is drawn into the surface, so that files and clients without cursors of their own have it.
 */
#include <string.h>
#include "hw/virtio/virtio-gpu.h"

static void mark(GpuScanout *o, int64_t first, int64_t lines)
{
    const int64_t from = MAX(first, 0), to = MIN(first + lines, (int64_t)o->rect.height);

    if (from < to) {
        memset(o->changed + from, 1, (size_t)(to - from));
    }
}

void gpu_scanout_mark_all(GpuScanout *o)
{
    mark(o, 0, o->rect.height);
}

static void mark_cursor(GpuScanout *o)
{
    if (o->cursor.on) {
        mark(o, (int32_t)o->cursor.y, GPU_CURSOR_SIZE);
    }
}

void gpu_scanout_reset(GpuScanout *o)
{
    o->resource = NULL;
    o->rect = (GpuRect) { 0 };
    o->cursor.on = false;
}

GpuAnswer gpu_scanout_set(VirtIOGpu *s, uint32_t number, uint32_t id, const GpuRect *r)
{
    GpuResource *res = gpu_resource(s, id);

    if (number >= s->scanouts) {
        return GPU_BAD_SCANOUT;
    }
    if (id && !res) {
        return GPU_BAD_RESOURCE;
    }
    if (res && (!gpu_rect_is_inside(r, res->width, res->height) || !r->width || !r->height ||
                r->width > CONSOLE_WIDTH_MAX || r->height > CONSOLE_HEIGHT_MAX)) {
        return GPU_BAD_PARAMETER;
    }
    GpuScanout *o = &s->scanout[number];

    o->resource = res;
    o->rect = res ? *r : (GpuRect) { 0 };
    gpu_scanout_mark_all(o);
    return GPU_OK;
}

GpuAnswer gpu_scanout_flush(VirtIOGpu *s, uint32_t id, const GpuRect *r)
{
    GpuResource *res = gpu_resource(s, id);

    if (!res) {
        return GPU_BAD_RESOURCE;
    }
    if (!gpu_rect_is_inside(r, res->width, res->height)) {
        return GPU_BAD_PARAMETER;
    }
    for (GpuScanout *o = s->scanout; o < s->scanout + s->scanouts; o++) {
        if (o->resource == res && r->x < o->rect.x + o->rect.width && r->x + r->width > o->rect.x) {
            mark(o, (int64_t)r->y - o->rect.y, r->height);
        }
    }
    return GPU_OK;
}

void gpu_scanouts_forget(VirtIOGpu *s, const GpuResource *r)
{
    for (GpuScanout *o = s->scanout; o < s->scanout + s->scanouts; o++) {
        if (o->resource == r) {
            o->resource = NULL;
            o->rect = (GpuRect) { 0 };
        }
    }
}

/* ---- the cursor ---- */

GpuAnswer gpu_cursor_move(VirtIOGpu *s, uint32_t scanout, uint32_t x, uint32_t y)
{
    if (scanout >= s->scanouts) {
        return GPU_BAD_SCANOUT;
    }
    GpuScanout *o = &s->scanout[scanout];

    mark_cursor(o);
    o->cursor.x = x;
    o->cursor.y = y;
    mark_cursor(o);
    return GPU_OK;
}

GpuAnswer gpu_cursor_update(VirtIOGpu *s, uint32_t scanout, uint32_t x, uint32_t y, uint32_t id)
{
    const GpuResource *r = gpu_resource(s, id);
    GpuAnswer answer = gpu_cursor_move(s, scanout, x, y);

    if (answer != GPU_OK) {
        return answer;
    }
    if (id && (!r || r->width != GPU_CURSOR_SIZE || r->height != GPU_CURSOR_SIZE)) {
        return GPU_BAD_RESOURCE;
    }
    GpuScanout *o = &s->scanout[scanout];

    for (uint32_t y = 0; r && y < GPU_CURSOR_SIZE; y++) {
        gpu_resource_convert(r, 0, y, GPU_CURSOR_SIZE, o->cursor.pixels + (size_t)y * GPU_CURSOR_SIZE);
    }
    o->cursor.on = r;
    mark(o, (int32_t)o->cursor.y, GPU_CURSOR_SIZE);
    return GPU_OK;
}

/* Of a colour: what the cursor lets through, and its own, which is multiplied by its alpha already. */
static uint32_t blend(uint32_t over, uint32_t under, unsigned shift)
{
    const uint32_t through = 255 - (over >> 24);

    return MIN((over >> shift & 0xff) + ((under >> shift & 0xff) * through + 127) / 255, 255u) << shift;
}

static void draw_cursor_line(const GpuScanout *o, uint32_t y, uint32_t *to)
{
    const GpuCursor *c = &o->cursor;
    const uint32_t line = y - c->y;

    if (!c->on || line >= GPU_CURSOR_SIZE) {
        return;
    }
    for (uint32_t i = 0; i < GPU_CURSOR_SIZE; i++) {
        const uint32_t over = c->pixels[line * GPU_CURSOR_SIZE + i], x = c->x + i;

        if (x < o->rect.width) {
            to[x] = blend(over, to[x], 16) | blend(over, to[x], 8) | blend(over, to[x], 0);
        }
    }
}

/* ---- drawing ---- */

static void draw_blank(GpuScanout *o)
{
    const Surface *s = console_surface(o->console);

    if (!o->blank) {
        o->blank = true;
        memset(s->pixels, 0, sizeof(s->pixels[0]) * (size_t)s->width * (size_t)s->height);
        console_changed(o->console, 0, s->height);
    }
}

static void draw_line(const GpuScanout *o, uint32_t y, uint32_t *to)
{
    gpu_resource_convert(o->resource, o->rect.x, o->rect.y + y, o->rect.width, to);
    for (uint32_t x = 0; x < o->rect.width; x++) {
        to[x] &= 0xffffff;
    }
    draw_cursor_line(o, y, to);
}

static void draw_changed(GpuScanout *o)
{
    const Surface *s = console_resize(o->console, (int)o->rect.width, (int)o->rect.height);
    const uint32_t lines = o->rect.height;

    o->blank = false;
    for (uint32_t y = 0; y < lines; ) {
        const uint32_t from = y;

        for (; y < lines && o->changed[y]; y++) {
            draw_line(o, y, s->pixels + (size_t)y * o->rect.width);
        }
        if (y > from) {
            console_changed(o->console, (int)from, (int)(y - from));
        } else {
            y++;
        }
    }
    memset(o->changed, 0, lines);
}

static void gpu_draw(void *opaque)
{
    GpuScanout *o = opaque;

    virtio_enter(o->gpu->v);
    if (o->resource) {
        draw_changed(o);
    } else {
        draw_blank(o);
    }
    virtio_leave(o->gpu->v);
}

/* ---- who looks would like another size ---- */

static void gpu_ask_size(void *opaque, int width, int height)
{
    GpuScanout *o = opaque;
    const uint32_t event = 1;   /* VIRTIO_GPU_EVENT_DISPLAY */

    virtio_enter(o->gpu->v);
    if (o->wanted_width != (uint32_t)width || o->wanted_height != (uint32_t)height) {
        o->wanted_width = (uint32_t)width;
        o->wanted_height = (uint32_t)height;
        virtio_set_config(o->gpu->v, 0, &event, sizeof(event));
    }
    virtio_leave(o->gpu->v);
}

static const ConsoleOps gpu_console = { .draw = gpu_draw, .ask_size = gpu_ask_size };

void gpu_scanout_init(VirtIOGpu *s, unsigned number, const char *device)
{
    GpuScanout *o = &s->scanout[number];

    o->gpu = s;
    o->number = number;
    o->blank = true;
    o->console = console_new(device, number, &gpu_console, o);
}
