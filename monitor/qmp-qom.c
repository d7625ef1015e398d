/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: the machine and its devices as a tree of objects (qom-list, qom-get), their types, and what
 * the command line takes. A device's properties are the fields of its state, and of a balloon more. I/O thread.
 */
#include <stdio.h>
#include <string.h>
#include "hw/boards.h"
#include "hw/device.h"
#include "hw/usb/usb-devices.h"
#include "monitor/qmp-internal.h"
#include "sysemu/option-info.h"
#include "sysemu/sysemu.h"

void qmp_qom_add_property(JsonArray *list, const char *name, const char *type, const char *description)
{
    JsonObject *property = json_object_new();

    json_object_set_string_member(property, "name", name);
    json_object_set_string_member(property, "type", type);
    if (description) {
        json_object_set_string_member(property, "description", description);
    }
    json_array_add_object_element(list, property);
}

/* What the user calls the device; NULL: nothing. */
static const char *device_id(const MachineState *m, const Device *d)
{
    for (int i = 0; i < MACHINE_VIRTIOS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "virtio%d", i);
        if (m->virtio[i].id && !strcmp(d->name, name)) {
            return m->virtio[i].id;
        }
    }
    return usb_device_id(d);
}

static Device *find_id(const MachineState *m, const char *wanted)
{
    Device *d = device_next(NULL);

    for (; d; d = device_next(d)) {
        const char *id = device_id(m, d);

        if (id && !strcmp(id, wanted)) {
            break;
        }
    }
    return d;
}

static const char peripheral[] = "/machine/peripheral";         /* where the devices with an id are */
static const char without_id[] = "/machine/peripheral-anon";    /* QEMU's, where others are: here they have names */

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
    if (g_str_has_prefix(path, peripheral) && path[strlen(peripheral)] == '/') {
        const char *id_begin = path + strlen(peripheral) + 1;
        g_autofree char *id = g_strndup(id_begin, strcspn(id_begin, "/"));      /* what is in it is it itself here */

        *device = find_id(call->machine, id);
    } else {
        *device = device_find(name);
    }
    if (!*device) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", path);
    }
    return *device;
}

static bool is_balloon(const MachineState *m, const Device *d)
{
    int i = 0;
    char name[16];

    while (i < MACHINE_VIRTIOS && m->virtio[i].kind != VIRTIO_BALLOON) {
        i++;
    }
    snprintf(name, sizeof(name), "virtio%d", i);
    return d && i < MACHINE_VIRTIOS && !strcmp(d->name, name);
}

/* NULL: there is none of that name. */
static const QmpProperty *find_property(const MachineState *m, const Device *d, const char *name)
{
    const QmpProperty *p = is_balloon(m, d) ? qmp_balloon_properties : NULL;

    while (p && p->name && strcmp(p->name, name)) {
        p++;
    }
    return p && p->name ? p : NULL;
}

static void list_machine(JsonArray *list)
{
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        char *type = g_strdup_printf("child<%s>", d->class->name);

        qmp_qom_add_property(list, d->name, type, NULL);
        g_free(type);
    }
    qmp_qom_add_property(list, "peripheral", "child<container>", NULL);
    qmp_qom_add_property(list, "peripheral-anon", "child<container>", NULL);
}

static void list_peripherals(JsonArray *list, const MachineState *m)
{
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        char *type = g_strdup_printf("child<%s>", d->class->name);

        if (device_id(m, d)) {
            qmp_qom_add_property(list, device_id(m, d), type, NULL);
        }
        g_free(type);
    }
}

static void list_fields(JsonArray *list, const DeviceClass *class)
{
    for (const DeviceField *field = class->fields; field && field->name; field++) {
        const char *array = field->count * field->structs > 1 ? "[]" : "";
        char *type = g_strdup_printf("uint%d%s", field->size * 8, array);

        if (!field->is_blob) {
            qmp_qom_add_property(list, field->name, type, NULL);
        }
        g_free(type);
    }
}

