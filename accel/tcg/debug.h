/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the accelerator asks whether a debugger wants to see what the CPU does (sysemu/debug.h). Own CPU's thread,
 * reading E. Without a debugger each question is the load of one word, and none is asked in translated code.
 */
#ifndef ACCEL_TCG_DEBUG_H
#define ACCEL_TCG_DEBUG_H
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/debug-points.h"

/* Must the CPU stop before the instruction at PC? Then it is held, and the reason noted. */
bool debug_stop_at_pc(CPUState *cpu);
/* Does a debugger keep the CPU where it is? Any thread. */
bool debug_stays(const CPUState *cpu);
/* The CPU is at a boundary and was to make one step: has it done so? Then it is held. */
bool debug_step_done(CPUState *cpu);

/*
 * The CPU is about to access `size` bytes at va: if a watchpoint wants it, leave the instruction, of which nothing has
 * happened that cannot happen twice. regs[15] is exact.
 */
void debug_watch_hit(CPUARMState *env, uint32_t va, unsigned size, bool store);
static inline void debug_check_access(CPUARMState *env, uint32_t va, unsigned size, bool store)
{
    if (__builtin_expect(__atomic_load_n(&debug_watchpoints, __ATOMIC_RELAXED) != 0, 0)) {
        debug_watch_hit(env, va, size, store);
    }
}
#endif
