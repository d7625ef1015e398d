/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -icount: the thread that runs all CPUs by turns of so many instructions, and lets timers fire at exact ones.
 *
 * Between two slices nothing of the machine may be under way: what devices posted to the I/O thread is done, requests
 * of disks have ended, no CPU is held. This thread waits for that, so none of it takes guest time and all of it happens
 * at one place. What ends a turn is known from the guest alone: it is used up, the CPU idles, or it raised another
 * CPU's interrupt; never a request of another thread, which just makes the thread look round.
 *
 * `turn` belongs to this thread; `turn_over` too, since only its own CPUs set it. How it sleeps: icount-wait.c.
 */
#include <glib.h>
#include <unistd.h>
#include "accel/tcg/cpus-beside.h"
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/icount-wait.h"
#include "accel/tcg/instrument.h"
#include "accel/tcg/options.h"
#include "accel/tcg/page-owner.h"
#include "block/block.h"
#include "qemu/io-loop.h"
#include "qemu/replay.h"
#include "qemu/timer.h"

enum {
    TURN = 100 * 1000,                  /* instructions; of a single CPU: how often the thread looks round */
    WFE_NS = 1000 * 1000,               /* a CPU in WFE looks again after so long */
    ROUND = 200 * 1000,                 /* instructions of each CPU in a round side by side */
    ROUND_LEAST = 2000,                 /* fewer are not worth one */
    ROUND_SPARE = 8,                    /* the exception that ends a CPU's round, and some more */
    ALONE = 200,                        /* instructions of a CPU that had to be alone: such ones come in a row */
    WAIT_COSTS = 5 * 1000,              /* what a wait of a CPU for another one is worth, in instructions */
    YIELDS = 16,                        /* a slice of fewer instructions */
    BACKOFF_FROM = 4,                   /* bad rounds, before it is given up for two turns, four ... */
    BACKOFF_MOST = 3,                   /* ... and so many powers of two */
    WFE_TURN = 10 * 1000,               /* a CPU that runs while others wait for its event: they may go on beside it */
    WFE_ROUNDS = 8,                     /* how often a CPU in WFE without an event gets a turn beside others */
};

static struct {
    CPUState *cpu;
    int32_t left;                       /* instructions */
} turn;
static bool turn_over;
static bool turn_is_alone;              /* recording side by side: of a CPU that does what no other may see */
static bool turn_is_recorded;           /* replaying: `turn` is one of the recording, and not over */
static bool turn_slept;                 /* all CPUs sleep before it */
static bool turn_unfinished;            /* it ends within an instruction that has to wait */
static int64_t fired_ns = -1;           /* when timers were last fired */
static uint64_t last_of[ARM_MAX_CPUS];  /* how many instructions had been executed behind each CPU's last one */
/* Since when all CPUs sleep; valid while host_ns is not 0. This thread, others while it is parked. */
static struct {
    int64_t host_ns, ns, deadline;
} asleep;

void icount_kick(int n)
{
    if (current_cpu && current_cpu->index != n) {
        turn_over = true;
        env_request_exit(current_cpu->env);
    }
}

static void fire_plain(void *opaque)
{
    timers_fire_plain();
}

static IOWork plain_timers = { .fn = fire_plain };

static bool nothing_under_way(void)
{
    return !icount_under_way();
}

/* ---- recording and replaying ---- */

static ReplayPlace place(void)
{
    return (ReplayPlace) { icount_executed(), icount_ns(), fired_ns == icount_ns() };
}

/* The guest's time goes on with the host's while its CPUs sleep, but not beyond its next timer. */
static void catch_up(void)
{
    if (asleep.host_ns) {
        int64_t slept = icount_host_ns() - asleep.host_ns, left = asleep.deadline - asleep.ns;

        icount_warp(asleep.ns + (slept < left ? slept : left));
        asleep.host_ns = 0;
    }
}

static bool is_settled(void)
{
    return io_is_quiet_beside() && !blk_any_under_way();
}

static const ReplayMachine replay_machine = {
    place, cpus_pause, cpus_resume, catch_up, is_settled, icount_set_shift,
};

/* ---- between slices ---- */

/*
 * Park if that is asked for, wait for what is under way, and let happen what is due: an event that was recorded here,
 * timers. False: look again, for the machine may have changed.
 */
