/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: whether an order's arguments are of their types (monitor/qmp-types.h). I/O thread.
 * What is wrong is told with its whole name: "addr.data.port", "keys[0]".
 */
#include <string.h>
#include "monitor/qmp-internal.h"
#include "monitor/qmp-types.h"

const QmpBuiltin qmp_builtins[] = {
    { 's', "str", "string", "string" }, { 'i', "int", "int", "integer" }, { 'n', "number", "number", "number" },
    { 'b', "bool", "boolean", "boolean" }, { 'z', "null", "null", "null" }, { 'a', "any", "value", NULL },
    { .name = NULL },
};

const QmpBuiltin *qmp_builtin(const char *type)
{
    const QmpBuiltin *b = qmp_builtins;

    while (b->name && (type[0] != b->letter || type[1])) {
        b++;
    }
    return b->name ? b : NULL;
}

/* The next of the words, up to a blank or one of `ends`, into `word`; false: there is none. */
static bool next_word(const char **at, const char *ends, char *word, size_t size)
{
    size_t n;

    *at += strspn(*at, " ");
    n = strcspn(*at, " ");
    n = MIN(n, strcspn(*at, ends));
    g_strlcpy(word, *at, MIN(n + 1, size));
    *at += n;
    return n;
}

bool qmp_next_member(const char **at, QmpMember *m)
{
    *m = (QmpMember) { .optional = false };
    if (!next_word(at, ":", m->name, sizeof(m->name))) {
        return false;
    }
    (*at)++;
    next_word(at, "?$", m->type, sizeof(m->type));
    if (**at == '?') {
        m->optional = true;
        (*at)++;
    }
    if (**at == '$') {
        (*at)++;
        next_word(at, " ", m->feature, sizeof(m->feature));
    }
    return true;
}

bool qmp_next_type(const char **at, char type[QMP_NAME_MAX])
{
    return next_word(at, " ", type, QMP_NAME_MAX);
}

const QmpType *qmp_find_type(const char *name)
{
    static const QmpType *const tables[] = { qmp_types, qmp_block_types, qmp_option_types };

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        for (const QmpType *row = tables[i]; row->name; row++) {
            if (!strcmp(row->name, name)) {
                return row;
            }
        }
    }
    return NULL;
}

static bool is_value_of(const char *values, const char *word)
{
    const size_t n = strlen(word);

    for (const char *at = values; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (!strncmp(at, word, n) && n && (at[n] == ' ' || !at[n])) {
            return true;
        }
    }
    return false;
}

char *qmp_wrapped(const char *type)
{
    return g_strconcat("data:", type + 1, NULL);
}

const char *qmp_order_members(const char *type)
{
    const QmpCommand *c = qmp_commands;

    while (c->name && strcmp(c->name, type + 1)) {
        c++;
    }
    return c->args;
}

static char *wrong_type(const char *name, const char *expected)
{
    return g_strdup_printf("Invalid parameter type for '%s', expected: %s", name, expected);
}

