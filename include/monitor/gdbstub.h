/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port for gdb. Main thread. Implemented in gdbstub/. */
#ifndef MONITOR_GDBSTUB_H
#define MONITOR_GDBSTUB_H
#include "chardev/char.h"
#include "hw/boards.h"
/* Serve debuggers, one after another, on chr. The machine stops when one says its first word. */
void gdbstub_attach(Chardev *chr, MachineState *machine);      /* once */
bool gdbstub_is_there(void);
#endif
