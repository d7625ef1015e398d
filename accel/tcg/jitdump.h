/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translated code for `perf inject --jit`: /tmp/jit-PID.dump (docs/observe.md). */
#ifndef ACCEL_TCG_JITDUMP_H
#define ACCEL_TCG_JITDUMP_H
#include <stddef.h>
#include <stdint.h>

/* Main thread, before any code is made: open the file, or error_exit(). */
void jitdump_open(void);
/* Code with its name. Any thread; nothing unless the file is open. */
void jitdump_code(const uint8_t *code, size_t bytes, const char *name);
#endif
