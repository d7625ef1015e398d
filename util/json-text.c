/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON by json-glib, without what that reads another way than it is written (qemu/json-text.h). */
#include <stdbool.h>
#include <string.h>
#include "qemu/json-text.h"

/* A NUL in a string. Outside of strings there is no backslash. */
static bool has_nul(const char *text, gsize bytes)
{
    for (gsize i = 0; i + 1 < bytes; i++) {
        if (text[i] == '\\') {
            i++;
            if (text[i] == 'u' && bytes - i > 4 && !memcmp(text + i + 1, "0000", 4)) {
                return true;
            }
        }
    }
    return false;
}

/* Members that were read of the objects that have not ended; JsonObject * to number. */
typedef struct Members {
    GHashTable *count;
    char *twice;                        /* an object's members that are less than were read: one name of them */
} Members;

static void member_read(JsonParser *parser, JsonObject *object, const char *name, gpointer opaque)
{
    Members *m = opaque;
    const guint n = GPOINTER_TO_UINT(g_hash_table_lookup(m->count, object)) + 1;

    g_hash_table_insert(m->count, object, GUINT_TO_POINTER(n));
    if (!m->twice && n > json_object_get_size(object)) {
        m->twice = g_strdup(name);
    }
}

static void object_read(JsonParser *parser, JsonObject *object, gpointer opaque)
{
    g_hash_table_remove(((Members *)opaque)->count, object);        /* its address may be another's from now on */
}

JsonNode *json_text_parse(const char *text, gssize bytes, char **problem)
{
    JsonParser *parser = json_parser_new();
    Members m = { .count = g_hash_table_new(NULL, NULL) };
    GError *error = NULL;
    JsonNode *root = NULL;

    g_signal_connect(parser, "object-member", G_CALLBACK(member_read), &m);
    g_signal_connect(parser, "object-end", G_CALLBACK(object_read), &m);
    if (has_nul(text, bytes < 0 ? strlen(text) : (gsize)bytes)) {
        *problem = g_strdup("a string with \\u0000 in it");
    } else if (!json_parser_load_from_data(parser, text, bytes, &error)) {
        *problem = g_strdup(error->message);
        g_error_free(error);
    } else if (m.twice) {
        *problem = g_strdup_printf("duplicate key '%s'", m.twice);
    } else {
        root = json_parser_steal_root(parser);
        *problem = root ? NULL : g_strdup("there is nothing");
    }
    g_free(m.twice);
    g_hash_table_destroy(m.count);
    g_object_unref(parser);
    return root;
}
