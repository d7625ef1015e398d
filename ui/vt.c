/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen of a terminal, see ui/vt.h. */
#include <string.h>
#include <glib.h>
#include "ui/vt.h"

static int total(const Vt *vt)
{
    return vt->rows + VT_HISTORY;
}

static VtCell *screen_line(const Vt *vt, int y)
{
    return vt->cells + (size_t)((vt->base + y + total(vt)) % total(vt)) * (size_t)vt->cols;
}

const VtCell *vt_line(const Vt *vt, int y)
{
    return screen_line(vt, y - vt->back);
}

static void touch(Vt *vt, int y)
{
    if (y + vt->back < vt->rows) {
        vt->dirty[y + vt->back] = true;
    }
}

void vt_all_dirty(Vt *vt)
{
    memset(vt->dirty, true, (size_t)vt->rows);
}

bool vt_take_dirty(Vt *vt, int y)
{
    const bool dirty = vt->dirty[y];

    vt->dirty[y] = false;
    return dirty;
}

bool vt_cursor(const Vt *vt, int *x, int *y)
{
    *x = MIN(vt->x, vt->cols - 1);
    *y = vt->y + vt->back;
    return !vt->hidden && *y < vt->rows;
}

void vt_look_back(Vt *vt, int n)
{
    const int back = CLAMP(vt->back + n, 0, vt->history);

    if (back != vt->back) {
        vt->back = back;
        vt_all_dirty(vt);
    }
}

static VtCell with_pen(const VtPen *p, uint32_t sign)
{
    const uint8_t fg = p->fg | (p->bold ? VT_BRIGHT : 0);

    return p->reverse ? (VtCell) { sign, p->bg, fg, p->underline } : (VtCell) { sign, fg, p->bg, p->underline };
}

void vt_clear(Vt *vt, int y, int from, int to)
{
    VtCell *line = screen_line(vt, y);

    for (int x = MAX(from, 0); x < MIN(to, vt->cols); x++) {
        line[x] = (VtCell) { ' ', vt->pen.fg, vt->pen.bg, false };
    }
    touch(vt, y);
}

void vt_move(Vt *vt, int x, int y)
{
    touch(vt, vt->y);
    vt->x = CLAMP(x, 0, vt->cols - 1);
    vt->y = CLAMP(y, 0, vt->rows - 1);
    touch(vt, vt->y);
}

void vt_shift_lines(Vt *vt, int y, int n)
{
    const int lines = vt->bottom - y, count = MIN(ABS(n), lines);
    const size_t size = sizeof(VtCell) * (size_t)vt->cols;

    for (int i = 0; i < lines - count; i++) {
        const int to = n > 0 ? vt->bottom - 1 - i : y + i;

        memcpy(screen_line(vt, to), screen_line(vt, n > 0 ? to - count : to + count), size);
    }
    for (int i = 0; i < count; i++) {
        vt_clear(vt, n > 0 ? y + i : vt->bottom - 1 - i, 0, vt->cols);
    }
    vt_all_dirty(vt);
}

/* The whole screen goes up by a line, which becomes history; who looks back goes on looking at the same. */
static void scroll_screen(Vt *vt)
{
    vt->base = (vt->base + 1) % total(vt);
    vt->history = MIN(vt->history + 1, VT_HISTORY);
    vt->back = vt->back ? MIN(vt->back + 1, vt->history) : 0;
    vt_clear(vt, vt->rows - 1, 0, vt->cols);
    vt_all_dirty(vt);
}

void vt_line_feed(Vt *vt)
{
    if (vt->y != vt->bottom - 1) {
        touch(vt, vt->y);
        vt->y = MIN(vt->y + 1, vt->rows - 1);
        touch(vt, vt->y);
    } else if (!vt->top && vt->bottom == vt->rows) {
        scroll_screen(vt);
    } else {
        vt_shift_lines(vt, vt->top, -1);
    }
}

void vt_reverse_line_feed(Vt *vt)
{
    if (vt->y == vt->top) {
        vt_shift_lines(vt, vt->top, 1);
    } else {
        vt_move(vt, vt->x, vt->y - 1);
    }
}

void vt_shift_cells(Vt *vt, int n)
{
    VtCell *line = screen_line(vt, vt->y);
    const int x = MIN(vt->x, vt->cols - 1), room = vt->cols - x, count = MIN(ABS(n), room);
    const size_t size = sizeof(VtCell) * (size_t)(room - count);

    if (n > 0) {
        memmove(line + x + count, line + x, size);
        vt_clear(vt, vt->y, x, x + count);
    } else {
        memmove(line + x, line + x + count, size);
        vt_clear(vt, vt->y, vt->cols - count, vt->cols);
    }
}

void vt_put(Vt *vt, uint32_t sign)
{
    if (vt->x >= vt->cols && vt->no_wrap) {
        vt->x = vt->cols - 1;
    } else if (vt->x >= vt->cols) {
        vt->x = 0;
        vt_line_feed(vt);
    }
    if (vt->insert) {
        vt_shift_cells(vt, 1);
    }
    screen_line(vt, vt->y)[vt->x++] = with_pen(&vt->pen, sign);
    touch(vt, vt->y);
}

void vt_reset(Vt *vt)
{
    vt->pen = (VtPen) { .fg = VT_WHITE, .bg = VT_BLACK };
    vt->saved.x = vt->saved.y = vt->x = vt->y = 0;
    vt->saved.pen = vt->pen;
    vt->top = vt->back = 0;
    vt->bottom = vt->rows;
    vt->hidden = vt->no_wrap = vt->insert = vt->app_cursor = vt->lines = false;
    vt->state = VT_TEXT;
    vt->utf8_left = 0;
    for (int y = 0; y < vt->rows; y++) {
        vt_clear(vt, y, 0, vt->cols);
    }
}

Vt *vt_new(int cols, int rows, void (*reply)(void *opaque, const char *text), void *opaque)
{
    Vt *vt = g_new0(Vt, 1);

    g_assert(cols > 0 && cols <= VT_COLS_MAX && rows > 0 && rows <= VT_ROWS_MAX);
    vt->cols = cols;
    vt->rows = rows;
    vt->reply = reply;
    vt->opaque = opaque;
    vt->cells = g_new0(VtCell, (gsize)(total(vt) * cols));
    vt->dirty = g_new0(bool, (gsize)rows);
    vt_reset(vt);
    return vt;
}

void vt_free(Vt *vt)
{
    g_free(vt->cells);
    g_free(vt->dirty);
    g_free(vt);
}
