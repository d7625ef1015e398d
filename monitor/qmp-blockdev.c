/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: nodes that are added and deleted, external snapshots. I/O thread. */
#include <string.h>
#include "block/job.h"
#include "monitor/qmp-internal.h"
#include "qemu/identifier.h"

typedef enum FilterKind { FILTER_NONE, FILTER_COPY_ON_READ, FILTER_THROTTLE } FilterKind;

/* What is said of a node, and of which others it is made. */
typedef struct NodeText {
    FilterKind filter;          /* it is one in front of another node */
    BlockOptions options;       /* strings live as long as the program */
    const char *inner, *backing;        /* names; NULL: none */
    const BlockOptions *now;    /* what it is opened with, to be opened again; NULL: it is a new one */
    bool backing_said;
    char *problem;              /* NULL: none */
} NodeText;

static void parse_node(NodeText *n, JsonObject *object);

static void problem(NodeText *n, const char *fmt, const char *what)
{
    if (!n->problem) {
        n->problem = g_strdup_printf(fmt, what);
    }
}

static const char *text_of(NodeText *n, const char *name, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
        problem(n, "Invalid parameter type for '%s', expected: string", name);
        return "";
    }
    return g_intern_string(json_node_get_string(node));
}

static bool bool_of(NodeText *n, const char *name, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
        problem(n, "Invalid parameter type for '%s', expected: boolean", name);
        return false;
    }
    return json_node_get_boolean(node);
}

/* Which of the words, a blank behind each, it is; 0 and a problem: none. */
static unsigned choice(NodeText *n, const char *name, JsonNode *node, const char *words)
{
    const char *text = text_of(n, name, node);
    g_auto(GStrv) list = g_strsplit(words, " ", 0);

    for (unsigned i = 0; list[i]; i++) {
        if (!strcmp(list[i], text)) {
            return i;
        }
    }
    problem(n, "Parameter '%s' does not accept this value", name);
    return 0;
}

static void take_driver(NodeText *n, const char *name, JsonNode *node)
{
    enum { FORMATS = 2, COPY_ON_READ = 7, THROTTLE = 8 };
    static const char *const names[] = { "raw", "qcow2", "file", "host_device", "null-co", "null-aio", "nbd" };
    unsigned i = choice(n, name, node, "raw qcow2 file host_device null-co null-aio nbd copy-on-read throttle");

    if (i >= COPY_ON_READ) {
        n->filter = i == THROTTLE ? FILTER_THROTTLE : FILTER_COPY_ON_READ;
        return;
    }
    *(i < FORMATS ? &n->options.format : &n->options.driver) = names[i];
}

/* What a filter is in front of: any node, of which it has all but the name. */
static void take_filtered(NodeText *n, const char *name, JsonNode *node)
{
    const FilterKind filter = n->filter;
    const char *own_name = n->options.node;
    const BlockOptions *inner;

    n->filter = FILTER_NONE;
    if (JSON_NODE_HOLDS_OBJECT(node)) {
        parse_node(n, json_node_get_object(node));
    } else {
        n->inner = text_of(n, name, node);
        inner = block_node_find(n->inner);
        if (inner) {
            n->options = *inner;
        } else {
            problem(n, "Cannot find a free node '%s'", n->inner);
        }
    }
    n->filter = filter;
    n->options.node = own_name;
    n->options.copy_on_read |= filter == FILTER_COPY_ON_READ;
}

/* A node that holds bytes: by its name, or as an object. */
static void take_file(NodeText *n, const char *name, JsonNode *node)
{
    const BlockOptions *inner;
    const char *own_format = n->options.format, *own_name = n->options.node;

    if (n->filter) {
        take_filtered(n, name, node);
        return;
    }
    if (n->now) {
        if (g_strcmp0(n->now->file_node, text_of(n, name, node))) {
            problem(n, "Cannot change the option '%s'", name);
        }
        return;
    }
    if (JSON_NODE_HOLDS_OBJECT(node)) {
        n->options.format = NULL;
        parse_node(n, json_node_get_object(node));
        if (n->options.format) {
            problem(n, "'%s' is a node that holds bytes, without a format", name);
        }
        n->options.file_node = n->options.node;
    } else {
        n->inner = text_of(n, name, node);
        inner = block_node_find(n->inner);
        if (!inner || inner->format) {
            problem(n, "Cannot find a free node '%s' that holds bytes", n->inner);
            return;
        }
        n->options = *inner;
        n->options.file_node = inner->node;
    }
    n->options.format = own_format;
    n->options.node = own_name;
}

