/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screens, their sources and their listeners (ui/console.h). I/O thread.
 *
 * What is seen is looked at as often as the most eager listener wants, by the host's time: a stopped machine is shown,
 * too. If nothing has changed for a while it is looked at less often.
 */
#include <string.h>
#include <glib.h>
#include "ui/console.h"
#include "ui/text-console.h"
#include "ui/text-draw.h"

enum { WIDTH_AT_START = 640, HEIGHT_AT_START = 480, IDLE_ROUNDS = 30, IDLE_FACTOR = 3 };

struct Console {
    const char *device;
    unsigned head;
    const ConsoleOps *ops;      /* NULL: nobody draws it */
    void *opaque;
    Surface surface;
    bool asked;                 /* in this look */
    Console *next;
};

static Console *screens;
static ConsoleListener *listeners;
static unsigned shown;          /* a screen, or, beyond these, a text console */
static guint timer;             /* GLib's number; 0: nobody looks */
static int timer_ms;
static int idle_rounds;         /* that the sources have been asked and drew nothing */

/* ---- screens ---- */

static void surface_size(Surface *s, int width, int height)
{
    g_free(s->pixels);
    *s = (Surface) { width, height, g_new0(uint32_t, (gsize)width * (gsize)height) };
}

Console *console_new(const char *device, unsigned head, const ConsoleOps *ops, void *opaque)
{
    Console *c = g_new0(Console, 1), **at = &screens;

    *c = (Console) { .device = device, .head = head, .ops = ops, .opaque = opaque };
    surface_size(&c->surface, WIDTH_AT_START, HEIGHT_AT_START);
    text_draw_note(&c->surface, "The guest has not switched this screen on yet.");
    while (*at) {
        at = &(*at)->next;
    }
    *at = c;
    return c;
}

static unsigned screen_count(void)
{
    unsigned n = 0;

    for (const Console *c = screens; c; c = c->next) {
        n++;
    }
    return n;
}

Console *console_screen(unsigned n)
{
    Console *c = screens;

    while (c && n--) {
        c = c->next;
    }
    return c;
}

Console *console_of_device(const char *device, unsigned head)
{
    Console *c = screens;

    while (c && (strcmp(c->device, device) || c->head != head)) {
        c = c->next;
    }
    return c;
}

bool console_has_device(const char *device)
{
    const Console *c = screens;

    while (c && strcmp(c->device, device)) {
        c = c->next;
    }
    return c;
}

Console *console_named(const char *device, unsigned head, char **problem)
{
    Console *c = device ? console_of_device(device, head) : console_screen(0);

    *problem = NULL;
    if (!device && head) {
        *problem = g_strdup("'head' must be specified together with 'device'");
        return NULL;
    }
    if (!c) {
        *problem = !device ? g_strdup("there is no screen")
                   : console_has_device(device) ? g_strdup_printf("Device %s (head %u) is not bound to a console",
                                                                  device, head)
                   : g_strdup_printf("Device '%s' not found, or it has no screen", device);
    }
    return c;
}

const Surface *console_surface(const Console *c)
{
    return &c->surface;
}

void console_refresh(Console *c)
{
    if (c->ops) {
        c->ops->draw(c->opaque);
    }
}

bool console_may_ask_size(const Console *c)
{
    return c->ops && c->ops->ask_size;
}

void console_ask_size(const Console *c, int width, int height)
{
    if (console_may_ask_size(c)) {
        c->ops->ask_size(c->opaque, CLAMP(width, 1, CONSOLE_WIDTH_MAX), CLAMP(height, 1, CONSOLE_HEIGHT_MAX));
    }
}

/* ---- which one is shown ---- */

Console *console_shown_screen(void)
{
    return console_screen(shown);
}

int console_shown_text(void)
{
    const unsigned count = screen_count();

    return shown >= count && shown - count < text_console_count() ? (int)(shown - count) : -1;
}

