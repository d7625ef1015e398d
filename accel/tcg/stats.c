/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the accelerator was asked for and what it did: options, the chosen back end, counters of CPU events.
 * Counters are written by their CPU's thread and read by anyone (relaxed), so a sum is only roughly of one moment.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "accel/tcg/cache.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"

AccelOptions accel_options;
const TCGBackend *tcg_backend;

static const char *const counter_names[] = {
#define X(f) #f,
    CPU_COUNTERS(X)
#undef X
};
enum { NB_COUNTERS = sizeof(counter_names) / sizeof(counter_names[0]) };

static void read_counters(const CPUState *cpu, uint64_t out[NB_COUNTERS])
{
    int i = 0;

#define X(f) out[i++] = __atomic_load_n(&cpu->n.f, __ATOMIC_RELAXED);
    CPU_COUNTERS(X)
#undef X
}

static void print_caches(FILE *f)
{
    for (int i = 0; i < cpu_count; i++) {
        const CodeCache *c = cpu_states[i]->cache;

        if (!c || (i && c == cpu_states[0]->cache)) {
            continue;
        }
        /* A snapshot of what its builders change at the moment. */
        fprintf(f, "code cache %d (%s): %zu of %zu KiB, %u of %u blocks, %u flushes\n", i, cache_ops->name,
                (size_t)(__atomic_load_n(&c->buf.ptr, __ATOMIC_RELAXED) - c->buf.base) >> 10,
                (size_t)(c->buf.end - c->buf.base) >> 10, __atomic_load_n(&c->nblocks, __ATOMIC_RELAXED), c->max_blocks,
                __atomic_load_n(&c->generation, __ATOMIC_RELAXED));
    }
}

static void print_stats(FILE *f)
{
    uint64_t n[ARM_MAX_CPUS][NB_COUNTERS];

    fprintf(f, "accelerator: back end %s, thread=%s\n", tcg_backend ? tcg_backend->name : "none",
            accel_options.thread_single ? "single" : "multi");
    if (cache_ops) {
        print_caches(f);
    }
    fprintf(f, "%-20s", "event");
    for (int c = 0; c < cpu_count; c++) {
        read_counters(cpu_states[c], n[c]);
        fprintf(f, "%15s%d", "CPU ", c);
    }
    fprintf(f, "%16s\n", "sum");
    for (int i = 0; i < NB_COUNTERS; i++) {
        uint64_t sum = 0;

        fprintf(f, "%-20s", counter_names[i]);
        for (int c = 0; c < cpu_count; c++) {
            fprintf(f, "%16" PRIu64, n[c][i]);
            sum += n[c][i];
        }
        fprintf(f, "%16" PRIu64 "\n", sum);
    }
}

char *cpus_stats_text(void)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    if (f) {
        print_stats(f);
        fclose(f);
    }
    return text;
}

void cpus_print_stats(void)
{
    char *text = cpus_stats_text();

    if (text) {
        qemu_log("%s", text);
    }
    free(text);
}
