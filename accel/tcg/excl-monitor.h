/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX/STREX: the address-snapshot table with exact monitors (docs/exclusives.md).
 *
 * A RAM page is watched from the first LDREX to it on: every CPU's stores to it leave the fast path. Each 32-byte
 * granule hashes to a slot, a version that every store to a watched page changes. STREX succeeds if the version is
 * still the LDREX's.
 */
#ifndef ACCEL_TCG_EXCL_MONITOR_H
#define ACCEL_TCG_EXCL_MONITOR_H
#include <stdbool.h>
#include <stdint.h>
#include "accel/tcg/jit-state.h"
#include "target/arm/cpu.h"

/* Shared with the inline code of tcg/x86_64/emit-excl.c: slot = hash of the host address of the granule. */
enum { EXCL_GRANULE_BITS = 5, EXCL_SLOT_BITS = 14, EXCL_SAMPLE = 16 };
#define EXCL_HASH 0x9e3779b1u
/* JITState.excl_host of a reservation elsewhere than in RAM: this, no host address has it, and the physical one. */
#define EXCL_DEVICE (1ull << 63)
/* Some CPU has had one. Changes in exclusive sections only. */
extern bool excl_on_devices;

/* When the CPU is created. */
void excl_cpu_init(CPUARMState *env);
/* -icount: the reservation that the CPU had, whose page is watched again. The CPUs are paused. */
void excl_restore(CPUARMState *env, uint64_t host, uint64_t value, uint32_t size);
/* What CPU env has reserved from now on: JITState.excl_host. Own thread. */
static inline void excl_reserve(CPUARMState *env, uint64_t where)
{
    __atomic_store_n(&env_jit(env)->excl_host, where, __ATOMIC_RELAXED);
}
/* Drop CPU env's reservation (CLREX, reset). */
void excl_clear(CPUARMState *env);
/*
 * LDREX of 1, 2, 4 or 8 aligned bytes at host, in RAM page `page`: the value as it lies in memory. Own CPU's thread, E
 * read.
 */
uint64_t excl_load(CPUARMState *env, uint32_t page, const uint8_t *host, unsigned size);

/* Is it what the CPU has reserved, or could it be? Counts why not. Own thread. */
bool excl_reserved(CPUARMState *env, uint64_t where, unsigned size);

/*
 * The stores; ram-write.c alone calls these, since that is half of a store (ram-write.h). A CPU's own thread, E read:
 * other CPUs' reservations on the bytes end. excl_store() may take an exclusive section when it has stored.
 */
void excl_store(CPUARMState *env, uint32_t page, uint8_t *host, uint64_t v, unsigned size);
uint64_t excl_swap(CPUARMState *env, uint32_t page, uint8_t *host, uint64_t v, unsigned size);
/* STREX: stores if the reservation stands. It is over then. */
bool excl_commit(CPUARMState *env, uint8_t *host, uint64_t v, unsigned size);
/* A device: reservations of all CPUs on what it touches end. Any thread. */
void excl_write(uint8_t *host, const void *buf, uint32_t len);
#endif
