/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state goes out. Sections are made on the I/O thread, in memory, and written by a thread of their own, which waits
 * for whoever reads. While the CPUs run, memory is gone through round by round, a piece at a time; pages that were
 * stored to since come again in the next round. When what is left can be sent in the time that the user allows, or
 * rounds do not help, the CPUs stop, and the rest is made at one go: what is in it does not depend on how fast it is
 * read.
 *
 * The two threads take turns: the I/O thread makes a batch and hands it over, the other one writes it and posts `work`.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include "block/block.h"
#include "migration/channel.h"
#include "migration/internal.h"
#include "migration/ram.h"
#include "migration/state.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "sysemu/ram-dirty.h"
#include "sysemu/runstate.h"

enum { BATCH_BYTES = 8 << 20, ROUNDS_MAX = 30, RAM_PAGES = 1 << 20 };
enum { PAUSE_MAX_MS = 100 };    /* then it is looked again whether the limit of speed has changed */

static struct {
    GThread *thread;            /* NULL: none */
    Channel *channel;           /* while there is a thread */
    GAsyncQueue *batches;       /* of GQueue of sections, the thread's to free; an empty one is the end */
    IOWork work;                /* turn_over() */
    /* written by the thread before it posts `work`, with a release; the I/O thread is waiting then */
    char *error;
    bool finished;
    bool written;               /* the last batch was; atomic */
    bool broken;                /* somebody has ended it: its error is not told */
    /* I/O thread */
    bool wants_answer;          /* the other side says at the end whether it has the machine; constant */
    bool stopped;               /* the CPUs were, for the rest */
    bool waits;                 /* before the switch-over; the thread waits, too */
    bool final;                 /* the rest has been handed over */
    bool was_running;
    uint32_t page;              /* where the round is */
    guint pause;                /* GLib's source that ends a pause for the limit of speed; 0: none */
    uint64_t batch_bytes;       /* of memory in a piece, at most */
    int64_t batch_us;           /* when the batch was handed over */
    uint64_t batch_from;        /* bytes that had been written by then */
    int64_t round_us;           /* when the round began */
    uint64_t round_from;        /* bytes that had been written by then */
    uint64_t stop_bytes;        /* that had been written when the CPUs stopped */
    uint64_t zero_pages;        /* ram_zero_pages at the begin */
    double bandwidth;           /* bytes per microsecond, lately */
    uint8_t *dirty;             /* by RAM page: 1: to be sent in this round. RAM_PAGES */
} out;

/* ---- the thread that writes ---- */

static int write_batch(GQueue *batch)
{
    int ret = 0;

    for (GList *l = batch->head; l && !ret; l = l->next) {
        ret = stream_write_section(l->data, channel_write, out.channel);
    }
    state_free(batch);
    g_queue_free(batch);
    return ret;
}

static void turn_over(void *opaque);

/*
 * Whatever was written, the other side's word is what counts: it may have refused the state before it had all of it,
 * which is seen here as an error of writing.
 */
static void hear_verdict(void)
{
    char *none = NULL, *problem;
    Section *s = stream_read_section(channel_read, out.channel, &none);

    if (s) {
        problem = state_verdict_problem(s);
        section_free(s);
        if (problem) {
            g_free(out.error);
            out.error = problem;
        }
    } else if (!out.error) {
        out.error = g_strdup("the other side has not said whether it has the machine");
    }
    g_free(none);
}

static gpointer writer(gpointer opaque)
{
    bool ok = channel_open(out.channel, &out.error);
    int ret = ok ? stream_write_header(channel_write, out.channel) : 0;

    for (;;) {
        GQueue *batch;

        if (ret && !out.error) {
            out.error = g_strdup_printf("the state cannot be written: %s", g_strerror(-ret));
        }
        __atomic_store_n(&out.written, true, __ATOMIC_SEQ_CST);
        io_post(&out.work);
        batch = g_async_queue_pop(out.batches);
        if (g_queue_is_empty(batch)) {
            g_queue_free(batch);
            break;
        }
        ret = out.error ? 0 : write_batch(batch);
    }
    if (ok && out.wants_answer && (out.final || ret)) {
        hear_verdict();
    }
    if (!out.error) {
        channel_finish(out.channel, &out.error);
    }
    out.finished = true;
    __atomic_store_n(&out.written, true, __ATOMIC_SEQ_CST);
    io_post(&out.work);
    return NULL;
}

/* ---- the I/O thread ---- */

uint64_t outgoing_bytes(void)
{
    return out.channel ? channel_bytes(out.channel) : migration.info.bytes;
}

static bool want(uint32_t ram)
{
    uint8_t *d = &out.dirty[ram / RAM_PAGE];
    bool wanted = *d;

    *d = 0;
    migration.info.pages += wanted;
    return wanted;
}

