/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving the machine's state out of the program and into it. I/O thread. Messages are allocated (g_free()) and one
 * line. Implemented in migration/.
 */
#ifndef MIGRATION_MIGRATION_H
#define MIGRATION_MIGRATION_H
#include <stdbool.h>
#include <stdint.h>
#include "hw/boards.h"

/* Before everything else, once; main thread. */
void migration_init(MachineState *m);

typedef enum MigrationStatus {
    MIGRATION_NONE, MIGRATION_SETUP, MIGRATION_ACTIVE, MIGRATION_PRE_SWITCHOVER, MIGRATION_DEVICE,
    MIGRATION_COMPLETED, MIGRATION_FAILED, MIGRATION_CANCELLED,
} MigrationStatus;

/* How the last or the current migration out of here, or into here, does. */
typedef struct MigrationInfo {
    MigrationStatus status;
    bool incoming;
    const char *error;          /* why it failed; NULL */
    int64_t total_ms;           /* since its begin, or until its end */
    int64_t downtime_ms;        /* for which the CPUs did not run because of it; once it is completed */
    uint64_t bytes;             /* that are written, or read */
    uint64_t ram_bytes;         /* of all memory */
    uint64_t left_bytes;        /* of memory that is still to be written, as far as is known */
    uint64_t pages;             /* that were written, all together */
    uint64_t zero_pages;        /* of these, such as have nothing in them */
    uint64_t dirty_rate;        /* pages a second that were stored to in the last round */
    uint64_t stopped_bytes;     /* that were written, or read, while the CPUs stood still */
    int64_t setup_ms;           /* until the first byte could be written */
    int64_t expected_ms;        /* how long the CPUs would stand still if they stopped now */
    unsigned rounds;            /* how often memory has been gone through */
    unsigned throttle_percent;  /* of the time, for which the CPUs are held so that they store to less; 0: not */
} MigrationInfo;
void migration_info(MigrationInfo *info);
/* "none", "setup", "active", ... as QMP has them. */
const char *migration_status_name(MigrationStatus status);
/* To be told of each new status, and of each round (pass > 0) by its number; one listener. */
void migration_set_listener(void (*fn)(MigrationStatus status, unsigned pass));
/* Also at the end of one. */
typedef struct MigrationParameters {
    int64_t downtime_limit_ms;  /* how long the CPUs may stand still at the end, as far as it can be foreseen; 300 */
    int64_t max_bandwidth;      /* bytes a second while the CPUs run; 0: no limit */
    bool return_path;           /* the other side says whether it has the machine; the machine is here until then */
    bool auto_converge;         /* hold the CPUs for a part of the time if they store faster than is sent */
    /* percentages: of what is sent, from which on; of the time, at first, more each time, at most */
    int64_t throttle_trigger, throttle_initial, throttle_increment, throttle_max;
    bool pause_before_switchover;   /* when the CPUs have stopped, wait for migrate_continue() */
} MigrationParameters;
extern MigrationParameters migration_parameters;

/*
 * Begin to send the state to `uri`: "exec:COMMAND", "file:PATH", "unix:PATH", "tcp:HOST:PORT", "fd:NUMBER". The
 * machine goes on until little is left. NULL, or why it cannot be begun.
 */
char *migrate_start(const char *uri);
void migrate_cancel(void);
/* The rest may go out, after a pause before the switch-over. NULL, or what is wrong. */
char *migrate_continue(void);
/*
 * What -incoming says: `uri` as above, for a state that comes (unix and tcp listen), or "defer": migrate_incoming()
 * will say. The machine does not start before it is there; then it goes on if it ran there and `start`. A state that
 * cannot be loaded ends the program: one line, exit code 1. NULL, or what is wrong.
 */
char *migrate_expect(const char *uri, bool start);
char *migrate_incoming(const char *uri);
/* Before a user has the machine go on: its images are ours again. NULL, or why it cannot. */
char *migration_before_cont(void);
/* Does the machine wait for its state? */
bool migrate_is_expected(void);
/* The program ends: nothing is under way any more afterwards. */
void migration_end(void);
#endif
