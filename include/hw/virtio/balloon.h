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
/* Called when the guest has another amount. One listener. */
void balloon_set_listener(void (*changed)(uint64_t bytes));
#endif
