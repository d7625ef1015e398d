/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: moving the machine's state. Shapes of answers are those of QEMU's QMP reference. */
#include <string.h>
#include "migration/migration.h"
#include "monitor/qmp-internal.h"

static bool events_wanted;          /* capability "events" */

static void result_of(QmpCall *call, char *error)
{
    if (error) {
        qmp_fail(call, "%s", error);
        g_free(error);
    }
}

void qmp_migrate(QmpCall *call)
{
    result_of(call, migrate_start(qmp_string(call, "uri")));
}

void qmp_migrate_incoming(QmpCall *call)
{
    result_of(call, migrate_incoming(qmp_string(call, "uri")));
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

void qmp_migrate_set_parameters(QmpCall *call)
{
    int64_t limit = qmp_int(call, "downtime-limit", migration_parameters.downtime_limit_ms);
    int64_t bandwidth = qmp_int(call, "max-bandwidth", migration_parameters.max_bandwidth);

    if (bandwidth < 0) {
        qmp_fail(call, "Parameter 'max-bandwidth' expects bytes a second; 0: no limit");
        return;
    }
    if (limit < 0 || limit > 2000 * 1000) {
        qmp_fail(call, "Parameter 'downtime-limit' expects milliseconds, 0 to 2000000");
        return;
    }
    migration_parameters.downtime_limit_ms = limit;
    migration_parameters.max_bandwidth = bandwidth;
}

void qmp_query_migrate_parameters(QmpCall *call)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "max-bandwidth", migration_parameters.max_bandwidth);
    json_object_set_int_member(object, "downtime-limit", migration_parameters.downtime_limit_ms);
    call->result = qmp_object_node(object);
}

void qmp_migrate_set_capabilities(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "capabilities");

    for (guint i = 0; i < json_array_get_length(list); i++) {
        events_wanted = json_object_get_boolean_member(json_array_get_object_element(list, i), "state");
    }
}

void qmp_query_migrate_capabilities(QmpCall *call)
{
    JsonObject *object = json_object_new();
    JsonArray *list = json_array_new();

    json_object_set_string_member(object, "capability", "events");
    json_object_set_boolean_member(object, "state", events_wanted);
    json_array_add_object_element(list, object);
    call->result = json_node_init_array(json_node_alloc(), list);
    json_array_unref(list);
}

static void status_changed(MigrationStatus status)
{
    JsonObject *data;

    if (events_wanted) {
        data = json_object_new();
        json_object_set_string_member(data, "status", migration_status_name(status));
        qmp_tell("MIGRATION", data);
    }
}

void qmp_migration_attach(void)
{
    migration_set_listener(status_changed);
}
