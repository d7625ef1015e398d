/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX/STREX: the address-snapshot table with exact monitors (docs/exclusives.md).
 *
 * A RAM page is watched from the first LDREX to it on: every CPU's stores to it leave the fast path. Each 32-byte granule hashes
 * to a slot, a version that every store to a watched page changes. STREX succeeds if the version is still the LDREX's.
 */
#ifndef ACCEL_TCG_SNAPSHOT_H
#define ACCEL_TCG_SNAPSHOT_H
#include <stdbool.h>
#include <stdint.h>
#include "target/arm/cpu.h"

/* Shared with the inline code of tcg/x86_64/emit-excl.c: slot = hash of the host address of the granule. */
enum { EXCL_GRANULE_BITS = 5, EXCL_SLOT_BITS = 14, EXCL_SAMPLE = 16 };
#define EXCL_HASH 0x9e3779b1u

/* Once, before CPUs start. */
void exclusive_init(uint32_t ram_bytes);
/* When the CPU is created. */
void exclusive_cpu_init(CPUARMState *env);
/* Any CPU thread (relaxed); changes only inside exclusive sections. */
bool exclusive_page_watched(uint32_t phys_page);
/* A store of 1, 2, 4 or 8 aligned bytes to a watched page by CPU env: clears other CPUs' reservations. */
void exclusive_store(CPUARMState *env, uint32_t phys, uint8_t *host, uint64_t val, unsigned size);
/* A device writes len bytes to RAM at host: reservations of all CPUs on what it touches end. Any thread. */
void exclusive_dma_write(uint8_t *host, const void *buf, uint32_t len);
/* Drop CPU env's reservation (CLREX, reset). */
void exclusive_clear(CPUARMState *env);
#endif
