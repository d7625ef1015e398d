/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block back ends: what a device that stores blocks (an SD card, flash, a virtio disk) talks to. A request is carried
 * out by a thread of the back end, so neither a CPU nor the I/O thread waits for the host's disk; its `done` is called
 * on the I/O thread. Implemented in block/backend.c.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "block/throttle.h"

typedef struct BlockBackend BlockBackend;

typedef enum BlockErrorPolicy {
    BLOCK_ERROR_REPORT, BLOCK_ERROR_IGNORE, BLOCK_ERROR_STOP, BLOCK_ERROR_ENOSPC,
} BlockErrorPolicy;

typedef enum BlockAio { BLOCK_AIO_THREADS, BLOCK_AIO_NATIVE, BLOCK_AIO_URING } BlockAio;
typedef enum BlockDetectZeroes { DETECT_ZEROES_OFF, DETECT_ZEROES_ON, DETECT_ZEROES_UNMAP } BlockDetectZeroes;

/* What -drive and -blockdev say; strings live as long as the program. */
typedef struct BlockOptions {
    const char *said;           /* the option and its argument, for messages */
    const char *id;             /* NULL: made from the interface and its number */
    const char *node;           /* -blockdev's node-name; NULL: none */
    const char *file;           /* a path, or where it is: nbd://HOST/EXPORT; NULL: there is no medium */
    const char *format;         /* NULL: told by the file's first bytes */
    const char *driver;         /* what the file is: "file", "host_device", "nbd", "null-co", ...; NULL: by its name */
    const char *nbd_host, *nbd_port, *nbd_socket, *nbd_export;  /* driver nbd; NULL: as the file's name says */
    unsigned nbd_reconnect_s;   /* how long a request waits for a server that has gone */
    uint64_t null_bytes;        /* driver null-co: its size; 0: 1 GiB */
    uint64_t null_latency_ns;   /* ... how long each request takes */
    uint64_t raw_offset, raw_bytes;     /* format raw: the disk is that part of the file; raw_bytes 0: up to its end */
    bool copy_on_read;          /* what is read of images behind it becomes its own */
    bool readonly;
    bool snapshot;              /* writes go to a temporary image that ends with the program */
    bool direct;                /* cache=none, directsync */
    bool write_through;         /* cache=writethrough, directsync: each write is flushed */
    bool no_flush;              /* cache=unsafe */
    bool discard;               /* discard=unmap: discarded space goes back to the host */
    bool no_lock;               /* file.locking=off */
    bool force_share;           /* read-only, beside another process that writes */
    const char *file_node;      /* the name of the node that holds its bytes; NULL: it has none */
    bool no_backing;            /* leave out the image behind it */
    struct BlockOptions *backing;       /* the one behind it, instead of that which it names; NULL: as it says */
    BlockBackend *disk_behind;  /* or a disk that is in use, for the target of a backup of it; NULL: none */
    BlockAio aio;
    BlockDetectZeroes detect_zeroes;    /* writes of zeroes are made such; unmap: and discarded */
    BlockErrorPolicy on_write_error, on_read_error;
    const char *throttle_group; /* whose limits of speed it shares; NULL: it has its own */
    ThrottleConfig throttle;    /* of the group, if it has limits */
} BlockOptions;

typedef enum BlockOp {
    BLOCK_READ, BLOCK_WRITE, BLOCK_WRITE_ZEROES, BLOCK_DISCARD, BLOCK_FLUSH,
    /* Of the monitor: all that the image has itself goes to the one behind it; it becomes `bytes` long. */
    BLOCK_COMMIT, BLOCK_RESIZE,
    BLOCK_EXTENT,               /* what is at `offset`, and for how many of the `bytes` the same */
} BlockOp;

/* Reads as zeroes; takes no space. */
enum { BLOCK_EXTENT_ZERO = 1, BLOCK_EXTENT_HOLE = 2 };

