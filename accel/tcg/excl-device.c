/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusives where there is no RAM (excl-device.h). Locks of programs without an operating system are in the board's
 * system registers, in flash, in the queue of a virtual device, or where nothing is at all.
 *
 * JITState.excl_host of such a reservation is no host address: EXCL_DEVICE and the physical one. STREX asks for it and
 * does not read the register again, since a read can have effects and what it gives may change by itself. It stands
 * until another CPU writes to the same doubleword, by whatever instruction.
 *
 * An access to a device may wait for all CPUs to leave guest code, or for a thread that does, so it cannot be made in
 * an exclusive section. It is announced in one, where no CPU is amid an access: under_way[]. Others who want to write
 * to the doubleword, or begin one of these instructions on it, wait until it is over, with E given up.
 */
#include <sched.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/excl-device.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/ldst.h"
#include "exec/memory.h"
#include "sysemu/cpus.h"

enum { GRANULE_BITS = 3 };

/* What the CPU is at, or 0; atomic. It begins in an exclusive section and ends anywhere: own thread. */
static uint64_t under_way[ARM_MAX_CPUS];

static uint64_t granule(uint32_t phys)
{
    return (EXCL_DEVICE | phys) >> GRANULE_BITS;
}

static bool is_under_way(const CPUARMState *env, uint32_t phys)
{
    for (int i = 0; i < cpu_count; i++) {
        if (cpu_states[i]->env != env &&
            __atomic_load_n(&under_way[i], __ATOMIC_ACQUIRE) >> GRANULE_BITS == granule(phys)) {
            return true;
        }
    }
    return false;
}

static void wait_a_little(void)
{
    bool token = cpu_wait_begin();

    sched_yield();
    cpu_wait_end(token);
}

/* The only CPU has nobody to exclude. */
static void begin(CPUARMState *env, uint32_t phys)
{
    while (cpu_count > 1) {
        bool free;

        exclusive_begin(env);
        excl_on_devices = true;
        free = !is_under_way(env, phys);
        if (free) {
            __atomic_store_n(&under_way[env->cpu_index], EXCL_DEVICE | phys, __ATOMIC_RELAXED);
        }
        exclusive_end();
        if (free) {
            return;
        }
        wait_a_little();
    }
}

static void end(CPUARMState *env)
{
    __atomic_store_n(&under_way[env->cpu_index], 0, __ATOMIC_RELEASE);
}

static void end_reservations(const CPUARMState *env, uint32_t phys)
{
    for (int i = 0; i < cpu_count; i++) {
        uint64_t *reserved = &env_jit(cpu_states[i]->env)->excl_host, was = __atomic_load_n(reserved, __ATOMIC_RELAXED);

        if (cpu_states[i]->env != env && was >> GRANULE_BITS == granule(phys)) {
            /* The CPU may get one in RAM meanwhile, but none here: begin() waits for this CPU. */
            __atomic_compare_exchange_n(reserved, &was, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
        }
    }
}

void excl_device_store(CPUARMState *env, uint32_t phys, unsigned size)
{
    uint32_t last = phys + size - 1;        /* one that is not aligned may reach the next doubleword */

    while (is_under_way(env, phys) || is_under_way(env, last)) {
        wait_a_little();
    }
    end_reservations(env, phys);
    end_reservations(env, last);
}

/* Where a reservation must be for a STREX to phys. An LDREX of flash may have been one of memory (emit-excl.c). */
static uint64_t place(const CPUARMState *env, uint32_t phys)
{
    const MemoryRegion *r = memory_find(phys);
    uint64_t rom = r && r->rom ? (uintptr_t)r->rom + (phys - r->base) : 0;

    return rom && env_jit(env)->excl_host == rom ? rom : EXCL_DEVICE | phys;
}

uint64_t excl_device_load(CPUARMState *env, uint32_t phys, unsigned size)
{
    JITState *jit = env_jit(env);
    uint64_t v;

    mmio_begin(env);
    begin(env, phys);
    v = mmio_get(env, phys, size);
    excl_reserve(env, EXCL_DEVICE | phys);
    jit->excl_slot = NULL;
    jit->excl_value = v;
    jit->excl_size = size;
    end(env);
    mmio_end_load(env);
    return v;
}

bool excl_device_commit(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size)
{
    bool ok;

    mmio_begin(env);
    begin(env, phys);
    ok = excl_reserved(env, place(env, phys), size);
    if (ok) {
        end_reservations(env, phys);
        mmio_put(env, phys, v, size);
    }
    end(env);
    if (ok) {
        mmio_end_store(env);            /* leaves, if the device could not: the reservation stands */
        env_jit(env)->count.strex_ok++;
    }
    excl_clear(env);
    return ok;
}

uint64_t excl_device_swap(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size)
{
    uint64_t old;

    mmio_begin(env);
    begin(env, phys);
    old = mmio_get(env, phys, size);
    if (!env_cpu(env)->access_waits) {
        end_reservations(env, phys);
        mmio_put(env, phys, v, size);
    }
    end(env);
    mmio_end_store(env);
    return old;
}
