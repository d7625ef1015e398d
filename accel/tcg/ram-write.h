/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores to RAM that CPUs have no direct right to make, and those of devices: the one place that knows in which order
 * text, reservations and memory change (ram-write.c). Addresses are RAM addresses (ram-page.h), `host` is the same
 * place.
 *
 * CPUs: own thread, inside E's read section; 1, 2, 4 or 8 bytes inside a page, values as they lie in memory. Each may
 * take an exclusive section; what was looked up before must then be looked up again.
 */
#ifndef ACCEL_TCG_RAM_WRITE_H
#define ACCEL_TCG_RAM_WRITE_H
#include <stdbool.h>
#include <stdint.h>
#include "target/arm/cpu.h"

void ram_store(CPUARMState *env, uint32_t ram, uint8_t *host, uint64_t v, unsigned size);
/* SWP; 1 or 4 aligned bytes. Returns what was there. */
uint64_t ram_swap(CPUARMState *env, uint32_t ram, uint8_t *host, uint64_t v, unsigned size);
/* STREX; aligned. False: the reservation did not stand, nothing was stored. It is over either way. */
bool ram_store_exclusive(CPUARMState *env, uint32_t ram, uint8_t *host, uint64_t v, unsigned size);
/*
 * A device's or loader's write, of any length > 0 inside a block of RAM. Any thread, holding no lock that a register
 * access takes: it may wait for all CPUs to leave guest code.
 */
void ram_write(uint32_t ram, uint8_t *host, const void *buf, uint32_t len);
#endif
