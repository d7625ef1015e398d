/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen: one picture between the device that draws it and those who show it (VNC, a window, a file).
 *
 * The device is asked to draw when somebody wants to see; nobody looks, nothing is drawn. It draws what has changed
 * into the surface and says which lines; listeners are told of these. All of this is on the I/O thread, so there is no
 * lock: a listener with threads of its own keeps a copy. Implemented in ui/console.c, files in ui/screendump.c.
 *
 * Listeners may be shown a text console (ui/text-console.h) instead, which has a surface of its own.
 */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H
#include <stdbool.h>
#include <stdint.h>

enum { CONSOLE_WIDTH_MAX = 1024, CONSOLE_HEIGHT_MAX = 2048 };

/* Rows of `width` pixels, one behind the other, from the top; a pixel is 0x00RRGGBB. Never NULL, at least 1 x 1. */
typedef struct Surface {
    int width, height;
    uint32_t *pixels;
} Surface;

typedef struct ConsoleListener {
    /* The surface has another size; all of it is new. */
    void (*resized)(void *opaque, const Surface *s);
    /* Lines [y, y + lines) were drawn. */
    void (*changed)(void *opaque, const Surface *s, int y, int lines);
    /* After the device has drawn, changed or not: a moment for what has to be done regularly. NULL: none. */
    void (*tick)(void *opaque);
    void *opaque;
    int interval_ms;            /* how often it wants to see the screen; 0: not now */
    struct ConsoleListener *next;
} ConsoleListener;

/* The one who draws: draw() brings the surface up to date by console_resize() and console_changed(). */
void console_set_source(void (*draw)(void *opaque), void *opaque);
/* The surface with that size (1..CONSOLE_*_MAX), black if it was another. */
const Surface *console_resize(int width, int height);
/* Lines [y, y + lines) of the surface are new. */
void console_changed(int y, int lines);

/* The device's surface, whatever is shown. */
const Surface *console_surface(void);
/* Have the device draw now. */
void console_refresh(void);
/* A listener is told of the surface at once. Its interval_ms may change later: console_listener_interval(). */
void console_listener_add(ConsoleListener *l);
void console_listener_interval(ConsoleListener *l, int ms);

/* ---- which one is shown ---- */

/* Console 0 is the device's; text consoles are numbered as they were made, from 1. False: there is no such. */
bool console_show(unsigned n);
unsigned console_shown(void);
/* What listeners see. */
const Surface *console_shown_surface(void);

/* The screen as a file; NULL: done, else what is wrong, to be freed (g_free). `format`: "ppm" or "png"; NULL: ppm. */
char *screendump(const char *path, const char *format);
#endif
