/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -display, -vnc and what goes with them. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"
#include "ui/input.h"

#ifdef CONFIG_VNC
#define HAVE_VNC true
#else
#define HAVE_VNC false
#endif
#ifdef CONFIG_SDL
#define HAVE_SDL true
#else
#define HAVE_SDL false
#endif
#ifdef CONFIG_CURSES
#define HAVE_CURSES true
#else
#define HAVE_CURSES false
#endif

static void need_vnc(const CommandLine *c, const char *arg)
{
    if (!HAVE_VNC) {
        option_fail(c, arg, "the emulator was built without libvncserver");
    }
}

void option_nographic(CommandLine *c, const char *arg)
{
    c->nographic = true;
}

/* Properties that every display has; those of a window are kept for one, should there be one. */
static void display_properties(CommandLine *c, const char *arg)
{
    for (const KeyValue *kv = option_split(c, arg) + 1; kv->key; kv++) {
        if (!strcmp(kv->key, "window-close")) {
            c->o->sdl.keep_open = !option_bool(c, arg, kv);
        } else if (!strcmp(kv->key, "show-cursor")) {
            c->o->sdl.show_cursor = option_bool(c, arg, kv);
        } else if (!strcmp(kv->key, "full-screen")) {
            c->o->sdl.full_screen = option_bool(c, arg, kv);
        } else if (strcmp(kv->key, "gl")) {
            option_fail(c, arg, "unknown property '%s' (window-close=on|off, show-cursor=on|off, full-screen=on|off, "
                        "gl=off)", kv->key);
        } else if (g_strcmp0(kv->value, "off")) {
            option_fail(c, arg, "gl is off: nothing here draws by OpenGL");
        }
    }
}

/* "NAME" or "NAME,PROPERTY=VALUE..." */
static bool is_display(const char *arg, const char *name)
{
    const size_t n = strlen(name);

    return !strncmp(arg, name, n) && (!arg[n] || arg[n] == ',');
}

void option_display(CommandLine *c, const char *arg)
{
    if (option_is_help(arg)) {
        printf("Available display backend types:\nnone\n%s%s%s", HAVE_SDL ? "sdl\n" : "", HAVE_VNC ? "vnc\n" : "",
               HAVE_CURSES ? "curses\n" : "");
        exit(0);
    }
    arg = option_plain(c, arg, "type");
    c->display_said = true;
    c->o->window = WINDOW_NONE;
    c->o->curses = false;
    if (g_str_has_prefix(arg, "vnc=")) {
        option_vnc(c, arg + 4);
    } else if (is_display(arg, "sdl")) {
        if (!HAVE_SDL) {
            option_fail(c, arg, "the emulator was built without SDL");
        }
        display_properties(c, arg);
        c->o->window = WINDOW_WANTED;
    } else if (is_display(arg, "curses")) {
        if (!HAVE_CURSES) {
            option_fail(c, arg, "the emulator was built without ncurses");
        }
        display_properties(c, arg);
        c->o->curses = true;
    } else if (is_display(arg, "none")) {
        display_properties(c, arg);
    } else {
        option_fail(c, arg, "unknown display (none%s%s%s)", HAVE_SDL ? ", sdl" : "", HAVE_VNC ? ", vnc=HOST:N" : "",
                    HAVE_CURSES ? ", curses" : "");
    }
}

void option_full_screen(CommandLine *c, const char *arg)
{
    c->o->sdl.full_screen = true;
}

/* A user at a desktop gets a window, unless the command line says anything about where the screen goes. */
void options_display_finish(CommandLine *c)
{
    const bool desktop = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");

    if (c->o->vnc) {
        VncOptions *vnc = g_memdup2(c->o->vnc, sizeof(*vnc));

        vnc->title = c->o->name;
        if (c->vnc_secret) {
            vnc->secret = options_object_secret(c->vnc_secret);
            vnc->password = true;
        }
        c->o->vnc = vnc;
        if (c->vnc_secret && !vnc->secret) {
            error_exit("%s: there is no -object secret,id=%s", c->o->vnc_said, c->vnc_secret);
        }
    }
    c->o->sdl.title = c->o->name;
    if (HAVE_SDL && desktop && !c->display_said && !c->nographic && !c->o->vnc && !c->o->daemonize) {
        c->o->window = WINDOW_IF_POSSIBLE;
    }
}

/* A display number, or with `what` a port. */
static int number(const CommandLine *c, const char *arg, const char *what, const char *text, uint64_t max)
{
    uint64_t v;

    if (!text || !option_number(text, max, &v)) {
        option_fail(c, arg, "%s: '%s' is no number up to %d", what, text ? text : "", (int)max);
    }
    return (int)v;
}

/* HOST:N, :N, [ADDRESS]:N, unix:PATH */
static void vnc_address(const CommandLine *c, const char *arg, const char *text, VncOptions *v)
{
    const char *colon = strrchr(text, ':');
    char *host;

    if (g_str_has_prefix(text, "unix:")) {
        v->path = text + 5;
        return;
    }
    if (!colon) {
        option_fail(c, arg, "HOST:N, :N (port %d + N) or unix:PATH is expected", VNC_PORT);
    }
    host = g_strndup(text, (gsize)(colon - text));
    if (*host == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = 0;
        host++;
    }
    v->host = *host ? host : NULL;
    v->display = v->to = number(c, arg, "display", colon + 1, 65535);
}

