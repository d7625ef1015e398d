/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting instructions (sysemu/icount.h), inside the accelerator. */
#ifndef ACCEL_TCG_ICOUNT_H
#define ACCEL_TCG_ICOUNT_H
#include "accel/tcg/cpu-state.h"
#include "sysemu/icount.h"

void icount_init(const IcountOptions *o);

/* Of the block that runs, the instructions that are not executed: that at regs[15], which is exact, and all behind. */
static inline uint32_t icount_behind(const CPUARMState *env)
{
    uint32_t pc = env->regs[15];

    return (env_jit(env)->block_end - (pc & ~1u)) / (pc & 1 ? 2 : 4);
}

/*
 * A register of a device is to be accessed. If the instruction is not the last of its block, leave, and execute it in a
 * block of its own: then time is exact, and what the access changes (an interrupt, a timer) is looked at right behind
 * it, wherever blocks begin and end. CPU thread.
 */
void icount_before_mmio(CPUARMState *env);
/* The CPU is about to leave an instruction, if it is in one, and will execute it again: plugins know of it then. */
void icount_leave_told(CPUState *cpu);
/* It has been accessed: if the device left something to be done on another thread, the slice ends here. */
void icount_after_mmio(CPUARMState *env);

/* ---- for the thread that runs the CPUs ---- */
void *cpus_icount_thread(void *opaque);
/* Before it; main thread. parallel: as IcountOptions.parallel. */
void cpus_icount_init(bool parallel);
/* The CPU gets `budget` instructions; how many of them it has executed. */
void icount_begin_slice(CPUState *cpu, int32_t budget);
int32_t icount_end_slice(CPUState *cpu);
/* CPUs beside each other have executed so many in all. */
void icount_add(uint64_t executed);
int64_t icount_host_ns(void);
/* What the clock is made of. */
typedef struct IcountClock {
    uint64_t executed;
    int64_t ns, warped_ns;
    unsigned shift;
} IcountClock;
IcountClock icount_get_clock(void);
void icount_set_clock(const IcountClock *c);
/* For a debugger's step the budget is `insns`. Afterwards: has an instruction been executed? */
void icount_step(CPUState *cpu, int32_t insns);
bool icount_step_end(CPUState *cpu);
/* Virtual time now; that all CPUs slept until. */
int64_t icount_ns(void);
void icount_warp(int64_t ns);
void icount_set_shift(unsigned shift);
/* How many instructions until that time, at least 1. */
int64_t icount_until(int64_t ns);
/* shift=auto: look whether the guest is too slow or too fast. align=on: wait for the host's clock. */
void icount_pace(void);
/* The CPU that runs has given work to CPU n: its turn is over. Any thread. */
void icount_kick(int n);
#endif
