/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of disks that share their limits (block/throttle.h): a disk that is alone has a group of its own name. What
 * has to wait is queued by its disk and its direction, and the disks take turns. One lock guards all groups; nothing is
 * taken below it but GLib's. Implemented in block/throttle-group.c.
 */
#ifndef BLOCK_THROTTLE_GROUP_H
#define BLOCK_THROTTLE_GROUP_H
#include <glib.h>
#include "block/block.h"
#include "block/throttle.h"

/* A disk. Zeroes to begin with. */
typedef struct ThrottleMember {
    struct ThrottleGroup *group;        /* NULL: no limits. Written with the lock by the I/O thread; atomic */
    GQueue waiting[2];                  /* of BlockRequest: reads, writes. lock */
    unsigned free;                      /* > 0: nothing has to wait. lock */
} ThrottleMember;

/* True: the request waits; blk_start() will be called on the I/O thread, with no lock held. Any thread, any lock. */
bool throttle_delay(ThrottleMember *member, BlockRequest *request);
/* The I/O thread: let everything go, and all that comes until false is said. */
void throttle_set_free(ThrottleMember *member, bool is_free);
/* Be of the group of that name, which is made if there is none; NULL: of none. What waits goes. I/O thread. */
void throttle_join(ThrottleMember *member, const char *name);
/* What the disk is of, and its limits and how many requests wait; NULL: of none. I/O thread. */
const char *throttle_group_of(const ThrottleMember *member, ThrottleConfig *config, unsigned *waiting);
#endif
