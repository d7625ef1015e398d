/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both monitors do with USB: plugging devices in and out while the machine runs (monitor/usb.h). I/O thread. */
#include <string.h>
#include <glib.h>
#include "monitor/usb.h"
#include "qemu/replay.h"
#ifdef CONFIG_QMP
#include "monitor/qmp-internal.h"
#endif

char *monitor_plug_begin(USBConfig *config, const char *driver)
{
    const USBKind kind = usb_kind_find(driver);

    if (replay_mode != REPLAY_NONE) {
        return g_strdup("a machine that records or replays keeps its devices");
    }
    if (kind == USB_KINDS) {
        return g_strdup_printf("'%s' is no device that can be plugged in while the machine runs (usb-kbd, usb-mouse, "
                               "usb-tablet, usb-hub, usb-storage)", driver);
    }
    usb_config_init(config, kind);
    return NULL;
}

char *monitor_plug_end(const MachineState *m, USBConfig *config)
{
    char *problem = usb_config_check(config);

    if (!problem && !m->usb) {
        problem = g_strdup("the machine has no USB");
    }
    for (int i = 0; !problem && config->id && i < MACHINE_VIRTIOS; i++) {
        if (!g_strcmp0(m->virtio[i].id, config->id)) {
            problem = g_strdup_printf("another device has the id '%s'", config->id);
        }
    }
    if (!problem) {
        usb_new(m->usb, config, &problem);
    }
    usb_config_clear(config);
    return problem;
}

/* Programs hear of each device that goes, those on a hub first. */
static void tell_gone(const USBBus *bus, const USBDevice *d)
{
    for (const USBDevice *child = usb_next(bus, d); child; child = usb_next(bus, child)) {
        if (child->hub == d) {
            tell_gone(bus, child);
        }
    }
#ifdef CONFIG_QMP
    JsonObject *data = json_object_new();
    char *path = g_strconcat("/machine/", d->name, NULL);

    if (d->id) {
        json_object_set_string_member(data, "device", d->id);
    }
    json_object_set_string_member(data, "path", path);
    qmp_tell("DEVICE_DELETED", data);
    g_free(path);
#endif
}

bool monitor_unplug(const MachineState *m, const char *id)
{
    USBDevice *d = m->usb && replay_mode == REPLAY_NONE ? usb_find_id(m->usb, id) : NULL;

    if (d) {
        tell_gone(m->usb, d);
        usb_unplug(d);
    }
    return d;
}
