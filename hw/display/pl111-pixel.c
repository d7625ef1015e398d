/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PL111's formats (ARM DDI 0293, 2.3 "pixel serializer", "RAM palette", and 2.8 for the cursor), as functions
 * without state.
 *
 * Pixels come out of words. Up to 8 bits, control's BEBO says which byte of the word is first, BEPO at which end of the
 * byte its first pixel is; of 16 bits, BEBO says which half is first. Red is the lowest field unless BGR is set.
 * The intensity bit of 5:5:5 is not connected to the board's DAC. Fields of less than 8 bits are repeated to fill 8.
 */
#include <string.h>
#include "hw/display/pl111-internal.h"

static inline uint32_t expand(uint32_t v, unsigned bits)
{
    v = v << (8 - bits) & 0xff;
    return v | v >> bits;
}

typedef struct Fields {
    unsigned red, red_bits, green, green_bits, blue, blue_bits;
} Fields;

static inline uint32_t colour_of(uint32_t v, const Fields f)
{
    return expand(v >> f.red, f.red_bits) << 16 | expand(v >> f.green, f.green_bits) << 8 |
           expand(v >> f.blue, f.blue_bits);
}

static inline Fields swap(Fields f)
{
    return (Fields) { f.blue, f.blue_bits, f.green, f.green_bits, f.red, f.red_bits };
}

static const Fields fields_555 = { 0, 5, 5, 5, 10, 5 }, fields_565 = { 0, 5, 5, 6, 11, 5 },
                    fields_444 = { 0, 4, 4, 4, 8, 4 }, fields_888 = { 0, 8, 8, 8, 16, 8 };

static unsigned bpp_of(const PL111Mode *m)
{
    return m->control >> CTRL_BPP_SHIFT & 7;
}

static bool is_bgr(const PL111Mode *m)
{
    return m->control & CTRL_BGR;
}

static unsigned bits_of(const PL111Mode *m)
{
    static const uint8_t bits[] = { 1, 2, 4, 8, 16, 32, 16, 16 };

    return bits[bpp_of(m)];
}

uint32_t pl111_line_bytes(const PL111Mode *m)
{
    return m->width * bits_of(m) / 8;
}

/* A monochrome panel has 15 greys, of the upper bits of red. */
static uint32_t palette_colour(const PL111Mode *m, unsigned n)
{
    const uint32_t v = m->palette[n / 2] >> (n & 1 ? 16 : 0);

    if ((m->control & (CTRL_MONO | CTRL_TFT)) == CTRL_MONO) {
        return expand(v >> 1, 4) * 0x10101;
    }
    return colour_of(v, is_bgr(m) ? swap(fields_555) : fields_555);
}

void pl111_pixels_init(PL111Pixels *p, const PL111Mode *m)
{
    memset(p, 0, sizeof(*p));
    p->bits = bits_of(m);
    for (unsigned n = 0; n < PALETTE_COLOURS; n++) {
        p->colour[n] = palette_colour(m, n);
    }
    for (unsigned n = 0; p->bits <= 8 && n < 32 / p->bits; n++) {
        const unsigned byte = n * p->bits / 8, low = n * p->bits % 8;

        p->shift[n] = (uint8_t)(8 * (m->control & CTRL_BIG_BYTES ? 3 - byte : byte) +
                                (m->control & CTRL_BIG_PIXELS ? 8 - p->bits - low : low));
    }
}

static void convert_palette(const PL111Pixels *p, const uint32_t *from, unsigned skip, uint32_t *to, unsigned count)
{
    const unsigned per_word = 32 / p->bits;
    const uint32_t mask = (1u << p->bits) - 1;
    uint32_t w = skip ? *from++ : 0;

    for (unsigned n = 0; n < count; n++) {
        const unsigned at = (n + skip) % per_word;

        if (!at) {
            w = *from++;
        }
        to[n] = p->colour[w >> p->shift[at] & mask];
    }
}

