/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device usb-*, -usbdevice: devices on the board's USB. A stick names its drive, which may come later on the command
 * line. Main thread.
 */
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

bool option_usb_driver(size_t i, OptionInfo *info)
{
    if (i < USB_KINDS) {
        *info = (OptionInfo) { usb_kind_name((USBKind)i), NULL, usb_kind_help((USBKind)i) };
    }
    return i < USB_KINDS;
}

bool option_usb_property(size_t i, size_t n, OptionInfo *info)
{
    const char *help, *name = usb_property((USBKind)i, (unsigned)n, &help);

    if (name) {
        *info = (OptionInfo) { name, NULL, help };
    }
    return name;
}

static USBOption *add(CommandLine *c, const char *arg, USBKind kind)
{
    if (c->o->usbs == OPTIONS_USB) {
        option_fail(c, arg, "there are more than %d USB devices", OPTIONS_USB);
    }
    USBOption *u = &c->o->usb[c->o->usbs++];

    u->said = g_strdup_printf("%s %s", c->option, arg);
    usb_config_init(&u->config, kind);
    return u;
}

static void set_property(CommandLine *c, const char *arg, USBOption *u, const KeyValue *kv)
{
    char *problem = usb_config_set(&u->config, kv->key, kv->value);

    if (problem) {
        option_fail(c, arg, "%s", problem);
    }
}

static void apply_globals(CommandLine *c, USBOption *u)
{
    const char *option = c->option, *driver = usb_kind_name(u->config.kind);

    for (KeyValue *kv = options_globals(driver); kv->key; kv++) {
        g_autofree char *arg = g_strdup_printf("%s.%s=%s", driver, kv->key, kv->value);

        c->option = "-global";
        set_property(c, arg, u, kv);
        c->option = option;
    }
}

bool option_usb_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *kv)
{
    const USBKind kind = usb_kind_find(driver);
    USBOption *u;
    char *problem;

    if (kind == USB_KINDS) {
        return false;
    }
    u = add(c, arg, kind);
    apply_globals(c, u);
    for (; kv->key; kv++) {
        set_property(c, arg, u, kv);
    }
    problem = usb_config_check(&u->config);
    if (problem) {
        option_fail(c, arg, "%s", problem);
    }
    return true;
}

void option_usbdevice(CommandLine *c, const char *arg)
{
    static const struct { const char *name; USBKind kind; } names[] = {
        { "keyboard", USB_KEYBOARD }, { "mouse", USB_MOUSE }, { "tablet", USB_TABLET },
    };

    if (option_is_help(arg)) {
        printf("-usbdevice: keyboard, mouse, tablet; -device has more (-device help)\n");
        exit(0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(names[i].name, arg)) {
            apply_globals(c, add(c, arg, names[i].kind));
            return;
        }
    }
    option_fail(c, arg, "there is no such USB device (keyboard, mouse, tablet; -device help lists more)");
}

void options_usb_finish(CommandLine *c)
{
    for (unsigned i = 0; i < c->o->usbs; i++) {
        const USBOption *u = &c->o->usb[i];

        if (u->config.kind == USB_STORAGE) {
            const BlockOptions *drive = options_drive_take_for_device(c, u->config.drive);

            if (!drive) {
                error_exit("%s: there is no '%s', or another device has it (-drive if=none,id=%s,... makes one)",
                           u->said, u->config.drive, u->config.drive);
            }
            usb_drive_offer(drive);
        }
    }
}
