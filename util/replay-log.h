/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a recording: see replay-log.c. */
#ifndef UTIL_REPLAY_LOG_H
#define UTIL_REPLAY_LOG_H
#include "qemu/replay.h"

typedef enum ReplayKind {
    EVENT_INPUT = 1, EVENT_CHECK, EVENT_CHECK_ALL, EVENT_SHIFT, EVENT_END, EVENT_TURNS,
} ReplayKind;
enum { EVENT_MAX_BYTES = 1 << 20 };

typedef struct ReplayEvent {
    ReplayKind kind;
    ReplayPlace at;
    unsigned source;            /* of an input */
    const uint8_t *data;
    size_t bytes;
} ReplayEvent;

typedef struct ReplayHeader {
    char *machine;              /* g_free() */
    uint64_t seed;
    int64_t start_s;
} ReplayHeader;

/* ---- writing ---- */
/* NULL, or a message (g_free()). */
char *replay_log_create(const char *file, const ReplayHeader *h);
void replay_log_put(const ReplayEvent *e);
/* One of a parallel run; written with the next event. */
void replay_log_put_turn(const ReplayTurn *t);
/* Bytes so far. */
uint64_t replay_log_bytes(void);
/* False: something could not be written (reported). */
bool replay_log_finish(void);

/* ---- reading ---- */
/* Read and check all of the file. NULL, or a message (g_free()). */
char *replay_log_open(const char *file, ReplayHeader *h);
/* The event at position *next, which moves behind it; *last is that of the one before. False: there is no more. */
bool replay_log_get(size_t *next, ReplayPlace *last, ReplayEvent *e);
/*
 * Turns are kept apart from events, and EVENT_TURNS is for the file only: the one at position *next, which moves behind
 * it. False: there is no more.
 */
bool replay_log_get_turn(size_t *next, ReplayTurn *t);
uint64_t replay_log_events(void);
uint64_t replay_log_last(void);
#endif
