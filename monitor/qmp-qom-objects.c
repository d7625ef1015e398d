/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: what -object and object-add have made, as "/objects" in the tree of qom-list and qom-get.
 * An object's properties are those that were said of it. I/O thread.
 */
#include <string.h>
#include "monitor/qmp-internal.h"
#include "sysemu/live-options.h"

static const char folder[] = "/objects";

/* The number of the object that the path names; -1: there is none. */
static int find(const char *path)
{
    const char *id = path + strlen(folder) + 1;
    LiveObject o;

    for (unsigned i = 0; (o = live_object(i)).type; i++) {
        if (!strcmp(o.id, id)) {
            return (int)i;
        }
    }
    return -1;
}

bool qmp_qom_is_object(const char *path)
{
    return g_str_has_prefix(path, folder) && (!path[strlen(folder)] || path[strlen(folder)] == '/');
}

/* False: the call has failed. *number is -1 for the folder itself. */
static bool find_or_fail(QmpCall *call, int *number)
{
    const char *path = qmp_string(call, "path");

    *number = strlen(path) > strlen(folder) + 1 ? find(path) : -1;
    if (*number < 0 && strlen(path) > strlen(folder) + 1) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", path);
        return false;
    }
    return true;
}

void qmp_qom_list_objects(QmpCall *call, JsonArray *list)
{
    int number;

    if (!find_or_fail(call, &number)) {
        return;
    }
    qmp_qom_add_property(list, "type", "string", NULL);
    if (number >= 0) {
        LiveProperty p;

        for (unsigned n = 0; live_object_property((unsigned)number, n, &p); n++) {
            qmp_qom_add_property(list, p.name, p.kind, NULL);
        }
        return;
    }
    LiveObject o;

    for (unsigned i = 0; (o = live_object(i)).type; i++) {
        g_autofree char *type = g_strdup_printf("child<%s>", o.type);

        qmp_qom_add_property(list, o.id, type, NULL);
    }
}

static JsonNode *value_node(const LiveProperty *p)
{
    if (!strcmp(p->kind, "bool")) {
        const bool on = !strcmp(p->value, "on") || *p->value == 'y' || *p->value == 't';

        return json_node_init_boolean(json_node_alloc(), on);
    }
    if (!strcmp(p->kind, "int")) {
        return json_node_init_int(json_node_alloc(), (gint64)g_ascii_strtoull(p->value, NULL, 0));
    }
    return json_node_init_string(json_node_alloc(), p->value);
}

void qmp_qom_get_object(QmpCall *call)
{
    const char *name = qmp_string(call, "property");
    LiveProperty p;
    int number;

    if (!find_or_fail(call, &number)) {
        return;
    }
    if (!strcmp(name, "type")) {
        const char *type = number < 0 ? "container" : live_object((unsigned)number).type;

        call->result = json_node_init_string(json_node_alloc(), type);
        return;
    }
    for (unsigned n = 0; number >= 0 && live_object_property((unsigned)number, n, &p); n++) {
        if (!strcmp(p.name, name)) {
            call->result = value_node(&p);
            return;
        }
    }
    qmp_fail(call, "Property '%s.%s' not found", qmp_string(call, "path"), name);
}
