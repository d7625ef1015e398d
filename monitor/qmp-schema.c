/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: query-qmp-schema, the description of all orders, events and types. Names of types are
 * arbitrary for whoever reads it; here they are those of the tables. I/O thread.
 */
#include <string.h>
#include "monitor/qmp-internal.h"
#include "monitor/qmp-types.h"

typedef struct Schema {
    JsonArray *rows;
    GHashTable *named;          /* what has a row: name -> itself, interned */
} Schema;

/* What an order can or is besides what its types tell, by words that programs look for. */
static const struct { const char *order, *features; } order_features[] = {
    { "blockdev-snapshot", "allow-write-only-overlay" }, { "device_add", "json-cli json-cli-hotplug" },
    { "drive-backup", "deprecated" }, { "human-monitor-command", "savevm-monitor-nodes" },
    { "nbd-server-add", "deprecated" }, { "nbd-server-remove", "deprecated" },
};

static const char nothing[] = "nothing";                /* the object without members */

static JsonObject *add_row(Schema *s, const char *name, const char *meta_type)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", name);
    json_object_set_string_member(row, "meta-type", meta_type);
    json_array_add_object_element(s->rows, row);
    return row;
}

static void add_features(JsonObject *row, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", 0);
    JsonArray *features;

    if (*list) {
        features = json_array_new();
        for (char **word = list; *word; word++) {
            json_array_add_string_element(features, *word);
        }
        json_object_set_array_member(row, "features", features);
    }
}

static JsonObject *add_object(Schema *s, const char *name, const char *members);
static const char *schema_type(Schema *s, const char *type);

/* Once for each name. */
static bool is_new(Schema *s, const char *name)
{
    return g_hash_table_add(s->named, (gpointer)g_intern_string(name));
}

static const char *array_type(Schema *s, const char *type)
{
    g_autofree char *element = g_strndup(type + 1, strlen(type) - 2);
    const char *element_name = schema_type(s, element);
    g_autofree char *name = g_strdup_printf("[%s]", element_name);

    if (is_new(s, name)) {
        json_object_set_string_member(add_row(s, name, "array"), "element-type", element_name);
    }
    return g_intern_string(name);
}

/* An object that has no row in the tables: a wrapped type, the arguments of an order. */
static const char *made_type(Schema *s, const char *name, const char *members)
{
    if (g_str_has_prefix(members, "..")) {
        return schema_type(s, members + 2);
    }
    if (is_new(s, name)) {
        add_object(s, name, members);
    }
    return g_intern_string(name);
}

static void add_enum(Schema *s, const QmpType *row)
{
    g_auto(GStrv) words = g_strsplit(row->values, " ", 0);
    JsonArray *values = json_array_new(), *members = json_array_new();
    JsonObject *object = add_row(s, row->name, "enum");

    for (char **word = words; *word; word++) {
        JsonObject *member = json_object_new();

        json_object_set_string_member(member, "name", *word);
        json_array_add_object_element(members, member);
        json_array_add_string_element(values, *word);
    }
    json_object_set_array_member(object, "members", members);
    json_object_set_array_member(object, "values", values);
}

static void add_alternate(Schema *s, const QmpType *row)
{
    JsonArray *list = json_array_new();
    JsonObject *object = add_row(s, row->name, "alternate");
    const char *at = row->choices;
    char type[QMP_NAME_MAX];

    while (qmp_next_type(&at, type)) {
        JsonObject *member = json_object_new();

        json_object_set_string_member(member, "type", schema_type(s, type));
        json_array_add_object_element(list, member);
    }
    json_object_set_array_member(object, "members", list);
}

/* The type of a variant. */
static const char *variant_type(Schema *s, const QmpType *row, const char *value)
{
    const char *at = row->variants;
    QmpMember m;

    while (qmp_next_member(&at, &m)) {
        if (!strcmp(m.name, value)) {
            g_autofree char *members = *m.type == '=' ? qmp_wrapped(m.type) : NULL;
            g_autofree char *name = members ? g_strconcat(m.type + 1, "-wrapper", NULL) : NULL;

            return members ? made_type(s, name, members) : schema_type(s, m.type);
        }
    }
    return nothing;
}

