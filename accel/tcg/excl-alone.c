/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusives of the only CPU (excl-alone.h).
 *
 * While JITState.excl_shared is EXCL_ALONE, LDREX takes no version, and STREX is a test of excl_shared and a store, in
 * a restartable sequence: the two happen without an interruption of the thread, or not at all. A writer says in
 * excl_shared that it comes, and has the kernel interrupt all such sequences (membarrier()) before it stores: those
 * begun before are through or start again, and see excl_shared. From then on, and until the CPU takes it back, LDREX
 * and STREX go by the slots (excl-monitor.c), as writers do; a reservation made without a slot fails.
 *
 * Only the CPU's own thread goes back to EXCL_ALONE, where a reservation ends anyhow: so one that was made without a
 * slot, and finds EXCL_ALONE, saw no writer. It says EXCL_ALONE, then looks for writers; a writer counts itself, then
 * looks at excl_shared, both with a full barrier in between: one of them sees the other. Of two writers the second one
 * may come before the first one's membarrier() is through (EXCL_ANNOUNCED), and makes one of its own.
 *
 * To announce costs a writer some microseconds. It is done again after UNSHARE_AFTER STREXes at the earliest, which
 * together lost more than that by their locked instructions.
 */
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/excl-alone.h"
#include "accel/tcg/rseq.h"

enum { UNSHARE_AFTER = 4096 };

static uint32_t writers;                /* between excl_share() and excl_share_end(); atomic */

void excl_share(void)
{
    uint32_t *shared;

    if (cpu_count != 1) {
        return;
    }
    shared = &env_jit(cpu_states[0]->env)->excl_shared;
    __atomic_fetch_add(&writers, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(shared, __ATOMIC_SEQ_CST) == EXCL_SHARED) {
        return;
    }
    __atomic_store_n(shared, EXCL_ANNOUNCED, __ATOMIC_SEQ_CST);
    if (!current_cpu) {
        /* It can fail for want of memory only: excl_unshare() has tried. */
        while (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0)) {
            sched_yield();
        }
    }
    __atomic_store_n(shared, EXCL_SHARED, __ATOMIC_SEQ_CST);
}

void excl_share_end(void)
{
    if (cpu_count == 1) {
        __atomic_fetch_sub(&writers, 1, __ATOMIC_SEQ_CST);
    }
}

/* Asked once the CPU's thread runs; a host that does not offer all of it leaves all as it is. */
static bool can_be_alone(void)
{
    static enum { UNKNOWN, NO, YES } known;     /* the CPU's thread */

    if (known == UNKNOWN) {
        known = rseq_registered() && !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0) &&
                !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0) ? YES : NO;
    }
    return known == YES;
}

void excl_unshare(CPUARMState *env)
{
    JITState *jit = env_jit(env);

    jit->excl_patience = UNSHARE_AFTER;
    if (!can_be_alone()) {
        return;
    }
    __atomic_store_n(&jit->excl_shared, EXCL_ALONE, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&writers, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&jit->excl_shared, EXCL_SHARED, __ATOMIC_SEQ_CST);
    }
}