/* Note in out.dirty what was stored to; returns how many pages are to be sent. */
static uint32_t take_dirty(void)
{
    const MemoryRegion *r;
    uint32_t count = 0;

    for (size_t i = 0; (r = ram_next(&i)) != NULL;) {
        count += ram_dirty_take(r->ram_addr, r->size / RAM_PAGE, &out.dirty[r->ram_addr / RAM_PAGE]);
    }
    migration.info.left_bytes = (uint64_t)count * RAM_PAGE;
    return count;
}

static void end_thread(void)
{
    g_async_queue_push(out.batches, g_queue_new());
}

static void hand_over(GQueue *batch)
{
    out.batch_us = g_get_monotonic_time();
    out.batch_from = outgoing_bytes();
    g_async_queue_push(out.batches, batch);
}

/* The CPUs stand still: all that is left is made. */
static void hand_over_rest(void)
{
    GQueue *rest;

    migration_set_status(MIGRATION_DEVICE);
    out.error = state_settle();     /* the thread waits: it is ours */
    if (out.error) {
        end_thread();
        return;
    }
    /* Before the other side hears of the end, when it takes them. */
    out.error = blk_let_go_all();
    if (out.error) {
        end_thread();
        return;
    }
    out.final = true;
    take_dirty();
    rest = g_queue_new();
    state_capture(rest, want, out.was_running);
    migration.info.left_bytes = 0;
    hand_over(rest);
}

/* Managers end copies of disks in the pause. */
static void stop_for_rest(void)
{
    throttle_off();
    migration.stop_us = g_get_monotonic_time();
    out.stop_bytes = outgoing_bytes();
    out.stopped = true;
    out.was_running = runstate_is_running();
    if (out.was_running) {
        vm_stop_for_migration();
    }
    if (migration_parameters.pause_before_switchover) {
        out.waits = true;
        migration_set_status(MIGRATION_PRE_SWITCHOVER);
    } else {
        hand_over_rest();
    }
}

char *migrate_continue(void)
{
    if (!out.waits) {
        return g_strdup("no migration waits before its switch-over");
    }
    out.waits = false;
    hand_over_rest();
    return NULL;
}

/* A tenth of a second's, so that a slow migration is an even one. */
static uint64_t piece_bytes(void)
{
    uint64_t tenth = (uint64_t)migration_parameters.max_bandwidth / 10;

    return !tenth || tenth > BATCH_BYTES ? BATCH_BYTES : MAX(tenth, 16 * RAM_PAGE);
}

/* A piece of the round; false: the round is over. */
static bool hand_over_piece(void)
{
    GQueue *piece = g_queue_new();

    out.batch_bytes = piece_bytes();
    ram_capture(piece, &out.page, (uint32_t)out.batch_bytes, want);
    if (g_queue_is_empty(piece)) {
        g_queue_free(piece);
        return false;
    }
    hand_over(piece);
    return true;
}

static void measure(void)
{
    int64_t us = g_get_monotonic_time() - out.batch_us;
    uint64_t bytes = outgoing_bytes() - out.batch_from;

    if (out.batch_us && bytes > out.batch_bytes / 8) {
        out.bandwidth = (double)bytes / (double)(us > 0 ? us : 1);
    }
}

/* The round is over, and so many pages were stored to meanwhile. */
static bool rest_is_small(uint32_t pages)
{
    int64_t now = g_get_monotonic_time();
    /* Making the rest takes time as well: count a GB a second for it. */
    double us = (double)pages * RAM_PAGE * (1e-3 + (out.bandwidth > 0 ? 1 / out.bandwidth : 0));

    migration.info.dirty_rate = (uint64_t)(pages * 1e6 / (double)MAX(now - out.round_us, 1));
    migration.info.expected_ms = (int64_t)(us / 1000);
    out.round_us = now;

    return pages == 0 || (out.bandwidth > 0 && us < 1000.0 * (double)migration_parameters.downtime_limit_ms);
}

static void next_step(void)
{
    if (!runstate_is_running() || !hand_over_piece()) {
        if (runstate_is_running() && migration.info.rounds < ROUNDS_MAX && !rest_is_small(take_dirty())) {
            throttle_round(migration.info.left_bytes, outgoing_bytes() - out.round_from);
            out.round_from = outgoing_bytes();
            migration_round();
            out.page = 0;
            if (hand_over_piece()) {
                return;
            }
        }
        stop_for_rest();
    }
}

static void go_on(void);

static gboolean pause_over(gpointer opaque)
{
    out.pause = 0;
    go_on();
    return G_SOURCE_REMOVE;
}

