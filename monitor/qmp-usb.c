/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: device_add and device_del. I/O thread. */
#include <string.h>
#include "monitor/qmp-internal.h"
#include "monitor/usb.h"

static char *set_properties(USBConfig *config, JsonObject *args)
{
    GList *names = json_object_get_members(args);
    char *problem = NULL;

    for (GList *l = names; l && !problem; l = l->next) {
        const char *name = l->data;

        if (strcmp(name, "driver")) {
            char *value = qmp_value_text(json_object_get_member(args, name));

            problem = usb_config_set(config, name, value);
            g_free(value);
        }
    }
    g_list_free(names);
    return problem;
}

void qmp_device_add(QmpCall *call)
{
    USBConfig config;
    char *problem = monitor_plug_begin(&config, qmp_string(call, "driver"));

    if (!problem) {
        problem = set_properties(&config, call->args);
        if (problem) {
            usb_config_clear(&config);
        } else {
            problem = monitor_plug_end(call->machine, &config);
        }
    }
    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
}

void qmp_device_del(QmpCall *call)
{
    if (!monitor_unplug(call->machine, qmp_string(call, "id"))) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", qmp_string(call, "id"));
    }
}
