/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's qom-set: the order of programs, with a value that is JSON, or else a text. I/O thread. */
#include "monitor/qmp-internal.h"

/* argv: PATH PROPERTY VALUE */
void hmp_qom_set(Monitor *mon, char **argv)
{
    JsonNode *value = json_from_string(argv[2], NULL);
    QmpCall call = { .machine = mon->machine, .args = json_object_new() };

    if (!value) {
        value = json_node_init_string(json_node_alloc(), argv[2]);
    }
    json_object_set_string_member(call.args, "path", argv[0]);
    json_object_set_string_member(call.args, "property", argv[1]);
    json_object_set_member(call.args, "value", value);
    qmp_qom_set(&call);
    if (call.error) {
        monitor_printf(mon, "Error: %s\n", call.error);
    }
    g_free(call.error);
    g_clear_pointer(&call.result, json_node_unref);
    json_object_unref(call.args);
}
