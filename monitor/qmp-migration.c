/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: moving the machine's state. Shapes of answers are those of QEMU's QMP reference. */
#include <string.h>
#include "migration/migration.h"
#include "monitor/migration-settings.h"
#include "monitor/qmp-internal.h"

void qmp_migrate(QmpCall *call)
{
    g_autofree char *uri = NULL;

    if (qmp_bool(call, "blk", false) || qmp_bool(call, "inc", false)) {
        qmp_fail(call, "disks are not sent: the other side opens the same images");
        return;
    }
    if (qmp_bool(call, "resume", false)) {
        qmp_fail(call, "no migration waits to be resumed");
        return;
    }
    uri = monitor_migration_uri(qmp_string(call, "uri"));
    qmp_conclude(call, migrate_start(uri));
}

void qmp_migrate_incoming(QmpCall *call)
{
    g_autofree char *uri = monitor_migration_uri(qmp_string(call, "uri"));

    qmp_conclude(call, migrate_incoming(uri));
}

void qmp_migrate_cancel(QmpCall *call)
{
    migrate_cancel();
}

void qmp_migrate_continue(QmpCall *call)
{
    if (strcmp(qmp_string(call, "state"), "pre-switchover")) {
        qmp_fail(call, "state '%s' is none that a migration waits in: pre-switchover is", qmp_string(call, "state"));
        return;
    }
    qmp_conclude(call, migrate_continue());
}

/* Those that are 0 are of ways to migrate that are not here; QEMU's schema has them. */
static JsonObject *ram_object(const MigrationInfo *info)
{
    const double seconds = (double)MAX(info->total_ms - info->setup_ms, 1) / 1000;
    JsonObject *ram = json_object_new();
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {
        { "total", info->ram_bytes }, { "transferred", info->bytes }, { "remaining", info->left_bytes },
        { "duplicate", info->zero_pages }, { "skipped", 0 }, { "normal", info->pages - info->zero_pages },
        { "normal-bytes", (info->pages - info->zero_pages) * 4096 }, { "page-size", 4096 },
        { "dirty-sync-count", info->rounds }, { "dirty-pages-rate", info->dirty_rate }, { "postcopy-requests", 0 },
        { "multifd-bytes", 0 }, { "pages-per-second", (uint64_t)((double)info->pages / seconds) },
        { "precopy-bytes", info->bytes - info->stopped_bytes }, { "downtime-bytes", info->stopped_bytes },
        { "postcopy-bytes", 0 }, { "dirty-sync-missed-zero-copy", 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        json_object_set_int_member(ram, members[i].name, (gint64)members[i].value);
    }
    json_object_set_double_member(ram, "mbps", (double)info->bytes * 8 / 1e6 / seconds);
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
        json_object_set_int_member(object, "setup-time", info.setup_ms);
        json_object_set_object_member(object, "ram", ram_object(&info));
        if (info.throttle_percent) {
            json_object_set_int_member(object, "cpu-throttle-percentage", info.throttle_percent);
        }
        if (info.error) {
            json_object_set_string_member(object, "error-desc", info.error);
        }
        if (info.status == MIGRATION_COMPLETED) {
            json_object_set_int_member(object, "downtime", info.downtime_ms);
        } else if (!info.incoming) {
            json_object_set_int_member(object, "expected-downtime", info.expected_ms);
        }
    }
    call->result = qmp_object_node(object);
}

static void status_changed(MigrationStatus status, unsigned pass)
{
    JsonObject *data;

    if (!migration_capability("events")) {
        return;
    }
    data = json_object_new();
    if (pass) {
        json_object_set_int_member(data, "pass", pass);
        qmp_tell("MIGRATION_PASS", data);
    } else {
        json_object_set_string_member(data, "status", migration_status_name(status));
        qmp_tell("MIGRATION", data);
    }
}

void qmp_migration_attach(void)
{
    migration_set_listener(status_changed);
}
