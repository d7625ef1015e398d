/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: jobs on disks, their orders and events. I/O thread. */
#include <errno.h>
#include <string.h>
#include "block/job.h"
#include "monitor/qmp-internal.h"

static const char *const statuses[] = {
    [BLOCK_JOB_CREATED] = "created", [BLOCK_JOB_RUNNING] = "running", [BLOCK_JOB_PAUSED] = "paused",
    [BLOCK_JOB_READY] = "ready", [BLOCK_JOB_STANDBY] = "standby", [BLOCK_JOB_WAITING] = "waiting",
    [BLOCK_JOB_PENDING] = "pending",
    [BLOCK_JOB_ABORTING] = "aborting", [BLOCK_JOB_CONCLUDED] = "concluded", [BLOCK_JOB_NULL] = "null",
};

/* ---- events ---- */

static void tell_error(const BlockJobInfo *info)
{
    JsonObject *data = json_object_new();

    json_object_set_string_member(data, "device", info->id);
    json_object_set_string_member(data, "operation", info->error_of_target ? "write" : "read");
    json_object_set_string_member(data, "action", qmp_error_action(info->action));
    qmp_tell("BLOCK_JOB_ERROR", data);
}

static void job_event(BlockJob *job, BlockJobEvent event)
{
    JsonObject *data;
    BlockJobInfo info;

    block_job_info(job, &info);
    if (event == BLOCK_JOB_EVENT_ERROR) {
        tell_error(&info);
        return;
    }
    data = json_object_new();
    if (event == BLOCK_JOB_EVENT_STATUS) {
        json_object_set_string_member(data, "id", info.id);
        json_object_set_string_member(data, "status", statuses[info.status]);
        qmp_tell("JOB_STATUS_CHANGE", data);
        return;
    }
    json_object_set_string_member(data, "type", info.type);
    if (event == BLOCK_JOB_EVENT_PENDING) {
        json_object_set_string_member(data, "id", info.id);
        qmp_tell("BLOCK_JOB_PENDING", data);
        return;
    }
    json_object_set_string_member(data, "device", info.id);
    json_object_set_int_member(data, "len", (gint64)info.length);
    json_object_set_int_member(data, "offset", (gint64)info.offset);
    json_object_set_int_member(data, "speed", (gint64)info.speed);
    if (event == BLOCK_JOB_EVENT_READY) {
        qmp_tell("BLOCK_JOB_READY", data);
    } else if (info.cancelled) {
        qmp_tell("BLOCK_JOB_CANCELLED", data);
    } else {
        if (info.error) {
            json_object_set_string_member(data, "error", info.error);
        }
        qmp_tell("BLOCK_JOB_COMPLETED", data);
    }
}

void qmp_block_jobs_init(void)
{
    block_job_set_listener(job_event);
}

/* ---- the start ---- */

/* By a bitmap, which a backup alone can: `sync` incremental, or bitmap with a mode. False: the call has failed. */
static bool take_bitmap(QmpCall *call, BlockJobOptions *o)
{
    const char *sync = qmp_string(call, "sync"), *mode = qmp_string(call, "bitmap-mode");
    const bool incremental = !g_strcmp0(sync, "incremental"), wanted = incremental || !g_strcmp0(sync, "bitmap");

    o->bitmap = o->kind == BLOCK_JOB_BACKUP ? qmp_string(call, "bitmap") : NULL;
    o->bitmap_stays = !g_strcmp0(mode, "never");
    if (wanted && o->kind != BLOCK_JOB_BACKUP) {
        qmp_fail(call, "sync '%s' is for backups", sync);
    } else if (wanted && !o->bitmap) {
        qmp_fail(call, "must provide a valid bitmap name for '%s' sync mode", sync);
    } else if (!wanted && (o->bitmap || mode)) {
        qmp_fail(call, "a bitmap is for sync 'incremental' or 'bitmap'");
    } else if (!g_strcmp0(mode, "always")) {
        qmp_fail(call, "bitmap-mode 'always' is not there: on-success or never");
    } else if (incremental && o->bitmap_stays) {
        qmp_fail(call, "Bitmap sync mode must be 'on-success' when using sync mode 'incremental'");
    } else if (wanted && !incremental && !mode) {
        qmp_fail(call, "Bitmap sync mode must be given when providing a bitmap");
    }
    return !call->error;
}

