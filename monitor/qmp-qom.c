/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: the machine and its devices as a tree of objects (qom-list, qom-get), their types, and what
 * the command line takes. A device's properties are the fields of its state. I/O thread.
 */
#include <string.h>
#include "hw/boards.h"
#include "hw/device.h"
#include "monitor/qmp-internal.h"
#include "sysemu/option-info.h"
#include "sysemu/sysemu.h"

static void add_property(JsonArray *list, const char *name, const char *type, const char *description)
{
    JsonObject *property = json_object_new();

    json_object_set_string_member(property, "name", name);
    json_object_set_string_member(property, "type", type);
    if (description) {
        json_object_set_string_member(property, "description", description);
    }
    json_array_add_object_element(list, property);
}

/* What the path names: the machine (*device is NULL) or a device. False: the call has failed. */
static bool find_object(QmpCall *call, Device **device)
{
    const char *path = qmp_string(call, "path"), *name = path;

    *device = NULL;
    if (g_str_has_prefix(path, "/machine")) {
        name = path + strlen("/machine");
        if (!*name || !strcmp(name, "/")) {
            return true;
        }
        name += *name == '/';
    }
    *device = device_find(name);
    if (!*device) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", path);
    }
    return *device;
}

static void list_machine(JsonArray *list)
{
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        char *type = g_strdup_printf("child<%s>", d->class->name);

        add_property(list, d->name, type, NULL);
        g_free(type);
    }
}

static void list_fields(JsonArray *list, const DeviceClass *class)
{
    for (const DeviceField *field = class->fields; field && field->name; field++) {
        const char *array = field->count * field->structs > 1 ? "[]" : "";
        char *type = g_strdup_printf("uint%d%s", field->size * 8, array);

        add_property(list, field->name, type, NULL);
        g_free(type);
    }
}

void qmp_qom_list(QmpCall *call)
{
    JsonArray *list;
    Device *d;
    char *type;

    if (strcmp(qmp_string(call, "path"), "/") && !find_object(call, &d)) {
        return;
    }
    list = json_array_new();
    if (!strcmp(qmp_string(call, "path"), "/")) {
        type = g_strdup_printf("child<%s-machine>", call->machine->mc->name);
        add_property(list, "machine", type, NULL);
        g_free(type);
    } else {
        add_property(list, "type", "string", NULL);
        if (d) {
            list_fields(list, d->class);
        } else {
            list_machine(list);
        }
    }
    call->result = qmp_array_node(list);
}

/* An integer, or a list of them. */
static JsonNode *field_node(Device *d, const DeviceField *field)
{
    const uint32_t count = field->count * field->structs;
    JsonArray *list = json_array_new();
    JsonNode *node;

    runstate_hold_cpus();
    counted_lock(&d->lock);
    for (uint32_t i = 0; i < count; i++) {
        json_array_add_int_element(list, (gint64)device_field_value(d, field, i));
    }
    counted_unlock(&d->lock);
    runstate_release_cpus();
    if (count > 1) {
        return qmp_array_node(list);
    }
    node = json_node_init_int(json_node_alloc(), json_array_get_int_element(list, 0));
    json_array_unref(list);
    return node;
}

void qmp_qom_get(QmpCall *call)
{
    const char *name = qmp_string(call, "property");
    const DeviceField *field;
    Device *d;

    if (!find_object(call, &d)) {
        return;
    }
    if (!strcmp(name, "type")) {
        char *type = d ? g_strdup(d->class->name) : g_strconcat(call->machine->mc->name, "-machine", NULL);

        call->result = json_node_init_string(json_node_alloc(), type);
        g_free(type);
        return;
    }
    field = d ? d->class->fields : NULL;
    while (field && field->name && strcmp(field->name, name)) {
        field++;
    }
    if (field && field->name) {
        call->result = field_node(d, field);
    } else {
        qmp_fail(call, "Property '%s.%s' not found", qmp_string(call, "path"), name);
    }
}

