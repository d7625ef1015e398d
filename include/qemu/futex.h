/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Futex system calls. */
#ifndef QEMU_FUTEX_H
#define QEMU_FUTEX_H
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleep while *word == value; may return early for any reason. */
static inline void futex_wait(uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

/* The same, but no longer than `ns`. True: the time is over. */
static inline bool futex_wait_ns(uint32_t *word, uint32_t value, int64_t ns)
{
    const struct timespec limit = { ns / 1000000000, ns % 1000000000 };

    return syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &limit, NULL, 0) < 0 && errno == ETIMEDOUT;
}

static inline void futex_wake_one(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static inline void futex_wake_all(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

#endif