/* What to do with errors, by the name of an argument. */
static BlockErrorPolicy policy(QmpCall *call, const char *name)
{
    const char *word = qmp_string(call, name);

    return !g_strcmp0(word, "ignore") ? BLOCK_ERROR_IGNORE : !g_strcmp0(word, "stop") ? BLOCK_ERROR_STOP
           : !g_strcmp0(word, "enospc") || !g_strcmp0(word, "auto") ? BLOCK_ERROR_ENOSPC : BLOCK_ERROR_REPORT;
}

/* A mirror's: advice that the pieces here do not need, but a mistake all the same. False: the call has failed. */
static bool good_granularity(QmpCall *call)
{
    const int64_t granularity = qmp_int(call, "granularity", 0);

    if (granularity && (granularity < 512 || granularity > 64 << 20)) {
        qmp_fail(call, "Parameter 'granularity' expects a value in range [512B, 64MB]");
    } else if (granularity & (granularity - 1)) {
        qmp_fail(call, "Parameter 'granularity' expects a power of 2");
    } else if (qmp_int(call, "buf-size", 0) < 0) {
        qmp_fail(call, "Parameter 'buf-size' expects a non-negative value");
    }
    return !call->error;
}

static void start(QmpCall *call, BlockJobKind kind, const BlockJobTarget *target)
{
    BlockBackend *blk = qmp_find_disk(call, qmp_string(call, "device"));
    const char *sync = qmp_string(call, "sync");
    BlockJobOptions o = {
        .kind = kind, .id = qmp_string(call, "job-id"), .speed = (uint64_t)qmp_int(call, "speed", 0),
        .keep = !qmp_bool(call, "auto-dismiss", true),
        .sync = !g_strcmp0(sync, "top") ? BLOCK_SYNC_TOP : !g_strcmp0(sync, "none") ? BLOCK_SYNC_NONE
                : BLOCK_SYNC_FULL,
        .ask = !qmp_bool(call, "auto-finalize", true), .base = qmp_string(call, "base"),
        .base_node = qmp_string(call, "base-node"), .top = qmp_string(call, "top"),
        .top_node = qmp_string(call, "top-node"), .backing_file = qmp_string(call, "backing-file"),
        .bottom = qmp_string(call, "bottom"), .group = call->job_group,
    };
    const bool whole = kind == BLOCK_JOB_STREAM || kind == BLOCK_JOB_COMMIT;
    char *problem;

    o.on_source_error = policy(call, whole ? "on-error" : "on-source-error");
    o.on_target_error = policy(call, whole ? "on-error" : "on-target-error");
    if (!blk) {
        return;
    }
    if ((o.base && o.base_node) || (o.top && o.top_node)) {
        const char *name = o.base && o.base_node ? "base" : "top";

        qmp_fail(call, "'%s-node' and '%s' cannot be specified at the same time", name, name);
        return;
    }
    if (o.bottom && (o.base || o.base_node)) {
        qmp_fail(call, "'%s' and 'bottom' cannot be specified at the same time", o.base ? "base" : "base-node");
        return;
    }
    if (!good_granularity(call)) {
        return;
    }
    if (qmp_int(call, "speed", 0) < 0) {
        qmp_fail(call, "Parameter 'speed' expects a non-negative value");
        return;
    }
    if (!take_bitmap(call, &o)) {
        return;
    }
    problem = block_job_start(blk, &o, target);
    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
}

static void start_to_file(QmpCall *call, BlockJobKind kind)
{
    const char *format = qmp_string(call, "format");
    BlockJobTarget target = { .file = qmp_string(call, "target"), .format = format,
                              .create = g_strcmp0(qmp_string(call, "mode"), "existing") != 0 };

    if (format && strcmp(format, "raw") && strcmp(format, "qcow2")) {
        qmp_fail(call, "Unknown driver '%s' (raw and qcow2 are there)", format);
    } else {
        start(call, kind, &target);
    }
}

static void start_to_node(QmpCall *call, BlockJobKind kind)
{
    BlockJobTarget target = { .node = qmp_string(call, "target") };

    start(call, kind, &target);
}

