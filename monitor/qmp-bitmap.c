/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: dirty bitmaps, and transactions. The actions of a transaction see the disks at one moment:
 * the CPUs stand still and nothing is under way. If one fails, those before it are undone. A new image in front of a
 * disk cannot be, so one of these may be among the actions, and is the last that is carried out. Backups may take
 * effect together (block/job-group.c). I/O thread.
 */
#include <string.h>
#include "block/bitmap.h"
#include "block/job.h"
#include "monitor/qmp-internal.h"
#include "sysemu/sysemu.h"

/* Who has the bitmaps: a disk, or a node that no disk has. NULL: the call has failed. */
static BlockBackend *owner(QmpCall *call)
{
    const char *node = qmp_string(call, "node");
    BlockBackend *blk = block_bitmap_owner(node);

    return blk ? blk : qmp_find_disk(call, node);
}

void qmp_block_dirty_bitmap_add(QmpCall *call)
{
    BlockBackend *blk = owner(call);
    const char *name = qmp_string(call, "name");
    const int64_t granularity = qmp_int(call, "granularity", BLOCK_BITMAP_GRANULARITY);

    if (blk) {
        qmp_conclude(call, block_bitmap_add(blk, name, granularity < 0 ? 0 : (uint64_t)granularity,
                                            !qmp_bool(call, "disabled", false), qmp_bool(call, "persistent", false)));
    }
}

void qmp_block_dirty_bitmap_remove(QmpCall *call)
{
    BlockBackend *blk = owner(call);

    if (blk) {
        qmp_conclude(call, block_bitmap_remove(blk, qmp_string(call, "name")));
    }
}

void qmp_block_dirty_bitmap_clear(QmpCall *call)
{
    BlockBackend *blk = owner(call);

    if (blk) {
        qmp_conclude(call, block_bitmap_clear(blk, qmp_string(call, "name")));
    }
}

void qmp_block_dirty_bitmap_enable(QmpCall *call)
{
    BlockBackend *blk = owner(call);

    if (blk) {
        qmp_conclude(call, block_bitmap_record(blk, qmp_string(call, "name"), true));
    }
}

void qmp_block_dirty_bitmap_disable(QmpCall *call)
{
    BlockBackend *blk = owner(call);

    if (blk) {
        qmp_conclude(call, block_bitmap_record(blk, qmp_string(call, "name"), false));
    }
}

/* One of "bitmaps": a name, or an object with the name and a node. */
static char *merge_one(QmpCall *call, BlockBackend *blk, JsonNode *source)
{
    JsonObject *o = JSON_NODE_HOLDS_OBJECT(source) ? json_node_get_object(source) : NULL;
    const char *name = o ? json_object_get_string_member_with_default(o, "name", NULL) : json_node_get_string(source);
    const char *node = o ? json_object_get_string_member_with_default(o, "node", NULL) : NULL;
    BlockBackend *from = o && node ? block_bitmap_owner(node) : blk;

    if (!name || (o && !node)) {
        return g_strdup("Parameter 'bitmaps' expects names, or objects with node and name");
    }
    return from ? block_bitmap_merge(blk, qmp_string(call, "target"), from, name)
                : g_strdup_printf("Cannot find device='%s' nor node-name='%s'", node, node);
}

/* All or nothing: the target is as it was if one of them cannot be. */
void qmp_block_dirty_bitmap_merge(QmpCall *call)
{
    BlockBackend *blk = owner(call);
    JsonArray *list = json_object_get_array_member(call->args, "bitmaps");
    const char *target = qmp_string(call, "target");
    BlockBitmap *before;

    if (!blk) {
        return;
    }
    before = block_bitmap_copy(blk, target);
    for (guint i = 0; i < json_array_get_length(list) && !call->error; i++) {
        qmp_conclude(call, merge_one(call, blk, json_array_get_element(list, i)));
    }
    if (call->error && before) {
        block_bitmap_put_back(blk, target, before);
    } else {
        block_bitmap_free(before);
    }
}

void qmp_add_bitmaps(JsonObject *info, BlockBackend *blk)
{
    JsonArray *list = json_array_new();
    BlockBitmapInfo b;

    for (unsigned i = 0; block_bitmap_info(blk, i, &b); i++) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", b.name);
        json_object_set_int_member(o, "granularity", (gint64)b.granularity);
        json_object_set_int_member(o, "count", (gint64)b.dirty_bytes);
        json_object_set_boolean_member(o, "recording", b.recording);
        json_object_set_boolean_member(o, "busy", b.busy);
        json_object_set_boolean_member(o, "persistent", b.persistent);
        if (b.inconsistent) {
            json_object_set_boolean_member(o, "inconsistent", TRUE);
        }
        json_array_add_object_element(list, o);
    }
    if (json_array_get_length(list)) {
        json_object_set_array_member(info, "dirty-bitmaps", list);
    } else {
        json_array_unref(list);
    }
}

