/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of migrations, for both monitors. I/O thread. Messages: NULL: it went well; else g_free(). */
#ifndef MONITOR_MIGRATION_SETTINGS_H
#define MONITOR_MIGRATION_SETTINGS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

enum { MIGRATION_DOWNTIME_MAX = 2000 * 1000 };

/* Name number i of a capability; NULL: there are no more. */
const char *migration_capability_name(size_t i);
bool migration_capability(const char *name);            /* it is on */
bool migration_capability_there(const char *name);      /* it can be */
char *migration_capability_set(const char *name, bool on);

/* A parameter; kind: i, b (on or off) or s. It has one value, or is a percentage, 1 to 99. */
typedef struct MigrationSetting {
    const char *name;
    char kind;
    const char *value;
    int64_t *percent;           /* NULL: it has one value */
} MigrationSetting;
const MigrationSetting *migration_setting(size_t i);    /* number i; NULL: there are no more */
char *migration_setting_text(const MigrationSetting *s);        /* its value; g_free() */
/* `apply` false: see only whether it can be. */
char *migration_setting_set(const char *name, const char *value, bool apply);
char *migration_bandwidth_set(int64_t bytes_s);         /* 0: no limit */
char *migration_downtime_set(int64_t ms);
#endif
