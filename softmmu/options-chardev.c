/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev, -mon, -qmp: character devices with names, and the monitors on them. Main thread.
 *
 * A device with a name becomes the text that -serial takes (chardev_new()); "chardev:NAME" then stands for it
 * everywhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

static _Noreturn void chardev_help(void)
{
    printf("-chardev KIND,id=NAME[,mux=on][,PROPERTY=VALUE...]    use it as -serial chardev:NAME, -mon chardev=NAME\n"
           "KIND stdio, null, pty\n"
           "KIND testdev   the guest ends the emulator: it writes NUMBERq, and 2 * NUMBER + 1 is the exit code\n"
           "KIND file      path=FILE, append=on|off\n"
           "KIND serial    path=/dev/TERMINAL (or tty)\n"
           "KIND pipe      path=NAME (NAME.in and NAME.out, or a FIFO NAME)\n"
           "KIND socket    path=FILE (Unix), or host=HOST,port=PORT, or fd=NUMBER (inherited); server=on|off,\n"
           "               wait=on|off, nodelay=on|off, telnet=on|off, websocket=on|off,\n"
           "               ipv4=on|off, ipv6=on|off, reconnect=SECONDS, to=PORT (a server takes the first free one),\n"
           "               abstract=on|off, tight=on|off (Unix: a name that is in no file system)\n"
           "KIND udp       port=PORT, host=HOST, localaddr=HOST, localport=PORT: datagrams to and from a peer;\n"
           "               ipv4=on|off, ipv6=on|off\n"
           "KIND ringbuf   size=BYTES (65536): the last of the output, for ringbuf_read in the monitor\n"
           "KIND vc        width=POINTS, height=POINTS or cols=LETTERS, rows=LETTERS (80, 24): a text console of the\n"
           "               display\n"
           "logfile=FILE, logappend=on|off: all output goes there as well\n"
           "mux=on: a serial line and a monitor share it; the escape key goes from one to the other\n");
    exit(0);
}

/* What a kind of device is made of; strings of the command line. */
typedef struct NamedDevice {
    const char *kind, *id, *path, *host, *port, *fd, *local_host, *local_port, *size, *log;
    const char *width, *height, *cols, *rows;
    bool mux, append, log_append;
    GString *flags;             /* ",server=on" and so on */
} NamedDevice;

/* Switches that go on as they are. */
static bool is_one_of(const char *kind, const char *key)
{
    static const char *const socket[] = {
        "server", "wait", "nodelay", "ipv4", "ipv6", "telnet", "websocket", "abstract", "tight", NULL
    };
    static const char *const udp[] = { "ipv4", "ipv6", NULL };

    return (!strcmp(kind, "socket") && g_strv_contains(socket, key)) || (!strcmp(kind, "udp") &&
                                                                         g_strv_contains(udp, key));
}

static void refuse_property(CommandLine *c, const char *arg, const NamedDevice *d, const KeyValue *kv)
{
    if (g_str_has_prefix(kv->key, "tls-")) {
        option_fail(c, arg, "%s: there is no TLS here; a program such as stunnel can stand before the socket", kv->key);
    }
    if (strcmp(kv->key, "tn3270")) {
        option_fail(c, arg, "unknown property '%s' (-chardev help lists those there are)", kv->key);
    }
    if (option_bool(c, arg, kv)) {
        option_fail(c, arg, "tn3270=on is for terminals of mainframes, which the board has none of (telnet=on)");
    }
}

static void device_property(CommandLine *c, const char *arg, NamedDevice *d, const KeyValue *kv)
{
    const struct { const char *key, *kind; const char **value; } texts[] = {
        { "id", NULL, &d->id }, { "path", NULL, &d->path }, { "host", NULL, &d->host }, { "port", NULL, &d->port },
        { "logfile", NULL, &d->log }, { "localaddr", "udp", &d->local_host }, { "localport", "udp", &d->local_port },
        { "size", "ringbuf", &d->size }, { "width", "vc", &d->width }, { "height", "vc", &d->height },
        { "cols", "vc", &d->cols }, { "rows", "vc", &d->rows }, { "fd", "socket", &d->fd },
        { "chardev", "mux", &d->path },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (!strcmp(kv->key, texts[i].key) && kv->value && (!texts[i].kind || !strcmp(d->kind, texts[i].kind))) {
            *texts[i].value = kv->value;
            return;
        }
    }
    if (!strcmp(kv->key, "mux")) {
        d->mux = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "logappend")) {
        d->log_append = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "append") && !strcmp(d->kind, "file")) {
        d->append = option_bool(c, arg, kv);
    } else if ((!strcmp(kv->key, "reconnect") || !strcmp(kv->key, "to")) && !strcmp(d->kind, "socket") && kv->value) {
        g_string_append_printf(d->flags, ",%s=%s", kv->key, kv->value);
    } else if (!strcmp(kv->key, "nowait")) {
        g_string_append(d->flags, ",wait=off");
    } else if (!strcmp(kv->key, "signal") && !strcmp(d->kind, "stdio")) {
        option_bool(c, arg, kv);        /* as it is: with a multiplexer off, else on */
    } else if (is_one_of(d->kind, kv->key)) {
        g_string_append_printf(d->flags, ",%s=%s", kv->key, option_bool(c, arg, kv) ? "on" : "off");
    } else {
        refuse_property(c, arg, d, kv);
    }
}

