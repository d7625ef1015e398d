/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going back in a replay: snapshots of the machine in the emulator's memory, at its start and every SNAPSHOT_EVERY
 * instructions, from which it is executed again up to where somebody wants it. A replay does what it did before, so
 * snapshots stay good, however often one goes back.
 *
 * A snapshot has the pages of memory that differ from those at the snapshot before it. Disks get snapshots of their own
 * (their images are qcow2: temporary ones, or those of rrsnapshot).
 *
 * All on the I/O thread; the CPUs stand still, parked or waiting for work that was posted.
 */
#include <string.h>
#include <sys/mman.h>
#include "migration/internal.h"
#include "migration/ram.h"
#include "migration/replay.h"
#include "migration/snapshot.h"
#include "migration/state.h"
#include "qemu/guest-random.h"
#include "qemu/log.h"
#include "qemu/replay.h"
#include "sysemu/debug.h"
#include "sysemu/icount.h"
#include "sysemu/sysemu.h"

enum { SNAPSHOT_EVERY = 1 << 27 };

typedef struct ReplaySnapshot {
    uint64_t icount;
    ReplayMark mark;
    GByteArray *state;          /* sections, but for memory */
    GHashTable *pages;          /* number of the page -> its bytes, which belong to the table */
    void *counted;              /* the accelerator's part */
    uint64_t random;
    char *disks;                /* the name of the disks' snapshots */
} ReplaySnapshot;

static GPtrArray *snapshots;    /* by place */
static uint8_t *shadow;         /* memory as it is at the last of them, one region behind the other */

/* Why the machine runs to a place. */
typedef enum Goal { GOAL_NONE, GOAL_STOP, GOAL_LOOK } Goal;
static struct {
    Goal goal;
    uint64_t begin;             /* LOOK: from there on */
    bool report;                /* STOP: a debugger's: tell it this */
    DebugStop stop;
} plan;

static ReplaySnapshot *at(unsigned n)
{
    return g_ptr_array_index(snapshots, n);
}

/* ---- taking ---- */

static int append(void *opaque, const void *data, size_t bytes)
{
    g_byte_array_append(opaque, data, (guint)bytes);
    return 0;
}

static bool none(uint32_t ram)
{
    return false;
}

static GByteArray *take_state(void)
{
    GByteArray *all = g_byte_array_new();
    GQueue sections = G_QUEUE_INIT;

    state_capture_machine(&sections, migration_machine, false);
    state_capture(&sections, none, true);
    for (GList *l = sections.head; l; l = l->next) {
        stream_write_section(l->data, append, all);
    }
    state_free(&sections);
    return all;
}

/* Call fn for each page: its number, and where it is. */
static void each_page(void (*fn)(void *opaque, uint32_t page, uint8_t *host), void *opaque)
{
    const MemoryRegion *r;
    uint32_t page = 0;

    for (size_t i = 0; (r = ram_next(&i)) != NULL;) {
        for (uint32_t at = 0; at < r->size; at += RAM_PAGE) {
            fn(opaque, page++, memory_ram_host(r->ram_addr) + at);
        }
    }
}

static void take_page(void *opaque, uint32_t page, uint8_t *host)
{
    uint8_t *old = shadow + (size_t)page * RAM_PAGE;
    ReplaySnapshot *s = opaque;

    if (memcmp(old, host, RAM_PAGE)) {
        memcpy(old, host, RAM_PAGE);
        g_hash_table_insert(s->pages, GUINT_TO_POINTER(page), g_memdup2(host, RAM_PAGE));
    }
}

static void take_disks(const ReplaySnapshot *s)
{
    BlockSnapshot what = { .name = s->disks };

    for (BlockBackend *blk = snapshot_disk(NULL); blk; blk = snapshot_disk(blk)) {
        if (!blk_has_snapshots(blk) || blk_snapshot_create(blk, &what)) {
            error_report("replay: '%s' cannot go back: it is no qcow2 image", blk_path(blk));
        }
    }
}

static void take_snapshot(void)
{
    ReplaySnapshot *s = g_new0(ReplaySnapshot, 1);

    s->icount = icount_executed();
    s->mark = replay_mark();
    s->state = take_state();
    s->pages = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    s->counted = icount_capture();
    s->random = guest_random_state();
    s->disks = g_strdup_printf("replay-%u", snapshots->len);
    each_page(take_page, s);
    take_disks(s);
    g_ptr_array_add(snapshots, s);
}

static uint64_t snapshot_due(void)
{
    return at(snapshots->len - 1)->icount + SNAPSHOT_EVERY;
}

/* ---- going back ---- */

typedef struct Input {
    const GByteArray *all;
    size_t at;
} Input;

static int take(void *opaque, void *data, size_t bytes)
{
    Input *in = opaque;

    if (in->all->len - in->at < bytes) {
        return 1;
    }
    memcpy(data, in->all->data + in->at, bytes);
    in->at += bytes;
    return 0;
}

