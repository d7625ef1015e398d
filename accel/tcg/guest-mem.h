/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies from and to guest RAM while CPUs use it: by relaxed atomic accesses, aligned words as a whole, as a bus would.
 */
#ifndef ACCEL_TCG_GUEST_MEM_H
#define ACCEL_TCG_GUEST_MEM_H
#include <stdint.h>
#include <string.h>

/* Bytes of the next access. */
static inline uint32_t guest_mem_step(const void *guest, uint32_t len)
{
    if (!((uintptr_t)guest & 7) && len >= 8) {
        return 8;
    }
    return !((uintptr_t)guest & 3) && len >= 4 ? 4 : 1;
}

static inline void guest_mem_read(void *to, const void *guest, uint32_t len)
{
    uint8_t *d = to;
    const uint8_t *s = guest;

    while (len) {
        uint32_t n = guest_mem_step(s, len);

        if (n == 8) {
            uint64_t v = __atomic_load_n((const uint64_t *)(const void *)s, __ATOMIC_RELAXED);
            memcpy(d, &v, 8);
        } else if (n == 4) {
            uint32_t v = __atomic_load_n((const uint32_t *)(const void *)s, __ATOMIC_RELAXED);
            memcpy(d, &v, 4);
        } else {
            *d = __atomic_load_n(s, __ATOMIC_RELAXED);
        }
        d += n;
        s += n;
        len -= n;
    }
}

static inline void guest_mem_write(void *guest, const void *from, uint32_t len)
{
    uint8_t *d = guest;
    const uint8_t *s = from;

    while (len) {
        uint32_t n = guest_mem_step(d, len);

        if (n == 8) {
            uint64_t v;
            memcpy(&v, s, 8);
            __atomic_store_n((uint64_t *)(void *)d, v, __ATOMIC_RELAXED);
        } else if (n == 4) {
            uint32_t v;
            memcpy(&v, s, 4);
            __atomic_store_n((uint32_t *)(void *)d, v, __ATOMIC_RELAXED);
        } else {
            __atomic_store_n(d, *s, __ATOMIC_RELAXED);
        }
        d += n;
        s += n;
        len -= n;
    }
}
#endif
