/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text consoles, see ui/text-console.h. Each is the other end of a character device's socket: the device has the queue
 * and makes a CPU wait that prints faster than it is read. What is typed and not taken is dropped.
 */
#include <string.h>
#include <sys/socket.h>
#include <glib-unix.h>
#include "ui/text-console.h"
#include "ui/text-draw.h"
#include "ui/vt.h"

enum { CONSOLES_MAX = 32, PIECE = 4096, NO_CURSOR = -1 };

typedef struct TextConsole {
    char *label;
    int fd;
    Vt *vt;
    Surface surface;
    int cursor_x, cursor_y;             /* where it is drawn; NO_CURSOR: nowhere */
} TextConsole;

static TextConsole consoles[CONSOLES_MAX];
static unsigned count;

static void send_text(TextConsole *t, const char *text, size_t len)
{
    const ssize_t n = send(t->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    (void)n;
}

static void reply(void *opaque, const char *text)
{
    send_text(opaque, text, strlen(text));
}

static gboolean comes(gint fd, GIOCondition condition, gpointer opaque)
{
    TextConsole *t = opaque;
    uint8_t text[PIECE];
    const ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

    if (n > 0) {
        vt_write(t->vt, text, (size_t)n);
    }
    return n ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void text_console_new(const char *label, int fd, int cols, int rows)
{
    TextConsole *t = &consoles[count++];

    g_assert(count <= CONSOLES_MAX);
    t->label = g_strdup(label);
    t->fd = fd;
    t->vt = vt_new(cols, rows, reply, t);
    t->surface.width = cols * TEXT_CELL_WIDTH;
    t->surface.height = rows * TEXT_CELL_HEIGHT;
    t->surface.pixels = g_new0(uint32_t, (gsize)(t->surface.width * t->surface.height));
    t->cursor_y = NO_CURSOR;
    g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, comes, t);
}

unsigned text_console_count(void)
{
    return count;
}

const char *text_console_label(unsigned n)
{
    return consoles[n].label;
}

Vt *text_console_vt(unsigned n)
{
    return consoles[n].vt;
}

const Surface *text_console_surface(unsigned n)
{
    return &consoles[n].surface;
}

/* The line of the cursor is drawn where it was and where it is. */
static void move_cursor(TextConsole *t, int *x, int *y)
{
    if (!vt_cursor(t->vt, x, y)) {
        *y = NO_CURSOR;
    }
    if (*x != t->cursor_x || *y != t->cursor_y) {
        for (int i = 0; i < 2; i++) {
            const int line = i ? *y : t->cursor_y;

            if (line != NO_CURSOR) {
                t->vt->dirty[line] = true;
            }
        }
    }
    t->cursor_x = *x;
    t->cursor_y = *y;
}

void text_console_draw(unsigned n, void (*changed)(int y, int lines))
{
    TextConsole *t = &consoles[n];
    int x, y;

    move_cursor(t, &x, &y);
    for (int line = 0; line < t->vt->rows; line++) {
        if (vt_take_dirty(t->vt, line) || !changed) {
            text_draw_line(&t->surface, line, vt_line(t->vt, line), t->vt->cols, line == y ? x : NO_CURSOR);
            if (changed) {
                changed(line * TEXT_CELL_HEIGHT, TEXT_CELL_HEIGHT);
            }
        }
    }
}

/* ---- typing ---- */

bool text_console_switch_key(InputKey key, bool ctrl_alt)
{
    return ctrl_alt && key >= KEY_1 && key <= KEY_9 && console_show((unsigned)(key - KEY_1));
}

/* The one that is shown; NULL: none is. What is typed brings the view back to the cursor. */
static TextConsole *typed_at(void)
{
    TextConsole *t = console_shown_text() >= 0 ? &consoles[console_shown_text()] : NULL;

    if (t) {
        vt_look_back(t->vt, -t->vt->back);
    }
    return t;
}

void text_console_sign(uint32_t sign, bool ctrl)
{
    TextConsole *t = typed_at();
    char text[6];
    int len;

    if (ctrl && sign < 0x80 && (sign == ' ' || sign >= '@')) {
        sign &= 0x1f;
    }
    len = g_unichar_to_utf8(sign, text);
    if (t) {
        send_text(t, text, (size_t)len);
    }
}

static const struct {
    InputKey key;
    const char *text;
} sequences[] = {
    { KEY_RET, "\r" }, { KEY_KP_ENTER, "\r" }, { KEY_BACKSPACE, "\177" }, { KEY_TAB, "\t" }, { KEY_ESC, "\033" },
    { KEY_HOME, "\033[1~" }, { KEY_INSERT, "\033[2~" }, { KEY_DELETE, "\033[3~" }, { KEY_END, "\033[4~" },
    { KEY_PGUP, "\033[5~" }, { KEY_PGDN, "\033[6~" }, { KEY_F1, "\033[[A" }, { KEY_F2, "\033[[B" },
    { KEY_F3, "\033[[C" }, { KEY_F4, "\033[[D" }, { KEY_F5, "\033[[E" }, { KEY_F6, "\033[17~" },
    { KEY_F7, "\033[18~" }, { KEY_F8, "\033[19~" }, { KEY_F9, "\033[20~" }, { KEY_F10, "\033[21~" },
    { KEY_F11, "\033[23~" }, { KEY_F12, "\033[24~" },
};
static const struct {
    InputKey key;
    char last;
} arrows[] = { { KEY_UP, 'A' }, { KEY_DOWN, 'B' }, { KEY_RIGHT, 'C' }, { KEY_LEFT, 'D' } };

bool text_console_key(InputKey key, bool shift)
{
    TextConsole *t = console_shown_text() >= 0 ? &consoles[console_shown_text()] : NULL;

    if (!t) {
        return false;
    }
    if (shift && (key == KEY_PGUP || key == KEY_PGDN)) {
        vt_look_back(t->vt, (key == KEY_PGUP ? 1 : -1) * t->vt->rows / 2);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sequences); i++) {
        if (sequences[i].key == key) {
            reply(typed_at(), sequences[i].text);
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(arrows); i++) {
        if (arrows[i].key == key) {
            const char text[] = { 0x1b, t->vt->app_cursor ? 'O' : '[', arrows[i].last, 0 };

            reply(typed_at(), text);
            return true;
        }
    }
    return false;
}