static char *udp_text(CommandLine *c, const char *arg, const NamedDevice *d)
{
    g_autofree char *local = NULL;

    if (!d->port) {
        option_fail(c, arg, "port= is missing");
    }
    if (d->local_host || d->local_port) {
        local = g_strconcat("@", d->local_host ? d->local_host : "", ":", d->local_port ? d->local_port : "0", NULL);
    }
    return g_strconcat(d->mux ? "mon:" : "", "udp:", d->host ? d->host : "", ":", d->port, local ? local : "",
                       d->flags->str, NULL);
}

static char *vc_text(const NamedDevice *d)
{
    g_autofree char *size = NULL;

    if (d->width || d->height || d->cols || d->rows) {
        size = g_strdup_printf(":%s%sx%s%s", d->cols ? d->cols : d->width ? d->width : "80",
                               d->cols || !d->width ? "C" : "", d->rows ? d->rows : d->height ? d->height : "24",
                               d->rows || !d->height ? "C" : "");
    }
    return g_strconcat(d->mux ? "mon:" : "", "vc", size, NULL);
}

/* Kinds that QEMU has, and what there is instead. */
static _Noreturn void refuse_kind(CommandLine *c, const char *arg, const char *kind)
{
    static const struct { const char *kind, *instead; } others[] = {
        { "mux", "add mux=on to the device that several are to share" },
        { "msmouse", "no mouse is on a serial line here (the board has one; -device usb-mouse)" },
        { "wctablet", "no tablet is on a serial line here (-device usb-tablet)" },
        { "braille", "braille displays are not known here" },
        { "parallel", "the board has no parallel port" }, { "parport", "the board has no parallel port" },
        { "qemu-vdagent", "there is no clipboard for guests" },
        { "spicevmc", "there is no SPICE (-vnc shows a screen)" },
        { "spiceport", "there is no SPICE (-vnc shows a screen)" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (!strcmp(kind, others[i].kind)) {
            option_fail(c, arg, "kind '%s': %s", kind, others[i].instead);
        }
    }
    option_fail(c, arg, "unknown kind '%s' (stdio, null, pty, file, pipe, serial, socket, udp, ringbuf, vc, testdev)",
                kind);
}

/* The device as -serial spells it. */
static char *device_text(CommandLine *c, const char *arg, const NamedDevice *d)
{
    const char *mux = d->mux ? "mon:" : "";

    if (!strcmp(d->kind, "stdio") || !strcmp(d->kind, "null") || !strcmp(d->kind, "pty") ||
        !strcmp(d->kind, "testdev")) {
        return g_strconcat(mux, d->kind, NULL);
    }
    if (!strcmp(d->kind, "file") || !strcmp(d->kind, "pipe") || !strcmp(d->kind, "serial")) {
        if (!d->path) {
            option_fail(c, arg, "path= is missing");
        }
        return g_strconcat(mux, d->append ? "append" : d->kind, ":", d->path, NULL);
    }
    if (!strcmp(d->kind, "udp")) {
        return udp_text(c, arg, d);
    }
    if (!strcmp(d->kind, "ringbuf")) {
        uint64_t bytes = 65536;

        if (d->size && !option_size(d->size, 1, &bytes)) {
            option_fail(c, arg, "size is a number of bytes, not '%s'", d->size);
        }
        return g_strdup_printf("%sringbuf:%" PRIu64, mux, bytes);
    }
    if (!strcmp(d->kind, "vc")) {
        return vc_text(d);
    }
    if (strcmp(d->kind, "socket")) {
        refuse_kind(c, arg, d->kind);
    }
    if (d->path) {
        return g_strconcat(mux, "unix:", d->path, d->flags->str, NULL);
    }
    if (d->fd) {
        uint64_t fd;

        if (option_number(d->fd, INT32_MAX, &fd)) {
            option_check_fd(c, arg, (int)fd);
        }
        return g_strconcat(mux, "fd:", d->fd, d->flags->str, NULL);
    }
    if (!d->port) {
        option_fail(c, arg, "path=, port= or fd= is missing");
    }
    return g_strconcat(mux, "tcp:", d->host ? d->host : "", ":", d->port, d->flags->str, NULL);
}

void option_chardev(CommandLine *c, const char *arg)
{
    NamedDevice d = { .flags = g_string_new(NULL) };
    KeyValue *kv;

    if (option_is_help(arg)) {
        chardev_help();
    }
    kv = option_split(c, arg);
    option_check_id(c, arg, kv);
    d.kind = kv[0].value && !strcmp(kv[0].key, "backend") ? kv[0].value : kv[0].key ? kv[0].key : "";
    d.kind = !strcmp(d.kind, "tty") ? "serial" : !strcmp(d.kind, "memory") ? "ringbuf" : d.kind;
    for (int i = kv[0].key ? 1 : 0; kv[i].key; i++) {
        device_property(c, arg, &d, &kv[i]);
    }
    if (!d.id) {
        option_fail(c, arg, "id= is missing");
    }
    for (int i = 0; i < c->o->named_count; i++) {
        if (!strcmp(c->o->named[i].id, d.id)) {
            option_fail(c, arg, "there is a device '%s' already", d.id);
        }
    }
    if (c->o->named_count == OPTIONS_NAMED) {
        option_fail(c, arg, "there are more than %d devices", OPTIONS_NAMED);
    }
    c->o->named[c->o->named_count++] = (ChardevOptions) {
        .id = d.id, .device = device_text(c, arg, &d), .log = d.log, .log_append = d.log_append,
    };
    g_string_free(d.flags, TRUE);
}

static void add_monitor(CommandLine *c, const char *arg, const char *device, bool control, bool pretty)
{
    OptionsMonitor *m;

#ifndef CONFIG_QMP
    if (control) {
        option_fail(c, arg, "this build has no monitor for programs (it lacks json-glib)");
    }
#endif
    if (c->o->monitor_count == OPTIONS_MONITORS) {
        option_fail(c, arg, "there are more than %d monitors", OPTIONS_MONITORS);
    }
    m = &c->o->more_monitors[c->o->monitor_count++];
    *m = (OptionsMonitor) {
        .said = g_strdup_printf("%s %s", c->option, arg), .device = device, .control = control, .pretty = pretty,
    };
}

void option_mon(CommandLine *c, const char *arg)
{
    const char *device = NULL;
    bool control = false, pretty = false;
    KeyValue *kv = option_split(c, arg);

    option_check_id(c, arg, kv);
    for (int i = 0; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "chardev") && kv[i].value) {
            device = g_strconcat("chardev:", kv[i].value, NULL);
        } else if (!strcmp(kv[i].key, "mode") && kv[i].value) {
            control = !strcmp(kv[i].value, "control");
            if (!control && strcmp(kv[i].value, "readline")) {
                option_fail(c, arg, "mode is readline (for people) or control (for programs), not '%s'", kv[i].value);
            }
        } else if (!strcmp(kv[i].key, "pretty")) {
            pretty = option_bool(c, arg, &kv[i]);
        } else if (!kv[i].value && i == 0) {
            device = g_strconcat("chardev:", kv[i].key, NULL);
        } else if (strcmp(kv[i].key, "id")) {
            option_fail(c, arg, "unknown property '%s' (chardev, mode, pretty, id)", kv[i].key);
        }
    }
    if (!device) {
        option_fail(c, arg, "chardev= is missing: the id of a -chardev");
    }
    add_monitor(c, arg, device, control, pretty);
}

