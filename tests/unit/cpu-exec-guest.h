/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The make-believe guest of test-cpu-exec.c: cpu-exec-guest.c. */
#ifndef TESTS_UNIT_CPU_EXEC_GUEST_H
#define TESTS_UNIT_CPU_EXEC_GUEST_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "target/arm/cpu.h"

enum { PAGES = 48, RAM_BYTES = PAGES * 4096 };

#define CHECK(cond) ((cond) ? (void)0 : (printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond), fflush(stdout), abort()))

extern uint32_t ram[RAM_BYTES / 4];     /* atomic, relaxed */
extern uint64_t blocks_run[ARM_MAX_CPUS];   /* atomic */
extern uint64_t raised, irqs_taken, wfis;   /* what blocks did; atomic */
extern uint32_t debugger_called;        /* atomic */
extern bool all_wait;                   /* blocks do nothing but wait for events; atomic */
extern bool exact;                      /* one CPU, no DMA at the moment: code must equal memory */

/* Not 0 before, nor behind. */
uint32_t rnd(uint32_t *s);
/* Where blocks may be. */
uint32_t random_pc(uint32_t *seed);
#endif
