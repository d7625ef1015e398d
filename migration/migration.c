/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a migration, in either direction: its state and figures. I/O thread. */
#include <glib.h>
#include "block/block.h"
#include "migration/internal.h"

MachineState *migration_machine;
Migration migration;
MigrationParameters migration_parameters = {
    .downtime_limit_ms = 300,
    .throttle_trigger = 50, .throttle_initial = 20, .throttle_increment = 10, .throttle_max = 99,
};
static void (*listener)(MigrationStatus status, unsigned pass);

void migration_init(MachineState *m)
{
    migration_machine = m;
}

void migration_set_listener(void (*fn)(MigrationStatus status, unsigned pass))
{
    listener = fn;
}

const char *migration_status_name(MigrationStatus status)
{
    static const char *const names[] = {
        "none", "setup", "active", "pre-switchover", "device", "completed", "failed", "cancelled",
    };

    return names[status];
}

bool migration_is_active(void)
{
    MigrationStatus s = migration.info.status;

    return s == MIGRATION_SETUP || s == MIGRATION_ACTIVE || s == MIGRATION_PRE_SWITCHOVER ||
           s == MIGRATION_DEVICE;
}

void migration_set_status(MigrationStatus status)
{
    migration.info.status = status;
    if (status == MIGRATION_ACTIVE) {
        migration.info.setup_ms = (g_get_monotonic_time() - migration.begin_us) / 1000;
    }
    if (listener) {
        listener(status, 0);
    }
}

void migration_round(void)
{
    migration.info.rounds++;
    if (listener) {
        listener(migration.info.status, migration.info.rounds);
    }
}

char *migration_begin(bool incoming)
{
    if (migration_is_active()) {
        return g_strdup("there is a migration already ('migrate_cancel' ends it)");
    }
    g_free(migration.error);
    migration = (Migration) { .begin_us = g_get_monotonic_time() };
    migration.info.incoming = incoming;
    return NULL;
}

static int64_t ms_since(int64_t us)
{
    return us ? (g_get_monotonic_time() - us) / 1000 : 0;
}

void migration_over(MigrationStatus status, char *error)
{
    migration.info.total_ms = ms_since(migration.begin_us);
    migration.info.downtime_ms = ms_since(migration.stop_us);
    migration.info.bytes = migration.info.incoming ? incoming_bytes() : outgoing_bytes();
    migration.info.error = migration.error = error;
    migration_set_status(status);
}

void migration_info(MigrationInfo *info)
{
    *info = migration.info;
    info->throttle_percent = throttle_percent();
    if (migration_is_active()) {
        info->total_ms = ms_since(migration.begin_us);
        info->bytes = info->incoming ? incoming_bytes() : outgoing_bytes();
    }
}

char *migration_before_cont(void)
{
    const MigrationStatus s = migration.info.status;

    if (!migration.info.incoming && (s == MIGRATION_PRE_SWITCHOVER || s == MIGRATION_DEVICE)) {
        return g_strdup("the machine is about to move: wait for the end of the migration, or cancel it");
    }
    return migrate_is_expected() ? NULL : blk_take_all();
}

void migration_end(void)
{
    outgoing_end();
    incoming_end();
}
