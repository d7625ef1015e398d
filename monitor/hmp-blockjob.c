/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about copies of disks and external snapshots. */
#include <string.h>
#include "block/job.h"
#include "monitor/monitor-internal.h"

static void say(Monitor *mon, char *problem)
{
    if (problem) {
        monitor_printf(mon, "%s.\n", problem);
        g_free(problem);
    }
}

/* Takes "-n" and "-f" from the front; false: another letter, and a line says so. */
static bool take_flags(Monitor *mon, char ***argv, bool *n, bool *f)
{
    for (*n = *f = false; **argv && ***argv == '-'; (*argv)++) {
        *n |= !strcmp(**argv, "-n");
        *f |= !strcmp(**argv, "-f");
        if (strcmp(**argv, "-n") && strcmp(**argv, "-f")) {
            monitor_printf(mon, "The flags are -n and -f, not '%s'.\n", **argv);
            return false;
        }
    }
    return true;
}

static BlockBackend *find_drive(Monitor *mon, const char *name)
{
    BlockBackend *blk = name ? blk_find(name) : NULL;

    if (!blk) {
        monitor_printf(mon, "There is no drive '%s' ('info block' lists them).\n", name ? name : "");
    }
    return blk;
}

static BlockJob *find_job(Monitor *mon, const char *name)
{
    BlockJob *job = name ? block_job_find(name) : NULL;

    if (!job) {
        monitor_printf(mon, "There is no job '%s' ('info block-jobs' lists them).\n", name ? name : "");
    }
    return job;
}

static bool is_format(Monitor *mon, const char *format, bool only_qcow2)
{
    if (format && strcmp(format, "qcow2") && (only_qcow2 || strcmp(format, "raw"))) {
        monitor_printf(mon, "The format is %sqcow2, not '%s'.\n", only_qcow2 ? "" : "raw or ", format);
        return false;
    }
    return true;
}

void hmp_snapshot_blkdev(Monitor *mon, char **argv)
{
    bool reuse, full;
    BlockBackend *blk;

    if (!take_flags(mon, &argv, &reuse, &full)) {
        return;
    }
    blk = find_drive(mon, argv[0]);
    if (blk && !argv[1]) {
        monitor_puts(mon, "The new file's name is missing.\n");
    } else if (blk && is_format(mon, argv[2], true)) {
        say(mon, blk_snapshot_to_file(blk, argv[1], NULL, !reuse));
    }
}

static void start_copy(Monitor *mon, char **argv, BlockJobKind kind)
{
    BlockJobOptions o = { .kind = kind };
    BlockJobTarget target = { 0 };
    bool reuse, full;
    BlockBackend *blk;

    if (!take_flags(mon, &argv, &reuse, &full)) {
        return;
    }
    blk = find_drive(mon, argv[0]);
    if (blk && !argv[1]) {
        monitor_puts(mon, "The target's name is missing.\n");
    } else if (blk && is_format(mon, argv[2], false)) {
        target = (BlockJobTarget) { .file = argv[1], .format = argv[2], .create = !reuse };
        o.sync = full ? BLOCK_SYNC_FULL : BLOCK_SYNC_TOP;
        say(mon, block_job_start(blk, &o, &target));
    }
}

void hmp_drive_mirror(Monitor *mon, char **argv)
{
    start_copy(mon, argv, BLOCK_JOB_MIRROR);
}

void hmp_drive_backup(Monitor *mon, char **argv)
{
    start_copy(mon, argv, BLOCK_JOB_BACKUP);
}

static bool parse_speed(Monitor *mon, const char *text, guint64 *speed)
{
    if (!g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, speed, NULL)) {
        monitor_printf(mon, "The speed is a number of bytes a second, not '%s'.\n", text);
        return false;
    }
    return true;
}

void hmp_block_stream(Monitor *mon, char **argv)
{
    BlockBackend *blk = find_drive(mon, argv[0]);
    BlockJobOptions o = { .kind = BLOCK_JOB_STREAM };
    guint64 speed = 0;

    if (blk && (!argv[1] || parse_speed(mon, argv[1], &speed))) {
        o.speed = speed;
        say(mon, block_job_start(blk, &o, NULL));
    }
}

void hmp_block_job_cancel(Monitor *mon, char **argv)
{
    bool reuse, force;
    BlockJob *job;

    if (take_flags(mon, &argv, &reuse, &force) && (job = find_job(mon, argv[0])) != NULL) {
        say(mon, block_job_cancel(job, force));
    }
}

/* Have `act` do it to the job that the command names, and say what is wrong. */
static void with_job(Monitor *mon, char **argv, char *(*act)(BlockJob *job))
{
    BlockJob *job = find_job(mon, argv[0]);

    if (job) {
        say(mon, act(job));
    }
}

static char *pause_job(BlockJob *job) { return block_job_pause(job, true); }
static char *resume_job(BlockJob *job) { return block_job_pause(job, false); }

void hmp_block_job_complete(Monitor *mon, char **argv) { with_job(mon, argv, block_job_complete); }
void hmp_block_job_pause(Monitor *mon, char **argv) { with_job(mon, argv, pause_job); }
void hmp_block_job_resume(Monitor *mon, char **argv) { with_job(mon, argv, resume_job); }

void hmp_block_job_set_speed(Monitor *mon, char **argv)
{
    BlockJob *job = find_job(mon, argv[0]);
    guint64 speed;

    if (job && parse_speed(mon, argv[1], &speed)) {
        block_job_set_speed(job, speed);
    }
}

void hmp_info_block_jobs(Monitor *mon, char **argv)
{
    BlockJob *job = NULL;
    BlockJobInfo info;

    while ((job = block_job_next(job)) != NULL) {
        block_job_info(job, &info);
        monitor_printf(mon, "Type %s, device %s: Completed %llu of %llu bytes, speed limit %llu bytes/s%s%s%s\n",
                       info.type, info.id, (unsigned long long)info.offset, (unsigned long long)info.length,
                       (unsigned long long)info.speed, info.status == BLOCK_JOB_READY ? ", ready" : "",
                       info.status == BLOCK_JOB_PAUSED || info.status == BLOCK_JOB_STANDBY ? ", paused" : "",
                       info.error ? ", failed" : "");
    }
    if (!block_job_next(NULL)) {
        monitor_puts(mon, "No active jobs\n");
    }
}
