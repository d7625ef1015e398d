/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between observe.c, which records, and observe-trace.c, which writes the record down. */
#ifndef UTIL_OBSERVE_INTERNAL_H
#define UTIL_OBSERVE_INTERNAL_H
#include <stddef.h>
#include "qemu/observe.h"

enum { OBSERVE_DEPTH = 12 };

typedef struct ObserveRecord {
    uint64_t begin, end;        /* ns; equal: an instant */
    uint8_t kind;
    uint8_t peer;               /* SGI: the other CPU */
    uint16_t id;                /* SGI: its number */
    uint32_t arg;               /* lock number; SGI: number of the flow */
} ObserveRecord;

typedef struct ObserveTrack {
    struct {
        uint64_t begin;         /* 0: suspended */
        ObserveKind kind;
    } open[OBSERVE_DEPTH];
    unsigned depth;
    ObserveTime time[OBS_NB_SPANS];
    ObserveTime sgi;            /* latency.  lock: the CPU's interface in the interrupt controller */
    ObserveTime irq;            /* latency */
    uint64_t sgis_sent, sgis_taken;     /* atomic */
    uint64_t irq_raised;        /* ns, 0: none waits; atomic: set by who raises the line, cleared by the CPU */
    /* The last `size` records: number n is at n % size. Owner writes the record, then `count`. */
    ObserveRecord *ring;
    uint64_t size;
    uint64_t count;             /* atomic */
} __attribute__((aligned(64))) ObserveTrack;

extern ObserveTrack observe_tracks[OBSERVE_TRACKS];
extern uint64_t observe_origin;                     /* ns; fixed by observe_start() */

/* observe-trace.c. Open the file (false: errno); write everything, open spans up to `now` if it is not 0. */
bool observe_trace_open(const char *path);
bool observe_trace_write(uint64_t now, bool (*give_up)(int stalled_ms));
#endif