const Surface *console_shown_surface(void)
{
    /* A board without a screen. */
    static uint32_t nothing[WIDTH_AT_START * HEIGHT_AT_START];
    static const Surface none = { WIDTH_AT_START, HEIGHT_AT_START, nothing };
    const int text = console_shown_text();
    const Console *c = console_shown_screen();

    return text >= 0 ? text_console_surface((unsigned)text) : c ? &c->surface : &none;
}

char *console_shown_name(void)
{
    const int text = console_shown_text();
    const Console *c = console_shown_screen();

    if (text >= 0) {
        return g_strdup(text_console_label((unsigned)text));
    }
    if (!c || c == screens) {
        return NULL;
    }
    return c->head ? g_strdup_printf("%s, head %u", c->device, c->head) : g_strdup(c->device);
}

Console *console_listener_screen(const ConsoleListener *l)
{
    return l->only ? (Console *)(uintptr_t)l->only : console_shown_screen();
}

static const Surface *surface_for(const ConsoleListener *l)
{
    return l->only ? &l->only->surface : console_shown_surface();
}

/* Does it see the screen; NULL: the text console that is shown? */
static bool sees(const ConsoleListener *l, const Console *c)
{
    return console_listener_screen(l) == c;
}

static void tell_of_surface(const Console *c)
{
    idle_rounds = 0;
    for (ConsoleListener *l = listeners; l; l = l->next) {
        if (sees(l, c)) {
            l->resized(l->opaque, surface_for(l));
        }
    }
}

bool console_show(unsigned n)
{
    const unsigned count = screen_count();

    if (n >= count + text_console_count()) {
        return false;
    }
    if (n != shown) {
        shown = n;
        if (n < count) {
            console_refresh(console_screen(n));
        } else {
            text_console_draw(n - count, NULL);
        }
        for (ConsoleListener *l = listeners; l; l = l->next) {
            if (!l->only) {
                idle_rounds = 0;
                l->resized(l->opaque, console_shown_surface());
            }
        }
    }
    return true;
}

/* ---- drawing ---- */

const Surface *console_resize(Console *c, int width, int height)
{
    g_assert(width > 0 && height > 0 && width <= CONSOLE_WIDTH_MAX && height <= CONSOLE_HEIGHT_MAX);
    if (width != c->surface.width || height != c->surface.height) {
        surface_size(&c->surface, width, height);
        tell_of_surface(c);
    }
    return &c->surface;
}

static void tell_of_lines(const Console *c, int y, int lines)
{
    idle_rounds = 0;
    for (ConsoleListener *l = listeners; l; l = l->next) {
        if (sees(l, c)) {
            l->changed(l->opaque, surface_for(l), y, lines);
        }
    }
}

static void text_lines_changed(int y, int lines)
{
    tell_of_lines(NULL, y, lines);
}

void console_changed(Console *c, int y, int lines)
{
    g_assert(y >= 0 && lines > 0 && y + lines <= c->surface.height);
    tell_of_lines(c, y, lines);
}

static void plan(void);

/* Each screen that somebody sees, once. */
static void draw_seen(void)
{
    for (Console *c = screens; c; c = c->next) {
        c->asked = false;
    }
    for (const ConsoleListener *l = listeners; l; l = l->next) {
        Console *c = console_listener_screen(l);

        if (c && l->interval_ms && !c->asked) {
            c->asked = true;
            console_refresh(c);
        }
    }
}

static void draw_shown_text(void)
{
    if (console_shown_text() >= 0) {
        text_console_draw((unsigned)console_shown_text(), text_lines_changed);
    }
}

void console_listener_look(const ConsoleListener *l)
{
    Console *c = console_listener_screen(l);

    if (c) {
        console_refresh(c);
    } else {
        draw_shown_text();
    }
}

static gboolean look(gpointer unused)
{
    idle_rounds += idle_rounds < IDLE_ROUNDS;
    draw_seen();
    draw_shown_text();
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
    l->resized(l->opaque, surface_for(l));
    plan();
}

/* ---- what shows them ---- */

static DisplayInfo shown_by = { .type = "none" };

void display_set_info(const DisplayInfo *info)
{
    shown_by = *info;
}

const DisplayInfo *display_info(void)
{
    return &shown_by;
}
