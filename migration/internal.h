/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two directions of a migration share. I/O thread. */
#ifndef MIGRATION_INTERNAL_H
#define MIGRATION_INTERNAL_H
#include "hw/boards.h"
#include "migration/migration.h"

/* The machine there is. */
extern MachineState *migration_machine;
/* The one migration that is under way, or was the last. */
typedef struct Migration {
    MigrationInfo info;
    char *error;
    int64_t begin_us, stop_us;  /* g_get_monotonic_time(): when it began, when the CPUs were stopped for it */
} Migration;
extern Migration migration;

/* A migration begins, if none is under way: NULL, or why not (g_free()). */
char *migration_begin(bool incoming);
/* The listener is told. */
void migration_set_status(MigrationStatus status);
/* Memory is gone through once more. */
void migration_round(void);
/* It is over; `error` is taken, NULL: none. */
void migration_over(MigrationStatus status, char *error);
bool migration_is_active(void);

/*
 * throttle.c: a round is over, in which so much was sent, and so much stored to; hold the CPUs for more of the time if
 * that is too much and the user wants it. Then off again.
 */
void throttle_round(uint64_t dirty_bytes, uint64_t sent_bytes);
void throttle_off(void);
/* Of the time for which the CPUs are held; 0: they are not. */
unsigned throttle_percent(void);

/* outgoing.c, incoming.c: end what is under way, for the program ends. */
void outgoing_end(void);
void incoming_end(void);
/* Bytes that have passed so far. */
uint64_t outgoing_bytes(void);
uint64_t incoming_bytes(void);
#endif
