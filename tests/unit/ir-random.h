/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random well-formed IR blocks for differential tests. Single-threaded. */
#ifndef TESTS_UNIT_IR_RANDOM_H
#define TESTS_UNIT_IR_RANDOM_H
#include "tcg/ir.h"

/* Fill b with a block of about `length` ops that depends on *state alone; fp: with VFP ops. Always verifies. */
void ir_random_block(IRBlock *b, uint64_t *state, unsigned length, bool fp);
/* What they count: this, and counted[COUNTED_INSNS]. */
extern uint64_t *ir_random_counter;
/*
 * A block that jumps back to itself until register IR_RANDOM_TURNS, which it counts down, is 0. Accesses go by the
 * registers of the mask IR_RANDOM_BASES.
 */
enum { IR_RANDOM_TURNS = 7, IR_RANDOM_BASES = 1 << 1 | 1 << 9 | 1 << 13 };
void ir_random_loop(IRBlock *b, uint64_t *state);
#endif
