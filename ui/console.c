/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The surfaces, their source and their listeners (ui/console.h). I/O thread.
 *
 * The screen is looked at as often as the most eager listener wants, by the host's time: a stopped machine is shown,
 * too. If nothing has changed for a while it is looked at less often.
 */
#include <string.h>
#include <glib.h>
#include "ui/console.h"
#include "ui/text-console.h"

enum { WIDTH_AT_START = 640, HEIGHT_AT_START = 480, IDLE_ROUNDS = 30, IDLE_FACTOR = 3 };

static uint32_t pixels[CONSOLE_WIDTH_MAX * CONSOLE_HEIGHT_MAX];
static Surface surface = { WIDTH_AT_START, HEIGHT_AT_START, pixels };
static void (*source_draw)(void *opaque);
static void *source_opaque;
static ConsoleListener *listeners;
static unsigned shown;          /* 0: the device's surface, else a text console's */
static guint timer;             /* GLib's number; 0: nobody looks */
static int timer_ms;
static int idle_rounds;         /* that the source has been asked and drew nothing */

void console_set_source(void (*draw)(void *opaque), void *opaque)
{
    source_draw = draw;
    source_opaque = opaque;
}

const Surface *console_surface(void)
{
    return &surface;
}

const Surface *console_shown_surface(void)
{
    return shown ? text_console_surface(shown - 1) : &surface;
}

unsigned console_shown(void)
{
    return shown;
}

static void tell_of_surface(void)
{
    idle_rounds = 0;
    for (ConsoleListener *l = listeners; l; l = l->next) {
        l->resized(l->opaque, console_shown_surface());
    }
}

bool console_show(unsigned n)
{
    if (n > text_console_count()) {
        return false;
    }
    if (n != shown) {
        shown = n;
        if (n) {
            text_console_draw(n - 1, NULL);
        } else {
            console_refresh();
        }
        tell_of_surface();
    }
    return true;
}

const Surface *console_resize(int width, int height)
{
    g_assert(width > 0 && height > 0 && width <= CONSOLE_WIDTH_MAX && height <= CONSOLE_HEIGHT_MAX);
    if (width != surface.width || height != surface.height) {
        surface.width = width;
        surface.height = height;
        memset(pixels, 0, sizeof(pixels[0]) * (size_t)width * (size_t)height);
        if (!shown) {
            tell_of_surface();
        }
    }
    return &surface;
}

static void tell_of_lines(int y, int lines)
{
    idle_rounds = 0;
    for (ConsoleListener *l = listeners; l; l = l->next) {
        l->changed(l->opaque, console_shown_surface(), y, lines);
    }
}

void console_changed(int y, int lines)
{
    g_assert(y >= 0 && lines > 0 && y + lines <= surface.height);
    if (!shown) {
        tell_of_lines(y, lines);
    }
}

void console_refresh(void)
{
    if (source_draw) {
        source_draw(source_opaque);
    }
}

static void plan(void);

static gboolean look(gpointer unused)
{
    idle_rounds += idle_rounds < IDLE_ROUNDS;
    if (shown) {
        text_console_draw(shown - 1, tell_of_lines);
    } else {
        console_refresh();
    }
    for (ConsoleListener *l = listeners; l; l = l->next) {
        if (l->tick) {
            l->tick(l->opaque);
        }
    }
    plan();
    return timer ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* How long until the next look; 0: nobody wants to. */
static int wanted_ms(void)
{
    int ms = 0;

    for (ConsoleListener *l = listeners; l; l = l->next) {
        if (l->interval_ms && (!ms || l->interval_ms < ms)) {
            ms = l->interval_ms;
        }
    }
    return idle_rounds < IDLE_ROUNDS ? ms : ms * IDLE_FACTOR;
}

static void plan(void)
{
    const int ms = wanted_ms();

    if (ms == timer_ms) {
        return;
    }
    if (timer) {
        g_source_remove(timer);
    }
    timer = ms ? g_timeout_add((guint)ms, look, NULL) : 0;
    timer_ms = ms;
}

void console_listener_interval(ConsoleListener *l, int ms)
{
    if (l->interval_ms != ms) {
        l->interval_ms = ms;
        idle_rounds = 0;
        plan();
    }
}

void console_listener_add(ConsoleListener *l)
{
    l->next = listeners;
    listeners = l;
    l->resized(l->opaque, console_shown_surface());
    plan();
}
