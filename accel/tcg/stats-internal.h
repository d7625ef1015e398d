/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between stats.c (what there is to count, as text) and stats-json.c. */
#ifndef ACCEL_TCG_STATS_INTERNAL_H
#define ACCEL_TCG_STATS_INTERNAL_H
#include <stdio.h>
#include "accel/tcg/cache.h"

enum {
#define X(f) COUNTER_##f,
#define Y(f, field) COUNTER_##f,
    CPU_COUNTERS(X) CPU_CODE_COUNTERS(Y)
#undef X
#undef Y
    COUNTER_sgi_sent, COUNTER_sgi_taken,    /* software interrupts, counted by the interrupt controller */
    NB_COUNTERS
};
extern const char *const stats_counter_names[NB_COUNTERS];
/* Counters of CPU `cpu`; cpu_count: of the threads that run no CPU. Any thread. */
void stats_read_counters(int cpu, uint64_t out[NB_COUNTERS]);
/* The counter of an event: ObserveKind below OBS_NB_EVENTS -> COUNTER_*. */
extern const int stats_event_counter[OBS_NB_EVENTS];
/* Share in percent; 0 of nothing. */
double stats_percent(uint64_t part, uint64_t all);

/* The blocks in a cache. Its users are stopped. */
typedef struct BlockSummary {
    uint64_t valid, invalid;    /* blocks */
    uint64_t guest_insns, guest_bytes, host_bytes;      /* of the valid ones */
    uint64_t exits, chained;    /* their direct jumps within the page, and those that lead straight to a block */
} BlockSummary;
typedef struct CacheStats {
    int cpu;                    /* the first CPU that uses it */
    uint32_t flushes;
    CacheUsage usage;
    BlockSummary blocks;        /* valid if asked for */
} CacheStats;
/* The next cache; start with cpu = -1. False: no more. with_blocks: its users are stopped. */
bool stats_next_cache(CacheStats *c, bool with_blocks);

/* Open the files that the options name (error_exit if that fails). Main thread, before the CPUs exist. */
void stats_start(int num_cpus);

/* stats-json.c */
void stats_write_json(FILE *f);
void stats_json_string(FILE *f, const char *s);
#endif