/* ---- transactions ---- */

typedef enum ActionKind { ACTION_ABORT, ACTION_BITMAP, ACTION_BACKUP, ACTION_SNAPSHOT } ActionKind;

static void abort_all(QmpCall *call)
{
    qmp_fail(call, "Transaction aborted using Abort action");
}

static const struct {
    const char *name;
    void (*run)(QmpCall *call);
    ActionKind kind;
} known[] = {
    { "abort", abort_all, ACTION_ABORT },
    { "blockdev-snapshot", qmp_blockdev_snapshot, ACTION_SNAPSHOT },
    { "blockdev-snapshot-sync", qmp_blockdev_snapshot_sync, ACTION_SNAPSHOT },
    { "drive-backup", qmp_drive_backup, ACTION_BACKUP }, { "blockdev-backup", qmp_blockdev_backup, ACTION_BACKUP },
    { "block-dirty-bitmap-add", qmp_block_dirty_bitmap_add, ACTION_BITMAP },
    { "block-dirty-bitmap-remove", qmp_block_dirty_bitmap_remove, ACTION_BITMAP },
    { "block-dirty-bitmap-clear", qmp_block_dirty_bitmap_clear, ACTION_BITMAP },
    { "block-dirty-bitmap-enable", qmp_block_dirty_bitmap_enable, ACTION_BITMAP },
    { "block-dirty-bitmap-disable", qmp_block_dirty_bitmap_disable, ACTION_BITMAP },
    { "block-dirty-bitmap-merge", qmp_block_dirty_bitmap_merge, ACTION_BITMAP },
};

typedef struct Action {
    JsonObject *data;
    unsigned which;             /* of known */
    bool done;
    BlockBackend *blk;          /* ACTION_BITMAP: whose, with its name, and how it was (NULL: it was not there) */
    const char *bitmap;
    BlockBitmap *before;
    BlockJob *job;              /* ACTION_BACKUP */
} Action;

static void understand(JsonObject *said, Action *a)
{
    const char *type = json_object_get_string_member(said, "type");
    while (strcmp(known[a->which].name, type)) {      /* one of TransactionActionKind */
        a->which++;
    }
    a->data = json_object_get_object_member(said, "data");
}

static void run(QmpCall *call, Action *a)
{
    const char *node;

    call->args = a->data;
    if (known[a->which].kind == ACTION_BITMAP) {
        node = qmp_string(call, "node");
        a->blk = node ? block_bitmap_owner(node) : NULL;
        a->bitmap = qmp_string(call, qmp_string(call, "name") ? "name" : "target");
        a->before = a->blk ? block_bitmap_copy(a->blk, a->bitmap) : NULL;
    }
    known[a->which].run(call);
    a->done = !call->error;
    if (a->done && known[a->which].kind == ACTION_BACKUP) {
        while (block_job_next(a->job)) {
            a->job = block_job_next(a->job);    /* the newest one is the last */
        }
    }
}

static void undo(Action *a)
{
    if (a->blk) {
        block_bitmap_put_back(a->blk, a->bitmap, g_steal_pointer(&a->before));
    } else if (a->job) {
        block_job_abort(a->job);
    }
}

static void run_all(QmpCall *call, Action *actions, guint count)
{
    for (int snapshots = 0; snapshots < 2; snapshots++) {
        for (guint i = 0; i < count && !call->error; i++) {
            if ((known[actions[i].which].kind == ACTION_SNAPSHOT) == snapshots) {
                run(call, &actions[i]);
            }
        }
    }
    for (guint i = count; i-- > 0;) {
        if (call->error && actions[i].done) {
            undo(&actions[i]);
        }
        block_bitmap_free(actions[i].before);
    }
}

void qmp_transaction(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "actions");
    const guint count = json_array_get_length(list);
    g_autofree Action *actions = g_new0(Action, count + 1);
    JsonObject *whole = call->args;
    JsonObject *properties = json_object_has_member(whole, "properties")
                             ? json_object_get_object_member(whole, "properties") : NULL;
    const char *mode = properties ? json_object_get_string_member_with_default(properties, "completion-mode", "")
                                  : "";
    unsigned snapshots = 0;

    for (guint i = 0; i < count; i++) {
        understand(json_array_get_object_element(list, i), &actions[i]);
        snapshots += known[actions[i].which].kind == ACTION_SNAPSHOT;
    }
    if (snapshots > 1) {
        qmp_fail(call, "one new image at a time is there, for it cannot be undone");
        return;
    }
    call->job_group = !strcmp(mode, "grouped") ? block_job_new_group() : 0;
    runstate_hold_cpus();
    if (blk_drain_all()) {
        run_all(call, actions, count);
    } else {
        qmp_fail(call, "the host's disk does not end requests that are under way");
    }
    call->args = whole;
    runstate_release_cpus();
}
