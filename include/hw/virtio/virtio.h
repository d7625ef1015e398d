/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual I/O devices (Virtual I/O Device Specification 1.2): what a device (a disk, a network card) and the transport
 * that shows it to the guest know of each other.
 *
 * A device works on the I/O thread: the transport calls notify() there, the device takes chains of buffers from its
 * queues, and gives them back there. Nothing that the guest wrote is trusted: chains come with all their addresses
 * checked, and their lengths bounded. Implemented in hw/virtio/virtqueue.c and virtio.c.
 */
#ifndef HW_VIRTIO_VIRTIO_H
#define HW_VIRTIO_VIRTIO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

typedef struct VirtIO VirtIO;   /* a transport, as its device sees it */

enum { VIRTIO_MAX_QUEUES = 32, VIRTIO_MAX_CONFIG = 136, VIRTQUEUE_MAX_SIZE = 1024, VIRTIO_MAX_SEGMENTS = 1024 };
enum {
    VIRTIO_ID_NET = 1, VIRTIO_ID_BLOCK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4, VIRTIO_ID_BALLOON = 5,
    VIRTIO_ID_9P = 9, VIRTIO_ID_GPU = 16, VIRTIO_ID_INPUT = 18, VIRTIO_ID_FS = 26,
};

/* Features of all devices; the transport adds them to the device's own. */
#define VIRTIO_F_INDIRECT_DESC  (1ull << 28)
#define VIRTIO_F_EVENT_IDX      (1ull << 29)
#define VIRTIO_F_VERSION_1      (1ull << 32)

/*
 * All functions are called in turns, without locks, `dev` being the device; those that it lacks are NULL. A turn is the
 * I/O thread's, but for notify_here().
 */
enum { VIRTIO_CONFIG_SAVED = 8 };

typedef struct VirtIOClass {
    const char *name;
    uint32_t id;                /* VIRTIO_ID_... */
    unsigned queues;
    uint16_t queue_size;        /* of each queue at most; a power of 2 */
    /* Of the configuration, what the driver may write: the first byte and how many; they are 0 after a reset. */
    uint16_t writable_at, writable_bytes;
    /*
     * Some of these were written, or they and the first VIRTIO_CONFIG_SAVED bytes were loaded: bring the others up to
     * date. On any thread with the transport's lock held.
     */
    void (*config_written)(void *dev, uint8_t *config);
    /* There may be something in the queue. */
    void (*notify)(void *dev, unsigned queue);
    /*
     * notify() on the thread of the CPU that said so, in a turn of its own: what can be done in microseconds, without
     * waiting for anybody. False: the I/O thread has to call notify().
     */
    bool (*notify_here)(void *dev, unsigned queue);
    /* Forget what is under way: chains that were taken are not to be given back. */
    void (*reset)(void *dev);
    /* The driver is ready (DRIVER_OK). */
    void (*ready)(void *dev);
    /* The machine's state is going to be saved: give back every chain. With all CPUs stopped, and in no turn. */
    void (*drain)(void *dev);
    /* After that, in a turn: append what of its state is not in virtio_state() and the queues. */
    void (*save)(void *dev, GByteArray *to);
    /* NULL, or why this cannot be saved as it is (g_free). */
    char *(*save_problem)(void *dev);
    /* After reset(), before ready(): take up what save() of any emulator wrote. False: it is damaged. */
    bool (*load)(void *dev, const uint8_t *data, size_t bytes);
} VirtIOClass;

typedef struct VirtIODevice {
    const VirtIOClass *class;
    void *dev;
    uint64_t features;          /* of the device itself; constant */
    uint32_t config_size;
    uint8_t config[VIRTIO_MAX_CONFIG];  /* as it is at first; later: virtio_set_config() */
} VirtIODevice;

/* A piece of guest memory: all of it is RAM. */
typedef struct VirtSegment {
    uint32_t addr, len;
} VirtSegment;

/* What the driver made available as one: bytes for the device to read, and room for it to write. */
typedef struct VirtChain {
    unsigned queue;
    uint16_t head;
    uint32_t epoch;             /* of the device's resets */
    uint16_t outs, ins;
    uint32_t out_bytes, in_bytes;
    VirtSegment *segment;       /* outs that are read, then ins that are written */
} VirtChain;

/* ---- for devices; I/O thread, no lock held ---- */

/* The next chain of the queue, to be freed or pushed; NULL: there is none now, notify() will follow. */
VirtChain *virtqueue_pop(VirtIO *v, unsigned queue);
/* Leave it where it was: the next virtqueue_pop() gives it again. It must be the last one taken. Frees it. */
void virtqueue_unpop(VirtIO *v, VirtChain *chain);
/* Give the chain back, of whose room `written` bytes were written; frees it. Of an earlier epoch: only frees it. */
void virtqueue_push(VirtIO *v, VirtChain *chain, uint32_t written);
void virt_chain_free(VirtChain *chain);
/* Copy from what is to be read, from `offset` on, or to the room; false: not so much there, nothing is copied. */
bool virt_chain_read(const VirtChain *chain, uint32_t offset, void *to, uint32_t bytes);
bool virt_chain_write(const VirtChain *chain, uint32_t offset, const void *from, uint32_t bytes);
/* Is the chain older than the last reset? Its memory may be something else by now. */
bool virt_chain_stale(const VirtIO *v, const VirtChain *chain);

/*
 * Around what a device does with its queues outside of its class's functions, such as in a back end's callback. Resets
 * are seen, reset() is called, in virtio_enter() alone, unless it is called within a turn of the same thread: that turn
 * goes on. I/O thread.
 */
void virtio_enter(VirtIO *v);
void virtio_leave(VirtIO *v);

/* What driver and device agreed on; 0 until they did. */
uint64_t virtio_features(const VirtIO *v);
/*
 * What the device itself has to remember across a saved state, as bits of its own; 0 after a reset. In a turn; a turn
 * in the middle of which the driver has reset the device sets nothing.
 */
uint64_t virtio_state(const VirtIO *v);
void virtio_set_state(VirtIO *v, uint64_t set, uint64_t clear);
/* Is the driver ready? */
bool virtio_ready(const VirtIO *v);
/* Call notify() for the queue soon. Any thread, any lock may be held. */
void virtio_kick(VirtIO *v, unsigned queue);
/* Change the device's configuration space, and tell the driver. */
void virtio_set_config(VirtIO *v, uint32_t offset, const void *bytes, uint32_t size);
void virtio_get_config(VirtIO *v, uint32_t offset, void *bytes, uint32_t size);
/* The driver broke the rules: nothing goes on until it resets the device. */
void virtio_broken(VirtIO *v, const char *why);
#endif