static bool settle(void)
{
    ReplayPlace here;

    cpus_park(0, cpu_count);
    if (cpus_quitting()) {
        return false;
    }
    if (icount_under_way()) {
        icount_sleep_until(nothing_under_way, INT64_MAX);
        return false;
    }
    here = place();
    if (replay_mode != REPLAY_NONE && !replay_settled(&here)) {
        return false;
    }
    /* A timer that is armed for the past, or for now, while others fire waits until time has gone on. */
    if (!here.fired) {
        fired_ns = here.ns;
        if (timers_fire(fired_ns)) {
            io_post(&plain_timers);
        }
        return false;
    }
    return true;
}

/* ---- turns ---- */

static bool may_run(const CPUState *cpu)
{
    if (!icount_awake(cpu)) {
        return false;
    }
    if (icount_wfe_is_over(cpu)) {
        return true;
    }
    /* In WFE without an event: another CPU, which does not wait, may have changed what it waits for. */
    for (int i = 0; i < cpu_count; i++) {
        if (icount_awake(cpu_states[i]) && !cpu_states[i]->event_wait) {
            return true;
        }
    }
    return false;
}

/* A parallel run is replayed: the chunks one behind the other. NULL: the CPU sleeps before it goes on. */
static CPUState *recorded_turn(void)
{
    if (!turn_is_recorded) {
        ReplayTurn t;

        if (!replay_next_turn(&t) || t.cpu >= cpu_count) {
            return NULL;
        }
        turn.cpu = cpu_states[t.cpu];
        /* The last one is begun only. */
        turn.left = (int32_t)t.insns + t.unfinished;
        turn_is_recorded = true;
        turn_unfinished = t.unfinished;
        turn_slept = t.slept;
    }
    /* Side by side, a CPU in WFE may have begun when others ran that sleep by now. */
    return (turn_slept ? may_run : icount_awake)(turn.cpu) ? turn.cpu : NULL;
}

/* The CPU whose turn it is; NULL: all are idle. */
static CPUState *whose_turn(void)
{
    int first = turn.cpu ? turn.cpu->index : 0;

    if (turn.cpu && turn.left > 0 && !turn_over && may_run(turn.cpu)) {
        return turn.cpu;
    }
    for (int i = 1; i <= cpu_count; i++) {
        CPUState *cpu = cpu_states[(first + i) % cpu_count];

        if (may_run(cpu)) {
            turn.cpu = cpu;
            turn.left = TURN;
            turn_over = false;
            return cpu;
        }
    }
    return NULL;
}

static void run_slice(CPUState *cpu)
{
    int64_t deadline = timers_deadline(), budget = turn.left;
    uint64_t mmio = cpu->n.mmio;
    int32_t executed;

    if (deadline != INT64_MAX && icount_until(deadline) < budget) {
        budget = icount_until(deadline);
    }
    if (replay_mode != REPLAY_NONE && replay_limit(icount_executed()) < (uint64_t)budget) {
        budget = (int64_t)replay_limit(icount_executed());
    }
    if (beside_on) {
        beside_slice_begin(cpu);
    }
    if (cpu->event_wait) {
        cpu_end_wfe(cpu);
    }
    icount_begin_slice(cpu, (int32_t)budget);
    cpu_exec(cpu);
    if (cpu->event_wait) {
        turn_over = true;
    }
    executed = icount_end_slice(cpu);
    turn.left -= executed;
    if (executed) {
        last_of[cpu->index] = icount_executed();
    }
    if (turn.left <= 0 || (turn_unfinished && (cpu->event_wait || cpu->finish))) {
        turn_is_recorded = false;
    }
    if (beside_on) {
        beside_slice_end(cpu, (uint32_t)executed);
        /* YIELD, most likely: it waits for a CPU that came so far side by side with it. */
        turn_over |= executed && executed < YIELDS && executed < budget && cpu->n.mmio == mmio;
    }
    icount_pace();
}

