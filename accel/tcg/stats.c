/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the accelerator did: counters and times of CPU events (docs/observe.md). Counters are written by their CPU's
 * thread and read by anyone (relaxed), so a sum is only roughly of one moment. Blocks are looked at only while the CPUs
 * are stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "accel/tcg/icount.h"
#include "accel/tcg/options.h"
#include "accel/tcg/stats-internal.h"
#include "qemu/lock.h"
#include "qemu/log.h"
#include "qemu/observe.h"
#include "qemu/write-all.h"
#include "sysemu/cpus.h"

static int json_fd = -1;            /* stats=FILE; I/O thread */

const char *const stats_counter_names[NB_COUNTERS] = {
#define X(f) #f,
#define Y(f, field) #f,
    CPU_COUNTERS(X) CPU_CODE_COUNTERS(Y)
#undef X
#undef Y
    "sgi_sent", "sgi_taken",
};

const int stats_event_counter[OBS_NB_EVENTS] = {
    [OBS_IDLE] = COUNTER_idle, [OBS_FIND_FAST] = COUNTER_find_fast, [OBS_FIND_SLOW] = COUNTER_find_slow,
    [OBS_BUILD] = COUNTER_build, [OBS_CHAIN] = COUNTER_chain, [OBS_EXECUTE] = COUNTER_execute,
    [OBS_UNCHAIN] = COUNTER_unchain, [OBS_RESTORE] = COUNTER_restore, [OBS_FLUSH] = COUNTER_flush,
    [OBS_INVALIDATE] = COUNTER_invalidate,
};

void stats_read_counters(int cpu, uint64_t out[NB_COUNTERS])
{
    static const ARMCounters none;
    const CPUCounters *n = cpu < cpu_count ? &cpu_states[cpu]->n : &other_counters;
    const ARMCounters *code = cpu < cpu_count ? &env_jit(cpu_states[cpu]->env)->count : &none;
    int i = 0;

#define X(f) out[i++] = __atomic_load_n(&n->f, __ATOMIC_RELAXED);
#define Y(f, field) out[i++] = __atomic_load_n(&code->field, __ATOMIC_RELAXED);
    CPU_COUNTERS(X)
    CPU_CODE_COUNTERS(Y)
#undef X
#undef Y
    out[COUNTER_sgi_sent] = cpu < cpu_count ? observe_sgi_count(cpu, true) : 0;
    out[COUNTER_sgi_taken] = cpu < cpu_count ? observe_sgi_count(cpu, false) : 0;
}

