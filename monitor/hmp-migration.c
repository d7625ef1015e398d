/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the machine's state: migrate, migrate_incoming, migrate_cancel, info migrate. */
#include <string.h>
#include "migration/migration.h"
#include "monitor/monitor-internal.h"

/* Takes the message. */
static void say(Monitor *mon, char *error)
{
    if (error) {
        monitor_printf(mon, "Error: %s\n", error);
        g_free(error);
    }
}

/* "exec:cat > x" has blanks: the words are one. */
static char *join(char **argv)
{
    return g_strjoinv(" ", argv);
}

void hmp_migrate(Monitor *mon, char **argv)
{
    char *uri;

    /* All migrations are carried out in the background here. */
    if (!strcmp(argv[0], "-d") && argv[1]) {
        argv++;
    }
    uri = join(argv);
    say(mon, migrate_start(uri));
    g_free(uri);
}

void hmp_migrate_incoming(Monitor *mon, char **argv)
{
    char *uri = join(argv);

    say(mon, migrate_incoming(uri));
    g_free(uri);
}

void hmp_migrate_cancel(Monitor *mon, char **argv)
{
    migrate_cancel();
}

void hmp_info_migrate(Monitor *mon, char **argv)
{
    MigrationInfo info;

    migration_info(&info);
    if (info.status == MIGRATION_NONE) {
        return;
    }
    monitor_printf(mon, "Migration status: %s%s%s\n", migration_status_name(info.status), info.error ? ": " : "",
                   info.error ? info.error : "");
    monitor_printf(mon, "total time: %lld ms\n", (long long)info.total_ms);
    if (info.status == MIGRATION_COMPLETED && !info.incoming) {
        monitor_printf(mon, "downtime: %lld ms\n", (long long)info.downtime_ms);
    }
    monitor_printf(mon, "transferred ram: %llu kbytes\n", (unsigned long long)info.bytes >> 10);
    monitor_printf(mon, "remaining ram: %llu kbytes\n", (unsigned long long)info.left_bytes >> 10);
    monitor_printf(mon, "total ram: %llu kbytes\n", (unsigned long long)info.ram_bytes >> 10);
    if (!info.incoming) {
        monitor_printf(mon, "pages: %llu\n", (unsigned long long)info.pages);
        monitor_printf(mon, "dirty sync count: %u\n", info.rounds);
    }
}
