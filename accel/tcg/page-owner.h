/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPU may touch which page of RAM, while CPUs that run side by side are recorded (docs/replay.md).
 *
 * A CPU executes *chunks*. During a chunk it may load from pages that no other chunk stores to, and store to pages that
 * no other chunk touches; it gets a page when it first touches it, and keeps all it got until the chunk's end. So what
 * the chunks do is what they would do one behind the other, in the order in which they end. That order, and each
 * chunk's instructions, are the recording.
 *
 * A CPU that is to touch a page of another chunk ends its own chunk in front of the instruction, has the other one told
 * to end, and waits outside of everything. Nobody holds anything while it waits, so there is no deadlock.
 *
 * What is beside RAM (devices, events of WFE, semihosting, stores to pages with code) is done by a CPU that runs alone:
 * the instruction is left, all chunks end, and the thread that runs all CPUs executes it.
 */
#ifndef ACCEL_TCG_PAGE_OWNER_H
#define ACCEL_TCG_PAGE_OWNER_H
#include "accel/tcg/cpu-state.h"

/* Before the CPUs are made: from here on pages have owners. */
void page_owner_init(void);
/* A reset, or a state was loaded; the CPUs are paused. */
void page_owner_reset(void);

/*
 * The CPU begins a chunk; if it left the last one because of a page, it waits for that. False: no chunk, for the round
 * is over. Its thread, out of E.
 */
bool chunk_begin(CPUState *cpu);
/*
 * The chunk is over, with so many instructions executed. `state`: it has changed the CPU without executing any (an
 * interrupt was taken). Its thread, out of E.
 */
void chunk_end(CPUState *cpu, uint32_t executed, bool state);
/* Does somebody wait for the chunk's end? */
bool chunk_is_wanted(const CPUState *cpu);
/* A round of chunks begins; no chunk runs. */
void chunks_allow(void);
/* It ends, soon, or at once and without another chunk: CPUs look up. Any thread. Is it to? */
void chunks_end_soon(void);
bool chunks_ending(void);
void chunks_stop(void);
bool chunks_stopping(void);

/* The CPU enters translated code: its tables lose what others took meanwhile. Its thread, reading E. */
void page_owner_enter(CPUState *cpu);
/* How many chunks there were, how many of them began while others ran; pages taken from other CPUs, waits for them. */
typedef struct ChunkCounters {
    uint64_t chunks, at_once, moves, waits, rounds;
} ChunkCounters;
ChunkCounters page_owner_counters(void);
#endif
