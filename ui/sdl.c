/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen in a window (SDL 2), which is loaded when a window is wanted. Everything is on the I/O thread: SDL has no
 * descriptor to wait for, so its events are asked for regularly; a window that cannot be seen is not drawn.
 *
 * The guest's mouse is a relative one: a click into the window grabs the pointer, Ctrl-Alt-G lets it go. Ctrl-Alt-F is
 * full screen and back, Ctrl-Alt-U a pixel for a pixel, Ctrl-Alt-DIGIT shows another screen or text console. These keys
 * do not reach the guest, but their modifiers do.
 */
#include <glib.h>
#include <SDL.h>
#include "sysemu/runstate.h"
#include "ui/console.h"
#include "ui/input.h"
#include "ui/sdl.h"
#include "ui/text-console.h"

enum { LOOK_MS = 20, POLL_MS = 15 };

#define LIBRARY_TABLE sdl
#define LIBRARY_PREFIX SDL_
#define LIBRARY_FUNCTIONS(X) \
    X(CreateRenderer) X(CreateTexture) X(CreateWindow) X(DestroyTexture) X(GetError) X(GetModState) X(InitSubSystem) \
    X(PollEvent) X(QuitSubSystem) X(RenderClear) X(RenderCopy) X(RenderPresent) X(RenderSetLogicalSize) X(SetHint) \
    X(SetRelativeMouseMode) X(SetWindowFullscreen) X(SetWindowSize) X(SetWindowTitle) X(ShowCursor) X(UpdateTexture)
#include "qemu/library-table.h"

static const SdlOptions *options;
static SDL_Window *window;
static SDL_Renderer *renderer;
static SDL_Texture *texture;            /* of the surface's size */
static bool changed;                    /* the texture, since it was shown */
static bool visible = true, grabbed, full_screen;
static bool down[KEY_COUNT];            /* told to the guest */

static void set_title(void)
{
    char *shown = console_shown_name();
    char *title = g_strdup_printf("PQEMU%s%s%s%s%s%s", options->title ? " (" : "", options->title ? options->title : "",
                                  options->title ? ")" : "", shown ? " - " : "", shown ? shown : "",
                                  grabbed ? " - Ctrl-Alt-G lets the mouse go" : "");

    sdl.SetWindowTitle(window, title);
    g_free(title);
    g_free(shown);
}

/* ---- the picture ---- */

static void show(void)
{
    sdl.RenderClear(renderer);
    sdl.RenderCopy(renderer, texture, NULL, NULL);
    sdl.RenderPresent(renderer);
    changed = false;
}

static void lines_changed(void *opaque, const Surface *s, int y, int lines)
{
    const SDL_Rect rect = { 0, y, s->width, lines };

    if (texture) {
        sdl.UpdateTexture(texture, &rect, s->pixels + (size_t)y * (size_t)s->width, s->width * 4);
        changed = true;
    }
}

static void resized(void *opaque, const Surface *s)
{
    if (texture) {
        sdl.DestroyTexture(texture);
    }
    texture = sdl.CreateTexture(renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING, s->width, s->height);
    sdl.RenderSetLogicalSize(renderer, s->width, s->height);
    if (!full_screen) {
        sdl.SetWindowSize(window, s->width, s->height);
    }
    set_title();                        /* it may be another screen */
    lines_changed(NULL, s, 0, s->height);
}

static void tick(void *opaque)
{
    if (changed && visible) {
        show();
    }
}

static ConsoleListener listener = { .resized = resized, .changed = lines_changed, .tick = tick };

static void set_visible(bool is)
{
    visible = is;
    console_listener_interval(&listener, is ? LOOK_MS : 0);
}

/* ---- mouse and keys ---- */

static void set_grab(bool grab)
{
    grabbed = grab;
    sdl.SetRelativeMouseMode(grab && !input_is_absolute());
    sdl.ShowCursor(!grab || options->show_cursor);
    set_title();
    if (!grab) {
        input_buttons(0);
    }
}

static InputKey key_of(SDL_Scancode code)
{
    switch (code) {
#define K(sdl_key, key) case SDL_SCANCODE_##sdl_key: return KEY_##key;
#include "ui/sdl-keys.def"
#undef K
    default:
        return KEY_NONE;
    }
}

static void press(InputKey key, bool is_down)
{
    if (key != KEY_NONE) {
        down[key] = is_down;
        input_key(key, is_down);
    }
}

static void release_all(void)
{
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        if (down[key]) {
            press((InputKey)key, false);
        }
    }
}

