/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of CPUs that run side by side and are recorded (cpus-beside.h).
 *
 * A round ends when each of its CPUs has used up its budget, sleeps, or waits for being alone; soon if one does, and at
 * once for a pause. Nothing of a device happens in a round, so all interrupts are
 * known when it begins.
 *
 * `lock` guards the round. A CPU's thread sleeps on `begin`, the thread that runs all on `done`.
 */
#define _GNU_SOURCE     /* pthread_setname_np */
#include <inttypes.h>
#include <stdio.h>
#include "accel/tcg/cpus-beside.h"
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/page-owner.h"
#include "qemu/log.h"
#include "qemu/replay.h"

enum {
    LEASE = 2000,               /* a chunk that others wait for ends after so many instructions */
    GRACE = 20 * 1000,          /* and a CPU's part in a round after which another one has to be alone */
};

/* What may change in a CPU without an instruction, and is to be repeated then. */
typedef struct Waits {
    uint64_t interrupts;
    uint32_t halted, event_wait;
} Waits;

typedef struct Worker {
    pthread_t thread;
    pthread_cond_t begin;
    bool go;                    /* lock */
    /* lock; the thread's own during a round: */
    int32_t left;               /* instructions */
    uint32_t done;              /* instructions */
    bool grace;                 /* the round is about to end, and `left` says so */
    bool alone;
} Worker;

bool beside_on;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static Worker workers[ARM_MAX_CPUS];
static int at_work;             /* lock */
static uint64_t executed;       /* in this round; lock */
static bool ending;             /* lock */
static uint64_t all_executed;   /* in all rounds; the thread that runs all, others while it is parked */
static Waits slice_waits;       /* of the slice that runs alone; that thread */

static Waits waits_of(const CPUState *cpu)
{
    return (Waits) { cpu->n.interrupts, cpu->halted, cpu->event_wait };
}

static bool waits_differ(const Waits *a, const Waits *b)
{
    return a->interrupts != b->interrupts || a->halted != b->halted || a->event_wait != b->event_wait;
}

static bool must_stop(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (__atomic_load_n(&cpu_states[i]->stop, __ATOMIC_SEQ_CST)) {
            return true;
        }
    }
    return cpus_quitting();
}

/* How many instructions the CPU may execute before it looks up again. */
static int32_t next_budget(const CPUState *cpu, Worker *w, uint32_t begun)
{
    int32_t budget;

    if (chunks_ending() && w->left > GRACE && !w->grace) {
        w->left = GRACE;
        w->grace = true;
    }
    budget = w->left;
    if (chunk_is_wanted(cpu)) {
        int32_t rest = LEASE - (int32_t)(w->done - begun);

        budget = rest < budget ? rest : budget;
    }
    return budget;
}

/* One chunk. False: the CPU's part in the round is over. */
static bool run_chunk(CPUState *cpu, Worker *w)
{
    uint32_t begun = w->done;
    Waits was = waits_of(cpu), is;
    bool goes_on = true;

    if (!chunk_begin(cpu)) {
        return false;
    }
    cpu->leave = CPU_LEAVE_NONE;
    if (cpu->event_wait) {
        cpu_end_wfe(cpu);
    }
    while (goes_on) {
        bool wanted = chunk_is_wanted(cpu);
        int32_t budget = next_budget(cpu, w, begun), executed;
        CPUExit why;

        if (budget <= 0) {
            break;
        }
        env_jit(cpu->env)->budget = budget;
        why = cpu_exec(cpu);
        executed = budget - env_jit(cpu->env)->budget;
        w->left -= executed;
        w->done += (uint32_t)executed;
        if (must_stop()) {
            chunks_stop();
        }
        if (why == CPU_EXIT_IDLE || w->left <= 0 || chunks_stopping()) {
            goes_on = false;
        } else if (cpu->leave != CPU_LEAVE_NONE || wanted) {
            break;              /* wanted: the lease is over, or the guest itself says that it waits (YIELD) */
        }
    }
    is = waits_of(cpu);
    chunk_end(cpu, w->done - begun, waits_differ(&was, &is));
    if (cpu->leave == CPU_LEAVE_ALONE) {
        w->alone = true;
        goes_on = false;
        chunks_end_soon();
    }
    cpu->leave = CPU_LEAVE_NONE;
    return goes_on;
}

static void *worker_thread(void *opaque)
{
    CPUState *cpu = opaque;
    Worker *w = &workers[cpu->index];

    pthread_mutex_lock(&lock);
    while (!ending) {
        if (!w->go) {
            pthread_cond_wait(&w->begin, &lock);
            continue;
        }
        w->go = false;
        pthread_mutex_unlock(&lock);
        while (run_chunk(cpu, w)) {
        }
        pthread_mutex_lock(&lock);
        executed += w->done;
        if (--at_work == 0) {
            pthread_cond_signal(&done);
        }
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

uint64_t beside_round(uint32_t cpus, int32_t budget, unsigned *waits)
{
    uint64_t all, before = page_owner_counters().waits;

    chunks_allow();
    pthread_mutex_lock(&lock);
    executed = 0;
    for (int i = 0; i < cpu_count; i++) {
        if (cpus >> i & 1) {
            workers[i].left = budget;
            workers[i].done = 0;
            workers[i].grace = false;
            workers[i].go = true;
            at_work++;
            pthread_cond_signal(&workers[i].begin);
        }
    }
    while (at_work) {
        pthread_cond_wait(&done, &lock);
    }
    all = executed;
    all_executed += all;
    *waits = (unsigned)(page_owner_counters().waits - before);
    pthread_mutex_unlock(&lock);
    return all;
}

CPUState *beside_next_alone(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (workers[i].alone) {
            workers[i].alone = false;
            return cpu_states[i];
        }
    }
    return NULL;
}

void beside_slice_begin(CPUState *cpu)
{
    slice_waits = waits_of(cpu);
}

void beside_slice_end(CPUState *cpu, uint32_t n)
{
    Waits is = waits_of(cpu);
    bool unfinished = cpu->event_wait || cpu->finish;

    if (n || unfinished || waits_differ(&slice_waits, &is)) {
        replay_turn(cpu->index, n, unfinished);
    }
}

void beside_print(FILE *f)
{
    ChunkCounters n = page_owner_counters();

    fprintf(f, "side by side: %" PRIu64 " rounds, %" PRIu64 " chunks, %" PRIu64 " of them begun while others ran, %"
            PRIu64 " pages from CPU to CPU, %" PRIu64 " waits for one; %" PRIu64 " instructions\n", n.rounds, n.chunks,
            n.at_once, n.moves, n.waits, all_executed);
}

void beside_start(void)
{
    char name[32];

    for (int i = 0; i < cpu_count; i++) {
        pthread_cond_init(&workers[i].begin, NULL);
        if (pthread_create(&workers[i].thread, NULL, worker_thread, cpu_states[i])) {
            error_exit("cannot create the thread of CPU %d", i);
        }
        snprintf(name, sizeof(name), "CPU %d/TCG", i);
        pthread_setname_np(workers[i].thread, name);
    }
}

void beside_end(void)
{
    pthread_mutex_lock(&lock);
    ending = true;
    for (int i = 0; i < cpu_count; i++) {
        pthread_cond_signal(&workers[i].begin);
    }
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < cpu_count; i++) {
        pthread_join(workers[i].thread, NULL);
    }
}
