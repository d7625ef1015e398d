/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the emulator does, and for how long: events of the guest CPUs, waits for locks, interrupts (docs/observe.md).
 *
 * A *track* belongs to one guest CPU, or to the I/O thread. Whoever runs a CPU writes its track and nobody else, so no
 * lock is needed; a thread without a track is not observed. Everything here is off unless -accel tcg,stats= or trace=
 * asked for it: then each call is one test of a flag word. Implemented in util/observe.c and util/observe-trace.c.
 */
#ifndef QEMU_OBSERVE_H
#define QEMU_OBSERVE_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* X(ID, name): the events of a CPU, as PQEMU names them. Their pairs are bound by the contract of docs/caches.md. */
#define OBSERVE_EVENTS(X) \
    X(IDLE, "Idle") X(FIND_FAST, "Find Fast") X(FIND_SLOW, "Find Slow") X(BUILD, "Build") X(CHAIN, "Chain") \
    X(EXECUTE, "Execute") X(UNCHAIN, "Unchain") X(RESTORE, "Restore") X(FLUSH, "Flush") X(INVALIDATE, "Invalidate")
/* Spans that are no events of PQEMU's: the part of Build that needs B; E and the other locks, held and waited for. */
#define OBSERVE_SPANS(X) \
    X(PUBLISH, "Publish") X(E_READ, "E read") X(E_READ_WAIT, "wait for E read") \
    X(EXCLUSIVE, "Exclusive") X(E_WRITE_WAIT, "wait for E write") \
    X(PAGE_WAIT, "wait for a page lock") X(LOCK, "lock") X(LOCK_WAIT, "wait for lock")
/* Moments. */
#define OBSERVE_INSTANTS(X) \
    X(IRQ, "IRQ") X(FIQ, "FIQ") X(SGI_SENT, "SGI sent") X(SGI_TAKEN, "SGI taken")

typedef enum ObserveKind {
#define X(id, name) OBS_##id,
    OBSERVE_EVENTS(X)
    OBS_NB_EVENTS,
    OBS_BEFORE_SPANS = OBS_NB_EVENTS - 1,
    OBSERVE_SPANS(X)
    OBS_NB_SPANS,
    OBS_BEFORE_INSTANTS = OBS_NB_SPANS - 1,
    OBSERVE_INSTANTS(X)
    OBS_NB_KINDS
#undef X
} ObserveKind;

enum { OBSERVE_TIMES = 1, OBSERVE_TRACE = 2 };
/* Written before the threads start, and once more when the emulator crashes; relaxed. */
extern uint32_t observe_flags;
#define observe_on() __builtin_expect(__atomic_load_n(&observe_flags, __ATOMIC_RELAXED) != 0, 0)

enum { OBSERVE_CPUS = 4, OBSERVE_IO = OBSERVE_CPUS, OBSERVE_TRACKS };

/* Total and maximum, in ns. Written by the track's thread, read by anyone (relaxed). */
typedef struct ObserveTime {
    uint64_t timed, total, max;
} ObserveTime;

/* ---- recording; own thread ---- */

/* The thread acts for this track from now on; -1: for none. */
void observe_set_track(int track);
void observe_begin_slow(ObserveKind kind);
void observe_end_slow(ObserveKind kind);
void observe_suspend_slow(void);
void observe_resume_slow(void);
void observe_instant_slow(ObserveKind kind);

/* A span that nests in those that are open. Begin after its lock was got, end before it is given back. */
static inline void observe_begin(ObserveKind kind)
{
    if (observe_on()) {
        observe_begin_slow(kind);
    }
}

/* End the innermost span of this kind, and those inside it. Without one: nothing happens. */
static inline void observe_end(ObserveKind kind)
{
    if (observe_on()) {
        observe_end_slow(kind);
    }
}

/* E is given up in the middle of everything that is open: it stops here and goes on at observe_resume(). */
static inline void observe_suspend(void)
{
    if (observe_on()) {
        observe_suspend_slow();
    }
}

static inline void observe_resume(void)
{
    if (observe_on()) {
        observe_resume_slow();
    }
}

static inline void observe_instant(ObserveKind kind)
{
    if (observe_on()) {
        observe_instant_slow(kind);
    }
}

/* A span that is over: a lock's wait or hold. `arg`: the lock's number. */
void observe_span(ObserveKind kind, uint32_t arg, uint64_t begin, uint64_t end);
/* ns, CLOCK_MONOTONIC. */
uint64_t observe_now(void);

/*
 * A software interrupt from one CPU to another (SGI): written to the distributor, and acknowledged by its target.
 * Always counted. The caller holds the lock of the target's interface.
 */
void observe_sgi_sent(unsigned from, unsigned to, unsigned id);
void observe_sgi_taken(unsigned from, unsigned to, unsigned id);
/* An interrupt line of CPU rises. Any thread. */
void observe_irq_raised(int cpu);
/* The CPU takes the interrupt. Own thread. */
void observe_irq_taken(int cpu, bool fiq);

/* ---- results; any thread ---- */

ObserveTime observe_time(int track, ObserveKind kind);
/* From SGIR's write to IAR's read; from the rise of a line to the exception. */
ObserveTime observe_sgi_latency(int cpu);
uint64_t observe_sgi_count(int cpu, bool sent);
ObserveTime observe_irq_latency(int cpu);
/* Wall clock since observe_start(). */
uint64_t observe_elapsed(void);
const char *observe_name(ObserveKind kind);

/* ---- set-up; main thread ---- */

/*
 * Once, before other threads start. trace: file of the timeline or NULL; trace_mib: memory for it; cpus: how many
 * CPUs have tracks. The calling thread becomes the I/O track. False: the file cannot be written (errno).
 */
bool observe_start(bool times, const char *trace, unsigned trace_mib, int cpus);
/* The names of what LOCK spans mean; number -> name, or NULL. */
void observe_set_lock_names(const char *(*name)(uint32_t number));
/*
 * Write the timeline, when the threads are gone. give_up() says whether to stop waiting for a pipe that is full after
 * so long without progress. False: could not write (errno).
 */
bool observe_finish(bool (*give_up)(int stalled_ms));
/*
 * The same from a signal handler or at an exit() in the middle, while other threads still run: what was recorded so
 * far and what is open. Makes system calls only. No effect without a timeline, or when it is written already.
 */
void observe_crash(void);
#endif
