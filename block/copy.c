/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying a disk while the guest uses it; copy.h tells how. `lock` is held for no more than a look at the ranges. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "block/copy.h"
#include "block/host-file.h"

struct CopyImage {
    Image image;                /* what requests go to; its ops are below */
    ImageOps ops;               /* constant: those of a copy, with the source's format */
    Image *source, *target;     /* constant */
    CopyMode mode;              /* constant */
    CopyWhat what;              /* constant */
    Image *floor;               /* constant; NULL: there is none */
    GMutex lock;
    GCond unlocked;             /* a range is free again */
    CopyRange *ranges;          /* lock */
    IOWork *failed;             /* constant: posted with the first error */
    uint8_t *done;              /* backup: pieces that the target has, a bit each. lock */
    int error;                  /* lock */
    uint8_t *missed;            /* pieces that the target lacks though they are done, a bit each; NULL: never. lock */
    uint64_t pieces;            /* constant */
    BlockErrorPolicy on_target_error;   /* constant */
    int missed_error;           /* lock */
};

static CopyImage *copy_of(Image *image)
{
    return (CopyImage *)image;
}

/* ---- ranges ---- */

static bool is_locked(const CopyImage *c, const CopyRange *want)
{
    for (const CopyRange *r = c->ranges; r; r = r->next) {
        if (want->first <= r->last && r->first <= want->last) {
            return true;
        }
    }
    return false;
}

void copy_lock(CopyImage *c, CopyRange *r, uint64_t offset, uint64_t bytes)
{
    r->first = offset / COPY_PIECE;
    r->last = (offset + bytes - 1) / COPY_PIECE;
    g_mutex_lock(&c->lock);
    while (is_locked(c, r)) {
        g_cond_wait(&c->unlocked, &c->lock);
    }
    r->next = c->ranges;
    c->ranges = r;
    g_mutex_unlock(&c->lock);
}

void copy_unlock(CopyImage *c, CopyRange *r)
{
    CopyRange **p = &c->ranges;

    g_mutex_lock(&c->lock);
    while (*p != r) {
        p = &(*p)->next;
    }
    *p = r->next;
    g_cond_broadcast(&c->unlocked);
    g_mutex_unlock(&c->lock);
}

/* ---- the target ---- */

int copy_error(CopyImage *c)
{
    int error;

    g_mutex_lock(&c->lock);
    error = c->error;
    g_mutex_unlock(&c->lock);
    return error;
}

static void target_failed(CopyImage *c, int error)
{
    g_mutex_lock(&c->lock);
    c->error = c->error ? c->error : error;
    g_mutex_unlock(&c->lock);
    io_post(c->failed);
}

/* lock */
static void set_missed(CopyImage *c, uint64_t piece)
{
    if (c->missed) {
        c->missed[piece / 8] |= (uint8_t)(1u << (piece % 8));
    }
}

void copy_miss(CopyImage *c, uint64_t offset)
{
    g_mutex_lock(&c->lock);
    set_missed(c, offset / COPY_PIECE);
    g_mutex_unlock(&c->lock);
}

/* A mirror's target did not take what the guest has written. */
static void mirror_failed(CopyImage *c, uint64_t offset, uint64_t bytes, int error)
{
    if (!c->missed || c->on_target_error == BLOCK_ERROR_REPORT
        || (c->on_target_error == BLOCK_ERROR_ENOSPC && error != -ENOSPC)) {
        target_failed(c, error);
        return;
    }
    g_mutex_lock(&c->lock);
    for (uint64_t piece = offset / COPY_PIECE; piece <= (offset + bytes - 1) / COPY_PIECE; piece++) {
        set_missed(c, piece);
    }
    c->missed_error = c->missed_error ? c->missed_error : error;
    g_mutex_unlock(&c->lock);
    io_post(c->failed);
}

int copy_take_missed_error(CopyImage *c)
{
    int error;

    g_mutex_lock(&c->lock);
    error = c->missed_error;
    c->missed_error = 0;
    g_mutex_unlock(&c->lock);
    return error;
}

bool copy_misses(CopyImage *c, uint64_t *offset)
{
    uint64_t byte = 0;
    bool found;

    g_mutex_lock(&c->lock);
    while (c->missed && byte <= c->pieces / 8 && !c->missed[byte]) {
        byte++;
    }
    found = c->missed && byte <= c->pieces / 8;
    if (found) {
        *offset = (byte * 8 + (uint64_t)__builtin_ctz(c->missed[byte])) * COPY_PIECE;
        c->missed[byte] &= (uint8_t)(c->missed[byte] - 1);
    }
    g_mutex_unlock(&c->lock);
    return found;
}

