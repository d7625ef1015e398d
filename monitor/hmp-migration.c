/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the machine's state: migrate and those beside it, savevm, loadvm, delvm, info snapshots. */
#include <string.h>
#include <time.h>
#include "migration/migration.h"
#include "migration/snapshot.h"
#include "monitor/migration-settings.h"
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

/* QEMU's options that stand before the URI; NULL: this one is no matter, all migrations are in the background. */
static const struct { const char *option, *problem; } migrate_options[] = {
    { "-d", NULL }, { "-b", "disks are not sent: the other side opens the same images" },
    { "-i", "disks are not sent: the other side opens the same images" },
    { "-r", "no migration waits to be resumed" },
};

/* The words behind the options; NULL: it has said what is wrong. */
static char **behind_options(Monitor *mon, char **argv)
{
    for (; argv[0] && argv[1] && argv[0][0] == '-'; argv++) {
        size_t i = 0;

        while (i < G_N_ELEMENTS(migrate_options) && strcmp(argv[0], migrate_options[i].option)) {
            i++;
        }
        if (i == G_N_ELEMENTS(migrate_options)) {
            break;
        }
        if (migrate_options[i].problem) {
            say(mon, g_strdup(migrate_options[i].problem));
            return NULL;
        }
    }
    return argv;
}

void hmp_migrate(Monitor *mon, char **argv)
{
    char *uri, *given;

    argv = behind_options(mon, argv);
    if (!argv) {
        return;
    }
    uri = join(argv);
    given = monitor_migration_uri(uri);
    say(mon, migrate_start(given));
    g_free(given);
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

/* argv: the state that it waits in */
void hmp_migrate_continue(Monitor *mon, char **argv)
{
    if (strcmp(argv[0], "pre-switchover")) {
        monitor_printf(mon, "A migration waits in 'pre-switchover' alone, not in '%s'.\n", argv[0]);
        return;
    }
    say(mon, migrate_continue());
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
        if (info.throttle_percent) {
            monitor_printf(mon, "cpu throttle percentage: %u\n", info.throttle_percent);
        }
    }
}

void hmp_info_migrate_parameters(Monitor *mon, char **argv)
{
    const MigrationSetting *s;

    monitor_printf(mon, "max-bandwidth: %lld bytes/second\ndowntime-limit: %lld ms\n",
                   (long long)migration_parameters.max_bandwidth, (long long)migration_parameters.downtime_limit_ms);
    for (size_t i = 0; (s = migration_setting(i)) != NULL; i++) {
        g_autofree char *value = migration_setting_text(s);

        monitor_printf(mon, s->kind == 's' ? "%s: '%s'\n" : "%s: %s\n", s->name, value);
    }
}

void hmp_info_migrate_capabilities(Monitor *mon, char **argv)
{
    const char *name;

    for (size_t i = 0; (name = migration_capability_name(i)) != NULL; i++) {
        monitor_printf(mon, "%s: %s\n", name, migration_capability(name) ? "on" : "off");
    }
}

/* argv: NAME on|off */
void hmp_migrate_set_capability(Monitor *mon, char **argv)
{
    if (strcmp(argv[1], "on") && strcmp(argv[1], "off")) {
        monitor_printf(mon, "A capability is on or off, not '%s'.\n", argv[1]);
        return;
    }
    say(mon, migration_capability_set(argv[0], !strcmp(argv[1], "on")));
}

/* argv: NAME VALUE, a bandwidth in MiB unless it has a suffix */
void hmp_migrate_set_parameter(Monitor *mon, char **argv)
{
    static const char suffixes[] = "BKMGT";
    char *end;
    guint64 value = g_ascii_strtoull(argv[1], &end, 10);
    const char *suffix = *end ? strchr(suffixes, g_ascii_toupper(*end)) : suffixes + 2;
    bool is_bandwidth = !strcmp(argv[0], "max-bandwidth");

    if (!is_bandwidth && strcmp(argv[0], "downtime-limit")) {
        say(mon, migration_setting_set(argv[0], argv[1], true));
    } else if (end == argv[1] || !suffix || (*end && end[1]) || value > 1u << 20 || (!is_bandwidth && *end)) {
        monitor_printf(mon, "'%s' is not %s.\n", argv[1], is_bandwidth ? "a bandwidth (32M; 0: no limit)"
                                                                       : "a number of milliseconds");
    } else if (is_bandwidth) {
        say(mon, migration_bandwidth_set((int64_t)(value << 10 * (suffix - suffixes))));
    } else {
        say(mon, migration_downtime_set((int64_t)value));
    }
}

/* ---- snapshots ---- */

void hmp_savevm(Monitor *mon, char **argv)
{
    char name[64];
    time_t now = time(NULL);
    struct tm tm;

    strftime(name, sizeof(name), "vm-%Y%m%d%H%M%S", localtime_r(&now, &tm));
    say(mon, snapshot_save(argv[0] ? argv[0] : name));
}

void hmp_loadvm(Monitor *mon, char **argv)
{
    say(mon, snapshot_load(argv[0]));
}

void hmp_delvm(Monitor *mon, char **argv)
{
    say(mon, snapshot_delete(argv[0]));
}

static void print_snapshot(void *opaque, const BlockSnapshot *s)
{
    const uint64_t ms = s->clock_ns / 1000000;
    time_t date = (time_t)s->date_s;
    char *size = g_format_size_full(s->state_bytes, G_FORMAT_SIZE_IEC_UNITS), when[32], *clock;
    GString *text = opaque;
    struct tm tm;

    if (!text->len) {
        g_string_append_printf(text, "%-10s%-17s%8s%20s%13s%11s\n", "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK",
                               "ICOUNT");
    }
    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&date, &tm));
    clock = g_strdup_printf("%02llu:%02llu:%02llu.%03llu", (unsigned long long)ms / 3600000,
                            (unsigned long long)ms / 60000 % 60, (unsigned long long)ms / 1000 % 60,
                            (unsigned long long)ms % 1000);
    g_string_append_printf(text, "%-9s %-16s %8s%20s%13s%11s\n", "--", s->name, size, when, clock, "");
    g_free(clock);
    g_free(size);
}

void hmp_info_snapshots(Monitor *mon, char **argv)
{
    GString *text = g_string_new(NULL);

    snapshot_each(print_snapshot, text);
    if (text->len) {
        monitor_puts(mon, "List of snapshots present on all disks:\n");
    }
    monitor_puts(mon, text->len ? text->str : "There is no snapshot available.\n");
    g_string_free(text, TRUE);
}