/* Belongs to the caller, who leaves it alone until done() is called. */
typedef struct BlockRequest {
    BlockOp op;
    uint64_t offset, bytes;     /* within the image; a flush has none */
    void *buffer;
    /* I/O thread, no lock held. error: 0 or a negative errno. */
    void (*done)(struct BlockRequest *request, int error);
    void *opaque;
    BlockBackend *blk;          /* of block/backend.c */
    int error;                  /* of block/backend.c */
    char *problem;              /* of COMMIT and RESIZE, in done(): why they failed; the caller's, to be freed */
    uint64_t extent_bytes;      /* of EXTENT, in done(): the same for so many, at least one */
    unsigned extent;            /* ... BLOCK_EXTENT_*, 0: data */
    bool outside;               /* not the guest's: without limits of speed; an error is its submitter's alone */
    int64_t begin;              /* of block/backend.c: when it was submitted, us */
} BlockRequest;

typedef enum BlockErrorAction { BLOCK_ACTION_REPORT, BLOCK_ACTION_IGNORE, BLOCK_ACTION_STOP } BlockErrorAction;

/* A request that failed, and what comes of it by the policy. */
typedef struct BlockError {
    const BlockBackend *blk;
    bool write;                 /* anything but a read */
    BlockErrorAction action;
    int error;                  /* errno */
} BlockError;

/* Told of each failure before the machine stops for it, on the I/O thread, no lock held. Main thread, at start. */
void blk_set_error_listener(void (*fn)(const BlockError *error));

/* An image's own tables are wrong. `bytes` 0: there is no place to name; fatal: it takes no more writes. */
typedef struct BlockCorruption {
    const char *device;         /* "": no disk has it */
    const char *node;           /* NULL: it has no name */
    const char *message;
    uint64_t offset, bytes;
    bool fatal;
} BlockCorruption;
/* Told of an image's first corruption, and of the first that is fatal; as the listener of errors. */
void blk_set_corruption_listener(void (*fn)(const BlockCorruption *corruption));

/* What has no path gets its name in o->file: nothing, or an NBD server that is said by its parts. */
void blk_options_name(BlockOptions *o);
/* NULL: failed; *error is one line that names the file and the remedy (free()). Main thread. */
BlockBackend *blk_open(const BlockOptions *options, char **error);
/*
 * Waits for what is under way, writes everything back, closes the image. False: that failed, or the host does not
 * answer; a line says so. I/O thread.
 */
bool blk_close(BlockBackend *blk);
/*
 * The node of blockdev-add of that name becomes a drive, and is one until it is closed: a free node again. I/O thread.
 * NULL: there is no such node that is free; *error is a line (free()).
 */
BlockBackend *blk_open_node(const char *name, char **error);
/* Likewise, but it may be the target of a backup, too, with the disk behind it: as it was when that began. */
BlockBackend *blk_open_export(const char *name, char **error);
void blk_close_node(BlockBackend *blk);
/* What was carried out since the start, by BlockOp. `failed`: of these; `ns`: between blk_submit() and done(). */
typedef struct BlockStats {
    uint64_t requests, failed, bytes, ns;
} BlockStats;
BlockStats blk_stats(const BlockBackend *blk, BlockOp op);      /* I/O thread */
/*
 * How long requests took: bins[i] of them at least boundaries[i - 1] ns and less than boundaries[i]; boundaries grow,
 * and there is a bin more. Implemented in block/latency.c.
 */
typedef enum BlockLatencyKind { BLOCK_LATENCY_READ, BLOCK_LATENCY_WRITE, BLOCK_LATENCY_FLUSH, BLOCK_LATENCIES }
    BlockLatencyKind;
