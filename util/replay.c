/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recording and replaying: which event is next, and what happens when the machine is there (qemu/replay.h).
 *
 * An event happens while the CPUs stand still and nothing that devices have begun is under way, so its place says all
 * about the machine. Recording, the I/O thread brings that about when something comes. Replaying, the thread that runs
 * the CPUs gets no more instructions than there are to the next event, then posts the event to the I/O thread and waits
 * until it has happened.
 *
 * `rr` belongs to the I/O thread while the CPUs stand still, and to the thread that runs them otherwise; what is
 * posted and waited for orders the two.
 */
#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/replay.h"
#include "util/replay-log.h"

enum {
    CHECK_EVERY = 1 << 22,              /* instructions between two comparisons of registers */
    CHECKS_OF_MEMORY = 64,              /* one in so many is of memory, too */
    MAX_SOURCES = 64,
};

struct ReplaySource {
    char *name;
    ReplayPlay *play;
    void *opaque;
    unsigned number;
};

ReplayMode replay_mode;

static ReplaySource *sources[MAX_SOURCES];      /* NULL: its device is gone */
static unsigned source_count;
static const ReplayMachine *machine;            /* constant */
static uint64_t (*checksum)(bool memory);       /* constant; NULL: nothing is compared */
static void (*stop_machine)(void);              /* constant */
static uint64_t (*snapshot_due)(void);          /* constant; NULL: nobody wants any */
static void (*take_snapshot)(void);             /* constant */
static GQueue waiting = G_QUEUE_INIT;           /* of Waiting: events that the machine may not have yet. I/O thread */

typedef struct Waiting {
    ReplaySource *source;
    GBytes *data;
} Waiting;

static struct {
    char *file;
    ReplayPlace begun;                  /* where replay_begin() found the machine */
    uint64_t next_check, checks;
    /* Replaying. */
    ReplayEvent next;                   /* valid while has_next */
    bool has_next;
    size_t position;                    /* in the log, behind `next` */
    bool slept;                         /* recording: since the last turn */
    bool has_turn;                      /* `turn` is the next one */
    ReplayTurn turn;
    size_t turn_position, next_turn_position;       /* of it, and behind it */
    uint64_t turns;
    ReplayMark mark;                    /* before `next` */
    ReplayPlace last;
    bool ended, diverged;
    bool has_break;
    uint64_t break_at;
} rr;

/* ---- what comes from outside: I/O thread ---- */

ReplaySource *replay_source_new(const char *name, ReplayPlay *play, void *opaque)
{
    ReplaySource *s = g_new0(ReplaySource, 1);
    unsigned number = 0;

    while (number < source_count && sources[number]) {
        number++;
    }
    g_assert(number < MAX_SOURCES);
    *s = (ReplaySource) { g_strdup(name), play, opaque, number };
    sources[number] = s;
    source_count += number == source_count;
    return s;
}

void replay_source_free(ReplaySource *s)
{
    sources[s->number] = NULL;
    g_free(s->name);
    g_free(s);
}

bool replay_begin(void)
{
    if (replay_mode != REPLAY_RECORD) {
        return true;
    }
    if (!machine->is_settled()) {
        return false;
    }
    machine->stop_cpus();
    if (!machine->is_settled()) {
        machine->let_cpus_go();
        return false;
    }
    machine->catch_up();
    rr.begun = machine->place();
    return true;
}

void replay_end(ReplaySource *s, const void *data, size_t bytes)
{
    if (replay_mode != REPLAY_RECORD) {
        return;
    }
    if (bytes) {
        replay_log_put(&(ReplayEvent) { EVENT_INPUT, rr.begun, s->number, data, bytes });
    }
    machine->let_cpus_go();
}

static void give_waiting(void *opaque);
static IOWork waiting_work = { .fn = give_waiting, .outside = true };

static void give_waiting(void *opaque)
{
    Waiting *w;

    while ((w = g_queue_peek_head(&waiting)) != NULL) {
        size_t bytes;
        const void *data = g_bytes_get_data(w->data, &bytes);

        if (!replay_begin()) {
            io_post(&waiting_work);
            return;
        }
        w->source->play(w->source->opaque, data, bytes);
        replay_end(w->source, data, bytes);
        g_queue_pop_head(&waiting);
        g_bytes_unref(w->data);
        g_free(w);
    }
}

void replay_event(ReplaySource *s, const void *data, size_t bytes)
{
    Waiting *w;

    switch (replay_mode) {
    case REPLAY_NONE:
        s->play(s->opaque, data, bytes);
        break;
    case REPLAY_RECORD:
        w = g_new(Waiting, 1);
        *w = (Waiting) { s, g_bytes_new(data, bytes) };
        g_queue_push_tail(&waiting, w);
        io_post(&waiting_work);
        break;
    case REPLAY_PLAY:
        break;
    }
}

/* ---- replaying ---- */

