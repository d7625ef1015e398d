/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The futex system call as such: glibc has no wrappers. Used by futex.c and futex-pi.c. */
#ifndef TESTS_LINUX_FUTEX_H
#define TESTS_LINUX_FUTEX_H

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The kernel's struct timespec of this system call, whatever the C library's time_t is. */
typedef struct KernelTime {
    long tv_sec;
    long tv_nsec;
} KernelTime;

static inline long futex(uint32_t *word, int op, uint32_t value, const struct timespec *timeout, uint32_t *word2,
                         uint32_t value3)
{
    KernelTime at = { 0 };

    if (timeout) {
        at = (KernelTime){ .tv_sec = (long)timeout->tv_sec, .tv_nsec = timeout->tv_nsec };
    }
    return syscall(SYS_futex, word, op, value, timeout ? &at : NULL, word2, value3);
}

/* Operations whose fourth argument is a number. */
static inline long futex_two(uint32_t *word, int op, uint32_t value, uint32_t value2, uint32_t *word2, uint32_t value3)
{
    return syscall(SYS_futex, word, op, value, (unsigned long)value2, word2, value3);
}

static inline pid_t thread_id(void)
{
    return (pid_t)syscall(SYS_gettid);
}

#endif