static void add_variants(Schema *s, JsonObject *object, const QmpType *row)
{
    const char *members = row->members, *at;
    JsonArray *list = json_array_new();
    char value[QMP_NAME_MAX];
    QmpMember m;

    do {
        qmp_next_member(&members, &m);
    } while (strcmp(m.name, row->tag));
    at = qmp_find_type(m.type)->values;
    while (qmp_next_type(&at, value)) {
        JsonObject *variant = json_object_new();

        json_object_set_string_member(variant, "case", value);
        json_object_set_string_member(variant, "type", variant_type(s, row, value));
        json_array_add_object_element(list, variant);
    }
    json_object_set_string_member(object, "tag", row->tag);
    json_object_set_array_member(object, "variants", list);
}

/* The name of the type in the schema, which has its row afterwards; interned. */
static const char *schema_type(Schema *s, const char *type)
{
    const QmpBuiltin *builtin = qmp_builtin(type);
    const QmpType *row = qmp_find_type(type);

    if (builtin) {
        return builtin->name;
    }
    if (*type == '[') {
        return array_type(s, type);
    }
    if (*type == '@') {
        g_autofree char *name = g_strconcat(type + 1, "-arg", NULL);

        return made_type(s, name, qmp_order_members(type));
    }
    if (is_new(s, row->name)) {
        if (row->values) {
            add_enum(s, row);
        } else if (row->choices) {
            add_alternate(s, row);
        } else {
            JsonObject *object = add_object(s, row->name, row->members);

            if (row->tag) {
                add_variants(s, object, row);
            }
        }
    }
    return row->name;
}

static JsonObject *add_object(Schema *s, const char *name, const char *members)
{
    JsonObject *object = add_row(s, name, "object");
    JsonArray *list = json_array_new();
    QmpMember m;

    while (qmp_next_member(&members, &m)) {
        JsonObject *member;

        if (!strcmp(m.name, "*")) {
            continue;
        }
        member = json_object_new();
        json_object_set_string_member(member, "name", m.name);
        json_object_set_string_member(member, "type", schema_type(s, m.type));
        if (m.optional) {
            json_object_set_null_member(member, "default");
        }
        add_features(member, m.feature);
        json_array_add_object_element(list, member);
    }
    json_object_set_array_member(object, "members", list);
    return object;
}

static void add_arguments(Schema *s, JsonObject *row, const char *name, const char *members)
{
    g_autofree char *type = g_strconcat(name, "-arg", NULL);

    json_object_set_string_member(row, "arg-type", *members ? made_type(s, type, members) : nothing);
}

static const char *features_of(const QmpCommand *c)
{
    for (size_t i = 0; i < G_N_ELEMENTS(order_features); i++) {
        if (!strcmp(order_features[i].order, c->name)) {
            return order_features[i].features;
        }
    }
    return g_str_has_prefix(c->name, "x-") ? "unstable" : "";
}

static void add_command(Schema *s, const QmpCommand *c)
{
    JsonObject *row = add_row(s, c->name, "command");

    add_arguments(s, row, c->name, c->args);
    json_object_set_string_member(row, "ret-type", c->result ? schema_type(s, c->result) : nothing);
    if (c->oob) {
        json_object_set_boolean_member(row, "allow-oob", TRUE);
    }
    add_features(row, features_of(c));
}

void qmp_query_schema(QmpCall *call)
{
    static const QmpCommand capabilities = { .name = "qmp_capabilities", .args = "enable:[QMPCapability]?" };
    Schema s = { json_array_new(), g_hash_table_new(g_str_hash, g_str_equal) };

    for (const QmpCommand *c = qmp_commands; c->name; c++) {
        add_command(&s, c);
    }
    add_command(&s, &capabilities);
    for (const QmpEvent *event = qmp_events; event->name; event++) {
        add_arguments(&s, add_row(&s, event->name, "event"), event->name, event->data);
    }
    add_object(&s, nothing, "");
    for (const QmpBuiltin *b = qmp_builtins; b->name; b++) {
        json_object_set_string_member(add_row(&s, b->name, "builtin"), "json-type", b->json_type);
    }
    g_hash_table_destroy(s.named);
    call->result = qmp_array_node(s.rows);
}
