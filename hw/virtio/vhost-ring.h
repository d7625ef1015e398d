/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings between a device here and its back end in another process. They and the data lie in memory of their own, which
 * the back end maps; it never sees the guest's. So what it writes reaches the guest as all stores of devices do
 * (translated code and reservations notice), and what it does wrong stays where it is. The price is a copy.
 *
 * Nothing that the back end writes is trusted: descriptors and lengths are kept here. I/O thread.
 */
#ifndef HW_VIRTIO_VHOST_RING_H
#define HW_VIRTIO_VHOST_RING_H
#include "hw/virtio/virtio.h"
#include "hw/virtio/vhost-link.h"

enum { VHOST_RING_SIZE = 1024 };

typedef struct VhostMemory VhostMemory;
typedef struct VhostRing VhostRing;

/* Memory with rings for so many queues, and room for data; the back end is told. NULL: *err is a message (g_free()). */
VhostMemory *vhost_memory_new(VhostLink *l, unsigned rings, char **err);
/* The back end keeps its own view of it, so that nothing that it writes later reaches what comes after. */
void vhost_memory_free(VhostMemory *m);

VhostRing *vhost_memory_ring(VhostMemory *m, unsigned n);
/* Have the back end use ring n. False: it is gone. */
bool vhost_ring_start(VhostRing *r, VhostLink *l);
/* It uses it no more; what is under way is forgotten. */
void vhost_ring_stop(VhostRing *r, VhostLink *l);
/* Becomes readable when there may be something to take. */
int vhost_ring_call_fd(const VhostRing *r);

typedef enum VhostPut { VHOST_PUT, VHOST_PUT_LATER, VHOST_PUT_NEVER } VhostPut;
/* Hand the chain over. LATER: there is no room now, NEVER: there never is; the chain is still the caller's. */
VhostPut vhost_ring_put(VhostRing *r, VirtChain *chain);
/* Tell the back end of what was put. */
void vhost_ring_kick(VhostRing *r);
/*
 * The next chain that the back end is done with, its room filled; *written is what it says to have written. NULL: none,
 * or *wrong, if the back end broke the rules. `whole`: all of the room is copied, whatever it says.
 */
VirtChain *vhost_ring_take(VhostRing *r, bool whole, uint32_t *written, bool *wrong);
#endif