/* Look whether a piece is done, or say that it is. */
static bool piece_done(CopyImage *c, uint64_t piece, bool set)
{
    bool done;

    g_mutex_lock(&c->lock);
    done = c->done[piece / 8] >> (piece % 8) & 1;
    if (set) {
        c->done[piece / 8] |= (uint8_t)(1u << (piece % 8));
    }
    g_mutex_unlock(&c->lock);
    return done;
}

/* Has one of the images from `first` to that in front of the floor anything of the piece? Or a negative errno. */
static int chain_has(const CopyImage *c, Image *first, uint64_t offset, uint64_t bytes)
{
    int kinds = 0;

    for (Image *image = first; image && image != c->floor && kinds >= 0 && !(kinds & IMAGE_HAS);
         image = image_backing(image)) {
        const uint64_t there = image_bytes(image);

        kinds = offset < there ? image_allocation(image, offset, MIN(bytes, there - offset)) : 0;
    }
    return kinds < 0 ? kinds : (kinds & IMAGE_HAS) != 0;
}

/* Is the piece one of those to be copied? Or a negative errno. */
static int is_wanted(CopyImage *c, uint64_t offset, uint64_t bytes)
{
    int kinds;

    if (c->what == COPY_NEW) {
        return c->mode == COPY_BACKUP;          /* what a write is about to change is wanted */
    }
    if (c->mode == COPY_STREAM) {
        kinds = image_allocation(c->source, offset, bytes);
        return kinds < 0 ? kinds : kinds & IMAGE_HAS_NOT ? chain_has(c, image_backing(c->source), offset, bytes) : 0;
    }
    return c->what == COPY_ALL ? true : chain_has(c, c->source, offset, bytes);
}

/* The piece's range is locked. *target: an error is the target's. */
static int transfer(CopyImage *c, uint64_t offset, bool *target)
{
    uint64_t rest = image_bytes(c->source) - offset, bytes = rest < COPY_PIECE ? rest : COPY_PIECE;
    uint8_t *buffer;
    int ret;

    if (posix_memalign((void **)&buffer, HOST_FILE_ALIGN, COPY_PIECE)) {
        return -ENOMEM;
    }
    ret = image_read(c->source, offset, buffer, bytes);
    *target = !ret;
    if (!ret && !buffer[0] && !memcmp(buffer, buffer + 1, bytes - 1)) {
        ret = image_write_zeroes(c->target, offset, bytes, true);
    } else if (!ret) {
        ret = image_write(c->target, offset, buffer, bytes);
    }
    if (!ret && c->done) {
        piece_done(c, offset / COPY_PIECE, true);
    }
    free(buffer);
    return ret;
}

static int copy_locked(CopyImage *c, uint64_t offset, bool *target)
{
    uint64_t rest = image_bytes(c->source) - offset, bytes = rest < COPY_PIECE ? rest : COPY_PIECE;
    int ret = c->done && piece_done(c, offset / COPY_PIECE, false) ? 0 : is_wanted(c, offset, bytes);

    return ret <= 0 ? ret : transfer(c, offset, target);
}

int copy_piece(CopyImage *c, uint64_t offset, bool *target)
{
    CopyRange range;
    int ret;

    copy_lock(c, &range, offset, 1);
    ret = c->what == COPY_NEW ? 0 : copy_locked(c, offset, target);
    copy_unlock(c, &range);
    return ret;
}

int copy_again(CopyImage *c, uint64_t offset, bool *target)
{
    CopyRange range;
    int ret;

    copy_lock(c, &range, offset, 1);
    ret = c->mode == COPY_MIRROR ? transfer(c, offset, target) : copy_locked(c, offset, target);
    copy_unlock(c, &range);
    return ret;
}

/* ---- the guest's requests ---- */

/* Its range is locked: what must be done for the target before the source changes. */
static void before_write(CopyImage *c, uint64_t offset, uint64_t bytes)
{
    uint64_t last = (offset + bytes - 1) / COPY_PIECE;

    for (uint64_t piece = offset / COPY_PIECE; c->mode == COPY_BACKUP && piece <= last && !copy_error(c); piece++) {
        bool target;
        int ret = copy_locked(c, piece * COPY_PIECE, &target);

        if (ret) {
            target_failed(c, ret);
        }
    }
}

static bool is_mirrored(CopyImage *c)
{
    return c->mode == COPY_MIRROR && !copy_error(c);
}

