/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a loop that waits for another thread's store does between two looks. */
#ifndef HOST_RELAX_H
#define HOST_RELAX_H

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}
#endif
