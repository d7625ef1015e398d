/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of breakpoints and watchpoints (debug-points.h): a list, for people set few. */
#include <stddef.h>
#include "accel/tcg/debug-points.h"

enum { MAX_POINTS = 4096, PAGE_BITS = 12 };

uint32_t debug_breakpoints, debug_watchpoints;
static DebugPoint points[MAX_POINTS];
static unsigned npoints;

/* Does the watchpoint want loads, or stores? */
static bool wants(const DebugPoint *p, bool store)
{
    return p->kind == DEBUG_WATCH_ACCESS || p->kind == (store ? DEBUG_WATCH_WRITE : DEBUG_WATCH_READ);
}

DebugPoint debug_point(DebugPointKind kind, uint32_t addr, uint32_t len)
{
    return debug_is_watch(kind) ? (DebugPoint) { kind, addr, len } : (DebugPoint) { kind, addr & ~1u, 1 };
}

int debug_points_find(const DebugPoint *p)
{
    for (unsigned i = 0; i < npoints; i++) {
        if (points[i].kind == p->kind && points[i].addr == p->addr && points[i].len == p->len) {
            return (int)i;
        }
    }
    return -1;
}

static void count(const DebugPoint *p, uint32_t n)
{
    __atomic_add_fetch(debug_is_watch(p->kind) ? &debug_watchpoints : &debug_breakpoints, n, __ATOMIC_RELAXED);
}

bool debug_points_add(const DebugPoint *p)
{
    if (npoints == MAX_POINTS || !p->len || debug_last_byte(p) < p->addr) {
        return false;
    }
    points[npoints++] = *p;
    count(p, 1);
    return true;
}

DebugPoint debug_points_take(unsigned index)
{
    DebugPoint p = points[index];

    points[index] = points[--npoints];
    count(&p, -1u);
    return p;
}

const DebugPoint *debug_breakpoint_at(uint32_t addr)
{
    for (unsigned i = 0; i < npoints; i++) {
        if (points[i].addr == addr && !debug_is_watch(points[i].kind)) {
            return &points[i];
        }
    }
    return NULL;
}

const DebugPoint *debug_watchpoint_at(uint32_t va, unsigned size, bool store)
{
    for (unsigned i = 0; i < npoints; i++) {
        const DebugPoint *p = &points[i];

        if (debug_is_watch(p->kind) && wants(p, store) && va <= debug_last_byte(p) && p->addr <= va + (size - 1)) {
            return p;
        }
    }
    return NULL;
}

int debug_limit_insns(uint32_t pc, int max)
{
    uint32_t size = pc & 1 ? 2 : 4, begin = pc & ~(size - 1);

    for (unsigned i = 0; i < npoints; i++) {
        uint32_t distance = (points[i].addr & ~(size - 1)) - begin;

        if (!debug_is_watch(points[i].kind) && distance && distance / size < (uint32_t)max) {
            max = (int)(distance / size);
        }
    }
    return max;
}

bool debug_page_is_watched(uint32_t vpage, bool store)
{
    for (unsigned i = 0; i < npoints && __atomic_load_n(&debug_watchpoints, __ATOMIC_RELAXED); i++) {
        const DebugPoint *p = &points[i];

        if (debug_is_watch(p->kind) && wants(p, store) && p->addr >> PAGE_BITS <= vpage &&
            vpage <= debug_last_byte(p) >> PAGE_BITS) {
            return true;
        }
    }
    return false;
}
