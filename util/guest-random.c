/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers for guests: the host's, or with -seed a fixed sequence (the SplitMix64 generator), for runs to
 * compare.
 */
#include <string.h>
#include <sys/random.h>
#include <glib.h>
#include "qemu/guest-random.h"

static bool seeded;
static uint64_t state;

void guest_random_seed(uint64_t seed)
{
    seeded = true;
    state = seed;
}

uint64_t guest_random_state(void)
{
    return state;
}

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

bool guest_random(void *buf, size_t len)
{
    uint8_t *p = buf;

    if (!seeded) {
        return getrandom(buf, len, 0) == (ssize_t)len;  /* a call for so few bytes is not interrupted */
    }
    for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
        uint64_t n = GUINT64_TO_LE(next());

        memcpy(p + i, &n, MIN(sizeof(n), len - i));
    }
    return true;
}
