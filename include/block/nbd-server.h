/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An NBD server: disks and nodes as exports for other programs (qemu-nbd, qemu-img, nbdcopy, the kernel). There is one
 * at most. I/O thread; functions that return a text return why it did not work, to be freed; NULL: it did. Implemented
 * in block/nbd-server.c.
 */
#ifndef BLOCK_NBD_SERVER_H
#define BLOCK_NBD_SERVER_H
#include <stdbool.h>
#include <stdint.h>

struct BlockBackend;

/* Where it listens: a Unix socket, or a host and a port. max_connections 0: as many as it can take (100). */
typedef struct NbdServerAddress {
    const char *path;           /* NULL: host and port */
    const char *host, *port;    /* host "": all addresses */
    unsigned max_connections;
} NbdServerAddress;
char *nbd_server_start(const NbdServerAddress *address);
/* All connections end, and all exports go. */
char *nbd_server_stop(void);

/* A dirty bitmap of an export: clients may ask for qemu:dirty-bitmap:NAME, as it was when the export was made. */
typedef struct NbdExportBitmap {
    const char *node;           /* whose it is; NULL: the export's */
    const char *name;
} NbdExportBitmap;
enum { NBD_EXPORT_BITMAPS = 30 };

typedef struct NbdExportOptions {
    const char *id;             /* unique */
    const char *node;           /* of a disk, or a node that no disk has */
    const char *name;           /* as clients know it */
    const char *description;    /* NULL: none */
    bool writable;
    bool writethrough;          /* each write is flushed */
    NbdExportBitmap bitmap[NBD_EXPORT_BITMAPS];
    unsigned bitmaps;
} NbdExportOptions;
char *nbd_export_add(const NbdExportOptions *options);
/* force: also one that has clients, whose connections end. */
char *nbd_export_remove(const char *id, bool force);

typedef struct NbdExportInfo {
    const char *id, *name, *node;
} NbdExportInfo;
/* Number i, from 0. False: there are no more. */
bool nbd_export_info(unsigned i, NbdExportInfo *info);
/* The disk goes: so do its exports. */
void nbd_export_forget(struct BlockBackend *blk);
/* The node that exports have goes: so do they. */
void nbd_export_forget_node(const char *node);
/* The disk's bitmaps go: so do exports that show one. */
void nbd_export_forget_bitmaps(const struct BlockBackend *blk);
/* The machine has its disks from now on: clients may read them, as long as they like. */
void nbd_export_end_writing(void);
/* Told of each export that has gone; main thread, at the start. */
void nbd_export_set_listener(void (*gone)(const char *id));
#endif
