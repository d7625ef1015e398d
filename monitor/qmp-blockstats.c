/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: what disks have done, and how long it took. I/O thread. */
#include <string.h>
#include "block/block.h"
#include "monitor/qmp-internal.h"

static void add_kind(JsonObject *stats, const char *kind, BlockStats s)
{
    const struct { const char *format; uint64_t value; } rows[] = {
        { "%s_bytes", s.bytes }, { "%s_merged", 0 }, { "%s_operations", s.requests - s.failed },
        { "%s_total_time_ns", s.ns }, { "failed_%s_operations", s.failed }, { "invalid_%s_operations", 0 },
    };
    const size_t first = strcmp(kind, "flush") ? 0 : 2;

    for (size_t i = first; i < G_N_ELEMENTS(rows); i++) {
        char name[48];

        g_snprintf(name, sizeof(name), rows[i].format, kind);
        json_object_set_int_member(stats, name, (gint64)rows[i].value);
    }
}

static const char *const latency_names[BLOCK_LATENCIES] = {
    [BLOCK_LATENCY_READ] = "rd", [BLOCK_LATENCY_WRITE] = "wr", [BLOCK_LATENCY_FLUSH] = "flush",
};

static JsonArray *numbers(const uint64_t *from, unsigned count)
{
    JsonArray *list = json_array_new();

    for (unsigned i = 0; i < count; i++) {
        json_array_add_int_element(list, (gint64)from[i]);
    }
    return list;
}

static void add_histograms(JsonObject *stats, BlockBackend *blk)
{
    for (unsigned kind = 0; kind < BLOCK_LATENCIES; kind++) {
        BlockHistogram *h = blk_histogram(blk, kind);

        if (h) {
            g_autofree char *name = g_strdup_printf("%s_latency_histogram", latency_names[kind]);
            JsonObject *o = json_object_new();

            json_object_set_array_member(o, "boundaries", numbers(h->boundaries, h->count));
            json_object_set_array_member(o, "bins", numbers(h->bins, h->count + 1));
            json_object_set_object_member(stats, name, o);
        }
        blk_histogram_free(h);
    }
}

/* blk NULL: of a node, which counts nothing but how far it was written to. */
static JsonObject *stats_of(BlockBackend *blk, uint64_t highest)
{
    JsonObject *stats = json_object_new();
    const BlockStats none = { 0 };
    BlockStats write = blk ? blk_stats(blk, BLOCK_WRITE) : none;
    const BlockStats zeroes = blk ? blk_stats(blk, BLOCK_WRITE_ZEROES) : none;

    write.requests += zeroes.requests;
    write.failed += zeroes.failed;
    write.bytes += zeroes.bytes;
    write.ns += zeroes.ns;
    add_kind(stats, "rd", blk ? blk_stats(blk, BLOCK_READ) : none);
    add_kind(stats, "wr", write);
    add_kind(stats, "unmap", blk ? blk_stats(blk, BLOCK_DISCARD) : none);
    add_kind(stats, "flush", blk ? blk_stats(blk, BLOCK_FLUSH) : none);
    json_object_set_int_member(stats, "wr_highest_offset", (gint64)highest);
    json_object_set_boolean_member(stats, "account_invalid", TRUE);
    json_object_set_boolean_member(stats, "account_failed", TRUE);
    json_object_set_array_member(stats, "timed_stats", json_array_new());
    if (blk && blk_idle_ns(blk) >= 0) {
        json_object_set_int_member(stats, "idle_time_ns", blk_idle_ns(blk));
    }
    if (blk) {
        add_histograms(stats, blk);
    }
    return stats;
}

/* Takes `stats`. */
static void add_node(JsonArray *list, const char *name, JsonObject *stats)
{
    JsonObject *node = json_object_new();

    json_object_set_string_member(node, "node-name", name);
    json_object_set_object_member(node, "stats", stats);
    json_array_add_object_element(list, node);
}

/* All images of its chain, and what holds their bytes, as far as they have names. */
static void add_nodes(JsonArray *list, BlockBackend *blk)
{
    BlockChainInfo chain;

    for (unsigned n = 0; blk_chain(blk, n, &chain); n++) {
        const char *name = n || chain.node ? chain.node : blk_id(blk);

        if (name) {
            add_node(list, name, stats_of(n ? NULL : blk, blk_highest_write(blk, n, false)));
        }
        if (chain.file_node) {
            add_node(list, chain.file_node, stats_of(NULL, blk_highest_write(blk, n, true)));
        }
    }
}

void qmp_query_blockstats(QmpCall *call)
{
    const bool nodes = qmp_bool(call, "query-nodes", false);
    JsonArray *disks = json_array_new();
    BlockBackend *blk = NULL;

    while ((blk = blk_next(blk)) != NULL) {
        JsonObject *disk;

        if (nodes) {
            add_nodes(disks, blk);
            continue;
        }
        disk = json_object_new();
        qmp_add_disk_names(disk, call->machine, blk);
        json_object_set_string_member(disk, "node-name", blk_node(blk) ? blk_node(blk) : blk_id(blk));
        json_object_set_object_member(disk, "stats", stats_of(blk, blk_highest_write(blk, 0, false)));
        json_array_add_object_element(disks, disk);
    }
    call->result = qmp_array_node(disks);
}

/* The boundaries that the argument gives; NULL: it is not there, or the call has failed. */
static uint64_t *boundaries_of(QmpCall *call, const char *name, unsigned *count)
{
    JsonArray *list = json_object_has_member(call->args, name) ? json_object_get_array_member(call->args, name) : NULL;
    uint64_t *boundaries;

    *count = list ? json_array_get_length(list) : 0;
    if (!*count) {
        return NULL;
    }
    boundaries = g_new(uint64_t, *count);
    for (guint i = 0; i < *count; i++) {
        const gint64 value = json_array_get_int_element(list, i);

        if (value <= (i ? (gint64)boundaries[i - 1] : 0)) {
            qmp_fail(call, "Device '%s' set %s fail: they are to grow from 1 on", qmp_string(call, "id"), name);
            g_free(boundaries);
            return NULL;
        }
        boundaries[i] = (uint64_t)value;
    }
    return boundaries;
}

/* All are looked at before one is set; without boundaries there are none any more. */
void qmp_block_latency_histogram_set(QmpCall *call)
{
    static const char *const names[BLOCK_LATENCIES] = { "boundaries-read", "boundaries-write", "boundaries-flush" };
    BlockBackend *blk = qmp_disk_named(call->machine, qmp_string(call, "id"));
    const bool none = json_object_get_size(call->args) == 1;
    uint64_t *own[BLOCK_LATENCIES] = { NULL }, *all;
    unsigned count[BLOCK_LATENCIES] = { 0 }, all_count;

    if (!blk) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", qmp_string(call, "id"));
        return;
    }
    all = boundaries_of(call, "boundaries", &all_count);
    for (unsigned kind = 0; kind < BLOCK_LATENCIES && !call->error; kind++) {
        own[kind] = boundaries_of(call, names[kind], &count[kind]);
    }
    for (unsigned kind = 0; kind < BLOCK_LATENCIES; kind++) {
        if (!call->error && (none || own[kind] || all)) {
            blk_set_histogram(blk, kind, own[kind] ? own[kind] : all, own[kind] ? count[kind] : all_count);
        }
        g_free(own[kind]);
    }
    g_free(all);
}
