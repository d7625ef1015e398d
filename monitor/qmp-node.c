/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: JSON values made, and looked up in an order's arguments. */
#include <math.h>
#include "monitor/qmp-internal.h"

/*
 * The library takes 1e999, and half a surrogate pair, but cannot write what they become. Depth is bounded by
 * qmp-input.c.
 */
bool qmp_is_writable(JsonNode *node)
{
    bool good = true;

    if (!node || JSON_NODE_HOLDS_NULL(node)) {
        return true;
    }
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *list = json_node_get_array(node);

        for (guint i = 0; i < json_array_get_length(list) && good; i++) {
            good = qmp_is_writable(json_array_get_element(list, i));
        }
    } else if (JSON_NODE_HOLDS_OBJECT(node)) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *member;

        json_object_iter_init(&iter, json_node_get_object(node));
        while (good && json_object_iter_next(&iter, &name, &member)) {
            good = g_utf8_validate(name, -1, NULL) && qmp_is_writable(member);
        }
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        good = g_utf8_validate(json_node_get_string(node), -1, NULL);
    } else if (json_node_get_value_type(node) == G_TYPE_DOUBLE) {
        good = isfinite(json_node_get_double(node));
    }
    return good;
}

/* Names of files, and what messages quote, may be no UTF-8, which the library would read beyond the end of. */
void qmp_mend_texts(JsonNode *node)
{
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *list = json_node_get_array(node);

        for (guint i = 0; i < json_array_get_length(list); i++) {
            qmp_mend_texts(json_array_get_element(list, i));
        }
    } else if (JSON_NODE_HOLDS_OBJECT(node)) {
        JsonObjectIter iter;
        JsonNode *member;

        json_object_iter_init(&iter, json_node_get_object(node));
        while (json_object_iter_next(&iter, NULL, &member)) {
            qmp_mend_texts(member);
        }
    } else if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
               && !g_utf8_validate(json_node_get_string(node), -1, NULL)) {
        char *valid = g_utf8_make_valid(json_node_get_string(node), -1);

        json_node_set_string(node, valid);
        g_free(valid);
    }
}

char *qmp_value_text(JsonNode *node)
{
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return g_strdup(json_node_get_string(node));
    case G_TYPE_BOOLEAN:
        return g_strdup(json_node_get_boolean(node) ? "on" : "off");
    default:
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    }
}

JsonNode *qmp_object_node(JsonObject *object)
{
    JsonNode *node = json_node_alloc();

    json_node_init_object(node, object);
    json_object_unref(object);
    return node;
}

JsonNode *qmp_array_node(JsonArray *array)
{
    JsonNode *node = json_node_alloc();

    json_node_init_array(node, array);
    json_array_unref(array);
    return node;
}

const char *qmp_string(const QmpCall *call, const char *name)
{
    return json_object_has_member(call->args, name) ? json_object_get_string_member(call->args, name) : NULL;
}

int64_t qmp_int(const QmpCall *call, const char *name, int64_t missing)
{
    return json_object_has_member(call->args, name) ? json_object_get_int_member(call->args, name) : missing;
}

bool qmp_bool(const QmpCall *call, const char *name, bool missing)
{
    return json_object_has_member(call->args, name) ? json_object_get_boolean_member(call->args, name) : missing;
}
