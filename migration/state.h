/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine's state: which sections there are, in which order, and what is checked before anything is changed. I/O
 * thread.
 */
#ifndef MIGRATION_STATE_H
#define MIGRATION_STATE_H
#include "hw/boards.h"
#include "migration/stream.h"

/*
 * Before a machine is captured: bring what devices have begun to its end, which may still change memory and each other.
 * The CPUs are paused. NULL, or why it cannot be captured now (g_free()).
 */
char *state_settle(void);
/* What a stream begins with: which machine this is, and whether the sender waits for a verdict. */
void state_capture_machine(GQueue *out, const MachineState *m, bool wants_answer);
/*
 * The verdict, which goes the other way: the machine has arrived (NULL), or why not. state_verdict_problem(): why not,
 * from its section; NULL: it has. Both g_free() or g_byte_array_unref().
 */
GByteArray *state_verdict(const char *problem);
char *state_verdict_problem(Section *s);
/*
 * The rest, at the end of `out`: memory (all of it, or the pages that want() says of), time, CPUs and devices. Right
 * behind state_settle(). `running`: the machine runs on when it was loaded.
 */
void state_capture(GQueue *out, bool (*want)(uint32_t ram), bool running);
/* Free sections that were captured. */
void state_free(GQueue *sections);

/* Loading, section by section. */
typedef struct StateLoader StateLoader;
/* `keep`: false: look only whether a machine like this one could take the state. The CPUs are paused meanwhile. */
StateLoader *state_loader_new(MachineState *m, bool keep);
/* False: *err is a message (g_free()). Memory may have changed, CPUs and devices have not. */
bool state_load(StateLoader *l, Section *s, char **err);
/* Everything has been loaded. */
bool state_loaded(const StateLoader *l);
bool state_was_running(const StateLoader *l);
/* Whoever sends waits for a verdict. */
bool state_wants_answer(const StateLoader *l);
void state_loader_free(StateLoader *l);
#endif
