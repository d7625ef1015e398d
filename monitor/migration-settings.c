/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capabilities and the parameters of migrations, by the names of QEMU's reference. Most are for what is not done
 * here: they are off, or have one value, and setting them to that is no mistake. I/O thread.
 */
#include <string.h>
#include "migration/migration.h"
#include "monitor/migration-settings.h"

static bool events;

static const struct {
    const char *name;
    bool *on;                   /* NULL: it is not there */
} capabilities[] = {
    { "events", &events },
    { "return-path", &migration_parameters.return_path },
    { "pause-before-switchover", &migration_parameters.pause_before_switchover },
    { "auto-converge", &migration_parameters.auto_converge },
    { "xbzrle", NULL }, { "rdma-pin-all", NULL }, { "zero-blocks", NULL },
    { "compress", NULL }, { "postcopy-ram", NULL }, { "x-colo", NULL }, { "release-ram", NULL }, { "block", NULL },
    { "multifd", NULL }, { "dirty-bitmaps", NULL }, { "postcopy-blocktime", NULL }, { "late-block-activate", NULL },
    { "x-ignore-shared", NULL }, { "validate-uuid", NULL }, { "background-snapshot", NULL },
    { "zero-copy-send", NULL }, { "postcopy-preempt", NULL },
};

#define FIXED(name_, kind_, value_) { .name = name_, .kind = kind_, .value = value_ }
#define PERCENT(name_, field) { .name = name_, .kind = 'i', .percent = &migration_parameters.field }

static const MigrationSetting settings[] = {
    FIXED("announce-initial", 'i', "50"), FIXED("announce-max", 'i', "550"), FIXED("announce-rounds", 'i', "5"),
    FIXED("announce-step", 'i', "100"), FIXED("block-incremental", 'b', "off"), FIXED("compress-level", 'i', "1"),
    FIXED("compress-threads", 'i', "8"), FIXED("compress-wait-thread", 'b', "on"),
    PERCENT("cpu-throttle-increment", throttle_increment), PERCENT("cpu-throttle-initial", throttle_initial),
    FIXED("cpu-throttle-tailslow", 'b', "off"), FIXED("decompress-threads", 'i', "2"),
    PERCENT("max-cpu-throttle", throttle_max), FIXED("max-postcopy-bandwidth", 'i', "0"),
    FIXED("multifd-channels", 'i', "2"), FIXED("multifd-compression", 's', "none"),
    FIXED("multifd-zlib-level", 'i', "1"), FIXED("multifd-zstd-level", 'i', "1"),
    PERCENT("throttle-trigger-threshold", throttle_trigger), FIXED("tls-authz", 's', ""), FIXED("tls-creds", 's', ""),
    FIXED("tls-hostname", 's', ""), FIXED("x-checkpoint-delay", 'i', "20000"),
    FIXED("xbzrle-cache-size", 'i', "67108864"),
};

const char *migration_capability_name(size_t i)
{
    return i < G_N_ELEMENTS(capabilities) ? capabilities[i].name : NULL;
}

static bool *switch_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        if (!strcmp(capabilities[i].name, name)) {
            return capabilities[i].on;
        }
    }
    return NULL;
}

bool migration_capability(const char *name)
{
    const bool *on = switch_of(name);

    return on && *on;
}

bool migration_capability_there(const char *name)
{
    return switch_of(name) != NULL;
}

char *migration_capability_set(const char *name, bool on)
{
    bool *s = switch_of(name);

    if (s) {
        *s = on;
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        if (!strcmp(capabilities[i].name, name)) {
            return on ? g_strdup_printf("capability '%s' is not there: leave it off", name) : NULL;
        }
    }
    return g_strdup_printf("there is no capability '%s'", name);
}

const MigrationSetting *migration_setting(size_t i)
{
    return i < G_N_ELEMENTS(settings) ? &settings[i] : NULL;
}

char *migration_setting_text(const MigrationSetting *s)
{
    return s->percent ? g_strdup_printf("%d", (int)*s->percent) : g_strdup(s->value);
}

static char *percent_set(const MigrationSetting *s, const char *value, bool apply)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, 1, 99, &number, NULL)) {
        return g_strdup_printf("Parameter '%s' expects a percentage, 1 to 99", s->name);
    }
    if (apply) {
        *s->percent = (int64_t)number;
    }
    return NULL;
}

char *migration_setting_set(const char *name, const char *value, bool apply)
{
    for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
        const MigrationSetting *s = &settings[i];

        if (!strcmp(s->name, name)) {
            if (s->percent) {
                return percent_set(s, value, apply);
            }
            return strcmp(s->value, value)
                   ? g_strdup_printf("parameter '%s' is about what is not done here; it stays '%s'", name, s->value)
                   : NULL;
        }
    }
    return g_strdup_printf("there is no parameter '%s'", name);
}

char *migration_bandwidth_set(int64_t bytes_s)
{
    if (bytes_s < 0) {
        return g_strdup("Parameter 'max-bandwidth' expects bytes a second; 0: no limit");
    }
    migration_parameters.max_bandwidth = bytes_s;
    return NULL;
}

char *migration_downtime_set(int64_t ms)
{
    if (ms < 0 || ms > MIGRATION_DOWNTIME_MAX) {
        return g_strdup_printf("Parameter 'downtime-limit' expects milliseconds, 0 to %d", MIGRATION_DOWNTIME_MAX);
    }
    migration_parameters.downtime_limit_ms = ms;
    return NULL;
}
