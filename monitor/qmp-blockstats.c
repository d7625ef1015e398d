/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: what disks have done. I/O thread. */
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

/* blk NULL: of a node, which counts nothing but how far it was written to. */
static JsonObject *stats_of(const BlockBackend *blk, uint64_t highest)
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
static void add_nodes(JsonArray *list, const BlockBackend *blk)
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
