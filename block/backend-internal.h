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
    BlockOptions options;       /* what it was opened with */
    char *path;                 /* "": none */
    AioEngine *engine;          /* NULL: the pool does everything */
    bool never_at_once;         /* the file system has no transfers that do not wait. atomic */
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
    BlockStats stats[BLOCK_RESIZE + 1];      /* I/O thread */
    bool said;                  /* an error was reported since the last success. I/O thread */
    BlockMediumUser user;       /* whoever can do with another medium; changed NULL: nobody. Set at the start */
    BlockBackend *next;         /* I/O thread */
};

extern BlockBackend *blk_backends;      /* I/O thread */

/* ---- backend.c: I/O thread ---- */
void blk_start(BlockRequest *request);  /* has waited for a limit of speed */
void blk_init_requests(BlockBackend *blk);
/* The medium is there: begin to use an engine if it wants one, or say why not. */
void blk_start_engine(BlockBackend *blk);
/* Nothing is under way. */
void blk_stop_engine(BlockBackend *blk);
void blk_drop_stalled(BlockBackend *blk);
#endif