static int through_read(Image *image, uint64_t offset, void *buffer, size_t bytes)
{
    return image_read(copy_of(image)->source, offset, buffer, bytes);
}

static int through_write(Image *image, uint64_t offset, const void *buffer, size_t bytes)
{
    CopyImage *c = copy_of(image);
    CopyRange range;
    int ret;

    copy_lock(c, &range, offset, bytes);
    before_write(c, offset, bytes);
    ret = image_write(c->source, offset, buffer, bytes);
    if (!ret && is_mirrored(c)) {
        int error = image_write(c->target, offset, buffer, bytes);

        if (error) {
            mirror_failed(c, offset, bytes, error);
        }
    }
    copy_unlock(c, &range);
    return ret;
}

static int through_write_zeroes(Image *image, uint64_t offset, uint64_t bytes, bool unmap)
{
    CopyImage *c = copy_of(image);
    CopyRange range;
    int ret;

    copy_lock(c, &range, offset, bytes);
    before_write(c, offset, bytes);
    ret = image_write_zeroes(c->source, offset, bytes, unmap);
    if (!ret && is_mirrored(c)) {
        int error = image_write_zeroes(c->target, offset, bytes, unmap);

        if (error) {
            mirror_failed(c, offset, bytes, error);
        }
    }
    copy_unlock(c, &range);
    return ret;
}

static int through_flush(Image *image)
{
    CopyImage *c = copy_of(image);
    int error = c->mode != COPY_STREAM && !copy_error(c) ? image_flush(c->target) : 0;

    if (error) {
        target_failed(c, error);
    }
    return image_flush(c->source);
}

static int through_resize(Image *image, uint64_t bytes)
{
    return -EBUSY;
}

static int through_commit(Image *image, char **error)
{
    *error = g_strdup_printf("'%s' is being copied (query-block-jobs, block_job_cancel)", image->path);
    return -EBUSY;
}

static bool through_has_backing(const Image *image)
{
    return image_has_backing(((const CopyImage *)image)->source);
}

static Image *through_backing(Image *image)
{
    return image_backing(copy_of(image)->source);
}

static int through_extent(Image *image, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    return image_extent(copy_of(image)->source, offset, bytes, run);
}

static struct HostFile *through_file(Image *image)
{
    Image *source = copy_of(image)->source;

    return source->ops->file(source);
}

static int through_lock(Image *image, HostFileLock lock)
{
    return image_lock(copy_of(image)->source, lock);
}

static void through_interrupt(Image *image)
{
    image_interrupt(copy_of(image)->source);
    image_interrupt(copy_of(image)->target);
}

static const ImageOps copy_ops = {
    .read = through_read, .write = through_write, .write_zeroes = through_write_zeroes, .flush = through_flush,
    .resize = through_resize, .commit = through_commit, .has_backing = through_has_backing,
    .backing = through_backing, .extent = through_extent, .lock = through_lock, .interrupt = through_interrupt,
    .file = through_file,
};

CopyImage *copy_new(Image *source, Image *target, CopyMode mode, CopyWhat what, Image *floor, IOWork *failed)
{
    uint64_t pieces = image_bytes(source) / COPY_PIECE + 1;
    uint8_t *done = mode == COPY_BACKUP ? g_try_malloc0(pieces / 8 + 1) : NULL;
    CopyImage *c;

    if (mode == COPY_BACKUP && !done) {
        return NULL;
    }
    c = g_new0(CopyImage, 1);
    c->ops = copy_ops;
    c->ops.format = source->ops->format;
    c->image = (Image) { .ops = &c->ops, .path = source->path, .bytes = image_bytes(source),
                         .readonly = source->readonly, .opened = source->opened };
    c->source = source;
    c->target = target ? target : source;
    c->mode = mode;
    c->what = what;
    c->floor = floor;
    c->failed = failed;
    c->done = done;
    c->pieces = pieces;
    g_mutex_init(&c->lock);
    g_cond_init(&c->unlocked);
    return c;
}

void copy_free(CopyImage *c)
{
    g_mutex_clear(&c->lock);
    g_cond_clear(&c->unlocked);
    g_free(c->done);
    g_free(c->missed);
    g_free(c);
}

void copy_tolerate(CopyImage *c, BlockErrorPolicy on_target_error)
{
    c->missed = g_try_malloc0(c->pieces / 8 + 1);       /* without memory all errors are the copy's end */
    c->on_target_error = on_target_error;
}

void copy_leave_out(CopyImage *c, uint64_t offset)
{
    piece_done(c, offset / COPY_PIECE, true);
}

Image *copy_image(CopyImage *c)
{
    return &c->image;
}
