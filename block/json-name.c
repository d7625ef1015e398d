/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of backing files in JSON (block/json-name.h): nodes of the block layer, as -blockdev has them. */
#include <stdbool.h>
#include <string.h>
#include "block/json-name.h"
#include "qemu/json-text.h"

/* NULL: there is no such member, or it is no text. */
static const char *text(JsonObject *o, const char *name)
{
    JsonNode *node = json_object_get_member(o, name);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
           ? json_node_get_string(node) : NULL;
}

static bool is_local(const char *driver)
{
    return !driver || !strcmp(driver, "file") || !strcmp(driver, "host_device");
}

/* Is it the whole file, with what itself has behind it? */
static bool is_plain(JsonObject *o)
{
    return !json_object_has_member(o, "offset") && !json_object_has_member(o, "size") &&
           !json_object_has_member(o, "backing");
}

/* The file's path, of a node, or with its members' names behind "file." of the one in front of it. */
static char *path_of(JsonObject *o, const char *driver, const char *filename)
{
    return is_local(text(o, driver)) ? g_strdup(text(o, filename)) : NULL;
}

char *json_name_path(const char *name, char **format)
{
    g_autofree char *problem = NULL;
    JsonNode *root = json_text_parse(name + strlen("json:"), -1, &problem), *inner;
    JsonObject *o = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    const char *driver = o ? text(o, "driver") : NULL;
    char *path = NULL;

    *format = NULL;
    if (o && is_plain(o) && driver && (!strcmp(driver, "raw") || !strcmp(driver, "qcow2"))) {
        inner = json_object_get_member(o, "file");
        path = inner && JSON_NODE_HOLDS_OBJECT(inner)
               ? path_of(json_node_get_object(inner), "driver", "filename")
               : path_of(o, "file.driver", "file.filename");
        *format = path ? g_strdup(driver) : NULL;
    } else if (o && is_plain(o) && is_local(driver)) {
        path = path_of(o, "driver", "filename");
    }
    g_clear_pointer(&root, json_node_unref);
    return path;
}
