/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics as JSON, for -accel tcg,stats=FILE. docs/observe.md has the schema; its version is SCHEMA. Main
 * thread, at exit: every other thread has ended.
 */
#include <inttypes.h>
#include "accel/tcg/options.h"
#include "accel/tcg/stats-internal.h"
#include "exec/memory.h"
#include "qemu/lock.h"

#ifndef PQEMU_VERSION
#define PQEMU_VERSION "0.1.0"
#endif

enum { SCHEMA = 1 };

void stats_json_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            fputc('\\', f);
        }
        fputc((unsigned char)*s < ' ' ? ' ' : *s, f);
    }
    fputc('"', f);
}

static void time_fields(FILE *f, ObserveTime t)
{
    fprintf(f, "\"total_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64, t.total, t.max);
}

static void write_events(FILE *f, int track, const uint64_t n[NB_COUNTERS])
{
    fprintf(f, "     \"events\": {\n");
    for (int k = 0; k < OBS_NB_EVENTS; k++) {
        fprintf(f, "       \"%s\": {\"count\": %" PRIu64 ", ", observe_name((ObserveKind)k), n[stats_event_counter[k]]);
        time_fields(f, observe_time(track, (ObserveKind)k));
        fprintf(f, "}%s\n", k + 1 < OBS_NB_EVENTS ? "," : "");
    }
    fprintf(f, "     },\n");
}

static void lock_fields(FILE *f, uint64_t acquired, uint64_t contended, ObserveTime wait, ObserveTime hold)
{
    fprintf(f, "\"acquired\": %" PRIu64 ", \"contended\": %" PRIu64 ", \"wait_ns\": %" PRIu64 ", \"wait_max_ns\": %"
            PRIu64 ", \"hold_ns\": %" PRIu64 ", \"hold_max_ns\": %" PRIu64 "}", acquired, contended, wait.total,
            wait.max, hold.total, hold.max);
}

/* E and the page locks, which every CPU counts for itself. */
static void write_cpu_locks(FILE *f, int track, const uint64_t n[NB_COUNTERS])
{
    fprintf(f, "     \"locks\": {\n       \"E read\": {");
    lock_fields(f, n[COUNTER_e_read], n[COUNTER_e_read_contended], observe_time(track, OBS_E_READ_WAIT),
                observe_time(track, OBS_E_READ));
    fprintf(f, ",\n       \"E write\": {");
    lock_fields(f, n[COUNTER_exclusive_sections], n[COUNTER_e_write_contended], observe_time(track, OBS_E_WRITE_WAIT),
                observe_time(track, OBS_EXCLUSIVE));
    fprintf(f, ",\n       \"page\": {");
    lock_fields(f, n[COUNTER_page_lock], n[COUNTER_page_lock_contended], observe_time(track, OBS_PAGE_WAIT),
                (ObserveTime) { 0 });
    fprintf(f, "\n     },\n");
}

static void write_latency(FILE *f, const char *name, ObserveTime t)
{
    fprintf(f, "     \"%s\": {\"count\": %" PRIu64 ", ", name, t.timed);
    time_fields(f, t);
    fprintf(f, "},\n");
}

static void write_cpu(FILE *f, int cpu)
{
    bool io = cpu == cpu_count;
    int track = io ? OBSERVE_IO : cpu;
    uint64_t n[NB_COUNTERS];

    stats_read_counters(cpu, n);
    fprintf(f, "    {\n     \"name\": \"%s", io ? "I/O thread" : "CPU ");
    if (!io) {
        fprintf(f, "%d", cpu);
    }
    fprintf(f, "\",\n");
    write_events(f, track, n);
    write_cpu_locks(f, track, n);
    if (!io) {
        write_latency(f, "sgi_latency", observe_sgi_latency(cpu));
        write_latency(f, "interrupt_latency", observe_irq_latency(cpu));
    }
    fprintf(f, "     \"counters\": {\n");
    for (int i = 0; i < NB_COUNTERS; i++) {
        fprintf(f, "       \"%s\": %" PRIu64 "%s\n", stats_counter_names[i], n[i], i + 1 < NB_COUNTERS ? "," : "");
    }
    fprintf(f, "     }\n    }");
}

static void write_locks(FILE *f)
{
    const char *before = "";

    fprintf(f, "  \"locks\": [");
    for (const CountedLock *l = NULL; (l = counted_lock_next(l));) {
        if (!l->acquired) {
            continue;
        }
        fprintf(f, "%s\n    {\"name\": ", before);
        stats_json_string(f, l->name);
        fprintf(f, ", ");
        lock_fields(f, l->acquired, l->contended, l->wait, l->hold);
        before = ",";
    }
    fprintf(f, "\n  ],\n");
}

static void write_caches(FILE *f)
{
    const char *before = "";

    fprintf(f, "  \"code_caches\": [");
    for (CacheStats c = { .cpu = -1 }; stats_next_cache(&c, true);) {
        const BlockSummary *s = &c.blocks;

        fprintf(f, "%s\n    {\"bytes\": %zu, \"bytes_used\": %zu, \"flushes\": %u, \"blocks_max\": %u, \"blocks\": %"
                PRIu64 ", \"blocks_invalid\": %" PRIu64 ",\n     \"guest_insns\": %" PRIu64 ", \"guest_bytes\": %"
                PRIu64 ", \"host_bytes\": %" PRIu64 ", \"direct_jumps\": %" PRIu64 ", \"chained_jumps\": %" PRIu64
                "}", before, c.usage.bytes, c.usage.bytes_used, c.flushes, c.usage.blocks_max, s->valid, s->invalid,
                s->guest_insns, s->guest_bytes, s->host_bytes, s->exits, s->chained);
        before = ",";
    }
    fprintf(f, "\n  ],\n");
}

static void write_devices(FILE *f)
{
    const MemoryRegion *r;
    const char *before = "";

    fprintf(f, "  \"mmio\": [");
    for (size_t i = 0; (r = memory_region_at(i)); i++) {
        if (!r->ram) {
            fprintf(f, "%s\n    {\"name\": ", before);
            stats_json_string(f, r->name);
            fprintf(f, ", \"base\": %u, \"reads\": %" PRIu64 ", \"writes\": %" PRIu64 "}", r->base, r->reads,
                    r->writes);
            before = ",";
        }
    }
    fprintf(f, "\n  ]\n");
}

void stats_write_json(FILE *f)
{
    fprintf(f, "{\n  \"schema\": %d,\n  \"emulator\": \"PQEMU " PQEMU_VERSION "\",\n", SCHEMA);
    fprintf(f, "  \"accel\": {");
    accel_options_json(f);
    fprintf(f, "},\n");
    fprintf(f, "  \"wall_ns\": %" PRIu64 ",\n  \"cpus\": [\n", observe_elapsed());
    for (int i = 0; i < cpu_count; i++) {
        write_cpu(f, i);
        fprintf(f, "%s\n", i + 1 < cpu_count ? "," : "");
    }
    fprintf(f, "  ],\n  \"io\":\n");
    write_cpu(f, cpu_count);
    fprintf(f, ",\n");
    write_locks(f);
    write_caches(f);
    write_devices(f);
    fprintf(f, "}\n");
}
