/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a debugger wants of the accelerator: breakpoints and watchpoints, CPUs that run one instruction, and why a CPU
 * stopped. Nothing here knows a protocol. I/O thread; the CPUs are paused unless noted. Implemented in
 * accel/tcg/debug.c.
 */
#ifndef SYSEMU_DEBUG_H
#define SYSEMU_DEBUG_H
#include <stdbool.h>
#include <stdint.h>

/* A hardware breakpoint is a software one by another name here: neither changes memory, and there is any number. */
typedef enum DebugPointKind {
    DEBUG_BREAK_SOFTWARE, DEBUG_BREAK_HARDWARE, DEBUG_WATCH_WRITE, DEBUG_WATCH_READ, DEBUG_WATCH_ACCESS, DEBUG_NB_KINDS
} DebugPointKind;

/*
 * A point is at a virtual address, in whatever address space. Breakpoints stop a CPU before the instruction at `addr`;
 * watchpoints before the one that accesses a byte of [addr, addr + len). To insert what is there changes nothing.
 * False: there are too many, or a range that is empty or wraps; or there is no such point to remove.
 */
bool debug_point_insert(DebugPointKind kind, uint32_t addr, uint32_t len);
bool debug_point_remove(DebugPointKind kind, uint32_t addr, uint32_t len);
void debug_points_clear(void);

typedef enum DebugRun { DEBUG_RUN, DEBUG_STEP, DEBUG_STAY } DebugRun;
/*
 * What the CPU does when the machine is started the next time. DEBUG_STEP: one instruction, or the entry to the
 * exception that it raises, then it stops; with `irqs` it may also be the entry to an interrupt's handler. DEBUG_STAY:
 * nothing, until the next stop or a reset.
 */
void debug_set_run(int cpu, DebugRun run, bool irqs);
/* Is the CPU between LDREX and STREX, or about to execute the first? */
bool debug_in_exclusive(int cpu);
/* A new PC for the CPU: it does not wait in WFI or WFE any more. */
void debug_wake(int cpu);

/* DEBUG_BEGIN: of a replay, which cannot go back further. */
typedef enum DebugReason { DEBUG_NONE, DEBUG_STEPPED, DEBUG_WATCHED, DEBUG_BROKE, DEBUG_BEGIN } DebugReason;
typedef struct DebugStop {
    DebugReason reason;
    int cpu;
    DebugPointKind kind;        /* of the point, if it was one */
    uint32_t addr;              /* DEBUG_BROKE: PC; DEBUG_WATCHED: the first byte of the access that is watched */
} DebugStop;
/*
 * Why CPUs stopped since this was asked last: the one to tell about. The others come to where they are again when they
 * go on, as they stopped before their instruction. All CPUs have run = DEBUG_RUN after that.
 */
DebugStop debug_take_stop(void);
/* Look again whether a CPU has stopped, once the machine runs. */
void debug_look_again(void);
/*
 * What points do: stop CPUs; or, in a replay, nothing but that the last one is noted where some CPU would have stopped;
 * or nothing.
 */
typedef enum DebugPointsMode { DEBUG_POINTS_STOP, DEBUG_POINTS_NOTE, DEBUG_POINTS_IGNORE } DebugPointsMode;
void debug_points_mode(DebugPointsMode mode);
/* The stop noted last since then, and after how many instructions it was (sysemu/icount.h). False: there was none. */
bool debug_noted(DebugStop *stop, uint64_t *icount);
/* Have debug_take_stop() tell this: the machine came to it in another way. */
void debug_report_stop(const DebugStop *stop);
/* `fn` is called on the I/O thread when a CPU has stopped; it must stop the machine, then call debug_take_stop(). */
void debug_set_handler(void (*fn)(void));
#endif