static bool holds(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

static bool is_builtin(char letter, JsonNode *node)
{
    switch (letter) {
    case 's':
        return holds(node, G_TYPE_STRING);
    case 'i':
        return holds(node, G_TYPE_INT64);
    case 'b':
        return holds(node, G_TYPE_BOOLEAN);
    case 'n':
        return holds(node, G_TYPE_INT64) || holds(node, G_TYPE_DOUBLE);
    case 'z':
        return JSON_NODE_HOLDS_NULL(node);
    default:
        return true;
    }
}

static char *check_object(const char *prefix, const QmpType *row, JsonObject *object);
static char *check_members(const char *prefix, const char *members, JsonObject *object);
static char *check_value(const char *name, const char *type, JsonNode *node);

static char *check_list(const char *name, const char *type, JsonNode *node)
{
    g_autofree char *element = g_strndup(type + 1, strlen(type) - 2);
    JsonArray *list = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    char *wrong = list ? NULL : wrong_type(name, "array");

    for (guint i = 0; list && i < json_array_get_length(list) && !wrong; i++) {
        g_autofree char *numbered = g_strdup_printf("%s[%u]", name, i);

        wrong = check_value(numbered, element, json_array_get_element(list, i));
    }
    return wrong;
}

/* Is it of the same kind as values of that type? */
static bool looks_like(const char *type, JsonNode *node)
{
    const QmpType *row = qmp_find_type(type);

    if (*type == '[') {
        return JSON_NODE_HOLDS_ARRAY(node);
    }
    return !row ? is_builtin(*type, node) : row->values ? holds(node, G_TYPE_STRING) : JSON_NODE_HOLDS_OBJECT(node);
}

static char *check_choices(const char *name, const QmpType *row, JsonNode *node)
{
    const char *at = row->choices;
    char type[QMP_NAME_MAX];

    while (qmp_next_type(&at, type)) {
        if (looks_like(type, node)) {
            return check_value(name, type, node);
        }
    }
    return wrong_type(name, row->name);
}

static char *check_word(const char *name, const QmpType *row, JsonNode *node)
{
    const char *last = strrchr(name, '.'), *word = holds(node, G_TYPE_STRING) ? json_node_get_string(node) : NULL;

    return !word ? wrong_type(name, "string") : is_value_of(row->values, word) ? NULL
           : g_strdup_printf("Parameter '%s' does not accept value '%s'", last ? last + 1 : name, word);
}

/* NULL, or what is wrong (g_free()). */
static char *check_value(const char *name, const char *type, JsonNode *node)
{
    const QmpBuiltin *builtin = qmp_builtin(type);
    const QmpType *row = qmp_find_type(type);
    g_autofree char *prefix = NULL;

    if (builtin) {
        return is_builtin(*type, node) ? NULL : wrong_type(name, builtin->said);
    }
    if (*type == '[') {
        return check_list(name, type, node);
    }
    if (row && row->choices) {
        return check_choices(name, row, node);
    }
    if (row && row->values) {
        return check_word(name, row, node);
    }
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        return wrong_type(name, "object");
    }
    prefix = g_strconcat(name, ".", NULL);
    return row ? check_object(prefix, row, json_node_get_object(node))
           : check_members(prefix, qmp_order_members(type), json_node_get_object(node));
}

static bool is_member(const char *members, const char *name)
{
    QmpMember m;

    while (qmp_next_member(&members, &m)) {
        if (!strcmp(m.name, name)) {
            return true;
        }
    }
    return false;
}

/* Are all there that must be, and those that are what they should be? */
static char *check_known(const char *prefix, const char *members, JsonObject *object)
{
    char *wrong = NULL;
    QmpMember m;

    while (!wrong && qmp_next_member(&members, &m)) {
        JsonNode *node = json_object_get_member(object, m.name);
        g_autofree char *name = g_strconcat(prefix, m.name, NULL);

        if (node) {
            wrong = check_value(name, m.type, node);
        } else if (!m.optional) {
            wrong = g_strdup_printf("Parameter '%s' is missing", name);
        }
    }
    return wrong;
}

static char *check_unknown(const char *prefix, const char *members, const char *more, JsonObject *object)
{
    GList *names = is_member(members, "*") ? NULL : json_object_get_members(object);
    char *wrong = NULL;

    for (GList *l = names; l && !wrong; l = l->next) {
        if (!is_member(members, l->data) && !is_member(more, l->data)) {
            wrong = g_strdup_printf("Parameter '%s%s' is unexpected", prefix, (const char *)l->data);
        }
    }
    g_list_free(names);
    return wrong;
}

char *qmp_variant(const QmpType *row, const char *value)
{
    const char *at = row->variants;
    QmpMember m;

    while (qmp_next_member(&at, &m)) {
        if (!strcmp(m.name, value)) {
            return *m.type == '=' ? qmp_wrapped(m.type) : g_strdup(qmp_find_type(m.type)->members);
        }
    }
    return g_strdup("");
}

static char *check_object(const char *prefix, const QmpType *row, JsonObject *object)
{
    g_autofree char *more = NULL;
    char *wrong = check_known(prefix, row->members, object);

    if (!wrong && row->tag && json_object_has_member(object, row->tag)) {
        more = qmp_variant(row, json_object_get_string_member(object, row->tag));
        wrong = check_known(prefix, more, object);
    }
    return wrong ? wrong : check_unknown(prefix, row->members, more ? more : "", object);
}

static char *check_members(const char *prefix, const char *members, JsonObject *object)
{
    char *wrong;

    if (g_str_has_prefix(members, "..")) {
        return check_object(prefix, qmp_find_type(members + 2), object);
    }
    wrong = check_known(prefix, members, object);
    return wrong ? wrong : check_unknown(prefix, members, "", object);
}

char *qmp_check_members(const char *members, JsonObject *object)
{
    return check_members("", members, object);
}

char *qmp_check_object(const char *type, JsonObject *object)
{
    return check_object("", qmp_find_type(type), object);
}
