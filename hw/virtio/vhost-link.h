/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection with a device's back end in another process, by the vhost-user protocol: requests of the front end,
 * and answers to some of them. I/O thread, before it the main thread.
 *
 * Waiting is bounded (five seconds): what takes longer counts as gone, and a back end that is gone stays so.
 */
#ifndef HW_VIRTIO_VHOST_LINK_H
#define HW_VIRTIO_VHOST_LINK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum VhostRequest {
    VHOST_GET_FEATURES = 1, VHOST_SET_FEATURES = 2, VHOST_SET_OWNER = 3, VHOST_SET_MEM_TABLE = 5,
    VHOST_SET_VRING_NUM = 8, VHOST_SET_VRING_ADDR = 9, VHOST_SET_VRING_BASE = 10, VHOST_GET_VRING_BASE = 11,
    VHOST_SET_VRING_KICK = 12, VHOST_SET_VRING_CALL = 13, VHOST_GET_PROTOCOL_FEATURES = 15,
    VHOST_SET_PROTOCOL_FEATURES = 16, VHOST_SET_VRING_ENABLE = 18, VHOST_GET_CONFIG = 24,
} VhostRequest;

#define VHOST_F_PROTOCOL_FEATURES   (1ull << 30)
#define VHOST_PROTOCOL_F_CONFIG     (1ull << 9)

enum { VHOST_MAX_CONFIG = 256 };

/* Bodies of requests and answers besides a plain u64. */
typedef struct VhostVringState { uint32_t index, num; } VhostVringState;
typedef struct VhostVringAddr { uint32_t index, flags; uint64_t desc, used, avail, log; } VhostVringAddr;
typedef struct VhostMemTable {
    uint32_t regions, padding;
    uint64_t guest_address, size, user_address, mmap_offset;    /* of the one region that there is here */
} VhostMemTable;

typedef struct VhostLink VhostLink;

/* vhost_link_open() is in hw/virtio/virtio-devices.h: it also learns what the other side can do. */
/* Features of the device that the other side offers, VHOST_F_PROTOCOL_FEATURES without. */
uint64_t vhost_link_features(const VhostLink *l);
/* Send a request, with a descriptor if fd is not -1. False: the other side is gone. */
bool vhost_link_send(VhostLink *l, VhostRequest request, const void *body, size_t bytes, int fd);
bool vhost_link_send_u64(VhostLink *l, VhostRequest request, uint64_t value, int fd);
/* Send one and wait for its answer, which has `bytes` bytes, too. False: as above. */
bool vhost_link_ask(VhostLink *l, VhostRequest request, void *body, size_t bytes);
/* The device's configuration space from its beginning on. False: it has none, or less. */
bool vhost_link_config(VhostLink *l, void *to, size_t bytes);
/* Rings of a back end with protocol features have to be enabled. */
bool vhost_link_enables_rings(const VhostLink *l);
bool vhost_link_gone(const VhostLink *l);
/* To be told when the other side goes: becomes readable. */
int vhost_link_fd(const VhostLink *l);
#endif
