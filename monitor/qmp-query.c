/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: commands that tell. Shapes of answers are those of QEMU's QMP reference. */
#include <stdio.h>
#include <string.h>
#include "block/block.h"
#include "monitor/qmp-internal.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"

#ifndef PQEMU_VERSION
#define PQEMU_VERSION "0.1.0"
#endif

JsonNode *qmp_object_node(JsonObject *object)
{
    JsonNode *node = json_node_alloc();

    json_node_init_object(node, object);
    json_object_unref(object);
    return node;
}

static JsonNode *array_node(JsonArray *array)
{
    JsonNode *node = json_node_alloc();

    json_node_init_array(node, array);
    json_array_unref(array);
    return node;
}

JsonNode *qmp_version_node(void)
{
    JsonObject *version = json_object_new(), *all = json_object_new();
    int major = 0, minor = 0, micro = 0;

    sscanf(PQEMU_VERSION, "%d.%d.%d", &major, &minor, &micro);
    json_object_set_int_member(version, "major", major);
    json_object_set_int_member(version, "minor", minor);
    json_object_set_int_member(version, "micro", micro);
    json_object_set_object_member(all, "qemu", version);
    json_object_set_string_member(all, "package", "PQEMU " PQEMU_VERSION);
    return qmp_object_node(all);
}

void qmp_query_version(QmpCall *call)
{
    call->result = qmp_version_node();
}

void qmp_query_status(QmpCall *call)
{
    static const char *const names[][2] = {
        { "running", "running" }, { "paused (prelaunch)", "prelaunch" }, { "paused", "paused" },
        { "paused (debug)", "debug" }, { "paused (shutdown)", "shutdown" },
        { "paused (watchdog)", "watchdog" },
    };
    JsonObject *status = json_object_new();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(names[i][0], runstate_name())) {
            json_object_set_string_member(status, "status", names[i][1]);
        }
    }
    json_object_set_boolean_member(status, "singlestep", FALSE);
    json_object_set_boolean_member(status, "running", runstate_is_running());
    call->result = qmp_object_node(status);
}

void qmp_query_name(QmpCall *call)
{
    JsonObject *name = json_object_new();

    if (call->machine->name) {
        json_object_set_string_member(name, "name", call->machine->name);
    }
    call->result = qmp_object_node(name);
}

void qmp_query_uuid(QmpCall *call)
{
    JsonObject *uuid = json_object_new();

    json_object_set_string_member(uuid, "UUID",
                                  call->machine->uuid ? call->machine->uuid : "00000000-0000-0000-0000-000000000000");
    call->result = qmp_object_node(uuid);
}

void qmp_query_kvm(QmpCall *call)
{
    JsonObject *kvm = json_object_new();

    json_object_set_boolean_member(kvm, "enabled", FALSE);
    json_object_set_boolean_member(kvm, "present", FALSE);
    call->result = qmp_object_node(kvm);
}

void qmp_query_cpus_fast(QmpCall *call)
{
    JsonArray *cpus = json_array_new();

    for (int i = 0; i < call->machine->smp; i++) {
        JsonObject *cpu = json_object_new(), *props = json_object_new();
        char path[48];

        snprintf(path, sizeof(path), "/machine/unattached/device[%d]", i);
        json_object_set_int_member(props, "core-id", i);
        json_object_set_int_member(cpu, "cpu-index", i);
        json_object_set_string_member(cpu, "qom-path", path);
        json_object_set_int_member(cpu, "thread-id", cpu_thread_id(i));
        json_object_set_string_member(cpu, "target", "arm");
        json_object_set_object_member(cpu, "props", props);
        json_array_add_object_element(cpus, cpu);
    }
    call->result = array_node(cpus);
}

void qmp_query_machines(QmpCall *call)
{
    JsonArray *machines = json_array_new();

    for (const MachineClass *const *mc = machine_list(); *mc; mc++) {
        JsonObject *machine = json_object_new();

        json_object_set_string_member(machine, "name", (*mc)->name);
        json_object_set_int_member(machine, "cpu-max", (*mc)->max_cpus);
        json_object_set_boolean_member(machine, "hotpluggable-cpus", FALSE);
        json_object_set_boolean_member(machine, "numa-mem-supported", FALSE);
        json_object_set_boolean_member(machine, "deprecated", FALSE);
        json_object_set_string_member(machine, "default-cpu-type", "arm11mpcore-arm-cpu");
        json_object_set_string_member(machine, "default-ram-id", "ram");
        json_array_add_object_element(machines, machine);
    }
    call->result = array_node(machines);
}