void arm_count_barrier(CPUARMState *env, int barrier)
{
    uint64_t *n = &env_jit(env)->count.barrier[barrier];

    __atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

double stats_percent(uint64_t part, uint64_t all)
{
    return all ? 100.0 * (double)part / (double)all : 0.0;
}

static void add_block(TranslationBlock *tb, void *opaque)
{
    BlockSummary *s = opaque;

    if (tb->invalid) {
        s->invalid++;
        return;
    }
    s->valid++;
    s->guest_insns += tb->guest_insns;
    s->guest_bytes += tb->guest_bytes;
    s->host_bytes += tb->code_size;
    for (int n = 0; n < TB_JUMPS; n++) {
        s->exits += tb->jmp[n].patch != 0;
        s->chained += tb->jmp[n].to != 0;
    }
}

/* All CPUs use one cache, or each its own. */
static bool has_own_cache(int cpu)
{
    const CodeCache *c = cpu_states[cpu]->cache;

    return c && (!cpu || c != cpu_states[0]->cache);
}

bool stats_next_cache(CacheStats *s, bool with_blocks)
{
    const CodeCache *c;

    do {
        s->cpu++;
    } while (s->cpu < cpu_count && !has_own_cache(s->cpu));
    if (s->cpu >= cpu_count) {
        return false;
    }
    c = cpu_states[s->cpu]->cache;
    s->flushes = __atomic_load_n(&c->generation, __ATOMIC_RELAXED);
    s->usage = cache_usage(c);
    s->blocks = (BlockSummary) { 0 };
    if (with_blocks) {
        cache_foreach(c, add_block, &s->blocks);
    }
    return true;
}

static void print_caches(FILE *f, bool stopped)
{
    for (CacheStats c = { .cpu = -1 }; stats_next_cache(&c, stopped);) {
        const BlockSummary *s = &c.blocks;

        fprintf(f, "code cache %d (%s): %zu of %zu KiB, %u of %u blocks, %u flushes\n", c.cpu, cache_ops->name,
                c.usage.bytes_used >> 10, c.usage.bytes >> 10, c.usage.blocks, c.usage.blocks_max, c.flushes);
        if (stopped) {
            fprintf(f, "  %" PRIu64 " valid blocks: %" PRIu64 " guest instructions, %" PRIu64 " guest bytes, %" PRIu64
                    " host bytes; %" PRIu64 " of %" PRIu64 " direct jumps chained (%.1f %%)\n", s->valid,
                    s->guest_insns, s->guest_bytes, s->host_bytes, s->chained, s->exits,
                    stats_percent(s->chained, s->exits));
        }
    }
}

static void print_counters(FILE *f)
{
    uint64_t n[ARM_MAX_CPUS + 1][NB_COUNTERS];

    fprintf(f, "%-20s", "event");
    for (int c = 0; c <= cpu_count; c++) {
        stats_read_counters(c, n[c]);
        if (c < cpu_count) {
            fprintf(f, "%15s%d", "CPU ", c);
        }
    }
    fprintf(f, "%16s%16s\n", "others", "sum");
    for (int i = 0; i < NB_COUNTERS; i++) {
        uint64_t sum = 0;

        fprintf(f, "%-20s", stats_counter_names[i]);
        for (int c = 0; c <= cpu_count; c++) {
            fprintf(f, "%16" PRIu64, n[c][i]);
            sum += n[c][i];
        }
        fprintf(f, "%16" PRIu64 "\n", sum);
    }
}

static void print_time(FILE *f, ObserveTime t)
{
    if (t.timed) {
        fprintf(f, "%14.3f /%10.1f", (double)t.total / 1e6, (double)t.max / 1e3);
    } else {
        fprintf(f, "%14s  %10s", "-", "");
    }
}

static void print_times(FILE *f)
{
    fprintf(f, "%-20s", "total ms / max us");
    for (int c = 0; c < cpu_count; c++) {
        fprintf(f, "%25s%d", "CPU ", c);
    }
    fprintf(f, "%26s\n", "I/O thread");
    for (int k = 0; k < OBS_NB_SPANS; k++) {
        if (k == OBS_LOCK || k == OBS_LOCK_WAIT) {
            continue;               /* of each lock: below */
        }
        fprintf(f, "%-20s", observe_name((ObserveKind)k));
        for (int c = 0; c <= cpu_count; c++) {
            print_time(f, observe_time(c < cpu_count ? c : OBSERVE_IO, (ObserveKind)k));
        }
        fputc('\n', f);
    }
    fprintf(f, "%-20s", "SGI latency");
    for (int c = 0; c < cpu_count; c++) {
        print_time(f, observe_sgi_latency(c));
    }
    fprintf(f, "\n%-20s", "interrupt latency");
    for (int c = 0; c < cpu_count; c++) {
        print_time(f, observe_irq_latency(c));
    }
    fputc('\n', f);
}

static void print_locks(FILE *f)
{
    fprintf(f, "%-20s%16s%16s%26s%26s\n", "lock", "acquired", "contended", "wait ms / max us", "held ms / max us");
    for (const CountedLock *l = NULL; (l = counted_lock_next(l));) {
        uint64_t acquired = __atomic_load_n(&l->acquired, __ATOMIC_RELAXED);

        if (acquired) {
            fprintf(f, "%-20s%16" PRIu64 "%16" PRIu64, l->name, acquired,
                    __atomic_load_n(&l->contended, __ATOMIC_RELAXED));
            print_time(f, l->wait);
            print_time(f, l->hold);
            fputc('\n', f);
        }
    }
}

static void print_stats(FILE *f, bool stopped)
{
    fprintf(f, "accelerator: back end %s, thread=%s\n", tcg_backend->name,
            accel_options.thread_single ? "single" : "multi");
    if (icount_on) {
        icount_print(f);
    }
    print_caches(f, stopped);
    print_counters(f);
    print_locks(f);
    if (accel_options.stats) {
        print_times(f);
    }
}

static char *stats_text(bool stopped)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    if (f) {
        print_stats(f, stopped);
        fclose(f);
    }
    return text;
}

char *accel_stats_text(void)
{
    return stats_text(cpus_paused());
}

void stats_start(int num_cpus)
{
    const AccelOptions *o = &accel_options;

    if (o->stats_file) {
        json_fd = open(o->stats_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (json_fd < 0) {
            error_exit("-accel tcg,stats=%s: cannot write: %s", o->stats_file, strerror(errno));
        }
        write_all_prepare(json_fd);
    }
    if ((o->stats || o->trace_file) &&
        !observe_start(o->stats, o->trace_file, o->trace_mib, num_cpus)) {
        error_exit("-accel tcg,trace=%s: cannot write: %s", o->trace_file ? o->trace_file : "", strerror(errno));
    }
}

static bool write_json(bool (*give_up)(int stalled_ms))
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    bool ok = f != NULL;

    if (f) {
        stats_write_json(f);
        ok = fclose(f) == 0 && write_all(json_fd, text, size, give_up);
        free(text);
    }
    ok = close(json_fd) == 0 && ok;
    json_fd = -1;
    return ok;
}

bool accel_report(bool (*give_up)(int stalled_ms))
{
    const AccelOptions *o = &accel_options;
    bool ok = true;

    if (qemu_log_enabled(LOG_STATS) || (o->stats && !o->stats_file)) {
        char *text = stats_text(true);

        if (text) {
            qemu_log("%s", text);
        }
        free(text);
    }
    if (json_fd >= 0 && !write_json(give_up)) {
        error_report("-accel tcg,stats=%s: cannot write: %s", o->stats_file, strerror(errno));
        ok = false;
    }
    if (o->trace_file && !observe_finish(give_up)) {
        error_report("-accel tcg,trace=%s: cannot write: %s", o->trace_file, strerror(errno));
        ok = false;
    }
    return ok;
}
