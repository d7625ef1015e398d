/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: commands that tell. Shapes of answers are those of QEMU's QMP reference. */
#include <stdio.h>
#include <string.h>
#include "monitor/qmp-internal.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"

#ifndef PQEMU_VERSION
#define PQEMU_VERSION "0.1.0"
#endif

/* Of the QEMU whose protocol and command line this is: programs go by it. Our own version is "package". */
enum { QEMU_MAJOR = 7, QEMU_MINOR = 2, QEMU_MICRO = 0 };

JsonNode *qmp_version_node(void)
{
    JsonObject *version = json_object_new(), *all = json_object_new();

    json_object_set_int_member(version, "major", QEMU_MAJOR);
    json_object_set_int_member(version, "minor", QEMU_MINOR);
    json_object_set_int_member(version, "micro", QEMU_MICRO);
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
        { "paused (debug)", "debug" }, { "paused (io-error)", "io-error" }, { "paused (shutdown)", "shutdown" },
        { "paused (watchdog)", "watchdog" }, { "paused (inmigrate)", "inmigrate" },
        { "paused (finish-migrate)", "finish-migrate" }, { "paused (postmigrate)", "postmigrate" },
    };
    JsonObject *status = json_object_new();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(names[i][0], runstate_name())) {
            json_object_set_string_member(status, "status", names[i][1]);
        }
    }
    json_object_set_boolean_member(status, "singlestep", cpus_one_insn());
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

        snprintf(path, sizeof(path), "/machine/cpu%d", i);
        json_object_set_int_member(props, "core-id", i);
        json_object_set_int_member(cpu, "cpu-index", i);
        json_object_set_string_member(cpu, "qom-path", path);
        json_object_set_int_member(cpu, "thread-id", cpu_thread_id(i));
        json_object_set_string_member(cpu, "target", "arm");
        json_object_set_object_member(cpu, "props", props);
        json_array_add_object_element(cpus, cpu);
    }
    call->result = qmp_array_node(cpus);
}

void qmp_query_machines(QmpCall *call)
{
    JsonArray *machines = json_array_new();

    for (const MachineClass *const *mc = machine_list(); *mc; mc++) {
        JsonObject *machine = json_object_new();
        g_autofree char *cpu_type = g_strconcat((*mc)->default_cpu, "-arm-cpu", NULL);

        json_object_set_string_member(machine, "name", (*mc)->name);
        json_object_set_int_member(machine, "cpu-max", (*mc)->max_cpus);
        json_object_set_boolean_member(machine, "hotpluggable-cpus", FALSE);
        json_object_set_boolean_member(machine, "numa-mem-supported", FALSE);
        json_object_set_boolean_member(machine, "deprecated", FALSE);
        json_object_set_string_member(machine, "default-cpu-type", cpu_type);
        json_object_set_string_member(machine, "default-ram-id", "ram");
        json_array_add_object_element(machines, machine);
    }
    call->result = qmp_array_node(machines);
}

void qmp_query_target(QmpCall *call)
{
    JsonObject *target = json_object_new();

    json_object_set_string_member(target, "arch", "arm");
    call->result = qmp_object_node(target);
}

void qmp_query_memory_size(QmpCall *call)
{
    JsonObject *memory = json_object_new();

    json_object_set_int_member(memory, "base-memory", call->machine->ram_size);
    json_object_set_int_member(memory, "plugged-memory", 0);
    call->result = qmp_object_node(memory);
}

void qmp_query_chardev(QmpCall *call)
{
    JsonArray *devices = json_array_new();
    const Chardev *chr = NULL;

    while ((chr = chardev_next(chr)) != NULL) {
        JsonObject *device = json_object_new();

        json_object_set_string_member(device, "label", chardev_label(chr));
        json_object_set_string_member(device, "filename", chardev_spec(chr));
        json_object_set_boolean_member(device, "frontend-open", chardev_is_used(chr));
        json_array_add_object_element(devices, device);
    }
    call->result = qmp_array_node(devices);
}

static void add_name(JsonArray *list, const char *name)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "name", name);
    json_array_add_object_element(list, object);
}

void qmp_query_commands(QmpCall *call)
{
    JsonArray *list = json_array_new();

    for (const QmpCommand *c = qmp_commands; c->name; c++) {
        add_name(list, c->name);
    }
    add_name(list, "qmp_capabilities");
    call->result = qmp_array_node(list);
}

void qmp_query_events(QmpCall *call)
{
    JsonArray *list = json_array_new();

    for (const QmpEvent *event = qmp_events; event->name; event++) {
        add_name(list, event->name);
    }
    call->result = qmp_array_node(list);
}
