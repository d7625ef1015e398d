/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's DMB and DSB cost. Implemented in accel/tcg/barrier.c. */
#ifndef ACCEL_TCG_BARRIER_H
#define ACCEL_TCG_BARRIER_H
#include <stdbool.h>

/* Guest's barriers need no host instruction. Changes in barrier_init() only. */
extern bool barriers_are_free;
/* Before any code is translated: one thread runs all CPUs, or several do. */
void barrier_init(bool one_thread);
/* A full barrier of the calling thread, and of the CPUs' if theirs are free. Any thread, under any lock. */
void barrier_of_all_threads(void);
#endif