typedef struct BlockHistogram {
    unsigned count;             /* of boundaries */
    uint64_t *boundaries, *bins;
} BlockHistogram;
/* Begin anew with the boundaries; count 0: no longer. I/O thread. */
void blk_set_histogram(BlockBackend *blk, BlockLatencyKind kind, const uint64_t *boundaries, unsigned count);
/* A copy, for blk_histogram_free(); NULL: there is none. */
BlockHistogram *blk_histogram(BlockBackend *blk, BlockLatencyKind kind);
void blk_histogram_free(BlockHistogram *h);             /* NULL is allowed */
int64_t blk_idle_ns(const BlockBackend *blk);           /* since a request ended last; -1: none has */
/* The error that the machine was stopped for, until it goes on: errno, 0: none. False: its policy never stops it. */
bool blk_io_status(const BlockBackend *blk, int *error);
const BlockOptions *blk_options(const BlockBackend *blk);
const char *blk_id(const BlockBackend *blk);
const char *blk_node(const BlockBackend *blk);          /* -blockdev's node-name; NULL: none */
const char *blk_said(const BlockBackend *blk);
bool blk_has_medium(const BlockBackend *blk);
const char *blk_aio(const BlockBackend *blk);           /* who transfers: "threads", "native", "io_uring" */
bool blk_removable(const BlockBackend *blk);            /* its medium can be changed */
bool blk_can_grow(const BlockBackend *blk);             /* its device can do with a longer one */
bool blk_for_export(const BlockBackend *blk);           /* a node that an export alone has */
bool blk_has_backing(const BlockBackend *blk);          /* its image has only what differs from another one behind it */
const char *blk_path(const BlockBackend *blk);          /* "": no medium */
/*
 * The listener hears once of a write to the node that ends behind `limit` bytes (0: no more of it); see
 * block/write-threshold.h. False: no disk has such a node. I/O thread; the listener is set at the start.
 */
typedef void (*BlockThresholdListener)(const char *node, uint64_t limit, uint64_t exceeded);
void blk_set_threshold_listener(BlockThresholdListener fn);
bool blk_set_write_threshold(const char *node, uint64_t limit);
/* Of the n-th image in the chain, or of what holds its bytes. */
uint64_t blk_write_threshold(const BlockBackend *blk, unsigned n, bool file);
/* The image itself (0) or the n-th behind it; false: there are no so many. */
typedef struct BlockChainInfo {
    const char *path, *format, *node;   /* node NULL: it has no name */
    const char *file_node;      /* what holds its bytes; NULL: that has no name */
    uint64_t bytes;
} BlockChainInfo;
bool blk_chain(const BlockBackend *blk, unsigned n, BlockChainInfo *info);
/* More of the n-th one (block/facts.c). */
typedef struct ImageFacts {
    int64_t host_bytes;         /* that it takes; -1: nobody knows */
    uint64_t cluster_bytes;     /* 0: it is not divided, and the rest is nothing */
    unsigned version, refcount_bits;    /* of qcow2 */
    bool dirty, corrupt, lazy_counts;
} ImageFacts;
bool blk_image_facts(const BlockBackend *blk, unsigned n, ImageFacts *facts);
/* As far as anybody has written to it, or to what holds its bytes, since it was opened. */
uint64_t blk_highest_write(const BlockBackend *blk, unsigned n, bool file);
/* Which one has that node's name, or else that path (either may be NULL). -1: none. */
int blk_chain_find(const BlockBackend *blk, const char *node, const char *path);
/* What was said of the node of that name which is behind a disk's; NULL: there is none. */
const BlockOptions *blk_find_behind(const char *node);
const char *blk_format(const BlockBackend *blk);
uint64_t blk_bytes(const BlockBackend *blk);            /* 0: no medium */
bool blk_readonly(const BlockBackend *blk);
/*
 * Its limits of speed: the name of the group that it shares them with, and how many requests wait; NULL: it has none.
 * Setting: `group` NULL: the present one, or one of its own; a configuration without limits takes it out of its group.
 */
const char *blk_throttle(const BlockBackend *blk, ThrottleConfig *config, unsigned *waiting);
void blk_set_throttle(BlockBackend *blk, const char *group, const ThrottleConfig *config);

/* Any thread; any lock may be held. Requests may be carried out side by side and end in any order. */
/*
 * Carry out the requests of each back end one by one, and end them in that order: what a guest sees does not depend on
 * the host. Before there are back ends.
 */
void blk_keep_order(void);
/* Has a request been submitted whose done() was not called yet? One that waits for the machine aside. Any thread. */
bool blk_any_under_way(void);
void blk_submit(BlockBackend *blk, BlockRequest *request);
/*
 * Read or write at once what the host has in its cache; `bytes` > 0, inside the medium. True: done, and nobody is
 * called. False: it would take waiting, or cannot be; blk_submit() can. Any thread; any lock may be held.
 */
