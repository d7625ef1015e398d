/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory functions the compiler calls, a heap that only grows (CPU 0), random numbers. */
#include "runtime.h"

void *memset(void *d, int c, size_t n)
{
    uint8_t *p = d;

    while (n--) {
        *p++ = (uint8_t)c;
    }
    return d;
}

void *memcpy(void *d, const void *s, size_t n)
{
    uint8_t *p = d;
    const uint8_t *q = s;

    while (n--) {
        *p++ = *q++;
    }
    return d;
}

void *memmove(void *d, const void *s, size_t n)
{
    uint8_t *p = d;
    const uint8_t *q = s;

    if (p < q) {
        return memcpy(d, s, n);
    }
    while (n--) {
        p[n] = q[n];
    }
    return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (; n; n--, p++, q++) {
        if (*p != *q) {
            return *p - *q;
        }
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n]) {
        n++;
    }
    return n;
}

extern uint8_t heap[];

void *heap_alloc(uint32_t size, uint32_t align)
{
    static uint32_t next;
    uint32_t p = next ? next : (uint32_t)heap;

    p = (p + align - 1) & ~(align - 1);
    next = p + size;
    if (next > 0x02000000) {
        fail_hard("out of heap");
    }
    memset((void *)p, 0, size);
    return (void *)p;
}

uint32_t random32(uint32_t *state)
{
    uint32_t x = *state ? *state : 0x2545f491;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* libgcc's division calls this when somebody divides by zero. */
int raise(int signal);

int raise(int signal)
{
    (void)signal;
    fail_hard("division by zero");
}
