/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The properties of a socket back end, as `-serial` and `-chardev` give them. */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "chardev/char-socket.h"
#include "qemu/address.h"
#include "qemu/switch-word.h"

static const char socket_usage[] =
    "known: server=on|off, wait=on|off, nodelay=on|off, ipv4=on|off, ipv6=on|off, telnet=on|off, websocket=on|off, "
    "abstract=on|off, tight=on|off, to=PORT, reconnect=SECONDS";

static bool set_switch(Chardev *chr, SocketState *s, const char *text, const char *name, bool value, char **error)
{
    const struct { const char *name; bool *target, wrong; } switches[] = {
        { "server", &s->server, false }, { "websocket", &s->websocket, false }, { "telnet", &chr->telnet, false },
        { "abstract", &s->abstract, false }, { "tight", &s->tight, false },
        { "wait", &s->wait, false }, { "nodelay", &s->nodelay, false }, { "delay", &s->nodelay, true },
    };

    if (!strcmp(name, "ipv4") || !strcmp(name, "ipv6")) {
        *(name[3] == '4' ? &s->ipv4 : &s->ipv6) = value ? 1 : -1;
        return s->ipv4 >= 0 || s->ipv6 >= 0 || chardev_refuse(error, s->spec, "neither IPv4 nor IPv6 is on");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++) {
        if (!strcmp(name, switches[i].name)) {
            *switches[i].target = value != switches[i].wrong;
            return true;
        }
    }
    return chardev_refuse(error, s->spec, "unknown property '%s' (%s)", text, socket_usage);
}

/* A property that is a number; false: it is none of these. *good false: *error. */
static bool number_property(SocketState *s, const char *name, const char *value, bool *good, char **error)
{
    const struct { const char *name, *what; unsigned *target; guint64 min, max; } numbers[] = {
        { "reconnect", "a number of seconds", &s->reconnect_s, 0, 86400 },
        { "to", "a port", &s->last_port, 1, 65535 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        guint64 number;

        if (strcmp(name, numbers[i].name)) {
            continue;
        }
        *good = g_ascii_string_to_unsigned(value, 10, numbers[i].min, numbers[i].max, &number, NULL);
        if (*good) {
            *numbers[i].target = (unsigned)number;
        } else {
            chardev_refuse(error, s->spec, "%s is %s, not '%s'", name, numbers[i].what, value);
        }
        return true;
    }
    return false;
}

/* One ",name[=on|off]" of the specification; also the old forms "server", "nowait" and so on. */
static bool socket_property(Chardev *chr, SocketState *s, const char *text, char **error)
{
    g_auto(GStrv) kv = g_strsplit(text, "=", 2);
    const char *name = kv[0] ? kv[0] : "";
    bool value = true;

    if (kv[0] && kv[1]) {
        bool good;

        if (number_property(s, name, kv[1], &good, error)) {
            return good;
        }
        if (!switch_word(kv[1], &value)) {
            return chardev_refuse(error, s->spec, "%s is 'on' or 'off', not '%s'", name, kv[1]);
        }
    } else if (g_str_has_prefix(name, "no") && strcmp(name, "nodelay")) {
        name += 2;
        value = false;
    }
    return set_switch(chr, s, text, name, value, error);
}

bool socket_parse(Chardev *chr, SocketState *s, const char *args, char **error)
{
    g_auto(GStrv) parts = g_strsplit(args, ",", -1);
    const char *address = parts[0] ? parts[0] : "";

    for (char **p = parts; *p && p[1]; p++) {
        if (!socket_property(chr, s, p[1], error)) {
            return false;
        }
    }
    if (s->kind == SOCKET_UNIX) {
        s->path = g_strdup(address);
        if (!*address || strlen(address) + s->abstract >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
            return chardev_refuse(error, s->spec, *address ? "the path is too long for a socket"
                                                           : "the path is missing");
        }
    } else if (s->kind == SOCKET_TCP) {
        if (!address_split(address, &s->host, &s->port)) {
            return chardev_refuse(error, s->spec, "the port is missing or beyond 65535 (tcp:HOST:PORT)");
        }
    }
    if (s->abstract && s->kind != SOCKET_UNIX) {
        return chardev_refuse(error, s->spec, "abstract=on is for sockets with a path");
    }
    if (s->last_port && (s->kind != SOCKET_TCP || !s->server || s->last_port < strtoul(s->port, NULL, 10))) {
        return chardev_refuse(error, s->spec, "to= is the last of the ports that a server tries (server=on)");
    }
    if (s->reconnect_s && (s->server || s->kind == SOCKET_FD)) {
        return chardev_refuse(error, s->spec, "reconnect is for clients");
    }
    if (s->websocket && (!s->server || chr->telnet)) {
        return chardev_refuse(error, s->spec,
                              chr->telnet ? "either telnet or websocket" : "websocket=on needs server=on");
    }
    return true;
}