static void vnc_property(CommandLine *c, const char *arg, const KeyValue *kv, VncOptions *v)
{
    if (!strcmp(kv->key, "password")) {
        v->password = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "password-secret") && kv->value) {
        c->vnc_secret = kv->value;
    } else if (!strcmp(kv->key, "to") && !v->path) {
        v->to = number(c, arg, "to", kv->value, VNC_DISPLAY_MAX);
        if (!v->to) {                   /* no range, as QEMU has it */
            v->to = v->display;
        }
        if (v->to < v->display) {
            option_fail(c, arg, "to=%d is below the display's number", v->to);
        }
    } else if (!strcmp(kv->key, "websocket")) {
        if (!kv->value || !strcmp(kv->value, "on")) {
            v->websocket_port = VNC_WEBSOCKET_PORT + v->display;
        } else {
            v->websocket_port = strcmp(kv->value, "off") ? number(c, arg, "websocket", kv->value, 65535) : 0;
        }
    } else if (!strcmp(kv->key, "display") && kv->value) {
        v->device = kv->value;
    } else if (!strcmp(kv->key, "head")) {
        v->head = (unsigned)number(c, arg, "head", kv->value, 15);
    } else if (!strcmp(kv->key, "share")) {
        if (g_strcmp0(kv->value, "allow-exclusive") && g_strcmp0(kv->value, "force-shared") &&
            g_strcmp0(kv->value, "ignore")) {
            option_fail(c, arg, "share is allow-exclusive, force-shared or ignore");
        }
        v->exclusive = !strcmp(kv->value, "allow-exclusive");
    } else if (!strcmp(kv->key, "reverse")) {
        v->reverse = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "lossy")) {
        v->lossy = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "ipv4")) {
        *(option_bool(c, arg, kv) ? &v->only_ipv4 : &v->only_ipv6) = true;
    } else if (!strcmp(kv->key, "ipv6")) {
        *(option_bool(c, arg, kv) ? &v->only_ipv6 : &v->only_ipv4) = true;
    } else if (!strcmp(kv->key, "power-control")) {
        v->power = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "connections")) {
        v->clients_max = (unsigned)number(c, arg, "connections", kv->value, VNC_CLIENTS_MAX);
        if (!v->clients_max) {
            option_fail(c, arg, "connections is a number from 1 to %d", VNC_CLIENTS_MAX);
        }
    } else if (!strcmp(kv->key, "id") && kv->value) {
        v->id = kv->value;
    } else if (!strcmp(kv->key, "non-adaptive") || !strcmp(kv->key, "lock-key-sync")) {
        option_bool(c, arg, kv);        /* encodings are not changed behind a client, nor locks by who types */
    } else if (g_str_has_prefix(kv->key, "tls-") ||
               (g_str_has_prefix(kv->key, "sasl") && g_strcmp0(kv->value, "off"))) {
        option_fail(c, arg, "there is no TLS and no SASL here: listen at 127.0.0.1 and use an ssh tunnel");
    } else if (!strcmp(kv->key, "key-delay-ms")) {
        v->key_gap_ms = (unsigned)number(c, arg, "key-delay-ms", kv->value, INPUT_GAP_MAX_MS);
    } else if (strcmp(kv->key, "sasl") && (strcmp(kv->key, "audiodev") || !kv->value)) { /* clients hear nothing */
        option_fail(c, arg, "unknown property '%s' (password=on, password-secret=ID, to=N, websocket=on|PORT, "
                    "display=DEVICE, head=N, share=..., key-delay-ms=N, lossy=on, "
                    "ipv4=on, ipv6=on, reverse=on, power-control=on, connections=N, id=ID, audiodev=ID)", kv->key);
    }
}

void option_vnc(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);
    VncOptions *v;

    if (!strcmp(arg, "none")) {
        c->o->vnc = NULL;
        return;
    }
    need_vnc(c, arg);
    if (kv->key && kv->value && !strcmp(kv->key, "vnc")) {     /* the name that the address has */
        *kv = (KeyValue) { kv->value, NULL };
    }
    if (!kv->key || kv->value) {
        option_fail(c, arg, "HOST:N, :N (port %d + N) or unix:PATH is expected first", VNC_PORT);
    }
    v = g_new0(VncOptions, 1);
    v->exclusive = true;
    v->clients_max = VNC_CLIENTS_MAX;
    v->key_gap_ms = INPUT_GAP_MS;
    vnc_address(c, arg, kv->key, v);
    while ((++kv)->key) {
        vnc_property(c, arg, kv, v);
    }
    if (!v->reverse && !v->path && v->display > VNC_DISPLAY_MAX) {
        option_fail(c, arg, "display: %d is no number up to %d", v->display, VNC_DISPLAY_MAX);
    }
    if (v->reverse && v->websocket_port) {
        option_fail(c, arg, "reverse=on listens to nobody: leave websocket= out");
    }
    if (v->head && !v->device) {
        option_fail(c, arg, "head=%u is a screen of a device: display=ID is missing", v->head);
    }
    c->o->vnc = v;
    c->o->vnc_said = g_strdup_printf("%s %s", c->option, arg);
}