/* For how long the last batch still uses up the limit of speed, in us. */
static int64_t ahead_us(void)
{
    int64_t limit = migration_parameters.max_bandwidth;
    double bytes = (double)(outgoing_bytes() - out.batch_from);

    return limit && out.batch_us ? (int64_t)(bytes * 1e6 / (double)limit) - (g_get_monotonic_time() - out.batch_us) : 0;
}

/* The thread waits for the next batch. */
static void go_on(void)
{
    int64_t ahead = ahead_us();

    if (out.broken) {
        end_thread();
    } else if (ahead > 0) {
        out.pause = g_timeout_add((guint)MIN(ahead / 1000 + 1, PAUSE_MAX_MS), pause_over, NULL);
    } else {
        next_step();
    }
}

static void join(void)
{
    throttle_off();
    g_thread_join(out.thread);
    out.thread = NULL;
    migration.info.bytes = outgoing_bytes();
    migration.info.stopped_bytes = out.stopped ? migration.info.bytes - out.stop_bytes : 0;
    migration.info.zero_pages = ram_zero_pages - out.zero_pages;
    g_clear_pointer(&out.channel, channel_free);
    g_clear_pointer(&out.dirty, g_free);
}

/* If the other side has the images it has the machine, too: what failed was to be told of it. */
static void go_on_here(void)
{
    char *problem = blk_take_all();

    if (problem) {
        error_report("migrate: the machine stays stopped: %s", problem);
        g_free(problem);
        vm_stop();
    } else if (out.was_running) {
        vm_start();
    }
}

/* It did not work: the machine goes on, if the migration had stopped it. */
static void give_up(char *error)
{
    MigrationStatus status = out.broken ? MIGRATION_CANCELLED : MIGRATION_FAILED;

    if (out.broken) {
        g_clear_pointer(&error, g_free);
    }
    migration_over(status, error);
    if (out.stopped) {
        go_on_here();
    }
}

static void turn_over(void *opaque)
{
    if (!out.thread || !__atomic_exchange_n(&out.written, false, __ATOMIC_SEQ_CST)) {
        return;
    }
    if (out.finished) {
        char *error = g_steal_pointer(&out.error);

        join();
        if (error || (out.broken && !out.final)) {
            give_up(error);
            return;
        }
        runstate_migrated();
        migration_over(MIGRATION_COMPLETED, NULL);
    } else if (out.error || out.broken || out.final) {
        end_thread();
    } else {
        if (migration.info.status == MIGRATION_SETUP) {
            GQueue *first = g_queue_new();

            migration_set_status(MIGRATION_ACTIVE);
            state_capture_machine(first, migration_machine, out.wants_answer);
            hand_over(first);
            return;
        }
        measure();
        go_on();
    }
}

char *migrate_start(const char *uri)
{
    char *error = migrate_is_expected() ? g_strdup("the machine waits for its own state") : NULL;
    Channel *c;

    if (error) {
        return error;
    }
    if (migration_is_active()) {
        return migration_begin(false);
    }
    c = channel_new(uri, false, &error);
    if (!c) {
        return error;
    }
    if (migration_parameters.return_path && !channel_is_two_way(c)) {
        channel_free(c);
        return g_strdup_printf("'%s' goes one way: capability 'return-path' is for unix: and tcp: (set it off)", uri);
    }
    migration_begin(false);
    out.wants_answer = migration_parameters.return_path;
    out.channel = c;
    out.error = NULL;
    out.finished = out.written = out.broken = out.final = out.stopped = out.waits = false;
    out.page = 0;
    out.round_from = 0;
    out.bandwidth = 0;
    out.batch_us = 0;
    out.dirty = g_malloc0(RAM_PAGES);
    if (!out.batches) {
        out.batches = g_async_queue_new();
        out.work = (IOWork) { .fn = turn_over };
    }
    ram_dirty_all();
    take_dirty();
    migration.info.ram_bytes = (uint64_t)ram_pages_total() * RAM_PAGE;
    out.round_us = g_get_monotonic_time();
    out.zero_pages = ram_zero_pages;
    migration_set_status(MIGRATION_SETUP);
    migration_round();
    out.thread = g_thread_new("migration", writer, NULL);
    return NULL;
}

void migrate_cancel(void)
{
    if (out.thread && !out.broken) {
        out.broken = true;
        channel_break(out.channel);
        if (out.waits) {
            out.waits = false;
            end_thread();
        }
    }
}

void outgoing_end(void)
{
    if (out.thread) {
        migrate_cancel();
        throttle_off();
        if (out.pause) {
            g_source_remove(out.pause);
            out.pause = 0;
        }
        end_thread();
        g_thread_join(out.thread);
        out.thread = NULL;
        g_clear_pointer(&out.channel, channel_free);
    }
}