static void put_page(void *opaque, uint32_t page, uint8_t *host)
{
    static const uint8_t zeroes[RAM_PAGE];
    const uint8_t *from = NULL;
    int n = *(const int *)opaque;

    for (; n >= 0 && !from; n--) {
        from = g_hash_table_lookup(at((unsigned)n)->pages, GUINT_TO_POINTER(page));
    }
    from = from ? from : zeroes;
    if (memcmp(host, from, RAM_PAGE)) {
        memcpy(host, from, RAM_PAGE);
    }
}

static void put_state(const ReplaySnapshot *s)
{
    StateLoader *loader = state_loader_new(migration_machine, true);
    Input in = { .all = s->state };
    char *error = NULL;

    while (!error && !state_loaded(loader)) {
        Section *section = stream_read_section(take, &in, &error);

        if (section) {
            state_load(loader, section, &error);
        }
    }
    state_loader_free(loader);
    if (error) {
        error_exit("replay: cannot go back: %s", error);        /* it was made here */
    }
}

static void go_to_snapshot(int n)
{
    const ReplaySnapshot *s = at((unsigned)n);

    runstate_hold_cpus();
    each_page(put_page, &n);
    for (BlockBackend *blk = snapshot_disk(NULL); blk; blk = snapshot_disk(blk)) {
        blk_snapshot_revert(blk, s->disks);
    }
    put_state(s);
    icount_restore(s->counted);
    guest_random_seed(s->random);
    replay_go_back(&s->mark);
    runstate_release_cpus();
}

/* The last one at or before that instruction. */
static int snapshot_before(uint64_t icount)
{
    int n = (int)snapshots->len - 1;

    while (n > 0 && at((unsigned)n)->icount > icount) {
        n--;
    }
    return n;
}

/* ---- plans ---- */

/* Execute up to that instruction, from here or from before, and stop there. */
static void run_to(uint64_t icount)
{
    plan.goal = GOAL_STOP;
    debug_points_mode(DEBUG_POINTS_IGNORE);
    if (icount < icount_executed()) {
        go_to_snapshot(snapshot_before(icount));
    }
    replay_break(icount);
}

/* Look for the last stop between the snapshot before `end` and `end`. */
static void look_before(uint64_t end)
{
    int n = snapshot_before(end - 1);

    plan.goal = GOAL_LOOK;
    plan.begin = at((unsigned)n)->icount;
    debug_points_mode(DEBUG_POINTS_NOTE);
    go_to_snapshot(n);
    replay_break(end);
}

static void arrived(void)
{
    plan.goal = GOAL_NONE;
    debug_points_mode(DEBUG_POINTS_STOP);
    if (plan.report) {
        plan.report = false;
        debug_report_stop(&plan.stop);
        vm_stop_for_debugger();
    } else {
        vm_stop();
    }
}

static void looked(void)
{
    uint64_t icount;

    if (debug_noted(&plan.stop, &icount)) {
        /* Of a watchpoint the debugger expects to be where the access is the next thing to happen, on its way. */
        run_to(plan.stop.reason == DEBUG_WATCHED ? icount + 1 : icount);
    } else if (plan.begin > at(0)->icount) {
        look_before(plan.begin);
    } else {
        plan.stop = (DebugStop) { .reason = DEBUG_BEGIN, .cpu = icount_cpu() };
        run_to(plan.begin);
    }
}

/* A break was reached, or the replay is over, or has diverged. */
static void stopped(void)
{
    if (plan.goal == GOAL_LOOK) {
        looked();
    } else if (plan.goal == GOAL_STOP) {
        arrived();
    } else {
        vm_stop();
    }
}

const char *replay_seek(uint64_t icount)
{
    if (replay_mode != REPLAY_PLAY) {
        return "nothing is being replayed";
    }
    if (icount < at(0)->icount) {
        return "the replay begins behind that instruction";
    }
    vm_stop();
    if (icount != icount_executed()) {
        run_to(icount);
        vm_start();
    }
    return NULL;
}

bool replay_step_back(int cpu)
{
    uint64_t end = icount_last_of(cpu);

    if (end <= at(0)->icount) {
        return false;
    }
    plan.report = true;
    plan.stop = (DebugStop) { .reason = DEBUG_STEPPED, .cpu = cpu };
    run_to(end - 1);
    vm_start();
    return true;
}

bool replay_run_back(void)
{
    uint64_t now = icount_executed();

    if (now <= at(0)->icount) {
        return false;
    }
    plan.report = true;
    look_before(now);
    vm_start();
    return true;
}

void replay_seek_init(void)
{
    size_t bytes = (size_t)ram_pages_total() * RAM_PAGE;

    replay_set_stop(stopped);
    if (replay_mode != REPLAY_PLAY) {
        return;
    }
    snapshots = g_ptr_array_new();
    shadow = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shadow == MAP_FAILED) {
        error_exit("replay: no memory for snapshots");
    }
    take_snapshot();
    replay_set_snapshot(snapshot_due, take_snapshot);
}
