/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of its memory the guest is asked to do without, and does (hw/virtio/virtio-balloon.c). I/O thread. The first
 * balloon is meant, if there are several.
 */
#ifndef HW_VIRTIO_BALLOON_H
#define HW_VIRTIO_BALLOON_H
#include <stdbool.h>
#include <stdint.h>

/* What the guest has, in bytes; false: there is no balloon. */
bool balloon_actual(uint64_t *bytes);
/* Ask the guest to have that much, from 1 byte to all there is (more is all); false: there is no balloon. */
bool balloon_set_target(uint64_t bytes);
/*
 * What the guest says of its memory (Virtual I/O Device 1.2, section 5.5.6.3). Values are in the order of their tags:
 * bytes swapped in and out, major and minor faults, bytes free, in all, available and of disk caches, huge pages that
 * were allocated and that were not to be had.
 */
enum { BALLOON_STATS = 10 };
typedef struct BalloonStats {
    int64_t last_update;                /* seconds since 1970 by the host's clock; 0: there was none */
    uint64_t value[BALLOON_STATS];      /* UINT64_MAX: the guest does not say */
} BalloonStats;
/* False: there is no balloon. */
bool balloon_stats(BalloonStats *stats);
/* The guest is asked every so many seconds of its time, from now on; 0: never, as at the start. */
void balloon_set_polling(uint32_t seconds);
uint32_t balloon_polling(void);
/* Called when the guest has another amount. One listener. */
void balloon_set_listener(void (*changed)(uint64_t bytes));
#endif