static void take_backing(NodeText *n, const char *name, JsonNode *node)
{
    const BlockOptions *behind;

    n->options.no_backing = n->backing_said = true;
    n->options.disk_behind = NULL;
    if (JSON_NODE_HOLDS_NULL(node)) {
        n->options.backing = NULL;
        return;
    }
    n->backing = text_of(n, name, node);
    if (n->now && n->now->backing && !g_strcmp0(n->now->backing->node, n->backing)) {
        return;
    }
    behind = block_node_find(n->backing);
    if (!behind) {
        const char *other = g_steal_pointer(&n->backing);

        behind = blk_find_behind(other);        /* a disk is known by the name of its first node, too */
        n->options.disk_behind = behind ? NULL : blk_find(other);
        if (!behind && !n->options.disk_behind) {
            problem(n, "Cannot find a free node '%s', nor one of a disk", other);
        }
    }
    n->options.backing = behind ? g_memdup2(behind, sizeof(*behind)) : NULL;
}

static void take_cache(NodeText *n, const char *name, JsonNode *node)
{
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    if (!object) {
        problem(n, "Invalid parameter type for '%s', expected: object", name);
    } else if (json_object_has_member(object, "direct")) {
        n->options.direct = bool_of(n, "direct", json_object_get_member(object, "direct"));
    }
    if (object && json_object_has_member(object, "no-flush")) {
        n->options.no_flush = bool_of(n, "no-flush", json_object_get_member(object, "no-flush"));
    }
}

static void take_filename(NodeText *n, const char *name, JsonNode *node)
{
    n->options.file = text_of(n, name, node);
    if (n->now && g_strcmp0(n->options.file, n->now->file)) {
        problem(n, "Cannot change the option '%s'", name);
    }
}

static void take_node_name(NodeText *n, const char *name, JsonNode *node)
{
    n->options.node = text_of(n, name, node);
    if (!node_name_good(n->options.node)) {
        problem(n, "Invalid node-name: '%s'", n->options.node);
    }
}

static void take_readonly(NodeText *n, const char *name, JsonNode *node)
{
    n->options.readonly = bool_of(n, name, node);
}

static void take_discard(NodeText *n, const char *name, JsonNode *node)
{
    n->options.discard = choice(n, name, node, "ignore unmap");
}

static void take_detect_zeroes(NodeText *n, const char *name, JsonNode *node)
{
    n->options.detect_zeroes = choice(n, name, node, "off on unmap");
}

static void take_aio(NodeText *n, const char *name, JsonNode *node)
{
    n->options.aio = choice(n, name, node, "threads native io_uring");
}

static void take_locking(NodeText *n, const char *name, JsonNode *node)
{
    n->options.no_lock = choice(n, name, node, "auto on off") == 2;
}

static void take_force_share(NodeText *n, const char *name, JsonNode *node)
{
    n->options.force_share = bool_of(n, name, node);
}

/* An NBD server: a socket's path, or a host and a port. */
static void take_server(NodeText *n, const char *name, JsonNode *node)
{
    JsonObject *o = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const struct {
        const char *name, **to;
    } parts[] = { { "host", &n->options.nbd_host }, { "port", &n->options.nbd_port },
                  { "path", &n->options.nbd_socket } };

    if (!o || !json_object_has_member(o, "type")) {
        problem(n, "Parameter '%s' is an object with type, and host and port or path", name);
        return;
    }
    choice(n, "server.type", json_object_get_member(o, "type"), "inet unix");
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        JsonNode *part = json_object_get_member(o, parts[i].name);

        if (part) {
            *parts[i].to = text_of(n, parts[i].name, part);
        }
    }
    if (!n->options.nbd_host == !n->options.nbd_socket) {
        problem(n, "An NBD server has either a %s", "host or a path");
    }
}

static void take_export(NodeText *n, const char *name, JsonNode *node)
{
    n->options.nbd_export = text_of(n, name, node);
}

static void take_reconnect(NodeText *n, const char *name, JsonNode *node)
{
    const bool is_number = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
    const gint64 seconds = is_number ? json_node_get_int(node) : -1;

    if (seconds < 0 || seconds > 86400) {
        problem(n, "Parameter '%s' expects seconds, up to a day", name);
    } else {
        n->options.nbd_reconnect_s = (unsigned)seconds;
    }
}

/* A number from 0 to `max`; 0 and a problem: it is none. */
static uint64_t number_of(NodeText *n, const char *name, JsonNode *node, gint64 max)
{
    const bool is_number = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
    const gint64 number = is_number ? json_node_get_int(node) : -1;

    if (number < 0 || number > max) {
        problem(n, "Parameter '%s' expects a number that is not negative or too large", name);
    }
    return number < 0 || number > max ? 0 : (uint64_t)number;
}

