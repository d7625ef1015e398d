/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal is sent: text, control characters, sequences (ECMA-48, VT100). See ui/vt.h. */
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include "ui/vt.h"

enum { TAB = 8, PARAM_MAX = 9999, REPLACEMENT = 0xfffd };

/* The nth parameter; 0 and one that is not there are `usual`. */
static int param(const Vt *vt, unsigned n, int usual)
{
    return n < vt->params && vt->param[n] ? vt->param[n] : usual;
}

/* ---- colours ---- */

/* 38;5;N and 48;5;N, of which there are the first sixteen; 38;2;R;G;B. Returns how many parameters these are. */
static unsigned long_colour(Vt *vt, unsigned at, uint8_t *colour)
{
    const int kind = param(vt, at + 1, 0), n = param(vt, at + 2, 0);

    if (kind == 5 && n < 16) {
        *colour = (uint8_t)n;
    }
    return kind == 2 ? 5 : kind == 5 ? 3 : 2;
}

static unsigned pen_attribute(Vt *vt, unsigned at)
{
    VtPen *p = &vt->pen;
    const int v = at < vt->params ? vt->param[at] : 0;

    switch (v) {
    case 0:
        *p = (VtPen) { .fg = VT_WHITE, .bg = VT_BLACK };
        break;
    case 1:
        p->bold = true;
        break;
    case 4:
    case 24:
        p->underline = v == 4;
        break;
    case 7:
    case 27:
        p->reverse = v == 7;
        break;
    case 22:
        p->bold = false;
        break;
    case 38:
        return long_colour(vt, at, &p->fg);
    case 48:
        return long_colour(vt, at, &p->bg);
    case 39:
        p->fg = VT_WHITE;
        break;
    case 49:
        p->bg = VT_BLACK;
        break;
    default:
        if (v >= 30 && v < 38) {
            p->fg = (uint8_t)(v - 30);
        } else if (v >= 40 && v < 48) {
            p->bg = (uint8_t)(v - 40);
        } else if (v >= 90 && v < 98) {
            p->fg = (uint8_t)(v - 90 + VT_BRIGHT);
        } else if (v >= 100 && v < 108) {
            p->bg = (uint8_t)(v - 100 + VT_BRIGHT);
        }
        break;
    }
    return 1;
}

static void set_pen(Vt *vt)
{
    unsigned at = 0;

    do {
        at += pen_attribute(vt, at);
    } while (at < vt->params);
}

/* ---- sequences ---- */

/* 0: from the cursor to the end, 1: up to the cursor, 2: all. */
static void erase_line(Vt *vt)
{
    const int how = param(vt, 0, 0);

    vt_clear(vt, vt->y, how ? 0 : vt->x, how == 1 ? vt->x + 1 : vt->cols);
}

static void erase_screen(Vt *vt)
{
    const int how = param(vt, 0, 0);

    for (int y = 0; y < vt->rows; y++) {
        if (y == vt->y && how < 2) {
            erase_line(vt);
        } else if (how >= 2 || (how == 1) == (y < vt->y)) {
            vt_clear(vt, y, 0, vt->cols);
        }
    }
}

static void set_mode(Vt *vt, bool on)
{
    for (unsigned i = 0; i < vt->params; i++) {
        if (vt->mark == '?' && vt->param[i] == 1) {
            vt->app_cursor = on;
        } else if (vt->mark == '?' && vt->param[i] == 7) {
            vt->no_wrap = !on;
        } else if (vt->mark == '?' && vt->param[i] == 25) {
            vt->hidden = !on;
            vt_move(vt, vt->x, vt->y);          /* draws it */
        } else if (!vt->mark && vt->param[i] == 4) {
            vt->insert = on;
        }
    }
}

static void set_region(Vt *vt)
{
    const int top = param(vt, 0, 1) - 1, bottom = MIN(param(vt, 1, vt->rows), vt->rows);

    if (top < bottom - 1) {
        vt->top = top;
        vt->bottom = bottom;
        vt_move(vt, 0, 0);
    }
}

static void report(Vt *vt)
{
    char text[32];

    if (param(vt, 0, 0) == 5) {
        vt->reply(vt->opaque, "\033[0n");
    } else if (param(vt, 0, 0) == 6) {
        snprintf(text, sizeof(text), "\033[%d;%dR", vt->y + 1, MIN(vt->x, vt->cols - 1) + 1);
        vt->reply(vt->opaque, text);
    }
}

static void save(Vt *vt)
{
    vt->saved.x = vt->x;
    vt->saved.y = vt->y;
    vt->saved.pen = vt->pen;
}

static void restore(Vt *vt)
{
    vt->pen = vt->saved.pen;
    vt_move(vt, vt->saved.x, vt->saved.y);
}

static void move_by(Vt *vt, int dx, int dy)
{
    vt_move(vt, vt->x + dx, vt->y + dy);
}

