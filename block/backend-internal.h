/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block back end's state, shared by its requests (backend.c) and its media (drive.c). */
#ifndef BLOCK_BACKEND_INTERNAL_H
#define BLOCK_BACKEND_INTERNAL_H
#include <glib.h>
#include <pthread.h>
#include "block/aio.h"
#include "block/block.h"
#include "block/image.h"
#include "block/throttle-group.h"
#include "qemu/io-loop.h"

struct BlockBackend {
    /* The medium. Changes on the I/O thread when the device knows of none and no request is under way. */
    Image *image;               /* NULL: none */
    uint64_t bytes;             /* of the medium. atomic, as the next one: devices ask while the image is exchanged */
    bool readonly;
    bool is_node;               /* constant: no disk, but what has a node's bitmaps (node.c) */
    bool for_export;            /* constant: it is a node that an export has */
    bool inactive;              /* another emulator has the image (handover.c). I/O thread, the pool while it works */
    BlockOptions options;       /* what it was opened with */
    char *path;                 /* "": none */
    AioEngine *engine;          /* NULL: the pool does everything */
    bool never_at_once[2];      /* the file system has no reads, no writes, that do not wait. atomic */
    bool in_memory;             /* the file system is in memory: none waits. atomic */
    guint engine_source;        /* watches its descriptor. I/O thread */
    char *id;                   /* constant */
    GThreadPool *pool;          /* constant */
    pthread_mutex_t lock;
    pthread_cond_t ended;       /* a request was carried out; times of CLOCK_MONOTONIC */
    unsigned in_work;           /* requests that the pool or the engine has. lock: lock */
    uint64_t endings;           /* requests that were carried out. lock: lock */
    GQueue finished;            /* whose done() is due.        lock: lock */
    IOWork work;                /* calls them */
    ThrottleMember throttle;    /* its limits of speed */
    GQueue stalled;             /* that wait for vm_start().   I/O thread */
    int stalled_for;            /* errno; 0: nothing was.      I/O thread */
    int64_t last_end_us;        /* when a request ended last; 0: none has. atomic */
    BlockStats stats[BLOCK_EXTENT + 1];      /* I/O thread */
    BlockStats tried[BLOCK_WRITE + 1];       /* by blk_try().  lock: lock */
    BlockHistogram *histogram[BLOCK_LATENCIES];         /* NULL: none. atomic to look whether; lock: lock */
    bool said;                  /* an error was reported since the last success. atomic */
    struct BlockBitmap *bitmaps;        /* what was written to; bitmap.c. atomic; lock: bitmaps_lock */
    struct BlockJob *job;       /* is at work on the image; NULL: none. I/O thread */
    bool held;                  /* what is to be started waits. lock: lock */
    bool draining;              /* of these, what is not the guest's waits, too. lock: lock */
    GQueue waiting;             /* ... here.                   lock: lock */
    BlockMediumUser user;       /* whoever can do with another medium; changed NULL: nobody. Set at the start */
    BlockBackend *next;         /* I/O thread */
};

extern BlockBackend *blk_backends;      /* I/O thread */

/* ---- backend.c: I/O thread ---- */
void blk_start(BlockRequest *request);  /* has waited for a limit of speed */
/* blk_drain(), which gives up when nothing has ended for so long. */
bool blk_drain_within(BlockBackend *blk, unsigned patience_ms);
void blk_init_requests(BlockBackend *blk);
/* The medium is there: begin to use an engine if it wants one, or say why not. */
void blk_start_engine(BlockBackend *blk);
/*
 * Begin nothing from now on, whoever asks, until blk_release(), and wait for what is under way: the image may be
 * exchanged then. False: the host does not answer; it goes on.
 */
bool blk_hold(BlockBackend *blk);
void blk_release(BlockBackend *blk);
/* Nothing is under way. */
void blk_stop_engine(BlockBackend *blk);
void blk_drop_stalled(BlockBackend *blk);

/* ---- latency.c: any thread. A request was carried out well; the lock is not held. ---- */
void blk_note_latency(BlockBackend *blk, BlockOp op, uint64_t ns);

/* ---- carry-out.c: a thread of the pool. 0 or -errno, for orders of the user with a line in request->problem ---- */
int blk_carry_out(BlockBackend *blk, BlockRequest *request);

/* ---- drive.c: I/O thread ---- */
Image *blk_open_image(const BlockOptions *options, char **error);
/* Nothing is under way, and the medium that there was is the caller's. */
void blk_take_medium(BlockBackend *blk, Image *image, const BlockOptions *options);

/* The n-th image behind the disk's, and what was said of it; NULL: there are no so many, nothing was said. */
Image *blk_chain_image(const BlockBackend *blk, unsigned n);
BlockOptions *blk_chain_options(BlockBackend *blk, unsigned n);

/* ---- handover.c: I/O thread ---- */
/* For a disk that begins: as blk_open_image(), but *inactive if it is another emulator's still. */
Image *blk_open_first(const BlockOptions *options, bool *inactive, char **error);
void blk_set_inactive(BlockBackend *blk);

/* ---- overlay.c: I/O thread, the disk is held ---- */
/* Another image, whose place `options` tell, is the disk's from now on; the old one, which is the caller's. */
Image *blk_replace_image(BlockBackend *blk, Image *image, const BlockOptions *options);
/* The image behind `front`, for writing from now on. NULL: *error. */
Image *blk_reopen_backing(Image *front, char **error);

/* ---- job.c: I/O thread. False: it cannot be ended, since the host does not answer. ---- */
bool block_job_end_now(struct BlockJob *job);
/* The node's image for readers, if it is the target of a backup with the disk behind it; NULL: it is not. */
Image *block_job_show_target(const char *node, BlockOptions *options);
/* ... which is closed. False: it was no such one. */
bool block_job_hide_target(const char *node);

/* ---- node.c: I/O thread ---- */
/* The node's image and options for `user`, until it is given back. NULL: *error. */
Image *block_node_take(const char *name, const char *user, BlockOptions *options, char **error);
/* The image that had the node's is closed: the node is free. NULL, or a name that is no node's: nothing happens. */
void block_node_free(const char *name);
void block_node_give_back(const char *name, Image *image);
Image *block_node_image(const char *name);        /* NULL: it is not open, or somebody has it */
void block_nodes_close_all(void);
/* What the node has goes to the disk that has the node from now on; and all, or those that no file keeps, go back. */
void block_node_move_bitmaps(const char *name, BlockBackend *blk);
void block_node_take_bitmaps(const char *name, BlockBackend *blk, bool kept_too);
#endif
