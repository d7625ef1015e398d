/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's state for recording and replaying (qemu/replay.h): what is compared, and going back in a replay by
 * snapshots. I/O thread. Implemented in migration/replay.c and replay-seek.c.
 */
#ifndef MIGRATION_REPLAY_H
#define MIGRATION_REPLAY_H
#include <stdbool.h>
#include <stdint.h>

/* The machine is recorded or replayed, and has not run yet. */
void replay_state_init(void);
void replay_seek_init(void);
/*
 * Stop the machine, and have it stopped where so many instructions have been executed, now or before. NULL, or what is
 * wrong (static). It is there when the machine has stopped again.
 */
const char *replay_seek(uint64_t icount);
/*
 * A debugger's: the machine, which is stopped, goes back to where the CPU's last instruction began; or to the last
 * point of the debugger's before here, of a watchpoint to right behind the access; or to the beginning. Then it stops
 * as if it came to it by itself. False: there is nothing before here.
 */
bool replay_step_back(int cpu);
bool replay_run_back(void);
#endif
