/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs on disks that are in use: mirror, backup, stream, commit; and named images that no disk has yet, which are their
 * targets. A thread copies; all else is done on the I/O thread, which calls all functions here. Functions that return a
 * text return why it did not work, to be freed; NULL: it did. Implemented in block/job.c and block/node.c.
 */
#ifndef BLOCK_JOB_H
#define BLOCK_JOB_H
#include "block/block.h"

typedef struct BlockJob BlockJob;

typedef enum BlockJobKind {
    BLOCK_JOB_MIRROR,           /* the target becomes what the disk is, and stays so until the disk moves there */
    BLOCK_JOB_BACKUP,           /* the target becomes what the disk was at the start */
    BLOCK_JOB_STREAM,           /* the image gets all that it has from images behind it */
    BLOCK_JOB_COMMIT,           /* the image behind gets all that the image has; then the disk moves there */
} BlockJobKind;
typedef enum BlockJobSync { BLOCK_SYNC_FULL, BLOCK_SYNC_TOP, BLOCK_SYNC_NONE } BlockJobSync;
typedef enum BlockJobStatus {
    BLOCK_JOB_CREATED, BLOCK_JOB_RUNNING, BLOCK_JOB_PAUSED, BLOCK_JOB_READY, BLOCK_JOB_STANDBY, BLOCK_JOB_WAITING,
    BLOCK_JOB_PENDING, BLOCK_JOB_ABORTING, BLOCK_JOB_CONCLUDED, BLOCK_JOB_NULL,
} BlockJobStatus;

typedef struct BlockJobOptions {
    const char *id;             /* NULL: the disk's */
    BlockJobKind kind;
    BlockJobSync sync;
    uint64_t speed;             /* bytes a second; 0: no limit */
    bool keep;                  /* what came of it is shown until block_job_dismiss() */
    const char *bitmap;         /* a backup's: what is dirty there is copied; NULL: as `sync` says */
    bool bitmap_stays;          /* ... and stays dirty there; else it is clean if the backup works */
    bool ask;                   /* it takes effect with block_job_finalize() */
    /* A piece cannot be read, or written. IGNORE: it is tried again later; a stream goes on, and fails at its end. */
    BlockErrorPolicy on_source_error, on_target_error;
    /* Of the disk's chain, by a node's name or a path; NULL: the last one, and for `top` the disk's own. */
    const char *base, *base_node, *top, *top_node;      /* a commit's; a stream's base: it stays behind */
    const char *bottom;         /* a stream's: the last node that it takes from, instead of the base */
    unsigned group;             /* of jobs that take effect together, or not at all; 0: it is alone */
    const char *backing_file;   /* what the image in front of them names as the one behind it; NULL: the base's path */
} BlockJobOptions;

/* Where a mirror or a backup goes: a node, or a file. */
typedef struct BlockJobTarget {
    const char *node;           /* NULL: a file */
    const char *file, *format;  /* format NULL: the disk's */
    bool create;                /* make the file; a COW image of sync=top refers to what is behind the disk's image */
} BlockJobTarget;

/* target: of a mirror or a backup only. */
char *block_job_start(BlockBackend *blk, const BlockJobOptions *options, const BlockJobTarget *target);

typedef struct BlockJobInfo {
    const char *id, *type;      /* "mirror", ... */
    BlockJobStatus status;
    const char *error;          /* NULL: none */
    uint64_t offset, length, speed;
    bool cancelled;
    bool keep, ask;
    int io_error;               /* errno that the job was stopped for; 0: none */
    bool error_of_target;       /* of BLOCK_JOB_EVENT_ERROR, like `action` */
    BlockErrorAction action;
} BlockJobInfo;
void block_job_info(BlockJob *job, BlockJobInfo *info);
BlockJob *block_job_next(const BlockJob *job);  /* the first one for NULL */
BlockJob *block_job_find(const char *id);
void block_job_set_speed(BlockJob *job, uint64_t speed);
char *block_job_pause(BlockJob *job, bool pause);
/* A mirror that is ready ends well, and its target is a copy of that moment, unless `force`. */
char *block_job_cancel(BlockJob *job, bool force);
/* A new one for BlockJobOptions. */
unsigned block_job_new_group(void);
/* It has been started just now, and is to leave nothing behind. */
void block_job_abort(BlockJob *job);
char *block_job_complete(BlockJob *job);
char *block_job_finalize(BlockJob *job);        /* one that is BLOCK_JOB_PENDING */
char *block_job_dismiss(BlockJob *job);

typedef enum BlockJobEvent {
    BLOCK_JOB_EVENT_STATUS, BLOCK_JOB_EVENT_READY, BLOCK_JOB_EVENT_PENDING, BLOCK_JOB_EVENT_ENDED,
    BLOCK_JOB_EVENT_ERROR,
} BlockJobEvent;
/* Told of each event; main thread, at the start. */
void block_job_set_listener(void (*fn)(BlockJob *job, BlockJobEvent event));

/* ---- external snapshots: what is written from now on goes to another image, in front of the present one ---- */
/* To a new file of format qcow2; `create` false: there is one already. node NULL: it has no name. */
char *blk_snapshot_to_file(BlockBackend *blk, const char *file, const char *node, bool create);
char *blk_snapshot_to_node(BlockBackend *blk, const char *node);

/* The file of the image of that node, in the disk's chain, names another one as the one behind it. */
char *blk_name_backing(BlockBackend *blk, const char *node, const char *file);

/* ---- other options for an image that is open (block/reopen.c) ---- */
/* Of the same file; what its device may do cannot change. */
char *blk_reopen(BlockBackend *blk, const BlockOptions *options);

/* ---- nodes: images that no disk has ---- */
/* As blk_reopen(). */
char *block_node_reopen(const BlockOptions *options);
/* What the node was made with, whoever has it; NULL: there is none. */
const BlockOptions *block_node_options(const char *name);
/* The free node is opened again, behind another image whose node is `user`; or is free again (NULL). */
void block_node_give(const char *name, const char *user);
/* What options->node names; options->file may be an inner node's, whose name is `inner` (NULL: there is none). */
char *block_node_add(const BlockOptions *options, const char *inner, const char *backing);
char *block_node_delete(const char *name);
/* Its options, for a node over it; NULL: there is none, or it is in use. */
const BlockOptions *block_node_find(const char *name);
/* The first one for NULL; NULL: there are no more. */
const BlockOptions *block_node_next(const BlockOptions *node);
uint64_t block_node_bytes(const char *name);
/* Of its image (0) or the n-th behind it, without names of nodes; false: there are no so many, or it is not open. */
bool block_node_chain(const char *name, unsigned n, BlockChainInfo *info, ImageFacts *facts);
/* Its file may be changed by others, until it is used. */
void block_node_let_go(const char *name);
/* The same of all that are written to and free: the machine, and what belongs to it, is another emulator's. */
void block_nodes_let_go(void);

/* A new image. */
typedef struct BlockNewImage {
    const char *format;         /* "file", "raw": so many bytes; "qcow2" */
    uint64_t bytes;
    /* of qcow2 */
    const char *backing, *backing_format;       /* NULL: none behind it */
    unsigned cluster_bits;      /* 0: 16 */
    unsigned version;           /* 0: 3 */
    bool lazy_counts;           /* others may write its counts late */
} BlockNewImage;
enum { BLOCK_CLUSTER_BITS_MIN = 9, BLOCK_CLUSTER_BITS_MAX = 21 };
char *block_create_file(const char *file, const BlockNewImage *what);
#endif