/* CPUs that can run side by side now. One in WFE without an event would only be in the way of the others. */
static uint32_t beside_each_other(void)
{
    static unsigned rounds;
    uint32_t cpus = 0;

    rounds++;
    for (int i = 0; i < cpu_count; i++) {
        CPUState *cpu = cpu_states[i];

        if (rounds % WFE_ROUNDS ? icount_awake(cpu) && icount_wfe_is_over(cpu) : may_run(cpu)) {
            cpus |= 1u << i;
        }
    }
    return cpus;
}

/* A CPU that has to be alone, or soon will: a handler's first deed is to ask a device what there is. */
static CPUState *next_alone(void)
{
    CPUState *cpu = beside_next_alone();
    int excp;

    for (int i = 0; !cpu && i < cpu_count; i++) {
        if (arm_interrupt_pending(cpu_states[i]->env, &excp) && !debug_stays(cpu_states[i])) {
            cpu = cpu_states[i];
        }
    }
    return cpu;
}

/*
 * A round in which CPUs wait for each other all the time costs more than it gains. After such ones the CPUs take turns
 * for a while, so a recording is never much slower than with one thread.
 */
static struct {
    unsigned bad;               /* one after the other */
    uint64_t until;             /* instructions executed */
} backoff;

/* Let CPUs run side by side, or one alone that has to be. False: neither is possible now. */
static bool run_beside(void)
{
    CPUState *alone = turn_is_alone && turn.left > 0 && !turn_over ? NULL : next_alone();
    int64_t deadline, limit = (int64_t)ROUND * cpu_count;
    uint64_t executed;
    unsigned waits;
    uint32_t cpus;
    int n;

    if (alone && may_run(alone)) {
        turn.cpu = alone;
        turn.left = ALONE;
        turn_over = false;
        turn_is_alone = true;
    }
    if (turn_is_alone && turn.left > 0 && !turn_over && may_run(turn.cpu)) {
        run_slice(turn.cpu);
        return true;
    }
    turn_is_alone = false;
    if (icount_executed() < backoff.until || icount_any_steps()) {
        return false;
    }
    cpus = beside_each_other();
    n = __builtin_popcount(cpus);
    if (n < 2) {
        return false;
    }
    deadline = timers_deadline();
    limit = deadline != INT64_MAX && icount_until(deadline) < limit ? icount_until(deadline) : limit;
    limit = replay_limit(icount_executed()) < (uint64_t)limit ? (int64_t)replay_limit(icount_executed()) : limit;
    if (limit / n < ROUND_LEAST) {
        return false;
    }
    executed = beside_round(cpus, (int32_t)(limit / n) - ROUND_SPARE, &waits);
    icount_add(executed);
    if (executed >= (uint64_t)WAIT_COSTS * ((unsigned)n + waits)) {
        backoff.bad = 0;
    } else if (++backoff.bad > BACKOFF_FROM) {
        unsigned more = backoff.bad - BACKOFF_FROM;

        backoff.until = icount_executed() + ((uint64_t)TURN << (more < BACKOFF_MOST ? more : BACKOFF_MOST));
    }
    icount_pace();
    return true;
}

/* When the first timer is due, or a CPU in WFE looks again. */
static int64_t idle_deadline(int64_t now, bool wfe)
{
    int64_t deadline = timers_deadline();

    if (wfe && deadline - now > WFE_NS) {
        deadline = now + WFE_NS;
    }
    return deadline > now ? deadline : now + 1;         /* armed for the past: see settle() */
}

/* Sleep in the guest's time. False: the time is not over. */
static bool sleep_in_time(int64_t now, int64_t deadline)
{
    int64_t host = icount_host_ns();

    if (accel_options.icount.sleep && (!asleep.host_ns || asleep.ns != now)) {
        asleep.host_ns = host;
        asleep.ns = now;
        asleep.deadline = deadline;
    }
    if (deadline == INT64_MAX) {
        icount_sleep_until(icount_any_awake, INT64_MAX);
        return false;
    }
    return asleep.host_ns + (deadline - now) <= host ||
           icount_sleep_until(icount_any_awake, asleep.host_ns + (deadline - now) - host);
}

