/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The consoles on a terminal, by ncursesw, which is loaded when it is wanted: text consoles as they are, of the guest's
 * screen how large it is. Alt-1 (or Esc 1) shows the guest's screen, Alt-2 and so on text consoles. What is typed goes
 * to the console that is shown, to the guest as keys of a US keyboard. All on the I/O thread.
 */
#define _XOPEN_SOURCE_EXTENDED 1
#include <locale.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <glib-unix.h>
#include "ui/curses.h"
#include "ui/keysym.h"
#include "ui/text-console.h"
#include "ui/text-draw.h"
#include "ui/vt.h"
/* Last: from here on KEY_DOWN and the like are ncurses' numbers; the guest's keys go by their names. */
#define NCURSES_NOMACROS 1
#include <curses.h>

enum { LOOK_MS = 30, LOOK_AT_GUEST_MS = 500, ESCAPE_MS = 20, HOLD_MS = 20, ESCAPE = 0x1b, COLOURS = 8 };

#define LIBRARY_TABLE nc
#define LIBRARY_PREFIX
#define LIBRARY_FUNCTIONS(X) \
    X(curs_set) X(endwin) X(getmaxx) X(getmaxy) X(has_colors) X(init_pair) X(keypad) X(mvwadd_wch) X(mvwaddnstr) \
    X(newterm) X(nodelay) X(noecho) X(nonl) X(raw) X(set_escdelay) X(setcchar) X(start_color) X(werase) X(wget_wch) \
    X(wmove) X(wrefresh) X(stdscr)
#include "qemu/library-table.h"

static WINDOW *win;                     /* NULL: not begun */
static bool colours;
static int first_row;                   /* of the console, that is on the terminal's first line */

/* ---- what is seen ---- */

static const Vt *shown_text(void)
{
    return console_shown_text() >= 0 ? text_console_vt((unsigned)console_shown_text()) : NULL;
}

static void draw_cell(int x, int y, const VtCell *cell)
{
    wchar_t text[2] = { (wchar_t)(cell->sign ? cell->sign : ' '), 0 };
    const attr_t bold = cell->fg & VT_BRIGHT ? WA_BOLD : 0, underline = cell->underline ? WA_UNDERLINE : 0;
    const int fg = cell->fg % COLOURS, bg = cell->bg % COLOURS;
    cchar_t cc;

    if (text[0] >= 0x7f && (MB_CUR_MAX == 1 || wcwidth(text[0]) != 1)) {
        const char plain = text_plain_sign(cell->sign);

        text[0] = plain ? plain : '?';
    }
    nc.setcchar(&cc, text, bold | underline | (!colours && bg ? WA_REVERSE : 0),
                (short)(colours ? 1 + bg * COLOURS + fg : 0), NULL);
    nc.mvwadd_wch(win, y, x, &cc);
}

static void draw_row(const Vt *vt, int row)
{
    const int y = row - first_row, width = nc.getmaxx(win);

    if (y >= 0 && y < nc.getmaxy(win)) {
        const VtCell *line = vt_line(vt, row);

        for (int x = 0; x < MIN(vt->cols, width); x++) {
            draw_cell(x, y, &line[x]);
        }
    }
}

static void draw_all(const Surface *s)
{
    const Vt *vt = shown_text();

    nc.werase(win);
    if (vt) {
        for (int row = 0; row < vt->rows; row++) {
            draw_row(vt, row);
        }
    } else {
        g_autofree char *text = g_strdup_printf("%d x %d Graphic mode", s->width, s->height);
        const int x = (nc.getmaxx(win) - (int)strlen(text)) / 2;

        nc.mvwaddnstr(win, nc.getmaxy(win) / 2, MAX(x, 0), text, -1);
    }
}

/* The cursor's line has to be on the terminal. */
static void place_cursor(void)
{
    const Vt *vt = shown_text();
    int x, y;
    const bool visible = vt && vt_cursor(vt, &x, &y);

    if (visible && (y < first_row || y >= first_row + nc.getmaxy(win))) {
        first_row = MAX(y - nc.getmaxy(win) + 1, 0);
        draw_all(NULL);
    }
    nc.curs_set(visible);
    if (visible) {
        nc.wmove(win, y - first_row, MIN(x, nc.getmaxx(win) - 1));
    }
}

static ConsoleListener listener;

static void resized(void *opaque, const Surface *s)
{
    first_row = 0;
    draw_all(s);
    console_listener_interval(&listener, shown_text() ? LOOK_MS : LOOK_AT_GUEST_MS);
}

static void lines_changed(void *opaque, const Surface *s, int y, int lines)
{
    const Vt *vt = shown_text();

    for (int row = y / TEXT_CELL_HEIGHT; vt && row < (y + lines) / TEXT_CELL_HEIGHT; row++) {
        draw_row(vt, row);
    }
}

/* ---- what is typed ---- */

