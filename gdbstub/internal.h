/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of gdbstub/ share: the session and what its packets may do. I/O thread. */
#ifndef GDBSTUB_INTERNAL_H
#define GDBSTUB_INTERNAL_H
#include "gdbstub/packet.h"
#include "hw/boards.h"
#include "sysemu/debug.h"

enum { GDB_SIGINT = 2, GDB_SIGQUIT = 3, GDB_SIGTRAP = 5 };

typedef struct Gdb {
    GdbLink link;
    MachineState *machine;
    bool attached;                      /* a debugger has spoken, and not left since; atomic, CPUs read it */
    bool names_processes;               /* threads are pPID.TID to it, as it has offered */
    bool knows_registers;               /* it has read the description of them, see commands.c */
    bool takes_calls;                   /* it is gdb, which knows File-I/O; atomic, CPUs read it */
    bool resumed;                       /* it waits for a stop reply */
    bool restarts;                      /* it waits for the reset that it has asked for (vRun) */
    int cpu;                            /* that Hg chose, or that stopped last */
    int step_cpu;                       /* that Hc chose, for the packets c and s; -1: none */
    int stop_cpu;                       /* in the last stop reply */
    bool physical;                      /* addresses are */
    bool step_irqs;                     /* interrupts are taken in a step */
    bool step_clock_stands;             /* the guest's time stands while no CPU does more than a step */
    unsigned steps_alone;               /* in a row, see run.c */
    int call_cpu;                       /* whose call of semihosting the debugger carries out; -1: none */
} Gdb;

/* Errors as gdb prints them: E and the number of an error of Unix, of no importance to it. */
#define GDB_E_BUSY      "E10"
#define GDB_E_FAULT     "E0e"
#define GDB_E_INVALID   "E16"
#define GDB_E_TOO_LONG  "E07"

/* commands.c: one packet, NUL-terminated. */
void gdb_command(Gdb *g, const char *packet, size_t len);
/* True, and it has been told so: the machine is recorded, so nothing may be written to it. */
bool gdb_must_not_change(Gdb *g);
/*
 * A thread's name, CPU number + 1, perhaps behind "p1.", the only process; false: none, or no CPU has it. "0" and "-1"
 * give -1, for any or all, and so does a process alone.
 */
bool gdb_thread(const Gdb *g, const char **p, int *cpu);
void gdb_append_thread(const Gdb *g, GString *s, int cpu);
/* queries.c: packets q and Q. */
void gdb_query(Gdb *g, const char *packet);
void gdb_set(Gdb *g, const char *packet);
/* run.c: c, C, s, S, vCont; `packet` is the whole of it. */
void gdb_resume(Gdb *g, const char *packet);
void gdb_vcont(Gdb *g, const char *actions);
/* bs, bc: back in a replay. */
void gdb_reverse(Gdb *g, const char *packet);
/* Why the machine stopped. */
void gdb_report(Gdb *g, const DebugStop *stop, int signal);
/* calls.c: calls of semihosting; F and what follows it: the answer. */
void gdb_calls_init(Gdb *g);
void gdb_call_answer(Gdb *g, const char *p);
/* The machine is being stopped for a call: nobody is told. */
bool gdb_call_begins(void);
/* The debugger will not answer any more. */
void gdb_call_drop(Gdb *g);
/* memory.c: how many of the bytes could be read or written. */
size_t gdb_read_memory(Gdb *g, uint32_t address, uint8_t *buf, size_t len);
size_t gdb_write_memory(Gdb *g, uint32_t address, const uint8_t *buf, size_t len);
/* gdbstub.c: the debugger leaves; all that it set is undone. */
void gdb_leave(Gdb *g);
#endif
