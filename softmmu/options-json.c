/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An option's argument as a JSON object, by json-glib: members of inner objects get names with dots; a list of
 * {"str": TEXT}, as hostfwd is one, is the property once for each. Main thread.
 */
#include <glib.h>
#include "qemu/json-text.h"
#include "softmmu/options-internal.h"

typedef struct Flat {
    CommandLine *c;
    const char *arg;
    GArray *pairs;
} Flat;

static void add_object(Flat *f, const char *prefix, JsonObject *object);

static char *text_of(Flat *f, const char *key, JsonNode *node)
{
    if (JSON_NODE_HOLDS_NULL(node)) {
        return g_strdup("");
    }
    if (!JSON_NODE_HOLDS_VALUE(node)) {
        option_fail(f->c, f->arg, "'%s' is no list, or one of {\"str\": \"TEXT\"}", key);
    }
    switch (json_node_get_value_type(node)) {
    case G_TYPE_BOOLEAN:
        return g_strdup(json_node_get_boolean(node) ? "on" : "off");
    case G_TYPE_INT64:
        return g_strdup_printf("%lld", (long long)json_node_get_int(node));
    case G_TYPE_STRING:
        return g_strdup(json_node_get_string(node));
    default:
        option_fail(f->c, f->arg, "'%s' is neither a text nor a whole number nor true or false", key);
    }
}

/* false: it is no list of {"str": TEXT}. */
static bool add_texts(Flat *f, const char *key, JsonNode *node)
{
    JsonArray *list = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    for (guint i = 0; list && i < json_array_get_length(list); i++) {
        JsonNode *element = json_array_get_element(list, i);
        JsonObject *o = JSON_NODE_HOLDS_OBJECT(element) ? json_node_get_object(element) : NULL;
        JsonNode *text = o && json_object_get_size(o) == 1 ? json_object_get_member(o, "str") : NULL;

        if (!text) {
            return false;
        }
        KeyValue kv = { .key = g_strdup(key), .value = text_of(f, key, text) };

        g_array_append_val(f->pairs, kv);
    }
    return list;
}

static void add_member(Flat *f, const char *prefix, const char *name, JsonNode *node)
{
    KeyValue kv = { .key = g_strconcat(prefix, name, NULL) };

    if (JSON_NODE_HOLDS_OBJECT(node)) {
        char *inner = g_strconcat(kv.key, ".", NULL);

        add_object(f, inner, json_node_get_object(node));
        g_free(inner);
        g_free(kv.key);
        return;
    }
    if (add_texts(f, kv.key, node)) {
        g_free(kv.key);
        return;
    }
    kv.value = text_of(f, kv.key, node);
    g_array_append_val(f->pairs, kv);
}

static void add_object(Flat *f, const char *prefix, JsonObject *object)
{
    GList *members = json_object_get_members(object);

    for (GList *l = members; l; l = l->next) {
        add_member(f, prefix, l->data, json_object_get_member(object, l->data));
    }
    g_list_free(members);
}

KeyValue *option_json(CommandLine *c, const char *arg)
{
    Flat f = { .c = c, .arg = arg, .pairs = g_array_new(TRUE, TRUE, sizeof(KeyValue)) };
    char *problem;
    JsonNode *root = json_text_parse(arg, -1, &problem);

    if (!root) {
        option_fail(c, arg, "%s", problem);
    }
    if (!JSON_NODE_HOLDS_OBJECT(root)) {
        option_fail(c, arg, "this is no JSON object");
    }
    add_object(&f, "", json_node_get_object(root));
    json_node_unref(root);
    return (KeyValue *)(void *)g_array_free(f.pairs, FALSE);
}