static void qmp(CommandLine *c, const char *arg, bool pretty)
{
    if (!*arg || g_str_has_prefix(arg, "mon:")) {
        option_fail(c, *arg ? arg : "''", "a character device is expected (none, stdio, tcp:..., unix:..., pty)");
    }
    if (strcmp(arg, "none")) {
        add_monitor(c, arg, arg, true, pretty);
    }
}

void option_qmp(CommandLine *c, const char *arg)
{
    qmp(c, arg, false);
}

void option_qmp_pretty(CommandLine *c, const char *arg)
{
    qmp(c, arg, true);
}

/* "chardev:ID" names one that there is; the message begins with `said`, and with the device unless that has it. */
static void check_name(const CommandLine *c, const char *said, bool said_device, const char *device)
{
    if (!device || !g_str_has_prefix(device, "chardev:")) {
        return;
    }
    for (int i = 0; i < c->o->named_count; i++) {
        if (!strcmp(c->o->named[i].id, device + strlen("chardev:"))) {
            return;
        }
    }
    error_exit("%s%s: there is no character device '%s' (-chardev KIND,id=%s makes one)", said,
               said_device ? device : "", device + strlen("chardev:"), device + strlen("chardev:"));
}

void options_chardev_finish(const CommandLine *c)
{
    for (int i = 0; i < c->serial_count; i++) {
        check_name(c, "-serial ", true, c->serial[i]);
    }
    check_name(c, "-monitor ", true, c->monitor);
    check_name(c, "-gdb ", true, c->o->gdb);
    check_name(c, "-semihosting-config ", true, c->o->semihosting_console);
    for (int i = 0; i < c->o->monitor_count; i++) {
        check_name(c, c->o->more_monitors[i].said, false, c->o->more_monitors[i].device);
    }
}
