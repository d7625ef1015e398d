/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual I/O devices whose work another process does (vhost-user): a folder of the host (vhost-user-fs-device, by
 * virtiofsd), a disk (vhost-user-blk, by qemu-storage-daemon). Here are only the guest's side of the queues and the
 * configuration; chains are handed over (vhost-ring.h) and taken back.
 *
 * I/O thread alone. A device whose back end goes is broken: the driver is told, and nothing goes on.
 */
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include <glib-unix.h>
#include "hw/device.h"
#include "hw/virtio/vhost-ring.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"

/* Block device, section 5.2: what may be handed on. */
#define BLK_FEATURES \
    (1ull << 1 | 1ull << 2 | 1ull << 5 | 1ull << 6 | 1ull << 9 | 1ull << 10 | 1ull << 13 | 1ull << 14)
enum { BLK_CONFIG_BYTES = 60, FS_CONFIG_BYTES = 40, FS_TAG_BYTES = 36, FS_QUEUES = 2 };

typedef struct VhostDevice {
    VirtIO *v;                  /* constant, like link and whole */
    VhostLink *link;
    bool whole;                 /* the back end does not say how much it wrote */
    uint64_t features;          /* of the device that both sides may use; constant */
    unsigned queues;
    VhostMemory *memory;        /* NULL: the driver is not ready */
    guint watch[VIRTIO_MAX_QUEUES];
    bool waits[VIRTIO_MAX_QUEUES];      /* a chain is there for which there was no room */
} VhostDevice;

/* ---- the two ways ---- */

static void vhost_notify(void *dev, unsigned queue)
{
    VhostDevice *s = dev;
    VirtChain *c;

    s->waits[queue] = false;
    if (!s->memory) {
        return;
    }
    VhostRing *r = vhost_memory_ring(s->memory, queue);
    while (!s->waits[queue] && (c = virtqueue_pop(s->v, queue))) {
        switch (vhost_ring_put(r, c)) {
        case VHOST_PUT:
            break;
        case VHOST_PUT_LATER:
            s->waits[queue] = true;
            virtqueue_unpop(s->v, c);
            break;
        case VHOST_PUT_NEVER:
            qemu_log_mask(LOG_GUEST_ERROR, "vhost-user: a request of %u and %u bytes cannot be carried out\n",
                          c->out_bytes, c->in_bytes);
            virtqueue_push(s->v, c, 0);
            break;
        }
    }
    vhost_ring_kick(r);
}

/* In a turn. */
static void take_back(VhostDevice *s, unsigned queue)
{
    VhostRing *r = vhost_memory_ring(s->memory, queue);
    uint32_t written;
    bool wrong;
    VirtChain *c;

    while ((c = vhost_ring_take(r, s->whole, &written, &wrong))) {
        virtqueue_push(s->v, c, written);
    }
    if (wrong) {
        warn_report("vhost-user: the back end returned what it was not given; the device stops");
        virtio_broken(s->v, "its back end broke the rules");
    } else if (s->waits[queue]) {
        vhost_notify(s, queue);
    }
}

static gboolean on_call(gint fd, GIOCondition condition, gpointer opaque)
{
    VhostDevice *s = opaque;
    uint64_t count;

    (void)!read(fd, &count, sizeof(count));
    virtio_enter(s->v);
    for (unsigned n = 0; n < s->queues && s->memory; n++) {
        take_back(s, n);
    }
    virtio_leave(s->v);
    return G_SOURCE_CONTINUE;
}

static gboolean on_link(gint fd, GIOCondition condition, gpointer opaque)
{
    VhostDevice *s = opaque;

    warn_report("vhost-user: the back end is gone; its device does not work any more");
    virtio_enter(s->v);
    virtio_broken(s->v, "its back end is gone");
    virtio_leave(s->v);
    return G_SOURCE_REMOVE;
}

/* ---- start and stop ---- */

static void vhost_reset(void *dev)
{
    VhostDevice *s = dev;

    if (!s->memory) {
        return;
    }
    for (unsigned n = 0; n < s->queues; n++) {
        if (s->watch[n]) {
            g_source_remove(s->watch[n]);
        }
        s->watch[n] = 0;
        s->waits[n] = false;
        vhost_ring_stop(vhost_memory_ring(s->memory, n), s->link);
    }
    vhost_memory_free(s->memory);
    s->memory = NULL;
}

static void vhost_ready(void *dev)
{
    VhostDevice *s = dev;
    uint64_t agreed = (virtio_features(s->v) & s->features) |
                      (vhost_link_features(s->link) & VIRTIO_F_VERSION_1) |
                      (vhost_link_enables_rings(s->link) ? VHOST_F_PROTOCOL_FEATURES : 0);
    char *err = NULL;

    vhost_reset(s);
    if (vhost_link_send_u64(s->link, VHOST_SET_FEATURES, agreed, -1)) {
        s->memory = vhost_memory_new(s->link, s->queues, &err);
    }
    for (unsigned n = 0; s->memory && n < s->queues; n++) {
        VhostRing *r = vhost_memory_ring(s->memory, n);

        if (!vhost_ring_start(r, s->link)) {
            vhost_reset(s);
            break;
        }
        s->watch[n] = g_unix_fd_add(vhost_ring_call_fd(r), G_IO_IN, on_call, s);
    }
    if (!s->memory) {
        virtio_broken(s->v, err ? err : "its back end is gone");
        g_free(err);
        return;
    }
    for (unsigned n = 0; n < s->queues; n++) {
        virtio_kick(s->v, n);
    }
}

/* ---- the devices ---- */

static VhostDevice *vhost_new(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config, const VirtIOClass *class,
                              uint64_t features)
{
    VhostDevice *s = g_new0(VhostDevice, 1);

    s->v = v;
    s->link = config->vhost;
    s->queues = class->queues;
    s->features = features & vhost_link_features(s->link);
    g_unix_fd_add(vhost_link_fd(s->link), G_IO_IN | G_IO_HUP | G_IO_ERR, on_link, s);
    d->class = class;
    d->dev = s;
    d->features = s->features;
    return s;
}

static const VirtIOClass vhost_blk_class = {
    .name = "vhost-user-blk", .id = VIRTIO_ID_BLOCK, .queues = 1, .queue_size = 256, .notify = vhost_notify,
    .reset = vhost_reset, .ready = vhost_ready,
};

void vhost_blk_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    vhost_new(d, v, config, &vhost_blk_class, BLK_FEATURES)->whole = true;
    d->config_size = BLK_CONFIG_BYTES;
    if (!vhost_link_config(config->vhost, d->config, BLK_CONFIG_BYTES)) {
        error_exit("vhost-user-blk: the back end does not tell the disk's size: is it one for disks?");
    }
    devices_refuse_saving("what is under way in the back end of a vhost-user-blk is not part of the state");
}

static const VirtIOClass vhost_fs_class = {
    .name = "vhost-user-fs", .id = VIRTIO_ID_FS, .queues = FS_QUEUES, .queue_size = VIRTQUEUE_MAX_SIZE,
    .notify = vhost_notify, .reset = vhost_reset, .ready = vhost_ready,
};

void vhost_fs_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    uint32_t request_queues = FS_QUEUES - 1;

    vhost_new(d, v, config, &vhost_fs_class, 0);
    d->config_size = FS_CONFIG_BYTES;
    memcpy(d->config, config->tag, strnlen(config->tag, FS_TAG_BYTES));
    memcpy(d->config + FS_TAG_BYTES, &request_queues, sizeof(request_queues));
    devices_refuse_saving("the files that a vhost-user-fs-device has open in its back end are not part of the state");
}
