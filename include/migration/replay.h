/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's state for recording and replaying (qemu/replay.h): what is compared. I/O thread. Implemented in
 * migration/replay.c.
 */
#ifndef MIGRATION_REPLAY_H
#define MIGRATION_REPLAY_H

/* The machine is recorded or replayed, and has not run yet. */
void replay_state_init(void);
#endif
