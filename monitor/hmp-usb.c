/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about USB: device_add, device_del, info usb, info usbhost. */
#include <string.h>
#include "monitor/monitor-internal.h"
#include "monitor/usb.h"

/* "KEY=VALUE" */
static char *set_property(USBConfig *config, char *text)
{
    char *equals = strchr(text, '=');

    if (equals) {
        *equals = 0;
    }
    return usb_config_set(config, text, equals ? equals + 1 : NULL);
}

/* DRIVER[,PROPERTY=VALUE...] */
void hmp_device_add(Monitor *mon, char **argv)
{
    char **parts = g_strsplit(argv[0], ",", -1);
    USBConfig config;
    char *problem = monitor_plug_begin(&config, parts[0] ? parts[0] : "");

    if (!problem) {
        for (char **part = parts + 1; !problem && *part; part++) {
            problem = set_property(&config, *part);
        }
        if (problem) {
            usb_config_clear(&config);
        } else {
            problem = monitor_plug_end(mon->machine, &config);
        }
    }
    if (problem) {
        monitor_printf(mon, "Error: %s\n", problem);
        g_free(problem);
    }
    g_strfreev(parts);
}

void hmp_device_del(Monitor *mon, char **argv)
{
    if (!monitor_unplug(mon->machine, argv[0])) {
        monitor_printf(mon, "Error: Device '%s' not found ('info usb' shows those that can be pulled out)\n", argv[0]);
    }
}

void hmp_info_usb(Monitor *mon, char **argv)
{
    const USBBus *bus = mon->machine->usb;

    if (!bus) {
        monitor_puts(mon, "The machine has no USB.\n");
        return;
    }
    /* The bus's first one is part of the controller. */
    for (const USBDevice *d = usb_next(bus, usb_next(bus, NULL)); d; d = usb_next(bus, d)) {
        monitor_printf(mon, "  Device 0.%u, Port %s, Speed %s Mb/s, Product %s%s%s\n", d->address, d->path,
                       usb_speed_name(d->class->speed), d->class->product, d->id ? ", ID: " : "", d->id ? d->id : "");
    }
}

void hmp_info_usbhost(Monitor *mon, char **argv)
{
    monitor_puts(mon, "Devices of the host's USB cannot be given to the guest; -device usb-storage gives it a disk.\n");
}
