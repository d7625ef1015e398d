/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: the NBD server and its exports. I/O thread. */
#include <string.h>
#include "block/nbd-server.h"
#include "monitor/qmp-internal.h"
#include "qemu/identifier.h"

/* NULL: it is no text. */
static const char *text(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

static const char *text_of(JsonObject *o, const char *name)
{
    return text(json_object_get_member(o, name));
}

void qmp_nbd_server_start(QmpCall *call)
{
    JsonObject *addr = json_object_get_object_member(call->args, "addr");
    JsonObject *data = json_object_get_object_member(addr, "data");
    const char *type = json_object_get_string_member(addr, "type");
    const int64_t max = qmp_int(call, "max-connections", 0);
    NbdServerAddress a = { .path = text_of(data, "path"), .host = text_of(data, "host"),
                           .port = text_of(data, "port"), .max_connections = (unsigned)max };

    if (max < 0 || max > UINT32_MAX) {
        qmp_fail(call, "Parameter 'max-connections' expects a number from 0 to %u", UINT32_MAX);
    } else if (!strcmp(type, "unix") && a.path && !a.host && !a.port) {
        qmp_conclude(call, nbd_server_start(&a));
    } else if (!strcmp(type, "inet") && a.host && a.port && !a.path) {
        qmp_conclude(call, nbd_server_start(&a));
    } else {
        qmp_fail(call, "Parameter 'addr' expects type unix with path, or inet with host and port");
    }
}

void qmp_nbd_server_stop(QmpCall *call)
{
    qmp_conclude(call, nbd_server_stop());
}

void qmp_nbd_server_add(QmpCall *call)
{
    const char *device = qmp_string(call, "device"), *name = qmp_string(call, "name");
    const char *bitmap = qmp_string(call, "bitmap");
    const NbdExportOptions o = { .id = name ? name : device, .node = device, .name = name ? name : device,
                                 .description = qmp_string(call, "description"),
                                 .writable = qmp_bool(call, "writable", false), .bitmap = { { NULL, bitmap } },
                                 .bitmaps = bitmap ? 1 : 0 };

    qmp_conclude(call, nbd_export_add(&o));
}

void qmp_nbd_server_remove(QmpCall *call)
{
    qmp_conclude(call, nbd_export_remove(qmp_string(call, "name"), !g_strcmp0(qmp_string(call, "mode"), "hard")));
}

/* "bitmaps": names, or objects with the name and a node. False: the call has failed. */
static bool take_bitmaps(QmpCall *call, NbdExportOptions *o)
{
    JsonArray *list = json_object_has_member(call->args, "bitmaps")
                      ? json_object_get_array_member(call->args, "bitmaps") : NULL;

    for (guint i = 0; list && i < json_array_get_length(list) && !call->error; i++) {
        JsonNode *node = json_array_get_element(list, i);
        JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        const NbdExportBitmap b = { .node = object ? text_of(object, "node") : NULL,
                                    .name = object ? text_of(object, "name") : text(node) };

        if (!b.name || (object && !b.node)) {
            qmp_fail(call, "Parameter 'bitmaps' expects names, or objects with node and name");
        } else if (o->bitmaps == NBD_EXPORT_BITMAPS) {
            qmp_fail(call, "an export has %d bitmaps at most", NBD_EXPORT_BITMAPS);
        } else {
            o->bitmap[o->bitmaps++] = b;
        }
    }
    return !call->error;
}

void qmp_block_export_add(QmpCall *call)
{
    const char *node = qmp_string(call, "node-name"), *name = qmp_string(call, "name");
    NbdExportOptions o = { .id = qmp_string(call, "id"), .node = node, .name = name ? name : node,
                           .description = qmp_string(call, "description"),
                           .writable = qmp_bool(call, "writable", false),
                           .writethrough = qmp_bool(call, "writethrough", false) };

    if (!identifier_good(o.id)) {
        qmp_fail(call, "Invalid block export id '%s'", o.id);
    } else if (take_bitmaps(call, &o)) {
        qmp_conclude(call, nbd_export_add(&o));
    }
}

void qmp_block_export_del(QmpCall *call)
{
    qmp_conclude(call, nbd_export_remove(qmp_string(call, "id"), !g_strcmp0(qmp_string(call, "mode"), "hard")));
}

void qmp_query_block_exports(QmpCall *call)
{
    JsonArray *list = json_array_new();
    NbdExportInfo info;

    for (unsigned i = 0; nbd_export_info(i, &info); i++) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "id", info.id);
        json_object_set_string_member(o, "type", "nbd");
        json_object_set_string_member(o, "node-name", info.node);
        json_object_set_boolean_member(o, "shutting-down", FALSE);
        json_array_add_object_element(list, o);
    }
    call->result = qmp_array_node(list);
}

static void gone(const char *id)
{
    JsonObject *data = json_object_new();

    json_object_set_string_member(data, "id", id);
    qmp_tell("BLOCK_EXPORT_DELETED", data);
}

void qmp_nbd_init(void)
{
    nbd_export_set_listener(gone);
}
