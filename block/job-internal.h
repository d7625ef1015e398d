/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job on a disk: its start (block/job-start.c), and what comes of it (block/job.c). I/O thread. */
#ifndef BLOCK_JOB_INTERNAL_H
#define BLOCK_JOB_INTERNAL_H
#include "block/backend-internal.h"
#include "block/copy.h"
#include "block/job.h"

enum { JOB_CLOSE_PATIENCE_S = 10 };

struct BlockJob {
    char *id;                   /* constant, like all up to `lock` */
    BlockJobKind kind;
    BlockBackend *blk;
    CopyImage *copy;            /* NULL: the job has ended */
    Image *source, *target;     /* target NULL: the source */
    bool in_front;              /* the copy is in front of the disk's image, which is the source */
    Image *over;                /* commit in the middle: the image in front of the source; else NULL */
    unsigned over_at, base_at;  /* with `last`: numbers in the chain of who names the base, and of the base */
    Image *last;                /* commit, and stream with a base: the last image that goes; else NULL */
    char *backing_file, *backing_format;        /* what `over`, or the streamed image, is to name; NULL: nothing */
    Image *disk_behind;         /* a backup's: the disk as an image behind the target (block/fleece.h); else NULL */
    bool shown;                 /* ... the target is an export's, too. I/O thread */
    struct BlockBitmap *bitmap; /* what a backup copies; NULL: no bitmap says */
    GPtrArray *gone;            /* of char: names of the nodes that go */
    BlockOptions target_options;
    bool target_is_node;
    bool keep, ask;
    bool endless;               /* it goes on until it is cancelled: a backup of nothing but what is overwritten */
    BlockErrorPolicy on_source_error, on_target_error;
    uint64_t length;
    GThread *thread;            /* NULL: it has ended. I/O thread */
    BlockJobStatus status;      /* I/O thread */
    char *problem;              /* I/O thread */
    bool cancelled;             /* I/O thread */
    bool round_done;            /* the thread has been over the whole disk. I/O thread, while there is no thread */
    bool was_ready;             /* I/O thread */
    int io_error;               /* errno that it was stopped for; 0: none. I/O thread, as the next two */
    bool error_of_target;       /* the last one */
    BlockErrorAction action;    /* ... and what came of it */
    bool pivot;                 /* BLOCK_JOB_PENDING: the disk is to move to the target. I/O thread */
    IOWork work;                /* the thread has ended, or the copy met an error */
    BlockJob *next;             /* I/O thread */
    GMutex lock;
    GCond changed;
    bool stop, paused, ended;   /* lock */
    bool failed;                /* the copy met an error. lock */
    unsigned group;             /* BlockJobOptions; 0 once it is settled. I/O thread */
    bool group_waits;           /* it has done its part.                  I/O thread */
    uint64_t speed, offset;     /* lock */
    int error;                  /* lock */
};

/* ---- job.c ---- */
/* All is ready: it is in the list, and its thread runs. */
void block_job_run(BlockJob *job);
/* The thread has ended, or the copy met an error. */
void block_job_look(void *opaque);
/* An error was met, which may stop the job; I/O thread. */
void block_job_failed(BlockJob *job, bool target, int error);
/* The job has done its part, or has failed: it takes effect, waits for others or for a word, or is undone. */
void block_job_settle(BlockJob *job);
void block_job_wait_for_others(BlockJob *job);          /* its status says that it does */
/* ---- job-group.c ---- */
void block_job_join_group(BlockJob *job);       /* its part is done */
void block_job_cancel_group(BlockJob *job);     /* it has failed, or was cancelled */
/* ---- job-run.c ---- */
void block_job_thread(BlockJob *job);   /* begins */
BlockErrorAction block_job_action(const BlockJob *job, bool target, int error);
/* ---- job.c ---- */
/* The target is nobody's any more. */
void block_job_let_target_go(BlockJob *job);
void block_job_free(BlockJob *job);
#endif
