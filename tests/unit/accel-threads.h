/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of accel/tcg's locks: CPU states without an emulator behind them, TAP output, a small random generator. */
#ifndef TESTS_UNIT_ACCEL_THREADS_H
#define TESTS_UNIT_ACCEL_THREADS_H
#include <stdint.h>
#include "accel/tcg/cpu-state.h"

/* Fill cpu_states[0..n). */
void accel_create_cpus(int n);
/* Run fn(0) .. fn(n - 1) on n threads and join them. */
void accel_run_threads(int n, void (*fn)(int index));
uint32_t accel_random(uint32_t *state);
/* Record a failure of the current case (any thread); prints the first few. */
#define ACCEL_CHECK(cond) ((cond) ? (void)0 : accel_failed(__FILE__, __LINE__, #cond))
void accel_failed(const char *file, int line, const char *what);
void accel_case_done(const char *name);
int accel_finish(void);
#endif
