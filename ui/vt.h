/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is written to: a grid of cells, and lines that went off its top. It knows what Linux's TERM=linux and
 * vt100 send, UTF-8 and sixteen colours. One thread. Implemented in ui/vt.c (the screen) and ui/vt-parse.c (sequences).
 */
#ifndef UI_VT_H
#define UI_VT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VT_COLS_MAX = 256, VT_ROWS_MAX = 128, VT_HISTORY = 1000, VT_PARAMS = 16 };

typedef struct VtCell {
    uint32_t sign;              /* Unicode */
    uint8_t fg, bg;             /* 0 to 15: VT_BRIGHT and three bits blue, green, red */
    bool underline;
} VtCell;
enum { VT_BLACK = 0, VT_WHITE = 7, VT_BRIGHT = 8 };

typedef struct VtPen {
    uint8_t fg, bg;
    bool bold, underline, reverse;
} VtPen;

typedef struct Vt {
    int cols, rows;
    VtCell *cells;              /* a ring of rows + VT_HISTORY lines */
    int base;                   /* the screen's first line in it */
    int history;                /* how many lines there are before that */
    int back;                   /* by how many the view is before the screen */
    bool *dirty;                /* of each line of the view, since vt_take_dirty() */
    int x, y;                   /* the cursor; x == cols: behind the last column, the next sign goes to a new line */
    VtPen pen;
    int top, bottom;            /* lines that scroll: [top, bottom) */
    struct { int x, y; VtPen pen; } saved;
    bool hidden, no_wrap, insert, app_cursor, lines;    /* lines: signs of line drawing */
    /* parser */
    enum { VT_TEXT, VT_ESCAPE, VT_CHARSET, VT_CSI, VT_STRING, VT_STRING_ESCAPE } state;
    int param[VT_PARAMS];
    unsigned params;
    char mark;                  /* ? or the like behind the bracket, or 0 */
    uint32_t utf8;
    unsigned utf8_left;
    void (*reply)(void *opaque, const char *text);
    void *opaque;
} Vt;

/* reply(): what the terminal answers. */
Vt *vt_new(int cols, int rows, void (*reply)(void *opaque, const char *text), void *opaque);
void vt_free(Vt *vt);
void vt_write(Vt *vt, const uint8_t *text, size_t len);
/* A line of the view, `cols` cells. */
const VtCell *vt_line(const Vt *vt, int y);
/* Has the line changed since this was asked? */
bool vt_take_dirty(Vt *vt, int y);
void vt_all_dirty(Vt *vt);
/* Where the cursor is in the view; false: it is not seen. */
bool vt_cursor(const Vt *vt, int *x, int *y);
/* Look at older lines (n > 0), or newer ones. */
void vt_look_back(Vt *vt, int n);

/* ---- what the parser asks of the screen ---- */

void vt_reset(Vt *vt);
void vt_put(Vt *vt, uint32_t sign);
void vt_move(Vt *vt, int x, int y);
void vt_line_feed(Vt *vt);
void vt_reverse_line_feed(Vt *vt);
/* Lines from `y` to the bottom of what scrolls move down (n > 0) or up; new ones are empty. */
void vt_shift_lines(Vt *vt, int y, int n);
/* Cells from the cursor on move right (n > 0) or left. */
void vt_shift_cells(Vt *vt, int n);
void vt_clear(Vt *vt, int y, int from, int to);
#endif
