/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restartable sequences (rseq(2), Linux): code between two addresses that the kernel restarts elsewhere if the thread
 * was interrupted in it. The C library registers each thread (glibc 2.35 and newer). Used by excl-alone.c.
 */
#ifndef ACCEL_TCG_RSEQ_H
#define ACCEL_TCG_RSEQ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<sys/rseq.h>) && __has_include(<linux/rseq.h>)
#include <sys/rseq.h>
#define HAVE_RSEQ 1
#endif
#endif

/* What a thread's rseq_cs points at: `struct rseq_cs` of the kernel's interface. 32 bytes, aligned like that. */
typedef struct RseqSection {
    uint32_t version, flags;    /* 0 */
    uint64_t start, length;     /* the last instruction has to be the one that counts */
    uint64_t abort;             /* where to go on instead; RSEQ_MARK stands in front of it */
} RseqSection;
#define RSEQ_MARK 0x53053053u

/* Of rseq_cs from the thread pointer, the same in each thread. A multiple of 8. */
static inline int32_t rseq_cs_offset(void)
{
#ifdef HAVE_RSEQ
    return (int32_t)(__rseq_offset + (ptrdiff_t)offsetof(struct rseq, rseq_cs));
#else
    return 0;
#endif
}

/* Is the calling thread registered? */
static inline bool rseq_registered(void)
{
#ifdef HAVE_RSEQ
    const struct rseq *own = (const struct rseq *)(const void *)((const char *)__builtin_thread_pointer() +
                                                                 __rseq_offset);

    return __rseq_size && (int32_t)__atomic_load_n(&own->cpu_id, __ATOMIC_RELAXED) >= 0;
#else
    return false;
#endif
}
#endif
