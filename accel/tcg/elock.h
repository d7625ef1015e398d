/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * E, PQEMU's read/write lock over the code caches, as a big-reader lock: a CPU thread is a reader while it is between
 * elock_read_enter() and elock_read_exit() (Find Fast .. Execute); entering touches only the CPU's own cache line. A
 * writer (Flush, Invalidate, revoking store rights, watching a page) stops every CPU: raises exit_request, waits
 * until no CPU reads.
 */
#ifndef ACCEL_TCG_ELOCK_H
#define ACCEL_TCG_ELOCK_H
#include "target/arm/cpu.h"
/* CPUState.reading. SUSPENDED: in an exclusive section, or waiting for one, that was begun inside exec(). */
enum { ELOCK_OUT = 0, ELOCK_READING = 1, ELOCK_WAITED = 2, ELOCK_SUSPENDED = 4 };
/* CPU thread, main loop only. */
void elock_read_enter(CPUARMState *env);
void elock_read_exit(CPUARMState *env);
/* CPU thread: does somebody wait for the CPUs to stop? Then leave E soon. */
bool elock_wanted(void);
/* CPUs that wait to read and were overtaken by writers so often that the next writers give way. Any thread. */
unsigned elock_starving(void);
/*
 * Give up the read right for a while, and take it back: around something that may wait for another thread, such as a
 * register access that takes a device's lock. Then that thread may hold the lock and begin an exclusive section. What
 * was looked up before must be looked up again, as after an exclusive section. No effect inside one. CPU thread,
 * reading.
 */
void elock_suspend(CPUARMState *env);
void elock_resume(CPUARMState *env);
/*
 * Exclusive section: no other CPU runs guest code or touches caches, TLBs or MPD until exclusive_end(). `env`: the
 * calling CPU (which is inside its own read section, possibly deep in a helper: its own read right is suspended
 * meanwhile and taken back by exclusive_end()), or NULL on a thread that runs no CPU (device DMA). Nestable on one
 * thread. Two writers queue; while waiting, a CPU counts as stopped, so what it looked up before must be looked up
 * again (its current block stays valid memory: blocks are only unlinked, code memory is recycled by Flush from the
 * main loop alone).
 */
void exclusive_begin(CPUARMState *env);
void exclusive_end(void);
/*
 * Like exclusive_begin/end, and besides every other CPU is at its main loop: none is even suspended inside exec().
 * Flush of a cache that is shared uses it. Main loop only (not inside exec(), not inside an exclusive section), or
 * env NULL.
 */
void elock_flush_begin(CPUARMState *env);
void elock_flush_end(void);
#endif
