/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transport's state, shared by its registers (virtio-mmio.c) and its queues (virtqueue.c).
 *
 * Lock: the device's own, for all that is not constant; it is held for moments, never around guest memory or the
 * device's functions. Those run in turns (virtio_enter() to virtio_leave()), which are the I/O thread's, or a CPU's for
 * what is done at once; the I/O thread waits for the end of a CPU's, which waits for nobody. A CPU that resets the
 * device or stops a queue waits for the end of the turn: from then on nothing of what was under way is written to the
 * guest's memory, since all of it belongs to an earlier epoch.
 */
#ifndef HW_VIRTIO_VIRTIO_INTERNAL_H
#define HW_VIRTIO_VIRTIO_INTERNAL_H
#include <pthread.h>
#include "hw/device.h"
#include "hw/irq.h"
#include "hw/virtio/virtio.h"
#include "qemu/io-loop.h"

enum {
    STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64,
    STATUS_FAILED = 128,
};
enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };

typedef struct VirtQueue {
    uint64_t desc, driver, device;  /* guest addresses of its three parts; of a ready queue below 4 GiB */
    uint32_t size, pfn, align;      /* pfn, align: legacy */
    bool ready;
    uint16_t last_avail, used;      /* the next one to take, to give back */
} VirtQueue;

struct VirtIO {
    Device dev;
    VirtIODevice device;            /* constant but for config; class NULL: nothing there */
    bool legacy;                    /* constant */
    uint32_t device_id;             /* of the class, 0: nothing there; constant */
    const IRQLine *irq;             /* constant */
    IOWork work;                    /* constant */
    CountedCond turn_over;      /* with lock */
    VirtQueue queue[VIRTIO_MAX_QUEUES];
    uint32_t features_sel, driver_features_sel, queue_sel, page_size;
    uint64_t driver_features;
    uint64_t state;                 /* the device's own bits */
    uint32_t status, isr, generation;
    uint8_t config_saved[VIRTIO_CONFIG_SAVED];  /* of a class with config_written(), in a saved state */
    DeviceBlob own;                 /* of a class with save() or load(), in a saved state */
    uint32_t epoch;                 /* number of resets and of stopped queues */
    bool broken, level;             /* level: of the line */
    bool reset_wanted, load_wanted, ready_wanted;   /* what the next turn tells the device, in this order */
    bool busy;                      /* a turn is under way */
    bool busy_here;                 /* ... of a CPU's thread: the I/O thread waits for its end */
    unsigned nested;                /* turns within the I/O thread's turn: parts of it */
    uint64_t turn;
    uint32_t turn_epoch;            /* when it began */
    uint32_t kicked;                /* bit n: queue n. atomic */
};

/* The only caller of irq_set(). Lock held. */
void virtio_update(VirtIO *v);
/* The function of `work`: a turn for the queues that were kicked. I/O thread. */
void virtio_work(void *opaque);
/* The driver told of buffers in the queue: a turn on this CPU's thread if that can be, else kick. No lock is held. */
void virtio_notified(VirtIO *v, unsigned queue);
/* Any lock may be held. */
void virtio_kick_all(VirtIO *v);
/* Wait for the end of the turn that is under way, if one is. No lock is held. */
void virtio_wait_turn_over(VirtIO *v);
#endif
