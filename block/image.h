/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk image as bytes: what a format (raw, qcow2) makes of a host file. Calls wait for the host's disk, so they are
 * made on the threads of a block back end (block/backend.c), never on a CPU's or the I/O thread while the guest runs.
 *
 * All functions but open and close may be called by several threads at once; each format says how it guards itself.
 * Offsets and lengths are bytes. Results are 0 or a negative errno.
 */
#ifndef BLOCK_IMAGE_H
#define BLOCK_IMAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "block/snapshot.h"
#include "block/write-threshold.h"

typedef struct Image Image;
struct HostFile;

/* An NBD server, if the path does not say it (nbd://HOST:PORT/EXPORT, nbd+unix:///EXPORT?socket=PATH). */
typedef struct NbdOptions {
    const char *host, *port;    /* port NULL: 10809 */
    const char *socket;         /* instead of host and port */
    const char *export;         /* NULL: the default one */
    unsigned reconnect_s;       /* how long a request waits for a server that has gone */
} NbdOptions;

typedef struct ImageOptions {
    const char *driver;         /* where its bytes are: "file", "nbd", "null-co", ...; NULL: by its path */
    NbdOptions nbd;
    uint64_t null_bytes;        /* null-co: its size; 0: 1 GiB */
    uint64_t null_latency_ns;   /* ... how long each request takes */
    uint64_t raw_offset, raw_bytes;     /* raw: the part of the file that is the disk; raw_bytes 0: up to its end */
    bool copy_on_read;          /* qcow2: what is read of images behind it becomes its own */
    const char *format;         /* "raw", "qcow2" or NULL: told by its first bytes */
    bool readonly;
    bool no_backing;            /* of the image itself: leave out the one behind it */
    bool direct;                /* O_DIRECT: past the host's page cache */
    bool no_lock;               /* locking=off: do not keep others from the file */
} ImageOptions;

enum { IMAGE_HAS = 1, IMAGE_HAS_NOT = 2 };     /* bytes itself; bytes of those behind it. Both may be in a range */
typedef enum HostFileLock { HOST_FILE_UNLOCKED, HOST_FILE_LOCKED_SHARED, HOST_FILE_LOCKED_ALONE } HostFileLock;

/* Snapshots inside an image, as block/snapshot.h has them: the first one of a name. No request is under way. */
typedef struct ImageSnapshotOps {
    int (*list)(Image *image, BlockSnapshot **list, unsigned *count);
    int (*write_state)(Image *image, uint64_t offset, const void *buffer, size_t bytes);
    int (*create)(Image *image, const BlockSnapshot *what);
    int (*read_state)(Image *image, const char *name, uint64_t offset, void *buffer, size_t bytes);
    int (*revert)(Image *image, const char *name);
    int (*delete)(Image *image, const char *name);
} ImageSnapshotOps;

/* A dirty bitmap that an image keeps (block/bitmap.h). */
typedef struct ImageBitmap {
    char *name;
    unsigned granularity_bits;  /* a bit stands for 1 << that many bytes */
    bool recording;             /* it goes on when the image is used again */
    bool inconsistent;          /* the image was not closed, or is damaged: what is dirty is not known */
    GByteArray *bits;           /* the first one lowest; what is missing is clean */
} ImageBitmap;
enum { IMAGE_BITMAPS_BYTES = 256 << 20 };       /* of memory for the bits of all bitmaps that an image keeps */

/* Lists are of ImageBitmap. No request is under way. */
typedef struct ImageBitmapOps {
    bool (*possible)(const Image *image, unsigned granularity_bits);    /* Can this one keep such? */
    uint64_t (*memory)(const Image *image, unsigned granularity_bits);  /* bytes that the bits of such a one are */
    /* Put all that there are behind those of the list. Of an image that is written to the file's are no longer true. */
    int (*load)(Image *image, GPtrArray *list);
    /* Those of the list, which is the image's from now on, are the file's when it is closed; no others. */
    void (*keep)(Image *image, GPtrArray *list);
} ImageBitmapOps;

