/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUs that must not go on until something outside has happened: a reader took output, a host file answered.
 *
 * Whoever emulates a CPU never waits inside a register access or a helper. It holds the CPU instead: the CPU finishes
 * what it does, leaves translated code, and sleeps at its main loop, where it is OUT of E. So it can be stopped, reset
 * and ended at any time, other CPUs can flush the code cache, and no lock is held (docs/locking.md). A CPU that is held
 * takes no interrupts, as one that waits for its bus, unless said otherwise below. A reset ends all holds.
 *
 * Thread-safe. Implemented in accel/tcg/cpu-hold.c.
 */
#ifndef SYSEMU_CPU_HOLD_H
#define SYSEMU_CPU_HOLD_H
#include <stdbool.h>
#include <stdint.h>
#include "exec/cpu-type.h"

/* One thing to wait for, and the CPUs that do. Zeroed; must not go away once it has been used. */
typedef struct CPUHold {
    uint32_t cpus;              /* bit per CPU; atomic */
    uint32_t listed;            /* atomic */
    struct CPUHold *next;       /* of all that were ever used */
} CPUHold;

/*
 * Hold the CPU that the calling thread runs; on other threads nothing happens. Translated code is left at the next
 * backward or indirect jump at the latest, so a little more of what is waited for may be asked for until then.
 */
void cpu_hold(CPUHold *h);
/* The same for CPU n while all CPUs are paused. I/O thread. */
void cpu_hold_other(CPUHold *h, int n);
/* It happened: all CPUs that are held by h go on. Any thread. */
void cpu_hold_end(CPUHold *h);
/*
 * For a register access that can do nothing before something has happened: hold the CPU that the calling thread runs,
 * and have it execute the instruction again, from the begin, when all holds have ended; an interrupt that it can take
 * ends this one, so a guest that polls a slow device with interrupts on keeps its clock. The caller changes nothing and
 * returns at once; what it returns is dropped. False: nobody can be held, so the access does what it can: there is no
 * CPU, or -icount is on, where requests to the host take no time that a guest could see.
 */
bool cpu_hold_access(CPUHold *h);
/* Is there anything that holds the CPU? CPU thread. */
bool cpu_is_held(CPUARMState *env);
/*
 * For an instruction that cannot end before something has happened for which the CPU is held: leave the instruction,
 * and call finish() at the main loop when all holds have ended. finish() gives the instruction its results and moves
 * regs[15] behind it, or leaves regs[15] alone; then the instruction is executed again, after interrupts. It may call
 * this again. If interrupt() is not NULL, it is called at the main loop as soon as the CPU could take an interrupt,
 * once; it may bring about the end of a hold. A reset drops the rest of the instruction. CPU thread, in a helper or in
 * finish().
 */
_Noreturn void cpu_leave_instruction(CPUARMState *env, void (*finish)(CPUARMState *env),
                                     void (*interrupt)(CPUARMState *env));
#endif
