/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letters (ui/font.def): each point is one wide and two high, in a cell of 8 x 20 with a margin of two points at the
 * left and the top, and one at the right.
 */
#include <string.h>
#include "ui/text-console.h"
#include "ui/text-draw.h"

enum { FONT_ROWS = 9, FONT_COLS = 5, FIRST = ' ', LAST = '~', GLYPHS = LAST - FIRST + 2, LEFT = 2, TOP = 2, TALL = 2 };

static const char font[GLYPHS][FONT_ROWS][FONT_COLS + 1] = {
#define GLYPH(...) { __VA_ARGS__ },
#include "ui/font.def"
#undef GLYPH
};

/* As a terminal of Linux has them. */
static const uint32_t colours[16] = {
    0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
    0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
};

char text_plain_sign(uint32_t sign)
{
    if (sign >= FIRST && sign <= LAST) {
        return (char)sign;
    }
    switch (sign) {
    case 0xa0:
        return ' ';
    case 0x2500: case 0x2501: case 0x2010 ... 0x2015:
        return '-';
    case 0x2502: case 0x2503:
        return '|';
    case 0x250c ... 0x254b:
        return '+';
    case 0x2018: case 0x2019:
        return '\'';
    case 0x201c: case 0x201d:
        return '"';
    case 0xb7: case 0x2022:
        return '*';
    default:
        return 0;
    }
}

static const char (*glyph(uint32_t sign))[FONT_COLS + 1]
{
    const char plain = text_plain_sign(sign);

    return font[plain ? plain - FIRST : GLYPHS - 1];
}

static void draw_cell(Surface *s, int left, int top, const VtCell *cell, bool reverse)
{
    const char (*rows)[FONT_COLS + 1] = glyph(cell->sign ? cell->sign : ' ');
    const uint32_t fg = colours[(reverse ? cell->bg : cell->fg) & 15];
    const uint32_t bg = colours[(reverse ? cell->fg : cell->bg) & 15];

    for (int y = 0; y < TEXT_CELL_HEIGHT; y++) {
        uint32_t *to = s->pixels + (size_t)(top + y) * (size_t)s->width + left;
        const int row = (y - TOP) / TALL;
        const bool line = cell->underline && y == TEXT_CELL_HEIGHT - 3;

        for (int x = 0; x < TEXT_CELL_WIDTH; x++) {
            const int col = x - LEFT;

            to[x] = line || (y >= TOP && col >= 0 && col < FONT_COLS && rows[row][col] == '#') ? fg : bg;
        }
    }
}

void text_draw_line(Surface *s, int y, const VtCell *cells, int cols, int cursor)
{
    for (int x = 0; x < cols; x++) {
        draw_cell(s, x * TEXT_CELL_WIDTH, y * TEXT_CELL_HEIGHT, &cells[x], x == cursor);
    }
}

void text_draw_note(Surface *s, const char *text)
{
    const int room = s->width / TEXT_CELL_WIDTH, length = (int)strnlen(text, (size_t)room);
    const int left = (s->width - length * TEXT_CELL_WIDTH) / 2, top = (s->height - TEXT_CELL_HEIGHT) / 2;

    for (int i = 0; i < length && top >= 0; i++) {
        draw_cell(s, left + i * TEXT_CELL_WIDTH, top, &(VtCell) { .sign = (uint8_t)text[i], .fg = 7 }, false);
    }
}
