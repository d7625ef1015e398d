/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of translated code for `perf report`: /tmp/perf-PID.map, and for jitdump.h (docs/observe.md). */
#ifndef ACCEL_TCG_PERFMAP_H
#define ACCEL_TCG_PERFMAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Main thread, before any code is made: open the map (lines), the dump (code), or error_exit(). */
void perfmap_open(bool lines, bool code);
/* Code of a guest address, or (thunks) what all blocks share. Any thread; nothing unless a file is open. */
void perfmap_block(const uint8_t *code, size_t bytes, uint32_t pc, uint32_t guest_bytes);
void perfmap_thunks(const uint8_t *code, size_t bytes);
#endif
