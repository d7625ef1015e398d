/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX/STREX: the address-snapshot table with exact monitors (docs/exclusives.md).
 *
 * A RAM page is watched from the first LDREX to it on: every CPU's stores to it leave the fast path. Each 32-byte granule hashes
 * to a slot: a spin lock and one armed bit per CPU. LDREX, STREX, SWP and every store to a watched page work under the
 * slot's lock, so "no other CPU stored since" is exact, and A-B-A does not pass.
 */
#ifndef ACCEL_TCG_SNAPSHOT_H
#define ACCEL_TCG_SNAPSHOT_H
#include <stdbool.h>
#include <stdint.h>
#include "target/arm/cpu.h"

/* Once, before CPUs start. */
void exclusive_init(uint32_t ram_bytes);
/* Any CPU thread (relaxed); changes only inside exclusive sections. */
bool exclusive_page_watched(uint32_t phys_page);
/* A store of 1, 2, 4 or 8 aligned bytes to a watched page by CPU env: clears other CPUs' reservations. */
void exclusive_store(CPUARMState *env, uint32_t phys, uint8_t *host, uint64_t val, unsigned size);
/* Device DMA wrote [phys, phys+len) (call with the copy made inside an exclusive section, or right after it). Any thread. */
void exclusive_dma_store(uint32_t phys, uint32_t len);
/* Drop CPU env's reservation (CLREX, reset). */
void exclusive_clear(CPUARMState *env);
#endif