static uint64_t sectors_of(NodeText *n, const char *name, JsonNode *node)
{
    const uint64_t bytes = number_of(n, name, node, INT64_MAX);

    if (bytes % 512) {
        problem(n, "Parameter '%s' expects a multiple of 512", name);
    }
    return bytes;
}

static void take_offset(NodeText *n, const char *name, JsonNode *node)
{
    n->options.raw_offset = sectors_of(n, name, node);
}

static void take_size(NodeText *n, const char *name, JsonNode *node)
{
    *(n->options.format ? &n->options.raw_bytes : &n->options.null_bytes) = sectors_of(n, name, node);
}

static void take_latency(NodeText *n, const char *name, JsonNode *node)
{
    n->options.null_latency_ns = number_of(n, name, node, UINT32_MAX);
}

static void take_throttle_group(NodeText *n, const char *name, JsonNode *node)
{
    n->options.throttle_group = text_of(n, name, node);
    if (!throttle_group_exists(n->options.throttle_group)) {
        problem(n, "Throttle group '%s' does not exist", n->options.throttle_group);
    }
}

static void take_nothing(NodeText *n, const char *name, JsonNode *node)
{
}

/* In the order in which they are taken: "file" brings all that the inner node says. */
static const struct {
    const char *name;
    void (*take)(NodeText *n, const char *name, JsonNode *node);
} members[] = {
    { "driver", take_driver }, { "node-name", take_node_name }, { "file", take_file }, { "filename", take_filename },
    { "read-only", take_readonly }, { "auto-read-only", take_nothing }, { "backing", take_backing },
    { "cache", take_cache }, { "discard", take_discard }, { "detect-zeroes", take_detect_zeroes },
    { "aio", take_aio }, { "locking", take_locking }, { "server", take_server }, { "export", take_export },
    { "reconnect-delay", take_reconnect }, { "force-share", take_force_share },
    { "throttle-group", take_throttle_group },
    { "offset", take_offset }, { "size", take_size }, { "latency-ns", take_latency }, { "read-zeroes", take_nothing },
    /* Others' caches, as on the command line. */
    { "lazy-refcounts", take_nothing }, { "overlap-check", take_nothing }, { "cache-size", take_nothing },
    { "l2-cache-size", take_nothing }, { "l2-cache-entry-size", take_nothing },
    { "refcount-cache-size", take_nothing }, { "cache-clean-interval", take_nothing },
    { "aio-max-batch", take_nothing }, { "drop-cache", take_nothing },
};

static void parse_node(NodeText *n, JsonObject *object)
{
    GList *names = json_object_get_members(object);

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        JsonNode *node = json_object_get_member(object, members[i].name);

        if (node) {
            members[i].take(n, members[i].name, node);
        }
    }
    for (GList *l = names; l; l = l->next) {
        size_t i = 0;

        while (i < G_N_ELEMENTS(members) && strcmp(members[i].name, l->data)) {
            i++;
        }
        if (i == G_N_ELEMENTS(members)) {
            problem(n, "Parameter '%s' is unexpected", l->data);
        }
    }
    g_list_free(names);
}

void qmp_blockdev_add(QmpCall *call)
{
    NodeText n = { .options = { .on_write_error = BLOCK_ERROR_ENOSPC } };

    parse_node(&n, call->args);
    blk_options_name(&n.options);
    if ((n.filter == FILTER_THROTTLE) != (n.options.throttle_group != NULL)) {
        problem(&n, "Parameter '%s' is of a throttle node, and must be", "throttle-group");
    }
    if (!n.options.node) {
        problem(&n, "'%s' must be specified for the root node", "node-name");
    }
    if (n.options.force_share && !n.options.readonly) {
        problem(&n, "'%s' is for looking only: add read-only", "force-share");
    }
    n.options.no_lock |= n.options.force_share;
    if ((n.options.raw_offset || n.options.raw_bytes) && g_strcmp0(n.options.format, "raw")) {
        problem(&n, "Parameter '%s' is of a raw node", n.options.raw_offset ? "offset" : "size");
    }
    if (!n.options.file) {
        problem(&n, "'%s' is missing", !g_strcmp0(n.options.driver, "nbd") ? "server" : "filename");
    }
    n.options.said = "blockdev-add";
    qmp_conclude(call, n.problem ? n.problem : block_node_add(&n.options, n.inner, n.backing));
}

/* ---- blockdev-reopen ---- */

