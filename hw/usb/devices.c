/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of USB devices by name, their properties, and how one is made of what the user asks for. I/O thread. */
#include <string.h>
#include <glib.h>
#include "hw/usb/usb-devices.h"
#include "qemu/identifier.h"

static const struct { const char *name, *help; } kinds[] = {
    [USB_KEYBOARD] = { "usb-kbd", "a keyboard" },
    [USB_MOUSE] = { "usb-mouse", "a mouse" },
    [USB_TABLET] = { "usb-tablet", "a pointer that knows where it is on the screen" },
    [USB_HUB] = { "usb-hub", "a hub" },
    [USB_STORAGE] = { "usb-storage", "a stick: a disk" },
};

const char *usb_kind_name(USBKind kind)
{
    return kinds[kind].name;
}

const char *usb_kind_help(USBKind kind)
{
    return kinds[kind].help;
}

USBKind usb_kind_find(const char *name)
{
    USBKind kind = 0;

    while (kind < USB_KINDS && strcmp(kinds[kind].name, name)) {
        kind++;
    }
    return kind;
}

USBDevice *usb_find_id(const USBBus *bus, const char *id)
{
    USBDevice *d = usb_next(bus, NULL);

    while (d && (!d->id || strcmp(d->id, id))) {
        d = usb_next(bus, d);
    }
    return d;
}

/* ---- what the user asks for ---- */

static const struct { USBKind kind; const char *name, *help; } properties[] = {
    { USB_KINDS, "id", "its name" },
    { USB_KINDS, "port", "where it is plugged in: 1 to 3, or 2.1 for the first port of a hub in 2" },
    { USB_KINDS, "bus", "usb-bus.0, or usb.0: the only one" },
    { USB_HUB, "ports", "how many it has: 1 to 8 (8)" },
    { USB_STORAGE, "drive", "the drive's id (-drive if=none,id=ID,... or -blockdev node-name=ID,...)" },
    { USB_STORAGE, "removable", "on: says that its medium can be changed" },
    { USB_STORAGE, "serial", "its serial number" },
    { USB_STORAGE, "bootindex", "changes nothing: a kernel comes from -kernel" },
    { USB_STORAGE, "write-cache", "on, auto: as the drive says" },
};

const char *usb_property(USBKind kind, unsigned i, const char **help)
{
    for (size_t n = 0; n < G_N_ELEMENTS(properties); n++) {
        if ((properties[n].kind == USB_KINDS || properties[n].kind == kind) && !i--) {
            *help = properties[n].help;
            return properties[n].name;
        }
    }
    return NULL;
}

static bool has_property(USBKind kind, const char *name)
{
    const char *help, *at;
    unsigned i = 0;

    while ((at = usb_property(kind, i++, &help)) != NULL && strcmp(at, name)) { }
    return at;
}

void usb_config_init(USBConfig *c, USBKind kind)
{
    *c = (USBConfig) { .kind = kind, .ports = USB_PORTS_MAX };
}

static void set_text(char **at, const char *value)
{
    g_free(*at);
    *at = g_strdup(value);
}

char *usb_config_set(USBConfig *c, const char *key, const char *value)
{
    guint64 number;

    if (!has_property(c->kind, key)) {
        return g_strdup_printf("unknown property '%s' (-device help lists those there are)", key);
    }
    if (!value) {
        return g_strdup_printf("%s needs a value", key);
    }
    if (!strcmp(key, "id")) {
        if (!identifier_good(value)) {
            return g_strdup_printf("Parameter 'id' " IDENTIFIER_EXPECTED ", not '%s'", value);
        }
        set_text(&c->id, value);
    } else if (!strcmp(key, "port")) {
        set_text(&c->port, value);
    } else if (!strcmp(key, "drive")) {
        set_text(&c->drive, value);
    } else if (!strcmp(key, "serial")) {
        set_text(&c->serial, value);
    } else if (!strcmp(key, "bus")) {
        return strcmp(value, "usb-bus.0") && strcmp(value, "usb.0")
               ? g_strdup_printf("there is no bus '%s' (usb-bus.0 is there)", value) : NULL;
    } else if (!strcmp(key, "ports")) {
        if (!g_ascii_string_to_unsigned(value, 10, 1, USB_PORTS_MAX, &number, NULL)) {
            return g_strdup_printf("ports is 1 to %d, not '%s'", USB_PORTS_MAX, value);
        }
        c->ports = (unsigned)number;
    } else if (!strcmp(key, "bootindex")) {
        return g_ascii_string_to_unsigned(value, 10, 0, INT32_MAX, &number, NULL) ? NULL
               : g_strdup_printf("bootindex is a number, not '%s'", value);
    } else if (!strcmp(key, "write-cache")) {
        return !strcmp(value, "on") || !strcmp(value, "auto") ? NULL
               : g_strdup("write-cache is on or auto; say cache=writethrough of the drive");
    } else if (strcmp(value, "on") && strcmp(value, "off")) {
        return g_strdup_printf("%s is on or off, not '%s'", key, value);
    } else {
        c->removable = !strcmp(value, "on");
    }
    return NULL;
}

char *usb_config_check(const USBConfig *c)
{
    if (c->kind == USB_STORAGE && !c->drive) {
        return g_strdup("drive= is missing: the id of a drive (-drive if=none,id=ID,file=FILE)");
    }
    return NULL;
}

void usb_config_clear(USBConfig *c)
{
    g_free(c->id);
    g_free(c->port);
    g_free(c->drive);
    g_free(c->serial);
    usb_config_init(c, c->kind);
}

/* ---- the device ---- */

static USBDevice *make_storage(USBBus *bus, const USBConfig *config, char **error)
{
    BlockBackend *blk = usb_drive_take(config->drive, error);

    if (blk && !blk_has_medium(blk) && !config->removable) {
        *error = g_strdup_printf("drive '%s' has no medium (removable=on is a stick that can do without)",
                                 config->drive);
        usb_drive_give_back(blk);
        return NULL;
    }
    return blk ? usb_storage_new(bus, blk, config->serial, config->removable) : NULL;
}

static USBDevice *make(USBBus *bus, const USBConfig *config, char **error)
{
    switch (config->kind) {
    case USB_KEYBOARD:
        return usb_keyboard_new(bus);
    case USB_MOUSE:
        return usb_mouse_new(bus);
    case USB_TABLET:
        return usb_tablet_new(bus);
    case USB_HUB:
        return usb_hub_new(bus, &(USBHubConfig) { .ports = config->ports });
    default:
        return make_storage(bus, config, error);
    }
}

USBDevice *usb_new(USBBus *bus, USBConfig *config, char **error)
{
    USBDevice *d;

    if (config->id && usb_find_id(bus, config->id)) {
        *error = g_strdup_printf("another device has the id '%s'", config->id);
        return NULL;
    }
    d = make(bus, config, error);
    if (!d) {
        return NULL;
    }
    if (!config->port && config->kind != USB_HUB && usb_free_ports(bus) == 1) {
        usb_plug(usb_hub_new(bus, &(USBHubConfig) { .ports = USB_PORTS_MAX }), NULL, error);
    }
    if (!usb_plug(d, config->port, error)) {
        d->class->unplugged(d);
        return NULL;
    }
    d->id = config->id;
    config->id = config->serial = NULL;         /* the device's from now on */
    usb_config_clear(config);
    return d;
}