void qmp_query_block(QmpCall *call)
{
    JsonArray *disks = json_array_new();
    BlockBackend *blk = NULL;

    while ((blk = blk_next(blk)) != NULL) {
        JsonObject *disk = json_object_new(), *inserted = json_object_new(), *image = json_object_new();

        json_object_set_string_member(image, "filename", blk_path(blk));
        json_object_set_string_member(image, "format", blk_format(blk));
        json_object_set_int_member(image, "virtual-size", (gint64)blk_bytes(blk));
        json_object_set_string_member(inserted, "file", blk_path(blk));
        json_object_set_string_member(inserted, "drv", blk_format(blk));
        json_object_set_boolean_member(inserted, "ro", blk_readonly(blk));
        json_object_set_boolean_member(inserted, "encrypted", FALSE);
        json_object_set_object_member(inserted, "image", image);
        json_object_set_string_member(disk, "device", blk_id(blk));
        json_object_set_string_member(disk, "type", "unknown");
        json_object_set_boolean_member(disk, "locked", FALSE);
        json_object_set_boolean_member(disk, "removable", TRUE);
        json_object_set_object_member(disk, "inserted", inserted);
        json_array_add_object_element(disks, disk);
    }
    call->result = array_node(disks);
}

void qmp_query_chardev(QmpCall *call)
{
    JsonArray *devices = json_array_new();
    const Chardev *chr = NULL;

    while ((chr = chardev_next(chr)) != NULL) {
        JsonObject *device = json_object_new();

        json_object_set_string_member(device, "label", chardev_label(chr));
        json_object_set_string_member(device, "filename", chardev_spec(chr));
        json_object_set_boolean_member(device, "frontend-open", TRUE);
        json_array_add_object_element(devices, device);
    }
    call->result = array_node(devices);
}

static JsonArray *named(const char *const *names)
{
    JsonArray *list = json_array_new();

    for (; *names; names++) {
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "name", *names);
        json_array_add_object_element(list, object);
    }
    return list;
}

void qmp_query_commands(QmpCall *call)
{
    GPtrArray *names = g_ptr_array_new();

    for (const QmpCommand *c = qmp_commands; c->name; c++) {
        g_ptr_array_add(names, (char *)c->name);
    }
    g_ptr_array_add(names, (char *)"qmp_capabilities");
    g_ptr_array_add(names, NULL);
    call->result = array_node(named((const char *const *)names->pdata));
    g_ptr_array_free(names, TRUE);
}

void qmp_query_events(QmpCall *call)
{
    call->result = array_node(named(qmp_events));
}

static void add_type(JsonArray *schema, const char *name, const char *json_type)
{
    JsonObject *type = json_object_new();

    json_object_set_string_member(type, "name", name);
    json_object_set_string_member(type, "meta-type", "builtin");
    json_object_set_string_member(type, "json-type", json_type);
    json_array_add_object_element(schema, type);
}

/* The arguments of a command, as an object type with a name of its own. */
static void add_arguments(JsonArray *schema, const QmpCommand *command, const char *name)
{
    char **rows = g_strsplit(command->args, " ", -1);
    JsonObject *type = json_object_new();
    JsonArray *members = json_array_new();

    for (char **row = rows; *row && **row; row++) {
        JsonObject *member = json_object_new();
        char *letter = strchr(*row, ':');

        *letter++ = 0;
        json_object_set_string_member(member, "name", *row);
        json_object_set_string_member(member, "type",
                                      *letter == 's' ? "str" : *letter == 'i' ? "int" : *letter == 'b' ? "bool" : "any");
        if (letter[1] == '?') {
            json_object_set_null_member(member, "default");
        }
        json_array_add_object_element(members, member);
    }
    json_object_set_string_member(type, "name", name);
    json_object_set_string_member(type, "meta-type", "object");
    json_object_set_array_member(type, "members", members);
    json_array_add_object_element(schema, type);
    g_strfreev(rows);
}

/* Arguments are described exactly; what a command returns is "any". */
void qmp_query_schema(QmpCall *call)
{
    JsonArray *schema = json_array_new();

    for (const QmpCommand *c = qmp_commands; c->name; c++) {
        JsonObject *command = json_object_new();
        char *arguments = g_strconcat(c->name, "-arg", NULL);

        json_object_set_string_member(command, "name", c->name);
        json_object_set_string_member(command, "meta-type", "command");
        json_object_set_string_member(command, "arg-type", arguments);
        json_object_set_string_member(command, "ret-type", "any");
        json_object_set_boolean_member(command, "allow-oob", c->oob);
        json_array_add_object_element(schema, command);
        add_arguments(schema, c, arguments);
        g_free(arguments);
    }
    for (const char *const *event = qmp_events; *event; event++) {
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "name", *event);
        json_object_set_string_member(object, "meta-type", "event");
        json_object_set_string_member(object, "arg-type", "any");
        json_array_add_object_element(schema, object);
    }
    add_type(schema, "str", "string");
    add_type(schema, "int", "int");
    add_type(schema, "bool", "boolean");
    add_type(schema, "any", "value");
    call->result = array_node(schema);
}