void qmp_qom_list(QmpCall *call)
{
    const char *path = qmp_string(call, "path");
    const bool all = !strcmp(path, "/"), with_id = !strcmp(path, peripheral), empty = !strcmp(path, without_id);
    JsonArray *list;
    Device *d;
    char *type;

    if (!all && !with_id && !empty && !qmp_qom_is_object(path) && !find_object(call, &d)) {
        return;
    }
    list = json_array_new();
    if (qmp_qom_is_object(path)) {
        qmp_qom_list_objects(call, list);
        if (call->error) {
            json_array_unref(list);
            return;
        }
    } else if (empty) {
        qmp_qom_add_property(list, "type", "string", NULL);
    } else if (with_id) {
        qmp_qom_add_property(list, "type", "string", NULL);
        list_peripherals(list, call->machine);
    } else if (all) {
        type = g_strdup_printf("child<%s-machine>", call->machine->mc->name);
        qmp_qom_add_property(list, "type", "string", NULL);
        qmp_qom_add_property(list, "objects", "child<container>", NULL);
        qmp_qom_add_property(list, "machine", type, NULL);
        g_free(type);
    } else {
        qmp_qom_add_property(list, "type", "string", NULL);
        if (d) {
            list_fields(list, d->class);
            for (const QmpProperty *p = qmp_balloon_properties; is_balloon(call->machine, d) && p->name; p++) {
                qmp_qom_add_property(list, p->name, p->type, NULL);
            }
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
    const char *name = qmp_string(call, "property"), *path = qmp_string(call, "path");
    const QmpProperty *property;
    const DeviceField *field;
    Device *d;

    if (qmp_qom_is_object(path)) {
        qmp_qom_get_object(call);
        return;
    }
    if ((!strcmp(path, "/") || !strcmp(path, peripheral) || !strcmp(path, without_id)) && !strcmp(name, "type")) {
        call->result = json_node_init_string(json_node_alloc(), "container");
        return;
    }
    if (!find_object(call, &d)) {
        return;
    }
    if (!strcmp(name, "type")) {
        char *type = d ? g_strdup(d->class->name) : g_strconcat(call->machine->mc->name, "-machine", NULL);

        call->result = json_node_init_string(json_node_alloc(), type);
        g_free(type);
        return;
    }
    property = find_property(call->machine, d, name);
    if (property) {
        call->result = property->get();
        return;
    }
    field = d ? d->class->fields : NULL;
    while (field && field->name && (field->is_blob || strcmp(field->name, name))) {
        field++;
    }
    if (field && field->name) {
        call->result = field_node(d, field);
    } else {
        qmp_fail(call, "Property '%s.%s' not found", qmp_string(call, "path"), name);
    }
}

/* Of what there is most can be read, no more. */
void qmp_qom_set(QmpCall *call)
{
    const QmpProperty *property;
    Device *d;

    qmp_qom_get(call);
    if (!call->error && find_object(call, &d)) {
        property = find_property(call->machine, d, qmp_string(call, "property"));
        if (property && property->set) {
            g_clear_pointer(&call->result, json_node_unref);
            property->set(call, json_object_get_member(call->args, "value"));
            return;
        }
    }
    g_clear_pointer(&call->result, json_node_unref);
    if (!call->error) {
        qmp_fail(call, "Property '%s.%s' is not writable", qmp_string(call, "path"), qmp_string(call, "property"));
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

/* What the command line makes by that name, and the properties that it gives it. */
typedef struct Makers {
    bool (*type)(size_t i, OptionInfo *info);
    bool (*property)(size_t i, size_t n, OptionInfo *info);
    const char *parent;
} Makers;

static const Makers drivers = { options_driver, options_driver_property, "device" };
static const Makers objects = { options_object_type, options_object_property, "object" };

/* The number of the type; -1: there is none. */
static int find_made(const Makers *makers, const char *name)
{
    OptionInfo info;

    for (size_t i = 0; makers->type(i, &info); i++) {
        if (!strcmp(info.name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static void list_made_properties(JsonArray *list, const Makers *makers, int type)
{
    OptionInfo property;

    for (size_t n = 0; makers->property((size_t)type, n, &property); n++) {
        qmp_qom_add_property(list, property.name, "str", property.help);
    }
}

static void list_made(JsonArray *list, const Makers *makers, const char *wanted)
{
    OptionInfo info;

    for (size_t i = 0; makers->type(i, &info); i++) {
        add_type(list, wanted, info.name, makers->parent);
    }
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
        if (g_hash_table_add(seen, (gpointer)d->class) && find_made(&drivers, d->class->name) < 0) {
            add_type(list, wanted, d->class->name, "device");
        }
    }
    add_type(list, wanted, "tcg-accel", "accel");
    list_made(list, &drivers, wanted);
    list_made(list, &objects, wanted);
    g_hash_table_destroy(seen);
    call->result = qmp_array_node(list);
}

static void list_machine_properties(JsonArray *list)
{
    OptionInfo info;

    for (size_t i = 0; options_machine_property(i, &info); i++) {
        qmp_qom_add_property(list, info.name, "string", info.help);
    }
}

/* What -device takes with the driver; of a device of the board, which -device does not make, nothing. */
void qmp_device_list_properties(QmpCall *call)
{
    const char *name = qmp_string(call, "typename");
    const int driver = find_made(&drivers, name);
    JsonArray *list;

    if (driver < 0 && !find_class(name)) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", name);
        return;
    }
    list = json_array_new();
    if (driver >= 0) {
        list_made_properties(list, &drivers, driver);
    }
    call->result = qmp_array_node(list);
}

/* Of a machine, a driver, an object: what the command line takes; of a device of the board: its state. */
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
    } else if (find_made(&drivers, name) >= 0) {
        list_made_properties(list, &drivers, find_made(&drivers, name));
    } else if (find_made(&objects, name) >= 0) {
        list_made_properties(list, &objects, find_made(&objects, name));
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