/* Inline with constant fields, so that each format has a loop of its own. */
static inline __attribute__((always_inline)) void convert_16(const uint32_t *from, uint32_t *to, unsigned count,
                                                             bool high_first, const Fields f)
{
    for (unsigned n = 0; n < count; n += 2) {
        const uint32_t w = from[n / 2];

        to[n] = colour_of(high_first ? w >> 16 : w, f);
        to[n + 1] = colour_of(high_first ? w : w >> 16, f);
    }
}

static void convert_24(const uint32_t *from, uint32_t *to, unsigned count, const Fields f)
{
    for (unsigned n = 0; n < count; n++) {
        to[n] = colour_of(from[n], f);
    }
}

void pl111_convert(const PL111Pixels *p, const PL111Mode *m, const uint32_t *from, unsigned skip, uint32_t *to)
{
    const bool high = m->control & CTRL_BIG_BYTES;
    unsigned bpp = bpp_of(m);
    bool bgr = is_bgr(m);

    if (bpp == BPP_5551 && m->mux >= PL111_MUX_565_RED_LSB) {
        bpp = BPP_565;
        bgr ^= m->mux == PL111_MUX_565_BLUE_LSB;
    }
    switch (bpp) {
    case BPP_5551:
        convert_16(from, to, m->width, high, bgr ? swap(fields_555) : fields_555);
        break;
    case BPP_565:
        convert_16(from, to, m->width, high, bgr ? swap(fields_565) : fields_565);
        break;
    case BPP_444:
        convert_16(from, to, m->width, high, bgr ? swap(fields_444) : fields_444);
        break;
    case BPP_24:
        convert_24(from, to, m->width, bgr ? swap(fields_888) : fields_888);
        break;
    default:
        convert_palette(p, from, skip, to, m->width);
        break;
    }
}

/* ---- cursor ---- */

static unsigned cursor_size(const PL111Cursor *c)
{
    return c->config & CURSOR_64 ? 64 : 32;
}

/* Where the part of the cursor that is not clipped begins: in the image, and on the screen. */
static unsigned clip_x(const PL111Cursor *c)
{
    return c->clip & 0x3f;
}

static unsigned clip_y(const PL111Cursor *c)
{
    return c->clip >> 8 & 0x3f;
}

static unsigned min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned screen_lines(const PL111Mode *m)
{
    return m->control & CTRL_DUAL ? 2 * m->lines : m->lines;
}

unsigned pl111_cursor_lines(const PL111Cursor *c, const PL111Mode *m, unsigned *first)
{
    const unsigned y = c->xy >> 16 & 0x3ff, size = cursor_size(c);

    *first = y;
    if (!(c->control & CURSOR_ON) || y >= screen_lines(m) || clip_y(c) >= size) {
        return 0;
    }
    return min(size - clip_y(c), screen_lines(m) - y);
}

void pl111_cursor_line(const PL111Cursor *c, const PL111Mode *m, unsigned y, uint32_t *to)
{
    const unsigned size = cursor_size(c), x = c->xy & 0x3ff, row = y - (c->xy >> 16 & 0x3ff) + clip_y(c);
    const unsigned image = size == 64 ? 0 : (c->control >> CURSOR_NUMBER_SHIFT & 3) * (CURSOR_WORDS / 4);
    const uint32_t *words = c->image + image + row * size / 16;
    uint32_t colour[2];

    for (unsigned i = 0; i < 2; i++) {
        colour[i] = colour_of(c->palette[i], is_bgr(m) ? swap(fields_888) : fields_888);
    }
    for (unsigned n = clip_x(c), at = x; n < size && at < m->width; n++, at++) {
        /* Bytes from the lowest, in each the first pixel at the upper end. */
        const unsigned code = words[n / 16] >> (n % 16 / 4 * 8 + 6 - n % 4 * 2) & 3;

        if (code < 2) {
            to[at] = colour[code];
        } else if (code == 3) {
            to[at] ^= 0xffffff;
        }
    }
}
