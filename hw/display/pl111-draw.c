/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the PL111's picture gets to the console. Only lines are converted that changed since the last time: those of
 * pages that were stored to, those that the cursor left or came to; all, if anything else differs that the picture
 * follows from. I/O thread; the device's lock is held for a copy of the registers alone, since to ask for the pages may
 * stop the CPUs.
 */
#include <stdlib.h>
#include <string.h>
#include "exec/memory.h"
#include "hw/display/pl111-internal.h"
#include "qemu/log.h"
#include "ui/console.h"

enum {
    PAGE_BITS = 12, FRAME_BYTES_MAX = PIXELS_MAX * PIXELS_MAX * 4, FRAME_PAGES_MAX = (FRAME_BYTES_MAX >> PAGE_BITS) + 1,
};

struct PL111Screen {
    PL111Mode mode;                     /* drawn */
    PL111Cursor cursor;                 /* drawn */
    PL111Pixels pixels;                 /* of mode */
    bool blank;                         /* there is no picture, whatever is in mode */
    bool drawn;                         /* there is something in mode and cursor */
    uint8_t line_changed[PANELS * PIXELS_MAX];
    uint8_t page_dirty[FRAME_PAGES_MAX];
};

struct PL111Screen *pl111_screen_new(void)
{
    struct PL111Screen *v = calloc(1, sizeof(*v));

    if (!v) {
        error_exit("out of memory");
    }
    v->blank = true;                    /* the console's own picture stays until there is one */
    return v;
}

static unsigned panels_of(const PL111Mode *m)
{
    return m->control & CTRL_DUAL ? PANELS : 1;
}

/* What is to be seen now; false: nothing. */
static bool look(PL111State *s, PL111Mode *m, PL111Cursor *c)
{
    memset(m, 0, sizeof(*m));
    counted_lock(&s->dev.lock);
    pl111_account(s, clock_virtual_ns());
    m->width = pl111_width(s);
    m->lines = pl111_lines(s);
    m->control = s->control;
    memcpy(m->palette, s->palette, sizeof(m->palette));
    memcpy(m->base, s->shown_base, panels_of(m) * sizeof(m->base[0]));
    *c = s->cursor;
    c->xy = s->shown_xy;
    c->clip = s->shown_clip;
    const bool on = pl111_is_on(s);
    counted_unlock(&s->dev.lock);
    m->mux = s->config.mux(s->config.opaque);
    return on;
}

static void mark(struct PL111Screen *v, unsigned first, unsigned lines)
{
    memset(v->line_changed + first, 1, lines);
}

static void mark_cursor(struct PL111Screen *v)
{
    unsigned first, lines = pl111_cursor_lines(&v->cursor, &v->mode, &first);

    mark(v, first, lines);
}

/* The lines of a panel whose pages were stored to. */
static void mark_dirty(struct PL111Screen *v, unsigned panel)
{
    const PL111Mode *m = &v->mode;
    const uint32_t base = m->base[panel], line = pl111_line_bytes(m), size = line * m->lines;
    const uint32_t pages = ((base & ((1u << PAGE_BITS) - 1)) + size - 1) >> PAGE_BITS;
    int dirty = memory_take_dirty(base, size, v->page_dirty);

    for (uint32_t page = 0; dirty > 0 && page <= pages; page++) {
        if (v->page_dirty[page]) {
            /* Relative to the frame's first byte. */
            const int64_t begin = (int64_t)(((base >> PAGE_BITS) + page) << PAGE_BITS) - base;
            const int64_t end = begin + (1 << PAGE_BITS);
            const uint32_t from = begin < 0 ? 0 : (uint32_t)begin / line;
            const uint32_t to = end > size ? m->lines - 1 : (uint32_t)(end - 1) / line;

            mark(v, panel * m->lines + from, to - from + 1);
        }
    }
}

static void draw_line(struct PL111Screen *v, unsigned y, uint32_t *to)
{
    const PL111Mode *m = &v->mode;
    const unsigned panel = y >= m->lines;
    const uint32_t at = m->base[panel] + (y - panel * m->lines) * pl111_line_bytes(m);
    uint32_t words[PIXELS_MAX + 1] = { 0 }, len = ((at & 2) + pl111_line_bytes(m) + 3) & ~3u;

    dma_read(at & ~3u, words, len);     /* what is not memory is black */
    pl111_convert(&v->pixels, m, words, at & 2 ? 16 : 0, to);
}

static void draw_marked(struct PL111Screen *v, Console *console)
{
    const PL111Mode *m = &v->mode;
    const unsigned lines = panels_of(m) * m->lines;
    const Surface *s = console_resize(console, (int)m->width, (int)lines);
    unsigned first, cursor = pl111_cursor_lines(&v->cursor, m, &first), y = 0;

    while (y < lines) {
        unsigned from = y;

        for (; y < lines && v->line_changed[y]; y++) {
            uint32_t *to = s->pixels + (size_t)y * m->width;

            draw_line(v, y, to);
            if (y - first < cursor) {
                pl111_cursor_line(&v->cursor, m, y, to);
            }
        }
        if (y > from) {
            console_changed(console, (int)from, (int)(y - from));
        } else {
            y++;
        }
    }
    memset(v->line_changed, 0, lines);
}

static void draw_blank(struct PL111Screen *v, Console *console)
{
    const Surface *s = console_surface(console);

    if (!v->blank) {
        v->blank = true;
        memset(s->pixels, 0, sizeof(s->pixels[0]) * (size_t)s->width * (size_t)s->height);
        console_changed(console, 0, s->height);
    }
}

void pl111_draw(void *opaque)
{
    PL111State *s = opaque;
    struct PL111Screen *v = s->screen;
    PL111Mode mode;
    PL111Cursor cursor;

    if (!look(s, &mode, &cursor)) {
        draw_blank(v, s->console);
        return;
    }
    if (v->blank || !v->drawn || memcmp(&mode, &v->mode, sizeof(mode))) {
        v->blank = false;
        v->drawn = true;
        v->mode = mode;
        v->cursor = cursor;
        pl111_pixels_init(&v->pixels, &mode);
        mark(v, 0, panels_of(&mode) * mode.lines);
    } else if (memcmp(&cursor, &v->cursor, sizeof(cursor))) {
        mark_cursor(v);
        v->cursor = cursor;
        mark_cursor(v);
    }
    for (unsigned panel = 0; panel < panels_of(&mode); panel++) {
        mark_dirty(v, panel);
    }
    draw_marked(v, s->console);
}
