/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM while CPUs use it: single accesses, and copies by relaxed atomic accesses, aligned words as a whole, as a
 * bus would.
 */
#ifndef ACCEL_TCG_GUEST_MEM_H
#define ACCEL_TCG_GUEST_MEM_H
#include <stdint.h>
#include <string.h>

/*
 * Unaligned accesses: one host instruction, which other CPUs may see in parts, as the architecture allows. C has no
 * name for that, so the thread sanitizer must not look.
 */
#define GUEST_MEM_UNALIGNED __attribute__((no_sanitize("thread")))
typedef uint16_t guest_unaligned16 __attribute__((aligned(1), may_alias));
typedef uint32_t guest_unaligned32 __attribute__((aligned(1), may_alias));
typedef uint64_t guest_unaligned64 __attribute__((aligned(1), may_alias));

GUEST_MEM_UNALIGNED static inline uint64_t guest_load_unaligned(const void *p, unsigned size)
{
    return size == 2 ? *(const guest_unaligned16 *)p : size == 4 ? *(const guest_unaligned32 *)p
                                                                 : *(const guest_unaligned64 *)p;
}

GUEST_MEM_UNALIGNED static inline void guest_store_unaligned(void *p, uint64_t v, unsigned size)
{
    if (size == 2) {
        *(guest_unaligned16 *)p = (uint16_t)v;
    } else if (size == 4) {
        *(guest_unaligned32 *)p = (uint32_t)v;
    } else {
        *(guest_unaligned64 *)p = v;
    }
}

/* A plain guest access of 1, 2, 4 or 8 bytes, little-endian. */
static inline uint64_t guest_load(const void *p, unsigned size)
{
    if ((uintptr_t)p & (size - 1)) {
        return guest_load_unaligned(p, size);
    }
    switch (size) {
    case 1:
        return __atomic_load_n((const uint8_t *)p, __ATOMIC_RELAXED);
    case 2:
        return __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED);
    case 4:
        return __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    default:
        return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
    }
}

static inline void guest_store(void *p, uint64_t v, unsigned size)
{
    if ((uintptr_t)p & (size - 1)) {
        guest_store_unaligned(p, v, size);
        return;
    }
    switch (size) {
    case 1:
        __atomic_store_n((uint8_t *)p, (uint8_t)v, __ATOMIC_RELAXED);
        break;
    case 2:
        __atomic_store_n((uint16_t *)p, (uint16_t)v, __ATOMIC_RELAXED);
        break;
    case 4:
        __atomic_store_n((uint32_t *)p, (uint32_t)v, __ATOMIC_RELAXED);
        break;
    default:
        __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELAXED);
        break;
    }
}

/* Bytes of the next access: no aligned halfword, word or doubleword is seen in parts. */
static inline uint32_t guest_mem_step(const void *guest, uint32_t len)
{
    uint32_t n = 8;

    while (((uintptr_t)guest & (n - 1)) || len < n) {
        n /= 2;
    }
    return n;
}

/* Both keep doublewords, nearly all there is in a page, free of calls. */
static inline void guest_mem_read(void *to, const void *guest, uint32_t len)
{
    uint8_t *d = to;
    const uint8_t *s = guest;

    /* A page is copied for each block that is built. */
    for (; len >= 64 && !((uintptr_t)s & 7); d += 64, s += 64, len -= 64) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < 64; i += 8) {
            uint64_t v = guest_load(s + i, 8);

            memcpy(d + i, &v, 8);
        }
    }
    while (len) {
        uint32_t n = guest_mem_step(s, len);
        uint64_t v;

        if (n == 8) {
            v = guest_load(s, 8);
            memcpy(d, &v, 8);
        } else {
            v = guest_load(s, n);
            memcpy(d, &v, n);
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
        uint64_t v = 0;

        if (n == 8) {
            memcpy(&v, s, 8);
            guest_store(d, v, 8);
        } else {
            memcpy(&v, s, n);
            guest_store(d, v, n);
        }
        d += n;
        s += n;
        len -= n;
    }
}
#endif
