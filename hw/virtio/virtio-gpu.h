/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the graphics card share (Virtual I/O Device 1.2, section 5.7). All of it is used in turns of the
 * device alone. Nothing that the driver gives is trusted: functions that return a GpuAnswer check it.
 */
#ifndef HW_VIRTIO_VIRTIO_GPU_H
#define HW_VIRTIO_VIRTIO_GPU_H
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "hw/virtio/virtio-devices.h"
#include "ui/console.h"

/* virtio_gpu_ctrl_hdr.type of answers */
typedef enum GpuAnswer {
    GPU_OK = 0x1100, GPU_OK_DISPLAY_INFO = 0x1101, GPU_OK_EDID = 0x1104, GPU_UNSPECIFIED = 0x1200,
    GPU_OUT_OF_MEMORY = 0x1201, GPU_BAD_SCANOUT = 0x1202, GPU_BAD_RESOURCE = 0x1203, GPU_BAD_PARAMETER = 0x1205,
} GpuAnswer;

enum { GPU_CURSOR_SIZE = 64, GPU_BACKING_MAX = 65536 };

typedef struct GpuRect {
    uint32_t x, y, width, height;
} GpuRect;

/* A picture of 32 bits a pixel, and the guest's memory that it is filled from. */
typedef struct GpuResource {
    uint32_t id, format, width, height;
    uint32_t *pixels;           /* as the guest wrote them */
    VirtSegment *backing;       /* NULL: none */
    uint32_t backings;
} GpuResource;

typedef struct GpuCursor {
    bool on;
    uint32_t x, y;              /* of its left upper corner; beyond the left and upper edge they are negative */
    uint32_t pixels[GPU_CURSOR_SIZE * GPU_CURSOR_SIZE];     /* 0xAARRGGBB, multiplied by A */
} GpuCursor;

/* An output. */
typedef struct GpuScanout {
    struct VirtIOGpu *gpu;      /* constant, like console and number */
    Console *console;
    unsigned number;
    uint32_t wanted_width, wanted_height;       /* of the monitor there; 0: none is connected */
    GpuResource *resource;      /* shown; NULL: nothing */
    GpuRect rect;               /* ... this part of it */
    GpuCursor cursor;
    bool blank;                 /* there is no picture */
    uint8_t changed[CONSOLE_HEIGHT_MAX];        /* 1: the line has to be drawn */
} GpuScanout;

typedef struct VirtIOGpu {
    VirtIO *v;                  /* constant, like scanouts, most_bytes and edid */
    unsigned scanouts;
    uint64_t most_bytes;        /* that resources may take */
    bool edid;
    GHashTable *resources;      /* id -> GpuResource */
    uint64_t bytes;             /* that they take */
    GpuScanout scanout[VIRTIO_GPU_MAX_OUTPUTS];
} VirtIOGpu;

/* ---- virtio-gpu-resource.c ---- */

GpuResource *gpu_resource(const VirtIOGpu *s, uint32_t id);     /* NULL: there is none */
GpuAnswer gpu_resource_create(VirtIOGpu *s, uint32_t id, uint32_t format, uint32_t width, uint32_t height);
GpuAnswer gpu_resource_unref(VirtIOGpu *s, uint32_t id);
void gpu_resources_drop(VirtIOGpu *s);
/* `count` entries are in the chain from `at` on. */
GpuAnswer gpu_resource_attach(VirtIOGpu *s, uint32_t id, uint32_t count, const VirtChain *c, uint32_t at);
GpuAnswer gpu_resource_detach(VirtIOGpu *s, uint32_t id);
/* From the backing, `offset` being where the rectangle's first pixel is, into the picture. */
GpuAnswer gpu_resource_transfer(VirtIOGpu *s, uint32_t id, const GpuRect *r, uint64_t offset);
bool gpu_rect_is_inside(const GpuRect *r, uint32_t width, uint32_t height);
/* `count` pixels of line y from x on, as 0xAARRGGBB; a format without transparency has A = 255. */
void gpu_resource_convert(const GpuResource *r, uint32_t x, uint32_t y, uint32_t count, uint32_t *to);

/* ---- virtio-gpu-scanout.c ---- */

void gpu_scanout_init(VirtIOGpu *s, unsigned number, const char *device);
/* id 0: nothing is shown. */
GpuAnswer gpu_scanout_set(VirtIOGpu *s, uint32_t number, uint32_t id, const GpuRect *r);
/* That part of the resource is to be seen. */
GpuAnswer gpu_scanout_flush(VirtIOGpu *s, uint32_t id, const GpuRect *r);
/* The resource goes. */
void gpu_scanouts_forget(VirtIOGpu *s, const GpuResource *r);
void gpu_scanout_reset(GpuScanout *o);
/* All of it is to be drawn. */
void gpu_scanout_mark_all(GpuScanout *o);
GpuAnswer gpu_cursor_move(VirtIOGpu *s, uint32_t scanout, uint32_t x, uint32_t y);
/* id 0: no cursor. */
GpuAnswer gpu_cursor_update(VirtIOGpu *s, uint32_t scanout, uint32_t x, uint32_t y, uint32_t id);

/* ---- virtio-gpu-edid.c ---- */

enum { GPU_EDID_BYTES = 128 };
/* What a monitor of that size says of itself. */
void gpu_edid(uint8_t edid[GPU_EDID_BYTES], uint32_t width, uint32_t height, unsigned number);

/* ---- virtio-gpu-state.c: all but the wishes for sizes and the configuration ---- */

void gpu_save(void *dev, GByteArray *to);
bool gpu_load(void *dev, const uint8_t *data, size_t bytes);
#endif
