/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the PL111 share: registers' bits, the state, what a picture follows from. */
#ifndef HW_DISPLAY_PL111_INTERNAL_H
#define HW_DISPLAY_PL111_INTERNAL_H
#include <stdbool.h>
#include "hw/device.h"
#include "hw/display/pl111.h"
#include "qemu/timer.h"
#include "ui/console.h"

enum {
    CTRL_ENABLE = 1 << 0, CTRL_BPP_SHIFT = 1, CTRL_MONO = 1 << 4, CTRL_TFT = 1 << 5, CTRL_DUAL = 1 << 7,
    CTRL_BGR = 1 << 8, CTRL_BIG_BYTES = 1 << 9, CTRL_BIG_PIXELS = 1 << 10, CTRL_POWER = 1 << 11,
    CTRL_VCOMP_SHIFT = 12,
};
/* LcdBpp */
enum { BPP_1, BPP_2, BPP_4, BPP_8, BPP_5551, BPP_24, BPP_565, BPP_444 };
enum { PALETTE_WORDS = 128, PALETTE_COLOURS = 256, CURSOR_WORDS = 256, PANELS = 2, PIXELS_MAX = 1024 };
enum { CURSOR_ON = 1 << 0, CURSOR_NUMBER_SHIFT = 4, CURSOR_64 = 1 << 0, CURSOR_FRAME_SYNC = 1 << 1 };

/* All that a picture follows from but the frame's pixels. Compared as bytes: zero it first. */
typedef struct PL111Mode {
    uint32_t width, lines;              /* of a panel; pixels */
    uint32_t base[PANELS];              /* the second is used if there are two panels */
    uint32_t control, mux;
    uint32_t palette[PALETTE_WORDS];
} PL111Mode;

typedef struct PL111Cursor {
    uint32_t control, config, palette[2], xy, clip;
    uint32_t image[CURSOR_WORDS];
} PL111Cursor;

/* pl111-pixel.c: from the frame to 0x00RRGGBB, for one mode. */
typedef struct PL111Pixels {
    uint32_t colour[PALETTE_COLOURS];
    uint8_t shift[32];                  /* 1 to 8 bits: where in its word each pixel is */
    unsigned bits;                      /* of a pixel in memory */
} PL111Pixels;
void pl111_pixels_init(PL111Pixels *p, const PL111Mode *m);
/* Bytes that a line of the frame takes; it is a multiple of 2. */
uint32_t pl111_line_bytes(const PL111Mode *m);
/* `from`: whole words with the line's pixels, of which the first `skip` belong to the line before (multiple of 16). */
void pl111_convert(const PL111Pixels *p, const PL111Mode *m, const uint32_t *from, unsigned skip, uint32_t *to);
/* Lines [*first, *first + the result) of the screen that the cursor covers. */
unsigned pl111_cursor_lines(const PL111Cursor *c, const PL111Mode *m, unsigned *first);
/* The cursor's part of line y of the screen. */
void pl111_cursor_line(const PL111Cursor *c, const PL111Mode *m, unsigned y, uint32_t *to);

typedef struct PL111State {
    Device dev;                         /* its lock: everything below that is not said to be constant */
    uint32_t timing[4], base[PANELS], control, imsc, ris;
    uint32_t palette[PALETTE_WORDS];
    PL111Cursor cursor;
    uint32_t cursor_imsc, cursor_ris;
    /* Of the frame at hand, taken over from the registers when it began. */
    uint32_t shown_base[PANELS], shown_xy, shown_clip;
    int64_t period_ns;                  /* of a frame */
    int64_t start_ns;                   /* virtual time when the first frame began; while enabled */
    int64_t seen_ns;                    /* events up to then have had their effects */
    bool level;
    const IRQLine *irq;                 /* constant */
    QTimer *timer;                      /* constant */
    PL111Config config;                 /* constant */
    struct PL111Screen *screen;         /* constant, like console; what they point to is the I/O thread's */
    Console *console;
} PL111State;

/* pl111.c. Caller holds the lock. */
void pl111_account(PL111State *s, int64_t now);
uint32_t pl111_width(const PL111State *s);
uint32_t pl111_lines(const PL111State *s);
bool pl111_is_on(const PL111State *s);

/* pl111-draw.c */
struct PL111Screen *pl111_screen_new(void);
/* Console's source; `opaque`: a PL111State. I/O thread. */
void pl111_draw(void *opaque);
#endif