/* A node of a disk's chain, or a free one. NULL: there is none. */
static const BlockOptions *options_now(const char *name, BlockBackend **blk, unsigned *n)
{
    for (*blk = blk_next(NULL); *blk; *blk = blk_next(*blk)) {
        const char *own = blk_node(*blk) ? blk_node(*blk) : blk_id(*blk);
        const int found = !strcmp(own, name) ? 0 : blk_chain_find(*blk, name, NULL);

        if (found >= 0) {
            *n = (unsigned)found;
            return found ? blk_find_behind(name) : blk_options(*blk);
        }
    }
    return block_node_options(name);
}

/* What the object says of the node that is there; false: *error. */
static bool parse_again(NodeText *n, JsonObject *object, char **error)
{
    n->options = *n->now;
    n->options.readonly = n->options.discard = false;
    n->options.detect_zeroes = DETECT_ZEROES_OFF;
    n->options.aio = BLOCK_AIO_THREADS;
    parse_node(n, object);
    if (g_strcmp0(n->options.format, n->now->format) || g_strcmp0(n->options.driver, n->now->driver)) {
        problem(n, "Cannot change the option '%s'", "driver");
    }
    n->options.node = n->now->node;
    *error = n->problem;
    return !n->problem;
}

static char *reopen_one(JsonObject *object)
{
    JsonNode *named = json_object_get_member(object, "node-name");
    const char *name = named && JSON_NODE_HOLDS_VALUE(named) ? json_node_get_string(named) : NULL;
    BlockBackend *blk = NULL;
    unsigned at = 0;
    NodeText n = { .now = name ? options_now(name, &blk, &at) : NULL };
    const char *was;
    char *error = NULL;

    if (!n.now) {
        return g_strdup_printf(name ? "Failed to find node with node-name='%s'" : "node-name is missing", name);
    }
    if (!parse_again(&n, object, &error)) {
        return error;
    }
    was = n.now->backing ? n.now->backing->node : NULL;
    if (blk && at) {
        /* It is open for reading until a job wants more, whatever is said. */
        return n.backing_said && g_strcmp0(was, n.backing)
               ? g_strdup_printf("'%s' is behind another image: what is behind it cannot change", name) : NULL;
    }
    if (n.backing && g_strcmp0(was, n.backing)) {
        block_node_give(n.backing, name);
    }
    error = blk ? blk_reopen(blk, &n.options) : block_node_reopen(&n.options);
    if (n.backing_said && g_strcmp0(was, n.backing)) {
        const char *free_now = error ? n.backing : was;

        if (free_now) {
            block_node_give(free_now, NULL);
        }
    }
    return error;
}

void qmp_blockdev_reopen(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "options");

    for (guint i = 0; i < json_array_get_length(list) && !call->error; i++) {
        JsonNode *node = json_array_get_element(list, i);

        qmp_conclude(call, JSON_NODE_HOLDS_OBJECT(node) ? reopen_one(json_node_get_object(node))
                           : g_strdup("Invalid parameter type for 'options', expected: objects"));
    }
}

void qmp_blockdev_del(QmpCall *call)
{
    qmp_conclude(call, block_node_delete(qmp_string(call, "node-name")));
}

BlockBackend *qmp_find_disk(QmpCall *call, const char *name)
{
    BlockBackend *blk = name ? blk_find(name) : NULL;

    if (!name) {
        qmp_fail(call, "Need 'device' or 'node-name'");
    } else if (!blk) {
        qmp_fail(call, "Cannot find device='%s' nor node-name='%s'", name, name);
    }
    return blk;
}

void qmp_blockdev_snapshot(QmpCall *call)
{
    BlockBackend *blk = qmp_find_disk(call, qmp_string(call, "node"));

    if (blk) {
        qmp_conclude(call, blk_snapshot_to_node(blk, qmp_string(call, "overlay")));
    }
}

void qmp_blockdev_snapshot_sync(QmpCall *call)
{
    const char *device = qmp_string(call, "device"), *format = qmp_string(call, "format");
    const char *node = qmp_string(call, "snapshot-node-name");
    BlockBackend *blk = qmp_find_disk(call, device ? device : qmp_string(call, "node-name"));

    if (blk && format && strcmp(format, "qcow2")) {
        qmp_fail(call, "'%s' is no format that can have an image behind it (qcow2 can)", format);
    } else if (blk && node && !node_name_good(node)) {
        qmp_fail(call, "Invalid node-name: '%s'", node);
    } else if (blk) {
        qmp_conclude(call, blk_snapshot_to_file(blk, qmp_string(call, "snapshot-file"), node,
                                                g_strcmp0(qmp_string(call, "mode"), "existing") != 0));
    }
}
