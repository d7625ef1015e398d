/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: what an image has itself goes into the image behind it. The disk stays what it is at every moment, for readers
 * and after a kill: first all is written to the image behind and flushed, then the entries of this one go.
 *
 * The guest may write meanwhile. Clusters that it changes are marked (`changed`) and keep their entries.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/qcow2.h"

enum { AT_ONCE = 256 };         /* entries that are dropped while the guest's requests wait */

void qcow2_mark_changed(Qcow2 *q, uint64_t offset)
{
    if (q->changed) {
        uint64_t cluster = offset >> q->cluster_bits;

        q->changed[cluster / 8] |= (uint8_t)(1u << (cluster % 8));
    }
}

static bool is_changed(const Qcow2 *q, uint64_t offset)
{
    uint64_t cluster = offset >> q->cluster_bits;

    return q->changed[cluster / 8] >> (cluster % 8) & 1;
}

/*
 * The image behind is opened again for writing, and nobody else may use it. The one for reading is kept: somebody may
 * be on the way to interrupt it.
 */
static int open_for_writing(Qcow2 *q, char **error)
{
    ImageOptions options = q->backing->opened;
    Image *writable;

    if (!q->backing->readonly) {
        return 0;
    }
    options.readonly = false;
    options.no_lock = true;     /* our own lock for reading is in the way */
    writable = image_open_chain(q->backing->path, &options, 1, error);
    if (!writable) {
        return -EACCES;
    }
    pthread_rwlock_wrlock(&q->data);
    image_lock(q->backing, HOST_FILE_UNLOCKED);
    if (!q->backing->opened.no_lock && image_lock(writable, HOST_FILE_LOCKED_ALONE)) {
        image_lock(q->backing, HOST_FILE_LOCKED_SHARED);
        pthread_rwlock_unlock(&q->data);
        image_close(writable);
        *error = g_strdup_printf("'%s' is in use, by another process or another drive", q->backing->path);
        return -EBUSY;
    }
    q->backing_for_reading = q->backing;
    __atomic_store_n(&q->backing, writable, __ATOMIC_RELEASE);
    pthread_rwlock_unlock(&q->data);
    return 0;
}

static uint64_t cluster_end(const Qcow2 *q, uint64_t offset)
{
    uint64_t end = offset + q->cluster_size;

    return end < q->image.bytes ? end : q->image.bytes;
}

/* The mapping of a cluster, for which nobody waits. */
static int map_cluster(Qcow2 *q, uint64_t offset, Mapping *m)
{
    int ret;

    pthread_mutex_lock(&q->map);
    ret = qcow2_map(q, offset, 1, m);
    pthread_mutex_unlock(&q->map);
    return ret;
}

static int copy_all(Qcow2 *q, uint8_t *buffer)
{
    int ret = 0;

    for (uint64_t offset = 0; !ret && offset < q->image.bytes; offset = cluster_end(q, offset)) {
        size_t bytes = (size_t)(cluster_end(q, offset) - offset);
        Mapping m;

        ret = map_cluster(q, offset, &m);
        if (ret || m.kind == CLUSTER_UNALLOCATED) {
            continue;
        }
        if (m.kind == CLUSTER_ZERO) {
            ret = image_write_zeroes(q->backing, offset, bytes, false);
        } else {
            ret = image_read(&q->image, offset, buffer, bytes);
            ret = ret ? ret : image_write(q->backing, offset, buffer, bytes);
        }
    }
    return ret;
}

/* Entries of clusters that the image behind has from now on. Locks: data for writing, map. */
static int drop_entry(Qcow2 *q, uint64_t offset)
{
    Mapping m;
    int ret = is_changed(q, offset) ? 0 : qcow2_map(q, offset, 1, &m);

    if (ret || is_changed(q, offset) || m.kind == CLUSTER_UNALLOCATED) {
        return ret;
    }
    ret = qcow2_set_entry(q, offset, 0);
    return ret ? ret : qcow2_release_entry(q, m.entry);
}

static int drop_all(Qcow2 *q)
{
    int ret = 0;

    for (uint64_t offset = 0; !ret && offset < q->image.bytes; ) {
        pthread_rwlock_wrlock(&q->data);
        pthread_mutex_lock(&q->map);
        for (unsigned i = 0; !ret && i < AT_ONCE && offset < q->image.bytes; i++) {
            ret = drop_entry(q, offset);
            offset = cluster_end(q, offset);
        }
        pthread_mutex_unlock(&q->map);
        pthread_rwlock_unlock(&q->data);
    }
    return ret;
}

/* From here on, or no longer, clusters that are written are marked. False: no memory. */
static bool watch_changes(Qcow2 *q, bool watch)
{
    uint8_t *marks = watch ? g_try_malloc0((q->image.bytes >> q->cluster_bits) / 8 + 1) : NULL;

    /* Nobody is between looking up a cluster and writing it. */
    pthread_rwlock_wrlock(&q->data);
    pthread_mutex_lock(&q->map);
    g_free(q->changed);
    q->changed = marks;
    pthread_mutex_unlock(&q->map);
    pthread_rwlock_unlock(&q->data);
    return marks || !watch;
}

static int commit(Qcow2 *q, char **error)
{
    uint8_t *buffer;
    int ret;

    if (posix_memalign((void **)&buffer, HOST_FILE_ALIGN, q->cluster_size)) {
        return -ENOMEM;
    }
    ret = watch_changes(q, true) ? 0 : -ENOMEM;
    if (!ret && q->backing->bytes < q->image.bytes) {
        ret = image_resize(q->backing, q->image.bytes);
        if (ret) {
            *error = g_strdup_printf("'%s' cannot be made as long as the disk: %s (qemu-img resize)", q->backing->path,
                                     strerror(-ret));
        }
    }
    ret = ret ? ret : copy_all(q, buffer);
    ret = ret ? ret : image_flush(q->backing);
    ret = ret ? ret : drop_all(q);
    watch_changes(q, false);
    free(buffer);
    return ret;
}

int qcow2_commit(Image *image, char **error)
{
    Qcow2 *q = (Qcow2 *)image;
    int ret;

    if (!q->backing || q->image.readonly) {
        *error = g_strdup_printf("'%s': %s", image->path, !q->backing ? "there is no image behind it"
                                                                       : "it is open for reading only");
        return -EINVAL;
    }
    if (q->snapshots) {
        *error = g_strdup_printf("'%s' has snapshots, which would change", image->path);
        return -EINVAL;
    }
    ret = open_for_writing(q, error);
    if (!ret) {
        ret = commit(q, error);
    }
    if (ret && !*error) {
        *error = g_strdup_printf("'%s': %s", q->backing->path, strerror(-ret));
    }
    return ret;
}
