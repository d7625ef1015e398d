/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: what it tells about disks and nodes (counters: qmp-blockstats.c); limits of speed. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include "block/bitmap.h"
#include "block/job.h"
#include "hw/usb/usb-devices.h"
#include "monitor/qmp-internal.h"

/* Of qcow2. */
static JsonObject *specific_info(const ImageFacts *facts)
{
    JsonObject *specific = json_object_new(), *data = json_object_new();

    json_object_set_string_member(data, "compat", facts->version == 2 ? "0.10" : "1.1");
    json_object_set_int_member(data, "refcount-bits", facts->refcount_bits);
    json_object_set_string_member(data, "compression-type", "zlib");
    if (facts->version > 2) {
        json_object_set_boolean_member(data, "lazy-refcounts", facts->lazy_counts);
        json_object_set_boolean_member(data, "corrupt", facts->corrupt);
        json_object_set_boolean_member(data, "extended-l2", FALSE);
    }
    json_object_set_string_member(specific, "type", "qcow2");
    json_object_set_object_member(specific, "data", data);
    return specific;
}

static void add_facts(JsonObject *image, const ImageFacts *facts)
{
    if (facts->host_bytes >= 0) {
        json_object_set_int_member(image, "actual-size", facts->host_bytes);
    }
    if (facts->cluster_bytes) {
        json_object_set_int_member(image, "cluster-size", (gint64)facts->cluster_bytes);
        json_object_set_boolean_member(image, "dirty-flag", facts->dirty);
        json_object_set_object_member(image, "format-specific", specific_info(facts));
    }
}

/* The n-th image of the disk's chain, or of a node's that no disk has, and those behind it; NULL: there is none. */
static JsonObject *image_info(const BlockBackend *blk, const char *node, unsigned n)
{
    JsonObject *image, *behind;
    BlockChainInfo info;
    ImageFacts facts;

    if (blk ? !blk_chain(blk, n, &info) || !blk_image_facts(blk, n, &facts)
        : !block_node_chain(node, n, &info, &facts)) {
        return NULL;
    }
    image = json_object_new();
    json_object_set_string_member(image, "filename", info.path);
    json_object_set_string_member(image, "format", info.format);
    json_object_set_int_member(image, "virtual-size", (gint64)info.bytes);
    add_facts(image, &facts);
    behind = image_info(blk, node, n + 1);
    if (behind) {
        const char *name = json_object_get_string_member(behind, "filename");

        json_object_set_string_member(image, "backing-filename", name);
        json_object_set_string_member(image, "full-backing-filename", name);
        json_object_set_string_member(image, "backing-filename-format",
                                      json_object_get_string_member(behind, "format"));
        json_object_set_object_member(image, "backing-image", behind);
    }
    return image;
}

/* blk NULL: none. */
static void add_limits(JsonObject *info, const BlockBackend *blk)
{
    ThrottleConfig config;
    ThrottleField field;
    unsigned waiting;
    const char *group;

    throttle_config_init(&config);
    group = blk ? blk_throttle(blk, &config, &waiting) : NULL;
    for (unsigned i = 0; throttle_field(&config, i, &field); i++) {
        if (field.shown) {
            json_object_set_int_member(info, field.monitor, (gint64)*field.value);
        }
    }
    if (group) {
        json_object_set_string_member(info, "group", group);
    }
}

static JsonObject *cache_info(const BlockOptions *o)
{
    JsonObject *cache = json_object_new();

    json_object_set_boolean_member(cache, "writeback", !o->write_through);
    json_object_set_boolean_member(cache, "direct", o->direct);
    json_object_set_boolean_member(cache, "no-flush", o->no_flush);
    return cache;
}

static void add_node_options(JsonObject *info, const BlockOptions *o, uint64_t threshold)
{
    static const char *const detect_zeroes[] = {
        [DETECT_ZEROES_OFF] = "off", [DETECT_ZEROES_ON] = "on", [DETECT_ZEROES_UNMAP] = "unmap",
    };

    json_object_set_boolean_member(info, "encrypted", FALSE);
    json_object_set_string_member(info, "detect_zeroes", detect_zeroes[o->detect_zeroes]);
    json_object_set_int_member(info, "write_threshold", (gint64)threshold);
    json_object_set_object_member(info, "cache", cache_info(o));
}

/* A node that no disk has. */
static JsonObject *node_info(const BlockOptions *o)
{
    JsonObject *info = json_object_new(), *image = image_info(NULL, o->node, 0);
    const char *format = o->format ? o->format : o->driver ? o->driver : "file";

    json_object_set_string_member(info, "file", o->file);
    json_object_set_string_member(info, "node-name", o->node);
    json_object_set_string_member(info, "drv", format);
    json_object_set_boolean_member(info, "ro", o->readonly);
    json_object_set_int_member(info, "backing_file_depth", o->backing || o->disk_behind);
    add_limits(info, NULL);
    add_node_options(info, o, 0);
    image = image ? image : json_object_new();          /* a part of another one, or closed */
    json_object_set_string_member(image, "filename", o->file);
    json_object_set_string_member(image, "format", format);
    json_object_set_int_member(image, "virtual-size", (gint64)block_node_bytes(o->node));
    json_object_set_object_member(info, "image", image);
    if (block_node_face(o->node)) {
        qmp_add_bitmaps(info, block_node_face(o->node));
    }
    return info;
}

