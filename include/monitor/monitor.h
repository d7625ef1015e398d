/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor. Main thread, before the main loop runs. Implemented in monitor/. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H
#include "chardev/char.h"
#include "hw/boards.h"
/* Serve a monitor on chr; on a mux it shows itself when it gets the focus, elsewhere at once. */
void monitor_attach(Chardev *chr, MachineState *machine);
/*
 * Carry out one line of a debugger's, and give what it prints, with LF at line ends (g_free()). What "cpu" chooses
 * holds for the next such line. I/O thread.
 */
char *monitor_order_text(MachineState *machine, const char *line);
#endif
