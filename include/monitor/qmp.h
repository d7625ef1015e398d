/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs (QMP): JSON on a character device. Main thread, before the main loop runs. monitor/qmp.c. */
#ifndef MONITOR_QMP_H
#define MONITOR_QMP_H
#include <stdbool.h>
#include "chardev/char.h"
#include "hw/boards.h"
/* Serve programs, one after another, on chr; pretty: with line breaks. */
void qmp_attach(Chardev *chr, MachineState *machine, bool pretty);
#endif
