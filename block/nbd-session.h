/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection of the NBD server and its export: what block/nbd-server.c and block/nbd-session.c share. */
#ifndef BLOCK_NBD_SESSION_H
#define BLOCK_NBD_SESSION_H
#include <glib.h>
#include "block/bitmap.h"
#include "block/block.h"
#include "block/nbd-server.h"

typedef struct NbdExport {
    char *id, *name, *description;      /* constant, as all up to `lock` */
    BlockBackend *blk;                  /* may be freed once the export has gone */
    bool own;                           /* the node was opened for this export alone */
    bool writethrough;
    struct {
        BlockBackend *of;               /* whose it is; I/O thread */
        BlockBitmap *bitmap;            /* lock, while the export has not gone */
        char *name;
    } bitmap[NBD_EXPORT_BITMAPS];
    unsigned bitmaps;
    gatomicrefcount refs;               /* the list's, and one of each connection */
    GMutex lock;
    bool writable;                      /* lock. What was is submitted before it is no more */
    bool gone;                          /* lock. Nothing is submitted any more */
    unsigned busy;                      /* lock. Requests whose done() has not been called */
    struct NbdExport *next;             /* of the list: exports_lock of nbd-server.c */
} NbdExport;

typedef struct NbdSession {
    int fd;                             /* constant; whoever frees the session closes it */
    NbdExport *export;                  /* its thread's, atomic; NULL: none is chosen */
    bool no_zeroes, structured;         /* constant once requests come */
    char *context;                      /* the export whose status was asked for; NULL: none. As these */
    uint32_t contexts;                  /* ... and which of its contexts, a bit each (nbd-context.c) */
    gatomicrefcount refs;               /* the list's, its thread's, and one of each request */
    GThreadPool *workers;               /* carry out requests; the thread's */
    GMutex sending;                     /* a reply is sent as a whole */
    GMutex lock;
    GCond changed;
    unsigned in_flight;                 /* lock. Requests that have been read and not answered */
    struct NbdSession *next;            /* of the list: I/O thread */
} NbdSession;

/* ---- nbd-server.c; any thread ---- */
/* The export of that name, which is the caller's to let go; NULL: there is none. */
NbdExport *nbd_export_get(const char *name);
void nbd_export_put(NbdExport *export);
/* The names of all exports; g_ptr_array_unref(). */
GPtrArray *nbd_export_names(void);
void nbd_session_put(NbdSession *session);
void nbd_session_ended(void);           /* its thread has: the I/O thread looks */

/* A request of a client; belongs to the worker that carries it out. */
typedef struct NbdRequest {
    NbdSession *session;
    uint16_t flags, type;
    uint64_t cookie, offset;
    uint32_t bytes;
    uint8_t *data;                      /* what is written, or is read; NULL: none */
    GPtrArray *status;                  /* of BLOCK_STATUS, when it has been asked for: a GArray each; NULL: none */
    BlockRequest block;
    GMutex lock;
    GCond done;
    bool ended;                         /* lock */
} NbdRequest;

/* ---- nbd-session.c ---- */
/* The thread of a connection. */
gpointer nbd_session_run(gpointer session);
/* False: the client has gone. */
bool nbd_send(NbdSession *session, const void *buffer, size_t bytes, bool more);
bool nbd_reply(NbdSession *session, uint32_t option, uint32_t type, const void *data, size_t bytes);
bool nbd_refuse(NbdSession *session, uint32_t option, uint32_t type, const char *why);
/* Wait for the request on the export's disk; 0 or a negative errno. */
int nbd_carry_out(NbdRequest *request, BlockOp op);

/* ---- nbd-context.c: which parts have data (base:allocation), or are dirty ---- */
bool nbd_context_option(NbdSession *session, uint32_t option, const uint8_t *data, uint32_t bytes);
bool nbd_context_chosen(const NbdSession *session);
int nbd_status_collect(NbdRequest *request);
bool nbd_status_send(NbdRequest *request);
#endif
