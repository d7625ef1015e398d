/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slow path of loads and stores (translated code and interpreter). Own CPU, inside E's read section. pc = PC|T of the
 * instruction; mem = MEM_*. Raise data aborts.
 */
#ifndef ACCEL_TCG_LDST_H
#define ACCEL_TCG_LDST_H
#include "target/arm/cpu.h"

uint32_t slow_load(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc);        /* sizes 0-2 */
uint64_t slow_load64(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc);
void slow_store(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem, uint32_t pc);
void slow_store64(CPUARMState *env, uint32_t va, uint64_t val, uint32_t mem, uint32_t pc);
/* n elements of size 4 or 8 (mem) between [va...] and JITState.ldm_buf (as uint32_t[] or uint64_t[]). */
void slow_ldm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc);
void slow_stm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc);

/* Accesses of 1, 2, 4 or 8 bytes to a device, little-endian; in parts if it has no such access. */
uint64_t mmio_load(CPUARMState *env, uint32_t phys, unsigned size);
void mmio_store(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size);
/*
 * What they consist of, for those who do more in between. The beginning and the ends may leave the instruction. The
 * device may have asked for it to be executed again later: CPUState.access_waits.
 */
void mmio_begin(CPUARMState *env);
uint64_t mmio_get(CPUARMState *env, uint32_t phys, unsigned size);
void mmio_put(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size);
void mmio_end_load(CPUARMState *env);
void mmio_end_store(CPUARMState *env);
#endif
