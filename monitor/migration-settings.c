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
    { "xbzrle", NULL }, { "rdma-pin-all", NULL }, { "auto-converge", NULL }, { "zero-blocks", NULL },
    { "compress", NULL }, { "postcopy-ram", NULL }, { "x-colo", NULL }, { "release-ram", NULL }, { "block", NULL },
    { "multifd", NULL }, { "dirty-bitmaps", NULL }, { "postcopy-blocktime", NULL }, { "late-block-activate", NULL },
    { "x-ignore-shared", NULL }, { "validate-uuid", NULL }, { "background-snapshot", NULL },
    { "zero-copy-send", NULL }, { "postcopy-preempt", NULL },
};

static const MigrationSetting fixed[] = {
    { "announce-initial", 'i', "50" }, { "announce-max", 'i', "550" }, { "announce-rounds", 'i', "5" },
    { "announce-step", 'i', "100" }, { "block-incremental", 'b', "off" }, { "compress-level", 'i', "1" },
    { "compress-threads", 'i', "8" }, { "compress-wait-thread", 'b', "on" }, { "cpu-throttle-increment", 'i', "10" },
    { "cpu-throttle-initial", 'i', "20" }, { "cpu-throttle-tailslow", 'b', "off" }, { "decompress-threads", 'i', "2" },
    { "max-cpu-throttle", 'i', "99" }, { "max-postcopy-bandwidth", 'i', "0" }, { "multifd-channels", 'i', "2" },
    { "multifd-compression", 's', "none" }, { "multifd-zlib-level", 'i', "1" }, { "multifd-zstd-level", 'i', "1" },
    { "throttle-trigger-threshold", 'i', "50" }, { "tls-authz", 's', "" }, { "tls-creds", 's', "" },
    { "tls-hostname", 's', "" }, { "x-checkpoint-delay", 'i', "20000" }, { "xbzrle-cache-size", 'i', "67108864" },
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

const MigrationSetting *migration_fixed(size_t i)
{
    return i < G_N_ELEMENTS(fixed) ? &fixed[i] : NULL;
}

char *migration_fixed_set(const char *name, const char *value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++) {
        if (!strcmp(fixed[i].name, name)) {
            return strcmp(fixed[i].value, value)
                   ? g_strdup_printf("parameter '%s' is about what is not done here; it stays '%s'", name,
                                     fixed[i].value)
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
