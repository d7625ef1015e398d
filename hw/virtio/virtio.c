/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtual I/O device asks its transport for, and the turns in which it works (virtio-internal.h).
 */
#include <string.h>
#include "hw/virtio/virtio-internal.h"
#include "qemu/log.h"
#include "qemu/replay.h"
#include "sysemu/cpus.h"

/* ---- interrupt, turns ---- */

void virtio_update(VirtIO *v)
{
    bool level = v->isr;

    if (level != v->level) {
        v->level = level;
        irq_set(v->irq, level);
    }
}

void virtio_broken(VirtIO *v, const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: %s; nothing goes on until the device is reset\n", v->dev.name, why);
    counted_lock(&v->dev.lock);
    /* A reset in the middle of the turn has mended it. */
    v->broken = v->epoch == v->turn_epoch;
    if (v->broken && !v->legacy) {
        v->status |= STATUS_NEEDS_RESET;
        if (v->status & STATUS_DRIVER_OK) {
            v->isr |= ISR_CONFIG;
            virtio_update(v);
        }
    }
    counted_unlock(&v->dev.lock);
}

void virtio_enter(VirtIO *v)
{
    counted_lock(&v->dev.lock);
    while (v->busy_here) {
        counted_cond_wait(&v->turn_over, &v->dev.lock);
    }
    if (v->busy) {                      /* this thread's own: a back end calls back while the device asks it for more */
        v->nested++;
        counted_unlock(&v->dev.lock);
        return;
    }
    v->busy = true;
    v->turn++;
    v->turn_epoch = v->epoch;
    bool reset = v->reset_wanted, load = v->load_wanted, ready = v->ready_wanted;

    v->reset_wanted = v->load_wanted = v->ready_wanted = false;
    counted_unlock(&v->dev.lock);
    if (reset && v->device.class->reset) {
        v->device.class->reset(v->device.dev);
    }
    if (load && v->device.class->load) {
        if (!v->device.class->load(v->device.dev, v->own.data, v->own.bytes)) {
            virtio_broken(v, "its saved state is damaged");
        }
        g_clear_pointer(&v->own.data, g_free);
        v->own.bytes = 0;
    }
    if (ready && v->device.class->ready) {
        v->device.class->ready(v->device.dev);
    }
}

void virtio_leave(VirtIO *v)
{
    counted_lock(&v->dev.lock);
    if (v->nested) {
        v->nested--;
    } else {
        v->busy = v->busy_here = false;
        counted_cond_broadcast(&v->turn_over);
    }
    counted_unlock(&v->dev.lock);
}

void virtio_work(void *opaque)
{
    VirtIO *v = opaque;
    uint32_t kicked = __atomic_exchange_n(&v->kicked, 0, __ATOMIC_ACQ_REL);

    virtio_enter(v);
    for (unsigned n = 0; n < v->device.class->queues; n++) {
        if (kicked >> n & 1) {
            v->device.class->notify(v->device.dev, n);
        }
    }
    virtio_leave(v);
}

void virtio_kick(VirtIO *v, unsigned queue)
{
    __atomic_fetch_or(&v->kicked, 1u << queue, __ATOMIC_ACQ_REL);
    io_post(&v->work);
}

void virtio_notified(VirtIO *v, unsigned queue)
{
    bool here = v->device.class->notify_here && replay_mode == REPLAY_NONE;

    if (here) {
        counted_lock(&v->dev.lock);
        here = !v->busy && !v->reset_wanted && !v->ready_wanted;
        if (here) {
            v->busy = v->busy_here = true;
            v->turn++;
            v->turn_epoch = v->epoch;
        }
        counted_unlock(&v->dev.lock);
    }
    if (here) {
        here = v->device.class->notify_here(v->device.dev, queue);
        virtio_leave(v);
    }
    if (!here) {
        virtio_kick(v, queue);
    }
}

void virtio_kick_all(VirtIO *v)
{
    for (unsigned n = 0; n < v->device.class->queues; n++) {
        virtio_kick(v, n);
    }
}

/* The turn's thread may be waiting for this CPU: no lock is held. */
void virtio_wait_turn_over(VirtIO *v)
{
    bool token = cpu_wait_begin();

    counted_lock(&v->dev.lock);
    for (uint64_t turn = v->turn; v->busy && v->turn == turn; ) {
        counted_cond_wait(&v->turn_over, &v->dev.lock);
    }
    counted_unlock(&v->dev.lock);
    cpu_wait_end(token);
}

/* ---- what devices ask ---- */

uint64_t virtio_features(const VirtIO *v)
{
    VirtIO *lockable = (VirtIO *)(uintptr_t)v;

    counted_lock(&lockable->dev.lock);
    uint64_t features = v->driver_features;
    counted_unlock(&lockable->dev.lock);
    return features;
}

uint64_t virtio_state(const VirtIO *v)
{
    VirtIO *lockable = (VirtIO *)(uintptr_t)v;

    counted_lock(&lockable->dev.lock);
    uint64_t state = v->state;
    counted_unlock(&lockable->dev.lock);
    return state;
}

void virtio_set_state(VirtIO *v, uint64_t set, uint64_t clear)
{
    counted_lock(&v->dev.lock);
    if (v->epoch == v->turn_epoch) {
        v->state = (v->state & ~clear) | set;
    }
    counted_unlock(&v->dev.lock);
}

bool virtio_ready(const VirtIO *v)
{
    VirtIO *lockable = (VirtIO *)(uintptr_t)v;

    counted_lock(&lockable->dev.lock);
    bool ready = (v->status & STATUS_DRIVER_OK) && !v->broken;
    counted_unlock(&lockable->dev.lock);
    return ready;
}

void virtio_get_config(VirtIO *v, uint32_t offset, void *bytes, uint32_t size)
{
    counted_lock(&v->dev.lock);
    memcpy(bytes, v->device.config + offset, size);
    counted_unlock(&v->dev.lock);
}

void virtio_set_config(VirtIO *v, uint32_t offset, const void *bytes, uint32_t size)
{
    counted_lock(&v->dev.lock);
    memcpy(v->device.config + offset, bytes, size);
    v->generation++;
    if (v->status & STATUS_DRIVER_OK) {
        v->isr |= ISR_CONFIG;
        virtio_update(v);
    }
    counted_unlock(&v->dev.lock);
}