static const struct {
    wint_t code;
    const char *name;
} keys[] = {
    { KEY_DOWN, "down" }, { KEY_UP, "up" }, { KEY_LEFT, "left" }, { KEY_RIGHT, "right" }, { KEY_HOME, "home" },
    { KEY_END, "end" }, { KEY_NPAGE, "pgdn" }, { KEY_PPAGE, "pgup" }, { KEY_SNEXT, "pgdn" }, { KEY_SPREVIOUS, "pgup" },
    { KEY_IC, "insert" }, { KEY_DC, "delete" }, { KEY_BACKSPACE, "backspace" }, { KEY_ENTER, "ret" },
};

static InputKey named(const char *name)
{
    return input_key_by_name(name, strlen(name));
}

static InputKey key_of(wint_t code)
{
    char name[16];

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].code == code) {
            return named(keys[i].name);
        }
    }
    g_snprintf(name, sizeof(name), "f%u", code - KEY_F0);
    return code > KEY_F0 && code <= KEY_F(12) ? named(name) : KEY_NONE;
}

static void to_guest(InputKey modifier, InputKey key)
{
    const InputKey both[] = { modifier, key };

    if (key != KEY_NONE) {
        input_send_keys(modifier == KEY_NONE ? both + 1 : both, modifier == KEY_NONE ? 1 : 2, HOLD_MS);
    }
}

static void sign_to_guest(wint_t sign)
{
    const KeyOfSign k = keysym_key(sign);

    switch (sign) {
    case '\r':
    case '\n':
        to_guest(KEY_NONE, named("ret"));
        break;
    case '\b':
    case 0x7f:
        to_guest(KEY_NONE, named("backspace"));
        break;
    case '\t':
        to_guest(KEY_NONE, named("tab"));
        break;
    case ESCAPE:
        to_guest(KEY_NONE, named("esc"));
        break;
    default:
        if (sign < ' ') {
            to_guest(named("ctrl"), keysym_key(sign | 0x60).key);
        } else {
            to_guest(k.shifted ? named("shift") : KEY_NONE, k.key);
        }
        break;
    }
}

static void type_sign(wint_t sign)
{
    if (shown_text()) {
        text_console_sign(sign, false);
    } else {
        sign_to_guest(sign);
    }
}

static void type_code(wint_t code)
{
    const InputKey key = key_of(code);

    if (code == KEY_RESIZE) {
        draw_all(console_shown_surface());
    } else if (shown_text()) {
        text_console_key(key, code == KEY_SNEXT || code == KEY_SPREVIOUS);
    } else {
        to_guest(KEY_NONE, key);
    }
}

/* Alt-DIGIT: a terminal sends Escape and the digit. */
static void escape_typed(void)
{
    wint_t next;
    const int kind = nc.wget_wch(win, &next);

    if (kind == OK && next >= '1' && next <= '9' && console_show(next - '1')) {
        return;
    }
    type_sign(ESCAPE);
    if (kind == OK) {
        type_sign(next);
    } else if (kind == KEY_CODE_YES) {
        type_code(next);
    }
}

static void take_typed(void)
{
    wint_t code;

    for (int kind; (kind = nc.wget_wch(win, &code)) != ERR;) {
        if (kind == KEY_CODE_YES) {
            type_code(code);
        } else if (code == ESCAPE) {
            escape_typed();
        } else {
            type_sign(code);
        }
    }
}

static void show(void)
{
    place_cursor();
    nc.wrefresh(win);
}

/* Also for a terminal whose size has changed, which ncurses learns by a signal. */
static void tick(void *opaque)
{
    take_typed();
    show();
}

static gboolean typed(gint fd, GIOCondition condition, gpointer unused)
{
    take_typed();
    show();
    return condition & (G_IO_HUP | G_IO_ERR) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static ConsoleListener listener = { .resized = resized, .changed = lines_changed, .tick = tick };

/* ---- start and end ---- */

static void make_colours(void)
{
    colours = nc.has_colors();
    if (colours) {
        nc.start_color();
        for (int pair = 0; pair < COLOURS * COLOURS; pair++) {
            nc.init_pair((short)(pair + 1), (short)(pair % COLOURS), (short)(pair / COLOURS));
        }
    }
}

char *curses_start(void)
{
    char *problem;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return g_strdup("standard input and output are no terminal");
    }
    setlocale(LC_CTYPE, "");
    problem = library_load("libncursesw.so.6", nc_functions);
    if (problem) {
        return problem;
    }
    if (!nc.newterm(NULL, stdout, stdin)) {
        return g_strdup_printf("the kind of terminal '%s' is not known", g_getenv("TERM") ? g_getenv("TERM") : "");
    }
    win = *nc.stdscr;
    nc.set_escdelay(ESCAPE_MS);
    nc.raw();
    nc.noecho();
    nc.nonl();
    nc.keypad(win, TRUE);
    nc.nodelay(win, TRUE);
    make_colours();
    console_listener_add(&listener);
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, typed, NULL);
    return NULL;
}

void curses_end(void)
{
    if (win) {
        nc.endwin();
    }
}
