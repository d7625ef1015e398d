/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A barrier of the guest's orders its CPU's stores before its loads. It matters only to who looks from another thread:
 * another CPU, or a device that writes memory (a CPU fills a ring, then reads whether the device has gone to sleep,
 * which has said so and looks into the ring again).
 *
 * Where one thread runs all CPUs only devices are left, and they look rarely. So the CPU's side costs nothing then, and
 * the device's side does the work of both: membarrier() has the host run a full barrier on every core that runs one of
 * our threads. It comes between the CPU's store and load, and then the store is seen; or before both, and then the load
 * sees what the device had written. Code that is translated keeps the order of the guest's accesses.
 */
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "accel/tcg/barrier.h"

bool barriers_are_free;

void barrier_init(bool one_thread)
{
    barriers_are_free = one_thread && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0) == 0;
}

void barrier_of_all_threads(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (barriers_are_free) {
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
    }
}
