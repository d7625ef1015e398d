/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a monitor says of itself: a base block of E-EDID 1.4 (VESA), with its best size as the first detailed timing. */
#include <string.h>
#include "hw/virtio/virtio-gpu.h"

/* Places in the block, and in a detailed timing of 18 bytes. */
enum { HEADER = 0, VENDOR = 8, VERSION = 18, BASIC = 20, CHROMATICITY = 25, ESTABLISHED = 35, STANDARD = 38,
       DETAILED = 54, DETAILED_BYTES = 18, CHECKSUM = 127, STANDARD_TIMINGS = 8 };
/* Blanking, as VESA's reduced blanking has it; 60 frames a second. */
enum { BLANK_X = 160, FRONT_X = 48, SYNC_X = 32, BLANK_Y = 35, FRONT_Y = 3, SYNC_Y = 6, FRAMES = 60, DPI = 100 };

static unsigned millimetres(uint32_t pixels)
{
    return pixels * 254 / (10 * DPI);
}

static void detailed_timing(uint8_t *t, uint32_t width, uint32_t height)
{
    const uint32_t clock = (width + BLANK_X) * (height + BLANK_Y) * FRAMES / 10000;     /* in 10 kHz */
    const unsigned mm_x = millimetres(width), mm_y = millimetres(height);
    const uint8_t bytes[DETAILED_BYTES] = {
        (uint8_t)clock, (uint8_t)(clock >> 8),
        (uint8_t)width, BLANK_X, (uint8_t)(width >> 8 << 4),
        (uint8_t)height, BLANK_Y, (uint8_t)(height >> 8 << 4),
        FRONT_X, SYNC_X, FRONT_Y << 4 | SYNC_Y, 0,
        (uint8_t)mm_x, (uint8_t)mm_y, (uint8_t)((mm_x >> 8) << 4 | mm_y >> 8), 0, 0,
        0x1a,                           /* digital, separate, horizontal sync positive */
    };

    memcpy(t, bytes, sizeof(bytes));
}

/* A descriptor that is no timing. */
static void descriptor(uint8_t *d, uint8_t tag, const void *data, size_t bytes)
{
    d[3] = tag;
    memcpy(d + 5, data, bytes);
}

static void standard_timings(uint8_t *at)
{
    static const struct { uint16_t width; uint8_t shape; } list[] = {   /* shape: 0 16:10, 1 4:3, 2 5:4, 3 16:9 */
        { 1920, 3 }, { 1680, 0 }, { 1600, 1 }, { 1440, 0 }, { 1280, 2 }, { 1280, 0 }, { 1024, 1 }, { 800, 1 },
    };

    for (unsigned i = 0; i < STANDARD_TIMINGS; i++) {
        at[2 * i] = (uint8_t)(list[i].width / 8 - 31);
        at[2 * i + 1] = (uint8_t)(list[i].shape << 6);          /* at 60 Hz */
    }
}

void gpu_edid(uint8_t edid[GPU_EDID_BYTES], uint32_t width, uint32_t height, unsigned number)
{
    static const uint8_t header[8] = { 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 };
    static const uint8_t srgb[10] = { 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54 };
    static const uint8_t range[13] = { 30, 125, 30, 160, 60, 0x01, '\n', ' ', ' ', ' ', ' ', ' ', ' ' };
    uint8_t sum = 0;

    memset(edid, 0, GPU_EDID_BYTES);
    memcpy(edid + HEADER, header, sizeof(header));
    edid[VENDOR] = 0x42;                /* "PQE", five bits a letter */
    edid[VENDOR + 1] = 0x25;
    edid[VENDOR + 2] = 1;
    edid[VENDOR + 4] = (uint8_t)number;
    edid[VENDOR + 8] = 1;
    edid[VENDOR + 9] = 2024 - 1990;
    edid[VERSION] = 1;
    edid[VERSION + 1] = 4;
    edid[BASIC] = 0xa5;                 /* digital, 8 bits a colour, DisplayPort */
    edid[BASIC + 1] = (uint8_t)MIN(millimetres(width) / 10, 255u);
    edid[BASIC + 2] = (uint8_t)MIN(millimetres(height) / 10, 255u);
    edid[BASIC + 3] = 120;              /* gamma 2.2 */
    edid[BASIC + 4] = 0x07;             /* sRGB; the first timing is the one it has; any timing is shown */
    memcpy(edid + CHROMATICITY, srgb, sizeof(srgb));
    edid[ESTABLISHED] = 0x21;           /* 640 x 480, 800 x 600 */
    edid[ESTABLISHED + 1] = 0x08;       /* 1024 x 768 */
    standard_timings(edid + STANDARD);
    detailed_timing(edid + DETAILED, width, height);
    descriptor(edid + DETAILED + DETAILED_BYTES, 0xfd, range, sizeof(range));
    descriptor(edid + DETAILED + 2 * DETAILED_BYTES, 0xfc, "PQEMU screen\n", 13);
    descriptor(edid + DETAILED + 3 * DETAILED_BYTES, 0x10, "", 0);
    for (unsigned i = 0; i < CHECKSUM; i++) {
        sum = (uint8_t)(sum + edid[i]);
    }
    edid[CHECKSUM] = (uint8_t)(0 - sum);
}
