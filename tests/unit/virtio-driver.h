/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver of a virtual device on the bench (device-stubs.h), in steps: tests may leave some out or take wrong ones. */
#ifndef TESTS_UNIT_VIRTIO_DRIVER_H
#define TESTS_UNIT_VIRTIO_DRIVER_H
#include <stdint.h>

enum { DRIVER_QUEUE_SIZE = 8 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

/* Guest memory, little-endian. */
void put16(uint32_t at, uint16_t v);
void put32(uint32_t at, uint32_t v);
void put64(uint32_t at, uint64_t v);
uint16_t get16(uint32_t at);
uint32_t get32(uint32_t at);

/* Descriptor n of a table. */
void desc_in(uint32_t table, unsigned n, uint64_t addr, uint32_t len, unsigned flags, unsigned next);
/* Make the chain that begins at `head` available in that ring. */
void avail_in(uint32_t ring, unsigned head);
/* Of a device that was reset: agree on features of the low half, up to FEATURES_OK. */
void driver_negotiate(uint32_t base, uint32_t features);
void driver_queue(uint32_t base, unsigned queue, uint32_t desc, uint32_t avail, uint32_t used);
#endif
