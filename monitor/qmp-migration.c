/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: moving the machine's state. Shapes of answers are those of QEMU's QMP reference. */
#include <string.h>
#include "migration/migration.h"
#include "monitor/migration-settings.h"
#include "monitor/qmp-internal.h"

static void result_of(QmpCall *call, char *error)
{
    if (error) {
        qmp_fail(call, "%s", error);
        g_free(error);
    }
}

static bool is_set(const QmpCall *call, const char *name)
{
    return json_object_has_member(call->args, name) && json_object_get_boolean_member(call->args, name);
}

void qmp_migrate(QmpCall *call)
{
    g_autofree char *uri = NULL;

    if (is_set(call, "blk") || is_set(call, "inc")) {
        qmp_fail(call, "disks are not sent: the other side opens the same images");
        return;
    }
    if (is_set(call, "resume")) {
        qmp_fail(call, "no migration waits to be resumed");
        return;
    }
    uri = monitor_migration_uri(qmp_string(call, "uri"));
    result_of(call, migrate_start(uri));
}

void qmp_migrate_incoming(QmpCall *call)
{
    g_autofree char *uri = monitor_migration_uri(qmp_string(call, "uri"));

    result_of(call, migrate_incoming(uri));
}

void qmp_migrate_cancel(QmpCall *call)
{
    migrate_cancel();
}

static JsonObject *ram_object(const MigrationInfo *info)
{
    JsonObject *ram = json_object_new();

    json_object_set_int_member(ram, "total", (gint64)info->ram_bytes);
    json_object_set_int_member(ram, "transferred", (gint64)info->bytes);
    json_object_set_int_member(ram, "remaining", (gint64)info->left_bytes);
    json_object_set_int_member(ram, "normal", (gint64)info->pages);
    json_object_set_int_member(ram, "normal-bytes", (gint64)info->pages * 4096);
    json_object_set_int_member(ram, "page-size", 4096);
    json_object_set_int_member(ram, "dirty-sync-count", info->rounds);
    return ram;
}

void qmp_query_migrate(QmpCall *call)
{
    JsonObject *object = json_object_new();
    MigrationInfo info;

    migration_info(&info);
    if (info.status != MIGRATION_NONE) {
        json_object_set_string_member(object, "status", migration_status_name(info.status));
        json_object_set_int_member(object, "total-time", info.total_ms);
        json_object_set_object_member(object, "ram", ram_object(&info));
        if (info.error) {
            json_object_set_string_member(object, "error-desc", info.error);
        }
        if (info.status == MIGRATION_COMPLETED) {
            json_object_set_int_member(object, "downtime", info.downtime_ms);
        }
    }
    call->result = qmp_object_node(object);
}

static void status_changed(MigrationStatus status)
{
    JsonObject *data;

    if (migration_capability("events")) {
        data = json_object_new();
        json_object_set_string_member(data, "status", migration_status_name(status));
        qmp_tell("MIGRATION", data);
    }
}

void qmp_migration_attach(void)
{
    migration_set_listener(status_changed);
}