static JsonObject *device_info(const BlockBackend *blk)
{
    BlockChainInfo behind;
    unsigned depth = 0;
    JsonObject *info = json_object_new();

    json_object_set_string_member(info, "file", blk_path(blk));
    json_object_set_string_member(info, "node-name", blk_node(blk) ? blk_node(blk) : blk_id(blk));
    json_object_set_string_member(info, "drv", blk_format(blk));
    json_object_set_boolean_member(info, "ro", blk_readonly(blk));
    if (blk_chain(blk, 1, &behind)) {
        json_object_set_string_member(info, "backing_file", behind.path);
    }
    while (blk_chain(blk, depth + 1, &behind)) {
        depth++;
    }
    json_object_set_int_member(info, "backing_file_depth", depth);
    add_limits(info, blk);
    add_node_options(info, blk_options(blk), blk_write_threshold(blk, 0, false));
    json_object_set_object_member(info, "image", image_info(blk, NULL, 0));
    qmp_add_bitmaps(info, (BlockBackend *)(uintptr_t)blk);
    return info;
}

char *qmp_disk_path(const MachineState *m, const BlockBackend *blk)
{
    for (int i = 0; i < MACHINE_VIRTIOS; i++) {
        if (m->virtio[i].blk == blk) {
            return m->virtio[i].id ? g_strdup_printf("/machine/peripheral/%s/virtio-backend", m->virtio[i].id)
                                   : g_strdup_printf("/machine/virtio%d", i);
        }
    }
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        const char *id = usb_device_id(d);

        if (usb_storage_drive(d) == blk) {
            return id ? g_strdup_printf("/machine/peripheral/%s/%s.0/legacy[0]", id, id)
                      : g_strdup_printf("/machine/%s", d->name);
        }
    }
    return NULL;
}

BlockBackend *qmp_disk_named(const MachineState *m, const char *name)
{
    BlockBackend *blk = blk_find(name);
    g_autofree char *of_device = g_strdup_printf("/machine/peripheral/%s/", name);

    if (!blk) {
        while ((blk = blk_next(blk)) != NULL) {
            g_autofree char *path = qmp_disk_path(m, blk);

            if (path && (!strcmp(path, name) || g_str_has_prefix(path, of_device))) {
                break;
            }
        }
    }
    return blk;
}

const char *qmp_disk_name(const BlockBackend *blk, const char *path)
{
    return path && blk_node(blk) && !strcmp(blk_node(blk), blk_id(blk)) ? "" : blk_id(blk);
}

void qmp_add_disk_names(JsonObject *disk, const MachineState *m, const BlockBackend *blk)
{
    char *path = qmp_disk_path(m, blk);

    json_object_set_string_member(disk, "device", qmp_disk_name(blk, path));
    if (path) {
        json_object_set_string_member(disk, "qdev", path);
    }
    g_free(path);
}

void qmp_query_block(QmpCall *call)
{
    JsonArray *disks = json_array_new();
    BlockBackend *blk = NULL;

    while ((blk = blk_next(blk)) != NULL) {
        JsonObject *disk;
        bool open, locked;
        int error;

        if (blk_for_export(blk)) {
            continue;
        }
        disk = json_object_new();
        qmp_add_disk_names(disk, call->machine, blk);
        json_object_set_string_member(disk, "type", "unknown");
        if (blk_io_status(blk, &error)) {
            json_object_set_string_member(disk, "io-status", !error ? "ok" : error == ENOSPC ? "nospace" : "failed");
        }
        if (blk_tray(blk, &open, &locked)) {
            json_object_set_boolean_member(disk, "tray_open", open);
        }
        json_object_set_boolean_member(disk, "locked", locked);
        json_object_set_boolean_member(disk, "removable", blk_removable(blk));
        if (blk_has_medium(blk)) {
            json_object_set_object_member(disk, "inserted", device_info(blk));
        }
        json_array_add_object_element(disks, disk);
    }
    call->result = qmp_array_node(disks);
}

/* ---- all nodes ---- */

