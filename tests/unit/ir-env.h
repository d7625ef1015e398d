/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surroundings of the IR tests: a CPU whose memory is a small array behind the slow path, helpers that record what they
 * see, and a random generator. Everything that an exception could observe goes into a trace hash, so that two ways of
 * running the same block can be compared. Single-threaded.
 */
#ifndef TESTS_UNIT_IR_ENV_H
#define TESTS_UNIT_IR_ENV_H
#include "accel/tcg/tb.h"
#include "accel/tcg/jit-state.h"
#include "tcg/ir.h"

enum { TEST_MEM_BYTES = 4096 };     /* one page, seen at every guest page */

typedef struct TestMachine {
    CPUARMState *env;
    uint8_t *mem;                   /* TEST_MEM_BYTES, at address & (TEST_MEM_BYTES - 1) */
    uint64_t trace;                 /* hash of accesses and helper calls with the flags at that point */
    bool fault;                     /* the next access through the slow path unwinds */
    int excp;                       /* last exception raised, or EXCP_NONE */
    int context_changes;
} TestMachine;
extern TestMachine machine;

void machine_init(void);
/* Clear registers, memory and trace, or fill them from a seed. */
void machine_reset(uint64_t seed);
uint64_t test_random(uint64_t *state);
/*
 * Which plain accesses go straight to mem through the fast table: none (default), all, those of some pages only, of
 * which some are for loads only.
 */
typedef enum MachineMemory { MEMORY_SLOW, MEMORY_FAST, MEMORY_SOME } MachineMemory;
void machine_fast_memory(MachineMemory which);
/* Emit the block with tcg_backend (default: the interpreter) and run it. False: it could not be emitted. */
bool machine_run(const IRBlock *b);
/*
 * Two blocks; the second runs where the first leaves by a direct jump, by way of the main loop or chained. x86-64
 * only.
 */
bool machine_run_pair(const IRBlock *b, const IRBlock *next, bool chained);

/*
 * LOOP_STOPPED: its copy is entered, and meanwhile another CPU finds that it does not pay (emit-loop.c), so that the
 * block's jump goes to the block again when the copy comes back to it.
 */
typedef enum MachineLoop { LOOP_PLAIN, LOOP_TIER2, LOOP_STOPPED } MachineLoop;
/*
 * A block that jumps to itself, until it leaves by another way or raises an exception: x86-64 chained, with its copy of
 * tier two or without, the interpreter turn by turn. -1: could not be emitted; else TranslationBlock.loop_offset.
 */
int machine_run_loop(const IRBlock *b, MachineLoop how);
/* Emits the block for tier two, chained to itself, and runs it so often. Returns whether its jump goes to the copy. */
bool machine_run_loop_often(const IRBlock *b, unsigned times, void (*prepare)(void));

/* TAP */
void test_ok(bool ok, const char *name);
int test_done(void);
#endif
