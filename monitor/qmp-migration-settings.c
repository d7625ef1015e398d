/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: capabilities and parameters of migrations. I/O thread. */
#include <string.h>
#include "migration/migration.h"
#include "monitor/migration-settings.h"
#include "monitor/qmp-internal.h"

static bool failed(QmpCall *call, char *problem)
{
    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
    return call->error;
}

/* Those of the table that are given; false: one of them cannot be so. */
static bool set_given(QmpCall *call, bool apply)
{
    const MigrationSetting *s;

    for (size_t i = 0; (s = migration_setting(i)) != NULL; i++) {
        JsonNode *node = json_object_get_member(call->args, s->name);
        char *text = node ? qmp_value_text(node) : NULL;
        const bool bad = text && failed(call, migration_setting_set(s->name, text, apply));

        g_free(text);
        if (bad) {
            return false;
        }
    }
    return true;
}

/* All are looked at before one is changed. */
void qmp_migrate_set_parameters(QmpCall *call)
{
    const int64_t was = migration_parameters.max_bandwidth;

    if (json_object_has_member(call->args, "block-bitmap-mapping") &&
        json_array_get_length(json_object_get_array_member(call->args, "block-bitmap-mapping"))) {
        qmp_fail(call, "parameter 'block-bitmap-mapping' is of the capability dirty-bitmaps, which is not there: "
                 "bitmaps go along in their images");
        return;
    }
    if (!set_given(call, false)) {
        return;
    }
    if (!failed(call, migration_bandwidth_set(qmp_int(call, "max-bandwidth", was))) &&
        failed(call, migration_downtime_set(qmp_int(call, "downtime-limit",
                                                    migration_parameters.downtime_limit_ms)))) {
        migration_parameters.max_bandwidth = was;
    }
    if (!call->error) {
        set_given(call, true);
    }
}

void qmp_query_migrate_parameters(QmpCall *call)
{
    JsonObject *object = json_object_new();
    const MigrationSetting *s;

    json_object_set_int_member(object, "max-bandwidth", migration_parameters.max_bandwidth);
    json_object_set_int_member(object, "downtime-limit", migration_parameters.downtime_limit_ms);
    for (size_t i = 0; (s = migration_setting(i)) != NULL; i++) {
        g_autofree char *value = migration_setting_text(s);

        if (s->kind == 's') {
            json_object_set_string_member(object, s->name, value);
        } else if (s->kind == 'b') {
            json_object_set_boolean_member(object, s->name, !strcmp(value, "on"));
        } else {
            json_object_set_int_member(object, s->name, g_ascii_strtoll(value, NULL, 10));
        }
    }
    call->result = qmp_object_node(object);
}

/* All or none. */
void qmp_migrate_set_capabilities(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "capabilities");

    for (int change = 0; change < 2; change++) {
        for (guint i = 0; i < json_array_get_length(list); i++) {
            JsonObject *one = json_array_get_object_element(list, i);
            const char *name = json_object_get_string_member(one, "capability");

            /* those that can be on are set in the second pass, when the others have been looked at */
            if (migration_capability_there(name) == change &&
                failed(call, migration_capability_set(name, json_object_get_boolean_member(one, "state")))) {
                return;
            }
        }
    }
}

/* Those that can be on: programs switch on what they find here. */
void qmp_query_migrate_capabilities(QmpCall *call)
{
    JsonArray *list = json_array_new();
    const char *name;

    for (size_t i = 0; (name = migration_capability_name(i)) != NULL; i++) {
        if (migration_capability_there(name)) {
            JsonObject *object = json_object_new();

            json_object_set_string_member(object, "capability", name);
            json_object_set_boolean_member(object, "state", migration_capability(name));
            json_array_add_object_element(list, object);
        }
    }
    call->result = qmp_array_node(list);
}