static void advance(void)
{
    rr.mark = (ReplayMark) { rr.position, rr.last, rr.checks, rr.turn_position };
    rr.has_next = replay_log_get(&rr.position, &rr.last, &rr.next);
}

static void do_stop(void *opaque)
{
    stop_machine();
}

static IOWork stop_work = { .fn = do_stop };

static void report_diverged(const ReplayPlace *at, const char *what)
{
    rr.diverged = true;
    error_report("replay: the machine does not do what was recorded: %s at instruction %" PRIu64 ", time %" PRId64
                 " ns; the last comparison that agreed was number %" PRIu64, what, at->icount, at->ns, rr.checks);
}

static void diverged(const ReplayPlace *at, const char *what)
{
    if (!rr.diverged) {
        report_diverged(at, what);
        io_post(&stop_work);
    }
}

static void compare(const ReplayEvent *e)
{
    uint64_t now = checksum(e->kind == EVENT_CHECK_ALL), then;

    memcpy(&then, e->data, sizeof(then));
    if (e->bytes != sizeof(then) || GUINT64_FROM_LE(then) != now) {
        diverged(&e->at, e->kind == EVENT_CHECK_ALL ? "memory or registers differ" : "registers differ");
    } else {
        rr.checks++;
    }
}

static void play_next(void *opaque)
{
    ReplayEvent e = rr.next;

    advance();
    switch (e.kind) {
    case EVENT_INPUT:
        if (e.source >= source_count) {
            diverged(&e.at, "input comes for a device that there is not");
        } else {
            sources[e.source]->play(sources[e.source]->opaque, e.data, e.bytes);
        }
        break;
    case EVENT_CHECK: case EVENT_CHECK_ALL:
        compare(&e);
        break;
    case EVENT_SHIFT:
        if (e.bytes == 1) {
            machine->set_shift(e.data[0]);
        }
        break;
    case EVENT_END:
        rr.ended = true;
        if (e.bytes && e.data[0]) {
            break;              /* the guest ends the machine now */
        }
        error_report("replay: the recording ends at instruction %" PRIu64 "; %" PRIu64 " comparisons agreed",
                    e.at.icount, rr.checks);
        stop_machine();
        break;
    case EVENT_TURNS:           /* replay_next_turn() has them */
        break;
    }
}

static IOWork play_work = { .fn = play_next };

static bool same_place(const ReplayPlace *a, const ReplayPlace *b)
{
    return a->icount == b->icount && a->ns == b->ns && a->fired == b->fired;
}

static bool is_past(const ReplayPlace *at, const ReplayPlace *p)
{
    return at->icount != p->icount ? at->icount > p->icount : at->ns != p->ns ? at->ns > p->ns : at->fired && !p->fired;
}

/* ---- by the thread that runs the CPUs ---- */

static void record_check(void *opaque)
{
    bool all = rr.next_check / CHECK_EVERY % CHECKS_OF_MEMORY == 0;
    uint64_t v = GUINT64_TO_LE(checksum(all));

    replay_log_put(&(ReplayEvent) { all ? EVENT_CHECK_ALL : EVENT_CHECK, machine->place(), 0, (uint8_t *)&v,
                                    sizeof(v) });
    rr.next_check += CHECK_EVERY;
    rr.checks++;
}

static IOWork check_work = { .fn = record_check };

static void do_snapshot(void *opaque)
{
    take_snapshot();
}

static IOWork snapshot_work = { .fn = do_snapshot };

static bool playing(void)
{
    return replay_mode == REPLAY_PLAY && !rr.diverged && rr.has_next;
}

bool replay_settled(const ReplayPlace *at)
{
    if (replay_mode == REPLAY_RECORD && checksum && at->fired && at->icount >= rr.next_check) {
        io_post(&check_work);
        return false;
    }
    if (playing() && same_place(at, &rr.next.at)) {
        io_post(&play_work);
        return false;
    }
    if (playing() && is_past(at, &rr.next.at)) {
        diverged(at, "an event is missed");
        return false;
    }
    if (snapshot_due && at->fired && !rr.diverged && at->icount >= snapshot_due()) {
        io_post(&snapshot_work);
        return false;
    }
    if (rr.has_break && at->fired && at->icount >= rr.break_at) {
        rr.has_break = false;
        io_post(&stop_work);
        return false;
    }
    return true;
}

uint64_t replay_limit(uint64_t icount)
{
    uint64_t end = UINT64_MAX;

    if (replay_mode == REPLAY_RECORD) {
        end = rr.next_check;
    } else if (playing()) {
        end = rr.next.at.icount;
    }
    if (rr.has_break && rr.break_at < end) {
        end = rr.break_at;
    }
    return end > icount ? end - icount : 1;
}

int64_t replay_wakes(const ReplayPlace *at)
{
    return playing() && rr.next.at.icount == at->icount ? rr.next.at.ns : INT64_MAX;
}