static void sequence(Vt *vt, char last)
{
    const int n = param(vt, 0, 1);
    const bool scrolls = vt->y >= vt->top && vt->y < vt->bottom;

    if (vt->mark && last != 'h' && last != 'l') {
        return;
    }
    switch (last) {
    case 'A': move_by(vt, 0, -n); break;
    case 'B': case 'e': move_by(vt, 0, n); break;
    case 'C': case 'a': move_by(vt, n, 0); break;
    case 'D': vt_move(vt, MIN(vt->x, vt->cols - 1) - n, vt->y); break;
    case 'E': vt_move(vt, 0, vt->y + n); break;
    case 'F': vt_move(vt, 0, vt->y - n); break;
    case 'G': case '`': vt_move(vt, n - 1, vt->y); break;
    case 'd': vt_move(vt, vt->x, n - 1); break;
    case 'H': case 'f': vt_move(vt, param(vt, 1, 1) - 1, n - 1); break;
    case 'J': erase_screen(vt); break;
    case 'K': erase_line(vt); break;
    case 'X': vt_clear(vt, vt->y, vt->x, vt->x + n); break;
    case '@': vt_shift_cells(vt, n); break;
    case 'P': vt_shift_cells(vt, -n); break;
    case 'L': if (scrolls) { vt_shift_lines(vt, vt->y, n); } break;
    case 'M': if (scrolls) { vt_shift_lines(vt, vt->y, -n); } break;
    case 'S': vt_shift_lines(vt, vt->top, -n); break;
    case 'T': vt_shift_lines(vt, vt->top, n); break;
    case 'm': set_pen(vt); break;
    case 'h': set_mode(vt, true); break;
    case 'l': set_mode(vt, false); break;
    case 'r': set_region(vt); break;
    case 's': save(vt); break;
    case 'u': restore(vt); break;
    case 'n': report(vt); break;
    case 'c': vt->reply(vt->opaque, "\033[?6c"); break;
    default: break;
    }
}

static void csi_byte(Vt *vt, uint8_t b)
{
    if (b >= '0' && b <= '9') {
        int *p = &vt->param[vt->params ? vt->params - 1 : 0];

        vt->params = vt->params ? vt->params : 1;
        *p = MIN(*p * 10 + (b - '0'), PARAM_MAX);
    } else if (b == ';') {
        vt->params = vt->params ? vt->params : 1;
        vt->params += vt->params < VT_PARAMS;
    } else if (b >= '<' && b <= '?') {
        vt->mark = (char)b;
    } else if (b >= '@' && b <= '~') {
        vt->state = VT_TEXT;
        sequence(vt, (char)b);
    } else if (b < ' ' || b > '~') {
        vt->state = b == 0x1b ? VT_ESCAPE : VT_TEXT;
    }
}

static void escape_byte(Vt *vt, uint8_t b)
{
    vt->state = VT_TEXT;
    switch (b) {
    case '[':
        vt->state = VT_CSI;
        vt->params = 0;
        vt->mark = 0;
        memset(vt->param, 0, sizeof(vt->param));
        break;
    case ']': case 'P': case '_': case '^': case 'X':
        vt->state = VT_STRING;
        break;
    case '(':
        vt->state = VT_CHARSET;
        break;
    case ')': case '*': case '+': case '#': case '%':
        vt->state = VT_CHARSET;
        vt->mark = (char)b;
        return;
    case '7': save(vt); break;
    case '8': restore(vt); break;
    case 'D': vt_line_feed(vt); break;
    case 'E': vt_move(vt, 0, vt->y); vt_line_feed(vt); break;
    case 'M': vt_reverse_line_feed(vt); break;
    case 'Z': vt->reply(vt->opaque, "\033[?6c"); break;
    case 'c': vt_reset(vt); break;
    default: break;
    }
    vt->mark = 0;
}

static void charset_byte(Vt *vt, uint8_t b)
{
    vt->state = VT_TEXT;
    if (!vt->mark) {
        vt->lines = b == '0';
    }
}

/* ---- text ---- */

static void control(Vt *vt, uint8_t b)
{
    switch (b) {
    case '\b': vt_move(vt, MIN(vt->x, vt->cols - 1) - 1, vt->y); break;
    case '\t': vt_move(vt, (vt->x / TAB + 1) * TAB, vt->y); break;
    case '\n': case '\v': case '\f': vt_line_feed(vt); break;
    case '\r': vt_move(vt, 0, vt->y); break;
    case 0x1b: vt->state = VT_ESCAPE; break;
    default: break;
    }
}

/* The VT100's signs of line drawing, from ` to ~. */
static uint32_t drawing(uint32_t sign)
{
    static const uint16_t signs[] = {
        0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b, 0x2518, 0x2510, 0x250c, 0x2514,
        0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524, 0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0,
        0x2260, 0x00a3, 0x00b7,
    };

    return sign >= '`' && sign <= '~' ? signs[sign - '`'] : sign;
}

static void text_byte(Vt *vt, uint8_t b)
{
    if (vt->utf8_left && (b & 0xc0) == 0x80) {
        vt->utf8 = vt->utf8 << 6 | (b & 0x3f);
        if (!--vt->utf8_left) {
            vt_put(vt, g_unichar_isprint(vt->utf8) ? vt->utf8 : REPLACEMENT);
        }
        return;
    }
    if (vt->utf8_left) {
        vt->utf8_left = 0;
        vt_put(vt, REPLACEMENT);
    }
    if (b < ' ' || b == 0x7f) {
        control(vt, b);
    } else if (b < 0x80) {
        vt_put(vt, vt->lines ? drawing(b) : b);
    } else if (b < 0xc2 || b > 0xf4) {
        vt_put(vt, REPLACEMENT);
    } else {
        vt->utf8_left = b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : 1;
        vt->utf8 = b & (0x3f >> vt->utf8_left);
    }
}

void vt_write(Vt *vt, const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const uint8_t b = text[i];

        switch (vt->state) {
        case VT_TEXT:
            text_byte(vt, b);
            break;
        case VT_ESCAPE:
            escape_byte(vt, b);
            break;
        case VT_CHARSET:
            charset_byte(vt, b);
            break;
        case VT_CSI:
            csi_byte(vt, b);
            break;
        case VT_STRING:                 /* titles and the like, up to BEL or ESC \ */
            vt->state = b == 0x1b ? VT_STRING_ESCAPE : b == 7 || b == 0x18 || b == 0x1a ? VT_TEXT : VT_STRING;
            break;
        case VT_STRING_ESCAPE:
            vt->state = VT_TEXT;
            if (b != '\\') {
                escape_byte(vt, b);
            }
            break;
        }
    }
}