void qmp_drive_mirror(QmpCall *call) { start_to_file(call, BLOCK_JOB_MIRROR); }
void qmp_drive_backup(QmpCall *call) { start_to_file(call, BLOCK_JOB_BACKUP); }
void qmp_blockdev_mirror(QmpCall *call) { start_to_node(call, BLOCK_JOB_MIRROR); }
void qmp_blockdev_backup(QmpCall *call) { start_to_node(call, BLOCK_JOB_BACKUP); }
void qmp_block_stream(QmpCall *call) { start(call, BLOCK_JOB_STREAM, NULL); }
void qmp_block_commit(QmpCall *call) { start(call, BLOCK_JOB_COMMIT, NULL); }

/* ---- orders ---- */

/* What "device" or "id" names; NULL: the call has failed. */
static BlockJob *find(QmpCall *call)
{
    const char *device = qmp_string(call, "device"), *name = device ? device : qmp_string(call, "id");
    BlockJob *job = block_job_find(name);

    if (!job && device) {
        call->error_class = "DeviceNotActive";
        qmp_fail(call, "Block job '%s' not found", name);
    } else if (!job) {
        qmp_fail(call, "Job not found");
    }
    return job;
}

void qmp_block_job_set_speed(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job && qmp_int(call, "speed", 0) < 0) {
        qmp_fail(call, "Parameter 'speed' expects a non-negative value");
    } else if (job) {
        block_job_set_speed(job, (uint64_t)qmp_int(call, "speed", 0));
    }
}

void qmp_block_job_cancel(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job) {
        qmp_conclude(call, block_job_cancel(job, qmp_bool(call, "force", false)));
    }
}

void qmp_job_cancel(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job) {
        qmp_conclude(call, block_job_cancel(job, true));
    }
}

void qmp_block_job_complete(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job) {
        qmp_conclude(call, block_job_complete(job));
    }
}

void qmp_block_job_pause(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job) {
        qmp_conclude(call, block_job_pause(job, true));
    }
}

void qmp_block_job_resume(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job) {
        qmp_conclude(call, block_job_pause(job, false));
    }
}

void qmp_block_job_finalize(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job) {
        qmp_conclude(call, block_job_finalize(job));
    }
}

void qmp_block_job_dismiss(QmpCall *call)
{
    BlockJob *job = find(call);

    if (job) {
        qmp_conclude(call, block_job_dismiss(job));
    }
}

/* ---- what they tell ---- */

void qmp_query_block_jobs(QmpCall *call)
{
    JsonArray *list = json_array_new();
    BlockJob *job = NULL;

    while ((job = block_job_next(job)) != NULL) {
        JsonObject *o = json_object_new();
        BlockJobInfo info;

        block_job_info(job, &info);
        json_object_set_string_member(o, "type", info.type);
        json_object_set_string_member(o, "device", info.id);
        json_object_set_int_member(o, "len", (gint64)info.length);
        json_object_set_int_member(o, "offset", (gint64)info.offset);
        json_object_set_int_member(o, "speed", (gint64)info.speed);
        json_object_set_boolean_member(o, "busy", info.status == BLOCK_JOB_RUNNING);
        json_object_set_boolean_member(o, "paused", info.status == BLOCK_JOB_PAUSED
                                       || info.status == BLOCK_JOB_STANDBY);
        json_object_set_boolean_member(o, "ready", info.status == BLOCK_JOB_READY || info.status == BLOCK_JOB_STANDBY);
        json_object_set_string_member(o, "io-status", info.io_error == ENOSPC ? "nospace"
                                      : info.io_error || info.error ? "failed" : "ok");
        json_object_set_string_member(o, "status", statuses[info.status]);
        json_object_set_boolean_member(o, "auto-finalize", !info.ask);
        json_object_set_boolean_member(o, "auto-dismiss", !info.keep);
        if (info.error) {
            json_object_set_string_member(o, "error", info.error);
        }
        json_array_add_object_element(list, o);
    }
    call->result = qmp_array_node(list);
}

void qmp_add_block_jobs(JsonArray *list)
{
    BlockJob *job = NULL;

    while ((job = block_job_next(job)) != NULL) {
        JsonObject *o = json_object_new();
        BlockJobInfo info;

        block_job_info(job, &info);
        json_object_set_string_member(o, "id", info.id);
        json_object_set_string_member(o, "type", info.type);
        json_object_set_string_member(o, "status", statuses[info.status]);
        json_object_set_int_member(o, "current-progress", (gint64)info.offset);
        json_object_set_int_member(o, "total-progress", (gint64)info.length);
        if (info.error) {
            json_object_set_string_member(o, "error", info.error);
        }
        json_array_add_object_element(list, o);
    }
}