bool blk_try(BlockBackend *blk, bool write, uint64_t offset, void *buffer, uint32_t bytes);
/*
 * Wait until no request is under way and every done() was called; I/O thread, no device's lock held. False: some are
 * left, for the host has ended none for seconds, or an error stopped the machine and they are to be tried again.
 */
bool blk_drain(BlockBackend *blk);

/* For all back ends; I/O thread. */
bool blk_drain_all(void);   /* before the machine's state is looked at or its memory changes hands */
/*
 * For who stopped the machine and may copy an image now: what is under way has ended, and a flush has followed it; I/O
 * thread. It goes on behind the caller's back where the host has ended nothing for half a second.
 */
void blk_settle_all(void);
void blk_resume_all(void);                      /* the machine goes on: carry out again what an error stopped */
/* The first whose requests failed and wait for blk_resume_all(); NULL: none. */
const BlockBackend *blk_stalled(void);
void blk_forget_stalled(void);                  /* the machine was reset: nobody wants it any more */
bool blk_close_all(void);                       /* the program ends; false: as blk_close() */
BlockBackend *blk_next(const BlockBackend *blk);        /* the first one for NULL; NULL at the end */
BlockBackend *blk_find(const char *name);       /* by its id, or its node's name; NULL: there is none */

/* ---- images that go along with the machine (migration); I/O thread, the CPUs stand still ---- */

/* Images to be written to belong to another emulator, until blk_take_all(). Before there are back ends. */
void blk_begin_inactive(void);
/*
 * Write everything back and let go of the images that the machine writes to, so that another emulator can take them;
 * and take those that are not ours. NULL, or why not (free()): then some may have been let go of, or taken.
 */
char *blk_let_go_all(void);
/* One that waits for the machine, so that somebody else can write to it beforehand; NULL: it is ours, or why not. */
bool blk_waits_for_machine(const BlockBackend *blk);
char *blk_take(BlockBackend *blk);
char *blk_take_all(void);

/* ---- media that can be changed; I/O thread ---- */

/* A device that can do with another medium, or with a longer one. Functions that it lacks are NULL. */
typedef struct BlockMediumUser {
    /* Why it cannot take this image, to be freed; NULL: it can. */
    char *(*problem)(void *opaque, const char *path, const char *format, uint64_t bytes);
    /*
     * There is a new medium, or the one that there was goes. Requests that are submitted from then on, until the next
     * one comes, end with an error; those under way end as ever.
     */
    void (*changed)(void *opaque, bool present);
    /* The image has become longer. NULL: it must not. */
    void (*resized)(void *opaque);
    /* Its tray, without which the guest has no medium: open? may the guest alone open it? NULL: it has none. */
    void (*tray)(void *opaque, bool *open, bool *locked);
    void (*move_tray)(void *opaque, bool open);
    void *opaque;
} BlockMediumUser;
void blk_set_medium_user(BlockBackend *blk, const BlockMediumUser *user);

typedef enum BlockReadonly { BLOCK_READONLY_KEEP, BLOCK_READONLY_OFF, BLOCK_READONLY_ON } BlockReadonly;
/*
 * Each: why it did not work, to be freed; NULL: it did. format NULL: told by the file's first bytes. A tray is opened
 * for it, with `force` one that the guest has locked; blk_change_medium() closes it.
 */
char *blk_eject(BlockBackend *blk, bool force);
char *blk_change_medium(BlockBackend *blk, const char *file, const char *format, BlockReadonly readonly, bool force);
/* The same while the tray is open, if there is one: implemented in block/tray.c. */
char *blk_remove_medium(BlockBackend *blk);
char *blk_insert_node(BlockBackend *blk, const char *node);
/* False: there is none. */
bool blk_tray(const BlockBackend *blk, bool *open, bool *locked);
/* Without a tray nothing happens. */
char *blk_move_tray(BlockBackend *blk, bool open, bool force);
/* NULL: the medium can be reached. */
char *blk_tray_in_the_way(const BlockBackend *blk);
/* The guest has moved it. Any thread; any lock may be held. */
void blk_tray_moved(BlockBackend *blk, bool open);
/* Told of each move; set at the start. */
void blk_set_tray_listener(void (*fn)(const BlockBackend *blk, bool open));
#endif
