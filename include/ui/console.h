/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Screens: a picture each, between the device that draws it and those who show it (VNC, a window, a file).
 *
 * A device is asked to draw when somebody wants to see; nobody looks, nothing is drawn. It draws what has changed into
 * its surface and says which lines; listeners are told of these. All of this is on the I/O thread, so there is no lock:
 * a listener with threads of its own keeps a copy. Implemented in ui/console.c, files in ui/screendump.c.
 *
 * Consoles have numbers: the screens from 0 on, as their devices were made, then the text consoles
 * (ui/text-console.h), which have surfaces of their own. One of all is shown.
 */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H
#include <stdbool.h>
#include <stdint.h>

enum { CONSOLE_WIDTH_MAX = 3840, CONSOLE_HEIGHT_MAX = 2160 };

/* Rows of `width` pixels, one behind the other, from the top; a pixel is 0x00RRGGBB. Never NULL, at least 1 x 1. */
typedef struct Surface {
    int width, height;
    uint32_t *pixels;
} Surface;

typedef struct Console Console; /* a screen */

typedef struct ConsoleOps {
    /* Bring the surface up to date by console_resize() and console_changed(). */
    void (*draw)(void *opaque);
    /* Somebody would like it to have that size (1..CONSOLE_*_MAX). NULL: the guest alone knows. */
    void (*ask_size)(void *opaque, int width, int height);
} ConsoleOps;

typedef struct ConsoleListener {
    /* The surface has another size; all of it is new. */
    void (*resized)(void *opaque, const Surface *s);
    /* Lines [y, y + lines) were drawn. */
    void (*changed)(void *opaque, const Surface *s, int y, int lines);
    /* After the device has drawn, changed or not: a moment for what has to be done regularly. NULL: none. */
    void (*tick)(void *opaque);
    void *opaque;
    const Console *only;        /* what it sees; NULL: what is shown. Constant */
    int interval_ms;            /* how often it wants to see the screen; 0: not now */
    struct ConsoleListener *next;
} ConsoleListener;

/* ---- for those who draw ---- */

/*
 * The next screen, of 640 x 480, with a note that there is no picture yet, which stays until the first one: number
 * `head` of that device. The name stays.
 */
Console *console_new(const char *device, unsigned head, const ConsoleOps *ops, void *opaque);
/* The surface with that size (1..CONSOLE_*_MAX), black if it was another. */
const Surface *console_resize(Console *c, int width, int height);
/* Lines [y, y + lines) of the surface are new. */
void console_changed(Console *c, int y, int lines);

/* ---- screens ---- */

Console *console_screen(unsigned n);                            /* NULL: there are not so many */
/* NULL: the device has none of that number. */
Console *console_of_device(const char *device, unsigned head);
bool console_has_device(const char *device);
const Surface *console_surface(const Console *c);
/* Have the device draw now. */
void console_refresh(Console *c);
bool console_may_ask_size(const Console *c);
/* The guest is told; what comes of it is its to decide. Sizes that cannot be become those that can. */
void console_ask_size(const Console *c, int width, int height);

/* ---- listeners ---- */

/* It is told of the surface at once. Its interval_ms may change later: console_listener_interval(). */
void console_listener_add(ConsoleListener *l);
void console_listener_interval(ConsoleListener *l, int ms);
/* What it sees is drawn now, whatever its interval is. */
void console_listener_look(const ConsoleListener *l);
/* The screen that it sees; NULL: it sees a text console. */
Console *console_listener_screen(const ConsoleListener *l);

/* ---- what shows them to the user; main thread, and the I/O thread when that runs ---- */

typedef struct DisplayInfo {
    const char *type;           /* "none", "sdl", "curses"; VNC is beside it */
    bool full_screen, keeps_open, show_cursor;
} DisplayInfo;
void display_set_info(const DisplayInfo *info);
const DisplayInfo *display_info(void);

/* ---- which one is shown ---- */

/* False: there is no such. */
bool console_show(unsigned n);
Console *console_shown_screen(void);                            /* NULL: a text console is */
int console_shown_text(void);                                   /* its number among these; -1: a screen is shown */
const Surface *console_shown_surface(void);
/* What a user calls it (g_free); NULL: it is the first screen, which has no need of a name. */
char *console_shown_name(void);

/*
 * The screen as a file; NULL: done, else what is wrong, to be freed (g_free). `format`: "ppm" or "png"; NULL: ppm.
 * `device`: NULL: the first screen.
 */
char *screendump(const char *path, const char *format, const char *device, unsigned head);
/* The screen of a device that a user names, NULL: the first; NULL: *problem is what is wrong (g_free). */
Console *console_named(const char *device, unsigned head, char **problem);
#endif