static void add_type(JsonArray *list, const char *wanted, const char *name, const char *parent)
{
    JsonObject *type;

    if (wanted && strcmp(wanted, parent) && strcmp(wanted, name)) {
        return;
    }
    type = json_object_new();
    json_object_set_string_member(type, "name", name);
    json_object_set_string_member(type, "parent", parent);
    json_array_add_object_element(list, type);
}

static const DeviceClass *find_class(const char *name)
{
    const Device *d = device_next(NULL);

    while (d && strcmp(d->class->name, name)) {
        d = device_next(d);
    }
    return d ? d->class : NULL;
}

void qmp_qom_list_types(QmpCall *call)
{
    const char *wanted = qmp_string(call, "implements");
    GHashTable *seen = g_hash_table_new(NULL, NULL);
    JsonArray *list = json_array_new();

    for (const MachineClass *const *mc = machine_list(); *mc; mc++) {
        char *name = g_strconcat((*mc)->name, "-machine", NULL);

        add_type(list, wanted, name, "machine");
        g_free(name);
    }
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        if (g_hash_table_add(seen, (gpointer)d->class)) {
            add_type(list, wanted, d->class->name, "device");
        }
    }
    g_hash_table_destroy(seen);
    call->result = qmp_array_node(list);
}

static void list_machine_properties(JsonArray *list)
{
    OptionInfo info;

    for (size_t i = 0; options_machine_property(i, &info); i++) {
        add_property(list, info.name, "string", info.help);
    }
}

/* Of a machine: what -machine takes; of a device: its state. */
void qmp_qom_list_properties(QmpCall *call)
{
    const char *name = qmp_string(call, "typename");
    const DeviceClass *class = find_class(name);
    JsonArray *list = json_array_new();
    bool is_machine = false;

    for (const MachineClass *const *mc = machine_list(); *mc; mc++) {
        is_machine |= g_str_has_prefix(name, (*mc)->name) && !strcmp(name + strlen((*mc)->name), "-machine");
    }
    if (is_machine) {
        list_machine_properties(list);
    } else if (class) {
        list_fields(list, class);
    } else {
        json_array_unref(list);
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Class '%s' not found", name);
        return;
    }
    call->result = qmp_array_node(list);
}

/* ---- the command line ---- */

static void add_parameter(JsonArray *list, const char *name, const char *help)
{
    JsonObject *parameter = json_object_new();

    json_object_set_string_member(parameter, "name", name);
    json_object_set_string_member(parameter, "type", "string");
    if (help) {
        json_object_set_string_member(parameter, "help", help);
    }
    json_array_add_object_element(list, parameter);
}

/* The names before '=' in "[cpus=]N[,sockets=N]". */
static void add_parameters_of_usage(JsonArray *list, const char *usage)
{
    for (const char *equals = usage; (equals = strchr(equals, '=')) != NULL; equals++) {
        const char *begin = equals;
        char *name;

        while (begin > usage && (g_ascii_islower(begin[-1]) || begin[-1] == '-' || begin[-1] == '.')) {
            begin--;
        }
        if (begin < equals) {
            name = g_strndup(begin, (gsize)(equals - begin));
            add_parameter(list, name, NULL);
            g_free(name);
        }
    }
}

void qmp_query_command_line_options(QmpCall *call)
{
    const char *wanted = qmp_string(call, "option");
    JsonArray *list = json_array_new();
    OptionInfo info, property;

    for (size_t i = 0; options_option(i, &info); i++) {
        JsonObject *option;
        JsonArray *parameters;

        if (wanted && strcmp(wanted, info.name)) {
            continue;
        }
        option = json_object_new();
        parameters = json_array_new();
        if (!strcmp(info.name, "machine")) {
            for (size_t n = 0; options_machine_property(n, &property); n++) {
                add_parameter(parameters, property.name, property.help);
            }
        } else if (info.argument) {
            add_parameters_of_usage(parameters, info.argument);
        }
        json_object_set_string_member(option, "option", info.name);
        json_object_set_array_member(option, "parameters", parameters);
        json_array_add_object_element(list, option);
    }
    if (wanted && !json_array_get_length(list)) {
        json_array_unref(list);
        qmp_fail(call, "Invalid option name: %s", wanted);
        return;
    }
    call->result = qmp_array_node(list);
}