/* Ctrl-Alt-KEY of the window's own; false: the guest's. */
static bool own_key(const SDL_Keysym *key)
{
    const Surface *s = console_shown_surface();

    if (!(key->mod & KMOD_CTRL) || !(key->mod & KMOD_ALT)) {
        return false;
    }
    if (text_console_switch_key(key_of(key->scancode), true)) {
        release_all();
        set_grab(full_screen && console_shown_text() < 0);
        return true;
    }
    switch (key->scancode) {
    case SDL_SCANCODE_G:
        set_grab(!grabbed && console_shown_text() < 0);
        return true;
    case SDL_SCANCODE_F:
        full_screen = !full_screen;
        sdl.SetWindowFullscreen(window, full_screen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
        set_grab(full_screen);
        return true;
    case SDL_SCANCODE_U:
        if (!full_screen) {
            sdl.SetWindowSize(window, s->width, s->height);
        }
        return true;
    default:
        return false;
    }
}

/* A key goes down in a text console. Signs come as text, but not those with the control key. */
static void type_key(const SDL_Keysym *key)
{
    if (!text_console_key(key_of(key->scancode), key->mod & KMOD_SHIFT) && (key->mod & KMOD_CTRL) &&
        key->sym >= ' ' && key->sym < 0x7f) {
        text_console_sign((uint32_t)key->sym, true);
    }
}

static void type_text(const char *text)
{
    for (; !(sdl.GetModState() & (KMOD_CTRL | KMOD_ALT)) && *text; text = g_utf8_next_char(text)) {
        text_console_sign(g_utf8_get_char(text), false);
    }
}

static unsigned button_bit(int button)
{
    switch (button) {
    case SDL_BUTTON_LEFT:
        return INPUT_LEFT;
    case SDL_BUTTON_MIDDLE:
        return INPUT_MIDDLE;
    case SDL_BUTTON_RIGHT:
        return INPUT_RIGHT;
    case SDL_BUTTON_X1:
        return INPUT_SIDE;
    case SDL_BUTTON_X2:
        return INPUT_EXTRA;
    default:
        return 0;
    }
}

static void window_event(const SDL_WindowEvent *e)
{
    switch (e->event) {
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SIZE_CHANGED:
        changed = true;
        tick(NULL);
        break;
    case SDL_WINDOWEVENT_FOCUS_LOST:
        release_all();
        set_grab(false);
        break;
    case SDL_WINDOWEVENT_HIDDEN:
    case SDL_WINDOWEVENT_MINIMIZED:
        set_visible(false);
        break;
    case SDL_WINDOWEVENT_SHOWN:
    case SDL_WINDOWEVENT_RESTORED:
        set_visible(true);
        break;
    default:
        break;
    }
}

static void event(const SDL_Event *e)
{
    switch (e->type) {
    case SDL_QUIT:
        if (!options->keep_open) {
            qemu_system_quit_request(0);
        }
        break;
    case SDL_WINDOWEVENT:
        window_event(&e->window);
        break;
    case SDL_KEYDOWN:
        if (own_key(&e->key.keysym)) {
            break;
        }
        if (console_shown_text() >= 0) {
            type_key(&e->key.keysym);
        } else {
            press(key_of(e->key.keysym.scancode), true);
        }
        break;
    case SDL_TEXTINPUT:
        type_text(e->text.text);
        break;
    case SDL_KEYUP:
        press(key_of(e->key.keysym.scancode), false);
        break;
    case SDL_MOUSEMOTION:
        if (input_is_absolute()) {
            input_point(e->motion.x, e->motion.y, console_shown_surface()->width, console_shown_surface()->height);
        } else if (grabbed) {
            input_move(e->motion.xrel, e->motion.yrel, 0);
        }
        break;
    case SDL_MOUSEBUTTONDOWN:
        if (grabbed || input_is_absolute()) {
            input_buttons(input_buttons_now() | button_bit(e->button.button));
        } else if (console_shown_text() < 0) {
            set_grab(true);             /* this click is ours */
        }
        break;
    case SDL_MOUSEBUTTONUP:
        input_buttons(input_buttons_now() & ~button_bit(e->button.button));
        break;
    case SDL_MOUSEWHEEL:
        if (grabbed || input_is_absolute()) {
            input_move(0, 0, -e->wheel.y);
        }
        break;
    default:
        break;
    }
}

static gboolean poll_events(gpointer unused)
{
    SDL_Event e;

    while (sdl.PollEvent(&e)) {
        event(&e);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- start and end ---- */

static char *open_window(const SdlOptions *o)
{
    const Surface *s = console_shown_surface();

    sdl.SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    sdl.SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    sdl.SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    if (sdl.InitSubSystem(SDL_INIT_VIDEO)) {
        return g_strdup(sdl.GetError());
    }
    full_screen = o->full_screen;
    window = sdl.CreateWindow("PQEMU", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, s->width, s->height,
                              SDL_WINDOW_RESIZABLE | (o->full_screen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0));
    renderer = window ? sdl.CreateRenderer(window, -1, 0) : NULL;
    if (!renderer) {
        char *problem = g_strdup(sdl.GetError());

        sdl.QuitSubSystem(SDL_INIT_VIDEO);
        return problem;
    }
    return NULL;
}

char *sdl_start(const SdlOptions *o)
{
    char *problem = library_load("libSDL2-2.0.so.0", sdl_functions);

    options = o;
    problem = problem ? problem : open_window(o);
    if (!problem) {
        console_listener_add(&listener);
        set_visible(true);
        set_grab(full_screen);
        g_timeout_add(POLL_MS, poll_events, NULL);
    }
    return problem;
}

void sdl_end(void)
{
    if (renderer) {
        sdl.QuitSubSystem(SDL_INIT_VIDEO);
    }
}
