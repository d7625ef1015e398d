/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor. Main thread, before the main loop runs. Implemented in monitor/. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H
#include "chardev/char.h"
#include "hw/boards.h"
/* Serve a monitor on chr; on a mux it shows itself when it gets the focus, elsewhere at once. */
void monitor_attach(Chardev *chr, MachineState *machine);
#endif