typedef struct ImageOps {
    const char *format;
    /* [offset, offset + bytes) lies within the image, bytes > 0; the caller has checked that. */
    int (*read)(Image *image, uint64_t offset, void *buffer, size_t bytes);
    int (*write)(Image *image, uint64_t offset, const void *buffer, size_t bytes);
    /* The range reads as zeroes afterwards; `unmap`: its space may go back to the host. */
    int (*write_zeroes)(Image *image, uint64_t offset, uint64_t bytes, bool unmap);
    /* Everything that was written before the call is on the host's disk when it returns. */
    int (*flush)(Image *image);
    /* Write back what is pending, release the host's file, free the image. */
    void (*close)(Image *image);
    /* Write all that it has itself to the image behind it, and be empty. NULL: it never has one behind it. */
    int (*commit)(Image *image, char **error);
    bool (*has_backing)(const Image *image);            /* NULL: no */
    /* Make it longer; nothing else is under way. -ENOTSUP: it cannot be. */
    int (*resize)(Image *image, uint64_t bytes);
    /* ---- the image behind it; NULL: the format never has one ---- */
    Image *(*backing)(Image *image);                    /* NULL: none */
    /* Another one, or none (NULL), from now on; the old one. Nothing is under way. */
    Image *(*swap_backing)(Image *image, Image *behind);
    /* Its name goes from the file, or is another one; 0 or a negative errno. Nothing is under way. */
    int (*forget_backing)(Image *image);
    int (*name_backing)(Image *image, const char *path, const char *format);
    int (*allocation)(Image *image, uint64_t offset, uint64_t bytes);   /* IMAGE_HAS*, or a negative errno */
    /* BLOCK_EXTENT_* or a negative errno; the same for *run of the bytes. NULL: all is data. */
    int (*extent)(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run);
    struct HostFile *(*file)(Image *image);             /* that holds its bytes */
    int (*lock)(Image *image, HostFileLock lock);       /* of the host's file */
    /*
     * The descriptor of the host's file that has the range at the same offset, for a transfer past us; -1: there is
     * none, or not for this transfer. NULL: never. Any thread.
     */
    int (*transfer_fd)(Image *image, bool write, uint64_t offset, const void *buffer, size_t bytes);
    /* Any thread: whoever waits for an answer that can be given up gets -EIO, and so does everybody from now on. */
    void (*interrupt)(Image *image);
    const ImageSnapshotOps *snapshots;  /* NULL: the format has none */
    const ImageBitmapOps *bitmaps;      /* NULL: likewise */
    void (*facts)(const Image *image, ImageFacts *facts);       /* NULL: there is nothing to tell */
} ImageOps;

struct Image {
    const ImageOps *ops;        /* constant */
    char *path;                 /* constant; for messages */
    uint64_t bytes;             /* the guest's size; changes by resize only */
    bool readonly;              /* constant */
    ImageOptions opened;        /* constant: how; strings live as long as the program */
    WriteThreshold threshold;
};

/*
 * Open an image and the images behind it. NULL: failed; *error is a line that names the file and the remedy (free()).
 */
Image *image_open(const char *path, const ImageOptions *options, char **error);
/* As image_open(), read-only, behind a new image in a temporary file that takes the writes and is gone when closed. */
Image *image_open_temporary(const char *path, const ImageOptions *options, char **error);
void image_close(Image *image);                 /* NULL is allowed */
/*
 * Flush if that is asked for, and close, on a thread. The flush's error; -ETIMEDOUT: it takes longer than so many
 * seconds, and goes on or hangs behind our back.
 */
int image_close_within(Image *image, bool flush, unsigned seconds);

static inline int image_read(Image *image, uint64_t offset, void *buffer, size_t bytes)
{
    return bytes ? image->ops->read(image, offset, buffer, bytes) : 0;
}
static inline int image_write(Image *image, uint64_t offset, const void *buffer, size_t bytes)
{
    return bytes ? image->ops->write(image, offset, buffer, bytes) : 0;
}
static inline int image_write_zeroes(Image *image, uint64_t offset, uint64_t bytes, bool unmap)
{
    return bytes ? image->ops->write_zeroes(image, offset, bytes, unmap) : 0;
}
static inline int image_flush(Image *image)
{
    return image->ops->flush(image);
}
/* Any thread. */
static inline uint64_t image_bytes(const Image *image)
{
    return __atomic_load_n(&image->bytes, __ATOMIC_RELAXED);
}
static inline bool image_has_backing(const Image *image)
{
    return image->ops->has_backing && image->ops->has_backing(image);
}
static inline Image *image_backing(Image *image)
{
    return image->ops->backing ? image->ops->backing(image) : NULL;
}
/* Which bytes it has itself; any thread. */
static inline int image_allocation(Image *image, uint64_t offset, uint64_t bytes)
{
    return image->ops->allocation ? image->ops->allocation(image, offset, bytes) : IMAGE_HAS;
}
/* What is at `offset`, looking through to the images behind; any thread. */
static inline int image_extent(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    *run = bytes;
    return image->ops->extent ? image->ops->extent(image, offset, bytes, run) : 0;
}
static inline int image_resize(Image *image, uint64_t bytes)
{
    return image->ops->resize(image, bytes);
}
static inline int image_lock(Image *image, HostFileLock lock)
{
    return image->ops->lock(image, lock);
}
static inline void image_interrupt(Image *image)
{
    image->ops->interrupt(image);
}

/* ---- formats: each takes over `file` if it succeeds; NULL and *error if not ---- */
/* If nobody said that it is raw, a guest may not make it look like another format. */
Image *raw_open(struct HostFile *file, const ImageOptions *options, char **error);
Image *qcow2_open(struct HostFile *file, const ImageOptions *options, unsigned depth, char **error);
/* A new qcow2 image of `bytes` in the empty file, with nothing behind it; it takes over `backing`. */
Image *qcow2_create(struct HostFile *file, Image *backing, uint64_t bytes, char **error);
/* The format that a file's first bytes tell, also one that cannot be read here; NULL: none. */
const char *image_format_of(const void *head, size_t bytes);
/* As image_open(); `depth` counts the images in front of this one. */
Image *image_open_chain(const char *path, const ImageOptions *options, unsigned depth, char **error);
#endif
