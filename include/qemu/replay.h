/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recording and replaying a machine (-icount rr=, docs/replay.md). With -icount all that a machine does follows from
 * what comes from outside: characters, frames, keys, resets. Each of these is an *event* here: while recording it goes
 * into a file with its place, the number of instructions executed before it; while replaying only the file's events
 * reach the devices, at the same places.
 *
 * Unless noted on the I/O thread. Implemented in util/replay.c.
 */
#ifndef QEMU_REPLAY_H
#define QEMU_REPLAY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ReplayMode { REPLAY_NONE, REPLAY_RECORD, REPLAY_PLAY } ReplayMode;
/* Constant once the machine is made. */
extern ReplayMode replay_mode;

/* Where the machine is. The key of an event; both numbers only grow, and one of them does between two events. */
typedef struct ReplayPlace {
    uint64_t icount;            /* instructions executed */
    int64_t ns;                 /* virtual time: all CPUs may sleep */
    bool fired;                 /* timers that are due by then have fired */
} ReplayPlace;

/* ---- what comes from outside ---- */

/* Who gets events: `play` does what an event's bytes say. */
typedef struct ReplaySource ReplaySource;
typedef void ReplayPlay(void *opaque, const uint8_t *data, size_t bytes);
/* Main thread while the machine is made, in the same order at each start. */
ReplaySource *replay_source_new(const char *name, ReplayPlay *play, void *opaque);
/* Its device is gone: not while recording or replaying. */
void replay_source_free(ReplaySource *s);
/*
 * Something has come for a device, in a machine that records or not; while replaying what comes is to be thrown away
 * (replay_mode). False: not now, for the machine is in the middle of something; ask again by posted work. True: the
 * machine stands still; give the device what has come, then call replay_end().
 */
bool replay_begin(void);
/* The device has taken it, as these bytes say for play(); none: it took nothing. The machine goes on. */
void replay_end(ReplaySource *s, const void *data, size_t bytes);
/* The same at once for what never waits: play(data), when the machine may have it. Thrown away while replaying. */
void replay_event(ReplaySource *s, const void *data, size_t bytes);

/* ---- who runs the machine ---- */

/* How to know about the machine and to hold it; all set before anything runs. */
typedef struct ReplayMachine {
    ReplayPlace (*place)(void);
    void (*stop_cpus)(void);            /* wait until they are out of guest code; nestable */
    void (*let_cpus_go)(void);
    void (*catch_up)(void);             /* CPUs that sleep: it is as late as they have slept */
    bool (*is_settled)(void);           /* nothing that devices have begun is under way, the work that asks aside */
    void (*set_shift)(unsigned shift);
} ReplayMachine;
void replay_set_machine(const ReplayMachine *m);

/*
 * By the thread that runs the CPUs, which stand still, with nothing under way. False: something is to be done first, by
 * work that was posted; settle and call again.
 */
bool replay_settled(const ReplayPlace *at);
/* How many instructions may be executed before replay_settled() is to be called again. That thread. */
uint64_t replay_limit(uint64_t icount);
/* All CPUs sleep at `at`: when the next event wakes them; INT64_MAX: none does. That thread. */
int64_t replay_wakes(const ReplayPlace *at);
/* They sleep, and no timer will wake them. That thread. */
void replay_sleeps(const ReplayPlace *at);
/* shift=auto chose another one. That thread, while recording. */
void replay_shift_changed(const ReplayPlace *at, unsigned shift);

/*
 * A parallel run: what its CPUs did one behind the other. `unfinished`: the turn ended within the instruction behind
 * these, which has to wait for something.
 */
typedef struct ReplayTurn {
    int cpu;
    uint32_t insns;
    bool unfinished;
    bool slept;                 /* before it, all CPUs slept; else none did */
} ReplayTurn;
/* While recording: the next turn. Threads that run CPUs, one at a time. */
void replay_turn(int cpu, uint32_t insns, bool unfinished);
/* While recording: they sleep now. The thread that runs all. */
void replay_all_sleep(void);
/* While replaying: are there turns left, or does the accelerator choose? False: there is no next one. That thread. */
bool replay_has_turns(void);
bool replay_next_turn(ReplayTurn *t);

/* ---- the recording ---- */

/*
 * Open FILE. `machine` says which machine it is: a recording of another one is refused; seed and start of the time of
 * day are the recording's while replaying. NULL, or a message (g_free()).
 */
char *replay_open(ReplayMode mode, const char *file, const char *machine, uint64_t *seed, int64_t *start_s);
/* What is to be compared between recording and replaying: a number that all of the machine's state makes. */
void replay_set_checksum(uint64_t (*fn)(bool memory));
/*
 * The machine ends, CPUs stopped, because its guest wants that or for another reason. False: the file could not be
 * written, or what was replayed was not what had been recorded (reported).
 */
bool replay_close(bool by_guest);

/* ---- looking at a replay ---- */
typedef struct ReplayInfo {
    const char *file;
    uint64_t icount;            /* now */
    uint64_t last;              /* while replaying: of the last event */
    uint64_t events, bytes;     /* so far, while recording; else of the file */
    uint64_t checks;            /* comparisons that agreed */
    uint64_t turns;             /* of a parallel run, so far; 0: it is none */
    bool has_break, ended;
    uint64_t break_at;
} ReplayInfo;
ReplayInfo replay_info(void);
/* While replaying: stop the machine at that instruction, once. NULL, or what is wrong (static). */
const char *replay_break(uint64_t icount);
const char *replay_delete_break(void);
/* Where the reader of the file is, to go back to. */
typedef struct ReplayMark {
    size_t next;                /* position of the next event */
    ReplayPlace last;
    uint64_t checks;
    size_t turn;                /* position of the next turn */
} ReplayMark;
ReplayMark replay_mark(void);
void replay_go_back(const ReplayMark *m);
/* While replaying: call take() on the I/O thread once so many instructions are executed as due() says, each time. */
void replay_set_snapshot(uint64_t (*due)(void), void (*take)(void));
/* Called when the machine is to stop: a break was reached, the recording is over, or the replay has diverged. */
void replay_set_stop(void (*fn)(void));
#endif