void replay_sleeps(const ReplayPlace *at)
{
    if (playing()) {
        diverged(at, "all CPUs sleep");
    }
}

void replay_shift_changed(const ReplayPlace *at, unsigned shift)
{
    uint8_t byte = (uint8_t)shift;

    if (replay_mode == REPLAY_RECORD) {
        replay_log_put(&(ReplayEvent) { EVENT_SHIFT, *at, 0, &byte, 1 });
    }
}

/* ---- turns of a parallel run ---- */

void replay_turn(int cpu, uint32_t insns, bool unfinished)
{
    if (replay_mode == REPLAY_RECORD) {
        replay_log_put_turn(&(ReplayTurn) { cpu, insns, unfinished, rr.slept });
        rr.slept = false;
        rr.turns++;
    }
}

void replay_all_sleep(void)
{
    rr.slept = true;
}

static void look_for_turn(size_t position)
{
    rr.turn_position = rr.next_turn_position = position;
    rr.has_turn = replay_log_get_turn(&rr.next_turn_position, &rr.turn);
}

bool replay_has_turns(void)
{
    return replay_mode == REPLAY_PLAY && !rr.diverged && rr.has_turn;
}

bool replay_next_turn(ReplayTurn *t)
{
    if (!rr.has_turn) {
        return false;
    }
    *t = rr.turn;
    rr.turns++;
    look_for_turn(rr.next_turn_position);
    return true;
}

/* ---- beginning, end, monitor ---- */

void replay_set_machine(const ReplayMachine *m)
{
    machine = m;
}

void replay_set_checksum(uint64_t (*fn)(bool memory))
{
    checksum = fn;
}

void replay_set_snapshot(uint64_t (*due)(void), void (*take)(void))
{
    snapshot_due = due;
    take_snapshot = take;
}

void replay_set_stop(void (*fn)(void))
{
    stop_machine = fn;
}

char *replay_open(ReplayMode mode, const char *file, const char *what, uint64_t *seed, int64_t *start_s)
{
    ReplayHeader h = { (char *)(uintptr_t)what, *seed, *start_s };
    char *error;

    rr.file = g_strdup(file);
    rr.next_check = CHECK_EVERY;
    if (mode == REPLAY_RECORD) {
        error = replay_log_create(file, &h);
    } else {
        error = replay_log_open(file, &h);
        if (!error && strcmp(h.machine, what)) {
            error = g_strdup_printf("rrfile=%s: the recording is of another machine (%s), and this is %s", file,
                                    h.machine, what);
        }
        *seed = h.seed;
        *start_s = h.start_s;
        if (!error) {
            advance();
            look_for_turn(0);
        }
    }
    replay_mode = error ? REPLAY_NONE : mode;
    return error;
}

bool replay_close(bool by_guest)
{
    const uint8_t guest = by_guest;
    ReplayPlace at;

    if (replay_mode == REPLAY_NONE) {
        return true;
    }
    at = machine->place();
    if (replay_mode == REPLAY_PLAY) {
        /* Its guest may end the machine where the recording's end is, before anybody looks for that. */
        if (by_guest && !rr.diverged && !rr.ended && (rr.next.kind != EVENT_END || rr.next.at.icount != at.icount)) {
            report_diverged(&at, "the guest ends");
        }
        return !rr.diverged;
    }
    machine->catch_up();
    at = machine->place();
    replay_log_put(&(ReplayEvent) { EVENT_END, at, 0, &guest, 1 });
    return replay_log_finish();
}

ReplayInfo replay_info(void)
{
    return (ReplayInfo) {
        .file = rr.file, .icount = machine ? machine->place().icount : 0, .last = replay_log_last(),
        .events = replay_log_events(), .bytes = replay_log_bytes(), .checks = rr.checks, .turns = rr.turns,
        .has_break = rr.has_break, .break_at = rr.break_at, .ended = rr.ended,
    };
}

const char *replay_break(uint64_t icount)
{
    if (replay_mode != REPLAY_PLAY) {
        return "nothing is being replayed";
    }
    if (icount < machine->place().icount) {
        return "the instruction has been executed already (replay_seek goes back)";
    }
    machine->stop_cpus();
    rr.has_break = true;
    rr.break_at = icount;
    machine->let_cpus_go();
    return NULL;
}

const char *replay_delete_break(void)
{
    if (replay_mode != REPLAY_PLAY) {
        return "nothing is being replayed";
    }
    if (!rr.has_break) {
        return "there is no break";
    }
    machine->stop_cpus();
    rr.has_break = false;
    machine->let_cpus_go();
    return NULL;
}

ReplayMark replay_mark(void)
{
    rr.mark.checks = rr.checks;
    rr.mark.turn = rr.turn_position;
    return rr.mark;
}

void replay_go_back(const ReplayMark *m)
{
    rr.position = m->next;
    rr.last = m->last;
    rr.checks = m->checks;
    look_for_turn(m->turn);
    rr.ended = rr.has_break = false;
    advance();
}
