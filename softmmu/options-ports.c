/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device virtconsole, -device virtserialport: ports of a virtio-serial-device, which comes before them on the command
 * line. Main thread.
 */
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include "softmmu/options-internal.h"

/* A port while its option is read. */
typedef struct PortDraft {
    VirtIOPortOption port;
    const char *bus;            /* NULL: not given, the first one with room */
    bool has_nr;
    uint64_t nr;
} PortDraft;

static const struct {
    const char *name, *help;
    bool console;
} drivers[] = {
    { "virtconsole", "a console of the guest (hvc0, ...), on a virtio-serial-device", true },
    { "virtserialport", "a port for programs of the guest, on a virtio-serial-device", false },
};

static const OptionInfo properties[] = {
    { "chardev", NULL, "what is behind it (-chardev KIND,id=ID,...)" },
    { "name", NULL, "the name that the guest sees" },
    { "nr", NULL, "its number; 0 is a console's" },
    { "bus", NULL, "ID.0 of the virtio-serial-device; not given: the first one with room" },
};

bool option_port_driver(size_t i, OptionInfo *info)
{
    if (i < G_N_ELEMENTS(drivers)) {
        *info = (OptionInfo) { drivers[i].name, NULL, drivers[i].help };
    }
    return i < G_N_ELEMENTS(drivers);
}

bool option_port_property(size_t i, size_t n, OptionInfo *info)
{
    if (n < G_N_ELEMENTS(properties)) {
        *info = properties[n];
    }
    return n < G_N_ELEMENTS(properties);
}

static void port_property(CommandLine *c, const char *arg, PortDraft *d, const KeyValue *kv)
{
    const struct { const char *key; const char **value; } texts[] = {
        { "chardev", &d->port.chardev }, { "name", &d->port.name }, { "bus", &d->bus }, { "id", &d->port.id },
    };

    if (!kv->value || !*kv->value) {
        option_fail(c, arg, "%s needs a value", kv->key);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (!strcmp(kv->key, texts[i].key)) {
            *texts[i].value = kv->value;
            return;
        }
    }
    if (strcmp(kv->key, "nr")) {
        option_fail(c, arg, "unknown property '%s' (-device help lists those there are)", kv->key);
    }
    d->has_nr = true;
    if (!option_number(kv->value, VIRTIO_MAX_PORTS - 1, &d->nr)) {
        option_fail(c, arg, "nr is a number up to %d", VIRTIO_MAX_PORTS - 1);
    }
}

/* A place for the port on that device; -1: there is none. */
static int free_place(const VirtIOOption *v, const PortDraft *d)
{
    for (unsigned n = d->has_nr ? (unsigned)d->nr : d->port.console ? 0 : 1; n < v->max_ports; n++) {
        if (!v->port[n].said) {
            return (int)n;
        }
        if (d->has_nr) {
            break;
        }
    }
    return -1;
}

static void place_port(CommandLine *c, const char *arg, const PortDraft *d)
{
    bool found = false;

    for (unsigned i = 0; i < c->o->virtios; i++) {
        VirtIOOption *v = &c->o->virtio[i];
        g_autofree char *bus = g_strdup_printf("%s.0", v->id ? v->id : "");
        int n;

        if (v->kind != VIRTIO_CONSOLE || (d->bus && strcmp(d->bus, bus))) {
            continue;
        }
        found = true;
        n = free_place(v, d);
        if (n >= 0) {
            v->port[n] = d->port;
            return;
        }
    }
    if (!found && d->bus) {
        option_fail(c, arg, "no virtio-serial-device before it has the bus '%s' (its id, and .0)", d->bus);
    }
    option_fail(c, arg, found ? "there is no place: the ports are taken, or more than max_ports="
                              : "-device virtio-serial-device has to come before it");
}

bool option_port_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *kv)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        PortDraft d = { .port = { .console = drivers[i].console } };

        if (strcmp(drivers[i].name, driver)) {
            continue;
        }
        for (const KeyValue *all = options_globals(driver); all->key; all++) {
            port_property(c, arg, &d, all);
        }
        for (; kv->key; kv++) {
            port_property(c, arg, &d, kv);
        }
        if (d.has_nr && !d.nr && !d.port.console) {
            option_fail(c, arg, "port 0 is a console's");
        }
        d.port.said = g_strdup_printf("%s %s", c->option, arg);
        place_port(c, arg, &d);
        return true;
    }
    return false;
}
