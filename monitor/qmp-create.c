/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: new image files, the work of the job of blockdev-create. I/O thread. */
#include <string.h>
#include "block/job.h"
#include "monitor/qmp-internal.h"

static const char *text(JsonObject *o, const char *name)
{
    return json_object_has_member(o, name) ? json_object_get_string_member(o, name) : NULL;
}

/* Of a qcow2 image: how it is divided. NULL, or what is wrong (g_free()). */
static char *take_format(BlockNewImage *what, JsonObject *o)
{
    const int64_t cluster = json_object_get_int_member_with_default(o, "cluster-size", 0);
    const bool power_of_2 = cluster > 0 && !(cluster & (cluster - 1));

    what->version = !g_strcmp0(text(o, "version"), "v2") ? 2 : 3;
    what->lazy_counts = json_object_get_boolean_member_with_default(o, "lazy-refcounts", FALSE);
    if (cluster) {
        what->cluster_bits = power_of_2 ? (unsigned)__builtin_ctzll((uint64_t)cluster) : 0;
        if (what->cluster_bits < BLOCK_CLUSTER_BITS_MIN || what->cluster_bits > BLOCK_CLUSTER_BITS_MAX) {
            return g_strdup_printf("Cluster size must be a power of two between %d and %dk",
                                   1 << BLOCK_CLUSTER_BITS_MIN, 1 << (BLOCK_CLUSTER_BITS_MAX - 10));
        }
    }
    if (json_object_get_int_member_with_default(o, "refcount-bits", 16) != 16) {
        return g_strdup("Reference counts of new images have 16 bits");
    }
    return what->lazy_counts && what->version == 2
           ? g_strdup("Lazy refcounts only supported with compatibility level 1.1 and above (use version=v3 or "
                       "greater)")
           : NULL;
}

/* The file of the node that is to become the image, which is closed meanwhile; NULL: *error. */
static const char *file_of_node(JsonObject *o, char **error)
{
    JsonNode *file = json_object_get_member(o, "file");
    const char *node = JSON_NODE_HOLDS_VALUE(file) ? json_node_get_string(file) : NULL;
    const BlockOptions *inner = node ? block_node_find(node) : NULL;

    if (!inner) {
        *error = g_strdup_printf(node ? "Cannot find a free node '%s'" : "Parameter 'file' names a node (blockdev-add)",
                                 node);
        return NULL;
    }
    block_node_let_go(node);
    return inner->file;
}

char *qmp_create_image(JsonObject *o)
{
    const char *driver = json_object_get_string_member(o, "driver"), *file;
    BlockNewImage what = { .format = driver };
    char *error = NULL;

    if (strcmp(driver, "file") && strcmp(driver, "qcow2")) {
        return g_strdup_printf("Driver '%s' does not support blockdev-create", driver);
    }
    if (json_object_get_int_member(o, "size") < 0) {
        return g_strdup("Parameter 'size' expects a number of bytes");
    }
    what.bytes = (uint64_t)json_object_get_int_member(o, "size");
    if (!strcmp(driver, "file")) {
        return block_create_file(json_object_get_string_member(o, "filename"), &what);
    }
    what.backing = text(o, "backing-file");
    what.backing_format = text(o, "backing-fmt") ? text(o, "backing-fmt") : "raw";
    error = take_format(&what, o);
    file = error ? NULL : file_of_node(o, &error);
    return file ? block_create_file(file, &what) : error;
}
