/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX, STREX and SWP where there is no RAM: registers of devices, flash, addresses of nothing. docs/exclusives.md,
 * "Devices".
 *
 * All by the CPU's own thread, reading E; 1, 2, 4 or 8 aligned bytes at a physical address, values as a device has
 * them. Each may take an exclusive section, and may leave the instruction, which is executed again.
 */
#ifndef ACCEL_TCG_EXCL_DEVICE_H
#define ACCEL_TCG_EXCL_DEVICE_H
#include <stdbool.h>
#include <stdint.h>
#include "target/arm/cpu.h"

uint64_t excl_device_load(CPUARMState *env, uint32_t phys, unsigned size);
/* False: the reservation did not stand, nothing was written. It is over either way. */
bool excl_device_commit(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size);
/* SWP. Returns what was there. */
uint64_t excl_device_swap(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size);

/* A plain store of the CPU comes, and excl_on_devices: reservations of others end, after what is under way there. */
void excl_device_store(CPUARMState *env, uint32_t phys, unsigned size);

#endif