/* The n-th image behind a disk's. */
static JsonObject *behind_info(const BlockBackend *blk, unsigned n, const BlockChainInfo *chain)
{
    const BlockOptions plain = { 0 };
    JsonObject *info = json_object_new();
    BlockChainInfo behind;
    unsigned depth = 0;

    json_object_set_string_member(info, "file", chain->path);
    json_object_set_string_member(info, "node-name", chain->node);
    json_object_set_string_member(info, "drv", chain->format);
    json_object_set_boolean_member(info, "ro", TRUE);
    if (blk_chain(blk, n + 1, &behind)) {
        json_object_set_string_member(info, "backing_file", behind.path);
    }
    while (blk_chain(blk, n + depth + 1, &behind)) {
        depth++;
    }
    json_object_set_int_member(info, "backing_file_depth", depth);
    add_limits(info, NULL);
    add_node_options(info, &plain, blk_write_threshold(blk, n, false));
    json_object_set_object_member(info, "image", image_info(blk, NULL, n));
    return info;
}

/* What holds the bytes of a disk's n-th image. */
static JsonObject *bytes_info(const BlockBackend *blk, unsigned n, const BlockChainInfo *chain)
{
    const BlockOptions *first = blk_options(blk);
    const BlockOptions o = { .driver = n || !first->driver ? "file" : first->driver, .direct = !n && first->direct,
                             .no_flush = !n && first->no_flush };
    JsonObject *info = json_object_new(), *image = json_object_new();
    GStatBuf st;

    json_object_set_string_member(info, "file", chain->path);
    json_object_set_string_member(info, "node-name", chain->file_node);
    json_object_set_string_member(info, "drv", o.driver);
    json_object_set_boolean_member(info, "ro", n || blk_readonly(blk));
    json_object_set_int_member(info, "backing_file_depth", 0);
    add_limits(info, NULL);
    add_node_options(info, &o, blk_write_threshold(blk, n, true));
    json_object_set_string_member(image, "filename", chain->path);
    json_object_set_string_member(image, "format", o.driver);
    if (g_stat(chain->path, &st)) {
        json_object_set_int_member(image, "virtual-size", (gint64)chain->bytes);
    } else {
        json_object_set_int_member(image, "virtual-size", st.st_size);
        json_object_set_int_member(image, "actual-size", (gint64)st.st_blocks * 512);
    }
    json_object_set_object_member(info, "image", image);
    return info;
}

/* Takes `info`; one that is in the list already is left out. */
static void add_node(JsonArray *nodes, GHashTable *names, JsonObject *info, bool flat)
{
    if (!g_hash_table_add(names, g_strdup(json_object_get_string_member(info, "node-name")))) {
        json_object_unref(info);
        return;
    }
    if (flat) {
        json_object_remove_member(json_object_get_object_member(info, "image"), "backing-image");
    }
    json_array_add_object_element(nodes, info);
}

void qmp_query_named_block_nodes(QmpCall *call)
{
    const bool flat = qmp_bool(call, "flat", false);
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    JsonArray *nodes = json_array_new();
    const BlockOptions *free_node = NULL;
    BlockBackend *blk = NULL;
    BlockChainInfo chain;

    while ((blk = blk_next(blk)) != NULL) {
        for (unsigned n = 0; blk_chain(blk, n, &chain); n++) {
            if (!n || chain.node) {
                add_node(nodes, names, n ? behind_info(blk, n, &chain) : device_info(blk), flat);
            }
            if (chain.file_node) {
                add_node(nodes, names, bytes_info(blk, n, &chain), flat);
            }
        }
    }
    while ((free_node = block_node_next(free_node)) != NULL) {
        add_node(nodes, names, node_info(free_node), flat);
    }
    g_hash_table_destroy(names);
    call->result = qmp_array_node(nodes);
}

void qmp_block_set_write_threshold(QmpCall *call)
{
    const char *node = qmp_string(call, "node-name");
    const int64_t limit = qmp_int(call, "write-threshold", 0);

    if (limit < 0) {
        qmp_fail(call, "Parameter 'write-threshold' expects a number of bytes, or 0 for no more events");
    } else if (!blk_set_write_threshold(node, (uint64_t)limit)) {
        qmp_fail(call, "Device '%s' not found among the nodes of disks (query-named-block-nodes)", node);
    }
}

void qmp_block_set_io_throttle(QmpCall *call)
{
    const char *device = qmp_string(call, "device"), *id = qmp_string(call, "id");
    BlockBackend *blk = device || id ? qmp_disk_named(call->machine, id ? id : device) : NULL;
    ThrottleConfig config;
    ThrottleField field;
    const char *problem;

    if (!device == !id) {
        qmp_fail(call, "Need exactly one of 'device' and 'id'");
        return;
    }
    if (!blk) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", id ? id : device);
        return;
    }
    throttle_config_init(&config);
    for (unsigned i = 0; throttle_field(&config, i, &field); i++) {
        *field.value = (uint64_t)qmp_int(call, field.monitor, (gint64)*field.value);
    }
    problem = throttle_config_problem(&config);
    if (problem) {
        qmp_fail(call, "%s", problem);
    } else {
        blk_set_throttle(blk, qmp_string(call, "group"), &config);
    }
}