/* Nobody has anything to do before the next timer, or before something comes from outside. */
static void idle(void)
{
    int64_t now = icount_ns(), deadline;
    ReplayPlace here = place();
    bool wfe = icount_any_in_wfe();

    deadline = idle_deadline(now, wfe);
    turn_over = true;
    if (beside_on) {
        replay_all_sleep();
    }
    if (replay_mode == REPLAY_PLAY && replay_wakes(&here) != INT64_MAX && replay_wakes(&here) <= deadline) {
        icount_warp(replay_wakes(&here));
        return;
    }
    if (deadline == INT64_MAX) {
        replay_sleeps(&here);
    }
    if (deadline == INT64_MAX || (accel_options.icount.sleep && replay_mode != REPLAY_PLAY)) {
        if (!sleep_in_time(now, deadline)) {
            return;
        }
        asleep.host_ns = 0;
    }
    icount_warp(deadline);
    for (int i = 0; wfe && i < cpu_count; i++) {
        if (cpu_states[i]->event_wait) {
            cpu_end_wfe(cpu_states[i]);
        }
    }
}

/* ---- going back ---- */

typedef struct Captured {
    IcountClock clock;
    int64_t fired_ns;
    CPUState *turn;
    int32_t left;
    bool over, recorded, unfinished, slept;
    struct {
        uint64_t last;
        bool event_wait;
        uint64_t excl_host, excl_value;
        uint32_t excl_size;
    } cpu[ARM_MAX_CPUS];
} Captured;

int icount_cpu(void)
{
    return turn.cpu ? turn.cpu->index : 0;
}

uint64_t icount_last_of(int cpu)
{
    return last_of[cpu];
}

void *icount_capture(void)
{
    Captured *c = g_new0(Captured, 1);

    *c = (Captured) { .clock = icount_get_clock(), .fired_ns = fired_ns, .turn = turn.cpu, .left = turn.left,
                      .over = turn_over, .recorded = turn_is_recorded, .unfinished = turn_unfinished,
                      .slept = turn_slept };
    for (int i = 0; i < cpu_count; i++) {
        const JITState *jit = env_jit(cpu_states[i]->env);

        c->cpu[i].last = last_of[i];
        c->cpu[i].event_wait = cpu_states[i]->event_wait;
        c->cpu[i].excl_host = jit->excl_host;
        c->cpu[i].excl_value = jit->excl_value;
        c->cpu[i].excl_size = jit->excl_size;
    }
    return c;
}

void icount_restore(const void *captured)
{
    const Captured *c = captured;

    icount_set_clock(&c->clock);
    fired_ns = c->fired_ns;
    turn.cpu = c->turn;
    turn.left = c->left;
    turn_over = c->over;
    turn_is_recorded = c->recorded;
    turn_unfinished = c->unfinished;
    turn_slept = c->slept;
    asleep.host_ns = 0;
    for (int i = 0; i < cpu_count; i++) {
        last_of[i] = c->cpu[i].last;
        cpu_states[i]->event_wait = c->cpu[i].event_wait;
        if (c->cpu[i].excl_host) {
            excl_restore(cpu_states[i]->env, c->cpu[i].excl_host, c->cpu[i].excl_value, c->cpu[i].excl_size);
        }
    }
}

static void quiet(void)
{
    cpu_end_sleep(cpu_states[0]);
}

void cpus_icount_init(bool parallel)
{
    beside_on = parallel;
    if (parallel) {
        page_owner_init();
    }
    io_on_quiet(quiet);
    replay_set_machine(&replay_machine);
}

void *cpus_icount_thread(void *opaque)
{
    plugin_cpus_event(PLUGIN_CPU_INIT);
    if (beside_on) {
        beside_start();
    }
    while (!cpus_quitting()) {
        CPUState *cpu;

        if (!settle()) {
            continue;
        }
        if (beside_on && run_beside()) {
            asleep.host_ns = 0;
            continue;
        }
        cpu = turn_is_recorded || replay_has_turns() ? recorded_turn() : whose_turn();
        if (cpu && beside_on && icount_any_in_wfe() && turn.left > WFE_TURN) {
            turn.left = WFE_TURN;
        }
        if (cpu) {
            if (replay_mode == REPLAY_NONE) {
                catch_up();
            }
            asleep.host_ns = 0;
            run_slice(cpu);
        } else {
            idle();
        }
    }
    if (beside_on) {
        beside_end();
    }
    plugin_cpus_event(PLUGIN_CPU_EXIT);
    return NULL;
}
