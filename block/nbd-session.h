/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection of the NBD server and its export: what block/nbd-server.c and block/nbd-session.c share. */
#ifndef BLOCK_NBD_SESSION_H
#define BLOCK_NBD_SESSION_H
#include <glib.h>
#include "block/block.h"
#include "block/nbd-server.h"

typedef struct NbdExport {
    char *id, *name, *description;      /* constant, as all up to `lock` */
    BlockBackend *blk;                  /* may be freed once the export has gone */
    bool own;                           /* the node was opened for this export alone */
    bool writethrough;
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

/* ---- nbd-session.c ---- */
/* The thread of a connection. */
gpointer nbd_session_run(gpointer session);
#endif
