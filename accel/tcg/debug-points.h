/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of a debugger's breakpoints and watchpoints, and what CPUs ask it on their way: without a debugger the load
 * of one word. The I/O thread changes it while the CPUs are paused; they read it without a lock.
 */
#ifndef ACCEL_TCG_DEBUG_POINTS_H
#define ACCEL_TCG_DEBUG_POINTS_H
#include "sysemu/debug.h"

typedef struct DebugPoint {
    DebugPointKind kind;
    uint32_t addr, len;
} DebugPoint;

extern uint32_t debug_breakpoints, debug_watchpoints;      /* how many there are; atomic */

static inline bool debug_is_watch(DebugPointKind kind)
{
    return kind >= DEBUG_WATCH_WRITE;
}
static inline uint32_t debug_last_byte(const DebugPoint *p)
{
    return p->addr + (p->len - 1);
}
/* A point as the table has it: breakpoints have no T and no length. */
DebugPoint debug_point(DebugPointKind kind, uint32_t addr, uint32_t len);
/* Its place, or -1: it is not there. */
int debug_points_find(const DebugPoint *p);
/* False: too many, or an impossible range. */
bool debug_points_add(const DebugPoint *p);
/* Take it out; another may come to its place. */
DebugPoint debug_points_take(unsigned index);

/* ---- asked by CPUs ---- */
/* NULL: none. */
const DebugPoint *debug_breakpoint_at(uint32_t addr);
const DebugPoint *debug_watchpoint_at(uint32_t va, unsigned size, bool store);
/* How many of the `max` instructions from pc (PC|T) on a block may have: none but the first is at a breakpoint. */
int debug_limit_insns(uint32_t pc, int max);
/* Are loads from the virtual page watched, or stores to it? */
bool debug_page_is_watched(uint32_t vpage, bool store);
#endif
