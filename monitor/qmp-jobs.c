/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: snapshots of the machine, and new image files, as jobs. A job is carried out at one go on
 * the I/O thread, after the order that begins it was answered; what came of it is kept until it is dismissed.
 */
#include <string.h>
#include "block/job.h"
#include "migration/snapshot.h"
#include "monitor/qmp-internal.h"
#include "qemu/identifier.h"
#include "qemu/io-loop.h"

typedef struct Job {
    char *id, *tag, *error;             /* error NULL: none */
    const char *type, *status;          /* as QMP has them */
    char *(*fn)(const char *tag);       /* NULL: blockdev-create */
    JsonObject *options;                /* ... of which image */
    bool done;
    struct Job *next;
} Job;

static Job *jobs;                       /* in their order; those to be carried out last */
static void run_jobs(void *opaque);
static IOWork work = { .fn = run_jobs };

static void set_status(Job *job, const char *status)
{
    JsonObject *data = json_object_new();

    job->status = status;
    json_object_set_string_member(data, "id", job->id);
    json_object_set_string_member(data, "status", status);
    qmp_tell("JOB_STATUS_CHANGE", data);
}

static void run_jobs(void *opaque)
{
    for (Job *job = jobs; job; job = job->next) {
        if (!job->done) {
            job->done = true;
            set_status(job, "created");
            set_status(job, "running");
            job->error = job->fn ? job->fn(job->tag) : qmp_create_image(job->options);
            if (job->error) {
                set_status(job, "aborting");
            } else {
                set_status(job, "waiting");
                set_status(job, "pending");
            }
            set_status(job, "concluded");
        }
    }
}

static Job **find(const char *id)
{
    Job **p = &jobs;

    while (*p && strcmp((*p)->id, id)) {
        p = &(*p)->next;
    }
    return p;
}

/* `devices` has just the disks that the machine writes to, and `vmstate`, if it is given, is the first of them. */
static bool check_disks(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "devices");
    const char *vmstate = qmp_string(call, "vmstate");
    BlockBackend *first = snapshot_disk(NULL);
    guint named = 0;

    for (guint i = 0; i < json_array_get_length(list); i++) {
        if (!blk_find(json_array_get_string_element(list, i))) {
            qmp_fail(call, "Device '%s' not found", json_array_get_string_element(list, i));
            return false;
        }
    }
    if (vmstate && first && blk_find(vmstate) != first) {
        qmp_fail(call, "the machine's state is kept on '%s', not on '%s'",
                 blk_node(first) ? blk_node(first) : blk_id(first), vmstate);
        return false;
    }
    for (BlockBackend *blk = first; blk; blk = snapshot_disk(blk)) {
        bool found = false;

        for (guint i = 0; i < json_array_get_length(list); i++) {
            found |= blk_find(json_array_get_string_element(list, i)) == blk;
        }
        if (!found) {
            qmp_fail(call, "'%s' is written to by the machine and not in 'devices'", blk_id(blk));
            return false;
        }
        named++;
    }
    if (named < json_array_get_length(list)) {
        qmp_fail(call, "'devices' has more than the disks that the machine writes to");
        return false;
    }
    return true;
}

static void begin(QmpCall *call, const char *type, char *(*fn)(const char *tag))
{
    const char *id = qmp_string(call, "job-id");
    Job **end, *job;

    if (!identifier_good(id)) {
        qmp_fail(call, "Invalid job ID '%s'", id);
        return;
    }
    if (*find(id) || block_job_find(id)) {
        qmp_fail(call, "Job ID '%s' already in use", id);
        return;
    }
    if (fn && !check_disks(call)) {
        return;
    }
    job = g_new0(Job, 1);
    job->id = g_strdup(id);
    job->tag = g_strdup(qmp_string(call, "tag"));
    job->type = type;
    job->status = "created";
    job->fn = fn;
    job->options = fn ? NULL : json_object_ref(json_object_get_object_member(call->args, "options"));
    for (end = &jobs; *end; end = &(*end)->next) {
    }
    *end = job;
    io_post(&work);
}

void qmp_snapshot_save(QmpCall *call)
{
    begin(call, "snapshot-save", snapshot_save);
}

void qmp_snapshot_load(QmpCall *call)
{
    begin(call, "snapshot-load", snapshot_load);
}

void qmp_snapshot_delete(QmpCall *call)
{
    begin(call, "snapshot-delete", snapshot_delete);
}

void qmp_blockdev_create(QmpCall *call)
{
    if (!JSON_NODE_HOLDS_OBJECT(json_object_get_member(call->args, "options"))) {
        qmp_fail(call, "Invalid parameter type for 'options', expected: object");
    } else {
        begin(call, "create", NULL);
    }
}

void qmp_query_jobs(QmpCall *call)
{
    JsonArray *list = json_array_new();

    for (const Job *job = jobs; job; job = job->next) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "id", job->id);
        json_object_set_string_member(o, "type", job->type);
        json_object_set_string_member(o, "status", job->status);
        json_object_set_int_member(o, "current-progress", job->done);
        json_object_set_int_member(o, "total-progress", 1);
        if (job->error) {
            json_object_set_string_member(o, "error", job->error);
        }
        json_array_add_object_element(list, o);
    }
    qmp_add_block_jobs(list);
    call->result = qmp_array_node(list);
}

void qmp_job_dismiss(QmpCall *call)
{
    Job **p = find(qmp_string(call, "id")), *job = *p;

    if (!job) {
        qmp_block_job_dismiss(call);
        return;
    }
    if (!job->done) {
        qmp_fail(call, "Job '%s' in state '%s' cannot accept command verb 'dismiss'", job->id, job->status);
        return;
    }
    set_status(job, "null");
    *p = job->next;
    g_free(job->id);
    g_free(job->tag);
    g_clear_pointer(&job->options, json_object_unref);
    g_free(job->error);
    g_free(job);
}
